//! Malformed and hostile definitions and answers through reading, checking, compiling, judging, routing and pricing: no
//! panic, nothing beyond its budget, and what is accepted is sound. Every run makes the same cases, about a thousand;
//! `TEST_ROUNDS=300` makes ten thousand.

pub mod bases;
mod spoil;

use std::cell::Cell;
use std::sync::{Arc, LazyLock};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use jiff::civil::{Date, date};
use madoguchi::catalogue::{Catalogue, CatalogueProcedure};
use madoguchi::domain::expression::Facts;
use madoguchi::domain::fee::{Channel, CompiledFees, SameTimeTerms, assess, estimate};
use madoguchi::domain::form::{Circumstances, CompiledForm};
use madoguchi::domain::procedure::{ApplicantKind, ProcedureDefinition};
use madoguchi::service::filing::Filing;
use proptest::prelude::*;
use proptest::test_runner::TestCaseError;
use serde_json::{Value, json};

use self::bases::{Base, SHIPPED_BASES, SMALL};
use self::spoil::spoil;
use crate::expressions::for_all_bytes;
use crate::support::catalogue::shipped;
use crate::support::choices::Choices;
use crate::support::traces::scaled;

/// What one definition with its answers may take, in a debug build on a busy machine.
const BUDGET: Duration = Duration::from_secs(10);

/// When the answers arrive.
const ARRIVED_AT: &str = "2026-04-24T09:00:00+09:00";
const ARRIVED_ON: Date = date(2026, 4, 24);

type Tested = Result<(), TestCaseError>;

static SHIPPED: LazyLock<Arc<Catalogue>> = LazyLock::new(shipped);

/// How far the definitions came.
#[derive(Default)]
struct Reached {
    read: Cell<usize>,
    compiled: Cell<usize>,
    faultless: Cell<usize>,
    valid: Cell<usize>,
    priced: Cell<usize>,
}

fn count(cell: &Cell<usize>) {
    cell.set(cell.get() + 1);
}

/// Whether the counter found nothing wrong with a definition, so that it must keep what it promises.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Check {
    Passed,
    Failed,
}

/// Answers judged in every way there is; the facts they give.
fn judged(
    form: &CompiledForm,
    answers: &Value,
    known: &Facts,
    check: Check,
    reached: &Reached,
) -> Result<Facts, TestCaseError> {
    let tidied = form.tidy(answers.clone());
    let again = form.tidy(tidied.clone());
    let completed = form.complete(tidied.clone(), known);
    let faults = form.validate(&completed, known);
    prop_assert!(form.validate_draft(&completed, known).len() <= faults.len());
    form.standings(&completed, known);
    let facts = form.facts(&completed, known);
    let both = form.validate_with_facts(&completed, known);
    if faults.is_empty() {
        count(&reached.valid);
    }
    if check == Check::Passed {
        prop_assert_eq!(again, tidied, "tidied twice");
        let was_recomputed = faults.iter().any(|fault| fault.code == "calculated");
        prop_assert!(!was_recomputed, "what was computed is not refused: {:?}", faults);
        prop_assert_eq!(both, (faults, facts.clone()));
    }
    Ok(facts)
}

/// Fees on ordinary and on impossible days: never negative, and the total is the sum of its lines.
fn priced(fees: &CompiledFees, facts: &Facts, reached: &Reached) -> Tested {
    for day in [ARRIVED_ON, Date::MIN, Date::MAX] {
        drop(estimate(fees, facts, day, &SameTimeTerms::NONE));
        let Ok(assessment) = assess(fees, facts, day) else { continue };
        count(&reached.priced);
        let total: i64 = assessment.lines.iter().map(|line| line.amount.amount()).sum();
        prop_assert_eq!(assessment.total.amount(), total);
        prop_assert!(assessment.lines.iter().all(|line| line.amount.amount() >= 0));
    }
    Ok(())
}

/// A version that compiles, whatever else was found: its answers as a submission takes them.
fn filed(procedure: &CatalogueProcedure, base: &Base, check: Check, reached: &Reached) -> Tested {
    let applicant = Some(ApplicantKind::Resident);
    let known =
        Circumstances { channel: Channel::Online, applicant_kind: applicant, arrived_on: ARRIVED_ON }.facts();
    let facts = judged(&procedure.form, &base.answers, &known, check, reached)?;
    let answers = procedure.form.complete(procedure.form.tidy(base.answers.clone()), &known);
    let arrived_at: Timestamp = ARRIVED_AT.parse().unwrap();
    let (filing, _) = Filing::judged(procedure, &answers, applicant.into(), arrived_at);
    prop_assert_eq!(filing.facts(), &facts);
    drop((filing.accept(&SHIPPED, &[]), filing.authority_fault(&SHIPPED), filing.warnings()));
    let facts = if procedure.definition.office_form.is_empty() {
        facts
    } else {
        judged(&procedure.office_form, &base.office, &facts, check, reached)?
    };
    priced(&procedure.fees, &facts, reached)
}

/// A definition as a file would be, through everything that comes before and after its publication.
fn carried_through(base: &Base, reached: &Reached) -> Tested {
    let text = yaml_serde::to_string(&base.definition).unwrap();
    let examined = SHIPPED.examine(&text);
    if examined.id.is_some() {
        count(&reached.read);
    }
    let check = if examined.faults.is_empty() { Check::Passed } else { Check::Failed };
    let Some(procedure) = examined.procedure else {
        prop_assert!(check == Check::Failed, "neither a version nor a fault");
        return Ok(());
    };
    count(&reached.compiled);
    if check == Check::Passed {
        count(&reached.faultless);
    }
    filed(&procedure, base, check, reached)
}

/// Up to four places spoiled, one time in three in the answers.
fn spoiled(base: &Base, choices: &mut Choices<'_>) -> Base {
    let mut base = base.clone();
    for _ in 0..=choices.below(4) {
        match choices.below(6) {
            0..=3 => spoil(&mut base.definition, choices),
            4 => spoil(&mut base.answers, choices),
            _ => spoil(&mut base.office, choices),
        }
    }
    base
}

fn fuzz(cases: usize, bases: &[Base]) -> Reached {
    let reached = Reached::default();
    for_all_bytes(cases, 80, |bytes| {
        let mut choices = Choices::of(bytes);
        let base = spoiled(&bases[choices.below(bases.len())], &mut choices);
        let began = Instant::now();
        carried_through(&base, &reached)?;
        prop_assert!(began.elapsed() < BUDGET, "{:?}", began.elapsed());
        Ok(())
    });
    reached
}

/// Some of each stage, or the fuzz tests nothing.
fn reaches_everything(reached: &Reached, cases: usize) {
    let stages = [&reached.read, &reached.compiled, &reached.faultless, &reached.valid, &reached.priced];
    let counts: Vec<usize> = stages.iter().map(|stage| stage.get()).collect();
    assert!(counts.iter().all(|count| count * 20 > cases), "{counts:?} of {cases}");
}

#[test]
fn what_is_spoiled_was_sound_before() {
    for base in SMALL.iter().chain(SHIPPED_BASES.iter()) {
        let reached = Reached::default();
        let examined = SHIPPED.examine(&yaml_serde::to_string(&base.definition).unwrap());
        assert_eq!(examined.faults, [], "{}", base.definition["id"]);
        carried_through(base, &reached).unwrap();
        assert!(reached.faultless.get() > 0 && reached.priced.get() > 0, "{}", base.definition["id"]);
    }
}

#[test]
fn small_hostile_definitions_do_no_harm() {
    let cases = scaled(200);
    for part in SMALL.chunks(1) {
        reaches_everything(&fuzz(cases, part), cases);
    }
}

#[test]
fn spoiled_shipped_definitions_do_no_harm() {
    let cases = scaled(60);
    reaches_everything(&fuzz(cases, &SHIPPED_BASES), cases);
}

#[test]
fn spoiled_texts_of_definitions_are_refused_with_a_fault() {
    const PIECES: [&str; 20] = [
        "[",
        "]",
        "{",
        "}",
        ": ",
        "- ",
        "&a ",
        "*a",
        "<<: *a",
        "!!binary ",
        "\t",
        "\u{0}",
        "---\n",
        "? ",
        "| \n",
        "'",
        "\"",
        "#",
        "%YAML 9.9\n",
        "!<tag:yaml.org,2002:int> ",
    ];
    let texts: Vec<String> =
        SMALL.iter().map(|base| yaml_serde::to_string(&base.definition).unwrap()).collect();
    let (refused, taken) = (Cell::new(0_usize), Cell::new(0_usize));
    let cases = scaled(350);
    for_all_bytes(cases, 80, |bytes| {
        let mut choices = Choices::of(bytes);
        let mut characters: Vec<char> = texts[choices.below(texts.len())].chars().collect();
        for _ in 0..choices.below(4) {
            let at = choices.below(characters.len() + 1);
            let cut = choices.below(20).min(characters.len() - at);
            let piece = choices.one_of(&PIECES);
            let times = if choices.once_in(10) { 5_000 } else { 1 };
            characters.splice(at..at + cut, piece.repeat(times).chars());
        }
        let text: String = characters.into_iter().collect();
        let began = Instant::now();
        let examined = SHIPPED.examine(&text);
        prop_assert!(began.elapsed() < BUDGET, "{:?}", began.elapsed());
        prop_assert!(examined.procedure.is_some() || !examined.faults.is_empty(), "{text}");
        count(if examined.faults.is_empty() { &taken } else { &refused });
        Ok(())
    });
    assert!(refused.get() * 4 > cases && taken.get() * 20 > cases, "{} and {}", refused.get(), taken.get());
}

#[test]
fn answers_as_deep_and_as_large_as_the_reader_of_json_lets_through_are_judged() {
    let base = &SMALL[2];
    let definition: ProcedureDefinition = serde_json::from_value(base.definition.clone()).unwrap();
    let form = CompiledForm::compile(&definition).unwrap();
    let known =
        Circumstances { channel: Channel::Online, applicant_kind: None, arrived_on: ARRIVED_ON }.facts();
    let deep = (0..120).fold(json!(1), |inner, _| json!([inner]));
    let wide = Value::Array(vec![json!({"kind": "a", "quantity": 1}); 20_000]);
    let many: serde_json::Map<String, Value> = (0..20_000).map(|name| (name.to_string(), json!(1))).collect();
    for answers in [deep.clone(), json!({"items": deep}), json!({"items": wide}), Value::Object(many)] {
        let began = Instant::now();
        let completed = form.complete(form.tidy(answers), &known);
        assert!(!form.validate(&completed, &known).is_empty());
        form.standings(&completed, &known);
        form.facts(&completed, &known);
        assert!(began.elapsed() < BUDGET, "{:?}", began.elapsed());
    }
}
