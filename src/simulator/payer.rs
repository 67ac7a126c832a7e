//! What a payer can do on the hosted page: pure decisions over [`State`].
//!
//! The test cards live only here. A number is looked at, reduced to brand and last four digits, and gone.

use jiff::Timestamp;

use super::clock::IdSource;
use super::engine::{Change, Refusal, after_seconds, take_money};
use super::model::{
    CaptureMode, CardTrace, EventKind, MovementKind, Payment, PaymentStatus, Session, SessionStatus, Step,
};
use super::state::{Entry, State};

/// Life of a cash slip in seconds (three days).
const SLIP_LIFE_SECONDS: u32 = 3 * 86_400;

/// What a test card does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CardScript {
    /// The issuer asks the holder in a 3-D Secure step.
    Challenge,
    /// The issuer is satisfied without asking.
    Frictionless,
    /// The issuer declines.
    Declined,
}

/// How the payer answered the 3-D Secure step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChallengeAnswer {
    /// Authenticated.
    Ok,
    /// Authentication failed: this attempt is over, another may follow.
    Fail,
    /// The payer turned away; nothing is decided.
    Abandon,
}

/// What an e-money wallet holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Balance {
    /// Enough.
    Sufficient,
    /// Too little.
    Insufficient,
}

/// Where the payer stands after an act.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Progress {
    /// Finished: go back to the merchant.
    Done,
    /// The 3-D Secure step comes next.
    Challenge,
    /// This attempt failed: choose again.
    TryAgain,
    /// A slip was issued: show it.
    Slip,
}

/// Looks a test card up; any other number is refused.
pub fn test_card(number: &str) -> Option<(CardScript, CardTrace)> {
    let digits: String = number.chars().filter(char::is_ascii_digit).collect();
    let script = match digits.as_str() {
        "4111111111111111" => CardScript::Challenge,
        "4000000000000002" => CardScript::Declined,
        "4242424242424242" => CardScript::Frictionless,
        _ => return None,
    };
    let last_four = digits.get(12..).unwrap_or_default().to_owned();
    Some((script, CardTrace { brand: "visa".to_owned(), last_four }))
}

/// The payer enters a card.
pub fn pay_by_card(
    state: &State,
    session_id: &str,
    number: &str,
    now: Timestamp,
    ids: &mut IdSource,
) -> Result<(Change, Progress), Refusal> {
    let session = payable(state, session_id, "credit_card", now)?;
    let (script, card) = test_card(number).ok_or(Refusal::BadInput("試験用のカード番号ではありません。"))?;
    let (mut change, mut payment) = begin(state, session, "credit_card", now, ids);
    payment.card = Some(card);
    let progress = match script {
        CardScript::Challenge => {
            payment.step = Step::Challenge;
            change.payment(&payment, None);
            Progress::Challenge
        }
        CardScript::Frictionless => {
            approve(&mut change, session, &mut payment, now);
            Progress::Done
        }
        CardScript::Declined => fail(&mut change, &mut payment),
    };
    Ok((change, progress))
}

/// The payer answers the 3-D Secure step.
pub fn answer_challenge(
    state: &State,
    session_id: &str,
    answer: ChallengeAnswer,
    now: Timestamp,
) -> Result<(Change, Progress), Refusal> {
    let session = payable(state, session_id, "credit_card", now)?;
    let mut payment = state
        .payment_of(session)
        .filter(|payment| payment.step == Step::Challenge)
        .ok_or(Refusal::WrongStatus("no challenge is open"))?
        .clone();
    let mut change = Change::default();
    payment.step = Step::None;
    let progress = match answer {
        ChallengeAnswer::Ok => {
            approve(&mut change, session, &mut payment, now);
            Progress::Done
        }
        ChallengeAnswer::Fail => fail(&mut change, &mut payment),
        ChallengeAnswer::Abandon => {
            change.payment(&payment, None);
            Progress::TryAgain
        }
    };
    Ok((change, progress))
}

/// The payer pays with e-money or by a code, at a page or by an invitation's link.
pub fn pay_by_wallet(
    state: &State,
    session_id: &str,
    wallet: &str,
    balance: Balance,
    now: Timestamp,
    ids: &mut IdSource,
) -> Result<(Change, Progress), Refusal> {
    let session = payable(state, session_id, wallet, now)?;
    let (mut change, mut payment) = begin(state, session, wallet, now, ids);
    // What the merchant called off fails, whatever the wallet holds.
    let balance = if session.called_off { Balance::Insufficient } else { balance };
    let progress = match balance {
        Balance::Sufficient => {
            complete(&mut change, session, &payment, now);
            take_money(&mut change, &mut payment, now);
            Progress::Done
        }
        Balance::Insufficient => fail(&mut change, &mut payment),
    };
    Ok((change, progress))
}

/// The payer takes a convenience-store slip, or a number of Pay-easy: `authorized`, but no money has moved.
pub fn issue_slip(
    state: &State,
    session_id: &str,
    method: &str,
    now: Timestamp,
    ids: &mut IdSource,
) -> Result<(Change, Progress), Refusal> {
    let session = payable(state, session_id, method, now)?;
    let (mut change, mut payment) = begin(state, session, method, now, ids);
    payment.status = PaymentStatus::Authorized;
    let drawn = ids.next();
    payment.slip_number = Some(match method {
        // Twenty digits, of which the first are zeros: whoever reads them as a number loses some.
        "pay_easy" => format!(
            "00{:0>18}",
            drawn.bytes().map(|byte| char::from(b'0' + byte % 10)).take(18).collect::<String>()
        ),
        _ => drawn.to_uppercase().chars().take(12).collect(),
    });
    payment.deadline = after_seconds(now, SLIP_LIFE_SECONDS);
    complete(&mut change, session, &payment, now);
    change.payment(&payment, Some(EventKind::Authorized));
    Ok((change, Progress::Slip))
}

/// The payer hands the cash over at the shop, or pays the number at an ATM.
pub fn pay_slip(state: &State, session_id: &str, now: Timestamp) -> Result<(Change, Progress), Refusal> {
    let session = state.sessions.get(session_id).ok_or(Refusal::NotFound)?;
    let payment = state.payment_of(session).ok_or(Refusal::WrongStatus("no slip was issued"))?;
    if payment.slip_number.is_none() || payment.status != PaymentStatus::Authorized {
        return Err(Refusal::WrongStatus("the slip cannot be paid any more"));
    }
    let mut payment = payment.clone();
    let mut change = Change::default();
    take_money(&mut change, &mut payment, now);
    Ok((change, Progress::Slip))
}

/// The session, if its payer may still pay by `method`.
fn payable<'a>(state: &'a State, id: &str, method: &str, now: Timestamp) -> Result<&'a Session, Refusal> {
    let session = state.sessions.get(id).ok_or(Refusal::NotFound)?;
    match session.status {
        SessionStatus::Completed => Err(Refusal::WrongStatus("completed")),
        SessionStatus::Cancelled => Err(Refusal::WrongStatus("cancelled")),
        SessionStatus::Pending if session.lapsed(now) => Err(Refusal::WrongStatus("expired")),
        SessionStatus::Pending if session.payment_types.iter().any(|offered| offered == method) => {
            Ok(session)
        }
        SessionStatus::Pending => Err(Refusal::MethodCannot("this method is not offered")),
    }
}

/// A new attempt: the session's payment starts over as `pending`, keeping its id.
fn begin(
    state: &State,
    session: &Session,
    method: &str,
    now: Timestamp,
    ids: &mut IdSource,
) -> (Change, Payment) {
    let mut change = Change::default();
    let earlier = state.payment_of(session);
    let id = earlier.map_or_else(|| session.vendor.payment_id(ids.next()), |payment| payment.id.clone());
    if earlier.is_none() {
        change.entries.push(Entry::Session(Session { payment_id: Some(id.clone()), ..session.clone() }));
    }
    let payment = Payment {
        id,
        vendor: session.vendor,
        session_id: session.id.clone(),
        external_order_num: session.external_order_num.clone(),
        method: method.to_owned(),
        status: PaymentStatus::Pending,
        amount: session.amount,
        captured: 0,
        refunded: 0,
        refunds: Vec::new(),
        disputes: Vec::new(),
        card: None,
        slip_number: None,
        step: Step::None,
        created_at: earlier.map_or(now, |payment| payment.created_at),
        captured_at: None,
        deadline: session.expires_at,
        metadata: session.metadata.clone(),
        email: session.email.clone(),
    };
    (change, payment)
}

fn approve(change: &mut Change, session: &Session, payment: &mut Payment, now: Timestamp) {
    complete(change, session, payment, now);
    change.movement(payment, MovementKind::Authorize, payment.amount, now);
    match session.capture {
        CaptureMode::Auto => take_money(change, payment, now),
        CaptureMode::Manual => {
            payment.status = PaymentStatus::Authorized;
            change.payment(payment, Some(EventKind::Authorized));
        }
    }
}

fn complete(change: &mut Change, session: &Session, payment: &Payment, now: Timestamp) {
    change.entries.push(Entry::Session(Session {
        status: SessionStatus::Completed,
        completed_at: Some(now),
        payment_id: Some(payment.id.clone()),
        ..session.clone()
    }));
}

fn fail(change: &mut Change, payment: &mut Payment) -> Progress {
    payment.status = PaymentStatus::Failed;
    change.payment(payment, Some(EventKind::Failed));
    Progress::TryAgain
}
