//! A fee that the body had received itself and a payer's bank pulled back: what is owed again, what of it can change, and who pays it.

use jiff::SignedDuration;
use madoguchi::domain::ledger::{Account, balances};
use madoguchi::domain::payment::LegalRole;
use madoguchi::domain::policy::Role;
use serde_json::{Value, json};

use super::bank;
use crate::refunds::desk::{Desk, Paid};
use crate::refunds::too_much::{grants, sent_back, waives};
use crate::support::app::{AOMORI, Person, TestApp, gateway_first};
use crate::support::db::TestDb;
use crate::waivers::office::{FEE, Office, Owing};

/// What is waived of the fee.
const PART: i64 = 5_000;

/// A body whose card payments are its own money.
async fn started(db: &TestDb) -> TestApp {
    TestApp::start_with(db, |settings| {
        gateway_first(settings, "stripe");
        settings.gateways.iter_mut().for_each(|gateway| gateway.legal_role = LegalRole::Direct);
    })
    .await
}

/// The office, with somebody of the treasury who agrees, and with the payer's bank.
struct Scene<'a> {
    office: Office<'a>,
    desk: Desk<'a>,
    second: Person,
}

impl<'a> Scene<'a> {
    async fn open(app: &'a TestApp, db: &'a TestDb) -> Self {
        let second = app.officer(AOMORI, "suito-kaikei-kanri", Role::Accountant, "suito@example.jp").await;
        let (office, desk) = (Office::open(app, db).await, Desk::open_as(app, db, "bank-").await);
        Self { office, desk, second }
    }

    async fn days_later(&mut self, days: i64) {
        self.office.app.advance(SignedDuration::from_hours(24 * days)).await;
        self.office.sign_in_again().await;
        self.second = self.office.app.sign_in("suito@example.jp", &self.second.id.clone()).await;
    }

    async fn pays(&self, owing: &Owing) {
        let payment = self.office.opens(owing).await;
        self.office.pays_on(&payment).await;
        let is_paid = async || self.office.stands(owing).await.0 == "paid";
        self.office.app.until("it is paid", is_paid).await;
    }

    /// The payer's bank pulls all of the only payment back, and two people make it owed again.
    async fn pulled_back(&self, owing: &Owing) {
        bank(self.office.app, &Paid::of(&self.desk, &owing.invoice), "lost", json!({})).await;
        let exceptions = format!("/v1/tenants/{AOMORI}/reconciliation/exceptions");
        let open = format!("{exceptions}?kind=lost_dispute&state=open");
        let listed = self.office.app.get(&self.office.accountant, &open).await.expect(200);
        let [only] = listed["items"].as_array().unwrap().as_slice() else { panic!("{listed}") };
        let step = async |who: &Person, step: &str, body: Value| {
            let path = format!("{exceptions}/{}/{step}", only["id"].as_str().unwrap());
            self.office.app.post(who, &path, body).await.expect(200)
        };
        let proposal = json!({ "resolution": "owed_again", "comment": "カード会社が取り戻した" });
        step(&self.office.accountant, "resolution", proposal).await;
        step(&self.second, "approve", json!({})).await;
        self.office.app.advance(SignedDuration::from_secs(1)).await;
    }

    /// What the ledger says is owed, what it says is too much.
    async fn held(&self, owing: &Owing) -> (i64, i64) {
        let held = balances(&self.office.books(owing).await.entries);
        let of = |account: &Account| held.get(account).copied().unwrap_or(0);
        (of(&Account::Receivable), -of(&Account::Overpayment))
    }
}

on_both_databases!(
    /// a waiver takes off what is owed again, and makes nothing too much of money that is gone; what goes back is of the money
    /// that pays it in the end.
    r87_what_is_waived_of_a_fee_that_is_owed_again_was_never_too_much,
    async |db: TestDb| {
        let app = started(&db).await;
        let scene = Scene::open(&app, &db).await;
        let office = &scene.office;
        let owing = office.owing().await;
        scene.pays(&owing).await;
        scene.pulled_back(&owing).await;
        assert_eq!(office.stands(&owing).await, ("unpaid".to_owned(), FEE));
        waives(office, &owing, PART).await;
        assert_eq!(office.stands(&owing).await, ("unpaid".to_owned(), FEE - PART));
        assert_eq!(scene.held(&owing).await, (FEE - PART, 0));
        assert_eq!(office.proposals().await, []);
        scene.pays(&owing).await;
        assert_eq!(scene.held(&owing).await, (0, 0));
        let gone_back = sent_back(office, &owing, PART, "assessment_error").await;
        let youngest = office.books(&owing).await.payments.last().unwrap().id.to_string();
        assert_eq!(gone_back, youngest, "of the money that is there");
        assert_eq!(office.stands(&owing).await.0, "partially_refunded");
    }
);

on_both_databases!(
    /// The other way round: what a waiver had made too much of the money is gone with it, and the rest of the fee is owed again.
    r87_what_a_waiver_had_made_too_much_is_gone_with_the_money,
    async |db: TestDb| {
        let app = started(&db).await;
        let scene = Scene::open(&app, &db).await;
        let owing = scene.office.owing().await;
        scene.pays(&owing).await;
        waives(&scene.office, &owing, PART).await;
        assert_eq!(scene.held(&owing).await, (0, PART));
        scene.pulled_back(&owing).await;
        assert_eq!(scene.office.stands(&owing).await, ("unpaid".to_owned(), FEE - PART));
        assert_eq!(scene.held(&owing).await, (FEE - PART, 0));
        assert_eq!(scene.office.proposals().await, []);
        scene.pays(&owing).await;
        assert_eq!(scene.held(&owing).await, (0, 0));
    }
);

on_both_databases!(
    /// a waiver after the books closed was an expense of the present year while the money was there. With the money that ends:
    /// it takes off what is owed of the closed year, and the present one owes nothing.
    r74_what_was_waived_after_the_books_closed_is_taken_off_the_debt_once_the_money_is_gone,
    async |db: TestDb| {
        let app = started(&db).await;
        let mut scene = Scene::open(&app, &db).await;
        let owing = scene.office.owing().await;
        let asked = scene.office.ask(&scene.office.business, &owing, "special").await.expect(201);
        scene.days_later(420).await;
        scene.pays(&owing).await;
        // 2027-06-05: the books of fiscal year 2026 are closed.
        scene.days_later(10).await;
        grants(&scene.office, &owing, &asked, PART).await;
        let of_year = async |year: i16, account: Account| {
            let entries = scene.office.books(&owing).await.entries;
            let held = balances(entries.iter().filter(|entry| entry.fiscal_year == year));
            held.get(&account).copied().unwrap_or(0)
        };
        assert_eq!(of_year(2027, Account::RefundExpense).await, PART);
        scene.pulled_back(&owing).await;
        assert_eq!(scene.office.stands(&owing).await, ("unpaid".to_owned(), FEE - PART));
        let stripe = Account::Cash("stripe".to_owned());
        for (account, closed, present) in [
            (Account::Receivable, FEE - PART, 0),
            (Account::RefundExpense, 0, 0),
            (Account::Overpayment, 0, 0),
            (stripe.clone(), FEE, -FEE),
        ] {
            let held = (of_year(2026, account.clone()).await, of_year(2027, account.clone()).await);
            assert_eq!(held, (closed, present), "{account}");
        }
        scene.pays(&owing).await;
        assert_eq!(scene.held(&owing).await, (0, 0));
        assert_eq!((of_year(2026, stripe.clone()).await, of_year(2027, stripe).await), (FEE, -PART));
    }
);

on_both_databases!(
    /// the fee of a case that was withdrawn had been paid; pulled back it is owed, and whoever is asked for it can pay it.
    r89_what_is_owed_again_of_a_withdrawn_case_may_be_paid,
    async |db: TestDb| {
        let app = started(&db).await;
        let scene = Scene::open(&app, &db).await;
        let owing = scene.office.owing().await;
        scene.pays(&owing).await;
        let withdraw = format!("{}/withdraw", owing.case);
        app.post(&scene.office.business, &withdraw, json!({})).await.expect(200);
        assert_eq!(scene.office.stands(&owing).await.0, "paid");
        scene.pulled_back(&owing).await;
        assert_eq!(scene.office.stands(&owing).await, ("unpaid".to_owned(), FEE));
        scene.pays(&owing).await;
        assert_eq!(scene.held(&owing).await, (0, 0));
    }
);
