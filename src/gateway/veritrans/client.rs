//! Sending and asking over HTTP, and what an answer or its absence proves.

use jiff::Timestamp;
use reqwest::header::CONTENT_TYPE;

use crate::domain::payment::{PaymentSnapshot, RefundSnapshot, RefundStatus};
use crate::gateway::transport::{self, Failure, Received, unreadable, unusable};
use crate::gateway::veritrans::Veritrans;
use crate::gateway::veritrans::brands::Brand;
use crate::gateway::veritrans::request::{self, Asked, OrderName};
use crate::gateway::veritrans::response::{self, Answered, ResultBody};
use crate::gateway::veritrans::status;
use crate::gateway::{
    OpCtx, OperationKind, Outcome, PaymentRef, PreparedRequest, Problem, RefundRef, Reply, Transport,
    TransportKind,
};

/// Result codes that say that the order id was used before. Not public: the simulator's.
const DUPLICATE_ORDER: [&str; 1] = ["EC01000000000000"];

impl Veritrans {
    pub(super) async fn send_stored(&self, operation: &OpCtx, request: &PreparedRequest) -> Outcome<Reply> {
        let Some(envelope) = request::open(request.bytes()) else {
            return unusable("the stored request is not one of ours");
        };
        let Some(asked) = envelope.asked() else {
            return unusable("the stored body is not one of ours");
        };
        let received = match self.post(envelope.path, envelope.body.to_vec()).await {
            Ok(received) => received,
            Err(failure) => return failure.into(),
        };
        let refunds = request.kind() == OperationKind::Refund;
        let result = match strange(&received).filter(|_| refunds).map_or_else(|| succeeded(&received), Ok) {
            Ok(result) => result,
            Err(outcome) => return outcome.into(),
        };
        let reply = match request.kind() {
            OperationKind::CreateCheckout => response::checkout(result, &asked).map(Reply::Checkout),
            OperationKind::Cancel => response::canceled(&result, &asked, operation.now)
                .map(|snapshot| Reply::Payment(Box::new(snapshot))),
            OperationKind::Refund => {
                let after = self.after_refund(&asked, operation.now).await;
                response::refunded(&result, &asked, after, operation.now)
                    .map(|refund| Reply::Refund(Box::new(refund)))
            }
            OperationKind::Capture => None,
        };
        reply.map_or_else(
            || Outcome::Unknown(unreadable("an answer that does not fit the request")),
            Outcome::Done,
        )
    }

    async fn post(&self, path: &str, body: Vec<u8>) -> Result<Received, Failure> {
        let request = self.client.post(format!("{}{path}", self.base_url));
        transport::call(request.header(CONTENT_TYPE, "application/json").body(body)).await
    }

    /// The order after a refund, whose own answer shows no sums; none when it cannot be asked for now.
    async fn after_refund(&self, asked: &Asked, now: Timestamp) -> Option<PaymentSnapshot> {
        let brand = Brand::of_option(&asked.service_option_type)?;
        let query = PaymentRef {
            merchant_reference: asked.refund_order_id.clone()?,
            method: self.capabilities.gateway_method(brand.option).map(|found| found.method.clone()),
            gateway_session_id: None,
            gateway_payment_id: None,
            expires_at: None,
        };
        match self.search(&query, brand, Answered::Yes, now).await {
            Outcome::Done(found) => found,
            _ => None,
        }
    }

    pub(super) async fn ask(&self, query: &PaymentRef, now: Timestamp) -> Outcome<Option<PaymentSnapshot>> {
        let name = query.gateway_session_id.as_deref().or(query.gateway_payment_id.as_deref());
        let named = name.map(|name| OrderName::parse(name).map(|(brand, _)| brand));
        let (brand, answered) = if let Some(brand) = named {
            (brand, Answered::Yes)
        } else {
            let method = query.method.as_ref();
            (method.and_then(|method| Brand::of_method(&self.capabilities, method)), Answered::No)
        };
        let Some(brand) = brand else { return unusable("the payment's method is none of this gateway") };
        self.search(query, brand, answered, now).await
    }

    /// A refund by the sum of its order: while the vendor holds one, nothing is proven.
    pub(super) async fn ask_refund(
        &self,
        query: &RefundRef,
        now: Timestamp,
    ) -> Outcome<Option<RefundSnapshot>> {
        let method = query.payment.method.as_ref();
        let Some(brand) = method.and_then(|method| Brand::of_method(&self.capabilities, method)) else {
            return unusable("the payment's method is none of this gateway");
        };
        let reference = &query.payment.merchant_reference;
        let result = match self.searched(reference).await {
            Ok(result) => result,
            Err(outcome) => return outcome,
        };
        let held = response::holds_a_refund(&result, reference);
        let Some(found) = response::found(result, reference, brand, method, Answered::Yes, now) else {
            return Outcome::Unknown(unreadable("a search that cannot be read"));
        };
        match found.order().and_then(|payment| query.proven_by(payment)) {
            None if held => Outcome::Unknown(Transport {
                kind: TransportKind::InFlight,
                detail: "the vendor holds the refund".to_owned(),
                retry_after_s: None,
            }),
            proven => Outcome::Done(proven),
        }
    }

    async fn search(
        &self,
        query: &PaymentRef,
        brand: &Brand,
        answered: Answered,
        now: Timestamp,
    ) -> Outcome<Option<PaymentSnapshot>> {
        let result = match self.searched(&query.merchant_reference).await {
            Ok(result) => result,
            Err(outcome) => return outcome,
        };
        let method = query.method.as_ref();
        match response::found(result, &query.merchant_reference, brand, method, answered, now) {
            Some(found) => Outcome::Done(found.order()),
            None => Outcome::Unknown(unreadable("a search that cannot be read")),
        }
    }

    async fn searched<T>(&self, reference: &str) -> Result<ResultBody, Outcome<T>> {
        let Ok((path, body)) = request::search(&self.sender(), reference) else {
            return Err(unusable("an identifier of the payment is not usable"));
        };
        let received = self.post(&path, body).await.map_err(Outcome::from)?;
        succeeded(&received).map_err(Outcome::from)
    }
}

/// A readable result whose word nobody knows.
fn strange(received: &Received) -> Option<ResultBody> {
    let result = response::result(&received.body).filter(|_| (200..=299).contains(&received.status));
    result.filter(|result| status::of_refund(&result.mstatus) == RefundStatus::Unrecognised)
}

/// No success: what is known of the request's effect.
enum Unsuccessful {
    Refused(Problem),
    Unclear(Transport),
}

impl<T> From<Unsuccessful> for Outcome<T> {
    fn from(unsuccessful: Unsuccessful) -> Self {
        match unsuccessful {
            Unsuccessful::Refused(problem) => Self::Rejected(problem),
            Unsuccessful::Unclear(transport) => Self::Unknown(transport),
        }
    }
}

/// The result of a command that succeeded. A refusal counts as definite only in the vendor's own words, and a used order
/// id is no refusal: the order is there, so it is asked about.
fn succeeded(received: &Received) -> Result<ResultBody, Unsuccessful> {
    let unclear = |kind, detail: &str| {
        let retry_after_s = received.retry_after_s;
        Unsuccessful::Unclear(Transport { kind, detail: detail.to_owned(), retry_after_s })
    };
    match received.status {
        200..=299 => {}
        429 => return Err(unclear(TransportKind::Throttled, "too many requests")),
        500..=599 => return Err(unclear(TransportKind::ServerError, "the gateway failed")),
        _ => return Err(unclear(TransportKind::Unreadable, "an answer that means nothing here")),
    }
    let result = response::result(&received.body);
    let result =
        result.ok_or_else(|| unclear(TransportKind::Unreadable, "an answer that is not the vendor's"))?;
    match result.mstatus.as_str() {
        "success" => Ok(result),
        "failure" if DUPLICATE_ORDER.contains(&result.v_result_code.as_str()) => {
            Err(unclear(TransportKind::InFlight, "the order exists already"))
        }
        "failure" => Err(Unsuccessful::Refused(Problem {
            code: result.v_result_code,
            message: result.merr_msg.unwrap_or_default(),
            http_status: Some(received.status),
        })),
        "pending" => Err(unclear(TransportKind::InFlight, "the vendor holds the order")),
        _ => Err(unclear(TransportKind::Unreadable, "a result that means nothing here")),
    }
}
