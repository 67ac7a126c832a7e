//! The e-money brands as data: our code, the vendor's service option, what the payer goes through, what can be done.
//!
//! Source: the vendor's interface description of the service `em` (API guide 1.4.1 and the public MDK), read 2026-11.
//! Which brands are on sale, and on what terms, is the contract's: the settings choose among these rows, and their caps hold.

use crate::domain::money::Yen;
use crate::domain::payment::MethodCode;
use crate::gateway::{
    Capabilities, CaptureMode, IdempotencyKind, LookupBy, MethodCapability, PayerFlow, RefundSupport,
    ReportSource, Trust,
};

/// The longest life of an order in seconds: a year, the longest limit of any brand (WAON).
const LONGEST_ORDER_S: u32 = 365 * 86_400;

/// How the payer is reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reach {
    /// Is sent on to a page of the brand, whose address only the answer to the order carries.
    Redirect,
    /// Is invited by a mail of the vendor; needs an address.
    Mail,
    /// Finds the order in an app.
    App,
}

/// How a limit for paying is given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Limit {
    /// The brand takes none.
    None,
    /// `settlementLimit`, so many seconds after the order unless a longer life is asked for.
    Settlement(u32),
    /// As above, and `cancelLimit`, the last instant of a refund, so many seconds after that.
    SettlementAndCancel(u32, u32),
}

/// What becomes of the addresses the browser comes back to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Return {
    /// The brand takes none.
    None,
    /// `completeNoticeUrl`.
    CompleteNotice,
    /// `successUrl`, `failureUrl` and `cancelUrl`.
    ThreeUrls,
}

/// Which commands there are after the order (Authorize).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum After {
    /// Refund only.
    Refund,
    /// Cancel before the payment, Refund after it.
    CancelAndRefund,
    /// Cancel only: money goes back by bank transfer.
    Cancel,
}

/// One way to pay with one brand.
#[derive(Clone, Copy, Debug)]
pub(super) struct Brand {
    /// Our code.
    pub method: &'static str,
    /// `serviceOptionType`.
    pub option: &'static str,
    /// The largest amount of one payment, in yen.
    pub most: i64,
    /// How the payer is reached.
    pub reach: Reach,
    /// How the limit is given.
    pub limit: Limit,
    /// Where the browser comes back to.
    pub back: Return,
    /// What can be done later.
    pub after: After,
}

/// Days in seconds.
const DAY: u32 = 86_400;

/// The rows. Caps: the vendor's, per transaction. Three days for an invitation are our choice (Suica allows 60, WAON 365).
pub(super) const BRANDS: [Brand; 8] = {
    use After::{Cancel, CancelAndRefund, Refund};
    use Reach::{App, Mail, Redirect};
    let mail = Limit::Settlement(3 * DAY);
    let suica = Brand {
        method: "suica",
        option: "suica-mobile-mail",
        most: 20_000,
        reach: Mail,
        limit: mail,
        back: Return::None,
        after: CancelAndRefund,
    };
    let edy = Brand {
        method: "edy",
        option: "edy-direct",
        most: 50_000,
        reach: Redirect,
        limit: Limit::None,
        back: Return::CompleteNotice,
        after: Refund,
    };
    let waon = Brand {
        method: "waon",
        option: "waon-mobile",
        most: 50_000,
        reach: App,
        limit: Limit::SettlementAndCancel(3 * DAY, 90 * DAY),
        back: Return::None,
        after: Refund,
    };
    [
        suica,
        Brand { method: "suica_app", option: "suica-mobile-app", reach: App, ..suica },
        edy,
        Brand {
            method: "edy_mail",
            option: "edy-mobile",
            reach: Mail,
            limit: mail,
            back: Return::None,
            ..edy
        },
        Brand { method: "edy_pc", option: "edy-pc", ..edy },
        waon,
        Brand { method: "waon_pc", option: "waon-pc", reach: Redirect, back: Return::ThreeUrls, ..waon },
        Brand { method: "nanaco", option: "tcc-redirect", back: Return::None, after: Cancel, ..edy },
    ]
};

impl Brand {
    /// The brand of one of the vendor's options.
    pub fn of_option(option: &str) -> Option<&'static Self> {
        BRANDS.iter().find(|brand| brand.option == option)
    }

    /// The brand of one of our methods, by its capability.
    pub fn of_method(capabilities: &Capabilities, method: &MethodCode) -> Option<&'static Self> {
        Self::of_option(&capabilities.method(method)?.gateway_code)
    }

    /// What the payer goes through.
    pub fn flow(&self) -> PayerFlow {
        if self.reach == Reach::Redirect { PayerFlow::Online } else { PayerFlow::Slip }
    }
}

/// The methods the vendor documents, with its caps.
pub fn default_methods() -> Vec<MethodCapability> {
    let row = |brand: &Brand| {
        Some(MethodCapability {
            method: MethodCode::parse(brand.method)?,
            gateway_code: brand.option.to_owned(),
            least: Yen::new(1).ok()?,
            most: Yen::new(brand.most).ok()?,
            capture: CaptureMode::Immediate,
            flow: brand.flow(),
            refund: match brand.after {
                After::Refund | After::CancelAndRefund => RefundSupport::Partial,
                After::Cancel => RefundSupport::Manual,
            },
        })
    };
    BRANDS.iter().filter_map(row).collect()
}

/// What the gateway can do with these methods.
pub(super) fn capabilities(methods: Vec<MethodCapability>) -> Capabilities {
    Capabilities {
        gateway: super::CODE.to_owned(),
        notifications: Trust::Signed,
        lookup: LookupBy::OurReference,
        idempotency: IdempotencyKind::MerchantReference,
        longest_checkout_s: LONGEST_ORDER_S,
        // The public documents describe none.
        settlement_reports: ReportSource::Upload,
        methods,
    }
}

#[cfg(test)]
mod tests {
    use super::{After, BRANDS, Brand, Limit, Reach, capabilities, default_methods};
    use crate::domain::payment::MethodCode;
    use crate::gateway::{PayerFlow, RefundSupport};

    #[test]
    fn every_row_of_the_table_is_usable_and_found_both_ways() {
        let capabilities = capabilities(default_methods());
        assert_eq!(capabilities.methods.len(), BRANDS.len());
        for brand in &BRANDS {
            let method = MethodCode::parse(brand.method).unwrap();
            assert_eq!(Brand::of_method(&capabilities, &method).unwrap().option, brand.option);
            assert_eq!(capabilities.gateway_method(brand.option).unwrap().method, method);
        }
    }

    #[test]
    fn the_caps_are_the_vendors() {
        for capability in default_methods() {
            let suica = capability.method.as_str().starts_with("suica");
            assert_eq!(
                capability.most.amount(),
                if suica { 20_000 } else { 50_000 },
                "{}",
                capability.method
            );
        }
    }

    #[test]
    fn nanaco_money_goes_back_by_bank_transfer_only() {
        for capability in default_methods() {
            let manual = capability.method.as_str() == "nanaco";
            let expected = if manual { RefundSupport::Manual } else { RefundSupport::Partial };
            assert_eq!(capability.refund, expected, "{}", capability.method);
        }
        assert_eq!(Brand::of_option("tcc-redirect").unwrap().after, After::Cancel);
    }

    #[test]
    fn whoever_is_invited_has_days_and_whoever_is_redirected_pays_on_the_spot() {
        for brand in &BRANDS {
            let online = brand.reach == Reach::Redirect;
            assert_eq!(brand.flow(), if online { PayerFlow::Online } else { PayerFlow::Slip });
            assert!(online || brand.limit != Limit::None, "{}: an invitation needs an end", brand.method);
        }
    }
}
