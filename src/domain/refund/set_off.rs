//! Setting off (充当, R-96): what came beyond a debt settles another one of the same obligor before anything is paid out.

use jiff::civil::Date;

use crate::domain::invoice::InvoiceLine;
use crate::domain::money::{Yen, YenOutOfRange};
use crate::domain::waiver::LineReduction;

/// How much of a claim is settled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SetOffExtent {
    /// All that is owed of it.
    Whole,
    /// A named amount, less than what is owed: it is divided off the claim, and the rest stays owed as it was.
    Part,
}

impl SetOffExtent {
    /// Every extent.
    pub const ALL: [Self; 2] = [Self::Whole, Self::Part];

    /// The name stored and shown.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Whole => "whole",
            Self::Part => "part",
        }
    }

    /// The extent of a stored name.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|extent| extent.as_str() == text)
    }

    /// Of a claim of which so much is owed, by the amount that is named; none where more is named than is owed, or nothing.
    pub fn of(owed: Yen, named: Option<Yen>) -> Option<(Yen, Self)> {
        match named {
            None => Some((owed, Self::Whole)),
            Some(named) if named == owed => Some((owed, Self::Whole)),
            Some(named) if Yen::ZERO < named && named < owed => Some((named, Self::Part)),
            Some(_) => None,
        }
    }

    /// Whether what was proposed can still be settled of a claim of which so much is owed now.
    pub fn still_fits(self, amount: Yen, owed: Yen) -> bool {
        match self {
            Self::Whole => amount == owed,
            Self::Part => amount < owed,
        }
    }
}

/// What a part of a claim takes of each line, first to last as far as they go.
pub fn part_of(owed: &[InvoiceLine], amount: Yen) -> Result<Vec<LineReduction>, YenOutOfRange> {
    let (mut rest, mut lines) = (amount, Vec::new());
    for (number, line) in (1_u32..).zip(owed) {
        let taken = line.amount.min(rest);
        rest = rest.minus(taken)?;
        if taken > Yen::ZERO {
            lines.push(LineReduction { line: number, amount: taken });
        }
    }
    Ok(lines)
}

/// The name of the route, of the means of the payment that it makes, and of the place in the ledger through which the money
/// passes from one case to the other.
pub const SET_OFF: &str = "set_off";

/// The day on which both debts could be set off against each other (充当適状): the later one of the day the money became too
/// much and the day the claim was due.
///
/// The claim counts as paid on that day, whenever somebody decided it: it is the day up to which local taxes count both the late
/// charge of the claim and the interest of the money (地方税法第17条の2・第17条の4の例). So neither runs for days on which both sides owed each other
/// the same sum, and like the day of an entrustment it may lie before the one on which the books learn of it.
pub fn fit_on(arose_on: Date, due_on: Date) -> Date {
    arose_on.max(due_on)
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::{SetOffExtent, fit_on};
    use crate::domain::money::Yen;

    #[test]
    fn r96_two_debts_can_be_set_off_once_the_one_is_there_and_the_other_one_is_due() {
        let (early, late) = (date(2026, 4, 1), date(2026, 5, 1));
        for (arose_on, due_on, fit) in [(early, late, late), (late, early, late), (early, early, early)] {
            assert_eq!(fit_on(arose_on, due_on), fit);
        }
    }

    #[test]
    fn r96_a_named_amount_below_what_is_owed_is_a_part_and_nothing_above_it_exists() {
        use SetOffExtent as E;
        let yen = |amount| Yen::new(amount).unwrap();
        let owed = yen(22_000);
        for (named, found) in [
            (None, Some((22_000, E::Whole))),
            (Some(22_000), Some((22_000, E::Whole))),
            (Some(21_999), Some((21_999, E::Part))),
            (Some(1), Some((1, E::Part))),
            (Some(0), None),
            (Some(22_001), None),
        ] {
            let found = found.map(|(amount, extent)| (yen(amount), extent));
            assert_eq!(E::of(owed, named.map(yen)), found, "{named:?}");
        }
        assert!(E::Whole.still_fits(owed, owed) && !E::Whole.still_fits(yen(1), owed));
        assert!(E::Part.still_fits(yen(1), owed) && !E::Part.still_fits(owed, owed));
        for extent in E::ALL {
            assert_eq!(E::parse(extent.as_str()), Some(extent));
        }
        assert_eq!(E::parse("half"), None);
    }
}
