//! Tests of what every call goes through.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::Notify;

use super::MerchantAccount;
use crate::domain::money::Yen;
use crate::domain::payment::{LegalRole, MethodCode, PaymentSnapshot, RefundSnapshot};
use crate::gateway::{
    Answer, Cancel, Capabilities, Capture, CreateCheckout, CreateRefund, IdempotencyKind, LookupBy,
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
