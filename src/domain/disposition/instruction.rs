//! The instruction on appeals (教示, R-30, R-32…R-36, R-199b): who reviews, who is sued, within which time.
//!
//! A pure function of the facts of a disposition. What it gives is stored with the decision and never computed again.

use serde::{Deserialize, Serialize};

use crate::domain::organisation::TenantKind;
use crate::domain::procedure::{BasisKind, Bilingual, ClericalKind};

pub use crate::domain::procedure::DispositionSubject;

/// Who disposes (処分庁).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Author {
    /// The head of the body: 知事, 市町村長. 専決 and 代決 are theirs too.
    Head,
    /// The head of an office to whom the authority was delegated (委任, R-111).
    Delegate,
    /// A commission of its own (公安委員会, 教育委員会, R-205): nobody stands above it, and it represents the body in court.
    Commission,
    /// 指定管理者, who runs a public facility.
    Manager,
}

/// What an act is in law.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LegalAct {
    /// 処分.
    Disposition,
    /// 契約の申込みへの応答: whether the body contracts is private law, so nobody reviews it and nothing is instructed.
    Contract,
}

/// What the instruction follows from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AppealFacts<'a> {
    /// Disposition or contract.
    pub act: LegalAct,
    /// Law, ordinance, rule or guideline.
    pub basis_kind: BasisKind,
    /// 事務区分; what rests on the body's own ordinance or rule is its own business.
    pub clerical_kind: Option<ClericalKind>,
    /// What is disposed of.
    pub subject: DispositionSubject,
    /// Prefecture or municipality.
    pub body_kind: TenantKind,
    /// The name of the body, e.g. 青森県.
    pub body: &'a Bilingual,
    /// The title of its head, e.g. 青森県知事.
    pub head: &'a Bilingual,
    /// The title of whoever disposes.
    pub authority: &'a Bilingual,
    /// What they are.
    pub author: Author,
    /// The minister in charge of the law (所管大臣), where the procedure names one.
    pub minister: Option<&'a Bilingual>,
    /// The governor of the prefecture that a municipality lies in, where known.
    pub governor: Option<&'a Bilingual>,
}

/// Whether another review follows the first one (再審査請求).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FurtherReview {
    /// None.
    None,
    /// To this authority: entrusted business that was delegated within the body (地方自治法第255条の2第2項).
    To(Bilingual),
}

/// The instruction of a disposition that can be appealed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Instructed {
    /// 審査庁.
    pub review_authority: Bilingual,
    /// Months from the day after knowing of it, to ask for a review.
    pub review_months: u8,
    /// Whether another review is possible.
    pub further_review: FurtherReview,
    /// 被告.
    pub defendant: Bilingual,
    /// Who represents the defendant.
    pub representative: Bilingual,
    /// Months from knowing of it, to sue.
    pub suit_months: u8,
    /// Years from the disposition itself, after which neither is possible.
    pub absolute_years: u8,
    /// 審査請求前置: a suit only after the review.
    pub review_comes_first: bool,
    /// The text that is shown.
    pub text: Bilingual,
}

/// What a disposition says of appeals.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Instruction {
    /// 要綱 only, or a contract: no disposition, so nothing is instructed.
    NotADisposition,
    /// How to appeal.
    Given(Box<Instructed>),
}

/// Why no instruction can be computed; then nothing can be decided (T-4).
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UnknownAppeal {
    /// Nobody has settled whose business the procedure is by law.
    #[error("the procedure does not say whose business it is by law")]
    ClericalKind,
    /// Entrusted business of a prefecture whose minister is not named.
    #[error("the procedure does not name the minister in charge")]
    Minister,
    /// Entrusted business of a municipality whose prefecture is not known.
    #[error("the governor above the municipality is not known")]
    Governor,
    /// 第2号法定受託事務 exists for municipalities only.
    #[error("business entrusted by a prefecture is never that of a prefecture")]
    SecondOfPrefecture,
    /// Only the use of a facility is disposed of by a designated manager.
    #[error("a designated manager disposes of the use of a facility only")]
    ManagerBeyondFacility,
}

/// The instruction that follows from the facts.
pub fn instruct(facts: &AppealFacts<'_>) -> Result<Instruction, UnknownAppeal> {
    if facts.basis_kind == BasisKind::Guideline || facts.act == LegalAct::Contract {
        return Ok(Instruction::NotADisposition);
    }
    let is_facility = facts.subject == DispositionSubject::FacilityUse;
    if facts.author == Author::Manager && !is_facility {
        return Err(UnknownAppeal::ManagerBeyondFacility);
    }
    let above = superior(facts)?;
    let head_reviews = matches!(facts.author, Author::Delegate | Author::Manager)
        || facts.subject != DispositionSubject::General;
    let (reviewer, further) = match (above, head_reviews) {
        (None, true) => (facts.head, FurtherReview::None),
        (None, false) => (facts.authority, FurtherReview::None),
        (Some(above), true) if facts.author == Author::Delegate => {
            (facts.head, FurtherReview::To(above.clone()))
        }
        (Some(_), true) => (facts.head, FurtherReview::None),
        (Some(above), false) => (above, FurtherReview::None),
    };
    let (defendant, representative) = match facts.author {
        Author::Head | Author::Delegate => (facts.body, facts.head),
        Author::Commission => (facts.body, facts.authority),
        // It belongs to no body: it is sued itself (行政事件訴訟法第11条第2項).
        Author::Manager => (facts.authority, facts.authority),
    };
    let mut instructed = Instructed {
        review_authority: reviewer.clone(),
        review_months: 3,
        further_review: further,
        defendant: defendant.clone(),
        representative: representative.clone(),
        suit_months: 6,
        absolute_years: 1,
        review_comes_first: facts.subject == DispositionSubject::Fee,
        text: Bilingual { ja: String::new(), en: String::new() },
    };
    instructed.text = Bilingual { ja: text_ja(&instructed), en: text_en(&instructed) };
    Ok(Instruction::Given(Box::new(instructed)))
}

/// Who stands above the body for this business: the minister or the governor for entrusted business (地方自治法第255条の2,
/// R-34), nobody for its own.
fn superior<'a>(facts: &AppealFacts<'a>) -> Result<Option<&'a Bilingual>, UnknownAppeal> {
    // Fees and facilities are the body's own, whatever the business behind them.
    if facts.subject != DispositionSubject::General {
        return Ok(None);
    }
    let clerical = match (facts.clerical_kind, facts.basis_kind) {
        (Some(kind), _) => kind,
        (None, BasisKind::Ordinance | BasisKind::Rule) => ClericalKind::Autonomous,
        (None, _) => return Err(UnknownAppeal::ClericalKind),
    };
    match (clerical, facts.body_kind) {
        (ClericalKind::Autonomous, _) => Ok(None),
        (ClericalKind::EntrustedFirst, TenantKind::Prefecture) => {
            facts.minister.map(Some).ok_or(UnknownAppeal::Minister)
        }
        (ClericalKind::EntrustedSecond, TenantKind::Prefecture) => Err(UnknownAppeal::SecondOfPrefecture),
        (ClericalKind::EntrustedFirst | ClericalKind::EntrustedSecond, TenantKind::Municipality) => {
            facts.governor.map(Some).ok_or(UnknownAppeal::Governor)
        }
    }
}

/// The wording of R-199b; its first sentence is the review, its second the suit.
fn text_ja(of: &Instructed) -> String {
    let (review, suit, years) = (of.review_months, of.suit_months, of.absolute_years);
    let mut sentences = vec![format!(
        "この処分に不服がある場合は、この処分があったことを知った日の翌日から起算して{review}か月以内に、{reviewer}に対して審査請求を\
         することができます（処分の日の翌日から起算して{years}年を経過したときはできません）。",
        reviewer = of.review_authority.ja,
    )];
    if let FurtherReview::To(next) = &of.further_review {
        sentences
            .push(format!("その裁決に不服がある場合は、{}に対して再審査請求をすることができます。", next.ja));
    }
    let who = if of.defendant == of.representative {
        format!("{}を被告として", of.defendant.ja)
    } else {
        format!(
            "{defendant}を被告として（訴訟において{defendant}を代表する者は{representative}）",
            defendant = of.defendant.ja,
            representative = of.representative.ja,
        )
    };
    if of.review_comes_first {
        sentences.push(format!(
            "この処分の取消しの訴えは、審査請求に対する裁決を経た後でなければ提起できません。裁決を経た後は、裁決があったことを知った日の\
             翌日から起算して{suit}か月以内に、{who}提起することができます（裁決の日の翌日から起算して{years}年を経過したときはできません）。"
        ));
    } else {
        sentences.push(format!(
            "この処分の取消しの訴えは、処分があったことを知った日の翌日から起算して{suit}か月以内に、{who}提起することができます\
             （処分の日の翌日から起算して{years}年を経過したときはできません）。"
        ));
    }
    sentences.concat()
}

fn text_en(of: &Instructed) -> String {
    let (review, suit, years) = (of.review_months, of.suit_months, of.absolute_years);
    let mut sentences = vec![format!(
        "If you do not agree with this decision, you may ask {reviewer} for a review within {review} months from the day after \
         you learned of it, but not later than {years} year from the day after the decision.",
        reviewer = of.review_authority.en,
    )];
    if let FurtherReview::To(next) = &of.further_review {
        sentences.push(format!(
            " If you do not agree with the ruling, you may ask {} for another review.",
            next.en
        ));
    }
    let who = if of.defendant == of.representative {
        of.defendant.en.clone()
    } else {
        format!("{} (represented by the {})", of.defendant.en, of.representative.en)
    };
    let (of_what, first) = if of.review_comes_first {
        ("the ruling", " only after the ruling on a review,")
    } else {
        ("the decision", "")
    };
    sentences.push(format!(
        " You may sue {who} for its annulment{first} within {suit} months from the day after you learned of {of_what}, but not \
         later than {years} year from the day after {of_what}."
    ));
    sentences.concat()
}

#[cfg(test)]
#[path = "instruction_tests.rs"]
mod tests;
