//! Every act in every standing, and that no order of acts concludes a contract without both signatures.

use jiff::civil::date;
use proptest::prelude::*;

use super::*;

const IN_TIME: Timeliness = Timeliness::InTime;
const LATE: Timeliness = Timeliness::Late;

/// Every standing.
fn standings() -> Vec<ContractStanding> {
    use CounterpartSide::{Awaited, Confirmed, Signed};
    let mut all = Vec::new();
    for office in [OfficeSide::Awaited, OfficeSide::Signed] {
        for counterpart in [Awaited, Signed, Confirmed] {
            // Both at once is no offer any more.
            if (counterpart, office) != (Confirmed, OfficeSide::Signed) {
                all.push(ContractStanding::Offered { counterpart, office });
            }
        }
    }
    all.extend([ContractStanding::Concluded, ContractStanding::Lapsed, ContractStanding::Withdrawn]);
    all
}

/// A standing in four letters: counterpart and office, `-` awaited, `S` signed, `C` confirmed.
fn short(standing: ContractStanding) -> String {
    let ContractStanding::Offered { counterpart, office } = standing else {
        return standing.as_str().to_owned();
    };
    let counterpart = match counterpart {
        CounterpartSide::Awaited => '-',
        CounterpartSide::Signed => 'S',
        CounterpartSide::Confirmed => 'C',
    };
    format!("{counterpart}{}", if office == OfficeSide::Signed { 'S' } else { '-' })
}

fn row(act: ContractAct, when: Timeliness) -> String {
    let cells = standings().into_iter().map(|from| match from.apply(act, when) {
        Ok(to) => short(to),
        Err(ContractRejection::Ended { .. }) => "ended".to_owned(),
        Err(other) => format!("{other:?}"),
    });
    cells.collect::<Vec<_>>().join(" ")
}

#[test]
fn r103_every_act_in_every_standing_in_time_and_late() {
    let columns: Vec<_> = standings().into_iter().map(short).collect();
    assert_eq!(columns, ["--", "S-", "C-", "-S", "SS", "concluded", "lapsed", "withdrawn"]);
    let of = |act| [row(act, IN_TIME), row(act, LATE)];
    let ended = "ended ended ended";
    let table = [
        (
            ContractAct::SignByCounterpart,
            [
                "S- AlreadySigned AlreadySigned SS AlreadySigned",
                "Over AlreadySigned AlreadySigned Over AlreadySigned",
            ],
        ),
        (
            ContractAct::Confirm,
            [
                "NothingToJudge C- AlreadyConfirmed NothingToJudge concluded",
                "NothingToJudge Over AlreadyConfirmed NothingToJudge concluded",
            ],
        ),
        (
            ContractAct::Reject,
            [
                "NothingToJudge -- AlreadyConfirmed NothingToJudge -S",
                "NothingToJudge -- AlreadyConfirmed NothingToJudge -S",
            ],
        ),
        (
            ContractAct::SignByOffice,
            ["-S SS concluded AlreadySigned AlreadySigned", "Over Over Over AlreadySigned AlreadySigned"],
        ),
        (
            ContractAct::Withdraw,
            [
                "withdrawn withdrawn withdrawn withdrawn SignedByBoth",
                "withdrawn withdrawn withdrawn withdrawn SignedByBoth",
            ],
        ),
        (
            ContractAct::Lapse,
            ["NotOver NotOver NotOver NotOver NotOver", "lapsed lapsed lapsed lapsed NotOver"],
        ),
    ];
    assert_eq!(table.len(), ContractAct::ALL.len());
    for (act, rows) in table {
        assert_eq!(of(act), rows.map(|row| format!("{row} {ended}")), "{act:?}");
    }
}

#[test]
fn r103_a_contract_is_of_the_day_of_the_later_signature_and_not_of_the_confirmation() {
    use ContractAct::{Confirm, Reject, SignByCounterpart, SignByOffice};
    let day = |day| date(2026, 4, day);
    assert_eq!(concluded_on(&[(SignByCounterpart, day(1)), (Confirm, day(2))]), None);
    assert_eq!(concluded_on(&[(SignByOffice, day(1))]), None);
    let acts = [(SignByCounterpart, day(1)), (Confirm, day(2)), (SignByOffice, day(3))];
    assert_eq!(concluded_on(&acts), Some(day(3)));
    let acts = [(SignByOffice, day(1)), (SignByCounterpart, day(2)), (Confirm, day(5))];
    assert_eq!(concluded_on(&acts), Some(day(2)));
    let again =
        [(SignByCounterpart, day(1)), (Reject, day(2)), (SignByOffice, day(3)), (SignByCounterpart, day(4))];
    assert_eq!(concluded_on(&again), Some(day(4)), "what was rejected does not count");
}

#[test]
fn r103_the_last_day_itself_is_in_time_and_names_read_back() {
    assert_eq!(Timeliness::on(date(2026, 4, 24), date(2026, 4, 24)), IN_TIME);
    assert_eq!(Timeliness::on(date(2026, 4, 25), date(2026, 4, 24)), LATE);
    for act in ContractAct::ALL {
        assert_eq!(ContractAct::parse(act.as_str()), Some(act));
    }
    assert_eq!(ContractAct::parse("concluded"), None);
}

proptest! {
    /// Whatever is tried in whatever order, late or not: a contract is concluded only with a signature of the body and one of the
    /// counterpart that was confirmed and not rejected; and what was concluded stays so.
    #[test]
    fn r103_no_order_of_acts_concludes_without_both_signatures(
        walk in prop::collection::vec((0_usize..6, any::<bool>()), 0..24),
    ) {
        let (mut standing, mut done) = (ContractStanding::OFFERED, Vec::new());
        for (which, late) in walk {
            let act = ContractAct::ALL[which];
            let before = standing;
            if let Ok(next) = standing.apply(act, if late { LATE } else { IN_TIME }) {
                prop_assert!(matches!(before, ContractStanding::Offered { .. }), "{before:?} moved by {act:?}");
                standing = next;
                done.push(act);
            }
        }
        let place = |wanted| done.iter().rposition(|act| *act == wanted);
        let (signed, confirmed) = (place(ContractAct::SignByCounterpart), place(ContractAct::Confirm));
        let stands = confirmed.is_some() && signed < confirmed && place(ContractAct::Reject) < confirmed;
        let both = stands && place(ContractAct::SignByOffice).is_some();
        prop_assert_eq!(standing == ContractStanding::Concluded, both, "{:?}", done);
        prop_assert_eq!(ContractStanding::after(&done), Ok(standing), "{:?}", done);
    }
}
