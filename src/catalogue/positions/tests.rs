//! Lines and columns of what is there, of what is absent, and of what is refused.

use super::{Position, Positions};

const TEXT: &str = "# a remark\nid: x\nform:\n  - { name: a, label: { ja: 甲, en: A } }\n  - name: \"b\"\n    label:\n      ja: 乙\n\
                    fees:\n- code: k\n  a/b: |\n    long\n    text\n  c: 1\n";

fn at(text: &str, pointer: &str) -> (usize, usize) {
    let Position { line, column } = Positions::of(text).unwrap().find(pointer);
    (line, column)
}

fn refused(text: &str) -> Vec<(usize, usize, &'static str)> {
    let faults = Positions::of(text).unwrap_err();
    faults.into_iter().map(|it| (it.position.line, it.position.column, it.fault.code)).collect()
}

#[test]
fn a_node_stands_at_its_key_and_an_item_at_its_beginning() {
    for (pointer, expected) in [
        ("/id", (2, 1)),
        ("/form", (3, 1)),
        ("/form/0", (4, 5)),
        ("/form/0/name", (4, 7)),
        ("/form/0/label/en", (4, 32)),
        ("/form/1", (5, 5)),
        ("/form/1/label/ja", (7, 7)),
        ("/fees/0", (9, 3)),
        ("/fees/0/a~1b", (10, 3)),
        ("/fees/0/c", (13, 3)),
    ] {
        assert_eq!(at(TEXT, pointer), expected, "{pointer}");
    }
}

#[test]
fn what_is_absent_is_shown_where_it_would_belong() {
    assert_eq!(at(TEXT, "/form/1/label/en"), (6, 5));
    assert_eq!(at(TEXT, "/form/7/label"), (3, 1));
    assert_eq!(at(TEXT, "/sources"), (2, 1));
    assert_eq!(at("", "/sources"), (1, 1));
    assert_eq!(at("", "no pointer at all"), (1, 1));
}

#[test]
fn keys_given_twice_are_all_refused_with_their_line() {
    assert_eq!(
        refused("a: 1\nb:\n  c: 1\n  c: 2\na: 2\n"),
        [(4, 3, "duplicate_key"), (5, 1, "duplicate_key")]
    );
}

#[test]
fn what_could_grow_or_mean_something_elsewhere_is_refused() {
    assert_eq!(refused("a: &x [1]\nb: *x\n"), [(2, 4, "yaml_alias")]);
    assert_eq!(refused("a: 1\nb:\n  <<: { c: 1 }\n"), [(3, 3, "yaml_alias")]);
    assert_eq!(refused("a: 1\n---\nb: 1\n"), [(2, 1, "yaml")]);
    assert_eq!(refused("? [a, b]\n: 1\n"), [(1, 3, "yaml")]);
    assert_eq!(refused("a: [1, 2\nb: }\n")[0].2, "yaml");
    assert_eq!(refused(&"[".repeat(5_000))[0].2, "yaml");
    assert_eq!(refused(&"- ".repeat(5_000))[0].2, "yaml");
    assert_eq!(refused(&format!("{}: 1\n", "k".repeat(101))), [(1, 1, "yaml")]);
    assert_eq!(refused(&format!("a: [{}]\n", "1,".repeat(60_000)))[0].2, "yaml");
    assert_eq!(refused(&" ".repeat(1_048_577)), [(1, 1, "yaml")]);
}

#[test]
fn a_bad_indentation_is_shown_on_its_own_line() {
    assert_eq!(refused("a:\n  b: 1\n c: 2\n")[0].0, 3);
}
