//! `procedures impact`: what a new version would mean to the drafts and cases there are; and nothing is changed by asking.

use std::sync::Arc;

use madoguchi::catalogue::{Catalogue, CatalogueProcedure};
use madoguchi::domain::id::TenantCode;
use madoguchi::service::impact::{Outcome, impact};
use serde_json::json;

use crate::support::app::{AOMORI_CITY, TestApp};
use crate::support::db::{TestDb, execute};

const PROCEDURE: &str = "koseki-shomei";

/// A second version built on the shipped template.
fn second_version(overrides: &str) -> Arc<CatalogueProcedure> {
    let text = format!(
        "extends: {{ template: {PROCEDURE}, version: 1 }}\ntenant: \"{AOMORI_CITY}\"\nversion: 2\n\
         overrides:\n  department: shimin\n  effective_from: 2025-04-01\n{overrides}"
    );
    let file = format!("procedures/{AOMORI_CITY}/{PROCEDURE}.v2.yaml");
    let catalogue = Catalogue::load_embedded_with([(file, text)]).unwrap();
    let tenant = TenantCode::parse(AOMORI_CITY).unwrap();
    Arc::clone(catalogue.procedure_version(&tenant, PROCEDURE, 2).unwrap())
}

/// One copy at most, a purpose to be named, and 500 yen.
const DEARER_AND_STRICTER: &str = "
  form:
    copies: { max: 1 }
    purpose: { label: { ja: 使用目的, en: Purpose }, type: text, required: true }
  fees:
    koseki: { formula: { unit_amount: 500 } }
  examples:
    本人が2通: { form: { copies: 1, purpose: 旅券 }, total: 500 }
    配偶者が1通: { form: { purpose: 旅券 }, total: 500 }
    直系卑属が20通: { form: { copies: 1, purpose: 旅券 }, total: 500 }
";

on_both_databases!(a_new_version_is_tried_on_every_draft_and_open_case, async |db: TestDb| {
    let app = TestApp::start(&db).await;
    let resident = app.register("resident@example.jp", "resident").await;
    let cases = format!("/v1/tenants/{AOMORI_CITY}/applications");
    let empty = json!({"procedure": PROCEDURE, "form": {}});
    let empty = app.post(&resident, &cases, empty).await.expect(201);
    let draft = app.draft(&resident, AOMORI_CITY, PROCEDURE).await;
    let submitted = app.submitted(&resident, AOMORI_CITY, PROCEDURE).await;
    let withdrawn = app.submitted(&resident, AOMORI_CITY, PROCEDURE).await;
    let gone = format!("{cases}/{}/withdraw", withdrawn["id"].as_str().unwrap());
    app.post(&resident, &gone, json!({})).await.expect(200);

    // The same again: everything fits and costs the same.
    let same = impact(&app.core, &second_version("")).await.unwrap();
    assert_eq!(same.count(Outcome::Fits), 3);
    let counts: Vec<_> = same.by_version_and_state().into_iter().collect();
    assert_eq!(counts, [((1, "draft"), 2), ((1, "submitted"), 1)]);
    assert!(same.faults.is_empty() && same.fees.keys().all(|(own, new)| own == new), "{same:?}");
    let ids: Vec<String> = same.cases.iter().map(|case| case.id.to_string()).collect();
    for id in [empty["id"].as_str().unwrap(), draft.as_str(), submitted["id"].as_str().unwrap()] {
        assert!(ids.iter().any(|other| other == id), "{id} is missing");
    }

    // A change is told by place, code and count, without an answer.
    let before = db.count("(SELECT CAST(sum(version) AS bigint) AS n FROM applications)").await;
    let found = impact(&app.core, &second_version(DEARER_AND_STRICTER)).await.unwrap();
    assert_eq!((found.count(Outcome::Fits), found.count(Outcome::NewFaults)), (1, 2));
    let faults: Vec<_> =
        found.faults.iter().map(|((at, code), count)| (at.as_str(), *code, *count)).collect();
    assert_eq!(faults, [("/copies", "maximum", 2), ("/purpose", "required", 1)]);
    // Two copies are no longer an answer, so they have no price.
    let fees: Vec<_> = found.fees.iter().map(|((own, new), count)| (*own, *new, *count)).collect();
    assert_eq!(fees, [(None, None, 1), (Some(900), None, 2)]);
    let told = format!("{found:?}");
    assert!(!told.contains("花子") && !told.contains("タカハシ"), "{told}");
    assert_eq!(db.count("(SELECT CAST(sum(version) AS bigint) AS n FROM applications)").await, before);
});

on_both_databases!(answers_that_do_not_open_are_counted_and_do_not_stop_the_look, async |db: TestDb| {
    let app = TestApp::start(&db).await;
    let resident = app.register("resident@example.jp", "resident").await;
    for _ in 0..2 {
        app.draft(&resident, AOMORI_CITY, PROCEDURE).await;
    }
    let spoil =
        "UPDATE applications SET sealed_form = wrapped_key WHERE id = (SELECT max(id) FROM applications)";
    execute(&db.settings.url, spoil);
    let found = impact(&app.core, &second_version("")).await.unwrap();
    assert_eq!((found.count(Outcome::Fits), found.count(Outcome::Unreadable)), (1, 1));
});
