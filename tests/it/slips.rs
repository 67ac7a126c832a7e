//! Slips and numbers of Pay-easy, and where a slip is refused or paid beside something else.

use jiff::SignedDuration;
use madoguchi::config::{MethodSettings, Settings};
use serde_json::{Value, json};

use crate::support::app::{AOMORI, Person, TestApp};
use crate::support::db::TestDb;
use crate::waivers::office::{FEE, Office, Owing};

/// The methods of the gateway that is used by default.
fn methods(settings: &mut Settings) -> &mut Vec<MethodSettings> {
    &mut settings.gateways.iter_mut().find(|gateway| gateway.name == "komoju").unwrap().methods
}

async fn opens(office: &Office<'_>, owing: &Owing, method: &str) -> Value {
    let wanted = json!({ "method": method });
    office.app.post(&office.business, &owing.path("/payments"), wanted).await.expect(201)
}

/// A slip of a shop: its page, once it is issued.
pub async fn slip(office: &Office<'_>, owing: &Owing) -> String {
    let page = opens(office, owing, "konbini").await["redirect_url"].as_str().unwrap().to_owned();
    assert_eq!(office.app.at_gateway(&page, "konbini", "").await.0, 303);
    let issued = async || office.books(owing).await.states().contains(&"awaiting_payment");
    office.app.until("the slip is issued", issued).await;
    page
}

async fn payable_by(office: &Office<'_>, owing: &Owing) -> Vec<String> {
    let shown = office.app.get(&office.business, &owing.path("")).await.expect(200);
    let text = |code: &Value| code.as_str().unwrap().to_owned();
    shown["payable_by"].as_array().unwrap().iter().map(text).collect()
}

/// The proof that a page bears.
fn proof(page: &str) -> String {
    let (_, address) = page.split_once("/v1/verify/").unwrap();
    address.split_once("</p>").unwrap().0.replace("<br>", "")
}

async fn page_of_notice(app: &TestApp, who: &Person, owing: &Owing) -> String {
    let documents = format!("{}/documents", owing.case);
    let listed = app.get(who, &documents).await.expect(200);
    let is_notice = |item: &&Value| item["kind"] == "payment_notice";
    let notice = listed["items"].as_array().unwrap().iter().find(is_notice).unwrap();
    let path = format!("{documents}/{}/page", notice["id"].as_str().unwrap());
    let answer = app.raw(reqwest::Method::GET, &path).bearer_auth(&who.token).send().await.unwrap();
    assert_eq!(answer.status(), 200);
    answer.text().await.unwrap()
}

on_both_databases!(
    r83_the_numbers_of_pay_easy_are_shown_as_text_with_their_zeros_until_they_are_paid,
    async |db: TestDb| {
        let app = TestApp::start(&db).await;
        let office = Office::open(&app, &db).await;
        let owing = office.owing().await;
        let opened = opens(&office, &owing, "pay_easy").await;
        let payment = format!("/v1/tenants/{AOMORI}/payments/{}", opened["id"].as_str().unwrap());
        let shown = app.get(&office.business, &payment).await.expect(200);
        assert_eq!(shown["slip"], Value::Null, "no number was issued");
        let page = opened["redirect_url"].as_str().unwrap();
        let printed_before = proof(&page_of_notice(&app, &office.business, &owing).await);
        assert_eq!(app.at_gateway(page, "pay_easy", "").await.0, 303);
        let issued = async || office.books(&owing).await.states() == ["awaiting_payment"];
        app.until("the number is issued", issued).await;

        let shown = app.get(&office.business, &payment).await.expect(200);
        let slip = &shown["slip"];
        assert_eq!((&slip["kind"], &slip["biller_number"]), (&json!("pay_easy"), &json!("00581")), "{shown}");
        let number = slip["payment_number"].as_str().unwrap();
        assert!(number.len() == 20 && number.starts_with("00"), "{number}");
        assert_eq!(slip["confirmation_number"].as_str().unwrap().len(), 6);
        assert!(slip["instructions_url"].as_str().unwrap().starts_with("https://"));
        assert_eq!((&slip["payment_category"], &slip["store"]), (&Value::Null, &Value::Null));
        assert_eq!(db.count("(SELECT COUNT(*) FROM payment_slips)").await, 1);

        // Where the notice says how to pay.
        let notice = app.get(&office.business, &owing.path("/notice")).await.expect(200);
        assert_eq!(
            (&notice["slips"][0]["payment"], &notice["slips"][0]["payment_number"]),
            (&opened["id"], &json!(number))
        );
        let paper = page_of_notice(&app, &office.business, &owing).await;
        for printed in ["ペイジー", "収納機関番号", "00581", "納付番号", number] {
            assert!(paper.contains(printed), "{printed}");
        }
        // What was issued is the same, whatever stands beside it: an older print is as good as this one.
        assert_eq!(proof(&paper), printed_before);
        let stranger = app.register("stranger@example.jp", "business").await;
        assert_eq!(app.get(&stranger, &payment).await.problem(), "404 not_found");

        assert_eq!(app.at_gateway(page, "pay_easy/pay", "").await.0, 303);
        app.until("it is entrusted", async || office.books(&owing).await.invoice.state == "entrusted").await;
        office.books(&owing).await.assert_entrusted_once();
        let notice = app.get(&office.business, &owing.path("/notice")).await.expect(200);
        assert_eq!(notice["slips"], json!([]), "nothing waits any more");
        let paper = page_of_notice(&app, &office.business, &owing).await;
        assert!(!paper.contains(number));
    }
);

on_both_databases!(r83_whoever_pays_by_a_link_is_shown_the_numbers_of_the_shop, async |db: TestDb| {
    let app = TestApp::start(&db).await;
    let office = Office::open(&app, &db).await;
    let owing = office.owing().await;
    let link = app.post(&office.business, &owing.path("/payment-links"), json!({})).await.expect(201);
    let path = format!("/v1/payment-links/{}", link["token"].as_str().unwrap());
    let get = async || app.call(reqwest::Method::GET, &path, None, &[], None).await.expect(200);
    let key = crate::support::app::new_key();
    let headers = [("idempotency-key", key.as_str())];
    let wanted = Some(json!({ "method": "konbini" }));
    let pay = format!("{path}/payments");
    let opened = app.call(reqwest::Method::POST, &pay, None, &headers, wanted).await.expect(201);
    assert_eq!(get().await["slip"], Value::Null);
    app.at_gateway(opened["redirect_url"].as_str().unwrap(), "konbini", "").await;
    let issued = async || office.books(&owing).await.states() == ["awaiting_payment"];
    app.until("the slip is issued", issued).await;
    let slip = get().await["slip"].clone();
    assert_eq!((&slip["kind"], &slip["confirmation_number"]), (&json!("konbini"), &json!("0007")));
    assert_eq!((&slip["store"], &slip["biller_number"]), (&json!("lawson"), &Value::Null));
    assert_eq!(slip["receipt_number"].as_str().unwrap().len(), 12);
});

on_both_databases!(
    /// A demand says another day, and until that a slip is taken again.
    r84_a_slip_is_refused_past_the_due_day_and_taken_again_until_the_day_of_a_demand,
    async |db: TestDb| {
        let app = TestApp::start(&db).await;
        let mut office = Office::open(&app, &db).await;
        let owing = office.owing().await;
        let konbini = || json!({ "method": "konbini" });
        assert!(payable_by(&office, &owing).await.contains(&"konbini".to_owned()));
        app.advance(SignedDuration::from_hours(24 * 31)).await;
        office.sign_in_again().await;
        let methods = payable_by(&office, &owing).await;
        assert!(methods.contains(&"card".to_owned()), "{methods:?}");
        assert!(!methods.contains(&"konbini".to_owned()), "{methods:?}");
        let refused = app.post(&office.business, &owing.path("/payments"), konbini()).await;
        assert_eq!(refused.problem(), "409 slip_past_due_day");
        assert!(office.books(&owing).await.payments.is_empty(), "nothing was opened");

        app.post(&office.clerk, &owing.path("/demand"), json!({})).await.expect(201);
        assert!(payable_by(&office, &owing).await.contains(&"konbini".to_owned()));
        slip(&office, &owing).await;
        app.advance(SignedDuration::from_hours(24 * 45)).await;
        office.sign_in_again().await;
        app.until("the slip lapsed", async || office.books(&owing).await.states() == ["expired"]).await;
        let refused = app.post(&office.business, &owing.path("/payments"), konbini()).await;
        assert_eq!(refused.problem(), "409 slip_past_due_day");
    }
);

on_both_databases!(
    /// What was issued on the last day is taken no more once that is over, however long the shop would take it.
    r84_a_slip_of_the_last_day_is_closed_when_that_is_over,
    async |db: TestDb| {
        let app = TestApp::start(&db).await;
        let mut office = Office::open(&app, &db).await;
        let owing = office.owing().await;
        // 2026-05-01
        app.advance(SignedDuration::from_hours(24 * 30)).await;
        office.sign_in_again().await;
        let page = slip(&office, &owing).await;
        app.advance(SignedDuration::from_hours(2)).await;
        app.drain().await;
        assert_eq!(office.books(&owing).await.states(), ["awaiting_payment"], "the day is not over");
        app.advance(SignedDuration::from_hours(22)).await;
        let closed = async || office.books(&owing).await.states() == ["canceled"];
        app.until("the slip is closed", closed).await;
        assert_eq!(app.at_gateway(&page, "konbini/pay", "").await.0, 409, "the shop takes it no more");
        assert_eq!(office.books(&owing).await.invoice.state, "unpaid");
    }
);

on_both_databases!(r84_a_body_may_let_slips_be_taken_past_the_due_day, async |db: TestDb| {
    let lenient = |settings: &mut Settings| {
        for method in methods(settings) {
            method.until_due_day = Some(false);
        }
    };
    let app = TestApp::start_with(&db, lenient).await;
    let mut office = Office::open(&app, &db).await;
    let owing = office.owing().await;
    app.advance(SignedDuration::from_hours(24 * 31)).await;
    office.sign_in_again().await;
    assert!(payable_by(&office, &owing).await.contains(&"konbini".to_owned()));
    slip(&office, &owing).await;
});

#[test]
fn r84_no_shipped_slip_of_a_shop_takes_more_than_300_000_yen() {
    let settings = Settings::load(None).unwrap();
    let slips = settings.gateways.iter().flat_map(|gateway| &gateway.methods);
    let most: Vec<i64> = slips.filter(|method| method.code == "konbini").map(|method| method.max).collect();
    assert!(!most.is_empty() && most.iter().all(|max| *max <= 300_000), "{most:?}");
}

on_both_databases!(r84_a_sum_above_the_most_of_a_slip_is_not_offered_and_refused, async |db: TestDb| {
    for (most, offered) in [(FEE, true), (FEE - 1, false)] {
        let bound = |settings: &mut Settings| {
            let konbini = methods(settings).iter_mut().find(|method| method.code == "konbini").unwrap();
            konbini.max = most;
        };
        let app = TestApp::start_with(&db, bound).await;
        let business = app.register(&format!("b{most}@example.jp"), "business").await;
        let submitted = app.submitted(&business, AOMORI, "denki-koji-toroku").await;
        let invoice =
            format!("/v1/tenants/{AOMORI}/invoices/{}", submitted["invoice"]["id"].as_str().unwrap());
        let shown = app.get(&business, &invoice).await.expect(200);
        assert_eq!(shown["payable_by"].as_array().unwrap().contains(&json!("konbini")), offered);
        let opened =
            app.post(&business, &format!("{invoice}/payments"), json!({ "method": "konbini" })).await;
        let wanted = if offered { "201 -" } else { "422 method_not_offered" };
        assert_eq!(opened.problem(), wanted, "{}", opened.body);
    }
});

on_both_databases!(r84_a_slip_over_another_sum_is_closed_at_its_gateway, async |db: TestDb| {
    let app = TestApp::start(&db).await;
    let office = Office::open(&app, &db).await;
    let owing = office.owing().await;
    let page = slip(&office, &owing).await;
    office.waived(&owing, "half").await;
    app.until("the old slip is closed", async || office.books(&owing).await.states() == ["canceled"]).await;
    assert_eq!(app.at_gateway(&page, "konbini/pay", "").await.0, 409, "the shop takes it no more");
    let page = slip(&office, &owing).await;
    let books = office.books(&owing).await;
    let open = books.payments.iter().find(|payment| payment.state == "awaiting_payment").unwrap();
    assert_eq!(open.amount.amount(), FEE / 2);
    app.at_gateway(&page, "konbini/pay", "").await;
    app.until("it is entrusted", async || office.books(&owing).await.invoice.state == "entrusted").await;
});

on_both_databases!(
    r84_one_debt_paid_by_slip_and_at_the_counter_is_overpaid_and_proposed_to_go_back,
    async |db: TestDb| {
        let app = TestApp::start(&db).await;
        let office = Office::open(&app, &db).await;
        let owing = office.owing().await;
        let page = slip(&office, &owing).await;
        let cash = json!({ "means": "cash", "amount": FEE, "received_on": "2026-04-01" });
        app.post(&office.clerk, &owing.path("/counter-payments"), cash).await.expect(201);
        assert_eq!(office.proposals().await, []);
        // The payer was at the shop before the worker reached the gateway.
        assert_eq!(app.at_gateway(&page, "konbini/pay", "").await.0, 303);
        let twice = async || office.books(&owing).await.states() == ["captured", "captured"];
        app.until("both are known", twice).await;
        assert_eq!(office.stands(&owing).await.0, "overpaid");
        assert_eq!(office.proposals().await, [(owing.invoice.clone(), FEE, "overpaid".to_owned())]);
    }
);
