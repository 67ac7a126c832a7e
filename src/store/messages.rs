//! Messages (連絡), who of the other side read them first, and statements of who follows no guidance.

use diesel::prelude::*;

use super::schema::messages::{guidance_refusals, message_reads, messages};
use super::sql::{Json, Micros, or_ignore};
use super::{Reads, StoreError, Tx};
use crate::domain::id::{ApplicationId, AttachmentId, MessageId, TenantCode};
use crate::domain::message::Side;

/// A message as stored; never changed.
#[derive(Clone, Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = messages)]
pub struct MessageRow {
    /// The body.
    pub tenant_id: TenantCode,
    /// The message.
    pub id: MessageId,
    /// The case.
    pub application_id: ApplicationId,
    /// `applicant` or `office`.
    pub side: String,
    /// `message`, `guidance_to_withdraw` or `oral_guidance`.
    pub kind: String,
    /// The account or the officer who wrote it.
    pub author_id: String,
    /// What it says, sealed with the case's key.
    pub sealed_text: Vec<u8>,
    /// Documents of the case that it names.
    pub attachments: Json<Vec<AttachmentId>>,
    /// When.
    pub written_at: Micros,
}

/// A statement not to follow guidance, as stored; never changed.
#[derive(Clone, Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = guidance_refusals, treat_none_as_default_value = false)]
pub struct GuidanceRefusalRow {
    /// The body.
    pub tenant_id: TenantCode,
    /// The case.
    pub application_id: ApplicationId,
    /// Which side wrote it down: the office does for what was said by word of mouth.
    pub recorded_side: String,
    /// The account or the officer who wrote it down.
    pub recorded_by: String,
    /// What was said, sealed with the case's key.
    pub sealed_statement: Option<Vec<u8>>,
    /// When.
    pub stated_at: Micros,
}

/// The place that the sealed text of a message is bound to.
pub fn text_place(id: MessageId) -> String {
    format!("messages.sealed_text:{id}")
}

/// The place that a sealed statement is bound to.
pub fn statement_place(case: ApplicationId) -> String {
    format!("guidance_refusals.sealed_statement:{case}")
}

/// Stores a new message.
pub fn insert(tx: &mut Tx<'_>, row: &MessageRow) -> Result<(), StoreError> {
    diesel::insert_into(messages::table).values(row).execute(tx.change())?;
    Ok(())
}

/// One message, with the instant of its first reading by the other side.
pub fn find(
    tx: &mut impl Reads,
    tenant: &TenantCode,
    id: MessageId,
) -> Result<Option<(MessageRow, Option<Micros>)>, StoreError> {
    let of_message =
        message_reads::tenant_id.eq(messages::tenant_id).and(message_reads::message_id.eq(messages::id));
    Ok(messages::table
        .left_join(message_reads::table.on(of_message))
        .filter(messages::tenant_id.eq(tenant))
        .filter(messages::id.eq(id))
        .select((MessageRow::as_select(), message_reads::read_at.nullable()))
        .first(tx.read())
        .optional()?)
}

/// The messages of a case before `before`, newest first, each with the instant of its first reading by the other side.
pub fn page(
    tx: &mut impl Reads,
    tenant: &TenantCode,
    case: ApplicationId,
    before: Option<MessageId>,
    limit: i64,
) -> Result<Vec<(MessageRow, Option<Micros>)>, StoreError> {
    let of_message =
        message_reads::tenant_id.eq(messages::tenant_id).and(message_reads::message_id.eq(messages::id));
    let mut query = messages::table
        .left_join(message_reads::table.on(of_message))
        .filter(messages::tenant_id.eq(tenant))
        .filter(messages::application_id.eq(case))
        .order(messages::id.desc())
        .limit(limit)
        .select((MessageRow::as_select(), message_reads::read_at.nullable()))
        .into_boxed();
    if let Some(before) = before {
        query = query.filter(messages::id.lt(before));
    }
    Ok(query.load(tx.read())?)
}

/// Marks a message as read; the first reader stays.
pub fn mark_read(
    tx: &mut Tx<'_>,
    tenant: &TenantCode,
    id: MessageId,
    reader: &str,
) -> Result<(), StoreError> {
    let values = (
        message_reads::tenant_id.eq(tenant),
        message_reads::message_id.eq(id),
        message_reads::reader_id.eq(reader),
        message_reads::read_at.eq(Micros(tx.now())),
    );
    or_ignore(diesel::insert_into(message_reads::table).values(values)).execute(tx.change())?;
    Ok(())
}

/// How many messages that `side` wrote nobody of the other side has read, for each of these cases that has some.
pub fn unread(
    tx: &mut impl Reads,
    tenants: &[TenantCode],
    cases: &[ApplicationId],
    side: Side,
) -> Result<Vec<(ApplicationId, i64)>, StoreError> {
    let of_message =
        message_reads::tenant_id.eq(messages::tenant_id).and(message_reads::message_id.eq(messages::id));
    Ok(messages::table
        .left_join(message_reads::table.on(of_message))
        .filter(messages::tenant_id.eq_any(tenants))
        .filter(messages::application_id.eq_any(cases))
        .filter(messages::side.eq(side.as_str()))
        .filter(message_reads::read_at.nullable().is_null())
        .group_by(messages::application_id)
        .order(messages::application_id)
        .select((messages::application_id, diesel::dsl::count_star()))
        .load(tx.read())?)
}

/// The statement of a case not to follow guidance.
pub fn guidance_refusal(
    tx: &mut impl Reads,
    tenant: &TenantCode,
    case: ApplicationId,
) -> Result<Option<GuidanceRefusalRow>, StoreError> {
    Ok(guidance_refusals::table
        .find((tenant, case))
        .select(GuidanceRefusalRow::as_select())
        .first(tx.read())
        .optional()?)
}

/// Stores such a statement.
pub fn insert_guidance_refusal(tx: &mut Tx<'_>, row: &GuidanceRefusalRow) -> Result<(), StoreError> {
    diesel::insert_into(guidance_refusals::table).values(row).execute(tx.change())?;
    Ok(())
}
