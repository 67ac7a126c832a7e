//! Refunds that go by bank transfer: the payee's account, the file, the bank's word.

use madoguchi::domain::id::TenantCode;
use madoguchi::domain::policy::Role;
use madoguchi::domain::zengin;
use madoguchi::store::{StoreError, refunds};
use serde_json::{Value, json};

use super::desk::{Desk, FEE, Paid};
use crate::support::app::{AOMORI, Person, TestApp};
use crate::support::db::TestDb;

const PAYOUTS: &str = "/v1/tenants/020001/payouts";

pub fn payee(holder: &str) -> Value {
    json!({
        "account": {
            "bank_code": "0117", "bank_name": "アオモリ", "branch_code": "002", "branch_name": "ヒロサキ",
            "kind": "ordinary", "number": "7654321",
        },
        "holder": holder,
    })
}

/// An approved refund of everything, by bank transfer, because e-money cannot be sent back.
async fn due(desk: &Desk<'_>, paid: &Paid<'_>, holder: &str) -> Value {
    let asked = paid.ask(&desk.accountant, FEE, FEE).await.expect(201);
    assert_eq!(asked["route"], "bank_transfer");
    let path = format!("/v1/tenants/{AOMORI}/refunds/{}/payee", asked["id"].as_str().unwrap());
    let given = desk.app.post(&desk.business, &path, payee(holder)).await.expect(200);
    assert_eq!(given["payee_known"], true);
    let approved = paid.decide(&desk.chief, &asked, "approve").await.expect(200);
    assert_eq!(approved["state"], "payout_due");
    approved
}

on_both_databases!(
    /// a payee who names no account keeps nobody's money back, however long the list of such payees is.
    r99_who_never_names_an_account_stands_before_nobody_who_did,
    async |db: TestDb| {
        let app = TestApp::start(&db).await;
        let desk = Desk::open(&app, &db).await;
        let silent = desk.paid("nanaco").await;
        let asked = silent.ask(&desk.accountant, FEE, FEE).await.expect(201);
        silent.decide(&desk.chief, &asked, "approve").await.expect(200);
        let named = desk.paid("nanaco").await;
        let wanted = due(&desk, &named, "クドウ タロウ").await;
        let found = app.core.db.read(|tx| {
            let tenant = TenantCode::parse(AOMORI).unwrap();
            let payable = refunds::payable_by_transfer(tx, &tenant, 1)?;
            let first = refunds::payout_due_after(tx, &tenant, None, 1)?;
            let second = refunds::payout_due_after(tx, &tenant, first.last().map(|row| row.id), 1)?;
            Ok::<_, StoreError>([payable, first, second].map(|rows| rows[0].id.to_string()))
        });
        let (asked, wanted) = (asked["id"].as_str().unwrap(), wanted["id"].as_str().unwrap());
        assert_eq!(found.await.unwrap(), [wanted, asked, wanted]);
    }
);

/// A file of everything that is due.
async fn export(desk: &Desk<'_>, who: &Person) -> Value {
    desk.app.post(who, PAYOUTS, json!({ "transfer_on": "2026-04-30" })).await.expect(201)
}

on_both_databases!(
    /// A municipality may have no designated bank, and then has no way to pay by transfer.
    r88_without_a_designated_bank_on_the_day_of_the_transfer_nothing_is_paid_by_bank,
    async |db: TestDb| {
        let tenant = include_str!("../../../config/tenants/020001.yaml");
        let from = "  - bank: 青森銀行（見本）\n    valid_from: 2020-04-01\n";
        assert!(tenant.contains(from));
        let ended = tenant.replace(from, &format!("{from}    valid_to: 2026-04-29\n"));
        let app = TestApp::start_offering(&db, "tenants/020001.yaml", &ended).await;
        let desk = Desk::open(&app, &db).await;
        let paid = desk.paid("nanaco").await;
        due(&desk, &paid, "クドウ タロウ").await;
        let on = async |day: &str| app.post(&desk.accountant, PAYOUTS, json!({ "transfer_on": day })).await;
        assert_eq!(on("2026-04-30").await.problem(), "409 no_designated_bank");
        assert_eq!(db.count("(SELECT COUNT(*) FROM payouts)").await, 0);
        on("2026-04-29").await.expect(201);
    }
);

#[test]
fn r88_every_shipped_body_names_its_designated_bank_with_a_source() {
    let catalogue = crate::support::catalogue::shipped();
    let day = jiff::civil::date(2026, 4, 1);
    let mut bodies = 0;
    for tenant in catalogue.tenants() {
        let bank = tenant.definition.designated_bank(day).unwrap();
        assert!(bank.sample && !bank.source.is_empty(), "{}", tenant.definition.code);
        assert!(tenant.definition.designated_bank(jiff::civil::date(2020, 3, 31)).is_none());
        bodies += 1;
    }
    assert_eq!(bodies, 5);
}

on_both_databases!(r99_a_refund_by_bank_transfer_is_one_line_of_a_file_and_paid_once, async |db: TestDb| {
    let app = TestApp::start(&db).await;
    let desk = Desk::open(&app, &db).await;
    let second = app.officer(AOMORI, "suito-kaikei-kanri", Role::Accountant, "second@example.jp").await;
    let paid = desk.paid("nanaco").await;
    let other = desk.paid("nanaco").await;
    let nothing = app.post(&desk.accountant, PAYOUTS, json!({ "transfer_on": "2026-04-30" })).await;
    assert_eq!(nothing.problem(), "409 nothing_due");
    due(&desk, &paid, "クドウ タロウ").await;
    let back = due(&desk, &other, "カブシキガイシャ ミウラ").await;
    assert_eq!(paid.booked().await, (0, FEE, FEE), "owed to the payer");

    let list = app.get(&desk.accountant, PAYOUTS).await.expect(200);
    assert_eq!(list["due"].as_array().unwrap().len(), 2);
    let made = export(&desk, &desk.accountant).await;
    assert_eq!((&made["count"], &made["total"]), (&json!(2), &json!(2 * FEE)));
    let path = format!("{PAYOUTS}/{}", made["id"].as_str().unwrap());
    let file = app.raw(reqwest::Method::GET, &format!("{path}/file")).bearer_auth(&desk.accountant.token);
    let file = file.send().await.unwrap().bytes().await.unwrap();
    let read = zengin::parse(&file).unwrap();
    let mut payees: Vec<_> = read.transfers.iter().map(|transfer| transfer.payee.as_str()).collect();
    payees.sort_unstable();
    assert_eq!(payees, ["ｶ)ﾐｳﾗ", "ｸﾄﾞｳ ﾀﾛｳ"]);
    assert_eq!(read.header.transfer_on, (4, 30));
    assert_eq!(db.count("(SELECT COUNT(*) FROM access_log WHERE operation = 'payout_file')").await, 1);

    // Two people; and what the bank returned waits for another account.
    let own = app.post(&desk.accountant, &format!("{path}/confirm"), json!({})).await;
    assert_eq!(own.problem(), "403 own_refund");
    let returned = json!({ "returned": [back["id"]] });
    let confirmed = app.post(&second, &format!("{path}/confirm"), returned.clone()).await.expect(200);
    assert_eq!(confirmed["state"], "paid");
    assert_eq!(
        (paid.states().await, other.states().await),
        (vec!["paid_out".into()], vec!["payout_due".into()])
    );
    assert_eq!(app.post(&second, &format!("{path}/confirm"), returned).await.problem(), "409 wrong_state");
    assert_eq!(paid.booked().await, (0, 0, FEE), "paid from the bank, not by the agent");
    let standing = paid.standing().await;
    assert_eq!((standing.0.as_str(), standing.1.as_str()), ("refunded", "captured"));
    assert_eq!(paid.truth().await, 0);
    let again = app.post(&desk.accountant, PAYOUTS, json!({ "transfer_on": "2026-05-01" })).await;
    assert_eq!(again.problem(), "409 nothing_due", "the returned one has no account any more");
});

on_both_databases!(
    r100_an_account_that_no_bank_takes_is_refused_and_a_good_one_is_sealed,
    async |db: TestDb| {
        let app = TestApp::start(&db).await;
        let desk = Desk::open(&app, &db).await;
        let paid = desk.paid("nanaco").await;
        let asked = paid.ask(&desk.accountant, FEE, FEE).await.expect(201);
        let path = format!("/v1/tenants/{AOMORI}/refunds/{}/payee", asked["id"].as_str().unwrap());
        for (field, value, pointer) in [
            ("holder", json!("工藤 太郎"), "/holder"),
            ("account.number", json!("123"), "/account/number"),
            ("account.bank_code", json!("abcd"), "/account/bank_code"),
        ] {
            let mut wrong = payee("クドウ");
            match field.split_once('.') {
                Some((outer, inner)) => wrong[outer][inner] = value,
                None => wrong[field] = value,
            }
            let refused = app.post(&desk.business, &path, wrong).await;
            assert_eq!(refused.problem(), "422 validation_failed", "{field}");
            assert_eq!(refused.body["errors"][0]["pointer"], pointer);
        }
        app.post(&desk.accountant, &path, payee("クドウ")).await.expect(200);
        let sealed = paid.rows().await[0].sealed_payee.clone().unwrap();
        assert!(!String::from_utf8_lossy(&sealed).contains("7654321"));
        let card = desk.paid("card").await;
        let asked = card.ask(&desk.accountant, FEE, FEE).await.expect(201);
        let path = format!("/v1/tenants/{AOMORI}/refunds/{}/payee", asked["id"].as_str().unwrap());
        let refused = app.post(&desk.business, &path, payee("クドウ")).await;
        assert_eq!(refused.problem(), "409 wrong_state", "it goes back to the card");
    }
);

on_both_databases!(
    /// one who could replace an account after the approval does not also make the file that pays it.
    r119_whoever_gave_an_account_makes_no_file_with_it,
    async |db: TestDb| {
        let app = TestApp::start(&db).await;
        let desk = Desk::open(&app, &db).await;
        let second = app.officer(AOMORI, "suito-kaikei-kanri", Role::Accountant, "second@example.jp").await;
        let (replaced, other) = (desk.paid("nanaco").await, desk.paid("nanaco").await);
        let refund = due(&desk, &replaced, "クドウ タロウ").await;
        due(&desk, &other, "ミウラ ハナコ").await;
        let path = format!("/v1/tenants/{AOMORI}/refunds/{}/payee", refund["id"].as_str().unwrap());
        app.post(&desk.accountant, &path, payee("サイトウ ジロウ")).await.expect(200);
        let refused = app.post(&desk.accountant, PAYOUTS, json!({ "transfer_on": "2026-04-30" })).await;
        assert_eq!(refused.problem(), "422 validation_failed");
        let named: Vec<_> = refused.body["errors"].as_array().unwrap().iter().map(|it| (&it["pointer"], &it["code"])).collect();
        let pointer = json!(format!("/refunds/{}", refund["id"].as_str().unwrap()));
        assert_eq!(named, [(&pointer, &json!("own_payee"))]);
        assert_eq!(replaced.states().await, ["payout_due"]);
        assert_eq!(export(&desk, &second).await["count"], 2, "another one makes it");
    }
);
