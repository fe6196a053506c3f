//! The last seconds of the flight recorder, in columns: for pictures that are drawn again and again.

use std::time::Duration;

use patchline_io::flight::{Call, calls_in};
use serde_json::{Map, Value, json};

use super::Live;
use super::cases::Case;

/// How far it looks back, and how much of that is a column.
const LAST: Duration = Duration::from_secs(10);
const STEP: Duration = Duration::from_millis(50);

/// What happened lately.
#[derive(Debug, PartialEq)]
pub(crate) struct Recent {
    /// The longest call of each column as a part of its block's time, the latest last; `None` where there was none.
    longest: Vec<Option<f64>>,
    xruns: Vec<(Duration, u64, String)>,
}

impl Live {
    /// What the flight recorder has of the last seconds.
    pub(crate) fn recent(&self) -> Recent {
        let now = self.flight.time().now();
        // Short blocks may come, too.
        let calls = self.flight.last(2 * calls_in(LAST, self.spec.rate, self.spec.max_frames));
        Recent { longest: columns(&calls, now, self.spec.rate), xruns: xruns(self.flight.judged(), now) }
    }
}

fn columns(calls: &[Call], now: Duration, rate: u32) -> Vec<Option<f64>> {
    let number = LAST.div_duration_f64(STEP) as usize;
    let mut longest = vec![None; number];
    for call in calls {
        let ago = now.saturating_sub(call.begins).div_duration_f64(STEP) as usize;
        let period = call.period(rate);
        if ago < number && !period.is_zero() {
            let column: &mut Option<f64> = &mut longest[number - 1 - ago];
            let part = call.lasts.div_duration_f64(period);
            *column = Some(column.map_or(part, |longest| longest.max(part)));
        }
    }
    longest
}

fn xruns<'a>(judged: impl Iterator<Item = &'a Case>, now: Duration) -> Vec<(Duration, u64, String)> {
    let seen = judged.filter_map(|case| Some((now.saturating_sub(case.at?), case.lost(), case.text())));
    seen.filter(|(ago, ..)| *ago < LAST).collect()
}

impl Recent {
    /// For programs.
    pub(crate) fn data(&self) -> Map<String, Value> {
        let xrun = |(ago, lost, text): &(Duration, u64, String)| json!({ "seconds_ago": ago.as_secs_f64(), "lost_frames": lost, "text": text });
        Map::from_iter([
            ("step_ms".to_owned(), (STEP.as_millis() as u64).into()),
            ("longest".to_owned(), json!(self.longest)),
            ("xruns".to_owned(), self.xruns.iter().map(xrun).collect()),
        ])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_latest_column_is_the_last_and_has_its_longest_call() {
        // A block of 480 frames has 10 ms at 48 kHz.
        let call = |begins_ms, lasts_ms| Call {
            begins: Duration::from_millis(begins_ms),
            lasts: Duration::from_millis(lasts_ms),
            frames: 480,
            ..Call::default()
        };
        let calls = [call(1_000, 9), call(10_001, 5), call(19_960, 1), call(19_970, 2), call(19_980, 1)];
        let longest = columns(&calls, Duration::from_millis(20_000), 48_000);
        assert_eq!((longest.len(), longest[0], longest[199]), (200, Some(0.5), Some(0.2)));
        assert_eq!(longest.iter().flatten().count(), 2);
    }
}
