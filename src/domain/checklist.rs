//! The checklist of a review (審査のチェックリスト): items that the procedure defines, marks that officers set, and whether a grant
//! may be proposed.
//!
//! Marks are only added; the last one of an item counts. A required item is open until it is marked as met or as not
//! applicable. A refusal needs no marks: what is missing may be the very reason for it.

use super::fault::Fault;
use super::procedure::ChecklistItem;

/// What an officer found about an item.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CheckResult {
    /// 適.
    Met,
    /// 否.
    NotMet,
    /// 該当なし.
    NotApplicable,
    /// The mark before is taken back: nobody has found anything.
    Open,
}

impl CheckResult {
    /// Every result.
    pub const ALL: [Self; 4] = [Self::Met, Self::NotMet, Self::NotApplicable, Self::Open];

    /// The name stored and shown.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Met => "met",
            Self::NotMet => "not_met",
            Self::NotApplicable => "not_applicable",
            Self::Open => "open",
        }
    }

    /// The result of a stored name.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|result| result.as_str() == text)
    }

    /// Whether the item is dealt with.
    pub fn settles(self) -> bool {
        matches!(self, Self::Met | Self::NotApplicable)
    }

    /// Whether it must be said why.
    pub fn needs_comment(self) -> bool {
        matches!(self, Self::NotMet | Self::NotApplicable)
    }
}

/// The last mark of an item, if there is one, in the order of the marks.
pub fn standing<'a>(
    item: &str,
    marks: impl IntoIterator<Item = (&'a str, CheckResult)>,
) -> Option<CheckResult> {
    marks.into_iter().filter(|(of, _)| *of == item).last().map(|(_, result)| result)
}

/// A fault for each required item that is still open, in the order of the definition: all of them at once.
pub fn open_items(items: &[ChecklistItem], marks: &[(&str, CheckResult)]) -> Vec<Fault> {
    let required = items.iter().filter(|item| item.required);
    required
        .filter_map(|item| {
            let found = standing(&item.id, marks.iter().copied());
            let (code, ja, en) = match found {
                Some(result) if result.settles() => return None,
                Some(CheckResult::NotMet) => ("not_met", "満たしていません", "is not met"),
                _ => ("unchecked", "確認していません", "has not been checked"),
            };
            let (text, clause) = (&item.text, &item.clause);
            let ja = format!("「{}」（{clause}）を{ja}。", text.ja);
            let en = format!("\"{}\" ({clause}) {en}.", text.en);
            Some(Fault::new(format!("/checklist/{}", item.id), code, ja, en))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::domain::procedure::Bilingual;

    fn item(id: &str, required: bool) -> ChecklistItem {
        let text = Bilingual { ja: format!("{id}の確認"), en: format!("check of {id}") };
        ChecklistItem { id: id.to_owned(), text, clause: "審査基準第1".to_owned(), required }
    }

    #[test]
    fn a_grant_waits_for_every_required_item_and_names_all_that_are_open() {
        let items = [item("a", true), item("b", true), item("c", false), item("d", true)];
        let marks = [("a", CheckResult::Met), ("b", CheckResult::Met), ("b", CheckResult::NotMet)];
        let open = open_items(&items, &marks);
        let found: Vec<_> = open.iter().map(|fault| (fault.pointer.as_str(), fault.code)).collect();
        assert_eq!(found, [("/checklist/b", "not_met"), ("/checklist/d", "unchecked")]);
        assert!(open[0].message_en.contains("check of b") && open[0].message_ja.contains("bの確認"));
        let all = [("a", CheckResult::Met), ("b", CheckResult::NotApplicable), ("d", CheckResult::Met)];
        assert_eq!(open_items(&items, &all), []);
        let taken_back = [
            ("a", CheckResult::Met),
            ("b", CheckResult::Met),
            ("d", CheckResult::Met),
            ("d", CheckResult::Open),
        ];
        assert_eq!(open_items(&items, &taken_back).len(), 1);
        assert_eq!(open_items(&[], &marks), []);
    }

    proptest! {
        /// Whatever was marked, in whatever order: an item is open exactly if its last mark does not settle it.
        #[test]
        fn the_last_mark_of_an_item_counts(marks in prop::collection::vec((0_usize..3, 0_usize..4), 0..30)) {
            let names = ["a", "b", "c"];
            let marks: Vec<_> = marks.into_iter().map(|(item, result)| (names[item], CheckResult::ALL[result])).collect();
            let items = names.map(|name| item(name, true));
            let open: Vec<_> = open_items(&items, &marks).into_iter().map(|fault| fault.pointer).collect();
            for name in names {
                let last = marks.iter().rev().find(|(item, _)| *item == name);
                let settled = last.is_some_and(|(_, result)| result.settles());
                prop_assert_eq!(open.contains(&format!("/checklist/{name}")), !settled);
            }
        }
    }
}
