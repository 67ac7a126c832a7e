//! Tests of what is shown apart.

use jiff::civil::date;
use proptest::prelude::*;
use serde_json::json;
use uuid::Uuid;

use super::*;
use crate::domain::procedure::specimen::changed;

fn hybrid() -> ProcedureDefinition {
    changed(|it| {
        let document = |code: &str, form: &str| {
            json!({"code": code, "title": {"ja": code, "en": code}, "required": false, "form": form,
                   "media_types": ["image/png"], "max_bytes": 10})
        };
        it["attachments"] = json!([
            document("copy", "copy"),
            document("paper", "original"),
            document("old_card", "original_on_handover"),
            document("other", "original"),
        ]);
        it["identity_in_person"] = json!({"basis": "旅券法第3条", "sample": true});
    })
}

fn file(number: u128) -> AttachmentId {
    AttachmentId(Uuid::from_u128(number))
}

fn files(files: &[(&str, u128)]) -> Vec<(String, AttachmentId)> {
    files.iter().map(|(code, number)| ((*code).to_owned(), file(*number))).collect()
}

fn document(code: &str) -> OriginalPart {
    OriginalPart::Document(code.to_owned())
}

fn seen(part: OriginalPart, attachment: Option<u128>, result: OriginalResult) -> SeenPart {
    SeenPart { part, attachment: attachment.map(file), result }
}

fn open(parts: &[NeededPart], records: &[SeenPart]) -> Vec<(String, &'static str)> {
    missing(parts, records).into_iter().map(|fault| (fault.pointer, fault.code)).collect()
}

fn named(pairs: &[(&str, &'static str)]) -> Vec<(String, &'static str)> {
    pairs.iter().map(|(pointer, code)| ((*pointer).to_owned(), *code)).collect()
}

#[test]
fn r9_originals_of_what_was_handed_in_and_the_person_are_awaited_and_nothing_else() {
    let definition = hybrid();
    let parts = needed(&definition, &files(&[("copy", 1), ("paper", 2), ("old_card", 3), ("paper", 4)]));
    let found: Vec<_> = parts.iter().map(|it| (it.part.clone(), it.needed_for, it.attachment)).collect();
    let expected = [
        (document("paper"), NeededFor::Grant, Some(file(4))),
        (document("old_card"), NeededFor::Handover, Some(file(3))),
        (OriginalPart::Identity, NeededFor::Grant, None),
    ];
    assert_eq!(found, expected, "the newest file counts; what was not handed in is not awaited");
    assert_eq!(needed(&changed(|_| {}), &files(&[("identity", 1)])), [], "a copy needs no original");
}

#[test]
fn r9_a_grant_waits_for_every_original_and_names_them_but_not_for_what_is_exchanged_later() {
    let parts = needed(&hybrid(), &files(&[("paper", 2), ("old_card", 3), ("other", 5)]));
    let all = [
        ("/originals/document/paper", "awaited"),
        ("/originals/document/other", "awaited"),
        ("/originals/identity", "awaited"),
    ];
    assert_eq!(open(&parts, &[]), named(&all));
    let (agrees, differs) = (OriginalResult::Agrees, OriginalResult::Differs);
    let mut records =
        vec![seen(document("paper"), Some(2), agrees), seen(document("other"), Some(5), differs)];
    let rest = [("/originals/document/other", "differs"), ("/originals/identity", "awaited")];
    assert_eq!(open(&parts, &records), named(&rest));
    records.push(seen(document("other"), Some(5), agrees));
    records.push(seen(OriginalPart::Identity, None, agrees));
    assert_eq!(open(&parts, &records), []);
    let replaced = needed(&hybrid(), &files(&[("paper", 2), ("paper", 9), ("other", 5)]));
    assert_eq!(
        open(&replaced, &records),
        named(&[("/originals/document/paper", "awaited")]),
        "another file was handed in since"
    );
}

fn statement() -> OriginalStatement {
    OriginalStatement {
        part: document("paper"),
        shown_by: ShownBy::Post,
        identity_check: None,
        result: OriginalResult::Agrees,
        seen_on: date(2026, 4, 2),
        note: String::new(),
    }
}

#[test]
fn r9_a_statement_is_judged_whole() {
    let parts = needed(&hybrid(), &files(&[("paper", 2), ("old_card", 3)]));
    let days = (date(2026, 4, 1), date(2026, 4, 3));
    let judged = |statement: &OriginalStatement, state| match recordable(&parts, statement, state, days) {
        Ok(part) => Ok(part.part.clone()),
        Err(Unrecordable::WrongState) => Err(vec!["state".to_owned()]),
        Err(Unrecordable::Faults(faults)) => Err(faults.into_iter().map(|fault| fault.pointer).collect()),
    };
    assert_eq!(judged(&statement(), StateName::Submitted), Ok(document("paper")));
    let wrong = OriginalStatement {
        part: OriginalPart::Identity,
        result: OriginalResult::Differs,
        seen_on: date(2026, 4, 4),
        ..statement()
    };
    let all = ["/note", "/seen_on", "/identity_check", "/shown_by"].map(str::to_owned).to_vec();
    assert_eq!(judged(&wrong, StateName::UnderReview), Err(all));
    let before = OriginalStatement { seen_on: date(2026, 3, 31), ..statement() };
    assert_eq!(judged(&before, StateName::UnderReview), Err(vec!["/seen_on".to_owned()]));
    let nothing = OriginalStatement { part: document("other"), ..statement() };
    assert_eq!(judged(&nothing, StateName::UnderReview), Err(vec!["/part".to_owned()]));
    let person = OriginalStatement {
        part: OriginalPart::Identity,
        shown_by: ShownBy::InPerson,
        identity_check: Some(IdentityCheck::PhotoDocument),
        ..statement()
    };
    assert_eq!(judged(&person, StateName::UnderReview), Ok(OriginalPart::Identity));
    let card = OriginalStatement { part: document("old_card"), ..statement() };
    for state in StateName::ALL {
        let reviewed = matches!(
            state,
            StateName::Submitted
                | StateName::UnderReview
                | StateName::CorrectionRequested
                | StateName::Inquiry
        );
        let later = matches!(state, StateName::InApproval | StateName::Decided | StateName::Closed);
        assert_eq!(judged(&statement(), state).is_ok(), reviewed, "{state:?}");
        assert_eq!(judged(&card, state).is_ok(), reviewed || later, "{state:?}");
    }
}

proptest! {
    /// Whatever was recorded in whatever order: a grant waits exactly while the last record about the present file does not agree.
    #[test]
    fn r9_the_last_record_about_the_present_file_counts(
        records in prop::collection::vec((0_usize..3, 1_u128..3, 0_usize..2), 0..30)
    ) {
        let parts = needed(&hybrid(), &files(&[("paper", 2), ("other", 1)]));
        let names = ["paper", "other", ""];
        let records: Vec<SeenPart> = records.into_iter().map(|(which, number, result)| {
            let result = OriginalResult::ALL[result];
            match names[which] {
                "" => seen(OriginalPart::Identity, None, result),
                code => seen(document(code), Some(number), result),
            }
        }).collect();
        let waits: Vec<_> = missing(&parts, &records).into_iter().map(|fault| fault.pointer).collect();
        for part in &parts {
            let last = records.iter().rev().find(|it| it.part == part.part && it.attachment == part.attachment);
            let agrees = last.is_some_and(|record| record.result == OriginalResult::Agrees);
            let pointer = part.part.code().map_or("/originals/identity".to_owned(), |code| format!("/originals/document/{code}"));
            prop_assert_eq!(waits.contains(&pointer), !agrees);
        }
    }
}
