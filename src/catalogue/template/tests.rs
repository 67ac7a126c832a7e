//! What an override does, what it may not do, and where a fault of the result was written.

use serde_json::{Value, json};

use super::{Extension, Source, resolve};

fn template() -> Value {
    json!({
        "id": "kanban", "version": 3, "kind": "application", "title": {"ja": "許可", "en": "Permit"},
        "form": [
            {"name": "place", "label": {"ja": "場所", "en": "Place"}, "type": "text"},
            {"name": "rows", "label": {"ja": "明細", "en": "Rows"}, "type": "table",
             "columns": [{"name": "area", "label": {"ja": "面積", "en": "Area"}, "type": "integer"}]},
        ],
        "fees": [
            {"code": "a", "effective_from": "2020-04-01", "formula": {"kind": "flat", "amount": 100}},
            {"code": "b", "effective_from": "2020-04-01", "formula": {"kind": "flat", "amount": 200}},
            {"code": "b", "effective_from": "2026-04-01", "formula": {"kind": "flat", "amount": 300}},
        ],
        "keywords": ["x"], "routing": [], "approval_route": [{"role": "section_chief"}],
    })
}

fn extension(overrides: &Value) -> Extension {
    serde_json::from_value(json!({
        "extends": {"template": "kanban", "version": 3}, "tenant": "022021", "version": 1, "overrides": overrides,
    }))
    .unwrap()
}

fn resolved(overrides: &Value) -> Value {
    resolve(&template(), &extension(overrides)).unwrap().value()
}

fn refused(overrides: &Value) -> Vec<(String, &'static str)> {
    let faults = resolve(&template(), &extension(overrides)).unwrap_err();
    faults.into_iter().map(|fault| (fault.pointer, fault.code)).collect()
}

#[test]
fn without_overrides_it_is_the_template_with_its_own_body_and_version() {
    let mut expected = template();
    expected["tenant"] = json!("022021");
    expected["version"] = json!(1);
    assert_eq!(resolved(&json!({})), expected);
}

#[test]
fn members_replace_null_removes_and_lists_are_patched_by_key() {
    let found = resolved(&json!({
        "department": "toshi",
        "title": {"ja": "弘前市の許可"},
        "keywords": ["y", "z"],
        "approval_route": null,
        "form": {"place": {"label": {"ja": "設置場所"}}, "note": {"label": {"ja": "備考", "en": "Note"}, "type": "text"}},
        "fees": {
            "a": null,
            "b@2026-04-01": {"formula": {"amount": 330}},
            "c": {"effective_from": "2026-04-01", "formula": {"kind": "flat", "amount": 1}},
        },
        "routing": [{"department": "x"}],
    }));
    assert_eq!(found["department"], "toshi");
    assert_eq!(found["title"], json!({"ja": "弘前市の許可", "en": "Permit"}));
    assert_eq!(found["keywords"], json!(["y", "z"]));
    assert_eq!(found.get("approval_route"), None);
    assert_eq!(
        found["form"][0],
        json!({"name": "place", "label": {"ja": "設置場所", "en": "Place"}, "type": "text"})
    );
    assert_eq!(
        found["form"][2],
        json!({"name": "note", "label": {"ja": "備考", "en": "Note"}, "type": "text"})
    );
    let fees: Vec<_> = found["fees"]
        .as_array()
        .unwrap()
        .iter()
        .map(|fee| (&fee["code"], &fee["formula"]["amount"]))
        .collect();
    assert_eq!(fees, [(&json!("b"), &json!(200)), (&json!("b"), &json!(330)), (&json!("c"), &json!(1))]);
    assert_eq!(found["routing"], json!([{"department": "x"}]));
}

#[test]
fn the_legal_kind_the_id_and_the_fields_of_the_form_stay_the_templates() {
    for (overrides, pointer) in [
        (json!({"kind": "notification"}), "/overrides/kind"),
        (json!({"id": "other"}), "/overrides/id"),
        (json!({"tenant": "022039"}), "/overrides/tenant"),
        (json!({"version": 2}), "/overrides/version"),
        (json!({"form": []}), "/overrides/form"),
        (json!({"form": null}), "/overrides/form"),
        (json!({"form": {"place": null}}), "/overrides/form/place"),
        (json!({"form": {"place": {"type": "date"}}}), "/overrides/form/place/type"),
        (json!({"form": {"place": {"name": "spot"}}}), "/overrides/form/place/name"),
        (json!({"form": {"rows": {"columns": {"area": null}}}}), "/overrides/form/rows/columns/area"),
        (
            json!({"form": {"rows": {"columns": {"area": {"type": "text"}}}}}),
            "/overrides/form/rows/columns/area/type",
        ),
        (json!({"form": {"rows": {"columns": []}}}), "/overrides/form/rows/columns"),
    ] {
        assert_eq!(refused(&overrides), [(pointer.to_owned(), "template_locked")]);
    }
    assert_eq!(resolved(&json!({"form": {"place": {"type": "text"}}})), resolved(&json!({})));
}

#[test]
fn an_override_of_nothing_or_of_several_is_refused() {
    for (overrides, pointer, code) in [
        (json!({"summary": null}), "/overrides/summary", "template_absent"),
        (json!({"fees": {"x": null}}), "/overrides/fees/x", "template_absent"),
        (json!({"fees": {"b": null}}), "/overrides/fees/b", "template_list"),
        (json!({"fees": {"a": 5}}), "/overrides/fees/a", "template_list"),
        (
            json!({"approval_route": {"section_chief": {}}}),
            "/overrides/approval_route/section_chief",
            "template_list",
        ),
    ] {
        assert_eq!(refused(&overrides), [(pointer.to_owned(), code)]);
    }
}

#[test]
fn every_value_knows_the_file_it_was_written_in() {
    let whole = resolve(
        &template(),
        &extension(
            &json!({"department": "toshi", "fees": {"a": null, "b@2026-04-01": {"formula": {"amount": 330}}}}),
        ),
    )
    .unwrap();
    for (pointer, source, there) in [
        ("/title/ja", Source::Template, "/title/ja"),
        ("/department", Source::Own, "/overrides/department"),
        ("/fees/0/formula/amount", Source::Template, "/fees/1/formula/amount"),
        ("/fees/1/formula/amount", Source::Own, "/overrides/fees/b@2026-04-01/formula/amount"),
        ("/fees/1/formula/kind", Source::Template, "/fees/2/formula/kind"),
        ("/tenant", Source::Own, "/tenant"),
        ("/version", Source::Own, "/version"),
        ("/title/fr", Source::Template, "/title"),
        ("/nothing", Source::Template, ""),
    ] {
        let origin = whole.origin_of(pointer);
        assert_eq!((origin.source, origin.pointer.as_str()), (source, there), "{pointer}");
    }
}
