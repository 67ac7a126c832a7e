//! KOMOJU's settlements (API version 2025-01-28): the list, one with its sums, and its table.
//!
//! Read from the vendor's own library (`SettlementList`, `SettlementShow`) and its help page of the table's columns. Fees are
//! negative numbers there. A settlement carries the transfer's fee beside its rows: it becomes a line of its own, so that Σ net
//! is what reaches the bank account.

use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp};
use secrecy::ExposeSecret;
use serde::Deserialize;

use super::{Komoju, client, request, settlement_table};
use crate::domain::calendar::jst_day;
use crate::domain::settlement::{LineKind, SettlementBatch, SettlementLine, SettlementReport};
use crate::gateway::reports::{self, MOST_PAGES, day_of, yen};
use crate::gateway::transport::{self, Failure, LARGEST_REPORT, Received, classify, unreadable, unusable};
use crate::gateway::{Answer, FetchedReport, ListedSettlement, Outcome, ReportedDays, SettlementReports};

/// The version of the API whose settlements are read here.
const API_VERSION: &str = "2025-01-28";
/// Settlements on a page.
const PAGE: u32 = 100;
/// The line's key of what the bank transfer costs.
const TRANSFER_FEE: &str = "bank_transfer_fee";

#[derive(Debug, Deserialize)]
struct ListBody {
    data: Vec<SettlementBody>,
    last_page: u32,
}

#[derive(Debug, Deserialize)]
struct SettlementBody {
    id: String,
    reference: String,
    status: String,
    currency: String,
    transaction_amount_cents: i64,
    fee_amount_cents: i64,
    fee_tax_amount_cents: i64,
    settlement_amount_cents: i64,
    remittance_amount_cents: i64,
    cutoff_time: Option<String>,
    created_at: String,
}

/// What a status says of a settlement.
enum Standing {
    /// It is, or will be, transferred.
    PaidOut,
    /// It was called off, or came back.
    Withdrawn,
}

impl SettlementBody {
    /// None for a status that did not exist when this was written.
    fn standing(&self) -> Option<Standing> {
        match self.status.as_str() {
            "pending" | "paid" => Some(Standing::PaidOut),
            "cancelled" | "bounced" | "suspended" => Some(Standing::Withdrawn),
            _ => None,
        }
    }

    fn listed(&self) -> Option<ListedSettlement> {
        request::identifier(&self.id).ok()?;
        Some(ListedSettlement {
            gateway_settlement_id: self.id.clone(),
            batch_reference: self.reference.clone(),
            net: yen(self.remittance_amount_cents)?,
            made_on: day_of(&self.created_at)?,
        })
    }

    /// What the transfer costs.
    fn transfer_fee(&self) -> Option<i64> {
        self.settlement_amount_cents.checked_sub(self.remittance_amount_cents)
    }

    /// The last day that is covered: the one in which the last instant before the cutoff lies.
    fn last_day(&self) -> Option<Date> {
        let cutoff: Timestamp = self.cutoff_time.as_deref()?.parse().ok()?;
        let last = cutoff.checked_sub(SignedDuration::from_micros(1)).ok()?;
        Some(jst_day(last))
    }

    fn batch(&self, payout_on: Option<Date>) -> Option<SettlementBatch> {
        (self.currency == "JPY").then_some(())?;
        Some(SettlementBatch {
            gateway: String::new(),
            batch_reference: self.reference.clone(),
            period_from: None,
            period_to: self.last_day(),
            payout_on,
            gross: yen(self.transaction_amount_cents)?,
            fee: yen(self.transfer_fee()?.checked_sub(self.fee_amount_cents)?)?,
            tax: yen(self.fee_tax_amount_cents.checked_neg()?)?,
            net: yen(self.remittance_amount_cents)?,
        })
    }

    /// The line of what the transfer costs: none where it costs nothing.
    fn transfer_lines(&self, line_no: i64) -> Option<Vec<SettlementLine>> {
        let fee = self.transfer_fee()?;
        if fee == 0 {
            return Some(Vec::new());
        }
        Some(vec![SettlementLine {
            line_key: TRANSFER_FEE.to_owned(),
            line_no,
            kind: LineKind::Fee,
            merchant_reference: None,
            gateway_payment_id: None,
            gross: yen(0)?,
            fee: yen(fee)?,
            tax: yen(0)?,
            net: yen(fee.checked_neg()?)?,
            occurred_on: self.last_day().or_else(|| day_of(&self.created_at))?,
        }])
    }
}

impl SettlementReports for Komoju {
    fn list_settlements(&self, days: ReportedDays) -> Answer<'_, Vec<ListedSettlement>> {
        Box::pin(self.list_pages(days))
    }

    fn settlement_report<'a>(&'a self, gateway_settlement_id: &'a str) -> Answer<'a, FetchedReport> {
        Box::pin(self.report(gateway_settlement_id))
    }
}

impl Komoju {
    async fn list_pages(&self, days: ReportedDays) -> Outcome<Vec<ListedSettlement>> {
        let Some((begin, end)) = days.span() else { return unusable("the days are outside of the calendar") };
        let mut found = Vec::new();
        for page in 1..=MOST_PAGES {
            let path = format!("/settlements?start_time={begin}&end_time={end}&per_page={PAGE}&page={page}");
            let received = match self.get_report(&path).await {
                Ok(received) => received,
                Err(failure) => return failure.into(),
            };
            let (listed, last_page) = match classify(&received, read_page, client::refused).answer() {
                Ok(page) => page,
                Err(other) => return other,
            };
            found.extend(listed);
            if page >= last_page {
                return Outcome::Done(found);
            }
        }
        Outcome::Unknown(unreadable("the list has too many pages"))
    }

    async fn report(&self, id: &str) -> Outcome<FetchedReport> {
        let Ok(id) = request::identifier(id) else {
            return unusable("an identifier of the settlement is not usable");
        };
        let head = match self.get_report(&format!("/settlements/{id}")).await {
            Ok(received) => received,
            Err(failure) => return failure.into(),
        };
        let body = match classify(&head, read_one, client::refused).answer() {
            Ok(body) => body,
            Err(other) => return other,
        };
        let table = match self.get_report(&format!("/settlements/{id}/csv")).await {
            Ok(received) => received,
            Err(failure) => return failure.into(),
        };
        let whole = |bytes: &[u8]| assemble(&body, &head.body, bytes);
        classify(&table, whole, client::refused)
    }

    async fn get_report(&self, path: &str) -> Result<Received, Failure> {
        let call = self.client.get(format!("{}{path}", self.base_url));
        let call = call.header("X-KOMOJU-API-VERSION", API_VERSION);
        let call = call.basic_auth(self.settings.secret_key.expose_secret(), Some(""));
        transport::call_up_to(call, LARGEST_REPORT).await
    }
}

/// The settlements of one page that are transferred, and the number of the last page.
fn read_page(body: &[u8]) -> Option<(Vec<ListedSettlement>, u32)> {
    let list: ListBody = serde_json::from_slice(body).ok()?;
    let mut listed = Vec::new();
    for settlement in &list.data {
        if matches!(settlement.standing()?, Standing::PaidOut) {
            listed.push(settlement.listed()?);
        }
    }
    Some((listed, list.last_page))
}

fn read_one(body: &[u8]) -> Option<SettlementBody> {
    let settlement: SettlementBody = serde_json::from_slice(body).ok()?;
    matches!(settlement.standing()?, Standing::PaidOut).then_some(settlement)
}

/// The report from its head and its table; none when either is not understood.
fn assemble(body: &SettlementBody, head: &[u8], table: &[u8]) -> Option<FetchedReport> {
    let table_read = settlement_table::read(table)?;
    let mut lines = table_read.lines;
    let next = i64::try_from(lines.len()).ok()?.checked_add(1)?;
    lines.extend(body.transfer_lines(next)?);
    let batch = body.batch(table_read.transfer_on)?;
    let file = reports::file([head, table]);
    Some(FetchedReport { report: SettlementReport { batch, lines }, file })
}

#[cfg(test)]
#[path = "settlement_tests.rs"]
mod tests;
