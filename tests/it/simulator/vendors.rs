//! The façades of PayPay and Stripe, driven as a merchant drives the vendors.

use aws_lc_rs::hmac;
use data_encoding::BASE64;
use madoguchi::simulator::{RunningSimulator, SimulatorSettings, Vendor, VendorAccount, start};
use md5::{Digest, Md5};
use reqwest::{Client, Method};
use serde_json::{Value, json};

use super::stand::read;
use crate::support::db::new_folder;

/// A simulator with an account at both vendors.
struct Both {
    base: String,
    client: Client,
    _running: RunningSimulator,
}

/// What a PayPay request is signed with, and how it differs from what is right.
struct Proof {
    secret: &'static str,
    epoch_off: i64,
    signed_body: Option<&'static str>,
}

const RIGHT: Proof = Proof { secret: "secret_1", epoch_off: 0, signed_body: None };

impl Both {
    fn set_up() -> Self {
        let settings = SimulatorSettings {
            bind: "127.0.0.1:0".parse().unwrap(),
            data_dir: new_folder(),
            accounts: vec![
                VendorAccount::new(Vendor::Paypay, &[("api_key", "key_1"), ("api_secret", "secret_1")], None),
                VendorAccount::new(Vendor::Stripe, &[("secret_key", "sk_1"), ("webhook_secret", "wh")], None),
            ],
            merchant_name: "青森県".to_owned(),
            seed: 7,
            webhook_retry_seconds: vec![60],
        };
        let (running, address) = start(settings).unwrap();
        let client =
            Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none()).build().unwrap();
        Self { base: format!("http://{address}"), client, _running: running }
    }

    /// A call to PayPay with a proof over it.
    async fn paypay(&self, method: Method, path: &str, body: &str, proof: &Proof) -> (u16, Value) {
        let clock: Value =
            self.client.get(format!("{}/_sim/clock", self.base)).send().await.unwrap().json().await.unwrap();
        let now: jiff::Timestamp = clock["now"].as_str().unwrap().parse().unwrap();
        let epoch = now.as_second() + proof.epoch_off;
        let signed = proof.signed_body.unwrap_or(body);
        let (content_type, hash) = if body.is_empty() {
            ("empty", "empty".to_owned())
        } else {
            let mut hash = Md5::new();
            hash.update(b"application/json");
            hash.update(signed.as_bytes());
            ("application/json", BASE64.encode(&hash.finalize()))
        };
        let signed_path = path.split('?').next().unwrap();
        let message = format!("{signed_path}\n{method}\nn1\n{epoch}\n{content_type}\n{hash}");
        let key = hmac::Key::new(hmac::HMAC_SHA256, proof.secret.as_bytes());
        let mac = BASE64.encode(hmac::sign(&key, message.as_bytes()).as_ref());
        let mut request = self
            .client
            .request(method, format!("{}{path}", self.base))
            .header("authorization", format!("hmac OPA-Auth:key_1:{mac}:n1:{epoch}:{hash}"));
        if !body.is_empty() {
            request = request.header("content-type", "application/json").body(body.to_owned());
        }
        read(request.send().await.unwrap()).await
    }

    async fn code(&self, reference: &str) -> (u16, Value) {
        let body = json!({
            "merchantPaymentId": reference, "amount": { "amount": 18_000, "currency": "JPY" },
            "codeType": "ORDER_QR", "redirectUrl": "https://counter.example/back", "redirectType": "WEB_LINK",
        });
        self.paypay(Method::POST, "/v2/codes", &body.to_string(), &RIGHT).await
    }

    async fn details(&self, reference: &str) -> (u16, Value) {
        self.paypay(Method::GET, &format!("/v2/codes/payments/{reference}"), "", &RIGHT).await
    }

    async fn refund(&self, id: &str, payment: &Value, amount: u32) -> (u16, Value) {
        let body = json!({ "merchantRefundId": id, "paymentId": payment, "amount": { "amount": amount, "currency": "JPY" } });
        self.paypay(Method::POST, "/v2/refunds", &body.to_string(), &RIGHT).await
    }

    /// The payer pays by the code.
    async fn pay(&self, code: &Value) -> u16 {
        let url = code["data"]["url"].as_str().unwrap();
        let request = self.client.post(format!("{url}/paypay"));
        let form = request.header("content-type", "application/x-www-form-urlencoded").body("result=ok");
        form.send().await.unwrap().status().as_u16()
    }

    async fn admin(&self, path: &str, body: Value) {
        let sent = self.client.post(format!("{}/_sim/{path}", self.base)).json(&body).send().await.unwrap();
        assert!(sent.status().is_success());
    }

    /// A session of Stripe's.
    async fn session(&self, key: &str, amount: &str) -> (u16, Value) {
        let form = format!(
            "mode=payment&line_items[0][price_data][currency]=jpy&line_items[0][price_data][unit_amount]={amount}\
             &line_items[0][price_data][product_data][name]=x&line_items[0][quantity]=1\
             &success_url=https://counter.example/&client_reference_id={key}"
        );
        let request = self
            .client
            .post(format!("{}/v1/checkout/sessions", self.base))
            .bearer_auth("sk_1")
            .header("idempotency-key", key)
            .header("content-type", "application/x-www-form-urlencoded")
            .body(form);
        read(request.send().await.unwrap()).await
    }
}

fn code_of(body: &Value) -> &str {
    body["resultInfo"]["code"].as_str().unwrap()
}

#[tokio::test]
async fn paypay_refuses_a_wrong_proof_a_changed_body_and_a_clock_two_minutes_off() {
    let both = Both::set_up();
    let body = "{\"merchantPaymentId\":\"A-1\"}";
    for wrong in [
        Proof { secret: "other", ..RIGHT },
        Proof { signed_body: Some("{}"), ..RIGHT },
        Proof { epoch_off: 125, ..RIGHT },
        Proof { epoch_off: -125, ..RIGHT },
    ] {
        let (status, answer) = both.paypay(Method::POST, "/v2/codes", body, &wrong).await;
        assert_eq!((status, code_of(&answer)), (401, "UNAUTHORIZED"));
    }
    for off in [110, -110] {
        let proof = Proof { epoch_off: off, ..RIGHT };
        let (status, answer) = both.paypay(Method::POST, "/v2/codes", body, &proof).await;
        assert_eq!((status, code_of(&answer)), (400, "INVALID_PARAMS"), "believed, and read");
    }
}

#[tokio::test]
async fn a_code_is_made_once_stays_created_when_it_lapses_and_is_forgotten_later() {
    let both = Both::set_up();
    let (status, _) = both.code("A-1").await;
    assert_eq!(status, 201);
    let (status, again) = both.code("A-1").await;
    assert_eq!((status, code_of(&again)), (400, "DUPLICATE_DYNAMIC_QR_REQUEST"));
    both.admin("clock", json!({ "advance_seconds": 301 })).await;
    assert_eq!(both.details("A-1").await.1["data"]["status"], "CREATED");
    both.admin("clock", json!({ "advance_seconds": 86_400 })).await;
    let (status, gone) = both.details("A-1").await;
    assert_eq!((status, code_of(&gone)), (404, "DYNAMIC_QR_PAYMENT_NOT_FOUND"));
}

#[tokio::test]
async fn a_payment_called_off_before_it_is_made_fails_and_one_made_goes_back() {
    let both = Both::set_up();
    let (_, before) = both.code("A-1").await;
    let (status, accepted) = both.paypay(Method::DELETE, "/v2/payments/A-1", "", &RIGHT).await;
    assert_eq!((status, code_of(&accepted)), (202, "REQUEST_ACCEPTED"));
    assert_eq!(both.pay(&before).await, 303);
    assert_eq!(both.details("A-1").await.1["data"]["status"], "FAILED");

    let (_, after) = both.code("A-2").await;
    assert_eq!(both.pay(&after).await, 303);
    assert_eq!(both.details("A-2").await.1["data"]["status"], "COMPLETED");
    assert_eq!(both.paypay(Method::DELETE, "/v2/payments/A-2", "", &RIGHT).await.0, 202);
    assert_eq!(both.details("A-2").await.1["data"]["status"], "FAILED");
    let url = format!("{}/_sim/ledger", both.base);
    let ledger: Value = both.client.get(url).send().await.unwrap().json().await.unwrap();
    assert_eq!((&ledger["captured"], &ledger["refunded"]), (&json!(18_000), &json!(18_000)));
}

#[tokio::test]
async fn refunds_have_their_own_ids_limits_and_pauses() {
    let both = Both::set_up();
    let (_, code) = both.code("A-1").await;
    both.pay(&code).await;
    let payment = both.details("A-1").await.1["data"]["paymentId"].clone();
    let (status, too_much) = both.refund("r-1", &payment, 18_001).await;
    assert_eq!((status, code_of(&too_much)), (400, "REFUND_LIMIT_EXCEEDED"));
    let (status, first) = both.refund("r-2", &payment, 8_000).await;
    assert_eq!((status, &first["data"]["status"]), (201, &json!("REFUNDED")));
    assert_eq!(both.refund("r-2", &payment, 8_000).await, (201, first), "the same id is the same refund");
    let (_, throttled) = both.refund("r-3", &payment, 1).await;
    assert_eq!(code_of(&throttled), "THROTTLED_MULTIPLE_REFUND_REJECTED");
    both.admin("clock", json!({ "advance_seconds": 61 })).await;
    assert_eq!(both.refund("r-4", &payment, 10_000).await.0, 201);
    assert_eq!(both.details("A-1").await.1["data"]["refunds"]["data"].as_array().unwrap().len(), 2);
    let path = format!("/v2/refunds/r-2?paymentId={}", payment.as_str().unwrap());
    // The proof covers the path without its query.
    let (_, found) = both.paypay(Method::GET, &path, "", &RIGHT).await;
    assert_eq!(found["data"]["amount"]["amount"], 8_000);
}

#[tokio::test]
async fn f28_what_paypay_has_accepted_it_makes_and_f38_it_minds_a_clock_that_is_off() {
    let both = Both::set_up();
    let (_, code) = both.code("A-1").await;
    both.pay(&code).await;
    let payment = both.details("A-1").await.1["data"]["paymentId"].clone();
    for fault in ["F28", "F38"] {
        both.admin("faults", json!({ "match": { "op": "refund" }, "fault": fault })).await;
    }
    let (status, refused) = both.refund("r-1", &payment, 8_000).await;
    assert_eq!((status, code_of(&refused)), (401, "UNAUTHORIZED"), "F38; F28 cannot befall it");
    assert_eq!(both.refund("r-1", &payment, 8_000).await.0, 201);
    both.admin("clock", json!({ "advance_seconds": 86_400 })).await;
    assert_eq!(both.details("A-1").await.1["data"]["refunds"]["data"][0]["status"], "REFUNDED");
}

#[tokio::test]
async fn stripe_keeps_the_first_answer_of_a_key_a_failure_too_and_no_refusal_of_form() {
    let both = Both::set_up();
    let (status, refused) = both.session("k-1", "1").await;
    assert_eq!((status, &refused["error"]["type"]), (400, &json!("invalid_request_error")));
    let (status, made) = both.session("k-1", "18000").await;
    assert_eq!(status, 200, "the refusal was not kept: {made}");
    assert!(made["id"].as_str().unwrap().starts_with("cs_test_"));
    let id = made["id"].clone();
    assert_eq!(both.session("k-1", "18000").await, (200, made));
    let (status, other_body) = both.session("k-1", "17000").await;
    assert_eq!((status, &other_body["error"]["type"]), (400, &json!("idempotency_error")));

    both.admin("faults", json!({ "match": { "op": "create" }, "fault": "F05", "args": { "status": 500 } }))
        .await;
    assert_eq!(both.session("k-2", "18000").await.0, 500);
    assert_eq!(both.session("k-2", "18000").await.0, 500, "the key's answer from now on");
    both.admin("clock", json!({ "advance_seconds": 86_401 })).await;
    let (status, second) = both.session("k-1", "18000").await;
    assert_eq!(status, 200, "F09: the key is forgotten, and Stripe minds no reference");
    assert_ne!(second["id"], id);
}

#[tokio::test]
async fn stripe_believes_its_key_only() {
    let both = Both::set_up();
    let url = format!("{}/v1/checkout/sessions/cs_test_x", both.base);
    for request in [both.client.get(&url), both.client.get(&url).bearer_auth("sk_2")] {
        assert_eq!(read(request.send().await.unwrap()).await.0, 401);
    }
    let (status, missing) = read(both.client.get(&url).bearer_auth("sk_1").send().await.unwrap()).await;
    assert_eq!((status, &missing["error"]["code"]), (404, &json!("resource_missing")));
}
