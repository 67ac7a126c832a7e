//! Our reference of a payment at its gateway.

use crate::domain::id::{PaymentId, TenantCode};

/// The body's code and the payment, 39 characters (Suica takes at most 40).
///
/// One merchant account may serve several bodies; the code tells whose a notification is.
pub fn merchant_reference(tenant: &TenantCode, id: PaymentId) -> String {
    format!("{tenant}-{}", id.0.simple())
}

/// The body that a reference of ours names.
pub fn tenant_of_reference(reference: &str) -> Option<TenantCode> {
    reference.split_once('-').and_then(|(code, _)| TenantCode::parse(code))
}
