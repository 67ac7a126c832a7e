//! Officers (職員) and their dated posts (職): a role is held in a department from one day to another.

use diesel::prelude::*;
use jiff::Timestamp;
use jiff::civil::Date;
use uuid::Uuid;

use super::error::StoreError;
use super::schema::{officer_posts, officers};
use super::sql::{IsoDate, Micros};
use super::tx::{Reads, Tx};
use crate::domain::id::{AccountId, OfficerId, TenantCode};
use crate::domain::policy::{Post, Role};

#[derive(Insertable)]
#[diesel(table_name = officers)]
struct RawOfficer {
    tenant_id: TenantCode,
    id: OfficerId,
    account_id: AccountId,
    created_at: Micros,
}

#[derive(Insertable)]
#[diesel(table_name = officer_posts)]
struct RawPost {
    tenant_id: TenantCode,
    id: String,
    officer_id: OfficerId,
    department: String,
    role: String,
    title: String,
    valid_from: IsoDate,
    valid_to: Option<IsoDate>,
}

/// The first and, if it is known, the last day of a post; both are within it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Term {
    /// First day.
    pub from: Date,
    /// Last day.
    pub to: Option<Date>,
}

/// Stores a new officer of a tenant.
pub fn insert(
    tx: &mut Tx<'_>,
    tenant: &TenantCode,
    officer: OfficerId,
    account: AccountId,
    now: Timestamp,
) -> Result<(), StoreError> {
    let raw =
        RawOfficer { tenant_id: tenant.clone(), id: officer, account_id: account, created_at: now.into() };
    diesel::insert_into(officers::table).values(raw).execute(tx.change())?;
    Ok(())
}

/// Gives an officer a post for a term.
pub fn insert_post(
    tx: &mut Tx<'_>,
    tenant: &TenantCode,
    officer: OfficerId,
    id: Uuid,
    post: &Post,
    term: Term,
) -> Result<(), StoreError> {
    let raw = RawPost {
        tenant_id: tenant.clone(),
        id: id.to_string(),
        officer_id: officer,
        department: post.department.clone(),
        role: post.role.as_str().to_owned(),
        title: post.title.clone(),
        valid_from: term.from.into(),
        valid_to: term.to.map(IsoDate),
    };
    diesel::insert_into(officer_posts::table).values(raw).execute(tx.change())?;
    Ok(())
}

/// The officer that an account is in a tenant.
pub fn find(
    tx: &mut impl Reads,
    tenant: &TenantCode,
    account: AccountId,
) -> Result<Option<OfficerId>, StoreError> {
    let of_account = officers::tenant_id.eq(tenant).and(officers::account_id.eq(account));
    Ok(officers::table.filter(of_account).select(officers::id).first(tx.read()).optional()?)
}

/// The account of an officer.
pub fn account_of(
    tx: &mut impl Reads,
    tenant: &TenantCode,
    officer: OfficerId,
) -> Result<Option<AccountId>, StoreError> {
    Ok(officers::table.find((tenant, officer)).select(officers::account_id).first(tx.read()).optional()?)
}

/// The posts of an officer that are in force on a day, in the order of their beginning.
pub fn posts_in_force(
    tx: &mut impl Reads,
    tenant: &TenantCode,
    officer: OfficerId,
    day: Date,
) -> Result<Vec<Post>, StoreError> {
    posts_in_span(tx, tenant, officer, (day, day))
}

/// The posts of an officer that are in force on any day of a span, both of its ends within, in the order of their beginning.
pub fn posts_in_span(
    tx: &mut impl Reads,
    tenant: &TenantCode,
    officer: OfficerId,
    (from, to): (Date, Date),
) -> Result<Vec<Post>, StoreError> {
    let raw = officer_posts::table
        .filter(officer_posts::tenant_id.eq(tenant).and(officer_posts::officer_id.eq(officer)))
        .filter(officer_posts::valid_from.le(IsoDate(to)))
        .filter(officer_posts::valid_to.is_null().or(officer_posts::valid_to.ge(IsoDate(from))))
        .order((officer_posts::valid_from, officer_posts::id))
        .select((officer_posts::department, officer_posts::role, officer_posts::title))
        .load::<(String, String, String)>(tx.read())?;
    raw.into_iter().map(post).collect()
}

/// The posts of these officers that are in force on a day, in one statement: officer and post, the longest held first.
pub fn posts_of_each(
    tx: &mut impl Reads,
    tenant: &TenantCode,
    officers: &[OfficerId],
    day: Date,
) -> Result<Vec<(OfficerId, Post)>, StoreError> {
    posts_on(tx, tenant, day, &Whose::Officers(officers))
}

/// The posts in these departments that are in force on a day, in one statement: officer and post, the longest held first.
pub fn posts_in_each(
    tx: &mut impl Reads,
    tenant: &TenantCode,
    departments: &[String],
    day: Date,
) -> Result<Vec<(OfficerId, Post)>, StoreError> {
    posts_on(tx, tenant, day, &Whose::Departments(departments))
}

/// Whose posts are meant.
enum Whose<'a> {
    Officers(&'a [OfficerId]),
    Departments(&'a [String]),
}

fn posts_on(
    tx: &mut impl Reads,
    tenant: &TenantCode,
    day: Date,
    whose: &Whose<'_>,
) -> Result<Vec<(OfficerId, Post)>, StoreError> {
    let mut query = officer_posts::table
        .filter(officer_posts::tenant_id.eq(tenant))
        .filter(officer_posts::valid_from.le(IsoDate(day)))
        .filter(officer_posts::valid_to.is_null().or(officer_posts::valid_to.ge(IsoDate(day))))
        .order((officer_posts::valid_from, officer_posts::id))
        .select((
            officer_posts::officer_id,
            (officer_posts::department, officer_posts::role, officer_posts::title),
        ))
        .into_boxed();
    query = match whose {
        Whose::Officers(officers) => query.filter(officer_posts::officer_id.eq_any(*officers)),
        Whose::Departments(departments) => query.filter(officer_posts::department.eq_any(*departments)),
    };
    let rows: Vec<(OfficerId, (String, String, String))> = query.load(tx.read())?;
    rows.into_iter().map(|(officer, raw)| Ok((officer, post(raw)?))).collect()
}

/// Who sits at a desk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Holder {
    /// The officer.
    pub officer: OfficerId,
    /// The account that signs in.
    pub account: AccountId,
    /// The title of the post.
    pub title: String,
}

/// Who holds a role in a department on a day, longest first.
pub fn holders(
    tx: &mut impl Reads,
    tenant: &TenantCode,
    role: &str,
    department: &str,
    day: Date,
) -> Result<Vec<Holder>, StoreError> {
    let of_officer =
        officers::tenant_id.eq(officer_posts::tenant_id).and(officers::id.eq(officer_posts::officer_id));
    let rows = officer_posts::table
        .inner_join(officers::table.on(of_officer))
        .filter(officer_posts::tenant_id.eq(tenant).and(officer_posts::department.eq(department)))
        .filter(officer_posts::role.eq(role))
        .filter(officer_posts::valid_from.le(IsoDate(day)))
        .filter(officer_posts::valid_to.is_null().or(officer_posts::valid_to.ge(IsoDate(day))))
        .order((officer_posts::valid_from, officer_posts::id))
        .select((officers::id, officers::account_id, officer_posts::title))
        .load::<(OfficerId, AccountId, String)>(tx.read())?;
    Ok(rows.into_iter().map(|(officer, account, title)| Holder { officer, account, title }).collect())
}

/// The officers of a body who hold a role in one of these departments on a day, each once, in the order of their ids.
pub fn holders_among(
    tx: &mut impl Reads,
    tenant: &TenantCode,
    departments: &[&str],
    role: Role,
    day: Date,
) -> Result<Vec<OfficerId>, StoreError> {
    let mut found: Vec<OfficerId> = officer_posts::table
        .filter(officer_posts::tenant_id.eq(tenant))
        .filter(officer_posts::department.eq_any(departments))
        .filter(officer_posts::role.eq(role.as_str()))
        .filter(officer_posts::valid_from.le(IsoDate(day)))
        .filter(officer_posts::valid_to.is_null().or(officer_posts::valid_to.ge(IsoDate(day))))
        .order(officer_posts::officer_id)
        .select(officer_posts::officer_id)
        .load(tx.read())?;
    found.dedup();
    Ok(found)
}

/// All posts of an account that are in force on a day, over all tenants, ordered by tenant.
pub fn posts_of_account(
    tx: &mut impl Reads,
    account: AccountId,
    day: Date,
) -> Result<Vec<(TenantCode, Post)>, StoreError> {
    let bodies = officers::table
        .filter(officers::account_id.eq(account))
        .order(officers::tenant_id)
        .select((officers::tenant_id, officers::id))
        .load::<(TenantCode, OfficerId)>(tx.read())?;
    let mut posts = Vec::new();
    // Nobody serves more than a few bodies.
    for (tenant, officer) in bodies {
        let held = posts_in_force(tx, &tenant, officer, day)?;
        posts.extend(held.into_iter().map(|post| (tenant.clone(), post)));
    }
    Ok(posts)
}

/// A post with its holder and its term, as stored.
#[derive(Clone, Debug)]
pub struct HeldPost {
    /// Its id.
    pub id: String,
    /// Who holds it.
    pub officer: OfficerId,
    /// The post.
    pub post: Post,
    /// From when to when.
    pub term: Term,
}

/// Every post of a body with its holder, past and to come.
pub fn held_posts(tx: &mut impl Reads, tenant: &TenantCode) -> Result<Vec<HeldPost>, StoreError> {
    type Row = (String, OfficerId, (String, String, String), IsoDate, Option<IsoDate>);
    let rows: Vec<Row> = officer_posts::table
        .filter(officer_posts::tenant_id.eq(tenant))
        .order((officer_posts::officer_id, officer_posts::valid_from, officer_posts::id))
        .select((
            officer_posts::id,
            officer_posts::officer_id,
            (officer_posts::department, officer_posts::role, officer_posts::title),
            officer_posts::valid_from,
            officer_posts::valid_to,
        ))
        .load(tx.read())?;
    let held = rows.into_iter().map(|(id, officer, raw, from, to)| {
        Ok(HeldPost { id, officer, post: post(raw)?, term: Term { from: from.0, to: to.map(|to| to.0) } })
    });
    held.collect()
}

/// Gives a post this title and this last day; whether the past allows it is the caller's to know.
pub fn change_post(
    tx: &mut Tx<'_>,
    tenant: &TenantCode,
    id: &str,
    title: &str,
    to: Option<Date>,
) -> Result<(), StoreError> {
    let target =
        officer_posts::table.filter(officer_posts::tenant_id.eq(tenant)).filter(officer_posts::id.eq(id));
    let values = (officer_posts::title.eq(title), officer_posts::valid_to.eq(to.map(IsoDate)));
    let affected = diesel::update(target).set(values).execute(tx.change())?;
    if affected == 1 { Ok(()) } else { Err(StoreError::Inconsistent(format!("officer_posts {id}"))) }
}

fn post((department, role, title): (String, String, String)) -> Result<Post, StoreError> {
    let known =
        Role::parse(&role).ok_or_else(|| StoreError::Inconsistent(format!("a post with the role {role}")))?;
    Ok(Post { department, role: known, title })
}
