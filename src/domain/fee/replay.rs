//! Computing a stored fee again and comparing to the yen (T-2).

use super::FeeAssessment;
use crate::domain::money::Yen;

/// A line as it was stored.
#[derive(Clone, Copy, Debug)]
pub struct StoredLine<'a> {
    /// The version of the formula that priced it.
    pub formula_version: &'a str,
    /// What was assessed.
    pub amount: Yen,
}

/// A line, or the total, that is not what its inputs give.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// The version of the formula, or `total`.
    pub line: String,
    /// What is stored; nothing where a line is missing.
    pub stored: Option<Yen>,
    /// What its inputs give today; nothing where there should be no line.
    pub computed: Option<Yen>,
}

/// Every line that differs, in the order of the stored lines; then the total.
pub fn compare(stored: &[StoredLine<'_>], total: Yen, computed: &FeeAssessment) -> Vec<Difference> {
    let mut left: Vec<(&str, Yen)> =
        computed.lines.iter().map(|line| (line.formula_version.as_str(), line.amount)).collect();
    let mut differences = Vec::new();
    for line in stored {
        let place = left.iter().position(|(version, _)| *version == line.formula_version);
        let found = place.map(|place| left.swap_remove(place).1);
        if found != Some(line.amount) {
            differences.push(Difference {
                line: line.formula_version.to_owned(),
                stored: Some(line.amount),
                computed: found,
            });
        }
    }
    differences.extend(left.into_iter().map(|(version, amount)| Difference {
        line: version.to_owned(),
        stored: None,
        computed: Some(amount),
    }));
    if total != computed.total {
        differences.push(Difference {
            line: "total".to_owned(),
            stored: Some(total),
            computed: Some(computed.total),
        });
    }
    differences
}
