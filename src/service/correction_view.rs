//! Corrections with their answers: what was there before and after (補正の前後), and every version of the answers.

use std::collections::HashMap;

use jiff::Timestamp;
use jiff::civil::Date;
use serde_json::{Value, json};

use super::case_view::FileFacts;
use super::cases::{self, OpenCase};
use super::correction::{Correction, CorrectionItem, open_items};
use super::intake::pinned;
use super::{Ctx, Failure, access, resubmission};
use crate::domain::id::{ApplicationId, AttachmentId, CorrectionId, TenantCode};
use crate::domain::policy::Action;
use crate::store::applications::ApplicationRow;
use crate::store::attachments::{self, AttachmentRow};
use crate::store::resubmissions::{self, ResubmissionRow};
use crate::store::{Reads, corrections};

/// What is at a place before and after an answer; nothing where nothing is, or where it is not known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// `/form/…` or `/attachments/{code}`.
    pub pointer: String,
    /// Before.
    pub before: Option<Value>,
    /// After; nothing while the answer is awaited.
    pub after: Option<Value>,
}

/// A value that an answer may have moved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Moved<T> {
    /// Before.
    pub before: T,
    /// After.
    pub after: T,
}

/// What an answer changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// Which version of the answers it replaced, and which it made.
    pub revision: Moved<i64>,
    /// What differs besides what was asked, because conditions of the form unlocked it.
    pub also_changed: Vec<Difference>,
    /// The department in charge.
    pub department: Moved<String>,
    /// End of the standard processing period.
    pub due_on: Moved<Option<Date>>,
    /// What the answers cost, in yen; nothing where no fee is known.
    pub fee: Moved<Option<i64>>,
}

/// A request with its answer.
#[derive(Clone, Debug)]
pub struct CorrectionView {
    /// The request.
    pub correction: Correction,
    /// What was asked, with what is at each place before and after, in the order of the items.
    pub differences: Vec<Difference>,
    /// What the answer changed; nothing while it is awaited.
    pub outcome: Option<Outcome>,
}

/// A version of the answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FormVersion {
    /// 1, 2, 3 …
    pub revision: i64,
    /// The answers.
    pub form: Value,
    /// When they were handed in.
    pub submitted_at: Timestamp,
    /// When others took their place; nothing for the present ones.
    pub replaced_at: Option<Timestamp>,
    /// The request that they answered; nothing for the first ones.
    pub correction: Option<CorrectionId>,
}

/// All requests of a case with their answers, oldest first.
pub async fn list(ctx: Ctx, tenant: TenantCode, id: ApplicationId) -> Result<Vec<CorrectionView>, Failure> {
    let (inner, body) = (ctx.clone(), tenant.clone());
    let read = ctx.core.db.read(move |tx| {
        let case = cases::open(tx, &inner, &body, id, Action::ReadCase)?;
        let reader = access::reader(&case.actor);
        Ok::<_, Failure>((reader, History::load(tx, &case)?.views(tx, &inner, &case)?))
    });
    let (reader, found) = read.await?;
    if let Some(officer) = reader {
        access::record(&ctx, &tenant, officer, "corrections", &[id]).await?;
    }
    Ok(found)
}

/// Every version of the answers of a case that has arrived, oldest first.
pub async fn versions(ctx: Ctx, tenant: TenantCode, id: ApplicationId) -> Result<Vec<FormVersion>, Failure> {
    let (inner, body) = (ctx.clone(), tenant.clone());
    let read = ctx.core.db.read(move |tx| {
        let case = cases::open(tx, &inner, &body, id, Action::ReadCase)?;
        let reader = access::reader(&case.actor);
        Ok::<_, Failure>((reader, History::load(tx, &case)?.versions(&case)))
    });
    let (reader, found) = read.await?;
    if let Some(officer) = reader {
        access::record(&ctx, &tenant, officer, "versions", &[id]).await?;
    }
    Ok(found)
}

/// Everything that was ever handed in with a case.
struct History {
    /// The answers, by version.
    forms: HashMap<i64, Value>,
    /// When each version but the present one was replaced, oldest first.
    replaced: Vec<(i64, Timestamp)>,
    answers: Vec<ResubmissionRow>,
    files: HashMap<AttachmentId, (AttachmentRow, FileFacts)>,
}

impl History {
    fn load(tx: &mut impl Reads, case: &OpenCase) -> Result<Self, Failure> {
        let (tenant, id) = (&case.row.tenant_id, case.row.id);
        let mut forms = HashMap::from([(case.row.form_revision, case.form()?)]);
        let mut replaced = Vec::new();
        for old in resubmissions::replaced_forms(tx, tenant, id)? {
            let form = case.key.open_json(&ApplicationRow::form_place(id), &old.sealed_form)?;
            forms.insert(old.revision, form);
            replaced.push((old.revision, old.replaced_at.0));
        }
        let mut files = HashMap::new();
        for row in attachments::ever_of_case(tx, tenant, id)? {
            let facts = case.key.open_json(&attachments::name_place(row.id), &row.sealed_name)?;
            files.insert(row.id, (row, facts));
        }
        let answers = resubmissions::of_case(tx, tenant, id)?;
        Ok(Self { forms, replaced, answers, files })
    }

    fn views(&self, tx: &mut impl Reads, ctx: &Ctx, case: &OpenCase) -> Result<Vec<CorrectionView>, Failure> {
        let rows = corrections::of_case(tx, &case.row.tenant_id, case.row.id)?;
        rows.into_iter().map(|row| self.view(ctx, case, open_items(case, row)?)).collect()
    }

    fn view(&self, ctx: &Ctx, case: &OpenCase, correction: Correction) -> Result<CorrectionView, Failure> {
        let answer = self.answers.iter().find(|answer| answer.correction_id == correction.row.id);
        // What is open is asked about the answers as they are, and what was ended about those of then; of an old answer without a
        // record nothing is known.
        let before = match (answer, correction.row.ended_at) {
            (Some(answer), _) => Some(answer.revision_before),
            (None, Some(ended_at)) => Some(self.revision_at(case, ended_at.0)),
            (None, None) => (correction.row.answered_at.is_none()).then_some(case.row.form_revision),
        };
        let files_before = correction.row.attachments_before.as_ref().map(|files| files.0.as_slice());
        let at = |item: &CorrectionItem| Difference {
            pointer: item.pointer.clone(),
            before: self.found(&item.pointer, before, files_before),
            after: answer.and_then(|answer| {
                self.found(&item.pointer, Some(answer.revision_after), Some(&answer.attachments_after.0))
            }),
        };
        let differences = correction.items.iter().map(at).collect();
        let outcome = answer.map(|answer| self.outcome(ctx, case, &correction, answer)).transpose()?;
        Ok(CorrectionView { correction, differences, outcome })
    }

    /// The version of the answers that stood at an instant.
    fn revision_at(&self, case: &OpenCase, at: Timestamp) -> i64 {
        let replaced = self.replaced.iter().find(|(_, replaced_at)| *replaced_at > at);
        replaced.map_or(case.row.form_revision, |(revision, _)| *revision)
    }

    fn found(&self, pointer: &str, revision: Option<i64>, files: Option<&[AttachmentId]>) -> Option<Value> {
        if let Some(code) = pointer.strip_prefix("/attachments/") {
            let mut present = files?.iter().filter_map(|id| self.files.get(id));
            return present.find(|(row, _)| row.code == code).map(|(row, facts)| {
                json!({ "id": row.id, "filename": facts.filename, "size": row.size, "sha256": facts.sha256 })
            });
        }
        let place = pointer.strip_prefix("/form")?;
        self.forms.get(&revision?)?.pointer(place).cloned()
    }

    fn outcome(
        &self,
        ctx: &Ctx,
        case: &OpenCase,
        correction: &Correction,
        answer: &ResubmissionRow,
    ) -> Result<Outcome, Failure> {
        let revision = Moved { before: answer.revision_before, after: answer.revision_after };
        let procedure = pinned(ctx, &case.row)?;
        let form = |revision| self.forms.get(&revision).cloned().unwrap_or(Value::Null);
        let changed = resubmission::changes(&procedure.form, &form(revision.before), &form(revision.after));
        let beside = changed.into_iter().filter(|pointer| {
            !correction.items.iter().any(|item| resubmission::is_within(pointer, &item.pointer))
        });
        let also_changed = beside.map(|pointer| Difference {
            before: self.found(&pointer, Some(revision.before), None),
            after: self.found(&pointer, Some(revision.after), None),
            pointer,
        });
        Ok(Outcome {
            also_changed: also_changed.collect(),
            department: Moved {
                before: answer.department_before.clone(),
                after: answer.department_after.clone(),
            },
            due_on: Moved {
                before: answer.due_on_before.map(|day| day.0),
                after: answer.due_on_after.map(|day| day.0),
            },
            fee: Moved { before: answer.fee_before, after: answer.fee_after },
            revision,
        })
    }

    fn versions(&self, case: &OpenCase) -> Vec<FormVersion> {
        let Some(arrived_at) = case.row.arrived_at else { return Vec::new() };
        let present = (case.row.form_revision, None);
        let all = self.replaced.iter().map(|(revision, at)| (*revision, Some(*at))).chain([present]);
        let mut submitted_at = arrived_at.0;
        let mut versions = Vec::new();
        for (revision, replaced_at) in all {
            let answer = self.answers.iter().find(|answer| answer.revision_after == revision);
            let form = self.forms.get(&revision).cloned().unwrap_or(Value::Null);
            let correction = answer.map(|answer| answer.correction_id);
            versions.push(FormVersion { revision, form, submitted_at, replaced_at, correction });
            submitted_at = replaced_at.unwrap_or(submitted_at);
        }
        versions
    }
}
