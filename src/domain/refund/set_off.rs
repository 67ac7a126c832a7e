//! Setting off (充当, R-96): what came beyond a debt settles another one of the same obligor before anything is paid out.

use jiff::civil::Date;

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

    use super::fit_on;

    #[test]
    fn r96_two_debts_can_be_set_off_once_the_one_is_there_and_the_other_one_is_due() {
        let (early, late) = (date(2026, 4, 1), date(2026, 5, 1));
        for (arose_on, due_on, fit) in [(early, late, late), (late, early, late), (early, early, early)] {
            assert_eq!(fit_on(arose_on, due_on), fit);
        }
    }
}
