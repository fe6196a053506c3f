//! Curves over two axes.

use crate::axis::{Axis, Placed, Side};
use crate::svg::{Anchor, COLOURS, Svg, TOP, WIDTH, text_width};

/// A curve: its name, its points (x, y), and how it is drawn.
#[derive(Clone, Debug)]
pub struct Curve {
    /// It stands beside the curve's end.
    pub name: String,
    /// From left to right.
    pub points: Vec<(f64, f64)>,
    /// How it is drawn.
    pub look: Look,
}

/// How a curve is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Look {
    /// A line.
    Line,
    /// A line with a dot at each point: few points that were measured.
    Dotted,
    /// A dashed line with dots: for comparison.
    Dashed,
    /// Only dots: points that have nothing between them.
    Dots,
    /// A thin dashed line without dots: a limit.
    Limit,
}

/// A chart of curves.
#[derive(Clone, Debug)]
pub struct Curves<'a> {
    /// Above it.
    pub title: &'a str,
    /// Below the title: what y is, in which unit.
    pub note: &'a str,
    /// What x is, in which unit.
    pub x_name: &'a str,
    /// From left to right.
    pub x: Axis,
    /// From bottom to top.
    pub y: Axis,
    /// At most eight can be told apart.
    pub curves: Vec<Curve>,
}

/// Pixels.
const HEIGHT: f64 = 420.0;
const LEFT: f64 = 80.0;
const BOTTOM: f64 = 52.0;

impl Curves<'_> {
    /// The chart as SVG.
    pub fn draw(&self) -> String {
        let mut svg = Svg::new(WIDTH, HEIGHT, self.title);
        let names = self.curves.iter().map(|curve| text_width(&curve.name)).fold(0.0, f64::max);
        let right = WIDTH - names - 24.0;
        let all = || self.curves.iter().flat_map(|curve| curve.points.iter().copied());
        let (across, up) = (
            Side { first: LEFT, last: right - 12.0, round: false },
            Side { first: HEIGHT - BOTTOM, last: TOP, round: true },
        );
        let x = Placed::new(&self.x, all().map(|point| point.0), across);
        let y = Placed::new(&self.y, all().map(|point| point.1), up);
        self.frame(&mut svg, &x, &y, right);
        for (index, curve) in self.curves.iter().enumerate() {
            draw(&mut svg, curve, index % COLOURS, &x, &y);
        }
        self.names(&mut svg, &y, right);
        svg.finish()
    }

    fn frame(&self, svg: &mut Svg, x: &Placed, y: &Placed, right: f64) {
        svg.head(self.title, self.note);
        for value in y.ticks(&self.y) {
            svg.line((LEFT, y.at(value)), (right - 12.0, y.at(value)), "grid");
            svg.text(LEFT - 8.0, y.at(value) + 4.0, Anchor::End, "soft", &(self.y.label)(value));
        }
        let mut last = f64::NEG_INFINITY;
        for value in x.ticks(&self.x) {
            let name = (self.x.label)(value);
            svg.line((x.at(value), HEIGHT - BOTTOM), (x.at(value), HEIGHT - BOTTOM + 5.0), "axis");
            if x.at(value) - last > text_width(&name) + 8.0 {
                svg.text(x.at(value), HEIGHT - BOTTOM + 20.0, Anchor::Middle, "soft", &name);
                last = x.at(value);
            }
        }
        svg.line((LEFT, HEIGHT - BOTTOM), (right - 12.0, HEIGHT - BOTTOM), "axis");
        svg.text((LEFT + right) / 2.0, HEIGHT - 12.0, Anchor::Middle, "", self.x_name);
    }

    /// Each curve's name beside its end, moved apart where they meet.
    fn names(&self, svg: &mut Svg, y: &Placed, right: f64) {
        let end = |curve: &Curve| curve.points.last().map_or(0.0, |point| y.at(point.1));
        let mut order: Vec<usize> = (0..self.curves.len()).collect();
        order.sort_by(|a, b| end(&self.curves[*a]).total_cmp(&end(&self.curves[*b])));
        let places = apart(order.iter().map(|&index| end(&self.curves[index])).collect(), TOP, HEIGHT - BOTTOM);
        for (index, place) in order.into_iter().zip(places) {
            svg.text(right, place + 4.0, Anchor::Start, &format!("c{}", index % COLOURS), &self.curves[index].name);
        }
    }
}

fn draw(svg: &mut Svg, curve: &Curve, colour: usize, x: &Placed, y: &Placed) {
    let points: Vec<(f64, f64)> = curve.points.iter().map(|&(a, b)| (x.at(a), y.at(b))).collect();
    let (line, dots) = match curve.look {
        Look::Line => (Some(""), false),
        Look::Dotted => (Some(""), true),
        Look::Dashed => (Some(" dashed"), true),
        Look::Dots => (None, true),
        Look::Limit => (Some(" dashed thin"), false),
    };
    if let Some(class) = line {
        svg.path(&points, &format!("s{colour}{class}"));
    }
    if dots {
        points.iter().for_each(|&(a, b)| svg.dot(a, b, &format!("c{colour}")));
    }
}

/// Sorted places, moved so that a line of text fits between any two of them.
fn apart(mut places: Vec<f64>, top: f64, bottom: f64) -> Vec<f64> {
    const LINE: f64 = 16.0;
    for index in 0..places.len() {
        let least = if index == 0 { top } else { places[index - 1] + LINE };
        places[index] = places[index].max(least);
    }
    let mut most = bottom;
    for place in places.iter_mut().rev() {
        *place = place.min(most);
        most = *place - LINE;
    }
    places
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_at_one_height_move_apart_and_stay_inside() {
        let places = apart(vec![100.0, 100.0, 101.0, 400.0, 400.0], 50.0, 400.0);
        assert!(places.windows(2).all(|pair| pair[1] - pair[0] >= 16.0), "{places:?}");
        assert!(places.iter().all(|place| (50.0..=400.0).contains(place)), "{places:?}");
    }

    #[test]
    fn a_curve_has_a_line_or_dots_and_its_name() {
        let drawn = |look| {
            let curve = Curve { name: "a<b".to_owned(), points: vec![(0.0, 1.0), (1.0, 2.0)], look };
            let svg = Curves {
                title: "t",
                note: "n",
                x_name: "x",
                x: Axis::linear(),
                y: Axis::linear(),
                curves: vec![curve],
            };
            let svg = svg.draw();
            assert!(svg.contains(">a&lt;b</text>"), "{svg}");
            (svg.matches("<polyline").count(), svg.matches("<circle").count())
        };
        assert_eq!(
            [Look::Line, Look::Dotted, Look::Dashed, Look::Dots, Look::Limit].map(drawn),
            [(1, 0), (1, 2), (1, 2), (0, 2), (1, 0)]
        );
    }
}
