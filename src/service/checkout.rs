//! What a gateway is asked for when somebody wants to pay (決済画面).

use jiff::Timestamp;
use jiff::civil::Date;

use super::payment::OpenPayment;
use super::{Ctx, Failure, account};
use crate::domain::id::{PaymentId, TenantCode};
use crate::domain::money::Yen;
use crate::domain::payment::{MethodCode, end_of_day, merchant_reference};
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
    /// The last day on which it may be paid; none where that has no end.
    pub(super) payable_until: Option<Date>,
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
    let payable_until = subject.payable_until.map(end_of_day);
    Ok(CreateCheckout {
        merchant_reference: merchant_reference(tenant, subject.payment),
        amount: subject.amount,
        method: method.clone(),
        return_url: return_url.unwrap_or_else(|| ctx.core.settings.http.public_url.clone()),
        description: subject.description,
        locale: wanted.locale.to_owned(),
        expires_in_s: life_s(payable_until, now),
        payable_until,
        requested_at: now,
        payer_email: match account.adapter.payer_contact(method) {
            PayerContact::None => None,
            PayerContact::Email => payer_email(tx, ctx, wanted)?,
        },
    })
}

/// How long a checkout lives in seconds: an hour, but not past the instant until which it may be paid.
fn life_s(payable_until: Option<Timestamp>, now: Timestamp) -> u32 {
    let left = payable_until.map(|until| until.duration_since(now).as_secs());
    let left = left.map(|left| u32::try_from(left.max(1)).unwrap_or(CHECKOUT_LIFE_S));
    left.map_or(CHECKOUT_LIFE_S, |left| left.min(CHECKOUT_LIFE_S))
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
    use jiff::civil::date;

    use super::{CHECKOUT_LIFE_S, LONGEST_DESCRIPTION, description, life_s};
    use crate::domain::payment::end_of_day;

    #[test]
    fn r84_a_checkout_does_not_outlive_the_last_payable_day() {
        let end = end_of_day(date(2026, 5, 1));
        let before = |seconds: i64| end - jiff::SignedDuration::from_secs(seconds);
        assert_eq!(life_s(None, before(1)), CHECKOUT_LIFE_S);
        assert_eq!(life_s(Some(end), before(86_400)), CHECKOUT_LIFE_S);
        assert_eq!((life_s(Some(end), before(600)), life_s(Some(end), before(0))), (600, 1));
    }

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
