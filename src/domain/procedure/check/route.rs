//! Faults of a route of approval as data gives it, be it a procedure's or a body's.

use super::{MAX_DAYS, empty_fault, is_name, is_slug, slug_fault};
use crate::domain::fault::Fault;
use crate::domain::id::TenantCode;
use crate::domain::procedure::{ApprovalStep, StandingDecision, StepKind};

/// A route and who may close it early.
pub(crate) struct RouteData<'a> {
    /// Who acts, in order.
    pub steps: &'a [ApprovalStep],
    /// 専決.
    pub standing: &'a [StandingDecision],
    /// What a standing decision may name here.
    pub matters: &'static [&'static str],
}

/// What goes the route of a procedure: the decision, its correction, orders about the permit.
pub(crate) const OF_PROCEDURE: &[&str] = &[
    "grant",
    "conditional_grant",
    "partial_refusal",
    "refuse",
    "correction",
    "permit_order",
    "revocation",
    "suspension",
    "resumption",
];

/// What goes a body's route of waivers.
pub(crate) const OF_WAIVERS: &[&str] = &["grant", "refuse", "revocation"];

impl RouteData<'_> {
    /// Every desk is one that acts, the last one seals, and a standing decision closes a route that there is.
    /// The pointers say where steps and standing decisions stand in the file.
    pub fn faults(&self, tenant: &TenantCode, (steps_at, standing_at): (&str, &str)) -> Vec<Fault> {
        let mut faults = Vec::new();
        for (index, step) in self.steps.iter().enumerate() {
            step_faults(step, tenant, &format!("{steps_at}/{index}"), &mut faults);
        }
        if let Some((last, step)) = self.steps.iter().enumerate().next_back()
            && (step.kind != StepKind::Seal || step.parallel.is_some())
        {
            let (ja, en) = ("最後の段は単独の決裁です", "the last step seals, alone (R-116)");
            faults.push(Fault::new(format!("{steps_at}/{last}/kind"), "last_step", ja, en));
        }
        for (index, rule) in self.standing.iter().enumerate() {
            self.standing_faults(rule, &format!("{standing_at}/{index}"), &mut faults);
        }
        faults
    }

    fn standing_faults(&self, rule: &StandingDecision, place: &str, faults: &mut Vec<Fault>) {
        let closes = |step: &ApprovalStep| step.role == rule.closes_at && step.kind == StepKind::Seal;
        if !self.steps.iter().any(closes) {
            let (ja, en) = ("経路にない決裁者です", "no step of the route seals under this role");
            faults.push(Fault::new(format!("{place}/closes_at"), "not_on_route", ja, en));
        }
        for (index, name) in rule.decisions.iter().enumerate() {
            if !self.matters.contains(&name.as_str()) {
                let known = self.matters.join(", ");
                let ja = format!("この経路の事案ではありません。使えるもの：{known}");
                let en = format!("nothing of that name goes this route; possible are: {known}");
                faults.push(Fault::new(format!("{place}/decisions/{index}"), "decision", ja, en));
            }
        }
        if rule.amount_below.is_some_and(|limit| limit <= 0) {
            let (ja, en) = ("1円以上にしてください", "must be at least one yen");
            faults.push(Fault::new(format!("{place}/amount_below"), "positive", ja, en));
        }
        if rule.basis.trim().is_empty() {
            faults.push(empty_fault(format!("{place}/basis")));
        }
    }
}

fn step_faults(step: &ApprovalStep, tenant: &TenantCode, place: &str, faults: &mut Vec<Fault>) {
    if !is_name(&step.role) {
        faults.push(slug_fault(format!("{place}/role")));
    }
    if step.department.as_deref().is_some_and(|code| !is_slug(code) && code != tenant.as_str()) {
        faults.push(slug_fault(format!("{place}/department")));
    }
    if step.deadline_days.is_some_and(|days| days == 0 || u32::from(days) > MAX_DAYS) {
        let (ja, en) = ("1日以上、10年以内にしてください", "at least one day, at most ten years");
        faults.push(Fault::new(format!("{place}/deadline_days"), "days", ja, en));
    }
}
