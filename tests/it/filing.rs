//! What a filing must satisfy beyond its form, over HTTP: place, queue, documents and the window of a renewal.

use madoguchi::domain::policy::Role;
use reqwest::Method;
use serde_json::{Value, json};

use crate::policy_coverage::world::paper_draft;
use crate::support::app::{AOMORI, Answer, Person, TestApp};
use crate::support::db::TestDb;

const NAME: &str = "procedures/020001/shisetsu-kyoka.yaml";

/// A permit for a facility: waste is the business of two cities themselves, large facilities go to another department.
const PROCEDURE: &str = r#"
id: shisetsu-kyoka
version: 1
tenant: "020001"
title: { ja: 施設の許可, en: Permit of a facility }
kind: application
legal_basis: { law: 廃棄物の処理及び清掃に関する法律, article: 第15条, basis_kind: law, online_basis: 法第6条, review_criteria: 試験用の審査基準, clerical_kind: entrusted_first, competent_minister: { ja: 環境大臣, en: Minister of the Environment } }
summary: { ja: 施設を置くための許可です。, en: A permit to have a facility. }
keywords: [産廃]
department: kankyo-hozen
jurisdiction: { area: industrial-waste, municipality: form.city }
routing:
  - { when: form.area >= 1000, department: kankyo-shizen-hogo, basis: 事務分掌規程 }
applicant_kinds: [business, resident]
assurance: id
eligibility:
  - code: built
    question: { ja: 着工前ですか。, en: Has work not begun yet? }
    expected: true
    otherwise: { ja: 着工後は申請できません。, en: It is too late. }
fee_due: none
form:
  - { name: city, label: { ja: 設置場所の市町村, en: Municipality }, type: municipality, required: true }
  - { name: area, label: { ja: 面積, en: Area }, type: integer, required: true, min: 1, max: 100000 }
  - { name: corporate_number, label: { ja: 法人番号, en: Corporate number }, type: corporate_number }
  - name: filing
    label: { ja: 区分, en: Kind }
    type: choice
    required: true
    choices:
      - { value: new, label: { ja: 新規, en: New } }
      - { value: renewal, label: { ja: 更新, en: Renewal } }
  - { name: expires_on, label: { ja: 満了日, en: Expires on }, type: date }
  - { name: owner, label: { ja: 所有者, en: Owner }, type: person_name, charset: jis_x_0208 }
  - name: vehicles
    label: { ja: 車両, en: Vehicles }
    type: table
    columns:
      - { name: driver, label: { ja: 運転者, en: Driver }, type: text, charset: jis_x_0213 }
attachments:
  - code: registry
    title: { ja: 登記事項証明書, en: Certificate of registry }
    required: true
    applicant_kinds: [business]
    omissions: [{ when: has(form.corporate_number), basis: 情報通信技術を活用した行政の推進等に関する法律第11条 }]
    validity_months: 6
    media_types: [application/pdf]
    max_bytes: 100000
  - code: plan
    title: { ja: 平面図, en: Plan }
    required_if: form.area >= 1000
    note: { ja: 縮尺を記入してください。, en: State the scale. }
    media_types: [application/pdf]
    max_bytes: 100000
processing: { days: 10, transit_days: 2, holidays: include, source: 未確認, sample: true }
approval_route: [{ role: section_chief }]
issuance: { channel: paper_only, basis: 政令別表 }
validity: { years: 5, basis: 法第15条, continues_while_renewal_pending: true, sample: true }
renewal: { when: form.filing == 'renewal', expiry_field: expires_on, to_days_before: 30, basis: 規則第5条 }
notices: [{ on: arrival, text: { ja: 現地を確認します。, en: We will visit. } }]
retention_years: 10
effective_from: 2025-04-01
examples:
  - title: { ja: 小さな施設, en: A small facility }
    applicant_kind: business
    form: { city: "022021", area: 999, corporate_number: "4011001098993", filing: new }
    arrived_on: 2026-04-01
    total: 0
    due_on: 2026-04-13
  - title: { ja: 大きな施設, en: A large facility }
    applicant_kind: resident
    form: { city: "022080", area: 1000, filing: new }
    attachments: [{ code: plan, filename: a.pdf, media_type: application/pdf }]
    arrived_on: 2026-04-01
    total: 0
    due_on: 2026-04-13
    queue: kankyo-shizen-hogo
sources: [試験]
"#;

fn form(city: &str, area: i64) -> Value {
    json!({ "city": city, "area": area, "filing": "new" })
}

async fn draft(app: &TestApp, who: &Person, form: Value) -> Answer {
    app.post(who, "/v1/tenants/020001/applications", json!({ "procedure": "shisetsu-kyoka", "form": form }))
        .await
}

async fn submit(app: &TestApp, who: &Person, draft: &Value) -> Answer {
    let id = draft["id"].as_str().unwrap();
    app.post(who, &format!("/v1/tenants/020001/applications/{id}/submit"), json!({})).await
}

fn faults(answer: &Answer) -> Vec<(&str, &str)> {
    let list = answer.body["errors"].as_array().unwrap();
    list.iter().map(|it| (it["pointer"].as_str().unwrap(), it["code"].as_str().unwrap())).collect()
}

on_both_databases!(
    r172_a_facility_of_a_core_city_is_sent_to_the_city_before_anything_is_filed,
    async |db: TestDb| {
        let app = TestApp::start_offering(&db, NAME, PROCEDURE).await;
        let business = app.register("business@example.jp", "business").await;
        let quote = "/v1/tenants/020001/procedures/shisetsu-kyoka/quote";
        let hachinohe = json!({ "form": form("022039", 5) });
        let quoted = app.call(Method::POST, quote, None, &[], Some(hachinohe)).await;
        assert_eq!(faults(&quoted), [("/form/city", "other_authority")]);
        let said = quoted.body["errors"][0]["message"].as_str().unwrap();
        assert!(said.starts_with("Hachinohe City is in charge"), "{said}");
        assert_eq!(
            faults(&draft(&app, &business, form("022012", 5)).await),
            [("/form/city", "other_authority")]
        );
        let begun = draft(&app, &business, form("022021", 5)).await.expect(201);
        let case = format!("/v1/tenants/020001/applications/{}", begun["id"].as_str().unwrap());
        let key = crate::support::app::new_key();
        let headers = [("idempotency-key", key.as_str()), ("if-match", "\"1\"")];
        let moved = Some(json!({ "form": { "city": "022039" } }));
        let moved = app.call(Method::PATCH, &case, Some(&business), &headers, moved).await;
        assert_eq!(faults(&moved), [("/form/city", "other_authority")]);
    }
);

/// A good check digit and the number of the prefecture, but no municipality.
const NOWHERE: &str = "022993";

on_both_databases!(
    r161_a_municipality_that_does_not_exist_is_refused_with_its_place_in_every_answer,
    async |db: TestDb| {
        let app = TestApp::start_offering(&db, NAME, PROCEDURE).await;
        let business = app.register("business@example.jp", "business").await;
        let unknown = |pointer: &'static str| [(pointer, "unknown_municipality")];
        // Of a place that settles who is in charge it is said once.
        let refused = draft(&app, &business, form(NOWHERE, 5)).await;
        assert_eq!(
            (refused.problem().as_str(), faults(&refused)),
            ("422 validation_failed", unknown("/form/city").to_vec())
        );
        assert_eq!(
            refused.body["errors"][0]["message"],
            "Municipality names no municipality of the prefecture"
        );
        // In an address, and in the rows of a table, of a procedure that routes by nothing.
        let mut heir = app.example("020001", "fuzoku-shonin").await["form"].clone();
        heir["premises"][1]["municipality"] = json!(NOWHERE);
        heir["address"]["municipality"] = json!(NOWHERE);
        let quote = "/v1/tenants/020001/procedures/fuzoku-shonin/quote";
        let quoted = app.call(Method::POST, quote, None, &[], Some(json!({ "form": heir }))).await;
        let both = ["/form/address/municipality", "/form/premises/1/municipality"];
        assert_eq!(faults(&quoted), both.map(|pointer| (pointer, "unknown_municipality")));
        // Who lives elsewhere: 盛岡市 is in no list of ours, and its check digit is all that can be said.
        heir["premises"][1]["municipality"] = json!("022047");
        heir["address"]["municipality"] = json!("032018");
        let quoted = app.call(Method::POST, quote, None, &[], Some(json!({ "form": heir }))).await;
        assert_eq!(quoted.expect(200)["total"], 16_600);
    }
);

on_both_databases!(
    r167_a_name_that_another_system_cannot_write_is_kept_as_typed_and_told_to_people,
    async |db: TestDb| {
        let app = TestApp::start_offering(&db, NAME, PROCEDURE).await;
        let resident = app.register("resident@example.jp", "resident").await;
        let clerk = app.officer(AOMORI, "kankyo-hozen", Role::Clerk, "clerk@example.jp").await;
        // 髙 and the variation selector of 葛 are beyond JIS X 0208; 﨑 is within JIS X 0213, 葛 with its selector is not.
        let mut answers = form("022021", 5);
        answers["owner"] = json!({ "family": "髙\u{E0100}橋", "given": "葛\u{E0100}", "family_kana": "タカハシ", "given_kana": "カツラ" });
        answers["vehicles"] = json!([{ "driver": "山﨑" }, { "driver": "葛\u{E0100}西" }]);
        let quote = "/v1/tenants/020001/procedures/shisetsu-kyoka/quote";
        let quoted = app.call(Method::POST, quote, None, &[], Some(json!({ "form": answers }))).await;
        let warned = |body: &Value| -> Vec<String> {
            let warnings = body["warnings"].as_array().unwrap().iter();
            warnings
                .map(|it| format!("{} {}", it["code"].as_str().unwrap(), it["pointer"].as_str().unwrap()))
                .collect()
        };
        let expected = ["/form/owner/family", "/form/owner/given", "/form/vehicles/1/driver"]
            .map(|pointer| format!("outside_charset {pointer}"));
        assert_eq!(warned(&quoted.expect(200)), expected);

        let begun = draft(&app, &resident, answers.clone()).await.expect(201);
        let submitted = submit(&app, &resident, &begun).await.expect(200);
        assert_eq!((submitted["state"].as_str(), warned(&submitted)), (Some("submitted"), expected.to_vec()));
        let case = format!("/v1/tenants/020001/applications/{}", begun["id"].as_str().unwrap());
        let seen = app.get(&clerk, &case).await.expect(200);
        assert_eq!(seen["form"], answers, "every character as typed");
        assert_eq!(warned(&seen), expected, "and staff are told what they must confirm");
        let message = seen["warnings"][0]["message"].as_str().unwrap();
        assert!(message.contains("lacks 髙\u{E0100}. It is kept as typed"), "{message}");
    }
);

on_both_databases!(
    r46_documents_and_queue_follow_from_the_answers_and_what_was_left_out_is_recorded,
    async |db: TestDb| {
        let app = TestApp::start_offering(&db, NAME, PROCEDURE).await;
        let business = app.register("business@example.jp", "business").await;
        let resident = app.register("resident@example.jp", "resident").await;
        let large = draft(&app, &business, form("022021", 1000)).await.expect(201);
        let refused = submit(&app, &business, &large).await;
        let both = [("/attachments/registry", "required"), ("/attachments/plan", "required")];
        assert_eq!(faults(&refused), both);
        // Of a person no certificate of registry is asked, and a small facility needs no plan.
        let small = draft(&app, &resident, form("022021", 999)).await.expect(201);
        let filed = submit(&app, &resident, &small).await.expect(200);
        assert_eq!((&filed["department"], &filed["due_on"]), (&json!("kankyo-hozen"), &json!("2026-04-13")));
        assert_eq!(filed["warnings"], json!([]));

        let mut with_number = form("022021", 1000);
        with_number["corporate_number"] = json!("4011001098993");
        let large = draft(&app, &business, with_number).await.expect(201);
        let plan = json!({ "code": "plan", "filename": "a.pdf", "media_type": "application/pdf",
            "content_base64": app.example(AOMORI, "denki-koji-toroku").await["attachments"][0]["content_base64"] });
        app.attach(&business, AOMORI, large["id"].as_str().unwrap(), &plan).await.expect(201);
        let filed = submit(&app, &business, &large).await.expect(200);
        assert_eq!(filed["department"], "kankyo-shizen-hogo");
        let case = format!("/v1/tenants/020001/applications/{}", filed["id"].as_str().unwrap());
        let timeline = app.get(&business, &format!("{case}/timeline")).await.expect(200);
        let facts = &timeline["items"][0]["facts"];
        let omitted =
            json!([{ "code": "registry", "basis": "情報通信技術を活用した行政の推進等に関する法律第11条" }]);
        assert_eq!((&facts["omissions"], &facts["department"]), (&omitted, &json!("kankyo-shizen-hogo")));
    }
);

on_both_databases!(r42_a_late_renewal_is_warned_about_and_taken, async |db: TestDb| {
    let app = TestApp::start_offering(&db, NAME, PROCEDURE).await;
    let resident = app.register("resident@example.jp", "resident").await;
    let mut late = form("022021", 5);
    late["filing"] = json!("renewal");
    late["expires_on"] = json!("2026-05-01");
    let quote = "/v1/tenants/020001/procedures/shisetsu-kyoka/quote";
    let quoted = app.call(Method::POST, quote, None, &[], Some(json!({ "form": late }))).await.expect(200);
    assert_eq!(quoted["warnings"], json!([]), "04-01 is the last day");
    late["expires_on"] = json!("2026-04-30");
    let quoted = app.call(Method::POST, quote, None, &[], Some(json!({ "form": late }))).await.expect(200);
    let warning = json!({ "code": "renewal_late", "pointer": "/form/expires_on",
            "message": "A renewal should be filed by 2026-03-31.", "basis": "規則第5条" });
    assert_eq!(quoted["warnings"], json!([warning]));
    let begun = draft(&app, &resident, late).await.expect(201);
    let filed = submit(&app, &resident, &begun).await.expect(200);
    assert_eq!((&filed["state"], &filed["warnings"]), (&json!("submitted"), &json!([warning])));
});

on_both_databases!(
    r41_the_term_of_a_renewal_follows_the_old_one_and_that_of_a_new_permit_its_grant,
    async |db: TestDb| {
        let app = TestApp::start_offering(&db, NAME, PROCEDURE).await;
        let resident = app.register("resident@example.jp", "resident").await;
        let clerk = app.officer(AOMORI, "kankyo-hozen", Role::Clerk, "clerk@example.jp").await;
        let chief = app.officer(AOMORI, "kankyo-hozen", Role::SectionChief, "chief@example.jp").await;
        let mut renewal = form("022021", 5);
        renewal["filing"] = json!("renewal");
        renewal["expires_on"] = json!("2026-04-30");
        // A renewal after the expiry is a new permit.
        let mut expired = renewal.clone();
        expired["expires_on"] = json!("2026-03-31");
        for (answers, from, to) in [
            (renewal, "2026-05-01", "2031-04-30"),
            (expired, "2026-04-01", "2031-03-31"),
            (form("022021", 5), "2026-04-01", "2031-03-31"),
        ] {
            let begun = draft(&app, &resident, answers).await.expect(201);
            let case = format!("/v1/tenants/020001/applications/{}", begun["id"].as_str().unwrap());
            submit(&app, &resident, &begun).await.expect(200);
            grant(&app, (&clerk, &chief), &case).await;
            let decision = app.get(&resident, &format!("{case}/decision")).await.expect(200);
            assert_eq!((&decision["valid_from"], &decision["valid_to"]), (&json!(from), &json!(to)));
        }
    }
);

on_both_databases!(
    /// R-41: whether it renews is read as at the arrival, of who applied and by which way.
    r41_the_term_of_a_renewal_is_judged_by_who_applied_and_by_which_way,
    async |db: TestDb| {
        let online = "form.filing == 'renewal' && applicant_kind == 'resident' && channel == 'online'";
        let text = PROCEDURE.replace("when: form.filing == 'renewal'", &format!("when: \"{online}\""));
        let app = TestApp::start_offering(&db, NAME, &text).await;
        let resident = app.register("resident@example.jp", "resident").await;
        let clerk = app.officer(AOMORI, "kankyo-hozen", Role::Clerk, "clerk@example.jp").await;
        let chief = app.officer(AOMORI, "kankyo-hozen", Role::SectionChief, "chief@example.jp").await;
        let mut renewal = form("022021", 5);
        renewal["filing"] = json!("renewal");
        renewal["expires_on"] = json!("2026-04-30");
        let own = draft(&app, &resident, renewal.clone()).await.expect(201);
        let mut paper = paper_draft();
        (paper["procedure"], paper["form"]) = (json!("shisetsu-kyoka"), renewal);
        paper["applicant"]["kind"] = json!("resident");
        let begin = "/v1/tenants/020001/departments/kankyo-hozen/applications";
        let paper = app.post(&clerk, begin, paper).await.expect(201);
        for (begun, who, from, to) in
            [(own, &resident, "2026-05-01", "2031-04-30"), (paper, &clerk, "2026-04-01", "2031-03-31")]
        {
            let case = format!("/v1/tenants/020001/applications/{}", begun["id"].as_str().unwrap());
            submit(&app, who, &begun).await.expect(200);
            grant(&app, (&clerk, &chief), &case).await;
            let decision = app.get(&chief, &format!("{case}/decision")).await.expect(200);
            assert_eq!((&decision["valid_from"], &decision["valid_to"]), (&json!(from), &json!(to)));
        }
    }
);

/// A clerk takes a case up and drafts the grant, a chief seals it.
async fn grant(app: &TestApp, (clerk, chief): (&Person, &Person), case: &str) {
    app.post(clerk, &format!("{case}/claim"), json!({})).await.expect(200);
    let version = app.get(clerk, case).await.etag();
    let proposal = json!({ "decision": "grant", "reasons": [], "conditions": [] });
    app.post_if(clerk, &format!("{case}/proposal"), &version, proposal).await.expect(201);
    let version = app.get(chief, case).await.etag();
    app.post_if(chief, &format!("{case}/approval/approve"), &version, json!({})).await.expect(200);
}

on_both_databases!(
    a_procedure_says_what_it_rests_on_what_it_needs_and_what_is_not_confirmed,
    async |db: TestDb| {
        let app = TestApp::start_offering(&db, NAME, PROCEDURE).await;
        let path = "/v1/tenants/020001/procedures/shisetsu-kyoka";
        let shown = app.call(Method::GET, path, None, &[], None).await.expect(200);
        assert_eq!((&shown["sample"], &shown["days"]), (&json!(true), &json!(12)));
        assert_eq!(shown["processing"]["transit_days"], 2);
        assert_eq!(shown["legal_basis"]["clerical_kind"], "entrusted_first");
        assert_eq!(shown["eligibility"][0]["otherwise"], "It is too late.");
        assert_eq!(shown["issuance"]["paper_only"], true, "R-39");
        assert_eq!((&shown["validity"]["years"], &shown["validity"]["sample"]), (&json!(5), &json!(true)));
        assert_eq!(shown["renewal"]["when"], "form.filing == 'renewal'");
        assert_eq!(shown["notices"][0]["on"], "arrival");
        let registry = &shown["attachments"][0];
        assert_eq!(registry["omissions"][0]["when"], "has(form.corporate_number)");
        assert_eq!((&registry["validity_months"], &registry["form"]), (&json!(6), &json!("copy")));
        assert_eq!(shown["attachments"][1]["required_if"], "form.area >= 1000");
        assert_eq!(shown["attachments"][1]["note"], "State the scale.");
        assert_eq!(shown["examples"][1]["queue"], "kankyo-shizen-hogo");
    }
);
