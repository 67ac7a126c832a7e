//! Differences are few, readable, and enough to make the one out of the other.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::{Change, Place, Step, apply, diff};

fn lines(old: &Value, new: &Value) -> Vec<String> {
    let line = |change: &Change| match change {
        Change::Added { at, .. } => format!("+ {at}"),
        Change::Removed { at, .. } => format!("- {at}"),
        Change::Changed { at, from, to } => format!("~ {at} {from} {to}"),
        Change::Reordered { at, order } => format!("= {at} {}", order.join(",")),
    };
    let changes = diff(old, new);
    assert_eq!(apply(old.clone(), &changes).as_ref(), Ok(new));
    changes.iter().map(line).collect()
}

#[test]
fn a_difference_is_told_where_it_is_and_no_more() {
    let field = |name: &str, label: &str| json!({"name": name, "label": label});
    for (what, old, new, expected) in [
        ("nothing", json!({"a": [1, {"b": 2}]}), json!({"a": [1, {"b": 2}]}), vec![]),
        ("a value", json!({"a": {"b": 1}}), json!({"a": {"b": 2}}), vec!["~ /a/b 1 2"]),
        ("members", json!({"a": 1, "b": 1}), json!({"b": 1, "c": 1}), vec!["- /a", "+ /c"]),
        (
            "a moved field is one line",
            json!({"form": [field("x", "甲"), field("y", "乙"), field("z", "丙")]}),
            json!({"form": [field("z", "丙"), field("x", "甲"), field("y", "乙")]}),
            vec!["= /form z,x,y"],
        ),
        (
            "a field put in the middle",
            json!({"form": [field("x", "甲"), field("z", "丙")]}),
            json!({"form": [field("x", "丁"), field("y", "乙"), field("z", "丙")]}),
            vec!["~ /form/x/label \"甲\" \"丁\"", "+ /form/y", "= /form x,y,z"],
        ),
        (
            "r52 a fee closed and its successor",
            json!({"fees": [{"code": "k", "effective_from": "2020-04-01"}]}),
            json!({"fees": [{"code": "k", "effective_from": "2020-04-01", "effective_to": "2026-03-31"},
                            {"code": "k", "effective_from": "2026-04-01"}]}),
            vec!["+ /fees/k@2020-04-01/effective_to", "+ /fees/k@2026-04-01"],
        ),
        ("plain lists", json!({"s": ["a", "b"]}), json!({"s": ["b"]}), vec!["~ /s [\"a\",\"b\"] [\"b\"]"]),
        (
            "examples go by their title",
            json!({"examples": [{"title": {"ja": "甲"}, "total": 1}, {"title": {"ja": "乙"}, "total": 2}]}),
            json!({"examples": [{"title": {"ja": "乙"}, "total": 3}]}),
            vec!["- /examples/甲", "~ /examples/乙/total 2 3"],
        ),
        (
            "objects without a key",
            json!({"e": [{"t": 1}, {"t": 2}, {"t": 3}]}),
            json!({"e": [{"t": 9}]}),
            vec!["~ /e/0/t 1 9", "- /e/2", "- /e/1"],
        ),
        (
            "a key twice",
            json!([{"name": "x"}]),
            json!([{"name": "x"}, {"name": "x"}]),
            vec!["~  [{\"name\":\"x\"}] [{\"name\":\"x\"},{\"name\":\"x\"}]"],
        ),
        ("a slash in a key", json!({"a/b~": 1}), json!({"a/b~": 2}), vec!["~ /a~1b~0 1 2"]),
    ] {
        assert_eq!(lines(&old, &new), expected, "{what}");
    }
}

#[test]
fn a_change_of_something_absent_is_refused() {
    let at = Place(vec![Step::Member("a".into()), Step::Item("x".into())]);
    let change = Change::Removed { at: at.clone(), value: Value::Null };
    assert_eq!(apply(json!({"a": []}), &[change]).unwrap_err().0, at);
}

#[test]
fn another_order_collides_with_another_order_only() {
    let list = Place(vec![Step::Member("form".into())]);
    let item = list.then(Step::Item("x".into()));
    let order = Change::Reordered { at: list.clone(), order: vec![] };
    let added = Change::Added { at: item.clone(), value: Value::Null };
    let inner =
        Change::Changed { at: item.then(Step::Member("label".into())), from: Value::Null, to: Value::Null };
    assert!(order.collides_with(&order) && added.collides_with(&inner) && inner.collides_with(&added));
    assert!(!order.collides_with(&added) && !added.collides_with(&order));
}

fn tree() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        (0_i64..4).prop_map(Value::from),
        prop_oneof![Just("x"), Just("y"), Just("0"), Just("x@y")].prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 40, 5, |inner| {
        let member = prop_oneof![
            Just("name"),
            Just("code"),
            Just("effective_from"),
            Just("value"),
            Just("title"),
            Just("ja"),
            Just("a"),
            Just("0"),
            Just("b/c~"),
        ];
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            prop::collection::vec((member, inner), 0..5).prop_map(|members| {
                Value::Object(members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())
            }),
        ]
    })
}

/// Lists with keys, shuffled, thinned and changed: what two versions of a file look like.
fn keyed_list() -> impl Strategy<Value = Value> {
    prop::collection::vec((0_u8..6, 0_i64..3), 0..6).prop_map(|items| {
        json!({"form": items.iter().map(|(key, x)| json!({"name": format!("f{key}"), "x": x})).collect::<Vec<_>>()})
    })
}

proptest! {
    #[test]
    fn nothing_differs_from_itself(a in tree()) {
        prop_assert_eq!(diff(&a, &a), vec![]);
    }

    #[test]
    fn the_changes_make_the_second_out_of_the_first(a in tree(), b in tree()) {
        prop_assert_eq!(apply(a.clone(), &diff(&a, &b)), Ok(b));
    }

    #[test]
    fn lists_with_keys_too(a in keyed_list(), b in keyed_list()) {
        prop_assert_eq!(apply(a.clone(), &diff(&a, &b)), Ok(b));
    }
}
