//! Tests of refunds: the whole table of states, grounds, plans and headroom.

use proptest::prelude::*;
use uuid::Uuid;

use super::{
    CaseStage, GroundRejection, Headroom, PlanRejection, PlannedPart, Refund, RefundCommand, RefundEffect,
    RefundEvidence, RefundGround, RefundPart, RefundRejection, RefundRoute, RefundState, Refundable, permits,
    plan, proposed,
};
use crate::domain::id::OfficerId;
use crate::domain::money::Yen;
use crate::domain::payment::RefundStatus;
use crate::domain::procedure::RefundPolicy;

const REQUESTER: OfficerId = OfficerId(Uuid::from_u128(1));
const APPROVER: OfficerId = OfficerId(Uuid::from_u128(2));

fn yen(amount: i64) -> Yen {
    Yen::new(amount).unwrap()
}

fn commands() -> Vec<(&'static str, RefundCommand)> {
    use RefundCommand as C;
    use RefundEvidence as E;
    vec![
        ("approve", C::Approve { by: APPROVER }),
        ("reject", C::Reject { by: APPROVER }),
        ("withdraw", C::Withdraw { by: REQUESTER }),
        ("accepted", C::Hear(E::Seen(RefundStatus::Pending))),
        ("done", C::Hear(E::Seen(RefundStatus::Succeeded))),
        ("not done", C::Hear(E::Seen(RefundStatus::Failed))),
        ("not understood", C::Hear(E::Seen(RefundStatus::Unrecognised))),
        ("refused", C::Hear(E::Refused)),
        ("unclear", C::Hear(E::Unclear)),
        ("never arrived", C::Hear(E::NeverArrived)),
        ("send payout", C::SendPayout),
        ("confirm payout", C::ConfirmPayout),
        ("return payout", C::ReturnPayout),
        ("end payout", C::EndPayout),
        ("found after all", C::FindAfterAll),
    ]
}

/// Every state with every command: the steps that exist are exactly these.
#[test]
fn r95_the_table_of_refunds_is_exactly_this() {
    let mut table = Vec::new();
    for route in RefundRoute::ALL {
        for state in RefundState::ALL {
            let refund = Refund { state, route, requested_by: REQUESTER };
            for (name, command) in commands() {
                match refund.apply(command) {
                    Ok(moved) if moved.next == state && moved.effect == RefundEffect::Nothing => {}
                    Ok(moved) => table.push(format!(
                        "{} {} + {name} = {} {:?}",
                        route.as_str(),
                        state.as_str(),
                        moved.next.as_str(),
                        moved.effect
                    )),
                    Err(rejection) => assert_eq!(rejection, RefundRejection::WrongState { state }),
                }
            }
        }
    }
    // What a gateway says does not depend on the route; a payout is told apart by its states.
    let of_gateway: Vec<_> = table.iter().filter_map(|line| line.strip_prefix("gateway ")).collect();
    let expected = [
        "requested + approve = submitting Owe",
        "requested + reject = rejected Release",
        "requested + withdraw = withdrawn Release",
        "submitting + accepted = pending Nothing",
        "submitting + done = succeeded Pay",
        "submitting + not done = failed Undo",
        "submitting + not understood = unknown Nothing",
        "submitting + refused = failed Undo",
        "submitting + unclear = unknown Nothing",
        "submitting + never arrived = failed Undo",
        "pending + done = succeeded Pay",
        "pending + not done = failed Undo",
        "pending + not understood = unknown Nothing",
        "unknown + accepted = pending Nothing",
        "unknown + done = succeeded Pay",
        "unknown + not done = failed Undo",
        "unknown + refused = failed Undo",
        "unknown + never arrived = failed Undo",
        "succeeded + not done = failed Undo",
        "failed + found after all = succeeded Revive",
        "payout_due + send payout = payout_sent Nothing",
        "payout_due + end payout = failed Undo",
        "payout_sent + confirm payout = paid_out Pay",
        "payout_sent + return payout = payout_due Nothing",
    ];
    assert_eq!(of_gateway, expected);
    assert!(table.contains(&"bank_transfer requested + approve = payout_due Owe".to_owned()));
    // What is set off goes nowhere: it is done when it is approved.
    assert!(table.contains(&"set_off requested + approve = paid_out SetOff".to_owned()));
    // What went another way was never the gateway's to make.
    assert_eq!(table.len(), 3 * expected.len() - 2);
}

#[test]
fn two_people_decide_a_refund() {
    let refund =
        Refund { state: RefundState::Requested, route: RefundRoute::Gateway, requested_by: REQUESTER };
    for command in [RefundCommand::Approve { by: REQUESTER }, RefundCommand::Reject { by: REQUESTER }] {
        assert_eq!(refund.apply(command), Err(RefundRejection::OwnRequest));
    }
    let taken_back = refund.apply(RefundCommand::Withdraw { by: APPROVER });
    assert_eq!(taken_back, Err(RefundRejection::NotTheRequester));
}

#[test]
fn every_name_reads_back() {
    for state in RefundState::ALL {
        assert_eq!(RefundState::parse(state.as_str()), Some(state));
    }
    for route in RefundRoute::ALL {
        assert_eq!(RefundRoute::parse(route.as_str()), Some(route));
    }
    for ground in RefundGround::ALL {
        assert_eq!(RefundGround::parse(ground.as_str()), Some(ground));
    }
    for part in [RefundPart::Whole, RefundPart::Overpaid, RefundPart::Line(3)] {
        assert_eq!(RefundPart::parse(&part.to_string()), Some(part));
    }
    for text in ["", "line:", "line:x", "lines"] {
        assert_eq!(RefundPart::parse(text), None);
    }
}

#[test]
fn r97_a_paid_fee_goes_back_only_as_the_ordinance_allows() {
    use CaseStage as Stage;
    use RefundGround as Ground;
    let policies = [RefundPolicy::Never, RefundPolicy::IfNotAccepted, RefundPolicy::NotAttributable];
    for policy in policies {
        for stage in [Stage::EndedWithoutDecision, Stage::Open, Stage::Decided] {
            // what was never owed is no fee.
            for ground in [Ground::Overpaid, Ground::AssessmentError] {
                assert_eq!(permits(ground, policy, stage), Ok(()));
            }
            // the word alone is no decision on a waiver.
            assert_eq!(permits(Ground::Waiver, policy, stage), Err(GroundRejection::DecidedAsWaiver));
            let beyond = permits(Ground::NotAttributable, policy, stage);
            assert_eq!(beyond.is_ok(), policy == RefundPolicy::NotAttributable);
            let unaccepted = permits(Ground::NotAccepted, policy, stage);
            let ended = stage == Stage::EndedWithoutDecision;
            assert_eq!(unaccepted.is_ok(), policy == RefundPolicy::IfNotAccepted && ended);
        }
    }
    let examined = permits(Ground::NotAccepted, RefundPolicy::IfNotAccepted, Stage::Decided);
    assert_eq!(examined, Err(GroundRejection::NotInThisState));
    let never = permits(Ground::NotAccepted, RefundPolicy::Never, Stage::EndedWithoutDecision);
    assert_eq!(never, Err(GroundRejection::NotByOrdinance));
}

#[test]
fn case_and_money_propose_a_ground() {
    let ended = CaseStage::EndedWithoutDecision;
    assert_eq!(proposed(RefundPolicy::Never, CaseStage::Open, yen(1)), Some(RefundGround::Overpaid));
    assert_eq!(proposed(RefundPolicy::IfNotAccepted, ended, Yen::ZERO), Some(RefundGround::NotAccepted));
    assert_eq!(proposed(RefundPolicy::Never, ended, Yen::ZERO), None);
    assert_eq!(proposed(RefundPolicy::IfNotAccepted, CaseStage::Open, Yen::ZERO), None);
}

fn parts() -> Vec<Refundable> {
    let part = |part, available| Refundable { part, available: yen(available) };
    vec![part(RefundPart::Line(1), 700), part(RefundPart::Line(2), 300), part(RefundPart::Overpaid, 50)]
}

fn planned(part: RefundPart, amount: i64) -> PlannedPart {
    PlannedPart { part, amount: yen(amount) }
}

#[test]
fn an_amount_is_taken_out_of_the_lines_that_are_named_or_leave_no_choice() {
    let error = RefundGround::AssessmentError;
    let whole = plan(error, &parts(), yen(1_000), None).unwrap();
    assert_eq!(whole, [planned(RefundPart::Line(1), 700), planned(RefundPart::Line(2), 300)]);
    assert_eq!(plan(error, &parts(), yen(400), None), Err(PlanRejection::LinesNeeded));
    let named = [planned(RefundPart::Line(2), 300), planned(RefundPart::Line(1), 100)];
    assert_eq!(plan(error, &parts(), yen(400), Some(&named)).unwrap(), named);
    assert_eq!(plan(error, &parts(), yen(401), Some(&named)), Err(PlanRejection::LinesDiffer));
    let twice = [planned(RefundPart::Line(2), 200), planned(RefundPart::Line(2), 200)];
    assert_eq!(plan(error, &parts(), yen(400), Some(&twice)), Err(PlanRejection::LinesDiffer));
    let other = [planned(RefundPart::Overpaid, 50)];
    assert_eq!(plan(error, &parts(), yen(50), Some(&other)), Err(PlanRejection::LinesDiffer));
    let too_much = [planned(RefundPart::Line(2), 301)];
    let left = PlanRejection::TooMuch { available: yen(300) };
    assert_eq!(plan(error, &parts(), yen(301), Some(&too_much)), Err(left));
}

#[test]
fn what_came_beyond_the_debt_goes_back_for_that_ground_alone() {
    let overpaid = RefundGround::Overpaid;
    assert_eq!(plan(overpaid, &parts(), yen(50), None).unwrap(), [planned(RefundPart::Overpaid, 50)]);
    assert_eq!(plan(overpaid, &parts(), yen(51), None), Err(PlanRejection::TooMuch { available: yen(50) }));
    assert_eq!(plan(overpaid, &parts(), Yen::ZERO, None), Err(PlanRejection::Nothing));
}

#[test]
fn two_refunds_of_sixty_per_cent_never_both_fit() {
    let empty = Headroom { ceiling: yen(10_000), reserved: Yen::ZERO };
    let first = empty.reserve(yen(6_000)).unwrap();
    assert!(first.reserve(yen(6_000)).is_err());
    assert_eq!(first.available(), yen(4_000));
    assert_eq!(first.release(yen(6_000)).unwrap(), empty);
}

proptest! {
    #[test]
    fn refunds_in_whatever_order_never_exceed_what_was_taken(
        ceiling in 0..50_000_i64,
        steps in prop::collection::vec((0..60_000_i64, 0..16_usize), 0..40),
    ) {
        let mut headroom = Headroom { ceiling: yen(ceiling), reserved: Yen::ZERO };
        let mut refunds: Vec<(Refund, Yen)> = Vec::new();
        for (number, which) in steps {
            if which == 0 {
                let amount = yen(number);
                if let Ok(next) = headroom.reserve(amount) {
                    headroom = next;
                    let state = RefundState::Requested;
                    refunds.push((Refund { state, route: RefundRoute::Gateway, requested_by: REQUESTER }, amount));
                }
            } else if !refunds.is_empty() {
                let index = usize::try_from(number).unwrap() % refunds.len();
                let (refund, amount) = &mut refunds[index];
                let command = commands()[which - 1].1;
                // As the use case asks before it takes the step.
                let fits = command != RefundCommand::FindAfterAll || headroom.reserve(*amount).is_ok();
                if let Some(moved) = refund.apply(command).ok().filter(|_| fits) {
                    refund.state = moved.next;
                    if matches!(moved.effect, RefundEffect::Release | RefundEffect::Undo) {
                        headroom = headroom.release(*amount).unwrap();
                    } else if moved.effect == RefundEffect::Revive {
                        headroom = headroom.reserve(*amount).unwrap();
                    }
                }
            }
            let held: i64 = refunds.iter().filter(|(one, _)| one.state.holds_headroom()).map(|(_, sum)| sum.amount()).sum();
            let paid: i64 = refunds.iter().filter(|(one, _)| one.state.is_paid()).map(|(_, sum)| sum.amount()).sum();
            prop_assert_eq!(headroom.reserved.amount(), held);
            prop_assert!(paid <= held && held <= ceiling);
        }
    }
}
