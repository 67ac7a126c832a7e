//! Faults of the documents.

use std::collections::BTreeSet;

use super::{check_text, duplicate_fault, empty_fault, is_name, slug_fault};
use crate::domain::fault::Fault;
use crate::domain::procedure::{AttachmentRule, ProcedureDefinition};

impl ProcedureDefinition {
    pub(super) fn check_attachments(&self, faults: &mut Vec<Fault>) {
        let mut codes = BTreeSet::new();
        for (index, rule) in self.attachments.iter().enumerate() {
            let pointer = format!("/attachments/{index}");
            let AttachmentRule { code, title, media_types, max_bytes, .. } = rule;
            if !is_name(code) {
                faults.push(slug_fault(format!("{pointer}/code")));
            }
            if !codes.insert(code) {
                faults.push(duplicate_fault(format!("{pointer}/code")));
            }
            check_text(&format!("{pointer}/title"), title, faults);
            if media_types.is_empty() {
                faults.push(empty_fault(format!("{pointer}/media_types")));
            }
            if *max_bytes == 0 {
                faults.push(empty_fault(format!("{pointer}/max_bytes")));
            }
            self.check_document_rules(&pointer, rule, faults);
        }
    }

    /// When a document is needed, of whom, and how old it may be (R-43…R-46).
    fn check_document_rules(&self, pointer: &str, rule: &AttachmentRule, faults: &mut Vec<Fault>) {
        if rule.required && rule.required_if.is_some() {
            let (ja, en) = ("いつも必要な書類に条件は要りません", "is required anyway");
            faults.push(Fault::new(format!("{pointer}/required_if"), "redundant", ja, en));
        }
        for (place, kind) in rule.applicant_kinds.iter().enumerate() {
            let pointer = format!("{pointer}/applicant_kinds/{place}");
            if rule.applicant_kinds.iter().take(place).any(|earlier| earlier == kind) {
                faults.push(duplicate_fault(pointer));
            } else if !self.applicant_kinds.contains(kind) {
                let (ja, en) = ("この手続の申請者ではありません", "is not among applicant_kinds");
                faults.push(Fault::new(pointer, "applicant_kind", ja, en));
            }
        }
        for (place, omission) in rule.omissions.iter().enumerate() {
            if omission.basis.trim().is_empty() {
                faults.push(empty_fault(format!("{pointer}/omissions/{place}/basis")));
            }
        }
        if rule.validity_months == Some(0) {
            let (ja, en) = ("1か月以上にしてください", "at least one month");
            faults.push(Fault::new(format!("{pointer}/validity_months"), "months", ja, en));
        }
        if let Some(note) = &rule.note {
            check_text(&format!("{pointer}/note"), note, faults);
        }
    }
}
