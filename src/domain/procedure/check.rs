//! Faults of a procedure definition, all at once, so that whoever edits a file sees the whole list.

use std::collections::BTreeSet;

use serde_json::Value;

use super::{
    ApplicantKind, AttachmentRule, Bilingual, Fee, FeeDue, FeeFormula, Field, FieldType, ProcedureDefinition,
    ProcedureKind,
};
use crate::domain::fault::Fault;
use crate::domain::form::CompiledForm;
use crate::domain::id::TenantCode;

mod examples;

/// The longest standard processing period, in days.
const MAX_DAYS: u32 = 3_650;

impl ProcedureDefinition {
    /// Every fault of the definition; empty when it may be published.
    pub fn check(&self) -> Vec<Fault> {
        let mut faults = Vec::new();
        self.check_identity(&mut faults);
        self.check_flow(&mut faults);
        self.check_fields(&mut faults);
        self.check_attachments(&mut faults);
        self.check_fees(&mut faults);
        examples::check(self, &mut faults);
        faults
    }

    fn check_identity(&self, faults: &mut Vec<Fault>) {
        if !is_slug(&self.id) {
            faults.push(slug_fault("/id"));
        }
        if self.version == 0 {
            faults.push(Fault::new("/version", "version", "版は1から数えます", "versions count from 1"));
        }
        if TenantCode::parse(self.tenant.as_str()).is_none() {
            let (ja, en) = ("団体コードの検査数字が正しくありません", "not a six-digit body code (R-160)");
            faults.push(Fault::new("/tenant", "tenant_code", ja, en));
        }
        if !is_slug(&self.department) {
            faults.push(slug_fault("/department"));
        }
        check_text("/title", &self.title, faults);
        for (name, text) in [
            ("law", &self.legal_basis.law),
            ("article", &self.legal_basis.article),
            ("online_basis", &self.legal_basis.online_basis),
        ] {
            if text.trim().is_empty() {
                faults.push(empty_fault(format!("/legal_basis/{name}")));
            }
        }
        check_span("", self.effective_from, self.effective_to, faults);
        if self.retention_years == 0 {
            faults.push(Fault::new(
                "/retention_years",
                "retention",
                "1年以上にしてください",
                "at least one year",
            ));
        }
        if self.sources.is_empty() {
            faults.push(empty_fault("/sources"));
        }
        let mut seen = BTreeSet::<&str>::new();
        for kind in &self.applicant_kinds {
            let name = match kind {
                ApplicantKind::Resident => "resident",
                ApplicantKind::Business => "business",
            };
            if !seen.insert(name) {
                faults.push(duplicate_fault("/applicant_kinds"));
            }
        }
        if seen.is_empty() {
            faults.push(empty_fault("/applicant_kinds"));
        }
    }

    /// The legal kind, the money and the route must agree.
    fn check_flow(&self, faults: &mut Vec<Fault>) {
        let has_fee = !self.fees.is_empty();
        if has_fee == (self.fee_due == FeeDue::None) {
            let (ja, en) =
                ("手数料と納付時期が一致しません", "fee_due must be none exactly when there is no fee");
            faults.push(Fault::new("/fee_due", "fee_due", ja, en));
        }
        match self.kind {
            ProcedureKind::Notification if has_fee => {
                let (ja, en) = ("届出に手数料の関門はありません", "a notification has no fee gate (R-196)");
                faults.push(Fault::new("/fees", "notification_fee", ja, en));
            }
            ProcedureKind::Notification if !self.approval_route.is_empty() => {
                let (ja, en) = ("届出に諾否の決裁はありません", "a notification is never decided (R-2)");
                faults.push(Fault::new("/approval_route", "notification_route", ja, en));
            }
            ProcedureKind::Application if self.approval_route.is_empty() => {
                faults.push(empty_fault("/approval_route"));
            }
            ProcedureKind::Notification | ProcedureKind::Application => {}
        }
        for (index, step) in self.approval_route.iter().enumerate() {
            if !is_name(&step.role) {
                faults.push(slug_fault(format!("/approval_route/{index}/role")));
            }
            if step.department.as_deref().is_some_and(|code| !is_slug(code)) {
                faults.push(slug_fault(format!("/approval_route/{index}/department")));
            }
        }
        match &self.allowed_methods {
            None if has_fee => faults.push(empty_fault("/allowed_methods")),
            Some(allowed) => {
                if allowed.basis.trim().is_empty() {
                    faults.push(empty_fault("/allowed_methods/basis"));
                }
                for (index, method) in allowed.methods.iter().enumerate() {
                    if !is_name(method) {
                        faults.push(slug_fault(format!("/allowed_methods/methods/{index}")));
                    }
                }
            }
            None => {}
        }
        if let Some(processing) = &self.processing {
            if processing.days == 0 || processing.total_days() > MAX_DAYS {
                let (ja, en) = ("1日以上、10年以内にしてください", "at least one day, at most ten years");
                faults.push(Fault::new("/processing/days", "days", ja, en));
            }
            if processing.source.trim().is_empty() {
                faults.push(empty_fault("/processing/source"));
            }
        }
    }

    fn check_fields(&self, faults: &mut Vec<Fault>) {
        let mut names = BTreeSet::new();
        for (index, field) in self.form.iter().enumerate() {
            let pointer = format!("/form/{index}");
            if !is_name(&field.name) {
                faults.push(slug_fault(format!("{pointer}/name")));
            }
            if !names.insert(&field.name) {
                faults.push(duplicate_fault(format!("{pointer}/name")));
            }
            check_text(&format!("{pointer}/label"), &field.label, faults);
            check_bounds(&pointer, field, faults);
            check_choices(&pointer, field, faults);
            check_default(&pointer, field, faults);
        }
    }

    fn check_attachments(&self, faults: &mut Vec<Fault>) {
        let mut codes = BTreeSet::new();
        for (index, AttachmentRule { code, title, media_types, max_bytes, .. }) in
            self.attachments.iter().enumerate()
        {
            let pointer = format!("/attachments/{index}");
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
        }
    }

    fn check_fees(&self, faults: &mut Vec<Fault>) {
        for (index, fee) in self.fees.iter().enumerate() {
            let pointer = format!("/fees/{index}");
            if !is_name(&fee.code) {
                faults.push(slug_fault(format!("{pointer}/code")));
            }
            check_text(&format!("{pointer}/label"), &fee.label, faults);
            for (name, text) in
                [("basis", &fee.basis), ("revenue_account", &fee.revenue_account), ("source", &fee.source)]
            {
                if text.trim().is_empty() {
                    faults.push(empty_fault(format!("{pointer}/{name}")));
                }
            }
            check_span(&pointer, fee.effective_from, fee.effective_to, faults);
            let earlier = self.fees.iter().take(index);
            if earlier.filter(|other| other.code == fee.code).any(|other| overlap(other, fee)) {
                let (ja, en) =
                    ("同じ手数料の適用期間が重なっています", "two versions of one fee overlap (R-52)");
                faults.push(Fault::new(format!("{pointer}/effective_from"), "fee_overlap", ja, en));
            }
            self.check_formula(&pointer, &fee.formula, faults);
        }
    }

    fn check_formula(&self, pointer: &str, formula: &FeeFormula, faults: &mut Vec<Fault>) {
        let Some(name) = formula.field() else { return };
        let at = format!("{pointer}/formula/field");
        let Some(field) = self.field(name) else {
            let (ja, en) = (format!("項目「{name}」はありません"), format!("there is no field {name}"));
            faults.push(Fault::new(at, "unknown_field", ja, en));
            return;
        };
        if !field.required {
            let (ja, en) =
                ("手数料の算定に使う項目は必須にしてください", "a field that prices must be required");
            faults.push(Fault::new(at.clone(), "field_not_required", ja, en));
        }
        if let FeeFormula::ByChoice { table, .. } = formula {
            let choices: BTreeSet<&str> = field.choices.iter().map(|choice| choice.value.as_str()).collect();
            let rows: BTreeSet<&str> = table.keys().map(String::as_str).collect();
            if field.field_type != FieldType::Choice || choices != rows {
                let (ja, en) =
                    ("金額表と選択肢が一致しません", "the table must have one row for each choice");
                faults.push(Fault::new(format!("{pointer}/formula/table"), "fee_table", ja, en));
            }
        } else if field.field_type != FieldType::Integer
            || field.min.is_none_or(|min| min < 0)
            || field.max.is_none()
        {
            let (ja, en) = (
                "0以上の下限と上限のある整数項目にしてください",
                "must be an integer with min (0 or more) and max",
            );
            faults.push(Fault::new(at, "field_not_countable", ja, en));
        }
    }
}

fn check_bounds(pointer: &str, field: &Field, faults: &mut Vec<Fault>) {
    let is_integer = field.field_type == FieldType::Integer;
    if !is_integer && (field.min.is_some() || field.max.is_some()) {
        let (ja, en) = ("上限・下限は整数項目だけに付けられます", "min and max belong to integers");
        faults.push(Fault::new(format!("{pointer}/min"), "bounds", ja, en));
    }
    if field.min.zip(field.max).is_some_and(|(min, max)| min > max) {
        let (ja, en) = ("下限が上限を超えています", "min is greater than max");
        faults.push(Fault::new(format!("{pointer}/min"), "bounds", ja, en));
    }
    if field.max_length.is_some() && !matches!(field.field_type, FieldType::Text | FieldType::Kana) {
        let (ja, en) = ("文字数は文字項目だけに付けられます", "max_length belongs to text and kana");
        faults.push(Fault::new(format!("{pointer}/max_length"), "bounds", ja, en));
    }
}

fn check_choices(pointer: &str, field: &Field, faults: &mut Vec<Fault>) {
    if (field.field_type == FieldType::Choice) == field.choices.is_empty() {
        let (ja, en) =
            ("選択肢は選択項目にだけ、必ず付けます", "choices belong to choice fields, at least one");
        faults.push(Fault::new(format!("{pointer}/choices"), "choices", ja, en));
    }
    let values: BTreeSet<&str> = field.choices.iter().map(|choice| choice.value.as_str()).collect();
    if values.len() != field.choices.len() {
        faults.push(duplicate_fault(format!("{pointer}/choices")));
    }
}

fn check_default(pointer: &str, field: &Field, faults: &mut Vec<Fault>) {
    let Some(default) = &field.default else { return };
    let answers = Value::Object([(field.name.clone(), default.clone())].into_iter().collect());
    let is_good = CompiledForm::compile(std::slice::from_ref(field))
        .is_ok_and(|form| form.validate(&answers).is_empty());
    if !is_good {
        let (ja, en) = ("初期値が項目の条件に合いません", "the default is not a valid answer");
        faults.push(Fault::new(format!("{pointer}/default"), "default", ja, en));
    }
}

fn check_text(pointer: &str, text: &Bilingual, faults: &mut Vec<Fault>) {
    for (name, text) in [("ja", &text.ja), ("en", &text.en)] {
        if text.trim().is_empty() {
            faults.push(empty_fault(format!("{pointer}/{name}")));
        }
    }
}

fn check_span(
    pointer: &str,
    from: jiff::civil::Date,
    to: Option<jiff::civil::Date>,
    faults: &mut Vec<Fault>,
) {
    if to.is_some_and(|to| to < from) {
        let (ja, en) = ("終わりが始まりより前です", "ends before it begins");
        faults.push(Fault::new(format!("{pointer}/effective_to"), "span", ja, en));
    }
}

fn overlap(one: &Fee, other: &Fee) -> bool {
    let starts_before_end = |a: &Fee, b: &Fee| b.effective_to.is_none_or(|to| a.effective_from <= to);
    starts_before_end(one, other) && starts_before_end(other, one)
}

fn slug_fault(pointer: impl Into<String>) -> Fault {
    Fault::new(pointer, "slug", "英小文字で始まる識別子にしてください", "must be a lower-case identifier")
}

fn empty_fault(pointer: impl Into<String>) -> Fault {
    Fault::new(pointer, "empty", "空にできません", "must not be empty")
}

fn duplicate_fault(pointer: impl Into<String>) -> Fault {
    Fault::new(pointer, "duplicate", "重複しています", "is given twice")
}

/// A slug: lower-case letters, digits and hyphens, a letter first, at most 64.
pub(crate) fn is_slug(text: &str) -> bool {
    is_identifier(text, '-')
}

/// A name: lower-case letters, digits and underscores, a letter first, at most 64.
fn is_name(text: &str) -> bool {
    is_identifier(text, '_')
}

fn is_identifier(text: &str, joiner: char) -> bool {
    text.len() <= 64
        && text.starts_with(|c: char| c.is_ascii_lowercase())
        && text.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == joiner)
}

#[cfg(test)]
mod tests;
