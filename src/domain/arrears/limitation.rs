//! When a claim is extinct by limitation (消滅時効), with everything that counted it anew (時効の更新).
//!
//! Purpose: R-94 as lines that a person can follow. Invariants: it counts from the due day; the demand, an acknowledgement by the
//! debtor (承認, Civil Code 152 by way of LAA 236③) and a part payment, which is one, count it anew from their day; what is owed
//! beside a claim (督促手数料・延滞金) follows it there: whoever acknowledges the claim acknowledges that, too. Paying the claim alone says
//! nothing of it. What
//! happens after the last day changes nothing, because the claim is extinct then without anybody pleading it (LAA 236②).

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::domain::period::{FirstDay, Length, last_day};
use crate::domain::procedure::Bilingual;

/// In which form a debtor acknowledged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AcknowledgementForm {
    /// A signed paper (債務承認書).
    Written,
    /// By word of mouth, noted down by the officer.
    Oral,
    /// A request for time or for instalments (納付の猶予・分納の申出).
    Deferment,
    /// A part was paid by a way that no payment here shows.
    PartPayment,
}

impl AcknowledgementForm {
    /// Every form.
    pub const ALL: [Self; 4] = [Self::Written, Self::Oral, Self::Deferment, Self::PartPayment];

    /// The name stored and shown.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Written => "written",
            Self::Oral => "oral",
            Self::Deferment => "deferment",
            Self::PartPayment => "part_payment",
        }
    }

    /// The form of a stored name.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|form| form.as_str() == text)
    }
}

/// What counts the limitation anew.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RenewalGround {
    /// The demand (督促, LAA 236④).
    Demand,
    /// The debtor acknowledged the debt.
    Acknowledgement(AcknowledgementForm),
    /// The debtor paid a part of it, or what is owed beside it.
    PartPayment,
    /// Of what is owed beside a claim: the debtor acknowledged that claim.
    ClaimAcknowledged(AcknowledgementForm),
}

impl RenewalGround {
    fn words(self) -> (&'static str, &'static str) {
        match self {
            Self::Demand => ("督促", "the demand"),
            Self::Acknowledgement(AcknowledgementForm::Written) => {
                ("債務承認書による承認", "a written acknowledgement")
            }
            Self::Acknowledgement(AcknowledgementForm::Oral) => {
                ("口頭による承認", "an acknowledgement by word of mouth")
            }
            Self::Acknowledgement(AcknowledgementForm::Deferment) => {
                ("納付の猶予・分納の申出（承認）", "a request for time to pay")
            }
            Self::Acknowledgement(AcknowledgementForm::PartPayment) | Self::PartPayment => {
                ("一部の納付（承認）", "a part payment")
            }
            Self::ClaimAcknowledged(AcknowledgementForm::Written) => {
                ("本体の債権の債務承認書による承認", "a written acknowledgement of the claim")
            }
            Self::ClaimAcknowledged(AcknowledgementForm::Oral) => {
                ("本体の債権の口頭による承認", "an acknowledgement of the claim by word of mouth")
            }
            Self::ClaimAcknowledged(AcknowledgementForm::Deferment) => {
                ("本体の債権の納付の猶予・分納の申出（承認）", "a request for time to pay the claim")
            }
            Self::ClaimAcknowledged(AcknowledgementForm::PartPayment) => {
                ("本体の債権の一部の納付（承認）", "a part payment of the claim")
            }
        }
    }
}

/// Something that counts the limitation anew, on a day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Renewal {
    /// The JST day.
    pub on: Date,
    /// What it was.
    pub ground: RenewalGround,
}

/// When a claim is extinct.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limitation {
    /// The last day on which it can be claimed; none where the calendar ends before.
    pub extinct_after: Option<Date>,
    /// Line by line, from the due day on.
    pub lines: Vec<Bilingual>,
}

/// When a claim that was due on `due_on` is extinct, after all that counted it anew, in whatever order it was recorded.
pub fn limitation(years: u16, due_on: Date, renewals: &[Renewal]) -> Limitation {
    let ends = |from: Date| last_day(from, Length::Years(years), FirstDay::Excluded);
    let shown = |day: Option<Date>| day.map_or_else(|| "—".to_owned(), |day| day.to_string());
    let mut from = due_on;
    let mut lines = vec![Bilingual {
        ja: format!("納期限 {due_on} の翌日から{years}年 → {} まで", shown(ends(from))),
        en: format!("{years} years from the day after the due day {due_on}: until {}", shown(ends(from))),
    }];
    let mut in_order = renewals.to_vec();
    in_order.sort_by_key(|renewal| renewal.on);
    for renewal in in_order {
        let (ja, en) = renewal.ground.words();
        let on = renewal.on;
        if ends(from).is_some_and(|last| last < on) {
            lines.push(Bilingual {
                ja: format!("{on} {ja}：時効完成後のため更新しません"),
                en: format!("{on} {en}: the claim was extinct by then, nothing is counted anew"),
            });
            continue;
        }
        from = from.max(on);
        lines.push(Bilingual {
            ja: format!("{on} {ja}により更新 → {} まで", shown(ends(from))),
            en: format!("{on} {en} counts it anew: until {}", shown(ends(from))),
        });
    }
    Limitation { extinct_after: ends(from), lines }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;
    use proptest::prelude::*;

    use super::*;

    fn acknowledged(on: Date) -> Renewal {
        Renewal { on, ground: RenewalGround::Acknowledgement(AcknowledgementForm::Written) }
    }

    #[test]
    fn every_form_reads_back() {
        for form in AcknowledgementForm::ALL {
            assert_eq!(AcknowledgementForm::parse(form.as_str()), Some(form));
        }
        assert_eq!(AcknowledgementForm::parse("fax"), None);
    }

    #[test]
    fn r94_demand_acknowledgement_and_part_payment_count_the_five_years_anew() {
        let due = date(2026, 5, 1);
        let demand = Renewal { on: date(2026, 5, 21), ground: RenewalGround::Demand };
        let part = Renewal { on: date(2033, 1, 31), ground: RenewalGround::PartPayment };
        for (renewals, last) in [
            (vec![], date(2031, 5, 1)),
            (vec![demand], date(2031, 5, 21)),
            (vec![acknowledged(date(2029, 4, 1)), demand], date(2034, 4, 1)),
            // Before the due day nothing is shortened.
            (vec![acknowledged(date(2026, 4, 2))], date(2031, 5, 1)),
            // On the last day it still counts, on the day after nothing does.
            (vec![acknowledged(date(2031, 5, 1))], date(2036, 5, 1)),
            (vec![acknowledged(date(2031, 5, 2))], date(2031, 5, 1)),
            // A part payment that came in time only because of an acknowledgement before it.
            (vec![part, acknowledged(date(2030, 1, 1))], date(2038, 1, 31)),
            (vec![part], date(2031, 5, 1)),
        ] {
            let found = limitation(5, due, &renewals);
            assert_eq!(found.extinct_after, Some(last), "{renewals:?}");
            assert_eq!(found.lines.len(), renewals.len() + 1);
        }
        let lines = limitation(5, due, &[acknowledged(date(2031, 5, 2))]).lines;
        assert_eq!(lines[1].ja, "2031-05-02 債務承認書による承認：時効完成後のため更新しません");
    }

    #[test]
    fn r94_what_is_owed_beside_a_claim_is_counted_anew_with_it() {
        let due = date(2026, 6, 5);
        for (ground, words) in [
            (
                RenewalGround::ClaimAcknowledged(AcknowledgementForm::PartPayment),
                "本体の債権の一部の納付（承認）",
            ),
            (
                RenewalGround::ClaimAcknowledged(AcknowledgementForm::Written),
                "本体の債権の債務承認書による承認",
            ),
        ] {
            let counted = |on: Date| limitation(5, due, &[Renewal { on, ground }]);
            let found = counted(date(2029, 4, 1));
            assert_eq!(found.extinct_after, Some(date(2034, 4, 1)));
            assert_eq!(found.lines[1].ja, format!("2029-04-01 {words}により更新 → 2034-04-01 まで"));
            // By then it was extinct, whatever the claim itself is.
            assert_eq!(counted(date(2031, 6, 6)).extinct_after, Some(date(2031, 6, 5)));
        }
    }

    proptest! {
        /// Whatever order acts were recorded in, the last day is the same, and one more act never shortens it.
        #[test]
        fn r94_the_order_of_recording_is_without_meaning(
            days in proptest::collection::vec(0_i64..6_000, 0..8), more in 0_i64..6_000,
        ) {
            let due = date(2026, 5, 1);
            let on = |days: &i64| acknowledged(due.checked_add(jiff::Span::new().days(*days)).unwrap());
            let mut renewals: Vec<_> = days.iter().map(on).collect();
            let one_way = limitation(5, due, &renewals).extinct_after;
            renewals.reverse();
            prop_assert_eq!(limitation(5, due, &renewals).extinct_after, one_way);
            renewals.push(on(&more));
            prop_assert!(limitation(5, due, &renewals).extinct_after >= one_way);
        }
    }
}
