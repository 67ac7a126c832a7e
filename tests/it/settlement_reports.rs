//! Payouts as the gateways' interfaces give them: fetched, taken in as an upload is, and every fault of a report (F34–F37).

use jiff::SignedDuration;
use jiff::civil::date;
use madoguchi::service::reconciliation::run;
use serde_json::{Value, json};

use self::counting::Counting;
use crate::reconciliation::office::Office;
use crate::refunds::desk::FEE;
use crate::support::db::TestDb;
use crate::support::repeat::everything_again;

/// Runs a scene at each gateway whose interface gives payouts, each time on both databases.
macro_rules! at_each_gateway {
    ($(#[$meta:meta])* $name:ident, $scene:expr) => {
        $(#[$meta])*
        mod $name {
            use super::*;

            on_both_databases!(komoju, async |db: TestDb| ($scene)(db, "komoju").await);
            on_both_databases!(stripe, async |db: TestDb| ($scene)(db, "stripe").await);
        }
    };
}

mod counting;
mod troubles;

/// Half a day: the next look at the payouts.
const NEXT_LOOK: SignedDuration = SignedDuration::from_hours(12);

at_each_gateway!(
    r78_a_payout_is_fetched_after_the_cut_off_and_booked_as_an_uploaded_one_is,
    async |db: TestDb, gateway: &'static str| {
        let app = Counting::start(&db, gateway).await;
        let mut counting = Counting::open(&app, &db, gateway).await;
        let paid = counting.paid_cards(3).await;
        counting.of(&paid[0]).refunded(5_000, FEE).await;
        app.drain().await;
        counting.bank_pulls_back(&paid[2]).await;
        app.drain().await;
        assert_eq!(counting.settlements().await, Vec::<Value>::new(), "the day has not ended");
        counting.next_day().await;
        let batch = counting.only_batch().await;
        let settlement = counting.only().await;
        assert_eq!(settlement["gateway"], gateway);
        let shown = counting.shown(&settlement).await;
        let lines = shown["lines"].as_array().unwrap();
        let net: i64 = lines.iter().map(|line| line["net"].as_i64().unwrap()).sum();
        assert_eq!((shown["net"].as_i64().unwrap(), net), (batch.paid_out, batch.paid_out), "{gateway}");
        let kinds: Vec<&str> = lines.iter().map(|line| line["kind"].as_str().unwrap()).collect();
        let expected = ["capture", "capture", "capture", "refund", "chargeback", "fee"];
        assert_eq!(kinds, expected[..kinds.len()], "KOMOJU's transfer costs something");
        assert!(lines.iter().filter(|line| line["kind"] != "fee").all(|line| !line["payment"].is_null()));
        assert_eq!(counting.kinds().await, Vec::<String>::new(), "{gateway}");

        let before = (counting.settlements().await, counting.lines().await);
        everything_again(&db.db, async || assert!(app.drain().await > 0)).await;
        app.advance(NEXT_LOOK).await;
        app.drain().await;
        assert_eq!((counting.settlements().await, counting.lines().await), before, "{gateway}");
        counting.arrived(&settlement).await;
        assert_eq!(counting.shown(&settlement).await["state"], "settled");
        let books = counting.of(&paid[1]).books().await;
        assert_eq!(
            (books.invoice.state.as_str(), books.invoice.paid_on.unwrap().0),
            ("paid", date(2026, 4, 1))
        );
        assert_eq!(counting.kinds().await, Vec::<String>::new());
        let in_clear =
            "(SELECT COUNT(*) FROM settlement_sources WHERE sealed_file IS NULL OR origin <> 'api')";
        assert_eq!(db.count(in_clear).await, 0, "the raw file is kept, sealed");
    }
);

on_both_databases!(
    /// An accountant and the interface name the lines differently, whoever comes first.
    a_payout_that_was_uploaded_by_hand_and_is_fetched_is_one_payout,
    async |db: TestDb| {
        let app = Counting::start(&db, "komoju").await;
        let mut counting = Counting::open(&app, &db, "komoju").await;
        let paid = counting.paid_cards(2).await;
        counting.of(&paid[0]).refunded(5_000, FEE).await;
        app.drain().await;
        counting.end_the_day().await;
        let first = counting.only_batch().await;
        let made = counting.upload(&first).await;
        app.drain().await;
        assert_eq!(counting.settlements().await.len(), 1);
        let reports = "(SELECT COUNT(*) FROM settlement_sources)";
        assert_eq!(db.count(reports).await, 2, "it was fetched, too");
        let shown = counting.shown(&made).await;
        assert_eq!((&shown["line_count"], counting.lines().await), (&json!(4), 4));
        assert!(shown["payout_on"].is_string(), "the interface knew the day");

        counting.paid_cards(1).await;
        counting.next_day().await;
        let second = counting.batches().await.into_iter().find(|batch| batch.id != first.id).unwrap();
        assert_eq!(counting.settlements().await.len(), 2);
        counting.upload(&second).await;
        app.drain().await;
        assert_eq!((counting.settlements().await.len(), counting.lines().await), (2, 6));
        assert_eq!(counting.kinds().await, Vec::<String>::new());
        everything_again(&db.db, async || assert!(app.drain().await > 0)).await;
        assert_eq!((counting.settlements().await.len(), counting.lines().await), (2, 6));
        assert_eq!(counting.kinds().await, Vec::<String>::new());
    }
);

at_each_gateway!(
    f34_a_line_that_a_report_lacks_is_an_exception_and_is_added_when_it_comes,
    async |db: TestDb, gateway: &'static str| {
        let app = Counting::start(&db, gateway).await;
        let mut counting = Counting::open(&app, &db, gateway).await;
        let paid = counting.paid_cards(2).await;
        app.fault(json!({ "match": { "op": "get_report" }, "fault": "F34" })).await;
        counting.next_day().await;
        let short = counting.lines().await;
        let settlement = counting.only().await;
        assert!(counting.kinds().await.contains(&"amount_mismatch".to_owned()), "{gateway}");
        app.advance(NEXT_LOOK).await;
        app.drain().await;
        assert_eq!(counting.lines().await, short + 1, "{gateway}");
        counting.arrived(&settlement).await;
        assert_eq!(counting.shown(&settlement).await["state"], "settled");
        for invoice in &paid {
            assert_eq!(counting.of(invoice).books().await.invoice.state, "paid");
        }
    }
);

on_both_databases!(
    /// 2026-04-08 is the fifth day on which the body is open after 2026-04-01.
    f34_money_that_is_settled_in_no_payout_is_overdue_after_the_agreed_days,
    async |db: TestDb| {
        let app = Counting::start_settling_within(&db, "stripe", 5).await;
        let mut counting = Counting::open(&app, &db, "stripe").await;
        let paid = counting.paid_cards(2).await;
        let payment = counting.of(&paid[0]).books().await.payment().clone();
        let on = json!({ "op": "settle", "payment": payment.merchant_reference });
        app.fault(json!({ "match": on, "fault": "F34" })).await;
        counting.next_day().await;
        assert_eq!(counting.lines().await, 1);
        assert_eq!(counting.kinds().await, Vec::<String>::new(), "nobody knows yet");
        let tenant = Office::tenant();
        let in_time = run(&app.core, &tenant, date(2026, 4, 8)).await.unwrap();
        assert_eq!(in_time.findings.get("overdue_settlement"), None, "{in_time:?}");
        // The payout itself has not reached the bank either.
        for raised in [3, 0] {
            let late = run(&app.core, &tenant, date(2026, 4, 9)).await.unwrap();
            assert_eq!((late.findings.get("overdue_settlement"), late.raised), (Some(&2), raised), "{late:?}");
        }
        // What is in no payout, and the payout that names the other one and is not here.
        let subjects = counting.subjects("overdue_settlement").await;
        assert!(subjects.contains(&format!("payment:{}", payment.id)), "{subjects:?}");
        assert_eq!(subjects.iter().filter(|subject| subject.starts_with("settlement:")).count(), 1);
    }
);

at_each_gateway!(
    f35_a_line_that_stands_twice_is_an_exception_and_is_not_booked,
    async |db: TestDb, gateway: &'static str| {
        let app = Counting::start(&db, gateway).await;
        let mut counting = Counting::open(&app, &db, gateway).await;
        counting.paid_cards(2).await;
        app.fault(json!({ "match": { "op": "get_report" }, "fault": "F35" })).await;
        counting.next_day().await;
        let settlement = counting.only().await;
        let kinds = counting.kinds().await;
        let count = |kind: &str| kinds.iter().filter(|found| *found == kind).count();
        assert_eq!((count("duplicate_line"), count("amount_mismatch")), (1, 1), "{gateway} {kinds:?}");
        let shown = counting.shown(&settlement).await;
        let doubled = |line: &&Value| line["line_key"].as_str().unwrap().ends_with(":2");
        let twice: Vec<&Value> = shown["lines"].as_array().unwrap().iter().filter(doubled).collect();
        assert_eq!((twice.len(), &twice[0]["payment"]), (1, &Value::Null), "{gateway}");
        everything_again(&db.db, async || assert!(app.drain().await > 0)).await;
        // Stripe states no sums of its own, so its second report has another head than the first.
        let mut expected = kinds.clone();
        expected.extend((gateway == "stripe").then(|| "batch_reissued".to_owned()));
        expected.sort_unstable();
        assert_eq!(counting.kinds().await, expected, "raised once however often it is found");
    }
);

at_each_gateway!(
    f36_a_fee_that_does_not_add_up_is_an_exception_and_a_line_is_never_changed,
    async |db: TestDb, gateway: &'static str| {
        let app = Counting::start(&db, gateway).await;
        let mut counting = Counting::open(&app, &db, gateway).await;
        counting.paid_cards(2).await;
        app.fault(json!({ "match": { "op": "get_report" }, "fault": "F36" })).await;
        counting.next_day().await;
        let settlement = counting.only().await;
        let before = counting.shown(&settlement).await["lines"].clone();
        let kinds = counting.kinds().await;
        assert!(!kinds.is_empty() && kinds.iter().all(|kind| kind == "fee_mismatch"), "{gateway} {kinds:?}");
        let waits = |line: &&Value| line["kind"] == "capture" && line["payment"].is_null();
        assert_eq!(before.as_array().unwrap().iter().filter(waits).count(), 1);
        app.advance(NEXT_LOOK).await;
        app.drain().await;
        assert_eq!(counting.shown(&settlement).await["lines"], before, "{gateway}");
        assert!(counting.kinds().await.contains(&"batch_reissued".to_owned()), "{gateway}");
    }
);

at_each_gateway!(
    f37_a_payout_that_is_issued_anew_grows_until_its_money_arrived_and_differs_afterwards,
    async |db: TestDb, gateway: &'static str| {
        let app = Counting::start(&db, gateway).await;
        let mut counting = Counting::open(&app, &db, gateway).await;
        counting.paid_cards(2).await;
        counting.next_day().await;
        let settlement = counting.only().await;
        let (net, lines) = (settlement["net"].as_i64().unwrap(), counting.lines().await);
        let reissue = || json!({ "match": { "op": "get_settlement" }, "fault": "F37", "args": { "report": "reissued" } });
        app.fault(reissue()).await;
        app.advance(NEXT_LOOK).await;
        app.drain().await;
        assert_eq!(counting.only().await["net"], json!(net - 100), "{gateway}");
        assert_eq!(counting.lines().await, lines + 1);
        assert_eq!(counting.kinds().await, Vec::<String>::new(), "{gateway}");

        counting.arrived(&settlement).await;
        let kinds = counting.kinds().await;
        assert_eq!(kinds, ["unexplained_line"], "a correction is a person's matter");
        app.fault(reissue()).await;
        app.advance(NEXT_LOOK).await;
        app.drain().await;
        assert_eq!(
            (counting.only().await["net"].clone(), counting.lines().await),
            (json!(net - 100), lines + 1)
        );
        assert_eq!(counting.kinds().await, ["batch_reissued", "unexplained_line"], "{gateway}");
        everything_again(&db.db, async || assert!(app.drain().await > 0)).await;
        assert_eq!(counting.lines().await, lines + 1);
    }
);
