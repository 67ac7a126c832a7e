//! The look afterwards at an act in an absent officer's place (後閲, R-115): who owes it, and what it can say.

use jiff::Timestamp;

use super::Desk;
use crate::domain::fault::Fault;
use crate::domain::id::{ActingDecisionId, OfficerId};
use crate::domain::policy::{OfficerAuthority, Post};

/// The most characters of a comment.
const LONGEST_COMMENT: usize = 2_000;

/// Where an act stands among what is owed a look: the oldest first, whatever its id says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct OwedPlace {
    /// When it was done.
    pub acted_at: Timestamp,
    /// The act, which tells those of one instant apart.
    pub id: ActingDecisionId,
}

impl OwedPlace {
    /// The place as a cursor: opaque text.
    pub fn encode(self) -> String {
        let text = format!("{}:{}", self.acted_at.as_microsecond(), self.id);
        data_encoding::BASE64URL_NOPAD.encode(text.as_bytes())
    }

    /// Reads what [`OwedPlace::encode`] wrote.
    pub fn decode(text: &str) -> Option<Self> {
        let bytes = data_encoding::BASE64URL_NOPAD.decode(text.as_bytes()).ok()?;
        let text = String::from_utf8(bytes).ok()?;
        let (micros, id) = text.split_once(':')?;
        let acted_at = Timestamp::from_microsecond(micros.parse().ok()?).ok()?;
        Some(Self { acted_at, id: id.parse().ok()? })
    }
}

/// What a look afterwards says; neither undoes what was done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It would have been done so.
    Agreed,
    /// It would not; why is on record.
    Objected,
}

impl Verdict {
    /// The stored and public name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Agreed => "agreed",
            Self::Objected => "objected",
        }
    }

    /// What is wrong with a comment: an objection says why.
    pub fn comment_faults(self, comment: Option<&str>) -> Vec<Fault> {
        let length = comment.unwrap_or_default().trim().chars().count();
        if length > LONGEST_COMMENT || (length == 0 && self == Self::Objected) {
            let ja = format!("異議の理由を1～{LONGEST_COMMENT}文字で入力してください。");
            let en = format!("Say why in 1 to {LONGEST_COMMENT} characters.");
            return vec![Fault::new("/comment", "length", ja, en)];
        }
        Vec::new()
    }
}

/// An act in an absent officer's place, as far as it matters who looks at it afterwards.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ActedFor {
    /// The desk acted at.
    pub desk: Desk,
    /// Who acted.
    pub officer: OfficerId,
    /// In whose place.
    pub absent: OfficerId,
    /// Who drafted what was acted on.
    pub drafter: OfficerId,
}

/// What of today decides who owes the look at an act.
#[derive(Clone, Copy, Debug)]
pub struct DeskToday<'a> {
    /// The absent officer's posts.
    pub absent_posts: &'a [Post],
    /// Who sits at the desk.
    pub holders: &'a [OfficerId],
    /// The desk's department, its bureau and the body itself: whoever stands higher there stands above the desk.
    pub line: &'a [String],
}

impl ActedFor {
    /// The post under which `me` owes the look: the absent officer's at that desk; once that officer has left the desk, that of
    /// whoever sits at it today, but never of who acted or drafted.
    ///
    /// Where that leaves nobody (the cover became the chief, say), the absent officer looks under any present post, and where there is
    /// none either, whoever stands above the desk: what is tracked to completion must be completable (R-115, T-7).
    pub fn owed_under<'a>(&self, me: &'a OfficerAuthority, today: &DeskToday<'_>) -> Option<&'a Post> {
        if !self.may_look(me.officer) {
            return None;
        }
        let has_left = self.desk.post_among(today.absent_posts).is_none();
        let own = self.desk.post_of(me).filter(|_| has_left || me.officer == self.absent);
        if own.is_some() {
            return own;
        }
        let somebody_may = if has_left {
            today.holders.iter().any(|holder| self.may_look(*holder))
        } else {
            self.may_look(self.absent)
        };
        if somebody_may {
            None
        } else if self.may_look(self.absent) && !today.absent_posts.is_empty() {
            me.posts.first().filter(|_| me.officer == self.absent)
        } else {
            let above = |post: &&Post| {
                today.line.contains(&post.department) && post.role.rank() > self.desk.role.rank()
            };
            me.posts.iter().find(above)
        }
    }

    /// Nobody looks afterwards at what they did or drafted themselves.
    fn may_look(&self, officer: OfficerId) -> bool {
        officer != self.officer && officer != self.drafter
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    #[test]
    fn a_place_survives_its_way_out_and_back_and_age_comes_before_the_id() {
        let at = |second: i64, id: u128| OwedPlace {
            acted_at: Timestamp::from_second(second).unwrap(),
            id: ActingDecisionId(Uuid::from_u128(id)),
        };
        for place in [at(0, 0), at(1_775_000_000, 7), at(-1, u128::MAX)] {
            assert_eq!(OwedPlace::decode(&place.encode()), Some(place));
        }
        assert!(at(1, 9) < at(2, 1) && at(2, 1) < at(2, 2));
        for nonsense in ["", "x", "!!", "MTIz", "OjEyMw"] {
            assert_eq!(OwedPlace::decode(nonsense), None, "{nonsense}");
        }
    }
}
