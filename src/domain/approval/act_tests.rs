//! Every act against every state and every kind of officer, and every order of acts over days on which posts and absences change.

use proptest::prelude::*;
use uuid::Uuid;

use super::*;
use crate::domain::id::{AccountId, TenantCode};
use crate::domain::policy::Role;

const DRAFTER: u128 = 1;

fn officer(number: u128, posts: Vec<Post>) -> OfficerAuthority {
    OfficerAuthority {
        account: AccountId(Uuid::from_u128(number)),
        officer: OfficerId(Uuid::from_u128(number)),
        tenant: TenantCode::parse("020001").unwrap(),
        posts,
    }
}

fn post(department: &str, role: Role) -> Post {
    Post { department: department.into(), role, title: format!("{} {department}", role.as_str()) }
}

fn step(stage: usize, department: &str, role: Role, kind: StepKind) -> RouteStep {
    RouteStep { desk: Desk { role, department: department.into() }, kind, stage, deadline_days: None }
}

/// 回議, parallel 合議, 決裁.
fn route() -> Vec<RouteStep> {
    vec![
        step(1, "kanri", Role::GroupManager, StepKind::Pass),
        step(2, "doro", Role::SectionChief, StepKind::Consult),
        step(2, "kankyo", Role::SectionChief, StepKind::Consult),
        step(3, "kanri", Role::SectionChief, StepKind::Seal),
    ]
}

fn top() -> Vec<RouteStep> {
    vec![step(9, "020001", Role::Head, StepKind::Seal)]
}

fn manager() -> OfficerAuthority {
    officer(2, vec![post("kanri", Role::GroupManager)])
}

fn doro() -> OfficerAuthority {
    officer(3, vec![post("doro", Role::SectionChief)])
}

fn kankyo() -> OfficerAuthority {
    officer(4, vec![post("kankyo", Role::SectionChief)])
}

fn chief() -> OfficerAuthority {
    officer(5, vec![post("kanri", Role::SectionChief)])
}

fn place(of: &OfficerAuthority) -> StandIn {
    StandIn { absent: of.officer, posts: of.posts.clone(), instruction: Instruction::None }
}

fn letter<T>(result: &Result<T, Rejection>) -> char {
    match result {
        Ok(_) => 'A',
        Err(Rejection::NotInApproval(_)) => 'c',
        Err(Rejection::OwnProposal) => 'o',
        Err(Rejection::NotYourStep { .. }) => 'n',
        Err(Rejection::AlreadySealed { .. }) => 's',
        Err(Rejection::NotInstructed(_)) => 'i',
        Err(Rejection::NotConsulted { .. }) => 'k',
        Err(Rejection::NotTheDrafter) => 'd',
        Err(Rejection::NotHeavier(_)) => 'h',
        Err(Rejection::NotBefore { .. }) => 'b',
    }
}

/// Approve, dissent, return to the drafter, return to step 1; recall, supersede, escalate, instruct.
fn letters(proposal: &Proposal, who: &OfficerAuthority, capacity: Capacity<'_>) -> String {
    let at = || proposal.clone();
    [
        letter(&at().approve(who, capacity)),
        letter(&at().dissent(who, capacity, &top())),
        letter(&at().send_back(who, capacity, 0)),
        letter(&at().send_back(who, capacity, 1)),
        letter(&at().recall(who.officer)),
        letter(&at().supersede(who.officer)),
        letter(&at().escalate(who, Weight::Important, &top())),
        letter(&at().step_to_instruct(who)),
    ]
    .into_iter()
    .collect()
}

fn states() -> Vec<(&'static str, Proposal)> {
    let first = Proposal::draft(OfficerId(Uuid::from_u128(DRAFTER)), Weight::Ordinary, route());
    let consult = first.clone().approve(&manager(), Capacity::Own).unwrap().0;
    let half = consult.clone().approve(&doro(), Capacity::Own).unwrap().0;
    let last = half.clone().approve(&kankyo(), Capacity::Own).unwrap().0;
    let drafter = OfficerId(Uuid::from_u128(DRAFTER));
    vec![
        ("first desk", first.clone()),
        ("first desk, novel", Proposal { weight: Weight::Novel, ..first.clone() }),
        ("consulted", consult),
        ("half consulted", half),
        ("last desk", last.clone()),
        ("approved", last.approve(&chief(), Capacity::Own).unwrap().0),
        ("returned", first.clone().send_back(&manager(), Capacity::Own, 0).unwrap()),
        ("recalled", first.clone().recall(drafter).unwrap()),
        ("superseded", first.supersede(drafter).unwrap()),
    ]
}

/// What every act comes to while the proposal is on its route.
const OPEN: [&str; 65] = [
    "ooooAAAo first desk: drafter at every desk",
    "AkAbddAA first desk: manager",
    "nnnnddnA first desk: consulted",
    "nnnnddnA first desk: chief",
    "nnnnddnn first desk: head off the route",
    "nnnnddnn first desk: clerk",
    "AkAbddnn first desk: clerk for the manager",
    "nnnnddnn first desk: clerk for the consulted",
    "nnnnddnn first desk: clerk for the chief",
    "ooooddnn first desk: clerk for the drafter",
    "nnnnddAA first desk: manager for the chief",
    "ooooAAAo first desk: drafter for the chief",
    "nnnnddnA first desk: chief for the chief",
    "ooooAAAo first desk, novel: drafter at every desk",
    "AkAbddAA first desk, novel: manager",
    "nnnnddnA first desk, novel: consulted",
    "nnnnddnA first desk, novel: chief",
    "nnnnddnn first desk, novel: head off the route",
    "nnnnddnn first desk, novel: clerk",
    "iiiiddnn first desk, novel: clerk for the manager",
    "nnnnddnn first desk, novel: clerk for the consulted",
    "nnnnddnn first desk, novel: clerk for the chief",
    "ooooddnn first desk, novel: clerk for the drafter",
    "nnnnddAA first desk, novel: manager for the chief",
    "ooooAAAo first desk, novel: drafter for the chief",
    "nnnnddnA first desk, novel: chief for the chief",
    "ooooAAAo consulted: drafter at every desk",
    "nnnnddnn consulted: manager",
    "AAAAddAA consulted: consulted",
    "nnnnddnA consulted: chief",
    "nnnnddnn consulted: head off the route",
    "nnnnddnn consulted: clerk",
    "nnnnddnn consulted: clerk for the manager",
    "AAAAddnn consulted: clerk for the consulted",
    "nnnnddnn consulted: clerk for the chief",
    "ooooddnn consulted: clerk for the drafter",
    "nnnnddnn consulted: manager for the chief",
    "ooooAAAo consulted: drafter for the chief",
    "nnnnddnA consulted: chief for the chief",
    "ooooAAAo half consulted: drafter at every desk",
    "nnnnddnn half consulted: manager",
    "nnnnddnn half consulted: consulted",
    "nnnnddnA half consulted: chief",
    "nnnnddnn half consulted: head off the route",
    "nnnnddnn half consulted: clerk",
    "nnnnddnn half consulted: clerk for the manager",
    "nnnnddnn half consulted: clerk for the consulted",
    "nnnnddnn half consulted: clerk for the chief",
    "ooooddnn half consulted: clerk for the drafter",
    "nnnnddnn half consulted: manager for the chief",
    "ooooAAAo half consulted: drafter for the chief",
    "nnnnddnA half consulted: chief for the chief",
    "ooooAAAo last desk: drafter at every desk",
    "nnnnddnn last desk: manager",
    "nnnnddnn last desk: consulted",
    "AkAAddAA last desk: chief",
    "nnnnddnn last desk: head off the route",
    "nnnnddnn last desk: clerk",
    "nnnnddnn last desk: clerk for the manager",
    "nnnnddnn last desk: clerk for the consulted",
    "AkAAddnn last desk: clerk for the chief",
    "ooooddnn last desk: clerk for the drafter",
    "ssAAddnn last desk: manager for the chief",
    "ooooAAAo last desk: drafter for the chief",
    "nnnnddAA last desk: chief for the chief",
];

/// one row a state and an officer, one letter an act.
#[test]
fn r118_the_table_of_every_act_is_exactly_this() {
    let everything = officer(
        DRAFTER,
        vec![
            post("kanri", Role::GroupManager),
            post("doro", Role::SectionChief),
            post("kanri", Role::SectionChief),
        ],
    );
    let clerk = officer(6, vec![post("kanri", Role::Clerk)]);
    let elsewhere = officer(7, vec![post("020001", Role::Head)]);
    let (for_manager, for_doro, for_chief, for_drafter) =
        (place(&manager()), place(&doro()), place(&chief()), place(&everything));
    let actors = [
        ("drafter at every desk", everything.clone(), Capacity::Own),
        ("manager", manager(), Capacity::Own),
        ("consulted", doro(), Capacity::Own),
        ("chief", chief(), Capacity::Own),
        ("head off the route", elsewhere, Capacity::Own),
        ("clerk", clerk.clone(), Capacity::Own),
        ("clerk for the manager", clerk.clone(), Capacity::Acting(&for_manager)),
        ("clerk for the consulted", clerk.clone(), Capacity::Acting(&for_doro)),
        ("clerk for the chief", clerk.clone(), Capacity::Acting(&for_chief)),
        ("clerk for the drafter", clerk, Capacity::Acting(&for_drafter)),
        ("manager for the chief", manager(), Capacity::Acting(&for_chief)),
        ("drafter for the chief", everything, Capacity::Acting(&for_chief)),
        ("chief for the chief", chief(), Capacity::Acting(&for_chief)),
    ];
    let mut table = Vec::new();
    for (state, proposal) in states() {
        for (name, who, capacity) in &actors {
            table.push(format!("{} {state}: {name}", letters(&proposal, who, *capacity)));
        }
    }
    let mut expected: Vec<String> = OPEN.map(str::to_owned).into();
    for state in ["approved", "returned", "recalled", "superseded"] {
        expected.extend(actors.iter().map(|(name, ..)| format!("cccccccc {state}: {name}")));
    }
    assert_eq!(table, expected);
}

/// a post off the route gives no act, whatever its role is; its holder is told the same as a head whose desk it is not.
#[test]
fn r118_no_role_gives_an_act_to_a_desk_that_is_not_on_the_route() {
    let head = officer(7, vec![post("020001", Role::Head)]);
    for (state, proposal) in states() {
        let expected = letters(&proposal, &head, Capacity::Own);
        for role in Role::ALL {
            let who = officer(20, vec![post("elsewhere", role)]);
            assert_eq!(letters(&proposal, &who, Capacity::Own), expected, "{state}: {role:?}");
        }
    }
}

/// who owes the look afterwards, for everybody who may sit at the desk that day.
#[test]
fn r115_the_absent_officer_looks_afterwards_and_after_a_transfer_whoever_follows() {
    let acted = ActedFor {
        desk: Desk { role: Role::SectionChief, department: "kanri".into() },
        officer: OfficerId(Uuid::from_u128(6)),
        absent: chief().officer,
        drafter: OfficerId(Uuid::from_u128(DRAFTER)),
    };
    let seat = || vec![post("kanri", Role::SectionChief)];
    let line = ["kanri", "kiki-kanri", "020001"].map(str::to_owned);
    let owes_among = |number: u128, posts: Vec<Post>, absent: &[Post], holders: &[u128]| {
        let holders: Vec<_> = holders.iter().map(|holder| OfficerId(Uuid::from_u128(*holder))).collect();
        let today = DeskToday { absent_posts: absent, holders: &holders, line: &line };
        acted.owed_under(&officer(number, posts), &today).is_some()
    };
    let owes = |number: u128, posts: Vec<Post>, absent: &[Post]| owes_among(number, posts, absent, &[8]);
    assert!(owes(5, seat(), &seat()), "the absent officer, back at the desk");
    assert!(!owes(8, seat(), &seat()), "nobody else while the absent officer sits there");
    assert!(owes(8, seat(), &[]), "whoever follows");
    assert!(owes(8, seat(), &[post("doro", Role::SectionChief)]), "whoever follows");
    assert!(!owes(5, vec![post("doro", Role::SectionChief)], &[post("doro", Role::SectionChief)]), "T-7");
    assert!(!owes(6, seat(), &[]) && !owes(DRAFTER, seat(), &[]), "not who acted, not who drafted");
    assert!(!owes(9, vec![post("kanri", Role::Clerk)], &[]));

    // Who acted is the chief now: the absent officer looks from wherever, then whoever stands above; nobody beside or below.
    let (elsewhere, promoted) = (vec![post("doro", Role::Clerk)], [6]);
    assert!(owes_among(5, elsewhere.clone(), &elsewhere, &promoted));
    assert!(
        !owes_among(6, seat(), &elsewhere, &promoted)
            && !owes_among(8, elsewhere.clone(), &elsewhere, &promoted)
    );
    for (department, role, expected) in [
        ("kiki-kanri", Role::Director, true),
        ("020001", Role::Head, true),
        ("kanri", Role::GroupManager, false),
        ("kanri", Role::Accountant, false),
        ("doro-bureau", Role::Director, false),
    ] {
        let posts = vec![post(department, role)];
        assert_eq!(
            owes_among(11, posts.clone(), &[], &promoted),
            expected,
            "{department}: the absent officer has left"
        );
        assert!(
            !owes_among(11, posts.clone(), &elsewhere, &promoted),
            "{department}: the absent officer is still here"
        );
        assert!(!owes_among(11, posts, &[], &[6, 8]), "{department}: somebody else sits at the desk, too");
    }
    assert_eq!(Verdict::Objected.comment_faults(Some("  ")).len(), 1);
    assert_eq!(Verdict::Agreed.comment_faults(None), vec![]);
    assert_eq!(Verdict::Agreed.comment_faults(Some(&"あ".repeat(2_001))).len(), 1);
}

#[test]
fn r119_an_authority_seals_once_in_person_or_through_another() {
    let both = officer(5, vec![post("kanri", Role::GroupManager), post("kanri", Role::SectionChief)]);
    let pass = vec![
        step(1, "kanri", Role::GroupManager, StepKind::Pass),
        step(2, "kanri", Role::SectionChief, StepKind::Seal),
    ];
    let draft = || Proposal::draft(OfficerId(Uuid::from_u128(DRAFTER)), Weight::Ordinary, pass.clone());
    let deputy = officer(6, vec![post("doro", Role::Clerk), post("kanri", Role::Clerk)]);
    let place = place(&both);
    let (by_deputy, _) = draft().approve(&deputy, Capacity::Acting(&place)).unwrap();
    let seal = by_deputy.steps[0].state.seal().unwrap();
    assert_eq!(
        (seal.title.as_str(), seal.acting_for),
        ("clerk kanri", Some(both.officer)),
        "the title beside the desk"
    );
    assert_eq!(place.title_at(&by_deputy.steps[0].planned.desk), Some("group_manager kanri"));
    let again = by_deputy.clone().approve(&both, Capacity::Own).map(drop);
    assert_eq!(again, Err(Rejection::AlreadySealed { sealed: 1 }), "it was done in that officer's place");
    let other = officer(8, vec![post("kanri", Role::Clerk)]);
    let (in_person, _) = draft().approve(&both, Capacity::Own).unwrap();
    let through = in_person.approve(&other, Capacity::Acting(&place)).map(drop);
    assert_eq!(through, Err(Rejection::AlreadySealed { sealed: 1 }));
}

#[test]
fn r119_who_agreed_for_a_section_and_left_it_seals_at_the_new_desk() {
    let draft = || Proposal::draft(OfficerId(Uuid::from_u128(DRAFTER)), Weight::Ordinary, route());
    let passed = draft().approve(&manager(), Capacity::Own).unwrap().0;
    let agreed =
        passed.approve(&kankyo(), Capacity::Own).unwrap().0.approve(&doro(), Capacity::Own).unwrap().0;
    let moved = officer(3, vec![post("kanri", Role::SectionChief)]);
    let (done, progress) = agreed.clone().approve(&moved, Capacity::Own).unwrap();
    assert_eq!(progress, Progress::Final);
    let titles = |step: usize| done.steps[step].state.seal().unwrap().title.clone();
    assert_eq!((titles(1), titles(3)), ("section_chief doro".into(), "section_chief kanri".into()), "R-126");
    // Who serves in both sections seals once, and nobody seals twice through or for another.
    let both = officer(3, vec![post("doro", Role::SectionChief), post("kanri", Role::SectionChief)]);
    let barred = Err(Rejection::AlreadySealed { sealed: 2 });
    assert_eq!(agreed.clone().approve(&both, Capacity::Own).map(drop), barred);
    let absent = place(&chief());
    assert_eq!(agreed.clone().approve(&moved, Capacity::Acting(&absent)).map(drop), barred);
    let deputy = officer(9, vec![post("kanri", Role::Clerk)]);
    assert_eq!(agreed.approve(&deputy, Capacity::Acting(&place(&moved))).map(drop), barred);
    // Where nobody else sealed, four eyes are not enough: the section is asked anew.
    let alone = vec![
        step(1, "doro", Role::SectionChief, StepKind::Consult),
        step(2, "kanri", Role::SectionChief, StepKind::Seal),
    ];
    let alone = Proposal::draft(OfficerId(Uuid::from_u128(DRAFTER)), Weight::Ordinary, alone);
    let alone = alone.approve(&doro(), Capacity::Own).unwrap().0;
    let only = alone.clone().approve(&moved, Capacity::Own).map(drop);
    assert_eq!(only, Err(Rejection::AlreadySealed { sealed: 1 }));
    let anew = alone.send_back(&moved, Capacity::Own, 1).unwrap();
    let successor = officer(8, vec![post("doro", Role::SectionChief)]);
    let anew = anew.approve(&successor, Capacity::Own).unwrap().0;
    assert_eq!(anew.approve(&moved, Capacity::Own).map(|(_, progress)| progress), Ok(Progress::Final));
}

/// every proposal has its names, and every name that data may use is that of some proposal.
#[test]
fn r113_a_standing_decision_names_whatever_goes_its_route() {
    use crate::domain::disposition::{CorrectionProposal, OrderKind, OrderProposal};
    use crate::domain::id::PermitId;
    let mut names: Vec<&str> = Vec::new();
    for decision in DecisionKind::ALL {
        let body =
            DecisionProposal { decision, reasons: Vec::new(), conditions: Vec::new(), without_opinion: None };
        names.extend(ProposalBody::Decision(body).matter_names());
    }
    let correction = CorrectionProposal {
        error: "x".into(),
        decision: DecisionKind::Grant,
        reasons: Vec::new(),
        conditions: Vec::new(),
    };
    names.extend(ProposalBody::Correction(correction).matter_names());
    for order in [OrderKind::Revocation, OrderKind::Suspension, OrderKind::Resumption] {
        let order = OrderProposal {
            permit: PermitId(Uuid::nil()),
            order,
            ground: "x".into(),
            effective_on: jiff::civil::date(2026, 4, 1),
            until: None,
            hearing: None,
            reasons: Vec::new(),
        };
        names.extend(ProposalBody::PermitOrder(order).matter_names());
    }
    names.sort_unstable();
    names.dedup();
    let mut known = crate::domain::procedure::OF_PROCEDURE.to_vec();
    known.sort_unstable();
    assert_eq!(names, known);
}

/// Days on which posts change hands and people are away.
#[derive(Clone, Debug)]
struct World {
    /// For each day and officer, the posts held.
    posts: Vec<Vec<Vec<Post>>>,
    /// For each day the pairs of absent officer and cover.
    away: Vec<Vec<(usize, usize)>>,
}

const DAYS: usize = 3;
const OFFICERS: usize = 6;

fn a_post() -> impl Strategy<Value = Post> {
    let roles = [Role::GroupManager, Role::SectionChief, Role::Clerk, Role::Head];
    let places = ["kanri", "doro", "kankyo", "020001"];
    (0..4_usize, 0..4_usize).prop_map(move |(role, place)| post(places[place], roles[role]))
}

fn a_world() -> impl Strategy<Value = World> {
    let held = prop::collection::vec(a_post(), 0..3);
    let posts = prop::collection::vec(prop::collection::vec(held, OFFICERS), DAYS);
    let away = prop::collection::vec(prop::collection::vec((0..OFFICERS, 0..OFFICERS), 0..4), DAYS);
    (posts, away).prop_map(|(posts, away)| World { posts, away })
}

impl World {
    fn officer(&self, day: usize, index: usize) -> OfficerAuthority {
        officer(u128::try_from(index + 1).unwrap(), self.posts[day][index].clone())
    }

    /// Whether somebody holds the desk on that day.
    fn holds(&self, day: usize, who: OfficerId, desk: &Desk) -> bool {
        let index = usize::try_from(who.0.as_u128()).unwrap() - 1;
        desk.post_among(&self.posts[day][index]).is_some()
    }

    fn covers(&self, day: usize, absent: OfficerId, cover: OfficerId) -> bool {
        let number = |index: &usize| OfficerId(Uuid::from_u128(u128::try_from(index + 1).unwrap()));
        self.away[day].iter().any(|(one, other)| (number(one), number(other)) == (absent, cover))
    }
}

proptest! {
    /// T-7: whatever is tried in whatever order, each new seal is of somebody who held the desk on
    /// the day of the act or covered for who did, never of the drafter or in the drafter's place, and no authority seals two steps
    /// but for who left a consulted section.
    #[test]
    fn no_order_of_acts_yields_a_seal_of_somebody_who_did_not_hold_or_act_for_the_step_that_day(
        world in a_world(),
        attempts in prop::collection::vec((0_u8..7, 0..OFFICERS, prop::option::of(0..OFFICERS), 0_usize..6, any::<bool>()), 0..60),
    ) {
        let drafter = OfficerId(Uuid::from_u128(DRAFTER));
        let mut proposal = Proposal::draft(drafter, Weight::Ordinary, route());
        let mut day = 0;
        for (kind, who, instead, to_step, sleep) in attempts {
            if sleep { day = (day + 1).min(DAYS - 1); }
            let me = world.officer(day, who);
            let absent = instead.map(|absent| world.officer(day, absent)).filter(|absent| world.covers(day, absent.officer, me.officer));
            let stand_in = absent.map(|absent| place(&absent));
            let capacity = stand_in.as_ref().map_or(Capacity::Own, Capacity::Acting);
            let attempt = proposal.clone();
            let next = match kind {
                0..=2 => attempt.approve(&me, capacity).map(|(next, _)| next),
                3 => attempt.dissent(&me, capacity, &top()).map(|(next, _)| next),
                4 => attempt.send_back(&me, capacity, to_step),
                5 => attempt.escalate(&me, Weight::Important, &top()),
                _ => attempt.supersede(me.officer).map(|_| Proposal::draft(drafter, proposal.weight, route())),
            };
            let Ok(next) = next else { continue };
            prop_assert!(matches!(proposal.state, ProposalState::InApproval { .. }), "only what is on its route changes");
            for (index, step) in next.steps.iter().enumerate() {
                let Some(seal) = step.state.seal() else { continue };
                let before = proposal.steps.get(index).map(|step| &step.state);
                if before == Some(&step.state) { continue }
                let desk = &step.planned.desk;
                prop_assert_eq!(seal.officer, me.officer);
                prop_assert_ne!(seal.officer, drafter);
                match seal.acting_for {
                    None => prop_assert!(world.holds(day, seal.officer, desk)),
                    Some(absent) => {
                        prop_assert!(world.covers(day, absent, seal.officer) && world.holds(day, absent, desk));
                        prop_assert!(absent != drafter && absent != seal.officer);
                        let flagged = next.weight != Weight::Ordinary;
                        prop_assert!(!flagged, "no instruction was ever given");
                    }
                }
            }
            // One desk, one act; but for who agreed for a section, serves there no more, and is not the only one to have sealed.
            let sealed = |step: &&Step| matches!(step.state, StepState::Approved(_) | StepState::Dissented(_));
            for (index, step) in next.steps.iter().enumerate().filter(|(_, step)| sealed(step)) {
                let seal = step.state.seal().unwrap();
                if proposal.steps.get(index).map(|step| &step.state) == Some(&step.state) { continue }
                let theirs = |other: &Step, who: OfficerId| other.state.seal().is_some_and(|it| it.officer == who || it.acting_for == Some(who));
                for other in proposal.steps.iter().filter(sealed) {
                    let again = [Some(seal.officer), seal.acting_for].into_iter().flatten().any(|who| theirs(other, who));
                    if !again { continue }
                    prop_assert_eq!((other.planned.kind, other.state.seal().unwrap().acting_for, seal.acting_for), (StepKind::Consult, None, None));
                    prop_assert!(step.planned.kind != StepKind::Consult && !world.holds(day, seal.officer, &other.planned.desk));
                    prop_assert!(proposal.steps.iter().filter(sealed).any(|step| !theirs(step, seal.officer)), "four eyes");
                }
            }
            proposal = next;
            if proposal.state == ProposalState::Approved {
                prop_assert!(proposal.steps.iter().all(|step| step.state.seal().is_some()));
            }
        }
    }
}
