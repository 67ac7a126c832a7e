//! The people around a waiver: who owes, who drafts, who seals, who gives money back.

use madoguchi::domain::policy::Role;
use serde_json::{Value, json};

use crate::policy_coverage::world::{DEPARTMENT, PROCEDURE};
use crate::support::app::{AOMORI, Answer, Person, TestApp};
use crate::support::db::TestDb;
use crate::support::money::Books;

/// What the fee of the procedure comes to, in yen.
pub const FEE: i64 = 22_000;

/// The office that waives.
pub struct Office<'a> {
    pub app: &'a TestApp,
    pub db: &'a TestDb,
    pub business: Person,
    pub clerk: Person,
    pub manager: Person,
    pub chief: Person,
    pub accountant: Person,
}

impl<'a> Office<'a> {
    pub async fn open(app: &'a TestApp, db: &'a TestDb) -> Self {
        let business = app.register("business@example.jp", "business").await;
        let clerk = app.officer(AOMORI, DEPARTMENT, Role::Clerk, "clerk@example.jp").await;
        let manager = app.officer(AOMORI, DEPARTMENT, Role::GroupManager, "gm@example.jp").await;
        let chief = app.officer(AOMORI, DEPARTMENT, Role::SectionChief, "chief@example.jp").await;
        let accountant =
            app.officer(AOMORI, "suito-kaikei-kanri", Role::Accountant, "kaikei@example.jp").await;
        Self { app, db, business, clerk, manager, chief, accountant }
    }

    /// Everybody signs in again, after their tokens ran out.
    pub async fn sign_in_again(&mut self) {
        for (email, person) in [
            ("business@example.jp", &mut self.business),
            ("clerk@example.jp", &mut self.clerk),
            ("gm@example.jp", &mut self.manager),
            ("chief@example.jp", &mut self.chief),
            ("kaikei@example.jp", &mut self.accountant),
        ] {
            *person = self.app.sign_in(email, &person.id).await;
        }
    }

    /// A submitted case that owes the fee.
    pub async fn owing(&self) -> Owing {
        let submitted = self.app.submitted(&self.business, AOMORI, PROCEDURE).await;
        let case = format!("/v1/tenants/{AOMORI}/applications/{}", submitted["id"].as_str().unwrap());
        Owing { case, invoice: submitted["invoice"]["id"].as_str().unwrap().to_owned() }
    }

    /// An attempt to pay by card; gives the payment.
    pub async fn opens(&self, owing: &Owing) -> Value {
        let card = json!({ "method": "card" });
        self.app.post(&self.business, &owing.path("/payments"), card).await.expect(201)
    }

    /// Pays on the page of an attempt.
    pub async fn pays_on(&self, payment: &Value) {
        let page = payment["redirect_url"].as_str().unwrap();
        self.app.at_gateway(page, "card", "number=4111111111111111").await;
        self.app.at_gateway(page, "3ds", "result=ok").await;
    }

    /// Pays what is owed by card, until the agent holds it.
    pub async fn pays(&self, owing: &Owing) {
        let payment = self.opens(owing).await;
        self.pays_on(&payment).await;
        self.app
            .until("the invoice is entrusted", async || self.books(owing).await.invoice.state == "entrusted")
            .await;
    }

    pub async fn books(&self, owing: &Owing) -> Books {
        Books::read(&self.db.db, AOMORI, &owing.invoice).await
    }

    /// The invoice as its payer sees it: state, what is owed.
    pub async fn stands(&self, owing: &Owing) -> (String, i64) {
        let shown = self.app.get(&self.business, &owing.path("")).await.expect(200);
        assert_eq!(shown["total"], json!(FEE), "what was assessed stays as it was");
        (shown["state"].as_str().unwrap().to_owned(), shown["owed"].as_i64().unwrap())
    }

    pub async fn ask(&self, who: &Person, owing: &Owing, ground: &str) -> Answer {
        let wanted = json!({ "ground": ground, "statement": "災害により納付が困難" });
        self.app.post(who, &owing.path("/waivers"), wanted).await
    }

    pub async fn draft(&self, owing: &Owing, waiver: &Value, draft: Value) -> Answer {
        let version = self.app.get(&self.clerk, &owing.case).await.etag();
        let path = format!("/v1/tenants/{AOMORI}/waivers/{}/proposal", waiver["id"].as_str().unwrap());
        self.app.post_if(&self.clerk, &path, &version, draft).await
    }

    pub async fn seal(&self, who: &Person, owing: &Owing) -> Answer {
        let version = self.app.get(&self.clerk, &owing.case).await.etag();
        let subject = json!({ "subject": "waiver" });
        self.app.post_if(who, &format!("{}/approval/approve", owing.case), &version, subject).await
    }

    /// Asked for by the payer and drafted, with one seal missing.
    pub async fn nearly(&self, owing: &Owing, ground: &str) -> Value {
        let asked = self.ask(&self.business, owing, ground).await.expect(201);
        let grant = json!({ "decision": "grant", "reasons": ["罹災証明書を確認した"] });
        self.draft(owing, &asked, grant).await.expect(201);
        self.seal(&self.manager, owing).await.expect(200);
        asked
    }

    /// Asked for, drafted and sealed.
    pub async fn waived(&self, owing: &Owing, ground: &str) -> Value {
        let asked = self.nearly(owing, ground).await;
        assert_eq!(self.seal(&self.chief, owing).await.expect(200)["state"], "approved");
        self.waiver(&asked).await
    }

    /// A waiver as its applicant sees it.
    pub async fn waiver(&self, waiver: &Value) -> Value {
        let path = format!("/v1/tenants/{AOMORI}/waivers/{}", waiver["id"].as_str().unwrap());
        self.app.get(&self.business, &path).await.expect(200)
    }

    /// What the accountants are proposed to send back: invoice, amount, reason.
    pub async fn proposals(&self) -> Vec<(String, i64, String)> {
        let path = format!("/v1/tenants/{AOMORI}/refund-proposals");
        let page = self.app.get(&self.accountant, &path).await.expect(200);
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let item = |it: &Value| (text(&it["invoice"]), it["amount"].as_i64().unwrap(), text(&it["reason"]));
        page["items"].as_array().unwrap().iter().map(item).collect()
    }

    /// Sends back what is proposed, by two people.
    pub async fn sends_back(&self, owing: &Owing, amount: i64) {
        let list = self.app.get(&self.accountant, &owing.path("/refunds")).await.expect(200);
        let wanted = json!({ "amount": amount, "reason": "overpaid",
            "refund_amount_available": list["refund_amount_available"] });
        let asked = self.app.post(&self.accountant, &owing.path("/refunds"), wanted).await.expect(201);
        let approve = format!("/v1/tenants/{AOMORI}/refunds/{}/approve", asked["id"].as_str().unwrap());
        self.app.post(&self.chief, &approve, json!({})).await.expect(200);
        self.app
            .until("the money is back", async || {
                self.books(owing).await.payments[0].refunded.amount() == amount
            })
            .await;
    }
}

/// A case with what it owes.
pub struct Owing {
    pub case: String,
    pub invoice: String,
}

impl Owing {
    pub fn path(&self, rest: &str) -> String {
        format!("/v1/tenants/{AOMORI}/invoices/{}{rest}", self.invoice)
    }
}
