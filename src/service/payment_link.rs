//! Payment links (納付用リンク): a party gives one out, and whoever holds it pays without an account, days later if need be.
//!
//! The payer is not the applicant (立替払い, R-86): what is shown is the notice and nothing of the person who owes,
//! and money that goes back goes to the obligor. A link may name several invoices of one obligor, which are paid in one act
//! ([`super::joint_payment`]). The secret is 256 random bits; only a keyed hash of it is kept, which is
//! also how it is looked up. Unknown, expired and revoked links are one and the same: not found.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use data_encoding::BASE64URL_NOPAD;
use jiff::Timestamp;
use jiff::civil::Date;
use serde_json::json;

use super::cases::{self, OpenCase, event_actor};
use super::idempotency::{IdempotencyRequest, Made, is_used, once};
use super::joint_payment::{self, MOST_INVOICES, cases_of};
use super::payment::{OpenPayment, open_as};
use super::payment_ceiling::PayableNow;
use super::rate_limit::RateLimiter;
use super::session::SourceAddress;
use super::{Core, Ctx, Effect, Failure, Origin, Refusal, catalogue, payment_method};
use crate::config::PaymentSettings;
use crate::domain::audit::EventActor;
use crate::domain::calendar::jst_day;
use crate::domain::fault::Fault;
use crate::domain::id::{AccountId, ApplicationId, InvoiceId, PaymentLinkId, TenantCode};
use crate::domain::payment::{MethodCode, PayerEmail, end_of_day, last_day_of_link, link_is_good};
use crate::domain::policy::Action;
use crate::domain::procedure::ProcedureDefinition;
use crate::domain::rate_limit::RateRule;
use crate::gateway::{MerchantAccount, PayerContact};
use crate::store::invoices::{self, InvoiceRow};
use crate::store::payment_links::{self, LinkInvoiceRow, PaymentLinkRow};
use crate::store::payments::PaymentRow;
use crate::store::sql::Micros;
use crate::store::{Reads, Root, StoreError, Tx};

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
        let now = tx.now();
        let link = payment_links::find(tx, tenant, id)?.filter(|link| is_good(link, now));
        let members = payment_links::members(tx, &link.ok_or(Refusal::NotFound)?)?;
        if members.iter().all(|(_, case)| *case != application) {
            return Err(Refusal::NotFound.into());
        }
        cases::open_for_bearer(tx, ctx, tenant, application)
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
        self.refuse_unreachable(account, method)?;
        Ok(account)
    }

    /// Refuses an account that sends an invitation where nobody said where to.
    pub(super) fn refuse_unreachable(
        self,
        account: &MerchantAccount,
        method: &MethodCode,
    ) -> Result<(), Refusal> {
        match (self, account.adapter.payer_contact(method)) {
            (Self::Link(_, Reach::AtThePage), PayerContact::Email) => {
                Err(Refusal::Invalid(vec![PayerEmail::missing()]))
            }
            _ => Ok(()),
        }
    }

    /// Notes by which link a payment was opened; a party needs no note.
    pub(super) fn note(self, tx: &mut Tx<'_>, payment: &PaymentRow) -> Result<(), StoreError> {
        match self {
            Self::Link(link, _) => payment_links::insert_payer(tx, &payment.tenant_id, payment.id, link),
            Self::Party => Ok(()),
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

/// An invoice that is paid by a link, with its case.
pub type Member = (InvoiceId, ApplicationId);

/// A link with its secret, which is told once.
#[derive(Clone, Debug)]
pub struct IssuedLink {
    /// The link.
    pub row: PaymentLinkRow,
    /// Every invoice that is paid by it, with its case.
    pub members: Vec<Member>,
    /// The secret; none where the request is repeated.
    pub token: Option<String>,
}

/// What a party wants of a new link.
#[derive(Clone, Debug, Default)]
pub struct NewLink {
    /// The last day in Japan on which it is good; as long as the body allows where it is left out.
    pub expires_on: Option<Date>,
    /// Further invoices of the same obligor that are paid in the same act.
    pub further: Vec<InvoiceId>,
}

/// Makes a link to pay an invoice by, alone or with others.
pub async fn create(
    ctx: Ctx,
    request: IdempotencyRequest,
    invoice: InvoiceId,
    wanted: NewLink,
) -> Result<Effect<IssuedLink>, Failure> {
    refuse_list(invoice, &wanted.further)?;
    let ids: Vec<InvoiceId> = std::iter::once(invoice).chain(wanted.further.iter().copied()).collect();
    let cases = cases_of(&ctx, &request.tenant, &ids).await?;
    let mut secret = [0; SECRET_LEN];
    ctx.core.ids.fill(&mut secret);
    let token = format!("{}-{}", request.tenant, BASE64URL_NOPAD.encode(&secret));
    let (db, hash) = (ctx.core.db.clone(), hash(&ctx.core, &token));
    let write = move |tx: &mut Tx<'_>| {
        let issue = |tx: &mut Tx<'_>, now| {
            issue(tx, &ctx, (&request.tenant, &ids), (wanted.expires_on, hash.clone()), now)
        };
        once(tx, &request, "payment_link", issue, |tx, id| {
            let id = id.parse().map_err(|_| Failure::Internal("a record names no link".to_owned()))?;
            let row = payment_links::find(tx, &request.tenant, id)?.ok_or(Refusal::NotFound)?;
            let members = payment_links::members(tx, &row)?;
            for (_, application) in &members {
                cases::open(tx, &ctx, &request.tenant, *application, Action::Pay)?;
            }
            Ok((row, members))
        })
    };
    let made = match cases.as_slice() {
        [(_, only)] => db.write(Root::Application(*only), write).await?,
        _ => db.write_alone(roots(&cases), write).await?,
    };
    let token = (made.origin == Origin::Fresh).then_some(token);
    Ok(made.map(|(row, members)| IssuedLink { row, members, token }))
}

/// What is wrong with the further invoices: too many, or one of them twice.
fn refuse_list(first: InvoiceId, further: &[InvoiceId]) -> Result<(), Refusal> {
    let mut faults = Vec::new();
    let most = MOST_INVOICES.saturating_sub(1);
    if further.len() > most {
        let ja = format!("{most}件以内にしてください。");
        let en = format!("At most {most} are possible.");
        faults.push(Fault::new("/further_invoices", "count", ja, en));
    }
    for (index, id) in further.iter().enumerate() {
        if *id == first || further.iter().take(index).any(|other| other == id) {
            let (ja, en) = ("重複しています。", "It is named twice.");
            faults.push(Fault::new(format!("/further_invoices/{index}"), "duplicate", ja, en));
        }
    }
    if faults.is_empty() { Ok(()) } else { Err(Refusal::Invalid(faults)) }
}

/// The cases to lock, each once.
pub(super) fn roots(cases: &[Member]) -> Vec<Root> {
    let cases: BTreeSet<ApplicationId> = cases.iter().map(|(_, case)| *case).collect();
    cases.into_iter().map(Root::Application).collect()
}

fn issue(
    tx: &mut Tx<'_>,
    ctx: &Ctx,
    (tenant, ids): (&TenantCode, &[InvoiceId]),
    (expires_on, token_hash): (Option<Date>, Vec<u8>),
    now: Timestamp,
) -> Result<Made<(PaymentLinkRow, Vec<Member>)>, Failure> {
    let (first, mut cases, members) = judge(tx, ctx, tenant, ids)?;
    let longest_days = ctx.core.settings.payments.link_longest_days;
    let last_day = last_day_of_link(expires_on, jst_day(now), longest_days);
    let last_day = last_day.map_err(|fault| Refusal::Invalid(vec![fault]))?;

    // From here on everything changes rows; every refusal stands above.
    let row = PaymentLinkRow {
        tenant_id: tenant.clone(),
        id: PaymentLinkId(tx.new_id()),
        application_id: first.1,
        invoice_id: first.0,
        token_hash,
        created_by: ctx.account()?,
        created_at: Micros(now),
        expires_at: Micros(end_of_day(last_day)),
        revoked_at: None,
    };
    payment_links::insert(tx, &row)?;
    let further = (1_i64..).zip(members.iter().skip(1)).map(|(position, (invoice, case))| LinkInvoiceRow {
        tenant_id: tenant.clone(),
        link_id: row.id,
        position,
        invoice_id: *invoice,
        application_id: *case,
    });
    payment_links::insert_further(tx, &further.collect::<Vec<_>>())?;
    for (application, case) in &mut cases {
        let own = members.iter().filter(|(_, of)| of == application).map(|(invoice, _)| invoice.to_string());
        let own: Vec<String> = own.collect();
        let facts = json!({ "link": row.id.to_string(), "invoice": own.first(), "invoices": own,
            "last_day": last_day.to_string() });
        case.record(tx, "payment_link_created", facts, None)?;
        case.save(tx)?;
    }
    Ok(Made { resource_id: row.id.to_string(), value: (row, members) })
}

/// The cases of a link's invoices.
type OpenCases = BTreeMap<ApplicationId, OpenCase>;

/// The invoices of a link: each owed, of one obligor, and the caller's to pay; or what is wrong, with all of the further ones at
/// once. No link without an assessment: what is paid by it is a notice that was issued.
fn judge(
    tx: &mut impl Reads,
    ctx: &Ctx,
    tenant: &TenantCode,
    ids: &[InvoiceId],
) -> Result<(Member, OpenCases, Vec<Member>), Failure> {
    let (mut faults, mut cases, mut members) = (Vec::new(), OpenCases::new(), Vec::new());
    let [first, further @ ..] = ids else { return Err(Refusal::NotFound.into()) };
    let lead = payable(tx, ctx, tenant, *first, &mut cases)?;
    members.push((*first, lead.application_id));
    for (index, id) in further.iter().enumerate() {
        let judged = payable(tx, ctx, tenant, *id, &mut cases);
        let Some(invoice) = catalogue::member("/further_invoices", index, judged, &mut faults)? else {
            continue;
        };
        if !invoice.has_obligor_of(&lead) {
            let ja = "納入義務者が異なります。まとめて納付できるのは同じ納入義務者のものに限ります。";
            let en = "Another obligor: only what one person owes is paid in one act.";
            faults.push(Fault::new(format!("/further_invoices/{index}"), "another_obligor", ja, en));
        }
        members.push((*id, invoice.application_id));
    }
    let lead = (*first, lead.application_id);
    if faults.is_empty() { Ok((lead, cases, members)) } else { Err(Refusal::Invalid(faults).into()) }
}

/// An invoice that is owed, its case opened for a party who may pay it.
fn payable(
    tx: &mut impl Reads,
    ctx: &Ctx,
    tenant: &TenantCode,
    id: InvoiceId,
    cases: &mut OpenCases,
) -> Result<InvoiceRow, Failure> {
    let invoice = invoices::find(tx, tenant, id)?.ok_or(Refusal::NotFound)?;
    let application = invoice.application_id;
    let case = match cases.entry(application) {
        Entry::Occupied(known) => known.into_mut(),
        Entry::Vacant(new) => new.insert(cases::open(tx, ctx, tenant, application, Action::Pay)?),
    };
    super::payment::refuse_not_owed(tx, case, &invoice)?;
    Ok(invoice)
}

/// Opens a payment as the holder of a link, who may say where an invitation can be sent; `key` and `fingerprint` make it
/// happen once. The address stands in the sealed request to the gateway and nowhere else.
///
/// By a link for several invoices those are paid in one act that are still owed. The holder says which sum was seen, so that whatever
/// was paid by somebody else meanwhile is told, and never left out silently.
pub async fn pay(
    ctx: Ctx,
    token: String,
    (key, fingerprint): (String, [u8; 32]),
    mut wanted: OpenPayment,
    email: Option<String>,
) -> Result<Effect<Vec<PaymentRow>>, Failure> {
    let link = find(&ctx, &token).await?;
    let read = email.as_deref().map(PayerEmail::parse).transpose();
    wanted.payer_email = read.map_err(|fault| Refusal::Invalid(vec![fault]))?;
    let reach = if wanted.payer_email.is_some() { Reach::ByEmail } else { Reach::AtThePage };
    let paid_by = PaidBy::Link(link.id, reach);
    // The scope of the key is the link: its holder has no account.
    let scope = AccountId(link.id.0);
    let request = IdempotencyRequest { tenant: link.tenant_id.clone(), actor: scope, key, fingerprint };
    match left_to_pay(&ctx, &link, &request, wanted.expected_total).await? {
        Left::One(invoice) => {
            let made = open_as(ctx, request, invoice, wanted, paid_by).await?;
            Ok(made.map(|payment| vec![payment]))
        }
        Left::Several(invoices) => joint_payment::open_as(ctx, request, invoices, wanted, paid_by).await,
    }
}

/// What the holder of a link pays.
enum Left {
    /// The link's only invoice.
    One(InvoiceId),
    /// Those of several that are still owed.
    Several(Vec<InvoiceId>),
}

/// What of a link is still to be paid; a repeated request finds what it opened.
async fn left_to_pay(
    ctx: &Ctx,
    link: &PaymentLinkRow,
    request: &IdempotencyRequest,
    expected_total: Option<i64>,
) -> Result<Left, Failure> {
    let (link, request, inner) = (link.clone(), request.clone(), ctx.clone());
    ctx.core
        .db
        .read(move |tx| {
            let members = payment_links::members(tx, &link)?;
            if let [(only, _)] = members.as_slice() {
                return Ok(Left::One(*only));
            }
            if is_used(tx, &request)? {
                return Ok(Left::Several(members.into_iter().map(|(invoice, _)| invoice).collect()));
            }
            if expected_total.is_none() {
                let ja = "複数の納付対象をまとめて納付するときは、確認した合計額を指定してください。";
                let en = "Say which sum was seen: what is paid by this link may have become less.";
                return Err(Refusal::Invalid(vec![Fault::new("/expected_total", "required", ja, en)]).into());
            }
            let mut left = Vec::new();
            for (id, application) in members {
                let invoice = invoices::find(tx, &link.tenant_id, id)?.ok_or(Refusal::NotFound)?;
                let case = cases::open_for_bearer(tx, &inner, &link.tenant_id, application)?;
                left.extend(super::payment::is_owed(tx, &case, &invoice)?.then_some(id));
            }
            if left.is_empty() { Err(Refusal::InvoiceNotPayable.into()) } else { Ok(Left::Several(left)) }
        })
        .await
}

/// The good link of a secret.
pub(super) async fn find(ctx: &Ctx, token: &str) -> Result<PaymentLinkRow, Failure> {
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
