//! The intake bench.
fn main() {}
