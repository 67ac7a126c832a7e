//! Revenue stamps (収入証紙) at the counter: affixed to an application, cancelled (消印) by an officer, and void from then on.
//!
//! Purpose: say when stamps settle a fee. Invariants: only where the ordinance of the body still knows stamps and the procedure
//! names them; exactly what is owed is cancelled, so nothing is given back of a cancelled stamp: what is missing is added first, and
//! what is too much is taken off uncancelled and stays worth what it was. The revenue came with the sale of the stamps, so their
//! use is no receipt of money and carries no receipt.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::domain::fault::Fault;
use crate::domain::fee::revenue_stamp::{StampRefundRate, stamp_refund};
use crate::domain::money::{Yen, YenOutOfRange};

/// The code under which procedures name stamps among their methods.
pub const STAMP_METHOD: &str = "revenue_stamp";

/// The most stamps of one face value on one application.
const MOST_OF_ONE_FACE: i64 = 1_000;

/// What an ordinance says of stamps.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StampTerms {
    /// The face values that are sold.
    pub denominations: Vec<Yen>,
    /// What is paid for unused stamps, in parts of ten thousand of their face value.
    pub refund_per_ten_thousand: u16,
    /// The ordinance.
    pub basis: String,
    /// The first day on which stamps are in use.
    pub valid_from: Date,
    /// The last day of use, when it is known.
    #[serde(default)]
    pub valid_to: Option<Date>,
    /// The last day on which unused stamps are given back, where that goes on after their use ended.
    #[serde(default)]
    pub refund_until: Option<Date>,
    /// Where it was taken from.
    pub source: String,
    /// True while it has not been confirmed by the body.
    #[serde(default)]
    pub sample: bool,
}

impl StampTerms {
    fn is_in_use(&self, day: Date) -> bool {
        self.valid_from <= day && self.valid_to.is_none_or(|last| day <= last)
    }

    fn gives_back(&self, day: Date) -> bool {
        let last = self.refund_until.or(self.valid_to);
        self.valid_from <= day && last.is_none_or(|last| day <= last)
    }

    /// The cash for unused stamps: of the sum, cut to whole yen once.
    pub fn refund(&self, stamps: &[Stamps]) -> Result<Yen, YenOutOfRange> {
        let rate = StampRefundRate { per_ten_thousand: self.refund_per_ten_thousand };
        stamp_refund(&[sum(stamps)?], rate)
    }
}

/// The terms by which stamps are used on a day.
pub fn in_use(terms: &[StampTerms], day: Date) -> Option<&StampTerms> {
    terms.iter().find(|terms| terms.is_in_use(day))
}

/// The terms by which unused stamps are given back on a day.
pub fn given_back(terms: &[StampTerms], day: Date) -> Option<&StampTerms> {
    in_use(terms, day).or_else(|| terms.iter().find(|terms| terms.gives_back(day)))
}

/// Stamps of one face value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Stamps {
    /// The face value.
    pub face: Yen,
    /// How many.
    pub count: i64,
}

/// What stamps are worth by their face values.
pub fn sum(stamps: &[Stamps]) -> Result<Yen, YenOutOfRange> {
    let mut sum = 0_i64;
    for one in stamps {
        let worth = one.face.amount().checked_mul(one.count).ok_or(YenOutOfRange)?;
        sum = sum.checked_add(worth).ok_or(YenOutOfRange)?;
    }
    Yen::new(sum)
}

/// Reads stamps as somebody entered them, or says everything that is wrong with them.
pub fn read(terms: &StampTerms, entered: &[(i64, i64)]) -> Result<Vec<Stamps>, Vec<Fault>> {
    let (mut stamps, mut faults) = (Vec::new(), Vec::new());
    if entered.is_empty() {
        let (ja, en) = ("証紙を1枚以上入力してください。", "Please enter at least one stamp.");
        faults.push(Fault::new("/stamps", "empty", ja, en));
    }
    for (index, (face, count)) in entered.iter().enumerate() {
        let sold = terms.denominations.iter().find(|sold| sold.amount() == *face).copied();
        if sold.is_none() {
            let ja = format!("{face}円の証紙はありません。");
            let en = format!("There is no stamp of {face} yen.");
            faults.push(Fault::new(format!("/stamps/{index}/face"), "unknown_denomination", &ja, &en));
        }
        if !(1..=MOST_OF_ONE_FACE).contains(count) {
            let ja = format!("枚数は1～{MOST_OF_ONE_FACE}で入力してください。");
            let en = format!("The number must lie between 1 and {MOST_OF_ONE_FACE}.");
            faults.push(Fault::new(format!("/stamps/{index}/count"), "out_of_range", &ja, &en));
        }
        stamps.extend(sold.map(|face| Stamps { face, count: *count }));
    }
    if faults.is_empty() { Ok(stamps) } else { Err(faults) }
}

/// What is wrong with affixing these stamps for what is owed: too few or too many.
pub fn sum_fault(stamps: &[Stamps], owed: Yen) -> Result<Option<Fault>, YenOutOfRange> {
    let affixed = sum(stamps)?;
    let difference = affixed.amount() - owed.amount();
    Ok(match difference {
        0 => None,
        short if short < 0 => {
            let ja = format!("証紙が{}円不足しています。不足分を貼ってから消印してください。", -short);
            let en = format!("{} yen are missing: add them before the stamps are cancelled.", -short);
            Some(Fault::new("/stamps", "stamps_short", &ja, &en))
        }
        over => {
            let ja = format!("証紙が{over}円超過しています。超過分は消印せずに返してください。");
            let en = format!("{over} yen are too much: give them back uncancelled.");
            Some(Fault::new("/stamps", "stamps_over", &ja, &en))
        }
    })
}

/// Every fault of a body's terms; pointers go into the file of the body.
pub(crate) fn stamp_faults(terms: &[StampTerms]) -> Vec<Fault> {
    let mut faults = Vec::new();
    let mut check = |ok: bool, pointer: String, code: &'static str, ja: &str, en: &str| {
        if !ok {
            faults.push(Fault::new(pointer, code, ja, en));
        }
    };
    for (index, one) in terms.iter().enumerate() {
        let place = format!("/stamps/{index}");
        let filled = [&one.basis, &one.source].iter().all(|text| !text.trim().is_empty());
        check(filled, place.clone(), "empty", "空にできません", "must not be empty");
        let ascending = one.denominations.is_sorted_by(|a, b| a < b);
        let real = one.denominations.first().is_some_and(|face| *face > Yen::ZERO);
        let (ja, en) = ("額面は1円以上で小さい順に並べてください", "face values must be positive and ascend");
        check(ascending && real, format!("{place}/denominations"), "order", ja, en);
        let (ja, en) = ("額面を超えて返せません", "must not be more than the face value");
        let within = one.refund_per_ten_thousand <= 10_000;
        check(within, format!("{place}/refund_per_ten_thousand"), "out_of_range", ja, en);
        let ordered = one.valid_to.is_none_or(|to| one.valid_from <= to)
            && one.refund_until.is_none_or(|until| one.valid_to.is_some_and(|to| to <= until));
        check(ordered, place, "span", "期間の順序が正しくありません", "ends before it begins");
    }
    faults
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    fn yen(amount: i64) -> Yen {
        Yen::new(amount).unwrap()
    }

    fn terms() -> StampTerms {
        StampTerms {
            denominations: [100, 1_000, 5_000, 10_000].into_iter().map(yen).collect(),
            refund_per_ten_thousand: 9_676,
            basis: "条例".to_owned(),
            valid_from: date(2020, 4, 1),
            valid_to: Some(date(2027, 3, 31)),
            refund_until: Some(date(2032, 3, 31)),
            source: "試験用".to_owned(),
            sample: true,
        }
    }

    #[test]
    fn r70_stamps_are_used_and_given_back_only_while_the_ordinance_says_so() {
        let all = [terms()];
        for (day, used, back) in [
            (date(2020, 3, 31), false, false),
            (date(2020, 4, 1), true, true),
            (date(2027, 3, 31), true, true),
            (date(2027, 4, 1), false, true),
            (date(2032, 3, 31), false, true),
            (date(2032, 4, 1), false, false),
        ] {
            assert_eq!((in_use(&all, day).is_some(), given_back(&all, day).is_some()), (used, back), "{day}");
        }
    }

    #[test]
    fn r71_exactly_what_is_owed_is_cancelled() {
        let code = |entered: &[(i64, i64)], owed| -> Option<&'static str> {
            let stamps = read(&terms(), entered).unwrap();
            sum_fault(&stamps, yen(owed)).unwrap().map(|fault| fault.code)
        };
        assert_eq!(code(&[(10_000, 7), (1_000, 3)], 73_000), None);
        assert_eq!(code(&[(10_000, 7), (1_000, 2)], 73_000), Some("stamps_short"));
        assert_eq!(code(&[(10_000, 8)], 73_000), Some("stamps_over"));
        let faults = read(&terms(), &[(500, 1), (1_000, 0), (1_000, 1_001), (100, 1)]).unwrap_err();
        let found: Vec<_> = faults.iter().map(|fault| (fault.pointer.as_str(), fault.code)).collect();
        assert_eq!(
            found,
            [
                ("/stamps/0/face", "unknown_denomination"),
                ("/stamps/1/count", "out_of_range"),
                ("/stamps/2/count", "out_of_range"),
            ]
        );
        assert_eq!(read(&terms(), &[]).unwrap_err()[0].code, "empty");
    }

    #[test]
    fn r71_unused_stamps_are_given_back_at_967_6_of_1000_cut_once() {
        for (entered, cash) in [
            (&[(1_000, 1)][..], 967),
            (&[(10_000, 3), (1_000, 3)][..], 31_930),
            (&[(1_000, 3)][..], 2_902),
            (&[(100, 1)][..], 96),
        ] {
            let stamps = read(&terms(), entered).unwrap();
            assert_eq!(terms().refund(&stamps).unwrap(), yen(cash), "{entered:?}");
        }
    }

    #[test]
    fn terms_that_cannot_be_are_found() {
        assert_eq!(stamp_faults(&[terms()]), []);
        let mut broken = StampTerms { source: " ".to_owned(), refund_per_ten_thousand: 10_001, ..terms() };
        broken.denominations = vec![yen(1_000), yen(100)];
        broken.refund_until = Some(date(2020, 1, 1));
        let codes: Vec<_> = stamp_faults(&[broken]).into_iter().map(|fault| fault.code).collect();
        assert_eq!(codes, ["empty", "order", "out_of_range", "span"]);
    }
}
