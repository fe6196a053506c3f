//! From frames to files: where a take begins and ends, what comes before it, and what is missing from it.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use patchline_graph::{Frame, Severity};

use super::feed::Mark;
use super::file::{Held, TakeFile};
use super::gaps::Cause;
use super::recording::Recording;

/// How often a file that cannot be created is tried again.
const RETRY: Duration = Duration::from_secs(1);

/// What became of the frames. Those that were to be recorded = `written` + `lost`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Books {
    pub(super) written: u64,
    /// Without those that found no room in the ring, which its other end counts.
    pub(super) lost: u64,
    pub(super) files: u64,
    pub(super) clipped: u64,
    pub(super) non_finite: u64,
    pub(super) gaps: u64,
}

/// Frames that belong to a file which is not there yet, the last ones of the stream so far.
struct Lead {
    first: Frame,
    frames: u64,
    cause: Cause,
}

/// A file that could not be created.
struct Failed {
    /// Frames it would have by now.
    length: u64,
    reason: String,
    next_try: Instant,
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
    /// When to look whether the file is still there.
    next_look: Instant,
    up: bool,
    /// Frames that are missing before the next one, and those of them that were to be recorded.
    gap: u64,
    missed: u64,
    file: Option<TakeFile>,
    /// Set after a file could not be created, until it can be, or the next take or the next file's turn.
    failed: Option<Failed>,
    lead: Option<Lead>,
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
            next_look: Instant::now() + RETRY,
            up: false,
            gap: 0,
            missed: 0,
            file: None,
            failed: None,
            lead: None,
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
        let Some(file) = &mut self.file else { return };
        self.lost += file.tick(now, &self.recording);
        if now >= self.next_look {
            self.next_look = now + RETRY;
            if file.is_removed() {
                self.bury();
            }
        }
    }

    /// Ends everything: all files are complete afterwards.
    pub(super) fn end(&mut self) {
        self.close(false);
        self.failed = None;
        self.lead = None;
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
            gaps: self.closed.gaps + open.gaps,
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
        match (self.up, record) {
            (true, true) => self.keep_place(gap, missed),
            (true, false) => self.miss(self.position - gap, missed),
            _ => {}
        }
        missed
    }

    /// Silence in the place of the `gap` frames before the next one, of which `missed` were to be recorded; in as many
    /// files as they need.
    fn keep_place(&mut self, mut gap: u64, mut missed: u64) {
        while gap > 0 {
            let position = self.position - gap;
            let room = self.open(position);
            let (silence, lost) = (gap.min(room), missed.min(gap).min(room));
            match (&mut self.file, &mut self.failed) {
                (Some(file), _) => self.lost += file.skip(position, silence, lost),
                (None, Some(failed)) => {
                    failed.length += silence;
                    self.owe(position, lost, Cause::BufferFull);
                }
                (None, None) => {}
            }
            gap -= silence;
            missed -= lost;
        }
    }

    /// Lists frames from `position` on that the present take lacks at its end.
    fn miss(&mut self, position: Frame, frames: u64) {
        if let Some(file) = &mut self.file {
            self.lost += file.miss(position, frames, Cause::BufferFull);
        }
    }

    /// A take begins, or goes on whose first `under_way` frames found no room and are counted already.
    fn begin(&mut self, under_way: u64) {
        let channels = usize::from(self.recording.format.channels);
        let wanted = self.recording.pre_roll.min(self.since.saturating_sub(under_way));
        let mut before: Vec<f32> = self.history.iter().copied().collect();
        let have = (before.len() / channels) as u64;
        let short = wanted.saturating_sub(have);
        self.lost += short;
        self.failed = None;
        self.lead = None;
        let first = self.position - have;
        self.owe(first - (short + under_way).min(first), short + under_way, Cause::BufferFull);
        self.write(&mut before, first);
    }

    /// Remembers frames from `first` on for the list of the file that they should have been in.
    fn owe(&mut self, first: Frame, frames: u64, cause: Cause) {
        match &mut self.lead {
            _ if frames == 0 => {}
            Some(lead) => lead.frames += frames,
            None => self.lead = Some(Lead { first, frames, cause }),
        }
    }

    /// `record` went down.
    fn pause(&mut self) {
        if self.recording.per_trigger {
            self.close(false);
        } else {
            // What the disk refuses later is then known to have followed.
            self.lost += self.file.as_mut().map_or(0, TakeFile::write_out);
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
            let room = usize::try_from(self.open(position)).unwrap_or(usize::MAX);
            let (now, later) = rest.split_at(rest.len().min(room.saturating_mul(channels)));
            let frames = self.frames(now);
            match (&mut self.file, &mut self.failed) {
                (Some(file), _) => self.lost += file.write(now, position),
                (None, failed) => {
                    failed.iter_mut().for_each(|failed| failed.length += frames);
                    self.lost += frames;
                    self.owe(position, frames, Cause::Disk);
                }
            }
            position += frames;
            rest = later;
        }
    }

    /// Makes sure that there is a file with room, or that we know of its failure; gives back how many frames there is
    /// room for.
    fn open(&mut self, first: Frame) -> u64 {
        let longest = self.recording.longest;
        if self.length().is_some_and(|length| length >= longest) {
            self.close(true);
            self.failed = None;
        }
        let wanted = match (&self.file, &self.failed) {
            (Some(_), _) => false,
            (None, Some(failed)) => Instant::now() >= failed.next_try,
            (None, None) => true,
        };
        if wanted {
            self.create(first);
        }
        longest.saturating_sub(self.length().unwrap_or(0)).max(1)
    }

    /// Frames of the present file, or of the one that should be there.
    fn length(&self) -> Option<u64> {
        self.file.as_ref().map(TakeFile::length).or(self.failed.as_ref().map(|failed| failed.length))
    }

    fn create(&mut self, first: Frame) {
        let unnumbered = self.recording.template.path(self.recording.moment(first), 0);
        let from = self.last.as_ref().filter(|(name, _)| *name == unnumbered).map_or(1, |(_, number)| number + 1);
        match TakeFile::create(&self.recording, first, from) {
            Ok((mut file, number)) => {
                if let Some(Lead { first, frames, cause }) = self.lead.take() {
                    file.miss(first, frames, cause);
                }
                self.failed = None;
                self.file = Some(file);
                self.files += 1;
                self.last = Some((unnumbered, number));
            }
            Err(reason) => {
                let before = self.failed.take();
                // It is tried again and again: once is enough to say why it fails.
                if before.as_ref().is_none_or(|before| before.reason != reason) {
                    let text = format!("nothing is recorded from frame {first} on: {reason}");
                    self.recording.reports.send(&self.recording.node, Severity::Error, text);
                }
                let length = before.map_or(0, |before| before.length);
                self.failed = Some(Failed { length, reason, next_try: Instant::now() + RETRY });
            }
        }
    }

    /// Ends the present file; with `goes_on`, another follows without a break.
    fn close(&mut self, goes_on: bool) {
        let Some(file) = self.file.take() else { return };
        let (held, refused) = file.close(&self.recording, goes_on);
        self.closed.frames += held.frames;
        self.closed.clipped += held.clipped;
        self.closed.gaps += held.gaps;
        self.lost += refused;
    }

    /// The file was removed under our hands: what it held is lost, and the rest goes to a new one.
    fn bury(&mut self) {
        let Some(mut file) = self.file.take() else { return };
        self.lost += file.write_out();
        let held = file.held();
        self.lost += held.frames;
        self.closed.clipped += held.clipped;
        let text =
            format!("{} was removed while it was recorded: its {} frames are lost", file.path().display(), held.frames);
        self.recording.reports.send(&self.recording.node, Severity::Error, text);
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
    use jiff::civil::DateTime;
    use patchline_graph::Reports;
    use patchline_wav::{Format, Subtype};

    use super::super::name::Template;
    use super::*;

    /// Takes of a mono recorder with a file a trigger.
    fn takes(folder: &std::path::Path, pre_roll: u64) -> Takes {
        Takes::new(Recording {
            node: "rec".to_owned(),
            reports: Reports::default(),
            folder: folder.to_owned(),
            real: false,
            template: Template::new("take-{seq}.wav").unwrap(),
            start: DateTime::default(),
            format: Format { rate: 48_000, channels: 1, subtype: Subtype::Float },
            overwrite: false,
            patience: Duration::ZERO,
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
