//! `madoguchi verify`, as somebody at a terminal runs it who holds a paper: over the database, and by the public keys alone.

use std::path::Path;
use std::process::Command;

use madoguchi::store::DatabaseUrl;
use serde_json::{Value, json};

use crate::issued_documents::{of_kind, page};
use crate::policy_coverage::world::PROCEDURE;
use crate::receipts::Scene;
use crate::support::app::{AOMORI, TestApp};
use crate::support::db::{TestDb, new_folder};
use crate::support::font::without_font;

/// Whether the command succeeded, with its output and its errors.
fn madoguchi(arguments: &[&str]) -> (bool, String, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_madoguchi"));
    // The key of the service that made the papers.
    command.env("MADOGUCHI__SECRETS__INSTALLATION_KEY", data_encoding::BASE64.encode(&[7; 32]));
    let run = command.args(arguments).output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (run.status.success(), text(run.stdout), text(run.stderr))
}

fn database(db: &TestDb) -> String {
    match &db.settings.url {
        DatabaseUrl::SqliteFile(path) => format!("sqlite:{}", path.display()),
        DatabaseUrl::Postgres(url) => url.clone(),
    }
}

/// What the command says of a token that is ours, over the database and by the keys.
fn both(db: &TestDb, keys: &Path, token: &str) -> (Value, Value) {
    let line = |(succeeded, said, errors): (bool, String, String)| -> Value {
        assert!(succeeded, "{errors}");
        serde_json::from_str(&said).unwrap()
    };
    let online = madoguchi(&["verify", "--database", &database(db), token]);
    (line(online), line(madoguchi(&["verify", "--key", keys.to_str().unwrap(), token])))
}

/// The token with one of its letters changed, somewhere in the middle.
fn tampered(token: &str) -> String {
    let place = token.char_indices().skip(token.len() / 2).find(|(_, letter)| letter.is_ascii_alphanumeric());
    let (at, letter) = place.unwrap();
    let other = if letter == 'A' { "B" } else { "A" };
    format!("{}{other}{}", &token[..at], &token[at + 1..])
}

on_both_databases!(
    verify_tells_a_paper_of_ours_from_a_changed_one_and_says_when_it_is_revoked,
    async |db: TestDb| {
        let app = TestApp::start(&db).await;
        let scene = Scene::set(&app, PROCEDURE).await;
        let shown = app.get(&scene.business, &scene.path("")).await.expect(200);
        let case = format!("/v1/tenants/{AOMORI}/applications/{}", shown["application"].as_str().unwrap());
        let entry = scene.pay_cash().await;
        let receipts = of_kind(&app, &scene.business, &case, "receipt").await;
        let (_, token) = page(&app, &scene.business, &case, &receipts[0]).await;
        let keys = new_folder().join("keys.json");
        let (succeeded, printed, errors) = madoguchi(&["audit", "key"]);
        assert!(succeeded, "{errors}");
        std::fs::write(&keys, printed).unwrap();

        let (online, offline) = both(&db, &keys, &token);
        for said in [&online, &offline] {
            assert_eq!((&said["authentic"], &said["document"]), (&json!(true), &json!("receipt")), "{said}");
            assert_eq!(
                (&said["tenant"], &said["issued_on"]),
                (&json!(AOMORI), &json!("2026-04-01")),
                "{said}"
            );
        }
        let number = app.get(&scene.business, &case).await.expect(200)["number"].clone();
        assert_eq!((&online["status"], &online["number"]), (&json!("current"), &number));
        assert_eq!(
            (&offline["status"], &offline["number"]),
            (&json!("unknown"), &Value::Null),
            "keys know no status"
        );
        assert_eq!(online["content_sha256"], offline["content_sha256"]);
        let address = format!("https://madoguchi.example/v1/verify/{token}");
        assert_eq!(both(&db, &keys, &address), (online, offline), "the whole address does as well");

        let changed = tampered(&token);
        for arguments in [
            vec!["verify", "--database", &database(&db), &changed],
            vec!["verify", "--key", keys.to_str().unwrap(), &changed],
        ] {
            let (succeeded, said, errors) = madoguchi(&arguments);
            assert!(!succeeded && said.is_empty() && !errors.is_empty(), "{said} {errors}");
        }

        let reverse =
            format!("/v1/tenants/{AOMORI}/counter-payments/{}/reverse", entry["id"].as_str().unwrap());
        app.post(&scene.accountant, &reverse, json!({ "reason": "誤入力" })).await.expect(200);
        let (online, offline) = both(&db, &keys, &token);
        assert_eq!((&online["authentic"], &online["status"]), (&json!(true), &json!("revoked")));
        assert_eq!(offline["status"], "unknown");
    }
);

#[test]
fn documents_check_tries_every_template_of_the_folder_and_of_the_program() {
    let folder = new_folder();
    std::fs::create_dir_all(folder.join(AOMORI)).unwrap();
    std::fs::write(folder.join(AOMORI).join("licence.typ"), "= 免許証").unwrap();
    std::fs::write(folder.join("permit.typ"), "#let x = ").unwrap();
    let (succeeded, said, errors) = madoguchi(&["documents", "check", folder.to_str().unwrap()]);
    assert!(!succeeded, "{said}");
    if errors.contains("fonts-noto-cjk") {
        without_font();
        return;
    }
    assert!(errors.contains("誤りが2件あります"), "{errors}");
    let faulty: Vec<_> = said.lines().filter(|line| !line.starts_with("ok  ")).collect();
    assert!(faulty[0].starts_with("020001/licence.typ: ") && faulty[1].starts_with("permit.typ: "), "{said}");
    assert!(
        said.contains("ok  permit\n") && said.contains("ok  application_copy\n"),
        "the program's own: {said}"
    );
}
