//! Tenants (団体) and their departments (部局・課) as dated data (R-126, R-127, R-200…R-204).

mod approval_faults;
mod faults;

use std::collections::BTreeSet;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::domain::approval::{DecidingDesk, Subject, SubjectRoute};
use crate::domain::arrears::{ArrearsTerms, WriteOffGround};
use crate::domain::calendar::ClosingDays;
use crate::domain::contract::trust_anchor::TrustAnchor;
use crate::domain::disposition::Author;
use crate::domain::document_number::{DocumentKind, NumberRule, Numbering, numbering};
use crate::domain::el_qr::ElQrTerms;
use crate::domain::escalation::EscalationLevel;
use crate::domain::fault::Fault;
use crate::domain::id::TenantCode;
use crate::domain::internal_control::ControlTerms;
use crate::domain::office_key::OfficeKey;
use crate::domain::payment::Designation;
use crate::domain::procedure::Bilingual;
use crate::domain::records::{BookRule, RecordRule};
use crate::domain::refund::RefundInterestTerms;
use crate::domain::revenue::RevenueMasters;
use crate::domain::stamps::StampTerms;
use crate::domain::waiver::{DisasterNotice, FalseClaimTerms, WaiverGround};
use crate::domain::zengin::{AccountText, BankText, Digits, TransferHeader};

/// What kind of body a tenant is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TenantKind {
    /// 都道府県.
    Prefecture,
    /// 市町村.
    Municipality,
}

/// A bureau (部・局): what departments belong to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Bureau {
    /// The key of the bureau.
    pub code: String,
    /// Its name.
    pub name: Bilingual,
    /// The first day it exists.
    pub valid_from: Date,
    /// The last day, when it is known.
    #[serde(default)]
    pub valid_to: Option<Date>,
}

/// A department (課): it has a queue and posts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Department {
    /// The key of the department, e.g. `kiki-shobo-hoan`.
    pub code: String,
    /// Its name, e.g. 消防保安課.
    pub name: Bilingual,
    /// The code of its bureau, where it has one.
    #[serde(default)]
    pub bureau: Option<String>,
    /// In whose name it decides where that is not the head of the body (処分庁): a commission of its own, or the
    /// head of an office to whom authority was delegated (委任, R-111).
    #[serde(default)]
    pub disposing_authority: Option<Bilingual>,
    /// True where that authority is a commission of its own: no head stands above it, and it represents the body in
    /// court; false where it is the head of an office to whom authority was delegated.
    #[serde(default)]
    pub independent_authority: bool,
    /// The first day it exists.
    pub valid_from: Date,
    /// The last day, when it is known.
    #[serde(default)]
    pub valid_to: Option<Date>,
    /// The code of the department that takes its work over from the day after its last one (改組, R-127).
    #[serde(default)]
    pub successor: Option<String>,
    /// Where name and place were taken from.
    pub source: String,
    /// True while the place in the organisation has not been confirmed.
    #[serde(default)]
    pub sample: bool,
}

impl Department {
    /// Whether the department exists on `day`.
    pub fn exists_on(&self, day: Date) -> bool {
        self.valid_from <= day && self.valid_to.is_none_or(|last| day <= last)
    }
}

/// The account of a body that refunds are paid out of, as its bank knows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PayingAccount {
    /// 委託者コード, ten digits.
    pub requester_code: String,
    /// 委託者名 in katakana.
    pub requester_name: String,
    /// The account.
    pub account: AccountText,
    /// Where it was taken from.
    pub source: String,
    /// True while it has not been confirmed.
    #[serde(default)]
    pub sample: bool,
}

impl PayingAccount {
    /// The first record of a transfer file that asks for payment on `day`; none when the account is not usable.
    pub fn header(&self, day: Date) -> Option<TransferHeader> {
        Some(TransferHeader {
            requester_code: Digits::parse(&self.requester_code)?,
            requester_name: BankText::of_name(&self.requester_name).ok()?,
            transfer_on: (day.month(), day.day()),
            from: self.account.read().ok()?,
        })
    }
}

/// The bank that handles the money of a body (指定金融機関): a prefecture must have one, a municipality may.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DesignatedBank {
    /// Its name.
    pub bank: String,
    /// The first day.
    pub valid_from: Date,
    /// The last day, when it has ended or is known to end.
    #[serde(default)]
    pub valid_to: Option<Date>,
    /// The vote and the notice by which it was designated.
    pub source: String,
    /// True while it has not been confirmed.
    #[serde(default)]
    pub sample: bool,
}

/// One tenant with its organisation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tenant {
    /// 全国地方公共団体コード.
    pub code: TenantCode,
    /// The name of the body.
    pub name: Bilingual,
    /// Prefecture or municipality.
    pub kind: TenantKind,
    /// The title of the disposing authority (処分庁), e.g. 青森県知事, where neither department nor procedure names
    /// another one.
    pub disposing_authority: Bilingual,
    /// Its own days off.
    pub calendar: ClosingDays,
    /// Its bureaus.
    #[serde(default)]
    pub bureaus: Vec<Bureau>,
    /// Its departments.
    pub departments: Vec<Department>,
    /// How its documents are numbered (文書番号, R-120); without a rule nothing can be decided (T-4).
    #[serde(default)]
    pub document_numbers: Vec<NumberRule>,
    /// With which keys its authorities sign what they decide; without one they sign nothing.
    #[serde(default)]
    pub office_keys: Vec<OfficeKey>,
    /// Whose certificates make a qualifying signature of a contract's other side; without one none is taken.
    #[serde(default)]
    pub contract_trust_anchors: Vec<TrustAnchor>,
    /// Who approves what is no disposition: waivers and write-offs.
    #[serde(default)]
    pub approval_routes: Vec<SubjectRoute>,
    /// Where matters go that are important or unusual.
    #[serde(default)]
    pub deciding_desk: Option<DecidingDesk>,
    /// The account that refunds are paid out of; without one nothing can be paid by bank transfer.
    #[serde(default)]
    pub paying_account: Option<PayingAccount>,
    /// The banks that handle its money, each for its days; without one in force nothing is paid by bank transfer.
    #[serde(default)]
    pub designated_banks: Vec<DesignatedBank>,
    /// The agents that are designated to take its revenues.
    #[serde(default)]
    pub payment_agents: Vec<Designation>,
    /// On which terms public money other than tax is taken by eL-QR; without terms it never is.
    #[serde(default)]
    pub el_qr: Vec<ElQrTerms>,
    /// The clauses by which it waives what is owed.
    #[serde(default)]
    pub waiver_grounds: Vec<WaiverGround>,
    /// What its ordinances let be imposed for evading a charge by fraud.
    #[serde(default)]
    pub false_claims: Vec<FalseClaimTerms>,
    /// Its notices after disasters.
    #[serde(default)]
    pub disaster_notices: Vec<DisasterNotice>,
    /// What its ordinances say of claims that were not paid in time (R-89…R-94).
    #[serde(default)]
    pub arrears: Vec<ArrearsTerms>,
    /// What bears interest when it goes back (還付加算金, R-96); without terms nothing does.
    #[serde(default)]
    pub refund_interest: Vec<RefundInterestTerms>,
    /// Revenue stamps (証紙), where it still uses them.
    #[serde(default)]
    pub stamps: Vec<StampTerms>,
    /// The grounds on which it writes claims off.
    #[serde(default)]
    pub write_off_grounds: Vec<WriteOffGround>,
    /// Who is told of overdue cases, and when.
    #[serde(default)]
    pub escalation: Vec<EscalationLevel>,
    /// Its classification of records, and how long they are kept.
    #[serde(default)]
    pub record_files: Vec<RecordRule>,
    /// How it classifies and keeps books that belong to no case.
    #[serde(default)]
    pub record_books: Vec<BookRule>,
    /// How many days it allows before something stands in the list of internal control.
    #[serde(default)]
    pub internal_control: Vec<ControlTerms>,
    /// Its revenue accounts, periods and places of payment.
    #[serde(default)]
    pub revenue: Option<RevenueMasters>,
    /// Where the content of the file was taken from.
    pub sources: Vec<String>,
}

impl Tenant {
    /// The department called `code` as it is on `day`.
    pub fn department(&self, code: &str, day: Date) -> Option<&Department> {
        self.departments.iter().find(|department| department.code == code && department.exists_on(day))
    }

    /// The first day of a span on which the department called `code` does not exist; a span without an end never ends.
    pub fn first_day_without(&self, code: &str, from: Date, to: Option<Date>) -> Option<Date> {
        let mut day = from;
        while to.is_none_or(|to| day <= to) {
            let Some(department) = self.department(code, day) else { return Some(day) };
            // One record follows another when a department is renamed or moves to another bureau.
            day = department.valid_to?.tomorrow().ok()?;
        }
        None
    }

    /// The department that does on `day` the work of the one called `code`: itself while it exists, after that its successor,
    /// or the successor of that; none before its first day and where nobody took the work over.
    pub fn department_in_charge(&self, code: &str, day: Date) -> Option<&Department> {
        let mut code = code;
        // No more steps than there are records: successors that name each other end nowhere.
        for _ in 0..=self.departments.len() {
            if let Some(found) = self.department(code, day) {
                return Some(found);
            }
            let ended = self
                .departments
                .iter()
                .filter(|one| one.code == code && one.valid_to.is_some_and(|to| to < day));
            code = ended.max_by_key(|one| one.valid_from)?.successor.as_deref()?;
        }
        None
    }

    /// The codes of the departments that do not exist on `day` any more, each with the one that does their work.
    pub fn succeeded_on(&self, day: Date) -> Vec<(&str, &Department)> {
        let codes: BTreeSet<&str> =
            self.departments.iter().map(|department| department.code.as_str()).collect();
        let gone = codes.into_iter().filter(|code| self.department(code, day).is_none());
        gone.filter_map(|code| Some((code, self.department_in_charge(code, day)?))).collect()
    }

    /// The bank that handles its money on `day` (指定金融機関, R-88).
    pub fn designated_bank(&self, day: Date) -> Option<&DesignatedBank> {
        let in_force =
            |bank: &&DesignatedBank| bank.valid_from <= day && bank.valid_to.is_none_or(|last| day <= last);
        self.designated_banks.iter().find(in_force)
    }

    /// In whose name `department` decides on `day` (処分庁, T-4): that of the procedure where it names one, else that of the
    /// department, else the head of the body.
    pub fn authority<'a>(
        &'a self,
        of_procedure: Option<&'a Bilingual>,
        department: &str,
        day: Date,
    ) -> &'a Bilingual {
        let of_department =
            || self.department(department, day).and_then(|found| found.disposing_authority.as_ref());
        of_procedure.or_else(of_department).unwrap_or(&self.disposing_authority)
    }

    /// What the disposing authority of [`Tenant::authority`] is to the body: it decides to whom appeals go.
    pub fn author(&self, of_procedure: Option<&Bilingual>, department: &str, day: Date) -> Author {
        let authority = self.authority(of_procedure, department, day);
        if *authority == self.disposing_authority {
            return Author::Head;
        }
        let commission = self.department(department, day).is_some_and(|department| {
            department.independent_authority && department.disposing_authority.as_ref() == Some(authority)
        });
        if commission { Author::Commission } else { Author::Delegate }
    }

    /// The route of a subject other than the decision on `day`.
    pub fn approval_route(&self, subject: Subject, day: Date) -> Option<&SubjectRoute> {
        self.approval_routes.iter().find(|route| route.subject == subject && route.is_used_on(day))
    }

    /// How a document of `department` is numbered on `day`; nothing where no rule of the body is in force.
    pub fn numbering(&self, kind: DocumentKind, department: &str, day: Date) -> Option<Numbering> {
        let name = self.department(department, day).map_or(department, |found| found.name.ja.as_str());
        let in_charge = |code: &str| self.department_in_charge(code, day).map(|found| found.code.as_str());
        numbering(&self.document_numbers, kind, (department, name), day, in_charge)
    }

    /// The full name of a department, bureau first: 危機管理局消防保安課.
    pub fn full_name_ja(&self, department: &Department) -> String {
        let bureau = department.bureau.as_deref().and_then(|code| self.bureau(code));
        format!("{}{}", bureau.map_or("", |bureau| bureau.name.ja.as_str()), department.name.ja)
    }

    fn bureau(&self, code: &str) -> Option<&Bureau> {
        self.bureaus.iter().find(|bureau| bureau.code == code)
    }

    /// Accounts of fees of demands and late charges that do not stand in the body's table.
    fn charge_account_faults(&self) -> Vec<Fault> {
        let known = |code: &str| self.revenue.as_ref().is_some_and(|revenue| revenue.knows(code));
        let mut faults = Vec::new();
        for (index, terms) in self.arrears.iter().enumerate() {
            let Some(billing) = &terms.billing else { continue };
            for (field, code) in [
                ("demand_fee_account", &billing.demand_fee_account),
                ("late_charge_account", &billing.late_charge_account),
            ] {
                if !known(code) {
                    let (ja, en) = ("歳入科目表にありません", "not in the table of revenue accounts");
                    let pointer = format!("/arrears/{index}/billing/{field}");
                    faults.push(Fault::new(pointer, "unknown_revenue_account", ja, en));
                }
            }
        }
        faults
    }

    /// Every fault of the file; empty when it may be used.
    pub fn check(&self) -> Vec<Fault> {
        let mut faults = self.own_faults();
        faults.extend(self.rule_faults());
        faults.extend(self.department_faults());
        faults
    }
}

#[cfg(test)]
mod tests;
