//! A small sound definition for tests, to be changed in one place at a time.

use jiff::civil::Date;
use serde_json::{Value, json};

use super::ProcedureDefinition;
use crate::domain::expression::Facts;

/// A certificate of 青森市 at 450 yen a copy.
pub(crate) fn good() -> Value {
    json!({
        "id": "koseki-shomei", "version": 1, "tenant": "022012", "title": {"ja": "戸籍証明書", "en": "Certificate"},
        "kind": "application",
        "legal_basis": {"law": "戸籍法", "article": "第10条", "basis_kind": "law", "online_basis": "法6条", "review_criteria": "審査基準"},
        "department": "shimin", "applicant_kinds": ["resident"], "assurance": "id", "fee_due": "on_submit",
        "form": [
            {"name": "copies", "label": {"ja": "通数", "en": "Copies"}, "type": "integer", "required": true, "min": 1, "max": 20},
            {"name": "what", "label": {"ja": "区分", "en": "Kind"}, "type": "choice", "required": true,
             "choices": [{"value": "a", "label": {"ja": "甲", "en": "A"}}]},
        ],
        "attachments": [{"code": "identity", "title": {"ja": "本人確認書類", "en": "Identity"}, "required": true,
                         "media_types": ["image/png"], "max_bytes": 10}],
        "fees": [{"code": "koseki", "label": {"ja": "手数料", "en": "Fee"}, "basis": "条例別表", "revenue_account": "13-02-01-01",
                  "formula": {"kind": "per_unit", "unit_amount": 450, "count": "form.copies", "unit": "通"},
                  "effective_from": "2020-04-01", "source": "s"}],
        "processing": {"days": 1, "holidays": "exclude", "source": "s"},
        "approval_route": [{"role": "section_chief"}],
        "allowed_methods": {"basis": "条例", "methods": ["card"]},
        "retention_years": 5, "effective_from": "2026-04-01",
        "examples": [{"title": {"ja": "例", "en": "Example"}, "applicant_kind": "resident",
                      "form": {"copies": 2, "what": "a"}, "total": 900,
                      "attachments": [{"code": "identity", "filename": "a.png", "media_type": "image/png", "content_base64": "AAAA"}]}],
        "sources": ["s"],
    })
}

/// The specimen with a change.
pub(crate) fn changed(change: impl FnOnce(&mut Value)) -> ProcedureDefinition {
    let mut value = good();
    change(&mut value);
    serde_json::from_value(value).unwrap()
}

/// Answers of something handed in online on `day`, as expressions read them.
pub(crate) fn facts(form: &Value, day: Date) -> Facts {
    let known = json!({"form": form, "channel": "online", "arrived_on": day.to_string()});
    Facts::new(known.as_object().unwrap().clone())
}
