//! How much an account takes in a day and a month, and until when: read from the settings.

use super::Capabilities;
use crate::config::{BadSettings, GatewaySettings};
use crate::domain::money::Yen;
use crate::domain::payment::{AccountTerms, Ceiling, MethodCode, MethodTerms, SlipKind};

/// The terms where the settings say nothing: no ceiling, and no slip of a shop nor number of Pay-easy past the due day.
/// An invitation to pay by e-money is no slip: it is taken on any day.
pub(super) fn usual(capabilities: &Capabilities) -> AccountTerms {
    let methods = capabilities.methods.iter().map(|method| {
        let until_due_day = SlipKind::parse(method.method.as_str()).is_some();
        (method.method.clone(), MethodTerms { ceiling: Ceiling::default(), until_due_day })
    });
    AccountTerms { ceiling: Ceiling::default(), methods: methods.collect() }
}

/// The terms of an account's settings over the usual ones; every fault is listed.
pub(super) fn read(settings: &GatewaySettings, usual: &AccountTerms) -> Result<AccountTerms, BadSettings> {
    let (mut terms, mut faults) = (usual.clone(), Vec::new());
    let name = &settings.name;
    let mut ceiling = |place: String, per_day: Option<i64>, per_month: Option<i64>| {
        let read = ceiling(per_day, per_month);
        if read.is_none() {
            faults.push(format!(
                "{place}: most_per_day and most_per_month are yen above 0, and a day takes no more than a month"
            ));
        }
        read.unwrap_or_default()
    };
    terms.ceiling = ceiling(format!("gateways.{name}"), settings.most_per_day, settings.most_per_month);
    for method in &settings.methods {
        let place = format!("gateways.{name}.methods.{}", method.code);
        let own = ceiling(place, method.most_per_day, method.most_per_month);
        let Some(code) = MethodCode::parse(&method.code) else { continue };
        let before = terms.of(&code);
        let until_due_day = method.until_due_day.unwrap_or(before.until_due_day);
        terms.methods.insert(code, MethodTerms { ceiling: own, until_due_day });
    }
    if faults.is_empty() { Ok(terms) } else { Err(BadSettings(faults)) }
}

fn ceiling(per_day: Option<i64>, per_month: Option<i64>) -> Option<Ceiling> {
    let yen = |amount: Option<i64>| match amount {
        None => Some(None),
        Some(amount) => Yen::new(amount).ok().filter(|yen| *yen > Yen::ZERO).map(Some),
    };
    let (per_day, per_month) = (yen(per_day)?, yen(per_month)?);
    let ordered = per_day.zip(per_month).is_none_or(|(day, month)| day <= month);
    ordered.then_some(Ceiling { per_day, per_month })
}

#[cfg(test)]
mod tests {
    use super::{ceiling, usual};
    use crate::domain::money::Yen;
    use crate::domain::payment::{Ceiling, MethodCode};
    use crate::gateway::{Capabilities, IdempotencyKind, LookupBy, ReportSource, Trust, komoju};

    #[test]
    fn r84_slips_and_numbers_end_with_the_due_day_and_nothing_else_does() {
        let capabilities = Capabilities {
            gateway: "komoju".to_owned(),
            notifications: Trust::Signed,
            lookup: LookupBy::OurReference,
            idempotency: IdempotencyKind::MerchantReference,
            longest_checkout_s: 60,
            settlement_reports: ReportSource::Upload,
            methods: komoju::default_methods(),
        };
        let terms = usual(&capabilities);
        for (code, ends) in [("konbini", true), ("pay_easy", true), ("card", false), ("nanaco", false)] {
            assert_eq!(terms.of(&MethodCode::parse(code).unwrap()).until_due_day, ends, "{code}");
        }
    }

    #[test]
    fn ceilings_are_yen_above_nothing_and_a_day_takes_no_more_than_a_month() {
        let yen = |amount| Some(Yen::new(amount).unwrap());
        assert_eq!(ceiling(None, None), Some(Ceiling::default()));
        assert_eq!(ceiling(Some(5), Some(5)), Some(Ceiling { per_day: yen(5), per_month: yen(5) }));
        assert_eq!(ceiling(None, Some(9)), Some(Ceiling { per_day: None, per_month: yen(9) }));
        for wrong in [(Some(0), None), (Some(-1), None), (None, Some(0)), (Some(6), Some(5))] {
            assert_eq!(ceiling(wrong.0, wrong.1), None, "{wrong:?}");
        }
    }
}
