//! What was measured, as SVG: how the times of calls are spread, and when the longest ones were.

use patchline_chart::{Axis, COLOURS, Curve, Curves, Histogram, Histograms, Look};

use super::Size;

/// Parts of the period at both ends.
const ENDS: (f64, f64) = (1e-5, 10.0);

/// A histogram for each block size, over the part of its period.
pub(super) fn histograms(name: &str, sizes: &[Size], rate: u32) -> String {
    let row = |size: &Size| {
        let period = size.period(rate);
        let values = size.spread.times().iter().map(|&time| time as f64 / period).collect();
        Histogram { name: format!("{} frames", size.block), values }
    };
    let axis = Axis::logarithmic().from(ENDS.0, ENDS.1).label(percent);
    let note = format!(
        "time of a call as a part of its block's, {rate} Hz; heights are logarithmic; from 100 % on it is late"
    );
    Histograms { title: name, note: &note, axis, limit: Some(1.0), rows: sizes.iter().map(row).collect() }.draw()
}

/// The longest call of each turn over the time at which it was, a colour for each block size; of more sizes than there are
/// colours the smallest.
pub(super) fn timeline(name: &str, sizes: &[Size], rate: u32) -> String {
    let curve = |size: &Size| {
        let period = size.period(rate);
        let points = size.turns.iter().map(|turn| (turn.at, turn.longest as f64 / period)).collect();
        Curve { name: format!("{} frames", size.block), points, look: Look::Dots }
    };
    let ends = |size: &Size| size.turns.last().map_or(0.0, |turn| turn.at);
    let end = sizes.iter().map(ends).fold(0.0, f64::max);
    let limit = Curve { name: "late".to_owned(), points: vec![(0.0, 1.0), (end, 1.0)], look: Look::Limit };
    let note =
        format!("longest of the calls of 20 ms as a part of its block's time, {rate} Hz; from 100 % on it is late");
    Curves {
        title: name,
        note: &note,
        x_name: "seconds from the beginning",
        x: Axis::linear(),
        y: Axis::logarithmic().label(percent),
        curves: sizes.iter().take(COLOURS - 1).map(curve).chain([limit]).collect(),
    }
    .draw()
}

fn percent(part: f64) -> String {
    format!("{} %", (part * 1e7).round() / 1e5)
}

#[cfg(test)]
mod tests {
    use super::super::Turn;
    use super::*;
    use crate::cpu::Spread;

    /// A block of 48 frames has 1 ms.
    fn size(times: &[u64]) -> Size {
        let turns = times.iter().enumerate().map(|(index, &longest)| Turn { at: index as f64, longest }).collect();
        Size { block: 48, spread: Spread::new(times.to_vec()).unwrap(), turns }
    }

    #[test]
    fn every_call_is_in_the_picture_and_late_ones_are_told_apart() {
        let sizes = [size(&[1, 1_000, 10_000, 10_000]), size(&[999_000, 1_001_000, u64::MAX])];
        let svg = histograms("a<b", &sizes, 48_000);
        assert_eq!((svg.matches("class=\"c0\"").count(), svg.matches("class=\"c1\"").count()), (4, 2));
        assert!(svg.contains("a&lt;b") && svg.contains(">48 frames<") && svg.contains(">100 %<"), "{svg}");
    }

    #[test]
    fn every_turn_is_in_the_timeline_beside_the_limit() {
        let sizes = vec![size(&[1_000, 2_000, 3_000]); 9];
        let svg = timeline("a", &sizes, 48_000);
        assert_eq!(svg.matches("<circle").count(), 3 * (COLOURS - 1));
        assert!(svg.contains("dashed thin") && svg.contains(">late<"), "{svg}");
    }
}
