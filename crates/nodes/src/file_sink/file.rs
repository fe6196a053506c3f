//! One file being recorded: crash-safe by checkpoints, and honest about what the disk refused.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use patchline_graph::{Frame, Severity};
use patchline_wav::{FileWriter, Options, WriteError};

use super::takes::Recording;

/// How often a killed recorder's file is brought up to date.
const CHECKPOINT: Duration = Duration::from_millis(100);
/// How often a failing disk is reported.
const COMPLAINT: Duration = Duration::from_secs(1);

/// An open file.
pub(super) struct TakeFile {
    writer: FileWriter,
    path: PathBuf,
    /// Held as long as the file is written.
    _claim: Claim,
    /// Position of its first frame in the stream.
    first: Frame,
    /// Frames of silence that stand for lost ones.
    silence: u64,
    /// Frames that the disk refused, since the last complaint and in all.
    refused: u64,
    refused_in_all: u64,
    reason: String,
    next_checkpoint: Instant,
    next_sync: Option<Instant>,
    next_complaint: Instant,
}

/// What a file holds so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Held {
    /// Frames that were recorded, without the silence that stands for lost ones.
    pub(super) frames: u64,
    /// Samples beyond full scale.
    pub(super) clipped: u64,
}

impl TakeFile {
    /// Creates the file of the take whose first frame is `first`; its number is the first free one from `number` on.
    ///
    /// # Errors
    /// Why there is no file.
    pub(super) fn create(recording: &Recording, first: Frame, number: u32) -> Result<(Self, u32), String> {
        let start = recording.moment(first);
        if !recording.template.numbered() {
            let path = recording.folder.join(recording.template.path(start, 0));
            return Self::open(path, recording, first).map(|file| (file, number)).map_err(|error| error.to_string());
        }
        for number in number..=u32::MAX {
            let path = recording.folder.join(recording.template.path(start, number));
            match Self::open(path, recording, first) {
                Ok(file) => return Ok((file, number)),
                Err(refusal) if refusal.taken() => {}
                Err(refusal) => return Err(refusal.to_string()),
            }
        }
        Err("there is no free number left".to_owned())
    }

    fn open(path: PathBuf, recording: &Recording, first: Frame) -> Result<Self, Refusal> {
        if let Some(link) = linked_folder(&path, &recording.folder) {
            return Err(Refusal::Link(link.to_owned()));
        }
        let claim = Claim::new(&path)?;
        // A number is free or it is not: numbered names never replace anything.
        let overwrite = recording.overwrite && !recording.template.numbered();
        let writer = FileWriter::create(&path, Options { format: recording.format, overwrite })?;
        let now = Instant::now();
        let text = format!("recording {} from frame {first} on", path.display());
        recording.reports.send(&recording.node, Severity::Info, text);
        Ok(Self {
            writer,
            path,
            _claim: claim,
            first,
            silence: 0,
            refused: 0,
            refused_in_all: 0,
            reason: String::new(),
            next_checkpoint: now + CHECKPOINT,
            next_sync: recording.sync.map(|every| now + every),
            next_complaint: now,
        })
    }

    /// Frames handed over, lost or not.
    pub(super) fn length(&self) -> u64 {
        self.writer.frames() + self.refused_in_all
    }

    pub(super) fn held(&self) -> Held {
        Held { frames: self.writer.frames() - self.silence, clipped: self.writer.clipped() }
    }

    /// Writes frames × channels samples; gives back how many frames the disk refused.
    pub(super) fn write(&mut self, samples: &[f32]) -> u64 {
        let result = self.writer.write_interleaved(samples);
        self.refused_by(result)
    }

    /// Writes silence in the place of lost frames. What is still buffered goes first, so that a full disk's share of
    /// real frames and of silence is known; gives back how many real frames it refused.
    pub(super) fn write_silence(&mut self, frames: u64) -> u64 {
        let flushed = self.writer.checkpoint();
        let refused = self.refused_by(flushed);
        let written = self.writer.write_silence(frames).and_then(|()| self.writer.checkpoint());
        let silent = self.refused_by(written);
        self.silence += frames - silent.min(frames);
        refused
    }

    /// Does what is due; gives back how many frames the disk refused.
    pub(super) fn tick(&mut self, now: Instant, recording: &Recording) -> u64 {
        if self.refused > 0 && now >= self.next_complaint {
            self.complain(recording);
            self.next_complaint = now + COMPLAINT;
        }
        if let Some(every) = recording.sync.filter(|_| self.next_sync.is_some_and(|due| now >= due)) {
            self.next_sync = Some(now + every);
            let synced = self.writer.sync();
            return self.refused_by(synced);
        }
        if now < self.next_checkpoint {
            return 0;
        }
        self.next_checkpoint = now + CHECKPOINT;
        let updated = self.writer.checkpoint();
        self.refused_by(updated)
    }

    /// Completes the file, says so, and gives back what it holds and how many frames the disk refused at last.
    pub(super) fn close(mut self, recording: &Recording) -> (Held, u64) {
        let updated = if recording.sync.is_some() { self.writer.sync() } else { self.writer.checkpoint() };
        let refused = self.refused_by(updated);
        if self.refused > 0 {
            self.complain(recording);
        }
        let held = self.held();
        let text = format!(
            "closed {}: {} frames from frame {} on, {:.3} s{}{}",
            self.path.display(),
            self.writer.frames(),
            self.first,
            self.writer.frames() as f64 / f64::from(recording.format.rate),
            count(self.silence, ", of which silence stands for lost frames:"),
            count(held.clipped, ", samples beyond full scale:"),
        );
        recording.reports.send(&recording.node, Severity::Info, text);
        if let Err(error) = self.writer.finish() {
            let text = format!("{}: {error}", self.path.display());
            recording.reports.send(&recording.node, Severity::Error, text);
        }
        (held, refused)
    }

    fn refused_by(&mut self, result: Result<(), WriteError>) -> u64 {
        let Err(error) = result else { return 0 };
        let lost = if let WriteError::Frames { lost, .. } = &error { *lost } else { 0 };
        self.reason = error.to_string();
        self.refused += lost;
        self.refused_in_all += lost;
        lost
    }

    fn complain(&mut self, recording: &Recording) {
        let text = format!("{}: {} frames lost by now; {}", self.path.display(), self.refused_in_all, self.reason);
        recording.reports.send(&recording.node, Severity::Error, text);
        self.refused = 0;
    }
}

fn count(number: u64, what: &str) -> String {
    if number == 0 { String::new() } else { format!("{what} {number}") }
}

/// Why a file could not be created.
#[derive(Debug, thiserror::Error)]
enum Refusal {
    /// This process writes it already.
    #[error("{} is being written by another recorder", .0.display())]
    Busy(PathBuf),
    /// A folder whose name came out of placeholders is a link, which may lead anywhere.
    #[error("the folder {} is a symbolic link, which is not followed", .0.display())]
    Link(PathBuf),
    #[error(transparent)]
    Other(#[from] WriteError),
}

impl Refusal {
    /// Whether another number may do.
    fn taken(&self) -> bool {
        use WriteError::{Exists, NotRegular, Symlink};
        matches!(self, Self::Busy(_) | Self::Other(Exists(_) | Symlink(_) | NotRegular(_)))
    }
}

/// The first folder below `fixed` on the way to `path` that is a symbolic link.
fn linked_folder<'a>(path: &'a Path, fixed: &Path) -> Option<&'a Path> {
    let folders = path.ancestors().skip(1).take_while(|&folder| folder != fixed && !folder.as_os_str().is_empty());
    folders.filter(|folder| folder.symlink_metadata().is_ok_and(|found| found.is_symlink())).last()
}

/// The files that this process records at the moment: two recorders never share one, even when allowed to overwrite.
static CLAIMED: Mutex<BTreeSet<PathBuf>> = Mutex::new(BTreeSet::new());

/// A hold on one path.
struct Claim(PathBuf);

impl Claim {
    fn new(path: &Path) -> Result<Self, Refusal> {
        let mut claimed = CLAIMED.lock().unwrap_or_else(PoisonError::into_inner);
        let new = claimed.insert(path.to_owned());
        if new { Ok(Self(path.to_owned())) } else { Err(Refusal::Busy(path.to_owned())) }
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        CLAIMED.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.0);
    }
}
