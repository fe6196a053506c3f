//! One file being recorded: crash-safe by checkpoints, and honest about what the disk refused.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use patchline_graph::{Frame, Severity, Written};
use patchline_wav::{FileWriter, Options, Place, WriteError};

use super::claim::Claim;
use super::gaps::{Cause, Gap};
use super::recording::Recording;
use super::sidecar::Sidecar;

/// How often a killed recorder's file is brought up to date.
const CHECKPOINT: Duration = Duration::from_millis(100);
/// How often a failing disk is reported, and a file looked for that somebody may have removed.
const COMPLAINT: Duration = Duration::from_secs(1);

/// An open file.
pub(super) struct TakeFile {
    writer: FileWriter,
    path: PathBuf,
    /// Held as long as the file is written.
    _claim: Claim,
    sidecar: Sidecar,
    /// Position of its first frame in the stream.
    first: Frame,
    /// Position behind the last frame handed over.
    end: Frame,
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
    /// Gaps in the recording.
    pub(super) gaps: u64,
}

impl TakeFile {
    /// Creates the file of the take whose first frame is `first`; its number is the first free one from `number` on.
    ///
    /// # Errors
    /// Why there is no file.
    pub(super) fn create(recording: &Recording, first: Frame, number: u32) -> Result<(Self, u32), String> {
        let start = recording.moment(first);
        let (folder, prefix) = recording.base();
        if !recording.template.numbered() {
            let rest = prefix.join(recording.template.path(start, 0));
            return Self::open(folder, &rest, recording, first)
                .map(|file| (file, number))
                .map_err(|error| error.to_string());
        }
        for number in number..=u32::MAX {
            let rest = prefix.join(recording.template.path(start, number));
            match Self::open(folder, &rest, recording, first) {
                Ok(file) => return Ok((file, number)),
                Err(refusal) if refusal.taken() => {}
                Err(refusal) => return Err(refusal.to_string()),
            }
        }
        Err("there is no free number left".to_owned())
    }

    fn open(folder: &Path, rest: &Path, recording: &Recording, first: Frame) -> Result<Self, Refusal> {
        let place = Place::beneath(folder, rest)?;
        let path = place.path().to_owned();
        let numbered = recording.template.numbered();
        // A number is free or it is not: numbered names never replace anything, and are not waited for.
        let overwrite = recording.overwrite && !numbered;
        let patience = if numbered { Duration::ZERO } else { recording.patience };
        let claim = Claim::new(&path, patience).ok_or_else(|| Refusal::Busy(path.clone()))?;
        if numbered && Sidecar::is_there(&place)? {
            return Err(Refusal::Other(WriteError::Exists(path)));
        }
        let options = Options { format: recording.format, overwrite };
        let writer = FileWriter::create_at(&place, options, &recording.broadcast(first))?;
        if overwrite {
            Sidecar::forget(&place)?;
        }
        let now = Instant::now();
        let text = format!("recording {} from frame {first} on", path.display());
        recording.reports.send(&recording.node, Severity::Info, text);
        Ok(Self {
            writer,
            _claim: claim,
            sidecar: Sidecar::new(place, recording.head(&path, first), recording.format.rate),
            path,
            first,
            end: first,
            refused: 0,
            refused_in_all: 0,
            reason: String::new(),
            next_checkpoint: now + CHECKPOINT,
            next_sync: recording.sync.map(|every| now + every),
            next_complaint: now,
        })
    }

    /// Frames that the file has a place for, lost or not.
    pub(super) fn length(&self) -> u64 {
        self.writer.frames()
    }

    pub(super) fn held(&self) -> Held {
        let frames = self.writer.frames() - self.writer.skipped();
        Held { frames, clipped: self.writer.clipped(), gaps: self.sidecar.found() }
    }

    /// Writes frames × channels samples, of which the first stands at `position`; gives back how many frames the disk
    /// refused.
    pub(super) fn write(&mut self, samples: &[f32], position: Frame) -> u64 {
        #[cfg(test)]
        super::stall::pass(&self.path);
        self.end = position + (samples.len() / usize::from(self.writer.format().channels)) as u64;
        let result = self.writer.write_interleaved(samples);
        self.refused_by(result)
    }

    /// Keeps the place of `silence` frames from `position` on, of which `lost` were to be recorded; gives back how many
    /// frames before them the disk refused.
    pub(super) fn skip(&mut self, position: Frame, silence: u64, lost: u64) -> u64 {
        let refused = self.write_out();
        let file_frame = self.writer.frames();
        // Nothing is buffered any more, so there is nothing that could be refused.
        let _ = self.writer.skip(silence);
        self.end = position + silence;
        self.note(Gap { silence, ..gap(position, file_frame, lost, Cause::BufferFull) });
        refused
    }

    /// Lists frames from `position` on that belong to the recording and have no place in the file; gives back how many
    /// frames before them the disk refused.
    pub(super) fn miss(&mut self, position: Frame, frames: u64, cause: Cause) -> u64 {
        let refused = self.write_out();
        self.note(gap(position, self.writer.frames(), frames, cause));
        refused
    }

    /// Writes what is buffered, so that what follows need not follow it in the stream; gives back how many frames the
    /// disk refused.
    pub(super) fn write_out(&mut self) -> u64 {
        let result = self.writer.write_out();
        self.refused_by(result)
    }

    /// Does what is due; gives back how many frames the disk refused.
    pub(super) fn tick(&mut self, now: Instant, recording: &Recording) -> u64 {
        if self.refused > 0 && now >= self.next_complaint {
            self.complain(recording);
            self.next_complaint = now + COMPLAINT;
        }
        let sync = self.next_sync.is_some_and(|due| now >= due);
        if !sync && now < self.next_checkpoint {
            return 0;
        }
        self.next_checkpoint = now + CHECKPOINT;
        if sync {
            self.next_sync = recording.sync.map(|every| now + every);
        }
        self.update(sync)
    }

    /// Brings file and list up to date on disk. The list comes first: no silence is in the file that is not in the list.
    fn update(&mut self, sync: bool) -> u64 {
        let refused = self.write_out();
        if self.writer.ahead() == 0 && self.sidecar.is_behind() {
            let listed = self.sidecar.write_out();
            self.note_trouble(listed);
        }
        if sync {
            let synced = self.sidecar.sync();
            self.note_trouble(synced);
        }
        let updated = if sync { self.writer.sync() } else { self.writer.checkpoint() };
        refused + self.refused_by(updated)
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Whether somebody has removed the file, so that nothing of it will be left.
    pub(super) fn is_removed(&mut self) -> bool {
        self.writer.is_removed()
    }

    /// Completes the file, says so, and gives back what it holds and how many frames the disk refused at last. With
    /// `goes_on`, another file follows it without a break.
    pub(super) fn close(mut self, recording: &Recording, goes_on: bool) -> (Held, u64) {
        let mut refused = self.write_out();
        // Silence up to the next file, unless the list cannot tell of it.
        if goes_on && self.sidecar.write_out().is_ok() {
            let filled = self.writer.fill();
            refused += self.refused_by(filled);
        }
        self.sidecar.shorten(self.writer.ahead());
        let listed = self.sidecar.write_out();
        self.note_trouble(listed);
        refused += self.update(recording.sync.is_some());
        if self.refused > 0 {
            self.complain(recording);
        }
        let held = self.held();
        let frames = self.writer.frames() - self.writer.ahead();
        self.say_closed(recording, frames, held);
        self.say_unlisted(recording);
        if let Err(error) = self.writer.finish() {
            let text = format!("{}: {error}", self.path.display());
            recording.reports.send(&recording.node, Severity::Error, text);
        }
        (held, refused)
    }

    fn say_closed(&self, recording: &Recording, frames: u64, held: Held) {
        let list = self.sidecar.path().map(|path| format!(", listed in {}", path.display())).unwrap_or_default();
        let gaps = if held.gaps == 0 { String::new() } else { format!(", gaps: {}{list}", held.gaps) };
        let clipped =
            if held.clipped == 0 { String::new() } else { format!(", samples beyond full scale: {}", held.clipped) };
        let text = format!(
            "closed {}: {frames} frames from frame {} on, {:.3} s{clipped}{gaps}",
            self.path.display(),
            self.first,
            frames as f64 / f64::from(recording.format.rate),
        );
        let severity = if held.gaps == 0 { Severity::Info } else { Severity::Warning };
        let missing = self.sidecar.path().cloned();
        let written = Written { path: self.path.clone(), first: self.first, frames, missing };
        recording.reports.send_written(&recording.node, severity, text, written);
    }

    fn say_unlisted(&self, recording: &Recording) {
        let (gaps, frames) = self.sidecar.unlisted();
        if gaps > 0 {
            let text = format!(
                "{}: {gaps} gaps, {frames} frames in all, are in no list: {}",
                self.path.display(),
                self.reason
            );
            recording.reports.send(&recording.node, Severity::Error, text);
        }
    }

    /// Counts what the disk refused, and keeps its place: silence, if anything comes after it.
    fn refused_by(&mut self, result: Result<(), WriteError>) -> u64 {
        let Err(error) = result else { return 0 };
        self.reason = error.to_string();
        let WriteError::Frames { lost, .. } = error else { return 0 };
        let file_frame = self.writer.frames();
        // Nothing is buffered after an error.
        let _ = self.writer.skip(lost);
        self.note(Gap { silence: lost, ..gap(self.end - lost, file_frame, lost, Cause::Disk) });
        self.refused += lost;
        self.refused_in_all += lost;
        lost
    }

    fn note(&mut self, gap: Gap) {
        if gap.frames > 0 || gap.silence > 0 {
            self.sidecar.note(gap);
        }
    }

    fn note_trouble(&mut self, result: Result<(), String>) {
        if let Err(reason) = result {
            self.reason = reason;
        }
    }

    fn complain(&mut self, recording: &Recording) {
        let text = format!("{}: {} frames lost by now; {}", self.path.display(), self.refused_in_all, self.reason);
        recording.reports.send(&recording.node, Severity::Error, text);
        self.refused = 0;
    }
}

/// A gap without silence in its place.
fn gap(stream_frame: Frame, file_frame: u64, frames: u64, cause: Cause) -> Gap {
    Gap { stream_frame, file_frame, frames, silence: 0, seconds: 0.0, cause }
}

/// Why a file could not be created.
#[derive(Debug, thiserror::Error)]
enum Refusal {
    /// This process writes it already.
    #[error("{} is being written by another recorder", .0.display())]
    Busy(PathBuf),
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
