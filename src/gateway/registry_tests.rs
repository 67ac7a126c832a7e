//! Tests of what every call goes through, and of the methods of the settings.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::Notify;

use super::{MerchantAccount, method};
use crate::config::{GatewaySettings, MethodSettings, Settings};
use crate::domain::money::Yen;
use crate::domain::payment::{LegalRole, MethodCode, PaymentSnapshot, RefundSnapshot};
use crate::gateway::{
    Answer, Cancel, Capabilities, Capture, CreateCheckout, CreateRefund, Gateways, IdempotencyKind, LookupBy,
    Notification, NotificationRejected, OpCtx, Outcome, PaymentGateway, PaymentRef, PreparedRequest,
    RawNotification, RefundRef, Reply, ReportSource, Transport, TransportKind, Trust, Unpreparable, komoju,
};

/// A gateway that answers when it is let go, and then knows nothing.
struct Held {
    capabilities: Capabilities,
    asked: Arc<Notify>,
    go: Arc<Notify>,
    refunds: Outcome<Option<RefundSnapshot>>,
}

impl Held {
    fn new(refunds: Outcome<Option<RefundSnapshot>>) -> Self {
        let capabilities = Capabilities {
            gateway: "held".to_owned(),
            notifications: Trust::Signed,
            lookup: LookupBy::OurReference,
            idempotency: IdempotencyKind::MerchantReference,
            longest_checkout_s: 60,
            settlement_reports: ReportSource::Upload,
            methods: komoju::default_methods(),
        };
        Self { capabilities, asked: Arc::default(), go: Arc::default(), refunds }
    }
}

impl PaymentGateway for Held {
    fn code(&self) -> &'static str {
        "held"
    }

    fn capabilities(&self) -> &Capabilities {
        &self.capabilities
    }

    fn total_timeout(&self) -> Duration {
        Duration::from_secs(1)
    }

    fn prepare_create_checkout(&self, _: &str, _: &CreateCheckout) -> Result<PreparedRequest, Unpreparable> {
        Err(Unpreparable::NotPossible)
    }

    fn prepare_capture(&self, _: &str, _: &Capture) -> Result<PreparedRequest, Unpreparable> {
        Err(Unpreparable::NotPossible)
    }

    fn prepare_cancel(&self, _: &str, _: &Cancel) -> Result<PreparedRequest, Unpreparable> {
        Err(Unpreparable::NotPossible)
    }

    fn prepare_refund(&self, _: &str, _: &CreateRefund) -> Result<PreparedRequest, Unpreparable> {
        Err(Unpreparable::NotPossible)
    }

    fn send<'a>(&'a self, _: &'a OpCtx, _: &'a PreparedRequest) -> Answer<'a, Reply> {
        Box::pin(async move { failed() })
    }

    fn retrieve_payment<'a>(
        &'a self,
        _: &'a PaymentRef,
        _: Timestamp,
    ) -> Answer<'a, Option<PaymentSnapshot>> {
        Box::pin(async move {
            self.asked.notify_one();
            self.go.notified().await;
            Outcome::Done(None)
        })
    }

    fn retrieve_refund<'a>(&'a self, _: &'a RefundRef, _: Timestamp) -> Answer<'a, Option<RefundSnapshot>> {
        Box::pin(async move { self.refunds.clone() })
    }

    fn verify_notification(
        &self,
        _: &RawNotification,
        _: Timestamp,
    ) -> Result<Notification, NotificationRejected> {
        Err(NotificationRejected::WrongSignature)
    }
}

fn failed<T>() -> Outcome<T> {
    Outcome::Unknown(Transport { kind: TransportKind::Timeout, detail: String::new(), retry_after_s: None })
}

fn payment() -> PaymentRef {
    PaymentRef {
        merchant_reference: "020001-1".to_owned(),
        method: MethodCode::parse("card"),
        gateway_session_id: None,
        gateway_payment_id: Some("p1".to_owned()),
        expires_at: None,
    }
}

fn refund() -> RefundRef {
    RefundRef {
        payment: payment(),
        reference: "refund-1".to_owned(),
        gateway_refund_id: None,
        amount: Yen::new(1).unwrap(),
        refunded_before: Yen::ZERO,
    }
}

fn account(adapter: Arc<Held>) -> MerchantAccount {
    MerchantAccount::new("held".to_owned(), LegalRole::Direct, vec!["*".to_owned()], adapter).bearing(1)
}

#[tokio::test]
async fn a_question_about_a_refund_takes_one_of_the_places_of_its_account() {
    let adapter = Arc::new(Held::new(Outcome::Done(None)));
    let (asked, go) = (Arc::clone(&adapter.asked), Arc::clone(&adapter.go));
    let account = Arc::new(account(adapter));
    let (other, now) = (Arc::clone(&account), Timestamp::UNIX_EPOCH);
    let held = tokio::spawn(async move { other.ask(&payment(), now).await });
    asked.notified().await;
    let refused = account.ask_refund(&refund(), now).await;
    assert!(
        matches!(&refused, Outcome::NotSent(transport) if transport.kind == TransportKind::Throttled),
        "the only place is taken: {refused:?}"
    );
    go.notify_one();
    assert_eq!(held.await.unwrap(), Outcome::Done(None));
    assert_eq!(account.ask_refund(&refund(), now).await, Outcome::Done(None), "and free again");
}

#[tokio::test]
async fn refunds_that_nobody_answers_for_open_the_circuit() {
    let account = account(Arc::new(Held::new(failed())));
    let now = Timestamp::UNIX_EPOCH;
    for _ in 0..5 {
        assert!(account.is_healthy(now));
        assert_eq!(account.ask_refund(&refund(), now).await, failed());
    }
    assert!(!account.is_healthy(now));
}

fn wanted(code: &str, max: i64) -> MethodSettings {
    MethodSettings {
        code: code.to_owned(),
        max,
        min: None,
        gateway_code: None,
        flow: None,
        refund: None,
        most_per_day: None,
        most_per_month: None,
        until_due_day: None,
    }
}

#[test]
fn the_cap_of_the_settings_holds_below_and_above_what_the_vendor_documents() {
    let known = komoju::default_methods();
    let konbini = known.iter().find(|method| method.method.as_str() == "konbini");
    for max in [49_999, 300_000, 1_000_000] {
        let method = method(&wanted("konbini", max), konbini).unwrap();
        assert_eq!((method.most.amount(), method.gateway_code.as_str()), (max, "konbini"));
    }
}

/// The settings with `change` made to an account that is in use.
fn built(name: &str, change: impl FnOnce(&mut GatewaySettings)) -> Result<Gateways, String> {
    let mut settings = Settings::load(None).unwrap();
    settings.gateways.retain(|gateway| gateway.name == name);
    let gateway = settings.gateways.first_mut().unwrap();
    gateway.enabled = true;
    for credential in gateway.kind.credentials() {
        settings.secrets.set_of_gateway(name, credential, "00112233445566778899aabbccddeeff");
    }
    change(gateway);
    Gateways::build(&settings).map_err(|refused| refused.to_string())
}

#[test]
fn a_brand_that_the_adapter_cannot_order_is_refused_at_the_start_by_name() {
    use crate::gateway::PayerFlow::Online;
    let brand = |code: &str| MethodSettings {
        gateway_code: Some("brand-of-tomorrow".to_owned()),
        flow: Some(Online),
        ..wanted(code, 1_000)
    };
    assert!(built("komoju", |gateway| gateway.methods.push(brand("tomorrow"))).is_ok(), "one way for all");
    let refused = built("veritrans", |gateway| gateway.methods.push(brand("tomorrow")));
    let refused = refused.err().unwrap();
    assert!(refused.contains("the service option brand-of-tomorrow is not known"), "{refused}");
}

#[test]
fn an_option_that_would_hold_money_is_not_taken() {
    let text = "code = 'card'\nmax = 1\ncapture = 'can_hold'";
    let source = config::File::from_str(text, config::FileFormat::Toml);
    let read = config::Config::builder().add_source(source).build().unwrap();
    let refused = read.try_deserialize::<MethodSettings>().unwrap_err().to_string();
    assert!(refused.contains("capture"), "{refused}");
}
