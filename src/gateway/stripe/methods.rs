//! Stripe's methods in Japan as data: our code, its code, what the payer goes through.

use crate::domain::money::Yen;
use crate::domain::payment::MethodCode;
use crate::gateway::{
    Capabilities, CaptureMode, IdempotencyKind, LookupBy, MethodCapability, PayerFlow, RefundSupport,
    ReportSource, Trust,
};

/// The longest life of a session, in seconds.
pub(super) const LONGEST_SESSION_S: u32 = 86_400;

/// Our code, Stripe's code, least and largest amount in yen, when money is taken, flow, refund. Which methods are on sale,
/// and their bounds and refunds, are the contract's: configuration replaces this table.
const METHODS: [(&str, &str, i64, i64, CaptureMode, PayerFlow, RefundSupport); 4] = {
    use CaptureMode::{CanHold, Immediate};
    use PayerFlow::{Online, Slip};
    use RefundSupport::{Manual, Partial};
    [
        ("card", "card", 50, 9_999_999, CanHold, Online, Partial),
        ("konbini", "konbini", 120, 300_000, Immediate, Slip, Manual),
        ("paypay", "paypay", 50, 500_000, Immediate, Online, Partial),
        ("bank_transfer", "customer_balance", 50, 9_999_999, Immediate, Slip, Manual),
    ]
};

/// The methods Stripe documents, with bounds to be replaced by the contract's.
pub fn default_methods() -> Vec<MethodCapability> {
    METHODS
        .into_iter()
        .filter_map(|(method, gateway_code, least, most, capture, flow, refund)| {
            Some(MethodCapability {
                method: MethodCode::parse(method)?,
                gateway_code: gateway_code.to_owned(),
                least: Yen::new(least).ok()?,
                most: Yen::new(most).ok()?,
                capture,
                flow,
                refund,
            })
        })
        .collect()
}

/// What Stripe can do with these methods.
pub(super) fn capabilities(methods: Vec<MethodCapability>) -> Capabilities {
    Capabilities {
        gateway: super::CODE.to_owned(),
        notifications: Trust::Signed,
        lookup: LookupBy::GatewayId,
        idempotency: IdempotencyKind::Header { hours: 24 },
        longest_checkout_s: LONGEST_SESSION_S,
        settlement_reports: ReportSource::Api,
        methods,
    }
}

#[cfg(test)]
mod tests {
    use super::{METHODS, capabilities, default_methods};

    #[test]
    fn every_row_of_the_table_is_usable() {
        assert_eq!(default_methods().len(), METHODS.len());
        let capabilities = capabilities(default_methods());
        assert_eq!(capabilities.gateway_method("customer_balance").unwrap().method.as_str(), "bank_transfer");
    }
}
