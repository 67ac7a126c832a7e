//! The merchant accounts of this installation: which gateway serves which body, and what a capture there means in law.
//!
//! A further vendor is one module with a constant [`Vendor`], one variant of [`GatewayKind`], and one arm in [`vendor`].

use std::sync::Arc;

use jiff::Timestamp;
use secrecy::SecretString;

use super::breaker::Breaker;
use super::terms;
use super::{
    CaptureMode, FetchedReport, ListedSettlement, LookupBy, MethodCapability, OpCtx, Outcome, PaymentGateway,
    PaymentRef, PreparedRequest, Problem, RefundRef, RefundSupport, Reply, ReportedDays, Transport,
    TransportKind, komoju, paypay, stripe, veritrans,
};
use crate::config::{BadSettings, GatewayKind, GatewaySettings, MethodSettings, SecretSettings, Settings};
use crate::domain::id::TenantCode;
use crate::domain::money::Yen;
use crate::domain::payment::{AccountTerms, LegalRole, MethodCode, PaymentSnapshot, RefundSnapshot};

/// How many calls of one account run at once, unless the settings say otherwise.
const MOST_CALLS: usize = 64;

/// One account at one gateway.
pub struct MerchantAccount {
    /// Its name in addresses and records.
    pub name: String,
    /// What a capture means in law.
    pub legal_role: LegalRole,
    /// The adapter.
    pub adapter: Arc<dyn PaymentGateway>,
    /// The body whose bank account its payouts reach; none: its reports are not fetched.
    pub payouts_to: Option<TenantCode>,
    /// After how many days on which the body is open money must be in a payout; none: no such day is agreed.
    pub settles_within_open_days: Option<u16>,
    /// How much its methods take in a day and a month, and until when.
    pub terms: AccountTerms,
    tenants: Vec<String>,
    breaker: Breaker,
}

impl MerchantAccount {
    /// An account for `tenants` (codes, or `*` for all).
    pub fn new(
        name: String,
        legal_role: LegalRole,
        tenants: Vec<String>,
        adapter: Arc<dyn PaymentGateway>,
    ) -> Self {
        let (payouts_to, settles_within_open_days) = (None, None);
        let (breaker, terms) = (Breaker::new(MOST_CALLS), terms::usual(adapter.capabilities()));
        Self { name, legal_role, adapter, payouts_to, settles_within_open_days, terms, tenants, breaker }
    }

    /// Takes over whom it pays out to, and within how many days.
    fn paying_out(mut self, settings: &GatewaySettings) -> Result<Self, BadSettings> {
        let fault = |what: &str| BadSettings(vec![format!("gateways.{}: {what}", self.name)]);
        self.settles_within_open_days = settings.settles_within_open_days;
        let Some(code) = &settings.payouts_to else { return Ok(self) };
        let tenant = TenantCode::parse(code).filter(|tenant| self.serves(tenant));
        let tenant = tenant.ok_or_else(|| fault("payouts_to must be one of its tenants"))?;
        if self.adapter.settlement_reports().is_none() {
            return Err(fault(
                "this vendor's interface gives no payouts; leave payouts_to out, and upload them",
            ));
        }
        self.payouts_to = Some(tenant);
        Ok(self)
    }

    /// Takes over how much it takes, and until when.
    fn under_terms(mut self, settings: &GatewaySettings) -> Result<Self, BadSettings> {
        self.terms = terms::read(settings, &self.terms)?;
        Ok(self)
    }

    /// Bears at most so many calls at once.
    #[must_use]
    pub fn bearing(mut self, most_calls: usize) -> Self {
        self.breaker = Breaker::new(most_calls);
        self
    }

    /// Whether it answers, as far as is known: while it does not, its methods are not offered.
    pub fn is_healthy(&self, now: Timestamp) -> bool {
        !self.breaker.is_open(now)
    }

    /// Sends a stored request, and learns from what becomes of it.
    pub async fn send(&self, operation: &OpCtx, request: &PreparedRequest) -> Outcome<Reply> {
        let Some(_running) = self.breaker.enter() else { return too_many() };
        let outcome = self.adapter.send(operation, request).await;
        self.breaker.learn(&outcome, operation.now);
        outcome
    }

    /// Asks for a payment, also while the account is spared: an answer heals it.
    pub async fn ask(&self, query: &PaymentRef, now: Timestamp) -> Outcome<Option<PaymentSnapshot>> {
        let Some(_running) = self.breaker.enter() else { return too_many() };
        let outcome = self.adapter.retrieve_payment(query, now).await;
        // Where nothing can be asked by our reference, an answer without ids came from no gateway.
        let by_reference = self.adapter.capabilities().lookup == LookupBy::OurReference;
        if by_reference || query.gateway_session_id.is_some() || query.gateway_payment_id.is_some() {
            self.breaker.learn(&outcome, now);
        }
        outcome
    }

    /// Asks for a refund, also while the account is spared: an answer heals it.
    pub async fn ask_refund(&self, query: &RefundRef, now: Timestamp) -> Outcome<Option<RefundSnapshot>> {
        let Some(_running) = self.breaker.enter() else { return too_many() };
        let outcome = self.adapter.retrieve_refund(query, now).await;
        self.breaker.learn(&outcome, now);
        outcome
    }

    /// Asks which payouts there are, also while the account is spared.
    pub async fn list_settlements(
        &self,
        days: ReportedDays,
        now: Timestamp,
    ) -> Outcome<Vec<ListedSettlement>> {
        let Some(reports) = self.adapter.settlement_reports() else { return no_reports() };
        let Some(_running) = self.breaker.enter() else { return too_many() };
        let outcome = reports.list_settlements(days).await;
        self.breaker.learn(&outcome, now);
        outcome
    }

    /// Asks for the report of one payout, also while the account is spared.
    pub async fn settlement_report(
        &self,
        gateway_settlement_id: &str,
        now: Timestamp,
    ) -> Outcome<FetchedReport> {
        let Some(reports) = self.adapter.settlement_reports() else { return no_reports() };
        let Some(_running) = self.breaker.enter() else { return too_many() };
        let outcome = reports.settlement_report(gateway_settlement_id).await;
        self.breaker.learn(&outcome, now);
        outcome.map(|mut fetched| {
            self.name.clone_into(&mut fetched.report.batch.gateway);
            fetched
        })
    }

    /// Whether it takes no more than so much in a day or a month, by any method.
    pub fn has_ceiling(&self) -> bool {
        self.terms.ceiling.is_set() || self.terms.methods.values().any(|method| method.ceiling.is_set())
    }

    /// Whether it takes money for a body.
    pub fn serves(&self, tenant: &TenantCode) -> bool {
        self.tenants.iter().any(|code| code == "*" || code == tenant.as_str())
    }
}

/// All merchant accounts, in the order of the settings.
#[derive(Default)]
pub struct Gateways {
    accounts: Vec<Arc<MerchantAccount>>,
}

impl Gateways {
    /// Accounts made by hand, for tests.
    pub fn new(accounts: Vec<Arc<MerchantAccount>>) -> Self {
        Self { accounts }
    }

    /// Makes the adapters that the settings name; every fault is listed.
    pub fn build(settings: &Settings) -> Result<Self, BadSettings> {
        let mut accounts = Vec::new();
        let mut faults = unknown_secrets(settings);
        for gateway in settings.gateways.iter().filter(|gateway| gateway.enabled) {
            match adapter(gateway, &settings.secrets) {
                Ok(adapter) => {
                    let (name, tenants) = (gateway.name.clone(), gateway.tenants.clone());
                    let account = MerchantAccount::new(name, gateway.legal_role, tenants, adapter);
                    let account = account.bearing(gateway.max_calls).under_terms(gateway);
                    match account.and_then(|account| account.paying_out(gateway)) {
                        Ok(account) => accounts.push(Arc::new(account)),
                        Err(BadSettings(reasons)) => faults.extend(reasons),
                    }
                }
                Err(BadSettings(reasons)) => faults.extend(reasons),
            }
        }
        if faults.is_empty() { Ok(Self { accounts }) } else { Err(BadSettings(faults)) }
    }

    /// The account of that name, if it serves the body.
    pub fn find(&self, tenant: &TenantCode, name: &str) -> Option<&Arc<MerchantAccount>> {
        self.serving(tenant).find(|account| account.name == name)
    }

    /// The accounts that take `amount` by `method` for a body, in the order of the settings.
    pub fn taking(
        &self,
        tenant: &TenantCode,
        method: &MethodCode,
        amount: Yen,
    ) -> impl Iterator<Item = &Arc<MerchantAccount>> {
        self.serving(tenant).filter(move |account| {
            let capability = account.adapter.capabilities().method(method);
            capability.is_some_and(|method| (method.least..=method.most).contains(&amount))
        })
    }

    /// The accounts whose payouts are fetched, each with the body that they reach.
    pub fn paying_out(&self) -> impl Iterator<Item = (&TenantCode, &Arc<MerchantAccount>)> {
        self.accounts.iter().filter_map(|account| Some((account.payouts_to.as_ref()?, account)))
    }

    /// The accounts that serve a body.
    pub fn serving(&self, tenant: &TenantCode) -> impl Iterator<Item = &Arc<MerchantAccount>> {
        self.accounts.iter().filter(move |account| account.serves(tenant))
    }
}

/// Nothing was sent: there is nobody to ask.
fn no_reports<T>() -> Outcome<T> {
    Outcome::Rejected(Problem {
        code: "no_settlement_reports".to_owned(),
        message: "the interface gives no payouts".to_owned(),
        http_status: None,
    })
}

/// Nothing was sent: as many calls run as may.
fn too_many<T>() -> Outcome<T> {
    Outcome::NotSent(Transport {
        kind: TransportKind::Throttled,
        detail: "too many calls at once".to_owned(),
        retry_after_s: None,
    })
}

/// What the registry needs to know of a vendor: one constant in its adapter's module.
pub struct Vendor {
    /// The methods the vendor documents.
    pub default_methods: fn() -> Vec<MethodCapability>,
    /// Makes the adapter of one account.
    pub build: fn(&AccountParts<'_>) -> Result<Arc<dyn PaymentGateway>, BadSettings>,
}

/// What an adapter is made from.
pub struct AccountParts<'a> {
    /// The account's block of the settings.
    pub settings: &'a GatewaySettings,
    /// Its methods, checked.
    pub methods: Vec<MethodCapability>,
    secrets: &'a SecretSettings,
}

impl AccountParts<'_> {
    /// The values of a credential that are believed, the one in use first.
    pub fn secrets(&self, credential: &str) -> Result<Vec<SecretString>, BadSettings> {
        self.secrets.of_gateway(&self.settings.name, credential)
    }

    /// The value of a credential in use.
    pub fn secret(&self, credential: &str) -> Result<SecretString, BadSettings> {
        let missing = || self.fault(format!("{credential} is missing"));
        self.secrets(credential)?.into_iter().next().ok_or_else(missing)
    }

    /// A fault of this account's settings.
    pub fn fault(&self, what: impl std::fmt::Display) -> BadSettings {
        BadSettings(vec![format!("gateways.{}: {what}", self.settings.name)])
    }
}

/// One arm a vendor.
fn vendor(kind: GatewayKind) -> &'static Vendor {
    match kind {
        GatewayKind::Komoju => &komoju::VENDOR,
        GatewayKind::Paypay => &paypay::VENDOR,
        GatewayKind::Stripe => &stripe::VENDOR,
        GatewayKind::Veritrans => &veritrans::VENDOR,
    }
}

fn adapter(
    settings: &GatewaySettings,
    secrets: &SecretSettings,
) -> Result<Arc<dyn PaymentGateway>, BadSettings> {
    let vendor = vendor(settings.kind);
    let methods = methods(settings, &(vendor.default_methods)())?;
    (vendor.build)(&AccountParts { settings, methods, secrets })
}

/// Secrets that no account of the settings needs are misspelt.
fn unknown_secrets(settings: &Settings) -> Vec<String> {
    let names = settings.gateways.iter().flat_map(|gateway| {
        gateway.kind.credentials().iter().map(|credential| format!("{}_{credential}", gateway.name))
    });
    let known: Vec<String> = names.collect();
    settings
        .secrets
        .unknown(&known)
        .iter()
        .map(|name| format!("secrets.{name} belongs to no gateway"))
        .collect()
}

/// The methods of the settings: what they say holds, and of what they leave out what the vendor documents.
fn methods(
    settings: &GatewaySettings,
    known: &[MethodCapability],
) -> Result<Vec<MethodCapability>, BadSettings> {
    let mut faults = Vec::new();
    let mut methods = Vec::new();
    for wanted in &settings.methods {
        let found = known.iter().find(|method| method.method.as_str() == wanted.code);
        match method(wanted, found) {
            Ok(method) => methods.push(method),
            Err(reason) => {
                faults.push(format!("gateways.{}.methods.{}: {reason}", settings.name, wanted.code));
            }
        }
    }
    if faults.is_empty() { Ok(methods) } else { Err(BadSettings(faults)) }
}

fn method(
    wanted: &MethodSettings,
    known: Option<&MethodCapability>,
) -> Result<MethodCapability, &'static str> {
    let unknown = "the gateway knows no such method; describe it by gateway_code and flow";
    let amount = |yen: i64, fault| Yen::new(yen).map_err(|_| fault);
    let most = amount(wanted.max, "max is no amount")?;
    let least = match (wanted.min, known) {
        (Some(min), _) => amount(min, "min is no amount")?,
        (None, Some(known)) => known.least,
        (None, None) => amount(1, "min is no amount")?,
    };
    if least > most {
        return Err("min is above max");
    }
    let gateway_code = wanted.gateway_code.clone().or_else(|| known.map(|known| known.gateway_code.clone()));
    Ok(MethodCapability {
        method: MethodCode::parse(&wanted.code).ok_or("a code is up to 32 of a-z, 0-9 and _")?,
        gateway_code: gateway_code.ok_or(unknown)?,
        least,
        most,
        capture: known.map_or(CaptureMode::Immediate, |known| known.capture),
        flow: wanted.flow.or(known.map(|known| known.flow)).ok_or(unknown)?,
        refund: wanted.refund.or(known.map(|known| known.refund)).unwrap_or(RefundSupport::Manual),
    })
}

#[cfg(test)]
#[path = "registry_tests.rs"]
mod tests;
