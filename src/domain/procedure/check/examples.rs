//! An example must be submittable as it is: valid answers, the right files, the right total.

use data_encoding::BASE64;

use super::{Fault, duplicate_fault};
use crate::domain::fee::{Channel, assess};
use crate::domain::form::CompiledForm;
use crate::domain::procedure::{Example, ProcedureDefinition};

/// Adds the faults of the form as a whole and of every example.
pub(super) fn check(definition: &ProcedureDefinition, faults: &mut Vec<Fault>) {
    let form = match CompiledForm::compile(&definition.form) {
        Ok(form) => form,
        Err(error) => {
            let ja = format!("様式を組み立てられません: {}", error.reason);
            faults.push(Fault::new("/form", "form", ja, error.to_string()));
            return;
        }
    };
    for (index, example) in definition.examples.iter().enumerate() {
        let pointer = format!("/examples/{index}");
        if !definition.applicant_kinds.contains(&example.applicant_kind) {
            let (ja, en) = ("この手続の申請者ではありません", "is not among applicant_kinds");
            faults.push(Fault::new(format!("{pointer}/applicant_kind"), "applicant_kind", ja, en));
        }
        faults.extend(form.validate(&example.form).into_iter().map(|fault| Fault {
            pointer: format!("{pointer}/form{}", fault.pointer),
            code: fault.code,
            message_ja: fault.message_ja,
            message_en: fault.message_en,
        }));
        check_total(definition, example, &pointer, faults);
        check_files(definition, example, &pointer, faults);
    }
}

fn check_total(definition: &ProcedureDefinition, example: &Example, pointer: &str, faults: &mut Vec<Fault>) {
    let day = example.priced_on.unwrap_or(definition.effective_from);
    match assess(definition, &example.form, Channel::Online, day) {
        Ok(assessment) if assessment.total == example.total => {}
        Ok(assessment) => {
            let total = assessment.total.amount();
            let (ja, en) = (format!("合計は{total}円です"), format!("the total is {total}"));
            faults.push(Fault::new(format!("{pointer}/total"), "total", ja, en));
        }
        Err(error) => {
            let ja = format!("手数料を算定できません: {}", error.message_ja());
            faults.push(Fault::new(format!("{pointer}/total"), "fee", ja, error.to_string()));
        }
    }
}

fn check_files(definition: &ProcedureDefinition, example: &Example, pointer: &str, faults: &mut Vec<Fault>) {
    for (index, file) in example.attachments.iter().enumerate() {
        let pointer = format!("{pointer}/attachments/{index}");
        let Some(rule) = definition.attachment(&file.code) else {
            let (ja, en) = ("この添付書類はありません", "there is no such attachment");
            faults.push(Fault::new(format!("{pointer}/code"), "unknown_attachment", ja, en));
            continue;
        };
        if example.attachments.iter().take(index).any(|earlier| earlier.code == file.code) {
            faults.push(duplicate_fault(format!("{pointer}/code")));
        }
        if !rule.media_types.contains(&file.media_type) {
            let (ja, en) = ("受け付けない種類のファイルです", "is not an accepted media type");
            faults.push(Fault::new(format!("{pointer}/media_type"), "media_type", ja, en));
        }
        let size = BASE64.decode(file.content_base64.as_bytes()).ok().map(|bytes| bytes.len());
        let fits = size.and_then(|size| u64::try_from(size).ok()).is_some_and(|size| {
            // An empty file is no file.
            (1..=rule.max_bytes).contains(&size)
        });
        if !fits {
            let (ja, en) = ("内容が読めないか、大きすぎます", "is not base64, empty or too large");
            faults.push(Fault::new(format!("{pointer}/content_base64"), "content", ja, en));
        }
    }
    for rule in definition.attachments.iter().filter(|rule| rule.required) {
        if !example.attachments.iter().any(|file| file.code == rule.code) {
            let ja = format!("「{}」がありません", rule.title.ja);
            let en = format!("{} is missing", rule.title.en);
            faults.push(Fault::new(format!("{pointer}/attachments"), "required", ja, en));
        }
    }
}
