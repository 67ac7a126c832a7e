//! Reasons (理由の提示): the facts, the clause applied and the standard of review (R-27, R-28).
//!
//! Reasons may wait in the plainest cases (行政手続法第8条第1項ただし書, R-28); here they never do.

use serde::{Deserialize, Serialize};

use super::DecisionKind;
use crate::domain::fault::Fault;

/// The most reasons that one disposition may carry.
const MOST_REASONS: usize = 50;
/// The most characters of one text.
const LONGEST_TEXT: usize = 4_000;

/// A reason of a disposition. Texts written before reasons had parts stay readable, byte for byte.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Reason {
    /// A plain sentence; it may stand beside a grant, never alone behind something that burdens.
    Text(String),
    /// Facts, clause and criterion.
    Parts(ReasonParts),
}

/// The three things a reason must name (R-27).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReasonParts {
    /// 処分の原因となる事実.
    pub fact: String,
    /// 適用した条項.
    pub clause: String,
    /// 審査基準.
    pub criterion: String,
}

impl Reason {
    /// Whether it says nothing at all.
    pub fn is_blank(&self) -> bool {
        match self {
            Self::Text(text) => text.trim().is_empty(),
            Self::Parts(parts) => {
                [&parts.fact, &parts.clause, &parts.criterion].iter().all(|text| text.trim().is_empty())
            }
        }
    }
}

/// Everything wrong with the reasons of a disposition: one that burdens needs at least one, each in its three parts.
pub fn reason_faults(decision: DecisionKind, reasons: &[Reason]) -> Vec<Fault> {
    let mut faults = Vec::new();
    if decision.is_adverse() && reasons.iter().all(Reason::is_blank) {
        let ja = "この処分には理由（事実、適用した条項、審査基準）を示してください。";
        let en =
            "This decision must state its reasons: the facts, the clause applied, the standard of review.";
        return vec![Fault::new("/reasons", "required", ja, en)];
    }
    if reasons.len() > MOST_REASONS {
        let ja = format!("{MOST_REASONS}件以内にしてください。");
        faults.push(Fault::new("/reasons", "too_many", ja, format!("At most {MOST_REASONS} are possible.")));
    }
    for (index, reason) in reasons.iter().enumerate() {
        let place = format!("/reasons/{index}");
        match reason {
            Reason::Parts(parts) => {
                let named =
                    [("fact", &parts.fact), ("clause", &parts.clause), ("criterion", &parts.criterion)];
                let named = named.map(|(name, text)| text_fault(format!("{place}/{name}"), text));
                faults.extend(named.into_iter().flatten());
            }
            Reason::Text(text) if !decision.is_adverse() || text.trim().is_empty() => {
                faults.extend(text_fault(place, text));
            }
            Reason::Text(_) => {
                let ja =
                    "事実（fact）、適用した条項（clause）、審査基準（criterion）に分けて示してください。";
                let en = "Name the facts (fact), the clause applied (clause) and the standard of review (criterion).";
                faults.push(Fault::new(place, "parts_required", ja, en));
            }
        }
    }
    faults
}

/// What is wrong with one text: it says nothing, or too much.
pub(super) fn text_fault(place: String, text: &str) -> Option<Fault> {
    if text.trim().is_empty() {
        return Some(Fault::new(place, "required", "空にできません。", "It must not be empty."));
    }
    (text.chars().count() > LONGEST_TEXT).then(|| {
        let ja = format!("{LONGEST_TEXT}文字以内にしてください。");
        let en = format!("It must have at most {LONGEST_TEXT} characters.");
        Fault::new(place, "too_long", ja, en)
    })
}

#[cfg(test)]
mod tests {
    use super::{DecisionKind, LONGEST_TEXT, MOST_REASONS, Reason, ReasonParts, reason_faults};

    fn text(text: &str) -> Reason {
        Reason::Text(text.to_owned())
    }

    fn parts(fact: &str, clause: &str, criterion: &str) -> Reason {
        let owned = |text: &str| text.to_owned();
        Reason::Parts(ReasonParts { fact: owned(fact), clause: owned(clause), criterion: owned(criterion) })
    }

    #[test]
    fn r27_and_r28_whatever_burdens_names_fact_clause_and_criterion() {
        let long = "あ".repeat(LONGEST_TEXT + 1);
        let whole = || parts("資格がない", "第6条第1項", "基準3");
        let adverse: Vec<_> = DecisionKind::ALL.into_iter().filter(|kind| kind.is_adverse()).collect();
        for kind in adverse {
            for (reasons, expected) in [
                (vec![], vec!["/reasons required"]),
                (vec![text(" "), parts("", " ", "")], vec!["/reasons required"]),
                (vec![text("第6条")], vec!["/reasons/0 parts_required"]),
                (vec![whole()], vec![]),
                (
                    vec![whole(), parts("", "第6条", "")],
                    vec!["/reasons/1/fact required", "/reasons/1/criterion required"],
                ),
                (
                    vec![parts("x", "", &long)],
                    vec!["/reasons/0/clause required", "/reasons/0/criterion too_long"],
                ),
                (vec![whole(), text("")], vec!["/reasons/1 required"]),
                (vec![whole(); MOST_REASONS + 1], vec!["/reasons too_many"]),
            ] {
                let faults = reason_faults(kind, &reasons);
                let found: Vec<_> =
                    faults.iter().map(|fault| format!("{} {}", fault.pointer, fault.code)).collect();
                assert_eq!(found, expected, "{kind:?} {reasons:?}");
            }
        }
        let grant = |reasons: &[Reason]| reason_faults(DecisionKind::Grant, reasons).len();
        assert_eq!((grant(&[]), grant(&[text("適合する")]), grant(&[text("")])), (0, 0, 1));
    }

    #[test]
    fn a_reason_written_before_reasons_had_parts_reads_and_writes_as_it_was() {
        let stored = r#"["第6条に該当",{"fact":"a","clause":"b","criterion":"c"}]"#;
        let reasons: Vec<Reason> = serde_json::from_str(stored).unwrap();
        assert_eq!(reasons, [text("第6条に該当"), parts("a", "b", "c")]);
        assert_eq!(serde_json::to_string(&reasons).unwrap(), stored);
        assert!(serde_json::from_str::<Reason>(r#"{"fact":"a","clause":"b"}"#).is_err());
    }
}
