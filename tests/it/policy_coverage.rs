//! Every operation of the document is asked by everybody who may not, and by those who may.
//!
//! The table has one row an operation. An operation without a row fails, and so does a row without an operation:
//! nobody can add a call and forget to say who may make it.

mod table;
pub mod world;

use std::collections::{BTreeMap, BTreeSet};

use reqwest::Method;
use serde_json::{Value, json};

use self::table::TABLE;
use self::world::{Target, World};
use crate::support::app::{Answer, Person, TestApp};
use crate::support::db::TestDb;
use crate::support::traces::traces;

/// Who may make a call.
enum Access {
    /// Anybody, for this reason; a good request without a token gets this status.
    Public(&'static str, u16),
    /// Everybody who is signed in, about nothing but the own account, for this reason.
    Own(&'static str),
    /// As the policy says of this target, in the order of [`ACTORS`]: a status, or `ok` for whatever is no refusal of
    /// the policy (done, or not possible in this state).
    Guarded(Target, &'static str),
}

/// The columns of guarded rows.
const ACTORS: [&str; 8] = [
    "a stranger",
    "an officer of another body",
    "an officer of another department",
    "an accountant",
    "the applicant",
    "the clerk",
    "the section chief",
    "an administrator",
];

use Access::{Guarded, Own, Public};

/// An operation as the document has it.
struct Operation {
    id: String,
    method: Method,
    path: String,
    is_public: bool,
}

fn operations() -> BTreeMap<String, Operation> {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("openapi/madoguchi.yaml");
    let document: Value = yaml_serde::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    let by_default = public(&document["security"]);
    let mut found = BTreeMap::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let Ok(method) = method.to_uppercase().parse::<Method>() else { continue };
            let id = operation["operationId"].as_str().unwrap().to_owned();
            let is_public = operation.get("security").map_or(by_default, public);
            let made = Operation { id: id.clone(), method, path: path.clone(), is_public };
            assert!(found.insert(id.clone(), made).is_none(), "{id} stands twice in the document");
        }
    }
    found
}

/// No security at all, or one of the alternatives asks for nothing.
fn public(security: &Value) -> bool {
    security.as_array().is_none_or(|ways| {
        ways.is_empty() || ways.iter().any(|way| way.as_object().is_some_and(serde_json::Map::is_empty))
    })
}

#[test]
fn every_operation_has_a_row_and_every_row_an_operation() {
    let documented: BTreeSet<String> = operations().into_keys().collect();
    let listed: BTreeSet<String> = TABLE.iter().map(|(id, _)| (*id).to_owned()).collect();
    assert_eq!(listed.len(), TABLE.len(), "an operation has two rows");
    let missing: Vec<_> = documented.difference(&listed).collect();
    let left_over: Vec<_> = listed.difference(&documented).collect();
    assert!(missing.is_empty(), "nobody said who may call: {missing:?}");
    assert!(left_over.is_empty(), "there is no such operation (any more): {left_over:?}");
}

#[test]
fn the_document_says_public_where_the_table_does() {
    let operations = operations();
    for (id, access) in TABLE {
        let Some(operation) = operations.get(*id) else { continue };
        let is_public = matches!(access, Public(..));
        assert_eq!(operation.is_public, is_public, "{id}: security of the document");
        match access {
            Public(reason, _) | Own(reason) => assert!(!reason.is_empty(), "{id}: why"),
            Guarded(_, letters) => {
                assert_eq!(letters.split(' ').count(), ACTORS.len(), "{id}: one column an actor");
            }
        }
    }
}

async fn ask(world: &World, operation: &Operation, path: &str, who: Option<&Person>) -> Answer {
    if operation.id == "add_attachment" {
        return world.upload(path, who).await;
    }
    let key = crate::support::app::new_key();
    // A version that never was: who may change the thing is told that it is stale, and nothing changes.
    let mut headers = vec![("idempotency-key", key.as_str()), ("if-match", "\"999\"")];
    // Where a version may be left out, nothing is asked before who asks.
    headers.truncate(if operation.id == "recall_proposal" { 1 } else { 2 });
    let body = (operation.method != Method::GET).then(|| world.body(&operation.id));
    world.app.call(operation.method.clone(), path, who, &headers, body).await
}

/// The body without what differs from request to request.
fn same(answer: &Answer) -> Value {
    let mut body = answer.body.clone();
    if let Some(problem) = body.as_object_mut() {
        problem.remove("request_id");
    }
    body
}

fn holds(answer: &Answer, expected: &str) -> bool {
    let status = answer.status.as_u16();
    match expected {
        "ok" => (200..300).contains(&status) || [409, 412, 422].contains(&status),
        code => status.to_string() == code,
    }
}

on_both_databases!(every_call_answers_each_actor_as_the_table_says, async |db: TestDb| {
    let app = TestApp::start_over(&db, crate::el_qr::files(), |_| {}).await;
    let world = World::prepare(app).await;
    let operations = operations();
    let mut wrong = Vec::new();
    let before = traces(&db).await;
    for (id, access) in TABLE {
        let Some(operation) = operations.get(*id) else { continue };
        if !matches!(access, Public(..)) {
            refuses_strangers_to_the_service(&world, operation, access, &mut wrong).await;
        }
        if let Guarded(target, letters) = access {
            refuses(&world, operation, *target, letters, &mut wrong).await;
        }
    }
    assert_eq!(traces(&db).await, before, "a refused call left something behind");
    for (id, access) in TABLE {
        let Some(operation) = operations.get(*id) else { continue };
        match access {
            Public(_, status) => {
                let path = world.path(&operation.path, Target::Body, None);
                let answer = ask(&world, operation, &path, None).await;
                note(&mut wrong, operation, "anybody", &status.to_string(), &answer);
            }
            Own(_) => shows_only_the_own(&world, operation, &mut wrong).await,
            Guarded(target, letters) => {
                for ((who, actor), expected) in world.actors().into_iter().zip(letters.split(' ')) {
                    if expected == "ok" {
                        let path = world.path(&operation.path, *target, None);
                        let answer = ask(&world, operation, &path, Some(actor)).await;
                        note(&mut wrong, operation, who, expected, &answer);
                    }
                }
            }
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
});

fn note(wrong: &mut Vec<String>, operation: &Operation, who: &str, expected: &str, answer: &Answer) {
    if !holds(answer, expected) {
        let got = answer.problem();
        wrong.push(format!("{} for {who}: expected {expected}, got {got} {}", operation.id, answer.body));
    }
}

/// No token, and a token that nobody signed.
async fn refuses_strangers_to_the_service(
    world: &World,
    operation: &Operation,
    access: &Access,
    wrong: &mut Vec<String>,
) {
    let target = if let Guarded(target, _) = access { *target } else { Target::Body };
    let path = world.path(&operation.path, target, None);
    let forged = Person { token: format!("{}x", world.applicant.token), id: world.applicant.id.clone() };
    for (name, who) in [("nobody", None), ("a forger", Some(&forged))] {
        let answer = ask(world, operation, &path, who).await;
        note(wrong, operation, name, "401", &answer);
        if answer.body["code"] != "not_signed_in" {
            wrong.push(format!("{} for {name}: {}", operation.id, answer.body));
        }
    }
}

/// Everybody who may not: the status of the table, and for what is hidden the very answer of what does not exist.
async fn refuses(
    world: &World,
    operation: &Operation,
    target: Target,
    letters: &str,
    wrong: &mut Vec<String>,
) {
    let real = world.path(&operation.path, target, None);
    let missing = world.path(&operation.path, target, Some("00000000-0000-7000-8000-000000000000"));
    for ((who, actor), expected) in world.actors().into_iter().zip(letters.split(' ')) {
        if expected != "ok" {
            let answer = ask(world, operation, &real, Some(actor)).await;
            note(wrong, operation, who, expected, &answer);
            if expected == "404" {
                let nothing = ask(world, operation, &missing, Some(actor)).await;
                if same(&answer) != same(&nothing) {
                    wrong.push(format!(
                        "{} tells {who} that it exists: {} {}",
                        operation.id, answer.body, nothing.body
                    ));
                }
            }
        }
        // Nobody reaches a case through another body.
        if operation.path.contains("{id}") {
            let elsewhere = real.replace("/020001/", "/022012/");
            let answer = ask(world, operation, &elsewhere, Some(actor)).await;
            note(wrong, operation, &format!("{who} through another body"), "404", &answer);
        }
    }
}

/// A list of the own things of somebody who has none is empty, whatever others have.
async fn shows_only_the_own(world: &World, operation: &Operation, wrong: &mut Vec<String>) {
    for (who, actor) in [("a stranger", &world.stranger), ("an officer of another body", &world.city)] {
        let answer = ask(world, operation, &operation.path, Some(actor)).await;
        note(wrong, operation, who, "ok", &answer);
        let empty = answer.body.get("items").is_none_or(|items| *items == json!([]));
        let other = answer.body.get("id").is_some_and(|id| *id == json!(world.applicant.id));
        if !empty || other {
            wrong.push(format!("{} shows {who} what is not theirs: {}", operation.id, answer.body));
        }
    }
}
