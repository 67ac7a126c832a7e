//! Waivers (減免): asked for with a ground, decided by others, booked beside what was assessed, known to the yen.

mod ends_of_cases;
pub mod office;

use futures_util::future::join_all;
use jiff::SignedDuration;
use madoguchi::domain::id::TenantCode;
use madoguchi::domain::ledger::{Account, balances};
use madoguchi::service::waiver_expiry;
use serde_json::{Value, json};

use self::office::{FEE, Office, Owing};
use crate::support::app::{AOMORI, TestApp, new_key};
use crate::support::db::{TestDb, execute};
use crate::support::money::ask_for_another_sum;
use crate::support::repeat::everything_again;
use crate::support::traces::rounds;

const HALF: i64 = FEE / 2;
/// A procedure whose answers name municipalities.
const RENEWAL: &str = "denki-koji-koshin";

on_both_databases!(
    /// a decided step with ground, evidence and route; R-87: what was assessed stays.
    r63_a_waiver_is_asked_for_drafted_and_sealed_by_different_people_and_lowers_what_is_owed,
    async |db: TestDb| {
        let app = TestApp::start(&db).await;
        let office = Office::open(&app, &db).await;
        let owing = office.owing().await;
        let list = app.get(&office.business, &owing.path("/waivers")).await.expect(200);
        let codes: Vec<_> = list["grounds"].as_array().unwrap().iter().map(|it| it["code"].clone()).collect();
        assert_eq!(codes, ["hardship", "half", "special"]);
        let asked = office.ask(&office.business, &owing, "half").await.expect(201);
        assert_eq!((&asked["state"], &asked["filed_by"]), (&json!("requested"), &json!("party")));
        assert_eq!(office.ask(&office.business, &owing, "hardship").await.problem(), "409 waiver_in_progress");
        assert_eq!(office.stands(&owing).await, ("unpaid".to_owned(), FEE), "asking lifts nothing");
        let grant = json!({ "decision": "grant", "reasons": ["罹災証明書を確認した"] });
        let wrong = json!({ "decision": "grant", "amount": 1, "reasons": ["x"] });
        assert_eq!(office.draft(&owing, &asked, wrong).await.problem(), "409 waiver_amount_changed");
        office.draft(&owing, &asked, grant).await.expect(201);
        assert_eq!(office.seal(&office.clerk, &owing).await.problem(), "403 own_proposal");
        office.seal(&office.manager, &owing).await.expect(200);
        assert_eq!(office.stands(&owing).await, ("unpaid".to_owned(), FEE), "not before the last seal");
        assert_eq!(office.seal(&office.manager, &owing).await.status, 403);
        office.seal(&office.chief, &owing).await.expect(200);
        assert_eq!(office.stands(&owing).await, ("unpaid".to_owned(), HALF));
        let shown = office.waiver(&asked).await;
        assert_eq!((&shown["state"], &shown["amount"]), (&json!("granted"), &json!(HALF)));
        assert_eq!(shown["instruction"], Value::Null, "a grant takes nothing away");
        assert_eq!((&shown["reasons"][0], &shown["valid_until"]), (&json!("罹災証明書を確認した"), &json!("2026-05-01")));
        office.pays(&owing).await;
        let books = office.books(&owing).await;
        assert_eq!(books.payment().captured.amount(), HALF);
        assert_eq!((books.receipts[0].row.amount.amount(), books.receipts[0].row.content.0.lines[0].amount.amount()), (HALF, HALF));
        assert_eq!(db.count("(SELECT COUNT(*) FROM jobs WHERE kind = 'notify_waiver')").await, 1);
        let standing = office.books(&owing).await.standing();
        everything_again(&db.db, async || { app.drain().await; }).await;
        assert_eq!(office.books(&owing).await.standing(), standing);
    }
);

on_both_databases!(
    /// what was paid beyond the new amount is proposed to go back, and two people send it.
    r95_a_waiver_after_the_payment_becomes_a_refund_proposal,
    async |db: TestDb| {
        let app = TestApp::start(&db).await;
        let office = Office::open(&app, &db).await;
        for (ground, lifted, left) in [("half", HALF, "entrusted"), ("hardship", FEE, "waived")] {
            let owing = office.owing().await;
            office.pays(&owing).await;
            office.waived(&owing, ground).await;
            assert_eq!(office.stands(&owing).await, ("overpaid".to_owned(), FEE - lifted), "{ground}");
            let proposed = (owing.invoice.clone(), lifted, "overpaid".to_owned());
            assert_eq!(office.proposals().await, [proposed], "{ground}");
            office.sends_back(&owing, lifted).await;
            assert_eq!(office.stands(&owing).await, (left.to_owned(), FEE - lifted), "{ground}");
            let books = office.books(&owing).await;
            assert_eq!(books.invoice.entrusted_on.is_some(), left == "entrusted");
            let held = balances(&books.entries);
            let of = |account: &Account| held.get(account).copied().unwrap_or(0);
            assert_eq!((of(&Account::Receivable), of(&Account::Overpayment), of(&Account::RefundPayable)), (0, 0, 0));
            assert_eq!(of(&Account::Entrusted("komoju".to_owned())), FEE - lifted);
            assert_eq!(office.proposals().await, []);
        }
    }
);

on_both_databases!(r63_a_refused_waiver_says_why_and_another_ground_can_be_named, async |db: TestDb| {
    let app = TestApp::start(&db).await;
    let office = Office::open(&app, &db).await;
    let owing = office.owing().await;
    let asked = office.ask(&office.business, &owing, "hardship").await.expect(201);
    let silent = json!({ "decision": "refuse", "reasons": [] });
    assert_eq!(office.draft(&owing, &asked, silent).await.problem(), "422 validation_failed");
    let refuse = json!({ "decision": "refuse", "reasons": ["条例第5条の要件に当たらない"] });
    office.draft(&owing, &asked, refuse).await.expect(201);
    let withdraw = format!("/v1/tenants/{AOMORI}/waivers/{}/withdraw", asked["id"].as_str().unwrap());
    assert_eq!(app.post(&office.business, &withdraw, json!({})).await.problem(), "409 wrong_state");
    office.seal(&office.manager, &owing).await.expect(200);
    office.seal(&office.chief, &owing).await.expect(200);
    let shown = office.waiver(&asked).await;
    assert_eq!((&shown["state"], &shown["amount"]), (&json!("refused"), &Value::Null));
    assert_eq!(shown["reasons"], json!(["条例第5条の要件に当たらない"]));
    // what burdens says how to appeal; about what is owed, a suit follows the review only.
    let appeal = &shown["instruction"];
    assert_eq!(appeal["review_authority"], "Governor of Aomori Prefecture");
    assert_eq!((&appeal["review_months"], &appeal["review_comes_first"]), (&json!(3), &json!(true)));
    assert!(
        appeal["text"].as_str().unwrap().contains("only after the ruling on a review"),
        "R-199b: {appeal}"
    );
    assert_eq!(office.stands(&owing).await, ("unpaid".to_owned(), FEE));
    assert_eq!(db.count("(SELECT COUNT(*) FROM reassessments)").await, 0);
    let other = office.ask(&office.business, &owing, "special").await.expect(201);
    let of_no_amount = json!({ "decision": "grant", "reasons": ["x"] });
    assert_eq!(office.draft(&owing, &other, of_no_amount).await.problem(), "422 waiver_amount_needed");
    let too_much = json!({ "decision": "grant", "amount": FEE + 1, "reasons": ["x"] });
    assert_eq!(office.draft(&owing, &other, too_much).await.problem(), "422 waiver_too_much");
});

on_both_databases!(
    /// what was waived whole holds no decision back.
    r68_an_invoice_that_was_waived_whole_takes_no_money_and_opens_the_gate,
    async |db: TestDb| {
        let app = TestApp::start(&db).await;
        let office = Office::open(&app, &db).await;
        let owing = office.owing().await;
        office.waived(&owing, "hardship").await;
        assert_eq!(office.stands(&owing).await, ("waived".to_owned(), 0));
        let card = app.post(&office.business, &owing.path("/payments"), json!({ "method": "card" })).await;
        assert_eq!(card.problem(), "409 invoice_not_payable");
        assert_eq!(office.ask(&office.business, &owing, "half").await.problem(), "409 nothing_to_waive");
        app.post(&office.clerk, &format!("{}/claim", owing.case), json!({})).await.expect(200);
        let version = app.get(&office.clerk, &owing.case).await.etag();
        let grant = json!({ "decision": "grant" });
        app.post_if(&office.clerk, &format!("{}/proposal", owing.case), &version, grant).await.expect(201);
        let version = app.get(&office.clerk, &owing.case).await.etag();
        let path = format!("{}/approval/approve", owing.case);
        let decided = app.post_if(&office.chief, &path, &version, json!({})).await.expect(200);
        assert_eq!(decided["application_state"], "decided");
    }
);

on_both_databases!(an_attempt_over_another_amount_is_closed_at_the_gateway, async |db: TestDb| {
    let app = TestApp::start(&db).await;
    let office = Office::open(&app, &db).await;
    let owing = office.owing().await;
    let open = office.opens(&owing).await;
    office.waived(&owing, "half").await;
    app.until("the attempt is closed", async || office.books(&owing).await.states() == ["canceled"]).await;
    let page = open["redirect_url"].as_str().unwrap();
    assert_ne!(app.at_gateway(page, "card", "number=4111111111111111").await.0, 200, "it takes no money");
    assert_eq!(office.stands(&owing).await, ("unpaid".to_owned(), HALF));
    office.pays(&owing).await;
    let mut paid: Vec<i64> =
        office.books(&owing).await.payments.iter().map(|it| it.captured.amount()).collect();
    paid.sort_unstable();
    assert_eq!(paid, [0, HALF]);
});

on_both_databases!(
    /// Waive ∥ pay: whoever comes first, nothing is lost and nothing kept that is not owed.
    a_waiver_and_a_payment_at_once_leave_what_is_owed_and_a_refund_of_the_rest,
    async |db: TestDb| {
        let app = TestApp::start(&db).await;
        let office = Office::open(&app, &db).await;
        let mut overpaid = 0;
        for round in 0..rounds(6) {
            let owing = office.owing().await;
            let open = office.opens(&owing).await;
            office.nearly(&owing, "half").await;
            let version = app.get(&office.clerk, &owing.case).await.etag();
            let path = format!("{}/approval/approve", owing.case);
            let pause = std::time::Duration::from_millis([0, 5, 40][round % 3]);
            let seal = async {
                tokio::time::sleep(pause).await;
                let subject = json!({ "subject": "waiver" });
                app.post_if(&office.chief, &path, &version, subject).await
            };
            let (sealed, ()) = tokio::join!(seal, office.pays_on(&open));
            for _ in 0..8 {
                app.drain().await;
                tokio::time::sleep(std::time::Duration::from_millis(15)).await;
            }
            if sealed.status != 200 {
                // The payment had moved the case meanwhile: who seals looks again.
                assert_eq!(sealed.problem(), "412 stale_version");
                office.seal(&office.chief, &owing).await.expect(200);
            }
            app.until("the attempt came to its end", async || {
                ["captured", "canceled"].contains(&office.books(&owing).await.states()[0])
            })
            .await;
            let books = office.books(&owing).await;
            let expected = if books.states() == ["captured"] {
                overpaid += 1;
                ("overpaid".to_owned(), HALF)
            } else {
                ("unpaid".to_owned(), HALF)
            };
            assert_eq!(office.stands(&owing).await, expected);
            let back: Vec<i64> = office.proposals().await.into_iter().filter(|it| it.0 == owing.invoice).map(|it| it.1).collect();
            assert_eq!(back, if expected.0 == "overpaid" { vec![HALF] } else { vec![] });
        }
        assert!(overpaid > 0, "no payment ever came first");
    }
);

on_both_databases!(two_requests_at_once_open_one_and_a_key_opens_one, async |db: TestDb| {
    let app = TestApp::start(&db).await;
    let office = Office::open(&app, &db).await;
    let owing = office.owing().await;
    let asked =
        join_all([office.ask(&office.business, &owing, "half"), office.ask(&office.clerk, &owing, "half")])
            .await;
    let mut found: Vec<_> = asked.iter().map(|answer| answer.status.as_u16()).collect();
    found.sort_unstable();
    assert_eq!(found, [201, 409]);
    let other = office.owing().await;
    let (key, wanted) = (new_key(), json!({ "ground": "half", "statement": "x" }));
    let headers = [("idempotency-key", key.as_str())];
    let mut ids = Vec::new();
    for replayed in [false, true] {
        let path = other.path("/waivers");
        let answer = app
            .call(reqwest::Method::POST, &path, Some(&office.business), &headers, Some(wanted.clone()))
            .await;
        assert_eq!(answer.headers.contains_key("idempotency-replayed"), replayed);
        ids.push(answer.expect(201)["id"].clone());
    }
    assert_eq!(ids[0], ids[1]);
    assert_eq!(db.count("(SELECT COUNT(*) FROM waivers)").await, 2);
});

on_both_databases!(
    /// A grant whose rest nobody paid in time holds no more; it is never ended over money or an open attempt.
    a_grant_ends_with_its_day_once_and_only_over_a_debt_that_nobody_pays,
    async |db: TestDb| {
        let app = TestApp::start(&db).await;
        let mut office = Office::open(&app, &db).await;
        let (unpaid, paid) = (office.owing().await, office.owing().await);
        let (waiver, kept) = (office.waived(&unpaid, "half").await, office.waived(&paid, "half").await);
        office.pays(&paid).await;
        app.advance(SignedDuration::from_hours(24 * 30)).await;
        office.sign_in_again().await;
        app.drain().await;
        assert_eq!(office.stands(&unpaid).await, ("unpaid".to_owned(), HALF), "the last day is not over");
        app.advance(SignedDuration::from_hours(24)).await;
        office.sign_in_again().await;
        let open = office.opens(&unpaid).await;
        app.drain().await;
        assert_eq!(office.stands(&unpaid).await.1, HALF, "somebody is about to pay");
        let cancel = format!("/v1/tenants/{AOMORI}/payments/{}/cancel", open["id"].as_str().unwrap());
        app.post(&office.business, &cancel, json!({})).await.expect(200);
        for _ in 0..2 {
            app.advance(SignedDuration::from_hours(24)).await;
            app.drain().await;
        }
        office.sign_in_again().await;
        assert_eq!(office.waiver(&waiver).await["state"], "expired");
        assert_eq!(office.stands(&unpaid).await, ("unpaid".to_owned(), FEE));
        assert_eq!((office.waiver(&kept).await["state"].clone(), office.stands(&paid).await.1), (json!("granted"), HALF));
        let restored = "(SELECT COUNT(*) FROM reassessments WHERE kind = 'restore')";
        assert_eq!(db.count(restored).await, 1);
        assert_eq!(db.count("(SELECT COUNT(*) FROM events WHERE kind = 'waiver_expired')").await, 1);
        office.pays(&unpaid).await;
        app.advance(SignedDuration::from_hours(24 * 40)).await;
        office.sign_in_again().await;
        assert_eq!(office.ask(&office.business, &unpaid, "half").await.problem(), "409 waiver_too_late");
    }
);

on_both_databases!(
    /// One case that cannot be opened is told at the end of the run, and does not keep the grants behind it alive.
    a_grant_that_cannot_be_ended_holds_up_no_other,
    async |db: TestDb| {
        let app = TestApp::start(&db).await;
        let office = Office::open(&app, &db).await;
        for _ in 0..2 {
            let owing = office.owing().await;
            office.waived(&owing, "half").await;
        }
        let first = "(SELECT application_id FROM waivers WHERE id = (SELECT MIN(id) FROM waivers))";
        let key = "(SELECT hash FROM events LIMIT 1)";
        execute(&db.settings.url, &format!("UPDATE applications SET wrapped_key = {key} WHERE id = {first}"));
        app.advance(SignedDuration::from_hours(24 * 33)).await;
        let tenant = TenantCode::parse(AOMORI).unwrap();
        for _ in 0..2 {
            assert!(waiver_expiry::run(&app.core, &tenant).await.is_err(), "the failure is told");
            assert_eq!(db.count("(SELECT COUNT(*) FROM waivers WHERE state = 'expired')").await, 1);
            assert_eq!(db.count("(SELECT COUNT(*) FROM waivers WHERE state = 'granted')").await, 1);
        }
    }
);

on_both_databases!(
    /// Another sum than was asked for is no payment once it went back: the grant over its rest ends, and the rest is late.
    a_grant_ends_and_a_debt_is_in_arrears_although_another_sum_came_and_went_back,
    async |db: TestDb| {
        let app = TestApp::start(&db).await;
        let mut office = Office::open(&app, &db).await;
        let (half, whole) = (office.owing().await, office.owing().await);
        let waiver = office.waived(&half, "half").await;
        for (owing, owed) in [(&half, HALF), (&whole, FEE)] {
            let payment = office.opens(owing).await;
            let page = payment["redirect_url"].as_str().unwrap();
            app.at_gateway(page, "card", "number=4111111111111111").await;
            ask_for_another_sum(&db.db, &owing.invoice, owed + 1_000).await;
            app.at_gateway(page, "3ds", "result=ok").await;
            let came = async || office.books(owing).await.payments[0].captured.amount() == owed;
            app.until("the money is here", came).await;
            assert_eq!(office.stands(owing).await, ("pending".to_owned(), owed));
            office.sends_back(owing, owed).await;
            assert_eq!(office.stands(owing).await, ("unpaid".to_owned(), owed));
        }
        app.advance(SignedDuration::from_hours(24 * 31)).await;
        for _ in 0..2 {
            app.advance(SignedDuration::from_hours(24)).await;
            app.drain().await;
        }
        office.sign_in_again().await;
        assert_eq!(office.waiver(&waiver).await["state"], "expired");
        assert_eq!(office.stands(&half).await, ("unpaid".to_owned(), FEE));
        let arrears = app.get(&office.accountant, &format!("/v1/tenants/{AOMORI}/arrears")).await.expect(200);
        let late = |owing: &Owing| arrears["items"].as_array().unwrap().iter().any(|it| it["invoice"] == *owing.invoice);
        assert!(late(&whole), "{arrears}");
    }
);

on_both_databases!(
    /// the proof is over what was paid, whatever was waived before and after.
    the_receipt_of_what_was_paid_is_found_after_two_waivers,
    async |db: TestDb| {
        let app = TestApp::start(&db).await;
        let office = Office::open(&app, &db).await;
        let owing = office.owing().await;
        office.waived(&owing, "half").await;
        office.pays(&owing).await;
        let before = app.get(&office.business, &owing.path("/receipt")).await.expect(200);
        assert_eq!(before["total"], HALF);
        let asked = office.ask(&office.business, &owing, "special").await.expect(201);
        let grant = json!({ "decision": "grant", "amount": 5_000, "reasons": ["罹災証明書を確認した"] });
        office.draft(&owing, &asked, grant).await.expect(201);
        office.seal(&office.manager, &owing).await.expect(200);
        office.seal(&office.chief, &owing).await.expect(200);
        assert_eq!(office.stands(&owing).await, ("overpaid".to_owned(), HALF - 5_000));
        let after = app.get(&office.business, &owing.path("/receipt")).await.expect(200);
        assert_eq!((&after["id"], &after["total"]), (&before["id"], &json!(HALF)));
    }
);

/// The body's file with a notice after a disaster in 弘前市.
fn with_notice() -> String {
    let file = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("config/tenants/020001.yaml");
    let notice = "disaster_notices:\n  - { code: ooame, label: { ja: 大雨災害, en: Heavy rain }, notice: 告示第1号, \
        effect: { kind: not_collected }, municipalities: [\"022021\"], procedures: [\"*\"], \
        status: { ja: 罹災証明書, en: Certificate }, use: automatic, valid_from: 2026-03-01, valid_to: 2026-04-01, \
        source: 試験用, sample: true }\n";
    let text = std::fs::read_to_string(file).unwrap();
    let changed = text.replace("disaster_notices: []\n", notice);
    assert_ne!(text, changed);
    changed
}

on_both_databases!(
    /// fees × region × status for a time; the quote says so, and the request opens itself.
    r64_a_notice_after_a_disaster_opens_the_request_where_and_while_it_holds,
    async |db: TestDb| {
        let app = TestApp::start_offering(&db, "tenants/020001.yaml", &with_notice()).await;
        let mut office = Office::open(&app, &db).await;
        let mut form = app.example(AOMORI, RENEWAL).await["form"].clone();
        assert_ne!(form["address"]["municipality"], "022021", "the example lies elsewhere");
        let quote = format!("/v1/tenants/{AOMORI}/procedures/{RENEWAL}/quote");
        let quoted = async |form: &Value| {
            let asked = json!({ "form": form });
            app.call(reqwest::Method::POST, &quote, None, &[], Some(asked)).await.expect(200)
        };
        assert_eq!(quoted(&form).await["waivers"], json!([]));
        let submitted = app.submitted(&office.business, AOMORI, RENEWAL).await;
        let spared = submitted["invoice"]["id"].as_str().unwrap();
        let spared = format!("/v1/tenants/{AOMORI}/invoices/{spared}/waivers");
        form["offices"][0]["municipality"] = json!("022021");
        let offered = quoted(&form).await["waivers"][0].clone();
        assert_eq!((&offered["code"], &offered["remaining"]), (&json!("ooame"), &json!(0)));

        let hit = async |office: &Office<'_>| {
            let id = app.draft(&office.business, AOMORI, RENEWAL).await;
            let case = format!("/v1/tenants/{AOMORI}/applications/{id}");
            let version = app.get(&office.business, &case).await.etag();
            let key = new_key();
            let headers = [("idempotency-key", key.as_str()), ("if-match", version.as_str())];
            let edit = Some(json!({ "form": form }));
            app.call(reqwest::Method::PATCH, &case, Some(&office.business), &headers, edit).await.expect(200);
            let submitted = app.post(&office.business, &format!("{case}/submit"), json!({})).await.expect(200);
            office::Owing { case, invoice: submitted["invoice"]["id"].as_str().unwrap().to_owned() }
        };
        let owing = hit(&office).await;
        let none = app.get(&office.business, &spared).await.expect(200);
        assert_eq!(none["items"], json!([]));
        let list = app.get(&office.business, &owing.path("/waivers")).await.expect(200);
        let opened = list["items"][0].clone();
        assert_eq!((&opened["filed_by"], &opened["ground"]["basis"]), (&json!("notice"), &json!("告示第1号")));
        let grant = json!({ "decision": "grant", "reasons": ["罹災証明書を確認した"] });
        office.draft(&owing, &opened, grant).await.expect(201);
        office.seal(&office.manager, &owing).await.expect(200);
        office.seal(&office.chief, &owing).await.expect(200);
        let shown = app.get(&office.business, &owing.path("")).await.expect(200);
        assert_eq!((&shown["state"], &shown["owed"]), (&json!("waived"), &json!(0)));

        app.advance(SignedDuration::from_hours(24)).await;
        office.sign_in_again().await;
        let late = hit(&office).await;
        let list = app.get(&office.business, &late.path("/waivers")).await.expect(200);
        assert_eq!(list["items"], json!([]), "the notice holds no more");
        assert_eq!(office.ask(&office.business, &late, "ooame").await.problem(), "422 validation_failed");
    }
);

on_both_databases!(
    who_opened_a_request_takes_it_back_and_an_ended_case_takes_all_back,
    async |db: TestDb| {
        let app = TestApp::start(&db).await;
        let office = Office::open(&app, &db).await;
        let owing = office.owing().await;
        let back = |waiver: &Value| {
            format!("/v1/tenants/{AOMORI}/waivers/{}/withdraw", waiver["id"].as_str().unwrap())
        };
        let own = office.ask(&office.business, &owing, "half").await.expect(201);
        assert_eq!(app.post(&office.clerk, &back(&own), json!({})).await.problem(), "403 forbidden");
        assert_eq!(
            app.post(&office.business, &back(&own), json!({})).await.expect(200)["state"],
            "withdrawn"
        );
        let filed = office.ask(&office.clerk, &owing, "half").await.expect(201);
        assert_eq!(filed["filed_by"], "officer");
        assert_eq!(app.post(&office.clerk, &back(&filed), json!({})).await.expect(200)["state"], "withdrawn");
        let foreign = json!({ "ground": "half", "statement": " \n", "attachments": [owing.invoice] });
        let faults = app.post(&office.business, &owing.path("/waivers"), foreign).await.expect(422);
        let pointers: Vec<_> =
            faults["errors"].as_array().unwrap().iter().map(|it| it["pointer"].clone()).collect();
        assert_eq!(pointers, ["/statement", "/attachments/0"]);
        office.waived(&owing, "half").await;
        let open = office.ask(&office.business, &owing, "hardship").await.expect(201);
        app.post(&office.business, &format!("{}/withdraw", owing.case), json!({})).await.expect(200);
        assert_eq!(office.waiver(&open).await["state"], "withdrawn");
        let books = office.books(&owing).await;
        assert_eq!(
            (books.invoice.state.as_str(), balances(&books.entries)[&Account::Receivable]),
            ("canceled", 0)
        );
        assert_eq!(office.ask(&office.business, &owing, "half").await.problem(), "409 wrong_state");
    }
);

on_both_databases!(
    money_at_the_counter_is_what_is_owed_and_stays_once_a_part_went_back,
    async |db: TestDb| {
        let app = TestApp::start(&db).await;
        let office = Office::open(&app, &db).await;
        let cash = |amount: i64| json!({ "means": "cash", "amount": amount, "received_on": "2026-04-01" });
        let before = office.owing().await;
        office.waived(&before, "half").await;
        let path = before.path("/counter-payments");
        assert_eq!(app.post(&office.clerk, &path, cash(FEE)).await.problem(), "422 validation_failed");
        app.post(&office.clerk, &path, cash(HALF)).await.expect(201);
        assert_eq!(office.stands(&before).await, ("paid".to_owned(), HALF));

        let after = office.owing().await;
        let entry = app.post(&office.clerk, &after.path("/counter-payments"), cash(FEE)).await.expect(201);
        office.waived(&after, "half").await;
        assert_eq!(office.stands(&after).await, ("overpaid".to_owned(), HALF));
        let reverse =
            format!("/v1/tenants/{AOMORI}/counter-payments/{}/reverse", entry["id"].as_str().unwrap());
        let reason = json!({ "reason": "誤入力" });
        assert_eq!(app.post(&office.chief, &reverse, reason).await.problem(), "409 entry_not_reversible");
        assert_eq!(office.proposals().await, [(after.invoice.clone(), HALF, "overpaid".to_owned())]);
        let of_lines = json!({ "amount": FEE, "reason": "assessment_error", "refund_amount_available": FEE });
        let of_lines = app.post(&office.accountant, &after.path("/refunds"), of_lines).await;
        assert_eq!(of_lines.problem(), "422 validation_failed", "a line gives no more than is left of it");
    }
);
