//! What is owed beside a late claim: fee of the demand and late charge are assessed, billed, taken in their order.

use jiff::SignedDuration;
use madoguchi::domain::day_close::CloseStatement;
use madoguchi::domain::ledger::{Account, EntryKind, Posting, balances};
use serde_json::{Value, json};

use crate::support::app::{AOMORI, Answer, Person, TestApp};
use crate::support::db::TestDb;
use crate::support::repeat::everything_again;
use crate::waivers::office::{FEE, Office, Owing};

const TENANT: &str = include_str!("../../config/tenants/020001.yaml");

pub async fn days(office: &mut Office<'_>, days: i64) {
    office.app.advance(SignedDuration::from_hours(24 * days)).await;
    office.sign_in_again().await;
}

pub async fn late(office: &Office<'_>, owing: &Owing) -> Value {
    office.app.get(&office.business, &owing.path("/arrears")).await.expect(200)
}

/// A claim that is a day late and was demanded.
async fn demanded(office: &mut Office<'_>) -> Owing {
    let owing = office.owing().await;
    days(office, 31).await;
    office.app.post(&office.clerk, &owing.path("/demand"), json!({})).await.expect(201);
    owing
}

/// The charge of a kind, as something that is owed.
pub fn charge(owing: &Owing, late: &Value, kind: &str) -> Owing {
    let all = late["charges"].as_array().unwrap();
    let found = all.iter().find(|charge| charge["kind"] == kind).unwrap_or_else(|| panic!("{kind}: {late}"));
    Owing { case: owing.case.clone(), invoice: found["invoice"].as_str().unwrap().to_owned() }
}

pub async fn at_counter(office: &Office<'_>, who: &Person, owing: &Owing, amount: i64, day: &str) -> Answer {
    let entry = json!({ "means": "cash", "amount": amount, "received_on": day });
    office.app.post(who, &owing.path("/counter-payments"), entry).await
}

on_both_databases!(
    /// fee and charge are claims of their own, of the year of their claim, beside an invoice that stays as it was.
    r91_fee_and_late_charge_are_billed_beside_the_claim_and_paid_after_it,
    async |db: TestDb| {
        let app = TestApp::start(&db).await;
        let mut office = Office::open(&app, &db).await;
        let owing = demanded(&mut office).await;
        let sent = late(&office, &owing).await;
        assert_eq!((&sent["order"], &sent["balance"]), (&json!("principal_first"), &json!(FEE + 20)));
        let fee = charge(&owing, &sent, "demand_fee");
        let shown = app.get(&office.business, &owing.path("")).await.expect(200);
        assert_eq!((&shown["balance"], &shown["total"]), (&json!(FEE + 20), &json!(FEE)), "R-87: never an edit");
        assert_eq!(shown["charges"][0]["total"], 20);
        let card = json!({ "method": "card" });
        let early = app.post(&office.business, &fee.path("/payments"), card.clone()).await;
        assert_eq!(early.problem(), "409 principal_first");
        let early = at_counter(&office, &office.clerk, &fee, 20, "2026-05-02").await;
        assert_eq!(early.problem(), "409 principal_first");
        let of_case = app.get(&office.business, &owing.case).await.expect(200);
        assert_eq!(of_case["invoice"]["id"], json!(owing.invoice), "the case shows its fee");

        days(&mut office, 44).await;
        let before = late(&office, &owing).await;
        assert_eq!((&before["accruing"], &before["balance"]), (&json!(290), &json!(FEE + 20 + 290)));
        office.pays(&owing).await;
        app.drain().await;
        let paid = late(&office, &owing).await;
        let found = (&paid["accruing"], &paid["charge"], &paid["balance"]);
        assert_eq!(found, (&json!(0), &json!(290), &json!(310)), "{paid}");
        assert_eq!(db.count("(SELECT COUNT(*) FROM jobs WHERE kind = 'notify_charge')").await, 1);
        let charged = charge(&owing, &paid, "late_charge");
        let shown = app.get(&office.business, &charged.path("")).await.expect(200);
        let line = &shown["lines"][0];
        assert_eq!((&line["amount"], &line["fiscal_year"]), (&json!(290), &json!(2026)));
        assert_eq!((&line["revenue_account"], &line["explanation"].as_array().unwrap().len()), (&json!("14-01-01-01"), &3));
        assert_eq!(shown["notice"]["way"], "electronic", "R-66: it is notified");

        days(&mut office, 100).await;
        app.drain().await;
        everything_again(&db.db, async || { app.drain().await; }).await;
        office.sign_in_again().await;
        assert_eq!(late(&office, &owing).await["charges"].as_array().unwrap().len(), 2, "assessed once");
        let beside = late(&office, &charged).await;
        let found = (&beside["kind"], &beside["charge"], &beside["accruing"], &beside["balance"]);
        assert_eq!(found, (&json!("late_charge"), &json!(0), &json!(0), &json!(290)), "nothing accrues on it");
        assert_eq!(app.post(&office.clerk, &charged.path("/demand"), json!({})).await.problem(), "409 charge_not_demanded");
        at_counter(&office, &office.clerk, &fee, 20, "2026-06-20").await.expect(201);
        at_counter(&office, &office.clerk, &charged, 290, "2026-06-20").await.expect(201);
        let settled = late(&office, &owing).await;
        assert_eq!((&settled["balance"], &settled["charges"][1]["state"]), (&json!(0), &json!("paid")));
        let receipt = app.get(&office.business, &charged.path("/receipt")).await.expect(200);
        assert_eq!(receipt["kind"], "official_receipt");
        let held = balances(&office.books(&owing).await.entries);
        assert_eq!(held[&Account::Receivable], 0);
        assert_eq!(held[&Account::Revenue("14-01-01-01".to_owned())], -290);
        assert_eq!(held[&Account::Revenue("08-02-01-90".to_owned())], -20);

        // the close of the day says for which revenue the money came, invoice by invoice.
        days(&mut office, 1).await;
        let closes = format!("/v1/tenants/{AOMORI}/day-closes");
        let close = app.post(&office.accountant, &closes, json!({ "day": "2026-09-23" })).await.expect(201);
        let close: CloseStatement = serde_json::from_str(close["statement"].as_str().unwrap()).unwrap();
        let received = |account: &str| -> i64 {
            let rows = close.rows.iter().filter(|row| row.key.account == account);
            rows.map(|row| row.amounts.received + row.amounts.entrusted).sum()
        };
        let of_claim = &office.books(&owing).await.invoice.lines.0[0].revenue_account;
        assert_eq!((received("14-01-01-01"), received("08-02-01-90"), received(of_claim)), (290, 20, FEE));
    }
);

on_both_databases!(
    /// At the counter the charge is there at once; on the last day in time, and without a demand, nothing is charged.
    r91_at_the_counter_the_charge_is_assessed_with_the_payment,
    async |db: TestDb| {
        let app = TestApp::start(&db).await;
        let mut office = Office::open(&app, &db).await;
        let without = office.owing().await;
        let owing = demanded(&mut office).await;
        days(&mut office, 44).await;
        at_counter(&office, &office.clerk, &without, FEE, "2026-06-15").await.expect(201);
        assert_eq!(late(&office, &without).await["charges"], json!([]), "R-91: only after a demand");
        // It came on the day before the clerk entered it: 44 days are 285 yen.
        at_counter(&office, &office.clerk, &owing, FEE, "2026-06-14").await.expect(201);
        let paid = late(&office, &owing).await;
        assert_eq!((&paid["charge"], &paid["computed_to"]), (&json!(280), &json!("2026-06-14")));
        assert_eq!(paid["balance"], 300);
        app.drain().await;
        assert_eq!(late(&office, &owing).await, paid, "the job finds nothing to do");
    }
);

on_both_databases!(
    /// an entry that is struck out and made again for an earlier day lowers the charge; what of it was paid goes back.
    r91_a_charge_beyond_the_day_of_payment_is_lowered,
    async |db: TestDb| {
        let app = TestApp::start(&db).await;
        let mut office = Office::open(&app, &db).await;
        let (unpaid, paid) = (demanded(&mut office).await, demanded(&mut office).await);
        // The second was demanded 31 days after the first.
        days(&mut office, 44).await;
        for (owing, is_paid, late_day, early_day) in
            [(&unpaid, false, "2026-07-16", "2026-07-06"), (&paid, true, "2026-07-16", "2026-07-06")]
        {
            let enter = async |day: &str| at_counter(&office, &office.clerk, owing, FEE, day).await.expect(201);
            let entry = enter(late_day).await;
            let before = late(&office, owing).await;
            let charged = charge(owing, &before, "late_charge");
            let first = before["charge"].as_i64().unwrap();
            if is_paid {
                at_counter(&office, &office.clerk, &charged, first, late_day).await.expect(201);
            }
            let strike = format!("/v1/tenants/{AOMORI}/counter-payments/{}/reverse", entry["id"].as_str().unwrap());
            app.post(&office.chief, &strike, json!({ "reason": "受領日の誤り" })).await.expect(200);
            let owed_again = late(&office, owing).await;
            assert_eq!(owed_again["accruing"], 0, "nothing more accrued while it was struck out");
            enter(early_day).await;
            let after = late(&office, owing).await;
            let second = after["charge"].as_i64().unwrap();
            assert!(second < first && first - second > 0, "{first} {second}");
            assert_eq!((&after["computed_to"], &after["accruing"]), (&json!(early_day), &json!(0)));
            let stands = app.get(&office.business, &charged.path("")).await.expect(200);
            assert_eq!((&stands["total"], &stands["owed"]), (&json!(first), &json!(second)), "R-87: beside, never an edit");
            assert_eq!(stands["state"], if is_paid { "overpaid" } else { "unpaid" });
            let back = if is_paid { vec![(charged.invoice.clone(), first - second, "overpaid".to_owned())] } else { vec![] };
            assert_eq!(office.proposals().await, back, "never below what was paid without giving it back");
            everything_again(&db.db, async || { app.drain().await; }).await;
            assert_eq!(late(&office, owing).await, after, "once");
        }
        assert_eq!(db.count("(SELECT COUNT(*) FROM fee_lowerings WHERE cause = 'earlier_payment')").await, 2);
    }
);

on_both_databases!(
    /// nothing is charged for a demand that went out after the payment: no late charge and no fee, and a fee that was paid
    /// goes back.
    r91_a_claim_that_was_paid_before_its_demand_bears_neither_charge_nor_fee,
    async |db: TestDb| {
        let app = TestApp::start(&db).await;
        let mut office = Office::open(&app, &db).await;
        let (unpaid, paid) = (office.owing().await, office.owing().await);
        // 2026-05-21
        days(&mut office, 50).await;
        for owing in [&unpaid, &paid] {
            app.post(&office.clerk, &owing.path("/demand"), json!({})).await.expect(201);
        }
        days(&mut office, 1).await;
        let enter =
            async |owing: &Owing, day: &str| at_counter(&office, &office.clerk, owing, FEE, day).await.expect(201);
        enter(&unpaid, "2026-05-18").await;
        let after = late(&office, &unpaid).await;
        let found = (&after["charge"], &after["accruing"], &after["balance"]);
        assert_eq!(found, (&json!(0), &json!(0), &json!(0)), "{after}");
        let fee = charge(&unpaid, &after, "demand_fee");
        assert_eq!((after["charges"].as_array().unwrap().len(), office.books(&fee).await.invoice.owed().amount()), (1, 0));
        everything_again(&db.db, async || { app.drain().await; }).await;
        assert_eq!(late(&office, &unpaid).await, after, "once");

        // The fee was paid with an entry that is corrected afterwards.
        let entry = enter(&paid, "2026-05-22").await;
        let fee = charge(&paid, &late(&office, &paid).await, "demand_fee");
        at_counter(&office, &office.clerk, &fee, 20, "2026-05-22").await.expect(201);
        let strike = format!("/v1/tenants/{AOMORI}/counter-payments/{}/reverse", entry["id"].as_str().unwrap());
        app.post(&office.chief, &strike, json!({ "reason": "受領日の誤り" })).await.expect(200);
        enter(&paid, "2026-05-18").await;
        assert_eq!(office.proposals().await, [(fee.invoice.clone(), 20, "overpaid".to_owned())]);
        // A late charge of the first entry was not paid, and is owed no more.
        assert_eq!(late(&office, &paid).await["accruing"], 0);
    }
);

on_both_databases!(
    /// what was taken off because of an entry for an earlier day accrues again, up to the same day, once that entry is struck out.
    r91_a_charge_up_to_the_same_day_is_assessed_again_when_the_earlier_payment_was_none,
    async |db: TestDb| {
        let app = TestApp::start(&db).await;
        let mut office = Office::open(&app, &db).await;
        let owing = demanded(&mut office).await;
        days(&mut office, 44).await;
        let enter = async |day: &str| at_counter(&office, &office.clerk, &owing, FEE, day).await.expect(201);
        let strike = async |entry: &Value| {
            let path = format!("/v1/tenants/{AOMORI}/counter-payments/{}/reverse", entry["id"].as_str().unwrap());
            app.post(&office.chief, &path, json!({ "reason": "受領日の誤り" })).await.expect(200);
        };
        let mut left = Vec::new();
        for day in ["2026-06-15", "2026-06-05", "2026-06-15"] {
            let entry = enter(day).await;
            left.push(late(&office, &owing).await["balance"].as_i64().unwrap() - 20);
            if left.len() < 3 {
                strike(&entry).await;
            }
        }
        assert_eq!((left[0], left[2]), (290, 290), "what was taken off is owed again");
        assert!(left[1] < 290, "{left:?}");
        let same_day = "(SELECT COUNT(*) FROM charges WHERE kind = 'late_charge' AND computed_to = '2026-06-15' AND charge_no IN (1, 2))";
        assert_eq!(db.count(same_day).await, 2);
        assert_eq!(db.count("(SELECT COUNT(*) FROM fee_lowerings WHERE correction_id IS NULL)").await, 1);
        let before = late(&office, &owing).await;
        everything_again(&db.db, async || { app.drain().await; }).await;
        assert_eq!(late(&office, &owing).await, before, "once");
    }
);

on_both_databases!(
    /// where the ordinance puts charges first, the claim waits for what is assessed; what accrues later is assessed later.
    r92_charges_first_are_taken_before_the_claim,
    async |db: TestDb| {
        let text = TENANT.replace("order: principal_first", "order: charges_first");
        let app = TestApp::start_offering(&db, "tenants/020001.yaml", &text).await;
        let mut office = Office::open(&app, &db).await;
        let owing = demanded(&mut office).await;
        let assess = async |office: &Office<'_>| app.post(&office.clerk, &owing.path("/charges"), json!({})).await;
        assert_eq!(assess(&office).await.problem(), "409 nothing_accrued");
        days(&mut office, 44).await;
        let refused = app.post(&office.business, &owing.path("/charges"), json!({})).await;
        assert_eq!(refused.problem(), "403 forbidden");
        let assessed = assess(&office).await.expect(201);
        assert_eq!((&assessed["accruing"], &assessed["balance"]), (&json!(0), &json!(FEE + 310)));
        assert_eq!(assess(&office).await.problem(), "409 nothing_accrued");
        let card = json!({ "method": "card" });
        let early = app.post(&office.business, &owing.path("/payments"), card).await;
        assert_eq!(early.problem(), "409 charges_first");
        let refused = at_counter(&office, &office.clerk, &owing, FEE, "2026-06-15").await;
        assert_eq!(refused.problem(), "409 charges_first");
        for (kind, amount) in [("demand_fee", 20), ("late_charge", 290)] {
            let owed = charge(&owing, &assessed, kind);
            at_counter(&office, &office.clerk, &owed, amount, "2026-06-15").await.expect(201);
        }
        days(&mut office, 45).await;
        office.pays(&owing).await;
        app.drain().await;
        let paid = late(&office, &owing).await;
        // 22,000 × 10.75 % × 90 / 365 = 583.15: 580 in all, of which 290 were assessed before.
        assert_eq!((&paid["charge"], &paid["accruing"], &paid["balance"]), (&json!(580), &json!(0), &json!(290)));
        let amounts: Vec<_> = paid["charges"].as_array().unwrap().iter().map(|it| it["amount"].clone()).collect();
        assert_eq!(amounts, [json!(20), json!(290), json!(290)]);
    }
);

on_both_databases!(
    /// What is owed beside a claim ends with it: written off, or withdrawn with the case.
    what_is_owed_beside_a_claim_ends_with_it,
    async |db: TestDb| {
        let app = TestApp::start(&db).await;
        let mut office = Office::open(&app, &db).await;
        let (owing, withdrawn) = (office.owing().await, office.owing().await);
        days(&mut office, 31).await;
        for one in [&owing, &withdrawn] {
            app.post(&office.clerk, &one.path("/demand"), json!({})).await.expect(201);
        }
        let fee = charge(&withdrawn, &late(&office, &withdrawn).await, "demand_fee");
        app.post(&office.business, &format!("{}/withdraw", withdrawn.case), json!({})).await.expect(200);
        assert_eq!(office.books(&fee).await.invoice.state, "canceled");
        assert_eq!(balances(&office.books(&fee).await.entries)[&Account::Receivable], 0);

        days(&mut office, 365 * 5 + 3).await;
        let version = app.get(&office.clerk, &owing.case).await.etag();
        let draft = json!({ "ground": "limitation", "reasons": ["時効完成を確認した"] });
        app.post_if(&office.clerk, &owing.path("/write-off"), &version, draft).await.expect(201);
        for who in [&office.manager, &office.chief] {
            let version = app.get(&office.clerk, &owing.case).await.etag();
            let subject = json!({ "subject": "write_off" });
            app.post_if(who, &format!("{}/approval/approve", owing.case), &version, subject).await.expect(200);
        }
        let fee = charge(&owing, &late(&office, &owing).await, "demand_fee");
        let books = office.books(&fee).await;
        assert_eq!(books.invoice.state, "written_off");
        let given_up = books.entries.iter().filter(|entry| entry.kind == EntryKind::Booked(Posting::WriteOff));
        assert_eq!(given_up.map(|entry| entry.amount.amount()).sum::<i64>(), FEE + 20);
        assert_eq!(late(&office, &owing).await["balance"], 0, "what accrued was never assessed");
    }
);

/// What of a kind of debt is in arrears at the body: invoice, kind, last day before it is extinct.
async fn open_debts(office: &Office<'_>, debt: &str) -> Vec<(String, String, String)> {
    let path = format!("/v1/tenants/{AOMORI}/arrears?debt={debt}");
    let page = office.app.get(&office.accountant, &path).await.expect(200);
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let item = |it: &Value| (text(&it["invoice"]), text(&it["kind"]), text(&it["extinct_after"]));
    page["items"].as_array().unwrap().iter().map(item).collect()
}

/// A claim that was paid late, with the late charge that stays.
async fn paid_late(office: &mut Office<'_>) -> (Owing, Owing) {
    let owing = demanded(office).await;
    days(office, 44).await;
    office.pays(&owing).await;
    office.app.drain().await;
    let left = late(office, &owing).await;
    let charged = charge(&owing, &left, "late_charge");
    (owing, charged)
}

async fn give_up(office: &Office<'_>, owing: &Owing) -> Answer {
    let version = office.app.get(&office.clerk, &owing.case).await.etag();
    let draft = json!({ "ground": "limitation", "reasons": ["時効完成を確認した"] });
    office.app.post_if(&office.clerk, &owing.path("/write-off"), &version, draft).await
}

on_both_databases!(
    /// fee and charge that stay when the claim is paid are in the list with their last day, an acknowledgement counts them anew,
    /// and once extinct they are given up by a decision of others.
    r94_what_stays_beside_a_paid_claim_ends_by_limitation_and_is_written_off,
    async |db: TestDb| {
        let app = TestApp::start(&db).await;
        let mut office = Office::open(&app, &db).await;
        let (owing, charged) = paid_late(&mut office).await;
        let fee = charge(&owing, &late(&office, &owing).await, "demand_fee");
        assert_eq!(give_up(&office, &charged).await.problem(), "409 not_in_arrears", "it is not due yet");
        days(&mut office, 60).await;
        let due = late(&office, &charged).await["due_on"].as_str().unwrap().to_owned();
        let extinct = |day: &str| format!("{}{}", day[..4].parse::<i16>().unwrap() + 5, &day[4..]);
        let mut listed = vec![
            (fee.invoice.clone(), "demand_fee".to_owned(), "2031-05-17".to_owned()),
            (charged.invoice.clone(), "late_charge".to_owned(), extinct(&due)),
        ];
        listed.sort();
        assert_eq!(open_debts(&office, "charge").await, listed);
        assert_eq!(open_debts(&office, "principal").await, []);
        let hidden = app.get(&office.clerk, &format!("/v1/tenants/{AOMORI}/arrears?debt=charge")).await;
        assert_eq!(hidden.problem(), "404 not_found");
        assert_eq!(give_up(&office, &charged).await.problem(), "409 claim_not_extinct");
        let acknowledged = json!({ "acknowledged_on": "2026-08-14", "form": "written", "evidence": "債務承認書" });
        app.post(&office.clerk, &charged.path("/acknowledgements"), acknowledged).await.expect(201);
        assert_eq!(late(&office, &charged).await["extinct_after"], "2031-08-14");
        assert_eq!(late(&office, &fee).await["extinct_after"], "2031-05-17", "each by itself");

        // 2031-08-15
        days(&mut office, 365 * 5 + 2).await;
        app.drain().await;
        office.sign_in_again().await;
        assert_eq!(late(&office, &charged).await["demand"], Value::Null, "none goes out by itself");
        let draft = give_up(&office, &charged).await.expect(201);
        assert_eq!((&draft["amount"], &draft["state"]), (&json!(290), &json!("in_approval")));
        for who in [&office.manager, &office.chief] {
            let version = app.get(&office.clerk, &owing.case).await.etag();
            let subject = json!({ "subject": "write_off" });
            app.post_if(who, &format!("{}/approval/approve", owing.case), &version, subject).await.expect(200);
        }
        let books = office.books(&charged).await;
        assert_eq!((books.invoice.state.as_str(), office.books(&fee).await.invoice.state.as_str()), ("written_off", "unpaid"));
        let given_up = books.entries.iter().filter(|entry| entry.kind == EntryKind::Booked(Posting::WriteOff));
        assert_eq!(given_up.map(|entry| entry.amount.amount()).sum::<i64>(), 290);
        let left: Vec<_> = open_debts(&office, "charge").await.into_iter().map(|debt| debt.1).collect();
        assert_eq!(left, ["demand_fee"]);
        assert_eq!(give_up(&office, &charged).await.problem(), "409 not_in_arrears");
    }
);

on_both_databases!(
    /// where the body's rule says so an officer demands a charge on its own: without a fee, once, and it counts anew.
    r89_a_charge_is_demanded_on_its_own_only_where_the_body_says_so,
    async |db: TestDb| {
        let text = TENANT.replace("order: principal_first", "order: principal_first\n      demand_of_charges: by_officer");
        let app = TestApp::start_offering(&db, "tenants/020001.yaml", &text).await;
        let mut office = Office::open(&app, &db).await;
        let (owing, charged) = paid_late(&mut office).await;
        let demand = async |who: &Person| app.post(who, &charged.path("/demand"), json!({})).await;
        assert_eq!(demand(&office.clerk).await.problem(), "409 not_in_arrears");
        days(&mut office, 60).await;
        app.drain().await;
        assert_eq!(late(&office, &charged).await["demand"], Value::Null, "the clock demands claims only");
        let sent = demand(&office.clerk).await.expect(201);
        assert_eq!((&sent["demand"]["principal"], &sent["demand"]["demand_fee"]), (&json!(290), &json!(0)));
        assert_eq!(sent["extinct_after"], "2031-08-14", "from the day of the demand");
        assert_eq!(demand(&office.accountant).await.problem(), "409 already_demanded");
        let beside = late(&office, &owing).await["charges"].as_array().unwrap().len();
        assert_eq!(beside, 2, "a charge bears neither a fee nor a charge");
        everything_again(&db.db, async || { app.drain().await; }).await;
        assert_eq!(db.count("(SELECT COUNT(*) FROM demands)").await, 2);
        at_counter(&office, &office.clerk, &charged, 290, "2026-08-14").await.expect(201);
        assert_eq!(late(&office, &charged).await["in_arrears"], false);
    }
);

/// One sum for a whole balance, and one for the first debt of another.
async fn one_sum(db: &TestDb, order: &str) {
    let text = TENANT.replace("order: principal_first", &format!("order: {order}"));
    let app = TestApp::start_offering(db, "tenants/020001.yaml", &text).await;
    let mut office = Office::open(&app, db).await;
    let (whole, part) = (demanded(&mut office).await, demanded(&mut office).await);
    days(&mut office, 44).await;
    let take = async |owing: &Owing, amount: i64, key: &str| {
        let body = Some(json!({ "means": "cash", "amount": amount, "reference": "No. 7" }));
        let (path, headers) = (owing.path("/balance-payments"), [("idempotency-key", key)]);
        app.call(reqwest::Method::POST, &path, Some(&office.clerk), &headers, body).await
    };
    let stands = late(&office, &whole).await;
    let balance = stands["balance"].as_i64().unwrap();
    let charged = balance - FEE - 20;
    assert!(charged > 0, "{stands}");
    let refused = take(&whole, balance - 10, "a").await;
    assert_eq!(refused.problem(), "422 validation_failed");
    assert_eq!(refused.body["errors"][0]["code"], "pays_no_whole_debt");
    assert_eq!(late(&office, &whole).await, stands, "a refusal assesses nothing");
    let paid = take(&whole, balance, "b").await.expect(201);
    let items = paid["items"].as_array().unwrap().iter();
    let amounts: Vec<i64> = items.map(|item| item["amount"].as_i64().unwrap()).collect();
    let principal_first = order == "principal_first";
    assert_eq!(amounts, if principal_first { [FEE, 20, charged] } else { [20, charged, FEE] });
    let again = take(&whole, balance, "b").await;
    assert_eq!(again.headers["idempotency-replayed"], "true");
    assert_eq!(again.expect(201), paid);
    assert_eq!(late(&office, &whole).await["balance"], 0);
    assert_eq!(take(&whole, 20, "c").await.problem(), "422 validation_failed");
    let paid = take(&part, if principal_first { FEE } else { 20 }, "d").await.expect(201);
    assert_eq!(paid["items"].as_array().unwrap().len(), 1);
    assert_eq!(office.stands(&part).await.0, if principal_first { "paid" } else { "unpaid" });
    assert_eq!(balances(&office.books(&whole).await.entries)[&Account::Receivable], 0);
}

on_both_databases!(
    /// one sum at the counter pays whole debts in the order of the ordinance, once.
    r92_one_sum_at_the_counter_pays_the_claim_first,
    async |db: TestDb| {
        one_sum(&db, "principal_first").await;
    }
);

on_both_databases!(
    /// as above, where the ordinance puts charges first.
    r92_one_sum_at_the_counter_pays_charges_first,
    async |db: TestDb| {
        one_sum(&db, "charges_first").await;
    }
);
