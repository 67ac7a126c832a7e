//! Payment links (納付用リンク): a party gives one out, and whoever holds it pays without an account, days later if need be.
//!
//! The payer is not the applicant (立替払い, R-86): what is shown is the notice and nothing of the person who owes,
//! and money that goes back goes to the obligor. The secret is 256 random bits; only a keyed hash of it is kept, which is
//! also how it is looked up. Unknown, expired and revoked links are one and the same: not found.

use std::sync::Arc;

use data_encoding::BASE64URL_NOPAD;
use jiff::Timestamp;
use jiff::civil::Date;
use serde_json::json;

use super::cases::{self, OpenCase, event_actor};
use super::idempotency::{IdempotencyRequest, Made, once};
use super::payment::{OpenPayment, application_of, open_as};
use super::payment_ceiling::PayableNow;
use super::rate_limit::RateLimiter;
use super::session::SourceAddress;
use super::{Core, Ctx, Effect, Failure, Origin, Refusal, intake, payment_method};
use crate::config::PaymentSettings;
use crate::domain::audit::EventActor;
use crate::domain::calendar::jst_day;
use crate::domain::id::{AccountId, ApplicationId, InvoiceId, PaymentLinkId, TenantCode};
use crate::domain::invoice::InvoiceState;
use crate::domain::payment::{MethodCode, PayerEmail, Slip, end_of_day, last_day_of_link, link_is_good};
use crate::domain::policy::Action;
use crate::domain::procedure::{Bilingual, ProcedureDefinition};
use crate::domain::rate_limit::RateRule;
use crate::gateway::{MerchantAccount, PayerContact};
use crate::store::invoices::{self, InvoiceRow};
use crate::store::payment_links::{self, PaymentLinkRow};
use crate::store::payments::{self, PaymentRow};
use crate::store::sql::{Json, Micros};
use crate::store::{Reads, Root, Tx, payment_slips, reassessments};

/// Random bytes of a secret.
const SECRET_LEN: usize = 32;

/// Characters of a secret.
const SECRET_TEXT_LEN: usize = 43;

/// On whose authority a payment is opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum PaidBy {
    /// A party of the case, signed in.
    Party,
    /// Whoever holds this link.
    Link(PaymentLinkId, Reach),
}

/// Where the holder of a link can be reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reach {
    /// At an e-mail address given with the request.
    ByEmail,
    /// Nowhere but at the page they look at.
    AtThePage,
}

impl PaidBy {
    /// Opens the case for the payer, or answers as if there were none.
    pub(super) fn case(
        self,
        tx: &mut impl Reads,
        ctx: &Ctx,
        (tenant, application): (&TenantCode, ApplicationId),
        action: Action,
    ) -> Result<OpenCase, Failure> {
        let Self::Link(id, _) = self else { return cases::open(tx, ctx, tenant, application, action) };
        let link = payment_links::find(tx, tenant, id)?.filter(|link| link.application_id == application);
        let now = tx.now();
        let link = link.filter(|link| is_good(link, now)).ok_or(Refusal::NotFound)?;
        cases::open_for_bearer(tx, ctx, tenant, link.application_id)
    }

    /// The account that takes the invoice by a method. Where the gateway sends the payer an invitation, the holder of a link
    /// must say where to: of a party the address is known.
    pub(super) fn account<'a>(
        self,
        ctx: &'a Ctx,
        procedure: &ProcedureDefinition,
        invoice: &InvoiceRow,
        method: &MethodCode,
        today: &PayableNow,
    ) -> Result<&'a Arc<MerchantAccount>, Refusal> {
        let account = payment_method::account_for(ctx, procedure, invoice, method, today)?;
        match (self, account.adapter.payer_contact(method)) {
            (Self::Link(_, Reach::AtThePage), PayerContact::Email) => {
                Err(Refusal::Invalid(vec![PayerEmail::missing()]))
            }
            _ => Ok(account),
        }
    }

    /// The payer in the record of events.
    pub(super) fn event_actor(self, case: &OpenCase) -> EventActor {
        match self {
            Self::Party => event_actor(&case.actor),
            Self::Link(id, _) => EventActor { kind: "payer", id: id.to_string() },
        }
    }

    /// Refuses to close what somebody else opened: the holder of a link replaces only own attempts.
    pub(super) fn refuse_foreign(self, tx: &mut impl Reads, attempt: &PaymentRow) -> Result<(), Failure> {
        let Self::Link(id, _) = self else { return Ok(()) };
        let opened_by = payment_links::link_of_payment(tx, &attempt.tenant_id, attempt.id)?;
        if opened_by == Some(id) { Ok(()) } else { Err(Refusal::PaymentInProgress.into()) }
    }
}

/// How often payment links are called, by address and by link (R-86: nobody has to sign in).
#[derive(Debug)]
pub struct LinkCalls {
    by_address: RateLimiter,
    by_link: RateLimiter,
}

impl LinkCalls {
    /// Nothing was called yet.
    pub fn new(settings: &PaymentSettings) -> Self {
        let rule = |per_minute, burst| RateRule { per_minute, burst };
        let address = rule(settings.link_address_per_minute, settings.link_address_burst);
        let link = rule(settings.link_per_minute, settings.link_burst);
        let capacity = settings.link_callers_remembered;
        Self { by_address: RateLimiter::new(address, capacity), by_link: RateLimiter::new(link, capacity) }
    }

    /// Counts a call from an address about a link, or refuses it with the seconds to wait. Unknown links count like known ones,
    /// so nothing is told by it.
    pub fn admit(&self, core: &Core, source: SourceAddress, token: &str) -> Result<(), Refusal> {
        let now = core.clock.now();
        self.by_address.admit(source.index(&core.keys, "payment_links.source"), now)?;
        self.by_link.admit(core.keys.blind_index("payment_links.called", token), now)
    }
}

/// A link with its secret, which is told once.
#[derive(Clone, Debug)]
pub struct IssuedLink {
    /// The link.
    pub row: PaymentLinkRow,
    /// The secret; none where the request is repeated.
    pub token: Option<String>,
}

/// What the holder of a link sees: the notice, nothing of the person who owes.
#[derive(Clone, Debug)]
pub struct LinkView {
    /// The link.
    pub link: PaymentLinkRow,
    /// The invoice.
    pub invoice: InvoiceRow,
    /// Name of the body.
    pub body: Bilingual,
    /// For what is paid (請求の事由).
    pub title: Bilingual,
    /// The methods by which the holder can pay now.
    pub payable_by: Vec<String>,
    /// Those of them by which the gateway sends an invitation, so that an address must be given.
    pub email_needed_for: Vec<String>,
    /// The youngest payment opened by this link.
    pub payment: Option<PaymentRow>,
    /// What its payer needs to pay cash or by Pay-easy.
    pub slip: Option<Slip>,
}

/// Makes a link to pay an invoice by.
pub async fn create(
    ctx: Ctx,
    request: IdempotencyRequest,
    invoice: InvoiceId,
    expires_on: Option<Date>,
) -> Result<Effect<IssuedLink>, Failure> {
    let application = application_of(&ctx, &request.tenant, invoice).await?;
    let mut secret = [0; SECRET_LEN];
    ctx.core.ids.fill(&mut secret);
    let token = format!("{}-{}", request.tenant, BASE64URL_NOPAD.encode(&secret));
    let (db, hash) = (ctx.core.db.clone(), hash(&ctx.core, &token));
    let made = db
        .write(Root::Application(application), move |tx| {
            let issue = |tx: &mut Tx<'_>, now| {
                issue(tx, &ctx, (&request.tenant, invoice), (expires_on, hash.clone()), now)
            };
            once(tx, &request, "payment_link", issue, |tx, id| {
                let id = id.parse().map_err(|_| Failure::Internal("a record names no link".to_owned()))?;
                let row = payment_links::find(tx, &request.tenant, id)?.ok_or(Refusal::NotFound)?;
                cases::open(tx, &ctx, &request.tenant, row.application_id, Action::Pay)?;
                Ok(row)
            })
        })
        .await?;
    let token = (made.origin == Origin::Fresh).then_some(token);
    Ok(made.map(|row| IssuedLink { row, token }))
}

fn issue(
    tx: &mut Tx<'_>,
    ctx: &Ctx,
    (tenant, id): (&TenantCode, InvoiceId),
    (expires_on, token_hash): (Option<Date>, Vec<u8>),
    now: Timestamp,
) -> Result<Made<PaymentLinkRow>, Failure> {
    // No link without an assessment: what is paid by it is a notice that was issued.
    let invoice = invoices::find(tx, tenant, id)?.ok_or(Refusal::NotFound)?;
    let mut case = cases::open(tx, ctx, tenant, invoice.application_id, Action::Pay)?;
    super::payment::refuse_not_owed(&case, &invoice)?;
    let longest_days = ctx.core.settings.payments.link_longest_days;
    let last_day = last_day_of_link(expires_on, jst_day(now), longest_days);
    let last_day = last_day.map_err(|fault| Refusal::Invalid(vec![fault]))?;

    // From here on everything changes rows; every refusal stands above.
    let row = PaymentLinkRow {
        tenant_id: tenant.clone(),
        id: PaymentLinkId(tx.new_id()),
        application_id: case.row.id,
        invoice_id: id,
        token_hash,
        created_by: ctx.account()?,
        created_at: Micros(now),
        expires_at: Micros(end_of_day(last_day)),
        revoked_at: None,
    };
    payment_links::insert(tx, &row)?;
    let facts =
        json!({ "link": row.id.to_string(), "invoice": id.to_string(), "last_day": last_day.to_string() });
    case.record(tx, "payment_link_created", facts, None)?;
    case.save(tx)?;
    Ok(Made { resource_id: row.id.to_string(), value: row })
}

/// The links of an invoice, for its parties.
pub async fn list(ctx: Ctx, tenant: TenantCode, id: InvoiceId) -> Result<Vec<PaymentLinkRow>, Failure> {
    let db = ctx.core.db.clone();
    db.read(move |tx| {
        let invoice = invoices::find(tx, &tenant, id)?.ok_or(Refusal::NotFound)?;
        cases::open(tx, &ctx, &tenant, invoice.application_id, Action::Pay)?;
        Ok(payment_links::of_invoice(tx, &tenant, id)?)
    })
    .await
}

/// Takes a link back: from now on it is not found. What was opened by it goes on.
pub async fn revoke(ctx: Ctx, request: IdempotencyRequest, id: PaymentLinkId) -> Result<Effect<()>, Failure> {
    let tenant = request.tenant.clone();
    let found = ctx.core.db.read(move |tx| Ok::<_, Failure>(payment_links::find(tx, &tenant, id)?)).await?;
    let application = found.ok_or(Refusal::NotFound)?.application_id;
    let db = ctx.core.db.clone();
    db.write(Root::Application(application), move |tx| {
        let end = |tx: &mut Tx<'_>, _| {
            let row = payment_links::find(tx, &request.tenant, id)?.ok_or(Refusal::NotFound)?;
            let mut case = cases::open(tx, &ctx, &request.tenant, row.application_id, Action::Pay)?;
            if row.revoked_at.is_none() {
                payment_links::revoke(tx, &row)?;
                case.record(tx, "payment_link_revoked", json!({ "link": id.to_string() }), None)?;
                case.save(tx)?;
            }
            Ok(Made { resource_id: id.to_string(), value: () })
        };
        once(tx, &request, "payment_link_revocation", end, |_, _| Ok(()))
    })
    .await
}

/// The notice behind a link.
pub async fn look(ctx: Ctx, token: String) -> Result<LinkView, Failure> {
    let link = find(&ctx, &token).await?;
    let db = ctx.core.db.clone();
    db.read(move |tx| {
        let tenant = &link.tenant_id;
        let holder = PaidBy::Link(link.id, Reach::AtThePage);
        let case = holder.case(tx, &ctx, (tenant, link.application_id), Action::ReadMoney)?;
        let invoice = invoices::find(tx, tenant, link.invoice_id)?.ok_or(Refusal::NotFound)?;
        let procedure = intake::pinned(&ctx, &case.row)?;
        let definition = &procedure.definition;
        let attempts = payments::of_invoice(tx, tenant, invoice.id)?;
        let today = PayableNow::of(tx, &ctx, &[&invoice], &attempts)?;
        let owed = matches!(invoice.invoice_state()?, InvoiceState::Unpaid | InvoiceState::Pending);
        let payable_by =
            if owed { payment_method::offered(&ctx, definition, &invoice, &today) } else { Vec::new() };
        let asks_where = |code: &&String| {
            let method = MethodCode::parse(code);
            method.is_some_and(|method| holder.account(&ctx, definition, &invoice, &method, &today).is_err())
        };
        let email_needed_for = payable_by.iter().filter(asks_where).cloned().collect();
        let mut payment = None;
        for attempt in attempts {
            if payment_links::link_of_payment(tx, tenant, attempt.id)? == Some(link.id) {
                payment = Some(attempt);
            }
        }
        let slip = match &payment {
            Some(payment) => payment_slips::of_payment(tx, tenant, payment.id)?,
            None => None,
        };
        let body = ctx.catalogue.tenant(tenant).ok_or(Refusal::NotFound)?.definition.name.clone();
        // What is asked of the payer is what is owed now, also where a part was waived.
        let lines = Json(reassessments::owed_lines(tx, &invoice)?);
        let invoice = InvoiceRow { lines, ..invoice };
        Ok(LinkView {
            link: link.clone(),
            title: definition.title.clone(),
            invoice,
            body,
            payable_by,
            email_needed_for,
            payment,
            slip,
        })
    })
    .await
}

/// Opens a payment as the holder of a link, who may say where an invitation can be sent; `key` and `fingerprint` make it
/// happen once. The address stands in the sealed request to the gateway and nowhere else.
pub async fn pay(
    ctx: Ctx,
    token: String,
    (key, fingerprint): (String, [u8; 32]),
    mut wanted: OpenPayment,
    email: Option<String>,
) -> Result<Effect<PaymentRow>, Failure> {
    let link = find(&ctx, &token).await?;
    let read = email.as_deref().map(PayerEmail::parse).transpose();
    wanted.payer_email = read.map_err(|fault| Refusal::Invalid(vec![fault]))?;
    let reach = if wanted.payer_email.is_some() { Reach::ByEmail } else { Reach::AtThePage };
    // The scope of the key is the link: its holder has no account.
    let scope = AccountId(link.id.0);
    let request = IdempotencyRequest { tenant: link.tenant_id.clone(), actor: scope, key, fingerprint };
    open_as(ctx, request, link.invoice_id, wanted, PaidBy::Link(link.id, reach)).await
}

/// The good link of a secret.
async fn find(ctx: &Ctx, token: &str) -> Result<PaymentLinkRow, Failure> {
    let tenant = token
        .split_once('-')
        .filter(|(_, secret)| secret.len() == SECRET_TEXT_LEN)
        .and_then(|(code, _)| TenantCode::parse(code))
        .ok_or(Refusal::NotFound)?;
    let hash = hash(&ctx.core, token);
    let row = ctx
        .core
        .db
        .read(move |tx| {
            let now = Reads::now(tx);
            let row = payment_links::find_by_hash(tx, &tenant, &hash)?;
            Ok::<_, Failure>(row.filter(|row| is_good(row, now)))
        })
        .await?;
    Ok(row.ok_or(Refusal::NotFound)?)
}

fn is_good(row: &PaymentLinkRow, now: Timestamp) -> bool {
    link_is_good(row.expires_at.0, row.revoked_at.map(|at| at.0), now)
}

fn hash(core: &Core, token: &str) -> Vec<u8> {
    core.keys.blind_index("payment_links.token_hash", token)
}
