//! Stripe's payouts and the balance transactions each is made of.
//!
//! A payout states what is paid out and no more, so gross and fees are those of its transactions. Only automatic payouts can be
//! itemised, and only once Stripe has put them together; manual ones are uploaded by an accountant.

use jiff::Timestamp;
use serde::Deserialize;

use super::response::{Expandable, Metadata};
use super::{Stripe, client, request};
use crate::domain::calendar::jst_day;
use crate::domain::settlement::{LineKind, SettlementBatch, SettlementLine, SettlementReport, sums};
use crate::gateway::reports::{self, LineKeys, MOST_PAGES, yen};
use crate::gateway::transport::{classify, unreadable, unusable};
use crate::gateway::{Answer, FetchedReport, ListedSettlement, Outcome, ReportedDays, SettlementReports};

/// Objects on a page.
const PAGE: u32 = 100;

#[derive(Debug, Deserialize)]
struct PayoutList {
    data: Vec<PayoutBody>,
    has_more: bool,
}

#[derive(Clone, Debug, Deserialize)]
struct PayoutBody {
    id: String,
    amount: i64,
    currency: String,
    status: String,
    created: i64,
    arrival_date: i64,
    #[serde(default)]
    automatic: bool,
    reconciliation_status: Option<String>,
}

#[derive(Debug, Deserialize)]
struct TransactionList {
    data: Vec<TransactionBody>,
    has_more: bool,
}

#[derive(Debug, Deserialize)]
struct TransactionBody {
    id: String,
    amount: i64,
    fee: i64,
    net: i64,
    currency: String,
    #[serde(rename = "type")]
    kind: String,
    reporting_category: Option<String>,
    created: i64,
    #[serde(default)]
    fee_details: Vec<FeeBody>,
    source: Option<Expandable<SourceBody>>,
}

#[derive(Debug, Deserialize)]
struct FeeBody {
    amount: i64,
    #[serde(rename = "type")]
    kind: String,
}

/// A charge, a refund or a dispute; nothing of it is read but what it belongs to.
#[derive(Debug, Deserialize)]
struct SourceBody {
    payment_intent: Option<String>,
    metadata: Option<Metadata>,
}

impl PayoutBody {
    /// Whether it is put together and on its way. None for a status that did not exist when this was written.
    fn is_whole(&self) -> Option<bool> {
        let goes = match self.status.as_str() {
            "pending" | "in_transit" | "paid" => true,
            "canceled" | "failed" => false,
            _ => return None,
        };
        let done = self.reconciliation_status.as_deref().is_none_or(|status| status == "completed");
        Some(goes && done && self.automatic)
    }

    fn listed(&self) -> Option<ListedSettlement> {
        request::identifier(&self.id).ok()?;
        Some(ListedSettlement {
            gateway_settlement_id: self.id.clone(),
            batch_reference: self.id.clone(),
            net: yen(self.amount)?,
            made_on: jst_day(Timestamp::from_second(self.created).ok()?),
        })
    }
}

impl TransactionBody {
    /// What it is about; none when it is not understood.
    fn line_kind(&self) -> Option<LineKind> {
        let dispute = self.reporting_category.as_deref() == Some("dispute") && self.amount < 0;
        match self.kind.as_str() {
            "charge" | "payment" => Some(LineKind::Capture),
            "refund" | "payment_refund" => Some(LineKind::Refund),
            "adjustment" if dispute => Some(LineKind::Chargeback),
            "adjustment" | "refund_failure" | "payment_failure_refund" | "payment_reversal" => {
                Some(LineKind::Adjustment)
            }
            "stripe_fee" | "stripe_fx_fee" | "tax_fee" => Some(LineKind::Fee),
            "reserve_transaction" | "reserved_funds" => Some(LineKind::Reserve),
            _ => None,
        }
    }

    fn line(self, line_no: i64, keys: &mut LineKeys) -> Option<SettlementLine> {
        let kind = self.line_kind().filter(|_| self.currency == "jpy")?;
        let mut taxes = self.fee_details.iter().filter(|fee| fee.kind == "tax");
        let tax = taxes.try_fold(0_i64, |sum, fee| sum.checked_add(fee.amount))?;
        // A fee of its own takes its amount and has none beside it.
        let (gross, fee) = match kind {
            LineKind::Fee => (0, self.fee.checked_sub(self.amount)?),
            _ => (self.amount, self.fee),
        };
        let source = match self.source {
            Some(Expandable::Object(source)) => Some(source),
            Some(Expandable::Id(_)) | None => None,
        };
        let (payment, metadata) = source.map_or((None, None), |it| (it.payment_intent, it.metadata));
        (payment.is_some() || !kind.names_a_payment()).then_some(())?;
        Some(SettlementLine {
            line_key: keys.unique(self.id),
            line_no,
            kind,
            merchant_reference: metadata.and_then(|metadata| metadata.merchant_reference),
            gateway_payment_id: payment,
            gross: yen(gross)?,
            fee: yen(fee.checked_sub(tax)?)?,
            tax: yen(tax)?,
            net: yen(self.net)?,
            occurred_on: jst_day(Timestamp::from_second(self.created).ok()?),
        })
    }
}

impl SettlementReports for Stripe {
    fn list_settlements(&self, days: ReportedDays) -> Answer<'_, Vec<ListedSettlement>> {
        Box::pin(self.list_payouts(days))
    }

    fn settlement_report<'a>(&'a self, gateway_settlement_id: &'a str) -> Answer<'a, FetchedReport> {
        Box::pin(self.payout_report(gateway_settlement_id))
    }
}

impl Stripe {
    async fn list_payouts(&self, days: ReportedDays) -> Outcome<Vec<ListedSettlement>> {
        let Some((begin, end)) = days.span() else { return unusable("the days are outside of the calendar") };
        let (begin, end) = (begin.as_second(), end.as_second());
        let path = format!("/v1/payouts?created[gte]={begin}&created[lt]={end}&limit={PAGE}");
        let pages = match self.pages(&path, payouts).await.answer() {
            Ok(pages) => pages,
            Err(other) => return other,
        };
        let payouts = pages.into_iter().flat_map(|page| page.objects);
        let mut listed = Vec::new();
        for payout in payouts {
            match (payout.is_whole(), payout.listed()) {
                (Some(true), Some(payout)) => listed.push(payout),
                (Some(false), _) => {}
                _ => return Outcome::Unknown(unreadable("a payout that is not understood")),
            }
        }
        Outcome::Done(listed)
    }

    async fn payout_report(&self, id: &str) -> Outcome<FetchedReport> {
        let Ok(id) = request::identifier(id) else {
            return unusable("an identifier of the payout is not usable");
        };
        let head = match self.get_report(&format!("/v1/payouts/{id}")).await {
            Ok(received) => received,
            Err(failure) => return failure.into(),
        };
        let payout = match classify(&head, one_payout, client::refused).answer() {
            Ok(payout) => payout,
            Err(other) => return other,
        };
        let path = format!("/v1/balance_transactions?payout={id}&expand[]=data.source&limit={PAGE}");
        let pages = match self.pages(&path, transactions).await.answer() {
            Ok(pages) => pages,
            Err(other) => return other,
        };
        let bodies = std::iter::once(&head.body).chain(pages.iter().map(|page| &page.body));
        let file = reports::file(bodies.map(Vec::as_slice));
        let lines = pages.into_iter().flat_map(|page| page.objects).filter(|it| it.kind != "payout");
        match lines_of(lines).and_then(|lines| batch(&payout, &lines).map(|batch| (batch, lines))) {
            Some((batch, lines)) => {
                Outcome::Done(FetchedReport { report: SettlementReport { batch, lines }, file })
            }
            None => Outcome::Unknown(unreadable("a transaction that is not understood")),
        }
    }

    /// Every page of a list; all of them or none.
    async fn pages<T>(&self, path: &str, read: fn(&[u8]) -> Option<Page<T>>) -> Outcome<Vec<Page<T>>> {
        let (mut pages, mut after) = (Vec::new(), String::new());
        for _ in 0..MOST_PAGES {
            let received = match self.get_report(&format!("{path}{after}")).await {
                Ok(received) => received,
                Err(failure) => return failure.into(),
            };
            let page = match classify(&received, read, client::refused).answer() {
                Ok(page) => page,
                Err(other) => return other,
            };
            let next_after = page.next_after.clone();
            pages.push(page);
            match next_after {
                None => return Outcome::Done(pages),
                Some(id) => after = format!("&starting_after={id}"),
            }
        }
        Outcome::Unknown(unreadable("the list has too many pages"))
    }
}

/// One page of a list.
struct Page<T> {
    objects: Vec<T>,
    /// The object after which the next page begins; none on the last one.
    next_after: Option<String>,
    body: Vec<u8>,
}

fn page<T>(objects: Vec<T>, id: fn(&T) -> &str, has_more: bool, body: &[u8]) -> Option<Page<T>> {
    let next_after =
        if has_more { Some(request::identifier(id(objects.last()?)).ok()?.to_owned()) } else { None };
    Some(Page { objects, next_after, body: body.to_vec() })
}

fn payouts(body: &[u8]) -> Option<Page<PayoutBody>> {
    let list: PayoutList = serde_json::from_slice(body).ok()?;
    page(list.data, |payout| payout.id.as_str(), list.has_more, body)
}

fn transactions(body: &[u8]) -> Option<Page<TransactionBody>> {
    let list: TransactionList = serde_json::from_slice(body).ok()?;
    page(list.data, |transaction| transaction.id.as_str(), list.has_more, body)
}

fn one_payout(body: &[u8]) -> Option<PayoutBody> {
    serde_json::from_slice::<PayoutBody>(body).ok().filter(|payout| payout.is_whole() == Some(true))
}

fn lines_of(transactions: impl Iterator<Item = TransactionBody>) -> Option<Vec<SettlementLine>> {
    let mut keys = LineKeys::default();
    transactions.zip(1..).map(|(transaction, line_no)| transaction.line(line_no, &mut keys)).collect()
}

fn batch(payout: &PayoutBody, lines: &[SettlementLine]) -> Option<SettlementBatch> {
    (payout.currency == "jpy").then_some(())?;
    let (gross, fee, tax, _) = sums(lines);
    Some(SettlementBatch {
        gateway: String::new(),
        batch_reference: payout.id.clone(),
        period_from: None,
        period_to: None,
        payout_on: Some(jst_day(Timestamp::from_second(payout.arrival_date).ok()?)),
        gross: yen(gross)?,
        fee: yen(fee)?,
        tax: yen(tax)?,
        net: yen(payout.amount)?,
    })
}

#[cfg(test)]
#[path = "settlement_tests.rs"]
mod tests;
