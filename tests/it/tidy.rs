//! The rules of the house, held against `src` and `Cargo.lock`: who may know what, how long things may be, what may
//! not be written at all.

mod source;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use self::source::{SourceFile, read_all};

/// What each room of the house may import of ours; a room that is not here fails the test.
///
/// `cli` puts everything together. `simulator` is a stranger's house: it imports nothing of ours.
const DIRECTION: &[(&str, &[&str])] = &[
    ("catalogue", &["domain"]),
    (
        "cli",
        &[
            "catalogue",
            "clock",
            "config",
            "domain",
            "drill",
            "http",
            "jobs",
            "rehearsal",
            "service",
            "simulator",
            "start",
            "store",
            "storm",
            "telemetry",
        ],
    ),
    ("clock", &[]),
    ("config", &["domain"]),
    ("documents", &["config", "domain"]),
    ("domain", &[]),
    ("drill", &["clock"]),
    ("files", &["clock"]),
    ("gateway", &["config", "domain"]),
    ("http", &["catalogue", "domain", "gateway", "jobs", "seal", "service", "store", "telemetry"]),
    ("jobs", &["domain", "mail", "service", "store"]),
    ("lib", &[]),
    ("mail", &["config", "files"]),
    ("main", &["cli"]),
    ("rehearsal", &["catalogue", "clock", "domain", "service", "store", "storm"]),
    ("seal", &["clock", "domain"]),
    (
        "service",
        &[
            "catalogue",
            "clock",
            "config",
            "documents",
            "domain",
            "drill",
            "files",
            "gateway",
            "mail",
            "seal",
            "store",
        ],
    ),
    ("simulator", &[]),
    (
        "start",
        &[
            "catalogue",
            "clock",
            "config",
            "documents",
            "domain",
            "drill",
            "files",
            "gateway",
            "mail",
            "seal",
            "service",
            "store",
        ],
    ),
    ("store", &["clock", "domain"]),
    ("storm", &["clock", "domain", "drill", "service", "store"]),
    ("telemetry", &["config"]),
];

/// Crates by the first letters of their names, and the rooms that may know them.
const CRATES: &[(&str, &[&str])] = &[
    ("diesel", &["store"]),
    ("pq_sys", &["store"]),
    ("libsqlite3_sys", &["store"]),
    ("actix", &["http", "portal", "simulator"]),
    ("utoipa", &["http"]),
    ("reqwest", &["gateway", "simulator", "storm"]),
    ("lettre", &["mail"]),
    ("clap", &["cli"]),
    ("typst", &["documents"]),
    ("fast_qr", &["documents"]),
    ("comemo", &["documents"]),
    ("x509_parser", &["domain"]),
];

/// What `domain` may not contain: input and output, the clock, randomness, concurrency.
const IMPURE: &[&str] = &[
    "std::fs",
    "std::net",
    "std::env",
    "std::io",
    "std::process",
    "std::thread",
    "std::time",
    "std::sync::Mutex",
    "Timestamp::now",
    "Zoned::now",
    "Uuid::new",
    "Uuid::now",
    "tokio::",
    "actix_",
    "diesel::",
    "reqwest::",
    "metrics::",
    "tracing::",
    "aws_lc_rs::rand",
    "async fn",
    "println!",
];

/// Words that say that something is not done, or that a lint was silenced.
const UNFINISHED: &[&str] =
    &["TODO", "FIXME", "XXX", "HACK", "todo!(", "unimplemented!(", "dbg!(", "#[allow(", "#![allow("];

/// Crates that may not come in, because of their licence or because they are somebody's copy.
const UNWANTED: &[(&str, &str)] = &[
    ("actix-governor", "GPL-3.0"),
    ("slint", "GPL-3.0"),
    ("mysqlclient-sys", "links a GPL library"),
    ("readline-sys", "links a GPL library"),
    ("gmp-mpfr-sys", "LGPL-3.0, linked statically"),
    ("rug", "LGPL-3.0, linked statically"),
    ("fail", "crash points are our own: it has no kill and is compiled out of release builds"),
];

const LINES_A_FILE: usize = 500;
const LINES_A_FUNCTION: usize = 70;
const LINES_A_HANDLER: usize = 20;

fn none(broken: &[String], rule: &str) {
    assert!(broken.is_empty(), "{rule}:\n  {}", broken.join("\n  "));
}

/// Every place of `files` where one of `words` stands in the code.
fn places(files: &[SourceFile], words: &[&str], skip: impl Fn(&SourceFile) -> bool) -> Vec<String> {
    let mut found = Vec::new();
    for file in files.iter().filter(|file| !skip(file)) {
        for (number, line) in file.code.lines().enumerate() {
            let hits = words.iter().filter(|word| line.contains(**word));
            found.extend(hits.map(|word| format!("{}:{}: {word}", file.path, number + 1)));
        }
    }
    found
}

#[test]
fn each_crate_is_known_to_its_rooms_only() {
    let mut broken = Vec::new();
    for file in read_all() {
        let words: BTreeSet<&str> = file.words().collect();
        for (name, rooms) in CRATES {
            if !rooms.contains(&file.room()) && words.iter().any(|word| word.starts_with(name)) {
                broken.push(format!("{} knows {name}", file.path));
            }
        }
    }
    none(&broken, "a crate is known outside its rooms");
}

#[test]
fn imports_go_one_way() {
    let allowed: BTreeMap<&str, &[&str]> = DIRECTION.iter().copied().collect();
    let mut broken = Vec::new();
    for file in read_all() {
        let Some(may) = allowed.get(file.room()) else {
            broken.push(format!("{}: the room is not in the table", file.path));
            continue;
        };
        let other = file.imports().into_iter().filter(|import| import != file.room());
        let wrong = other.filter(|import| !may.contains(&import.as_str()));
        broken.extend(wrong.map(|import| format!("{} imports {import}", file.path)));
    }
    none(&broken, "an import goes the wrong way");
}

#[test]
fn only_the_commands_know_the_simulator() {
    let knows = |name: &str| DIRECTION.iter().any(|(room, may)| *room == name && may.contains(&"simulator"));
    let rooms: Vec<&str> = DIRECTION.iter().map(|(room, _)| *room).filter(|room| knows(room)).collect();
    assert_eq!(rooms, ["cli"]);
}

#[test]
fn the_domain_is_pure() {
    let broken = places(&read_all(), IMPURE, |file| file.room() != "domain");
    none(&broken, "the domain touches the world");
}

#[test]
fn only_two_files_ask_which_database_it_is() {
    let may = ["src/store/backend.rs", "src/store/backend/", "src/store/sql.rs", "src/store/sql/"];
    let broken = places(&read_all(), &["AnyConn::Pg", "AnyConn::Sqlite"], |file| {
        may.iter().any(|place| file.path.starts_with(place))
    });
    none(&broken, "a match on the backend");
}

#[test]
fn files_functions_and_handlers_are_short() {
    let mut broken = Vec::new();
    for file in read_all() {
        let lines = file.text.lines().count();
        if lines > LINES_A_FILE {
            broken.push(format!("{} has {lines} lines", file.path));
        }
        for function in file.functions() {
            let limit = if function.is_handler { LINES_A_HANDLER } else { LINES_A_FUNCTION };
            if function.lines > limit {
                broken.push(format!(
                    "{}:{}: {} has {} lines, {limit} are allowed",
                    file.path, function.line, function.name, function.lines
                ));
            }
        }
    }
    none(&broken, "too long");
}

#[test]
fn handlers_are_found_at_all() {
    let handlers = read_all()
        .iter()
        .flat_map(|file| file.functions().into_iter().filter(|function| function.is_handler))
        .count();
    assert!(handlers >= 30, "the test found only {handlers} handlers: it no longer reads them");
}

#[test]
fn nothing_is_left_unfinished_or_silenced() {
    let mut broken = Vec::new();
    for file in read_all() {
        for (number, line) in file.text.lines().enumerate() {
            let hits = UNFINISHED.iter().filter(|word| line.contains(**word));
            broken.extend(hits.map(|word| format!("{}:{}: {word}", file.path, number + 1)));
        }
    }
    none(&broken, "unfinished or silenced");
}

#[test]
fn every_file_says_what_it_is_for() {
    let without = read_all().into_iter().filter(|file| !file.text.starts_with("//! "));
    none(&without.map(|file| file.path).collect::<Vec<_>>(), "a file without a module document");
}

#[test]
fn every_dependency_comes_from_the_registry_and_none_is_unwanted() {
    let lock = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.lock")).unwrap();
    let mut broken = Vec::new();
    let packages: Vec<&str> = lock.split("[[package]]").skip(1).collect();
    assert!(packages.len() > 100, "the lock file was not read");
    for package in packages {
        let field = |name: &str| {
            let line = package.lines().find_map(|line| line.strip_prefix(&format!("{name} = \"")));
            line.map(|value| value.trim_end_matches('"')).unwrap_or_default()
        };
        let name = field("name");
        if let Some((_, reason)) = UNWANTED.iter().find(|(unwanted, _)| *unwanted == name) {
            broken.push(format!("{name}: {reason}"));
        }
        if name != "madoguchi" && !field("source").starts_with("registry+") {
            broken.push(format!("{name} does not come from the registry"));
        }
    }
    none(&broken, "an unwanted dependency");
}
