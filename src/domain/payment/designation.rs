//! The designated agents (指定納付受託者) of a body: who may take which revenue, by which method, in which period.
//!
//! A designation is an act of the head of the body, made public by a notice (告示); so is its end. It is dated data
//! with the notice as its source, never a constant. Outside of what is designated no payment can be opened (T-5).

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::domain::fault::Fault;
use crate::domain::payment::MethodCode;
use crate::domain::refund::{AfterRemittance, RefundRoute};
use crate::domain::settlement::{RemitWithin, designated_day};

/// In place of a list: every revenue account, or every method.
const EVERY: &str = "*";

/// One agent designated for some revenues.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Designation {
    /// The merchant account through which the agent takes money.
    pub account: String,
    /// The agent's name (名称), as in the notice.
    pub agent: String,
    /// Its address (住所又は事務所の所在地), as in the notice.
    pub address: String,
    /// The revenue accounts (歳入科目) it may take; `*`: all.
    pub revenues: Vec<String>,
    /// The methods by which it may take them; `*`: all it offers.
    pub methods: Vec<String>,
    /// The first day of the designation.
    pub valid_from: Date,
    /// The last day, when it has ended or is known to end.
    #[serde(default)]
    pub valid_to: Option<Date>,
    /// The notice (告示) it was taken from.
    pub notice: String,
    /// Its revocation (指定の取消し), which is published like the designation itself.
    #[serde(default)]
    pub revoked: Option<Revocation>,
    /// Whom the agent entrusts in its turn (再委託), each with the approval of the head of the body.
    #[serde(default)]
    pub sub_agents: Vec<SubAgent>,
    /// The day by which it must send what it was entrusted with; none while the body has fixed none.
    #[serde(default)]
    pub remit_within: Option<RemitWithin>,
    /// How money goes back that it has sent already; through the gateway while the body has fixed nothing.
    #[serde(default)]
    pub refund_after_remittance: Option<AfterRemittance>,
    /// True while the notice has not been confirmed.
    #[serde(default)]
    pub sample: bool,
}

/// The end of a designation before its last day.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Revocation {
    /// The first day on which it holds no more.
    pub from: Date,
    /// The notice (告示) of it.
    pub notice: String,
}

/// Somebody whom an agent entrusts with a part of what it was designated for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SubAgent {
    /// The name (名称).
    pub name: String,
    /// The approval of the head of the body: its number and day.
    pub approval: String,
}

impl Designation {
    fn is_in_force(&self, day: Date) -> bool {
        self.valid_from <= day
            && self.valid_to.is_none_or(|last| day <= last)
            && self.revoked.as_ref().is_none_or(|revoked| day < revoked.from)
    }

    /// Whether it lets an account take one revenue by one method on one day.
    pub fn allows(&self, account: &str, method: &MethodCode, revenue: &str, day: Date) -> bool {
        let named = |list: &[String], wanted: &str| list.iter().any(|it| it == EVERY || it == wanted);
        self.account == account
            && self.is_in_force(day)
            && named(&self.methods, method.as_str())
            && named(&self.revenues, revenue)
    }
}

/// Whether an account may take every one of these revenues by a method on a day: each by a designation of its own.
pub fn may_take<'a>(
    designations: &[Designation],
    (account, method): (&str, &MethodCode),
    revenues: impl IntoIterator<Item = &'a str>,
    day: Date,
) -> bool {
    revenues.into_iter().all(|revenue| designations.iter().any(|it| it.allows(account, method, revenue, day)))
}

/// The designated day for money that an account was entrusted with on a day: the earliest of its revenues. None
/// where a revenue has no designation in force on that day, or one that fixes no day.
pub fn remit_by<'a>(
    designations: &[Designation],
    (account, method): (&str, &MethodCode),
    revenues: impl IntoIterator<Item = &'a str>,
    entrusted_on: Date,
) -> Option<Date> {
    let of_revenue = |revenue: &str| {
        let in_force = designations.iter().filter(|it| it.allows(account, method, revenue, entrusted_on));
        let days = in_force.filter_map(|it| designated_day(it.remit_within.as_ref()?, entrusted_on));
        days.min()
    };
    let days: Option<Vec<Date>> = revenues.into_iter().map(of_revenue).collect();
    days?.into_iter().min()
}

/// How money goes back that an account was entrusted with on a day and has sent since: by bank transfer where the
/// designation of any of its revenues says so, else through the gateway.
pub fn refund_after_remittance<'a>(
    designations: &[Designation],
    (account, method): (&str, &MethodCode),
    revenues: impl IntoIterator<Item = &'a str>,
    entrusted_on: Date,
) -> RefundRoute {
    let by_transfer = |revenue: &str| {
        let mut in_force = designations.iter().filter(|it| it.allows(account, method, revenue, entrusted_on));
        in_force.any(|it| {
            it.refund_after_remittance.as_ref().is_some_and(|rule| rule.route == RefundRoute::BankTransfer)
        })
    };
    if revenues.into_iter().any(by_transfer) { RefundRoute::BankTransfer } else { RefundRoute::Gateway }
}

/// Every fault of a body's designations; empty when they may be used.
pub fn designation_faults(designations: &[Designation]) -> Vec<Fault> {
    let mut faults = Vec::new();
    for (index, designation) in designations.iter().enumerate() {
        let mut check = |ok: bool, field: &str, code: &'static str, ja: &str, en: &str| {
            if !ok {
                faults.push(Fault::new(format!("/payment_agents/{index}/{field}"), code, ja, en));
            }
        };
        let (ja, en) = ("空にできません", "must not be empty");
        check(!designation.account.is_empty(), "account", "empty", ja, en);
        check(!designation.agent.is_empty(), "agent", "empty", ja, en);
        check(!designation.address.trim().is_empty(), "address", "empty", ja, en);
        check(!designation.notice.is_empty(), "notice", "empty", ja, en);
        let revoked = designation.revoked.as_ref();
        let is_noticed = revoked.is_none_or(|revoked| !revoked.notice.trim().is_empty());
        check(is_noticed, "revoked/notice", "empty", ja, en);
        for (place, sub_agent) in designation.sub_agents.iter().enumerate() {
            let named = !sub_agent.name.trim().is_empty();
            check(named, &format!("sub_agents/{place}/name"), "empty", ja, en);
            let approved = !sub_agent.approval.trim().is_empty();
            check(approved, &format!("sub_agents/{place}/approval"), "empty", ja, en);
        }
        check(!designation.revenues.is_empty(), "revenues", "empty", ja, en);
        check(!designation.methods.is_empty(), "methods", "empty", ja, en);
        let usable = designation.remit_within.as_ref().is_none_or(RemitWithin::is_usable);
        let (ja, en) = ("払込みの期限が正しくありません", "not a day by which money can be sent");
        check(usable, "remit_within", "remit_within", ja, en);
        let after = designation.refund_after_remittance.as_ref();
        let sourced = after.is_none_or(|rule| !rule.source.trim().is_empty());
        let (ja, en) = ("空にできません", "must not be empty");
        check(sourced, "refund_after_remittance/source", "empty", ja, en);
        let is_a_way = after.is_none_or(|rule| rule.route != RefundRoute::SetOff);
        let (ja, en) =
            ("充当は還付の経路として定められません", "a set-off is decided case by case, not by rule");
        check(is_a_way, "refund_after_remittance/route", "route", ja, en);
        let ordered = designation.valid_to.is_none_or(|to| designation.valid_from <= to);
        check(ordered, "valid_to", "span", "終わりが始まりより前です", "ends before it begins");
        let ordered = revoked.is_none_or(|revoked| designation.valid_from <= revoked.from);
        check(ordered, "revoked/from", "span", "終わりが始まりより前です", "ends before it begins");
    }
    faults
}

#[cfg(test)]
mod tests {
    use jiff::civil::{Date, date};

    use super::{
        Designation, Revocation, SubAgent, designation_faults, may_take, refund_after_remittance, remit_by,
    };
    use crate::domain::payment::MethodCode;
    use crate::domain::refund::{AfterRemittance, RefundRoute};
    use crate::domain::settlement::RemitWithin;

    fn designation() -> Designation {
        Designation {
            account: "paypay".to_owned(),
            agent: "見本ペイ株式会社".to_owned(),
            address: "東京都千代田区".to_owned(),
            revenues: vec!["手数料".to_owned(), "使用料".to_owned()],
            methods: vec!["paypay".to_owned()],
            valid_from: date(2026, 4, 1),
            valid_to: Some(date(2027, 3, 31)),
            notice: "令和8年見本県告示第1号".to_owned(),
            revoked: None,
            sub_agents: Vec::new(),
            remit_within: Some(RemitWithin { months: 1, day: 25, source: "同上".to_owned(), sample: true }),
            refund_after_remittance: None,
            sample: true,
        }
    }

    fn takes(account: &str, method: &str, revenues: &[&str], day: Date) -> bool {
        let method = MethodCode::parse(method).unwrap();
        may_take(&[designation()], (account, &method), revenues.iter().copied(), day)
    }

    #[test]
    fn r79_an_agent_takes_what_its_notice_names_from_its_first_to_its_last_day() {
        let inside = date(2026, 10, 1);
        assert!(takes("paypay", "paypay", &["手数料"], inside));
        assert!(takes("paypay", "paypay", &["手数料", "使用料"], inside));
        assert!(takes("paypay", "paypay", &["手数料"], date(2026, 4, 1)));
        assert!(takes("paypay", "paypay", &["手数料"], date(2027, 3, 31)));
        assert!(!takes("paypay", "paypay", &["手数料"], date(2026, 3, 31)));
        assert!(!takes("paypay", "paypay", &["手数料"], date(2027, 4, 1)));
    }

    #[test]
    fn r79_a_designation_that_is_revoked_by_a_notice_holds_until_the_day_before() {
        let revocation = |from| Revocation { from, notice: "令和8年見本県告示第9号".to_owned() };
        let revoked = Designation { revoked: Some(revocation(date(2026, 10, 1))), ..designation() };
        let takes = |day| {
            let method = MethodCode::parse("paypay").unwrap();
            may_take(std::slice::from_ref(&revoked), ("paypay", &method), ["手数料"], day)
        };
        assert!(takes(date(2026, 9, 30)));
        assert!(!takes(date(2026, 10, 1)));
        assert_eq!(designation_faults(std::slice::from_ref(&revoked)), []);
        let unnoticed = Revocation { notice: " ".to_owned(), ..revocation(date(2026, 3, 31)) };
        let wrong = Designation { revoked: Some(unnoticed), address: String::new(), ..designation() };
        let faults = designation_faults(&[wrong]);
        let places: Vec<&str> = faults.iter().map(|fault| fault.pointer.as_str()).collect();
        assert_eq!(
            places,
            ["address", "revoked/notice", "revoked/from"].map(|at| format!("/payment_agents/0/{at}"))
        );
    }

    #[test]
    fn r81_whoever_an_agent_entrusts_in_its_turn_needs_the_approval_of_the_head() {
        let sub_agent =
            |approval: &str| SubAgent { name: "見本収納".to_owned(), approval: approval.to_owned() };
        let with = |approval| Designation { sub_agents: vec![sub_agent(approval)], ..designation() };
        assert_eq!(designation_faults(&[with("令和8年3月20日承認")]), []);
        let faults = designation_faults(&[with("")]);
        assert_eq!(faults[0].pointer, "/payment_agents/0/sub_agents/0/approval");
    }

    #[test]
    fn r85_another_revenue_method_or_account_is_not_covered() {
        let inside = date(2026, 10, 1);
        assert!(!takes("paypay", "paypay", &["寄附金"], inside));
        assert!(!takes("paypay", "paypay", &["手数料", "寄附金"], inside), "one line outside is enough");
        assert!(!takes("paypay", "card", &["手数料"], inside));
        assert!(!takes("stripe", "paypay", &["手数料"], inside));
    }

    #[test]
    fn r77_the_day_to_remit_by_is_that_of_the_designation_in_force_on_the_day_of_the_entrustment() {
        let paypay = MethodCode::parse("paypay").unwrap();
        let sooner = Designation {
            revenues: vec!["使用料".to_owned()],
            remit_within: Some(RemitWithin { months: 1, day: 10, source: "別".to_owned(), sample: true }),
            ..designation()
        };
        let without = Designation { remit_within: None, ..designation() };
        let day = |list: &[Designation], revenues: &[&str], on| {
            remit_by(list, ("paypay", &paypay), revenues.iter().copied(), on)
        };
        let all = [designation(), sooner];
        assert_eq!(day(&all, &["手数料"], date(2026, 9, 30)), Some(date(2026, 10, 25)));
        assert_eq!(day(&all, &["手数料", "使用料"], date(2026, 9, 30)), Some(date(2026, 10, 10)));
        assert_eq!(day(&all, &["手数料"], date(2027, 4, 1)), None, "not designated that day");
        assert_eq!(day(&[without], &["手数料"], date(2026, 9, 30)), None);
    }

    #[test]
    fn r98_money_that_was_sent_goes_back_as_the_designation_of_the_day_says_and_by_the_gateway_where_it_is_silent()
     {
        let paypay = MethodCode::parse("paypay").unwrap();
        let rule = |route| AfterRemittance { route, source: "覚書".to_owned(), sample: true };
        let with = |route| Designation { refund_after_remittance: Some(rule(route)), ..designation() };
        let other = Designation { revenues: vec!["使用料".to_owned()], ..with(RefundRoute::BankTransfer) };
        let inside = date(2026, 10, 1);
        let way = |list: &[Designation], revenues: &[&str], on| {
            refund_after_remittance(list, ("paypay", &paypay), revenues.iter().copied(), on)
        };
        assert_eq!(way(&[designation()], &["手数料"], inside), RefundRoute::Gateway, "nothing is said");
        assert_eq!(way(&[with(RefundRoute::Gateway)], &["手数料"], inside), RefundRoute::Gateway);
        assert_eq!(way(&[with(RefundRoute::BankTransfer)], &["手数料"], inside), RefundRoute::BankTransfer);
        assert_eq!(
            way(&[with(RefundRoute::BankTransfer)], &["手数料"], date(2027, 4, 1)),
            RefundRoute::Gateway
        );
        let both = [designation(), other];
        assert_eq!(way(&both, &["手数料"], inside), RefundRoute::Gateway);
        assert_eq!(
            way(&both, &["手数料", "使用料"], inside),
            RefundRoute::BankTransfer,
            "one line is enough"
        );
        let without_source = AfterRemittance { source: " ".to_owned(), ..rule(RefundRoute::SetOff) };
        let faults = designation_faults(&[Designation {
            refund_after_remittance: Some(without_source),
            ..designation()
        }]);
        let places: Vec<&str> = faults.iter().map(|fault| fault.pointer.as_str()).collect();
        let place = "/payment_agents/0/refund_after_remittance";
        assert_eq!(places, [format!("{place}/source"), format!("{place}/route")]);
    }

    #[test]
    fn a_designation_without_a_notice_or_with_its_end_before_its_start_is_refused() {
        assert_eq!(designation_faults(&[designation()]), []);
        let wrong = Designation {
            notice: String::new(),
            methods: Vec::new(),
            valid_to: Some(date(2026, 3, 31)),
            ..designation()
        };
        let faults = designation_faults(&[designation(), wrong]);
        let places: Vec<&str> = faults.iter().map(|fault| fault.pointer.as_str()).collect();
        assert_eq!(
            places,
            ["/payment_agents/1/notice", "/payment_agents/1/methods", "/payment_agents/1/valid_to"]
        );
    }
}
