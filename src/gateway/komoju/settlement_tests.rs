//! Tests of KOMOJU's settlements, with answers of the vendor's shape.

use encoding_rs::SHIFT_JIS;
use jiff::civil::date;
use serde_json::{Value, json};

use super::{assemble, read_one, read_page};
use crate::domain::settlement::{LineKind, batch_faults};
use crate::gateway::komoju::fixtures::gateway;
use crate::gateway::scripted::{answer, serve};
use crate::gateway::{Outcome, ReportedDays, SettlementReports, TransportKind};

const HEADER: &str = "Type,Payment External Order#,Payment UUID,Timestamp,Payment Method,Currency,Description,Transaction UUID,Clearing UUID,Processing Currency,Transaction Amount,Fee Amount,Fee Tax Amount,Remittance Currency,Exchange Rate,Settlement Amount,Transfer Date";

fn head() -> Value {
    json!({
        "id": "5k0tfjvmhnhcpqsihzz6nbsew", "resource": "settlement", "reference": "20260401-AB12CD", "status": "pending",
        "merchant_name": "青森県", "company_name": null, "cycle": "weekly", "transaction_amount_cents": 39_000,
        "currency": "JPY", "fee_amount_cents": -1_584, "fee_tax_amount_cents": -158,
        "settlement_amount_cents": 37_258, "fx_currency": "JPY", "fx_conversion_rate": "1.0",
        "fx_conversion_amount_cents": 37_258, "bank_transfer_fee_amount_cents": -250,
        "remittance_amount_cents": 37_008, "cutoff_time": "2026-04-01T15:00:00Z", "created_at": "2026-04-01T15:10:00Z",
        "download": { "csv": "https://komoju.com/x.csv", "xls": null },
        "payments": { "captured_amount_total_cents": 44_000, "processing_fees_cents": -1_742, "total_cents": 42_258 },
        "a_field_of_tomorrow": [1]
    })
}

fn table() -> String {
    format!(
        "{HEADER}\nCapture,020001-a,pay_a,2026-04-01T03:00:00Z,credit_card,JPY,\"手数料, \"\"登録\"\"\n二行目\",pay_a,,JPY,22000,-792,-79,JPY,1.0,21129,2026-04-03\n\
         Capture,020001-b,pay_b,2026-04-01 12:30:00,konbini,JPY,,pay_b,,JPY,22000,-792,-79,JPY,1.0,21129,2026-04-03\n\
         Refund,020001-a,pay_a,2026-04-01T14:59:59Z,credit_card,JPY,r1,ref_1,,JPY,-5000,0,0,JPY,1.0,-5000,2026-04-03\n"
    )
}

fn read(head: &Value, table: &[u8]) -> Option<crate::gateway::FetchedReport> {
    let bytes = head.to_string();
    assemble(&read_one(bytes.as_bytes())?, bytes.as_bytes(), table)
}

#[test]
fn r78_a_settlement_is_read_to_the_yen_with_the_transfers_fee_as_a_line_of_its_own() {
    for table in [
        table().into_bytes(),
        SHIFT_JIS.encode(&table()).0.into_owned(),
        format!("\u{feff}{}", table().replace('\n', "\r\n")).into_bytes(),
    ] {
        let fetched = read(&head(), &table).unwrap();
        let (batch, lines) = (&fetched.report.batch, &fetched.report.lines);
        assert_eq!(batch_faults(batch, lines), []);
        assert_eq!((batch.net.amount(), batch.fee.amount(), batch.tax.amount()), (37_008, 1_834, 158));
        assert_eq!((batch.period_to, batch.payout_on), (Some(date(2026, 4, 1)), Some(date(2026, 4, 3))));
        let seen: Vec<_> =
            lines.iter().map(|line| (line.line_key.as_str(), line.kind, line.net.amount())).collect();
        let expected = [
            ("capture:pay_a", LineKind::Capture, 21_129),
            ("capture:pay_b", LineKind::Capture, 21_129),
            ("refund:ref_1", LineKind::Refund, -5_000),
            ("bank_transfer_fee", LineKind::Fee, -250),
        ];
        assert_eq!(seen, expected);
        assert!(lines.iter().all(|line| line.occurred_on == date(2026, 4, 1)), "days are those of Japan");
        assert_eq!(lines[1].merchant_reference.as_deref(), Some("020001-b"));
        assert!(!format!("{fetched:?}").contains("登録"), "what a description says stays in the sealed file");
        assert!(fetched.file.ends_with(b"\n") && fetched.file.len() > table.len());
    }
}

#[test]
fn f35_a_row_that_stands_twice_is_two_lines() {
    let again = table().lines().nth(3).unwrap().to_owned();
    let fetched = read(&head(), format!("{}{again}\n", table()).as_bytes()).unwrap();
    let keys: Vec<&str> = fetched.report.lines.iter().map(|line| line.line_key.as_str()).collect();
    assert_eq!(keys[3], "capture:pay_b:2");
    assert!(!batch_faults(&fetched.report.batch, &fetched.report.lines).is_empty());
}

#[test]
fn f37_what_is_cut_broken_or_not_understood_is_no_report_at_all() {
    let whole = table();
    assert!(read(&head(), whole.as_bytes()).is_some());
    for cut in (1..whole.len()).filter(|cut| whole.is_char_boundary(*cut)) {
        let mut part = whole.as_bytes()[..cut].to_vec();
        let at_a_rows_end = part.ends_with(b"\n") && whole[..cut].matches('"').count().is_multiple_of(2);
        // A row fewer cannot be told from a row that never was: the sums show it (F34).
        assert_eq!(read(&head(), &part).is_some(), at_a_rows_end, "{cut}");
        part.push(0x95);
        assert!(read(&head(), &part).is_none());
    }
    let mut broken = SHIFT_JIS.encode(&whole).0.into_owned();
    broken.insert(broken.len() - 1, 0x95);
    assert!(read(&head(), &broken).is_none());
    for (old, new) in [
        ("Capture,", "Gift,"),
        ("JPY,22000,", "USD,22000,"),
        (",22000,", ",22000.5,"),
        ("2026-04-01T03:00:00Z", "yesterday"),
        ("Settlement Amount,", "Paid,"),
        ("2026-04-03", "soon"),
    ] {
        assert!(read(&head(), whole.replacen(old, new, 1).as_bytes()).is_none(), "{old} {new}");
    }
    for (field, value) in [
        ("status", json!("a_status_of_tomorrow")),
        ("status", json!("cancelled")),
        ("currency", json!("USD")),
        ("remittance_amount_cents", json!("37008")),
        ("reference", Value::Null),
    ] {
        let mut changed = head();
        changed[field] = value;
        assert!(read(&changed, whole.as_bytes()).is_none(), "{field}");
    }
}

fn page(page: u32, last: u32, ids: &[&str]) -> Vec<u8> {
    let one = |id: &&str| {
        let mut body = head();
        body["id"] = json!(id);
        body["reference"] = json!(format!("ref-{id}"));
        body
    };
    let data: Vec<Value> = ids.iter().map(one).collect();
    let body = json!({ "resource": "settlement_list", "data": data, "total": 3, "page": page, "per_page": 100,
        "last_page": last, "start_time": "x", "end_time": "y" });
    body.to_string().into_bytes()
}

const DAYS: ReportedDays = ReportedDays { from: date(2026, 3, 1), to: date(2026, 4, 2) };

#[tokio::test]
async fn every_page_of_the_list_is_read_or_none() {
    let pages = || vec![answer("200 OK", &page(1, 2, &["s1", "s2"])), answer("200 OK", &page(2, 2, &["s3"]))];
    let (base, thread) = serve(pages());
    let Outcome::Done(listed) = gateway(&base).list_settlements(DAYS).await else { panic!() };
    let ids: Vec<&str> = listed.iter().map(|one| one.gateway_settlement_id.as_str()).collect();
    assert_eq!((ids, listed[2].batch_reference.as_str()), (vec!["s1", "s2", "s3"], "ref-s3"));
    assert_eq!((listed[0].net.amount(), listed[0].made_on), (37_008, date(2026, 4, 2)));
    let seen = thread.join().unwrap();
    let path =
        "GET /settlements?start_time=2026-02-28T15:00:00Z&end_time=2026-04-02T15:00:00Z&per_page=100&page=";
    assert!(
        seen[0].starts_with(&format!("{path}1 ")) && seen[1].starts_with(&format!("{path}2 ")),
        "{seen:?}"
    );
    assert!(seen[0].to_lowercase().contains("x-komoju-api-version: 2025-01-28\r\n"));
    assert!(seen[0].contains("Basic c2tfdGVzdF8xOg=="));
    let (base, _) = serve(vec![pages().remove(0), answer("502 Bad", b"<html>")]);
    let outcome = gateway(&base).list_settlements(DAYS).await;
    assert!(matches!(outcome, Outcome::Unknown(transport) if transport.kind == TransportKind::ServerError));
}

#[test]
fn a_settlement_that_was_called_off_is_not_listed() {
    let mut body: Value = serde_json::from_slice(&page(1, 1, &["s1", "s2"])).unwrap();
    body["data"][0]["status"] = json!("cancelled");
    let (listed, last) = read_page(body.to_string().as_bytes()).unwrap();
    assert_eq!((listed.len(), last), (1, 1));
    body["data"][0]["status"] = json!("a_status_of_tomorrow");
    assert!(read_page(body.to_string().as_bytes()).is_none());
}

#[tokio::test]
async fn f37_a_file_that_is_gone_is_refused_and_a_proxys_page_proves_nothing() {
    let head = || answer("200 OK", head().to_string().as_bytes());
    let gone = br#"{"error":{"code":"not_found","message":"gone","param":null}}"#;
    let (base, thread) = serve(vec![head(), answer("404 Not Found", gone)]);
    let outcome = gateway(&base).settlement_report("5k0tfjvmhnhcpqsihzz6nbsew").await;
    assert!(matches!(outcome, Outcome::Rejected(problem) if problem.code == "not_found"));
    assert!(thread.join().unwrap()[1].starts_with("GET /settlements/5k0tfjvmhnhcpqsihzz6nbsew/csv "));
    for table in [
        answer("404 Not Found", b"<html>"),
        answer("200 OK", b"<html>"),
        answer("200 OK", b""),
        answer("410 Gone", gone),
    ] {
        let (base, _) = serve(vec![head(), table]);
        let outcome = gateway(&base).settlement_report("5k0tfjvmhnhcpqsihzz6nbsew").await;
        assert!(
            matches!(outcome, Outcome::Unknown(transport) if transport.kind == TransportKind::Unreadable)
        );
    }
    let outcome = gateway("http://127.0.0.1:9").settlement_report("../payments").await;
    assert!(matches!(outcome, Outcome::Rejected(_)), "no id leads elsewhere");
}
