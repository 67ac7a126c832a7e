//! Tests of routes and seals.

use proptest::prelude::*;
use uuid::Uuid;

use super::*;
use crate::domain::id::{AccountId, TenantCode};

const DRAFTER: OfficerId = OfficerId(Uuid::from_u128(1));

fn officer(number: u128, department: &str, role: Role) -> OfficerAuthority {
    OfficerAuthority {
        account: AccountId(Uuid::from_u128(number)),
        officer: OfficerId(Uuid::from_u128(number)),
        tenant: TenantCode::parse("020001").unwrap(),
        posts: vec![Post {
            department: department.into(),
            role,
            title: format!("{}{number}", role.as_str()),
        }],
    }
}

fn desk(role: Role) -> Desk {
    Desk { role, department: "kanri".into() }
}

fn two_desks() -> Proposal {
    Proposal::draft(DRAFTER, vec![desk(Role::GroupManager), desk(Role::SectionChief)])
}

fn manager() -> OfficerAuthority {
    officer(2, "kanri", Role::GroupManager)
}

fn chief() -> OfficerAuthority {
    officer(3, "kanri", Role::SectionChief)
}

fn at_second_desk() -> Proposal {
    two_desks().approve(&manager()).unwrap().0
}

fn says(result: Result<Proposal, Rejection>) -> String {
    match result {
        Ok(Proposal { state: ProposalState::InApproval { step }, .. }) => format!("step {step}"),
        Ok(proposal) => proposal.state.as_str().to_owned(),
        Err(Rejection::NotInApproval(_)) => "closed".to_owned(),
        Err(Rejection::OwnProposal) => "own".to_owned(),
        Err(Rejection::NotYourStep { .. }) => "not yours".to_owned(),
        Err(Rejection::AlreadySealed { sealed }) => format!("sealed {sealed}"),
        Err(Rejection::NotTheDrafter) => "not drafter".to_owned(),
        Err(Rejection::NotBefore { .. }) => "not before".to_owned(),
    }
}

/// Every state against every kind of officer: approve, return to drafter, return to step 1, recall.
#[test]
fn r118_the_table_of_approval_is_exactly_this() {
    let states = [
        ("first desk", two_desks()),
        ("second desk", at_second_desk()),
        ("approved", at_second_desk().approve(&chief()).unwrap().0),
        ("returned", two_desks().send_back(&manager(), 0).unwrap()),
        ("recalled", two_desks().recall(DRAFTER).unwrap()),
    ];
    let mut chief_of_drafter = officer(1, "kanri", Role::SectionChief);
    chief_of_drafter.posts.extend(manager().posts);
    let officers = [
        ("drafter", chief_of_drafter),
        ("manager", manager()),
        ("chief", chief()),
        ("chief elsewhere", officer(4, "doro", Role::SectionChief)),
        ("clerk", officer(5, "kanri", Role::Clerk)),
        ("accountant", officer(6, "kanri", Role::Accountant)),
    ];
    let mut table = Vec::new();
    for (state, proposal) in &states {
        for (name, officer) in &officers {
            let approved = says(proposal.clone().approve(officer).map(|(next, _)| next));
            let to_drafter = says(proposal.clone().send_back(officer, 0));
            let to_first = says(proposal.clone().send_back(officer, 1));
            let recalled = says(proposal.clone().recall(officer.officer));
            table.push(format!("{state}, {name}: {approved} | {to_drafter} | {to_first} | {recalled}"));
        }
    }
    let mut expected = vec![
        "first desk, drafter: own | own | own | recalled".to_owned(),
        "first desk, manager: step 2 | returned | not before | not drafter".to_owned(),
        "first desk, chief: not yours | not yours | not yours | not drafter".to_owned(),
        "first desk, chief elsewhere: not yours | not yours | not yours | not drafter".to_owned(),
        "first desk, clerk: not yours | not yours | not yours | not drafter".to_owned(),
        "first desk, accountant: not yours | not yours | not yours | not drafter".to_owned(),
        "second desk, drafter: own | own | own | recalled".to_owned(),
        "second desk, manager: not yours | not yours | not yours | not drafter".to_owned(),
        "second desk, chief: approved | returned | step 1 | not drafter".to_owned(),
        "second desk, chief elsewhere: not yours | not yours | not yours | not drafter".to_owned(),
        "second desk, clerk: not yours | not yours | not yours | not drafter".to_owned(),
        "second desk, accountant: not yours | not yours | not yours | not drafter".to_owned(),
    ];
    for state in ["approved", "returned", "recalled"] {
        for (name, _) in &officers {
            expected.push(format!("{state}, {name}: closed | closed | closed | closed"));
        }
    }
    assert_eq!(table, expected);
}

#[test]
fn r119_an_officer_with_two_posts_seals_one_step_only() {
    let mut both = manager();
    both.posts.extend(chief().posts);
    let (proposal, _) = two_desks().approve(&both).unwrap();
    assert_eq!(says(proposal.clone().approve(&both).map(|(next, _)| next)), "sealed 1");
    assert_eq!(says(proposal.clone().approve(&chief()).map(|(next, _)| next)), "approved");
    // The way back stays open, and a seal that was taken off does not count.
    assert_eq!(says(proposal.clone().send_back(&both, 0)), "returned");
    let again = proposal.send_back(&both, 1).unwrap();
    assert_eq!(says(again.approve(&both).map(|(next, _)| next)), "step 2");
}

#[test]
fn r126_a_seal_shows_the_title_of_that_day() {
    let (proposal, progress) = at_second_desk().approve(&chief()).unwrap();
    assert_eq!(progress, Progress::Final);
    let seal = Seal { officer: chief().officer, title: "section_chief3".into() };
    assert_eq!(proposal.steps[1].state, StepState::Approved(seal));
}

#[test]
fn a_return_to_an_earlier_desk_needs_every_seal_from_there_anew() {
    let proposal = at_second_desk().send_back(&chief(), 1).unwrap();
    assert!(proposal.steps.iter().all(|step| step.state == StepState::Waiting));
    let (proposal, progress) = proposal.approve(&manager()).unwrap();
    assert_eq!((proposal.state, progress), (ProposalState::InApproval { step: 2 }, Progress::NextDesk));
}

fn body(decision: DecisionKind, reasons: &[&str], conditions: &[&str]) -> ProposalBody {
    let owned = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect();
    ProposalBody { decision, reasons: owned(reasons), conditions: owned(conditions) }
}

#[test]
fn r27_a_refusal_without_reasons_is_faulty_and_all_faults_are_named() {
    use DecisionKind::{Grant, Refuse};
    let long = "あ".repeat(LONGEST_TEXT + 1);
    for (body, expected) in [
        (body(Grant, &[], &[]), vec![]),
        (body(Grant, &[], &["年1回の報告"]), vec![]),
        (body(Grant, &["  "], &[""]), vec!["/reasons/0 required", "/conditions/0 required"]),
        (body(Refuse, &["電気工事業法第6条第1項第1号に該当"], &[]), vec![]),
        (body(Refuse, &[], &[]), vec!["/reasons required"]),
        (body(Refuse, &[" ", ""], &["x"]), vec!["/reasons required", "/conditions not_for_refusals"]),
        (body(Refuse, &["第6条", ""], &[]), vec!["/reasons/1 required"]),
        (body(Grant, &[], &[&long]), vec!["/conditions/0 too_long"]),
    ] {
        let found: Vec<_> =
            body.faults().iter().map(|fault| format!("{} {}", fault.pointer, fault.code)).collect();
        assert_eq!(found, expected, "{body:?}");
    }
}

#[test]
fn r117_every_byte_of_the_text_counts() {
    let base = body(DecisionKind::Grant, &["a"], &["b"]);
    assert_eq!(base.sha256(), base.clone().sha256());
    for other in [
        body(DecisionKind::Refuse, &["a"], &["b"]),
        body(DecisionKind::Grant, &["a "], &["b"]),
        body(DecisionKind::Grant, &["a", "b"], &[]),
        body(DecisionKind::Grant, &[], &["a", "b"]),
    ] {
        assert_ne!(base.sha256(), other.sha256(), "{other:?}");
    }
}

proptest! {
    /// However the officers act: nobody seals twice from one desk, the drafter never seals, and a proposal is approved
    /// exactly when every desk before it is sealed by somebody who sits there.
    #[test]
    fn r118_random_walks_end_approved_only_with_every_seal(
        desks in 1_usize..4,
        moves in prop::collection::vec((0_u8..3, 0_u128..5, 0_usize..4), 0..40),
    ) {
        let roles = [Role::GroupManager, Role::SectionChief, Role::GroupManager, Role::SectionChief];
        let mut proposal = Proposal::draft(DRAFTER, roles.iter().take(desks).map(|role| desk(*role)).collect());
        for (action, who, to_step) in moves {
            let role = if who % 2 == 0 { Role::GroupManager } else { Role::SectionChief };
            let actor = officer(who + 1, "kanri", role);
            let before = proposal.clone();
            let next = match action {
                0 => proposal.clone().approve(&actor).map(|(next, _)| next),
                1 => proposal.clone().send_back(&actor, to_step),
                _ => proposal.clone().recall(actor.officer),
            };
            let Ok(next) = next else { continue };
            prop_assert!(matches!(before.state, ProposalState::InApproval { .. }), "{before:?}");
            proposal = next;
            for (index, step) in proposal.steps.iter().enumerate() {
                let number = index + 1;
                let sealed = matches!(&step.state, StepState::Approved(seal) if seal.officer != DRAFTER);
                match proposal.state {
                    ProposalState::InApproval { step: current } => prop_assert_eq!(sealed, number < current),
                    ProposalState::Approved => prop_assert!(sealed),
                    ProposalState::Returned | ProposalState::Recalled => {}
                }
            }
        }
    }
}
