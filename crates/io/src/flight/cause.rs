//! Whose fault an xrun was, from the records around it.

use std::fmt;
use std::time::Duration;

use patchline_graph::NodeSpan;

use super::Call;
use crate::event::missed;
use crate::{IoEvent, IoEventKind};

/// Calls before an xrun that may have caused it.
const SUSPECTS: usize = 3;
/// Calls from whose beginnings the device's own rhythm is found.
const RHYTHM: usize = 64;
/// A call that begins later than this part of its period is late.
const LATE: f64 = 0.5;
/// A call that begins within this part of a period of the device's rhythm is called when the device wanted to.
const ON_TIME: f64 = 0.1;

/// Whose fault an xrun was.
///
/// ```
/// use patchline_io::flight::Cause;
///
/// assert_eq!(Cause::ALL.map(Cause::word), ["graph", "late_wake_up", "device"]);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Cause {
    /// Ours: the callback took longer than its block lasts.
    Graph,
    /// The callback was short, but was called late: the system let other things run.
    LateWakeUp,
    /// Neither: the device or its server lost the frames by itself.
    Device,
}

/// What is known of an xrun.
///
/// ```
/// use patchline_io::flight::{Scene, diagnose};
///
/// // Where no call is known, nothing can be said.
/// let scene = Scene { position: 480, rate: 48_000, calls: &[], spans: &[], paced_here: false };
/// assert_eq!(diagnose(&scene), None);
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Scene<'a> {
    /// The frame from which on frames were lost: the event's position.
    pub position: u64,
    /// The device's rate in Hz.
    pub rate: u32,
    /// The calls around it, the oldest first; best up to the first one behind the lost frames.
    pub calls: &'a [Call],
    /// What nodes did in those calls that were timed, as far as it is known.
    pub spans: &'a [NodeSpan],
    /// Whether this machine's clock alone paces the device, as the null device: then it loses nothing by itself.
    pub paced_here: bool,
}

/// A cause and its evidence. Its text is the end of a sentence about an xrun.
///
/// ```
/// use std::time::Duration;
///
/// use patchline_io::flight::{Call, Scene, diagnose};
/// use patchline_io::{IoEvent, IoEventKind, Side};
///
/// // A block of 480 frames lasts 10 ms; this one took 12.
/// let slow = Call { frames: 480, lasts: Duration::from_millis(12), ..Call::default() };
/// let scene = Scene { position: 480, rate: 48_000, calls: &[slow], spans: &[], paced_here: true };
/// let diagnosis = diagnose(&scene).unwrap();
/// let xrun = IoEvent { position: 480, kind: IoEventKind::Xrun { lost: 96, side: Side::Both } };
/// assert!(diagnosis.explain(&xrun).ends_with(&diagnosis.to_string()));
/// assert_eq!(diagnosis.period, Duration::from_millis(10));
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Diagnosis {
    /// Whose fault it was.
    pub cause: Cause,
    /// How long the callback took that is the evidence.
    pub lasted: Duration,
    /// How long its block lasts.
    pub period: Duration,
    /// How much later than usual the callback was called, as far as that can be told.
    pub late: Duration,
    /// The heaviest node in the timed calls closest to it, and how long it took in one call.
    pub heaviest: Option<(String, Duration)>,
}

/// Says whose fault an xrun was; `None` where no call before it is known.
///
/// The callback is at fault if one of the last few calls before the lost frames took longer than its block lasts. Else
/// the system is, if one of them began more than half a period late, or if the next one did and is off the device's
/// rhythm: a device that skips frames by itself calls again when they are due, a thread that was not woken comes
/// whenever it comes. Of those calls the latest is the evidence. Else it was the device.
///
/// ```
/// use std::time::Duration;
///
/// use patchline_io::flight::{Call, Cause, Scene, diagnose};
///
/// // Calls every 10 ms that take 1 ms each; the last one came 8 ms late.
/// let call = |index: u64, late: u64| Call {
///     index,
///     begins: Duration::from_millis(10 * index + late),
///     lasts: Duration::from_millis(1),
///     frames: 480,
///     position: 480 * index,
///     discontinuity: false,
/// };
/// let calls: Vec<Call> = (0..20).map(|index| call(index, if index == 19 { 8 } else { 0 })).collect();
/// let scene = Scene { position: 480 * 20, rate: 48_000, calls: &calls, spans: &[], paced_here: true };
/// assert_eq!(diagnose(&scene).map(|diagnosis| diagnosis.cause), Some(Cause::LateWakeUp));
/// ```
#[must_use]
pub fn diagnose(scene: &Scene<'_>) -> Option<Diagnosis> {
    let Scene { position, rate, calls, spans, paced_here } = *scene;
    let split = calls.partition_point(|call| call.position < position);
    let (before, after) = calls.split_at(split);
    let suspects = &before[before.len().saturating_sub(SUSPECTS)..];
    let last = suspects.last()?;
    let used = |call: &Call| call.lasts.as_secs_f64() / call.period(rate).as_secs_f64().max(f64::MIN_POSITIVE);
    let slowest = suspects.iter().max_by(|a, b| used(a).total_cmp(&used(b)))?;
    let evidence = |cause, call: &Call, late: f64, heaviest| Diagnosis {
        cause,
        lasted: call.lasts,
        period: call.period(rate),
        late: Duration::try_from_secs_f64(late.max(0.0)).unwrap_or_default(),
        heaviest,
    };
    if used(slowest) > 1.0 {
        return Some(evidence(Cause::Graph, slowest, 0.0, heaviest(slowest, spans)));
    }
    let rhythm = Rhythm::of(before, rate);
    let period = last.period(rate).as_secs_f64();
    let next = after.first().map(|call| (rhythm.late(call, position), call));
    let off = |call: &Call| rhythm.late(call, call.position).abs() > ON_TIME * period;
    let (late, latest) = suspects
        .iter()
        .map(|call| (rhythm.late(call, call.position), call))
        .chain(next.filter(|(_, call)| paced_here || off(call)))
        .fold((0.0, last), |most, next| if next.0 > most.0 { next } else { most });
    if late > LATE * period {
        return Some(evidence(Cause::LateWakeUp, latest, late, None));
    }
    let late = next.filter(|_| paced_here).map_or(0.0, |(late, _)| late);
    Some(evidence(Cause::Device, last, late, None))
}

/// When the device calls for its frames, in seconds, from the calls that came soonest.
struct Rhythm {
    base: f64,
    rate: f64,
}

impl Rhythm {
    /// From the latest of these calls. The last ones are suspects themselves, unless there are no others.
    fn of(calls: &[Call], rate: u32) -> Self {
        let rate = f64::from(rate.max(1));
        let usual = &calls[..calls.len().saturating_sub(SUSPECTS).max(1).min(calls.len())];
        let usual = &usual[usual.len().saturating_sub(RHYTHM)..];
        let mut bases: Vec<f64> =
            usual.iter().map(|call| call.begins.as_secs_f64() - end(call, call.position) / rate).collect();
        bases.sort_by(f64::total_cmp);
        // Most calls are a little late, now and then one is very early: not the least, but nearly.
        Self { base: bases.get(bases.len() / 8).copied().unwrap_or(0.0), rate }
    }

    /// How much later than usual a call begins, in seconds, had its block to start at this frame.
    fn late(&self, call: &Call, position: u64) -> f64 {
        call.begins.as_secs_f64() - end(call, position) / self.rate - self.base
    }
}

/// Where a call's block ends if it starts at `position`: a device calls when all its frames are there, however many.
fn end(call: &Call, position: u64) -> f64 {
    position as f64 + call.frames as f64
}

/// The node that took longest in the timed call closest to this one. Calls are told apart by their number.
fn heaviest(call: &Call, spans: &[NodeSpan]) -> Option<(String, Duration)> {
    let distance = |span: &&NodeSpan| span.begins.abs_diff(call.begins);
    let closest = spans.iter().min_by_key(distance)?.call;
    let mut nodes: Vec<(&str, Duration)> = Vec::new();
    for span in spans.iter().filter(|span| span.call == closest) {
        let Some(name) = span.node.as_deref() else { continue };
        match nodes.iter_mut().find(|(node, _)| *node == name) {
            Some((_, time)) => *time += span.lasts,
            None => nodes.push((name, span.lasts)),
        }
    }
    nodes.into_iter().max_by_key(|(_, time)| *time).map(|(name, time)| (name.to_owned(), time))
}

impl Cause {
    /// All there are.
    pub const ALL: [Self; 3] = [Self::Graph, Self::LateWakeUp, Self::Device];

    /// A word for programs: `graph`, `late_wake_up`, `device`.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Graph => "graph",
            Self::LateWakeUp => "late_wake_up",
            Self::Device => "device",
        }
    }
}

impl Diagnosis {
    /// The event and its cause in one line, in the place of the event's general advice.
    #[must_use]
    pub fn explain(&self, event: &IoEvent) -> String {
        match event.kind {
            IoEventKind::Xrun { lost, side } => format!("{}; {self}", missed(event.position, lost, side)),
            _ => format!("{event}; {self}"),
        }
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Graph => "our graph",
            Self::LateWakeUp => "late wake-up",
            Self::Device => "device",
        })
    }
}

impl fmt::Display for Diagnosis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ms = |time: Duration| format!("{:.2} ms", time.as_secs_f64() * 1e3);
        let (lasted, period, late) = (ms(self.lasted), ms(self.period), ms(self.late));
        match self.cause {
            Cause::Graph => {
                write!(f, "our graph: a callback took {lasted} of {period}")?;
                match &self.heaviest {
                    Some((node, time)) => write!(f, ", most of it probably `{node}` ({} when last timed)", ms(*time)),
                    None => Ok(()),
                }
            }
            Cause::LateWakeUp => write!(
                f,
                "late wake-up: the system called the callback {late} late, which took only {lasted} of {period}"
            ),
            Cause::Device => write!(
                f,
                "device: the callback was on time and took only {lasted} of {period}, so the device or its server \
                 lost them"
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RATE: u32 = 48_000;
    const MS: Duration = Duration::from_millis(1);

    /// Calls of 480 frames (10 ms) that take 2 ms each, on time.
    fn calls(count: u64) -> Vec<Call> {
        let call = |index| Call {
            index,
            begins: 10 * index as u32 * MS,
            lasts: 2 * MS,
            frames: 480,
            position: 480 * index,
            discontinuity: false,
        };
        (0..count).map(call).collect()
    }

    fn span(node: &str, call: u64, begins: Duration, lasts: Duration) -> NodeSpan {
        NodeSpan { node: Some(node.to_owned()), call, begins, lasts, frames: 480 }
    }

    #[track_caller]
    fn check(position: u64, calls: &[Call], spans: &[NodeSpan], paced_here: bool, expected: &str) -> Diagnosis {
        let diagnosis = diagnose(&Scene { position, rate: RATE, calls, spans, paced_here }).unwrap();
        assert_eq!(diagnosis.to_string(), expected);
        diagnosis
    }

    #[test]
    fn a_callback_longer_than_its_block_is_our_graph_and_names_the_heaviest_node() {
        let mut calls = calls(20);
        calls[18].lasts = 17 * MS;
        // Pieces of a node belong together; another call's times do not count.
        let spans = [
            span("eq", 3, 30 * MS, 9 * MS),
            span("eq", 17, 170 * MS, MS),
            span("verb", 17, 171 * MS, MS),
            span("verb", 17, 172 * MS, MS),
        ];
        let said = "our graph: a callback took 17.00 ms of 10.00 ms, most of it probably `verb` (2.00 ms when last \
                    timed)";
        assert_eq!(check(20 * 480, &calls, &spans, false, said).cause, Cause::Graph);
        check(20 * 480, &calls, &[], true, "our graph: a callback took 17.00 ms of 10.00 ms");
        // Long ago is no reason for now.
        calls[18].lasts = 2 * MS;
        calls[5].lasts = 17 * MS;
        assert_eq!(
            diagnose(&Scene { position: 9_600, rate: RATE, calls: &calls, spans: &spans, paced_here: false })
                .unwrap()
                .cause,
            Cause::Device
        );
    }

    #[test]
    fn a_call_that_begins_late_is_the_systems() {
        let mut calls = calls(20);
        calls[19].begins += 6 * MS;
        let said = "late wake-up: the system called the callback 6.00 ms late, which took only 2.00 ms of 10.00 ms";
        assert_eq!(check(20 * 480, &calls, &[], false, said).cause, Cause::LateWakeUp);
        calls[19].begins -= 2 * MS;
        let device = "device: the callback was on time and took only 2.00 ms of 10.00 ms, so the device or its server \
                      lost them";
        check(20 * 480, &calls, &[], false, device);
    }

    /// Two blocks and a half late: the device counts two as lost and calls for the third, off its rhythm.
    #[test]
    fn a_thread_that_slept_for_blocks_was_not_woken() {
        let mut all = calls(23);
        let after = &mut all[22];
        (after.begins, after.discontinuity) = (after.begins + 5 * MS, true);
        all.drain(20..22);
        let said = "late wake-up: the system called the callback 25.00 ms late, which took only 2.00 ms of 10.00 ms";
        check(20 * 480, &all, &[], false, said);
        // On the rhythm: the device skipped them. Where there is no device, nobody but the system is left.
        all[20].begins -= 5 * MS;
        let diagnosed = |paced_here| {
            let scene = Scene { position: 20 * 480, rate: RATE, calls: &all, spans: &[], paced_here };
            diagnose(&scene).unwrap().cause
        };
        assert_eq!((diagnosed(false), diagnosed(true)), (Cause::Device, Cause::LateWakeUp));
    }

    #[test]
    fn of_the_late_calls_the_latest_is_told() {
        let mut all = calls(51);
        all.drain(20..50);
        all[18].begins += 6 * MS;
        let after = &mut all[20];
        (after.begins, after.discontinuity) = (after.begins + 2 * MS, true);
        let said = "late wake-up: the system called the callback 302.00 ms late, which took only 2.00 ms of 10.00 ms";
        for paced_here in [false, true] {
            check(20 * 480, &all, &[], paced_here, said);
        }
        // Also when the worse one came before the lost frames.
        all[20].begins -= 294 * MS;
        all[19].begins += 9 * MS;
        let said = "late wake-up: the system called the callback 9.00 ms late, which took only 2.00 ms of 10.00 ms";
        check(20 * 480, &all, &[], true, said);
    }

    #[test]
    fn little_or_nothing_known_is_no_reason_to_stumble() {
        let (three, one) = (calls(3), calls(1));
        let scene = |position, calls| Scene { position, rate: 0, calls, spans: &[], paced_here: false };
        assert_eq!(diagnose(&scene(480, &[])), None);
        assert_eq!(diagnose(&scene(0, &three)), None, "nothing was called before");
        assert!(diagnose(&scene(480, &one)).is_some());
        let odd = Call { frames: 0, begins: Duration::MAX, lasts: Duration::MAX, ..Call::default() };
        assert!(diagnose(&scene(1, &[odd, odd])).is_some());
    }
}
