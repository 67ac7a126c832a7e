//! Card and e-money at the counter's terminal: entrusted to the agent behind it, within its notice and the ordinance.

use data_encoding::BASE64;
use madoguchi::domain::ledger::{Account, balances};
use madoguchi::domain::policy::Role;
use serde_json::{Value, json};

use crate::policy_coverage::world::{DEPARTMENT, PROCEDURE};
use crate::support::app::{AOMORI, Answer, Person, TestApp};
use crate::support::db::TestDb;
use crate::support::money::Books;

const FEE: i64 = 22_000;
const BODY: &str = include_str!("../../config/tenants/020001.yaml");
const OF_PROCEDURE: &str = include_str!("../../config/procedures/020001/denki-koji-toroku.yaml");
const TERMINAL: &str = "counter_terminals:\n  - account: counter_pos\n    legal_role: designated_agent\n    valid_from: 2024-04-01\n";

fn change(text: &str, from: &str, to: &str) -> String {
    assert!(text.contains(from), "{from}");
    text.replace(from, to)
}

/// A business that owes a fee, its clerk, and two of the treasury.
struct Scene<'a> {
    app: &'a TestApp,
    db: &'a TestDb,
    business: Person,
    clerk: Person,
    treasury: Person,
    second: Person,
    invoice: String,
}

impl<'a> Scene<'a> {
    async fn set(app: &'a TestApp, db: &'a TestDb) -> Self {
        let business = app.register("business@example.jp", "business").await;
        let clerk = app.officer(AOMORI, DEPARTMENT, Role::Clerk, "clerk@example.jp").await;
        let officer = async |email| app.officer(AOMORI, "suito-kaikei-kanri", Role::Accountant, email).await;
        let (treasury, second) = (officer("kaikei@example.jp").await, officer("suito@example.jp").await);
        let submitted = app.submitted(&business, AOMORI, PROCEDURE).await;
        let invoice = submitted["invoice"]["id"].as_str().unwrap().to_owned();
        Self { app, db, business, clerk, treasury, second, invoice }
    }

    fn path(&self, rest: &str) -> String {
        format!("/v1/tenants/{AOMORI}/invoices/{}{rest}", self.invoice)
    }

    async fn enters(&self, means: &str) -> Answer {
        let entry =
            json!({ "means": means, "amount": FEE, "received_on": "2026-04-01", "reference": "T-0012" });
        self.app.post(&self.clerk, &self.path("/counter-payments"), entry).await
    }

    async fn reverses(&self, entry: &Value) -> Answer {
        let path = format!("/v1/tenants/{AOMORI}/counter-payments/{}/reverse", entry["id"].as_str().unwrap());
        self.app.post(&self.treasury, &path, json!({ "reason": "別の申請の入力" })).await
    }

    async fn books(&self) -> Books {
        Books::read(&self.db.db, AOMORI, &self.invoice).await
    }

    async fn stands(&self) -> Value {
        let shown = self.app.get(&self.business, &self.path("")).await.expect(200);
        json!([shown["state"], shown["entrusted_on"], shown["paid_on"]])
    }

    /// The agent behind the terminal reports a payout, and the path of it.
    async fn payout(&self) -> String {
        let table = format!(
            "line_key,kind,merchant_reference,gateway_payment_id,gross,fee,tax,net,occurred_on\na,capture,,T-0012,{FEE},330,0,{},2026-04-01",
            FEE - 330
        );
        let report = json!({ "gateway": "counter_pos", "batch_reference": "POS-1", "gross": FEE, "fee": 330,
            "net": FEE - 330, "content_base64": BASE64.encode(table.as_bytes()) });
        let path = format!("/v1/tenants/{AOMORI}/settlements");
        let made = self.app.post(&self.treasury, &path, report).await.expect(201);
        self.app.drain().await;
        format!("{path}/{}", made["id"].as_str().unwrap())
    }

    async fn holds(&self, account: Account) -> i64 {
        balances(&self.books().await.entries).get(&account).copied().unwrap_or(0)
    }
}

fn entrusted() -> Account {
    Account::Entrusted("counter_pos".to_owned())
}

on_both_databases!(
    r76_r77_what_a_terminal_takes_is_entrusted_and_paid_on_that_day_once_its_agent_sent_it,
    async |db: TestDb| {
        let app = TestApp::start(&db).await;
        let scene = Scene::set(&app, &db).await;
        let entry = scene.enters("pos").await.expect(201);
        assert_eq!((&entry["state"], &entry["invoice_state"]), (&json!("captured"), &json!("entrusted")));
        assert_eq!(scene.stands().await, json!(["entrusted", "2026-04-01", null]));
        let receipt = app.get(&scene.business, &scene.path("/receipt")).await.expect(200);
        assert_eq!(receipt["kind"], "entrustment_confirmation", "the agent gives the proof (R-80)");
        assert_eq!(scene.books().await.payment().legal_role, "designated_agent");
        assert_eq!(scene.holds(entrusted()).await, FEE);

        let payout = scene.payout().await;
        assert_eq!(scene.stands().await[0], "entrusted", "a report is no money");
        assert_eq!(
            scene.reverses(&entry).await.problem(),
            "409 entry_not_reversible",
            "the agent has it, too"
        );
        let arrival = json!({ "arrived_on": "2026-04-01", "amount": FEE - 330, "reference": "端末" });
        app.post(&scene.treasury, &format!("{payout}/arrival"), arrival).await.expect(200);
        app.post(&scene.second, &format!("{payout}/arrival/confirm"), json!({})).await.expect(200);
        app.drain().await;
        assert_eq!(app.get(&scene.treasury, &payout).await.expect(200)["state"], "settled");
        assert_eq!(scene.stands().await, json!(["paid", "2026-04-01", "2026-04-01"]));
        assert_eq!((scene.holds(entrusted()).await, scene.holds(Account::FeeExpense).await), (0, 330));
    }
);

on_both_databases!(r87_a_wrong_entry_of_a_terminal_is_booked_back_and_entered_again, async |db: TestDb| {
    let app = TestApp::start(&db).await;
    let scene = Scene::set(&app, &db).await;
    let entry = scene.enters("pos").await.expect(201);
    assert_eq!(scene.reverses(&entry).await.expect(200)["invoice_state"], "unpaid");
    assert_eq!(scene.holds(entrusted()).await, 0);
    assert_eq!(scene.enters("pos").await.expect(201)["invoice_state"], "entrusted");
    let payout = scene.payout().await;
    let line = app.get(&scene.treasury, &payout).await.expect(200)["lines"][0].clone();
    assert_eq!(line["payments"].as_array().map_or(0, Vec::len), 1, "the payment that stands: {line}");
});

on_both_databases!(t5_a_terminal_without_an_agent_or_without_its_notice_takes_nothing, async |db: TestDb| {
    let ended = change(TERMINAL, "2024-04-01\n", "2024-04-01\n    valid_to: 2026-03-31\n");
    let app = TestApp::start_offering(&db, "tenants/020001.yaml", &change(BODY, TERMINAL, &ended)).await;
    let scene = Scene::set(&app, &db).await;
    assert_eq!(scene.enters("pos").await.problem(), "409 no_counter_terminal");
    let other = change(
        BODY,
        "methods: [counter]\n    valid_from: 2024-04-01",
        "methods: [counter]\n    valid_from: 2026-04-02",
    );
    let after = TestApp::start_offering(&db, "tenants/020001.yaml", &other).await;
    let mut scene = Scene { app: &after, ..scene };
    scene.clerk = after.sign_in("clerk@example.jp", &scene.clerk.id).await;
    scene.business = after.sign_in("business@example.jp", &scene.business.id).await;
    assert_eq!(scene.enters("pos").await.problem(), "422 agent_not_designated");
    assert_eq!(scene.stands().await[0], "unpaid");
    assert_eq!(scene.enters("cash").await.expect(201)["invoice_state"], "paid", "the body takes cash itself");
});

on_both_databases!(
    r70_a_fee_whose_ordinance_does_not_name_the_counter_is_not_taken_there,
    async |db: TestDb| {
        let without = change(OF_PROCEDURE, "pay_easy, counter]", "pay_easy]");
        let app = TestApp::start_offering(&db, "procedures/020001/denki-koji-toroku.yaml", &without).await;
        let scene = Scene::set(&app, &db).await;
        for means in ["cash", "pos", "bank_slip"] {
            assert_eq!(scene.enters(means).await.problem(), "422 method_not_offered", "{means}");
        }
        assert_eq!(scene.books().await.payments.len(), 0);
    }
);
