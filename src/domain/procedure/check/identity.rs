//! Faults of what a version is called, rests on and when it is in force.

use std::collections::BTreeSet;

use super::{check_span, check_text, duplicate_fault, empty_fault, is_name, is_slug, slug_fault};
use crate::domain::fault::Fault;
use crate::domain::id::TenantCode;
use crate::domain::procedure::{ProcedureDefinition, ProcedureKind};

/// The code of a version of an application that does not say what it is judged by.
pub(crate) const CRITERIA: &str = "criteria";

impl ProcedureDefinition {
    pub(super) fn check_identity(&self, faults: &mut Vec<Fault>) {
        if !is_slug(&self.id) {
            faults.push(slug_fault("/id"));
        }
        if self.version == 0 {
            faults.push(Fault::new("/version", "version", "版は1から数えます", "versions count from 1"));
        }
        if TenantCode::parse(self.tenant.as_str()).is_none() {
            let (ja, en) = ("団体コードの検査数字が正しくありません", "not a six-digit body code (R-160)");
            faults.push(Fault::new("/tenant", "tenant_code", ja, en));
        }
        if !is_slug(&self.department) {
            faults.push(slug_fault("/department"));
        }
        check_text("/title", &self.title, faults);
        for (name, text) in [
            ("law", &self.legal_basis.law),
            ("article", &self.legal_basis.article),
            ("online_basis", &self.legal_basis.online_basis),
        ] {
            if text.trim().is_empty() {
                faults.push(empty_fault(format!("/legal_basis/{name}")));
            }
        }
        check_span("", self.effective_from, self.effective_to, faults);
        self.check_drain(faults);
        self.check_guidance(faults);
        self.check_grant(faults);
        self.check_criteria(faults);
        if self.retention_years == 0 {
            faults.push(Fault::new(
                "/retention_years",
                "retention",
                "1年以上にしてください",
                "at least one year",
            ));
        }
        if self.sources.is_empty() {
            faults.push(empty_fault("/sources"));
        }
        for (index, source) in self.sources.iter().enumerate() {
            if source.trim().is_empty() {
                faults.push(empty_fault(format!("/sources/{index}")));
            }
        }
        let mut seen = BTreeSet::<&str>::new();
        for kind in &self.applicant_kinds {
            if !seen.insert(kind.as_str()) {
                faults.push(duplicate_fault("/applicant_kinds"));
            }
        }
        if seen.is_empty() {
            faults.push(empty_fault("/applicant_kinds"));
        }
    }

    /// A version that ends may take drafts begun before for some days more, never for less.
    fn check_drain(&self, faults: &mut Vec<Fault>) {
        let Some(drain_until) = self.drain_until else { return };
        match self.effective_to {
            None => {
                let (ja, en) = (
                    "最終日のない版に猶予の日はありません",
                    "a version without a last day has no drain date",
                );
                faults.push(Fault::new("/drain_until", "no_last_day", ja, en));
            }
            Some(last) if drain_until < last => {
                let (ja, en) = ("版の最終日より前です", "is before the last day of the version");
                faults.push(Fault::new("/drain_until", "span", ja, en));
            }
            Some(_) => {}
        }
    }

    /// What helps people to find the procedure and to see whether it is theirs.
    fn check_guidance(&self, faults: &mut Vec<Fault>) {
        if let Some(summary) = &self.summary {
            check_text("/summary", summary, faults);
        }
        for (index, keyword) in self.keywords.iter().enumerate() {
            if keyword.trim().is_empty() {
                faults.push(empty_fault(format!("/keywords/{index}")));
            } else if self.keywords.iter().take(index).any(|earlier| earlier == keyword) {
                faults.push(duplicate_fault(format!("/keywords/{index}")));
            }
        }
        for (index, question) in self.eligibility.iter().enumerate() {
            let pointer = format!("/eligibility/{index}");
            if !is_name(&question.code) {
                faults.push(slug_fault(format!("{pointer}/code")));
            }
            if self.eligibility.iter().take(index).any(|earlier| earlier.code == question.code) {
                faults.push(duplicate_fault(format!("{pointer}/code")));
            }
            check_text(&format!("{pointer}/question"), &question.question, faults);
            check_text(&format!("{pointer}/otherwise"), &question.otherwise, faults);
        }
        for (index, notice) in self.notices.iter().enumerate() {
            check_text(&format!("/notices/{index}/text"), &notice.text, faults);
            if self.notices.iter().take(index).any(|earlier| earlier.on == notice.on) {
                faults.push(duplicate_fault(format!("/notices/{index}/on")));
            }
        }
    }

    /// What an application is judged by is public, or it is said why there is nothing beyond the law. Nobody judges a
    /// notification.
    fn check_criteria(&self, faults: &mut Vec<Fault>) {
        if self.kind == ProcedureKind::Notification || self.legal_basis.accounts_for_criteria() {
            return;
        }
        let ja = "審査基準の公表場所（review_criteria）か、定めない理由（no_criteria_reason）のどちらか一方が必要です";
        let en = "give review_criteria, or no_criteria_reason where there are none (R-31): one of both";
        faults.push(Fault::new("/legal_basis/review_criteria", "criteria", ja, en));
    }

    /// What is handed over, how long it is valid and when it is renewed.
    fn check_grant(&self, faults: &mut Vec<Fault>) {
        let authority = self.legal_basis.disposing_authority.as_ref();
        let bases = [
            ("/issuance/basis", self.issuance.as_ref().map(|it| &it.basis)),
            ("/issuance/signature/basis", self.required_signature().map(|it| &it.basis)),
            ("/validity/basis", self.validity.as_ref().map(|it| &it.basis)),
            ("/renewal/basis", self.renewal.as_ref().map(|it| &it.basis)),
            ("/legal_basis/review_criteria", self.legal_basis.review_criteria.as_ref()),
            ("/legal_basis/no_criteria_reason", self.legal_basis.no_criteria_reason.as_ref()),
            ("/legal_basis/disposing_authority/ja", authority.map(|title| &title.ja)),
            ("/legal_basis/disposing_authority/en", authority.map(|title| &title.en)),
        ];
        for (pointer, basis) in bases {
            if basis.is_some_and(|basis| basis.trim().is_empty()) {
                faults.push(empty_fault(pointer));
            }
        }
        let one_term = self.validity.as_ref().is_none_or(|validity| {
            matches!((validity.years, validity.months), (Some(1..), None) | (None, Some(1..)))
        });
        if !one_term {
            let (ja, en) =
                ("年か月のどちらか一方を1以上で指定してください", "give years or months, at least 1");
            faults.push(Fault::new("/validity", "term", ja, en));
        }
    }
}
