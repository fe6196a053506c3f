//! What a replay came to.

use crate::writer::look;
use crate::{Ending, FileSeen, Header, Recording, Source};

/// What a replay came to.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Verdict {
    /// Blocks that were rendered.
    pub blocks: u64,
    /// Their frames.
    pub frames: u64,
    /// Blocks whose bits are not those that were heard.
    pub differing: u64,
    /// The first of them.
    pub first: Option<Difference>,
    /// Blocks after ones that are missing in the capture: their input is known, what it met is not, so they are rendered
    /// and not judged.
    pub unjudged: u64,
    /// What may be the cause of a difference, the likeliest first.
    pub reasons: Vec<String>,
    /// Why it ends before the run did, if it does.
    pub short: Option<String>,
}

/// A block that differs.
#[derive(Clone, Debug, PartialEq)]
pub struct Difference {
    /// Which of the engines, from 0.
    pub take: usize,
    /// Which of its blocks, from 0, missing ones not counted.
    pub block: u64,
    /// The first frame of the block, since the engine began.
    pub frame: u64,
    /// Frames of the block.
    pub frames: usize,
    /// The device's frame that it starts at.
    pub position: u64,
    /// The first sample that differs, where the capture has the output.
    pub sample: Option<SampleDifference>,
}

/// A sample that differs.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SampleDifference {
    /// Its frame since the engine began.
    pub frame: u64,
    /// Its channel, from 0.
    pub channel: usize,
    /// What was heard.
    pub heard: f32,
    /// What was rendered.
    pub rendered: f32,
}

impl Verdict {
    /// Whether everything that could be judged has the same bits.
    #[must_use]
    pub fn is_identical(&self) -> bool {
        self.differing == 0
    }

    /// Blocks that were compared with what was heard.
    #[must_use]
    pub fn judged(&self) -> u64 {
        self.blocks - self.unjudged
    }
}

/// What may be the cause of a difference.
pub(crate) fn reasons(recording: &Recording, files: &[String]) -> Vec<String> {
    let mut reasons: Vec<String> = files.to_vec();
    let ends = recording.takes.iter().filter_map(|take| take.end.as_ref());
    reasons.extend(ends.flat_map(|end| end.notes.iter().cloned()));
    if let (Some(then), now) = (&recording.header, Header::here()) {
        if then.program != now.program {
            reasons.push(format!("it was captured by version {}, and this is {}", then.program, now.program));
        }
        if (&then.os, &then.arch) != (&now.os, &now.arch) {
            let (os, arch) = (&then.os, &then.arch);
            reasons.push(format!("it was captured on {os} ({arch}), and this is {} ({})", now.os, now.arch));
        }
    }
    if reasons.is_empty() {
        reasons.push(
            "a node of the patch does not make the same of the same input; that is a bug, of the node or of ours"
                .to_owned(),
        );
    }
    reasons
}

/// What is not as it was of the files that were read.
pub(crate) fn changed(files: &[FileSeen], source: &dyn Fn(&FileSeen) -> std::path::PathBuf) -> Vec<String> {
    let told = |then: &FileSeen| {
        let path = source(then);
        let now = look(then.node.clone(), &path);
        let name = path.display();
        match (then.bytes, now.bytes) {
            (Some(bytes), None) => Some(format!("{name} cannot be read; it had {bytes} bytes")),
            (Some(bytes), Some(other)) if bytes != other => {
                Some(format!("{name} has changed: it had {bytes} bytes and has {other}"))
            }
            (Some(_), Some(_)) if then.hash != now.hash => Some(format!("{name} has changed since")),
            _ => None,
        }
    };
    files.iter().filter_map(told).collect()
}

/// Why a recording is shorter than the run.
pub(crate) fn short(recording: &Recording) -> Option<String> {
    match recording.ending {
        Ending::Whole => None,
        ending @ Ending::Cut { .. } => Some(format!("the capture was {ending}")),
        ending @ Ending::Damaged { .. } => Some(format!("the capture is {ending}")),
    }
}

/// The file of a source that a capture names, in another folder if one is given.
pub(crate) fn moved(file: &FileSeen, folder: Option<(&std::path::Path, &Source)>) -> std::path::PathBuf {
    let path = std::path::Path::new(&file.path);
    let Some((folder, source)) = folder else { return path.to_owned() };
    let old = source.path.parent().map(|old| old.canonicalize().unwrap_or_else(|_| old.to_owned()));
    match old.and_then(|old| path.strip_prefix(old).ok().map(std::path::Path::to_owned)) {
        Some(inner) => folder.join(inner),
        None => folder.join(path.file_name().unwrap_or_default()),
    }
}
