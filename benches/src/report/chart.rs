//! Charts over logarithmic axes: curves, and bars.

use super::svg::{Anchor, Svg, text_width};

/// A curve: its name, its points, and whether it is only for comparison.
pub(super) struct Curve {
    pub(super) name: String,
    pub(super) points: Vec<(f64, f64)>,
    pub(super) dashed: bool,
}

/// A chart of curves.
pub(super) struct Curves<'a> {
    pub(super) title: &'a str,
    pub(super) x: &'a str,
    pub(super) y: &'a str,
    pub(super) curves: Vec<Curve>,
    /// How a value of y is written.
    pub(super) label: fn(f64) -> String,
}

/// Pixels.
const WIDTH: f64 = 760.0;
const HEIGHT: f64 = 420.0;
const LEFT: f64 = 80.0;
const TOP: f64 = 56.0;
const BOTTOM: f64 = 52.0;
/// Colours there are.
const COLOURS: usize = 8;

/// A logarithmic axis: values to pixels.
struct Axis {
    from: f64,
    to: f64,
    first: f64,
    last: f64,
}

impl Axis {
    /// Around all values, ending at powers of ten where `whole`.
    fn over(values: impl Iterator<Item = f64> + Clone, whole: bool, first: f64, last: f64) -> Self {
        let low = values.clone().fold(f64::INFINITY, f64::min).max(1e-12).log10();
        let high = values.fold(f64::NEG_INFINITY, f64::max).max(1e-12).log10();
        let (from, to) = if whole { (low.floor(), high.ceil().max(low.floor() + 1.0)) } else { (low, high) };
        Self { from, to, first, last }
    }

    fn at(&self, value: f64) -> f64 {
        let part = (value.max(1e-12).log10() - self.from) / (self.to - self.from).max(1e-9);
        self.first + part * (self.last - self.first)
    }

    /// The powers of ten on it.
    fn decades(&self) -> impl Iterator<Item = f64> + use<> {
        let (from, to) = ((self.from - 1e-9).ceil() as i32, (self.to + 1e-9).floor() as i32);
        (from..=to).map(|power| 10f64.powi(power))
    }
}

impl Curves<'_> {
    pub(super) fn draw(&self) -> String {
        let mut svg = Svg::new(WIDTH, HEIGHT, self.title);
        let names = self.curves.iter().map(|curve| text_width(&curve.name)).fold(0.0, f64::max);
        let right = WIDTH - names - 24.0;
        let all = self.curves.iter().flat_map(|curve| curve.points.iter().copied());
        let x = Axis::over(all.clone().map(|point| point.0), false, LEFT, right - 12.0);
        let y = Axis::over(all.map(|point| point.1), true, HEIGHT - BOTTOM, TOP);
        self.frame(&mut svg, &x, &y, right);
        for (index, curve) in self.curves.iter().enumerate() {
            let points: Vec<(f64, f64)> = curve.points.iter().map(|&(a, b)| (x.at(a), y.at(b))).collect();
            let dashed = if curve.dashed { " dashed" } else { "" };
            svg.path(&points, &format!("s{}{dashed}", index % COLOURS));
            points.iter().for_each(|&(a, b)| svg.dot(a, b, &format!("c{}", index % COLOURS)));
        }
        self.names(&mut svg, &y, right);
        svg.finish()
    }

    fn frame(&self, svg: &mut Svg, x: &Axis, y: &Axis, right: f64) {
        svg.text(16.0, 26.0, Anchor::Start, "head", self.title);
        svg.text(16.0, 44.0, Anchor::Start, "soft", self.y);
        for value in y.decades() {
            svg.line((LEFT, y.at(value)), (right - 12.0, y.at(value)), "grid");
            svg.text(LEFT - 8.0, y.at(value) + 4.0, Anchor::End, "soft", &(self.label)(value));
        }
        let mut last = f64::NEG_INFINITY;
        for &(value, _) in self.curves.iter().max_by_key(|curve| curve.points.len()).map_or(&[][..], |it| &it.points) {
            let name = thousands(value);
            svg.line((x.at(value), HEIGHT - BOTTOM), (x.at(value), HEIGHT - BOTTOM + 5.0), "axis");
            if x.at(value) - last > text_width(&name) + 8.0 {
                svg.text(x.at(value), HEIGHT - BOTTOM + 20.0, Anchor::Middle, "soft", &name);
                last = x.at(value);
            }
        }
        svg.line((LEFT, HEIGHT - BOTTOM), (right - 12.0, HEIGHT - BOTTOM), "axis");
        svg.text((LEFT + right) / 2.0, HEIGHT - 12.0, Anchor::Middle, "", self.x);
    }

    /// Each curve's name beside its end, moved apart where they meet.
    fn names(&self, svg: &mut Svg, y: &Axis, right: f64) {
        let end = |curve: &Curve| curve.points.last().map_or(0.0, |point| y.at(point.1));
        let mut order: Vec<usize> = (0..self.curves.len()).collect();
        order.sort_by(|a, b| end(&self.curves[*a]).total_cmp(&end(&self.curves[*b])));
        let places = apart(order.iter().map(|&index| end(&self.curves[index])).collect(), TOP, HEIGHT - BOTTOM);
        for (index, place) in order.into_iter().zip(places) {
            svg.text(right, place + 4.0, Anchor::Start, &format!("c{}", index % COLOURS), &self.curves[index].name);
        }
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

/// One bar: its name, what it stands for, how far it may go.
pub(super) struct Bar {
    pub(super) name: String,
    pub(super) value: f64,
    pub(super) label: String,
    pub(super) bound: Option<f64>,
    /// Which colour.
    pub(super) colour: usize,
}

/// Horizontal bars over a logarithmic axis that begins at `base`.
pub(super) struct Bars<'a> {
    pub(super) title: &'a str,
    pub(super) note: &'a str,
    pub(super) base: f64,
    pub(super) groups: Vec<(String, Vec<Bar>)>,
}

impl Bars<'_> {
    pub(super) fn draw(&self) -> String {
        const LINE: f64 = 20.0;
        let lines = self.groups.iter().map(|(_, bars)| bars.len()).sum::<usize>();
        let heads = self.groups.iter().filter(|(head, _)| !head.is_empty()).count();
        let height = TOP + 18.0 + lines as f64 * LINE + heads as f64 * (LINE + 6.0) + 24.0;
        let bars = || self.groups.iter().flat_map(|(_, bars)| bars);
        let names = bars().map(|bar| text_width(&bar.name)).fold(0.0, f64::max) + 24.0;
        let labels = bars().map(|bar| text_width(&bar.label)).fold(0.0, f64::max) + 16.0;
        let mut svg = Svg::new(WIDTH, height, self.title);
        svg.text(16.0, 26.0, Anchor::Start, "head", self.title);
        svg.text(16.0, 44.0, Anchor::Start, "soft", self.note);
        let values = bars().flat_map(|bar| [Some(bar.value), bar.bound]).flatten().chain([self.base, self.base * 2.0]);
        let values: Vec<f64> = values.collect();
        let axis = Axis::over(values.iter().copied(), false, names, WIDTH - labels);
        for value in axis.decades() {
            svg.line((axis.at(value), TOP + 14.0), (axis.at(value), height - 16.0), "grid");
            svg.text(axis.at(value), TOP + 8.0, Anchor::Middle, "soft", &format!("{value}×"));
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

    fn bar(&self, svg: &mut Svg, axis: &Axis, bar: &Bar, y: f64, names: f64) {
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

/// `10,000`.
fn thousands(value: f64) -> String {
    let digits = format!("{value:.0}");
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decades_are_evenly_spaced() {
        let axis = Axis::over([1.0, 1000.0].into_iter(), false, 0.0, 300.0);
        assert_eq!(axis.decades().map(|value| axis.at(value).round()).collect::<Vec<_>>(), [0.0, 100.0, 200.0, 300.0]);
        assert_eq!([1.0, 1000.0, 10_000.0, 1e6].map(thousands), ["1", "1,000", "10,000", "1,000,000"]);
    }

    #[test]
    fn names_at_one_height_move_apart_and_stay_inside() {
        let places = apart(vec![100.0, 100.0, 101.0, 400.0, 400.0], 50.0, 400.0);
        assert!(places.windows(2).all(|pair| pair[1] - pair[0] >= 16.0), "{places:?}");
        assert!(places.iter().all(|place| (50.0..=400.0).contains(place)), "{places:?}");
    }
}
