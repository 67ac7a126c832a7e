//! Definitions to be spoiled: small ones that between them use the whole language, and the shipped files.

use std::sync::LazyLock;

use madoguchi::catalogue::Catalogue;
use madoguchi::catalogue::definition::tree_of;
use serde_json::{Value, json};

/// A definition with answers that it takes.
#[derive(Clone)]
pub struct Base {
    pub definition: Value,
    pub answers: Value,
    pub office: Value,
}

/// The small definitions; the first is the smallest.
pub static SMALL: LazyLock<Vec<Base>> = LazyLock::new(|| vec![counted(), timed(), rows()]);

/// The shipped files that stand by themselves, each with the answers of its first example.
pub static SHIPPED_BASES: LazyLock<Vec<Base>> = LazyLock::new(|| {
    let files = Catalogue::shipped_files();
    let procedures = files.iter().filter(|(file, _)| file.starts_with("procedures/020001/"));
    let bases = procedures.map(|(_, text)| {
        let definition = tree_of(text).unwrap();
        let answer = |name: &str| definition["examples"][0][name].clone();
        Base { answers: answer("form"), office: answer("office"), definition }
    });
    bases.collect()
});

fn definition(form: &Value, fees: &Value) -> Value {
    json!({
        "id": "shinsei", "version": 1, "tenant": "020001", "title": {"ja": "申請", "en": "Application"},
        "kind": "application",
        "legal_basis": {"law": "法", "article": "第1条", "basis_kind": "law", "online_basis": "法6条", "review_criteria": "審査基準"},
        "department": "kendo-kenchiku-jutaku", "applicant_kinds": ["resident"], "assurance": "id",
        "fee_due": "on_submit", "form": form, "fees": fees, "approval_route": [{"role": "section_chief"}],
        "allowed_methods": {"basis": "法", "methods": ["card"]},
        "retention_years": 5, "effective_from": "2025-04-01", "sources": ["s"],
    })
}

fn field(name: &str, field_type: &str, more: &Value) -> Value {
    let mut field = json!({"name": name, "label": {"ja": name, "en": name}, "type": field_type});
    for (key, value) in more.as_object().unwrap() {
        field[key] = value.clone();
    }
    field
}

fn fee(code: &str, formula: &Value) -> Value {
    json!({"code": code, "label": {"ja": code, "en": code}, "basis": "条例第1条", "revenue_account": "08-02-01-01",
           "formula": formula, "effective_from": "2020-01-01", "source": "s"})
}

fn counted() -> Base {
    let choices = json!([{"value": "a", "label": {"ja": "甲", "en": "A"}}, {"value": "road", "label": {"ja": "道", "en": "Road"}}]);
    let form = json!([
        field("trades", "integer", &json!({"required": true, "min": 1, "max": 29})),
        field(
            "copies",
            "integer",
            &json!({"min": 0, "max": 9999, "valid_if":
            [{"rule": "form.copies <= form.trades * 10", "message": {"ja": "多い", "en": "too many"}}]})
        ),
        field("kind", "choice", &json!({"required": true, "choices": choices, "default": "a"})),
        field("agreed", "boolean", &json!({"required_if": "form.kind == 'road'"})),
    ]);
    let mut whole =
        fee("whole", &json!({"kind": "linear", "base": 8100, "per_unit": 2300, "count": "form.trades"}));
    whole["when"] = json!("form.trades > 0");
    let cases = json!([{"when": "has(form.copies) && form.copies > 3", "amount": 500}]);
    let fees = json!([
        whole,
        fee("channel", &json!({"kind": "by_channel", "paper": 33000, "online": 26500})),
        fee("choice", &json!({"kind": "by_choice", "field": "kind", "table": {"a": 1, "road": 2}})),
        fee(
            "part",
            &json!({"kind": "derived", "of": "whole", "fraction": {"numerator": 1, "denominator": 3}})
        ),
        fee("some", &json!({"kind": "by_condition", "cases": cases, "otherwise": 300})),
    ]);
    let mut definition = definition(&form, &fees);
    definition["reliefs"] = json!([{"code": "saigai", "label": {"ja": "災害", "en": "Disaster"}, "kind": "not_collected",
        "basis": "告示", "when": "form.kind == 'road'", "fees": ["whole"], "effective_from": "2025-04-01",
        "effective_to": "2027-03-31", "remaining": {"numerator": 1, "denominator": 2}, "source": "s"}]);
    definition["routing"] = json!([
        {"when": "form.kind == 'road' && form.trades > 2", "department": "kendo-kanri", "basis": "規則第2条"}
    ]);
    definition["attachments"] = json!([{"code": "map", "title": {"ja": "図", "en": "Map"},
        "media_types": ["application/pdf"], "max_bytes": 1000, "required_if": "form.kind == 'road'",
        "omissions": [{"when": "has(form.agreed)", "basis": "法第11条"}]}]);
    definition["examples"] = json!([{"title": {"ja": "例", "en": "Example"}, "applicant_kind": "resident",
        "form": {"trades": 3, "copies": 4, "kind": "a", "agreed": true}, "total": 47_001}]);
    Base {
        definition,
        answers: json!({"trades": 3, "copies": 4, "kind": "a", "agreed": true}),
        office: json!({}),
    }
}

fn timed() -> Base {
    let form = json!([
        field("born_on", "date", &json!({"required": true})),
        field(
            "ends_on",
            "date",
            &json!({"visible_if": "age_on(form.born_on, arrived_on) >= 18", "required": true})
        ),
    ]);
    let from_to = |mode: &str| {
        json!({"kind": "pro_rata", "yearly": 1900, "quantity": "office.area", "quantity_scale": 2,
            "from": "arrived_on", "to": "form.ends_on", "mode": mode, "minimum": 100, "tax_percent_below_one_month": 10})
    };
    let (mut month, mut by_day) =
        (fee("month", &from_to("monthly_by_fiscal_year")), fee("day", &from_to("daily")));
    for fee in [&mut month, &mut by_day] {
        fee["when"] = json!("age_on(form.born_on, arrived_on) >= 18");
    }
    let fees = json!([month, by_day]);
    let mut definition = definition(&form, &fees);
    definition["office_form"] =
        json!([field("area", "decimal", &json!({"required": true, "scale": 2, "min": 0, "max": 999}))]);
    definition["fee_due"] = json!("after_review");
    definition["validity"] = json!({"years": 5, "basis": "法第3条"});
    definition["renewal"] = json!({"when": "has(form.ends_on)", "expiry_field": "ends_on", "to_days_before": 30, "basis": "規則第5条"});
    definition["processing"] = json!({"days": 30, "holidays": "exclude", "source": "s"});
    Base {
        definition,
        answers: json!({"born_on": "1990-02-28", "ends_on": "2029-03-31"}),
        office: json!({"area": "12.50"}),
    }
}

fn rows() -> Base {
    let columns = json!([
        field("kind", "text", &json!({"required": true, "max_length": 20})),
        field("quantity", "integer", &json!({"required": true, "min": 0, "max": 1000})),
        field("discount", "integer", &json!({"visible_if": "row.quantity > 10"})),
        field(
            "left",
            "calculated",
            &json!({"value": "has(row.discount) ? row.quantity - row.discount : row.quantity"})
        ),
    ]);
    let choices = json!([{"value": "a", "label": {"ja": "甲", "en": "A"}}, {"value": "b", "label": {"ja": "乙", "en": "B"}}]);
    let form = json!([
        field(
            "items",
            "table",
            &json!({"required": true, "columns": columns, "min_rows": 1, "max_rows": 20})
        ),
        field("purposes", "multi_choice", &json!({"choices": choices})),
        field("count", "calculated", &json!({"value": "sum(form.items.map(i, i.left))"})),
    ]);
    let bands = json!([{"up_to": 1000, "step": 10, "per_step": 20}, {"step": 100, "per_step": 5}]);
    let fees = json!([
        fee(
            "size",
            &json!({"kind": "tiers", "value": "form.count", "unknown_value": 50, "base": 100, "base_up_to": 10, "bands": bands})
        ),
        fee(
            "each",
            &json!({"kind": "per_unit", "unit_amount": 450, "count": "size(form.items)", "unit": "通"})
        ),
        fee(
            "same",
            &json!({"kind": "same_time", "first": 1000, "other": 600, "count": "size(form.items.filter(i, i.kind == 'a'))"})
        ),
    ]);
    let items = json!([{"kind": "a", "quantity": 2}, {"kind": "b", "quantity": 12, "discount": 3}]);
    Base {
        definition: definition(&form, &fees),
        answers: json!({"items": items, "purposes": ["a"]}),
        office: json!({}),
    }
}
