//! Grounds of waivers as dated data: clauses of ordinances (減免条項), and notices after disasters (災害減免の告示).

use std::collections::BTreeSet;

use jiff::Span;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::domain::fault::Fault;
use crate::domain::fee::{self, FeeLine, PossibleWaiver};
use crate::domain::id::TenantCode;
use crate::domain::money::{Yen, YenOutOfRange};
use crate::domain::procedure::{Bilingual, Fraction, Payee, Relief, ReliefKind, is_slug};

/// In place of a list: every procedure.
const EVERY: &str = "*";

/// How much a ground takes off.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum WaiverEffect {
    /// 不徴収・全額免除: nothing is left to pay.
    NotCollected,
    /// 一部減額: this part of each line is left to pay, rounded down.
    Remaining {
        /// What is left.
        fraction: Fraction,
    },
    /// A fixed amount, as far as the lines go.
    Amount {
        /// In yen.
        amount: Yen,
    },
    /// What the decision says (必要と認める額).
    AsDecided,
}

/// A ground for a waiver in force for a span of days.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WaiverGround {
    /// The key of the ground.
    pub code: String,
    /// What is shown.
    pub label: Bilingual,
    /// The clause of the ordinance, or the number of the notice.
    pub basis: String,
    /// How much it takes off.
    pub effect: WaiverEffect,
    /// The procedures it is for; `*`: every one.
    pub procedures: Vec<String>,
    /// The fee items it lifts; all when empty.
    #[serde(default)]
    pub fees: Vec<String>,
    /// How many days after the notice to pay it can be asked for; without a limit when absent.
    #[serde(default)]
    pub apply_within_days: Option<u16>,
    /// How many days after the grant the rest must be paid, or the grant holds no more; without a limit when absent.
    #[serde(default)]
    pub pay_rest_within_days: Option<u16>,
    /// The first day.
    pub valid_from: Date,
    /// The last day, when it is known.
    #[serde(default)]
    pub valid_to: Option<Date>,
    /// Where it was taken from.
    pub source: String,
    /// True while it has not been confirmed by the body.
    #[serde(default)]
    pub sample: bool,
}

impl WaiverGround {
    fn is_in_force(&self, day: Date) -> bool {
        self.valid_from <= day && self.valid_to.is_none_or(|last| day <= last)
    }

    /// Whether it lifts this fee item.
    pub fn concerns_item(&self, item: &str) -> bool {
        self.fees.is_empty() || self.fees.iter().any(|fee| fee == item)
    }

    /// Whether it can still be asked for on `day`, where the notice to pay was issued on `issued_on`.
    pub fn is_in_time(&self, issued_on: Date, day: Date) -> bool {
        self.apply_within_days.is_none_or(|days| after(issued_on, days).is_none_or(|last| day <= last))
    }

    /// The last day on which the rest can be paid under a grant of `granted_on`; none where nothing limits it.
    pub fn rest_due_on(&self, granted_on: Date) -> Option<Date> {
        self.pay_rest_within_days.and_then(|days| after(granted_on, days))
    }

    /// What it would leave of these lines, for a quote; none where it lifts none of them.
    pub fn would_leave(&self, lines: &[FeeLine]) -> Result<Option<PossibleWaiver>, YenOutOfRange> {
        let concerned: Vec<&FeeLine> = lines
            .iter()
            .filter(|line| line.payee == Payee::Own && line.amount > Yen::ZERO)
            .filter(|line| self.concerns_item(&line.item))
            .collect();
        if concerned.is_empty() {
            return Ok(None);
        }
        let whole = Yen::sum(concerned.iter().map(|line| line.amount))?;
        let remaining = match self.effect {
            WaiverEffect::NotCollected => Yen::ZERO,
            WaiverEffect::Remaining { fraction } => {
                let left: Result<Vec<Yen>, _> =
                    concerned.iter().map(|line| fee::left_of(line.amount, Some(fraction))).collect();
                Yen::sum(left?)?
            }
            WaiverEffect::Amount { amount } => whole.minus(amount).unwrap_or(Yen::ZERO),
            WaiverEffect::AsDecided => whole,
        };
        Ok(Some(PossibleWaiver {
            code: self.code.clone(),
            label: self.label.clone(),
            basis: self.basis.clone(),
            items: concerned.iter().map(|line| line.item.clone()).collect(),
            remaining,
            sample: self.sample,
        }))
    }
}

fn after(day: Date, days: u16) -> Option<Date> {
    day.checked_add(Span::new().days(i64::from(days))).ok()
}

/// How a notice comes to be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NoticeUse {
    /// A request is opened by itself with the notice to pay; people decide as on any other.
    Automatic,
    /// Whoever is concerned asks for it.
    OnRequest,
}

/// A notice after a disaster (災害減免の告示, R-64): fees × regions × status, for a time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DisasterNotice {
    /// The key of the notice.
    pub code: String,
    /// What is shown.
    pub label: Bilingual,
    /// The number of the notice (告示番号).
    pub notice: String,
    /// How much it takes off.
    pub effect: WaiverEffect,
    /// The municipalities that were hit.
    pub municipalities: Vec<TenantCode>,
    /// The procedures it is for; `*`: every one.
    pub procedures: Vec<String>,
    /// The fee items it lifts; all when empty.
    #[serde(default)]
    pub fees: Vec<String>,
    /// Whom it concerns there and what proves it, e.g. 罹災証明書.
    pub status: Bilingual,
    /// How it comes to be used.
    #[serde(rename = "use")]
    pub used: NoticeUse,
    /// The first day of arrival.
    pub valid_from: Date,
    /// The last day of arrival: a notice is for a time.
    pub valid_to: Date,
    /// Where it was taken from.
    pub source: String,
    /// True while it has not been confirmed by the body.
    #[serde(default)]
    pub sample: bool,
}

impl DisasterNotice {
    /// Whether it concerns an application of that procedure from these municipalities that arrives on `day`.
    pub fn concerns(&self, situation: &WaiverSituation<'_>) -> bool {
        self.is_open(situation)
            && situation.municipalities.iter().any(|place| self.municipalities.contains(place))
    }

    /// As [`DisasterNotice::concerns`]; where the answers name no municipality at all, people look at the place.
    fn may_concern(&self, situation: &WaiverSituation<'_>) -> bool {
        self.is_open(situation) && (situation.municipalities.is_empty() || self.concerns(situation))
    }

    fn is_open(&self, situation: &WaiverSituation<'_>) -> bool {
        (self.valid_from..=self.valid_to).contains(&situation.arrived_on)
            && is_for(&self.procedures, situation.procedure)
    }

    /// The notice as a ground.
    pub fn ground(&self) -> WaiverGround {
        WaiverGround {
            code: self.code.clone(),
            label: self.label.clone(),
            basis: self.notice.clone(),
            effect: self.effect,
            procedures: self.procedures.clone(),
            fees: self.fees.clone(),
            apply_within_days: None,
            pay_rest_within_days: None,
            valid_from: self.valid_from,
            valid_to: Some(self.valid_to),
            source: self.source.clone(),
            sample: self.sample,
        }
    }
}

fn is_for(procedures: &[String], procedure: &str) -> bool {
    procedures.iter().any(|one| one == EVERY || one == procedure)
}

/// A clause of the procedure itself (`reliefs` of kind `waiver`) as a ground.
fn of_relief(relief: &Relief, procedure: &str) -> WaiverGround {
    let effect =
        relief.remaining.map_or(WaiverEffect::NotCollected, |fraction| WaiverEffect::Remaining { fraction });
    WaiverGround {
        code: relief.code.clone(),
        label: relief.label.clone(),
        basis: relief.basis.clone(),
        effect,
        procedures: vec![procedure.to_owned()],
        fees: relief.fees.clone(),
        apply_within_days: None,
        pay_rest_within_days: None,
        valid_from: relief.effective_from,
        valid_to: relief.effective_to,
        source: relief.source.clone(),
        sample: relief.sample,
    }
}

/// The case that a waiver is asked for.
#[derive(Clone, Debug)]
pub struct WaiverSituation<'a> {
    /// Slug of the procedure.
    pub procedure: &'a str,
    /// The municipalities that its answers name.
    pub municipalities: &'a [TenantCode],
    /// The day it arrived.
    pub arrived_on: Date,
    /// Today.
    pub today: Date,
}

/// The grounds that can be named for a waiver: clauses of the body in force today, clauses of the procedure in force on the
/// day of arrival, and notices whose time and place fit.
pub fn possible_grounds(
    clauses: &[WaiverGround],
    notices: &[DisasterNotice],
    reliefs: &[Relief],
    situation: &WaiverSituation<'_>,
) -> Vec<WaiverGround> {
    let of_body = clauses
        .iter()
        .filter(|ground| {
            ground.is_in_force(situation.today) && is_for(&ground.procedures, situation.procedure)
        })
        .cloned();
    let of_notices =
        notices.iter().filter(|notice| notice.may_concern(situation)).map(DisasterNotice::ground);
    let of_procedure = reliefs
        .iter()
        .filter(|relief| relief.kind == ReliefKind::Waiver)
        .map(|relief| of_relief(relief, situation.procedure))
        .filter(|ground| ground.is_in_force(situation.arrived_on));
    of_body.chain(of_notices).chain(of_procedure).collect()
}

/// Every fault of a body's clauses; pointers go into the file of the body.
pub(crate) fn ground_faults(grounds: &[WaiverGround]) -> Vec<Fault> {
    let mut faults = Vec::new();
    let mut seen = BTreeSet::new();
    for (index, ground) in grounds.iter().enumerate() {
        let place = format!("/waiver_grounds/{index}");
        if !seen.insert((&ground.code, ground.valid_from)) {
            faults.push(Fault::new(format!("{place}/code"), "duplicate", "重複しています", "is given twice"));
        }
        let texts = [&ground.basis, &ground.source, &ground.label.ja, &ground.label.en];
        faults.extend(common_faults(&place, &ground.code, &texts, ground.effect, &ground.procedures));
        if ground.valid_to.is_some_and(|to| to < ground.valid_from) {
            faults.push(backwards(&place));
        }
    }
    faults
}

/// Every fault of a body's notices; pointers go into the file of the body.
pub(crate) fn notice_faults(notices: &[DisasterNotice]) -> Vec<Fault> {
    let mut faults = Vec::new();
    let mut seen = BTreeSet::new();
    for (index, notice) in notices.iter().enumerate() {
        let place = format!("/disaster_notices/{index}");
        if !seen.insert(&notice.code) {
            faults.push(Fault::new(format!("{place}/code"), "duplicate", "重複しています", "is given twice"));
        }
        let texts = [&notice.notice, &notice.source, &notice.label.ja, &notice.label.en, &notice.status.ja];
        faults.extend(common_faults(&place, &notice.code, &texts, notice.effect, &notice.procedures));
        let known = notice.municipalities.iter().all(|code| TenantCode::parse(code.as_str()).is_some());
        if notice.municipalities.is_empty() || !known {
            let (ja, en) =
                ("市町村の団体コードを列記してください", "must list codes of municipalities (R-160)");
            faults.push(Fault::new(format!("{place}/municipalities"), "municipalities", ja, en));
        }
        if notice.valid_to < notice.valid_from {
            faults.push(backwards(&place));
        }
    }
    faults
}

fn backwards(place: &str) -> Fault {
    let (ja, en) = ("終わりが始まりより前です", "ends before it begins");
    Fault::new(format!("{place}/valid_to"), "span", ja, en)
}

fn common_faults(
    place: &str,
    code: &str,
    texts: &[&String],
    effect: WaiverEffect,
    procedures: &[String],
) -> Vec<Fault> {
    let mut faults = Vec::new();
    if !is_slug(code) {
        let (ja, en) = ("英小文字で始まる識別子にしてください", "must be a lower-case identifier");
        faults.push(Fault::new(format!("{place}/code"), "slug", ja, en));
    }
    if texts.iter().any(|text| text.trim().is_empty()) || procedures.is_empty() {
        faults.push(Fault::new(place, "empty", "空にできません", "must not be empty"));
    }
    let lifts = match effect {
        WaiverEffect::Remaining { fraction } => {
            fraction.denominator > 0 && fraction.numerator < fraction.denominator
        }
        WaiverEffect::Amount { amount } => amount > Yen::ZERO,
        WaiverEffect::NotCollected | WaiverEffect::AsDecided => true,
    };
    if !lifts {
        let (ja, en) = ("何も減額されません", "lifts nothing");
        faults.push(Fault::new(format!("{place}/effect"), "no_effect", ja, en));
    }
    faults
}
