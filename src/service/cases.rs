//! Opening a case: the one way a use case gets at a case, with the policy asked on the way.

use jiff::civil::Date;
use serde_json::Value;

use super::filing::Filer;
use super::{Core, Ctx, Failure, Refusal, officer, opinion};
use crate::domain::account::AccountKind;
use crate::domain::application::{CaseState, Command, Rejection};
use crate::domain::audit::EventActor;
use crate::domain::calendar::jst_day;
use crate::domain::id::{AccountId, ApplicationId, TenantCode};
use crate::domain::opinion::matters;
use crate::domain::paper_filing::PaperFiling;
use crate::domain::party::{Meant, PartyRole};
use crate::domain::policy::{self, Action, Actor, CaseFacts, Decision, Entry, Post, Visibility};
use crate::domain::procedure::{ApplicantKind, ProcedureKind};
use crate::seal::DataKey;
use crate::store::applications::{self, ApplicationRow};
use crate::store::events::{self, NewEvent};
use crate::store::parties::{self, CaseWithParties};
use crate::store::{Reads, Tx, paper_filings};

/// A case that the caller may act on in the asked way.
#[derive(Debug)]
pub struct OpenCase {
    /// The row; services change it and store it once at the end.
    pub row: ApplicationRow,
    /// The legal kind.
    pub kind: ProcedureKind,
    /// The state with its data.
    pub state: CaseState,
    /// The case's own key.
    pub key: DataKey,
    /// Who acts.
    pub actor: Actor,
    /// Accounts that act for the parties.
    pub parties: Vec<AccountId>,
    /// The same, each under the role of its party: [`OpenCase::account_of`] picks among them.
    pub roles: Vec<(PartyRole, AccountId)>,
    /// Who applies: the kind of the applicant's account.
    pub applicant: Option<ApplicantKind>,
    /// How it came in, where the office entered it.
    pub paper: Option<PaperFiling>,
}

/// A case before the policy has spoken: nothing of it may leave the use case yet.
pub struct Approach {
    /// The row.
    pub row: ApplicationRow,
    /// Who wants something.
    pub actor: Actor,
    state: CaseState,
    parties: Vec<AccountId>,
    roles: Vec<(PartyRole, AccountId)>,
    applicant: Option<ApplicantKind>,
    paper: Option<PaperFiling>,
    /// Departments whose opinion is awaited, where that was looked up.
    consulted: Vec<String>,
}

/// Opens a case for `action`, or refuses as the policy says: hidden cases are not found.
pub fn open(
    tx: &mut impl Reads,
    ctx: &Ctx,
    tenant: &TenantCode,
    id: ApplicationId,
    action: Action,
) -> Result<OpenCase, Failure> {
    let mut case = approach(tx, ctx, tenant, id)?;
    let mut decision = case.may(action, &case.row.department);
    // An office that is asked for its opinion is let in until it has answered; who else is hidden costs one look more.
    if decision == Decision::Hide && matches!(case.actor, Actor::Officer(_)) && matters(case.state.name()) {
        let today = jst_day(tx.now());
        case.consulted = opinion::awaited_from(tx, ctx, tenant, id, today)?;
        decision = case.may(action, &case.row.department);
    }
    case.enter(ctx, decision)
}

/// Opens a case for whoever holds a secret that a party of it gave out; the caller has checked the secret.
pub(super) fn open_for_bearer(
    tx: &mut impl Reads,
    ctx: &Ctx,
    tenant: &TenantCode,
    id: ApplicationId,
) -> Result<OpenCase, Failure> {
    let CaseWithParties { row, accounts, roles, applicant } =
        parties::case_with_accounts(tx, tenant, id)?.ok_or(Refusal::NotFound)?;
    let paper = paper_filing(tx, &row, &accounts)?;
    let applicant = kind_of(applicant, paper);
    let state = row.case_state()?;
    let case = Approach {
        state,
        row,
        actor: Actor::Anonymous,
        parties: accounts,
        roles,
        applicant,
        paper,
        consulted: Vec::new(),
    };
    case.enter(ctx, Decision::Allow)
}

/// Opens a case for work that comes by the clock: nobody asks, and what it does is recorded as the system's.
pub(super) fn open_for_system(
    tx: &mut impl Reads,
    core: &Core,
    tenant: &TenantCode,
    id: ApplicationId,
) -> Result<OpenCase, Failure> {
    let CaseWithParties { row, accounts: parties, roles, applicant } =
        parties::case_with_accounts(tx, tenant, id)?.ok_or(Refusal::NotFound)?;
    let paper = paper_filing(tx, &row, &parties)?;
    let applicant = kind_of(applicant, paper);
    let (kind, state) = (row.case_kind()?, row.case_state()?);
    let key = core.keys.open_case_key(&row.tenant_id, &row.wrapped_key)?;
    Ok(OpenCase { kind, state, key, actor: Actor::Anonymous, parties, roles, applicant, paper, row })
}

/// Finds a case and says who wants something of it.
pub fn approach(
    tx: &mut impl Reads,
    ctx: &Ctx,
    tenant: &TenantCode,
    id: ApplicationId,
) -> Result<Approach, Failure> {
    let account = ctx.account()?;
    let CaseWithParties { row, accounts: parties, roles, applicant } =
        parties::case_with_accounts(tx, tenant, id)?.ok_or(Refusal::NotFound)?;
    // A party's own authority is asked first: it needs no look-up of posts.
    let actor = if parties.contains(&account) {
        Actor::Person(account)
    } else {
        officer::actor(tx, tenant, account, jst_day(tx.now()))?
    };
    let paper = paper_filing(tx, &row, &parties)?;
    let applicant = kind_of(applicant, paper);
    let state = row.case_state()?;
    Ok(Approach { state, row, actor, parties, roles, applicant, paper, consulted: Vec::new() })
}

/// How a case came in where the office entered it: only a case without any account can be one, so others cost no look.
pub(super) fn paper_filing(
    tx: &mut impl Reads,
    row: &ApplicationRow,
    parties: &[AccountId],
) -> Result<Option<PaperFiling>, Failure> {
    if parties.is_empty() { Ok(paper_filings::find(tx, &row.tenant_id, row.id)?) } else { Ok(None) }
}

fn kind_of(account: Option<AccountKind>, paper: Option<PaperFiling>) -> Option<ApplicantKind> {
    account.and_then(AccountKind::applicant_kind).or(paper.map(|paper| paper.applicant_kind))
}

impl Approach {
    /// What the policy says of `action`, as if the case lay in `department`.
    pub fn may(&self, action: Action, department: &str) -> Decision {
        self.asked(&self.actor, action, department)
    }

    /// As [`Self::may`], for an officer who has these posts of an absent one besides the own ones (代決).
    pub fn may_with(&self, posts: &[Post], action: Action, department: &str) -> Decision {
        match &self.actor {
            Actor::Officer(own) if !posts.is_empty() => {
                let mut widened = own.clone();
                widened.posts.extend_from_slice(posts);
                self.asked(&Actor::Officer(widened), action, department)
            }
            actor => self.asked(actor, action, department),
        }
    }

    fn asked(&self, actor: &Actor, action: Action, department: &str) -> Decision {
        let facts = CaseFacts {
            tenant: self.row.tenant_id.clone(),
            department: department.to_owned(),
            parties: self.parties.clone(),
            consulted: self.consulted.clone(),
            visibility: if self.state == CaseState::Draft { Visibility::Draft } else { Visibility::Arrived },
            entry: self.paper.map_or(Entry::ByParties, |_| Entry::ByOffice),
        };
        policy::may(actor, action, &facts)
    }

    /// Opens the case if the policy allows it.
    pub fn enter(self, ctx: &Ctx, decision: Decision) -> Result<OpenCase, Failure> {
        permit(decision)?;
        let Self { row, actor, state, parties, roles, applicant, paper, .. } = self;
        let key = ctx.core.keys.open_case_key(&row.tenant_id, &row.wrapped_key)?;
        Ok(OpenCase { kind: row.case_kind()?, state, key, actor, parties, roles, applicant, paper, row })
    }
}

/// Turns a decision of the policy into a refusal.
pub fn permit(decision: Decision) -> Result<(), Refusal> {
    match decision {
        Decision::Allow => Ok(()),
        Decision::Hide => Err(Refusal::NotFound),
        Decision::Deny => Err(Refusal::Forbidden),
        Decision::SignIn => Err(Refusal::NotSignedIn),
    }
}

impl From<Rejection> for Failure {
    fn from(rejection: Rejection) -> Self {
        Self::Refused(match rejection {
            Rejection::WrongState { state, .. } => Refusal::WrongState { state },
            Rejection::NotForNotifications { .. } => Refusal::NotForNotifications,
            Rejection::AlreadyClaimed { .. } => Refusal::AlreadyClaimed,
        })
    }
}

/// How an actor stands in the record of events.
pub fn event_actor(actor: &Actor) -> EventActor {
    match actor {
        Actor::Anonymous => EventActor { kind: "system", id: "anonymous".to_owned() },
        Actor::Person(account) => EventActor { kind: "applicant", id: account.to_string() },
        Actor::Officer(officer) => EventActor { kind: "officer", id: officer.officer.to_string() },
    }
}

/// The actor of what the system does by itself.
pub fn system_actor(name: &str) -> EventActor {
    EventActor { kind: "system", id: name.to_owned() }
}

impl OpenCase {
    /// Who files, and by which way.
    pub fn filer(&self) -> Filer {
        self.paper.map_or(Filer::from(self.applicant), Filer::from)
    }

    /// The account of whoever is meant among the parties, where that party has one.
    pub fn account_of(&self, meant: Meant) -> Option<AccountId> {
        meant.among(&self.roles)
    }

    /// When it arrives if it is handed in at `now`: what the office received on paper arrived then.
    pub fn arrives_at(&self, now: jiff::Timestamp) -> jiff::Timestamp {
        self.paper.map_or(now, |paper| paper.received_at)
    }

    /// The answers as they are now.
    pub fn form(&self) -> Result<Value, Failure> {
        Ok(self.key.open_json(&ApplicationRow::form_place(self.row.id), &self.row.sealed_form)?)
    }

    /// Takes a step, or refuses it; the row follows.
    pub fn step(&mut self, command: Command) -> Result<(), Failure> {
        let next = self.state.clone().apply(self.kind, command)?;
        self.row.set_state(&next);
        self.state = next;
        Ok(())
    }

    /// Refuses a caller who looked at an older version.
    pub fn expect_version(&self, version: i64) -> Result<(), Refusal> {
        if self.row.version == version {
            Ok(())
        } else {
            Err(Refusal::StaleVersion { current: self.row.version })
        }
    }

    /// Appends an event in the caller's name.
    pub fn record(
        &mut self,
        tx: &mut Tx<'_>,
        kind: &'static str,
        facts: Value,
        sealed_detail: Option<Vec<u8>>,
    ) -> Result<(), Failure> {
        let actor = event_actor(&self.actor);
        events::append(tx, &mut self.row, NewEvent { kind, actor, facts, sealed_detail })?;
        Ok(())
    }

    /// Stores the row.
    pub fn save(&mut self, tx: &mut Tx<'_>) -> Result<(), Failure> {
        Ok(applications::update(tx, &mut self.row)?)
    }

    /// The JST day of the arrival, or of `now` for a draft: fees go by it.
    pub fn arrival_day(&self, now: jiff::Timestamp) -> Date {
        jst_day(self.state.filed().map_or_else(|| self.arrives_at(now), |filed| filed.arrived_at))
    }
}
