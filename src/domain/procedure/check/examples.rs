//! An example must be submittable as it is: valid answers, the right files, the right total, day and queue.

use data_encoding::BASE64;
use jiff::civil::Date;

use super::{Fault, duplicate_fault};
use crate::domain::calendar::Calendar;
use crate::domain::documents::CompiledDocuments;
use crate::domain::expression::Facts;
use crate::domain::fee::{Channel, CompiledFees, assess};
use crate::domain::form::{Circumstances, CompiledForm};
use crate::domain::procedure::{Example, ExampleAttachment, ProcedureDefinition};
use crate::domain::processing_clock::due_date;
use crate::domain::routing::{CompiledRouting, Jurisdictions, Route};

/// A counter at which the examples of a version are handed in.
#[derive(Clone, Copy, Debug)]
pub struct ExampleStand<'a> {
    /// The version.
    pub definition: &'a ProcedureDefinition,
    /// Its form.
    pub form: &'a CompiledForm,
    /// What staff fix after review.
    pub office_form: &'a CompiledForm,
    /// Its fees.
    pub fees: &'a CompiledFees,
    /// Its routing.
    pub routing: &'a CompiledRouting,
    /// Its documents.
    pub documents: &'a CompiledDocuments,
    /// The days off of its tenant.
    pub calendar: &'a Calendar,
    /// Who is in charge where.
    pub jurisdictions: &'a Jurisdictions,
}

impl ExampleStand<'_> {
    /// The faults of every example, with what really comes of it in the message.
    pub fn run(&self) -> Vec<Fault> {
        let mut faults = Vec::new();
        for (index, example) in self.definition.examples.iter().enumerate() {
            let found = self.hand_in(example);
            faults.extend(found.into_iter().map(|fault| below(&format!("/examples/{index}"), fault)));
        }
        faults
    }

    fn hand_in(&self, example: &Example) -> Vec<Fault> {
        let mut faults = Vec::new();
        let definition = self.definition;
        let day = example.arrived_on.unwrap_or(definition.effective_from);
        let is_arrival_day =
            definition.effective_from <= day && definition.last_arrival().is_none_or(|last| day <= last);
        if example.arrived_on.is_some() && !is_arrival_day {
            let (ja, en) = ("この版の有効期間にない日です", "is not within the life of this version");
            faults.push(Fault::new("/arrived_on", "arrived_on", ja, en));
        }
        if !definition.applicant_kinds.contains(&example.applicant_kind) {
            let (ja, en) = ("この手続の申請者ではありません", "is not among applicant_kinds");
            faults.push(Fault::new("/applicant_kind", "applicant_kind", ja, en));
        }
        let known = Circumstances {
            channel: Channel::Online,
            applicant_kind: Some(example.applicant_kind),
            arrived_on: day,
        };
        let known = known.facts();
        let answers = self.form.tidy(example.form.clone());
        let (found, mut facts) = self.form.validate_with_facts(&answers, &known);
        faults.extend(found.into_iter().map(|fault| below("/form", fault)));
        self.check_due_on(example, day, &mut faults);
        self.check_queue(example, &facts, day, &mut faults);
        self.check_places(&answers, &mut faults);
        let present: Vec<String> = example.attachments.iter().map(|file| file.code.clone()).collect();
        faults.extend(self.documents.check(&facts, Some(example.applicant_kind), &present).faults);
        for (index, file) in example.attachments.iter().enumerate() {
            let earlier = example.attachments.iter().take(index).any(|earlier| earlier.code == file.code);
            self.check_file(&format!("/attachments/{index}"), file, earlier, &mut faults);
        }
        if let Some(office) = &example.office {
            let office = self.office_form.tidy(office.clone());
            let (found, with_office) = self.office_form.validate_with_facts(&office, &facts);
            faults.extend(found.into_iter().map(|fault| below("/office", fault)));
            facts = with_office;
        }
        self.check_total(example, &facts, day, &mut faults);
        faults
    }

    fn check_places(&self, answers: &serde_json::Value, faults: &mut Vec<Fault>) {
        for place in self.form.named_places(answers) {
            let fault = below("/form", self.form.unknown_place(&place.pointer));
            let is_known = self.jurisdictions.may_exist(&place.code);
            if !is_known && !faults.iter().any(|earlier| earlier.pointer == fault.pointer) {
                faults.push(fault);
            }
        }
    }

    fn check_total(&self, example: &Example, facts: &Facts, day: Date, faults: &mut Vec<Fault>) {
        match assess(self.fees, facts, day) {
            Ok(assessment) if assessment.total == example.total => {}
            Ok(assessment) => {
                let total = assessment.total.amount();
                let (ja, en) = (format!("合計は{total}円です"), format!("the total is {total}"));
                faults.push(Fault::new("/total", "total", ja, en));
            }
            Err(error) => {
                let ja = format!("手数料を算定できません: {}", error.message_ja());
                faults.push(Fault::new("/total", "fee", ja, error.to_string()));
            }
        }
    }

    /// The due date without any pause, as if the fee were paid at once.
    fn check_due_on(&self, example: &Example, day: Date, faults: &mut Vec<Fault>) {
        let Some(said) = example.due_on else { return };
        let due = self.definition.processing.as_ref().and_then(|period| {
            due_date(day, period.total_days(), period.holidays, &[], self.calendar).due_on
        });
        match due {
            Some(due) if due == said => {}
            Some(due) => {
                let (ja, en) = (format!("期限は{due}です"), format!("it is due on {due}"));
                faults.push(Fault::new("/due_on", "due_on", ja, en));
            }
            None => {
                let (ja, en) = ("標準処理期間がありません", "there is no standard processing period");
                faults.push(Fault::new("/due_on", "due_on", ja, en));
            }
        }
    }

    fn check_queue(&self, example: &Example, facts: &Facts, day: Date, faults: &mut Vec<Fault>) {
        let said = example.queue.as_deref().unwrap_or(&self.definition.department);
        match self.routing.route(facts, day, self.jurisdictions) {
            Route::Department { code, .. } if code == said => {}
            Route::Department { code, .. } => {
                let (ja, en) = (format!("課「{code}」が担当します"), format!("it goes to {code}"));
                faults.push(Fault::new("/queue", "queue", ja, en));
            }
            route => {
                faults.extend(route.department(self.jurisdictions).err().map(|fault| below("/form", fault)));
            }
        }
    }

    fn check_file(
        &self,
        pointer: &str,
        file: &ExampleAttachment,
        given_before: bool,
        faults: &mut Vec<Fault>,
    ) {
        let Some(rule) = self.definition.attachment(&file.code) else {
            let (ja, en) = ("この添付書類はありません", "there is no such attachment");
            faults.push(Fault::new(format!("{pointer}/code"), "unknown_attachment", ja, en));
            return;
        };
        if given_before {
            faults.push(duplicate_fault(format!("{pointer}/code")));
        }
        if !rule.media_types.contains(&file.media_type) {
            let (ja, en) = ("受け付けない種類のファイルです", "is not an accepted media type");
            faults.push(Fault::new(format!("{pointer}/media_type"), "media_type", ja, en));
        }
        let size = BASE64.decode(file.content().as_bytes()).ok().map(|bytes| bytes.len());
        let fits = size.and_then(|size| u64::try_from(size).ok()).is_some_and(|size| {
            // An empty file is no file.
            (1..=rule.max_bytes).contains(&size)
        });
        if !fits {
            let (ja, en) = ("内容が読めないか、大きすぎます", "is not base64, empty or too large");
            faults.push(Fault::new(format!("{pointer}/content_base64"), "content", ja, en));
        }
    }
}

/// The fault with its pointer below `pointer`.
fn below(pointer: &str, fault: Fault) -> Fault {
    Fault { pointer: format!("{pointer}{}", fault.pointer), ..fault }
}
