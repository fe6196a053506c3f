//! From frames to files: where a take begins and ends, what comes before it, and what is missing from it.

use std::collections::VecDeque;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use jiff::civil::DateTime;
use patchline_graph::{Frame, Reports, Severity};
use patchline_wav::Format;

use super::feed::Mark;
use super::file::{Held, TakeFile};
use super::name::{Template, moment};

/// What to record, and how.
pub(super) struct Recording {
    pub(super) node: String,
    pub(super) reports: Reports,
    /// Where the names of the template begin.
    pub(super) folder: PathBuf,
    pub(super) template: Template,
    pub(super) start: DateTime,
    pub(super) format: Format,
    pub(super) overwrite: bool,
    /// How often the disk is waited for; `None` is never.
    pub(super) sync: Option<Duration>,
    /// Frames before a trigger that belong to its take.
    pub(super) pre_roll: u64,
    /// Whether every take is a file of its own.
    pub(super) per_trigger: bool,
    /// The most frames of a file.
    pub(super) longest: u64,
}

impl Recording {
    /// When the frame at `position` was heard.
    pub(super) fn moment(&self, position: Frame) -> DateTime {
        moment(self.start, position, self.format.rate)
    }
}

/// What became of the frames. Those that were to be recorded = `written` + `lost`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Books {
    pub(super) written: u64,
    /// Without those that found no room in the ring, which its other end counts.
    pub(super) lost: u64,
    pub(super) files: u64,
    pub(super) clipped: u64,
    pub(super) non_finite: u64,
}

/// The takes of one recorder.
pub(super) struct Takes {
    recording: Recording,
    /// The last `pre_roll` frames, interleaved.
    history: VecDeque<f32>,
    /// Frames since the first, or since the last take where takes share a file: a pre-roll reaches no further.
    since: u64,
    /// The next frame's position in the stream.
    position: Frame,
    up: bool,
    /// Frames that are missing before the next one, and those of them that were to be recorded.
    gap: u64,
    missed: u64,
    file: Option<TakeFile>,
    /// Set after a file could not be created, until the next take or the next file's turn.
    failed: Option<u64>,
    /// The last file's name without its number, and its number.
    last: Option<(String, u32)>,
    closed: Held,
    lost: u64,
    files: u64,
    non_finite: u64,
}

impl Takes {
    pub(super) fn new(recording: Recording) -> Self {
        let samples = recording.pre_roll as usize * usize::from(recording.format.channels);
        Self {
            recording,
            history: VecDeque::with_capacity(samples),
            since: 0,
            position: 0,
            up: false,
            gap: 0,
            missed: 0,
            file: None,
            failed: None,
            last: None,
            closed: Held::default(),
            lost: 0,
            files: 0,
            non_finite: 0,
        }
    }

    /// The stream goes on at a mark; `first` says that nothing came before.
    pub(super) fn jump(&mut self, mark: &Mark, first: bool) {
        if !first {
            self.gap += mark.position.saturating_sub(self.position);
            self.missed += mark.missed;
        }
        self.position = mark.position;
    }

    /// The node was reset: whatever was going on is over.
    pub(super) fn restart(&mut self) {
        self.end();
        self.history.clear();
        (self.since, self.gap, self.missed) = (0, 0, 0);
    }

    /// Takes in consecutive frames × channels samples that all are to be recorded, or all are not.
    pub(super) fn push(&mut self, record: bool, samples: &mut [f32]) {
        let under_way = self.bridge(record);
        if record && !self.up {
            self.begin(under_way);
        } else if !record && self.up {
            self.pause();
        }
        self.up = record;
        if record {
            self.write(samples, self.position);
        }
        if !record || self.recording.per_trigger {
            self.remember(samples);
        }
        self.position += self.frames(samples);
    }

    /// Brings files up to date on disk.
    pub(super) fn tick(&mut self, now: Instant) {
        if let Some(file) = &mut self.file {
            self.lost += file.tick(now, &self.recording);
        }
    }

    /// Ends everything: all files are complete afterwards.
    pub(super) fn end(&mut self) {
        self.close();
        self.failed = None;
        self.up = false;
    }

    pub(super) fn books(&self) -> Books {
        let open = self.file.as_ref().map(TakeFile::held).unwrap_or_default();
        Books {
            written: self.closed.frames + open.frames,
            lost: self.lost,
            files: self.files,
            clipped: self.closed.clipped + open.clipped,
            non_finite: self.non_finite,
        }
    }

    /// Deals with frames that found no room in the ring: silence within a take, a shorter pre-roll before one. Gives
    /// back how many of them were to be recorded: a take that begins now has been under way for as long.
    fn bridge(&mut self, record: bool) -> u64 {
        let (gap, missed) = (std::mem::take(&mut self.gap), std::mem::take(&mut self.missed));
        if gap == 0 {
            return 0;
        }
        let text =
            format!("{gap} frames before frame {} found no room: the disk was too slow for `buffer`", self.position);
        self.recording.reports.send(&self.recording.node, Severity::Warning, text);
        self.history.clear();
        self.since += gap;
        if let (true, true, Some(file)) = (self.up, record, &mut self.file) {
            self.lost += file.write_silence(gap);
        }
        missed
    }

    /// A take begins, or goes on whose first `under_way` frames found no room and are counted already.
    fn begin(&mut self, under_way: u64) {
        let channels = usize::from(self.recording.format.channels);
        let wanted = self.recording.pre_roll.min(self.since.saturating_sub(under_way));
        let mut before: Vec<f32> = self.history.iter().copied().collect();
        let have = (before.len() / channels) as u64;
        self.lost += wanted.saturating_sub(have);
        self.failed = None;
        self.write(&mut before, self.position - have);
    }

    /// `record` went down.
    fn pause(&mut self) {
        if self.recording.per_trigger {
            self.close();
        } else {
            self.history.clear();
            self.since = 0;
        }
    }

    /// Writes frames of which the first stands at `position`, into as many files as they need.
    fn write(&mut self, samples: &mut [f32], mut position: Frame) {
        self.non_finite += sanitise(samples);
        let channels = usize::from(self.recording.format.channels);
        let mut rest = &samples[..];
        while !rest.is_empty() {
            self.open(position);
            let length = self.file.as_ref().map(TakeFile::length).or(self.failed).unwrap_or(0);
            let room = usize::try_from(self.recording.longest.saturating_sub(length).max(1)).unwrap_or(usize::MAX);
            let (now, later) = rest.split_at(rest.len().min(room.saturating_mul(channels)));
            let frames = self.frames(now);
            match &mut self.file {
                Some(file) => self.lost += file.write(now),
                None => self.lost += frames,
            }
            self.failed = self.failed.map(|length| length + frames);
            position += frames;
            rest = later;
        }
    }

    /// Makes sure that there is a file with room, or that we know of its failure.
    fn open(&mut self, first: Frame) {
        if self.file.as_ref().map(TakeFile::length).or(self.failed).is_some_and(|n| n >= self.recording.longest) {
            self.close();
            self.failed = None;
        }
        if self.file.is_some() || self.failed.is_some() {
            return;
        }
        let unnumbered = self.recording.template.path(self.recording.moment(first), 0);
        let from = self.last.as_ref().filter(|(name, _)| *name == unnumbered).map_or(1, |(_, number)| number + 1);
        match TakeFile::create(&self.recording, first, from) {
            Ok((file, number)) => {
                self.file = Some(file);
                self.files += 1;
                self.last = Some((unnumbered, number));
            }
            Err(error) => {
                self.failed = Some(0);
                let text = format!("nothing is recorded from frame {first} on: {error}");
                self.recording.reports.send(&self.recording.node, Severity::Error, text);
            }
        }
    }

    fn close(&mut self) {
        let Some(file) = self.file.take() else { return };
        let (held, refused) = file.close(&self.recording);
        self.closed.frames += held.frames;
        self.closed.clipped += held.clipped;
        self.lost += refused;
    }

    fn remember(&mut self, samples: &[f32]) {
        self.since += self.frames(samples);
        let most = self.recording.pre_roll as usize * usize::from(self.recording.format.channels);
        let kept = &samples[samples.len().saturating_sub(most)..];
        let surplus = (self.history.len() + kept.len()).saturating_sub(most);
        self.history.drain(..surplus);
        self.history.extend(kept);
    }

    fn frames(&self, samples: &[f32]) -> u64 {
        (samples.len() / usize::from(self.recording.format.channels)) as u64
    }
}

/// Replaces what is no number by 0; gives back how often.
fn sanitise(samples: &mut [f32]) -> u64 {
    let bad = samples.iter_mut().filter(|sample| !sample.is_finite());
    bad.map(|sample| *sample = 0.0).count() as u64
}

#[cfg(test)]
mod tests {
    use patchline_wav::Subtype;

    use super::*;

    /// Takes of a mono recorder with a file a trigger.
    fn takes(folder: &std::path::Path, pre_roll: u64) -> Takes {
        Takes::new(Recording {
            node: "rec".to_owned(),
            reports: Reports::default(),
            folder: folder.to_owned(),
            template: Template::new("take-{seq}.wav").unwrap(),
            start: DateTime::default(),
            format: Format { rate: 48_000, channels: 1, subtype: Subtype::Float },
            overwrite: false,
            sync: None,
            pre_roll,
            per_trigger: true,
            longest: u64::MAX,
        })
    }

    #[test]
    fn a_pre_roll_ends_where_the_take_began_even_inside_a_gap() {
        let folder = tempfile::tempdir().unwrap();
        let mut takes = takes(folder.path(), 100);
        takes.jump(&Mark { at: 0, position: 0, missed: 0 }, true);
        takes.push(false, &mut [0.5; 10]);
        // Frames 10 to 49 found no room; the last 30 of them were to be recorded and are counted elsewhere.
        takes.jump(&Mark { at: 10, position: 50, missed: 30 }, false);
        takes.push(true, &mut [0.5; 5]);
        takes.end();
        let books = takes.books();
        assert_eq!((books.written, books.lost), (5, 20), "all 20 frames before the take are its pre-roll");
    }
}
