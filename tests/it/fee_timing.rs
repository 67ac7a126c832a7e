//! When a fee becomes due: after review, with an amount that staff fix, and when the document is issued.

use madoguchi::domain::policy::Role;
use madoguchi::domain::procedure::Payee;
use serde_json::{Value, json};

use crate::policy_coverage::world::DEPARTMENT;
use crate::support::app::{AFTER_REVIEW, AOMORI, ON_ISSUE, Person, TestApp, new_key};
use crate::support::db::TestDb;
use crate::support::money::Books;

const CASES: &str = "/v1/tenants/020001/applications";

/// The counter with its people.
pub struct Counter {
    pub app: TestApp,
    pub business: Person,
    pub clerk: Person,
    pub chief: Person,
}

impl Counter {
    pub async fn open(db: &TestDb) -> Self {
        Self::over(TestApp::start(db).await).await
    }

    /// The counter of a service that was started in another way.
    pub async fn over(app: TestApp) -> Self {
        let business = app.register("business@example.jp", "business").await;
        let clerk = app.officer(AOMORI, DEPARTMENT, Role::Clerk, "clerk@example.jp").await;
        let chief = app.officer(AOMORI, DEPARTMENT, Role::SectionChief, "chief@example.jp").await;
        Self { app, business, clerk, chief }
    }

    /// A case that the clerk has taken up; gives its path.
    pub async fn claimed(&self, procedure: &str) -> String {
        let submitted = self.app.submitted(&self.business, AOMORI, procedure).await;
        assert_eq!(submitted["invoice"], Value::Null, "nothing is owed on submission");
        let case = format!("{CASES}/{}", submitted["id"].as_str().unwrap());
        self.app.post(&self.clerk, &format!("{case}/claim"), json!({})).await.expect(200);
        case
    }

    pub async fn propose(&self, case: &str, decision: &str) {
        let version = self.app.get(&self.clerk, case).await.etag();
        let body = json!({
            "decision": decision,
            "reasons": [{ "fact": "位置が重なる", "clause": "第3条", "criterion": "審査基準第3" }],
            "conditions": [],
        });
        self.app.post_if(&self.clerk, &format!("{case}/proposal"), &version, body).await.expect(201);
    }

    /// What the seal of the chief is answered with.
    pub async fn seal(&self, case: &str) -> String {
        let version = self.app.get(&self.chief, case).await.etag();
        let path = format!("{case}/approval/approve");
        let answer = self.app.post_if(&self.chief, &path, &version, json!({})).await;
        answer.body["application_state"].as_str().map_or_else(|| answer.problem(), ToOwned::to_owned)
    }

    pub async fn fix(&self, case: &str, poles: i64, public: bool) -> crate::support::app::Answer {
        let body = json!({ "office": { "poles": poles, "public": public } });
        self.app.post(&self.clerk, &format!("{case}/assessment"), body).await
    }

    pub async fn pay(&self, invoice: &str) {
        let invoice = format!("/v1/tenants/020001/invoices/{invoice}");
        let body = json!({ "method": "nanaco" });
        let opened = self.app.post(&self.business, &format!("{invoice}/payments"), body).await.expect(201);
        self.app.at_gateway(opened["redirect_url"].as_str().unwrap(), "nanaco", "result=ok").await;
        let covered =
            async || self.app.get(&self.business, &invoice).await.expect(200)["state"] == "entrusted";
        self.app.until("the invoice is entrusted", covered).await;
    }

    async fn decision(&self, case: &str) -> (String, Value) {
        let decision = self.app.get(&self.business, &format!("{case}/decision")).await.expect(200);
        (decision["fee"].as_str().unwrap().to_owned(), decision["invoice"].clone())
    }
}

on_both_databases!(
    r69_staff_fix_the_fee_after_review_once_and_the_decision_waits_for_it,
    async |db: TestDb| {
        let counter = Counter::open(&db).await;
        let case = counter.claimed(AFTER_REVIEW).await;
        let fixing = format!("{case}/assessment");
        let ask = async |body: Value| counter.app.post(&counter.clerk, &fixing, body).await;
        let wrong = ask(json!({ "office": { "poles": 0, "colour": "red" } })).await;
        assert_eq!(wrong.problem(), "422 validation_failed");
        let mut pointers: Vec<_> =
            wrong.body["errors"].as_array().unwrap().iter().map(|fault| fault["pointer"].clone()).collect();
        pointers.sort_by_key(ToString::to_string);
        assert_eq!(pointers, ["/office/colour", "/office/poles", "/office/public"]);
        let office = json!({ "poles": 3, "public": false });
        let other_total = ask(json!({ "office": office, "expected_total": 2849 })).await;
        assert_eq!(other_total.problem(), "409 fee_changed");
        assert_eq!(db.count("(SELECT COUNT(*) FROM invoices)").await, 0);

        let key = new_key();
        let body = json!({ "office": office, "expected_total": 2850 });
        let send = async || {
            let headers = [("idempotency-key", key.as_str())];
            counter
                .app
                .call(reqwest::Method::POST, &fixing, Some(&counter.clerk), &headers, Some(body.clone()))
                .await
        };
        let fixed = send().await.expect(201);
        assert_eq!(
            (fixed["invoice"]["total"].as_i64(), fixed["invoice"]["state"].as_str()),
            (Some(2850), Some("unpaid"))
        );
        let again = send().await;
        assert_eq!(again.headers["idempotency-replayed"], "true");
        assert_eq!(again.expect(201)["invoice"]["id"], fixed["invoice"]["id"]);
        assert_eq!(counter.fix(&case, 4, false).await.problem(), "409 already_assessed");
        assert_eq!(db.count("(SELECT COUNT(*) FROM invoices)").await, 1);
        let timeline = counter.app.get(&counter.business, &format!("{case}/timeline")).await.expect(200);
        assert_eq!(timeline["items"][2]["kind"], "fee_assessed");
        assert_eq!(db.count("(SELECT COUNT(*) FROM jobs WHERE kind = 'notify_fee')").await, 1);
        counter.app.drain().await;
        assert!(
            mails(&counter).iter().any(|mail| mail.contains("To: business@example.jp")),
            "the applicant is told"
        );

        counter.propose(&case, "grant").await;
        assert_eq!(counter.seal(&case).await, "409 fee_not_settled");
        counter.pay(fixed["invoice"]["id"].as_str().unwrap()).await;
        assert_eq!(counter.seal(&case).await, "decided");
        assert_eq!(counter.decision(&case).await, ("covered".to_owned(), fixed["invoice"]["id"].clone()));
    }
);

fn mails(counter: &Counter) -> Vec<String> {
    let folder = std::fs::read_dir(&counter.app.core.settings.mail.directory).unwrap();
    folder.filter_map(|entry| std::fs::read_to_string(entry.unwrap().path()).ok()).collect()
}

on_both_databases!(a_decision_never_precedes_the_assessment, async |db: TestDb| {
    let counter = Counter::open(&db).await;
    let case = counter.claimed(AFTER_REVIEW).await;
    counter.propose(&case, "grant").await;
    assert_eq!(counter.seal(&case).await, "409 fee_not_settled");
    assert_eq!(counter.fix(&case, 3, false).await.problem(), "409 wrong_state", "a proposal is on its route");
});

on_both_databases!(where_nothing_is_owed_the_invoice_is_settled_at_once, async |db: TestDb| {
    let counter = Counter::open(&db).await;
    let case = counter.claimed(AFTER_REVIEW).await;
    let fixed = counter.fix(&case, 3, true).await.expect(201);
    assert_eq!(
        (fixed["invoice"]["total"].as_i64(), fixed["invoice"]["state"].as_str()),
        (Some(0), Some("waived"))
    );
    let pay = format!("/v1/tenants/020001/invoices/{}/payments", fixed["invoice"]["id"].as_str().unwrap());
    let paying = counter.app.post(&counter.business, &pay, json!({ "method": "nanaco" })).await;
    assert_eq!(paying.problem(), "409 invoice_not_payable");
    assert_eq!(counter.fix(&case, 3, false).await.problem(), "409 already_assessed");
    counter.propose(&case, "grant").await;
    assert_eq!(counter.seal(&case).await, "decided");
});

on_both_databases!(two_assessments_at_once_make_one_invoice, async |db: TestDb| {
    let counter = Counter::open(&db).await;
    for _ in 0..3 {
        let case = counter.claimed(AFTER_REVIEW).await;
        let before = db.count("(SELECT COUNT(*) FROM invoices)").await;
        let (one, other) = tokio::join!(counter.fix(&case, 3, false), counter.fix(&case, 4, false));
        let mut answers = [one.problem(), other.problem()];
        answers.sort();
        assert_eq!(answers, ["201 -", "409 already_assessed"]);
        assert_eq!(db.count("(SELECT COUNT(*) FROM invoices)").await, before + 1);
    }
});

on_both_databases!(
    r87_a_correction_after_the_assessment_is_assessed_again_with_what_staff_fixed,
    async |db: TestDb| {
        let counter = Counter::open(&db).await;
        let case = counter.claimed(AFTER_REVIEW).await;
        counter.fix(&case, 3, false).await.expect(201);
        let items = json!([{ "pointer": "/form/to", "message": "終期を確認のこと" }]);
        let asked = json!({ "items": items, "due_on": "2026-04-20" });
        counter.app.post(&counter.clerk, &format!("{case}/corrections"), asked).await.expect(201);
        let version = counter.app.get(&counter.business, &case).await.etag();
        let longer = json!({ "form": { "to": "2027-03-31" } });
        counter
            .app
            .post_if(&counter.business, &format!("{case}/resubmit"), &version, longer)
            .await
            .expect(200);
        let version = counter.app.get(&counter.clerk, &case).await.etag();
        let body = json!({ "decision": "grant", "reasons": [], "conditions": [] });
        let path = format!("{case}/proposal");
        counter.app.post_if(&counter.clerk, &path, &version, body).await.expect(201);
        let shown = counter.app.get(&counter.business, &format!("{case}/corrections")).await.expect(200);
        let fee = json!({ "before": 2850, "after": 5700, "changed": true });
        assert_eq!(
            shown["items"][0]["outcome"]["fee"], fee,
            "three poles for a year, as staff had counted them"
        );
        assert_eq!(counter.seal(&case).await, "409 fee_not_settled");
    }
);

on_both_databases!(
    r59_a_fee_due_at_issue_is_owed_from_the_grant_and_holds_back_the_document,
    async |db: TestDb| {
        let counter = Counter::open(&db).await;
        let case = counter.claimed(ON_ISSUE).await;
        counter.propose(&case, "grant").await;
        assert_eq!(db.count("(SELECT COUNT(*) FROM invoices)").await, 0);
        assert_eq!(counter.seal(&case).await, "decided", "the fee does not hold the decision back");
        let (fee, invoice) = counter.decision(&case).await;
        assert_eq!(fee, "payment_awaited");
        let invoice = invoice.as_str().unwrap().to_owned();
        let shown =
            counter.app.get(&counter.business, &format!("/v1/tenants/020001/invoices/{invoice}")).await;
        let shown = shown.expect(200);
        let payees: Vec<_> =
            shown["lines"].as_array().unwrap().iter().map(|line| line["payee"].clone()).collect();
        assert_eq!((shown["total"].as_i64(), payees), (Some(15_900), vec![json!("national"), json!("own")]));

        let books = Books::read(&counter.app.core.db, AOMORI, &invoice).await;
        let mut booked: Vec<_> = books.entries.iter().map(|entry| entry.credit_account.to_string()).collect();
        booked.sort();
        assert_eq!(booked, ["deposit:90-01-01-01", "revenue:08-02-09-01"], "the nation's part is no revenue");
        assert_eq!(books.invoice.lines.0[0].payee, Payee::National);
        counter.pay(&invoice).await;
        assert_eq!(counter.decision(&case).await.0, "covered");
        Books::read(&counter.app.core.db, AOMORI, &invoice).await.assert_entrusted_once();
    }
);

on_both_databases!(r118_whoever_assessed_a_fee_does_not_record_that_it_came, async |db: TestDb| {
    let counter = Counter::open(&db).await;
    let colleague = counter.app.officer(AOMORI, DEPARTMENT, Role::Clerk, "colleague@example.jp").await;
    let entering = async |who: &Person, invoice: &str, amount: i64| {
        let cash = json!({ "means": "cash", "amount": amount, "received_on": "2026-04-01" });
        let path = format!("/v1/tenants/020001/invoices/{invoice}/counter-payments");
        counter.app.post(who, &path, cash).await
    };
    // After review the clerk measures: somebody else takes the money.
    let case = counter.claimed(AFTER_REVIEW).await;
    let fixed = counter.fix(&case, 3, false).await.expect(201);
    let invoice = fixed["invoice"]["id"].as_str().unwrap();
    assert_eq!(entering(&counter.clerk, invoice, 2850).await.problem(), "403 own_assessment");
    assert_eq!(entering(&colleague, invoice, 2850).await.expect(201)["state"], "captured");
    // At issue whoever sets the last seal assesses: the drafter may take the money, the sealer not.
    let case = counter.claimed(ON_ISSUE).await;
    counter.propose(&case, "grant").await;
    assert_eq!(counter.seal(&case).await, "decided");
    let (_, invoice) = counter.decision(&case).await;
    let invoice = invoice.as_str().unwrap();
    assert_eq!(entering(&counter.chief, invoice, 15_900).await.problem(), "403 own_assessment");
    assert_eq!(entering(&counter.clerk, invoice, 15_900).await.expect(201)["state"], "captured");
});

on_both_databases!(a_refusal_costs_nothing_where_the_fee_is_due_at_issue, async |db: TestDb| {
    let counter = Counter::open(&db).await;
    let case = counter.claimed(ON_ISSUE).await;
    assert_eq!(counter.fix(&case, 3, false).await.problem(), "409 fee_not_fixed_by_staff");
    counter.propose(&case, "refuse").await;
    assert_eq!(counter.seal(&case).await, "decided");
    assert_eq!(counter.decision(&case).await, ("nothing_owed".to_owned(), Value::Null));
    assert_eq!(db.count("(SELECT COUNT(*) FROM invoices)").await, 0);
});

on_both_databases!(a_quote_explains_every_line_and_says_what_staff_will_fix, async |db: TestDb| {
    let app = TestApp::start(&db).await;
    let quote = async |procedure: &str, body: Value| {
        let path = format!("/v1/tenants/020001/procedures/{procedure}/quote");
        app.call(reqwest::Method::POST, &path, None, &[], Some(body)).await
    };
    let form = app.example(AOMORI, AFTER_REVIEW).await["form"].clone();
    let open = quote(AFTER_REVIEW, json!({ "form": form })).await.expect(200);
    assert_eq!(open["open"], json!(["Fee for occupying the road"]));
    assert_eq!((open["total"].as_i64(), open["lines"].clone()), (Some(0), json!([])));
    let office = json!({ "poles": 3, "public": false });
    let known = quote(AFTER_REVIEW, json!({ "form": form, "office": office })).await.expect(200);
    assert_eq!((known["total"].as_i64(), known["open"].clone()), (Some(2850), json!([])));
    let line = &known["lines"][0];
    assert_eq!(line["inputs"]["office"], office);
    assert_eq!(line["explanation"][0], "2026-04-01 to 2026-09-30: yearly 1,900 yen × 3 × 6/12");
    let missing = quote(AFTER_REVIEW, json!({ "form": {}, "office": office })).await;
    assert_eq!(missing.body["errors"][0]["pointer"], "/form/from");
    let wrong = quote(AFTER_REVIEW, json!({ "form": form, "office": { "poles": "three" } })).await;
    assert_eq!(wrong.problem(), "422 validation_failed");
    let linear = quote("keiei-kibo-hyoka", json!({ "form": { "trades": 3 } })).await.expect(200);
    assert_eq!(linear["lines"][0]["explanation"], json!(["8,100 yen + 2,300 yen × 3 = 15,000 yen"]));
    assert_eq!(
        (linear["lines"][0]["payee"].as_str(), linear["lines"][0]["sample"].as_bool()),
        (Some("own"), Some(true))
    );
});
