//! What the engine says while it runs: said on as it comes, and kept for the final report.

use std::collections::{BTreeMap, VecDeque};
use std::fmt::Write;
use std::path::Path;

use patchline_graph::{Engine, Event, EventKind, Frame, Frames, Report, Severity, Written};
use serde_json::{Value, json};
use tracing::{debug, error, info, warn};

use crate::exit::{Exit, Failure};
use crate::load::shown;
use crate::style;
use crate::units::{clock, count};

/// Reports kept; all of them are said.
const MOST_REPORTS: usize = 1000;

/// Files kept; all of them are said.
const MOST_FILES: usize = 10_000;
/// Files that a report names.
const NAMED_FILES: usize = 20;

/// Listens to an engine.
#[derive(Debug)]
pub(crate) struct Watch {
    rate: u32,
    panics: Vec<(String, Frame)>,
    /// By node: where it first allocated in the callback, and how often in all.
    allocations: BTreeMap<String, (Frame, u64)>,
    reports: Vec<Report>,
    /// What each node said last.
    last: BTreeMap<String, String>,
    /// Files that nodes have written, and how many more there are.
    files: Vec<(String, Written)>,
    more_files: usize,
    failed: bool,
    reloads: Reloads,
    /// Changes whose frame was past when they came.
    late: u64,
}

/// A patch on its way to the audio thread: what it changes, for people and for programs.
#[derive(Debug)]
pub(crate) struct NewPatch {
    pub(crate) line: String,
    pub(crate) data: Value,
}

/// Patches loaded after the first one.
#[derive(Debug, Default)]
struct Reloads {
    /// With the number of the load that brings each, and how many loads took over.
    on_their_way: VecDeque<(u64, NewPatch)>,
    seen: u64,
    /// Those that took over, and at which frame; how many more there are.
    done: Vec<(Frame, Value)>,
    more: usize,
    /// The one after which none came yet, if it is among those more.
    last: Option<(Frame, Value)>,
    refused: usize,
}

impl Watch {
    /// Nothing heard yet, at `rate` Hz.
    pub(crate) fn new(rate: u32) -> Self {
        Self {
            rate,
            panics: Vec::new(),
            allocations: BTreeMap::new(),
            reports: Vec::new(),
            last: BTreeMap::new(),
            files: Vec::new(),
            more_files: 0,
            failed: false,
            reloads: Reloads::default(),
            late: 0,
        }
    }

    /// The load of this number brings this patch: it is told when it takes over.
    pub(crate) fn expect(&mut self, load: u64, patch: NewPatch) {
        self.reloads.on_their_way.push_back((load, patch));
    }

    /// A patch was not loaded: it is told why, and what plays on.
    pub(crate) fn refuse(&mut self, failure: &Failure) {
        self.reloads.refused += 1;
        if let Some(message) = failure.unsaid() {
            error!("{message}");
        }
        warn!("not loaded; the old patch plays on");
    }

    fn took_over(&mut self, frame: Frame) {
        let at = clock(frame, self.rate);
        self.reloads.seen += 1;
        let seen = self.reloads.seen;
        // Parameters that need new processors are loads, too.
        let is_due = self.reloads.on_their_way.front().is_some_and(|(load, _)| *load <= seen);
        let due = is_due.then(|| self.reloads.on_their_way.pop_front()).flatten();
        let Some((_, NewPatch { line, data })) = due else {
            return debug!("{at} a new graph plays");
        };
        info!("reloaded at frame {frame} ({at}): {line}");
        if self.reloads.done.len() < MOST_REPORTS {
            self.reloads.done.push((frame, data));
        } else {
            self.reloads.more += 1;
            self.reloads.last = Some((frame, data));
        }
    }

    /// What a node said last.
    #[cfg(feature = "tui")]
    pub(crate) fn last_said(&self, node: &str) -> Option<&str> {
        self.last.get(node).map(String::as_str)
    }

    /// How many other patches took over, and the frame and the changes of the last one.
    pub(crate) fn last_reload(&self) -> (u64, Option<&(Frame, Value)>) {
        let Reloads { done, more, last, .. } = &self.reloads;
        ((done.len() + more) as u64, last.as_ref().or(done.last()))
    }

    /// How often another patch was loaded: `reloaded 3 times, last at frame 48000 (0:01.000), 1 patch refused`.
    pub(crate) fn reloads(&self) -> Option<String> {
        let Reloads { done, more, refused, .. } = &self.reloads;
        let (_, last) = self.last_reload();
        let last = last.map_or_else(String::new, |(frame, _)| {
            format!(", the last time at frame {frame} ({})", clock(*frame, self.rate))
        });
        let times = count(done.len() + more, "time");
        let refused = match refused {
            0 => String::new(),
            refused => format!("; {} with mistakes left the old one playing", count(*refused, "edit")),
        };
        (!done.is_empty() || self.reloads.refused > 0).then(|| format!("reloaded {times}{last}{refused}"))
    }

    /// Takes everything that the engine has to say, and lets it free what came back.
    pub(crate) fn listen(&mut self, engine: &mut Engine) {
        while let Some(event) = engine.next_event() {
            self.event(event);
        }
        while let Some(report) = engine.next_report() {
            self.report(report);
        }
        engine.collect();
    }

    fn event(&mut self, event: Event) {
        let at = clock(event.frame, self.rate);
        let node = event.node.unwrap_or_else(|| "the engine".to_owned());
        let frame = event.frame;
        match event.kind {
            EventKind::Loaded => self.took_over(event.frame),
            EventKind::Set { late: 0 } => debug!("{at} {node}: new parameters"),
            EventKind::Set { late } => self.came_late(&at, &node, late),
            EventKind::Bypassed { on: true } => debug!("{at} {node}: left out"),
            EventKind::Bypassed { on: false } => debug!("{at} {node}: taken back"),
            EventKind::Node { what, value } => debug!("{at} {node}: {what} {value}"),
            EventKind::Panicked => {
                error!(
                    "`{node}` panicked at frame {frame} ({at}) and is silent from there on; the rest plays on. \
                     That is a bug in the node"
                );
                self.panics.push((node, frame));
            }
            EventKind::Allocated { times } => self.allocated(node, frame, times),
        }
    }

    /// Said the first, the tenth, the hundredth time and so on: whoever asks for what is past may do so without end.
    fn came_late(&mut self, at: &str, node: &str, late: Frames) {
        self.late += 1;
        if self.late == 10_u64.pow(self.late.ilog10()) {
            let times = if self.late == 1 { String::new() } else { format!(" (the {}th time)", self.late) };
            warn!("{at} {node}: new parameters, {} late{times}", count(late, "frame"));
        }
    }

    /// Said once for a node; the rest is counted.
    fn allocated(&mut self, node: String, frame: Frame, times: u32) {
        let (_, count) = self.allocations.entry(node.clone()).or_insert((frame, 0));
        if *count == 0 {
            let at = clock(frame, self.rate);
            error!(
                "`{node}` allocated or freed memory in the audio callback, {times} times by frame {frame} ({at}). \
                 That is a bug in the node"
            );
        }
        *count += u64::from(times);
    }

    fn report(&mut self, report: Report) {
        let Report { node, severity, message, written } = &report;
        // Names of files are not ours to obey.
        let said = style::safe(message, 1000);
        match severity {
            Severity::Info => info!("{node}: {said}"),
            Severity::Warning => warn!("{node}: {said}"),
            Severity::Error => error!("{node}: {said}"),
        }
        self.failed |= *severity == Severity::Error;
        self.last.insert(node.clone(), said);
        match written {
            Some(written) if self.files.len() < MOST_FILES => self.files.push((node.clone(), written.clone())),
            Some(_) => self.more_files += 1,
            None => {}
        }
        if self.reports.len() < MOST_REPORTS {
            self.reports.push(report);
        }
    }

    /// How a run ends in which all this was heard.
    pub(crate) fn exit(&self) -> Exit {
        match (self.panics.is_empty() && self.allocations.is_empty(), self.failed) {
            (false, _) => Exit::Broken,
            (true, true) => Exit::File,
            (true, false) => Exit::Ok,
        }
    }

    /// Whether any file was begun: a node that writes one says so before anything else can go wrong with it.
    pub(crate) fn has_begun(&self) -> bool {
        self.reports.iter().any(|report| report.severity == Severity::Info)
    }

    /// Why it ended other than well, if it did; people have been told.
    pub(crate) fn failure(&self) -> Option<Failure> {
        let failed = || self.reports.iter().find(|report| report.severity == Severity::Error);
        let message = match self.exit() {
            Exit::Ok => return None,
            Exit::Broken => self.faults().swap_remove(0),
            _ => failed().map_or_else(String::new, |report| format!("{}: {}", report.node, report.message)),
        };
        Some(Failure::new(self.exit(), message).said())
    }

    /// The lines of a report on what went wrong in the callback.
    pub(crate) fn faults(&self) -> Vec<String> {
        let panics = self.panics.iter().map(|(node, frame)| format!("`{node}` panicked at frame {frame}"));
        let allocations = self.allocations.iter().map(|(node, (frame, times))| {
            format!("`{node}` allocated or freed memory {times} times in the audio callback, first at frame {frame}")
        });
        panics.chain(allocations).collect()
    }

    /// The file that was written, if it was exactly one.
    pub(crate) fn only_file(&self) -> Option<&Path> {
        match &self.files[..] {
            [(_, written)] => Some(&written.path),
            _ => None,
        }
    }

    /// The files that nodes have written, a line for each, but of many only the last ones.
    pub(crate) fn files(&self) -> String {
        let unnamed = self.more_files + self.files.len().saturating_sub(NAMED_FILES);
        let mut out = if unnamed > 0 { format!("{} before these:\n", count(unnamed, "file")) } else { String::new() };
        for (node, Written { path, frames, missing, .. }) in self.files.iter().rev().take(NAMED_FILES).rev() {
            let (path, length) = (shown(path), clock(*frames, self.rate));
            let missing =
                missing.as_ref().map(|list| format!("; what is missing: {}", shown(list))).unwrap_or_default();
            let frames = count(*frames as usize, "frame");
            writeln!(out, "{node}: {path}, {length}, {frames}{missing}").expect("a string takes it");
        }
        out
    }

    fn files_data(&self) -> Value {
        let one = |(node, Written { path, first, frames, missing }): &(String, Written)| json!({ "node": node, "path": path.to_string_lossy(), "first_frame": first, "frames": frames, "missing": missing.as_ref().map(|list| list.to_string_lossy()) });
        self.files.iter().map(one).collect()
    }

    /// All of it, for programs.
    pub(crate) fn data(&self) -> Value {
        let panics: Vec<_> = self.panics.iter().map(|(node, frame)| json!({ "node": node, "frame": frame })).collect();
        let allocations = self.allocations.iter();
        let allocations: Vec<_> = allocations
            .map(|(node, (frame, times))| json!({ "node": node, "first_frame": frame, "times": times }))
            .collect();
        let word = |severity: Severity| match severity {
            Severity::Info => "info",
            Severity::Warning => "warning",
            Severity::Error => "error",
        };
        let reports = self.reports.iter();
        let reports: Vec<_> = reports
            .map(|report| json!({ "node": report.node, "severity": word(report.severity), "message": report.message }))
            .collect();
        json!({
            "panics": panics,
            "allocations": allocations,
            "reports": reports,
            "files": self.files_data(),
            "more_files": self.more_files,
            "reloads": self.reloads.done.iter().map(|(frame, changes)| json!({ "frame": frame, "changes": changes })).collect::<Vec<_>>(),
            "more_reloads": self.reloads.more,
            "reloads_refused": self.reloads.refused,
        })
    }
}
