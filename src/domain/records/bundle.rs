//! What the archive gets of a case or a book (移管), in one form that everybody computes alike.

use aws_lc_rs::digest::{SHA256, digest};
use data_encoding::HEXLOWER;
use serde::Serialize;
use serde_json::Value;

use super::BookKind;
use crate::domain::id::{ApplicationId, RecordBookId, RecordMemberId, TenantCode};

/// A case as it goes to the archive: everything that was handed in, said and decided, in clear. Members and lists have one
/// fixed order, instants are in UTC, bytes are base64.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct CaseBundle {
    /// The case.
    pub application: ApplicationId,
    /// Where it arrived, leg by leg.
    pub arrivals: Vec<Value>,
    /// Its documents with their bytes.
    pub attachments: Vec<Value>,
    /// The day it ended.
    pub completed_on: String,
    /// What was decided.
    pub decisions: Vec<Value>,
    /// Its chain of events: who verifies it needs nothing else.
    pub events: Vec<Value>,
    /// The answers as they were at the end.
    pub form: Value,
    /// The answers that were replaced, in order.
    pub former_forms: Vec<Value>,
    /// Questions of the office, messages and notes.
    pub correspondence: Vec<Value>,
    /// 収受番号 and 収受日 of the office that it came in at, where it has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub incoming: Option<Value>,
    /// What was owed, as it stood at the end.
    pub invoices: Vec<Value>,
    /// Its number.
    pub number: String,
    /// Who had to do with it.
    pub parties: Vec<Value>,
    /// The procedure.
    pub procedure: String,
    /// Its version.
    pub procedure_version: i64,
    /// Everything else that was written about it under its key: drafts and comments of approvals, opinions, inspections, waivers,
    /// holds and so on, each with table, id, column and instant, in the order of time.
    pub sealed_texts: Vec<Value>,
    /// The signatures of office over what was issued, with the statements that they are over.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub signatures: Vec<Value>,
    /// Where it ended.
    pub state: String,
    /// The body.
    pub tenant: TenantCode,
}

impl CaseBundle {
    /// The canonical JSON.
    pub fn to_json(&self) -> String {
        // Our own types always have a JSON form; an empty text is no bundle of anything.
        serde_json::to_string(self).unwrap_or_default()
    }
}

/// A book as it goes to the archive: what was taken in or made, in clear, and what is recorded of it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct BookBundle {
    /// The book.
    pub book: RecordBookId,
    /// Its day.
    pub completed_on: String,
    /// Its bytes as base64; none where the facts are all of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub content_base64: Option<String>,
    /// What is recorded of it: digest, people, sums, what became of each line.
    pub facts: Value,
    /// What kind of book it is.
    pub kind: BookKind,
    /// Its name among its kind.
    pub subject: String,
    /// The body.
    pub tenant: TenantCode,
}

impl BookBundle {
    /// The canonical JSON.
    pub fn to_json(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }
}

/// SHA-256 of a bundle, in hex.
pub fn bundle_hash(json: &str) -> String {
    HEXLOWER.encode(digest(&SHA256, json.as_bytes()).as_ref())
}

/// What an export is an export of: where the chain of the case stood, and behind it its 収受番号, which stands in no event. What
/// differs from it was exported before the case became what it is.
pub fn exported_standing(event_head: &[u8], incoming_number: Option<&str>) -> Vec<u8> {
    [event_head, incoming_number.unwrap_or_default().as_bytes()].concat()
}

/// SHA-256 over all bundles of a file, in hex: one line a case or book, in the order of their ids, each with the hash of its bundle.
pub fn manifest_hash<'a>(bundles: impl IntoIterator<Item = (RecordMemberId, &'a str)>) -> String {
    let mut lines: Vec<String> =
        bundles.into_iter().map(|(member, sha256)| format!("{member} {sha256}\n")).collect();
    lines.sort_unstable();
    bundle_hash(&lines.concat())
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    #[test]
    fn r122_and_r124_an_export_is_of_a_chain_and_of_the_number_beside_it() {
        let (head, other) = ([7; 32], [8; 32]);
        let unnumbered = exported_standing(&head, None);
        assert_eq!(unnumbered, head, "as it was recorded before numbers were");
        for later in [exported_standing(&head, Some("消保収第1号")), exported_standing(&other, None)] {
            assert_ne!(unnumbered, later);
        }
    }

    #[test]
    fn r124_the_hash_over_a_file_depends_on_every_case_and_not_on_their_order() {
        let [one, two] = [1, 2].map(|number| RecordMemberId(Uuid::from_u128(number)));
        let whole = manifest_hash([(one, "aa"), (two, "bb")]);
        assert_eq!(whole, manifest_hash([(two, "bb"), (one, "aa")]));
        for other in [manifest_hash([(one, "aa")]), manifest_hash([(one, "bb"), (two, "aa")])] {
            assert_ne!(whole, other);
        }
    }
}
