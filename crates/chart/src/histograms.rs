//! Histograms below one another, over one axis.

use crate::axis::{Axis, Placed, Side};
use crate::svg::{Anchor, Svg, TOP, WIDTH, text_width};

/// One row: how often each value came.
#[derive(Clone, Debug)]
pub struct Histogram {
    /// It stands before the row.
    pub name: String,
    /// All values, in any order.
    pub values: Vec<f64>,
}

/// Histograms over one axis, with a limit that a value should not exceed.
#[derive(Clone, Debug)]
pub struct Histograms<'a> {
    /// Above them.
    pub title: &'a str,
    /// Below the title: what the values are.
    pub note: &'a str,
    /// Of the values; what lies beyond its ends is in the first or the last bar.
    pub axis: Axis,
    /// Values from here on are in another colour, and a line stands there.
    pub limit: Option<f64>,
    /// From above.
    pub rows: Vec<Histogram>,
}

/// Bars from one end to the other.
const BARS: usize = 120;
/// Pixels.
const ROW: f64 = 56.0;

impl Histograms<'_> {
    /// The chart as SVG. A bar's height is the logarithm of how many values it has, so that one is seen beside a million;
    /// the highest of each row fills it.
    pub fn draw(&self) -> String {
        let names = self.rows.iter().map(|row| text_width(&row.name)).fold(0.0, f64::max) + 28.0;
        let bottom = TOP + 8.0 + ROW * self.rows.len() as f64;
        let mut svg = Svg::new(WIDTH, bottom + 36.0, self.title);
        svg.head(self.title, self.note);
        let side = Side { first: names, last: WIDTH - 32.0, round: false };
        let values = self.rows.iter().flat_map(|row| row.values.iter().copied());
        let axis = Placed::new(&self.axis, values, side);
        for value in axis.ticks(&self.axis) {
            svg.line((axis.at(value), TOP + 8.0), (axis.at(value), bottom), "grid");
            svg.text(axis.at(value), bottom + 18.0, Anchor::Middle, "soft", &(self.axis.label)(value));
        }
        let limit = self.limit.map(|limit| axis.at(limit));
        for (index, row) in self.rows.iter().enumerate() {
            let base = TOP + 8.0 + ROW * (index + 1) as f64;
            svg.text(names - 10.0, base - 8.0, Anchor::End, "", &row.name);
            bars(&mut svg, &counts(row, &axis, side), side, limit, base);
        }
        if let Some(limit) = limit {
            svg.line((limit, TOP + 8.0), (limit, bottom), "bound");
        }
        svg.finish()
    }
}

/// How many values each bar has.
fn counts(row: &Histogram, axis: &Placed, side: Side) -> Vec<u64> {
    let mut counts = vec![0; BARS];
    for &value in &row.values {
        let part = (axis.at(value) - side.first) / (side.last - side.first);
        counts[((part * BARS as f64 + 1e-9) as usize).min(BARS - 1)] += 1;
    }
    counts
}

fn bars(svg: &mut Svg, counts: &[u64], side: Side, limit: Option<f64>, base: f64) {
    let most = counts.iter().copied().max().unwrap_or(1).max(1) as f64;
    let width = (side.last - side.first) / BARS as f64;
    for (bar, &count) in counts.iter().enumerate().filter(|(_, count)| **count > 0) {
        let x = side.first + width * bar as f64;
        let height = (ROW - 12.0) * (1.0 + count as f64).ln() / (1.0 + most).ln();
        let beyond = limit.is_some_and(|limit| x + width / 2.0 >= limit);
        let colour = if beyond { "c1" } else { "c0" };
        svg.rectangle_of(x, base - height, width - 0.5, height, colour, &count.to_string());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_value_is_in_the_picture_and_those_beyond_the_limit_are_told_apart() {
        let row = |values: &[f64]| Histogram { name: "a<b".to_owned(), values: values.to_vec() };
        let rows = vec![row(&[1e-9, 0.001, 0.01, 0.01]), row(&[0.999, 1.001, 1e9])];
        let axis = Axis::logarithmic().from(1e-4, 10.0);
        let side = Side { first: 0.0, last: 120.0, round: false };
        let placed = Placed::new(&axis, [].into_iter(), side);
        let (first, second) = (counts(&rows[0], &placed, side), counts(&rows[1], &placed, side));
        assert_eq!((first[0], first[24], first[48]), (1, 1, 2));
        assert_eq!((second.iter().sum::<u64>(), second[95], second[96]), (3, 1, 1));
        let svg = Histograms { title: "t", note: "n", axis, limit: Some(1.0), rows }.draw();
        assert_eq!((svg.matches("class=\"c0\"").count(), svg.matches("class=\"c1\"").count()), (4, 2));
        assert!(svg.contains("a&lt;b") && svg.contains("<title>2</title>"));
    }
}
