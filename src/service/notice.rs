//! Notices of decisions, of their corrections and of orders about permits (処分の通知): made with what they give notice of, by the
//! way the applicant wished for, and arrived when the addressee first retrieves them.
//!
//! Invariants: what is issued has exactly one notice, made in the same transaction; an arrival is recorded before the answer that
//! shows the text leaves, and only for a party of the case; an officer's look changes nothing.

use jiff::Timestamp;
use serde_json::json;

use super::cases::{self, OpenCase, event_actor};
use super::decision::{self, DecisionText};
use super::document::signature;
use super::idempotency::{IdempotencyRequest, Made, once};
use super::permit_order::{self, OrderText};
use super::{Ctx, Effect, Failure, Refusal, access, fee_at_issue, intake};
use crate::domain::approval::DecisionKind;
use crate::domain::calendar::jst_day;
use crate::domain::fault::Fault;
use crate::domain::id::{ApplicationId, DecisionId, NoticeId, OfficerId, TenantCode};
use crate::domain::issued_document::DocumentKind;
use crate::domain::notice::{About, Form, Moved, NoticeState, NoticeStep, Refused, Way, way_of};
use crate::domain::policy::{Action, Actor};
use crate::domain::procedure::IssuanceChannel;
use crate::store::decision_versions::DecisionVersionRow;
use crate::store::decisions::DecisionRow;
use crate::store::notices::{self, ConsentRow, NoticeActRow, NoticeRow};
use crate::store::permit_orders::PermitOrderRow;
use crate::store::sql::{IsoDate, Micros};
use crate::store::{Reads, Root, Tx, decisions};

/// What was issued a moment ago and is to be told.
#[derive(Clone, Copy, Debug)]
pub enum Issued<'a> {
    /// A decision.
    Decision(&'a DecisionRow),
    /// The correction of a decision of that kind.
    Correction(&'a DecisionVersionRow, DecisionKind),
    /// An order about the permit that the decision granted.
    Order(&'a PermitOrderRow, DecisionId),
}

impl Issued<'_> {
    fn about(self) -> About {
        match self {
            Self::Decision(_) => About::Decision,
            Self::Correction(..) => About::Correction,
            Self::Order(..) => About::PermitOrder,
        }
    }

    fn decision(self) -> DecisionId {
        match self {
            Self::Decision(row) => row.id,
            Self::Correction(row, _) => row.decision_id,
            Self::Order(_, decision) => decision,
        }
    }

    /// Whether a permit is handed over with it, which R-39 is about.
    fn hands_over(self) -> bool {
        match self {
            Self::Decision(row) => row.grants(),
            Self::Correction(_, kind) => kind.grants(),
            Self::Order(..) => false,
        }
    }
}

/// Makes the notice of what is issued, in the same transaction; gives the way it goes.
pub fn make(
    tx: &mut Tx<'_>,
    ctx: &Ctx,
    case: &OpenCase,
    issued: Issued<'_>,
    now: Timestamp,
) -> Result<Way, Failure> {
    let tenant = case.row.tenant_id.clone();
    let wish = notices::last_consent(tx, &tenant, case.row.id)?.and_then(|row| Way::parse(&row.way));
    let issuance = intake::pinned(ctx, &case.row)?.definition.issuance.as_ref().map(|it| it.channel);
    // R-39 is about permits: a refusal hands none over, and neither does an order.
    let form = match issuance {
        Some(IssuanceChannel::PaperOnly) if issued.hands_over() => Form::PaperOnly,
        // what must be signed and cannot be is handed over on paper.
        _ if lacks_signature(tx, ctx, case, issued, now)? => Form::PaperOnly,
        _ => Form::Either,
    };
    let way = way_of(wish, form);
    let row = NoticeRow {
        tenant_id: tenant,
        id: NoticeId(tx.new_id()),
        application_id: case.row.id,
        decision_id: issued.decision(),
        about: issued.about().as_str().to_owned(),
        decision_version: match issued {
            Issued::Correction(row, _) => Some(row.version),
            Issued::Decision(_) | Issued::Order(..) => None,
        },
        permit_order_id: match issued {
            Issued::Order(row, _) => Some(row.id),
            Issued::Decision(_) | Issued::Correction(..) => None,
        },
        way: way.as_str().to_owned(),
        state: NoticeState::first(way).as_str().to_owned(),
        made_at: Micros(now),
        arrived_at: None,
        posted_on: None,
        version: 1,
    };
    notices::insert(tx, &row)?;
    let act = act_of(case, &row, ("made", 1), IsoDate(jst_day(now)), now);
    notices::insert_act(tx, &act)?;
    Ok(way)
}

/// Whether what is told lacks the signature of office that it needs.
fn lacks_signature(
    tx: &mut impl Reads,
    ctx: &Ctx,
    case: &OpenCase,
    issued: Issued<'_>,
    now: Timestamp,
) -> Result<bool, Failure> {
    match issued {
        Issued::Decision(row) => {
            signature::would_lack(ctx, case, DocumentKind::Decision, &row.authority, now)
        }
        Issued::Correction(..) => {
            let decision = decisions::of_case(tx, &case.row.tenant_id, case.row.id)?;
            let authority = decision.map(|row| row.authority).unwrap_or_default();
            signature::would_lack(ctx, case, DocumentKind::Decision, &authority, now)
        }
        Issued::Order(row, _) => {
            signature::would_lack(ctx, case, DocumentKind::PermitOrder, &row.authority, now)
        }
    }
}

/// A wish about notices.
#[derive(Clone, Debug)]
pub struct Wish {
    /// The last wish; none was stated without it, and then notices go by paper.
    pub last: Option<ConsentRow>,
}

/// Records by which way the applicant wants the notices of a case; the last wish counts for decisions that follow.
pub async fn wish(
    ctx: Ctx,
    request: IdempotencyRequest,
    id: ApplicationId,
    way: Way,
) -> Result<Effect<Wish>, Failure> {
    let db = ctx.core.db.clone();
    db.write(Root::Application(id), move |tx| {
        let keep = |tx: &mut Tx<'_>, now| {
            let mut case = cases::open(tx, &ctx, &request.tenant, id, Action::ReceiveNotices)?;
            let before = notices::last_consent(tx, &request.tenant, id)?;
            let row = ConsentRow {
                tenant_id: request.tenant.clone(),
                application_id: id,
                consent_no: before.map_or(1, |row| row.consent_no + 1),
                way: way.as_str().to_owned(),
                account_id: ctx.account()?,
                recorded_at: Micros(now),
            };
            notices::insert_consent(tx, &row)?;
            // A draft has no record yet: its first event is the arrival.
            if case.state.filed().is_some() {
                case.record(tx, "notice_way_chosen", json!({ "way": row.way }), None)?;
                case.save(tx)?;
            }
            Ok(Made { resource_id: id.to_string(), value: Wish { last: Some(row) } })
        };
        once(tx, &request, "notice_consent", keep, |tx, _| {
            cases::open(tx, &ctx, &request.tenant, id, Action::ReadCase)?;
            Ok(Wish { last: notices::last_consent(tx, &request.tenant, id)? })
        })
    })
    .await
}

/// A step of a notice in clear.
#[derive(Clone, Debug)]
pub struct OpenAct {
    /// The row.
    pub row: NoticeActRow,
    /// Tracking number or reason.
    pub text: Option<String>,
}

/// A notice with its steps.
#[derive(Clone, Debug)]
pub struct OpenNotice {
    /// The notice.
    pub row: NoticeRow,
    /// Its steps, in order.
    pub acts: Vec<OpenAct>,
}

/// The notices of a case, and the last wish about them.
#[derive(Clone, Debug)]
pub struct CaseNotices {
    /// The last wish.
    pub wish: Wish,
    /// Oldest first.
    pub items: Vec<OpenNotice>,
}

/// The notices of a case, for its parties and the department. Seeing that there is one is not retrieving it.
pub async fn list(ctx: Ctx, tenant: TenantCode, id: ApplicationId) -> Result<CaseNotices, Failure> {
    let (inner, body) = (ctx.clone(), tenant.clone());
    let read = ctx.core.db.read(move |tx| {
        let case = cases::open(tx, &inner, &body, id, Action::ReadCase)?;
        let rows = notices::of_case(tx, &body, id)?;
        let items = rows.into_iter().map(|row| opened(tx, &case, row)).collect::<Result<_, _>>()?;
        let wish = Wish { last: notices::last_consent(tx, &body, id)? };
        Ok::<_, Failure>((access::reader(&case.actor), CaseNotices { wish, items }))
    });
    let (reader, found) = read.await?;
    if let Some(officer) = reader {
        access::record(&ctx, &tenant, officer, "notices", &[id]).await?;
    }
    Ok(found)
}

/// What a notice says.
#[derive(Clone, Debug)]
pub enum NoticeText {
    /// The decision as it stands, corrections among it.
    Decision(Box<DecisionText>),
    /// The order about a permit.
    Order(Box<OrderText>),
}

/// A notice with its text. For the addressee this is the retrieval: the first one is the arrival.
pub async fn get(ctx: Ctx, tenant: TenantCode, id: NoticeId) -> Result<(OpenNotice, NoticeText), Failure> {
    let row = found(&ctx, &tenant, id).await?;
    let case = row.application_id;
    // Whoever may not see the case is refused here; whoever is its party has retrieved the notice.
    let text = match row.permit_order_id {
        Some(order) => NoticeText::Order(Box::new(permit_order::find(&ctx, &tenant, order).await?)),
        None => NoticeText::Decision(Box::new(decision::find(ctx.clone(), tenant.clone(), case).await?)),
    };
    let inner = ctx.clone();
    let read = ctx.core.db.read(move |tx| {
        let case = cases::open(tx, &inner, &tenant, case, Action::ReadCase)?;
        let row = notices::find(tx, &tenant, id)?.ok_or(Refusal::NotFound)?;
        opened(tx, &case, row)
    });
    Ok((read.await?, text))
}

/// Which text is about to be given to somebody.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Given {
    /// The decision with its corrections.
    Decision,
    /// What was decided, and no word of it.
    Outcome,
    /// Every order about the permit of the case.
    Orders,
    /// One order.
    Order(DecisionId),
}

/// The notices that have not arrived and whose text is about to be read. They are asked for before the text, in one transaction
/// with it, so that nothing arrives that was issued after the reading.
pub(super) fn waiting(
    tx: &mut impl Reads,
    tenant: &TenantCode,
    id: ApplicationId,
    given: Given,
) -> Result<Vec<NoticeId>, Failure> {
    let mut waiting = Vec::new();
    for row in notices::of_case(tx, tenant, id)? {
        let is_given = match (row.gives_notice_of()?, given) {
            (About::Decision | About::Correction, Given::Decision)
            | (About::Decision, Given::Outcome)
            | (About::PermitOrder, Given::Orders) => true,
            (About::PermitOrder, Given::Order(order)) => row.permit_order_id == Some(order),
            _ => false,
        };
        if is_given && row.state == NoticeState::Available.as_str() {
            waiting.push(row.id);
        }
    }
    Ok(waiting)
}

/// Records that a party was given the text of these notices, before it is given; nothing for an officer (`reader`, where it is
/// known), and where one had arrived before.
pub async fn retrieved(
    ctx: &Ctx,
    tenant: &TenantCode,
    id: ApplicationId,
    reader: Option<OfficerId>,
    given: Vec<NoticeId>,
) -> Result<(), Failure> {
    if reader.is_some() || given.is_empty() {
        return Ok(());
    }
    let (inner, body) = (ctx.clone(), tenant.clone());
    let arrive = move |tx: &mut Tx<'_>| {
        let mut case = cases::open(tx, &inner, &body, id, Action::ReadCase)?;
        if !matches!(case.actor, Actor::Person(_)) {
            return Ok::<_, Failure>(());
        }
        let now = tx.now();
        let waits = |row: &NoticeRow| given.contains(&row.id) && row.state == NoticeState::Available.as_str();
        for mut row in notices::of_case(tx, &body, id)?.into_iter().filter(waits) {
            take(tx, &inner, &mut case, &mut row, NoticeStep::Retrieve(now), (jst_day(now), None))?;
        }
        case.save(tx)
    };
    ctx.core.db.write(Root::Application(id), arrive).await
}

/// Records in the transaction of what a party does that it was told before: it acts on what these notices say. Nothing for an officer.
/// The caller stores the case.
pub(super) fn retrieve_with_act(
    tx: &mut Tx<'_>,
    ctx: &Ctx,
    case: &mut OpenCase,
    given: Given,
) -> Result<(), Failure> {
    if !matches!(case.actor, Actor::Person(_)) {
        return Ok(());
    }
    let (tenant, id, now) = (case.row.tenant_id.clone(), case.row.id, tx.now());
    for notice in waiting(tx, &tenant, id, given)? {
        let Some(mut row) = notices::find(tx, &tenant, notice)? else { continue };
        take(tx, ctx, case, &mut row, NoticeStep::Retrieve(now), (jst_day(now), None))?;
    }
    Ok(())
}

/// Takes a step of a notice and records it in the notice's own acts and in the case's chain; the caller stores the case.
pub(super) fn take(
    tx: &mut Tx<'_>,
    ctx: &Ctx,
    case: &mut OpenCase,
    row: &mut NoticeRow,
    step: NoticeStep,
    (happened_on, text): (jiff::civil::Date, Option<&str>),
) -> Result<(), Failure> {
    let now = tx.now();
    let next = match row.notice_state()?.step(step, row.made_at.0, now) {
        Ok(Moved::To(next)) => next,
        Ok(Moved::Stays) => return Ok(()),
        Err(refused) => return Err(refusal(row, step, refused).into()),
    };
    let (act, event) = names(step);
    let act_no = notices::acts_of(tx, &row.tenant_id, row.id)?.len();
    let act_no = i64::try_from(act_no).unwrap_or(i64::MAX).saturating_add(1);
    row.take_over(next);
    notices::update(tx, row)?;
    let seal = |text: &str| {
        case.key.seal(&notices::text_place(row.id, act_no), text.as_bytes(), ctx.core.ids.as_ref())
    };
    let sealed_text = text.map(seal);
    let act = act_of(case, row, (act, act_no), IsoDate(happened_on), now);
    notices::insert_act(tx, &NoticeActRow { sealed_text, ..act })?;
    let facts = json!({ "notice": row.id, "way": row.way, "on": happened_on.to_string() });
    case.record(tx, event, facts, None)?;
    let is_told = matches!(step, NoticeStep::Retrieve(_) | NoticeStep::TurnToPaper);
    if is_told && row.gives_notice_of()? == About::Decision {
        fee_at_issue::claim_with_notice(tx, ctx, case, now)?;
    }
    Ok(())
}

fn names(step: NoticeStep) -> (&'static str, &'static str) {
    match step {
        NoticeStep::Retrieve(_) => ("arrived", "notice_arrived"),
        NoticeStep::Post(_) => ("posted", "notice_posted"),
        NoticeStep::Return(_) => ("returned", "notice_returned"),
        NoticeStep::TurnToPaper => ("turned_to_paper", "notice_turned_to_paper"),
    }
}

fn refusal(row: &NoticeRow, step: NoticeStep, refused: Refused) -> Refusal {
    match refused {
        Refused::WrongState => Refusal::NoticeStandsElsewhere { state: row.state.clone() },
        Refused::BadDay { first, last } => {
            let pointer = if matches!(step, NoticeStep::Post(_)) { "/posted_on" } else { "/returned_on" };
            let ja = format!("{first}から{last}までの日付を入力してください。");
            let en = format!("Please enter a day from {first} to {last}.");
            Refusal::Invalid(vec![Fault::new(pointer, "bad_day", ja, en)])
        }
    }
}

fn act_of(
    case: &OpenCase,
    row: &NoticeRow,
    (act, act_no): (&str, i64),
    happened_on: IsoDate,
    now: Timestamp,
) -> NoticeActRow {
    let actor = event_actor(&case.actor);
    NoticeActRow {
        tenant_id: row.tenant_id.clone(),
        notice_id: row.id,
        act_no,
        application_id: row.application_id,
        act: act.to_owned(),
        happened_on,
        sealed_text: None,
        actor_kind: actor.kind.to_owned(),
        actor_id: actor.id,
        acted_at: Micros(now),
    }
}

/// Opens a notice of an opened case.
pub(super) fn opened(tx: &mut impl Reads, case: &OpenCase, row: NoticeRow) -> Result<OpenNotice, Failure> {
    let open = |act: NoticeActRow| {
        let place = notices::text_place(row.id, act.act_no);
        let text = act.sealed_text.as_deref().map(|sealed| case.key.open(&place, sealed)).transpose()?;
        let text = text.map(|text| String::from_utf8_lossy(&text).into_owned());
        Ok::<_, Failure>(OpenAct { row: act, text })
    };
    let acts =
        notices::acts_of(tx, &row.tenant_id, row.id)?.into_iter().map(open).collect::<Result<_, _>>()?;
    Ok(OpenNotice { row, acts })
}

/// The case of a notice, which is the root to lock; the policy is asked again inside the transaction.
pub(super) async fn application_of(
    ctx: &Ctx,
    tenant: &TenantCode,
    id: NoticeId,
) -> Result<ApplicationId, Failure> {
    Ok(found(ctx, tenant, id).await?.application_id)
}

async fn found(ctx: &Ctx, tenant: &TenantCode, id: NoticeId) -> Result<NoticeRow, Failure> {
    let tenant = tenant.clone();
    let found = ctx.core.db.read(move |tx| Ok::<_, Failure>(notices::find(tx, &tenant, id)?)).await?;
    Ok(found.ok_or(Refusal::NotFound)?)
}
