//! Hostile expressions: refused within their budget, whatever is written.

use madoguchi::domain::expression::{ExpressionText, Scope, ValueType, compile};

#[test]
fn hostile_nesting_is_refused_on_a_small_stack() {
    let texts = [
        format!("{}1{}", "(".repeat(490), ")".repeat(490)),
        format!("{}1{}", "[".repeat(490), "]".repeat(490)),
        format!("{}1{}", "f(".repeat(300), ")".repeat(300)),
        format!("{}true", "!(".repeat(400)),
        format!("{}1", "true ? 1 : ".repeat(90)),
        vec!["1"; 500].join("+"),
        format!("form{}", ".a".repeat(480)),
        format!("a{}", "[0]".repeat(320)),
        "(".repeat(1_000),
        "-".repeat(1_000),
        "!".repeat(1_000),
    ];
    let on_a_small_stack = std::thread::Builder::new().stack_size(2 * 1024 * 1024).spawn(move || {
        texts
            .iter()
            .filter(|text| compile(&ExpressionText((*text).clone()), &Scope::new(), &ValueType::Int).is_err())
            .count()
            == texts.len()
    });
    let all_refused = on_a_small_stack.map(std::thread::JoinHandle::join);
    assert!(matches!(all_refused, Ok(Ok(true))), "{all_refused:?}");
}
