//! What a disposition says (処分の別).

use serde::{Deserialize, Serialize};

/// What a disposition says (処分の別).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DecisionKind {
    /// 許可・承認・登録.
    Grant,
    /// 条件付きの許可: granted under conditions that burden (附款).
    ConditionalGrant,
    /// 一部拒否: granted in part, refused in part.
    PartialRefusal,
    /// 拒否処分.
    Refuse,
}

impl DecisionKind {
    /// All kinds, for tables and tests.
    pub const ALL: [Self; 4] = [Self::Grant, Self::ConditionalGrant, Self::PartialRefusal, Self::Refuse];

    /// How the rows of proposals and decisions say it: something is granted, or nothing is. The full kind stands in the
    /// sealed text and in the row of the disposition.
    pub fn row_word(self) -> &'static str {
        if self.grants() { "grant" } else { "refuse" }
    }

    /// The public name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Grant => "grant",
            Self::ConditionalGrant => "conditional_grant",
            Self::PartialRefusal => "partial_refusal",
            Self::Refuse => "refuse",
        }
    }

    /// The kind of a public name.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == text)
    }

    /// Whether anything is granted.
    pub fn grants(self) -> bool {
        self != Self::Refuse
    }

    /// Whether it burdens: then it shows its reasons at the same time.
    pub fn is_adverse(self) -> bool {
        self != Self::Grant
    }
}

#[cfg(test)]
mod tests {
    use super::DecisionKind;

    #[test]
    fn every_kind_has_a_name_of_its_own_and_rows_tell_grants_from_refusals() {
        let table = DecisionKind::ALL.map(|kind| (kind.name(), kind.row_word(), kind.is_adverse()));
        assert_eq!(
            table,
            [
                ("grant", "grant", false),
                ("conditional_grant", "grant", true),
                ("partial_refusal", "grant", true),
                ("refuse", "refuse", true),
            ]
        );
        for kind in DecisionKind::ALL {
            assert_eq!(DecisionKind::parse(kind.name()), Some(kind));
            assert_eq!(serde_json::to_value(kind).unwrap(), kind.name());
        }
        assert_eq!(DecisionKind::parse("granted"), None);
    }
}
