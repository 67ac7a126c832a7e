//! Which desks a proposal passes (決裁の経路): the route as data, cut short by a standing decision, lengthened by weight.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::Subject;
use crate::domain::policy::{OfficerAuthority, Post, Role};
use crate::domain::procedure::{ApprovalStep, StandingDecision, StepKind};

/// How much a matter weighs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Weight {
    /// Nothing particular.
    Ordinary,
    /// 新規: without precedent; no substitute decides it unless instructed.
    Novel,
    /// 重要: goes up to the deciding authority whatever its amount.
    Important,
    /// 異例: as 重要.
    Unusual,
}

impl Weight {
    /// All weights, for tables and tests.
    pub const ALL: [Self; 4] = [Self::Ordinary, Self::Novel, Self::Important, Self::Unusual];

    /// The stored and public name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ordinary => "ordinary",
            Self::Novel => "novel",
            Self::Important => "important",
            Self::Unusual => "unusual",
        }
    }

    /// The weight of a stored name.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|weight| weight.as_str() == text)
    }

    /// Whether the deciding authority must close the route.
    pub fn goes_up(self) -> bool {
        matches!(self, Self::Important | Self::Unusual)
    }
}

/// One desk of a route: a role in a department, whoever holds it on the day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Desk {
    /// The role that acts.
    pub role: Role,
    /// The department whose role it is; the body's own code for its head.
    pub department: String,
}

impl Desk {
    /// The post under which an officer sits at this desk today, if one does.
    pub fn post_of<'a>(&self, officer: &'a OfficerAuthority) -> Option<&'a Post> {
        self.post_among(&officer.posts)
    }

    /// The post among these that sits at this desk.
    pub fn post_among<'a>(&self, posts: &'a [Post]) -> Option<&'a Post> {
        posts.iter().find(|post| post.role == self.role && post.department == self.department)
    }
}

/// One step of a route before anybody acted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RouteStep {
    /// Whose step it is.
    pub desk: Desk,
    /// What the desk does.
    pub kind: StepKind,
    /// Steps of one stage lie on their desks at the same time; counted from 1.
    pub stage: usize,
    /// Within how many business days it is to be done.
    pub deadline_days: Option<u16>,
}

/// The steps with each desk once, where it comes last, and the stages counted on without holes: one desk, one act, and
/// whoever is consulted and seals says both with the seal.
pub fn each_desk_once(steps: &[RouteStep]) -> Vec<RouteStep> {
    let comes_again =
        |index: usize, step: &RouteStep| steps.iter().skip(index + 1).any(|later| later.desk == step.desk);
    let kept = (0..).zip(steps).filter(|(index, step)| !comes_again(*index, step));
    let (mut stage, mut before) = (0, None);
    kept.map(|(_, step)| {
        if before != Some(step.stage) {
            (before, stage) = (Some(step.stage), stage + 1);
        }
        RouteStep { stage, ..step.clone() }
    })
    .collect()
}

/// A route with the reason why its last desk may close it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Route {
    /// In order; at least one.
    pub steps: Vec<RouteStep>,
    /// The regulation of the standing decision (専決); nothing when the whole route is gone.
    pub standing_basis: Option<String>,
}

/// What decides about a route.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Matter {
    /// By which names a standing decision may mean it ([`super::ProposalBody::matter_names`]).
    pub names: &'static [&'static str],
    /// The whole amount of the one matter in yen, with what was split off it.
    pub amount: Option<i64>,
    /// How much it weighs.
    pub weight: Weight,
}

/// The route of a subject other than the decision, as a body's data gives it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SubjectRoute {
    /// What it is for.
    pub subject: Subject,
    /// Who acts, in order.
    pub steps: Vec<ApprovalStep>,
    /// Who closes it early.
    #[serde(default)]
    pub standing_decisions: Vec<StandingDecision>,
    /// The first day it is used.
    pub valid_from: Date,
    /// The last day, when it is known.
    #[serde(default)]
    pub valid_to: Option<Date>,
    /// Where it was taken from.
    pub source: String,
    /// True while the regulation has not been confirmed by the body.
    #[serde(default)]
    pub sample: bool,
}

impl SubjectRoute {
    /// Whether it is used on `day`.
    pub fn is_used_on(&self, day: Date) -> bool {
        self.valid_from <= day && self.valid_to.is_none_or(|last| day <= last)
    }
}

/// The desk of the deciding authority (決裁責任者, R-110), to which important matters go.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DecidingDesk {
    /// The role, e.g. `head`.
    pub role: String,
    /// Its department: for the head of the body the body's own code.
    pub department: String,
    /// Where it was taken from.
    pub source: String,
    /// True while it has not been confirmed by the body.
    #[serde(default)]
    pub sample: bool,
}

/// The data that a route is made of.
#[derive(Clone, Copy, Debug)]
pub struct Ladder<'a> {
    /// The whole route.
    pub steps: &'a [ApprovalStep],
    /// The standing decisions that may cut it short.
    pub standing: &'a [StandingDecision],
    /// The department in charge, for steps that name none.
    pub department: &'a str,
    /// Where important matters end.
    pub deciding: Option<&'a DecidingDesk>,
}

/// The route names a role that does not exist, or is empty.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RouteFault {
    /// No such role.
    #[error("the approval route names the unknown role {0}")]
    UnknownRole(String),
    /// Nobody would act.
    #[error("there is no approval route for {0}")]
    NoRoute(&'static str),
}

impl Ladder<'_> {
    /// The route of a matter: the first standing decision that fits closes it early, an important matter goes to the
    /// deciding authority even then.
    pub fn route(&self, matter: Matter) -> Result<Route, RouteFault> {
        let mut steps = self.whole()?;
        if matter.weight.goes_up() {
            self.add_deciding(&mut steps)?;
            return Ok(Route { steps, standing_basis: None });
        }
        let closing = self.standing.iter().filter(|rule| fits(rule, matter)).find_map(|rule| {
            let seals =
                |step: &RouteStep| step.kind == StepKind::Seal && step.desk.role.as_str() == rule.closes_at;
            steps.iter().position(seals).map(|index| (index, rule))
        });
        let standing_basis = closing.map(|(index, rule)| {
            steps.truncate(index + 1);
            rule.basis.clone()
        });
        Ok(Route { steps, standing_basis })
    }

    /// Every step up to the deciding authority, for a matter that has to go up after all.
    pub fn upward(&self) -> Result<Vec<RouteStep>, RouteFault> {
        let mut steps = self.whole()?;
        self.add_deciding(&mut steps)?;
        Ok(steps)
    }

    /// The steps of the data; without any the section chief of the department seals.
    fn whole(&self) -> Result<Vec<RouteStep>, RouteFault> {
        if self.steps.is_empty() {
            let desk = Desk { role: Role::SectionChief, department: self.department.to_owned() };
            return Ok(vec![RouteStep { desk, kind: StepKind::Seal, stage: 1, deadline_days: None }]);
        }
        let mut steps: Vec<RouteStep> = Vec::with_capacity(self.steps.len());
        let mut group = None;
        for step in self.steps {
            let stage = match steps.last() {
                None => 1,
                Some(last) if step.parallel.is_some() && step.parallel == group => last.stage,
                Some(last) => last.stage + 1,
            };
            group = step.parallel;
            let role = role_of(&step.role)?;
            let department = step.department.as_deref().unwrap_or(self.department).to_owned();
            let desk = Desk { role, department };
            steps.push(RouteStep { desk, kind: step.kind, stage, deadline_days: step.deadline_days });
        }
        Ok(steps)
    }

    fn add_deciding(&self, steps: &mut Vec<RouteStep>) -> Result<(), RouteFault> {
        let Some(deciding) = self.deciding else { return Ok(()) };
        let desk = Desk { role: role_of(&deciding.role)?, department: deciding.department.clone() };
        if steps.iter().any(|step| step.desk == desk) {
            return Ok(());
        }
        let stage = steps.last().map_or(1, |last| last.stage + 1);
        steps.push(RouteStep { desk, kind: StepKind::Seal, stage, deadline_days: None });
        Ok(())
    }
}

fn role_of(name: &str) -> Result<Role, RouteFault> {
    Role::parse(name).filter(|role| role.seals()).ok_or_else(|| RouteFault::UnknownRole(name.to_owned()))
}

/// Whether a standing decision covers the matter; an unknown amount is below no limit.
fn fits(rule: &StandingDecision, matter: Matter) -> bool {
    let named = |name: &String| matter.names.contains(&name.as_str());
    let kind = rule.decisions.is_empty() || rule.decisions.iter().any(named);
    let amount = rule.amount_below.is_none_or(|limit| matter.amount.is_some_and(|amount| amount < limit));
    kind && amount
}
