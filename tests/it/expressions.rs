//! What the checker of expressions accepts, evaluates: to its type, to what is not answered, or to a fault that lies in
//! the answers. `TEST_ROUNDS` above 30 multiplies the cases.

pub mod grammar;
mod trees;

use std::cell::Cell;
use std::time::{Duration, Instant};

use madoguchi::domain::expression::{
    Answer, EvaluationFault, Expression, ExpressionText, Facts, Outcome, ValueType, compile,
};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use serde_json::json;

use self::grammar::scope;
use self::trees::Number;
use crate::support::choices::Choices;
use crate::support::traces::scaled;

/// What a text may take to be compiled and evaluated, in a debug build on a busy machine.
const BUDGET: Duration = Duration::from_secs(5);

/// Runs `property` on random bytes, the same ones every time.
pub fn for_all_bytes(cases: usize, longest: usize, property: impl Fn(&[u8]) -> Result<(), TestCaseError>) {
    let cases = u32::try_from(cases).unwrap();
    let config = Config { cases, failure_persistence: None, max_shrink_iters: 400, ..Config::default() };
    let mut runner = TestRunner::new_with_rng(config, TestRng::deterministic_rng(RngAlgorithm::ChaCha));
    let done = runner.run(&vec(any::<u8>(), 0..longest), |bytes| property(&bytes));
    if let Err(error) = done {
        panic!("{error}");
    }
}

/// Whether an outcome is of the type that was asked for.
fn is_of(outcome: &Outcome, value_type: &ValueType) -> bool {
    match (value_type, outcome) {
        (ValueType::Bool, Outcome::Bool(_)) | (ValueType::Int, Outcome::Int(_)) => true,
        (ValueType::Text, Outcome::Text(_)) => true,
        (ValueType::Date, Outcome::Text(text)) => text.parse::<jiff::civil::Date>().is_ok(),
        _ => false,
    }
}

fn holds(expression: &Expression, value_type: &ValueType, facts: &Facts) -> Result<(), TestCaseError> {
    let text = expression.text();
    let answer = expression.evaluate(facts);
    match &answer {
        Ok(Answer::Known(outcome)) => prop_assert!(is_of(outcome, value_type), "{text}: {outcome:?}"),
        Ok(Answer::Unanswered(paths)) => {
            prop_assert!(!paths.is_empty(), "{text}");
            for path in paths {
                let below = |read: &String| path == read || path.starts_with(&format!("{read}."));
                prop_assert!(expression.reads().iter().any(below), "{text}: {path}");
                prop_assert!(facts.get(path).is_none(), "{text}: {path}");
            }
        }
        Err(EvaluationFault::Overflow | EvaluationFault::DivisionByZero | EvaluationFault::OutOfRange) => {}
        Err(fault) => prop_assert!(false, "{text}: {fault:?}"),
    }
    let narrowed = Facts::new(facts.narrowed(expression.inputs()));
    prop_assert_eq!(expression.evaluate(&narrowed), answer, "{}", text);
    Ok(())
}

#[test]
fn what_the_checker_accepts_evaluates_to_its_type_or_to_a_fault_of_the_answers() {
    let (accepted, known) = (Cell::new(0_usize), Cell::new(0_usize));
    let cases = scaled(300);
    for_all_bytes(cases, 90, |bytes| {
        let mut choices = Choices::of(bytes);
        let facts = Facts::new(grammar::facts(&mut choices));
        let (value_type, text) = grammar::typed_text(&mut choices);
        let began = Instant::now();
        if let Ok(expression) = compile(&ExpressionText(text.clone()), &scope(), &value_type) {
            accepted.set(accepted.get() + 1);
            holds(&expression, &value_type, &facts)?;
            holds(&expression, &value_type, &Facts::default())?;
            if matches!(expression.evaluate(&facts), Ok(Answer::Known(_))) {
                known.set(known.get() + 1);
            }
        }
        prop_assert!(began.elapsed() < BUDGET, "{text}");
        Ok(())
    });
    // Otherwise the grammar no longer writes what the checker takes, and nothing was tested.
    assert!(accepted.get() * 2 > cases, "{} of {cases} accepted", accepted.get());
    assert!(known.get() * 8 > cases, "{} of {cases} known", known.get());
}

#[test]
fn what_is_printed_is_parsed_back_as_the_same_tree() {
    let (exact, out_of_range) = (Cell::new(0_usize), Cell::new(0_usize));
    for_all_bytes(scaled(300), 60, |bytes| {
        let mut choices = Choices::of(bytes);
        let tree = Number::any(&mut choices, 4);
        let text = tree.print(0);
        let Ok(expression) = compile(&ExpressionText(text.clone()), &scope(), &ValueType::Int) else {
            // Too long, too deep or too costly, which others test; never a text that does not parse.
            return Ok(());
        };
        for trades in [0, 1, 29, -3, i64::MAX] {
            let facts = Facts::new([("form".to_owned(), json!({"trades": trades}))].into_iter().collect());
            match (tree.value(trades), expression.evaluate(&facts)) {
                (Some(value), Ok(Answer::Known(Outcome::Int(found)))) => {
                    prop_assert_eq!(value, found, "{} of {}", text, trades);
                    exact.set(exact.get() + 1);
                }
                // A branch that is not taken may be what leaves the range.
                (None, _) => out_of_range.set(out_of_range.get() + 1),
                (Some(_), other) => prop_assert!(false, "{text} of {trades}: {other:?}"),
            }
        }
        Ok(())
    });
    assert!(exact.get() > out_of_range.get(), "{} exact, {} not", exact.get(), out_of_range.get());
}

#[test]
fn a_spoiled_text_is_refused_or_evaluates_within_its_budget() {
    const PIECES: [&str; 24] = [
        "(",
        ")",
        "[",
        "]",
        "{",
        "}",
        ".",
        ",",
        "?",
        ":",
        "!",
        "-",
        "'",
        "\"",
        "\\",
        "\u{0}",
        "𠮷",
        "form",
        "has(",
        "9999999999999999999",
        "1.5e300",
        ".map(i, ",
        ".all(i, i in ",
        "b'\\xff'",
    ];
    for_all_bytes(scaled(200), 90, |bytes| {
        let mut choices = Choices::of(bytes);
        let mut characters: Vec<char> = grammar::typed_text(&mut choices).1.chars().collect();
        for _ in 0..=choices.below(5) {
            let at = choices.below(characters.len() + 1);
            let piece = choices.one_of(&PIECES);
            let cut = if choices.once_in(2) { choices.below(characters.len() - at + 1) } else { 0 };
            characters.splice(at..at + cut, piece.chars());
        }
        let text: String = characters.into_iter().collect();
        let facts = Facts::new(grammar::facts(&mut choices));
        let began = Instant::now();
        for value_type in [ValueType::Bool, ValueType::Int] {
            if let Ok(expression) = compile(&ExpressionText(text.clone()), &scope(), &value_type) {
                holds(&expression, &value_type, &facts)?;
            }
        }
        prop_assert!(began.elapsed() < BUDGET, "{text}");
        Ok(())
    });
}
