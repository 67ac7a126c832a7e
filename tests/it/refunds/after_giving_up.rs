//! A refund that was given up because it had not arrived for as long as it could, and that the gateway makes all the same.

use jiff::{SignedDuration, Timestamp};
use madoguchi::domain::id::{OperationId, TenantCode};
use madoguchi::domain::policy::Role;
use madoguchi::gateway::{CreateRefund, OpCtx};
use serde_json::json;

use super::desk::{Desk, FEE, Paid};
use crate::payment_faults::payer::notifications_arrive;
use crate::support::app::{AOMORI, TestApp};
use crate::support::db::TestDb;
use crate::support::repeat::everything_again;

const EXCEPTIONS: &str = "/v1/tenants/020001/reconciliation/exceptions";

/// The request is lost before it arrives, and nothing is heard of it until its key is forgotten.
async fn given_up(app: &TestApp, paid: &Paid<'_>) {
    let lost = json!({ "hold_ms": 0, "end": "drop" });
    app.fault(json!({ "match": { "op": "refund" }, "fault": "F01", "args": lost })).await;
    assert_eq!(paid.refunded(5_000, FEE).await["state"], "unknown");
    app.advance(SignedDuration::from_hours(25)).await;
    paid.heals_to("failed").await;
    assert_eq!(paid.rows().await[0].failure_code.as_deref(), Some("never_arrived"));
    assert_eq!(paid.booked().await, (FEE, 0, FEE), "nothing is owed any more");
}

/// The gateway sends so much back, whatever made it.
pub async fn gateway_sends_back(app: &TestApp, paid: &Paid<'_>, amount: i64, description: &str) {
    let payment = paid.books().await.payment().clone();
    let account = app.core.gateways.find(&TenantCode::parse(AOMORI).unwrap(), &payment.gateway).unwrap();
    let operation_id = OperationId(app.core.ids.uuid(Timestamp::UNIX_EPOCH));
    let wanted = CreateRefund {
        gateway_payment_id: payment.gateway_payment_id.unwrap(),
        amount: amount.try_into().unwrap(),
        description: description.to_owned(),
    };
    let request = account.adapter.prepare_refund(&operation_id.to_string(), &wanted).unwrap();
    let now = app.core.clock.now();
    account.send(&OpCtx { operation_id, attempt_no: 1, now, key_born_at: now }, &request).await;
    for _ in 0..4 {
        notifications_arrive(app).await;
        app.drain().await;
        app.advance(SignedDuration::from_mins(2)).await;
    }
}

async fn told(db: &TestDb) -> i64 {
    db.count("(SELECT COUNT(*) FROM payment_alerts WHERE code = 'returned_outside')").await
}

on_both_databases!(
    /// T-3, R-95: what left by a refund of ours is booked as that refund, once, and nobody is told of money that left by no hand of ours.
    t3_a_refund_that_is_made_after_it_was_given_up_stands_in_the_books_as_what_it_was_asked_for,
    async |db: TestDb| {
        let app = TestApp::start(&db).await;
        let desk = Desk::open(&app, &db).await;
        let paid = desk.paid("card").await;
        given_up(&app, &paid).await;
        let reference = paid.rows().await[0].reference();
        gateway_sends_back(&app, &paid, 5_000, &reference).await;
        for _ in 0..2 {
            assert_eq!(paid.states().await, ["succeeded"]);
            let standing = ("partially_refunded".to_owned(), "partially_refunded".to_owned(), 5_000);
            assert_eq!(paid.standing().await, standing);
            assert_eq!(paid.booked().await, (FEE - 5_000, 0, FEE - 5_000));
            assert_eq!((paid.truth().await, told(&db).await), (5_000, 0));
            everything_again(&db.db, async || {
                app.drain().await;
            })
            .await;
        }
    }
);

/// Two accountants agree that what the gateway sent back was a refund.
pub async fn booked_by_two(app: &TestApp, desk: &Desk<'_>) {
    let second = app.officer(AOMORI, "suito-kaikei-kanri", Role::Accountant, "second@example.jp").await;
    let open = format!("{EXCEPTIONS}?kind=status_mismatch&state=open");
    let listed = app.get(&desk.accountant, &open).await.expect(200);
    let found = listed["items"].as_array().unwrap();
    assert_eq!(found.len(), 1, "{listed}");
    let path = format!("{EXCEPTIONS}/{}", found[0]["id"].as_str().unwrap());
    let proposal = json!({ "resolution": "book_return", "comment": "管理画面で返金した" });
    app.post(&desk.accountant, &format!("{path}/resolution"), proposal).await.expect(200);
    let approve = format!("{path}/approve");
    assert_eq!(app.post(&desk.accountant, &approve, json!({})).await.problem(), "403 own_resolution");
    app.post(&second, &approve, json!({})).await.expect(200);
}

on_both_databases!(
    /// where others have been asked for since, it no longer fits: the books keep to what was decided, and people are told.
    r95_money_that_no_longer_fits_beside_what_was_decided_since_is_told_to_people,
    async |db: TestDb| {
        let app = TestApp::start(&db).await;
        let mut desk = Desk::open(&app, &db).await;
        let invoice = desk.paid("card").await.invoice;
        given_up(&app, &Paid::of(&desk, &invoice)).await;
        let reference = Paid::of(&desk, &invoice).rows().await[0].reference();
        desk.accountant = app.sign_in("kaikei@example.jp", &desk.accountant.id.clone()).await;
        let paid = Paid::of(&desk, &invoice);
        let asked = paid.ask(&desk.accountant, FEE, FEE).await.expect(201);
        gateway_sends_back(&app, &paid, 5_000, &reference).await;
        assert_eq!(paid.states().await, ["failed", "requested"]);
        assert_eq!(told(&db).await, 1);
        paid.decide(&desk.accountant, &asked, "withdraw").await.expect(200);
        booked_by_two(&app, &desk).await;
        assert_eq!(paid.states().await, ["failed", "withdrawn", "succeeded"]);
    }
);

on_both_databases!(
    /// R-95, T-3: what somebody sent back at the gateway's own desk becomes a refund once two accountants say that it was one.
    r95_what_was_sent_back_at_the_gateways_desk_is_booked_by_two_accountants,
    async |db: TestDb| {
        let app = TestApp::start(&db).await;
        let desk = Desk::open(&app, &db).await;
        let paid = desk.paid("card").await;
        gateway_sends_back(&app, &paid, 5_000, "管理画面からの返金").await;
        let standing = ("partially_refunded".to_owned(), "partially_refunded".to_owned(), 5_000);
        assert_eq!(paid.standing().await, standing, "the gateway's word counts at once");
        assert_eq!((paid.states().await.len(), told(&db).await), (0, 1));
        assert_eq!(paid.booked().await, (FEE, 0, FEE), "the books wait for two people");
        booked_by_two(&app, &desk).await;
        for _ in 0..2 {
            assert_eq!(paid.standing().await, standing);
            assert_eq!(paid.states().await, ["succeeded"]);
            assert_eq!(paid.booked().await, (FEE - 5_000, 0, FEE - 5_000));
            assert_eq!(paid.available().await, FEE - 5_000);
            everything_again(&db.db, async || {
                app.drain().await;
            })
            .await;
        }
    }
);
