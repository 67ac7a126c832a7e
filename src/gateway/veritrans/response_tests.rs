//! Tests of reading answers.

use serde_json::{Value, json};

use super::{Answered, Found, canceled, checkout, found, holds_a_refund, refunded, result};
use crate::domain::money::Yen;
use crate::domain::payment::{PaymentSnapshot, RefundStatus, SnapshotStatus as S};
use crate::gateway::veritrans::brands::Brand;
use crate::gateway::veritrans::fixtures::{self, ORDER, method, now, searched, step};
use crate::gateway::veritrans::request::Asked;

fn asked(option: &str) -> Asked {
    Asked {
        order_id: ORDER.to_owned(),
        service_option_type: option.to_owned(),
        refund_order_id: None,
        amount: Some("8000".to_owned()),
        settlement_limit: Some("20260404090000".to_owned()),
    }
}

fn read(option: &str, answered: Answered, body: &str) -> Option<PaymentSnapshot> {
    let brand = Brand::of_option(option).unwrap();
    let code = method(brand.method);
    found(result(body.as_bytes()).unwrap(), ORDER, brand, Some(&code), answered, now()).and_then(Found::order)
}

fn money(snapshot: &PaymentSnapshot) -> [i64; 4] {
    let found = snapshot.counters;
    [found.authorized, found.captured, found.refunded, found.charged_back].map(Yen::amount)
}

fn answer(extra: &Value) -> super::ResultBody {
    result(fixtures::result("success", "E001000000000000", extra).as_bytes()).unwrap()
}

#[test]
fn a_payer_is_sent_on_or_invited() {
    let url = json!({ "appUrl": "https://nanaco.example/pay" });
    let nanaco = checkout(answer(&url), &asked("tcc-redirect")).unwrap();
    assert_eq!(
        (nanaco.status, nanaco.redirect_url.as_deref()),
        (S::RequiresAction, Some("https://nanaco.example/pay"))
    );
    assert_eq!(nanaco.gateway_session_id, format!("tcc-redirect:{ORDER}"));
    let suica = checkout(answer(&json!({ "receiptNo": "1" })), &asked("suica-mobile-mail")).unwrap();
    assert_eq!((suica.status, suica.redirect_url), (S::AwaitingPayment, None));
    assert_eq!(suica.expires_at, Some("2026-04-04T00:00:00Z".parse().unwrap()));
    assert!(checkout(answer(&json!({})), &asked("edy-direct")).is_none(), "no address, no checkout");
    assert!(checkout(answer(&json!({ "appUrl": "javascript:x" })), &asked("edy-direct")).is_none());
    assert!(checkout(answer(&json!({ "orderId": "another" })), &asked("suica-mobile-mail")).is_none());
}

#[test]
fn an_order_nobody_paid_is_no_money() {
    let body = searched("Authorize", "initial", &[step("Authorize", "success", "8000")]);
    let nanaco = read("tcc-redirect", Answered::Yes, &body).unwrap();
    assert_eq!(
        (nanaco.status, money(&nanaco), nanaco.amount.unwrap().amount()),
        (S::RequiresAction, [0; 4], 8_000)
    );
    assert_eq!(read("suica-mobile-mail", Answered::Yes, &body).unwrap().status, S::AwaitingPayment);
}

#[test]
fn a_paid_order_is_captured_when_it_was_paid() {
    let mut paid = step("Authorize", "success", "8000");
    paid["txnDatetime"] = json!("2026-04-01 23:59:59.123");
    let body = searched("Authorize", "paid", &[step("Authorize", "success", "8000"), paid]);
    let found = read("suica-mobile-mail", Answered::Yes, &body).unwrap();
    assert_eq!((found.status, money(&found)), (S::Captured, [8_000, 8_000, 0, 0]));
    assert_eq!(found.captured_at, Some("2026-04-01T14:59:59.123Z".parse().unwrap()), "the same day in Japan");
    assert_eq!(found.raw_status, "Authorize/paid");
}

#[test]
fn refunds_are_summed_and_are_no_status() {
    let steps = [
        step("Authorize", "success", "8000"),
        step("Refund", "success", "400"),
        step("Refund", "failure", "7600"),
        step("Refund", "success", "600"),
    ];
    let found = read("edy-direct", Answered::Yes, &searched("Refund", "paid", &steps)).unwrap();
    assert_eq!((found.status, money(&found)), (S::Captured, [8_000, 8_000, 1_000, 0]));
}

#[test]
fn held_failed_canceled_and_expired_orders_are_told_apart() {
    let held = searched("", "pending", &[step("Authorize", "pending", "8000")]);
    assert_eq!(read("suica-mobile-mail", Answered::Yes, &held).unwrap().status, S::Processing);
    let failed = searched("", "end", &[step("Authorize", "failure", "8000")]);
    assert_eq!(read("suica-mobile-mail", Answered::Yes, &failed).unwrap().status, S::Failed);
    let steps = [step("Authorize", "success", "8000"), step("Cancel", "success", "8000")];
    assert_eq!(
        read("tcc-redirect", Answered::Yes, &searched("Cancel", "end", &steps)).unwrap().status,
        S::Canceled
    );
    let expired = searched("Authorize", "expired", &steps[..1]);
    assert_eq!(read("edy-direct", Answered::Yes, &expired).unwrap().status, S::Expired);
}

#[test]
fn an_order_without_a_limit_ends_a_day_later() {
    let body = searched("Authorize", "initial", &[step("Authorize", "success", "8000")]);
    let status = |option: &str, hours: i64| {
        let brand = Brand::of_option(option).unwrap();
        let (code, at) = (method(brand.method), now() + jiff::SignedDuration::from_hours(hours));
        let order = found(result(body.as_bytes()).unwrap(), ORDER, brand, Some(&code), Answered::Yes, at);
        order.and_then(Found::order).unwrap().status
    };
    for option in ["tcc-redirect", "edy-direct"] {
        assert_eq!((status(option, 22), status(option, 26)), (S::RequiresAction, S::Expired), "{option}");
    }
    assert_eq!(status("suica-mobile-mail", 26), S::AwaitingPayment, "the vendor itself ends it");
}

#[test]
fn an_unanswered_order_is_failed_where_nobody_could_have_been_sent_on() {
    let body = searched("Authorize", "initial", &[step("Authorize", "success", "8000")]);
    let nanaco = read("tcc-redirect", Answered::No, &body).unwrap();
    assert_eq!((nanaco.status, nanaco.gateway_session_id), (S::Failed, None));
    let suica = read("suica-mobile-mail", Answered::No, &body).unwrap();
    assert_eq!(suica.status, S::AwaitingPayment);
    assert_eq!(suica.gateway_payment_id.unwrap(), format!("suica-mobile-mail:{ORDER}"));
    let paid = searched("Authorize", "paid", &[step("Authorize", "success", "8000")]);
    assert_eq!(read("tcc-redirect", Answered::No, &paid).unwrap().status, S::Captured, "late money is seen");
}

#[test]
fn f40_unknown_words_and_unknown_amounts_are_unrecognised() {
    let strange = searched("Authorize", "settled", &[step("Authorize", "success", "8000")]);
    let found = read("suica-mobile-mail", Answered::Yes, &strange).unwrap();
    assert_eq!((found.status, found.raw_status.as_str()), (S::Unrecognised, "Authorize/settled"));
    for amount in ["", "-1", "8,000", "+8000", "8000.0"] {
        let body = searched("Authorize", "paid", &[step("Authorize", "success", amount)]);
        let found = read("edy-direct", Answered::Yes, &body).unwrap();
        assert_eq!((found.status, money(&found)), (S::Unrecognised, [0; 4]), "{amount}");
    }
}

#[test]
fn f40_a_refund_in_a_word_that_nobody_knows_proves_nothing_of_what_went_back() {
    let steps = [step("Authorize", "success", "8000"), step("Refund", "accepted", "900")];
    let strange = searched("Refund", "paid", &steps);
    let found = read("edy-direct", Answered::Yes, &strange).unwrap();
    assert_eq!((found.status, found.raw_status.as_str()), (S::Unrecognised, "refund:accepted"));
    assert_eq!(money(&found), [0; 4]);
    let back = Asked {
        order_id: "r-1".into(),
        refund_order_id: Some(ORDER.into()),
        amount: Some("400".into()),
        ..asked("edy-direct")
    };
    let body = fixtures::result("accepted", "E001000000000000", &json!({ "orderId": "r-1" }));
    let told = refunded(&result(body.as_bytes()).unwrap(), &back, None, now()).unwrap();
    assert_eq!((told.status, told.raw_status.as_str()), (RefundStatus::Unrecognised, "refund:accepted"));
}

#[test]
fn a_refund_that_the_vendor_holds_is_seen() {
    for (mstatus, held) in [("pending", true), ("success", false), ("failure", false)] {
        let steps = [step("Authorize", "success", "8000"), step("Refund", mstatus, "900")];
        let body = searched("Refund", "paid", &steps);
        assert_eq!(holds_a_refund(&result(body.as_bytes()).unwrap(), ORDER), held, "{mstatus}");
        assert!(!holds_a_refund(&result(body.as_bytes()).unwrap(), "another"), "{mstatus}");
    }
}

#[test]
fn an_order_that_is_not_there_is_nothing() {
    let other = searched("Authorize", "paid", &[]).replace(ORDER, "020001-another");
    assert!(read("edy-direct", Answered::Yes, &other).is_none());
    for orders in [json!({}), json!({ "orderInfos": null }), json!({ "orderInfos": { "orderInfo": [] } })] {
        let body = fixtures::result("success", "N001000000000000", &orders);
        assert!(read("edy-direct", Answered::Yes, &body).is_none());
    }
    for body in ["", "[]", "{}", "{\"result\":{}}", "<html>"] {
        assert!(result(body.as_bytes()).is_none(), "{body}");
    }
}

#[test]
fn a_cancellation_and_a_refund_are_read_by_what_was_asked() {
    let off = canceled(&answer(&json!({})), &asked("suica-mobile-mail"), now()).unwrap();
    assert_eq!((off.status, off.merchant_reference.as_deref()), (S::Canceled, Some(ORDER)));
    let back = Asked {
        order_id: "r-1".into(),
        refund_order_id: Some(ORDER.into()),
        amount: Some("400".into()),
        ..asked("edy-direct")
    };
    let done = answer(&json!({ "orderId": "r-1" }));
    let alone = refunded(&done, &back, None, now()).unwrap();
    assert_eq!(
        (alone.amount.amount(), alone.status, alone.gateway_refund_id.as_deref()),
        (400, RefundStatus::Succeeded, Some("r-1"))
    );
    assert_eq!(money(&alone.payment), [0, 400, 400, 0], "as much as is certain");
    let steps = [step("Authorize", "success", "8000"), step("Refund", "success", "900")];
    let after = read("edy-direct", Answered::Yes, &searched("Refund", "paid", &steps));
    assert_eq!(money(&refunded(&done, &back, after, now()).unwrap().payment), [8_000, 8_000, 900, 0]);
}
