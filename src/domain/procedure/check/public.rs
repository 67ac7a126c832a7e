//! Faults of what is said of public inspection.

use super::{check_text, duplicate_fault, empty_fault};
use crate::domain::fault::Fault;
use crate::domain::procedure::ProcedureDefinition;

impl ProcedureDefinition {
    /// It rests on a clause, names what there is, and closes after it opens. What it does not name is masked, so a name that is
    /// none would mask silently.
    pub(super) fn check_public_inspection(&self, faults: &mut Vec<Fault>) {
        let Some(rule) = &self.public_inspection else { return };
        for (member, text) in [("basis", &rule.basis), ("source", &rule.source)] {
            if text.trim().is_empty() {
                faults.push(empty_fault(format!("/public_inspection/{member}")));
            }
        }
        check_text("/public_inspection/place", &rule.place, faults);
        check_text("/public_inspection/days", &rule.days, faults);
        if rule.fields.is_empty() {
            faults.push(empty_fault("/public_inspection/fields"));
        }
        for (index, name) in rule.fields.iter().enumerate() {
            let pointer = format!("/public_inspection/fields/{index}");
            if rule.fields.iter().take(index).any(|before| before == name) {
                faults.push(duplicate_fault(pointer));
            } else if self.field(name).is_none() {
                let (ja, en) = ("様式にない項目です", "is not a field of the form");
                faults.push(Fault::new(pointer, "unknown_field", ja, en));
            }
        }
        for (index, code) in rule.documents.iter().enumerate() {
            let pointer = format!("/public_inspection/documents/{index}");
            if rule.documents.iter().take(index).any(|before| before == code) {
                faults.push(duplicate_fault(pointer));
            } else if self.attachment(code).is_none() {
                let (ja, en) = ("添付書類にありません", "is not one of the attachments");
                faults.push(Fault::new(pointer, "unknown_attachment", ja, en));
            }
        }
        if rule.until <= rule.from {
            let (ja, en) = ("終わりが始まりより前です", "ends before it begins");
            faults.push(Fault::new("/public_inspection/until", "span", ja, en));
        }
    }
}
