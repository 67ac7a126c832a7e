//! What a run is to do: drawn from seed and number alone.

use super::dice::Dice;
use super::faults::{Fault, Step};

/// By what a payer pays, as the counter calls it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// A card, at KOMOJU or Stripe.
    Card,
    /// nanaco, at KOMOJU or VeriTrans.
    Nanaco,
    /// A slip for the convenience store, at KOMOJU or Stripe.
    Konbini,
    /// A number for the ATM or internet banking (ペイジー), at KOMOJU.
    PayEasy,
    /// PayPay.
    Paypay,
    /// Edy, at VeriTrans.
    Edy,
    /// WAON, at VeriTrans.
    Waon,
    /// Mobile Suica, at VeriTrans.
    Suica,
    /// By the eL number of the claim, at a bank (eL-QR).
    ElQr,
    /// Cash at the counter, entered by a clerk.
    Counter,
}

impl Method {
    /// The code in the API, which is also the name of the button on the hosted page.
    pub fn code(self) -> &'static str {
        match self {
            Self::Card => "card",
            Self::Nanaco => "nanaco",
            Self::Konbini => "konbini",
            Self::PayEasy => "pay_easy",
            Self::Paypay => "paypay",
            Self::Edy => "edy",
            Self::Waon => "waon",
            Self::Suica => "suica",
            Self::ElQr => "el_qr",
            Self::Counter => "counter",
        }
    }

    /// The forms of the hosted page that lead to money, in order.
    pub fn acts(self) -> &'static [(&'static str, &'static str)] {
        match self {
            Self::Card => &[("card", "number=4111111111111111"), ("3ds", "result=ok")],
            Self::Nanaco => &[("nanaco", "result=ok")],
            Self::Konbini => &[("konbini", ""), ("konbini/pay", "")],
            Self::PayEasy => &[("pay_easy", ""), ("pay_easy/pay", "")],
            Self::Paypay => &[("paypay", "result=ok")],
            Self::Edy => &[("edy", "result=ok")],
            Self::Waon => &[("waon", "result=ok")],
            Self::Suica => &[("suica", "result=ok")],
            Self::ElQr | Self::Counter => &[],
        }
    }

    /// Whether a page gives a slip or a number first, and the money is brought elsewhere later.
    pub fn has_slip(self) -> bool {
        matches!(self, Self::Konbini | Self::PayEasy)
    }

    /// The forms by which a slip is taken and not paid; none where there is no slip.
    pub fn slip_acts(self) -> &'static [(&'static str, &'static str)] {
        if self.has_slip() { self.acts().get(..1).unwrap_or_default() } else { &[] }
    }

    /// The forms that lead to money from where a failed attempt, or whoever took a slip and left, has come to.
    pub fn remaining_acts(self) -> &'static [(&'static str, &'static str)] {
        self.acts().get(self.slip_acts().len()..).unwrap_or_default()
    }

    /// The forms by which an attempt fails. A slip fails when nobody pays it until it lapses.
    pub fn failing_acts(self) -> &'static [(&'static str, &'static str)] {
        match self {
            Self::Card => &[("card", "number=4111111111111111"), ("3ds", "result=fail")],
            Self::Nanaco => &[("nanaco", "result=insufficient")],
            Self::Paypay => &[("paypay", "result=insufficient")],
            Self::Edy => &[("edy", "result=insufficient")],
            Self::Waon => &[("waon", "result=insufficient")],
            Self::Suica => &[("suica", "result=insufficient")],
            Self::Konbini | Self::PayEasy => self.slip_acts(),
            Self::ElQr | Self::Counter => &[],
        }
    }

    /// The simulator's names for the calls about a checkout by this method, at each gateway that takes it.
    pub fn ops(self, step: Step) -> &'static [&'static str] {
        match (step, self) {
            (Step::Create, _) => &["create"],
            (Step::Refund, _) => &["refund"],
            (Step::Webhook, _) => &["webhook"],
            (Step::Query, Self::Paypay) => &["get_payment"],
            (Step::Query, Self::Edy | Self::Waon | Self::Suica) => &["list_payments"],
            (Step::Query, _) => &["get_session"],
            // A slip that was issued is called off by itself: its session has ended.
            (Step::Cancel, Self::Paypay | Self::Konbini | Self::PayEasy) => &["cancel_session", "cancel"],
            (Step::Cancel, Self::Edy | Self::Waon | Self::Suica) => &["cancel"],
            (Step::Cancel, _) => &["cancel_session"],
        }
    }
}

/// What the payer does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Behaviour {
    /// Pays.
    Pays,
    /// Has a failed attempt first, or comes back with the slip.
    FailsThenPays,
    /// Fails the authentication, or takes a slip, and leaves for good.
    Fails,
    /// Never acts.
    Abandons,
    /// Gives up on the hosted page, then pays by a card.
    GivesUpAtGateway,
    /// Gives up with us, pays by another method, and then tries the first page too (F31).
    Switches,
    /// Gives up with us while the money is being taken.
    CancelRacesPaying,
    /// Comes back hours later, by whatever page or slip is still open (F30).
    PaysLate,
}

/// What goes back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refunding {
    /// Nothing.
    None,
    /// All.
    Full,
    /// A third.
    Partial,
    /// Two requests of 60 % at the same time.
    RacingSixty,
}

/// What the second person says to money that goes back by hand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ByHand {
    /// Yes.
    Approved,
    /// No (F29).
    Rejected,
}

/// How the payer's bank decides what it contests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The body keeps the money.
    Won,
    /// The payer has it back.
    Lost,
}

impl Verdict {
    /// The simulator's word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Won => "won",
            Self::Lost => "lost",
        }
    }
}

/// What the payer pays in one act.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Act {
    /// One invoice.
    OfOne,
    /// Two, with one checkout over their sum (納付単位).
    OfTwo,
}

/// Who pays.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hand {
    /// The applicant, signed in.
    Own,
    /// Somebody without an account who holds a payment link.
    Link,
}

/// Whether the gateway can be reached when the payment is opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// It can.
    Open,
    /// Every connection is refused (F39).
    Shut,
}

/// A run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// Which procedure.
    pub procedure: &'static str,
    /// Which of its examples.
    pub example: usize,
    /// How many invoices are paid in one act.
    pub act: Act,
    /// By what the payer pays.
    pub method: Method,
    /// By what the payer pays after changing their mind.
    pub other_method: Method,
    /// What the payer does.
    pub behaviour: Behaviour,
    /// What the gateway does at each step.
    pub faults: Vec<Fault>,
    /// What the body sends back when money came.
    pub refunding: Refunding,
    /// What is said to a refund that goes by hand.
    pub by_hand: ByHand,
    /// The payer's bank contests the card payment, and decides so (F32; F33 where all went back before).
    pub contested: Option<Verdict>,
    /// Whether the gateway can be reached at first.
    pub way: Way,
    /// A notification by somebody else: with an old timestamp (F21), under another delivery id (F22), under another secret
    /// (F23), unsigned and about another sum (F24) or of nothing we know (F25).
    pub stranger: Option<&'static str>,
    /// How long the payer thinks, in real milliseconds.
    pub pause_ms: u64,
    /// Who pays.
    pub hand: Hand,
}

/// By what payers pay, each with its weight.
const METHODS: [(u64, Method); 10] = [
    (26, Method::Card),
    (12, Method::Nanaco),
    (11, Method::Konbini),
    (12, Method::Paypay),
    (7, Method::Edy),
    (7, Method::Waon),
    (6, Method::Suica),
    (8, Method::PayEasy),
    (5, Method::ElQr),
    (6, Method::Counter),
];

/// The procedure whose charge can be paid by eL-QR (its version 2); its fee is fixed by a clerk.
pub const BY_EL_QR: &str = "doro-senyo";

/// What payers do, each with its weight.
const BEHAVIOURS: [(u64, Behaviour); 8] = [
    (44, Behaviour::Pays),
    (10, Behaviour::FailsThenPays),
    (6, Behaviour::Fails),
    (6, Behaviour::Abandons),
    (7, Behaviour::GivesUpAtGateway),
    (10, Behaviour::Switches),
    (7, Behaviour::CancelRacesPaying),
    (10, Behaviour::PaysLate),
];

impl Plan {
    /// The plan of run `number`.
    pub fn draw(seed: u64, number: u64) -> Self {
        let mut dice = Dice::new(seed, number);
        let dice = &mut dice;
        let (procedure, example) = dice
            .one_of(&[(3, ("kobutsusho", 0)), (1, ("kobutsusho", 1)), (2, ("denki-koji-toroku", 0))])
            .unwrap_or_default();
        let refundings = [
            (62, Refunding::None),
            (13, Refunding::Full),
            (13, Refunding::Partial),
            (12, Refunding::RacingSixty),
        ];
        let method = dice.one_of(&METHODS).unwrap_or(Method::Card);
        let (procedure, example) = if method == Method::ElQr { (BY_EL_QR, 0) } else { (procedure, example) };
        let other_method = if method == Method::Nanaco { Method::Card } else { Method::Nanaco };
        let behaviour = dice.one_of(&BEHAVIOURS).unwrap_or(Behaviour::Pays);
        let refunding = dice.one_of(&refundings).unwrap_or(Refunding::None);
        let chances = [
            (Step::Create, 35),
            (Step::Query, 25),
            (Step::Cancel, 50),
            (Step::Refund, 60),
            (Step::Webhook, 45),
        ];
        let drawn = chances
            .into_iter()
            .filter_map(|(step, per_cent)| dice.happens(per_cent).then(|| Fault::draw(step, dice)).flatten());
        let mut faults: Vec<Fault> = drawn.collect();
        let strangers: &[(u64, &str)] = match method {
            Method::Paypay => &[(1, "F24")],
            Method::Card | Method::Konbini => &[(2, "F21"), (1, "F22"), (1, "F23"), (1, "F25")],
            _ => &[(1, "F22"), (1, "F23"), (1, "F25")],
        };
        let stranger = if dice.happens(14) { dice.one_of(strangers) } else { None };
        let by_hand =
            dice.one_of(&[(1, ByHand::Approved), (1, ByHand::Rejected)]).unwrap_or(ByHand::Approved);
        let contested = contested(method, behaviour, dice);
        let is_undone_later = contested.is_some() || faults.iter().any(|fault| fault.id == "F28");
        if is_undone_later {
            // Of a payment that has ended well nobody asks for ever: where every word of its undoing is lost, the settlement
            // report tells of it, which no run has.
            faults.retain(|fault| fault.id != "F18");
        }
        let way = if dice.happens(5) { Way::Shut } else { Way::Open };
        let pause_ms = dice.below(60);
        let act = act(method, dice);
        Self {
            procedure,
            example,
            act,
            method,
            other_method,
            behaviour,
            faults,
            refunding,
            by_hand,
            contested,
            way,
            stranger,
            pause_ms,
            hand: hand((method, behaviour, act), dice),
        }
    }

    /// The fault at a step, if any.
    pub fn fault(&self, step: Step) -> Option<Fault> {
        self.faults.iter().copied().find(|fault| fault.step == step)
    }
}

/// A Suica takes less than two fees, cash at the counter is entered by invoice, and every invoice has an eL number of its own.
fn act(method: Method, dice: &mut Dice) -> Act {
    let of_one = matches!(method, Method::Suica | Method::ElQr | Method::Counter);
    let is_of_two = dice.happens(15) && !of_one;
    if is_of_two { Act::OfTwo } else { Act::OfOne }
}

/// Whoever holds a link pays one invoice at a page, and does not call off what the applicant could: an invitation would need an
/// address.
fn hand((method, behaviour, act): (Method, Behaviour, Act), dice: &mut Dice) -> Hand {
    use Behaviour as B;
    let at_a_page = !matches!(method, Method::Suica | Method::Waon | Method::ElQr | Method::Counter);
    let without_calling_off = !matches!(behaviour, B::Switches | B::CancelRacesPaying);
    let holds_a_link = dice.happens(15) && at_a_page && without_calling_off && act == Act::OfOne;
    if holds_a_link { Hand::Link } else { Hand::Own }
}

/// Only cards are contested, and only those that are surely paid by card.
fn contested(method: Method, behaviour: Behaviour, dice: &mut Dice) -> Option<Verdict> {
    let paid_by_card = method == Method::Card
        && matches!(behaviour, Behaviour::Pays | Behaviour::FailsThenPays | Behaviour::CancelRacesPaying);
    let verdict = dice.one_of(&[(1, Verdict::Won), (2, Verdict::Lost)]);
    let is_contested = dice.happens(25);
    verdict.filter(|_| paid_by_card && is_contested)
}

#[cfg(test)]
mod tests {
    use super::Method::{Card, Edy, Konbini, Nanaco, PayEasy, Paypay, Waon};
    use super::*;
    use crate::storm::faults::FAULTS;

    #[test]
    fn the_same_seed_and_number_give_the_same_plan() {
        for number in 0..200 {
            assert_eq!(Plan::draw(7, number), Plan::draw(7, number));
        }
        let differs = (0..200).filter(|number| Plan::draw(7, *number) != Plan::draw(8, *number));
        assert!(differs.count() > 150, "another seed gives other plans");
    }

    #[test]
    fn slips_of_shops_and_numbers_of_pay_easy_are_taken_first_paid_later_and_fail_unpaid() {
        for (_, method) in METHODS {
            let (code, steps) = (method.code(), method.acts());
            if matches!(method, Konbini | PayEasy) {
                assert_eq!(steps, [(code, ""), (format!("{code}/pay").as_str(), "")]);
                assert_eq!(method.failing_acts(), [(code, "")], "nobody pays it");
                assert_eq!(method.slip_acts(), [(code, "")]);
                assert_eq!([method.slip_acts(), method.remaining_acts()].concat(), steps);
                assert!(method.ops(Step::Cancel).contains(&"cancel"), "the slip itself is called off");
            } else {
                assert_eq!((method.slip_acts(), method.remaining_acts()), (&[][..], steps), "{code}");
            }
        }
    }

    #[test]
    fn one_payer_of_twelve_pays_by_pay_easy_in_whatever_way_payers_behave() {
        assert_eq!(METHODS.iter().map(|(weight, _)| weight).sum::<u64>(), 100);
        let plans: Vec<Plan> = (0..4_000).map(|number| Plan::draw(1, number)).collect();
        let by_pay_easy: Vec<&Plan> = plans.iter().filter(|plan| plan.method == PayEasy).collect();
        assert!((240..=400).contains(&by_pay_easy.len()), "{}", by_pay_easy.len());
        for (_, behaviour) in BEHAVIOURS {
            assert!(by_pay_easy.iter().any(|plan| plan.behaviour == behaviour), "{behaviour:?}");
        }
        for step in [Step::Create, Step::Query, Step::Cancel, Step::Refund, Step::Webhook] {
            assert!(by_pay_easy.iter().any(|plan| plan.fault(step).is_some()), "{step:?}");
        }
        let not_of_cards = |plan: &Plan| plan.contested.is_none() && plan.stranger != Some("F21");
        assert!(by_pay_easy.iter().all(|plan| not_of_cards(plan)), "no bank contests it");
    }

    #[test]
    fn whoever_pays_by_an_el_number_owes_one_charge_that_can_be_paid_so() {
        let plans: Vec<Plan> = (0..4_000).map(|number| Plan::draw(1, number)).collect();
        let by_number = plans.iter().filter(|plan| plan.method == Method::ElQr);
        for (_, behaviour) in BEHAVIOURS {
            assert!(by_number.clone().any(|plan| plan.behaviour == behaviour), "{behaviour:?}");
        }
        let fits = |plan: &Plan| {
            (plan.procedure, plan.example, plan.act, plan.hand) == (BY_EL_QR, 0, Act::OfOne, Hand::Own)
        };
        assert!(by_number.clone().all(fits) && by_number.count() >= 120);
        let mut others = plans.iter().filter(|plan| plan.method != Method::ElQr);
        assert!(others.all(|plan| plan.procedure != BY_EL_QR), "the others pay on submission");
    }

    #[test]
    fn a_few_thousand_plans_hold_every_fault_method_and_behaviour() {
        let plans: Vec<Plan> = (0..4_000).map(|number| Plan::draw(1, number)).collect();
        for fault in FAULTS {
            assert!(plans.iter().any(|plan| plan.faults.contains(fault)), "{fault:?}");
        }
        for behaviour in [Behaviour::Fails, Behaviour::Abandons, Behaviour::Switches, Behaviour::PaysLate] {
            assert!(plans.iter().any(|plan| plan.behaviour == behaviour), "{behaviour:?}");
        }
        for (_, method) in METHODS {
            assert!(plans.iter().any(|plan| plan.method == method), "{method:?}");
        }
        for stranger in ["F21", "F22", "F23", "F24", "F25"] {
            assert!(plans.iter().any(|plan| plan.stranger == Some(stranger)), "{stranger}");
        }
        let undone =
            |plan: &&Plan| plan.contested.is_some() || plan.faults.iter().any(|fault| fault.id == "F28");
        let never_told = |plan: &Plan| plan.faults.iter().any(|fault| fault.id == "F18");
        assert!(!plans.iter().filter(undone).any(never_told), "somebody must tell of what is undone");
        for verdict in [Verdict::Won, Verdict::Lost] {
            let contested = plans.iter().filter(|plan| plan.contested == Some(verdict));
            let full = contested.clone().filter(|plan| plan.refunding == Refunding::Full).count();
            assert!(full > 0 && contested.count() > full, "{verdict:?}");
        }
        let at_a_page = [Card, Nanaco, Konbini, PayEasy, Paypay, Edy];
        for method in at_a_page.into_iter().chain([Waon]) {
            let of_two = plans.iter().filter(|plan| plan.act == Act::OfTwo && plan.method == method);
            assert!(of_two.clone().any(|plan| plan.refunding != Refunding::None), "{method:?}");
        }
        for method in at_a_page {
            let by_link = plans.iter().filter(|plan| plan.hand == Hand::Link && plan.method == method);
            assert!(by_link.clone().any(|plan| plan.behaviour == Behaviour::Pays), "{method:?}");
            assert!(by_link.clone().any(|plan| plan.refunding != Refunding::None), "{method:?}");
        }
        for (way, by_hand) in [(Way::Open, ByHand::Approved), (Way::Shut, ByHand::Rejected)] {
            assert!(
                plans.iter().any(|plan| plan.way == way && plan.by_hand == by_hand),
                "{way:?} {by_hand:?}"
            );
        }
    }
}
