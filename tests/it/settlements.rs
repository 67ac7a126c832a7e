//! Payouts of agents: taken in once, matched exactly, arrived on the word of two, booked gross.

mod after_remittance;
mod comebacks;
pub mod second_charges;

use data_encoding::BASE64;
use jiff::SignedDuration;
use jiff::civil::date;
use madoguchi::domain::ledger::{Account, balances};
use madoguchi::domain::policy::Role;
use serde_json::{Value, json};

use crate::refunds::desk::{Desk, FEE, Paid};
use crate::support::app::{AOMORI, Answer, Person, TestApp};
use crate::support::db::TestDb;
use crate::support::repeat::everything_again;

const HEADER: &str = "line_key,kind,merchant_reference,gateway_payment_id,gross,fee,tax,net,occurred_on";

/// A line of the table.
pub fn line(key: &str, kind: &str, reference: &str, gross: i64, fee: i64) -> String {
    format!("{key},{kind},{reference},,{gross},{fee},0,{},2026-04-01", gross - fee)
}

/// A report of these lines whose head says the same as they do, or `net_off` yen more.
pub fn report(batch: &str, lines: &[String], net_off: i64) -> Value {
    let sum = |column: usize| -> i64 {
        lines.iter().map(|line| line.split(',').nth(column).unwrap().parse::<i64>().unwrap()).sum()
    };
    let table = format!("{HEADER}\n{}", lines.join("\n"));
    json!({ "gateway": "komoju", "batch_reference": batch, "gross": sum(4), "fee": sum(5), "net": sum(7) + net_off,
        "content_base64": BASE64.encode(table.as_bytes()) })
}

/// The accounting office with its two officers.
struct Office<'a> {
    desk: Desk<'a>,
    second: Person,
}

impl<'a> Office<'a> {
    async fn open(app: &'a TestApp, db: &'a TestDb) -> Self {
        let desk = Desk::open(app, db).await;
        let second = app.officer(AOMORI, "suito-kaikei-kanri", Role::Accountant, "suito@example.jp").await;
        Self { desk, second }
    }

    /// Some days later everybody signs in again.
    async fn days_later(&mut self, days: i64) {
        let app = self.desk.app;
        app.advance(SignedDuration::from_hours(24 * days)).await;
        for (who, email) in [
            (&mut self.desk.accountant, "kaikei@example.jp"),
            (&mut self.desk.business, "business@example.jp"),
            (&mut self.second, "suito@example.jp"),
        ] {
            *who = app.sign_in(email, &who.id.clone()).await;
        }
    }

    async fn upload(&self, report: Value) -> Value {
        let path = format!("/v1/tenants/{AOMORI}/settlements");
        let made = self.desk.app.post(&self.desk.accountant, &path, report).await.expect(201);
        self.desk.app.drain().await;
        made
    }

    fn path(settlement: &Value, rest: &str) -> String {
        format!("/v1/tenants/{AOMORI}/settlements/{}{rest}", settlement["id"].as_str().unwrap())
    }

    async fn shown(&self, settlement: &Value) -> Value {
        self.desk.app.get(&self.desk.accountant, &Self::path(settlement, "")).await.expect(200)
    }

    async fn arrival(&self, settlement: &Value, day: &str, amount: i64) -> Answer {
        let body = json!({ "arrived_on": day, "amount": amount, "reference": "ｶ)ｺﾓｼﾞﾕ" });
        self.desk.app.post(&self.desk.accountant, &Self::path(settlement, "/arrival"), body).await
    }

    async fn confirm(&self, who: &Person, settlement: &Value) -> Answer {
        self.desk.app.post(who, &Self::path(settlement, "/arrival/confirm"), json!({})).await
    }

    /// The money arrives on a day, two people say so, and everything that follows is done.
    async fn arrived(&self, settlement: &Value, day: &str) -> Value {
        let lines = self.shown(settlement).await["lines"].as_array().unwrap().clone();
        let net = lines.iter().map(|line| line["net"].as_i64().unwrap()).sum();
        self.arrival(settlement, day, net).await.expect(200);
        self.confirm(&self.second, settlement).await.expect(200);
        self.desk.app.drain().await;
        self.shown(settlement).await
    }

    /// Where the money of a payment is, as its payer sees it.
    async fn settlement_of(&self, paid: &Paid<'_>) -> String {
        let payment = paid.books().await.payment().id;
        let path = format!("/v1/tenants/{AOMORI}/payments/{payment}");
        let shown = self.desk.app.get(&self.desk.business, &path).await.expect(200);
        shown["settlement"].as_str().unwrap().to_owned()
    }

    /// Where the exception of a late remittance is.
    async fn late(&self, paid: &Paid<'_>) -> String {
        let payment = paid.books().await.payment().id;
        let path = format!("/v1/tenants/{AOMORI}/reconciliation/exceptions");
        let listed =
            self.desk.app.get(&self.second, &format!("{path}?kind=late_remittance")).await.expect(200);
        assert_eq!(listed["items"].as_array().unwrap().len(), 1, "{listed}");
        assert_eq!(listed["items"][0]["subject"], format!("payment:{payment}"));
        format!("{path}/{}", listed["items"][0]["id"].as_str().unwrap())
    }

    /// One proposes how a late remittance ends, the other agrees; nobody does both, and nothing happens before.
    async fn resolved(&self, paid: &Paid<'_>, resolution: &str) -> Value {
        let (app, path) = (self.desk.app, self.late(paid).await);
        let proposal = json!({ "resolution": resolution, "comment": "受託者に遅延の理由を確認した" });
        let (one, two) = (&self.desk.accountant, &self.second);
        app.post(one, &format!("{path}/resolution"), proposal).await.expect(200);
        assert_eq!(paid.books().await.invoice.state, "entrusted", "one person decides nothing");
        let approve = format!("{path}/approve");
        assert_eq!(app.post(one, &approve, json!({})).await.problem(), "403 own_resolution");
        assert_eq!(paid.books().await.invoice.state, "entrusted");
        let approved = app.post(two, &approve, json!({})).await.expect(200);
        assert_eq!(app.post(two, &approve, json!({})).await.problem(), "409 wrong_state");
        approved
    }

    /// How many exceptions of each kind there are.
    async fn exceptions(&self) -> i64 {
        self.desk.db.count("(SELECT COUNT(*) FROM reconciliation_exceptions)").await
    }
}

async fn reference(paid: &Paid<'_>) -> String {
    paid.books().await.payment().merchant_reference.clone()
}

/// What the ledger of the case holds at the agent, at the bank and as fees.
async fn held(paid: &Paid<'_>) -> (i64, i64, i64) {
    let held = balances(&paid.books().await.entries);
    let of = |account: &Account| held.get(account).copied().unwrap_or(0);
    let (agent, bank) = (Account::Entrusted("komoju".to_owned()), Account::Cash("bank".to_owned()));
    (of(&agent), of(&bank), of(&Account::FeeExpense))
}

on_both_databases!(
    r72_r77_what_arrives_by_the_designated_day_is_paid_on_the_day_of_the_entrustment_and_booked_gross,
    async |db: TestDb| {
        let app = TestApp::start(&db).await;
        let mut office = Office::open(&app, &db).await;
        let (one, two) = (office.desk.paid("card").await.invoice, office.desk.paid("card").await.invoice);
        let paid = |invoice: &str| Paid::of(&office.desk, invoice);
        let (one_ref, two_ref) = (reference(&paid(&one)).await, reference(&paid(&two)).await);
        assert_eq!(office.settlement_of(&paid(&one)).await, "unsettled");
        let lines = [
            line("a", "capture", &one_ref, FEE, 440),
            line("b", "capture", &two_ref, FEE, 440),
            line("c", "fee", "", 0, 300),
        ];
        let made = office.upload(report("2026-04-A", &lines, 0)).await;
        let shown = office.shown(&made).await;
        let payment = |place: usize| shown["lines"][place]["payment"].clone();
        assert_eq!(payment(0), json!(paid(&one).books().await.payment().id.to_string()));
        assert_eq!((payment(2), &shown["state"]), (Value::Null, &json!("imported")));
        assert_eq!(office.settlement_of(&paid(&two)).await, "in_batch");

        // 2026-05-25 is the designated day for what was entrusted on 2026-04-01.
        office.days_later(54).await;
        let paid = |invoice: &str| Paid::of(&office.desk, invoice);
        let net = 2 * FEE - 880 - 300;
        let wrong = office.arrival(&made, "2026-05-25", net - 1).await;
        assert_eq!(wrong.problem(), "409 arrival_amount_differs");
        assert_eq!(office.exceptions().await, 1, "bank_mismatch stays although the arrival was refused");
        assert_eq!(office.arrival(&made, "2026-05-26", net).await.problem(), "422 validation_failed");
        office.arrival(&made, "2026-05-25", net).await.expect(200);
        let own = office.confirm(&office.desk.accountant, &made).await;
        assert_eq!(own.problem(), "403 own_arrival");
        app.drain().await;
        assert_eq!(paid(&one).books().await.invoice.state, "entrusted", "one person's word books nothing");
        office.confirm(&office.second, &made).await.expect(200);
        app.drain().await;

        assert_eq!(office.shown(&made).await["state"], "settled");
        for invoice in [&one, &two] {
            let books = paid(invoice).books().await;
            assert_eq!(books.invoice.state, "paid");
            assert_eq!(books.invoice.paid_on.unwrap().0, date(2026, 4, 1));
            assert_eq!(held(&paid(invoice)).await, (0, FEE - 440, 440));
            assert_eq!(office.settlement_of(&paid(invoice)).await, "settled");
        }
        let before = paid(&one).books().await.standing();
        everything_again(&db.db, async || assert!(app.drain().await > 0)).await;
        office.upload(report("2026-04-A", &lines, 0)).await;
        let reversed: Vec<String> = lines.iter().rev().cloned().collect();
        office.upload(report("2026-04-A", &reversed, 0)).await;
        assert_eq!(paid(&one).books().await.standing(), before);
        assert_eq!(office.exceptions().await, 1);
        assert_eq!(office.confirm(&office.second, &made).await.problem(), "409 wrong_state");
    }
);

on_both_databases!(
    r77_what_arrives_after_the_designated_day_pays_nothing_until_two_people_accept_it,
    async |db: TestDb| {
        let app = TestApp::start(&db).await;
        let mut office = Office::open(&app, &db).await;
        let invoice = office.desk.paid("card").await.invoice;
        let reference = reference(&Paid::of(&office.desk, &invoice)).await;
        let made = office.upload(report("L", &[line("a", "capture", &reference, FEE, 440)], 0)).await;
        office.days_later(56).await;
        let paid = Paid::of(&office.desk, &invoice);
        assert_eq!(office.arrived(&made, "2026-05-26").await["lines"][0]["remittance"], "late");
        let books = paid.books().await;
        assert_eq!((books.invoice.state.as_str(), books.invoice.paid_on), ("entrusted", None));
        assert_eq!(held(&paid).await, (0, FEE - 440, 440), "the money is in the books all the same");
        assert_eq!(office.settlement_of(&paid).await, "mismatch");
        let late = "(SELECT COUNT(*) FROM reconciliation_exceptions WHERE kind = 'late_remittance')";
        assert_eq!(db.count(late).await, 1);

        let accepted = office.resolved(&paid, "accept_late").await;
        assert_eq!(accepted["exception"]["state"], "resolved");
        let books = paid.books().await;
        assert_eq!(books.invoice.state, "paid");
        assert_eq!(books.invoice.paid_on.unwrap().0, date(2026, 5, 26), "paid on the day it arrived");
        assert_eq!(office.settlement_of(&paid).await, "settled");
        let kinds = "(SELECT COUNT(*) FROM events WHERE kind = 'late_remittance_accepted')";
        assert_eq!(db.count(kinds).await, 1, "the case knows who accepted it");
        let before = books.standing();
        everything_again(&db.db, async || assert!(app.drain().await > 0)).await;
        assert_eq!(paid.books().await.standing(), before);
    }
);

on_both_databases!(
    /// LAA 231の4: what is claimed from the agent has not paid the debt.
    r77_late_money_that_is_not_accepted_leaves_the_invoice_as_it_was,
    async |db: TestDb| {
        let app = TestApp::start(&db).await;
        let mut office = Office::open(&app, &db).await;
        let invoice = office.desk.paid("card").await.invoice;
        let reference = reference(&Paid::of(&office.desk, &invoice)).await;
        let made = office.upload(report("L", &[line("a", "capture", &reference, FEE, 440)], 0)).await;
        office.days_later(56).await;
        let paid = Paid::of(&office.desk, &invoice);
        office.arrived(&made, "2026-05-26").await;
        let wrong = office.late(&paid).await;
        let wrong = format!("{wrong}/resolution");
        let body = json!({ "resolution": "booked_by_hand", "comment": "窓口で受けた" });
        let refused = app.post(&office.second, &wrong, body).await;
        assert_eq!(refused.body["errors"][0]["pointer"], "/resolution", "{}", refused.body);
        office.resolved(&paid, "claimed_from_agent").await;
        let books = paid.books().await;
        assert_eq!((books.invoice.state.as_str(), books.invoice.paid_on), ("entrusted", None));
    }
);

on_both_databases!(what_went_back_is_taken_off_and_the_claim_ends_at_zero, async |db: TestDb| {
    let app = TestApp::start(&db).await;
    let office = Office::open(&app, &db).await;
    let paid = office.desk.paid("card").await;
    paid.refunded(5_000, FEE).await;
    let reference = reference(&paid).await;
    let first = office.upload(report("one", &[line("a", "capture", &reference, FEE, 440)], 0)).await;
    assert_eq!(office.arrived(&first, "2026-04-01").await["state"], "settled");
    assert_eq!(held(&paid).await, (-5_000, FEE - 440, 440), "it is taken off a later payout");
    // More than went back, then what went back.
    let more = office.upload(report("two", &[line("b", "refund", &reference, -5_001, 0)], 0)).await;
    assert_eq!(office.shown(&more).await["lines"][0]["payment"], Value::Null);
    assert_eq!(office.exceptions().await, 1);
    let back = office.upload(report("three", &[line("b", "refund", &reference, -5_000, -100)], 0)).await;
    assert_eq!(office.arrived(&back, "2026-04-01").await["state"], "settled");
    assert_eq!(held(&paid).await, (0, FEE - 440 - 4_900, 340));
    assert_eq!(paid.books().await.invoice.state, "partially_refunded");
});

on_both_databases!(
    /// F34 to F36, and what we do not know: exceptions, never a guess; the rest is booked.
    f34_f36_a_line_that_does_not_agree_is_an_exception_and_the_others_are_booked,
    async |db: TestDb| {
        let app = TestApp::start(&db).await;
        let office = Office::open(&app, &db).await;
        let (good, short) = (office.desk.paid("card").await, office.desk.paid("card").await);
        let (good_ref, short_ref) = (reference(&good).await, reference(&short).await);
        let lines = [
            line("a", "capture", &good_ref, FEE, 440),
            line("b", "capture", &short_ref, FEE - 1, 440),
            line("c", "capture", "020001-nobody", 500, 10),
            line("d", "capture", &good_ref, FEE, 440),
        ];
        let made = office.upload(report("F", &lines, 7)).await;
        let kind = async |kind: &str| -> i64 {
            let kinds = office.kinds().await;
            i64::try_from(kinds.iter().filter(|found| *found == kind).count()).unwrap()
        };
        assert_eq!(kind("missing_at_us").await, 1);
        assert_eq!(kind("duplicate_line").await, 1);
        assert_eq!(kind("amount_mismatch").await, 2, "a line, and the head");
        let arrived = office.arrived(&made, "2026-04-01").await;
        assert_eq!(arrived["state"], "mismatch");
        let booked: Vec<bool> =
            arrived["lines"].as_array().unwrap().iter().map(|line| line["booked"] == true).collect();
        assert_eq!(booked, [true, false, false, false]);
        assert_eq!(good.books().await.invoice.state, "paid");
        assert_eq!(short.books().await.invoice.state, "entrusted");
        assert_eq!(office.settlement_of(&short).await, "mismatch");
        assert_eq!(office.exceptions().await, 4);
        everything_again(&db.db, async || assert!(app.drain().await > 0)).await;
        assert_eq!(office.exceptions().await, 4, "raised once however often they are found");
    }
);

on_both_databases!(
    /// F37: a payout that is reported again with a line more is whole in whichever order both come, and never grows
    /// after its money arrived.
    f37_a_payout_reported_again_ends_the_same_in_either_order,
    async |db: TestDb| {
        let app = TestApp::start(&db).await;
        let office = Office::open(&app, &db).await;
        for (batch, order) in [("fwd", [0_usize, 1, 0, 1]), ("bwd", [1, 0, 1, 0])] {
            let (one, two) = (office.desk.paid("card").await, office.desk.paid("card").await);
            let whole = [
                line("a", "capture", &reference(&one).await, FEE, 440),
                line("b", "capture", &reference(&two).await, FEE, 440),
            ];
            let reports = [report(batch, &whole[..1], 0), report(batch, &whole, 0)];
            let mut made = Value::Null;
            for which in order {
                made = office.upload(reports[which].clone()).await;
            }
            assert_eq!((&made["net"], &made["line_count"]), (&json!(2 * (FEE - 440)), &json!(2)), "{batch}");
            assert_eq!(office.arrived(&made, "2026-04-01").await["state"], "settled");
            let states = (one.books().await.invoice.state, two.books().await.invoice.state);
            assert_eq!(states, ("paid".to_owned(), "paid".to_owned()));
            let more = [whole.to_vec(), vec![line("c", "fee", "", 0, 9)]].concat();
            let again = office.upload(report(batch, &more, 0)).await;
            assert_eq!((&again["line_count"], &again["state"]), (&json!(2), &json!("settled")));
        }
        assert!(office.kinds().await.iter().all(|kind| kind == "batch_reissued"));
    }
);

on_both_databases!(a_report_that_cannot_be_read_is_refused_with_every_fault, async |db: TestDb| {
    let app = TestApp::start(&db).await;
    let office = Office::open(&app, &db).await;
    let path = format!("/v1/tenants/{AOMORI}/settlements");
    let mut broken = report("B", &[line("a", "fee", "", 0, 1)], 0);
    broken["content_base64"] = json!(BASE64.encode(&[0x95, 0xa5, 0x8d]));
    let refused = app.post(&office.desk.accountant, &path, broken.clone()).await;
    assert_eq!(
        (refused.problem().as_str(), &refused.body["errors"][0]["code"]),
        ("422 validation_failed", &json!("unreadable"))
    );
    let hidden = app.post(&office.desk.business, &path, broken).await;
    assert_eq!(hidden.problem(), "404 not_found", "a stranger does not hear what is wrong with it");
    let mut elsewhere = report("B", &[line("a", "fee", "", 0, 1)], 0);
    elsewhere["gateway"] = json!("nowhere");
    let refused = app.post(&office.desk.accountant, &path, elsewhere).await;
    assert_eq!(refused.body["errors"][0]["pointer"], "/gateway");
    assert_eq!(db.count("(SELECT COUNT(*) FROM settlements)").await, 0);
});

impl Office<'_> {
    /// The kinds of all exceptions.
    async fn kinds(&self) -> Vec<String> {
        use diesel::prelude::*;
        use madoguchi::store::schema::settlements::reconciliation_exceptions as table;
        use madoguchi::store::{Reads, StoreError};
        let read = self.desk.db.db.read(|tx| {
            table::table
                .order(table::kind)
                .select(table::kind)
                .load::<String>(tx.read())
                .map_err(StoreError::from)
        });
        read.await.unwrap()
    }
}

on_both_databases!(
    /// A payment is taken once and may go back in equal parts: two payouts of nothing but those are two.
    f35_two_payouts_of_nothing_but_equal_refunds_are_two,
    async |db: TestDb| {
        let app = TestApp::start(&db).await;
        let office = Office::open(&app, &db).await;
        let paid = office.desk.paid("card").await;
        let reference = paid.books().await.payment().merchant_reference.clone();
        let back = || [line("a", "refund", &reference, -500, 0)];
        let (one, two) = (office.upload(report("r1", &back(), 0)).await, office.upload(report("r2", &back(), 0)).await);
        assert_ne!(one["id"], two["id"]);
        let reissued = "(SELECT COUNT(*) FROM reconciliation_exceptions WHERE kind = 'batch_reissued')";
        assert_eq!(db.count(reissued).await, 0);
        let taken = [line("b", "capture", &reference, FEE, 20)];
        let (three, again) = (office.upload(report("r3", &taken, 0)).await, office.upload(report("r4", &taken, 0)).await);
        assert_eq!((&three["id"], db.count(reissued).await), (&again["id"], 1), "its capture is one");
    }
);
