//! What a new version of a procedure would mean to the drafts and open cases there are (影響調査).
//!
//! Every stored answer is validated against the new form and priced by the new fees, in memory. Nothing is written, and
//! what is told names cases, places and counts, never an answer. Cases keep the version they are pinned to: the
//! run only shows what would happen to those who come after, or are moved by hand.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde_json::Value;

use super::filing::Filer;
use super::{Core, Failure, cases};
use crate::catalogue::CatalogueProcedure;
use crate::domain::account::AccountKind;
use crate::domain::calendar::jst_day;
use crate::domain::fault::Fault;
use crate::domain::fee;
use crate::domain::form::Circumstances;
use crate::domain::id::ApplicationId;
use crate::store::applications::ApplicationRow;
use crate::store::{Reads, open_cases, parties};

/// Cases read in one go.
const PAGE: i64 = 200;

/// A case that the new version would touch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TouchedCase {
    /// The case.
    pub id: ApplicationId,
    /// Name of its state.
    pub state: String,
    /// The version it is pinned to.
    pub version: i64,
    /// What became of its answers under the new version.
    pub outcome: Outcome,
}

/// What becomes of stored answers under a new version.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Outcome {
    /// No fault that they do not have already.
    Fits,
    /// Faults that their own version does not find.
    NewFaults,
    /// They do not open: their key is gone, or they were changed.
    Unreadable,
}

/// What a new version would mean.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Impact {
    /// Every case, in the order of ids.
    pub cases: Vec<TouchedCase>,
    /// Faults that a case's own version does not find, by place (`*` for any row) and code, with the number of cases.
    pub faults: BTreeMap<(String, &'static str), u64>,
    /// The fee under its own version and under the new one, in yen, with the number of cases; none where it cannot be
    /// computed from the answers.
    pub fees: BTreeMap<(Option<i64>, Option<i64>), u64>,
}

impl Impact {
    /// Cases by version and state.
    pub fn by_version_and_state(&self) -> BTreeMap<(i64, &str), u64> {
        let mut counts = BTreeMap::new();
        for case in &self.cases {
            *counts.entry((case.version, case.state.as_str())).or_default() += 1;
        }
        counts
    }

    /// Cases with this outcome.
    pub fn count(&self, outcome: Outcome) -> usize {
        self.cases.iter().filter(|case| case.outcome == outcome).count()
    }
}

/// Looks through all drafts and open cases of the procedure, page by page, each page in a read transaction of its own.
pub async fn impact(core: &Core, new: &Arc<CatalogueProcedure>) -> Result<Impact, Failure> {
    let mut impact = Impact::default();
    let mut after = None;
    loop {
        let (tenant, procedure) = (new.definition.tenant.clone(), new.definition.id.clone());
        let page = core.db.read(move |tx| {
            let rows = open_cases::page(tx, &tenant, &procedure, after, PAGE)?;
            let with_filer = |row: ApplicationRow| Ok((filer_of(tx, &row)?, row));
            rows.into_iter().map(with_filer).collect::<Result<Vec<_>, Failure>>()
        });
        let page = page.await?;
        let Some((_, last)) = page.last() else { return Ok(impact) };
        after = Some(last.id);
        for (filer, row) in &page {
            let outcome = try_on(core, row, *filer, new, &mut impact);
            impact.cases.push(TouchedCase {
                id: row.id,
                state: row.state.clone(),
                version: row.procedure_version,
                outcome,
            });
        }
    }
}

/// Who filed, and by which way.
fn filer_of(tx: &mut impl Reads, row: &ApplicationRow) -> Result<Filer, Failure> {
    let Some(found) = parties::case_with_accounts(tx, &row.tenant_id, row.id)? else {
        return Ok(None.into());
    };
    let paper = cases::paper_filing(tx, row, &found.accounts)?;
    let online = || Filer::from(found.applicant.and_then(AccountKind::applicant_kind));
    Ok(paper.map_or_else(online, Filer::from))
}

fn try_on(
    core: &Core,
    row: &ApplicationRow,
    filer: Filer,
    new: &CatalogueProcedure,
    impact: &mut Impact,
) -> Outcome {
    let opened = core.keys.open_case_key(&row.tenant_id, &row.wrapped_key);
    let answers = opened.and_then(|key| key.open_json(&ApplicationRow::form_place(row.id), &row.sealed_form));
    let Ok(answers): Result<Value, _> = answers else { return Outcome::Unreadable };
    let catalogue = core.catalogue.current();
    let pinned = u32::try_from(row.procedure_version)
        .ok()
        .and_then(|version| catalogue.procedure_version(&row.tenant_id, &row.procedure, version));
    // What the old version computed is computed anew by the new one.
    let written = pinned.map_or_else(|| answers.clone(), |own| own.form.without_calculated(answers.clone()));
    let own = pinned.map(|own| Trial::of(core, row, filer, own, &written));
    let tried = Trial::of(core, row, filer, new, &written);
    let (known, own_total) = own.map_or_else(Default::default, |own| (own.faults, own.total));
    *impact.fees.entry((own_total, tried.total)).or_default() += 1;
    let fresh: BTreeSet<_> = tried.faults.difference(&known).cloned().collect();
    let outcome = if fresh.is_empty() { Outcome::Fits } else { Outcome::NewFaults };
    for fault in fresh {
        *impact.faults.entry(fault).or_default() += 1;
    }
    outcome
}

/// Answers under one version.
struct Trial {
    /// Faults by place and code; a draft may still lack answers.
    faults: BTreeSet<(String, &'static str)>,
    /// The fee, where it can be computed.
    total: Option<i64>,
}

impl Trial {
    fn of(
        core: &Core,
        row: &ApplicationRow,
        filer: Filer,
        procedure: &CatalogueProcedure,
        written: &Value,
    ) -> Self {
        let day = jst_day(row.arrived_at.map_or_else(|| core.clock.now(), |arrived| arrived.0));
        let arrived_on = day.max(procedure.definition.effective_from);
        let Filer { kind: applicant_kind, channel } = filer;
        let known = Circumstances { channel, applicant_kind, arrived_on }.facts();
        let form = &procedure.form;
        let answers = form.complete(written.clone(), &known);
        let is_draft = row.arrived_at.is_none();
        let faults =
            if is_draft { form.validate_draft(&answers, &known) } else { form.validate(&answers, &known) };
        let place = |Fault { pointer, code, .. }: Fault| (any_row(&pointer), code);
        let assessment = fee::assess(&procedure.fees, &form.facts(&answers, &known), arrived_on);
        Self {
            faults: faults.into_iter().map(place).collect(),
            total: assessment.ok().map(|assessment| assessment.total.amount()),
        }
    }
}

/// Rows of a table are one place.
fn any_row(pointer: &str) -> String {
    let is_row = |step: &&str| !step.is_empty() && step.bytes().all(|byte| byte.is_ascii_digit());
    let steps: Vec<&str> = pointer.split('/').map(|step| if is_row(&step) { "*" } else { step }).collect();
    steps.join("/")
}

#[cfg(test)]
mod tests {
    use super::any_row;

    #[test]
    fn rows_of_a_table_are_one_place() {
        for (pointer, expected) in
            [("", ""), ("/area", "/area"), ("/rows/12/area", "/rows/*/area"), ("/rows/2a", "/rows/2a")]
        {
            assert_eq!(any_row(pointer), expected);
        }
    }
}
