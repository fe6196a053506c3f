//! Xruns on their way to a cause: judged as soon as the call behind the lost frames is known.

use std::collections::VecDeque;
use std::time::Duration;

use patchline_graph::Engine;
use patchline_io::flight::{Cause, Diagnosis, FlightReader, Scene, diagnose};
use patchline_io::{IoEvent, IoEventKind};
use serde_json::{Value, json};

/// Looks after which a case is judged without the call behind it: about a second.
const PATIENCE: u32 = 100;
/// Cases that wait, and judged ones that are kept; all are counted.
const MOST: usize = 1_000;
/// Calls, and runs of nodes, from which a case is judged.
const CALLS: usize = 512;
const SPANS: usize = 2_048;

/// An xrun and what was found.
#[derive(Clone, Debug)]
pub(crate) struct Case {
    pub(crate) event: IoEvent,
    /// When the callback was called again, by the clock of the calls; `None` if that was not seen.
    pub(crate) at: Option<Duration>,
    /// Whose fault it was, as far as that can be told.
    pub(crate) diagnosis: Option<Diagnosis>,
}

/// How many xruns each cause had.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Causes {
    known: [u64; Cause::ALL.len()],
    unknown: u64,
}

pub(super) struct Cases {
    rate: u32,
    /// Whether this machine's clock alone paces the device.
    paced_here: bool,
    /// Those that are not judged yet, and how often they were looked at.
    open: Vec<(IoEvent, u32)>,
    judged: VecDeque<Case>,
    causes: Causes,
}

impl Cases {
    pub(super) fn new(rate: u32, paced_here: bool) -> Self {
        Self { rate, paced_here, open: Vec::new(), judged: VecDeque::new(), causes: Causes::default() }
    }

    /// An xrun happened.
    pub(super) fn happened(&mut self, event: IoEvent) {
        if self.open.len() < MOST {
            self.open.push((event, 0));
        } else {
            self.causes.unknown += 1;
        }
    }

    /// Judges those that can be judged now, or all of them at the `end`.
    pub(super) fn look(&mut self, calls: &FlightReader, engine: &Engine, end: bool) -> Vec<Case> {
        if self.open.is_empty() {
            return Vec::new();
        }
        let (calls, spans) = (calls.last(CALLS).calls, engine.last_spans(SPANS).spans);
        let (rate, paced_here) = (self.rate, self.paced_here);
        let mut judged = Vec::new();
        self.open.retain_mut(|(event, looks)| {
            *looks += 1;
            let next = calls.iter().find(|call| call.position >= event.position);
            if next.is_none() && *looks < PATIENCE && !end {
                return true;
            }
            let scene = Scene { position: event.position, rate, calls: &calls, spans: &spans, paced_here };
            judged.push(Case { event: *event, at: next.map(|call| call.begins), diagnosis: diagnose(&scene) });
            false
        });
        for case in &judged {
            self.causes.add(case.diagnosis.as_ref().map(|diagnosis| diagnosis.cause));
            self.judged.push_back(case.clone());
        }
        let over = self.judged.len().saturating_sub(MOST);
        self.judged.drain(..over);
        judged
    }

    /// Those that were judged last, the oldest first.
    pub(super) fn judged(&self) -> impl Iterator<Item = &Case> {
        self.judged.iter()
    }

    pub(super) fn causes(&self) -> Causes {
        self.causes
    }
}

impl Case {
    /// `xrun at frame 96000: 256 frames of input and output are lost; our graph: ...`.
    pub(crate) fn text(&self) -> String {
        self.diagnosis.as_ref().map_or_else(|| self.event.to_string(), |diagnosis| diagnosis.explain(&self.event))
    }

    /// Frames lost; 0 where the device cannot tell.
    pub(crate) fn lost(&self) -> u64 {
        match self.event.kind {
            IoEventKind::Xrun { lost, .. } => lost,
            _ => 0,
        }
    }
}

impl Causes {
    fn add(&mut self, cause: Option<Cause>) {
        match cause.and_then(|cause| Cause::ALL.iter().position(|&other| other == cause)) {
            Some(index) => self.known[index] += 1,
            None => self.unknown += 1,
        }
    }

    /// All that were judged.
    pub(super) fn total(&self) -> u64 {
        self.known.iter().sum::<u64>() + self.unknown
    }

    /// `2 by our graph, 1 by a late wake-up`; empty where there was none.
    pub(super) fn text(&self) -> String {
        let words = |(cause, &times): (Cause, &u64)| {
            let by = match cause {
                Cause::Graph => "by our graph",
                Cause::LateWakeUp => "by late wake-ups",
                Cause::Device => "by the device",
            };
            (times > 0).then(|| format!("{times} {by}"))
        };
        let unknown = (self.unknown > 0).then(|| format!("{} unexplained", self.unknown));
        let parts: Vec<String> = Cause::ALL.into_iter().zip(&self.known).filter_map(words).chain(unknown).collect();
        parts.join(", ")
    }

    /// For programs.
    pub(super) fn data(&self) -> Value {
        let mut data = json!({ "unknown": self.unknown });
        for (cause, times) in Cause::ALL.into_iter().zip(self.known) {
            data[cause.word()] = json!(times);
        }
        data
    }
}
