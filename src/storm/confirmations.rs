//! What the payers have in hand after the healing: the receipts they can read and the mails they got.
//!
//! Mails are counted before anything is read, and every receipt by the same call that a payer makes, so that nothing is
//! judged that only the database knows.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::Arc;

use data_encoding::BASE64;
use serde_json::Value;

use super::StormError;
use super::healing::look;
use super::judge::{Confirmed, GivenReceipt, Receipt};
use super::payer::{Debt, RunRecord, Stand};
use crate::domain::case_mail::CaseMail;

/// Gives what the payers have, by invoice.
pub async fn in_hand(
    stand: &Arc<Stand>,
    records: &[RunRecord],
    mail_folder: &Path,
) -> Result<BTreeMap<String, Confirmed>, StormError> {
    let mut mails = mails(mail_folder)?;
    let debts = || records.iter().flat_map(RunRecord::debts);
    let path = |debt: &Debt, what: &str| (debt.invoice.clone(), format!("invoices/{}/{what}", debt.invoice));
    let current = look(stand, debts().map(|debt| path(debt, "receipt"))).await?;
    let current: BTreeMap<String, u16> =
        current.into_iter().map(|(invoice, answer)| (invoice, answer.status)).collect();
    let lists = look(stand, debts().map(|debt| path(debt, "receipts"))).await?;
    let mut given: BTreeMap<String, Vec<GivenReceipt>> =
        lists.iter().map(|(invoice, answer)| (invoice.clone(), receipts(&answer.body))).collect();
    let confirmed = |debt: &Debt| Confirmed::Seen {
        current: match current.get(&debt.invoice) {
            Some(200) => Receipt::Shown,
            _ => Receipt::Missing,
        },
        given: given.remove(&debt.invoice).unwrap_or_default(),
        mails: mails.remove(&words(debt, &stand.server)).unwrap_or_default(),
    };
    let invoices = debts().map(|debt| debt.invoice.clone());
    Ok(invoices.zip(debts().map(confirmed)).collect())
}

fn receipts(list: &Value) -> Vec<GivenReceipt> {
    let items = list.get("items").and_then(Value::as_array).into_iter().flatten();
    let given = |item: &Value| {
        let text = |name: &str| item.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
        let total = item.get("total").and_then(Value::as_i64).unwrap_or_default();
        GivenReceipt { reference: text("reference"), kind: text("kind"), state: text("state"), total }
    };
    items.map(given).collect()
}

/// What the mail about a receipt of a case says.
fn words(debt: &Debt, server: &str) -> String {
    CaseMail::ReceiptIssued.body(&debt.case_number, server).replace('\n', "\r\n")
}

/// How often each text lies in the pick-up folder.
fn mails(folder: &Path) -> Result<BTreeMap<String, u64>, StormError> {
    let mut found = BTreeMap::new();
    if !folder.exists() {
        return Ok(found);
    }
    for file in fs::read_dir(folder)? {
        let path = file?.path();
        // What was being written when the server was killed is no mail yet.
        if path.extension().is_none_or(|extension| extension != "eml") {
            continue;
        }
        let whole = fs::read_to_string(path)?;
        let body = whole.split_once("\r\n\r\n").map(|(_, body)| body.replace("\r\n", "")).unwrap_or_default();
        let text = BASE64.decode(body.as_bytes()).ok().and_then(|bytes| String::from_utf8(bytes).ok());
        *found.entry(text.unwrap_or_default()).or_default() += 1;
    }
    Ok(found)
}
