//! Tests of Stripe's payouts, with answers of the vendor's shape.

use jiff::civil::date;
use serde_json::{Value, json};

use crate::domain::settlement::{LineKind, batch_faults};
use crate::gateway::scripted::{answer, serve};
use crate::gateway::stripe::fixtures::gateway;
use crate::gateway::{FetchedReport, Outcome, ReportedDays, SettlementReports, TransportKind};

/// 2026-04-01T03:00:00Z.
const AT: i64 = 1_775_012_400;

fn payout(amount: i64) -> Value {
    json!({
        "id": "po_1", "object": "payout", "amount": amount, "arrival_date": AT + 172_800 - 10_800, "automatic": true,
        "balance_transaction": "txn_p", "created": AT, "currency": "jpy", "description": "STRIPE PAYOUT",
        "destination": "ba_1", "failure_code": null, "livemode": false, "metadata": {}, "method": "standard",
        "reconciliation_status": "completed", "source_type": "card", "status": "in_transit", "type": "bank_account"
    })
}

fn transaction(id: &str, kind: &str, category: &str, amount: i64, fee: i64, source: &Value) -> Value {
    let details = if fee == 0 {
        json!([])
    } else {
        json!([{ "amount": fee - 79, "application": null, "currency": "jpy", "description": "Stripe processing fees",
            "type": "stripe_fee" }, { "amount": 79, "currency": "jpy", "type": "tax" }])
    };
    json!({
        "id": id, "object": "balance_transaction", "amount": amount, "available_on": AT, "created": AT,
        "currency": "jpy", "description": null, "exchange_rate": null, "fee": fee, "fee_details": details,
        "net": amount - fee, "reporting_category": category, "source": source, "status": "available", "type": kind
    })
}

fn transactions() -> Vec<Value> {
    let charge = |intent: &str| {
        json!({ "id": "ch_1", "object": "charge", "amount": 22_000, "payment_intent": intent,
        "metadata": { "merchant_reference": "020001-a" }, "billing_details": { "name": "工藤" } })
    };
    vec![
        transaction("txn_p", "payout", "payout", -13_421, 0, &json!("po_1")),
        transaction("txn_1", "charge", "charge", 22_000, 871, &charge("pi_1")),
        transaction("txn_2", "payment", "charge", 20_000, 871, &charge("pi_2")),
        transaction(
            "txn_3",
            "refund",
            "refund",
            -5_000,
            0,
            &json!({ "id": "re_1", "object": "refund", "payment_intent": "pi_1" }),
        ),
        transaction(
            "txn_4",
            "adjustment",
            "dispute",
            -20_000,
            1_379,
            &json!({ "id": "dp_1", "object": "dispute", "payment_intent": "pi_2" }),
        ),
        transaction("txn_5", "stripe_fee", "fee", -458, 0, &Value::Null),
    ]
}

fn list(data: &[Value], has_more: bool) -> Vec<u8> {
    let body =
        json!({ "object": "list", "url": "/v1/balance_transactions", "has_more": has_more, "data": data });
    body.to_string().into_bytes()
}

async fn report(payout: &Value, pages: Vec<Vec<u8>>) -> (Outcome<FetchedReport>, Vec<String>) {
    let mut answers = vec![answer("200 OK", payout.to_string().as_bytes())];
    answers.extend(pages.iter().map(|page| answer("200 OK", page)));
    let (base, thread) = serve(answers);
    let outcome = gateway(&base).settlement_report("po_1").await;
    (outcome, thread.join().unwrap())
}

#[tokio::test]
async fn r78_a_payout_is_read_from_all_pages_of_its_transactions() {
    let all = transactions();
    let pages = vec![list(&all[..3], true), list(&all[3..], false)];
    let (outcome, seen) = report(&payout(13_421), pages).await;
    let Outcome::Done(fetched) = outcome else { panic!("{outcome:?}") };
    let (batch, lines) = (&fetched.report.batch, &fetched.report.lines);
    assert_eq!(batch_faults(batch, lines), []);
    assert_eq!((batch.net.amount(), batch.gross.amount()), (13_421, 17_000));
    assert_eq!((batch.fee.amount(), batch.tax.amount()), (3_342, 237));
    assert_eq!((batch.batch_reference.as_str(), batch.payout_on), ("po_1", Some(date(2026, 4, 3))));
    let seen_lines: Vec<_> = lines
        .iter()
        .map(|line| (line.kind, line.gross.amount(), line.kept(), line.gateway_payment_id.as_deref()))
        .collect();
    let expected = [
        (LineKind::Capture, 22_000, 871, Some("pi_1")),
        (LineKind::Capture, 20_000, 871, Some("pi_2")),
        (LineKind::Refund, -5_000, 0, Some("pi_1")),
        (LineKind::Chargeback, -20_000, 1_379, Some("pi_2")),
        (LineKind::Fee, 0, 458, None),
    ];
    assert_eq!(seen_lines, expected);
    assert_eq!(lines[0].merchant_reference.as_deref(), Some("020001-a"));
    assert_eq!((lines[0].line_key.as_str(), lines[0].occurred_on), ("txn_1", date(2026, 4, 1)));
    assert!(seen[0].starts_with("GET /v1/payouts/po_1 "));
    assert!(
        seen[1].starts_with("GET /v1/balance_transactions?payout=po_1&expand[]=data.source&limit=100 "),
        "{}",
        seen[1]
    );
    assert!(seen[2].contains("&starting_after=txn_2 "), "{}", seen[2]);
    assert!(!format!("{fetched:?}").contains("工藤"));
}

#[tokio::test]
async fn f34_f36_what_does_not_agree_is_read_as_it_stands() {
    let all = transactions();
    let (outcome, _) = report(&payout(13_421), vec![list(&all[2..], false)]).await;
    let Outcome::Done(missing) = outcome else { panic!("{outcome:?}") };
    assert!(!batch_faults(&missing.report.batch, &missing.report.lines).is_empty());
    let mut twice = all.clone();
    twice.push(all[1].clone());
    let (outcome, _) = report(&payout(13_421), vec![list(&twice, false)]).await;
    let Outcome::Done(twice) = outcome else { panic!("{outcome:?}") };
    assert_eq!(twice.report.lines.last().unwrap().line_key, "txn_1:2");
    let mut dearer = all;
    dearer[1]["fee"] = json!(872);
    let (outcome, _) = report(&payout(13_421), vec![list(&dearer, false)]).await;
    let Outcome::Done(dearer) = outcome else { panic!("{outcome:?}") };
    assert!(!batch_faults(&dearer.report.batch, &dearer.report.lines).is_empty());
}

#[tokio::test]
async fn f40_what_is_not_understood_is_no_report_at_all() {
    for (field, value) in [
        ("type", json!("a_kind_of_tomorrow")),
        ("currency", json!("usd")),
        ("source", json!("ch_1")),
        ("amount", json!(1.5)),
    ] {
        let mut all = transactions();
        all[1][field] = value;
        let (outcome, _) = report(&payout(13_421), vec![list(&all, false)]).await;
        let unreadable =
            matches!(&outcome, Outcome::Unknown(transport) if transport.kind == TransportKind::Unreadable);
        assert!(unreadable, "{field} {outcome:?}");
    }
    let cut = list(&transactions(), false);
    let (outcome, _) = report(&payout(13_421), vec![cut[..cut.len() / 2].to_vec()]).await;
    assert!(matches!(outcome, Outcome::Unknown(_)), "{outcome:?}");
}

#[tokio::test]
async fn only_payouts_that_are_put_together_are_listed() {
    let mut others = vec![payout(1), payout(2), payout(3), payout(4), payout(5)];
    others[1]["status"] = json!("failed");
    others[2]["automatic"] = json!(false);
    others[3]["reconciliation_status"] = json!("in_progress");
    others[4]["id"] = json!("po_5");
    let (base, thread) = serve(vec![answer("200 OK", &list(&others, false))]);
    let days = ReportedDays { from: date(2026, 3, 1), to: date(2026, 4, 2) };
    let Outcome::Done(listed) = gateway(&base).list_settlements(days).await else { panic!() };
    let seen: Vec<_> =
        listed.iter().map(|one| (one.gateway_settlement_id.as_str(), one.net.amount())).collect();
    assert_eq!(seen, [("po_1", 1), ("po_5", 5)]);
    let asked = thread.join().unwrap().remove(0);
    assert!(
        asked.starts_with("GET /v1/payouts?created[gte]=1772290800&created[lt]=1775142000&limit=100 "),
        "{asked}"
    );
    others[0]["status"] = json!("a_status_of_tomorrow");
    let (base, _) = serve(vec![answer("200 OK", &list(&others, false))]);
    assert!(matches!(gateway(&base).list_settlements(days).await, Outcome::Unknown(_)));
}
