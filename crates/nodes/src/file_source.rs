//! `file_source`: plays a WAV file.

#[expect(clippy::disallowed_types, reason = "on the control side and on the reader's thread, never in the callback")]
mod reader;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use patchline_graph::{
    Companion, Frames, Io, Node, NodeError, Per, Ports, PrepareSpec, Processor, Reading, Severity, Tail, touched,
};
use patchline_wav::{FileReader, Info, RateConverter};
use rtrb::Consumer;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::dsp::smooth::{Law, Smoothed};
use crate::{Level, PatchNode, Surroundings, Time, resolve_path};

use reader::{Handle, Mark, Reader, Shared, Tape};

/// Plays a WAV, RF64 or BW64 file from its start; afterwards it is silent, or plays it again.
///
/// It has the file's channels. A file of another rate is converted, and a report says so. A thread of its own reads
/// ahead; where the disk is too slow for that, silence is played in place of what is missing, and counted. Samples that
/// are not finite are played as 0, and counted.
///
/// ```
/// use patchline_graph::{Graph, StreamSpec, engine};
/// use patchline_nodes::{FileSource, Output};
///
/// let folder = tempfile::tempdir()?;
/// let path = folder.path().join("voice.wav");
/// # let spec = hound::WavSpec { channels: 1, sample_rate: 48_000, bits_per_sample: 32, sample_format: hound::SampleFormat::Float };
/// # let mut writer = hound::WavWriter::create(&path, spec)?;
/// # [0.5_f32, -0.5].iter().try_for_each(|&sample| writer.write_sample(sample))?;
/// # writer.finalize()?;
/// let voice = FileSource { gain: "-20 dB".parse()?, ..FileSource::open(&path)? };
/// assert_eq!(voice.file(), Some(path.as_path()));
///
/// let mut graph = Graph::new();
/// graph.add("voice", voice)?.add("out", Output::default())?.link("voice", "out")?;
/// let (mut engine, mut renderer) = engine(StreamSpec::new(48_000, 64, 0, 1));
/// engine.load(graph)?;
/// engine.wait_ready(3);
/// let mut output = [0.0; 3];
/// renderer.render(3, &[], &mut [&mut output]);
/// // A file of two frames, and then silence.
/// assert_eq!(output, [0.05, -0.05, 0.0]);
/// engine.close(renderer);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FileSource {
    /// The file, relative to the patch.
    pub path: String,
    /// Whether it starts again, without a gap, when it has ended.
    #[serde(default, rename = "loop")]
    pub looped: bool,
    /// What it is multiplied by, linear or in dB.
    #[serde(default = "unity")]
    #[schemars(range(min = -1000.0, max = 1000.0))]
    #[schemars(extend("x-change" = "exponential 20 ms"))]
    pub gain: Level,
    /// What is known of the file; set by [`open`](FileSource::open) and [`resolve`](PatchNode::resolve).
    #[serde(skip)]
    pub resolved: Option<Origin>,
}

/// Where a file is, and what it holds.
///
/// It is what was found when the file was looked at; nothing has to be known of it.
///
/// ```
/// use patchline_nodes::{FileSource, PatchNode, Surroundings};
///
/// let folder = tempfile::tempdir()?;
/// let mut missing: FileSource = serde_json::from_str(r#"{"path": "voice.wav"}"#)?;
/// let errors = missing.resolve(&Surroundings::new("voice", folder.path())).unwrap_err();
/// assert_eq!((errors.len(), missing.resolved), (1, None));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, PartialEq, Debug)]
pub struct Origin {
    path: PathBuf,
    info: Info,
}

/// How far ahead the file is read.
const AHEAD: Time = Time::Seconds(2.0);
/// How long a change of gain takes.
const GLIDE: Time = Time::Seconds(0.02);

const PLAYED: usize = 0;
const MISSING: usize = 1;
const NON_FINITE: usize = 2;
const READINGS: &[Reading] = &[
    Reading { name: "frames_played", doc: "Frames of the file played so far.", unit: "frames", per: Per::Node },
    Reading { name: "frames_missing", doc: "Frames of silence for want of data.", unit: "frames", per: Per::Node },
    Reading {
        name: "non_finite",
        doc: "Samples that were NaN or infinite, played as 0.",
        unit: "samples",
        per: Per::Node,
    },
];

fn unity() -> Level {
    Level::UNITY
}

impl FileSource {
    /// Plays the file at `path`, once.
    ///
    /// # Errors
    /// Why the file cannot be read.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, NodeError> {
        let path = path.as_ref();
        let resolved = Some(Origin::look(path.to_owned())?);
        Ok(Self { path: path.display().to_string(), looped: false, gain: unity(), resolved })
    }

    /// The file's real place, once it has been looked at.
    #[must_use]
    pub fn file(&self) -> Option<&Path> {
        self.resolved.as_ref().map(|origin| origin.path.as_path())
    }

    fn resolved(&self) -> Result<&Origin, NodeError> {
        self.resolved.as_ref().ok_or_else(|| NodeError::of("path", "the file has not been looked at yet"))
    }

    fn channels(&self) -> usize {
        self.resolved.as_ref().map_or(1, |resolved| usize::from(resolved.info.channels))
    }

    /// Frames that the ring holds: at least four blocks.
    fn capacity(spec: &PrepareSpec) -> usize {
        (AHEAD.frames(f64::from(spec.rate)) as usize).max(spec.max_frames.saturating_mul(4))
    }
}

impl Origin {
    fn look(path: PathBuf) -> Result<Self, NodeError> {
        let info = *open(&path)?.info();
        Ok(Self { path, info })
    }
}

fn open(path: &Path) -> Result<FileReader, NodeError> {
    FileReader::open(path).map_err(|error| NodeError::of("path", error.to_string()))
}

impl Node for FileSource {
    const KIND: &'static str = "file_source";
    type Processor = FileSourceProcessor;

    fn ports(&self) -> Ports {
        Ports::source(self.channels())
    }

    fn readings(&self) -> &'static [Reading] {
        READINGS
    }

    fn prepare(&self, spec: &PrepareSpec) -> Result<FileSourceProcessor, NodeError> {
        let Origin { path, info } = self.resolved()?;
        let wav = open(path)?;
        if wav.info() != info {
            return Err(NodeError::of("path", "the file has changed since it was looked at"));
        }
        let tape = Tape::new(wav, spec, self.looped).map_err(|error| NodeError::of("path", error.to_string()))?;
        if info.rate != spec.rate {
            let text = format!("{}: converted from {} Hz to {} Hz", path.display(), info.rate, spec.rate);
            spec.reports.send(&spec.name, Severity::Info, text);
        }
        let (channels, capacity) = (self.channels(), Self::capacity(spec));
        let (samples_end, samples) = touched::ring(capacity * channels);
        let (marks_end, marks) = touched::ring(REWINDS);
        let shared = Arc::new(Shared::default());
        let reader = Reader::new(tape, samples_end, marks_end, Arc::clone(&shared));
        let handle = Handle::start(reader, Arc::clone(&shared), capacity)
            .map_err(|error| NodeError::new(format!("cannot start the thread that reads the file: {error}")))?;
        Ok(FileSourceProcessor {
            samples,
            marks,
            shared,
            handle: Arc::new(handle),
            channels,
            gain: Smoothed::new(self.gain.linear()),
            glide: GLIDE.frames(f64::from(spec.rate)),
            epoch: 0,
            rewinding: false,
            consumed: 0,
            played: 0,
            missing: 0,
        })
    }

    fn footprint(&self, spec: &PrepareSpec) -> usize {
        let channels = self.channels();
        let ring = Self::capacity(spec).saturating_mul(channels).saturating_mul(size_of::<f32>());
        let rate = self.resolved.as_ref().map_or(spec.rate, |resolved| resolved.info.rate);
        ring.saturating_add(Tape::footprint(rate, spec.rate, channels))
    }

    fn tail(&self, spec: &PrepareSpec) -> Tail {
        match &self.resolved {
            _ if self.looped => Tail::Infinite,
            Some(Origin { info: Info { frames: Some(frames), rate, .. }, .. }) => {
                Tail::Frames(RateConverter::converted_frames(*rate, spec.rate, *frames))
            }
            _ => Tail::None,
        }
    }

    fn rebuilds(&self, previous: &Self) -> bool {
        Self { gain: previous.gain, ..self.clone() } != *previous
    }
}

/// Rewinds that may be on their way.
const REWINDS: usize = 64;

impl PatchNode for FileSource {
    fn example() -> Self {
        Self { path: "example.wav".to_owned(), looped: false, gain: unity(), resolved: None }
    }

    /// A file that is to be read anew is looked at anew.
    fn inherit(&mut self, previous: &Self) {
        let same = self.path == previous.path && self.looped == previous.looped;
        self.resolved = previous.resolved.clone().filter(|_| same);
    }

    fn resolve(&mut self, surroundings: &Surroundings) -> Result<(), Vec<NodeError>> {
        if self.resolved.is_some() {
            return Ok(());
        }
        let resolved = resolve_path(surroundings, "path", &self.path).and_then(Origin::look);
        self.resolved = Some(resolved.map_err(|error| vec![error])?);
        Ok(())
    }
}

/// The processor of [`FileSource`].
pub struct FileSourceProcessor {
    samples: Consumer<f32>,
    marks: Consumer<Mark>,
    shared: Arc<Shared>,
    handle: Arc<Handle>,
    channels: usize,
    gain: Smoothed,
    glide: u64,
    /// How often it was rewound.
    epoch: u64,
    /// Set until the first frame after a rewind has come.
    rewinding: bool,
    /// Frames taken out of the ring.
    consumed: u64,
    played: u64,
    missing: u64,
}

impl FileSourceProcessor {
    /// After a rewind, throws away what was read before it, as soon as the reader says where that ends.
    fn catch_up(&mut self) {
        while let Ok(mark) = self.marks.pop() {
            if mark.epoch != self.epoch {
                continue;
            }
            self.throw_away(mark.at - self.consumed);
            self.rewinding = false;
        }
    }

    fn throw_away(&mut self, frames: u64) {
        let chunk = self.samples.read_chunk(frames as usize * self.channels);
        chunk.expect("only frames are thrown away that are there").commit_all();
        self.consumed += frames;
        self.shared.consume(self.consumed);
    }

    /// Frames that can be played now, and whether the file has ended with them.
    fn available(&mut self) -> (usize, bool) {
        if self.rewinding {
            self.catch_up();
        }
        if self.rewinding {
            return (0, false);
        }
        // In this order: what is in the ring once the end has been seen is all there will be.
        let ended = self.shared.has_ended(self.epoch);
        (self.samples.slots() / self.channels, ended)
    }
}

impl Processor for FileSourceProcessor {
    type Params = FileSource;

    fn update(&mut self, params: &FileSource) {
        self.glide(params, self.glide);
    }

    fn glide(&mut self, params: &FileSource, over: Frames) {
        self.gain.glide(params.gain.linear(), over, Law::Exponential);
    }

    fn process(&mut self, io: &mut Io<'_>) {
        let frames = io.frames();
        let (available, ended) = self.available();
        let played = available.min(frames);
        let chunk = self.samples.read_chunk(played * self.channels).expect("the frames were just counted");
        let mut samples = chunk.into_iter();
        let mut out = io.main();
        for frame in 0..played {
            for (channel, sample) in samples.by_ref().take(self.channels).enumerate() {
                out.channel(channel)[frame] = sample;
            }
        }
        drop(samples);
        let gain = self.gain.take(frames);
        for channel in out.channels() {
            channel[played..].fill(0.0);
            gain.scale(channel);
        }
        self.consumed += played as u64;
        self.played += played as u64;
        self.missing += if ended { 0 } else { (frames - played) as u64 };
        self.shared.consume(self.consumed);
        io.readings.set(PLAYED, 0, self.played as f64);
        io.readings.set(MISSING, 0, self.missing as f64);
        io.readings.set(NON_FINITE, 0, self.shared.non_finite() as f64);
    }

    fn reset(&mut self) {
        self.gain.finish();
        if self.played > 0 || self.rewinding {
            self.epoch += 1;
            self.rewinding = true;
            self.played = 0;
            self.shared.rewind(self.epoch);
            // They answer older rewinds; left there, they would leave no room for the answer to this one.
            while self.marks.pop().is_ok() {}
            self.throw_away((self.samples.slots() / self.channels) as u64);
        }
    }

    fn companion(&self) -> Option<Arc<dyn Companion>> {
        Some(Arc::clone(&self.handle) as Arc<dyn Companion>)
    }
}
