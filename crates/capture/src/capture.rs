//! The control thread's side of a capture that is being written.

use std::fs::OpenOptions;
use std::io::{ErrorKind, Write};
use std::path::Path;
use std::sync::atomic::Ordering;
use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use patchline_graph::{Engine, Graph, StreamSpec};
use patchline_io::IoEvent;
use patchline_patch::Registry;

use crate::journal::{Announced, journal};
use crate::place::{Gone, Place};
use crate::record::{Note, Record, Start};
use crate::tap::{Cells, tap, words};
use crate::writer::{Order, Writer};
use crate::{CaptureError, Source, Summary, Tap};

/// The shortest block that there is room for over the whole [`Config::buffer`], in frames.
const SHORT: usize = 16;
/// Blocks of the longest kind for which there is always room.
const LONG: usize = 4;
/// The most words on their way to the file: 256 MiB.
const MOST: usize = 1 << 26;

/// How a capture is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Config {
    /// How long the disk may stand still before blocks are missing. It costs as much memory as the samples of that time.
    pub buffer: Duration,
    /// Whether the samples of the output are kept beside their hash: then a replay names the frame and the channel of a
    /// difference, not only its block.
    pub with_output: bool,
}

impl Default for Config {
    /// 5 s, without the output.
    fn default() -> Self {
        Self { buffer: Duration::from_secs(5), with_output: false }
    }
}

/// What an engine plays on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Stretch {
    /// The device's name, for people.
    pub device: String,
    /// Channels of output that the callback gets.
    pub outputs: usize,
}

/// A capture that is being written, by a thread of its own.
pub struct Capture {
    config: Config,
    orders: Sender<Order>,
    announced: Announced,
    /// Of the tap that was made last.
    cells: Mutex<Option<Arc<Cells>>>,
    trouble: Arc<OnceLock<String>>,
    /// Where it is, if it is a file.
    place: Option<Place>,
    thread: Mutex<Option<JoinHandle<Summary>>>,
}

impl Capture {
    /// Creates a capture's file.
    ///
    /// # Errors
    /// [`CaptureError::Exists`] for what is there already, links included; what the system says.
    pub fn create(path: impl AsRef<Path>, config: Config) -> Result<Self, CaptureError> {
        let path = path.as_ref();
        let file =
            OpenOptions::new().write(true).create_new(true).open(path).map_err(|source| match source.kind() {
                ErrorKind::AlreadyExists => CaptureError::Exists(path.to_owned()),
                _ => CaptureError::Create { path: path.to_owned(), source },
            })?;
        let place = Place::new(path, &file);
        let place = place.map_err(|source| CaptureError::Create { path: path.to_owned(), source })?;
        let mut capture = Self::to(file, config)?;
        capture.place = Some(place);
        Ok(capture)
    }

    /// Writes a capture to anything that takes bytes.
    ///
    /// # Errors
    /// [`CaptureError::Thread`].
    pub fn to(sink: impl Write + Send + 'static, config: Config) -> Result<Self, CaptureError> {
        let (orders, inbox) = channel();
        let trouble = Arc::default();
        let writer = Writer::new(sink, Arc::clone(&trouble));
        let thread = std::thread::Builder::new().name("capture".to_owned());
        let thread = thread.spawn(move || writer.run(&inbox)).map_err(CaptureError::Thread)?;
        Ok(Self {
            config,
            orders,
            announced: Announced::default(),
            cells: Mutex::default(),
            trouble,
            place: None,
            thread: Mutex::new(Some(thread)),
        })
    }

    /// Follows a new engine, to which nothing has been loaded yet. The tap belongs on the device's thread, around its
    /// renderer. Patches are written down by the types of `registry`.
    #[must_use]
    pub fn begin(&self, engine: &mut Engine, registry: &Registry, stretch: Stretch) -> Tap {
        let stream = engine.stream();
        let outputs = self.config.with_output.then_some(stretch.outputs);
        let room = self.room(stream, stream.inputs + outputs.unwrap_or(0));
        let (tap, tape) = tap(room, stream.inputs, outputs);
        *locked(&self.cells) = Some(Arc::clone(&tape.cells));
        let start = Start::of(stream, stretch.device, stretch.outputs, self.config.with_output);
        self.say(Order::Begin(start, tape));
        engine.keep_journal(journal(registry.clone(), self.orders.clone(), Arc::clone(&self.announced)));
        tap
    }

    /// Words for the time that the disk may stand still.
    fn room(&self, stream: &StreamSpec, channels: usize) -> usize {
        let frames = (self.config.buffer.as_secs_f64() * f64::from(stream.rate)) as usize;
        let usual = words(SHORT, channels).saturating_mul(frames / SHORT);
        usual.max(LONG * words(stream.max_frames, channels)).min(MOST)
    }

    /// Says of which patch `graph` is, which is loaded next: its own text is kept then, instead of one made from the graph.
    pub fn announce(&self, source: Source, graph: &Graph) {
        *locked(&self.announced) = Some((source, graph.clone()));
    }

    /// Writes down what the device tells.
    pub fn note(&self, event: &IoEvent) {
        let note = Note { position: event.position, what: event.to_string() };
        self.say(Order::Record(Record::Note(note)));
    }

    /// What is missing so far, if anything is: in words.
    #[must_use]
    pub fn problem(&self) -> Option<String> {
        if let Some(error) = self.trouble.get() {
            return Some(format!("it cannot be written on: {error}"));
        }
        let cells = locked(&self.cells).clone()?;
        match cells.missing_frames.load(Ordering::Acquire) {
            0 => None,
            frames => Some(format!("the disk is too slow: {frames} frames are missing")),
        }
    }

    /// For devices that no clock paces: waits until what was played is on its way to the disk. A disk that stands still is
    /// waited for as long as `patience`.
    pub fn wait(&self, patience: Duration) {
        let Some(cells) = locked(&self.cells).clone() else { return };
        let behind = || {
            let noted = cells.blocks.load(Ordering::Acquire) - cells.missing_blocks.load(Ordering::Acquire);
            cells.taken.load(Ordering::Acquire) < noted
        };
        self.say(Order::Hurry);
        let pause = Duration::from_micros(200);
        let mut left = patience;
        while behind() && !left.is_zero() {
            std::thread::sleep(pause);
            left = left.saturating_sub(pause);
        }
    }

    /// The engine's callback has been stopped: what is still on its way is written, with what of it cannot be played again.
    pub fn end(&self, engine: &Engine) {
        let missing = |name: &str| engine.readings(name)?.get("frames_missing", 0).filter(|&frames| frames > 0.0);
        let names = engine.graph().nodes().map(|(name, _)| name.as_str());
        let note = |name: &str| {
            let frames = missing(name)?;
            Some(format!("`{name}` played {frames} frames of silence, since its file was not read in time"))
        };
        self.say(Order::End(names.filter_map(note).collect()));
    }

    /// Waits until everything is written; afterwards nothing more is. A file that is not where it was made is noticed now.
    #[must_use]
    pub fn finish(&self) -> Summary {
        self.say(Order::Finish);
        let Some(thread) = locked(&self.thread).take() else { return Summary::default() };
        let lost = |_| Summary { error: Some("its thread panicked".to_owned()), ..Summary::default() };
        let mut summary = thread.join().unwrap_or_else(lost);
        if let Some(gone) = self.place.as_ref().and_then(Place::gone) {
            (summary.gone, summary.error) = (true, Some(gone.words().to_owned()));
            if gone == Gone::Removed {
                (summary.missing_blocks, summary.missing_frames) = (summary.blocks, summary.frames);
            }
        }
        summary
    }

    /// A thread that is gone says so in the end.
    fn say(&self, order: Order) {
        let _ = self.orders.send(order);
    }
}

impl Drop for Capture {
    fn drop(&mut self) {
        let _ = self.finish();
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
