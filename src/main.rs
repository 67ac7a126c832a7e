//! The `madoguchi` command.

fn main() {}
