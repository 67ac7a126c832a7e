//! Whose certificates make a qualifying electronic signature (地方自治法施行規則 第12条の4の2, R-103), as dated data of a body.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::certificate::is_issuer;
use crate::domain::fault::Fault;
use crate::domain::procedure::is_slug;

/// The kind of certification that the rule names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CertificationKind {
    /// 公的個人認証 (JPKI): the certificate for signatures of a natural person.
    Jpki,
    /// 電子署名法の認定認証業務.
    AccreditedService,
    /// 商業登記電子証明書 of a corporation's representative.
    CommercialRegistration,
}

impl CertificationKind {
    /// The public name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Jpki => "jpki",
            Self::AccreditedService => "accredited_service",
            Self::CommercialRegistration => "commercial_registration",
        }
    }
}

/// A certificate that certificates of counterparts are traced back to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TrustAnchor {
    /// Its name within the body; a new certificate has a new name.
    pub id: String,
    /// The certification service (認証業務) whose it is.
    pub service: String,
    /// What kind of certification.
    pub kind: CertificationKind,
    /// The clause by which its signatures qualify.
    pub legal_basis: String,
    /// The certificate itself, PEM.
    pub pem: String,
    /// The first day on which signatures traced back to it are taken.
    pub valid_from: Date,
    /// The last day, when it is known.
    #[serde(default)]
    pub valid_to: Option<Date>,
    /// Where it was taken from, and how it was checked.
    pub source: String,
    /// True while it has not been confirmed by the body.
    #[serde(default)]
    pub sample: bool,
}

impl TrustAnchor {
    /// Whether signatures traced back to it are taken on `day`.
    pub fn is_in_force_on(&self, day: Date) -> bool {
        self.valid_from <= day && self.valid_to.is_none_or(|last| day <= last)
    }
}

/// The anchors in force on `day` that a procedure takes: those it names, all of the body where it names none.
pub fn anchors_on<'a>(all: &'a [TrustAnchor], named: &[String], day: Date) -> Vec<&'a TrustAnchor> {
    let taken = |anchor: &&TrustAnchor| {
        anchor.is_in_force_on(day) && (named.is_empty() || named.contains(&anchor.id))
    };
    all.iter().filter(taken).collect()
}

/// Faults of a body's anchors: names that are no names or are given twice, what is empty, and what is no certificate of an issuer.
pub fn trust_anchor_faults(anchors: &[TrustAnchor]) -> Vec<Fault> {
    let mut faults = Vec::new();
    for (index, anchor) in anchors.iter().enumerate() {
        let at = |member: &str| format!("/contract_trust_anchors/{index}/{member}");
        if !is_slug(&anchor.id) {
            let (ja, en) = ("英小文字で始まる識別子にしてください", "must be a lower-case identifier");
            faults.push(Fault::new(at("id"), "slug", ja, en));
        }
        if anchors.iter().take(index).any(|before| before.id == anchor.id) {
            faults.push(Fault::new(at("id"), "duplicate", "重複しています", "is given twice"));
        }
        let texts =
            [("service", &anchor.service), ("legal_basis", &anchor.legal_basis), ("source", &anchor.source)];
        for (member, _) in texts.into_iter().filter(|(_, text)| text.trim().is_empty()) {
            faults.push(Fault::new(at(member), "empty", "空にできません", "must not be empty"));
        }
        if !is_issuer(&anchor.pem) {
            let (ja, en) = (
                "認証局のX.509証明書（PEM）として読めません",
                "cannot be read as the X.509 certificate (PEM) of an issuer",
            );
            faults.push(Fault::new(at("pem"), "certificate", ja, en));
        }
        if anchor.valid_to.is_some_and(|last| last < anchor.valid_from) {
            let (ja, en) = ("終わりが始まりより前です", "ends before it begins");
            faults.push(Fault::new(at("valid_to"), "span", ja, en));
        }
    }
    faults
}
