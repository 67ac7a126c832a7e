//! Faults of the form and of what staff fix: each field by itself, then its pages. Conditions are the compiler's to judge.

use std::collections::BTreeSet;

use super::{check_text, duplicate_fault, is_name, slug_fault};
use crate::domain::fault::Fault;
use crate::domain::form::{CompiledForm, MOST_COLUMNS, MOST_FIELDS, MOST_ROWS, has_words};
use crate::domain::procedure::{Field, FieldType, ProcedureDefinition};

/// The greatest `max_length`, in graphemes.
const LONGEST_TEXT: u32 = 10_000;
/// The most digits after the point of a decimal.
const GREATEST_SCALE: u8 = 6;
/// The most conditions and calculated values one set of answers may take to judge, those of a column once for each row.
const MOST_CONDITIONS: usize = 10_000;
/// Words by which a field would ask for what may not be asked for.
const INDIVIDUAL_NUMBER: [&str; 6] =
    ["個人番号", "マイナンバー", "my_number", "mynumber", "individual_number", "kojin_bango"];

impl ProcedureDefinition {
    /// Adds the faults of the fields; gives the applicant's form and that of the office, each if it compiles.
    pub(super) fn check_fields(
        &self,
        faults: &mut Vec<Fault>,
    ) -> (Option<CompiledForm>, Option<CompiledForm>) {
        self.check_list(&self.form, "/form", MOST_FIELDS, faults);
        self.check_list(&self.office_form, "/office_form", MOST_FIELDS, faults);
        self.check_pages(faults);
        let office_form = CompiledForm::compile_office(self).map_err(|found| faults.extend(found)).ok();
        let form = CompiledForm::compile(self).map_err(|found| faults.extend(found)).ok();
        (form, office_form)
    }

    fn check_list(&self, fields: &[Field], pointer: &str, most: usize, faults: &mut Vec<Fault>) {
        if fields.len() > most {
            let (ja, en) = (format!("{most}項目までです"), format!("has more than {most} fields"));
            faults.push(Fault::new(pointer, "too_many", ja, en));
        }
        if conditions(fields) > MOST_CONDITIONS {
            let ja = format!("条件・計算式が多すぎます（列は行数だけ数え、{MOST_CONDITIONS}まで）");
            let en =
                format!("takes more than {MOST_CONDITIONS} conditions to judge, counting columns once a row");
            faults.push(Fault::new(pointer, "too_costly", ja, en));
        }
        let mut names = BTreeSet::new();
        for (index, field) in fields.iter().enumerate() {
            let pointer = format!("{pointer}/{index}");
            if !is_name(&field.name) {
                faults.push(slug_fault(format!("{pointer}/name")));
            }
            if !names.insert(&field.name) {
                faults.push(duplicate_fault(format!("{pointer}/name")));
            }
            self.check_field(&pointer, field, faults);
        }
    }

    fn check_field(&self, pointer: &str, field: &Field, faults: &mut Vec<Fault>) {
        check_text(&format!("{pointer}/label"), &field.label, faults);
        for (index, rule) in field.valid_if.iter().enumerate() {
            check_text(&format!("{pointer}/valid_if/{index}/message"), &rule.message, faults);
        }
        check_bounds(pointer, field, faults);
        check_number(pointer, field, faults);
        check_choices(pointer, field, faults);
        check_calculated(pointer, field, faults);
        check_asked(pointer, field, faults);
        self.check_table(pointer, field, faults);
        self.check_assurance(pointer, field, faults);
        let is_good_default =
            |default| is_answered(field.field_type) && CompiledForm::is_good_alone(self, field, default);
        if field.default.as_ref().is_some_and(|default| !is_good_default(default)) {
            let (ja, en) = ("初期値が項目の条件に合いません", "the default is not a valid answer");
            faults.push(Fault::new(format!("{pointer}/default"), "default", ja, en));
        }
    }

    fn check_table(&self, pointer: &str, field: &Field, faults: &mut Vec<Fault>) {
        let is_table = field.field_type == FieldType::Table;
        if is_table == field.columns.is_empty() {
            let (ja, en) = ("列は表項目にだけ、必ず付けます", "columns belong to tables, at least one");
            faults.push(Fault::new(format!("{pointer}/columns"), "columns", ja, en));
        }
        if !is_table && (field.min_rows.is_some() || field.max_rows.is_some()) {
            let (ja, en) = ("行数は表項目だけに付けられます", "min_rows and max_rows belong to tables");
            faults.push(Fault::new(format!("{pointer}/max_rows"), "bounds", ja, en));
        }
        let most = field.max_rows.unwrap_or(crate::domain::form::DEFAULT_ROWS);
        if most == 0 || most > MOST_ROWS || field.min_rows.is_some_and(|least| least > most) {
            let ja = format!("行数は下限以上、{MOST_ROWS}以下にしてください");
            let en = format!("must be 1 to {MOST_ROWS} and not below min_rows");
            faults.push(Fault::new(format!("{pointer}/max_rows"), "bounds", ja, en));
        }
        for (index, column) in field.columns.iter().enumerate() {
            if matches!(column.field_type, FieldType::Table | FieldType::PersonName | FieldType::Address) {
                let ja = "列に表・氏名・住所は置けません";
                let en = "a column is no table, no name and no address";
                faults.push(Fault::new(format!("{pointer}/columns/{index}/type"), "columns", ja, en));
            }
        }
        if is_table {
            self.check_list(&field.columns, &format!("{pointer}/columns"), MOST_COLUMNS, faults);
        }
    }

    fn check_assurance(&self, pointer: &str, field: &Field, faults: &mut Vec<Fault>) {
        let Some(assurance) = field.assurance else { return };
        let at = format!("{pointer}/assurance");
        if field.field_type != FieldType::Statement {
            let (ja, en) =
                ("本人確認の水準は誓約・同意だけに付けられます", "assurance belongs to statements");
            faults.push(Fault::new(at, "assurance", ja, en));
        } else if assurance > self.assurance {
            let ja = "手続の本人確認の水準を超えています";
            faults.push(Fault::new(at, "assurance", ja, "is above the assurance of the procedure"));
        }
    }

    fn check_pages(&self, faults: &mut Vec<Fault>) {
        if self.pages.is_empty() {
            return;
        }
        let (mut codes, mut fields, mut documents) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
        for (index, page) in self.pages.iter().enumerate() {
            let pointer = format!("/pages/{index}");
            check_code(&pointer, &page.code, &mut codes, faults);
            check_text(&format!("{pointer}/title"), &page.title, faults);
            let mut sections = BTreeSet::new();
            for (index, section) in page.sections.iter().enumerate() {
                let pointer = format!("{pointer}/sections/{index}");
                check_code(&pointer, &section.code, &mut sections, faults);
                check_text(&format!("{pointer}/title"), &section.title, faults);
                let is_field = |name: &str| self.field(name).is_some();
                check_members(&format!("{pointer}/fields"), &section.fields, is_field, &mut fields, faults);
                let is_document = |code: &str| self.attachment(code).is_some();
                let at = format!("{pointer}/attachments");
                check_members(&at, &section.attachments, is_document, &mut documents, faults);
            }
        }
        for field in self.form.iter().filter(|field| !fields.contains(field.name.as_str())) {
            let ja = format!("項目「{}」がどの区分にもありません", field.name);
            let en = format!("the field {} stands in no section", field.name);
            faults.push(Fault::new("/pages", "missing_field", ja, en));
        }
    }
}

/// How many expressions are evaluated on one set of answers, at most.
fn conditions(fields: &[Field]) -> usize {
    let of = |field: &Field| {
        let own = [&field.visible_if, &field.required_if, &field.value].into_iter().flatten().count();
        let rows = usize::from(field.max_rows.unwrap_or(crate::domain::form::DEFAULT_ROWS));
        let columns = if field.columns.is_empty() { 0 } else { conditions(&field.columns) };
        columns.saturating_mul(rows).saturating_add(own).saturating_add(field.valid_if.len())
    };
    fields.iter().map(of).fold(0, usize::saturating_add)
}

fn check_code<'a>(pointer: &str, code: &'a str, codes: &mut BTreeSet<&'a str>, faults: &mut Vec<Fault>) {
    if !is_name(code) && !super::is_slug(code) {
        faults.push(slug_fault(format!("{pointer}/code")));
    }
    if !codes.insert(code) {
        faults.push(duplicate_fault(format!("{pointer}/code")));
    }
}

fn check_members<'a>(
    pointer: &str,
    names: &'a [String],
    exists: impl Fn(&str) -> bool,
    seen: &mut BTreeSet<&'a str>,
    faults: &mut Vec<Fault>,
) {
    for (index, name) in names.iter().enumerate() {
        if !exists(name) {
            let (ja, en) = (format!("「{name}」はありません"), format!("there is no {name}"));
            faults.push(Fault::new(format!("{pointer}/{index}"), "unknown_field", ja, en));
        } else if !seen.insert(name) {
            faults.push(duplicate_fault(format!("{pointer}/{index}")));
        }
    }
}

/// Whether an applicant may answer it before being asked: what is computed has no default, and agreeing is an act.
fn is_answered(field_type: FieldType) -> bool {
    !matches!(field_type, FieldType::Calculated | FieldType::Statement)
}

fn check_bounds(pointer: &str, field: &Field, faults: &mut Vec<Fault>) {
    let is_number = matches!(field.field_type, FieldType::Integer | FieldType::Money | FieldType::Decimal);
    if !is_number && (field.min.is_some() || field.max.is_some()) {
        let (ja, en) = ("上限・下限は数の項目だけに付けられます", "min and max belong to numbers");
        faults.push(Fault::new(format!("{pointer}/min"), "bounds", ja, en));
    }
    if field.min.zip(field.max).is_some_and(|(min, max)| min > max) {
        let (ja, en) = ("下限が上限を超えています", "min is greater than max");
        faults.push(Fault::new(format!("{pointer}/min"), "bounds", ja, en));
    }
    if field.field_type == FieldType::Money && field.min.is_some_and(|min| min < 0) {
        let (ja, en) = ("金額は0以上です", "money is zero or more");
        faults.push(Fault::new(format!("{pointer}/min"), "bounds", ja, en));
    }
    if field.charset.is_some() && !has_words(field.field_type) {
        let (ja, en) = (
            "文字集合は文字・氏名・住所の項目だけに付けられます",
            "charset belongs to text, names and addresses",
        );
        faults.push(Fault::new(format!("{pointer}/charset"), "bounds", ja, en));
    }
    let Some(max_length) = field.max_length else { return };
    if !matches!(field.field_type, FieldType::Text | FieldType::Kana) {
        let (ja, en) = ("文字数は文字項目だけに付けられます", "max_length belongs to text and kana");
        faults.push(Fault::new(format!("{pointer}/max_length"), "bounds", ja, en));
    } else if !(1..=LONGEST_TEXT).contains(&max_length) {
        let ja = format!("文字数は1～{LONGEST_TEXT}にしてください");
        let en = format!("must be 1 to {LONGEST_TEXT}");
        faults.push(Fault::new(format!("{pointer}/max_length"), "bounds", ja, en));
    }
}

fn check_number(pointer: &str, field: &Field, faults: &mut Vec<Fault>) {
    let is_decimal = field.field_type == FieldType::Decimal;
    if is_decimal != field.scale.is_some()
        || field.scale.is_some_and(|scale| !(1..=GREATEST_SCALE).contains(&scale))
    {
        let ja = format!("小数の桁数は小数項目にだけ、必ず1～{GREATEST_SCALE}で付けます");
        let en = format!("scale belongs to decimals, which have one of 1 to {GREATEST_SCALE}");
        faults.push(Fault::new(format!("{pointer}/scale"), "scale", ja, en));
    }
    let has_unit = matches!(
        field.field_type,
        FieldType::Integer | FieldType::Decimal | FieldType::Money | FieldType::Calculated
    );
    if !has_unit && field.unit.is_some() {
        let (ja, en) = ("単位は数の項目だけに付けられます", "unit belongs to numbers");
        faults.push(Fault::new(format!("{pointer}/unit"), "unit", ja, en));
    }
}

fn check_choices(pointer: &str, field: &Field, faults: &mut Vec<Fault>) {
    let is_choice = matches!(field.field_type, FieldType::Choice | FieldType::MultiChoice);
    if is_choice == field.choices.is_empty() {
        let (ja, en) =
            ("選択肢は選択項目にだけ、必ず付けます", "choices belong to choice fields, at least one");
        faults.push(Fault::new(format!("{pointer}/choices"), "choices", ja, en));
    }
    let values: BTreeSet<&str> = field.choices.iter().map(|choice| choice.value.as_str()).collect();
    if values.len() != field.choices.len() {
        faults.push(duplicate_fault(format!("{pointer}/choices")));
    }
    for (index, choice) in field.choices.iter().enumerate() {
        check_text(&format!("{pointer}/choices/{index}/label"), &choice.label, faults);
        if choice.value.trim().is_empty() {
            faults.push(super::empty_fault(format!("{pointer}/choices/{index}/value")));
        }
    }
}

fn check_calculated(pointer: &str, field: &Field, faults: &mut Vec<Fault>) {
    let is_calculated = field.field_type == FieldType::Calculated;
    if is_calculated != field.value.is_some() {
        let (ja, en) =
            ("計算式は計算項目にだけ、必ず付けます", "value belongs to calculated fields, which have one");
        faults.push(Fault::new(format!("{pointer}/value"), "calculated", ja, en));
    }
    if is_calculated && (field.required || field.required_if.is_some()) {
        let (ja, en) =
            ("計算項目は必須にできません", "nobody answers a calculated field, so it is not required");
        faults.push(Fault::new(format!("{pointer}/required"), "calculated", ja, en));
    }
}

/// A field may not ask for an individual number; to state that none is enclosed is no asking.
fn check_asked(pointer: &str, field: &Field, faults: &mut Vec<Fault>) {
    if matches!(field.field_type, FieldType::Statement | FieldType::Boolean) {
        return;
    }
    let en = field.label.en.to_lowercase().replace([' ', '-'], "_");
    let texts = [field.name.as_str(), field.label.ja.as_str(), en.as_str()];
    if texts.iter().any(|text| INDIVIDUAL_NUMBER.iter().any(|word| text.contains(word))) {
        let ja = "個人番号（マイナンバー）を求めることはできません";
        let en = "an individual number (My Number) may not be asked for (R-154)";
        faults.push(Fault::new(format!("{pointer}/label"), "individual_number", ja, en));
    }
}

#[cfg(test)]
mod tests;
