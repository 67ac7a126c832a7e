//! The accounting post (出納機関) at work for a whole body: payouts, the bank, exceptions, closed days.

use super::cases::permit;
use super::{Ctx, Failure, Refusal, officer};
use crate::domain::calendar::jst_day;
use crate::domain::fault::Fault;
use crate::domain::id::{OfficerId, TenantCode};
use crate::domain::my_number;
use crate::domain::policy::{self, Action, Actor, CaseFacts};
use crate::store::Reads;

/// The longest comment, in characters.
const LONGEST_COMMENT: usize = 1_000;

/// The accounting officer who asks; to everybody else there is nothing.
pub(super) fn accountant(tx: &mut impl Reads, ctx: &Ctx, tenant: &TenantCode) -> Result<OfficerId, Failure> {
    let (account, today) = (ctx.account()?, jst_day(tx.now()));
    let actor = officer::actor(tx, tenant, account, today)?;
    permit(policy::may(&actor, Action::KeepAccounts, &CaseFacts::of_body(tenant)))?;
    match actor {
        Actor::Officer(authority) => Ok(authority.officer),
        Actor::Person(_) | Actor::Anonymous => Err(Refusal::NotFound.into()),
    }
}

/// What is wrong with a comment: empty, too long, or with an individual number in it.
pub(super) fn comment_fault(text: &str) -> Option<Fault> {
    let length = text.trim().chars().count();
    if !(1..=LONGEST_COMMENT).contains(&length) {
        let ja = format!("1～{LONGEST_COMMENT}文字で入力してください。");
        return Some(Fault::new(
            "/comment",
            "bad_text",
            ja,
            format!("Please enter 1 to {LONGEST_COMMENT} characters."),
        ));
    }
    let (ja, en) = ("個人番号は入力できません。", "An individual number must not be entered.");
    my_number::stands_in(text).then(|| Fault::new("/comment", "individual_number", ja, en))
}
