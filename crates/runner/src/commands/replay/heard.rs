//! What was heard, as WAV files.

use std::path::{Path, PathBuf};

use patchline_capture::{Heard, Recording};
use patchline_wav::{AtomicWriter, Format, Options, Subtype, WriteError};

use crate::cli::ReplayArgs;
use crate::exit::{Exit, Failure};
use crate::files;
use crate::load::shown;
use crate::reads::Reads;
use crate::style;

/// A file for each start; they appear when all of them are complete.
pub(super) struct Output<'a> {
    args: &'a ReplayArgs,
    files: Vec<(usize, PathBuf, AtomicWriter)>,
    interleaved: Vec<f32>,
}

impl<'a> Output<'a> {
    /// Looks whether nothing is in the way, before anything is rendered.
    pub(super) fn new(args: &'a ReplayArgs, recording: &Recording) -> Result<Self, Failure> {
        if let Some(path) = &args.output {
            let reads = reads(args, recording);
            for (take, _) in recording.takes.iter().enumerate().filter(|(_, take)| take.blocks > 0) {
                let path = numbered(path, take);
                reads.spared_by("-o", &path)?;
                if !args.overwrite && path.symlink_metadata().is_ok() {
                    return Err(files::exists(&path));
                }
            }
        }
        Ok(Self { args, files: Vec::new(), interleaved: Vec::new() })
    }

    /// Writes a block: as it was heard, where the capture has that, else as it was rendered.
    pub(super) fn take(&mut self, heard: &Heard<'_>) -> Result<(), Failure> {
        let Some(path) = &self.args.output else { return Ok(()) };
        if self.files.last().is_none_or(|(take, ..)| *take != heard.take) {
            let path = numbered(path, heard.take);
            let file = create(&path, heard, self.args.overwrite)?;
            self.files.push((heard.take, path, file));
        }
        let Some((_, path, file)) = self.files.last_mut() else { return Ok(()) };
        interleave(heard, &mut self.interleaved);
        let written = file.write_silence(heard.gap).and_then(|()| file.write_interleaved(&self.interleaved));
        written.map_err(|error| failed(path, &error))
    }

    /// Gives the files their names.
    pub(super) fn finish(self) -> Result<Vec<String>, Failure> {
        let finish = |(_, path, file): (usize, PathBuf, AtomicWriter)| {
            file.commit().map(|_| shown(&path)).map_err(|error| failed(&path, &error))
        };
        self.files.into_iter().map(finish).collect()
    }
}

/// The capture, and what its sources played.
fn reads(args: &ReplayArgs, recording: &Recording) -> Reads {
    let mut reads = Reads::default();
    reads.add(&args.capture, "what is read");
    for file in recording.takes.iter().flat_map(|take| &take.files) {
        reads.add(Path::new(&file.path), "a file that the captured patch plays");
    }
    reads
}

fn interleave(heard: &Heard<'_>, interleaved: &mut Vec<f32>) {
    interleaved.clear();
    let channels = heard.outputs.channels();
    for frame in 0..heard.block.frames {
        interleaved.extend((0..channels).map(|channel| match &heard.block.outputs {
            Some(kept) if channel < kept.channels() => kept.channel(channel)[frame],
            _ => heard.outputs.channel(channel)[frame],
        }));
    }
}

fn create(path: &Path, heard: &Heard<'_>, overwrite: bool) -> Result<AtomicWriter, Failure> {
    let channels = u16::try_from(heard.start.outputs).unwrap_or(u16::MAX);
    if channels == 0 {
        return Err(Failure::new(Exit::Usage, "the run had no output: nothing was heard that could be written"));
    }
    let format = Format { rate: heard.start.rate, channels, subtype: Subtype::Float };
    AtomicWriter::create(path, Options { format, overwrite }).map_err(|error| failed(path, &error))
}

fn failed(path: &Path, error: &WriteError) -> Failure {
    let what = match error {
        // These name no file, since what they write to may have no name.
        WriteError::Frames { .. } | WriteError::Update { .. } => {
            format!("{}: {error}; nothing was kept of it", path.display())
        }
        _ => error.to_string(),
    };
    Failure::new(Exit::File, style::safe(&what, 400))
}

/// `out.wav`, `out-2.wav`, and so on.
fn numbered(path: &Path, take: usize) -> PathBuf {
    if take == 0 {
        return path.to_owned();
    }
    let stem = path.file_stem().unwrap_or_default().to_string_lossy();
    let ending = path.extension().map_or_else(String::new, |ending| format!(".{}", ending.to_string_lossy()));
    path.with_file_name(format!("{stem}-{}{ending}", take + 1))
}
