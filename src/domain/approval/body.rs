//! What may be proposed (起案の種別), each with one JSON form: that form is what is sealed, and what stands at the end (R-117).

use aws_lc_rs::digest::{SHA256, digest};
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::domain::application::StateName;
use crate::domain::disposition::{
    CorrectionProposal, DecisionKind, OrderKind, OrderProposal, Reason, reason_faults,
};
use crate::domain::fault::Fault;
use crate::domain::id::{FalseClaimId, InvoiceId, WaiverId};
use crate::domain::procedure::ProcedureKind;
use crate::domain::waiver::PinnedFile;

/// What a proposal is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Subject {
    /// 処分: the answer to an application; the case waits for it.
    Decision,
    /// 減免: what is owed is lifted, whole or in part. The case goes on meanwhile.
    Waiver,
    /// 不納欠損: what is owed can no longer be had. The case goes on, or has ended long ago.
    WriteOff,
    /// 更正: an issued decision is said again in words that are right. The case stays where it is.
    Correction,
    /// 許可の取消し・効力の停止 (R-29). The case stays where it is.
    PermitOrder,
}

impl Subject {
    /// All subjects, for tables and tests.
    pub const ALL: [Self; 5] =
        [Self::Decision, Self::Waiver, Self::WriteOff, Self::Correction, Self::PermitOrder];

    /// The stored and public name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Decision => "decision",
            Self::Waiver => "waiver",
            Self::WriteOff => "write_off",
            Self::Correction => "correction",
            Self::PermitOrder => "permit_order",
        }
    }

    /// The subject of a stored name.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|subject| subject.as_str() == text)
    }

    /// Whether a proposal of this subject may begin, or be acted on, while the case stands there. A decision moves the case
    /// itself; the others leave it alone. Only what was decided or ended is left for 不納欠損 after the end.
    pub fn fits(self, kind: ProcedureKind, state: StateName) -> bool {
        use StateName as S;
        match self {
            Self::Decision => {
                kind == ProcedureKind::Application && matches!(state, S::UnderReview | S::InApproval)
            }
            Self::Waiver => matches!(
                state,
                S::Submitted
                    | S::UnderReview
                    | S::CorrectionRequested
                    | S::Inquiry
                    | S::InApproval
                    | S::Decided
            ),
            Self::WriteOff => !matches!(state, S::Draft | S::Transferred),
            Self::Correction | Self::PermitOrder => {
                kind == ProcedureKind::Application && matches!(state, S::Decided | S::Closed)
            }
        }
    }
}

/// A proposed disposition: what is decided, why, under which conditions.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DecisionProposal {
    /// What is decided.
    pub decision: DecisionKind,
    /// Reasons (理由): facts, the clause applied, the standard of review (R-27).
    pub reasons: Vec<Reason>,
    /// Conditions of a grant (附款).
    pub conditions: Vec<String>,
    /// Why it is decided before an opinion has come that another office was asked for (合議, R-116); none where nothing is awaited. The
    /// office's own matter: it is sealed with the proposal and is no part of what is issued.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub without_opinion: Option<String>,
}

/// A proposed waiver (減免), or the refusal of one that was asked for (不承認).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WaiverProposal {
    /// The invoice.
    pub invoice: InvoiceId,
    /// Grant or refuse.
    #[serde(default = "granted")]
    pub outcome: DecisionKind,
    /// How much is lifted, in yen; zero in a refusal.
    pub amount: i64,
    /// The last day on which the rest can be paid under the grant, where there is one.
    #[serde(default)]
    pub valid_until: Option<Date>,
    /// The clause of the ordinance, by its code.
    pub ground: String,
    /// Facts and evidence.
    pub reasons: Vec<String>,
}

/// What was proposed before a refusal could be.
fn granted() -> DecisionKind {
    DecisionKind::Grant
}

/// A proposed revocation of a waiver (減免の取消し). It goes the route of waivers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WaiverRevocationProposal {
    /// The waiver that is revoked.
    pub waiver: WaiverId,
    /// The invoice that it was of.
    pub invoice: InvoiceId,
    /// How much is assessed anew, in yen.
    pub amount: i64,
    /// Why it may be revoked, by its code.
    pub ground: String,
    /// What was recorded about the false statement, where it was.
    pub false_claim: Option<FalseClaimId>,
    /// The files that prove it, as they were when it was drafted.
    pub evidence: Vec<PinnedFile>,
    /// Facts.
    pub reasons: Vec<String>,
}

/// A proposed write-off (不納欠損).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WriteOffProposal {
    /// The invoice.
    pub invoice: InvoiceId,
    /// How much is written off, in yen.
    pub amount: i64,
    /// The ground of law, by its code.
    pub ground: String,
    /// Facts and evidence.
    pub reasons: Vec<String>,
}

/// What is proposed. It is written as the form of its subject alone, so the text of a decision has the bytes it always had.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum ProposalBody {
    /// A disposition.
    Decision(DecisionProposal),
    /// A waiver.
    Waiver(WaiverProposal),
    /// The revocation of a waiver.
    WaiverRevocation(WaiverRevocationProposal),
    /// A write-off.
    WriteOff(WriteOffProposal),
    /// A correction of an issued decision.
    Correction(CorrectionProposal),
    /// An order about a permit.
    PermitOrder(OrderProposal),
}

/// What goes the route of waivers; only a revocation names the waiver.
#[derive(Deserialize)]
#[serde(untagged)]
enum OfWaiver {
    Revocation(WaiverRevocationProposal),
    Request(WaiverProposal),
}

/// The most reasons, and the most conditions, that one proposal may carry.
const MOST_TEXTS: usize = 50;
/// The most characters of one reason or condition.
pub(super) const LONGEST_TEXT: usize = 4_000;

impl ProposalBody {
    /// What it is about.
    pub fn subject(&self) -> Subject {
        match self {
            Self::Decision(_) => Subject::Decision,
            Self::Waiver(_) | Self::WaiverRevocation(_) => Subject::Waiver,
            Self::WriteOff(_) => Subject::WriteOff,
            Self::Correction(_) => Subject::Correction,
            Self::PermitOrder(_) => Subject::PermitOrder,
        }
    }

    /// What is decided, of a disposition.
    pub fn decision(&self) -> Option<DecisionKind> {
        match self {
            Self::Decision(body) => Some(body.decision),
            Self::Waiver(_)
            | Self::WaiverRevocation(_)
            | Self::WriteOff(_)
            | Self::Correction(_)
            | Self::PermitOrder(_) => None,
        }
    }

    /// Whether it may begin, or be acted on, while the case stands there: as its subject may, but a waiver is revoked after the end of
    /// the case too, which is when a false statement comes out.
    pub fn fits(&self, kind: ProcedureKind, state: StateName) -> bool {
        match self {
            Self::WaiverRevocation(_) => !matches!(state, StateName::Draft | StateName::Transferred),
            _ => self.subject().fits(kind, state),
        }
    }

    /// By which names a standing decision (専決, R-113) may mean it: the kind itself, and for an order about a permit the wider word.
    /// Who may close a grant does not close one with conditions, let alone a refusal in part, unless the rule says so.
    pub fn matter_names(&self) -> &'static [&'static str] {
        match self {
            Self::Decision(body) => match body.decision {
                DecisionKind::Grant => &["grant"],
                DecisionKind::ConditionalGrant => &["conditional_grant"],
                DecisionKind::PartialRefusal => &["partial_refusal"],
                DecisionKind::Refuse => &["refuse"],
            },
            Self::Waiver(body) if body.outcome.grants() => &["grant"],
            Self::Waiver(_) => &["refuse"],
            Self::WaiverRevocation(_) => &["revocation"],
            Self::WriteOff(_) => &[],
            Self::Correction(_) => &["correction"],
            Self::PermitOrder(body) => match body.order {
                OrderKind::Revocation => &["revocation", "permit_order"],
                OrderKind::Suspension => &["suspension", "permit_order"],
                OrderKind::Resumption => &["resumption", "permit_order"],
            },
        }
    }

    /// The amount it names itself, in yen.
    pub fn amount(&self) -> Option<i64> {
        match self {
            Self::Decision(_) | Self::Correction(_) | Self::PermitOrder(_) => None,
            Self::Waiver(body) => Some(body.amount),
            Self::WaiverRevocation(body) => Some(body.amount),
            Self::WriteOff(body) => Some(body.amount),
        }
    }

    /// The text of `subject` as it was sealed.
    pub fn read(subject: Subject, text: &[u8]) -> Result<Self, serde_json::Error> {
        match subject {
            Subject::Decision => serde_json::from_slice(text).map(Self::Decision),
            Subject::Waiver => serde_json::from_slice(text).map(|text| match text {
                OfWaiver::Revocation(body) => Self::WaiverRevocation(body),
                OfWaiver::Request(body) => Self::Waiver(body),
            }),
            Subject::WriteOff => serde_json::from_slice(text).map(Self::WriteOff),
            Subject::Correction => serde_json::from_slice(text).map(Self::Correction),
            Subject::PermitOrder => serde_json::from_slice(text).map(Self::PermitOrder),
        }
    }

    /// Everything wrong with the text.
    pub fn faults(&self) -> Vec<Fault> {
        match self {
            Self::Decision(body) => body.faults(),
            Self::Waiver(body) => body.faults(),
            Self::WaiverRevocation(body) => money_faults(body.amount, &body.ground, &body.reasons),
            Self::WriteOff(body) => money_faults(body.amount, &body.ground, &body.reasons),
            Self::Correction(body) => correction_faults(body),
            Self::PermitOrder(body) => body.faults(),
        }
    }

    /// SHA-256 of the text in its one JSON form, in lower-case hexadecimal (R-117).
    pub fn sha256(&self) -> String {
        // Plain members in a fixed order always have a JSON form.
        let text = serde_json::to_vec(self).unwrap_or_default();
        data_encoding::HEXLOWER.encode(digest(&SHA256, &text).as_ref())
    }
}

impl DecisionProposal {
    /// What of it is issued: the decision with its reasons and conditions.
    pub fn issued(&self) -> Self {
        Self { without_opinion: None, ..self.clone() }
    }

    /// Everything wrong with the text. What burdens gives its reasons at the same time (R-27), and conditions burden.
    pub fn faults(&self) -> Vec<Fault> {
        let mut faults = reason_faults(self.decision, &self.reasons);
        faults.extend(text_faults("/conditions", &self.conditions));
        faults.extend(self.without_opinion.iter().filter_map(|why| text_fault("/without_opinion", why)));
        match (self.decision, self.conditions.is_empty()) {
            (DecisionKind::Refuse, false) => {
                let (ja, en) = ("拒否処分に条件は付けられません。", "A refusal carries no conditions.");
                faults.push(Fault::new("/conditions", "not_for_refusals", ja, en));
            }
            (DecisionKind::Grant, false) => {
                let ja =
                    "条件を付けるときは、条件付きの許可（conditional_grant）とし、理由を示してください。";
                let en = "A grant under conditions is a conditional_grant, and says why.";
                faults.push(Fault::new("/decision", "conditional_grant", ja, en));
            }
            (DecisionKind::ConditionalGrant, true) => {
                let (ja, en) = ("条件を示してください。", "State the conditions.");
                faults.push(Fault::new("/conditions", "required", ja, en));
            }
            _ => {}
        }
        faults
    }
}

/// A corrected text obeys the rules of any decision of its kind (R-27), and the error is named.
fn correction_faults(body: &CorrectionProposal) -> Vec<Fault> {
    let CorrectionProposal { decision, reasons, conditions, .. } = body.clone();
    let mut faults = body.error_faults();
    faults.extend(DecisionProposal { decision, reasons, conditions }.faults());
    faults
}

impl WaiverProposal {
    /// Everything wrong with the text. A refusal lifts nothing and states its reasons as a grant does (R-27, R-63).
    fn faults(&self) -> Vec<Fault> {
        let mut faults = money_faults(self.amount, &self.ground, &self.reasons);
        if self.outcome == DecisionKind::Refuse {
            faults.retain(|fault| fault.pointer != "/amount");
            if self.amount != 0 || self.valid_until.is_some() {
                let (ja, en) = ("不承認では減額しません。", "A refusal lifts nothing.");
                faults.push(Fault::new("/amount", "not_for_refusals", ja, en));
            }
        }
        faults
    }
}

/// What a waiver and a write-off have in common: an amount, a ground in law, and the facts.
fn money_faults(amount: i64, ground: &str, reasons: &[String]) -> Vec<Fault> {
    let mut faults = Vec::new();
    if amount <= 0 {
        faults.push(Fault::new("/amount", "positive", "1円以上にしてください。", "At least one yen."));
    }
    if ground.trim().is_empty() {
        let (ja, en) = ("根拠条項を示してください。", "Name the clause that allows it.");
        faults.push(Fault::new("/ground", "required", ja, en));
    }
    if reasons.is_empty() {
        let (ja, en) = ("理由となる事実を示してください。", "State the facts that justify it.");
        faults.push(Fault::new("/reasons", "required", ja, en));
    }
    faults.extend(text_faults("/reasons", reasons));
    faults
}

fn text_faults(pointer: &str, texts: &[String]) -> Vec<Fault> {
    let mut faults = Vec::new();
    if texts.len() > MOST_TEXTS {
        let ja = format!("{MOST_TEXTS}件以内にしてください。");
        faults.push(Fault::new(pointer, "too_many", ja, format!("At most {MOST_TEXTS} are possible.")));
    }
    let each = texts.iter().enumerate();
    faults.extend(each.filter_map(|(index, text)| text_fault(&format!("{pointer}/{index}"), text)));
    faults
}

fn text_fault(place: &str, text: &str) -> Option<Fault> {
    if text.trim().is_empty() {
        return Some(Fault::new(place, "required", "空にできません。", "It must not be empty."));
    }
    let ja = format!("{LONGEST_TEXT}文字以内にしてください。");
    let en = format!("It must have at most {LONGEST_TEXT} characters.");
    (text.chars().count() > LONGEST_TEXT).then(|| Fault::new(place, "too_long", ja, en))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::procedure::ProcedureKind::{Application, Notification};

    /// The text of a decision has the bytes it always had, unless it says why an opinion is not waited for.
    #[test]
    fn r116_why_an_opinion_is_not_waited_for_is_sealed_with_the_proposal_and_not_issued() {
        let plain = DecisionProposal {
            decision: DecisionKind::Grant,
            reasons: Vec::new(),
            conditions: Vec::new(),
            without_opinion: None,
        };
        let text = serde_json::to_string(&plain).unwrap();
        assert_eq!(text, r#"{"decision":"grant","reasons":[],"conditions":[]}"#);
        let early = DecisionProposal {
            without_opinion: Some("口頭で異議なしと確認".to_owned()),
            ..plain.clone()
        };
        let text = serde_json::to_vec(&early).unwrap();
        let read = ProposalBody::read(Subject::Decision, &text).unwrap();
        assert_eq!(read, ProposalBody::Decision(early.clone()));
        assert_eq!((early.faults(), early.issued()), (Vec::new(), plain.clone()));
        for (why, code) in [(" ".to_owned(), "required"), ("あ".repeat(LONGEST_TEXT + 1), "too_long")] {
            let faults = DecisionProposal { without_opinion: Some(why), ..plain.clone() }.faults();
            let found: Vec<_> = faults.iter().map(|fault| (fault.pointer.as_str(), fault.code)).collect();
            assert_eq!(found, [("/without_opinion", code)]);
        }
    }

    /// R-65: the revocation of a waiver goes the route of waivers, reads back as what it is, and is possible after the end of the case.
    #[test]
    fn r65_a_revocation_is_of_the_route_of_waivers_and_reads_back_as_what_it_is() {
        let id = uuid::Uuid::nil();
        let body = ProposalBody::WaiverRevocation(WaiverRevocationProposal {
            waiver: WaiverId(id),
            invoice: InvoiceId(id),
            amount: 11_000,
            ground: crate::domain::waiver::FALSE_STATEMENT.to_owned(),
            false_claim: None,
            evidence: Vec::new(),
            reasons: vec!["罹災証明書は別の世帯のものだった".to_owned()],
        });
        assert_eq!((body.subject(), body.matter_names()), (Subject::Waiver, ["revocation"].as_slice()));
        assert_eq!((body.amount(), body.decision(), body.faults()), (Some(11_000), None, Vec::new()));
        let text = serde_json::to_vec(&body).unwrap();
        assert_eq!(ProposalBody::read(Subject::Waiver, &text).unwrap(), body);
        for kind in [Application, Notification] {
            let states = StateName::ALL.into_iter().filter(|state| !body.fits(kind, *state));
            assert_eq!(states.collect::<Vec<_>>(), [StateName::Draft, StateName::Transferred]);
        }
    }
}
