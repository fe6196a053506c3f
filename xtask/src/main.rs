//! Project chores: generated documents and their freshness.
fn main() {}
