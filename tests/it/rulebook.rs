//! Rules that hold over the shipped configuration as a whole, and the ways of the rulebook from end to end.

use std::collections::BTreeSet;

use jiff::civil::{Date, date};
use madoguchi::catalogue::Catalogue;
use madoguchi::domain::arrears::{Enforcement, terms_of};
use madoguchi::domain::id::TenantCode;
use madoguchi::domain::organisation::Tenant;
use madoguchi::domain::policy::Role;
use madoguchi::domain::procedure::{Assurance, BasisKind, ProcedureKind};
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::app::{AOMORI, Person, TestApp};
use crate::support::db::TestDb;

const CASES: &str = "/v1/tenants/020001/applications";

fn shipped() -> Catalogue {
    Catalogue::load_embedded().unwrap()
}

fn aomori(catalogue: &Catalogue) -> &Tenant {
    &catalogue.tenant(&TenantCode::parse(AOMORI).unwrap()).unwrap().definition
}

/// a statute lets its procedure be filed online by the national act; what rests on the body's own ordinances and rules needs an
/// ordinance of the same effect, and what rests on guidelines says so.
#[test]
fn r5_every_procedure_states_why_it_may_be_filed_online() {
    let mut kinds = BTreeSet::new();
    for procedure in shipped().all_versions() {
        let basis = &procedure.definition.legal_basis;
        let expected = match basis.basis_kind {
            BasisKind::Law => "情報通信技術を活用した行政の推進等に関する法律第6条第1項",
            BasisKind::Ordinance | BasisKind::Rule => "条例",
            BasisKind::Guideline => "要綱",
        };
        assert!(basis.online_basis.contains(expected), "{}: {}", procedure.definition.id, basis.online_basis);
        kinds.insert(expected);
    }
    assert_eq!(kinds.len(), 3, "each kind is among them");
}

/// where the rules ask for several identical copies (正副2部, such as those of outdoor advertising), one entry online is all of them.
#[test]
fn r8_no_document_is_asked_for_twice_online() {
    for procedure in shipped().all_versions() {
        let definition = &procedure.definition;
        let mut titles = BTreeSet::new();
        for rule in &definition.attachments {
            let title = rule.title.ja.as_str();
            assert!(titles.insert(title), "{}: {title} twice", definition.id);
            for copies in ["正本", "副本", "正副", "2部", "２部", "2通", "２通"] {
                assert!(!title.contains(copies), "{}: {title}", definition.id);
            }
        }
    }
    assert!(shipped().all_versions().any(|procedure| procedure.definition.id == "okugai-kokoku"));
}

/// what an application is judged by is public, or it is said why nothing beyond the law is; of a notification nobody asks.
#[test]
fn r31_every_shipped_application_accounts_for_its_criteria_in_public() {
    let (mut published, mut reasoned) = (0, 0);
    for procedure in shipped().all_versions() {
        let (definition, basis) = (&procedure.definition, &procedure.definition.legal_basis);
        if definition.kind == ProcedureKind::Application {
            assert!(basis.accounts_for_criteria(), "{}", definition.id);
            published += i32::from(basis.review_criteria.is_some());
            reasoned += i32::from(basis.no_criteria_reason.is_some());
        }
    }
    assert!(published > 30 && reasoned >= 4, "{published} with criteria, {reasoned} with a reason for none");
}

on_both_databases!(r31_the_catalogue_shows_criteria_or_the_reason_for_none_to_anybody, async |db: TestDb| {
    let app = TestApp::start(&db).await;
    let shown = async |procedure: &str| {
        let path = format!("/v1/tenants/020001/procedures/{procedure}");
        let found = app.call(Method::GET, &path, None, &[], None).await.expect(200);
        let basis = &found["legal_basis"];
        (basis["review_criteria"].is_string(), basis["no_criteria_reason"].is_string())
    };
    assert_eq!(shown("takken-menkyo").await, (true, false));
    assert_eq!(shown("denki-koji-toroku").await, (false, true));
    assert_eq!(shown("denki-koji-henko-todoke").await, (false, false), "a notification is not judged");
});

/// each procedure states one of four levels of identification, the higher one the surer.
#[test]
fn r45_each_procedure_states_one_of_four_levels_of_identification() {
    let levels = [Assurance::None, Assurance::Id, Assurance::UserCertificate, Assurance::Signature];
    let names = levels.map(|level| serde_json::to_value(level).unwrap());
    assert_eq!(names, ["none", "id", "user_certificate", "signature"]);
    assert!(levels.is_sorted());
    assert!(serde_json::from_value::<Assurance>(json!("password")).is_err(), "nothing else is a level");
    let stated: BTreeSet<Assurance> =
        shipped().all_versions().map(|procedure| procedure.definition.assurance).collect();
    assert!(stated.contains(&Assurance::Id), "{stated:?}");
}

/// a plain fee is sued for; only a revenue that is named can be collected by force, and only from the day of its terms on.
#[test]
fn r93_how_a_claim_is_enforced_goes_by_its_revenue() {
    let catalogue = shipped();
    let plain = aomori(&catalogue).arrears.clone();
    let today = date(2026, 4, 1);
    assert!(plain.iter().all(|terms| terms.enforcement == Enforcement::Court), "fees go to court");
    let mut by_force = plain[0].clone();
    by_force.enforcement = Enforcement::Compulsory;
    by_force.revenues = vec!["08-01-10-02".to_owned()];
    by_force.valid_from = date(2026, 4, 1);
    let terms = [plain.as_slice(), &[by_force]].concat();
    let of = |account, day| terms_of(&terms, account, day).unwrap().enforcement;
    assert_eq!(of("08-01-10-02", today), Enforcement::Compulsory);
    assert_eq!(of("08-01-10-02", date(2026, 3, 31)), Enforcement::Court, "not before its terms");
    assert_eq!(of("08-02-01-01", today), Enforcement::Court);
}

/// The bureaus of a day, by their names.
fn bureaus(day: Date) -> BTreeSet<String> {
    let catalogue = shipped();
    let found = aomori(&catalogue).bureaus.iter().filter(|bureau| bureau.valid_from <= day);
    found.map(|bureau| bureau.name.ja.clone()).collect()
}

#[test]
fn r200_eleven_departments_and_three_bureaus_since_april_2024() {
    let expected = [
        "総務部",
        "財務部",
        "総合政策部",
        "こども家庭部",
        "交通・地域社会部",
        "環境エネルギー部",
        "健康医療福祉部",
        "経済産業部",
        "観光交流推進部",
        "農林水産部",
        "県土整備部",
        "危機管理局",
        "国スポ・障スポ局",
        "出納局",
    ];
    assert_eq!(bureaus(date(2024, 4, 1)), expected.map(str::to_owned).into());
    assert_eq!(bureaus(date(2024, 3, 31)), BTreeSet::new(), "what was before is not known here");
}

/// The full names of the divisions of a day.
fn divisions(day: Date) -> BTreeSet<String> {
    let catalogue = shipped();
    let body = aomori(&catalogue);
    let found = body.departments.iter().filter(|department| department.exists_on(day));
    found.map(|department| body.full_name_ja(department)).collect()
}

#[test]
fn r201_r202_the_known_divisions_stand_under_their_departments() {
    let found = divisions(date(2026, 4, 1));
    for (department, names) in [
        ("総務部", "総務文書課 人事課 行政経営課"),
        ("総合政策部", "DX推進課"),
        ("こども家庭部", "こどもみらい課 若者定着還流促進課 県民活躍推進課"),
        ("観光交流推進部", "観光政策課"),
        ("環境エネルギー部", "環境保全課 自然保護課"),
        ("財務部", "財政課 税務課 市町村課"),
        ("健康医療福祉部", "保健衛生課 医療薬務課 障がい福祉課 高齢福祉保険課 がん・生活習慣病対策課"),
        ("県土整備部", "監理課 道路課 河川砂防課 都市計画課 建築住宅課 港湾空港課"),
        ("農林水産部", "りんご果樹課 林政課 水産振興課"),
        ("危機管理局", "消防保安課 原子力安全対策課"),
        ("出納局", "会計管理課"),
    ] {
        for name in names.split(' ') {
            assert!(found.contains(&format!("{department}{name}")), "{department}{name}");
        }
    }
    // what is known from before and after only is marked as such.
    let catalogue = shipped();
    let of = |code| aomori(&catalogue).department(code, date(2026, 4, 1)).unwrap().sample;
    assert!(of("kendo-doro") && !of("sogo-dx"));
}

#[test]
fn r203_the_offices_of_the_areas_exist_since_april_2025() {
    let offices = |day, kind: &str| divisions(day).into_iter().filter(|name| name.contains(kind)).count();
    for kind in ["保健所（", "県土整備事務所"] {
        assert_eq!(offices(date(2025, 3, 31), kind), 0, "{kind}: until then an area bureau did their work");
        assert_eq!(offices(date(2025, 4, 1), kind), 6, "{kind}");
    }
}

async fn invoice(app: &TestApp, who: &Person, id: &Value) -> Value {
    app.get(who, &format!("/v1/tenants/020001/invoices/{}", id.as_str().unwrap())).await.expect(200)
}

on_both_databases!(
    /// the payer entrusts the agent by a slip with a barcode, or by an electronic notice that carries the number of a card.
    r76_a_payer_entrusts_by_a_slip_or_by_a_card,
    async |db: TestDb| {
        let app = TestApp::start(&db).await;
        let payer = app.register("payer@example.jp", "business").await;
        let ways: [(&str, &[(&str, &str)]); 2] = [
            ("konbini", &[("konbini", ""), ("konbini/pay", "")]),
            ("card", &[("card", "number=4111111111111111"), ("3ds", "result=ok")]),
        ];
        for (method, steps) in ways {
            let submitted = app.submitted(&payer, AOMORI, "denki-koji-toroku").await;
            let id = &submitted["invoice"]["id"];
            let pay = format!("/v1/tenants/020001/invoices/{}/payments", id.as_str().unwrap());
            let opened = app.post(&payer, &pay, json!({ "method": method })).await.expect(201);
            for (step, fields) in steps {
                app.drain().await;
                app.at_gateway(opened["redirect_url"].as_str().unwrap(), step, fields).await;
            }
            let entrusted = async || invoice(&app, &payer, id).await["state"] == "entrusted";
            app.until("the invoice is entrusted", entrusted).await;
            let shown = invoice(&app, &payer, id).await;
            assert_eq!((&shown["entrusted_on"], &shown["paid_on"]), (&json!("2026-04-01"), &Value::Null), "{method}");
        }
    }
);

on_both_databases!(
    /// the use of a public facility is asked for, approved as a disposition, paid in advance; nobody is turned away without a
    /// reason, and what was paid goes back only for what the user does not answer for.
    r197_the_use_of_a_facility_is_approved_paid_in_advance_and_given_back_by_its_rule,
    async |db: TestDb| {
        let app = TestApp::start(&db).await;
        let user = app.register("user@example.jp", "resident").await;
        let clerk = app.officer(AOMORI, "kyoiku-sports", Role::Clerk, "hall@example.jp").await;
        let chief = app.officer(AOMORI, "kyoiku-sports", Role::SectionChief, "hall-chief@example.jp").await;
        let submitted = app.submitted(&user, AOMORI, "budokan-shiyo").await;
        assert_eq!(submitted["invoice"], Value::Null, "the use fee follows the review");
        let case = format!("{CASES}/{}", submitted["id"].as_str().unwrap());
        app.post(&clerk, &format!("{case}/claim"), json!({})).await.expect(200);
        let propose = async |body: Value| {
            let version = app.get(&clerk, &case).await.etag();
            app.post_if(&clerk, &format!("{case}/proposal"), &version, body).await
        };
        let turned_away = propose(json!({ "decision": "refuse", "reasons": [] })).await;
        assert_eq!(turned_away.problem(), "422 validation_failed");
        assert_eq!(turned_away.body["errors"][0]["pointer"], "/reasons");

        let fixed = app.post(&clerk, &format!("{case}/assessment"), json!({ "office": {} })).await.expect(201);
        assert_eq!(fixed["invoice"]["total"], 2_360);
        propose(json!({ "decision": "grant", "reasons": [], "conditions": [] })).await.expect(201);
        let seal = async || {
            let version = app.get(&chief, &case).await.etag();
            app.post_if(&chief, &format!("{case}/approval/approve"), &version, json!({})).await
        };
        assert_eq!(seal().await.problem(), "409 fee_not_settled", "前納");
        let id = &fixed["invoice"]["id"];
        let path = format!("/v1/tenants/020001/invoices/{}", id.as_str().unwrap());
        let opened = app.post(&user, &format!("{path}/payments"), json!({ "method": "nanaco" })).await.expect(201);
        app.at_gateway(opened["redirect_url"].as_str().unwrap(), "nanaco", "result=ok").await;
        app.until("the invoice is entrusted", async || {
            invoice(&app, &user, id).await["state"] == "entrusted"
        })
        .await;
        seal().await.expect(200);
        let decision = app.get(&user, &format!("{case}/decision")).await.expect(200);
        assert_eq!(decision["instruction"]["review_authority"], "Governor of Aomori Prefecture", "R-35");

        let back = async |reason: &str| {
            let body = json!({ "amount": 2_360, "reason": reason, "refund_amount_available": 2_360 });
            app.post(&chief, &format!("{path}/refunds"), body).await
        };
        assert_eq!(back("not_accepted").await.problem(), "409 refund_not_permitted");
        let asked = back("not_attributable").await.expect(201);
        let interest = format!("/v1/tenants/020001/refunds/{}/interest", asked["id"].as_str().unwrap());
        let interest = app.get(&user, &interest).await.expect(200);
        assert_eq!(interest["terms"], Value::Null, "R-96: what was owed and goes back by an ordinance bears none");
    }
);
