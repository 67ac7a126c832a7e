//! What is owed beside a late claim: the fee of the demand (督促手数料) and the late charge (延滞金), as claims of their own.
//!
//! Purpose: say what is still to be assessed, and which debt is taken first (R-89…R-92). Invariants: the claim itself is never
//! edited; what was assessed so far and what is assessed now make together what has accrued, cut once over the whole as the
//! ordinance says, however often it is assessed in between.

use serde::{Deserialize, Serialize};

use crate::domain::money::Yen;

/// Which debt is taken first where a claim and what is owed beside it are both open (充当の順序).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ChargeOrder {
    /// The claim, then the demand's fee and the late charge.
    PrincipalFirst,
    /// The demand's fee and the late charge, then the claim.
    ChargesFirst,
}

impl ChargeOrder {
    /// The public name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::PrincipalFirst => "principal_first",
            Self::ChargesFirst => "charges_first",
        }
    }
}

/// Whether what is owed beside a claim is demanded on its own (督促): no late charge accrues on it, so only a body that wants the
/// demand for the limitation's sake says so.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ChargeDemand {
    /// It is not.
    #[default]
    Never,
    /// An officer may send one; none goes out by itself, and none bears a fee.
    ByOfficer,
}

/// How a body books what is owed beside a late claim. Without it nothing is billed, only computed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ChargeBilling {
    /// 歳入科目 of the demand's fee.
    pub demand_fee_account: String,
    /// 歳入科目 of the late charge.
    pub late_charge_account: String,
    /// Which debt is taken first.
    pub order: ChargeOrder,
    /// Whether it is demanded on its own.
    #[serde(default)]
    pub demand_of_charges: ChargeDemand,
    /// Where it was taken from.
    pub source: String,
    /// True while it has not been confirmed by the body.
    #[serde(default)]
    pub sample: bool,
}

/// What a charge is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ChargeKind {
    /// 督促手数料.
    DemandFee,
    /// 延滞金.
    LateCharge,
}

impl ChargeKind {
    /// Every kind.
    pub const ALL: [Self; 2] = [Self::DemandFee, Self::LateCharge];

    /// The name stored and shown; also the item of its line.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::DemandFee => "demand_fee",
            Self::LateCharge => "late_charge",
        }
    }

    /// The kind of a stored name.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text)
    }

    /// What a line calls it, in Japanese and English.
    pub fn label(self) -> (&'static str, &'static str) {
        match self {
            Self::DemandFee => ("督促手数料", "Fee of the demand"),
            Self::LateCharge => ("延滞金", "Late charge"),
        }
    }

    /// Its account.
    pub fn account(self, billing: &ChargeBilling) -> &str {
        match self {
            Self::DemandFee => &billing.demand_fee_account,
            Self::LateCharge => &billing.late_charge_account,
        }
    }
}

/// Which of the debts somebody wants to pay.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Debt {
    /// The claim.
    Principal,
    /// Something owed beside it.
    Charge,
}

/// Whether a debt must wait while debts of the other kind are `open`.
pub fn must_wait(order: ChargeOrder, wanted: Debt, open: bool) -> bool {
    let stands_behind = match (order, wanted) {
        (ChargeOrder::PrincipalFirst, Debt::Charge) | (ChargeOrder::ChargesFirst, Debt::Principal) => true,
        (ChargeOrder::PrincipalFirst, Debt::Principal) | (ChargeOrder::ChargesFirst, Debt::Charge) => false,
    };
    stands_behind && open
}

/// What is still to be assessed of what has accrued; nothing where more was assessed before.
pub fn still_to_assess(accrued: Yen, assessed: Yen) -> Yen {
    accrued.minus(assessed).unwrap_or(Yen::ZERO)
}

/// How many of some debts, in their order, a sum pays exactly; none where it pays no whole number of them.
pub fn paid_by(debts: &[Yen], sum: i64) -> Option<usize> {
    let mut left = sum;
    for (paid, debt) in debts.iter().enumerate() {
        if left <= 0 {
            return (left == 0 && paid > 0).then_some(paid);
        }
        left = left.checked_sub(debt.amount())?;
    }
    (left == 0 && !debts.is_empty()).then_some(debts.len())
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;
    use proptest::prelude::*;

    use super::*;
    use crate::domain::arrears::ArrearsTerms;
    use crate::domain::fee::arrears::{Demand, arrears};

    #[test]
    fn every_name_reads_back() {
        for kind in ChargeKind::ALL {
            assert_eq!(ChargeKind::parse(kind.as_str()), Some(kind));
        }
        assert_eq!(ChargeKind::parse("interest"), None);
    }

    #[test]
    fn r92_the_order_of_the_ordinance_says_which_debt_waits() {
        for (order, wanted, open, waits) in [
            (ChargeOrder::PrincipalFirst, Debt::Principal, true, false),
            (ChargeOrder::PrincipalFirst, Debt::Charge, true, true),
            (ChargeOrder::PrincipalFirst, Debt::Charge, false, false),
            (ChargeOrder::ChargesFirst, Debt::Charge, true, false),
            (ChargeOrder::ChargesFirst, Debt::Principal, true, true),
            (ChargeOrder::ChargesFirst, Debt::Principal, false, false),
        ] {
            assert_eq!(must_wait(order, wanted, open), waits, "{order:?} {wanted:?} open: {open}");
        }
    }

    #[test]
    fn r92_a_sum_pays_whole_debts_in_their_order() {
        let debts: Vec<Yen> = [22_000, 20, 290].into_iter().map(|amount| Yen::new(amount).unwrap()).collect();
        for (sum, paid) in [
            (22_000, Some(1)),
            (22_020, Some(2)),
            (22_310, Some(3)),
            (20, None),
            (310, None),
            (22_290, None),
            (22_311, None),
            (0, None),
            (-20, None),
            (i64::MIN, None),
            (i64::MAX, None),
        ] {
            assert_eq!(paid_by(&debts, sum), paid, "{sum}");
        }
        assert_eq!(paid_by(&[], 0), None);
    }

    fn terms() -> ArrearsTerms {
        let charge = serde_json::json!({ "rates": [{ "from": "2000-01-01", "per_ten_thousand": 1_075 }],
            "smallest_principal": 100, "principal_unit": 100, "smallest_charge": 10, "charge_unit": 10,
            "days_in_year": 365 });
        let text = serde_json::json!({ "revenues": ["*"], "demand_after_days": 20, "demand_within_days": 30,
            "pay_within_days": 15, "demand_fee": 20, "charge": charge, "enforcement": "court",
            "limitation_years": 5, "basis": "条例", "valid_from": "2000-01-01", "source": "試験用" });
        serde_json::from_value(text).unwrap()
    }

    proptest! {
        /// assessed in between, however often and in whatever order, it is cut once over the whole.
        #[test]
        fn r91_pieces_of_a_charge_make_the_charge_of_the_last_day(
            principal in 0_i64..2_000_000,
            days in proptest::collection::vec(0_i64..3_000, 1..8),
        ) {
            let due = date(2026, 6, 30);
            let principal = Yen::new(principal).unwrap();
            let on = |days: i64| {
                let paid = due.checked_add(jiff::Span::new().days(days)).unwrap();
                arrears(&terms().charge, principal, Demand::Sent, due, paid).unwrap()
            };
            let mut assessed = Yen::ZERO;
            for day in &days {
                let piece = still_to_assess(on(*day), assessed);
                assessed = assessed.plus(piece).unwrap();
            }
            prop_assert_eq!(assessed, on(*days.iter().max().unwrap()));
        }
    }
}
