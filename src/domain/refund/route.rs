//! Which way a refund takes: through the gateway while the agent still holds the money, by bank transfer where the
//! gateway cannot, where somebody else paid, and, where the body's rule says so, once the agent has sent the money (過誤納還付).
//!
//! Whether a remittance ends the way through the gateway is no rule of a law that could be confirmed: it is dated data of the
//! designation, and without it the gateway stays open as long as the method allows.

use serde::{Deserialize, Serialize};

use super::RefundRoute;

/// How money that the agent has sent already goes back, as the body fixed it with the agent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AfterRemittance {
    /// The way.
    pub route: RefundRoute,
    /// Where it was taken from.
    pub source: String,
    /// True while it has not been confirmed.
    #[serde(default)]
    pub sample: bool,
}

/// Why a refund takes its way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RouteReason {
    /// As the method and its gateway allow.
    Method,
    /// Somebody else paid by a link: it goes to the obligor, not to whoever paid.
    PaidByAnother,
    /// Whoever asked for the refund named it.
    Asked,
    /// The agent had sent the money by then.
    Remitted,
}

impl RouteReason {
    /// Every reason.
    pub const ALL: [Self; 4] = [Self::Method, Self::PaidByAnother, Self::Asked, Self::Remitted];

    /// The name stored and shown.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Method => "method",
            Self::PaidByAnother => "paid_by_another",
            Self::Asked => "asked",
            Self::Remitted => "remitted",
        }
    }

    /// The reason of a stored name.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|reason| reason.as_str() == text)
    }
}

/// Whether a gateway can send this money back at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GatewayWay {
    /// It can.
    Open,
    /// Not by this method, not this part, or the payment is not known there.
    Closed,
}

/// Where the money of a payment is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HeldBy {
    /// A designated agent that has not sent it, or whoever else takes money for the body.
    Taker,
    /// The body: its agent has sent it.
    Body,
}

/// Who paid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Payer {
    /// A party of the case.
    Party,
    /// Somebody else, by a link.
    Another,
}

/// What decides about the way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RouteFacts {
    /// Whether the gateway can.
    pub gateway: GatewayWay,
    /// Who paid.
    pub payer: Payer,
    /// Where the money is.
    pub held_by: HeldBy,
    /// The body's rule for money that its agent has sent.
    pub after_remittance: RefundRoute,
}

/// A way with its reason.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ChosenRoute {
    /// The way.
    pub route: RefundRoute,
    /// Why.
    pub reason: RouteReason,
}

/// The gateway cannot be the way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RouteRejection {
    /// It cannot send this back.
    #[error("the gateway cannot send this back")]
    NotByGateway,
    /// Its agent has sent the money.
    #[error("the agent has sent the money already")]
    Remitted,
}

/// Whether the money may go back through the gateway.
fn by_gateway(facts: RouteFacts) -> Result<(), RouteRejection> {
    if facts.gateway == GatewayWay::Closed {
        return Err(RouteRejection::NotByGateway);
    }
    match (facts.held_by, facts.after_remittance) {
        (HeldBy::Body, RefundRoute::BankTransfer | RefundRoute::SetOff) => Err(RouteRejection::Remitted),
        (HeldBy::Body, RefundRoute::Gateway) | (HeldBy::Taker, _) => Ok(()),
    }
}

/// The way that is `wanted`, or the usual one where nobody names any.
pub fn choose_route(facts: RouteFacts, wanted: Option<RefundRoute>) -> Result<ChosenRoute, RouteRejection> {
    let chosen = |route, reason| Ok(ChosenRoute { route, reason });
    match (wanted, by_gateway(facts)) {
        (Some(route @ (RefundRoute::BankTransfer | RefundRoute::SetOff)), _) => {
            chosen(route, RouteReason::Asked)
        }
        (Some(RefundRoute::Gateway), possible) => {
            possible.and(chosen(RefundRoute::Gateway, RouteReason::Asked))
        }
        (None, _) if facts.payer == Payer::Another => {
            chosen(RefundRoute::BankTransfer, RouteReason::PaidByAnother)
        }
        (None, Ok(())) => chosen(RefundRoute::Gateway, RouteReason::Method),
        (None, Err(RouteRejection::NotByGateway)) => chosen(RefundRoute::BankTransfer, RouteReason::Method),
        (None, Err(RouteRejection::Remitted)) => chosen(RefundRoute::BankTransfer, RouteReason::Remitted),
    }
}

/// The way that takes the place of the gateway at the moment of the approval; none where the refund goes as it was asked for.
pub fn reroute(facts: RouteFacts, asked: RefundRoute) -> Option<ChosenRoute> {
    let remitted = by_gateway(facts) == Err(RouteRejection::Remitted);
    (asked == RefundRoute::Gateway && remitted)
        .then_some(ChosenRoute { route: RefundRoute::BankTransfer, reason: RouteReason::Remitted })
}

#[cfg(test)]
mod tests {
    use super::*;

    use RefundRoute::{BankTransfer, Gateway};

    #[test]
    fn every_reason_reads_back() {
        for reason in RouteReason::ALL {
            assert_eq!(RouteReason::parse(reason.as_str()), Some(reason));
        }
        assert_eq!(RouteReason::parse("because"), None);
    }

    #[test]
    fn r98_the_gateway_is_the_way_until_the_agent_has_sent_the_money() {
        let open = RouteFacts {
            gateway: GatewayWay::Open,
            payer: Payer::Party,
            held_by: HeldBy::Taker,
            after_remittance: BankTransfer,
        };
        let remitted = RouteFacts { held_by: HeldBy::Body, ..open };
        let by_rule = RouteFacts { after_remittance: Gateway, ..remitted };
        let closed = RouteFacts { gateway: GatewayWay::Closed, ..open };
        let another = RouteFacts { payer: Payer::Another, ..open };
        let is = |route, reason| Ok(ChosenRoute { route, reason });
        for (facts, wanted, chosen) in [
            (open, None, is(Gateway, RouteReason::Method)),
            (open, Some(Gateway), is(Gateway, RouteReason::Asked)),
            (open, Some(BankTransfer), is(BankTransfer, RouteReason::Asked)),
            (remitted, None, is(BankTransfer, RouteReason::Remitted)),
            (remitted, Some(Gateway), Err(RouteRejection::Remitted)),
            (remitted, Some(BankTransfer), is(BankTransfer, RouteReason::Asked)),
            (by_rule, None, is(Gateway, RouteReason::Method)),
            (by_rule, Some(Gateway), is(Gateway, RouteReason::Asked)),
            (closed, None, is(BankTransfer, RouteReason::Method)),
            (closed, Some(Gateway), Err(RouteRejection::NotByGateway)),
            (another, None, is(BankTransfer, RouteReason::PaidByAnother)),
            (another, Some(Gateway), is(Gateway, RouteReason::Asked)),
        ] {
            assert_eq!(choose_route(facts, wanted), chosen, "{facts:?} {wanted:?}");
        }
    }

    #[test]
    fn r98_a_remittance_between_request_and_approval_changes_the_way() {
        let facts = RouteFacts {
            gateway: GatewayWay::Open,
            payer: Payer::Party,
            held_by: HeldBy::Body,
            after_remittance: BankTransfer,
        };
        let instead = Some(ChosenRoute { route: BankTransfer, reason: RouteReason::Remitted });
        assert_eq!(reroute(facts, Gateway), instead);
        assert_eq!(reroute(facts, BankTransfer), None);
        assert_eq!(reroute(RouteFacts { held_by: HeldBy::Taker, ..facts }, Gateway), None);
        assert_eq!(reroute(RouteFacts { after_remittance: Gateway, ..facts }, Gateway), None);
        // What the gateway cannot do any more is refused as before: nobody was asked for an account.
        assert_eq!(reroute(RouteFacts { gateway: GatewayWay::Closed, ..facts }, Gateway), None);
    }
}
