//! Threads that help the one that renders: `[engine] threads`.
//!
//! On a device they have the rights of its own thread, or there are none: the callback would wait for a thread that the system
//! keeps from running. What is rendered into files, or for a device that is made up, waits as it likes.

mod rights;

use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::JoinHandle;

use patchline_graph::{Alone, Engine, Renderer, Worker};
use patchline_io::prefault_stack;
use serde_json::{Value, json};
use tracing::{info, warn};

use crate::rights::{Rights, Thread, seen};
use crate::units::count;

/// Parts of a second after which the device's thread has the rights that it gets.
const SETTLED: u64 = 4;
/// Seconds after which nodes were timed often enough to share them out by that, and how much later it is done again.
const TIMED: u64 = 2;
const AGAIN: u64 = 4;

/// Those who help an engine.
pub(crate) struct Helpers {
    asked: usize,
    /// Until it is known which rights there are.
    waiting: Vec<Worker>,
    threads: Vec<JoinHandle<()>>,
    refusals: (Sender<String>, Receiver<String>),
    why_not: Option<String>,
    /// The frame by which nodes are shared out anew.
    balance: u64,
    rate: u32,
}

impl Helpers {
    /// For a device: they begin when its thread has its rights, which [`look`](Self::look) finds out.
    pub(crate) fn live(engine: &mut Engine) -> Self {
        let asked = engine.stream().threads;
        let processors = std::thread::available_parallelism().map_or(1, usize::from);
        let rate = engine.stream().rate;
        let mut waiting = engine.workers();
        let mut why_not = None;
        if asked > processors {
            engine.set_threads(processors);
            waiting.truncate(processors - 1);
            why_not = Some(format!("there {}", is_are(processors)));
        }
        let balance = TIMED * u64::from(rate);
        Self { asked, waiting, threads: Vec::new(), refusals: channel(), why_not, balance, rate }
    }

    /// For files, and devices that are made up: they begin at once.
    pub(crate) fn unhurried(engine: &mut Engine, renderer: &mut Renderer) -> Self {
        let mut helpers = Self::live(engine);
        renderer.yield_while_waiting(true);
        helpers.begin(None);
        helpers
    }

    fn begin(&mut self, thread: Option<Thread>) {
        for worker in std::mem::take(&mut self.waiting) {
            let (refused, thread) = (self.refusals.0.clone(), thread.clone());
            let work = move || {
                prefault_stack();
                match thread.map_or(Ok(()), |thread| rights::take(thread.policy, thread.priority)) {
                    Ok(()) => worker.run(),
                    // Nobody listens any more at the end.
                    Err(error) => drop(refused.send(format!("the system refuses them real-time rights ({error})"))),
                }
            };
            match std::thread::Builder::new().name("patchline-helper".to_owned()).spawn(work) {
                Ok(thread) => self.threads.push(thread),
                Err(error) => drop(self.refusals.0.send(format!("the system refuses them ({error})"))),
            }
        }
    }

    /// Looks after them while `frames` frames were rendered. For the control thread, now and then.
    pub(crate) fn look(&mut self, engine: &mut Engine, frames: u64) {
        if self.asked < 2 {
            return;
        }
        if !self.waiting.is_empty() && frames >= u64::from(self.rate) / SETTLED {
            match seen() {
                Rights::RealTime(thread) => self.begin(Some(thread)),
                rights => self.give_up(engine, &why(&rights)),
            }
        }
        if let Ok(refusal) = self.refusals.1.try_recv() {
            self.give_up(engine, &refusal);
        }
        if frames >= self.balance {
            self.balance = self.balance.saturating_mul(AGAIN);
            if engine.rebalance() {
                info!("{}", shared_out(engine));
            }
        }
    }

    /// One thread renders from here on.
    fn give_up(&mut self, engine: &mut Engine, why: &str) {
        self.waiting.clear();
        if engine.stream().threads > 1 {
            warn!("one thread renders instead of {}: {why}", self.asked);
            engine.set_threads(1);
            engine.rebalance();
            self.why_not = Some(why.to_owned());
        }
    }

    /// How many threads were asked for, how many share what plays, and why no more. Null where one was asked for.
    pub(crate) fn data(&self, engine: &Engine) -> Value {
        if self.asked < 2 {
            return Value::Null;
        }
        let spread = engine.spread();
        let narrow = spread.alone.filter(|&alone| alone != Alone::Asked).map(|alone| alone.to_string());
        json!({
            "asked": self.asked,
            "lanes": spread.lanes(),
            "estimated_part": spread.part,
            "why_not": self.why_not.clone().or(narrow),
        })
    }

    /// `2 of 3 threads`, with the reason where it is one; nothing where one was asked for.
    pub(crate) fn text(&self, engine: &Engine) -> Option<String> {
        let data = self.data(engine);
        let why = data["why_not"].as_str().map_or_else(String::new, |why| format!(" ({why})"));
        (self.asked > 1).then(|| format!("{} of {} threads{why}", engine.spread().lanes(), self.asked))
    }

    /// Waits for their end, once the engine was closed with its renderer.
    pub(crate) fn end(self) {
        drop(self.waiting);
        for thread in self.threads {
            if thread.join().is_err() {
                warn!("a helping thread has panicked");
            }
        }
    }
}

/// `is 1 processor`, `are 2 processors`.
fn is_are(processors: usize) -> String {
    format!("{} {}", if processors == 1 { "is" } else { "are" }, count(processors, "processor"))
}

fn why(rights: &Rights) -> String {
    match rights {
        Rights::Unknown => "this system does not tell which rights the audio thread has".to_owned(),
        _ => "the audio thread has no real-time rights; `runner doctor` says how to get them".to_owned(),
    }
}

fn shared_out(engine: &Engine) -> String {
    let spread = engine.spread();
    match spread.alone {
        Some(why) => format!("one thread renders: {why}"),
        None => format!("{} threads render", spread.lanes()),
    }
}
