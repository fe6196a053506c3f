//! A parameter, one step further: what the arrow keys do.

use patchline_patch::Parameter;
use serde_json::Value;

/// dB that a level goes, and the most steps below which there is only silence.
const LEVEL_STEP: f64 = 0.5;
const LOWEST_LEVEL: f64 = -100.0;
/// Seconds that are the least a time goes up to from 0.
const LEAST_TIME: f64 = 0.001;

/// How far a step goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reach {
    /// An arrow.
    Near,
    /// An arrow with shift.
    Far,
}

/// What a parameter is one step up or down, in the words of a patch; `None` where there is no such step.
pub(super) fn stepped(parameter: &Parameter, up: bool, reach: Reach) -> Option<Value> {
    if let Some(Value::Bool(on)) = parameter.value {
        return Some(Value::Bool(!on));
    }
    if let (Some(Value::String(text)), false) = (&parameter.value, parameter.choices.is_empty()) {
        return chosen(&parameter.choices, text, up);
    }
    let number = parameter.number?;
    let within = |value: f64| value.max(parameter.min.unwrap_or(f64::MIN)).min(parameter.max.unwrap_or(f64::MAX));
    let sign: f64 = if up { 1.0 } else { -1.0 };
    match (parameter.unit, parameter.kind.as_str()) {
        (Some("Hz"), _) => {
            let semitones = if reach == Reach::Far { 12.0 } else { 1.0 };
            let hz = within(number * (sign * semitones / 12.0).exp2());
            Some(format!("{} Hz", rounded(hz)).into())
        }
        (Some("s"), _) => {
            let factor: f64 = if reach == Reach::Far { 2.0 } else { 1.1 };
            let seconds = if up { (number * factor).max(LEAST_TIME) } else { number / factor };
            let seconds = if seconds < LEAST_TIME && !up { 0.0 } else { seconds };
            Some(format!("{} ms", rounded(within(seconds) * 1000.0)).into())
        }
        (None, "level") if number >= 0.0 => Some(level(number, sign, reach, within)),
        (None, "whole number") => {
            let step = if reach == Reach::Far { 10.0 } else { 1.0 };
            Some((within(number + sign * step) as i64).into())
        }
        (None, _) => {
            let range = parameter.min.zip(parameter.max).map(|(min, max)| max - min).filter(|range| *range <= 1000.0);
            let step = range.unwrap_or(number.abs().max(1.0)) / if reach == Reach::Far { 10.0 } else { 100.0 };
            Some(rounded(within(number + sign * step)).into())
        }
        _ => None,
    }
}

/// The next of these words, or the one before.
fn chosen(choices: &[String], now: &str, up: bool) -> Option<Value> {
    let at = choices.iter().position(|choice| choice == now)?;
    let step = if up { 1 } else { choices.len() - 1 };
    Some(choices[(at + step) % choices.len()].clone().into())
}

/// A level in dB, of a factor; far down it is 0.
fn level(factor: f64, sign: f64, reach: Reach, within: impl Fn(f64) -> f64) -> Value {
    let db = (20.0 * factor.log10()).max(LOWEST_LEVEL);
    let step = LEVEL_STEP * if reach == Reach::Far { 12.0 } else { 1.0 };
    // On a grid, so that up and down lead back.
    let next = ((db / LEVEL_STEP).round() * LEVEL_STEP + sign * step).max(LOWEST_LEVEL);
    let linear = within(if next <= LOWEST_LEVEL { 0.0 } else { 10f64.powf(next / 20.0) });
    if linear == 0.0 {
        return 0.into();
    }
    format!("{} dB", rounded(20.0 * linear.log10())).into()
}

/// A number with five digits that count: what people would type.
fn rounded(number: f64) -> f64 {
    format!("{number:.4e}").parse().unwrap_or(number)
}

#[cfg(test)]
mod tests {
    use patchline_graph::Graph;
    use patchline_nodes::{Delay, Gain, Input, Oscillator, Time};
    use patchline_patch::Registry;
    use serde_json::json;

    use super::*;

    fn of(graph: &Graph, path: &str) -> Parameter {
        let all = Registry::standard().parameters_in(graph, "n", 48_000).unwrap();
        all.into_iter().find(|parameter| parameter.path == path).unwrap()
    }

    fn graph(add: impl FnOnce(&mut Graph)) -> Graph {
        let mut graph = Graph::new();
        add(&mut graph);
        graph
    }

    #[test]
    fn levels_go_by_half_a_decibel_and_end_in_silence() {
        let at =
            |text: &str| graph(|g| _ = g.add("n", Gain { gain: text.parse().unwrap(), ..Gain::default() }).unwrap());
        let go = |text: &str, up, reach| stepped(&of(&at(text), "gain"), up, reach).unwrap();
        assert_eq!(go("-6 dB", true, Reach::Near), json!("-5.5 dB"));
        assert_eq!(go("-6 dB", false, Reach::Far), json!("-12.0 dB").as_str().map(|_| json!("-12 dB")).unwrap());
        assert_eq!(go("0.5", true, Reach::Near), json!("-5.5 dB"));
        assert_eq!(go("-99.8 dB", false, Reach::Near), json!(0));
        assert_eq!(go("0", true, Reach::Near), json!("-99.5 dB"));
        assert_eq!(go("60 dB", true, Reach::Far), json!("60 dB"), "it stays within its range");
    }

    #[test]
    fn frequencies_go_by_semitones_and_words_go_round() {
        let tone = graph(|g| {
            _ = g.add("n", Oscillator { frequency: "440 Hz".parse().unwrap(), ..Oscillator::default() }).unwrap()
        });
        assert_eq!(stepped(&of(&tone, "frequency"), true, Reach::Far), Some(json!("880 Hz")));
        assert_eq!(stepped(&of(&tone, "frequency"), false, Reach::Near), Some(json!("415.3 Hz")));
        assert_eq!(stepped(&of(&tone, "shape"), true, Reach::Near), Some(json!("square")));
        assert_eq!(stepped(&of(&tone, "shape"), false, Reach::Near), Some(json!("triangle")));
        assert_eq!(stepped(&of(&tone, "bypass"), true, Reach::Near), Some(json!(true)));
    }

    #[test]
    fn times_go_by_tenths_and_down_to_nothing() {
        let at = |seconds| graph(|g| _ = g.add("n", Delay::new(Time::Seconds(seconds))).unwrap());
        let go = |seconds, up| stepped(&of(&at(seconds), "time"), up, Reach::Near).unwrap();
        assert_eq!((go(0.5, true), go(0.5, false)), (json!("550 ms"), json!("454.55 ms")));
        assert_eq!((go(0.0, true), go(0.001, false)), (json!("1 ms"), json!("0 ms")));
    }

    #[test]
    fn what_is_no_number_and_no_choice_has_no_step() {
        let device =
            graph(|g| _ = g.add("n", Input { device: Some("Scarlett".to_owned()), ..Input::default() }).unwrap());
        assert_eq!(stepped(&of(&device, "device"), true, Reach::Near), None);
    }
}
