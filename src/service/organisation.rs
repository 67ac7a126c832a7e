//! Importing the organisation (組織・人事異動の取込み): departments, officers and posts, with the difference before it is done.
//!
//! One import is one transaction under the root of publishing, so that two never mix and every node shows the departments of the
//! same revision. The file is read and judged in `domain`; what it says takes effect on the days it names, and authority is read on
//! the day of each act, so that nothing is switched over at midnight.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use data_encoding::BASE32_NOPAD;
use secrecy::SecretString;
use uuid::Uuid;

use super::account::{Profile, email_index, new_row};
use super::idempotency::{IdempotencyRequest, Made, once};
use super::{Core, Ctx, Effect, Failure, Origin, Refusal, cases, catalogue_refresh, officer};
use crate::catalogue::Catalogue;
use crate::domain::account::AccountKind;
use crate::domain::calendar::jst_day;
use crate::domain::fault::Fault;
use crate::domain::id::{OfficerId, TenantCode};
use crate::domain::organisation_import::{
    self as import, Change, ChangeKind, Effect as Stored, Known, KnownHolding, Plan, StatedDepartment,
    StatedHolding, Statement,
};
use crate::domain::policy::{self, Action, Actor, CaseFacts, Post};
use crate::seal::sha256_hex;
use crate::store::accounts::{self, AccountRow, Inserted};
use crate::store::departments::{self, DepartmentRow, ImportRow};
use crate::store::officers::{self, Term};
use crate::store::sql::{IsoDate, Micros};
use crate::store::{Reads, Root, Tx, publications};

/// The longest file, in bytes.
const LONGEST_SOURCE: usize = 1_048_576;
/// How often an import is begun anew because another one was faster.
const TRIES: usize = 5;

/// The format of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// One record a row.
    Csv,
    /// Three lists.
    Yaml,
}

impl Format {
    /// The stored and public name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Csv => "csv",
            Self::Yaml => "yaml",
        }
    }
}

/// Whether an import is only to be shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Say what it would change.
    DryRun,
    /// Do it.
    Apply,
}

/// A file.
#[derive(Clone, Debug)]
pub struct Source {
    /// Its format.
    pub format: Format,
    /// Its text.
    pub text: String,
}

/// What an import did, or would do.
#[derive(Clone, Debug)]
pub struct Imported {
    /// The import; none when nothing was done.
    pub row: Option<ImportRow>,
    /// The difference; empty when a repeated key is answered, for the file is not kept.
    pub changes: Vec<Change>,
    /// The first password of each new officer, by address. They are shown once and stored nowhere.
    pub first_passwords: Vec<(String, String)>,
}

/// Reads a file in either format, or tells everything that cannot be read.
pub fn read(source: &Source) -> Result<Statement, Refusal> {
    if source.text.len() > LONGEST_SOURCE {
        let (ja, en) = ("ファイルは1MiB以内にしてください。", "A file has at most 1 MiB.");
        return Err(Refusal::Invalid(vec![Fault::new("/source", "too_long", ja, en)]));
    }
    let records = match source.format {
        Format::Csv => import::raw_csv(&source.text),
        Format::Yaml => {
            let tree = yaml_serde::from_str(&source.text).map_err(|error| {
                let ja = format!("YAMLとして読めません：{error}");
                Refusal::Invalid(vec![Fault::new(
                    "/source",
                    "yaml",
                    ja,
                    format!("This is not YAML: {error}"),
                )])
            })?;
            import::raw_tree(&tree)
        }
    };
    records.and_then(|records| import::read(&records)).map_err(Refusal::Invalid)
}

/// A statement as a file.
pub fn write(statement: &Statement, format: Format) -> Result<String, Failure> {
    match format {
        Format::Csv => Ok(import::write_csv(statement)),
        Format::Yaml => yaml_serde::to_string(&import::write_tree(statement))
            .map_err(|error| Failure::Internal(error.to_string())),
    }
}

/// Imports for an administrator of the body.
pub async fn import(
    ctx: Ctx,
    request: IdempotencyRequest,
    source: Source,
    mode: Mode,
) -> Result<Effect<Imported>, Failure> {
    admit(&ctx, &request.tenant).await?;
    let core = Arc::clone(&ctx.core);
    let tenant = request.tenant.clone();
    carry_out(&core, &tenant, source, mode, Some((ctx, request))).await
}

/// Imports for whoever operates the machine.
pub async fn import_as_operator(
    core: &Arc<Core>,
    tenant: &TenantCode,
    source: Source,
    mode: Mode,
) -> Result<Imported, Failure> {
    Ok(carry_out(core, tenant, source, mode, None).await?.value)
}

async fn admit(ctx: &Ctx, tenant: &TenantCode) -> Result<(), Failure> {
    let (inner, body) = (ctx.clone(), tenant.clone());
    ctx.core.db.read(move |tx| administrator(tx, &inner, &body).map(drop)).await
}

/// The administrator who asks, or what the policy says.
fn administrator(tx: &mut impl Reads, ctx: &Ctx, tenant: &TenantCode) -> Result<OfficerId, Failure> {
    let actor = officer::actor(tx, tenant, ctx.account()?, jst_day(tx.now()))?;
    cases::permit(policy::may(&actor, Action::ManageOrganisation, &CaseFacts::of_body(tenant)))?;
    match actor {
        Actor::Officer(authority) => Ok(authority.officer),
        Actor::Person(_) | Actor::Anonymous => Err(Refusal::NotFound.into()),
    }
}

/// What one try works with; a closure may run again.
#[derive(Clone)]
struct Work {
    core: Arc<Core>,
    tenant: TenantCode,
    catalogue: Arc<Catalogue>,
    revision: i64,
    statement: Arc<Statement>,
    source: Arc<Source>,
    mode: Mode,
    /// The accounts that new officers would get, by address.
    accounts: Arc<BTreeMap<String, AccountRow>>,
}

async fn carry_out(
    core: &Arc<Core>,
    tenant: &TenantCode,
    source: Source,
    mode: Mode,
    caller: Option<(Ctx, IdempotencyRequest)>,
) -> Result<Effect<Imported>, Failure> {
    let statement = Arc::new(read(&source)?);
    let source = Arc::new(source);
    let (accounts, passwords) = new_accounts(core, tenant, &statement, mode).await?;
    let accounts = Arc::new(accounts);
    for _ in 0..TRIES {
        catalogue_refresh::refresh(core).await?;
        let revision = core.catalogue.revision();
        let work = Work {
            core: Arc::clone(core),
            tenant: tenant.clone(),
            catalogue: core.catalogue.current(),
            revision,
            statement: Arc::clone(&statement),
            source: Arc::clone(&source),
            mode,
            accounts: Arc::clone(&accounts),
        };
        let caller = caller.clone();
        let done =
            core.db.write_alone(vec![Root::PUBLISHING], move |tx| work.run(tx, caller.as_ref())).await?;
        if let Some(mut done) = done {
            catalogue_refresh::refresh(core).await?;
            let is_new = |email: &String| {
                let added = |change: &Change| change.record == "officer" && change.subject.contains(email);
                done.value.changes.iter().any(added)
            };
            if mode == Mode::Apply && done.value.row.is_some() {
                done.value.first_passwords =
                    passwords.iter().filter(|(email, _)| is_new(email)).cloned().collect();
            }
            return Ok(done);
        }
    }
    Err(Failure::Internal("the catalogue changed again and again".to_owned()))
}

/// Accounts for the officers whom the body does not know yet, with passwords that are shown once. Hashing is slow, so it stands
/// before the transaction.
async fn new_accounts(
    core: &Arc<Core>,
    tenant: &TenantCode,
    statement: &Arc<Statement>,
    mode: Mode,
) -> Result<(BTreeMap<String, AccountRow>, Vec<(String, String)>), Failure> {
    let (mut rows, mut passwords) = (BTreeMap::new(), Vec::new());
    if mode == Mode::DryRun {
        return Ok((rows, passwords));
    }
    let (inner, body, stated) = (Arc::clone(core), tenant.clone(), Arc::clone(statement));
    let known = core.db.read(move |tx| emails(tx, &inner, &body, &stated).map(|(known, _)| known)).await?;
    for officer in statement.officers.iter().filter(|officer| !known.contains_key(&officer.email)) {
        let mut bytes = [0; 15];
        core.ids.fill(&mut bytes);
        let password = BASE32_NOPAD.encode(&bytes);
        let profile =
            Profile { name: officer.name.clone(), email: officer.email.clone(), corporate_number: None };
        let hash = core.passwords.hash(SecretString::from(password.clone())).await?;
        rows.insert(officer.email.clone(), new_row(core, AccountKind::Officer, &profile, hash));
        passwords.push((officer.email.clone(), password));
    }
    Ok((rows, passwords))
}

/// The officers of the body by the addresses that the file names, and faults of addresses that belong to somebody else.
fn emails(
    tx: &mut impl Reads,
    core: &Core,
    tenant: &TenantCode,
    statement: &Statement,
) -> Result<(BTreeMap<String, String>, Vec<Fault>), Failure> {
    let named = statement.officers.iter().map(|it| (&it.email, &it.place));
    let named = named.chain(statement.holdings.iter().map(|it| (&it.officer, &it.place)));
    let (mut known, mut faults, mut seen) = (BTreeMap::new(), Vec::new(), BTreeSet::new());
    for (email, place) in named {
        if !seen.insert(email) {
            continue;
        }
        let Some(account) = accounts::find_by_email(tx, &email_index(&core.keys, email))? else { continue };
        // Anybody can register anybody's address: a post goes only to an account that was made for an officer.
        if account.kind != AccountKind::Officer {
            let ja = "このメールアドレスは住民・事業者のアカウントで使われています。";
            let en = "This address belongs to the account of a resident or business.";
            faults.push(Fault::new(format!("{place}/email"), "not_an_officer", ja, en));
        } else if let Some(officer) = officers::find(tx, tenant, account.id)? {
            known.insert(email.clone(), officer.to_string());
        }
    }
    Ok((known, faults))
}

impl Work {
    /// One try; none when the catalogue is not the one of this transaction.
    fn run(
        &self,
        tx: &mut Tx<'_>,
        caller: Option<&(Ctx, IdempotencyRequest)>,
    ) -> Result<Option<Effect<Imported>>, Failure> {
        if publications::revision(tx)? != self.revision {
            return Ok(None);
        }
        let Some((ctx, request)) = caller else {
            let value = self.import(tx, None)?;
            return Ok(Some(Effect { value, origin: Origin::Fresh }));
        };
        let me = administrator(tx, ctx, &self.tenant)?;
        if self.mode == Mode::DryRun {
            let value = self.import(tx, Some(me))?;
            return Ok(Some(Effect { value, origin: Origin::Fresh }));
        }
        let apply = |tx: &mut Tx<'_>, _| {
            let value = self.import(tx, Some(me))?;
            let resource_id = value.row.as_ref().map_or_else(String::new, |row| row.id.clone());
            Ok(Made { value, resource_id })
        };
        let present = |tx: &mut Tx<'_>, id: &str| {
            let row = match id.parse::<Uuid>() {
                Ok(id) => departments::find_import(tx, &self.tenant, id)?,
                Err(_) => None,
            };
            Ok(Imported { row, changes: Vec::new(), first_passwords: Vec::new() })
        };
        once(tx, request, "organisation_import", apply, present).map(Some)
    }

    fn import(&self, tx: &mut Tx<'_>, me: Option<OfficerId>) -> Result<Imported, Failure> {
        let plan = self.plan(tx)?;
        if self.mode == Mode::DryRun || plan.changes.is_empty() {
            return Ok(Imported { row: None, changes: plan.changes, first_passwords: Vec::new() });
        }
        let count = |kind: ChangeKind| {
            let of_kind = plan.changes.iter().filter(|change| change.kind == kind).count();
            i64::try_from(of_kind).unwrap_or(i64::MAX)
        };
        let row = ImportRow {
            tenant_id: self.tenant.clone(),
            id: tx.new_id().to_string(),
            source_sha256: sha256_hex(self.source.text.as_bytes()),
            format: self.source.format.as_str().to_owned(),
            officer_id: me,
            added: count(ChangeKind::Added),
            ended: count(ChangeKind::Ended),
            changed: count(ChangeKind::Changed),
            imported_at: Micros(tx.now()),
        };
        let mut officers = BTreeMap::new();
        for stored in &plan.effects {
            self.store(tx, stored, &row.id, &mut officers)?;
        }
        departments::insert_import(tx, &row)?;
        publications::raise_revision(tx)?;
        Ok(Imported { row: Some(row), changes: plan.changes, first_passwords: Vec::new() })
    }

    fn plan(&self, tx: &mut Tx<'_>) -> Result<Plan, Failure> {
        let body = self.catalogue.tenant(&self.tenant).ok_or(Refusal::NotFound)?;
        let today = jst_day(tx.now());
        let (officers, mut faults) = emails(tx, &self.core, &self.tenant, &self.statement)?;
        let held = officers::held_posts(tx, &self.tenant)?;
        let in_charge = self.catalogue.procedures(&self.tenant, today);
        let known = Known {
            body: self.tenant.to_string(),
            bureaus: body.definition.bureaus.iter().map(|bureau| bureau.code.clone()).collect(),
            departments: body.definition.departments.clone(),
            in_charge: in_charge.iter().map(|procedure| procedure.definition.department.clone()).collect(),
            officers,
            holdings: held.into_iter().map(known_holding).collect(),
        };
        match import::plan(&self.statement, &known, today) {
            Ok(plan) if faults.is_empty() => Ok(plan),
            Ok(_) => Err(Refusal::Invalid(faults).into()),
            Err(others) => {
                faults.extend(others);
                Err(Refusal::Invalid(faults).into())
            }
        }
    }

    fn store(
        &self,
        tx: &mut Tx<'_>,
        stored: &Stored,
        import_id: &str,
        new: &mut BTreeMap<String, OfficerId>,
    ) -> Result<(), Failure> {
        match stored {
            Stored::Department(stated) => departments::put(tx, &self.department(stated, import_id))?,
            Stored::Officer(stated) => {
                let officer = self.appoint(tx, &stated.email)?;
                new.insert(stated.email.clone(), officer);
            }
            Stored::Holding(stated) => {
                let officer = match new.get(&stated.officer) {
                    Some(officer) => *officer,
                    None => self.officer(tx, &stated.officer)?,
                };
                self.hold(tx, officer, stated)?;
            }
            Stored::HoldingStands { id, title, valid_to } => {
                officers::change_post(tx, &self.tenant, id, title, *valid_to)?;
            }
        }
        Ok(())
    }

    fn department(&self, stated: &StatedDepartment, import_id: &str) -> DepartmentRow {
        DepartmentRow {
            tenant_id: self.tenant.clone(),
            code: stated.code.clone(),
            valid_from: IsoDate(stated.valid_from),
            valid_to: stated.valid_to.map(IsoDate),
            name_ja: stated.name_ja.clone(),
            name_en: stated.name_en.clone(),
            parent: stated.parent.clone(),
            successor: stated.successor.clone(),
            import_id: import_id.to_owned(),
        }
    }

    /// Makes somebody an officer of the body; somebody who serves another body already keeps the account.
    fn appoint(&self, tx: &mut Tx<'_>, email: &str) -> Result<OfficerId, Failure> {
        let known = accounts::find_by_email(tx, &email_index(&self.core.keys, email))?;
        let now = tx.now();
        let account = if let Some(known) = known {
            known.id
        } else {
            let row = self.accounts.get(email);
            let row = row.ok_or_else(|| Failure::Internal("a new officer without an account".to_owned()))?;
            if accounts::insert(tx, &AccountRow { created_at: now, ..row.clone() })? == Inserted::EmailTaken {
                return Err(Failure::Internal("an address was taken a moment ago".to_owned()));
            }
            row.id
        };
        let officer = OfficerId(tx.new_id());
        officers::insert(tx, &self.tenant, officer, account, now)?;
        Ok(officer)
    }

    fn officer(&self, tx: &mut Tx<'_>, email: &str) -> Result<OfficerId, Failure> {
        let account = accounts::find_by_email(tx, &email_index(&self.core.keys, email))?;
        let found = account.map(|account| officers::find(tx, &self.tenant, account.id)).transpose()?;
        found.flatten().ok_or_else(|| Failure::Internal("an officer got lost".to_owned()))
    }

    fn hold(&self, tx: &mut Tx<'_>, officer: OfficerId, stated: &StatedHolding) -> Result<(), Failure> {
        let post =
            Post { department: stated.department.clone(), role: stated.role, title: stated.title.clone() };
        let term = Term { from: stated.valid_from, to: stated.valid_to };
        let id = tx.new_id();
        Ok(officers::insert_post(tx, &self.tenant, officer, id, &post, term)?)
    }
}

fn known_holding(held: officers::HeldPost) -> KnownHolding {
    KnownHolding {
        id: held.id,
        officer: held.officer.to_string(),
        department: held.post.department,
        role: held.post.role,
        title: held.post.title,
        valid_from: held.term.from,
        valid_to: held.term.to,
    }
}
