//! What differs between two contents of a procedure version, place by place.
//!
//! Lists of objects that carry a `name` or a `code` are compared by it, so that an item that only moved is no difference.

use std::collections::BTreeSet;

use serde_json::Value;

/// One place that differs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// JSON pointer; items of keyed lists are named by their key, such as `/form/phone/max_length`.
    pub pointer: String,
    /// What stood there; none where nothing did.
    pub before: Option<Value>,
    /// What stands there; none where nothing does.
    pub after: Option<Value>,
}

/// The places where `after` differs from `before`.
pub fn differences(before: &Value, after: &Value) -> Vec<Difference> {
    let mut found = Vec::new();
    walk("", Some(before), Some(after), &mut found);
    found
}

fn walk(pointer: &str, before: Option<&Value>, after: Option<&Value>, found: &mut Vec<Difference>) {
    if before == after {
        return;
    }
    if let (Some(before), Some(after)) = (before, after)
        && let (Some(old), Some(new)) = (members(before), members(after))
    {
        let names: BTreeSet<&String> = old.iter().chain(&new).map(|(name, _)| name).collect();
        for name in names {
            let of = |members: &[(String, Value)]| {
                members.iter().find(|(other, _)| other == name).map(|(_, value)| value.clone())
            };
            let step = crate::domain::form::escape(name);
            walk(&format!("{pointer}/{step}"), of(&old).as_ref(), of(&new).as_ref(), found);
        }
        return;
    }
    // Absent and null are the same in a definition.
    if before.is_none_or(Value::is_null) && after.is_none_or(Value::is_null) {
        return;
    }
    found.push(Difference { pointer: pointer.to_owned(), before: before.cloned(), after: after.cloned() });
}

/// The members of an object, or the items of a list under their keys; none for anything else.
fn members(value: &Value) -> Option<Vec<(String, Value)>> {
    match value {
        Value::Object(map) => Some(map.iter().map(|(name, value)| (name.clone(), value.clone())).collect()),
        Value::Array(items) => {
            let key = |item: &Value| {
                let key = item.get("name").or_else(|| item.get("code"))?;
                key.as_str().map(str::to_owned)
            };
            let keyed: Option<Vec<_>> = items.iter().map(|item| Some((key(item)?, item.clone()))).collect();
            let unique = |keyed: &Vec<(String, Value)>| {
                keyed.iter().map(|(key, _)| key).collect::<BTreeSet<_>>().len() == keyed.len()
            };
            let numbered =
                || items.iter().enumerate().map(|(index, item)| (index.to_string(), item.clone())).collect();
            Some(keyed.filter(unique).unwrap_or_else(numbered))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::differences;

    #[test]
    fn a_moved_item_is_no_difference_and_a_changed_one_is_named_by_its_key() {
        let before = json!({ "form": [{ "name": "a", "max": 1 }, { "name": "b" }], "days": 20 });
        let after = json!({ "form": [{ "name": "b" }, { "name": "a", "max": 2 }], "days": 20, "note": null });
        let found = differences(&before, &after);
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].pointer, "/form/a/max");
        assert_eq!((found[0].before.clone(), found[0].after.clone()), (Some(json!(1)), Some(json!(2))));
        let gone = differences(&before, &json!({ "form": [], "days": 20 }));
        assert_eq!(gone.iter().map(|one| one.pointer.as_str()).collect::<Vec<_>>(), ["/form/a", "/form/b"]);
    }

    proptest! {
        #[test]
        fn nothing_differs_from_itself(numbers in prop::collection::vec(any::<i32>(), 0..8), text in ".{0,8}") {
            let value = json!({ "list": numbers, "text": text, "rows": [{ "code": text, "n": numbers }] });
            prop_assert_eq!(differences(&value, &value), []);
        }
    }
}
