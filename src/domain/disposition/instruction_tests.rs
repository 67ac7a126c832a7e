//! The instruction on appeals, case by case and over every combination of facts.

use super::*;

fn name(ja: &str, en: &str) -> Bilingual {
    Bilingual { ja: ja.to_owned(), en: en.to_owned() }
}

struct Names {
    prefecture: Bilingual,
    city: Bilingual,
    governor: Bilingual,
    mayor: Bilingual,
    other: Bilingual,
    minister: Bilingual,
}

fn names() -> Names {
    Names {
        prefecture: name("青森県", "Aomori Prefecture"),
        city: name("青森市", "Aomori City"),
        governor: name("青森県知事", "Governor of Aomori"),
        mayor: name("青森市長", "Mayor of Aomori"),
        other: name("東青保健所長", "Head of the Tosei Health Centre"),
        minister: name("環境大臣", "Minister of the Environment"),
    }
}

fn facts(names: &Names, body_kind: TenantKind) -> AppealFacts<'_> {
    let (body, head) = match body_kind {
        TenantKind::Prefecture => (&names.prefecture, &names.governor),
        TenantKind::Municipality => (&names.city, &names.mayor),
    };
    AppealFacts {
        act: LegalAct::Disposition,
        basis_kind: BasisKind::Law,
        clerical_kind: Some(ClericalKind::Autonomous),
        subject: DispositionSubject::General,
        body_kind,
        body,
        head,
        authority: head,
        author: Author::Head,
        minister: Some(&names.minister),
        governor: Some(&names.governor),
    }
}

/// Review authority > further review | defendant / representative | before the suit.
fn short(facts: &AppealFacts<'_>) -> String {
    match instruct(facts) {
        Err(unknown) => format!("unknown {unknown:?}"),
        Ok(Instruction::NotADisposition) => "none".to_owned(),
        Ok(Instruction::Given(given)) => {
            let further = match &given.further_review {
                FurtherReview::None => String::new(),
                FurtherReview::To(next) => format!(" > {}", next.ja),
            };
            let first = if given.review_comes_first { " | 前置" } else { "" };
            format!(
                "{}{further} | {} / {}{first}",
                given.review_authority.ja, given.defendant.ja, given.representative.ja
            )
        }
    }
}

#[test]
fn r34_to_whom_the_review_goes_follows_from_business_body_and_author() {
    use ClericalKind::{Autonomous, EntrustedFirst, EntrustedSecond};
    use TenantKind::{Municipality, Prefecture};
    let names = names();
    let table = [
        (Prefecture, Autonomous, Author::Head, "青森県知事 | 青森県 / 青森県知事"),
        (Prefecture, Autonomous, Author::Delegate, "青森県知事 | 青森県 / 青森県知事"),
        (Prefecture, Autonomous, Author::Commission, "東青保健所長 | 青森県 / 東青保健所長"),
        (Prefecture, EntrustedFirst, Author::Head, "環境大臣 | 青森県 / 青森県知事"),
        (Prefecture, EntrustedFirst, Author::Delegate, "青森県知事 > 環境大臣 | 青森県 / 青森県知事"),
        (Prefecture, EntrustedFirst, Author::Commission, "環境大臣 | 青森県 / 東青保健所長"),
        (Prefecture, EntrustedSecond, Author::Head, "unknown SecondOfPrefecture"),
        (Municipality, Autonomous, Author::Head, "青森市長 | 青森市 / 青森市長"),
        (Municipality, Autonomous, Author::Delegate, "青森市長 | 青森市 / 青森市長"),
        (Municipality, EntrustedFirst, Author::Head, "青森県知事 | 青森市 / 青森市長"),
        (Municipality, EntrustedFirst, Author::Delegate, "青森市長 > 青森県知事 | 青森市 / 青森市長"),
        (Municipality, EntrustedSecond, Author::Head, "青森県知事 | 青森市 / 青森市長"),
        (Municipality, EntrustedSecond, Author::Commission, "青森県知事 | 青森市 / 東青保健所長"),
    ];
    for (body, clerical, author, expected) in table {
        let mut facts = facts(&names, body);
        facts.clerical_kind = Some(clerical);
        if author != Author::Head {
            facts.authority = &names.other;
        }
        facts.author = author.clone();
        assert_eq!(short(&facts), expected, "{body:?} {clerical:?} {author:?}");
    }
}

#[test]
fn r30_r35_and_r36_guidelines_fees_and_facilities_have_rules_of_their_own() {
    let names = names();
    let table = [
        (BasisKind::Guideline, DispositionSubject::General, Author::Head, "none"),
        (BasisKind::Law, DispositionSubject::Fee, Author::Head, "青森県知事 | 青森県 / 青森県知事 | 前置"),
        (
            BasisKind::Law,
            DispositionSubject::Fee,
            Author::Delegate,
            "青森県知事 | 青森県 / 青森県知事 | 前置",
        ),
        (
            BasisKind::Ordinance,
            DispositionSubject::FacilityUse,
            Author::Head,
            "青森県知事 | 青森県 / 青森県知事",
        ),
        (
            BasisKind::Ordinance,
            DispositionSubject::FacilityUse,
            Author::Commission,
            "青森県知事 | 青森県 / 東青保健所長",
        ),
        (
            BasisKind::Ordinance,
            DispositionSubject::FacilityUse,
            Author::Manager,
            "青森県知事 | 東青保健所長 / 東青保健所長",
        ),
        (BasisKind::Ordinance, DispositionSubject::General, Author::Manager, "unknown ManagerBeyondFacility"),
    ];
    for (basis_kind, subject, author, expected) in table {
        let mut facts = AppealFacts { basis_kind, subject, ..facts(&names, TenantKind::Prefecture) };
        // Whatever the business behind it: fees and facilities are the body's own.
        facts.clerical_kind = Some(ClericalKind::EntrustedFirst);
        if author != Author::Head {
            facts.authority = &names.other;
        }
        facts.author = author;
        assert_eq!(short(&facts), expected, "{basis_kind:?} {subject:?}");
    }
}

/// whether the body leases what it owns is private law, whatever the law behind it.
#[test]
fn r103_of_a_contract_nothing_is_instructed() {
    let names = names();
    for basis_kind in [BasisKind::Law, BasisKind::Ordinance, BasisKind::Rule, BasisKind::Guideline] {
        let contract =
            AppealFacts { act: LegalAct::Contract, basis_kind, ..facts(&names, TenantKind::Prefecture) };
        assert_eq!(short(&contract), "none");
        // Nothing has to be known of whose business it is.
        assert_eq!(short(&AppealFacts { clerical_kind: None, ..contract }), "none");
    }
}

#[test]
fn t4_what_is_not_known_is_never_guessed() {
    let names = names();
    let prefecture = || facts(&names, TenantKind::Prefecture);
    let city = || facts(&names, TenantKind::Municipality);
    let entrusted = Some(ClericalKind::EntrustedFirst);
    let law = AppealFacts { clerical_kind: None, ..prefecture() };
    assert_eq!(instruct(&law), Err(UnknownAppeal::ClericalKind));
    for basis_kind in [BasisKind::Ordinance, BasisKind::Rule] {
        assert_eq!(short(&AppealFacts { basis_kind, ..law.clone() }), "青森県知事 | 青森県 / 青森県知事");
    }
    let no_minister = AppealFacts { clerical_kind: entrusted, minister: None, ..prefecture() };
    assert_eq!(instruct(&no_minister), Err(UnknownAppeal::Minister));
    let no_governor = AppealFacts { clerical_kind: entrusted, governor: None, ..city() };
    assert_eq!(instruct(&no_governor), Err(UnknownAppeal::Governor));
}

#[test]
fn r199b_the_text_is_the_standard_block() {
    let names = names();
    let Ok(Instruction::Given(given)) = instruct(&facts(&names, TenantKind::Prefecture)) else { panic!() };
    assert_eq!(
        given.text.ja,
        "この処分に不服がある場合は、この処分があったことを知った日の翌日から起算して3か月以内に、青森県知事に対して審査請求をすることができます\
         （処分の日の翌日から起算して1年を経過したときはできません）。この処分の取消しの訴えは、処分があったことを知った日の翌日から起算して\
         6か月以内に、青森県を被告として（訴訟において青森県を代表する者は青森県知事）提起することができます（処分の日の翌日から起算して\
         1年を経過したときはできません）。"
    );
    assert!(
        given.text.en.contains("ask Governor of Aomori for a review within 3 months"),
        "{}",
        given.text.en
    );
    let mut fee = facts(&names, TenantKind::Prefecture);
    fee.subject = DispositionSubject::Fee;
    let Ok(Instruction::Given(given)) = instruct(&fee) else { panic!() };
    assert!(
        given.text.ja.contains("審査請求に対する裁決を経た後でなければ提起できません"),
        "{}",
        given.text.ja
    );
    assert!(given.text.en.contains("only after the ruling"), "{}", given.text.en);
}

/// Every combination: an instruction that is given is whole, and a guideline never has one.
#[test]
fn r33_every_instruction_names_authority_defendant_and_periods() {
    let names = names();
    let mut given_count = 0;
    let clerical = [
        None,
        Some(ClericalKind::Autonomous),
        Some(ClericalKind::EntrustedFirst),
        Some(ClericalKind::EntrustedSecond),
    ];
    for body_kind in [TenantKind::Prefecture, TenantKind::Municipality] {
        for basis_kind in [BasisKind::Law, BasisKind::Ordinance, BasisKind::Rule, BasisKind::Guideline] {
            for subject in DispositionSubject::ALL {
                for author in [Author::Head, Author::Delegate, Author::Commission, Author::Manager] {
                    for clerical_kind in clerical {
                        let facts = AppealFacts {
                            basis_kind,
                            clerical_kind,
                            subject,
                            author: author.clone(),
                            authority: &names.other,
                            ..facts(&names, body_kind)
                        };
                        let found = instruct(&facts);
                        let is_guideline = basis_kind == BasisKind::Guideline;
                        assert_eq!(found == Ok(Instruction::NotADisposition), is_guideline, "{facts:?}");
                        let Ok(Instruction::Given(given)) = found else { continue };
                        given_count += 1;
                        assert_eq!((given.review_months, given.suit_months, given.absolute_years), (3, 6, 1));
                        for name in [&given.review_authority, &given.defendant, &given.representative] {
                            assert!(given.text.ja.contains(&name.ja), "{facts:?}");
                            assert!(given.text.en.contains(&name.en), "{facts:?}");
                        }
                        assert_eq!(given.review_comes_first, subject == DispositionSubject::Fee, "{facts:?}");
                    }
                }
            }
        }
    }
    assert!(given_count > 200, "{given_count}");
}
