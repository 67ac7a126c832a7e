//! The VeriTrans façade, driven as a merchant with its own idea of the vendor's rules.

use aws_lc_rs::digest::{SHA256, digest};
use data_encoding::{BASE64, HEXLOWER};
use madoguchi::simulator::{RunningSimulator, SimulatorSettings, Vendor, VendorAccount, start};
use reqwest::Client;
use serde_json::{Value, json};

use crate::support::db::new_folder;

const CCID: &str = "A100000000000000000000cc";
const KEY: &str = "abcdef0123456789abcdef0123456789";

struct Shop {
    base: String,
    client: Client,
    _simulator: RunningSimulator,
}

fn hash(params: &str) -> String {
    HEXLOWER.encode(digest(&SHA256, format!("{CCID}{params}{KEY}").as_bytes()).as_ref())
}

impl Shop {
    fn open() -> Self {
        let account =
            VendorAccount::new(Vendor::Veritrans, &[("merchant_id", CCID), ("secret_key", KEY)], None);
        let settings = SimulatorSettings {
            bind: "127.0.0.1:0".parse().unwrap(),
            data_dir: new_folder(),
            accounts: vec![account],
            merchant_name: "青森県".to_owned(),
            seed: 7,
            webhook_retry_seconds: vec![60],
        };
        let (simulator, address) = start(settings).unwrap();
        let client =
            Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none()).build().unwrap();
        Self { base: format!("http://{address}"), client, _simulator: simulator }
    }

    async fn post(&self, path: &str, body: String) -> Value {
        let answer = self.client.post(format!("{}{path}", self.base)).body(body).send().await.unwrap();
        assert_eq!(answer.status(), 200, "the vendor answers 200 whatever it says");
        answer.json::<Value>().await.unwrap()["result"].clone()
    }

    /// A proven test request.
    async fn call(&self, command: &str, own: Value) -> Value {
        let path = match command {
            "Search" => "/test-paynow-search/v2/Search/search".to_owned(),
            other => format!("/test-paynow/v2/{other}/em"),
        };
        self.post(&path, body(own)).await
    }

    async fn order(&self, option: &str, order: &str) -> Value {
        self.call("Authorize", new_order(option, order)).await
    }

    async fn standing(&self, order: &str) -> (String, usize) {
        let search =
            json!({ "containDummyFlag": "true", "searchParameters": { "common": { "orderId": order } } });
        let found = self.call("Search", search).await;
        let order = &found["orderInfos"]["orderInfo"][0];
        let steps = order["transactionInfos"]["transactionInfo"].as_array().map_or(0, Vec::len);
        let text = |name: &str| order[name].as_str().unwrap_or("-").to_owned();
        (format!("{}/{}", text("lastSuccessTxnType"), text("orderStatus")), steps)
    }

    async fn pays(&self, answer: &Value, wallet: &str) -> u16 {
        let page = format!("{}/hosted/{}/{wallet}", self.base, answer["custTxn"].as_str().unwrap());
        let request = self.client.post(page).header("content-type", "application/x-www-form-urlencoded");
        request.body("result=ok").send().await.unwrap().status().as_u16()
    }
}

fn body(mut own: Value) -> String {
    own["txnVersion"] = json!("2.0.0");
    own["dummyRequest"] = json!("1");
    own["merchantCcid"] = json!(CCID);
    let params = own.to_string();
    format!("{{\"params\":{params},\"authHash\":\"{}\"}}", hash(&params))
}

fn new_order(option: &str, order: &str) -> Value {
    json!({
        "serviceOptionType": option, "orderId": order, "amount": "8000", "transactionKind": "02", "userId": order,
        "screenTitle": "手数料", "mailAddr": "payer@example.jp", "completeNoticeUrl": "https://shop.example/back",
        "settlementLimit": "20991231235959",
    })
}

fn outcome(answer: &Value) -> (&str, &str) {
    (answer["mstatus"].as_str().unwrap(), answer["vResultCode"].as_str().unwrap())
}

#[tokio::test]
async fn a_request_is_believed_by_the_hash_over_its_own_bytes() {
    let shop = Shop::open();
    let path = "/test-paynow/v2/Authorize/em";
    let good = body(new_order("tcc-redirect", "A-1"));
    for wrong in [
        good.replace("8000", "8001"),
        good.replace("\"authHash\":\"", "\"authHash\": \""),
        good.replace("{\"params\":", "{ \"params\":"),
        good[..good.len() - 1].to_owned(),
        String::new(),
    ] {
        let answer = shop.post(path, wrong).await;
        assert_eq!(answer["mstatus"], "failure", "{answer}");
        assert!(matches!(answer["vResultCode"].as_str(), Some("MA01000000000000" | "MA02000000000000")));
    }
    assert_eq!(shop.standing("A-1").await.1, 0, "nothing was done");
    assert_eq!(shop.post(path, good.clone()).await["mstatus"], "success");
    let live = shop.post("/paynow/v2/Authorize/em", body(new_order("tcc-redirect", "A-2"))).await;
    assert_eq!(outcome(&live), ("failure", "EB01000000000000"), "a test order at the live address");
}

#[tokio::test]
async fn an_order_id_is_used_once_over_orders_and_refunds() {
    let shop = Shop::open();
    let answer = shop.order("edy-direct", "A-1").await;
    assert!(answer["appUrl"].as_str().unwrap().contains("/hosted/"));
    assert_eq!(outcome(&shop.order("tcc-redirect", "A-1").await), ("failure", "EC01000000000000"));
    assert_eq!(shop.pays(&answer, "edy").await, 303);
    let refund = |own: &str, amount: &str| json!({ "serviceOptionType": "edy-direct", "orderId": own, "orderKind": "refund", "refundOrderId": "A-1", "amount": amount });
    assert_eq!(outcome(&shop.call("Refund", refund("A-1", "1")).await), ("failure", "EC01000000000000"));
    assert_eq!(outcome(&shop.call("Refund", refund("R-1", "8001")).await), ("failure", "EC04000000000000"));
    assert_eq!(shop.call("Refund", refund("R-1", "3000")).await["mstatus"], "success");
    assert_eq!(outcome(&shop.call("Refund", refund("R-1", "3000")).await), ("failure", "EC01000000000000"));
    assert_eq!(outcome(&shop.call("Refund", refund("R-2", "5001")).await), ("failure", "EC04000000000000"));
    assert_eq!(shop.call("Refund", refund("R-2", "5000")).await["mstatus"], "success");
    assert_eq!(shop.standing("A-1").await, ("Refund/paid".to_owned(), 4));
    assert_eq!(outcome(&shop.order("edy-direct", "R-1").await), ("failure", "EC01000000000000"));
}

#[tokio::test]
async fn a_brand_takes_only_what_it_can() {
    let shop = Shop::open();
    for (option, field, value) in [
        ("suica-mobile-mail", "mailAddr", json!("")),
        ("suica-mobile-mail", "screenTitle", json!("あ".repeat(14))),
        ("suica-mobile-mail", "orderId", json!("x".repeat(41))),
        ("suica-mobile-mail", "amount", json!("20001")),
        ("suica-mobile-mail", "settlementLimit", json!("20200101000000")),
        ("tcc-redirect", "amount", json!("50001")),
        ("tcc-redirect", "amount", json!(8000)),
        ("tcc-redirect", "userId", json!("")),
        ("tcc-redirect", "orderId", json!("a/b")),
        ("bitcash-api", "amount", json!("1")),
    ] {
        let mut order = new_order(option, "A-1");
        order[field] = value;
        let answer = shop.call("Authorize", order).await;
        assert_eq!(outcome(&answer), ("failure", "EB01000000000000"), "{option} {field}: {answer}");
    }
    let nanaco = shop.order("tcc-redirect", "A-1").await;
    assert_eq!(shop.pays(&nanaco, "nanaco").await, 303);
    let refund = json!({ "serviceOptionType": "tcc-redirect", "orderId": "R-1", "orderKind": "refund", "refundOrderId": "A-1", "amount": "1" });
    assert_eq!(
        outcome(&shop.call("Refund", refund).await),
        ("failure", "EC03000000000000"),
        "nanaco has no refund"
    );
    shop.order("edy-direct", "A-2").await;
    let cancel = |option: &str, order: &str| json!({ "serviceOptionType": option, "orderId": order });
    assert_eq!(
        outcome(&shop.call("Cancel", cancel("edy-direct", "A-2")).await),
        ("failure", "EC03000000000000")
    );
    assert_eq!(
        outcome(&shop.call("Cancel", cancel("tcc-redirect", "A-1")).await),
        ("failure", "EC03000000000000"),
        "it is paid"
    );
    assert_eq!(
        outcome(&shop.call("Cancel", cancel("tcc-redirect", "A-9")).await),
        ("failure", "EC02000000000000")
    );
    let third = shop.order("tcc-redirect", "A-3").await;
    assert_eq!(shop.call("Cancel", cancel("tcc-redirect", "A-3")).await["mstatus"], "success");
    assert_eq!(shop.standing("A-3").await.0, "Cancel/end");
    assert_eq!(shop.pays(&third, "nanaco").await, 409);
}

#[tokio::test]
async fn a_test_order_is_found_only_when_tests_are_asked_for() {
    let shop = Shop::open();
    shop.order("tcc-redirect", "A-1").await;
    assert_eq!(shop.standing("A-1").await, ("Authorize/initial".to_owned(), 1));
    let search =
        json!({ "containDummyFlag": "false", "searchParameters": { "common": { "orderId": "A-1" } } });
    assert_eq!(shop.call("Search", search).await["searchCount"], 0);
    assert_eq!(shop.standing("A-2").await, ("-/-".to_owned(), 0));
}

#[tokio::test]
async fn a_browsers_return_is_signed() {
    let shop = Shop::open();
    let answer = shop.order("edy-direct", "A-1").await;
    let page = format!("{}/hosted/{}/edy", shop.base, answer["custTxn"].as_str().unwrap());
    let request = shop.client.post(page).header("content-type", "application/x-www-form-urlencoded");
    let back = request.body("result=ok").send().await.unwrap();
    let url = reqwest::Url::parse(back.headers()["location"].to_str().unwrap()).unwrap();
    assert!(url.as_str().starts_with("https://shop.example/back?"));
    let values: Vec<(String, String)> = url.query_pairs().into_owned().collect();
    let value = |name: &str| values.iter().find(|(key, _)| key == name).unwrap().1.clone();
    assert_eq!(BASE64.decode(value("authParams").as_bytes()).unwrap(), b"orderId,mstatus,vResultCode");
    let keys = [KEY.into()];
    let relied_on = ["orderId", "mstatus"];
    assert_eq!(madoguchi::gateway::veritrans::verify_return(CCID, &keys, &values, &relied_on), Ok(()));
}
