//! What comes a second time: a payout under another name, a trouble that was answered, an answer that cannot be booked.

use futures_util::future::join;
use jiff::SignedDuration;
use madoguchi::domain::id::{PaymentId, TenantCode};
use madoguchi::domain::settlement::ExceptionKind;
use madoguchi::service::Failure;
use madoguchi::service::exceptions::{self, Subject};
use madoguchi::store::reconciliation_exceptions::Raised;
use serde_json::{Value, json};
use uuid::Uuid;

use super::{Office, held, line, reference, report};
use crate::refunds::desk::FEE;
use crate::support::app::{AOMORI, TestApp};
use crate::support::db::TestDb;
use crate::support::repeat::everything_again;
use crate::support::traces::traces;

const EXCEPTIONS: &str = "/v1/tenants/020001/reconciliation/exceptions";

/// Finds that the bank does not agree about a thing.
async fn raise(app: &TestApp, subject: &Subject, facts: Value) -> Raised {
    let (tenant, subject) = (TenantCode::parse(AOMORI).unwrap(), subject.clone());
    let raised = app.core.db.write_alone(vec![], move |tx| {
        exceptions::raise(tx, &tenant, ExceptionKind::BankMismatch, &subject, facts.clone())
    });
    raised.await.unwrap_or_else(|failure: Failure| panic!("{failure}"))
}

/// The exceptions of a kind, oldest first.
async fn listed(office: &Office<'_>, kind: &str) -> Vec<Value> {
    let list = office.desk.app.get(&office.second, &format!("{EXCEPTIONS}?kind={kind}")).await.expect(200);
    list["items"].as_array().unwrap().clone()
}

/// One proposes, the other agrees.
async fn answered(office: &Office<'_>, exception: &Value) {
    let (app, path) = (office.desk.app, format!("{EXCEPTIONS}/{}", exception["id"].as_str().unwrap()));
    let proposal = json!({ "resolution": "explained", "comment": "銀行に確認した" });
    app.post(&office.desk.accountant, &format!("{path}/resolution"), proposal).await.expect(200);
    app.post(&office.second, &format!("{path}/approve"), json!({})).await.expect(200);
}

on_both_databases!(
    /// F37: the agent's payout is one payout, whatever a file calls it and its lines; nothing of it counts twice.
    f37_the_same_payout_under_another_name_counts_once,
    async |db: TestDb| {
        let app = TestApp::start(&db).await;
        let office = Office::open(&app, &db).await;
        let paid = office.desk.paid("card").await;
        let reference = reference(&paid).await;
        let lines = [line("a", "capture", &reference, FEE, 440), line("b", "fee", "", 0, 300)];
        let first = office.upload(report("2026-04-A", &lines, 0)).await;
        assert_eq!(office.arrived(&first, "2026-04-01").await["state"], "settled");
        let before = (paid.books().await.standing(), held(&paid).await);
        let renamed = [line("2", "fee", "", 0, 300), line("1", "capture", &reference, FEE, 440)];
        for _ in 0..2 {
            let again = office.upload(report("april.csv", &renamed, 0)).await;
            assert_eq!((&again["id"], &again["batch_reference"]), (&first["id"], &json!("2026-04-A")));
        }
        assert_eq!(db.count("(SELECT COUNT(*) FROM settlements)").await, 1);
        assert_eq!(db.count("(SELECT COUNT(*) FROM settlement_lines)").await, 2);
        let told = listed(&office, "batch_reissued").await;
        assert_eq!((told.len(), &told[0]["facts"]["reported_as"]), (1, &json!("april.csv")));
        everything_again(&db.db, async || assert!(app.drain().await > 0)).await;
        assert_eq!((paid.books().await.standing(), held(&paid).await), before);

        // A fee of the same amount on the same day is no proof: it is another payout.
        let fee = [line("a", "fee", "", 0, 300)];
        for batch in ["fee-1", "fee-2"] {
            office.upload(report(batch, &fee, 0)).await;
        }
        assert_eq!(db.count("(SELECT COUNT(*) FROM settlements)").await, 3);
        // With one line more it is another payout, too, but the payment counts once.
        let more = [lines[0].clone(), line("c", "fee", "", 0, 1)];
        let other = office.upload(report("2026-04-B", &more, 0)).await;
        assert_eq!(office.shown(&other).await["lines"][0]["payment"], Value::Null);
        assert_eq!(listed(&office, "duplicate_line").await.len(), 1);
    }
);

on_both_databases!(
    an_answered_trouble_is_raised_again_only_where_it_has_changed_and_says_what_it_follows,
    async |db: TestDb| {
        let app = TestApp::start(&db).await;
        let office = Office::open(&app, &db).await;
        let credit = Subject::Other("bank_credit", "1".to_owned());
        let facts = |amount: i64| json!({ "rule": "a_credit_is_a_payout", "amount": amount });
        assert_eq!(raise(&app, &credit, facts(700)).await, Raised::New);
        for amount in [700, 800] {
            assert_eq!(raise(&app, &credit, facts(amount)).await, Raised::Known, "one waits");
        }
        let first = listed(&office, "bank_mismatch").await.remove(0);
        assert_eq!((&first["follows"], &first["facts"]["amount"]), (&Value::Null, &json!(700)));
        answered(&office, &first).await;
        let hint = json!({ "rule": "a_payout_is_a_credit", "amount": 700, "attempt": 2 });
        for same in [facts(700), hint] {
            assert_eq!(raise(&app, &credit, same).await, Raised::Known, "two people have answered it");
        }
        app.advance(SignedDuration::from_secs(1)).await;
        let both = join(raise(&app, &credit, facts(800)), raise(&app, &credit, facts(800))).await;
        assert!(matches!(both, (Raised::New, Raised::Known) | (Raised::Known, Raised::New)), "{both:?}");
        let all = listed(&office, "bank_mismatch").await;
        assert_eq!((all.len(), &all[1]["follows"], &all[1]["state"]), (2, &first["id"], &json!("open")));
        answered(&office, &all[1]).await;
        app.advance(SignedDuration::from_secs(1)).await;
        assert_eq!(raise(&app, &credit, facts(800)).await, Raised::Known);
        assert_eq!(raise(&app, &credit, facts(900)).await, Raised::New);
        assert_eq!(office.exceptions().await, 3);
    }
);

on_both_databases!(
    /// nothing is accepted for a payment that is not in the books; the proposal can be sent back and another one made.
    r77_an_approval_whose_payment_cannot_be_found_is_refused,
    async |db: TestDb| {
        let app = TestApp::start(&db).await;
        let office = Office::open(&app, &db).await;
        let nothing = Subject::Payment(PaymentId(Uuid::from_u128(7)));
        let tenant = TenantCode::parse(AOMORI).unwrap();
        let raised = app.core.db.write_alone(vec![], move |tx| {
            exceptions::raise(tx, &tenant, ExceptionKind::LateRemittance, &nothing, json!({}))
        });
        let raised: Result<Raised, Failure> = raised.await;
        assert_eq!(raised.unwrap(), Raised::New);
        let late = listed(&office, "late_remittance").await.remove(0);
        let path = format!("{EXCEPTIONS}/{}", late["id"].as_str().unwrap());
        let propose = async |resolution: &str| {
            let proposal = json!({ "resolution": resolution, "comment": "受託者に確認した" });
            app.post(&office.desk.accountant, &format!("{path}/resolution"), proposal).await.expect(200);
        };
        propose("accept_late").await;
        let before = traces(&db).await;
        let refused = app.post(&office.second, &format!("{path}/approve"), json!({})).await;
        assert_eq!(refused.problem(), "409 exception_without_payment");
        assert_eq!(traces(&db).await, before);
        assert_eq!(app.get(&office.second, &path).await.expect(200)["exception"]["state"], "proposed");
        app.post(&office.second, &format!("{path}/return"), json!({ "comment": "対象がない" })).await.expect(200);
        propose("claimed_from_agent").await;
        app.post(&office.second, &format!("{path}/approve"), json!({})).await.expect(200);
    }
);
