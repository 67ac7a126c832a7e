//! A waiver that was got by a false statement (不正な減免, R-65): what the ordinance lets be claimed at most.
//!
//! Purpose: keep the evidence, and say the ceiling of the civil fine (過料). Invariant: nothing is claimed by it; whether and how
//! much is imposed is a disposition of its own, decided by people.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::domain::fault::Fault;
use crate::domain::id::AttachmentId;
use crate::domain::money::{Yen, YenOutOfRange};

/// What an ordinance says of evading a charge by fraud (地方自治法第228条第3項).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FalseClaimTerms {
    /// The most that may be imposed, in times of what was evaded.
    pub times: u8,
    /// The most that may be imposed where that is less, in yen.
    pub least: Yen,
    /// The clause of the ordinance.
    pub basis: String,
    /// The first day.
    pub valid_from: Date,
    /// The last day, when it is known.
    #[serde(default)]
    pub valid_to: Option<Date>,
    /// Where it was taken from.
    pub source: String,
    /// True while it has not been confirmed by the body.
    #[serde(default)]
    pub sample: bool,
}

impl FalseClaimTerms {
    /// The terms in force on a day.
    pub fn on(terms: &[Self], day: Date) -> Option<&Self> {
        terms.iter().find(|one| one.valid_from <= day && one.valid_to.is_none_or(|last| day <= last))
    }

    /// The most that may be imposed for evading `evaded`.
    pub fn ceiling(&self, evaded: Yen) -> Result<Yen, YenOutOfRange> {
        Ok(evaded.times(i64::from(self.times))?.max(self.least))
    }
}

/// A file as it was when it was found to be false, or to prove that.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PinnedFile {
    /// The attachment of the case.
    pub attachment: AttachmentId,
    /// SHA-256 of its sealed bytes, hexadecimal.
    pub sealed_sha256: String,
}

/// Every fault of a body's terms; empty when they may be used.
pub(crate) fn false_claim_faults(terms: &[FalseClaimTerms]) -> Vec<Fault> {
    let mut faults = Vec::new();
    for (index, one) in terms.iter().enumerate() {
        let mut check = |ok: bool, field: &str, ja: &str, en: &str| {
            if !ok {
                faults.push(Fault::new(
                    format!("/false_claims/{index}/{field}"),
                    "false_claim_terms",
                    ja,
                    en,
                ));
            }
        };
        // The law lets no ordinance go further.
        check((1..=5).contains(&one.times), "times", "1～5倍にしてください", "must lie between 1 and 5");
        let within = one.least.amount() <= 50_000;
        check(within, "least", "5万円以下にしてください", "must be 50,000 yen at most");
        check(!one.basis.trim().is_empty(), "basis", "空にできません", "must not be empty");
        check(!one.source.trim().is_empty(), "source", "空にできません", "must not be empty");
        let ordered = one.valid_to.is_none_or(|to| one.valid_from <= to);
        check(ordered, "valid_to", "終わりが始まりより前です", "ends before it begins");
    }
    faults
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::{FalseClaimTerms, false_claim_faults};
    use crate::domain::money::Yen;

    fn terms() -> FalseClaimTerms {
        FalseClaimTerms {
            times: 5,
            least: Yen::new(50_000).unwrap(),
            basis: "見本県手数料条例第9条".to_owned(),
            valid_from: date(2020, 4, 1),
            valid_to: Some(date(2027, 3, 31)),
            source: "地方自治法第228条第3項".to_owned(),
            sample: true,
        }
    }

    #[test]
    fn r65_up_to_five_times_of_what_was_evaded_and_50_000_yen_where_that_is_less() {
        for (evaded, most) in [(1, 50_000), (10_000, 50_000), (10_001, 50_005), (22_000, 110_000)] {
            let evaded = Yen::new(evaded).unwrap();
            assert_eq!(terms().ceiling(evaded).unwrap().amount(), most, "{evaded:?}");
        }
    }

    #[test]
    fn r65_only_what_an_ordinance_in_force_says_counts() {
        let all = [terms()];
        assert!(FalseClaimTerms::on(&all, date(2020, 3, 31)).is_none());
        assert!(FalseClaimTerms::on(&all, date(2020, 4, 1)).is_some());
        assert!(FalseClaimTerms::on(&all, date(2027, 4, 1)).is_none());
        assert_eq!(false_claim_faults(&all), []);
        let wrong = FalseClaimTerms { times: 6, least: Yen::new(50_001).unwrap(), ..terms() };
        let faults = false_claim_faults(&[wrong]);
        let places: Vec<&str> = faults.iter().map(|fault| fault.pointer.as_str()).collect();
        assert_eq!(places, ["/false_claims/0/times", "/false_claims/0/least"]);
    }
}
