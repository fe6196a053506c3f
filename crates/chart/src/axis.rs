//! Axes: values to pixels, and the values that are written beside them.

/// How values lie on an axis.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scale {
    /// Equal differences are equally far apart.
    Linear,
    /// Equal ratios are equally far apart; values below 1e-12 lie where that lies.
    Logarithmic,
}

/// An axis as it is asked for.
#[derive(Clone, Debug)]
pub struct Axis {
    /// How values lie on it.
    pub scale: Scale,
    /// Its ends; without it, around all values. What lies beyond is drawn at the end.
    pub range: Option<(f64, f64)>,
    /// The values that are written beside it; without any, round ones.
    pub ticks: Vec<f64>,
    /// How they are written.
    pub label: fn(f64) -> String,
}

impl Axis {
    /// From the least to the greatest value, with round numbers beside it.
    pub fn linear() -> Self {
        Self { scale: Scale::Linear, range: None, ticks: Vec::new(), label: plain }
    }

    /// The same by ratios.
    pub fn logarithmic() -> Self {
        Self { scale: Scale::Logarithmic, ..Self::linear() }
    }

    /// With these ends.
    pub fn from(self, low: f64, high: f64) -> Self {
        Self { range: Some((low, high)), ..self }
    }

    /// With these values beside it.
    pub fn ticks(self, ticks: impl IntoIterator<Item = f64>) -> Self {
        Self { ticks: ticks.into_iter().collect(), ..self }
    }

    /// With values written like this.
    pub fn label(self, label: fn(f64) -> String) -> Self {
        Self { label, ..self }
    }
}

/// A number with no more digits than it has: `0.5`, `-12`, `1,000`.
fn plain(value: f64) -> String {
    match value.abs() {
        size if size >= 1000.0 && size.fract() == 0.0 => super::thousands(value),
        // What comes of adding steps is off by some last bits.
        _ => format!("{}", (value * 1e6).round() / 1e6 + 0.0),
    }
}

/// Where an axis is: its first value's pixel and its last one's, and whether its ends are to be round values.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Side {
    pub(crate) first: f64,
    pub(crate) last: f64,
    pub(crate) round: bool,
}

/// An axis in its place.
#[derive(Clone, Debug)]
pub(crate) struct Placed {
    scale: Scale,
    from: f64,
    to: f64,
    side: Side,
}

/// Steps of a linear axis, at least.
const STEPS: f64 = 4.0;
/// Decades from which on only they themselves are written.
const MANY_DECADES: f64 = 3.0;

impl Placed {
    pub(crate) fn new(axis: &Axis, values: impl Iterator<Item = f64>, side: Side) -> Self {
        let (low, high) = axis.range.unwrap_or_else(|| {
            values.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), value| (low.min(value), high.max(value)))
        });
        let scale = axis.scale;
        let (low, high) = if low <= high { (scale.of(low), scale.of(high)) } else { (0.0, 1.0) };
        // Values that are all the same but for their last digits have room around them.
        let around = match high.abs() {
            size if high - low > 1e-6 * size => 0.0,
            0.0 => 1.0,
            size => 1e-3 * size,
        };
        let (low, high) = if axis.range.is_none() { (low - around, high + around) } else { (low, high) };
        let (from, to) = match (axis.range.is_none() && side.round, scale) {
            (false, _) => (low, high),
            (true, Scale::Logarithmic) => (low.floor(), high.ceil().max(low.floor() + 1.0)),
            (true, Scale::Linear) => {
                let step = step(high - low);
                ((low / step).floor() * step, (high / step).ceil() * step)
            }
        };
        Self { scale, from, to: if to > from { to } else { from + 1.0 }, side }
    }

    /// Its pixel; that of the nearer end for what lies beyond.
    pub(crate) fn at(&self, value: f64) -> f64 {
        let part = ((self.scale.of(value) - self.from) / (self.to - self.from)).clamp(0.0, 1.0);
        self.side.first + part * (self.side.last - self.side.first)
    }

    /// Round values on it.
    pub(crate) fn ticks(&self, axis: &Axis) -> Vec<f64> {
        let within = |value: &f64| (self.from - 1e-9..=self.to + 1e-9).contains(&self.scale.of(*value));
        match (axis.ticks.is_empty(), self.scale) {
            (false, _) => axis.ticks.iter().copied().filter(within).collect(),
            (true, Scale::Linear) => {
                let step = step(self.to - self.from);
                let (first, last) = ((self.from / step - 1e-9).ceil() as i64, (self.to / step + 1e-9).floor() as i64);
                (first..=last).map(|index| index as f64 * step).collect()
            }
            (true, Scale::Logarithmic) => {
                let between: &[f64] = if self.to - self.from < MANY_DECADES { &[1.0, 2.0, 5.0] } else { &[1.0] };
                let decades = self.from.floor() as i32..=self.to.ceil() as i32;
                let values = decades.flat_map(|power| between.iter().map(move |value| value * 10f64.powi(power)));
                values.filter(within).collect()
            }
        }
    }
}

impl Scale {
    fn of(self, value: f64) -> f64 {
        match self {
            Self::Linear => value,
            Self::Logarithmic => value.max(1e-12).log10(),
        }
    }
}

/// 1, 2 or 5 times a power of ten, at least so many times in `length`.
fn step(length: f64) -> f64 {
    let wanted = length.max(1e-9) / STEPS;
    let power = 10f64.powf(wanted.log10().floor());
    [5.0, 2.0].into_iter().find(|times| times * power <= wanted).unwrap_or(1.0) * power
}

#[cfg(test)]
mod tests {
    use super::*;

    const SIDE: Side = Side { first: 0.0, last: 300.0, round: true };

    fn placed(axis: &Axis, values: &[f64]) -> Placed {
        Placed::new(axis, values.iter().copied(), SIDE)
    }

    #[test]
    fn decades_are_evenly_spaced() {
        let axis = Axis::logarithmic();
        let it = placed(&axis, &[1.0, 1000.0]);
        assert_eq!(
            it.ticks(&axis).iter().map(|value| it.at(*value).round()).collect::<Vec<_>>(),
            [0.0, 100.0, 200.0, 300.0]
        );
        assert_eq!(placed(&axis, &[20.0, 90.0]).ticks(&axis), [10.0, 20.0, 50.0, 100.0]);
    }

    #[test]
    fn linear_axes_end_at_round_values() {
        let axis = Axis::linear();
        let it = placed(&axis, &[-0.9, 0.97]);
        assert_eq!(it.ticks(&axis).into_iter().map(axis.label).collect::<Vec<_>>(), ["-1", "-0.5", "0", "0.5", "1"]);
        assert_eq!((it.at(0.0), it.at(7.0)), (150.0, 300.0));
    }

    #[test]
    fn one_value_and_none_have_an_axis_all_the_same() {
        for values in [&[][..], &[3.0]] {
            for axis in [Axis::linear(), Axis::logarithmic()] {
                let it = placed(&axis, values);
                assert!(it.at(3.0).is_finite() && it.ticks(&axis).len() < 20, "{it:?}");
            }
        }
        // What a digital loop measures: the same at each try.
        let axis = Axis::linear();
        for value in [26.213152, 21.333333, 0.0, -7.0, 1234.5] {
            let it = placed(&axis, &[value, value]);
            let labels: Vec<String> = it.ticks(&axis).into_iter().map(axis.label).collect();
            let mut different = labels.clone();
            different.dedup();
            assert!(labels.len() >= 3 && different == labels, "{labels:?}");
            assert!((50.0..=250.0).contains(&it.at(value)), "{}", it.at(value));
        }
    }
}
