//! Sending a case on (移送, R-198): to another office of the body, or to the authority that is in charge.
//!
//! Neither arrival ever moves: that of the applicant at the first office and that at the office in charge are both recorded,
//! because law decides which of them counts. What the clock stood still before does not begin to count by it.

use serde::{Deserialize, Serialize};

use super::fault::Fault;
use super::message::text_faults;

/// The most characters of a legal basis.
pub const LONGEST_BASIS: usize = 500;

/// Which way a case went, as the books of one body have it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TransferDirection {
    /// From one department of the body to another.
    Within,
    /// To another body.
    Sent,
    /// From another body.
    Received,
}

impl TransferDirection {
    /// Every way.
    pub const ALL: [Self; 3] = [Self::Within, Self::Sent, Self::Received];

    /// The stored and public name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Within => "within",
            Self::Sent => "sent",
            Self::Received => "received",
        }
    }
}

/// Why a case was sent on; stored sealed, and shown to its parties.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TransferGrounds {
    /// Why.
    pub reason: String,
    /// The provision by which the other office is in charge.
    pub legal_basis: String,
}

impl TransferGrounds {
    /// Every fault; pointers go into the request.
    pub fn faults(&self) -> Vec<Fault> {
        let mut faults = text_faults("/reason", &self.reason, 1);
        let of_basis = text_faults("/legal_basis", &self.legal_basis, 1);
        if of_basis.is_empty() && self.legal_basis.trim().chars().count() > LONGEST_BASIS {
            let ja = format!("根拠規定を1～{LONGEST_BASIS}文字で入力してください。");
            let en = format!("Name the legal basis in 1 to {LONGEST_BASIS} characters.");
            faults.push(Fault::new("/legal_basis", "length", ja, en));
        }
        faults.extend(of_basis);
        faults
    }
}

/// How the first office of a case is written at another body: body and office.
pub fn office_elsewhere(tenant: &str, office: &str) -> String {
    // A case that was sent on twice keeps the body it began at.
    if is_own_office(office) { format!("{tenant}/{office}") } else { office.to_owned() }
}

/// Whether an office of an arrival is one of the body that has the case, and not of the one that sent it on.
pub fn is_own_office(office: &str) -> bool {
    !office.contains('/')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reason_and_legal_basis_are_both_named() {
        let grounds = |reason: &str, basis: &str| TransferGrounds {
            reason: reason.to_owned(),
            legal_basis: basis.to_owned(),
        };
        let pointers = |grounds: TransferGrounds| -> Vec<String> {
            grounds.faults().into_iter().map(|fault| fault.pointer).collect()
        };
        assert_eq!(pointers(grounds("", " ")), ["/reason", "/legal_basis"]);
        assert_eq!(pointers(grounds("管轄違い", "保健所政令市")), Vec::<String>::new());
        assert_eq!(pointers(grounds("管轄違い", &"条".repeat(LONGEST_BASIS + 1))), ["/legal_basis"]);
        assert_eq!(pointers(grounds("管轄違い", "番号 1234 5678 9018")), ["/legal_basis"], "R-154");
    }

    #[test]
    fn r198_an_office_keeps_the_body_it_began_at() {
        let once = office_elsewhere("020001", "kenko-hoken-eisei");
        assert_eq!(once, "020001/kenko-hoken-eisei");
        assert_eq!(office_elsewhere("022012", &once), once);
    }
}
