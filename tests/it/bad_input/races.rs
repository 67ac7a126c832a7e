//! The same request many times at once, and different ones that cannot both be right.

use madoguchi::domain::policy::Role;
use serde_json::{Value, json};

use super::{CASES, PROCEDURE, post_with_key};
use crate::policy_coverage::world::DEPARTMENT;
use crate::support::app::{AOMORI, Answer, Person, TestApp};
use crate::support::db::TestDb;
use crate::support::traces::{rounds, traces};

const COPIES: usize = 64;

/// Sends the same request many times at once.
async fn copies(app: &TestApp, who: &Person, path: &str, key: &str, body: &Value) -> Vec<Answer> {
    let one = || post_with_key(app, who, path, key, body.clone());
    futures_util::future::join_all((0..COPIES).map(|_| one())).await
}

/// All answers are one and the same, and exactly one of them is not marked as a repeat.
fn assert_one_effect(answers: &[Answer], status: u16) {
    let first = &answers[0];
    assert_eq!(first.status, status, "{}", first.body);
    for answer in answers {
        assert_eq!((answer.status, &answer.body, answer.etag()), (first.status, &first.body, first.etag()));
    }
    let fresh = answers.iter().filter(|answer| !answer.headers.contains_key("idempotency-replayed"));
    assert_eq!(fresh.count(), 1, "one made it, the others were told of it");
}

/// What grew between two counts.
fn grown(before: &[(&'static str, i64)], after: &[(&'static str, i64)]) -> Vec<(&'static str, i64)> {
    let pairs = before.iter().zip(after);
    pairs.filter(|(old, new)| old != new).map(|(old, new)| (old.0, new.1 - old.1)).collect()
}

on_both_databases!(sixty_four_copies_of_one_request_have_one_effect, async |db: TestDb| {
    let app = TestApp::start(&db).await;
    let business = app.register("business@example.jp", "business").await;
    for round in 0..rounds(1) {
        let before = traces(&db).await;
        let draft = json!({ "procedure": PROCEDURE, "form": {} });
        let answers = copies(&app, &business, CASES, &format!("draft-{round}"), &draft).await;
        assert_one_effect(&answers, 201);
        let after = traces(&db).await;
        assert_eq!(grown(&before, &after), [("applications", 1), ("versions", 1), ("keys", 1)]);

        let id = app.draft(&business, AOMORI, PROCEDURE).await;
        let before = traces(&db).await;
        let submit = format!("{CASES}/{id}/submit");
        let answers = copies(&app, &business, &submit, &format!("submit-{round}"), &json!({})).await;
        assert_one_effect(&answers, 200);
        let after = traces(&db).await;
        let made: Vec<_> = grown(&before, &after)
            .into_iter()
            .filter(|(name, _)| ["arrivals", "events", "invoices", "keys"].contains(name))
            .collect();
        assert_eq!(made, [("arrivals", 1), ("events", 1), ("invoices", 1), ("keys", 1)]);

        let invoice = answers[0].body["invoice"]["id"].as_str().unwrap();
        let pay = format!("/v1/tenants/020001/invoices/{invoice}/payments");
        let before = traces(&db).await;
        let wanted = json!({ "method": "nanaco" });
        let answers = copies(&app, &business, &pay, &format!("pay-{round}"), &wanted).await;
        assert_one_effect(&answers, 201);
        assert_eq!(answers[0].body["state"], "requires_action");
        let after = traces(&db).await;
        let made: Vec<_> = grown(&before, &after)
            .into_iter()
            .filter(|(name, _)| ["payments", "operations", "keys"].contains(name))
            .collect();
        assert_eq!(made, [("payments", 1), ("operations", 1), ("keys", 1)]);
        let reference = format!("{AOMORI}-{}", answers[0].body["id"].as_str().unwrap().replace('-', ""));
        assert!(!app.truth(&reference).await.is_null(), "the gateway knows of one checkout");
    }
});

on_both_databases!(two_payments_of_one_invoice_at_once_make_one, async |db: TestDb| {
    let app = TestApp::start(&db).await;
    let business = app.register("business@example.jp", "business").await;
    for _ in 0..rounds(3) {
        let submitted = app.submitted(&business, AOMORI, PROCEDURE).await;
        let invoice = submitted["invoice"]["id"].as_str().unwrap();
        let pay = format!("/v1/tenants/020001/invoices/{invoice}/payments");
        let (one, other) = tokio::join!(
            app.post(&business, &pay, json!({ "method": "card" })),
            app.post(&business, &pay, json!({ "method": "nanaco" }))
        );
        let (won, lost) = if one.status == 201 { (one, other) } else { (other, one) };
        assert_eq!((won.status.as_u16(), lost.problem().as_str()), (201, "409 payment_in_progress"));
    }
    let made = db.count("(SELECT COUNT(*) FROM payments)").await;
    assert_eq!(made, i64::try_from(rounds(3)).unwrap());
});

on_both_databases!(two_clerks_who_claim_at_once_get_one_winner, async |db: TestDb| {
    let app = TestApp::start(&db).await;
    let business = app.register("business@example.jp", "business").await;
    let clerk = app.officer(AOMORI, DEPARTMENT, Role::Clerk, "clerk@example.jp").await;
    let colleague = app.officer(AOMORI, DEPARTMENT, Role::Clerk, "colleague@example.jp").await;
    for _ in 0..rounds(3) {
        let id = app.submitted(&business, AOMORI, PROCEDURE).await["id"].as_str().unwrap().to_owned();
        let claim = format!("{CASES}/{id}/claim");
        let (one, other) =
            tokio::join!(app.post(&clerk, &claim, json!({})), app.post(&colleague, &claim, json!({})));
        let (won, lost) = if one.status == 200 { (one, other) } else { (other, one) };
        assert_eq!((won.status.as_u16(), lost.problem().as_str()), (200, "409 already_claimed"));
        let claims = "(SELECT MAX(n) FROM (SELECT COUNT(*) AS n FROM events WHERE kind = 'claimed' GROUP BY \
                      application_id) AS per_case)";
        assert_eq!(db.count(claims).await, 1);
    }
});
