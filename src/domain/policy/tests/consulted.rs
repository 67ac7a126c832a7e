//! What an office may do whose opinion on a case of another one is awaited.

use super::*;

/// An office whose opinion is awaited sees this case and says what it thinks; nothing else of it is theirs.
#[test]
fn a_consulted_office_reads_the_case_and_answers_and_nothing_more() {
    let consulted = |visibility| CaseFacts { consulted: vec!["doro".into()], ..case(visibility) };
    for (actor, reads) in [
        (officer("020001", "doro", Role::Clerk), true),
        (officer("020001", "doro", Role::Director), true),
        (officer("020001", "doro", Role::Accountant), false),
        (officer("020001", "doro", Role::Administrator), false),
        (officer("020001", "kaikei", Role::Clerk), false),
        (officer("022012", "doro", Role::Clerk), false),
    ] {
        for action in Action::ALL {
            let found = may(&actor, action, &consulted(Visibility::Arrived));
            let plain = may(&actor, action, &case(Visibility::Arrived));
            let expected = match (action, plain) {
                (_, plain) if !reads => plain,
                (Action::ReadCase | Action::GiveOpinion, _) => Decision::Allow,
                (
                    Action::ManageProcedures | Action::ApproveProcedures | Action::ManageOrganisation,
                    plain,
                ) => plain,
                (_, Decision::Hide) => Decision::Deny,
                (_, plain) => plain,
            };
            assert_eq!(found, expected, "{actor:?} {action:?}");
            let draft = may(&actor, action, &consulted(Visibility::Draft));
            assert_eq!(draft, may(&actor, action, &case(Visibility::Draft)), "a draft: {actor:?} {action:?}");
        }
    }
}
