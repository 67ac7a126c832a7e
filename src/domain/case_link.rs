//! How two cases of one body have to do with each other (関連案件). A link moves nothing: neither case waits for the other
//! because of it.

/// The most links of one case.
pub const MOST_LINKS: usize = 100;

/// What one case is to the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LinkKind {
    /// 同一の案件に係るもの.
    SameMatter,
    /// 先行する案件: it is to be dealt with before the other.
    Precedes,
    /// 更新: it renews what the other granted.
    RenewalOf,
    /// 審査請求等: it objects to what was decided about the other.
    ObjectionTo,
    /// 重複: it was filed twice.
    DuplicateOf,
}

impl LinkKind {
    /// Every kind.
    pub const ALL: [Self; 5] =
        [Self::SameMatter, Self::Precedes, Self::RenewalOf, Self::ObjectionTo, Self::DuplicateOf];

    /// The stored and public name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::SameMatter => "same_matter",
            Self::Precedes => "precedes",
            Self::RenewalOf => "renewal_of",
            Self::ObjectionTo => "objection_to",
            Self::DuplicateOf => "duplicate_of",
        }
    }
}

/// On which side of a link a case stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LinkSide {
    /// The case is what the kind says of the other: it precedes it, renews it.
    Subject,
    /// The other case is so.
    Object,
}

impl LinkSide {
    /// The public name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Subject => "subject",
            Self::Object => "object",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_names_are_different() {
        let mut names: Vec<_> = LinkKind::ALL.into_iter().map(LinkKind::as_str).collect();
        names.extend([LinkSide::Subject.as_str(), LinkSide::Object.as_str()]);
        let count = names.len();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), count);
    }
}
