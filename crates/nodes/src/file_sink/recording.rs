//! What a recorder is to record, and how: what its parameters come to in one stream.

use std::path::{Path, PathBuf};
use std::time::Duration;

use jiff::civil::{DateTime, Time};
use patchline_graph::{Frame, Reports};
use patchline_wav::{Broadcast, Format};

use super::gaps::GapLine;
use super::name::{Template, moment};

/// What to record, and how.
pub(super) struct Recording {
    pub(super) node: String,
    pub(super) reports: Reports,
    /// Where the names of the template begin.
    pub(super) folder: PathBuf,
    /// Whether `folder` is without links, so that none on the way to it needs to be followed.
    pub(super) real: bool,
    pub(super) template: Template,
    /// When the run began, by the clock of the wall as it stood then: it is not looked at again.
    pub(super) start: DateTime,
    pub(super) format: Format,
    pub(super) overwrite: bool,
    /// How long a file is waited for that another recorder is about to close.
    pub(super) patience: Duration,
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

    /// The folder to start from, and what leads from there to the names of the template.
    ///
    /// Where folders can be passed through without being read, links are refused all the way from the root.
    pub(super) fn base(&self) -> (&Path, &Path) {
        let root = self.folder.ancestors().last().filter(|root| self.real && root.has_root());
        let from_root = root.and_then(|root| Some((root, self.folder.strip_prefix(root).ok()?)));
        from_root
            .filter(|_| cfg!(any(target_os = "linux", target_os = "android")))
            .unwrap_or((&self.folder, Path::new("")))
    }

    /// What the header of a file says that begins at `first`.
    ///
    /// Its time counts whole frames of the run on top of one rounding of the start, so the files of one run lie as many
    /// frames apart as they were heard.
    pub(super) fn broadcast(&self, first: Frame) -> Broadcast {
        let rate = u64::from(self.format.rate);
        let since = self.start.time().duration_since(Time::midnight());
        let seconds = since.as_secs().unsigned_abs();
        let start = seconds * rate + u64::from(since.subsec_nanos().unsigned_abs()) * rate / 1_000_000_000;
        let moment = self.moment(first);
        Broadcast {
            description: format!("{}, from frame {first} of the run that began {}", self.node, shown(self.start)),
            originator: "Patchline".to_owned(),
            date: (moment.year(), moment.month(), moment.day()),
            time: (moment.hour(), moment.minute(), moment.second()),
            time_reference: start.saturating_add(first) % (86_400 * rate),
        }
    }

    /// The first line of the list of what is missing from a file that begins at `first`.
    pub(super) fn head(&self, path: &Path, first: Frame) -> GapLine {
        GapLine::Recording {
            file: path.file_name().unwrap_or_default().to_string_lossy().into_owned(),
            node: self.node.clone(),
            sample_rate: self.format.rate,
            channels: self.format.channels,
            stream_frame: first,
            start: shown(self.moment(first)),
        }
    }
}

fn shown(moment: DateTime) -> String {
    moment.strftime("%Y-%m-%dT%H:%M:%S%.f").to_string()
}

#[cfg(test)]
mod tests {
    use patchline_wav::Subtype;

    use super::*;

    fn recording(start: DateTime) -> Recording {
        Recording {
            node: "rec".to_owned(),
            reports: Reports::default(),
            folder: PathBuf::from("/takes"),
            real: true,
            template: Template::new("take-{seq}.wav").unwrap(),
            start,
            format: Format { rate: 44_100, channels: 1, subtype: Subtype::Float },
            overwrite: false,
            patience: Duration::ZERO,
            sync: None,
            pre_roll: 0,
            per_trigger: true,
            longest: u64::MAX,
        }
    }

    #[test]
    fn files_of_one_run_lie_as_far_apart_as_they_were_heard_even_past_midnight() {
        let day = 86_400 * 44_100;
        let recording = recording(jiff::civil::date(2026, 1, 31).at(23, 59, 59, 999_999_999));
        let first = recording.broadcast(0);
        assert_eq!((first.date, first.time, first.time_reference), ((2026, 1, 31), (23, 59, 59), day - 1));
        for frames in [1, 2, 12_345, 44_101] {
            assert_eq!(recording.broadcast(frames).time_reference, frames - 1);
        }
        let late = recording.broadcast(day + 44_100);
        assert_eq!((late.date, late.time), ((2026, 2, 2), (0, 0, 0)));
        assert!(late.description.contains("rec, from frame 3810284100 of"), "{}", late.description);
        assert!(late.description.contains("2026-01-31T23:59:59.999999999"), "{}", late.description);
    }
}
