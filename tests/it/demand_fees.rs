//! The fee of a demand: it comes back where the payment that it was taken off for was none, and outlives the case of its claim.

use madoguchi::domain::ledger::{Account, balances};
use serde_json::{Value, json};

use crate::charges::{at_counter, charge, days, late};
use crate::support::app::{AOMORI, TestApp};
use crate::support::db::TestDb;
use crate::support::repeat::everything_again;
use crate::waivers::office::{FEE, Office, Owing};

/// What is owed of all that was assessed beside claims, in yen.
const BESIDE: &str =
    "(SELECT CAST(SUM(total - reduced) AS BIGINT) FROM invoices WHERE principal_id IS NOT NULL)";

async fn strike(office: &Office<'_>, entry: &Value) {
    let path = format!("/v1/tenants/{AOMORI}/counter-payments/{}/reverse", entry["id"].as_str().unwrap());
    office.app.post(&office.chief, &path, json!({ "reason": "受領日の誤り" })).await.expect(200);
    office.app.drain().await;
}

on_both_databases!(
    /// money that was entered for a day before the demand takes its fee off; once that entry is struck out the fee is
    /// assessed again, as often as it happens, and paid like any other.
    r91_the_fee_of_a_demand_comes_back_when_the_payment_before_it_was_none,
    async |db: TestDb| {
        let app = TestApp::start(&db).await;
        let mut office = Office::open(&app, &db).await;
        let owing = office.owing().await;
        // 2026-05-21
        days(&mut office, 50).await;
        app.post(&office.clerk, &owing.path("/demand"), json!({})).await.expect(201);
        days(&mut office, 1).await;
        let enter = async |day: &str| at_counter(&office, &office.clerk, &owing, FEE, day).await.expect(201);
        for round in 1..=2 {
            let entry = enter("2026-05-18").await;
            assert_eq!((db.count(BESIDE).await, &late(&office, &owing).await["balance"]), (0, &json!(0)), "{round}");
            strike(&office, &entry).await;
            let after = late(&office, &owing).await;
            let open: Vec<&Value> =
                after["charges"].as_array().unwrap().iter().filter(|it| it["state"] == "unpaid").collect();
            assert_eq!((open.len(), &open[0]["kind"], &open[0]["amount"]), (1, &json!("demand_fee"), &json!(20)), "{after}");
            let accruing = after["accruing"].as_i64().unwrap();
            assert_eq!((db.count(BESIDE).await, &after["balance"]), (20, &json!(FEE + 20 + accruing)));
            everything_again(&db.db, async || { app.drain().await; }).await;
            assert_eq!(late(&office, &owing).await, after, "once");
        }
        assert_eq!(db.count("(SELECT COUNT(*) FROM charges WHERE kind = 'demand_fee' AND charge_no IN (1, 2, 3))").await, 3);
        enter("2026-05-22").await;
        let after = late(&office, &owing).await;
        let open = |it: &&Value| it["state"] == "unpaid" && it["kind"] == "demand_fee";
        let fee = after["charges"].as_array().unwrap().iter().find(open).unwrap();
        let fee = Owing { case: owing.case.clone(), invoice: fee["invoice"].as_str().unwrap().to_owned() };
        at_counter(&office, &office.clerk, &fee, 20, "2026-05-22").await.expect(201);
        let charged = charge(&owing, &after, "late_charge");
        let amount = office.books(&charged).await.invoice.total.amount();
        at_counter(&office, &office.clerk, &charged, amount, "2026-05-22").await.expect(201);
        assert_eq!(late(&office, &owing).await["balance"], 0);
        assert_eq!(balances(&office.books(&owing).await.entries)[&Account::Receivable], 0);
    }
);

on_both_databases!(
    /// what was assessed beside a claim ends with that claim; where the claim was paid before its case was withdrawn, the fee of the
    /// demand stays owed, and is payable by every way.
    r90_the_fee_of_a_demand_for_a_paid_claim_is_payable_after_the_withdrawal,
    async |db: TestDb| {
        let app = TestApp::start(&db).await;
        let mut office = Office::open(&app, &db).await;
        let all = [office.owing().await, office.owing().await, office.owing().await];
        days(&mut office, 31).await;
        let mut fees = Vec::new();
        for owing in &all {
            app.post(&office.clerk, &owing.path("/demand"), json!({})).await.expect(201);
            at_counter(&office, &office.clerk, owing, FEE, "2026-05-02").await.expect(201);
            app.post(&office.business, &format!("{}/withdraw", owing.case), json!({})).await.expect(200);
            let fee = charge(owing, &late(&office, owing).await, "demand_fee");
            assert_eq!(office.books(&fee).await.invoice.state, "unpaid");
            fees.push(fee);
        }
        app.post(&office.business, &fees[0].path("/payment-links"), json!({})).await.expect(201);
        at_counter(&office, &office.clerk, &fees[0], 20, "2026-05-02").await.expect(201);
        let sum = json!({ "means": "cash", "amount": 20, "reference": "No. 7" });
        app.post(&office.clerk, &all[1].path("/balance-payments"), sum).await.expect(201);
        office.pays(&fees[2]).await;
        for (fee, state) in fees.iter().zip(["paid", "paid", "entrusted"]) {
            assert_eq!(office.books(fee).await.invoice.state, state);
        }
        assert_eq!(db.count("(SELECT COUNT(*) FROM payment_alerts)").await, 0, "it came for what is owed");
        assert_eq!(balances(&office.books(&all[0]).await.entries)[&Account::Receivable], 0);
        let more = app.post(&office.business, &fees[0].path("/payments"), json!({ "method": "card" })).await;
        assert_eq!(more.problem(), "409 invoice_not_payable");
    }
);
