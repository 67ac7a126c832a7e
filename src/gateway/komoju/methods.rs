//! KOMOJU's methods as data: our code, its code, what the payer goes through.

use crate::domain::money::Yen;
use crate::domain::payment::MethodCode;
use crate::gateway::{
    Capabilities, CaptureMode, IdempotencyKind, LookupBy, MethodCapability, PayerFlow, RefundSupport,
    ReportSource, Trust,
};

/// The longest life of a session, in seconds.
pub(super) const LONGEST_SESSION_S: u32 = 86_400;

/// Our code, KOMOJU's code, largest amount in yen, when money is taken, flow, refund. Which methods are on sale, and
/// their bounds and refunds, are the contract's: configuration replaces this table.
const METHODS: [(&str, &str, i64, CaptureMode, PayerFlow, RefundSupport); 12] = {
    use CaptureMode::{CanHold, Immediate};
    use PayerFlow::{Online, Slip};
    use RefundSupport::{Manual, Partial};
    [
        ("card", "credit_card", 10_000_000, CanHold, Online, Partial),
        ("konbini", "konbini", 300_000, Immediate, Slip, Manual),
        ("pay_easy", "pay_easy", 10_000_000, Immediate, Slip, Manual),
        ("bank_transfer", "bank_transfer", 10_000_000, Immediate, Slip, Manual),
        ("paypay", "paypay", 500_000, Immediate, Online, Partial),
        ("au_pay", "aupay", 500_000, Immediate, Online, Partial),
        ("d_barai", "docomo", 500_000, Immediate, Online, Partial),
        ("merpay", "merpay", 500_000, Immediate, Online, Partial),
        ("nanaco", "nanaco", 50_000, Immediate, Online, Manual),
        ("web_money", "web_money", 200_000, Immediate, Online, Manual),
        ("bit_cash", "bit_cash", 200_000, Immediate, Online, Manual),
        ("net_cash", "net_cash", 200_000, Immediate, Online, Manual),
    ]
};

/// The methods KOMOJU documents, with bounds to be replaced by the contract's.
pub fn default_methods() -> Vec<MethodCapability> {
    METHODS
        .into_iter()
        .filter_map(|(method, gateway_code, most, capture, flow, refund)| {
            Some(MethodCapability {
                method: MethodCode::parse(method)?,
                gateway_code: gateway_code.to_owned(),
                least: Yen::new(1).ok()?,
                most: Yen::new(most).ok()?,
                capture,
                flow,
                refund,
            })
        })
        .collect()
}

/// What KOMOJU can do with these methods.
pub(super) fn capabilities(methods: Vec<MethodCapability>) -> Capabilities {
    Capabilities {
        gateway: super::CODE.to_owned(),
        notifications: Trust::Signed,
        lookup: LookupBy::OurReference,
        idempotency: IdempotencyKind::Header { hours: 24 },
        longest_checkout_s: LONGEST_SESSION_S,
        settlement_reports: ReportSource::Api,
        methods,
    }
}

#[cfg(test)]
mod tests {
    use super::{METHODS, capabilities, default_methods};
    use crate::domain::payment::MethodCode;

    #[test]
    fn every_row_of_the_table_is_usable() {
        assert_eq!(default_methods().len(), METHODS.len());
        let capabilities = capabilities(default_methods());
        let card = MethodCode::parse("card").unwrap();
        assert_eq!(capabilities.method(&card).unwrap().gateway_code, "credit_card");
        assert_eq!(capabilities.gateway_method("aupay").unwrap().method.as_str(), "au_pay");
    }
}
