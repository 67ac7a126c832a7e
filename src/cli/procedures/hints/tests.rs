//! Every code that a definition can be refused with has a hint of its own.

use std::collections::BTreeSet;
use std::path::Path;

use super::{HINTS, UNKNOWN, hint};

/// Where faults of definitions, and of the answers of their examples, are made.
const PLACES: [&str; 8] = [
    "src/catalogue",
    "src/domain/procedure",
    "src/domain/form",
    "src/domain/expression",
    "src/domain/fee",
    "src/domain/routing",
    "src/domain/documents",
    "src/domain/validity",
];

/// What makes a fault; the code is one of its first two arguments.
const MAKERS: [&str; 5] = ["Fault::new(", "fault(", "one(", "add(", "refuse("];

fn read(path: &Path, into: &mut String) {
    if path.is_dir() {
        for entry in std::fs::read_dir(path).unwrap() {
            read(&entry.unwrap().path(), into);
        }
    } else if path.extension().is_some_and(|ending| ending == "rs") && !path.ends_with("tests.rs") {
        let text = std::fs::read_to_string(path).unwrap();
        into.push_str(text.split("#[cfg(test)]").next().unwrap());
    }
}

/// The first two arguments of a call whose bracket was just opened.
fn arguments(call: &str) -> Vec<&str> {
    let (mut found, mut start, mut depth, mut quoted, mut escaped) = (Vec::new(), 0, 0, false, false);
    for (at, letter) in call.char_indices() {
        match letter {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            _ if quoted => {}
            '(' | '[' | '{' => depth += 1,
            ',' | ')' | ']' | '}' if depth == 0 => {
                found.push(call[start..at].trim());
                start = at + 1;
                if letter != ',' || found.len() == 2 {
                    break;
                }
            }
            ')' | ']' | '}' => depth -= 1,
            _ => {}
        }
    }
    found
}

/// The code that a literal is.
fn code_of(literal: &str) -> Option<String> {
    let word = literal.strip_prefix('"')?.strip_suffix('"')?;
    let is_code = word.starts_with(|letter: char| letter.is_ascii_lowercase())
        && word.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_');
    is_code.then(|| word.to_owned())
}

fn codes() -> BTreeSet<String> {
    let mut text = String::new();
    for place in PLACES {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(place);
        for path in [path.with_extension("rs"), path] {
            if path.exists() {
                read(&path, &mut text);
            }
        }
    }
    let mut codes = BTreeSet::new();
    for maker in MAKERS {
        for (at, _) in text.match_indices(maker) {
            let is_part = text[..at].ends_with(|letter: char| letter.is_alphanumeric() || letter == '_');
            if !is_part || maker == "fault(" {
                codes.extend(arguments(&text[at + maker.len()..]).into_iter().find_map(code_of));
            }
        }
    }
    // An enum of faults that knows its codes.
    for (at, _) in text.match_indices("fn code(&self)") {
        let body = &text[at..at + text[at..].find("\n    }").unwrap()];
        codes.extend(body.split("=>").skip(1).filter_map(|arm| code_of(arm.split(',').next()?.trim())));
    }
    codes
}

#[test]
fn every_code_of_a_fault_has_a_hint() {
    let codes = codes();
    let bare: Vec<_> = codes.iter().filter(|code| hint(code) == UNKNOWN).collect();
    assert!(bare.is_empty(), "without a hint: {bare:?}");
    assert!(codes.len() >= 35, "only {} codes were found: {codes:?}", codes.len());
}

#[test]
fn no_code_has_two_hints_and_none_is_empty() {
    let known: BTreeSet<_> = HINTS.iter().map(|(code, _, _)| code).collect();
    assert_eq!(known.len(), HINTS.len());
    assert!(HINTS.iter().all(|(_, ja, en)| !ja.is_empty() && en.is_ascii()));
}
