//! Which gateway takes which method for which body; from the settings.

use std::sync::Arc;

use super::PaymentGateway;
use crate::domain::id::TenantCode;
use crate::domain::money::Yen;
use crate::domain::payment::{LegalRole, MethodCode};

/// A gateway as a body uses it.
#[derive(Clone)]
pub struct GatewayRoute {
    /// Name in addresses and rows.
    pub name: String,
    /// Bodies served; none named serves all.
    pub tenants: Vec<TenantCode>,
    /// What a capture means in law.
    pub legal_role: LegalRole,
    /// Methods in order of preference, each with its largest amount.
    pub methods: Vec<(MethodCode, Yen)>,
    /// The adapter that speaks with it.
    pub adapter: Arc<dyn PaymentGateway>,
}

impl GatewayRoute {
    fn serves(&self, tenant: &TenantCode) -> bool {
        self.tenants.is_empty() || self.tenants.contains(tenant)
    }
}

/// All gateways of this installation.
#[derive(Clone, Default)]
pub struct Gateways {
    routes: Vec<GatewayRoute>,
}

impl Gateways {
    /// Takes the routes in the order of the settings.
    pub fn new(routes: Vec<GatewayRoute>) -> Self {
        Self { routes }
    }

    /// The first gateway that takes `amount` by `method` for `tenant`.
    pub fn route(&self, tenant: &TenantCode, method: &MethodCode, amount: Yen) -> Option<&GatewayRoute> {
        let takes = |route: &&GatewayRoute| {
            route.serves(tenant) && route.methods.iter().any(|(code, most)| code == method && amount <= *most)
        };
        self.routes.iter().find(takes)
    }

    /// The gateway of a name, if it serves `tenant`.
    pub fn named(&self, tenant: &TenantCode, name: &str) -> Option<&GatewayRoute> {
        self.routes.iter().find(|route| route.name == name && route.serves(tenant))
    }
}
