//! The merchant accounts of this installation: which gateway serves which body, and what a capture there means in law.

use std::sync::Arc;

use super::komoju::{Komoju, KomojuSettings, default_methods};
use super::{MethodCapability, PaymentGateway};
use crate::config::{BadSettings, GatewayKind, GatewaySettings, SecretSettings, Settings};
use crate::domain::id::TenantCode;
use crate::domain::money::Yen;
use crate::domain::payment::{LegalRole, MethodCode};

/// One account at one gateway.
pub struct MerchantAccount {
    /// Its name in addresses and records.
    pub name: String,
    /// What a capture means in law.
    pub legal_role: LegalRole,
    /// The adapter.
    pub adapter: Arc<dyn PaymentGateway>,
    tenants: Vec<String>,
}

impl MerchantAccount {
    /// An account for `tenants` (codes, or `*` for all).
    pub fn new(
        name: String,
        legal_role: LegalRole,
        tenants: Vec<String>,
        adapter: Arc<dyn PaymentGateway>,
    ) -> Self {
        Self { name, legal_role, adapter, tenants }
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
        let mut faults = Vec::new();
        for gateway in &settings.gateways {
            match adapter(gateway, &settings.secrets) {
                Ok(adapter) => accounts.push(Arc::new(MerchantAccount::new(
                    gateway.name.clone(),
                    gateway.legal_role,
                    gateway.tenants.clone(),
                    adapter,
                ))),
                Err(BadSettings(reasons)) => faults.extend(reasons),
            }
        }
        if faults.is_empty() { Ok(Self { accounts }) } else { Err(BadSettings(faults)) }
    }

    /// The account of that name, if it serves the body.
    pub fn find(&self, tenant: &TenantCode, name: &str) -> Option<&Arc<MerchantAccount>> {
        self.serving(tenant).find(|account| account.name == name)
    }

    /// The first account that takes `amount` by `method` for a body.
    pub fn taking(
        &self,
        tenant: &TenantCode,
        method: &MethodCode,
        amount: Yen,
    ) -> Option<&Arc<MerchantAccount>> {
        self.serving(tenant).find(|account| {
            let capability = account.adapter.capabilities().method(method);
            capability.is_some_and(|method| (method.least..=method.most).contains(&amount))
        })
    }

    /// The accounts that serve a body.
    pub fn serving(&self, tenant: &TenantCode) -> impl Iterator<Item = &Arc<MerchantAccount>> {
        self.accounts.iter().filter(move |account| account.serves(tenant))
    }
}

fn adapter(
    settings: &GatewaySettings,
    secrets: &SecretSettings,
) -> Result<Arc<dyn PaymentGateway>, BadSettings> {
    let methods = methods(settings)?;
    match settings.kind {
        GatewayKind::Komoju => {
            let komoju = KomojuSettings {
                base_url: settings.base_url.clone(),
                secret_key: secrets.komoju_secret_key()?,
                webhook_secrets: vec![secrets.komoju_webhook_secret()?],
                connect_timeout_ms: settings.connect_timeout_ms,
                total_timeout_ms: settings.total_timeout_ms,
            };
            let made = Komoju::new(komoju, methods);
            let komoju =
                made.map_err(|error| BadSettings(vec![format!("gateways.{}: {error}", settings.name)]))?;
            Ok(Arc::new(komoju))
        }
    }
}

/// The methods of the settings, each with what the gateway is known to do and the smaller of the two caps.
fn methods(settings: &GatewaySettings) -> Result<Vec<MethodCapability>, BadSettings> {
    let known = match settings.kind {
        GatewayKind::Komoju => default_methods(),
    };
    let mut faults = Vec::new();
    let mut methods = Vec::new();
    for wanted in &settings.methods {
        let place = format!("gateways.{}.methods.{}", settings.name, wanted.code);
        let found = known.iter().find(|method| method.method.as_str() == wanted.code);
        match (found, Yen::new(wanted.max)) {
            (None, _) => faults.push(format!("{place}: the gateway knows no such method")),
            (_, Err(_)) => faults.push(format!("{place}: max is no amount")),
            (Some(method), Ok(most)) => {
                methods.push(MethodCapability { most: most.min(method.most), ..method.clone() });
            }
        }
    }
    if faults.is_empty() { Ok(methods) } else { Err(BadSettings(faults)) }
}
