//! Money that stays beyond the debt: after lines went back, beside a payment that went back, and in sums that settle nothing.

use madoguchi::domain::id::{ApplicationId, PaymentId, TenantCode};
use madoguchi::domain::ledger::{Account, balances};
use madoguchi::domain::payment::{PaymentCounters, PaymentSnapshot, SnapshotStatus};
use madoguchi::domain::policy::Role;
use madoguchi::service::payment_standing::{self, Source};
use madoguchi::store::{Root, applications, payments};
use serde_json::{Value, json};

use crate::el_qr::desk::Counter;
use crate::el_qr::{files, results};
use crate::support::app::{AOMORI, Answer, Person, TestApp};
use crate::support::db::TestDb;
use crate::support::money::Books;
use crate::support::repeat::everything_again;
use crate::waivers::office::{FEE, Office, Owing};

/// What goes back of the line, and what is waived afterwards.
const PART: i64 = 5_000;

/// One asks for a refund through the gateway, and another approves it; gives the payment that it is of.
pub async fn sent_back(office: &Office<'_>, owing: &Owing, amount: i64, reason: &str) -> String {
    let list = office.app.get(&office.accountant, &owing.path("/refunds")).await.expect(200);
    let wanted = json!({ "amount": amount, "reason": reason,
        "refund_amount_available": list["refund_amount_available"] });
    let asked = office.app.post(&office.accountant, &owing.path("/refunds"), wanted).await.expect(201);
    let approve = format!("/v1/tenants/{AOMORI}/refunds/{}/approve", asked["id"].as_str().unwrap());
    let approved = office.app.post(&office.chief, &approve, json!({})).await.expect(200);
    assert_eq!(approved["state"], "succeeded");
    approved["payment"].as_str().unwrap().to_owned()
}

/// A part of the fee is waived by a special decision.
pub async fn waives(office: &Office<'_>, owing: &Owing, amount: i64) {
    let asked = office.ask(&office.business, owing, "special").await.expect(201);
    grants(office, owing, &asked, amount).await;
}

/// A waiver that was asked for is granted of a part.
pub async fn grants(office: &Office<'_>, owing: &Owing, asked: &Value, amount: i64) {
    let grant = json!({ "decision": "grant", "amount": amount, "reasons": ["罹災証明書を確認した"] });
    office.draft(owing, asked, grant).await.expect(201);
    office.seal(&office.manager, owing).await.expect(200);
    office.seal(&office.chief, owing).await.expect(200);
}

/// The case is granted by whoever may, as far as the fee lets them.
async fn granted(office: &Office<'_>, owing: &Owing) -> Answer {
    office.app.post(&office.clerk, &format!("{}/claim", owing.case), json!({})).await.expect(200);
    let version = office.app.get(&office.clerk, &owing.case).await.etag();
    let grant = json!({ "decision": "grant" });
    let proposal = format!("{}/proposal", owing.case);
    office.app.post_if(&office.clerk, &proposal, &version, grant).await.expect(201);
    let version = office.app.get(&office.clerk, &owing.case).await.etag();
    let approve = format!("{}/approval/approve", owing.case);
    office.app.post_if(&office.chief, &approve, &version, json!({})).await
}

fn held(books: &Books, account: &Account) -> i64 {
    balances(&books.entries).get(account).copied().unwrap_or(0)
}

on_both_databases!(
    /// of a fee of which a part had gone back another part is waived: what was paid of that goes back as well.
    r95_a_waiver_after_a_refund_of_the_same_sum_makes_what_stays_too_much,
    async |db: TestDb| {
        let app = TestApp::start(&db).await;
        let office = Office::open(&app, &db).await;
        let owing = office.owing().await;
        office.pays(&owing).await;
        sent_back(&office, &owing, PART, "assessment_error").await;
        assert_eq!(office.stands(&owing).await, ("partially_refunded".to_owned(), FEE));
        waives(&office, &owing, PART).await;
        assert_eq!(office.stands(&owing).await, ("overpaid".to_owned(), FEE - PART));
        let books = office.books(&owing).await;
        assert_eq!(held(&books, &Account::Overpayment), -PART);
        assert_eq!(office.proposals().await, [(owing.invoice.clone(), PART, "overpaid".to_owned())]);
        sent_back(&office, &owing, PART, "overpaid").await;
        assert_eq!(office.stands(&owing).await, ("partially_refunded".to_owned(), FEE - PART));
        let books = office.books(&owing).await;
        assert_eq!(held(&books, &Account::Overpayment), 0);
        assert_eq!(held(&books, &Account::Entrusted("komoju".to_owned())), FEE - 2 * PART);
        assert_eq!(office.proposals().await, []);
        let before = books.standing();
        everything_again(&db.db, async || { app.drain().await; }).await;
        assert_eq!(office.books(&owing).await.standing(), before);
    }
);

on_both_databases!(
    /// what two people found to be assessed by mistake is owed no more, so the rest opens the gate; a waiver is not needed for it.
    r68_the_rest_of_a_fee_of_which_a_mistake_went_back_opens_the_gate,
    async |db: TestDb| {
        let app = TestApp::start(&db).await;
        let office = Office::open(&app, &db).await;
        let (part, whole) = (office.owing().await, office.owing().await);
        for (owing, amount) in [(&part, PART), (&whole, FEE)] {
            office.pays(owing).await;
            sent_back(&office, owing, amount, "assessment_error").await;
        }
        assert_eq!(office.stands(&part).await.0, "partially_refunded");
        let decided = granted(&office, &part).await.expect(200);
        assert_eq!(decided["application_state"], "decided");
        let refused = granted(&office, &whole).await;
        assert_eq!(refused.problem(), "409 fee_not_settled", "nothing of it stays");
    }
);

/// The gateway says that an attempt that was given up took all it was opened for.
async fn heard_late(app: &TestApp, db: &TestDb, case: ApplicationId, id: PaymentId) {
    let (tenant, core) = (TenantCode::parse(AOMORI).unwrap(), app.core.clone());
    let heard = db.db.write(Root::Application(case), move |tx| {
        let mut row = applications::find(tx, &tenant, case)?.unwrap();
        let mut payment = payments::find(tx, &tenant, id)?.unwrap();
        let snapshot = PaymentSnapshot {
            status: SnapshotStatus::Captured,
            merchant_reference: Some(payment.merchant_reference.clone()),
            counters: PaymentCounters {
                authorized: payment.amount,
                captured: payment.amount,
                ..PaymentCounters::default()
            },
            amount: None,
            raw_status: "captured".to_owned(),
            gateway_payment_id: Some(format!("pay-{id}")),
            gateway_session_id: None,
            also_captured: Vec::new(),
            disputes: Vec::new(),
            slip: None,
            method: None,
            version: None,
            expires_at: None,
            captured_at: Some(tx.now()),
            observed_at: tx.now(),
        };
        let source = Source::Notification;
        payment_standing::apply_snapshot(tx, &core, &mut row, &mut payment, &snapshot, source)
    });
    heard.await.unwrap();
}

on_both_databases!(
    /// F30, R-95: the fee went back whole, and a slip that had been given up is paid after all: it pays nothing, and goes back.
    r95_a_slip_that_is_paid_after_the_fee_went_back_is_too_much_and_pays_nothing,
    async |db: TestDb| {
        let app = TestApp::start(&db).await;
        let office = Office::open(&app, &db).await;
        let owing = office.owing().await;
        let given_up = office.opens(&owing).await;
        let given_up = given_up["id"].as_str().unwrap();
        let cancel = format!("/v1/tenants/{AOMORI}/payments/{given_up}/cancel");
        app.post(&office.business, &cancel, json!({})).await.expect(200);
        office.pays(&owing).await;
        let entrusted_on = office.books(&owing).await.invoice.entrusted_on;
        sent_back(&office, &owing, FEE, "assessment_error").await;
        assert_eq!(office.stands(&owing).await.0, "refunded");

        let case = owing.case.rsplit('/').next().unwrap().parse().unwrap();
        heard_late(&app, &db, case, given_up.parse().unwrap()).await;
        let books = office.books(&owing).await;
        assert_eq!(books.invoice.state, "overpaid");
        let days = (books.invoice.entrusted_on, books.invoice.paid_on.is_none());
        assert_eq!(days, (entrusted_on, true), "the day on which the fee was covered");
        assert_eq!((held(&books, &Account::Receivable), held(&books, &Account::Overpayment)), (0, -FEE));
        assert_eq!(office.proposals().await, [(owing.invoice.clone(), FEE, "overpaid".to_owned())]);
    }
);

/// Two of the treasury agree that a line of another amount is a payment all the same.
async fn booked(counter: &Counter<'_>, second: &Person) {
    let exceptions = format!("/v1/tenants/{AOMORI}/reconciliation/exceptions");
    let listed = counter.get(&format!("{exceptions}?kind=amount_mismatch&state=open")).await;
    let [only] = listed["items"].as_array().unwrap().as_slice() else { panic!("{listed}") };
    let path = format!("{exceptions}/{}", only["id"].as_str().unwrap());
    let proposal = json!({ "resolution": "book_line", "comment": "機構の報告どおり" });
    counter.post(&format!("{path}/resolution"), proposal).await.expect(200);
    counter.office.app.post(second, &format!("{path}/approve"), json!({})).await.expect(200);
    counter.office.app.drain().await;
}

on_both_databases!(
    /// two sums of eL-QR that come to the fee by chance settle nothing; the fee is owed until one payment settles it.
    r84_sums_that_settle_nothing_do_not_add_up_to_a_payment,
    async |db: TestDb| {
        let app = TestApp::start_over(&db, files(), |_| {}).await;
        let counter = Counter::open(&app, &db).await;
        let office = &counter.office;
        let second = app.officer(AOMORI, "suito-kaikei-kanri", Role::Accountant, "suito@example.jp").await;
        let owing = office.owing().await;
        let number = counter.number(&owing).await["payment_number"].as_str().unwrap().to_owned();
        for (key, amount) in [("S1", FEE - 400), ("S2", 400)] {
            let referred = vec![("referred".to_owned(), Some("amount_differs".to_owned()))];
            let file = results(&[(key, &number, amount, "20260401")]);
            assert_eq!(counter.imported(&file).await, referred);
            booked(&counter, &second).await;
            assert_eq!(office.stands(&owing).await.0, "pending", "{key}");
        }
        let books = office.books(&owing).await;
        assert_eq!((held(&books, &Account::Receivable), held(&books, &Account::Overpayment)), (FEE, -FEE));
        assert_eq!(books.invoice.paid_on, None);
        let mut proposed: Vec<i64> = office.proposals().await.into_iter().map(|(_, amount, _)| amount).collect();
        proposed.sort_unstable();
        assert_eq!(proposed, [400, FEE - 400], "both wait to go back");

        let card: Value = office.opens(&owing).await;
        office.pays_on(&card).await;
        app.until("the fee is settled", async || office.stands(&owing).await.0 == "overpaid").await;
        let books = office.books(&owing).await;
        assert_eq!((held(&books, &Account::Receivable), held(&books, &Account::Overpayment)), (0, -FEE));
    }
);
