//! What was measured, for people: tables, comparisons, figures and the page of the documentation.

mod compare;
mod figures;
mod page;
mod table;

pub(crate) use compare::compare;
pub use page::{Document, documents};
pub(crate) use table::table;

use crate::measure::Spread;

/// A number with as many digits as are worth reading.
fn number(value: f64) -> String {
    match value.abs() {
        size if size >= 100.0 => format!("{value:.0}"),
        size if size >= 10.0 => format!("{value:.1}"),
        _ => format!("{value:.2}"),
    }
}

/// Nanoseconds in a unit that suits them.
fn time(nanoseconds: f64) -> String {
    match nanoseconds {
        ns if ns >= 1e9 => format!("{} s", number(ns / 1e9)),
        ns if ns >= 1e6 => format!("{} ms", number(ns / 1e6)),
        ns if ns >= 1e4 => format!("{} µs", number(ns / 1e3)),
        ns => format!("{} ns", number(ns)),
    }
}

/// The quartiles.
fn quartiles(spread: Spread) -> String {
    format!("{}–{}", number(spread.low), number(spread.high))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_the_digits_that_matter() {
        assert_eq!([0.123, 1.0, 12.34, 123.4, -0.5].map(number), ["0.12", "1.00", "12.3", "123", "-0.50"]);
        assert_eq!([15.0, 25_000.0, 3.2e6, 4.5e9].map(time), ["15.0 ns", "25.0 µs", "3.20 ms", "4.50 s"]);
    }
}
