//! One sum at the counter for several invoices: all are paid or none, each with a payment and a receipt of its own.

use madoguchi::domain::policy::Role;
use serde_json::{Value, json};

use crate::policy_coverage::world::{DEPARTMENT, PROCEDURE};
use crate::support::app::{AOMORI, Answer, Person, TestApp};
use crate::support::db::TestDb;

const ENTRIES: &str = "/v1/tenants/020001/counter-payments";
const FEE: i64 = 22_000;

struct Hall<'a> {
    app: &'a TestApp,
    clerk: Person,
    /// The invoices, of two people.
    invoices: Vec<String>,
    payers: Vec<Person>,
}

impl<'a> Hall<'a> {
    async fn open(app: &'a TestApp) -> Self {
        let clerk = app.officer(AOMORI, DEPARTMENT, Role::Clerk, "clerk@example.jp").await;
        let mut payers = Vec::new();
        for name in ["one", "other"] {
            payers.push(app.register(&format!("{name}@example.jp"), "business").await);
        }
        let mut invoices = Vec::new();
        for payer in [&payers[0], &payers[0], &payers[1]] {
            let submitted = app.submitted(payer, AOMORI, PROCEDURE).await;
            invoices.push(submitted["invoice"]["id"].as_str().unwrap().to_owned());
        }
        Self { app, clerk, invoices, payers }
    }

    fn sum(&self, amount: i64) -> Value {
        json!({ "invoices": self.invoices, "means": "cash", "amount": amount, "received_on": "2026-04-01" })
    }

    async fn states(&self) -> Vec<String> {
        let mut states = Vec::new();
        for id in &self.invoices {
            let path = format!("/v1/tenants/{AOMORI}/invoices/{id}");
            let shown = self.app.get(&self.clerk, &path).await.expect(200);
            states.push(shown["state"].as_str().unwrap().to_owned());
        }
        states
    }
}

fn faults(answer: &Answer) -> Vec<(&str, &str)> {
    assert_eq!(answer.problem(), "422 validation_failed");
    let list = answer.body["errors"].as_array().unwrap();
    list.iter().map(|it| (it["pointer"].as_str().unwrap(), it["code"].as_str().unwrap())).collect()
}

on_both_databases!(one_sum_pays_the_invoices_of_several_people_at_once, async |db: TestDb| {
    let app = TestApp::start(&db).await;
    let hall = Hall::open(&app).await;
    let entered = app.post(&hall.clerk, ENTRIES, hall.sum(3 * FEE)).await.expect(201);
    let items = entered["items"].as_array().unwrap();
    let told: Vec<_> =
        items.iter().map(|it| (it["invoice"].as_str().unwrap(), it["amount"].as_i64().unwrap())).collect();
    let expected: Vec<_> = hall.invoices.iter().map(|id| (id.as_str(), FEE)).collect();
    assert_eq!(told, expected);
    assert_eq!(hall.states().await, ["paid", "paid", "paid"]);
    for (id, payer) in hall.invoices.iter().zip([0, 0, 1]) {
        let path = format!("/v1/tenants/{AOMORI}/invoices/{id}/receipt");
        let receipt = app.get(&hall.payers[payer], &path).await.expect(200);
        assert_eq!((&receipt["kind"], &receipt["total"]), (&json!("official_receipt"), &json!(FEE)));
    }
    let again = app.post(&hall.clerk, ENTRIES, hall.sum(3 * FEE)).await;
    assert_eq!(
        faults(&again),
        [
            ("/invoices/0", "invoice_not_payable"),
            ("/invoices/1", "invoice_not_payable"),
            ("/invoices/2", "invoice_not_payable")
        ]
    );
    // One of them was wrong: it alone is struck out, by somebody else.
    let other = app.officer(AOMORI, DEPARTMENT, Role::Clerk, "second@example.jp").await;
    let strike = format!("{ENTRIES}/{}/reverse", items[1]["id"].as_str().unwrap());
    app.post(&other, &strike, json!({ "reason": "別の申請の分を入力した。" })).await.expect(200);
    assert_eq!(hall.states().await, ["paid", "unpaid", "paid"]);
});

on_both_databases!(a_sum_that_cannot_pay_all_of_them_pays_none, async |db: TestDb| {
    let app = TestApp::start(&db).await;
    let hall = Hall::open(&app).await;
    let short = app.post(&hall.clerk, ENTRIES, hall.sum(3 * FEE - 1)).await;
    assert_eq!(faults(&short), [("/amount", "amount_differs")]);
    let mut wrong = hall.sum(3 * FEE);
    wrong["received_on"] = json!("2026-04-02");
    wrong["invoices"][1] = json!("00000000-0000-7000-8000-000000000001");
    let wrong = app.post(&hall.clerk, ENTRIES, wrong).await;
    let expected = [
        ("/invoices/0/received_on", "in_the_future"),
        ("/invoices/1", "not_found"),
        ("/invoices/2/received_on", "in_the_future"),
    ];
    assert_eq!(faults(&wrong), expected);
    let twice = json!({ "invoices": [hall.invoices[0], hall.invoices[0]], "means": "cash", "amount": FEE,
        "received_on": "2026-04-01" });
    assert_eq!(faults(&app.post(&hall.clerk, ENTRIES, twice).await), [("/invoices/1", "duplicate")]);
    // Who may not see the cases sees no sum either.
    let stranger = app.post(&hall.payers[0], ENTRIES, hall.sum(1)).await;
    assert!(
        faults(&stranger).iter().all(|(pointer, _)| pointer.starts_with("/invoices/")),
        "{}",
        stranger.body
    );
    assert_eq!(hall.states().await, ["unpaid", "unpaid", "unpaid"]);
    assert_eq!(db.count("(SELECT COUNT(*) FROM payments)").await, 0, "nothing was entered");
});

on_both_databases!(the_same_sum_entered_twice_at_once_is_entered_once, async |db: TestDb| {
    let app = TestApp::start(&db).await;
    let hall = Hall::open(&app).await;
    let (one, other) = tokio::join!(
        app.post(&hall.clerk, ENTRIES, hall.sum(3 * FEE)),
        app.post(&hall.clerk, ENTRIES, hall.sum(3 * FEE))
    );
    let mut statuses = [one.status, other.status];
    statuses.sort_unstable();
    assert_eq!(statuses, [201, 422], "{} {}", one.body, other.body);
    assert_eq!(db.count("(SELECT COUNT(*) FROM payments WHERE state = 'captured')").await, 3);
});
