//! Sending and asking over HTTP, and what an answer or its absence proves.

use jiff::Timestamp;
use reqwest::RequestBuilder;
use reqwest::header::CONTENT_TYPE;
use secrecy::ExposeSecret;

use crate::domain::dispute::DisputeState;
use crate::domain::money::Yen;
use crate::domain::payment::{PaymentSnapshot, RefundSnapshot};
use crate::gateway::stripe::response::{self, Read};
use crate::gateway::stripe::{API_VERSION, Stripe, request};
use crate::gateway::transport::{self, Failure, Received, classify, unusable};
use crate::gateway::{
    Decline, OpCtx, OperationKind, Outcome, PaymentRef, PreparedRequest, Problem, RefundRef, Reply,
};

impl Stripe {
    pub(super) async fn send_stored(&self, operation: &OpCtx, request: &PreparedRequest) -> Outcome<Reply> {
        let Some(envelope) = request::open(request) else {
            return unusable("the stored request is not one of ours");
        };
        let call = self
            .client
            .post(format!("{}{}", self.base_url, envelope.path))
            .header("Idempotency-Key", request.idempotency_key())
            .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(envelope.body.to_vec());
        let received = match self.call(call).await {
            Ok(received) => received,
            Err(failure) => return failure.into(),
        };
        let session = envelope.path.starts_with("/v1/checkout/");
        classify(&received, |body| self.read(request.kind(), session, body, operation.now), refused)
    }

    /// Reads a successful answer by what was asked.
    fn read(&self, kind: OperationKind, session: bool, body: &[u8], now: Timestamp) -> Option<Reply> {
        let capabilities = &self.capabilities;
        let payment = |read: Read| Reply::Payment(Box::new(read.snapshot));
        match kind {
            OperationKind::CreateCheckout => response::checkout(capabilities, body, now).map(Reply::Checkout),
            OperationKind::Cancel if session => response::session(capabilities, body, now).map(payment),
            OperationKind::Cancel | OperationKind::Capture => {
                response::intent(capabilities, body, now).map(payment)
            }
            OperationKind::Refund => {
                response::refund(capabilities, body, now).map(|refund| Reply::Refund(Box::new(refund)))
            }
        }
    }

    pub(super) async fn ask(&self, query: &PaymentRef, now: Timestamp) -> Outcome<Option<PaymentSnapshot>> {
        let (Ok(session), Ok(intent)) = (
            query.gateway_session_id.as_deref().map(request::identifier).transpose(),
            query.gateway_payment_id.as_deref().map(request::identifier).transpose(),
        ) else {
            return unusable("an identifier of the payment is not usable");
        };
        let path = match (session, intent) {
            (Some(id), _) => {
                format!("/v1/checkout/sessions/{id}?expand[]=payment_intent.latest_charge")
            }
            (None, Some(id)) => format!("/v1/payment_intents/{id}?expand[]=latest_charge"),
            // Nothing can be looked up by our reference: only the same key tells.
            (None, None) => return Outcome::Done(None),
        };
        let received = match self.get(&path).await {
            Ok(received) => received,
            Err(failure) => return failure.into(),
        };
        if received.status == 404 && response::error(&received.body).is_some() {
            return Outcome::Done(None);
        }
        let capabilities = &self.capabilities;
        let read = |body: &[u8]| match session {
            Some(_) => response::session(capabilities, body, now),
            None => response::intent(capabilities, body, now),
        };
        match classify(&received, read, refused) {
            Outcome::Done(read) if read.disputed => self.with_disputes(read.snapshot).await,
            other => other.map(|read| Some(read.snapshot)),
        }
    }

    /// A disputed payment is whole only with its disputes: what was lost was pulled back.
    async fn with_disputes(&self, mut snapshot: PaymentSnapshot) -> Outcome<Option<PaymentSnapshot>> {
        let id = snapshot.gateway_payment_id.as_deref().map(request::identifier);
        let Some(Ok(id)) = id else { return unusable("an identifier of the payment is not usable") };
        let received = match self.get(&format!("/v1/disputes?payment_intent={id}&limit=100")).await {
            Ok(received) => received,
            Err(failure) => return failure.into(),
        };
        let all = |body: &[u8]| {
            let disputes = response::disputes(body)?;
            let lost = disputes.iter().filter(|dispute| dispute.state == Some(DisputeState::Lost));
            let lost = Yen::sum(lost.map(|dispute| dispute.amount)).ok()?;
            Some((disputes, lost))
        };
        classify(&received, all, refused).map(|(disputes, lost)| {
            snapshot.disputes = disputes;
            snapshot.counters.charged_back = lost;
            Some(snapshot)
        })
    }

    /// One refund by its id, or, where the answer to it was lost, by our reference among those of its payment. One that succeeded may
    /// have failed since, which no sum of the payment proves.
    pub(super) async fn ask_refund(
        &self,
        query: &RefundRef,
        now: Timestamp,
    ) -> Outcome<Option<RefundSnapshot>> {
        let (Ok(refund), Ok(intent)) = (
            query.gateway_refund_id.as_deref().map(request::identifier).transpose(),
            query.payment.gateway_payment_id.as_deref().map(request::identifier).transpose(),
        ) else {
            return unusable("an identifier of the refund is not usable");
        };
        let path = match (refund, intent) {
            (Some(id), _) => format!("/v1/refunds/{id}?expand[]=payment_intent.latest_charge"),
            (None, Some(id)) => {
                format!(
                    "/v1/refunds?payment_intent={id}&limit=100&expand[]=data.payment_intent.latest_charge"
                )
            }
            (None, None) => return Outcome::Done(None),
        };
        let received = match self.get(&path).await {
            Ok(received) => received,
            Err(failure) => return failure.into(),
        };
        if received.status == 404 && response::error(&received.body).is_some() {
            return Outcome::Done(None);
        }
        let capabilities = &self.capabilities;
        let read = |body: &[u8]| match refund {
            Some(_) => response::refund(capabilities, body, now).map(Some),
            None => {
                response::refund_among(capabilities, body, &query.reference, now).map(response::Listed::found)
            }
        };
        classify(&received, read, refused)
    }

    async fn get(&self, path: &str) -> Result<Received, Failure> {
        self.call(self.client.get(format!("{}{path}", self.base_url))).await
    }

    /// A question whose answer may be long.
    pub(super) async fn get_report(&self, path: &str) -> Result<Received, Failure> {
        let call = self.proven(self.client.get(format!("{}{path}", self.base_url)));
        transport::call_up_to(call, transport::LARGEST_REPORT).await
    }

    async fn call(&self, request: RequestBuilder) -> Result<Received, Failure> {
        transport::call(self.proven(request)).await
    }

    fn proven(&self, request: RequestBuilder) -> RequestBuilder {
        let key = self.settings.secret_key.expose_secret();
        request.bearer_auth(key).header("Stripe-Version", API_VERSION)
    }
}

/// A refusal in Stripe's own words.
pub(super) fn refused<T>(status: u16, body: &[u8]) -> Option<Outcome<T>> {
    let error = response::error(body)?;
    let code = error.code.unwrap_or_else(|| error.kind.clone());
    let message = error.message.unwrap_or_default();
    Some(if error.kind == "card_error" {
        Outcome::Declined(Decline { code, message })
    } else {
        Outcome::Rejected(Problem { code, message, http_status: Some(status) })
    })
}
