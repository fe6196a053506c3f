//! `--waveform` and `--spectrogram`: what was rendered, to look at.

use std::path::{Path, PathBuf};

use patchline_chart::{Picture, Sound, spectrogram, waveform};
use patchline_patch::Loaded;
use patchline_wav::FileReader;

use crate::cli::RenderArgs;
use crate::exit::{Exit, Failure};
use crate::load::shown;
use crate::reads::Reads;
use crate::{files, signals};

/// Frames that are read at a time.
const PIECE: usize = 4096;

type Draw = fn(Sound) -> Box<dyn Picture>;

/// The pictures that are asked for: by which option, of which kind, into which file.
fn wanted(args: &RenderArgs) -> impl Iterator<Item = (&'static str, Draw, &Path)> {
    let waveform: (_, Draw, _) = ("--waveform", waveform, args.waveform.as_deref());
    let spectrogram: (_, Draw, _) = ("--spectrogram", spectrogram, args.spectrogram.as_deref());
    [waveform, spectrogram].into_iter().filter_map(|(option, draw, path)| Some((option, draw, path?)))
}

/// Whether each has a place of its own and something to show, before anything is rendered.
pub(super) fn check(loaded: &Loaded, reads: &Reads, args: &RenderArgs) -> Result<(), Failure> {
    check_names(args)?;
    for (option, _, path) in wanted(args) {
        files::apart(option, path, reads, loaded)?;
        files::is_makeable(path, args.overwrite)?;
    }
    Ok(())
}

/// Whether what is asked for can be drawn at all, by its names alone.
pub(super) fn check_names(args: &RenderArgs) -> Result<(), Failure> {
    let usage = |what: String| Err(Failure::new(Exit::Usage, what));
    for (option, _, path) in wanted(args) {
        match args.output.as_deref() {
            None => return usage(format!("`{option}` draws what `-o` writes: say where, as in `-o out.wav`")),
            Some(output) if super::is_pipe(output) => {
                return usage(format!(
                    "`{option}` draws what `-o` writes, and a pipe cannot be read again: name a file"
                ));
            }
            Some(output) if files::real(output) == files::real(path) => {
                return usage(format!(
                    "`{option}` and `-o` both name {}: give the picture a name of its own",
                    shown(path)
                ));
            }
            Some(_) => {}
        }
        if !path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("png")) {
            return usage(format!(
                "`{option}` writes PNG: name it so, as in `{option} {}`",
                shown(&path.with_extension("png"))
            ));
        }
    }
    let place = |path: &Option<PathBuf>| path.as_deref().map(files::real);
    if args.waveform.is_some() && place(&args.waveform) == place(&args.spectrogram) {
        return usage("`--waveform` and `--spectrogram` name the same file: give each its own".to_owned());
    }
    Ok(())
}

/// Draws all of them from the file that was written; the files they became, and what kept the others from that.
pub(super) fn draw(args: &RenderArgs) -> (Vec<PathBuf>, Option<Failure>) {
    draw_some(args, |_| true)
}

/// Draws those that are not there, from a file that is.
pub(super) fn draw_missing(args: &RenderArgs) -> Result<Vec<PathBuf>, Failure> {
    let (pictures, failure) = draw_some(args, |path| path.symlink_metadata().is_err());
    failure.map_or(Ok(pictures), Err)
}

fn draw_some(args: &RenderArgs, is_wanted: impl Fn(&Path) -> bool) -> (Vec<PathBuf>, Option<Failure>) {
    let mut pictures = Vec::new();
    for (_, draw, path) in wanted(args).filter(|(_, _, path)| is_wanted(path)) {
        match draw_one(args, draw, path) {
            Ok(()) => pictures.push(path.to_owned()),
            Err(failure) => return (pictures, Some(failure)),
        }
    }
    (pictures, None)
}

fn draw_one(args: &RenderArgs, draw: Draw, path: &Path) -> Result<(), Failure> {
    let Some(output) = args.output.as_deref() else { return Ok(()) };
    let picture = picture(output, draw)?;
    let made = path.parent().map_or(Ok(()), std::fs::create_dir_all);
    made.map_err(|error| Failure::new(Exit::File, format!("cannot make the folder of {}: {error}", shown(path))))?;
    files::write(path, &picture, args.overwrite)
}

fn picture(sound: &Path, draw: Draw) -> Result<Vec<u8>, Failure> {
    let failed = |error: &dyn std::error::Error| Failure::new(Exit::File, format!("{}: {error}", shown(sound)));
    let mut reader = FileReader::open(sound).map_err(|error| failed(&error))?;
    let info = *reader.info();
    let (channels, frames) = (usize::from(info.channels), info.frames.unwrap_or(0));
    let title = sound.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let mut picture = draw(Sound { title, rate: info.rate, channels, frames });
    let mut samples = vec![0.0; PIECE * channels];
    loop {
        let read = reader.read_interleaved(&mut samples).map_err(|error| failed(&error))?;
        if read == 0 {
            return Ok(picture.png());
        }
        if signals::stopping() {
            let what = format!("interrupted; {} is complete, its picture is not there", shown(sound));
            return Err(Failure::new(Exit::Interrupted, what));
        }
        picture.push(&samples[..read * channels]);
    }
}
