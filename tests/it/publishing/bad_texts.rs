//! Texts that nobody should be able to publish, and none of which may hurt the service.

use serde_json::json;

use super::{Office, PAPERS, SHIPPED, id, text};
use crate::support::app::new_key;
use crate::support::db::TestDb;
use crate::support::traces::traces;

/// Aliases that would grow to a billion items.
fn alias_bomb() -> String {
    let mut bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
    for level in 1..10 {
        let below = format!("*a{}", level - 1);
        let items = vec![below; 10].join(", ");
        bomb.extend([format!("a{level}: &a{level} [{items}]\n")]);
    }
    bomb
}

on_both_databases!(a_text_with_faults_is_kept_with_them_and_never_published, async |db: TestDb| {
    let office = Office::open(&db).await;
    let deep = format!("{}{}", "[".repeat(5_000), "]".repeat(5_000));
    let rows = [
        ("nothing", String::new(), ""),
        ("no mapping", "- 1\n- 2\n".to_owned(), ""),
        ("a key twice", format!("{SHIPPED}\nretention_years: 5\n"), ""),
        ("an alias bomb", alias_bomb(), ""),
        ("very deep", deep, ""),
        ("an unknown member", text(2, "2026-05-01", 1).replace("assurance:", "colour: red\nassurance:"), ""),
        (
            "an unknown department",
            text(2, "2026-05-01", 22000).replace("kiki-shobo-hoan", "nowhere"),
            "/department",
        ),
        (
            "a wrong example",
            text(2, "2026-05-01", 22000).replace("total: 22000", "total: 1"),
            "/examples/0/total",
        ),
        ("a first day in the past", text(3, "2026-03-31", 22000), "/effective_from"),
        ("JSON with a fault", r#"{"id": "x", "version": 1, "tenant": "020001"}"#.to_owned(), ""),
    ];
    for (name, source, pointer) in rows {
        let made = office.app.post(&office.first, PAPERS, json!({ "source": source })).await;
        assert_eq!(made.status, 201, "{name}: {}", made.body);
        let faults = made.body["faults"].as_array().unwrap();
        let named = |fault: &serde_json::Value| pointer.is_empty() || fault["pointer"] == pointer;
        assert!(faults.iter().any(named), "{name}: {faults:?}");
        let paper = id(&made.body);
        let refused = office.act(&office.first, &paper, "propose").await;
        assert_eq!(refused.problem(), "422 validation_failed", "{name}");
        office.act(&office.first, &paper, "withdraw").await.expect(200);
    }
    assert_eq!(db.count("(SELECT revision FROM catalogue_state)").await, 0);
});

on_both_databases!(what_is_no_text_of_this_body_leaves_nothing_behind, async |db: TestDb| {
    let office = Office::open(&db).await;
    let before = traces(&db).await;
    let foreign = text(2, "2026-05-01", 22000).replace("\"020001\"", "\"022012\"");
    let half_foreign = "tenant: \"022012\"\ncolour: red\n".to_owned();
    let rows = [
        ("another body", foreign, "422 validation_failed"),
        ("another body in a text that is none", half_foreign, "422 validation_failed"),
        ("a NUL", "id: a\0b".to_owned(), "422 validation_failed"),
        ("half a megabyte", "#".repeat(512 * 1024 + 1), "413 too_large"),
    ];
    for (name, source, problem) in rows {
        let refused = office.app.post(&office.first, PAPERS, json!({ "source": source })).await;
        assert_eq!(refused.problem(), problem, "{name}: {}", refused.body);
    }
    for body in [json!({}), json!({ "source": 1 }), json!({ "source": "x", "tenant": "022012" })] {
        let refused = office.app.post(&office.first, PAPERS, body).await;
        assert_eq!(refused.problem(), "400 malformed_request");
    }
    let not_utf8 = office
        .app
        .raw(reqwest::Method::POST, PAPERS)
        .bearer_auth(&office.first.token)
        .header("idempotency-key", new_key())
        .header("content-type", "application/json")
        .body(b"{\"source\": \"\xff\xfe\"}".to_vec());
    assert_eq!(not_utf8.send().await.unwrap().status(), 400);
    assert_eq!(traces(&db).await, before);
    assert_eq!(db.count("(SELECT COUNT(*) FROM publications)").await, 0);
});
