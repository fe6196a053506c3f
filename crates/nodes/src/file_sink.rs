//! `file_sink`: records to WAV files.

#[expect(clippy::disallowed_types, reason = "on the control side and on the recorder's thread, never in the callback")]
mod claim;
mod feed;
mod file;
#[cfg(test)]
mod frozen;
mod gaps;
mod name;
mod recording;
mod sidecar;
mod split;
#[cfg(test)]
#[expect(clippy::disallowed_types, reason = "holds up the recorder's thread")]
mod stall;
mod takes;
#[expect(clippy::disallowed_types, reason = "on the control side and on the recorder's thread, never in the callback")]
mod writer;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use jiff::civil::DateTime;
use patchline_graph::{Companion, Io, Node, NodeError, Per, Ports, PrepareSpec, Processor, Reading, Readings, touched};
use patchline_wav::{Broadcast, Format, wav_name};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::system::{needs_files, now};
use crate::{PatchNode, Surroundings, Time, resolve_path};

use feed::Feed;
pub use gaps::{Cause, Gap, GapLine, GapList, gap_lists};
use name::{Template, fixed_folder};
use recording::Recording;
pub use split::Split;
use takes::Takes;
use writer::{Handle, Shared, Writer};

/// Records what reaches it to WAV files, exactly as it came.
///
/// Without a link to `record` it always records; with one, while that signal is at least 0.5, cut at exactly those
/// frames. Files are written by a thread of their own, can be read at any moment of their life, even after the
/// recorder was killed, and turn into RF64 past 4 GiB. Nothing is replaced unless `overwrite` says so. What is lost
/// (`buffer` too small for a slow disk, a full disk) is counted, silence keeps its place, so that time stays true, and
/// `NAME.wav.gaps.jsonl` beside the file lists where: frames recorded = `frames_written` + `frames_lost`. Each file says
/// in a `bext` chunk when its first frame was heard, by which editors line up all files of a run, to the frame.
///
/// ```
/// use patchline_graph::{Graph, StreamSpec, engine};
/// use patchline_nodes::{FileSink, Input, Subtype};
///
/// let folder = tempfile::tempdir()?;
/// let path = folder.path().join("take.wav");
/// let recorder = FileSink { subtype: Subtype::Float, ..FileSink::new(path.display().to_string()) };
/// let mut graph = Graph::new();
/// graph.add("mic", Input::default())?.add("rec", recorder)?.link("mic", "rec")?;
///
/// let (mut engine, mut renderer) = engine(StreamSpec::new(48_000, 64, 1, 0));
/// engine.load(graph)?;
/// engine.wait_ready(64);
/// renderer.render(64, &[&[0.5; 64]], &mut []);
/// engine.close(renderer);
/// // 64 samples of 4 bytes, after the header.
/// assert!(std::fs::metadata(&path)?.len() > 256);
/// let report = std::iter::from_fn(|| engine.next_report()).last().unwrap();
/// assert_eq!(report.written.unwrap().frames, 64);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FileSink {
    /// Where to, relative to the patch: `"takes/{date}/mic-{seq:04}.wav"`. `{date}` (2026-01-31) and `{time}`
    /// (23-59-58) say when the file's first frame was heard, `{seq}` is the first free number from 1 on, `{seq:04}`
    /// with at least four digits. Folders are made when the first file is.
    pub path: String,
    /// How a sample is stored.
    #[serde(default)]
    pub subtype: Subtype,
    /// How much of what came before a trigger belongs to its take.
    #[serde(default = "no_time")]
    pub pre_roll: Time,
    /// When a new file begins: `"never"`, `"per_trigger"` (whenever `record` goes up; each take then has its whole
    /// pre-roll, even what the take before holds too), after a time (`"10 min"`) or below a size (`"1 GiB"`). All but
    /// `"never"` need `{seq}` in the path.
    #[serde(default = "never")]
    pub split: Split,
    /// How often the disk is waited for, so that a loss of power costs no more than this; 0 never waits.
    #[serde(default = "one_second")]
    pub sync: Time,
    /// How long the disk may stand still before frames are lost.
    #[serde(default = "five_seconds")]
    pub buffer: Time,
    /// Whether a file of that name may be replaced. Names with `{seq}` never replace one.
    #[serde(default)]
    pub overwrite: bool,
    /// Where that leads; set by [`resolve`](PatchNode::resolve).
    #[serde(skip)]
    pub resolved: Option<Destination>,
}

/// How a sample is stored in a file.
///
/// ```
/// use patchline_nodes::Subtype;
///
/// assert_eq!(serde_json::to_string(&Subtype::Pcm24)?, r#""PCM_24""#);
/// assert_eq!(patchline_wav::Subtype::from(Subtype::Float), patchline_wav::Subtype::Float);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[schemars(inline)]
pub enum Subtype {
    /// 16-bit integers.
    #[serde(rename = "PCM_16")]
    Pcm16,
    /// 24-bit integers.
    #[default]
    #[serde(rename = "PCM_24")]
    Pcm24,
    /// 32-bit integers.
    #[serde(rename = "PCM_32")]
    Pcm32,
    /// 32-bit floats: every bit is kept.
    #[serde(rename = "FLOAT")]
    Float,
}

/// Where a recorder's files go, and when the run starts.
///
/// It is what [`resolve`](PatchNode::resolve) finds; nothing has to be known of it.
///
/// ```
/// use patchline_nodes::{FileSink, PatchNode, Surroundings};
///
/// let folder = tempfile::tempdir()?;
/// let mut recorder = FileSink::new("take.wav");
/// assert_eq!(recorder.resolved, None);
/// recorder.resolve(&Surroundings::new("rec", folder.path())).unwrap();
/// assert!(recorder.resolved.is_some());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, PartialEq, Debug)]
pub struct Destination {
    /// The path with its placeholders, absolute.
    path: PathBuf,
    start: DateTime,
}

const READINGS: &[Reading] = &[
    Reading { name: "frames_written", doc: "Frames in files.", unit: "frames", per: Per::Node },
    Reading {
        name: "frames_lost",
        doc: "Frames that should have been recorded and were not.",
        unit: "frames",
        per: Per::Node,
    },
    Reading { name: "files", doc: "Files created.", unit: "files", per: Per::Node },
    Reading {
        name: "clipped",
        doc: "Samples beyond full scale, held there (never for FLOAT).",
        unit: "samples",
        per: Per::Node,
    },
    Reading {
        name: "non_finite",
        doc: "Samples that were NaN or infinite, recorded as 0.",
        unit: "samples",
        per: Per::Node,
    },
    Reading { name: "gaps", doc: "Gaps in what was recorded, listed beside its file.", unit: "gaps", per: Per::Node },
];

fn no_time() -> Time {
    Time::ZERO
}

fn never() -> Split {
    Split::Never
}

fn one_second() -> Time {
    Time::Seconds(1.0)
}

fn five_seconds() -> Time {
    Time::Seconds(5.0)
}

impl FileSink {
    /// A recorder to `path` with all defaults. Unless [resolved](PatchNode::resolve), the path is relative to the
    /// current folder and the run starts when the processor is prepared.
    #[must_use]
    pub fn new(path: impl Into<String>) -> Self {
        Self {
            path: path.into(),
            subtype: Subtype::default(),
            pre_roll: no_time(),
            split: never(),
            sync: one_second(),
            buffer: five_seconds(),
            overwrite: false,
            resolved: None,
        }
    }

    /// The folder that is taken as it is, and what is named anew for each take.
    fn template(&self) -> Result<(PathBuf, Template), NodeError> {
        let place = self.resolved.as_ref().map_or(Path::new(&self.path), |resolved| &resolved.path);
        let (folder, name) = fixed_folder(place, &self.path);
        let template = Template::new(&name).map_err(|message| NodeError::of("path", message))?;
        if let Some(right) = wav_name(Path::new(&self.path)) {
            let message = format!("only WAV files are written: call it \"{}\"", right.display());
            return Err(NodeError::of("path", message));
        }
        if self.split != Split::Never && !template.numbered() {
            let message = "`split` makes several files: number them by `{seq}`, as in \"take-{seq:04}.wav\"";
            return Err(NodeError::of("path", message));
        }
        Ok((folder, template))
    }

    fn format(&self, spec: &PrepareSpec) -> Result<Format, NodeError> {
        let channels = u16::try_from(spec.channels()).unwrap_or(u16::MAX);
        let format = Format { rate: spec.rate, channels, subtype: self.subtype.into() };
        format.check().map_err(|error| NodeError::new(error.to_string()))?;
        Ok(format)
    }

    /// The most frames of one file.
    fn longest(&self, format: &Format) -> Result<u64, NodeError> {
        match self.split {
            Split::Never | Split::PerTrigger => Ok(u64::MAX),
            Split::Every(time) => match time.frames(f64::from(format.rate)) {
                0 => Err(NodeError::of("split", format!("a file of {time} holds no frame"))),
                frames => Ok(frames),
            },
            Split::Size(size) => match size.bytes().saturating_sub(most_around(format)) / format.frame_bytes() as u64 {
                0 => Err(NodeError::of("split", format!("a file of {size} holds no frame"))),
                frames => Ok(frames),
            },
        }
    }

    fn recording(&self, spec: &PrepareSpec) -> Result<Recording, NodeError> {
        needs_files("path")?;
        let format = self.format(spec)?;
        let (folder, template) = self.template()?;
        let sync = self.sync.seconds(f64::from(spec.rate));
        Ok(Recording {
            node: spec.name.clone(),
            reports: spec.reports.clone(),
            folder,
            real: self.resolved.is_some(),
            template,
            start: self.resolved.as_ref().map_or_else(now, |resolved| resolved.start),
            format,
            overwrite: self.overwrite,
            patience: Duration::from_secs_f64(self.buffer.seconds(f64::from(spec.rate)).min(2.0) / 2.0),
            sync: (sync > 0.0).then(|| Duration::from_secs_f64(sync.min(LONGEST_SYNC))),
            pre_roll: self.pre_roll.frames(f64::from(spec.rate)),
            per_trigger: self.split == Split::PerTrigger,
            longest: self.longest(&format)?,
        })
    }

    /// Frames that the ring holds: at least four blocks.
    fn capacity(&self, spec: &PrepareSpec) -> usize {
        let frames = usize::try_from(self.buffer.frames(f64::from(spec.rate))).unwrap_or(usize::MAX);
        frames.max(spec.max_frames.saturating_mul(4))
    }
}

/// A year, in seconds: never.
const LONGEST_SYNC: f64 = 31_536_000.0;
/// Bytes of a WAV file around its samples: the header, which says more of more than two channels, and a pad byte.
fn most_around(format: &Format) -> u64 {
    Broadcast::BYTES + if format.channels > 2 { 105 } else { 81 }
}

/// Marks that may be on their way.
const MARKS: usize = 64;

impl Node for FileSink {
    const KIND: &'static str = "file_sink";
    type Processor = FileSinkProcessor;

    fn ports(&self) -> Ports {
        Ports::sink().with_optional_input("record", 1)
    }

    fn readings(&self) -> &'static [Reading] {
        READINGS
    }

    fn check(&self, spec: &PrepareSpec) -> Result<(), NodeError> {
        self.recording(spec).map(drop)
    }

    fn prepare(&self, spec: &PrepareSpec) -> Result<FileSinkProcessor, NodeError> {
        let takes = Takes::new(self.recording(spec)?);
        let (channels, capacity) = (spec.channels(), self.capacity(spec));
        let (samples, samples_end) = touched::ring(capacity * (channels + 1));
        let (marks, marks_end) = touched::ring(MARKS);
        let (readings, readings_end) = touched::ring::<Readings>(1);
        let shared = Arc::new(Shared::default());
        let writer = Writer {
            samples: samples_end,
            marks: marks_end,
            readings: readings_end,
            shared: Arc::clone(&shared),
            channels,
            takes,
            batch: Vec::with_capacity(Writer::batch_samples(channels)),
            published: None,
        };
        let handle = Handle::start(writer, Arc::clone(&shared), capacity)
            .map_err(|error| NodeError::new(format!("cannot start the recorder's thread: {error}")))?;
        let feed =
            Feed { samples, marks, readings, shared, channels, pushed: 0, expected: None, missed: 0, restart: false };
        Ok(FileSinkProcessor { feed, handle: Arc::new(handle) })
    }

    fn footprint(&self, spec: &PrepareSpec) -> usize {
        let channels = spec.channels();
        let ring = self.capacity(spec).saturating_mul(channels + 1);
        let pre_roll = usize::try_from(self.pre_roll.frames(f64::from(spec.rate))).unwrap_or(usize::MAX);
        // The history, and its copy when a take begins.
        let history = pre_roll.saturating_mul(2 * channels);
        let samples = ring.saturating_add(history).saturating_add(Writer::batch_samples(channels));
        samples.saturating_mul(size_of::<f32>()).saturating_add(FIXED_BYTES)
    }

    /// Only new parameters begin a new recording: a new clock or folder of the same patch does not.
    fn rebuilds(&self, previous: &Self) -> bool {
        let path = |node: &Self| node.resolved.as_ref().map(|resolved| resolved.path.clone());
        let bare = |node: &Self| Self { resolved: None, ..node.clone() };
        path(self) != path(previous) || bare(self) != bare(previous)
    }
}

/// The thread, the file's buffer and what else does not depend on the parameters.
const FIXED_BYTES: usize = 256 * 1024;

impl PatchNode for FileSink {
    fn example() -> Self {
        Self::new("example-{seq:04}.wav")
    }

    fn inherit(&mut self, previous: &Self) {
        self.resolved = previous.resolved.clone().filter(|_| self.path == previous.path);
    }

    fn resolve(&mut self, surroundings: &Surroundings) -> Result<(), Vec<NodeError>> {
        if self.resolved.is_none() {
            let path = resolve_path(surroundings, "path", &self.path).map_err(|error| vec![error])?;
            self.resolved = Some(Destination { path, start: surroundings.start });
        }
        self.template().map(drop).map_err(|error| vec![error])
    }

    /// Numbered names are nobody's in particular: two recorders may share them.
    fn writes(&self) -> Vec<PathBuf> {
        let numbered = self.template().is_ok_and(|(_, template)| template.numbered());
        self.resolved.iter().filter(|_| !numbered).map(|resolved| resolved.path.clone()).collect()
    }
}

impl From<Subtype> for patchline_wav::Subtype {
    fn from(subtype: Subtype) -> Self {
        match subtype {
            Subtype::Pcm16 => Self::Pcm16,
            Subtype::Pcm24 => Self::Pcm24,
            Subtype::Pcm32 => Self::Pcm32,
            Subtype::Float => Self::Float,
        }
    }
}

/// The processor of [`FileSink`]: hands every frame to the recorder's thread.
pub struct FileSinkProcessor {
    feed: Feed,
    handle: Arc<Handle>,
}

impl Processor for FileSinkProcessor {
    type Params = FileSink;

    /// All parameters make a new processor.
    fn update(&mut self, _params: &FileSink) {}

    fn process(&mut self, io: &mut Io<'_>) {
        self.feed.push(io);
    }

    fn reset(&mut self) {
        self.feed.restart = true;
    }

    fn companion(&self) -> Option<Arc<dyn Companion>> {
        Some(Arc::clone(&self.handle) as Arc<dyn Companion>)
    }
}
