//! Officers (職員): appointing them, and what they may do today.
//!
//! An officer's authority is read in the same transaction as the act it allows: a post that ended yesterday allows
//! nothing today, whatever a token says.

use jiff::civil::Date;
use secrecy::SecretString;

use super::account::{Profile, email_index, new_row};
use super::intake::refuse_faults;
use super::{Core, Failure, Origin, Refusal};
use crate::domain::account::AccountKind;
use crate::domain::fault::Fault;
use crate::domain::id::{AccountId, OfficerId, TenantCode};
use crate::domain::organisation_import::Appointed as AppointmentKind;
use crate::domain::policy::{Actor, OfficerAuthority, Post};
use crate::store::accounts::{self, AccountRow};
use crate::store::officers::{self, Term};
use crate::store::{Reads, Root, StoreError, Tx};

/// Somebody is to serve a body in some posts.
#[derive(Debug)]
pub struct Appointment {
    /// The body.
    pub tenant: TenantCode,
    /// The address to sign in with.
    pub email: String,
    /// 氏名.
    pub name: String,
    /// The first password; not used when the address has an account already.
    pub password: SecretString,
    /// The posts with their terms.
    pub posts: Vec<(Post, Term)>,
}

/// An appointed officer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Appointed {
    /// The account.
    pub account: AccountId,
    /// The member of staff.
    pub officer: OfficerId,
    /// Whether this call appointed them or they served before.
    pub origin: Origin,
}

/// Appoints an officer. An address that serves the body already keeps its password and its posts.
pub async fn appoint(core: &Core, appointment: Appointment) -> Result<Appointed, Failure> {
    let index = email_index(&core.keys, &appointment.email);
    let known = core.db.read(move |tx| accounts::find_by_email(tx, &index)).await?;
    let row = if let Some(row) = known {
        row
    } else {
        let profile = Profile {
            name: appointment.name.trim().to_owned(),
            email: appointment.email.trim().to_owned(),
            corporate_number: None,
        };
        let hash = core.passwords.hash(appointment.password).await?;
        new_row(core, AccountKind::Officer, &profile, hash)
    };
    let (tenant, posts) = (appointment.tenant, appointment.posts);
    core.db.write(Root::Account(row.id), move |tx| install(tx, &tenant, &row, &posts)).await
}

/// [`appoint`], of somebody whose kind of appointment is known: a fixed term (会計年度任用職員) ends with its fiscal year, and no
/// term ends before it begins. Every fault is named before anything is stored.
pub async fn appoint_as(
    core: &Core,
    kind: AppointmentKind,
    appointment: Appointment,
) -> Result<Appointed, Failure> {
    let mut faults = Vec::new();
    for (index, (_, term)) in appointment.posts.iter().enumerate() {
        let pointer = format!("/posts/{index}/to");
        if term.to.is_some_and(|to| to < term.from) {
            let (ja, en) = ("終わりの日が始まりの日より前です。", "It ends before it begins.");
            faults.push(Fault::new(pointer, "ends_before_it_begins", ja, en));
        } else if let Some((ja, en)) = kind.term_fault(term.from, term.to) {
            faults.push(Fault::new(pointer, "beyond_fiscal_year", ja, en));
        }
    }
    refuse_faults(faults)?;
    appoint(core, appointment).await
}

fn install(
    tx: &mut Tx<'_>,
    tenant: &TenantCode,
    row: &AccountRow,
    posts: &[(Post, Term)],
) -> Result<Appointed, Failure> {
    let known = accounts::find_by_email(tx, &row.email_index)?;
    // Anybody can register anybody's address: a post goes only to an account that was made for an officer.
    if known.as_ref().is_some_and(|known| known.kind != AccountKind::Officer) {
        let ja = "このメールアドレスは住民・事業者のアカウントで使われています。";
        let en = "This address belongs to the account of a resident or business.";
        return Err(Refusal::Invalid(vec![Fault::new("/email", "not_an_officer", ja, en)]).into());
    }
    let known = known.map(|known| known.id);
    let account = known.unwrap_or(row.id);
    if let Some(officer) = officers::find(tx, tenant, account)? {
        return Ok(Appointed { account, officer, origin: Origin::Replayed });
    }
    let now = tx.now();
    if known.is_none() {
        accounts::insert(tx, &AccountRow { created_at: now, ..row.clone() })?;
    }
    let officer = OfficerId(tx.new_id());
    officers::insert(tx, tenant, officer, account, now)?;
    for (post, term) in posts {
        let id = tx.new_id();
        officers::insert_post(tx, tenant, officer, id, post, *term)?;
    }
    Ok(Appointed { account, officer, origin: Origin::Fresh })
}

/// What an account may do as an officer of a tenant today; `None` when it holds no post there.
pub fn authority(
    tx: &mut impl Reads,
    tenant: &TenantCode,
    account: AccountId,
    today: Date,
) -> Result<Option<OfficerAuthority>, StoreError> {
    let Some(officer) = officers::find(tx, tenant, account)? else { return Ok(None) };
    let posts = officers::posts_in_force(tx, tenant, officer, today)?;
    let authority = OfficerAuthority { account, officer, tenant: tenant.clone(), posts };
    Ok((!authority.posts.is_empty()).then_some(authority))
}

/// Who an account is before a tenant today: its officer, or a person like any other.
pub fn actor(
    tx: &mut impl Reads,
    tenant: &TenantCode,
    account: AccountId,
    today: Date,
) -> Result<Actor, StoreError> {
    Ok(authority(tx, tenant, account, today)?.map_or(Actor::Person(account), Actor::Officer))
}
