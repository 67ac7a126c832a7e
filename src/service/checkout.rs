//! What a gateway is asked for when somebody wants to pay (決済画面).

use jiff::Timestamp;

use super::payment::OpenPayment;
use super::{Ctx, Failure, account};
use crate::domain::id::{PaymentId, TenantCode};
use crate::domain::money::Yen;
use crate::domain::payment::{MethodCode, merchant_reference};
use crate::gateway::{CreateCheckout, MerchantAccount, PayerContact};
use crate::store::Tx;

/// Life of a checkout in seconds.
const CHECKOUT_LIFE_S: u32 = 3600;

/// The most characters that every gateway takes for a description.
const LONGEST_DESCRIPTION: usize = 200;

/// What a checkout is about.
pub(super) struct Subject {
    /// The payment that our reference names.
    pub(super) payment: PaymentId,
    /// What the payer is asked for.
    pub(super) amount: Yen,
    /// What the gateway shows beside it.
    pub(super) description: String,
}

/// The checkout to ask an account for.
pub(super) fn wanted(
    tx: &mut Tx<'_>,
    ctx: &Ctx,
    tenant: &TenantCode,
    (account, method): (&MerchantAccount, &MethodCode),
    subject: Subject,
    wanted: &OpenPayment,
    now: Timestamp,
) -> Result<CreateCheckout, Failure> {
    let return_url = wanted.return_url.clone();
    Ok(CreateCheckout {
        merchant_reference: merchant_reference(tenant, subject.payment),
        amount: subject.amount,
        method: method.clone(),
        return_url: return_url.unwrap_or_else(|| ctx.core.settings.http.public_url.clone()),
        description: subject.description,
        locale: wanted.locale.to_owned(),
        expires_in_s: CHECKOUT_LIFE_S,
        requested_at: now,
        payer_email: match account.adapter.payer_contact(method) {
            PayerContact::None => None,
            PayerContact::Email => payer_email(tx, ctx, wanted)?,
        },
    })
}

/// What every gateway shows beside the amount: the one number of the debt (納付番号), whatever the method, then what it is for.
pub(super) fn description(number: &str, title: &str) -> String {
    let text = format!("納付番号 {number} {title}");
    text.chars().take(LONGEST_DESCRIPTION).collect()
}

/// Where an invitation to pay goes: to whoever asks for it.
fn payer_email(tx: &mut Tx<'_>, ctx: &Ctx, wanted: &OpenPayment) -> Result<Option<String>, Failure> {
    if let Some(given) = &wanted.payer_email {
        return Ok(Some(given.as_str().to_owned()));
    }
    let found = account::kind_and_profile(tx, &ctx.core.keys, ctx.account()?)?;
    Ok(found.map(|(_, profile)| profile.email))
}

#[cfg(test)]
mod tests {
    use super::{LONGEST_DESCRIPTION, description};

    #[test]
    fn r87_gateways_show_the_number_first_and_as_much_of_the_title_as_they_take() {
        assert_eq!(
            description("20260401-ABC-X", "電気工事業の登録"),
            "納付番号 20260401-ABC-X 電気工事業の登録"
        );
        let long = description("20260401-ABC-X", &"長".repeat(300));
        assert!(long.starts_with("納付番号 20260401-ABC-X 長"));
        assert_eq!(long.chars().count(), LONGEST_DESCRIPTION);
    }
}
