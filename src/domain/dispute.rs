//! A payer's bank contests a payment (異議申立て・チャージバック): where each such dispute stands.
//!
//! Purpose: a dispute is a dimension of its own beside the payment (`none → needs_response → under_review → won | lost`) and
//! never one of the payment's states. Invariants: whatever order, number and age of the snapshots of a dispute, it ends the
//! same ([`Dispute::fold`] takes the larger of both, field by field); only a lost dispute took money, and
//! of that no more counts than the payment still holds ([`counted`]). In law nothing follows for the invoice by itself: a designated
//! agent guarantees its remittance (LAA 231の4), so what a payer's bank pulled back is the agent's loss; of money that the body had
//! received itself, or by a collection agent, people decide ([`is_own_loss`]).

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::domain::money::{Yen, YenOutOfRange};
use crate::domain::payment::LegalRole;

/// Where a dispute stands, in the order of the one way it goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DisputeState {
    /// Evidence is wanted before the gateway's deadline.
    NeedsResponse,
    /// The payer's bank is deciding.
    UnderReview,
    /// It ended without loss.
    Won,
    /// The money was pulled back.
    Lost,
}

impl DisputeState {
    /// Every state.
    pub const ALL: [Self; 4] = [Self::NeedsResponse, Self::UnderReview, Self::Won, Self::Lost];

    /// The name stored and shown.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::NeedsResponse => "needs_response",
            Self::UnderReview => "under_review",
            Self::Won => "won",
            Self::Lost => "lost",
        }
    }

    /// The state of a stored name.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == text)
    }

    /// Whether it may still move.
    pub fn is_open(self) -> bool {
        matches!(self, Self::NeedsResponse | Self::UnderReview)
    }
}

/// One dispute as a gateway shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DisputeSnapshot {
    /// The gateway's id of the dispute, unique at that gateway.
    pub gateway_dispute_id: String,
    /// How much is contested.
    pub amount: Yen,
    /// The reason in the gateway's own code, where it gives one.
    pub reason_code: Option<String>,
    /// The status in the gateway's own language.
    pub raw_status: String,
    /// The status in our words; none when the adapter does not know it (F40).
    pub state: Option<DisputeState>,
    /// Until when evidence is taken, where the gateway says so.
    pub respond_by: Option<Timestamp>,
}

/// A dispute as we know it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dispute {
    /// Where it stands.
    pub state: DisputeState,
    /// The most that was ever said to be contested.
    pub amount: Yen,
    /// The reason in the gateway's own code.
    pub reason_code: Option<String>,
    /// The latest deadline that was ever named: gateways extend, they never shorten.
    pub respond_by: Option<Timestamp>,
}

impl Dispute {
    /// A dispute that is heard of for the first time. A status that nobody knows asks for a person like a new one.
    pub fn opened(snapshot: &DisputeSnapshot) -> Self {
        Self {
            state: snapshot.state.unwrap_or(DisputeState::NeedsResponse),
            amount: snapshot.amount,
            reason_code: snapshot.reason_code.clone(),
            respond_by: snapshot.respond_by,
        }
    }

    /// The dispute after a snapshot: the larger of both, field by field, so that order and copies do not matter. A loss
    /// outranks a win, since it is the news that must not be missed.
    #[must_use]
    pub fn fold(&self, snapshot: &DisputeSnapshot) -> Self {
        let heard = Self::opened(snapshot);
        Self {
            state: self.state.max(heard.state),
            amount: self.amount.max(heard.amount),
            reason_code: self.reason_code.clone().max(heard.reason_code),
            respond_by: self.respond_by.max(heard.respond_by),
        }
    }

    /// What it pulled back.
    pub fn pulled_back(&self) -> Yen {
        if self.state == DisputeState::Lost { self.amount } else { Yen::ZERO }
    }
}

/// Whether what is pulled back of money that was taken in a role is the body's own loss: nobody guarantees it.
pub fn is_own_loss(role: LegalRole) -> bool {
    match role {
        LegalRole::DesignatedAgent => false,
        LegalRole::CollectionAgent | LegalRole::Direct => true,
    }
}

/// What a payment's lost disputes count as pulled back of it: their sum, and never more than what was taken and did not go
/// back already (F33).
pub fn counted(captured: Yen, refunded: Yen, disputes: &[Dispute]) -> Result<Yen, YenOutOfRange> {
    let lost = Yen::sum(disputes.iter().map(Dispute::pulled_back))?;
    Ok(lost.min(captured.minus(refunded).unwrap_or(Yen::ZERO)))
}

/// Which of the reminders before the deadline is due at `now`: the tightest of `days_before` that is reached. None once
/// the gateway has what it wanted, without a deadline, and after it.
pub fn reminder_due(dispute: &Dispute, days_before: &[i64], now: Timestamp) -> Option<i64> {
    let respond_by = dispute.respond_by.filter(|_| dispute.state == DisputeState::NeedsResponse)?;
    let left_s = respond_by.duration_since(now).as_secs();
    let reached = days_before.iter().copied().filter(|days| left_s <= days.saturating_mul(86_400));
    reached.min().filter(|_| left_s > 0)
}

#[cfg(test)]
mod tests {
    use jiff::{SignedDuration, Timestamp};
    use proptest::prelude::*;

    use super::{Dispute, DisputeSnapshot, DisputeState, counted, reminder_due};
    use crate::domain::money::Yen;

    fn yen(amount: i64) -> Yen {
        Yen::new(amount).unwrap()
    }

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn snapshot(state: Option<DisputeState>, amount: i64) -> DisputeSnapshot {
        DisputeSnapshot {
            gateway_dispute_id: "dp_1".to_owned(),
            amount: yen(amount),
            reason_code: None,
            raw_status: String::new(),
            state,
            respond_by: None,
        }
    }

    /// The dispute after these snapshots, in this order.
    fn after(snapshots: &[DisputeSnapshot]) -> Dispute {
        let (first, rest) = snapshots.split_first().unwrap();
        rest.iter().fold(Dispute::opened(first), |dispute, snapshot| dispute.fold(snapshot))
    }

    #[test]
    fn every_name_reads_back() {
        for state in DisputeState::ALL {
            assert_eq!(DisputeState::parse(state.as_str()), Some(state));
        }
        assert_eq!(DisputeState::parse("none"), None);
    }

    #[test]
    fn f32_only_a_lost_dispute_counts_and_a_stale_word_moves_nothing_back() {
        use DisputeState::{Lost, NeedsResponse, UnderReview, Won};
        for (heard, state, back) in [
            (vec![NeedsResponse], NeedsResponse, 0),
            (vec![NeedsResponse, UnderReview, NeedsResponse], UnderReview, 0),
            (vec![UnderReview, Won, NeedsResponse], Won, 0),
            (vec![Lost, UnderReview], Lost, 18_000),
            (vec![NeedsResponse, Lost, Lost], Lost, 18_000),
        ] {
            let heard: Vec<_> = heard.into_iter().map(|state| snapshot(Some(state), 18_000)).collect();
            let dispute = after(&heard);
            assert_eq!((dispute.state, dispute.pulled_back().amount()), (state, back), "{heard:?}");
        }
    }

    #[test]
    fn f40_a_status_nobody_knows_opens_a_dispute_and_moves_none() {
        assert_eq!(Dispute::opened(&snapshot(None, 1)).state, DisputeState::NeedsResponse);
        let reviewed = Dispute::opened(&snapshot(Some(DisputeState::UnderReview), 1));
        assert_eq!(reviewed.fold(&snapshot(None, 1)), reviewed);
    }

    #[test]
    fn a_reminder_is_due_at_each_step_before_the_deadline_and_never_after_it() {
        let mut dispute = Dispute::opened(&snapshot(Some(DisputeState::NeedsResponse), 1));
        assert_eq!(reminder_due(&dispute, &[7, 3, 1], at(0)), None, "no deadline is known");
        dispute.respond_by = Some(at(0).checked_add(SignedDuration::from_hours(24 * 10)).unwrap());
        for (day, due) in
            [(0, None), (2, None), (3, Some(7)), (6, Some(7)), (7, Some(3)), (9, Some(1)), (10, None)]
        {
            assert_eq!(reminder_due(&dispute, &[7, 3, 1], at(day * 86_400)), due, "day {day}");
        }
        dispute.state = DisputeState::UnderReview;
        assert_eq!(reminder_due(&dispute, &[7, 3, 1], at(9 * 86_400)), None);
    }

    fn snapshots() -> impl Strategy<Value = Vec<DisputeSnapshot>> {
        let state = prop::option::of(prop::sample::select(DisputeState::ALL.to_vec()));
        let reason = prop::option::of(prop::sample::select(vec!["fraudulent", "duplicate"]));
        let deadline = prop::option::of(0_i64..10);
        let one = (state, 1_i64..20_000, reason, deadline).prop_map(|(state, amount, reason, deadline)| {
            let mut one = snapshot(state, amount);
            one.reason_code = reason.map(str::to_owned);
            one.respond_by = deadline.map(at);
            one
        });
        prop::collection::vec(one, 1..6)
    }

    proptest! {
        #[test]
        fn f32_any_order_and_any_repetition_end_the_same(
            (heard, shuffled, again) in snapshots().prop_flat_map(|heard| {
                let count = heard.len();
                (Just(heard.clone()), Just(heard).prop_shuffle(), prop::collection::vec(0..count, 0..6))
            })
        ) {
            let mut repeated = shuffled.clone();
            repeated.extend(again.into_iter().map(|index| shuffled[index].clone()));
            prop_assert_eq!(after(&heard), after(&shuffled));
            prop_assert_eq!(after(&heard), after(&repeated));
        }

        #[test]
        fn f33_what_counts_is_counted_once_and_never_exceeds_what_the_payment_holds(
            captured in 0_i64..20_000,
            refunded in 0_i64..20_000,
            all in prop::collection::vec(snapshots(), 0..4),
        ) {
            let disputes: Vec<_> = all.iter().map(|heard| after(heard)).collect();
            let refunded = refunded.min(captured);
            let back = counted(yen(captured), yen(refunded), &disputes).unwrap().amount();
            let lost: i64 = disputes.iter().map(|dispute| dispute.pulled_back().amount()).sum();
            prop_assert_eq!(back, lost.min(captured - refunded));
        }
    }
}
