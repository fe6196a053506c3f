//! The screen of `runner PATCH` on a terminal: the signal flow with its meters, parameters to turn, load and messages.
//!
//! It has a thread of its own, so that a terminal that stands still holds up nothing but itself. The control thread gives it
//! a snapshot 20 times in a second and takes its wishes; neither of them waits for the other.

mod app;
mod ballistics;
mod draw;
mod flow;
mod snapshot;
mod steps;
mod terminal;

use std::collections::VecDeque;
use std::io::{self, IsTerminal};
use std::sync::mpsc::{self, Receiver, Sender};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use ratatui::crossterm::event::{self, Event, KeyEventKind};

use crate::live::Live;
use crate::output;
use app::App;
pub(crate) use app::Wish;
use draw::{Paint, draw};
use patchline_patch::{Loaded, Registry};
use snapshot::{Answer, Camera, Snapshot};
use terminal::Terminal;

/// From one snapshot to the next.
const PERIOD: Duration = Duration::from_millis(50);
/// How long keys are waited for before the screen is looked after.
const KEYS: Duration = Duration::from_millis(20);
/// How long the screen may take to end before it is left to itself: its terminal may stand still.
const PATIENCE: Duration = Duration::from_secs(1);
/// The name of its thread.
const THREAD: &str = "patchline-screen";

/// The control thread's end of the screen.
pub(crate) struct Screen {
    slot: Arc<Slot>,
    wishes: Receiver<Wish>,
    thread: Option<JoinHandle<()>>,
    camera: Camera,
    due: Instant,
    node: String,
    /// What became of the last wish, and how many there were.
    answer: Option<(u64, Answer)>,
}

/// What one thread leaves for the other.
#[derive(Default)]
struct Slot(Mutex<Left>);

#[derive(Default)]
struct Left {
    snapshot: Option<Snapshot>,
    ended: bool,
}

impl Slot {
    fn with<R>(&self, what: impl FnOnce(&mut Left) -> R) -> R {
        what(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Screen {
    /// Takes over the terminal, if stdin and stderr are one that can move its cursor.
    pub(crate) fn start() -> Option<Self> {
        let able = std::env::var_os("TERM").is_none_or(|term| term != "dumb");
        if output::is_quiet() || !able || !io::stdin().is_terminal() || !io::stderr().is_terminal() {
            return None;
        }
        let terminal = terminal::take().inspect_err(|_| terminal::give_back()).ok()?;
        output::divert();
        let (slot, (sender, wishes)) = (Arc::new(Slot::default()), mpsc::channel());
        let shared = Arc::clone(&slot);
        let thread = std::thread::Builder::new().name(THREAD.to_owned()).spawn(move || {
            // Without a terminal it plays on, and the control thread says so where there is somebody to hear it.
            let _ = run(terminal, &shared, &sender);
        });
        let thread = thread.inspect_err(|_| restore()).ok()?;
        Some(Self {
            slot,
            wishes,
            thread: Some(thread),
            camera: Camera::default(),
            due: Instant::now(),
            node: String::new(),
            answer: None,
        })
    }

    /// The next thing that somebody at the terminal asks for.
    pub(crate) fn wish(&mut self) -> Option<Wish> {
        let wish = self.wishes.try_recv().ok()?;
        if let Wish::LookAt(node) = &wish {
            self.node.clone_from(node);
        }
        // Whatever comes of it is shown at once.
        self.due = Instant::now();
        Some(wish)
    }

    /// Says what became of a wish: what was done, or why not.
    pub(crate) fn answer(&mut self, answer: Result<String, String>) {
        let number = self.answer.as_ref().map_or(1, |(number, _)| number + 1);
        self.answer = Some((number, answer.map_or_else(Answer::Refused, Answer::Done)));
    }

    /// Shows how things are, when it is time to.
    pub(crate) fn show(&mut self, playing: &Loaded, live: &Live, registry: &Registry) {
        if self.thread.as_ref().is_some_and(JoinHandle::is_finished) {
            // It is gone before its time: from here on, lines go to stderr.
            return self.end();
        }
        if Instant::now() < self.due {
            return;
        }
        self.due = Instant::now() + PERIOD;
        let mut snapshot = self.camera.take((&playing.name, &playing.scenes), live, registry, &self.node);
        snapshot.answer.clone_from(&self.answer);
        self.slot.with(|left| left.snapshot = Some(snapshot));
    }

    /// Gives the terminal back, and says there what was said meanwhile.
    pub(crate) fn end(&mut self) {
        let Some(thread) = self.thread.take() else { return };
        self.slot.with(|left| left.ended = true);
        let end = Instant::now() + PATIENCE;
        while !thread.is_finished() && Instant::now() < end {
            std::thread::sleep(Duration::from_millis(5));
        }
        restore();
    }
}

/// Gives the terminal back, and says there what was said meanwhile.
pub(crate) fn restore() {
    terminal::give_back();
    output::gather();
}

impl Drop for Screen {
    fn drop(&mut self) {
        self.end();
    }
}

/// Draws and reads keys until it is to end, or the terminal is gone.
fn run(mut terminal: Terminal, slot: &Slot, wishes: &Sender<Wish>) -> io::Result<()> {
    let (mut app, paint, mut said) = (App::default(), Paint::of_environment(), VecDeque::new());
    loop {
        let mut changed = false;
        while event::poll(if changed { Duration::ZERO } else { KEYS })? {
            changed = true;
            if let Event::Key(key) = event::read()?
                && key.kind != KeyEventKind::Release
            {
                app.key(key).into_iter().for_each(|wish| _ = wishes.send(wish));
            }
        }
        let (snapshot, ended) = slot.with(|left| (left.snapshot.take(), left.ended));
        if ended {
            return Ok(());
        }
        output::diverted(&mut said);
        changed |= !said.is_empty() || snapshot.is_some();
        said.drain(..).for_each(|line: String| app.hear(&line));
        snapshot.and_then(|snapshot| app.take(snapshot)).into_iter().for_each(|wish| _ = wishes.send(wish));
        if changed {
            terminal.draw(|frame| draw(frame, &mut app, paint))?;
        }
    }
}
