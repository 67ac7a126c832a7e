//! KOMOJU's settlements: the list, one with its sums, and its table of comma-separated values.
//!
//! Fees are negative here, as the vendor's help says of its table. How the table is encoded and how it writes instants is not
//! documented; Shift_JIS and RFC 3339 are this simulator's reading.

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::simulator::clock::IdSource;
use crate::simulator::core::{Media, Reply};
use crate::simulator::engine::{Change, Refusal};
use crate::simulator::faults::ReportFault;
use crate::simulator::model::{Payment, Vendor};
use crate::simulator::settlement::{Batch, ReportSpoil, Row, RowKind, reissued, shown_rows};
use crate::simulator::state::{Entry, State};

use super::wire;

/// The columns of the table.
const HEADER: &str = "Type,Payment External Order#,Payment UUID,Timestamp,Payment Method,Currency,Description,Transaction UUID,\
Clearing UUID,Processing Currency,Transaction Amount,Fee Amount,Fee Tax Amount,Remittance Currency,Exchange Rate,\
Settlement Amount,Transfer Date";

/// What may follow `GET /settlements?`.
#[derive(Debug, Deserialize)]
struct ListQuery {
    start_time: Option<Timestamp>,
    end_time: Option<Timestamp>,
    #[serde(default = "usual_page")]
    per_page: usize,
    #[serde(default = "first")]
    page: usize,
}

fn usual_page() -> usize {
    10
}

fn first() -> usize {
    1
}

/// One page of settlements, the youngest first.
pub fn list(state: &State, query: &[u8], base: &str) -> Reply {
    let text = std::str::from_utf8(query).unwrap_or_default();
    let Ok(query) = actix_web::web::Query::<ListQuery>::from_query(text) else {
        return wire::error(400, "bad_request", "A parameter is malformed.", None);
    };
    let wanted = |batch: &&Batch| {
        batch.vendor == Vendor::Komoju
            && query.start_time.is_none_or(|from| batch.cutoff_at >= from)
            && query.end_time.is_none_or(|to| batch.cutoff_at < to)
    };
    let mut found: Vec<&Batch> = state.settlements.values().filter(wanted).collect();
    found.sort_by(|one, other| (other.cutoff_at, &other.id).cmp(&(one.cutoff_at, &one.id)));
    let (total, per_page) = (found.len(), query.per_page.clamp(1, 100));
    let skipped = query.page.saturating_sub(1).saturating_mul(per_page);
    let data: Vec<Value> = found.iter().skip(skipped).take(per_page).map(|batch| head(batch, base)).collect();
    let body = json!({
        "resource": "settlement_list", "data": data, "total": total, "page": query.page, "per_page": per_page,
        "last_page": total.div_ceil(per_page),
        "start_time": query.start_time.map(|at| at.to_string()), "end_time": query.end_time.map(|at| at.to_string()),
    });
    Reply::json(200, body.to_string())
}

/// One settlement with its sums.
pub fn show(
    state: &State,
    id: &str,
    spoil: Option<ReportSpoil>,
    base: &str,
    ids: &mut IdSource,
) -> Result<(Change, Reply), Reply> {
    let batch = find(state, id)?;
    let mut change = Change::default();
    let again = (spoil == Some(ReportSpoil::Whole(ReportFault::Reissued))).then(|| reissued(batch, ids));
    let mut shown = head(again.as_ref().unwrap_or(batch), base);
    let of_kind = |kind: RowKind| batch.rows.iter().filter(move |row| row.kind == kind);
    let captured: i64 = of_kind(RowKind::Capture).map(|row| row.amount).sum();
    let fees: i64 = of_kind(RowKind::Capture).map(|row| row.fee + row.tax).sum();
    if let Some(fields) = shown.as_object_mut() {
        let payments = json!({ "captured_amount_total_cents": captured, "processing_fees_cents": -fees,
            "total_cents": captured - fees });
        fields.insert("payments".to_owned(), payments);
    }
    change.entries.extend(again.map(Entry::Settlement));
    Ok((change, Reply::json(200, shown.to_string())))
}

/// The table of one settlement.
pub fn report(state: &State, id: &str, spoil: Option<ReportSpoil>) -> Result<Reply, Reply> {
    let batch = find(state, id)?;
    if spoil == Some(ReportSpoil::Whole(ReportFault::LinkExpired)) {
        return Err(wire::error(404, "not_found", "The file is no longer available.", None));
    }
    let broken = spoil == Some(ReportSpoil::Whole(ReportFault::BrokenText));
    let mut text = format!("{HEADER}\n");
    for row in shown_rows(batch, spoil) {
        let payment = row.payment_id.as_deref().and_then(|id| state.payments.get(id));
        text.push_str(&line(batch, &row, payment));
    }
    let media = if broken { Media::BrokenShiftJisCsv } else { Media::ShiftJisCsv };
    Ok(Reply { status: 200, body: text, media })
}

fn find<'a>(state: &'a State, id: &str) -> Result<&'a Batch, Reply> {
    let batch = state.settlements.get(id).filter(|batch| batch.vendor == Vendor::Komoju);
    batch.ok_or_else(|| wire::refusal(&Refusal::NotFound))
}

fn head(batch: &Batch, base: &str) -> Value {
    let (amount, net) = (batch.sum(|row| row.amount), batch.sum(|row| row.net));
    let (fee, tax) = (batch.sum(|row| row.fee), batch.sum(|row| row.tax));
    json!({
        "id": batch.id,
        "resource": "settlement",
        "reference": batch.reference,
        "status": "pending",
        "merchant_name": "madoguchi",
        "company_name": null,
        "cycle": "daily",
        "transaction_amount_cents": amount,
        "currency": "JPY",
        "fee_amount_cents": -fee,
        "fee_tax_amount_cents": -tax,
        "settlement_amount_cents": net,
        "fx_currency": "JPY",
        "fx_conversion_rate": "1.0",
        "fx_conversion_amount_cents": net,
        "bank_transfer_fee_amount_cents": -batch.transfer_fee,
        "remittance_amount_cents": batch.paid_out(),
        "cutoff_time": batch.cutoff_at.to_string(),
        "created_at": batch.cutoff_at.to_string(),
        "download": {
            "csv": format!("{base}/api/v1/settlements/{}/csv", batch.id),
            "xls": format!("{base}/api/v1/settlements/{}/xls", batch.id),
        },
    })
}

fn line(batch: &Batch, row: &Row, payment: Option<&Payment>) -> String {
    let kind = match row.kind {
        RowKind::Capture => "Capture",
        RowKind::Refund => "Refund",
        RowKind::Chargeback => "Chargeback",
        RowKind::Correction => "Correction",
    };
    let order = payment.and_then(|payment| payment.external_order_num.as_deref()).unwrap_or_default();
    let (uuid, method) = payment.map_or(("", ""), |payment| (payment.id.as_str(), payment.method.as_str()));
    format!(
        "{kind},{order},{uuid},{},{method},JPY,\"手数料 \"\"{kind}\"\", 窓口\",{},,JPY,{},{},{},JPY,1.0,{},{}\n",
        row.at, row.id, row.amount, -row.fee, -row.tax, row.net, batch.transfer_on,
    )
}
