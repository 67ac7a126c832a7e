//! PayPay's one method as data.

use crate::domain::money::Yen;
use crate::domain::payment::MethodCode;
use crate::gateway::{
    Capabilities, CaptureMode, IdempotencyKind, LookupBy, MethodCapability, PayerFlow, RefundSupport,
    ReportSource, Trust,
};

/// The vendor's word for its own way to pay: what a code is made for.
pub(super) const GATEWAY_CODE: &str = "ORDER_QR";

/// The largest payment in yen before the contract says otherwise.
const MOST: i64 = 500_000;

/// The longest life of a code that we believe in, in seconds; PayPay names the real one in its answer.
const LONGEST_CODE_S: u32 = 86_400;

/// PayPay by QR code or web cashier, with bounds to be replaced by the contract's.
pub fn default_methods() -> Vec<MethodCapability> {
    let made = || {
        Some(MethodCapability {
            method: MethodCode::parse("paypay")?,
            gateway_code: GATEWAY_CODE.to_owned(),
            least: Yen::new(1).ok()?,
            most: Yen::new(MOST).ok()?,
            capture: CaptureMode::Immediate,
            flow: PayerFlow::Online,
            refund: RefundSupport::Partial,
        })
    };
    made().into_iter().collect()
}

/// What PayPay can do with this method.
pub(super) fn capabilities(methods: Vec<MethodCapability>) -> Capabilities {
    Capabilities {
        gateway: super::CODE.to_owned(),
        notifications: Trust::Hint,
        lookup: LookupBy::OurReference,
        idempotency: IdempotencyKind::MerchantReference,
        longest_checkout_s: LONGEST_CODE_S,
        // Its daily file lists transactions, not payouts: neither fees nor what is transferred.
        settlement_reports: ReportSource::Upload,
        methods,
    }
}
