//! Faults of what is said of a contract.

use super::{check_text, duplicate_fault, empty_fault};
use crate::domain::contract::statement::unknown_placeholders;
use crate::domain::fault::Fault;
use crate::domain::procedure::{ProcedureDefinition, ProcedureKind};

/// The most days there may be to sign.
const MAX_SIGNING_DAYS: u16 = 365;

impl ProcedureDefinition {
    /// It has clauses that say what they mean, somebody who signs, and time to do it; and what is contracted is no permit.
    pub(super) fn check_contract(&self, faults: &mut Vec<Fault>) {
        let Some(terms) = &self.contract else { return };
        check_text("/contract/title", &terms.title, faults);
        let texts = [("authority", &terms.authority), ("basis", &terms.basis), ("source", &terms.source)];
        for (member, _) in texts.into_iter().filter(|(_, text)| text.trim().is_empty()) {
            faults.push(empty_fault(format!("/contract/{member}")));
        }
        if terms.clauses.is_empty() {
            faults.push(empty_fault("/contract/clauses"));
        }
        for (index, clause) in terms.clauses.iter().enumerate() {
            let pointer = format!("/contract/clauses/{index}");
            if clause.trim().is_empty() {
                faults.push(empty_fault(pointer.as_str()));
            }
            for name in unknown_placeholders(clause, &self.form) {
                let (ja, en) =
                    (format!("「{name}」に当たるものがありません"), format!("nothing is called {name}"));
                faults.push(Fault::new(pointer.as_str(), "unknown_placeholder", ja, en));
            }
        }
        for (index, name) in terms.trust_anchors.iter().enumerate() {
            if terms.trust_anchors.iter().take(index).any(|before| before == name) {
                faults.push(duplicate_fault(format!("/contract/trust_anchors/{index}")));
            }
        }
        if terms.signing_days == 0 || terms.signing_days > MAX_SIGNING_DAYS {
            let (ja, en) = ("1日以上、365日以内にしてください", "at least one day, at most 365");
            faults.push(Fault::new("/contract/signing_days", "days", ja, en));
        }
        // Whoever contracts is given nothing by way of authority.
        if self.kind == ProcedureKind::Notification || self.validity.is_some() || self.renewal.is_some() {
            let ja = "契約の手続は申請で、許可の有効期間・更新を定められません";
            let en = "a contract follows an application and gives no permit with a term or a renewal";
            faults.push(Fault::new("/contract", "contract_and_permit", ja, en));
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::domain::procedure::specimen::changed;

    fn faults(change: impl FnOnce(&mut Value)) -> Vec<(String, &'static str)> {
        let definition = changed(|value| {
            value["contract"] = json!({ "title": { "ja": "契約書", "en": "Contract" },
                "clauses": ["第1条　{counterpart}は{form.copies}を借りる。"], "authority": "青森市長", "signing_days": 14,
                "basis": "地方自治法第238条の5", "source": "試験用", "sample": true });
            change(value);
        });
        let found = definition.check().into_iter().filter(|fault| fault.pointer.starts_with("/contract"));
        found.map(|fault| (fault.pointer, fault.code)).collect()
    }

    #[test]
    fn r103_every_fault_of_a_contract_is_named_at_once() {
        assert_eq!(faults(|_| {}), []);
        let wrong = faults(|value| {
            value["contract"]["clauses"] = json!(["", "{form.nothing}"]);
            value["contract"]["authority"] = json!(" ");
            value["contract"]["signing_days"] = json!(0);
            value["contract"]["trust_anchors"] = json!(["a", "a"]);
            value["validity"] = json!({ "years": 5, "basis": "試験法" });
        });
        let expected = [
            ("/contract/authority", "empty"),
            ("/contract/clauses/0", "empty"),
            ("/contract/clauses/1", "unknown_placeholder"),
            ("/contract/trust_anchors/1", "duplicate"),
            ("/contract/signing_days", "days"),
            ("/contract", "contract_and_permit"),
        ];
        assert_eq!(wrong, expected.map(|(at, code)| (at.to_owned(), code)));
        let none = faults(|value| value["contract"]["clauses"] = json!([]));
        assert_eq!(none, [("/contract/clauses".to_owned(), "empty")]);
    }
}
