//! Sending and asking over HTTP, and what an answer or its absence proves.

use std::time::Duration;

use jiff::Timestamp;
use reqwest::RequestBuilder;
use reqwest::header::CONTENT_TYPE;
use secrecy::ExposeSecret;

use crate::domain::money::Yen;
use crate::domain::payment::{PaymentSnapshot, RefundSnapshot};
use crate::gateway::komoju::request::{self, Asked};
use crate::gateway::komoju::{Komoju, response};
use crate::gateway::transport::{self, Failure, Received, classify, unusable};
use crate::gateway::{
    Decline, OpCtx, OperationKind, Outcome, PaymentRef, PreparedRequest, Problem, RefundRef, Reply,
};

/// The longest look at what was taken beside a payment: a question must not take twice its time for it.
const LOOK_BESIDE: Duration = Duration::from_secs(5);

impl Komoju {
    pub(super) async fn send_stored(&self, operation: &OpCtx, request: &PreparedRequest) -> Outcome<Reply> {
        let Some(envelope) = request::open(request) else {
            return unusable("the stored request is not one of ours");
        };
        let Ok(asked) = serde_json::from_slice::<Asked>(envelope.body) else {
            return unusable("the stored body is not one of ours");
        };
        let call = self
            .client
            .post(format!("{}{}", self.base_url, envelope.path))
            .header("X-KOMOJU-IDEMPOTENCY", request.idempotency_key())
            .header(CONTENT_TYPE, "application/json")
            .body(envelope.body.to_vec());
        let received = match self.call(call).await {
            Ok(received) => received,
            Err(outcome) => return outcome.into(),
        };
        let session = envelope.path.starts_with("/sessions/");
        classify(&received, |body| self.read(request.kind(), session, body, &asked, operation), refused)
    }

    /// Reads a successful answer by what was asked.
    fn read(
        &self,
        kind: OperationKind,
        session: bool,
        body: &[u8],
        asked: &Asked,
        operation: &OpCtx,
    ) -> Option<Reply> {
        let capabilities = &self.capabilities;
        match kind {
            OperationKind::CreateCheckout => {
                response::checkout(capabilities, body, asked, operation.key_born_at).map(Reply::Checkout)
            }
            OperationKind::Cancel if session => response::session(capabilities, body, operation.now)
                .map(|snapshot| Reply::Payment(Box::new(snapshot))),
            OperationKind::Cancel | OperationKind::Capture => {
                response::payment(capabilities, body, operation.now)
                    .map(|snapshot| Reply::Payment(Box::new(snapshot)))
            }
            OperationKind::Refund => response::refund(capabilities, body, asked, operation.now)
                .map(|refund| Reply::Refund(Box::new(refund))),
        }
    }

    pub(super) async fn ask(&self, query: &PaymentRef, now: Timestamp) -> Outcome<Option<PaymentSnapshot>> {
        let (Ok(session), Ok(payment), Ok(reference)) = (
            query.gateway_session_id.as_deref().map(request::identifier).transpose(),
            query.gateway_payment_id.as_deref().map(request::identifier).transpose(),
            request::identifier(&query.merchant_reference),
        ) else {
            return unusable("an identifier of the payment is not usable");
        };
        let path = match (session, payment) {
            (Some(id), _) => format!("/sessions/{id}"),
            (None, Some(id)) => format!("/payments/{id}"),
            (None, None) => format!("/payments?external_order_num={reference}"),
        };
        let received = match self.call(self.client.get(format!("{}{path}", self.base_url))).await {
            Ok(received) => received,
            Err(failure) => return failure.into(),
        };
        if received.status == 404 && response::error(&received.body).is_some() {
            return Outcome::Done(None);
        }
        let capabilities = &self.capabilities;
        let read = |body: &[u8]| match (session, payment) {
            (Some(_), _) => response::session(capabilities, body, now).map(Some),
            (None, Some(_)) => response::payment(capabilities, body, now).map(Some),
            (None, None) => response::list(capabilities, body, now).map(response::Listed::found),
        };
        let mut answer = classify(&received, read, refused);
        if let (Some(_), Outcome::Done(Some(found))) = (session, &mut answer) {
            self.look_beside((reference, payment), found, now).await;
        }
        answer
    }

    /// A session shows one payment. What was taken beside it is in the list of all payments of the reference; where that is not to be
    /// had, the next question finds it.
    async fn look_beside(
        &self,
        (reference, known): (&str, Option<&str>),
        found: &mut PaymentSnapshot,
        now: Timestamp,
    ) {
        let is_known = known.is_none() || known == found.gateway_payment_id.as_deref();
        if found.counters.captured == Yen::ZERO && is_known {
            return;
        }
        let list = format!("{}/payments?external_order_num={reference}", self.base_url);
        if let Ok(received) = self.call(self.client.get(list).timeout(LOOK_BESIDE)).await {
            let read = |body: &[u8]| response::list(&self.capabilities, body, now);
            if let Outcome::Done(listed) = classify(&received, read, refused) {
                found.also_captured = listed.beside(found.gateway_payment_id.as_deref());
            }
        }
    }

    pub(super) async fn ask_refund(
        &self,
        query: &RefundRef,
        now: Timestamp,
    ) -> Outcome<Option<RefundSnapshot>> {
        let id = query.payment.gateway_payment_id.as_deref().map(request::identifier);
        let Some(Ok(id)) = id else { return unusable("the payment has no usable identifier") };
        let received = match self.call(self.client.get(format!("{}/payments/{id}", self.base_url))).await {
            Ok(received) => received,
            Err(failure) => return failure.into(),
        };
        if received.status == 404 && response::error(&received.body).is_some() {
            return Outcome::Done(None);
        }
        let read = |body: &[u8]| response::find_refund(&self.capabilities, body, query, now).ok();
        classify(&received, read, refused)
    }

    async fn call(&self, request: RequestBuilder) -> Result<Received, Failure> {
        transport::call(request.basic_auth(self.settings.secret_key.expose_secret(), Some(""))).await
    }
}

/// A refusal in KOMOJU's own words.
pub(super) fn refused<T>(status: u16, body: &[u8]) -> Option<Outcome<T>> {
    let error = response::error(body)?;
    let (code, message) = (error.code, error.message.unwrap_or_default());
    Some(match status {
        402 => Outcome::Declined(Decline { code, message }),
        _ => Outcome::Rejected(Problem { code, message, http_status: Some(status) }),
    })
}
