//! Faults of what is said of public inspection.

use super::{check_text, duplicate_fault, empty_fault};
use crate::domain::fault::Fault;
use crate::domain::procedure::{ProcedureDefinition, PublicInspection};

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
        self.check_public_files(rule, faults);
        if rule.open_days == Some(0) {
            let (ja, en) = ("1日以上にしてください", "must be one day at least");
            faults.push(Fault::new("/public_inspection/open_days", "positive", ja, en));
        }
        if rule.until <= rule.from {
            let (ja, en) = ("終わりが始まりより前です", "ends before it begins");
            faults.push(Fault::new("/public_inspection/until", "span", ja, en));
        }
    }
    /// A file is given out only of a document that can be looked at anyway, and that is said to be without personal data.
    fn check_public_files(&self, rule: &PublicInspection, faults: &mut Vec<Fault>) {
        for (index, code) in rule.files.iter().enumerate() {
            let pointer = format!("/public_inspection/files/{index}");
            if rule.files.iter().take(index).any(|before| before == code) {
                faults.push(duplicate_fault(pointer));
            } else if !rule.documents.contains(code) {
                let (ja, en) = (
                    "閲覧できる書類（documents）にありません",
                    "is not one of the documents that can be looked at",
                );
                faults.push(Fault::new(pointer, "unknown_attachment", ja, en));
            } else if self.attachment(code).is_some_and(|asked| asked.personal_data) {
                let ja = "個人情報を含まない（personal_data: false）とされた書類だけを公開できます";
                let en = "only a document without personal data (personal_data: false) can be given out";
                faults.push(Fault::new(pointer, "personal_data", ja, en));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::domain::procedure::specimen::changed;

    /// The faults of a definition whose plan and photo can be looked at, with these files given out.
    fn faults(files: &[&str], personal: &Value, open_days: &Value) -> Vec<(String, &'static str)> {
        let definition = changed(|value| {
            let document = |code: &str| json!({ "code": code, "title": { "ja": code, "en": code }, "media_types": ["application/pdf"], "max_bytes": 1000 });
            let mut plan = document("plan");
            if !personal.is_null() {
                plan["personal_data"] = personal.clone();
            }
            value["attachments"] = json!([plan, document("photo"), document("letter")]);
            value["public_inspection"] = json!({ "basis": "試験法第13条", "opens_on": "arrival", "fields": ["what"],
                "documents": ["plan", "photo"], "files": files, "open_days": open_days,
                "place": { "ja": "閲覧所", "en": "Room" }, "days": { "ja": "毎日", "en": "Every day" },
                "from": "08:30:00", "until": "17:00:00", "online": "always", "source": "試験用", "sample": true });
        });
        let found =
            definition.check().into_iter().filter(|fault| fault.pointer.starts_with("/public_inspection"));
        found.map(|fault| (fault.pointer, fault.code)).collect()
    }

    #[test]
    fn r47_a_file_is_given_out_only_of_a_document_that_is_said_to_be_without_personal_data() {
        let at = |place: &str, code| vec![(format!("/public_inspection/{place}"), code)];
        for (files, personal, open_days, expected) in [
            (vec![], Value::Null, Value::Null, vec![]),
            (vec!["plan"], json!(false), json!(14), vec![]),
            (vec!["plan"], json!(true), Value::Null, at("files/0", "personal_data")),
            (vec!["plan"], Value::Null, Value::Null, at("files/0", "personal_data")),
            (vec!["plan", "photo"], json!(false), Value::Null, at("files/1", "personal_data")),
            (vec!["plan", "plan"], json!(false), Value::Null, at("files/1", "duplicate")),
            (vec!["letter"], json!(false), Value::Null, at("files/0", "unknown_attachment")),
            (vec![], json!(false), json!(0), at("open_days", "positive")),
        ] {
            assert_eq!(faults(&files, &personal, &open_days), expected, "{files:?} {personal} {open_days}");
        }
    }
}
