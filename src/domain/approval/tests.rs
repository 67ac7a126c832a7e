//! Tests of routes and seals.

use aws_lc_rs::digest::{SHA256, digest};
use proptest::prelude::*;
use uuid::Uuid;

use super::body::LONGEST_TEXT;
use super::*;
use crate::domain::disposition::{Reason, ReasonParts};
use crate::domain::id::{AccountId, TenantCode};
use crate::domain::policy::Role;
use crate::domain::procedure::{ApprovalStep, StandingDecision};

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

fn sealing(stage: usize, desk: Desk) -> RouteStep {
    RouteStep { desk, kind: StepKind::Seal, stage, deadline_days: None }
}

fn route_of(roles: &[Role]) -> Vec<RouteStep> {
    (1..).zip(roles).map(|(stage, role)| sealing(stage, desk(*role))).collect()
}

fn two_desks() -> Proposal {
    let route = route_of(&[Role::GroupManager, Role::SectionChief]);
    Proposal::draft(DRAFTER, Weight::Ordinary, route)
}

fn manager() -> OfficerAuthority {
    officer(2, "kanri", Role::GroupManager)
}

fn chief() -> OfficerAuthority {
    officer(3, "kanri", Role::SectionChief)
}

fn at_second_desk() -> Proposal {
    two_desks().approve(&manager(), Capacity::Own).unwrap().0
}

fn says(result: Result<Proposal, Rejection>) -> String {
    match result {
        Ok(Proposal { state: ProposalState::InApproval { stage }, .. }) => format!("step {stage}"),
        Ok(proposal) => proposal.state.as_str().to_owned(),
        Err(Rejection::NotInApproval(_)) => "closed".to_owned(),
        Err(Rejection::OwnProposal) => "own".to_owned(),
        Err(Rejection::NotYourStep { .. }) => "not yours".to_owned(),
        Err(Rejection::AlreadySealed { sealed }) => format!("sealed {sealed}"),
        Err(Rejection::NotTheDrafter) => "not drafter".to_owned(),
        Err(Rejection::NotBefore { .. }) => "not before".to_owned(),
        Err(Rejection::NotInstructed(_)) => "not instructed".to_owned(),
        Err(Rejection::NotConsulted { .. }) => "not consulted".to_owned(),
        Err(Rejection::NotHeavier(_)) => "not heavier".to_owned(),
    }
}

/// Every state against every kind of officer: approve, return to drafter, return to step 1, recall.
#[test]
fn r118_the_table_of_approval_is_exactly_this() {
    let states = [
        ("first desk", two_desks()),
        ("second desk", at_second_desk()),
        ("approved", at_second_desk().approve(&chief(), Capacity::Own).unwrap().0),
        ("returned", two_desks().send_back(&manager(), Capacity::Own, 0).unwrap()),
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
            let approved = says(proposal.clone().approve(officer, Capacity::Own).map(|(next, _)| next));
            let to_drafter = says(proposal.clone().send_back(officer, Capacity::Own, 0));
            let to_first = says(proposal.clone().send_back(officer, Capacity::Own, 1));
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
    let (proposal, _) = two_desks().approve(&both, Capacity::Own).unwrap();
    assert_eq!(says(proposal.clone().approve(&both, Capacity::Own).map(|(next, _)| next)), "sealed 1");
    assert_eq!(says(proposal.clone().approve(&chief(), Capacity::Own).map(|(next, _)| next)), "approved");
    // The way back stays open, and a seal that was taken off does not count.
    assert_eq!(says(proposal.clone().send_back(&both, Capacity::Own, 0)), "returned");
    let again = proposal.send_back(&both, Capacity::Own, 1).unwrap();
    assert_eq!(says(again.approve(&both, Capacity::Own).map(|(next, _)| next)), "step 2");
}

#[test]
fn r126_a_seal_shows_the_title_of_that_day() {
    let (proposal, progress) = at_second_desk().approve(&chief(), Capacity::Own).unwrap();
    assert_eq!(progress, Progress::Final);
    let seal = Seal { officer: chief().officer, title: "section_chief3".into(), acting_for: None };
    assert_eq!(proposal.steps[1].state, StepState::Approved(seal));
}

#[test]
fn a_return_to_an_earlier_desk_needs_every_seal_from_there_anew() {
    let proposal = at_second_desk().send_back(&chief(), Capacity::Own, 1).unwrap();
    assert!(proposal.steps.iter().all(|step| step.state == StepState::Waiting));
    let (proposal, progress) = proposal.approve(&manager(), Capacity::Own).unwrap();
    assert_eq!((proposal.state, progress), (ProposalState::InApproval { stage: 2 }, Progress::NextDesk));
}

fn owned(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|text| (*text).to_owned()).collect()
}

fn body(decision: DecisionKind, reasons: &[&str], conditions: &[&str]) -> ProposalBody {
    let reasons = reasons.iter().map(|text| Reason::Text((*text).to_owned())).collect();
    ProposalBody::Decision(DecisionProposal {
        decision,
        reasons,
        conditions: owned(conditions),
        without_opinion: None,
    })
}

#[test]
fn r27_what_burdens_needs_reasons_and_all_faults_are_named() {
    use DecisionKind::{ConditionalGrant, Grant, PartialRefusal, Refuse};
    let long = "あ".repeat(LONGEST_TEXT + 1);
    let parts = || {
        let part = |text: &str| text.to_owned();
        let parts = ReasonParts {
            fact: part("資格がない"), clause: part("第6条"), criterion: part("基準3")
        };
        vec![Reason::Parts(parts)]
    };
    let with_parts = |decision, conditions: &[&str]| {
        let (reasons, conditions) = (parts(), owned(conditions));
        ProposalBody::Decision(DecisionProposal { decision, reasons, conditions, without_opinion: None })
    };
    for (body, expected) in [
        (body(Grant, &[], &[]), vec![]),
        (body(Grant, &["審査基準に適合する"], &[]), vec![]),
        (body(Grant, &[], &["年1回の報告"]), vec!["/decision conditional_grant"]),
        (body(ConditionalGrant, &[], &["年1回の報告"]), vec!["/reasons required"]),
        (with_parts(ConditionalGrant, &["年1回の報告"]), vec![]),
        (with_parts(ConditionalGrant, &[]), vec!["/conditions required"]),
        (with_parts(PartialRefusal, &[]), vec![]),
        (with_parts(Refuse, &[]), vec![]),
        (body(Refuse, &[], &[]), vec!["/reasons required"]),
        (body(Refuse, &["第6条"], &[]), vec!["/reasons/0 parts_required"]),
        (body(Refuse, &[" ", ""], &["x"]), vec!["/reasons required", "/conditions not_for_refusals"]),
        (with_parts(PartialRefusal, &[&long, ""]), vec!["/conditions/0 too_long", "/conditions/1 required"]),
    ] {
        let found: Vec<_> =
            body.faults().iter().map(|fault| format!("{} {}", fault.pointer, fault.code)).collect();
        assert_eq!(found, expected, "{body:?}");
    }
}

/// What was proposed before reasons had parts reads back to the very bytes that were hashed.
#[test]
fn r117_the_hash_of_an_old_text_stays_verifiable() {
    let stored = r#"{"decision":"refuse","reasons":["第6条に該当"],"conditions":[]}"#;
    let read = ProposalBody::read(Subject::Decision, stored.as_bytes()).unwrap();
    assert_eq!(read, body(DecisionKind::Refuse, &["第6条に該当"], &[]));
    let hash = data_encoding::HEXLOWER.encode(digest(&SHA256, stored.as_bytes()).as_ref());
    assert_eq!(read.sha256(), hash);
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
        let mut proposal = Proposal::draft(DRAFTER, Weight::Ordinary, route_of(&roles[..desks]));
        for (action, who, to_step) in moves {
            let role = if who % 2 == 0 { Role::GroupManager } else { Role::SectionChief };
            let actor = officer(who + 1, "kanri", role);
            let before = proposal.clone();
            let next = match action {
                0 => proposal.clone().approve(&actor, Capacity::Own).map(|(next, _)| next),
                1 => proposal.clone().send_back(&actor, Capacity::Own, to_step),
                _ => proposal.clone().recall(actor.officer),
            };
            let Ok(next) = next else { continue };
            prop_assert!(matches!(before.state, ProposalState::InApproval { .. }), "{before:?}");
            proposal = next;
            for (index, step) in proposal.steps.iter().enumerate() {
                let number = index + 1;
                let sealed = matches!(&step.state, StepState::Approved(seal) if seal.officer != DRAFTER);
                match proposal.state {
                    ProposalState::InApproval { stage: current } => prop_assert_eq!(sealed, number < current),
                    ProposalState::Approved => prop_assert!(sealed),
                    ProposalState::Returned | ProposalState::Recalled | ProposalState::Superseded => {}
                }
            }
        }
    }
}

fn consulted() -> Proposal {
    let step = |stage, role, department: &str, kind| RouteStep {
        desk: Desk { role, department: department.into() },
        kind,
        stage,
        deadline_days: None,
    };
    let route = vec![
        step(1, Role::GroupManager, "kanri", StepKind::Pass),
        step(2, Role::SectionChief, "doro", StepKind::Consult),
        step(2, Role::SectionChief, "kankyo", StepKind::Consult),
        step(3, Role::SectionChief, "kanri", StepKind::Seal),
    ];
    Proposal::draft(DRAFTER, Weight::Ordinary, route)
}

fn top() -> Vec<RouteStep> {
    let desk = Desk { role: Role::Head, department: "020001".into() };
    vec![RouteStep { desk, kind: StepKind::Seal, stage: 9, deadline_days: None }]
}

#[test]
fn r116_consulted_sections_act_in_any_order_and_a_disagreement_goes_up_and_stays() {
    let doro = officer(10, "doro", Role::SectionChief);
    let kankyo = officer(11, "kankyo", Role::SectionChief);
    let head = officer(12, "020001", Role::Head);
    let at_consult = consulted().approve(&manager(), Capacity::Own).unwrap().0;
    assert_eq!(at_consult.waiting().map(|(number, _)| number).collect::<Vec<_>>(), [2, 3]);
    let (one, progress) = at_consult.clone().approve(&kankyo, Capacity::Own).unwrap();
    assert_eq!((progress, one.current()), (Progress::SameStage, Some(2)));
    let (agreed, progress) = one.clone().approve(&doro, Capacity::Own).unwrap();
    assert_eq!((progress, agreed.current()), (Progress::NextDesk, Some(4)));
    assert_eq!(agreed.approve(&chief(), Capacity::Own).unwrap().1, Progress::Final);

    let (dissented, _) = one.dissent(&doro, Capacity::Own, &top()).unwrap();
    let (sealed, progress) = dissented.approve(&chief(), Capacity::Own).unwrap();
    assert_eq!((progress, sealed.current()), (Progress::NextDesk, Some(5)), "it goes up");
    let (decided, progress) = sealed.approve(&head, Capacity::Own).unwrap();
    assert_eq!(progress, Progress::Final);
    assert!(matches!(decided.steps[1].state, StepState::Dissented(_)), "nothing overwrites it");
    let refused = consulted().dissent(&manager(), Capacity::Own, &top());
    assert_eq!(refused, Err(Rejection::NotConsulted { step: 1 }));
}

#[test]
fn r119_a_desk_that_comes_again_is_passed_over_and_a_return_does_not_ask_it() {
    let mut merged = consulted().approve(&manager(), Capacity::Own).unwrap().0;
    for step in &mut merged.steps {
        "kanri".clone_into(&mut step.planned.desk.department);
    }
    merged.pass_over_repeated_desks();
    assert_eq!((merged.current(), merged.state), (Some(4), ProposalState::InApproval { stage: 3 }));
    let nowhere = merged.clone().send_back(&chief(), Capacity::Own, 2);
    assert_eq!(nowhere, Err(Rejection::NotBefore { step: 4, to_step: 2 }));
    let back = merged.clone().send_back(&chief(), Capacity::Own, 1).unwrap();
    let (again, progress) = back.approve(&manager(), Capacity::Own).unwrap();
    assert_eq!((progress, again), (Progress::NextDesk, merged.clone()));
    assert_eq!(merged.approve(&chief(), Capacity::Own).unwrap().1, Progress::Final);
    let route: Vec<RouteStep> = consulted().steps.into_iter().map(|step| step.planned).collect();
    assert_eq!(each_desk_once(&route), route, "of different desks none is left out");
}

#[test]
fn a_return_to_a_stage_voids_its_seals_and_every_one_behind() {
    let doro = officer(10, "doro", Role::SectionChief);
    let kankyo = officer(11, "kankyo", Role::SectionChief);
    let mut proposal = consulted().approve(&manager(), Capacity::Own).unwrap().0;
    for who in [&doro, &kankyo] {
        proposal = proposal.approve(who, Capacity::Own).unwrap().0;
    }
    let sealed =
        |proposal: &Proposal| proposal.steps.iter().filter(|step| step.state.seal().is_some()).count();
    for (to_step, stage, left) in [(1, 1, 0), (2, 2, 1), (3, 2, 1)] {
        let back = proposal.clone().send_back(&chief(), Capacity::Own, to_step).unwrap();
        assert_eq!(back.state, ProposalState::InApproval { stage });
        assert_eq!(sealed(&back), left, "to step {to_step}");
    }
    let not_before = Err(Rejection::NotBefore { step: 4, to_step: 4 });
    assert_eq!(proposal.send_back(&chief(), Capacity::Own, 4), not_before);
}

fn stand_in(absent: &OfficerAuthority, instruction: Instruction) -> StandIn {
    StandIn { absent: absent.officer, posts: absent.posts.clone(), instruction }
}

/// R-115, R-119: who acts in whose place, for every weight, with and without instruction.
#[test]
fn r115_the_table_of_acting_decisions_is_exactly_this() {
    let substitute = officer(5, "kanri", Role::Clerk);
    let drafting_chief = OfficerAuthority { officer: DRAFTER, ..chief() };
    let drafter = officer(1, "kanri", Role::Clerk);
    let mut table = Vec::new();
    for weight in Weight::ALL {
        let proposal = Proposal { weight, ..at_second_desk() };
        for instruction in [Instruction::None, Instruction::Given] {
            let says = |who: &OfficerAuthority, absent: &OfficerAuthority| {
                let place = stand_in(absent, instruction);
                says(proposal.clone().approve(who, Capacity::Acting(&place)).map(|(next, _)| next))
            };
            table.push(format!(
                "{} {instruction:?}: substitute {} | drafter {} | for the drafter {} | for oneself {} | who passed it on {}",
                weight.as_str(),
                says(&substitute, &chief()),
                says(&drafter, &chief()),
                says(&substitute, &drafting_chief),
                says(&chief(), &chief()),
                says(&manager(), &chief()),
            ));
        }
    }
    let row = |weight: &str, instruction: &str, substitute: &str, manager: &str| {
        format!(
            "{weight} {instruction}: substitute {substitute} | drafter own | for the drafter own | for oneself not yours | \
             who passed it on {manager}"
        )
    };
    let mut expected = Vec::new();
    for weight in ["ordinary", "novel", "important", "unusual"] {
        let bare = if weight == "ordinary" {
            ("approved", "sealed 1")
        } else {
            ("not instructed", "not instructed")
        };
        expected.push(row(weight, "None", bare.0, bare.1));
        expected.push(row(weight, "Given", "approved", "sealed 1"));
    }
    assert_eq!(table, expected);
    let place = stand_in(&chief(), Instruction::None);
    let (sealed, _) = at_second_desk().approve(&substitute, Capacity::Acting(&place)).unwrap();
    let seal =
        Seal { officer: substitute.officer, title: "clerk5".into(), acting_for: Some(chief().officer) };
    assert_eq!(sealed.steps[1].state, StepState::Approved(seal));
}

#[test]
fn r114_a_matter_only_gains_weight_and_then_goes_up_once() {
    let heavier = |from: Weight, to: Weight, who: &OfficerAuthority| {
        let proposal = Proposal { weight: from, ..two_desks() };
        match proposal.escalate(who, to, &top()) {
            Ok(next) => format!("{} steps", next.steps.len()),
            Err(no) => says(Err(no)),
        }
    };
    let drafter = officer(1, "kanri", Role::Clerk);
    for who in [&drafter, &manager()] {
        assert_eq!(heavier(Weight::Ordinary, Weight::Novel, who), "2 steps");
        for weight in [Weight::Important, Weight::Unusual] {
            assert_eq!(heavier(Weight::Ordinary, weight, who), "3 steps");
            assert_eq!(heavier(Weight::Novel, weight, who), "3 steps");
            for to in Weight::ALL {
                assert_eq!(heavier(weight, to, who), "not heavier");
            }
        }
        assert_eq!(heavier(Weight::Ordinary, Weight::Ordinary, who), "not heavier");
    }
    assert_eq!(heavier(Weight::Ordinary, Weight::Important, &chief()), "not yours");
}

/// R-113, R-114: amount, kind and weight choose who closes the route.
#[test]
fn r113_amount_kind_and_weight_choose_the_closing_desk() {
    let steps: Vec<ApprovalStep> = serde_json::from_value(serde_json::json!([
        { "role": "group_manager", "kind": "pass" },
        { "role": "section_chief", "department": "a", "kind": "consult", "parallel": 1 },
        { "role": "section_chief", "department": "b", "kind": "consult", "parallel": 1 },
        { "role": "section_chief" },
        { "role": "director", "department": "bu" },
    ]))
    .unwrap();
    let standing: Vec<StandingDecision> = serde_json::from_value(serde_json::json!([
        { "closes_at": "section_chief", "decisions": ["grant"], "amount_below": 1_200_000, "basis": "第4条" },
    ]))
    .unwrap();
    let deciding: DecidingDesk = serde_json::from_value(serde_json::json!(
        { "role": "head", "department": "020001", "source": "x" }
    ))
    .unwrap();
    let ladder =
        Ladder { steps: &steps, standing: &standing, department: "kanri", deciding: Some(&deciding) };
    let (grant, refuse, none): (&[&str], &[&str], &[&str]) = (&["grant"], &["refuse"], &[]);
    let conditional: &[&str] = &["conditional_grant"];
    for (names, amount, weight, closing) in [
        (grant, Some(0), Weight::Ordinary, "section_chief 4 第4条"),
        (grant, Some(1_199_999), Weight::Novel, "section_chief 4 第4条"),
        (grant, Some(1_200_000), Weight::Ordinary, "director 5 -"),
        (grant, None, Weight::Ordinary, "director 5 -"),
        (refuse, Some(0), Weight::Ordinary, "director 5 -"),
        (none, Some(0), Weight::Ordinary, "director 5 -"),
        (conditional, Some(0), Weight::Ordinary, "director 5 -"),
        (grant, Some(0), Weight::Important, "head 6 -"),
        (refuse, None, Weight::Unusual, "head 6 -"),
    ] {
        let route = ladder.route(Matter { names, amount, weight }).unwrap();
        let last = route.steps.last().unwrap();
        let basis = route.standing_basis.as_deref().unwrap_or("-");
        let says = format!("{} {} {basis}", last.desk.role.as_str(), route.steps.len());
        assert_eq!(says, closing, "{names:?} {amount:?} {weight:?}");
    }
    let stages: Vec<_> = ladder.upward().unwrap().iter().map(|step| step.stage).collect();
    assert_eq!(stages, [1, 2, 2, 3, 4, 5]);
    let nobody = Ladder { steps: &[], standing: &[], department: "kanri", deciding: None };
    assert_eq!(nobody.upward().unwrap()[0].desk, desk(Role::SectionChief));
}

/// Every subject against every state of a case of either kind.
#[test]
fn r2_a_subject_fits_exactly_these_states() {
    use crate::domain::application::StateName;
    use crate::domain::procedure::ProcedureKind::{Application, Notification};
    let fits = |subject: Subject, kind| {
        let states = StateName::ALL.into_iter().filter(|state| subject.fits(kind, *state));
        states.map(StateName::as_str).collect::<Vec<_>>().join(" ")
    };
    let open = "submitted under_review correction_requested inquiry in_approval decided";
    assert_eq!(fits(Subject::Decision, Application), "under_review in_approval");
    assert_eq!(fits(Subject::Decision, Notification), "");
    for later in [Subject::Correction, Subject::PermitOrder] {
        assert_eq!(fits(later, Application), "decided closed");
        assert_eq!(fits(later, Notification), "");
    }
    for kind in [Application, Notification] {
        assert_eq!(fits(Subject::Waiver, kind), open);
        assert_eq!(fits(Subject::WriteOff, kind), format!("{open} closed withdrawn"));
    }
}

#[test]
fn r117_a_decision_keeps_the_bytes_it_always_had() {
    let body = body(DecisionKind::Grant, &["a"], &["b"]);
    let text = serde_json::to_vec(&body).unwrap();
    assert_eq!(text, br#"{"decision":"grant","reasons":["a"],"conditions":["b"]}"#);
    assert_eq!(ProposalBody::read(Subject::Decision, &text).unwrap(), body);
    assert!(ProposalBody::read(Subject::Waiver, &text).is_err());
}
