//! What is wrong with what a body says of itself: its own entries, its rules, its departments.

use std::collections::BTreeSet;

use jiff::civil::Date;

use super::Tenant;
use crate::domain::arrears::arrears_faults;
use crate::domain::contract::trust_anchor::trust_anchor_faults;
use crate::domain::document_number::{NamedOffice, rule_faults, shared_symbol_faults};
use crate::domain::el_qr::{EL_QR, el_qr_faults};
use crate::domain::escalation::level_faults;
use crate::domain::fault::Fault;
use crate::domain::id::TenantCode;
use crate::domain::internal_control::control_faults;
use crate::domain::office_key::office_key_faults;
use crate::domain::payment::{Designation, LegalRole, designation_faults, terminal_faults};
use crate::domain::procedure::is_slug;
use crate::domain::records::{book_rule_faults, record_rule_faults};
use crate::domain::refund::interest_faults;
use crate::domain::revenue::RevenueMasters;
use crate::domain::stamps::stamp_faults;
use crate::domain::waiver::{false_claim_faults, ground_faults, notice_faults};

impl Tenant {
    /// Code, calendar, accounts, banks and sources.
    pub(super) fn own_faults(&self) -> Vec<Fault> {
        let mut faults = Vec::new();
        if TenantCode::parse(self.code.as_str()).is_none() {
            let (ja, en) = ("団体コードの検査数字が正しくありません", "not a six-digit body code (R-160)");
            faults.push(Fault::new("/code", "tenant_code", ja, en));
        }
        let year_end = self.calendar.year_end;
        if !(1..=31).contains(&year_end.december_from) || !(0..=31).contains(&year_end.january_to) {
            let (ja, en) = ("年末年始の日付が正しくありません", "not days of December and January");
            faults.push(Fault::new("/calendar/year_end", "year_end", ja, en));
        }
        let header = self.paying_account.as_ref().map(|account| account.header(Date::constant(2026, 1, 1)));
        if header == Some(None) {
            let (ja, en) = ("振込元口座が正しくありません", "not an account that a bank knows");
            faults.push(Fault::new("/paying_account", "paying_account", ja, en));
        }
        for (index, bank) in self.designated_banks.iter().enumerate() {
            let named = !bank.bank.trim().is_empty() && !bank.source.trim().is_empty();
            if !named || bank.valid_to.is_some_and(|to| to < bank.valid_from) {
                let (ja, en) = (
                    "名称・根拠・期間が正しくありません",
                    "needs a name, a source and an end after its start",
                );
                faults.push(Fault::new(format!("/designated_banks/{index}"), "designated_bank", ja, en));
            }
        }
        if self.sources.is_empty() {
            faults.push(Fault::new("/sources", "empty", "空にできません", "must not be empty"));
        }
        faults
    }

    /// The rules of every part of the house, as each part checks them.
    pub(super) fn rule_faults(&self) -> Vec<Fault> {
        let mut faults = Vec::new();
        faults.extend(designation_faults(&self.payment_agents));
        faults.extend(terminal_faults(&self.counter_terminals, &self.payment_agents));
        faults.extend(el_qr_faults(&self.el_qr));
        faults.extend(self.el_qr_revenue_faults());
        faults.extend(rule_faults(&self.document_numbers));
        let named = self.departments.iter().map(|department| NamedOffice {
            code: &department.code,
            name: &department.name.ja,
            from: department.valid_from,
            to: department.valid_to,
        });
        let offices: Vec<_> = named.collect();
        faults.extend(shared_symbol_faults(&self.document_numbers, &offices));
        faults.extend(office_key_faults(&self.office_keys));
        faults.extend(trust_anchor_faults(&self.contract_trust_anchors));
        faults.extend(ground_faults(&self.waiver_grounds));
        faults.extend(notice_faults(&self.disaster_notices));
        faults.extend(false_claim_faults(&self.false_claims));
        faults.extend(stamp_faults(&self.stamps));
        faults.extend(level_faults(&self.escalation));
        faults.extend(record_rule_faults(&self.record_files));
        faults.extend(book_rule_faults(&self.record_books));
        faults.extend(self.book_department_faults());
        faults.extend(control_faults(&self.internal_control));
        faults.extend(arrears_faults(&self.arrears, &self.write_off_grounds));
        faults.extend(interest_faults(&self.refund_interest));
        faults.extend(self.approval_faults());
        faults.extend(self.revenue.iter().flat_map(RevenueMasters::faults));
        faults.extend(self.charge_account_faults());
        faults
    }

    /// What is taken by eL-QR must be an account of the body, and a role that a notice gives needs the notice.
    fn el_qr_revenue_faults(&self) -> Vec<Fault> {
        let mut faults = Vec::new();
        for (index, terms) in self.el_qr.iter().enumerate() {
            let accounts = self.revenue.iter().flat_map(|revenue| &revenue.accounts);
            let known: BTreeSet<&str> = accounts.map(|account| account.code.as_str()).collect();
            let unknown = |code: &&String| *code != "*" && !known.contains(code.as_str());
            if let Some(code) = terms.revenues.iter().find(unknown) {
                let pointer = format!("/el_qr/{index}/revenues");
                let (ja, en) =
                    (format!("歳入科目 {code} がありません"), format!("there is no account {code}"));
                faults.push(Fault::new(pointer, "unknown_account", ja, en));
            }
            let designated = self.payment_agents.iter().any(|agent| agent.account == EL_QR);
            if terms.legal_role == LegalRole::DesignatedAgent && !designated {
                let pointer = format!("/el_qr/{index}/legal_role");
                let (ja, en) = ("指定納付受託者の告示がありません", "no notice designates the organisation");
                faults.push(Fault::new(pointer, "not_designated", ja, en));
            }
            let by_notice = |agent: &Designation| agent.account == EL_QR && agent.remit_within.is_some();
            if terms.pays_in_within.is_none()
                && terms.legal_role == LegalRole::DesignatedAgent
                && !self.payment_agents.iter().any(by_notice)
            {
                let pointer = format!("/el_qr/{index}/pays_in_within");
                let (ja, en) =
                    ("払込みの期限を定めてください", "the day by which the money is paid in must be fixed");
                faults.push(Fault::new(pointer, "required", ja, en));
            }
        }
        faults
    }

    /// Books are kept by a department that the body has or had.
    fn book_department_faults(&self) -> Vec<Fault> {
        let unknown = self.record_books.iter().enumerate().filter(|(_, rule)| {
            let named = !rule.department.trim().is_empty();
            named && !self.departments.iter().any(|one| one.code == rule.department)
        });
        let (ja, en) = ("この課はありません", "there is no such department");
        let fault = |index: usize| {
            Fault::new(format!("/record_books/{index}/department"), "unknown_department", ja, en)
        };
        unknown.map(|(index, _)| fault(index)).collect()
    }

    /// The departments, one by one.
    pub(super) fn department_faults(&self) -> Vec<Fault> {
        let mut faults = Vec::new();
        let mut seen = BTreeSet::new();
        for (index, department) in self.departments.iter().enumerate() {
            let pointer = format!("/departments/{index}");
            if !is_slug(&department.code) {
                let (ja, en) = ("英小文字で始まる識別子にしてください", "must be a lower-case identifier");
                faults.push(Fault::new(format!("{pointer}/code"), "slug", ja, en));
            }
            if !seen.insert((&department.code, department.valid_from)) {
                faults.push(Fault::new(
                    format!("{pointer}/code"),
                    "duplicate",
                    "重複しています",
                    "is given twice",
                ));
            }
            let authority = department.disposing_authority.as_ref();
            if authority.is_some_and(|title| title.ja.trim().is_empty() || title.en.trim().is_empty()) {
                let pointer = format!("{pointer}/disposing_authority");
                faults.push(Fault::new(pointer, "empty", "空にできません", "must not be empty"));
            }
            let successor = department.successor.as_deref();
            if successor.is_some_and(|code| {
                code == department.code || !self.departments.iter().any(|one| one.code == code)
            }) {
                let (ja, en) =
                    ("引き継ぐ課がありません", "there is no such department to take the work over");
                faults.push(Fault::new(format!("{pointer}/successor"), "unknown_department", ja, en));
            }
            if department.bureau.as_deref().is_some_and(|code| self.bureau(code).is_none()) {
                let (ja, en) = ("この部局はありません", "there is no such bureau");
                faults.push(Fault::new(format!("{pointer}/bureau"), "unknown_bureau", ja, en));
            }
            if department.valid_to.is_some_and(|to| to < department.valid_from) {
                let (ja, en) = ("終わりが始まりより前です", "ends before it begins");
                faults.push(Fault::new(format!("{pointer}/valid_to"), "span", ja, en));
            }
        }
        faults
    }
}
