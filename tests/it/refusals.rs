//! Refusing what was applied for: it never waits for money, and leaves no claim of what is not granted.

use jiff::SignedDuration;
use madoguchi::domain::ledger::balances;
use serde_json::{Value, json};

use crate::fee_timing::Counter;
use crate::support::app::{AFTER_REVIEW, Answer, TestApp};
use crate::support::db::TestDb;
use crate::waivers::office::{Office, Owing};

/// Takes the case up and drafts its refusal; gives it back as the chief finds it.
async fn refusing(office: &Office<'_>, owing: &Owing) {
    let case = &owing.case;
    office.app.post(&office.clerk, &format!("{case}/claim"), json!({})).await.expect(200);
    let version = office.app.get(&office.clerk, case).await.etag();
    let reason = json!({ "fact": "手数料が納付されない", "clause": "第3条", "criterion": "審査基準第3" });
    let refuse = json!({ "decision": "refuse", "reasons": [reason], "conditions": [] });
    office.app.post_if(&office.clerk, &format!("{case}/proposal"), &version, refuse).await.expect(201);
}

async fn seal(office: &Office<'_>, owing: &Owing) -> Answer {
    let version = office.app.get(&office.chief, &owing.case).await.etag();
    let path = format!("{}/approval/approve", owing.case);
    office.app.post_if(&office.chief, &path, &version, json!({})).await
}

on_both_databases!(
    /// an unpaid fee is a defect of the form; who never pays is refused, and only a grant waits for the money.
    r68_who_never_pays_is_refused_and_owes_nothing_for_it,
    async |db: TestDb| {
        let app = TestApp::start(&db).await;
        let office = Office::open(&app, &db).await;
        let owing = office.owing().await;
        refusing(&office, &owing).await;
        let looked = app.get(&office.chief, &format!("{}/proposal", owing.case)).await.expect(200);
        assert_eq!(looked["issue"]["missing"], json!([]), "nothing stands against it: {looked}");
        assert_eq!(seal(&office, &owing).await.expect(200)["application_state"], "decided");

        let decision = app.get(&office.business, &format!("{}/decision", owing.case)).await.expect(200);
        assert_eq!((&decision["decision"], &decision["fee"]), (&json!("refuse"), &json!("nothing_owed")));
        assert_eq!(decision["invoice"], Value::Null);
        let books = office.books(&owing).await;
        assert_eq!(books.invoice.state, "canceled");
        let left = balances(&books.entries);
        assert!(left.values().all(|balance| *balance == 0), "R-87: booked back: {left:?}");
        let paying = app.post(&office.business, &owing.path("/payments"), json!({ "method": "card" })).await;
        assert_eq!(paying.problem(), "409 invoice_not_payable");
    }
);

on_both_databases!(
    /// what was paid for the examination is not given back with a refusal.
    r97_a_refusal_keeps_the_fee_that_was_paid_for_the_examination,
    async |db: TestDb| {
        let app = TestApp::start(&db).await;
        let office = Office::open(&app, &db).await;
        let owing = office.owing().await;
        office.pays(&owing).await;
        refusing(&office, &owing).await;
        seal(&office, &owing).await.expect(200);
        assert_eq!(office.books(&owing).await.invoice.state, "entrusted");
    }
);

on_both_databases!(
    /// money that is on its way meets a claim that stands: the refusal waits until the attempt is over.
    r87_a_refusal_waits_for_a_payment_that_is_under_way,
    async |db: TestDb| {
        let app = TestApp::start(&db).await;
        let office = Office::open(&app, &db).await;
        let owing = office.owing().await;
        let payment = office.opens(&owing).await;
        refusing(&office, &owing).await;
        assert_eq!(seal(&office, &owing).await.problem(), "409 payment_in_progress");
        let cancel = format!("/v1/tenants/020001/payments/{}/cancel", payment["id"].as_str().unwrap());
        app.post(&office.business, &cancel, json!({})).await.expect(200);
        seal(&office, &owing).await.expect(200);
        assert_eq!(office.books(&owing).await.invoice.state, "canceled");
    }
);

on_both_databases!(
    /// what was asked about a fee ends with its claim; nobody finds it on a desk.
    r63_a_waiver_of_what_a_refusal_cancels_ends_with_it,
    async |db: TestDb| {
        let app = TestApp::start(&db).await;
        let mut office = Office::open(&app, &db).await;
        let owing = office.owing().await;
        let waiver = office.nearly(&owing, "half").await;
        refusing(&office, &owing).await;
        seal(&office, &owing).await.expect(200);
        assert_eq!(office.waiver(&waiver).await["state"], "withdrawn");
        let waiting = app.get(&office.chief, "/v1/me/approvals").await.expect(200);
        assert_eq!(waiting["items"], json!([]));
        assert_eq!(db.count("(SELECT COUNT(*) FROM proposals WHERE state = 'in_approval')").await, 0);

        app.post_letters(&office.clerk, &owing.case).await;
        for _ in 0..3 {
            app.advance(SignedDuration::from_hours(24)).await;
            app.drain().await;
        }
        office.sign_in_again().await;
        let closed = app.get(&office.business, &owing.case).await.expect(200);
        assert_eq!(closed["state"], "closed", "and the case comes to its end");
    }
);

on_both_databases!(
    /// a refusal on the merits needs no fee to be fixed first.
    r3_what_is_refused_needs_no_assessment,
    async |db: TestDb| {
        let counter = Counter::open(&db).await;
        let case = counter.claimed(AFTER_REVIEW).await;
        counter.propose(&case, "refuse").await;
        assert_eq!(counter.seal(&case).await, "decided");
        assert_eq!(db.count("(SELECT COUNT(*) FROM invoices)").await, 0);
        // Nor does it need one that was fixed to be paid.
        let case = counter.claimed(AFTER_REVIEW).await;
        counter.fix(&case, 3, false).await.expect(201);
        counter.propose(&case, "refuse").await;
        assert_eq!(counter.seal(&case).await, "decided");
        assert_eq!(db.count("(SELECT COUNT(*) FROM invoices WHERE state = 'canceled')").await, 1);
    }
);
