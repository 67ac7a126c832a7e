//! On which terms the organisation takes the money of a body: dated configuration with its source, never a constant.

use std::collections::BTreeSet;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::file::{Field, FileEncoding, FileLayout};
use super::number::{NumberLayout, is_digits};
use crate::domain::fault::Fault;
use crate::domain::money::Yen;
use crate::domain::payment::LegalRole;
use crate::domain::settlement::RemitWithin;

/// In place of a list: every revenue account.
const EVERY: &str = "*";

/// The most days after the due day on which a slip may be taken.
const MOST_DAYS_AFTER_DUE: u16 = 366;

/// Who gives the payer a proof of the payment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ProofGiver {
    /// The body gives its own (領収証書).
    Body,
    /// Whoever took the money does, or the payer is told that none is given; the body gives none.
    Elsewhere,
}

impl ProofGiver {
    /// The name stored and shown.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Body => "body",
            Self::Elsewhere => "elsewhere",
        }
    }
}

/// That the organisation let the form of the slip pass (様式審査).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SlipForm {
    /// The day on which it did: before that no slip is issued.
    pub approved_on: Date,
    /// Its reference.
    pub reference: String,
}

/// What is asked of the organisation about a slip.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SlipOperation {
    /// Take it.
    Add,
    /// Take it in the place of another one, which is withdrawn beside it.
    Replace,
    /// Take it no more.
    Withdraw,
}

impl SlipOperation {
    /// Every operation.
    pub const ALL: [Self; 3] = [Self::Add, Self::Replace, Self::Withdraw];

    /// The name stored and shown.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Add => "add",
            Self::Replace => "replace",
            Self::Withdraw => "withdraw",
        }
    }

    /// The operation of a stored name.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|operation| operation.as_str() == text)
    }
}

/// The organisation's codes of the operations.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OperationCodes {
    /// Of a new slip.
    pub add: String,
    /// Of one that takes the place of another.
    pub replace: String,
    /// Of one that is taken no more.
    pub withdraw: String,
}

impl OperationCodes {
    /// The code of an operation.
    pub fn of(&self, operation: SlipOperation) -> &str {
        match operation {
            SlipOperation::Add => &self.add,
            SlipOperation::Replace => &self.replace,
            SlipOperation::Withdraw => &self.withdraw,
        }
    }
}

/// The file by which slips are told (納付書情報のアップロード).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UploadLayout {
    /// Its lines.
    pub file: FileLayout,
    /// What stands in the column of the operation.
    pub operations: OperationCodes,
}

/// The report that says which of them were taken (受付結果).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AcceptanceLayout {
    /// Its lines.
    pub file: FileLayout,
    /// The outcomes that mean that a slip was taken.
    pub accepted: Vec<String>,
}

/// What stands in the column `kind` of a file of payments (収納・収納取消の区分).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ResultKinds {
    /// Of lines that say that a payment came.
    pub paid: Vec<String>,
    /// Of lines that take back a payment that was reported, or is still to be.
    pub canceled: Vec<String>,
}

impl ResultKinds {
    /// Whether both can be told apart.
    fn is_usable(&self) -> bool {
        let all = || self.paid.iter().chain(&self.canceled);
        let told_apart = all().collect::<BTreeSet<_>>().len() == self.paid.len() + self.canceled.len();
        !self.paid.is_empty() && !self.canceled.is_empty() && told_apart && !all().any(String::is_empty)
    }
}

/// Layouts of number, code and files under one version (U-6).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ElQrLayout {
    /// The name of the version; stored with whatever was made by it.
    pub version: String,
    /// Of the eL number.
    pub number: NumberLayout,
    /// Of the text in the eL-QR: one line.
    pub code: FileLayout,
    /// Of the file of slips.
    pub upload: UploadLayout,
    /// Of the report about it.
    pub acceptance: AcceptanceLayout,
    /// Of the file of payments.
    pub results: FileLayout,
    /// What its column `kind` may say; none where it has no such column, and every line is a payment.
    #[serde(default)]
    pub result_kinds: Option<ResultKinds>,
    /// Where the layouts were taken from.
    pub source: String,
    /// True while they have not been confirmed.
    #[serde(default)]
    pub sample: bool,
}

/// Within how many days the organisation reports what it took.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReportedWithin {
    /// Days after that of the payment.
    pub days: u16,
    /// Where that was taken from.
    pub source: String,
    /// True while it has not been confirmed.
    #[serde(default)]
    pub sample: bool,
}

impl ReportedWithin {
    /// Whether it can be used.
    pub fn is_usable(&self) -> bool {
        self.days <= MOST_DAYS_AFTER_DUE && !self.source.trim().is_empty()
    }
}

/// The terms on which a body takes part, for their days.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ElQrTerms {
    /// The clause by which the organisation takes the money.
    pub basis: String,
    /// The first day.
    pub valid_from: Date,
    /// The last day, when it is known.
    #[serde(default)]
    pub valid_to: Option<Date>,
    /// 収納機関番号, as the organisation gave it.
    pub institution_number: String,
    /// In which legal role the organisation takes the money: it says on which day the debt is paid.
    pub legal_role: LegalRole,
    /// Who gives the payer a proof.
    pub proof: ProofGiver,
    /// The revenue accounts (歳入科目) that it is switched on for; `*`: all.
    pub revenues: Vec<String>,
    /// The most that one slip may be over, where there is a bound.
    #[serde(default)]
    pub ceiling: Option<Yen>,
    /// For how many days after the last day of payment in time a slip is taken.
    #[serde(default)]
    pub days_after_due: u16,
    /// That the form of the slip passed.
    pub slip_form: SlipForm,
    /// The day by which the organisation pays in what it took (払込); none only where the notice of a designated agent fixes it.
    #[serde(default)]
    pub pays_in_within: Option<RemitWithin>,
    /// For how long after a slip was withdrawn a payment by it may still be reported; the day itself while that is not known.
    #[serde(default)]
    pub reported_within: Option<ReportedWithin>,
    /// Layouts of number, code and files.
    pub layout: ElQrLayout,
    /// Where the terms were taken from.
    pub source: String,
    /// True while they have not been confirmed.
    #[serde(default)]
    pub sample: bool,
}

impl ElQrTerms {
    fn is_in_force(&self, day: Date) -> bool {
        self.valid_from <= day && self.valid_to.is_none_or(|last| day <= last)
    }

    fn takes(&self, revenue: &str) -> bool {
        self.revenues.iter().any(|named| named == EVERY || named == revenue)
    }

    /// Whether a slip over so much, of these revenues, may be issued on a day.
    fn offers(&self, revenues: &BTreeSet<&str>, owed: Yen, day: Date) -> bool {
        self.is_in_force(day)
            && self.slip_form.approved_on <= day
            && !revenues.is_empty()
            && revenues.iter().all(|revenue| self.takes(revenue))
            && owed > Yen::ZERO
            && self.ceiling.is_none_or(|most| owed <= most)
    }
}

/// The terms on which a slip over so much, of all these revenues, may be issued on a day; none where one of the conditions is
/// not met (T-5, R-82).
pub fn terms_for<'a, 'r>(
    terms: &'a [ElQrTerms],
    revenues: impl IntoIterator<Item = &'r str>,
    owed: Yen,
    day: Date,
) -> Option<&'a ElQrTerms> {
    let revenues: BTreeSet<&str> = revenues.into_iter().collect();
    terms.iter().find(|terms| terms.offers(&revenues, owed, day))
}

/// The youngest terms that have begun by a day, also where they have ended since: what was paid under them is still reported.
pub fn latest_begun(terms: &[ElQrTerms], day: Date) -> Option<&ElQrTerms> {
    terms.iter().filter(|terms| terms.valid_from <= day).max_by_key(|terms| terms.valid_from)
}

/// The terms whose layouts have this version.
pub fn with_layout<'a>(terms: &'a [ElQrTerms], version: &str) -> Option<&'a ElQrTerms> {
    terms.iter().find(|terms| terms.layout.version == version)
}

/// Every fault of a body's terms; empty when they may be used.
pub fn el_qr_faults(terms: &[ElQrTerms]) -> Vec<Fault> {
    let mut faults = Vec::new();
    for (index, one) in terms.iter().enumerate() {
        let mut check = |ok: bool, field: &str, code: &'static str, ja: &str, en: &str| {
            if !ok {
                faults.push(Fault::new(format!("/el_qr/{index}/{field}"), code, ja, en));
            }
        };
        let (ja, en) = ("空にできません", "must not be empty");
        check(!one.basis.trim().is_empty(), "basis", "empty", ja, en);
        check(!one.source.trim().is_empty(), "source", "empty", ja, en);
        check(!one.revenues.is_empty(), "revenues", "empty", ja, en);
        check(!one.slip_form.reference.trim().is_empty(), "slip_form/reference", "empty", ja, en);
        let ordered = one.valid_to.is_none_or(|to| one.valid_from <= to);
        check(ordered, "valid_to", "span", "終わりが始まりより前です", "ends before it begins");
        let (ja, en) = ("数字のみにしてください", "must be digits");
        check(is_digits(&one.institution_number), "institution_number", "digits", ja, en);
        let (ja, en) = (
            "0円より大きく、日数は366日以内にしてください",
            "must be more than nothing, and at most 366 days",
        );
        let bounded =
            one.ceiling.is_none_or(|most| most > Yen::ZERO) && one.days_after_due <= MOST_DAYS_AFTER_DUE;
        check(bounded, "ceiling", "bounds", ja, en);
        let (ja, en) = ("払込みの期限が正しくありません", "not a day by which money can be sent");
        let usable = one.pays_in_within.as_ref().is_none_or(RemitWithin::is_usable);
        check(usable, "pays_in_within", "remit_within", ja, en);
        // Of a designated agent the notice may fix the day; without any day nothing of it would ever be overdue.
        let fixed = one.pays_in_within.is_some() || one.legal_role == LegalRole::DesignatedAgent;
        let (ja, en) =
            ("払込みの期限を定めてください", "the day by which the money is paid in must be fixed");
        check(fixed, "pays_in_within", "required", ja, en);
        let (ja, en) = ("収納情報が届くまでの日数が正しくありません", "not a number of days with its source");
        let usable = one.reported_within.as_ref().is_none_or(ReportedWithin::is_usable);
        check(usable, "reported_within", "bounds", ja, en);
        let (ja, en) = (
            "機構が収納する公金の役割ではありません",
            "the body itself does not take what the organisation takes",
        );
        check(one.legal_role != LegalRole::Direct, "legal_role", "legal_role", ja, en);
        let overlaps = terms.iter().take(index).any(|other| overlap(one, other));
        let (ja, en) = ("期間が重なっています", "overlaps with other terms");
        check(!overlaps, "valid_from", "overlap", ja, en);
        let same = terms
            .iter()
            .take(index)
            .all(|other| other.layout.version != one.layout.version || other.layout == one.layout);
        let (ja, en) = ("同じ版のレイアウトが異なります", "one version names two layouts");
        check(same, "layout/version", "duplicate", ja, en);
        layout_faults(&one.layout, &mut check);
    }
    faults
}

fn overlap(one: &ElQrTerms, other: &ElQrTerms) -> bool {
    let ends_before =
        |first: &ElQrTerms, then: &ElQrTerms| first.valid_to.is_some_and(|to| to < then.valid_from);
    !ends_before(one, other) && !ends_before(other, one)
}

fn layout_faults(layout: &ElQrLayout, check: &mut impl FnMut(bool, &str, &'static str, &str, &str)) {
    let (ja, en) = ("空にできません", "must not be empty");
    check(!layout.version.trim().is_empty(), "layout/version", "empty", ja, en);
    check(!layout.source.trim().is_empty(), "layout/source", "empty", ja, en);
    let (ja, en) = ("納付書ごとに異なる番号を作れません", "does not make a number of its own for each slip");
    check(layout.number.is_usable(), "layout/number", "layout", ja, en);
    let (ja, en) = (
        "必要な列がないか、列の指定が正しくありません",
        "a needed column is missing, or a column is not usable",
    );
    let (number, amount) = (Field::PaymentNumber, Field::Amount);
    let files = [
        ("layout/code", &layout.code, vec![number]),
        ("layout/upload/file", &layout.upload.file, vec![number, Field::Operation, amount]),
        ("layout/acceptance/file", &layout.acceptance.file, vec![number, Field::Outcome]),
        ("layout/results", &layout.results, vec![number, amount, Field::PaymentKey, Field::PaidOn]),
    ];
    for (place, file, needed) in files {
        check(file.is_usable(&needed), place, "layout", ja, en);
    }
    let has_kinds = layout.results.columns.iter().any(|column| column.value == Field::Kind);
    let usable = layout.result_kinds.as_ref().is_none_or(ResultKinds::is_usable);
    let (ja, en) = (
        "区分の列があるときに限り、収納と収納取消の区分を別々に定めてください",
        "where there is a column `kind`, and only there, the codes of payments and of cancellations must be told apart",
    );
    check(usable && has_kinds == layout.result_kinds.is_some(), "layout/result_kinds", "layout", ja, en);
    let one_line = layout.code.header.is_empty() && layout.code.trailer.is_empty();
    let (ja, en) = ("コードは1行のUTF-8にしてください", "a code is one line of UTF-8");
    check(one_line && layout.code.encoding == FileEncoding::Utf8, "layout/code", "layout", ja, en);
    let OperationCodes { add, replace, withdraw } = &layout.upload.operations;
    let codes: BTreeSet<&str> = [add, replace, withdraw].into_iter().map(String::as_str).collect();
    // A body whose organisation knows no replacement names the same code for both.
    let told_apart = !codes.contains("") && withdraw != add && withdraw != replace;
    let (ja, en) = ("取消しの区分が他の区分と同じです", "a withdrawal must be told apart");
    check(told_apart, "layout/upload/operations", "layout", ja, en);
    let (ja, en) = ("空にできません", "must not be empty");
    check(!layout.acceptance.accepted.is_empty(), "layout/acceptance/accepted", "empty", ja, en);
}
