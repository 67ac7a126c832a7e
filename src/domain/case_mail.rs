//! What mails about a case say, in Japanese and English.
//!
//! A mail says that there is something to read, never what: the number of the case is all that it names, and the subject not
//! even that, because subjects stand in lists on locked screens. A mail is never the arrival of a notice.

/// What a mail tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CaseMail {
    /// A decision can be read.
    DecisionMade,
    /// Staff fixed the fee; amount, clause and place of payment stand in the notice itself.
    FeeFixed,
    /// A receipt, or the confirmation of an entrustment, can be read.
    ReceiptIssued,
    /// A refund was decided; how much, and where to say the account, is read after signing in.
    RefundDecided,
    /// Something is to go back (還付通知, R-96); how much, and how to ask for it, is read after signing in.
    RefundTold,
    /// What was overpaid settled a claim (充当); which, and how much, is read after signing in.
    SetOffDecided,
    /// A waiver was decided, or holds no more; what was decided, why, and what is left to pay is read after signing in.
    WaiverDecided,
    /// What is owed was not paid in time (督促); how much, by when, and what accrues is read after signing in.
    DemandIssued,
    /// A late charge (延滞金) was assessed; how much and for which days is read after signing in.
    ChargeAssessed,
    /// A correction (補正) is asked for, or an entry of a notification inquired about.
    QuestionAsked,
    /// The office waits for no answer any more; why, and what follows, is read after signing in.
    QuestionEnded,
    /// The other side wrote a message; what it says is read after signing in.
    MessageWritten,
    /// An inspection is planned, moved or called off; when and where is read after signing in.
    InspectionArranged,
    /// Another body is in charge of the case and has it now (移送).
    CaseTransferred,
    /// Another department of the same body has the case now (団体内の移送); which, and why, is read after signing in.
    CaseMoved,
    /// The day for the answer went by; nothing is withdrawn by that.
    CorrectionMissed,
    /// The clock of the case stands still; why, and what is awaited, is read after signing in.
    ClockStopped,
    /// A decision takes longer than the standard period; why, and by when, is read after signing in.
    DecisionDelayed,
    /// A contract waits for a signature, was concluded, lapsed or taken back; which, is read after signing in.
    ContractMoved,
}

impl CaseMail {
    /// Every mail.
    pub const ALL: [Self; 19] = [
        Self::DecisionMade,
        Self::FeeFixed,
        Self::ReceiptIssued,
        Self::RefundDecided,
        Self::RefundTold,
        Self::SetOffDecided,
        Self::WaiverDecided,
        Self::DemandIssued,
        Self::ChargeAssessed,
        Self::QuestionAsked,
        Self::QuestionEnded,
        Self::MessageWritten,
        Self::InspectionArranged,
        Self::CaseTransferred,
        Self::CaseMoved,
        Self::CorrectionMissed,
        Self::ClockStopped,
        Self::DecisionDelayed,
        Self::ContractMoved,
    ];

    /// The name stored and shown.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::DecisionMade => "decision_made",
            Self::FeeFixed => "fee_fixed",
            Self::ReceiptIssued => "receipt_issued",
            Self::RefundDecided => "refund_decided",
            Self::RefundTold => "refund_told",
            Self::SetOffDecided => "set_off_decided",
            Self::WaiverDecided => "waiver_decided",
            Self::DemandIssued => "demand_issued",
            Self::ChargeAssessed => "charge_assessed",
            Self::QuestionAsked => "question_asked",
            Self::QuestionEnded => "question_ended",
            Self::MessageWritten => "message_written",
            Self::InspectionArranged => "inspection_arranged",
            Self::CaseTransferred => "case_transferred",
            Self::CaseMoved => "case_moved",
            Self::CorrectionMissed => "correction_missed",
            Self::ClockStopped => "clock_stopped",
            Self::DecisionDelayed => "decision_delayed",
            Self::ContractMoved => "contract_moved",
        }
    }

    /// The subject: the same for everybody.
    pub fn subject(self) -> &'static str {
        match self {
            Self::DecisionMade => "【窓口】通知が届いています / A notice is waiting for you",
            Self::FeeFixed => "【窓口】手数料のお支払いのお願い / Your fee has been assessed",
            Self::ReceiptIssued => "【窓口】納付を確認しました / Your payment has been confirmed",
            Self::RefundDecided => "【窓口】還付のお知らせ / A refund for you",
            Self::RefundTold => "【窓口】過誤納金のお知らせ / Money to be claimed back",
            Self::SetOffDecided => "【窓口】充当のお知らせ / A claim was settled with what you overpaid",
            Self::WaiverDecided => "【窓口】減免についてのお知らせ / About your waiver",
            Self::DemandIssued => "【窓口】督促のお知らせ / A demand for payment",
            Self::ChargeAssessed => "【窓口】延滞金・督促手数料のお知らせ / A charge for late payment",
            Self::QuestionAsked => "【窓口】確認をお願いします / The office has a question",
            Self::QuestionEnded => "【窓口】確認の依頼を終えました / The office waits for no answer any more",
            Self::MessageWritten => "【窓口】連絡が届いています / A message is waiting for you",
            Self::InspectionArranged => "【窓口】現地調査のお知らせ / About an inspection",
            Self::CaseTransferred => "【窓口】移送のお知らせ / Your application was sent on",
            Self::CaseMoved => "【窓口】担当課の変更のお知らせ / Another department has your application",
            Self::CorrectionMissed => "【窓口】回答の期限が過ぎました / The day for your answer has passed",
            Self::ClockStopped => "【窓口】審査の期間についてのお知らせ / The period of review stands still",
            Self::DecisionDelayed => "【窓口】処分の時期についてのお知らせ / It takes longer than expected",
            Self::ContractMoved => "【窓口】契約手続のお知らせ / About your contract papers",
        }
    }

    /// The text for the case of that number, to be read on at `url`.
    pub fn body(self, number: &str, url: &str) -> String {
        let (ja, en) = self.words();
        format!("{}\n{url}\n\n{}\n", ja.replace("{}", number), en.replace("{}", number))
    }

    /// Japanese and English; `{}` stands for the number of the case.
    fn words(self) -> (&'static str, &'static str) {
        match self {
            Self::DecisionMade => (
                "受付番号 {} の手続について、通知が届いています。サインインしてご確認ください。",
                "A notice about your application {} is waiting. Please sign in to read it.",
            ),
            Self::FeeFixed => (
                "受付番号 {} の手続の手数料が決まりました。サインインして納入通知をご確認のうえ、お支払いください。",
                "The fee of your application {} has been assessed. Please sign in to read the notice and to pay.",
            ),
            Self::ReceiptIssued => (
                "受付番号 {} の手続の納付を確認し、領収証書（指定納付受託者を通じた納付の場合は納付委託の確認）を発行しました。\
                 サインインしてご確認ください。",
                "The payment for your application {} has been confirmed, and its receipt (or, through a designated agent, \
                 the confirmation of the entrustment) issued. Please sign in to read it.",
            ),
            Self::RefundDecided => REFUND_DECIDED,
            Self::RefundTold => REFUND_TOLD,
            Self::SetOffDecided => SET_OFF_DECIDED,
            Self::WaiverDecided => (
                "受付番号 {} の手続の減免についてお知らせがあります。サインインして、決定の内容と納付すべき額をご確認ください。",
                "There is news about the waiver of your application {}. Please sign in to read what was decided and what is \
                 to be paid.",
            ),
            Self::DemandIssued => (
                "受付番号 {} の手続の手数料等が納期限までに納付されていません。サインインして督促の内容と指定期限をご確認のうえ、\
                 納付してください。",
                "What is owed for your application {} was not paid in time. Please sign in to read the demand and to pay by \
                 the day it names.",
            ),
            Self::ChargeAssessed => (
                "受付番号 {} の手続の手数料等が納期限までに納付されなかったため、延滞金または督促手数料が確定しました。サインインして\
                 計算の内容をご確認のうえ、納付してください。",
                "What was owed for your application {} was not paid in time, and a late charge or the fee of the demand \
                 has been assessed. Please sign in to see how it came about and to pay.",
            ),
            Self::QuestionAsked => (
                "受付番号 {} の手続について、担当課から補正または確認の依頼があります。サインインして内容と期限をご確認\
                 ください。",
                "The office has asked for a correction of, or a word about, your application {}. Please sign in to see \
                 what is asked and by when.",
            ),
            Self::QuestionEnded => QUESTION_ENDED,
            Self::MessageWritten => (
                "受付番号 {} の手続について、連絡が届いています。サインインしてご確認ください。",
                "A message about the application {} is waiting. Please sign in to read it.",
            ),
            Self::InspectionArranged => (
                "受付番号 {} の手続について、現地調査の日程のお知らせがあります。サインインして日時と場所をご確認ください。",
                "An inspection about your application {} was planned, moved or called off. Please sign in to see when and where.",
            ),
            Self::CaseTransferred => (
                "お手続は所管の団体に移送され、受付番号 {} として受け付けられました。サインインして移送の理由と今後の手続をご確認\
                 ください。",
                "The body in charge has received your application under the number {}. Please sign in to read why it was \
                 sent on, and what follows.",
            ),
            Self::CaseMoved => CASE_MOVED,
            Self::CorrectionMissed => (
                "受付番号 {} の手続について、補正または確認をお願いした期限が過ぎました。手続は取り下げられていません。回答は今からでも\
                 受け付けますが、回答がないまま審査を終えると、申請を拒否する処分となることがあります。サインインしてご確認ください。",
                "The day for your answer about your application {} has passed. Nothing has been withdrawn and you can \
                 still answer; without an answer the office may have to refuse the application. Please sign in.",
            ),
            Self::ClockStopped => CLOCK_STOPPED,
            Self::DecisionDelayed => DECISION_DELAYED,
            Self::ContractMoved => CONTRACT_MOVED,
        }
    }
}

/// A refund was decided; `{}` stands for the number of the case.
const REFUND_DECIDED: (&str, &str) = (
    "受付番号 {} の手続について、納付された手数料の還付が決まりました。サインインして内容をご確認ください。口座への振込となる場合や\
     還付加算金がある場合は、振込先の口座をお知らせください。",
    "A refund of what was paid for your application {} has been decided. Please sign in to see it; where it is paid by bank \
     transfer, or bears interest, please say to which account.",
);

/// Something is to go back; `{}` stands for the number of the case.
const REFUND_TOLD: (&str, &str) = (
    "受付番号 {} の手続について、納め過ぎとなっている金額があります。サインインして内容をご確認のうえ、還付を請求してください。\
     請求が遅れると、その日数は還付加算金の計算に算入されないことがあります。",
    "More was paid for your application {} than is due. Please sign in to see how much, and ask for it: days on which you \
     wait too long may not count for the interest on it.",
);

/// What was overpaid settled a claim; `{}` stands for the number of the case.
const SET_OFF_DECIDED: (&str, &str) = (
    "受付番号 {} の手続に関する過誤納金を、納期限を過ぎた債権に充当しました。領収証書は発行されません。サインインして、充当した\
     債権と金額をご確認ください。",
    "What was overpaid has been set off against a claim that was due; this concerns your application {}. No receipt is issued \
     for it. Please sign in to see which claim it was, and how much.",
);

/// No answer is awaited; `{}` stands for the number of the case.
const QUESTION_ENDED: (&str, &str) = (
    "受付番号 {} の手続についてお願いしていた補正または確認は、担当課が終了し、審査を再開しました。回答は不要です。サインイン\
     して、理由をご確認ください。",
    "The office has ended what it asked about your application {} and goes on with its review; no answer is needed. \
     Please sign in to read why.",
);

/// Another department has the case; `{}` stands for its number.
const CASE_MOVED: (&str, &str) = (
    "受付番号 {} の手続の担当課が変わりました。到達の日と受付番号は変わりません。サインインして、担当課と理由をご確認\
     ください。",
    "Another department is in charge of your application {} now. Its number and the day it arrived stay the \
     same. Please sign in to see which department it is, and why.",
);

/// The clock stands still; `{}` stands for the number of the case.
const CLOCK_STOPPED: (&str, &str) = (
    "受付番号 {} の手続の標準処理期間の進行を、担当課が停止しました。サインインして、理由とお待ちしているものをご確認ください。",
    "The office has recorded that the standard period of your application {} stands still. Please sign in to read why, and what \
     is awaited.",
);

/// It takes longer; `{}` stands for the number of the case.
const DECISION_DELAYED: (&str, &str) = (
    "受付番号 {} の手続は、標準処理期間を超えて時間を要する見込みです。サインインして、理由と処分の見込みの時期をご確認ください。",
    "Your application {} is expected to take longer than the standard period. Please sign in to read why and by \
     when a decision can be expected.",
);

/// There is news of a contract; `{}` stands for the number of the case.
const CONTRACT_MOVED: (&str, &str) = (
    "受付番号 {} の手続の契約書について、お知らせがあります。サインインして、電子署名の状況と期限をご確認ください。契約は、双方の\
     電子署名がそろい、確認されるまで確定しません。",
    "There is news about the contract papers of your application {}. Please sign in to see which signatures are there and by \
     when they are needed; nothing is concluded before both sides have signed and the signatures are confirmed.",
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_mail_speaks_both_languages_and_only_its_text_names_the_case() {
        for mail in CaseMail::ALL {
            assert!(!mail.subject().contains(['{', '}']), "{mail:?}: nothing is put into a subject");
            let (ja, en) = mail.words();
            assert!(en.is_ascii() && !ja.is_ascii(), "{mail:?}");
            assert_eq!((ja.matches("{}").count(), en.matches("{}").count()), (1, 1), "{mail:?}");
            assert_eq!(mail.body("20260401-X", "https://madoguchi.example").matches("20260401-X").count(), 2);
            assert!(mail.subject().contains(" / "), "{mail:?}");
        }
    }

    #[test]
    fn the_names_are_different() {
        let mut names: Vec<_> = CaseMail::ALL.iter().map(|mail| mail.as_str()).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), CaseMail::ALL.len());
    }
}
