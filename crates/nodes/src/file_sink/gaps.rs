//! What is missing from a recording: the lines of the list beside its file.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

use patchline_graph::Frame;
use serde::{Deserialize, Serialize};

/// What a list is called: the recording's name, and this.
pub(super) const SUFFIX: &str = ".gaps.jsonl";
/// The longest list that is read, in bytes: more than a gap a second for a month.
const MOST_BYTES: u64 = 512 * 1024 * 1024;

/// Why frames are missing.
///
/// ```
/// use patchline_nodes::Cause;
///
/// assert_eq!(serde_json::to_string(&Cause::BufferFull)?, r#""buffer_full""#);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Cause {
    /// They found no room in the recorder's `buffer`: the disk stood still for longer than it lasts.
    BufferFull,
    /// The disk refused them: it was full, the file at its limit, or the device failed.
    Disk,
}

/// Frames that should have been recorded and were not.
///
/// ```
/// use patchline_nodes::{Cause, Gap};
///
/// let gap = Gap { stream_frame: 96_000, file_frame: 48_000, frames: 480, silence: 480, seconds: 0.01, cause: Cause::Disk };
/// // In an editor: where the silence is, in samples of the file.
/// assert_eq!(gap.file_frame..gap.file_frame + gap.silence, 48_000..48_480);
/// ```
#[derive(Clone, Copy, PartialEq, Debug, Serialize, Deserialize)]
pub struct Gap {
    /// Where the first of them stood in the run.
    pub stream_frame: Frame,
    /// Where in the file the first of them would stand.
    pub file_frame: u64,
    /// How many there were.
    pub frames: u64,
    /// Frames of silence in the file in their place: none before the first frame and behind the last one.
    pub silence: u64,
    /// How long they took, in seconds.
    pub seconds: f64,
    /// Why they are missing.
    pub cause: Cause,
}

/// One line of a list.
///
/// ```
/// use patchline_nodes::GapLine;
///
/// let line = r#"{"kind": "gap", "stream_frame": 64, "file_frame": 0, "frames": 32, "silence": 0, "seconds": 0.001,
///                "cause": "buffer_full"}"#;
/// match serde_json::from_str(line)? {
///     GapLine::Gap(gap) => assert_eq!(gap.frames, 32),
///     GapLine::Recording { file, .. } => panic!("the list of {file} begins"),
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum GapLine {
    /// The first line: which file this is about.
    Recording {
        /// The file's name.
        file: String,
        /// The recorder's name in its patch.
        node: String,
        /// Frames per second, in Hz.
        sample_rate: u32,
        /// Samples per frame.
        channels: u16,
        /// Where the file's first frame stood in the run.
        stream_frame: Frame,
        /// When it was heard, in local time.
        start: String,
    },
    /// Any other line.
    Gap(Gap),
}

/// A list as it was found.
///
/// ```
/// use patchline_nodes::{Cause, Gap, GapLine, GapList};
///
/// let gap = Gap { stream_frame: 64, file_frame: 0, frames: 32, silence: 0, seconds: 0.001, cause: Cause::Disk };
/// let list = GapList { path: "take.wav.gaps.jsonl".into(), lines: vec![GapLine::Gap(gap)] };
/// assert_eq!(list.gaps().map(|gap| gap.frames).sum::<u64>(), 32);
/// ```
#[derive(Clone, PartialEq, Debug)]
pub struct GapList {
    /// Its own path.
    pub path: PathBuf,
    /// What it says, in order. A line that a kill has cut is left out.
    pub lines: Vec<GapLine>,
}

impl GapList {
    /// The gaps, in order.
    pub fn gaps(&self) -> impl Iterator<Item = &Gap> {
        self.lines.iter().filter_map(|line| if let GapLine::Gap(gap) = line { Some(gap) } else { None })
    }
}

/// The lists beside a recording: none if nothing is missing. What is no list of this file is passed over.
///
/// ```
/// use patchline_nodes::gap_lists;
///
/// let folder = tempfile::tempdir()?;
/// let take = folder.path().join("take.wav");
/// // Nothing is missing from it.
/// assert!(gap_lists(&take)?.is_empty());
///
/// let list = r#"{"kind": "recording", "file": "take.wav", "node": "rec", "sample_rate": 48000, "channels": 1,
/// "stream_frame": 0, "start": "2026-01-31T23:59:58"}"#.replace('\n', " ");
/// std::fs::write(folder.path().join("take.wav.gaps.jsonl"), list + "\n")?;
/// assert_eq!(gap_lists(&take)?[0].lines.len(), 1);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// What the system says about a list that is there and cannot be read.
pub fn gap_lists(recording: &Path) -> io::Result<Vec<GapList>> {
    let Some(name) = recording.file_name().map(|name| name.to_string_lossy().into_owned()) else {
        return Ok(Vec::new());
    };
    let mut lists = Vec::new();
    for number in 1..=MOST_LISTS {
        let path = recording.with_file_name(list_name(&name, number));
        match path.symlink_metadata() {
            Ok(found) if found.is_file() => lists.extend(read(&path, &name)?),
            Ok(_) => {}
            Err(_) => break,
        }
    }
    Ok(lists)
}

/// Lists beside one file.
pub(super) const MOST_LISTS: u32 = 99;

/// The name of a file's first list, or of a later one, where others have taken the names before.
pub(super) fn list_name(file: &str, number: u32) -> String {
    if number == 1 { format!("{file}{SUFFIX}") } else { format!("{file}.{number}{SUFFIX}") }
}

fn read(path: &Path, recording: &str) -> io::Result<Option<GapList>> {
    let lines = parse(File::open(path)?)?;
    let ours = is_about(&lines, recording);
    Ok(ours.then(|| GapList { path: path.to_owned(), lines }))
}

/// Whether this is a list of that file's gaps.
pub(super) fn is_about(lines: &[GapLine], recording: &str) -> bool {
    matches!(lines.first(), Some(GapLine::Recording { file, .. }) if file == recording)
}

/// Reads lines up to the first that is none.
pub(super) fn parse(file: impl Read) -> io::Result<Vec<GapLine>> {
    let mut lines = Vec::new();
    for line in BufReader::new(file.take(MOST_BYTES)).split(b'\n') {
        let Ok(line) = serde_json::from_slice(&line?) else { break };
        lines.push(line);
    }
    Ok(lines)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_that_a_kill_has_cut_is_left_out() {
        let gap = Gap { stream_frame: 7, file_frame: 3, frames: 2, silence: 2, seconds: 0.5, cause: Cause::BufferFull };
        let text = serde_json::to_string(&GapLine::Gap(gap)).unwrap();
        let expected = r#"{"kind":"gap","stream_frame":7,"file_frame":3,"frames":2,"silence":2,"seconds":0.5,"cause":"buffer_full"}"#;
        assert_eq!(text, expected);
        let cut = format!("{text}\n{text}\n{}", &text[..40]);
        assert_eq!(parse(cut.as_bytes()).unwrap(), [GapLine::Gap(gap), GapLine::Gap(gap)]);
        assert_eq!(parse(&b"\xff\xfe{"[..]).unwrap(), []);
    }

    #[test]
    fn only_lists_of_this_file_are_found() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.wav");
        let line = |file: &str| GapLine::Recording {
            file: file.to_owned(),
            node: "rec".to_owned(),
            sample_rate: 48_000,
            channels: 1,
            stream_frame: 5,
            start: String::new(),
        };
        let write = |name: &str, file: &str| {
            std::fs::write(folder.path().join(name), serde_json::to_string(&line(file)).unwrap()).unwrap();
        };
        assert_eq!(gap_lists(&path).unwrap(), []);
        write("a.wav.gaps.jsonl", "b.wav");
        write("a.wav.2.gaps.jsonl", "a.wav");
        write("a.wav.4.gaps.jsonl", "a.wav");
        let found = gap_lists(&path).unwrap();
        assert_eq!(found, [GapList { path: folder.path().join("a.wav.2.gaps.jsonl"), lines: vec![line("a.wav")] }]);
    }
}
