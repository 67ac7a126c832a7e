//! Interest that was paid for a refund which came to nothing afterwards: it is not paid a second time, and the books know both.

use jiff::SignedDuration;
use madoguchi::domain::policy::Role;
use serde_json::{Value, json};

use super::desk::{Desk, FEE, Paid};
use super::interest::{PAYOUTS, booked, days, path, post, start_with};
use super::payouts::payee;
use crate::payment_faults::payer::notifications_arrive;
use crate::support::app::{AOMORI, Person, gateway_first};
use crate::support::db::TestDb;
use crate::support::repeat::everything_again;

/// What sixty days bear at the rates of the test, in yen.
const INTEREST: i64 = 1_900;

/// Makes a file of everything that is due; gives its path and what it comes to.
async fn export(desk: &Desk<'_>) -> (String, Value) {
    let made =
        desk.app.post(&desk.accountant, PAYOUTS, json!({ "transfer_on": "2026-06-10" })).await.expect(201);
    (format!("{PAYOUTS}/{}", made["id"].as_str().unwrap()), made["total"].clone())
}

async fn confirm(desk: &Desk<'_>, who: &Person, file: &str, returned: Value) {
    desk.app.post(who, &format!("{file}/confirm"), json!({ "returned": returned })).await.expect(200);
}

on_both_databases!(
    /// R-96, F28: the card's refund is done, its interest leaves by bank, and then the card's bank sends the refund back. What is given
    /// back by bank instead bears only what the first interest did not pay; 組戻し and 再振込 change nothing of that.
    r96_interest_that_was_paid_before_its_refund_failed_is_not_paid_again,
    async |db: TestDb| {
        let app = start_with(&db, |settings| gateway_first(settings, "stripe")).await;
        let mut desk = Desk::open(&app, &db).await;
        let invoice = desk.paid("card").await.invoice;
        days(&mut desk, 60).await;
        let second = app.officer(AOMORI, "suito-kaikei-kanri", Role::Accountant, "second@example.jp").await;
        let args = json!({ "delay_seconds": 40 });
        app.fault(json!({ "match": { "op": "refund" }, "fault": "F28", "args": args })).await;
        let paid = Paid::of(&desk, &invoice);
        let first = paid.refunded(FEE, FEE).await;
        assert_eq!((&first["state"], &first["interest_state"]), (&json!("succeeded"), &json!("due")));
        post(&desk, &desk.business, &first, "/payee", payee("クドウ タロウ")).await.expect(200);
        let (file, total) = export(&desk).await;
        assert_eq!(total, INTEREST);
        confirm(&desk, &second, &file, json!([])).await;
        assert_eq!((paid.available().await, booked(&paid).await), (0, (INTEREST, 0, INTEREST)));

        app.advance(SignedDuration::from_secs(60)).await;
        notifications_arrive(&app).await;
        app.drain().await;
        paid.heals_to("failed").await;
        let rows = paid.rows().await;
        assert_eq!(rows[0].interest_state.as_deref(), Some("paid"), "it has left and nobody calls it back");
        assert_eq!((paid.available().await, paid.truth().await), (FEE, 0), "the headroom is back");
        assert_eq!(booked(&paid).await, (INTEREST, 0, INTEREST));

        // A day later, so that one day more bears something.
        days(&mut desk, 1).await;
        let second = app.sign_in("second@example.jp", &second.id).await;
        let paid = Paid::of(&desk, &invoice);
        let by_bank = json!({ "amount": FEE, "refund_amount_available": FEE, "route": "bank_transfer" });
        let again = paid.ask_with(&desk.accountant, by_bank).await.expect(201);
        post(&desk, &desk.business, &again, "/payee", payee("クドウ タロウ")).await.expect(200);
        let approved = paid.decide(&desk.chief, &again, "approve").await.expect(200);
        assert_eq!((&approved["interest"], &approved["interest_state"]), (&json!(0), &Value::Null), "what was paid counts");
        let terms = app.get(&desk.business, &path(&again, "/interest")).await.expect(200)["terms"].clone();
        assert_eq!(terms["already_paid"], INTEREST, "{terms}");

        // The bank sends it back (組戻し), another account is given, and it leaves again (再振込).
        let (file, total) = export(&desk).await;
        assert_eq!(total, FEE);
        confirm(&desk, &second, &file, json!([again["id"]])).await;
        assert_eq!((paid.states().await, booked(&paid).await), (vec!["failed".to_owned(), "payout_due".to_owned()], (INTEREST, 0, INTEREST)));
        post(&desk, &desk.business, &again, "/payee", payee("ミウラ")).await.expect(200);
        let (file, total) = export(&desk).await;
        assert_eq!(total, FEE);
        confirm(&desk, &second, &file, json!([])).await;
        assert_eq!(paid.states().await, ["failed", "paid_out"]);
        assert_eq!((paid.available().await, booked(&paid).await), (0, (INTEREST, 0, FEE + INTEREST)));
        app.drain().await;
        let before = paid.books().await.standing();
        everything_again(&db.db, async || { app.drain().await; }).await;
        assert_eq!((paid.books().await.standing(), booked(&paid).await), (before, (INTEREST, 0, FEE + INTEREST)));
        assert_eq!(app.get(&desk.accountant, PAYOUTS).await.expect(200)["interest_due"], json!([]));
    }
);
