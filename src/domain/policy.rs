//! Who may do what: one table, [`may`], asked by every use case and tested exhaustively.
//!
//! An account acts for a *party* of a case; ownership is never asked. Staff act through a post: a role held in a
//! department of one tenant on the day of the act. What somebody may not know of is hidden (404), not
//! forbidden; what they may see but not do is denied (403).

use super::id::{AccountId, OfficerId, TenantCode};

mod action;

pub use action::Action;

/// What a member of staff may be in a department (職).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Role {
    /// 担当: reviews and drafts.
    Clerk,
    /// グループマネージャー.
    GroupManager,
    /// 課長代理: stands between group and section.
    DeputyChief,
    /// 課長: seals.
    SectionChief,
    /// 次長: sits at the desk of a bureau beside its director.
    DeputyDirector,
    /// 部長・局長: sees of the cases what comes up to the own desk.
    Director,
    /// 副知事・副市町村長: sits in the body itself, as its head does.
    DeputyHead,
    /// 知事・市町村長 (決裁責任者, R-110): sits in the body itself, whose code stands for the department.
    Head,
    /// 会計担当: sees money, decides no case.
    Accountant,
    /// 手続管理者: writes and approves procedures of the whole body, sees no case.
    Administrator,
}

impl Role {
    /// All roles, for tables and tests.
    pub const ALL: [Self; 10] = [
        Self::Clerk,
        Self::GroupManager,
        Self::DeputyChief,
        Self::SectionChief,
        Self::DeputyDirector,
        Self::Director,
        Self::DeputyHead,
        Self::Head,
        Self::Accountant,
        Self::Administrator,
    ];

    /// Whether the role works on cases at all; money and procedures are other rooms.
    pub fn works_on_cases(self) -> bool {
        self == Self::Clerk || self.seals()
    }

    /// Whether the role acts on proposals of others (決裁).
    pub fn seals(self) -> bool {
        self.rank().is_some_and(|rank| rank > 0)
    }

    /// Whether the role can decide for a department by itself (専決 or above, R-110).
    pub fn decides(self) -> bool {
        self.rank() >= Self::SectionChief.rank()
    }

    /// How high the role stands on the ladder of the line, from 担当 at 0; none for those beside it.
    pub fn rank(self) -> Option<u8> {
        match self {
            Self::Clerk => Some(0),
            Self::GroupManager => Some(1),
            Self::DeputyChief => Some(2),
            Self::SectionChief => Some(3),
            Self::DeputyDirector => Some(4),
            Self::Director => Some(5),
            Self::DeputyHead => Some(6),
            Self::Head => Some(7),
            Self::Accountant | Self::Administrator => None,
        }
    }

    /// The stored name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Clerk => "clerk",
            Self::GroupManager => "group_manager",
            Self::DeputyChief => "deputy_chief",
            Self::SectionChief => "section_chief",
            Self::DeputyDirector => "deputy_director",
            Self::Director => "director",
            Self::DeputyHead => "deputy_head",
            Self::Head => "head",
            Self::Accountant => "accountant",
            Self::Administrator => "administrator",
        }
    }

    /// The role of a stored name.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.as_str() == text)
    }
}

/// A role held in a department (職), as it stands on the day of the act.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Post {
    /// The department's code.
    pub department: String,
    /// What the post allows.
    pub role: Role,
    /// The title shown beside a seal.
    pub title: String,
}

/// An officer with the posts in force today.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OfficerAuthority {
    /// The account that signed in.
    pub account: AccountId,
    /// The member of staff.
    pub officer: OfficerId,
    /// The body served.
    pub tenant: TenantCode,
    /// Posts in force on the day of the act.
    pub posts: Vec<Post>,
}

/// Who asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Actor {
    /// Nobody known.
    Anonymous,
    /// A signed-in resident or business, acting for parties.
    Person(AccountId),
    /// A signed-in member of staff.
    Officer(OfficerAuthority),
}

/// What the policy needs to know of a case (or of a department's queue: no parties, not a draft).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CaseFacts {
    /// The body in charge.
    pub tenant: TenantCode,
    /// The department in charge.
    pub department: String,
    /// Accounts that act for a party of the case.
    pub parties: Vec<AccountId>,
    /// Departments of the body whose opinion is awaited: their staff see the case until they have answered.
    pub consulted: Vec<String>,
    /// A draft is the applicant's own paper; staff do not see it.
    pub visibility: Visibility,
    /// Who writes in it.
    pub entry: Entry,
}

impl CaseFacts {
    /// The business of a body as a whole, such as its procedures: no case, no parties.
    pub fn of_body(tenant: &TenantCode) -> Self {
        Self {
            tenant: tenant.clone(),
            department: String::new(),
            parties: Vec::new(),
            consulted: Vec::new(),
            visibility: Visibility::Arrived,
            entry: Entry::ByParties,
        }
    }

    /// The work of a department: no case, no parties, nothing of it a draft.
    pub fn of_department(tenant: &TenantCode, department: &str) -> Self {
        Self { department: department.to_owned(), ..Self::of_body(tenant) }
    }
}

/// Who writes in a case.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Entry {
    /// The parties themselves.
    ByParties,
    /// The office, for somebody without an account.
    ByOffice,
}

/// Whether a case has arrived yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Visibility {
    /// Only the parties know of it.
    Draft,
    /// The department has it.
    Arrived,
}

/// What the table says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// Go on.
    Allow,
    /// Answer as if it did not exist.
    Hide,
    /// Seen but not theirs to do.
    Deny,
    /// Nobody is signed in.
    SignIn,
}

/// May `actor` do `action` with this case?
pub fn may(actor: &Actor, action: Action, case: &CaseFacts) -> Decision {
    match actor {
        Actor::Anonymous => Decision::SignIn,
        Actor::Person(account) => may_person(*account, action, case),
        Actor::Officer(officer) => may_officer(officer, action, case),
    }
}

fn may_person(account: AccountId, action: Action, case: &CaseFacts) -> Decision {
    if !case.parties.contains(&account) {
        return Decision::Hide;
    }
    match action {
        Action::ReadCase
        | Action::EditCase
        | Action::WithdrawCase
        | Action::ReceiveNotices
        | Action::ReadMoney
        | Action::Pay
        | Action::RequestWaiver
        | Action::Converse
        | Action::RenewPermit => Decision::Allow,
        Action::ReadQueue
        | Action::Review
        | Action::Propose
        | Action::Approve
        | Action::Refund
        | Action::EnterForOthers
        | Action::Collect
        | Action::GiveOpinion
        | Action::ReceiveAtCounter => Decision::Deny,
        Action::ManageProcedures
        | Action::ManageOrganisation
        | Action::ApproveProcedures
        | Action::KeepAccounts
        | Action::ReadStatistics => Decision::Hide,
    }
}

/// Procedures and organisation of a body belong to its administrators, whatever their department; nobody else sees versions
/// before they are published.
fn may_administer(officer: &OfficerAuthority, tenant: &TenantCode) -> Decision {
    let administers = officer.posts.iter().any(|post| post.role == Role::Administrator);
    if officer.tenant == *tenant && administers { Decision::Allow } else { Decision::Hide }
}

fn may_officer(officer: &OfficerAuthority, action: Action, case: &CaseFacts) -> Decision {
    if matches!(action, Action::ManageProcedures | Action::ApproveProcedures | Action::ManageOrganisation) {
        return may_administer(officer, &case.tenant);
    }
    if action == Action::ReadStatistics {
        // Figures name nobody: whoever serves the body may see them.
        let serves = officer.tenant == case.tenant && !officer.posts.is_empty();
        return if serves { Decision::Allow } else { Decision::Hide };
    }
    let is_own_paper = case.visibility == Visibility::Draft && case.entry == Entry::ByParties;
    if officer.tenant != case.tenant || is_own_paper {
        return Decision::Hide;
    }
    let roles: Vec<Role> = officer
        .posts
        .iter()
        .filter(|post| post.department == case.department && post.role != Role::Administrator)
        .map(|post| post.role)
        .collect();
    // The accounting post serves the whole body: it sees the money of every department and nothing else.
    let accountant = officer.posts.iter().any(|post| post.role == Role::Accountant);
    let asked = |post: &Post| post.role.works_on_cases() && case.consulted.contains(&post.department);
    let consulted = case.visibility == Visibility::Arrived && officer.posts.iter().any(asked);
    if roles.is_empty() && !accountant && !consulted {
        return Decision::Hide;
    }
    let reviewer = roles.iter().any(|role| role.works_on_cases());
    let sealer = roles.iter().any(|role| role.seals());
    let is_draft = case.visibility == Visibility::Draft;
    let allowed = match action {
        // What is being written for somebody without an account is read and written, nothing else.
        Action::ReadCase => reviewer || consulted,
        Action::GiveOpinion => consulted,
        Action::EditCase => reviewer && case.entry == Entry::ByOffice,
        _ if is_draft => false,
        Action::EnterForOthers
        | Action::ReadQueue
        | Action::Review
        | Action::Propose
        | Action::Converse
        | Action::RequestWaiver => reviewer,
        Action::ReadMoney => !roles.is_empty() || accountant,
        // Money at the counter is taken, and what is late demanded, by the department's staff or by the accounting post.
        Action::ReceiveAtCounter | Action::Collect => reviewer || accountant,
        Action::Approve => sealer,
        Action::KeepAccounts => accountant,
        Action::Refund => accountant || sealer,
        // Only a party withdraws, consents or pays: staff never act in the applicant's name. Who applied on paper has no other
        // way to take it back than to tell the office, which enters that as it enters the rest.
        Action::WithdrawCase => reviewer && case.entry == Entry::ByOffice,
        Action::ReceiveNotices | Action::Pay | Action::RenewPermit => false,
        Action::ManageProcedures
        | Action::ManageOrganisation
        | Action::ApproveProcedures
        | Action::ReadStatistics => false,
    };
    if allowed {
        Decision::Allow
    } else if reviewer || consulted {
        Decision::Deny
    } else {
        Decision::Hide
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    mod consulted;

    #[test]
    fn r112_the_ladder_of_the_line_stands_in_its_order_and_keeps_money_and_procedures_beside_it() {
        let ranks: Vec<Option<u8>> = Role::ALL.iter().map(|role| role.rank()).collect();
        assert_eq!(ranks[..8], (0..8).map(Some).collect::<Vec<_>>());
        assert_eq!(ranks[8..], [None, None]);
        let sealing: Vec<&str> =
            Role::ALL.iter().filter(|role| role.seals()).map(|role| role.as_str()).collect();
        let ladder = [
            "group_manager",
            "deputy_chief",
            "section_chief",
            "deputy_director",
            "director",
            "deputy_head",
            "head",
        ];
        assert_eq!(sealing, ladder);
        let deciding = Role::ALL.iter().filter(|role| role.decides()).count();
        assert_eq!(deciding, 5, "from the section chief upwards");
        for role in Role::ALL {
            assert_eq!(Role::parse(role.as_str()), Some(role));
        }
    }

    const APPLICANT: AccountId = AccountId(Uuid::from_u128(1));
    const STRANGER: AccountId = AccountId(Uuid::from_u128(2));

    fn case(visibility: Visibility) -> CaseFacts {
        CaseFacts {
            tenant: TenantCode::parse("020001").unwrap(),
            department: "kanri".into(),
            parties: vec![APPLICANT],
            consulted: Vec::new(),
            visibility,
            entry: Entry::ByParties,
        }
    }

    fn officer(tenant: &str, department: &str, role: Role) -> Actor {
        Actor::Officer(OfficerAuthority {
            account: AccountId(Uuid::from_u128(9)),
            officer: OfficerId(Uuid::from_u128(10)),
            tenant: TenantCode::parse(tenant).unwrap(),
            posts: vec![Post { department: department.into(), role, title: "主事".into() }],
        })
    }

    /// The whole table as text: one row an actor, one letter an action (Allow, Hide, Deny, Sign in).
    #[test]
    fn the_policy_table_is_exactly_this() {
        use Decision::{Allow, Deny, Hide, SignIn};
        let rows = [
            ("anonymous", Actor::Anonymous),
            ("the applicant", Actor::Person(APPLICANT)),
            ("a stranger", Actor::Person(STRANGER)),
            ("clerk of the department", officer("020001", "kanri", Role::Clerk)),
            ("section chief of the department", officer("020001", "kanri", Role::SectionChief)),
            ("head of the body at the own desk", officer("020001", "kanri", Role::Head)),
            ("director of another department", officer("020001", "doro", Role::Director)),
            ("section chief of another department", officer("020001", "doro", Role::SectionChief)),
            ("accountant of the body", officer("020001", "kaikei", Role::Accountant)),
            ("accountant in the department", officer("020001", "kanri", Role::Accountant)),
            ("section chief of another body", officer("022012", "kanri", Role::SectionChief)),
            ("administrator in the department", officer("020001", "kanri", Role::Administrator)),
            ("administrator of another body", officer("022012", "kanri", Role::Administrator)),
        ];
        let table: Vec<String> = rows
            .iter()
            .flat_map(|(name, actor)| {
                [Visibility::Draft, Visibility::Arrived].map(|visibility| {
                    let letters: String = Action::ALL
                        .iter()
                        .map(|action| match may(actor, *action, &case(visibility)) {
                            Allow => 'A',
                            Hide => 'h',
                            Deny => 'd',
                            SignIn => 's',
                        })
                        .collect();
                    format!("{letters} {visibility:?} {name}")
                })
            })
            .collect();

        let expected = [
            "sssssssssssssssssssssss Draft anonymous",
            "sssssssssssssssssssssss Arrived anonymous",
            "AAAAAddddhhddAhAdAdhAdh Draft the applicant",
            "AAAAAddddhhddAhAdAdhAdh Arrived the applicant",
            "hhhhhhhhhhhhhhhhhhhhhhh Draft a stranger",
            "hhhhhhhhhhhhhhhhhhhhhhh Arrived a stranger",
            "hhhhhhhhhhhhhhhhhhhAhhh Draft clerk of the department",
            "AddAdAAAdhhdAAddAdAAAdh Arrived clerk of the department",
            "hhhhhhhhhhhhhhhhhhhAhhh Draft section chief of the department",
            "AddAdAAAAhhAAAddAdAAAdh Arrived section chief of the department",
            "hhhhhhhhhhhhhhhhhhhAhhh Draft head of the body at the own desk",
            "AddAdAAAAhhAAAddAdAAAdh Arrived head of the body at the own desk",
            "hhhhhhhhhhhhhhhhhhhAhhh Draft director of another department",
            "hhhhhhhhhhhhhhhhhhhAhhh Arrived director of another department",
            "hhhhhhhhhhhhhhhhhhhAhhh Draft section chief of another department",
            "hhhhhhhhhhhhhhhhhhhAhhh Arrived section chief of another department",
            "hhhhhhhhhhhhhhhhhhhAhhh Draft accountant of the body",
            "hhhAhhhhhhhAAhAhAhhAhhh Arrived accountant of the body",
            "hhhhhhhhhhhhhhhhhhhAhhh Draft accountant in the department",
            "hhhAhhhhhhhAAhAhAhhAhhh Arrived accountant in the department",
            "hhhhhhhhhhhhhhhhhhhhhhh Draft section chief of another body",
            "hhhhhhhhhhhhhhhhhhhhhhh Arrived section chief of another body",
            "hhhhhhhhhAAhhhhhhhhAhhA Draft administrator in the department",
            "hhhhhhhhhAAhhhhhhhhAhhA Arrived administrator in the department",
            "hhhhhhhhhhhhhhhhhhhhhhh Draft administrator of another body",
            "hhhhhhhhhhhhhhhhhhhhhhh Arrived administrator of another body",
        ];
        assert_eq!(table, expected);
    }

    /// what the office writes for somebody without an account belongs to the department: writing it, and entering that it was
    /// taken back.
    #[test]
    fn r194_a_paper_case_is_written_by_its_department_and_by_nobody_else() {
        let letters = |actor: &Actor, visibility: Visibility| -> String {
            let facts = CaseFacts { parties: Vec::new(), entry: Entry::ByOffice, ..case(visibility) };
            let letter = |action: &Action| match may(actor, *action, &facts) {
                Decision::Allow => 'A',
                Decision::Hide => 'h',
                Decision::Deny => 'd',
                Decision::SignIn => 's',
            };
            Action::ALL.iter().map(letter).collect()
        };
        let hidden = "hhhhhhhhhhhhhhhhhhhhhhh";
        for (actor, draft, arrived) in [
            (Actor::Anonymous, "sssssssssssssssssssssss", "sssssssssssssssssssssss"),
            (Actor::Person(APPLICANT), hidden, hidden),
            (officer("020001", "kanri", Role::Clerk), "AAdddddddhhddddddddAddh", "AAAAdAAAdhhdAAddAdAAAdh"),
            (
                officer("020001", "kanri", Role::SectionChief),
                "AAdddddddhhddddddddAddh",
                "AAAAdAAAAhhAAAddAdAAAdh",
            ),
            (
                officer("020001", "doro", Role::SectionChief),
                "hhhhhhhhhhhhhhhhhhhAhhh",
                "hhhhhhhhhhhhhhhhhhhAhhh",
            ),
            (
                officer("020001", "kaikei", Role::Accountant),
                "hhhhhhhhhhhhhhhhhhhAhhh",
                "hhhAhhhhhhhAAhAhAhhAhhh",
            ),
            (officer("022012", "kanri", Role::SectionChief), hidden, hidden),
        ] {
            let found = (letters(&actor, Visibility::Draft), letters(&actor, Visibility::Arrived));
            assert_eq!(found, (draft.to_owned(), arrived.to_owned()), "{actor:?}");
        }
    }
}
