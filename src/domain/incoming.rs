//! What comes in gets a number and a day at its office (収受番号・収受日, R-122): the day of arrival, not that of entry or printing.

use jiff::civil::Date;

use super::document_number::{DocumentKind, NumberRule};

/// One leg of the way of a filing: the office it reached (a code; `body/code` at another body) and the day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Leg<'a> {
    /// The office.
    pub office: &'a str,
    /// The day in Japan.
    pub on: Date,
}

/// Where and when a filing came in at this body: the first of its own offices that it reached. What another body sent on came in
/// when it arrived here; the instant of the first arrival stays recorded beside it.
pub fn came_in<'a>(legs: impl IntoIterator<Item = Leg<'a>>) -> Option<Leg<'a>> {
    legs.into_iter().find(|leg| !leg.office.contains('/'))
}

/// The first day from which a body numbers what comes in; none where it has no rule for it.
pub fn numbered_since(rules: &[NumberRule]) -> Option<Date> {
    rules.iter().filter(|rule| rule.kind == DocumentKind::Incoming).map(|rule| rule.valid_from).min()
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::super::document_number::NumberYear;
    use super::*;

    #[test]
    fn r122_and_r198_a_filing_comes_in_where_it_first_reached_an_office_of_the_body() {
        let leg = |office, day| Leg { office, on: date(2026, 4, day) };
        for (legs, expected) in [
            (vec![leg("doro", 1)], Some(leg("doro", 1))),
            (vec![leg("doro", 1), leg("kasen", 3)], Some(leg("doro", 1))),
            (vec![leg("020001/shobo", 1), leg("shimin", 5), leg("kankyo", 6)], Some(leg("shimin", 5))),
            (vec![leg("020001/shobo", 1)], None),
            (vec![], None),
        ] {
            assert_eq!(came_in(legs.clone()), expected, "{legs:?}");
        }
    }

    #[test]
    fn what_came_in_before_the_first_rule_has_no_number() {
        let rule = |kind, valid_from| NumberRule {
            kind,
            department: None,
            symbol: "収".to_owned(),
            year: NumberYear::Fiscal,
            valid_from,
            valid_to: None,
            source: "試験用".to_owned(),
            sample: true,
        };
        let (early, late) = (date(2024, 4, 1), date(2026, 4, 1));
        let incoming = [rule(DocumentKind::Incoming, late), rule(DocumentKind::Incoming, early)];
        assert_eq!(numbered_since(&incoming), Some(early));
        assert_eq!(numbered_since(&[rule(DocumentKind::Answer, early)]), None);
    }
}
