//! What is disposed of later: the correction of an issued decision (更正), and orders about a permit (取消し・効力の停止).
//!
//! Taking a permit away is an adverse disposition (不利益処分): who holds it is heard before, reasons go with it, and the
//! law says on what ground. What was issued before is never rewritten.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::reason::text_fault;
use super::{DecisionKind, Reason, reason_faults};
use crate::domain::fault::Fault;
use crate::domain::id::PermitId;
use crate::domain::permit::PermitState;

/// What an order does to a permit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OrderKind {
    /// 取消し・撤回.
    Revocation,
    /// 効力の停止.
    Suspension,
    /// 効力の停止の解除.
    Resumption,
}

impl OrderKind {
    /// All kinds, for tables and tests.
    pub const ALL: [Self; 3] = [Self::Revocation, Self::Suspension, Self::Resumption];

    /// The stored and public name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Revocation => "revocation",
            Self::Suspension => "suspension",
            Self::Resumption => "resumption",
        }
    }

    /// The kind of a stored name.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text)
    }

    /// Whether it takes something away (不利益処分).
    pub fn is_adverse(self) -> bool {
        self != Self::Resumption
    }

    /// Whether a permit that stands there can be ordered about so: nothing ended is taken away again, and only what is
    /// suspended resumes. Of a suspension or its end, how the permit stands on the day it counts from.
    pub fn fits(self, state: PermitState) -> bool {
        use PermitState as S;
        match self {
            Self::Revocation => matches!(state, S::Upcoming | S::Valid | S::Continued | S::Suspended),
            Self::Suspension => matches!(state, S::Upcoming | S::Valid | S::Continued),
            Self::Resumption => state == S::Suspended,
        }
    }
}

/// How the holder is heard.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HearingForm {
    /// 聴聞 (行政手続法第13条第1項第1号).
    Hearing,
    /// 弁明の機会の付与 (行政手続法第13条第1項第2号).
    Explanation,
}

/// That the holder was heard before, or why that was not needed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Hearing {
    /// The holder had the word.
    Held {
        /// In which form.
        form: HearingForm,
        /// The day of its notice.
        noticed_on: Date,
        /// The day it was held, or the last day for a written explanation.
        held_on: Date,
        /// 調書・弁明の要旨: what came of it.
        record: String,
    },
    /// The law asks for none (行政手続法第13条第2項).
    Exempt {
        /// The clause, with the facts that fit it.
        clause: String,
    },
}

/// An order about a permit before it is issued.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderProposal {
    /// The permit.
    pub permit: PermitId,
    /// What it does.
    pub order: OrderKind,
    /// 根拠条項: the statute that allows it.
    pub ground: String,
    /// The first day it counts. A revocation from the permit's first day on undoes it from the beginning (職権取消し).
    pub effective_on: Date,
    /// The last day of a suspension, where it has one.
    pub until: Option<Date>,
    /// How the holder was heard.
    pub hearing: Option<Hearing>,
    /// Why.
    pub reasons: Vec<Reason>,
}

impl OrderProposal {
    /// Everything wrong with the text itself.
    pub fn faults(&self) -> Vec<Fault> {
        let mut faults: Vec<Fault> = text_fault("/ground".to_owned(), &self.ground).into_iter().collect();
        faults.extend(self.hearing_faults());
        let burden = if self.order.is_adverse() { DecisionKind::Refuse } else { DecisionKind::Grant };
        faults.extend(reason_faults(burden, &self.reasons));
        match (self.order, self.until) {
            (OrderKind::Suspension, Some(until)) if until < self.effective_on => {
                let (ja, en) = ("開始日以後の日にしてください。", "It must not be before the first day.");
                faults.push(Fault::new("/until", "order", ja, en));
            }
            (OrderKind::Suspension, _) | (_, None) => {}
            (_, Some(_)) => {
                let (ja, en) =
                    ("期間を定めるのは効力の停止に限ります。", "Only a suspension has a last day.");
                faults.push(Fault::new("/until", "not_for_this_order", ja, en));
            }
        }
        faults
    }

    /// a hearing before a permit is taken away, an explanation at least before it is suspended.
    fn hearing_faults(&self) -> Vec<Fault> {
        let Some(hearing) = &self.hearing else {
            if !self.order.is_adverse() {
                return Vec::new();
            }
            let ja = "聴聞又は弁明の機会の付与を行うか、省略できる根拠を示してください。";
            let en = "The holder must be heard before, unless a clause exempts from it: name either.";
            return vec![Fault::new("/hearing", "required", ja, en)];
        };
        match hearing {
            Hearing::Exempt { clause } => {
                text_fault("/hearing/clause".to_owned(), clause).into_iter().collect()
            }
            Hearing::Held { form, noticed_on, held_on, record } => {
                let mut faults: Vec<Fault> = Vec::new();
                if self.order == OrderKind::Revocation && *form == HearingForm::Explanation {
                    let ja = "許可の取消しには聴聞が必要です。弁明の機会の付与では足りません。";
                    let en = "Revoking a permit needs a hearing; an explanation is not enough.";
                    faults.push(Fault::new("/hearing/form", "hearing_required", ja, en));
                }
                if held_on <= noticed_on {
                    let ja = "通知の日から相当な期間をおいてください。";
                    let en = "It comes after its notice, with time to prepare.";
                    faults.push(Fault::new("/hearing/held_on", "order", ja, en));
                }
                faults.extend(text_fault("/hearing/record".to_owned(), record));
                faults
            }
        }
    }

    /// What is wrong with its days on `today`, for a permit whose first day is `first_day`: a hearing has been, and nothing
    /// counts from a day that is past unless the permit is undone from the beginning.
    pub fn day_faults(&self, today: Date, first_day: Date) -> Vec<Fault> {
        let mut faults = Vec::new();
        if let Some(Hearing::Held { held_on, .. }) = &self.hearing
            && *held_on > today
        {
            let (ja, en) = ("まだ行われていません。", "It has not been held yet.");
            faults.push(Fault::new("/hearing/held_on", "not_held", ja, en));
        }
        let from_the_beginning = self.order == OrderKind::Revocation && self.effective_on == first_day;
        if self.effective_on < first_day || (self.effective_on < today && !from_the_beginning) {
            let ja = "本日以後の日か、初めから取り消すときは有効期間の初日にしてください。";
            let en = "It must be today or later, or the permit's first day to undo it from the beginning.";
            faults.push(Fault::new("/effective_on", "past", ja, en));
        }
        faults
    }
}

/// The correction of a decision that was issued (更正): the same decision in words that are right.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CorrectionProposal {
    /// What was wrong.
    pub error: String,
    /// What is decided; a correction never changes it.
    pub decision: DecisionKind,
    /// The reasons as they are right.
    pub reasons: Vec<Reason>,
    /// The conditions as they are right.
    pub conditions: Vec<String>,
}

impl CorrectionProposal {
    /// What is wrong with the sentence about the error; the text obeys the rules of any decision.
    pub fn error_faults(&self) -> Vec<Fault> {
        text_fault("/error".to_owned(), &self.error).into_iter().collect()
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;
    use uuid::Uuid;

    use super::*;
    use crate::domain::disposition::ReasonParts;

    const FIRST: Date = date(2026, 4, 2);
    const TODAY: Date = date(2026, 6, 1);

    fn held(form: HearingForm) -> Hearing {
        Hearing::Held {
            form,
            noticed_on: date(2026, 5, 1),
            held_on: date(2026, 5, 20),
            record: "出頭し陳述した".to_owned(),
        }
    }

    fn order(order: OrderKind, hearing: Option<Hearing>) -> OrderProposal {
        let text = |text: &str| text.to_owned();
        let parts = ReasonParts {
            fact: text("虚偽の申請"),
            clause: text("第28条第1項"),
            criterion: text("処分基準2"),
        };
        OrderProposal {
            permit: PermitId(Uuid::from_u128(1)),
            order,
            ground: text("電気工事業の業務の適正化に関する法律第28条第1項"),
            effective_on: TODAY,
            until: None,
            hearing,
            reasons: vec![Reason::Parts(parts)],
        }
    }

    fn found(faults: &[Fault]) -> Vec<String> {
        faults.iter().map(|fault| format!("{} {}", fault.pointer, fault.code)).collect()
    }

    #[test]
    fn r29_who_loses_a_permit_was_heard_before_or_a_clause_says_why_not() {
        use HearingForm::{Explanation, Hearing as Full};
        use OrderKind::{Resumption, Revocation, Suspension};
        let exempt = |clause: &str| Some(Hearing::Exempt { clause: clause.to_owned() });
        for (kind, hearing, expected) in [
            (Revocation, None, vec!["/hearing required"]),
            (Revocation, Some(held(Explanation)), vec!["/hearing/form hearing_required"]),
            (Revocation, Some(held(Full)), vec![]),
            (Revocation, exempt("行政手続法第13条第2項第2号"), vec![]),
            (Revocation, exempt(" "), vec!["/hearing/clause required"]),
            (Suspension, None, vec!["/hearing required"]),
            (Suspension, Some(held(Explanation)), vec![]),
            (Suspension, Some(held(Full)), vec![]),
            (Resumption, None, vec![]),
        ] {
            assert_eq!(found(&order(kind, hearing.clone()).faults()), expected, "{kind:?} {hearing:?}");
        }
        let hasty = Hearing::Held {
            form: Full,
            noticed_on: date(2026, 5, 20),
            held_on: date(2026, 5, 20),
            record: String::new(),
        };
        let hasty = order(Revocation, Some(hasty)).faults();
        assert_eq!(found(&hasty), ["/hearing/held_on order", "/hearing/record required"]);
    }

    #[test]
    fn r27_an_order_names_its_ground_and_its_reasons_in_three_parts() {
        for kind in OrderKind::ALL {
            let mut bare = order(kind, Some(held(HearingForm::Hearing)));
            bare.ground = " ".to_owned();
            bare.reasons = vec![];
            let expected: &[&str] = if kind.is_adverse() {
                &["/ground required", "/reasons required"]
            } else {
                &["/ground required"]
            };
            assert_eq!(found(&bare.faults()), expected, "{kind:?}");
            assert_eq!(OrderKind::parse(kind.as_str()), Some(kind));
        }
    }

    #[test]
    fn an_order_counts_from_today_on_or_undoes_the_permit_from_its_first_day() {
        use OrderKind::{Revocation, Suspension};
        for (kind, effective_on, expected) in [
            (Revocation, TODAY, vec![]),
            (Revocation, date(2026, 7, 1), vec![]),
            (Revocation, date(2026, 5, 31), vec!["/effective_on past"]),
            (Revocation, FIRST, vec![]),
            (Revocation, date(2026, 4, 1), vec!["/effective_on past"]),
            (Suspension, FIRST, vec!["/effective_on past"]),
        ] {
            let order = OrderProposal { effective_on, ..order(kind, Some(held(HearingForm::Hearing))) };
            assert_eq!(found(&order.day_faults(TODAY, FIRST)), expected, "{kind:?} {effective_on}");
        }
        let early = order(Revocation, Some(held(HearingForm::Hearing))).day_faults(date(2026, 5, 19), FIRST);
        assert_eq!(found(&early), ["/hearing/held_on not_held"]);
    }

    #[test]
    fn only_a_suspension_has_a_last_day_and_it_is_not_before_the_first() {
        let until = |kind, until| {
            let hearing = Some(held(HearingForm::Hearing));
            found(&OrderProposal { until: Some(until), ..order(kind, hearing) }.faults())
        };
        assert_eq!(until(OrderKind::Suspension, TODAY), [""; 0]);
        assert_eq!(until(OrderKind::Suspension, date(2026, 5, 31)), ["/until order"]);
        assert_eq!(until(OrderKind::Revocation, TODAY), ["/until not_for_this_order"]);
    }

    #[test]
    fn an_order_fits_the_state_of_its_permit() {
        use PermitState::{Continued, Expired, Revoked, Superseded, Suspended, Upcoming, Valid};
        let table = [Upcoming, Valid, Continued, Suspended, Revoked, Superseded, Expired];
        let fits = |order: OrderKind| table.map(|state| order.fits(state));
        assert_eq!(fits(OrderKind::Revocation), [true, true, true, true, false, false, false]);
        assert_eq!(fits(OrderKind::Suspension), [true, true, true, false, false, false, false]);
        assert_eq!(fits(OrderKind::Resumption), [false, false, false, true, false, false, false]);
    }
}
