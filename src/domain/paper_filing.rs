//! What comes in without the system: on paper, by telephone, over the counter. A clerk enters it for the applicant.
//!
//! It arrived when the office received it, as the officer attests, not when it was entered: fees and the clock go by that
//! instant. The applicant has no account, so nobody but the office acts in the case.

use jiff::Timestamp;

use super::corporate_number;
use super::fault::Fault;
use super::fee::Channel;
use super::identification::IdentityCheck;
use super::my_number;
use super::procedure::ApplicantKind;

/// By which way it came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PaperChannel {
    /// 窓口: handed in or said there.
    Counter,
    /// 郵送.
    Post,
    /// 電話: taken down by the office.
    Phone,
}

impl PaperChannel {
    /// Every way.
    pub const ALL: [Self; 3] = [Self::Counter, Self::Post, Self::Phone];

    /// The name stored and shown.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Counter => "counter",
            Self::Post => "post",
            Self::Phone => "phone",
        }
    }

    /// The way of a stored name.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|way| way.as_str() == text)
    }

    /// How fees and conditions see it: what is taken down on the telephone is written at the window.
    pub fn fee_channel(self) -> Channel {
        match self {
            Self::Counter | Self::Phone => Channel::Window,
            Self::Post => Channel::Post,
        }
    }

    /// How the arrival names it.
    pub fn arrival_channel(self) -> &'static str {
        match self {
            Self::Counter | Self::Phone => "counter",
            Self::Post => "post",
        }
    }
}

/// What is known of a case that was entered by the office.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PaperFiling {
    /// By which way it came.
    pub channel: PaperChannel,
    /// Who applies.
    pub applicant_kind: ApplicantKind,
    /// When the office received it.
    pub received_at: Timestamp,
    /// How the office confirmed whose it is, where it did.
    pub identity_check: Option<IdentityCheck>,
}

/// What a clerk states of an applicant without an account.
#[derive(Clone, Copy, Debug)]
pub struct PartyStatement<'a> {
    /// 氏名又は名称.
    pub name: &'a str,
    /// 住所.
    pub address: &'a str,
    /// 電話番号, where there is one.
    pub phone: Option<&'a str>,
    /// 法人番号, where one is stated.
    pub corporate_number: Option<&'a str>,
}

/// The most characters of a name, an address or a telephone number.
const LONGEST: usize = 200;

/// Everything wrong with what a clerk states; pointers go into the request.
pub fn statement_faults(party: PartyStatement<'_>, received_at: Timestamp, now: Timestamp) -> Vec<Fault> {
    let texts = [("name", Some(party.name)), ("address", Some(party.address)), ("phone", party.phone)];
    let wrong = |(member, text): (&str, Option<&str>)| text_fault(&format!("/applicant/{member}"), text?);
    let mut faults: Vec<Fault> = texts.into_iter().filter_map(wrong).collect();
    if party.corporate_number.is_some_and(|number| !corporate_number::is_valid(number)) {
        let (ja, en) = ("法人番号を確認してください。", "This is no corporate number.");
        faults.push(Fault::new("/applicant/corporate_number", "corporate_number", ja, en));
    }
    if received_at > now {
        faults.push(received_in_future());
    }
    faults
}

/// What the office states of a withdrawal (取下げ) that came to it without the system; of one's own case nothing of it is stated.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WithdrawalStatement {
    /// By which way it came.
    pub channel: Option<PaperChannel>,
    /// When the office received it.
    pub received_at: Option<Timestamp>,
    /// Why, as the applicant says.
    pub reason: Option<String>,
}

/// A withdrawal that the office received: the applicant's act, as an officer attests it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReceivedWithdrawal {
    /// By which way it came.
    pub channel: PaperChannel,
    /// When the office received it: after the arrival of the case, never in the future.
    pub received_at: Timestamp,
    /// Why, as the applicant says.
    pub reason: String,
}

impl WithdrawalStatement {
    /// The withdrawal of a case that arrived at `arrived_at`, or everything wrong with the statement at `now`.
    pub fn accept(self, arrived_at: Timestamp, now: Timestamp) -> Result<ReceivedWithdrawal, Vec<Fault>> {
        let required = |pointer: &str| {
            let ja = "申請者から届いた取下げの内容を入力してください。";
            let en = "State what came from the applicant: only the applicant withdraws.";
            Fault::new(pointer, "required", ja, en)
        };
        let mut faults = Vec::new();
        if self.channel.is_none() {
            faults.push(required("/channel"));
        }
        match self.received_at {
            None => faults.push(required("/received_at")),
            Some(at) if at > now => faults.push(received_in_future()),
            Some(at) if at < arrived_at => {
                let ja = "申請の到達より後の日時を入力してください。";
                let en = "Nothing is taken back before it has arrived.";
                faults.push(Fault::new("/received_at", "before_arrival", ja, en));
            }
            Some(_) => {}
        }
        match &self.reason {
            None => faults.push(required("/reason")),
            Some(reason) => faults.extend(text_fault("/reason", reason)),
        }
        match (self.channel, self.received_at, self.reason) {
            (Some(channel), Some(received_at), Some(reason)) if faults.is_empty() => {
                Ok(ReceivedWithdrawal { channel, received_at, reason: reason.trim().to_owned() })
            }
            _ => Err(faults),
        }
    }

    /// What stands in the way where the applicant takes the own case back: the system itself knows when and by whom.
    pub fn faults_of_own(&self) -> Vec<Fault> {
        let stated = [
            ("/channel", self.channel.is_some()),
            ("/received_at", self.received_at.is_some()),
            ("/reason", self.reason.is_some()),
        ];
        of_paper_only(&stated)
    }
}

/// What the office states of an answer (補正書) to what it asked that came to it without the system. Where nothing is stated it came as
/// it is entered; of the answer to one's own case nothing of it is stated.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AnswerStatement {
    /// By which way it came.
    pub channel: Option<PaperChannel>,
    /// When the office received it.
    pub received_at: Option<Timestamp>,
}

/// An answer that the office received: the clock stood still until then, whenever it is entered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReceivedAnswer {
    /// By which way it came.
    pub channel: PaperChannel,
    /// When the office received it: after it had asked, never in the future.
    pub received_at: Timestamp,
}

impl AnswerStatement {
    /// The answer to what was asked at `asked_at`, or everything wrong with the statement at `now`.
    pub fn accept(self, asked_at: Timestamp, now: Timestamp) -> Result<Option<ReceivedAnswer>, Vec<Fault>> {
        if self == Self::default() {
            return Ok(None);
        }
        let required = |pointer: &str| {
            let ja = "回答が届いた方法と日時は、両方を入力してください。";
            Fault::new(pointer, "required", ja, "State both how the answer came and when.")
        };
        let mut faults = Vec::new();
        if self.channel.is_none() {
            faults.push(required("/channel"));
        }
        match self.received_at {
            None => faults.push(required("/received_at")),
            Some(at) if at > now => faults.push(received_in_future()),
            Some(at) if at < asked_at => {
                let ja = "求めた日時より後の日時を入力してください。";
                let en = "Nothing is answered before it was asked.";
                faults.push(Fault::new("/received_at", "before_request", ja, en));
            }
            Some(_) => {}
        }
        match (self.channel, self.received_at) {
            (Some(channel), Some(received_at)) if faults.is_empty() => {
                Ok(Some(ReceivedAnswer { channel, received_at }))
            }
            _ => Err(faults),
        }
    }

    /// What stands in the way where a party answers in the own case: the system itself knows when.
    pub fn faults_of_own(self) -> Vec<Fault> {
        of_paper_only(&[("/channel", self.channel.is_some()), ("/received_at", self.received_at.is_some())])
    }
}

fn received_in_future() -> Fault {
    let ja = "受付日時に未来の日時は入力できません。";
    Fault::new("/received_at", "future", ja, "Nothing is received in the future.")
}

/// A fault for each member that is stated although it is stated of applications on paper only.
fn of_paper_only(stated: &[(&str, bool)]) -> Vec<Fault> {
    let fault = |(pointer, _): &(&str, bool)| {
        let ja = "書面等で申請された案件についてだけ入力できます。";
        let en = "This is stated of applications on paper only.";
        Fault::new(*pointer, "paper_only", ja, en)
    };
    stated.iter().filter(|(_, stated)| *stated).map(fault).collect()
}

fn text_fault(pointer: &str, text: &str) -> Option<Fault> {
    let fits =
        !text.trim().is_empty() && text.chars().count() <= LONGEST && !text.chars().any(char::is_control);
    if !fits {
        let ja = format!("1～{LONGEST}文字で、改行なしで入力してください。");
        let en = format!("Please enter 1 to {LONGEST} characters on one line.");
        return Some(Fault::new(pointer, "bad_text", ja, en));
    }
    let (ja, en) = ("個人番号は入力できません。", "An individual number must not be entered.");
    my_number::stands_in(text).then(|| Fault::new(pointer, "individual_number", ja, en))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// everything wrong with a stated withdrawal at once, and nothing that the applicant says of the own case.
    #[test]
    fn r194_r195_a_withdrawal_on_paper_says_when_how_and_why() {
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        let (arrived, now) = (at("2026-04-01T00:00:00Z"), at("2026-04-10T00:00:00Z"));
        let found = |statement: &WithdrawalStatement| {
            let faults = statement.clone().accept(arrived, now).unwrap_err();
            faults.iter().map(|fault| format!("{} {}", fault.pointer, fault.code)).collect::<Vec<_>>()
        };
        let nothing = WithdrawalStatement::default();
        assert_eq!(found(&nothing), ["/channel required", "/received_at required", "/reason required"]);
        let whole = WithdrawalStatement {
            channel: Some(PaperChannel::Post),
            received_at: Some(arrived),
            reason: Some(" 廃業のため ".to_owned()),
        };
        for (moment, code) in [("2026-04-10T00:00:01Z", "future"), ("2026-03-31T23:59:59Z", "before_arrival")]
        {
            let wrong = WithdrawalStatement {
                received_at: Some(at(moment)),
                reason: Some(String::new()),
                ..whole.clone()
            };
            assert_eq!(found(&wrong), [format!("/received_at {code}"), "/reason bad_text".to_owned()]);
        }
        assert_eq!(nothing.faults_of_own(), Vec::new());
        assert_eq!(whole.faults_of_own().len(), 3);
        let received = whole.accept(arrived, now).unwrap();
        assert_eq!((received.channel, received.reason.as_str()), (PaperChannel::Post, "廃業のため"));
    }

    /// an answer on paper came after it was asked for and before it is entered; both facts are stated, or none.
    #[test]
    fn r18_r194_an_answer_on_paper_says_how_and_when_it_came() {
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        let (asked, now) = (at("2026-04-01T00:00:00Z"), at("2026-04-10T00:00:00Z"));
        let stated = |channel, received_at: Option<&str>| AnswerStatement {
            channel,
            received_at: received_at.map(at),
        };
        let post = Some(PaperChannel::Post);
        assert_eq!(AnswerStatement::default().accept(asked, now), Ok(None));
        for (statement, expected) in [
            (stated(post, None), vec!["/received_at required"]),
            (stated(None, Some("2026-04-05T00:00:00Z")), vec!["/channel required"]),
            (
                stated(None, Some("2026-03-31T23:59:59Z")),
                vec!["/channel required", "/received_at before_request"],
            ),
            (stated(post, Some("2026-04-10T00:00:01Z")), vec!["/received_at future"]),
        ] {
            let faults = statement.accept(asked, now).unwrap_err();
            let found: Vec<_> = faults.iter().map(|it| format!("{} {}", it.pointer, it.code)).collect();
            assert_eq!(found, expected);
        }
        let whole = stated(post, Some("2026-04-01T00:00:00Z"));
        let received = ReceivedAnswer { channel: PaperChannel::Post, received_at: asked };
        assert_eq!(whole.accept(asked, now), Ok(Some(received)));
        assert_eq!((AnswerStatement::default().faults_of_own().len(), whole.faults_of_own().len()), (0, 2));
    }

    #[test]
    fn every_fault_of_a_statement_is_named_at_once() {
        let now = Timestamp::UNIX_EPOCH;
        let later = Timestamp::from_second(1).unwrap();
        let good = PartyStatement {
            name: "工藤 太郎",
            address: "青森市長島1-1-1",
            phone: None,
            corporate_number: None,
        };
        assert_eq!(statement_faults(good, now, now), []);
        let bad = PartyStatement { name: " ", address: "a\nb", phone: Some(""), corporate_number: Some("1") };
        let faults = statement_faults(bad, later, now);
        let pointers: Vec<_> = faults.iter().map(|fault| fault.pointer.as_str()).collect();
        assert_eq!(
            pointers,
            [
                "/applicant/name",
                "/applicant/address",
                "/applicant/phone",
                "/applicant/corporate_number",
                "/received_at"
            ]
        );
    }

    /// no paper is priced as if it had come through the system.
    #[test]
    fn r54_no_paper_counts_as_online() {
        for channel in PaperChannel::ALL {
            assert_ne!(channel.fee_channel(), Channel::Online);
            assert_ne!(channel.arrival_channel(), "online");
            assert_eq!(PaperChannel::parse(channel.as_str()), Some(channel));
        }
    }
}
