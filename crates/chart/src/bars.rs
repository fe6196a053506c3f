//! Horizontal bars.

use crate::axis::{Axis, Placed, Side};
use crate::svg::{Anchor, Svg, TOP, WIDTH, text_width};

/// One bar.
#[derive(Clone, Debug)]
pub struct Bar {
    /// It stands before the bar.
    pub name: String,
    /// How far the bar goes.
    pub value: f64,
    /// The value with its unit; it stands behind the bar.
    pub label: String,
    /// How far it may go: a mark.
    pub bound: Option<f64>,
    /// Which colour, 0 to 7.
    pub colour: usize,
}

/// Horizontal bars.
#[derive(Clone, Debug)]
pub struct Bars<'a> {
    /// Above them.
    pub title: &'a str,
    /// Below the title: what the values are.
    pub note: &'a str,
    /// Of the values.
    pub axis: Axis,
    /// Where bars begin.
    pub base: f64,
    /// Bars with a heading, which may be empty.
    pub groups: Vec<(String, Vec<Bar>)>,
}

impl Bars<'_> {
    /// The chart as SVG.
    pub fn draw(&self) -> String {
        const LINE: f64 = 20.0;
        let lines = self.groups.iter().map(|(_, bars)| bars.len()).sum::<usize>();
        let heads = self.groups.iter().filter(|(head, _)| !head.is_empty()).count();
        let height = TOP + 18.0 + lines as f64 * LINE + heads as f64 * (LINE + 6.0) + 24.0;
        let bars = || self.groups.iter().flat_map(|(_, bars)| bars);
        let names = bars().map(|bar| text_width(&bar.name)).fold(0.0, f64::max) + 24.0;
        let labels = bars().map(|bar| text_width(&bar.label)).fold(0.0, f64::max) + 16.0;
        let mut svg = Svg::new(WIDTH, height, self.title);
        svg.head(self.title, self.note);
        let values = bars().flat_map(|bar| [Some(bar.value), bar.bound]).flatten();
        let side = Side { first: names, last: WIDTH - labels, round: false };
        let axis = Placed::new(&self.axis, values.chain([self.base, self.base * 2.0]), side);
        for value in axis.ticks(&self.axis) {
            svg.line((axis.at(value), TOP + 14.0), (axis.at(value), height - 16.0), "grid");
            svg.text(axis.at(value), TOP + 8.0, Anchor::Middle, "soft", &(self.axis.label)(value));
        }
        let mut y = TOP + 20.0;
        for (head, bars) in &self.groups {
            if !head.is_empty() {
                y += 6.0;
                svg.text(16.0, y + 14.0, Anchor::Start, "", head);
                y += LINE;
            }
            for bar in bars {
                self.bar(&mut svg, &axis, bar, y, names);
                y += LINE;
            }
        }
        svg.finish()
    }

    fn bar(&self, svg: &mut Svg, axis: &Placed, bar: &Bar, y: f64, names: f64) {
        let (start, end) = (axis.at(self.base), axis.at(bar.value));
        svg.text(names - 8.0, y + 13.0, Anchor::End, "soft", &bar.name);
        svg.rectangle(start.min(end), y + 3.0, (end - start).abs(), 13.0, &format!("c{}", bar.colour));
        let mut after = end.max(start);
        if let Some(bound) = bar.bound.map(|bound| axis.at(bound)) {
            svg.line((bound, y + 1.0), (bound, y + 18.0), "bound");
            // The label lies behind whatever comes last, unless there is room before the bound.
            if bound < after + text_width(&bar.label) + 12.0 {
                after = after.max(bound);
            }
        }
        svg.text(after + 6.0, y + 13.0, Anchor::Start, "soft", &bar.label);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bars_begin_at_the_base_and_have_their_names() {
        let bar = |name: &str, value| Bar {
            name: name.to_owned(),
            value,
            label: format!("{value} %"),
            bound: Some(4.0),
            colour: 1,
        };
        let groups = vec![("all".to_owned(), vec![bar("a", 2.0), bar("b", 4.0)])];
        let svg = Bars { title: "t", note: "n", axis: Axis::linear(), base: 0.0, groups }.draw();
        let widths: Vec<f64> = svg
            .lines()
            .filter(|line| line.contains("class=\"c1\""))
            .map(|line| line.split("width=\"").nth(1).unwrap().split('"').next().unwrap().parse().unwrap())
            .collect();
        assert!((widths[1] / widths[0] - 2.0).abs() < 0.01, "{widths:?}");
        assert!([">a<", ">b<", ">all<", ">2 %<", "bound"].iter().all(|text| svg.contains(text)), "{svg}");
    }
}
