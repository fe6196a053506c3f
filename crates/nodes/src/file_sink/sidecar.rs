//! The list beside a recording of what is missing from it: made at the first gap, whole after a kill.

use std::fs::File;
use std::io::{self, Seek, SeekFrom, Write};
use std::path::PathBuf;

use patchline_wav::{Place, WriteError};

use super::gaps::{Gap, GapLine, MOST_LISTS, is_about, list_name, parse};

/// Gaps that wait for a disk that takes them; more are counted.
const MOST_WAITING: usize = 4096;

/// The list of one file.
pub(super) struct Sidecar {
    /// Where the recording itself is.
    recording: Place,
    /// The first line.
    head: GapLine,
    rate: u32,
    file: Option<Open>,
    /// Found, and not in the list yet.
    waiting: Vec<Gap>,
    found: u64,
    /// Gaps and their frames that did not fit into `waiting`.
    dropped: (u64, u64),
}

struct Open {
    file: File,
    path: PathBuf,
    /// Bytes of whole lines.
    len: u64,
}

impl Sidecar {
    pub(super) fn new(recording: Place, head: GapLine, rate: u32) -> Self {
        Self { recording, head, rate, file: None, waiting: Vec::new(), found: 0, dropped: (0, 0) }
    }

    /// Whether `recording` has a list already.
    pub(super) fn is_there(recording: &Place) -> Result<bool, WriteError> {
        Ok(recording.sibling(list_name(&name(recording), 1))?.exists())
    }

    /// Removes what was listed about the file that `recording` replaces.
    pub(super) fn forget(recording: &Place) -> Result<(), WriteError> {
        for number in 1..=MOST_LISTS {
            let place = recording.sibling(list_name(&name(recording), number))?;
            let Ok(file) = place.open_to_read() else { break };
            if parse(file).is_ok_and(|lines| is_about(&lines, &name(recording))) {
                place.remove();
            }
        }
        Ok(())
    }

    /// Takes note of a gap; one that goes on where the last one ends makes that longer.
    pub(super) fn note(&mut self, gap: Gap) {
        if let Some(last) = self.waiting.last_mut().filter(|last| goes_on(last, &gap)) {
            last.frames += gap.frames;
            last.silence += gap.silence;
            return;
        }
        self.found += 1;
        if self.waiting.len() < MOST_WAITING {
            self.waiting.push(gap);
        } else {
            self.dropped.0 += 1;
            self.dropped.1 += gap.frames;
        }
    }

    /// The last `frames` frames of silence never came into the file.
    pub(super) fn shorten(&mut self, mut frames: u64) {
        for gap in self.waiting.iter_mut().rev() {
            let cut = gap.silence.min(frames);
            gap.silence -= cut;
            frames -= cut;
        }
    }

    /// Gaps so far.
    pub(super) fn found(&self) -> u64 {
        self.found
    }

    /// Whether there are gaps that are not in the list.
    pub(super) fn is_behind(&self) -> bool {
        !self.waiting.is_empty()
    }

    /// The list, once it is there.
    pub(super) fn path(&self) -> Option<&PathBuf> {
        self.file.as_ref().map(|open| &open.path)
    }

    /// Gaps that are not in the list, and their frames.
    pub(super) fn unlisted(&self) -> (u64, u64) {
        let waiting: u64 = self.waiting.iter().map(|gap| gap.frames).sum();
        (self.dropped.0 + self.waiting.len() as u64, self.dropped.1 + waiting)
    }

    /// Writes what waits. What the disk refuses waits on.
    pub(super) fn write_out(&mut self) -> Result<(), String> {
        if self.waiting.is_empty() {
            return Ok(());
        }
        if self.file.is_none() {
            self.file = Some(self.create().map_err(|error| error.to_string())?);
        }
        let open = self.file.as_mut().expect("it was just made");
        let head = (open.len == 0).then(|| self.head.clone());
        let gaps = self.waiting.iter().map(|gap| GapLine::Gap(timed(gap, self.rate)));
        let mut text = String::new();
        for line in head.into_iter().chain(gaps) {
            text.push_str(&serde_json::to_string(&line).map_err(|error| error.to_string())?);
            text.push('\n');
        }
        open.append(&text).map_err(|error| error.to_string())?;
        self.waiting.clear();
        Ok(())
    }

    /// Waits until what was written would survive a loss of power.
    pub(super) fn sync(&self) -> Result<(), String> {
        self.file.as_ref().map_or(Ok(()), |open| open.file.sync_data()).map_err(|error| error.to_string())
    }

    fn create(&self) -> Result<Open, WriteError> {
        let mut refusal = None;
        for number in 1..=MOST_LISTS {
            let place = self.recording.sibling(list_name(&name(&self.recording), number))?;
            match place.open_new() {
                Ok(file) => return Ok(Open { file, path: place.path().to_owned(), len: 0 }),
                Err(error @ (WriteError::Exists(_) | WriteError::Symlink(_) | WriteError::NotRegular(_))) => {
                    refusal = Some(error);
                }
                Err(error) => return Err(error),
            }
        }
        Err(refusal.expect("at least one name was tried"))
    }
}

impl Open {
    /// Appends whole lines, or nothing.
    fn append(&mut self, text: &str) -> io::Result<()> {
        let written = self.file.seek(SeekFrom::Start(self.len)).and_then(|_| self.file.write_all(text.as_bytes()));
        match written {
            Ok(()) => self.len += text.len() as u64,
            // A torn line would hide those that come later.
            Err(_) => self.file.set_len(self.len)?,
        }
        written
    }
}

fn name(recording: &Place) -> String {
    recording.path().file_name().unwrap_or_default().to_string_lossy().into_owned()
}

fn goes_on(last: &Gap, next: &Gap) -> bool {
    let silent = last.frames == last.silence && next.frames == next.silence;
    silent
        && last.cause == next.cause
        && last.stream_frame + last.frames == next.stream_frame
        && last.file_frame + last.silence == next.file_frame
}

fn timed(gap: &Gap, rate: u32) -> Gap {
    Gap { seconds: gap.frames as f64 / f64::from(rate), ..*gap }
}
