//! Whether there is room for what a render writes, asked before anything is made.

use std::path::Path;

use patchline_graph::Engine;
use patchline_io::file::{Input, Length};
use patchline_wav::Format;

use super::is_pipe;
use crate::cli::{RenderArgs, TailChoice};
use crate::exit::{Exit, Failure};
use crate::load::shown;
use crate::units::bytes;

/// Bytes of the longest file: systems count them in 63 bits. RF64 itself would take twice as many.
const LONGEST: u64 = i64::MAX as u64;

/// Refuses an output that would be longer than any file, or than what is free where it goes. A pipe takes any length; and how long
/// one is that is read, only its end will tell, whatever its header promises.
pub(super) fn check(args: &RenderArgs, engine: &Engine, inputs: &[Input], length: Length) -> Result<(), Failure> {
    let Some(path) = args.output.as_deref().filter(|path| !is_pipe(path)) else { return Ok(()) };
    if matches!(length, Length::Inputs { .. }) && args.input.iter().any(|input| is_pipe(&input.file)) {
        return Ok(());
    }
    let Some(frames) = length.frames(inputs) else { return Ok(()) };
    let (rate, channels) = (engine.stream().rate, engine.schedule().device_out.len());
    // What has more channels than a file holds is refused as such.
    let format = Format { rate, channels: u16::try_from(channels).unwrap_or(u16::MAX), subtype: args.subtype };
    let takes = u128::from(frames) * format.frame_bytes() as u128;
    let makes = |what: &str| format!("{} makes {} {what}", asked(args), shown(path));
    let fits = |room: u64| time(room / format.frame_bytes().max(1) as u64 / u64::from(rate));
    let kind = format!("at {rate} Hz, {channels} × {}", args.subtype);
    if takes > u128::from(LONGEST) {
        let (most, fits) = (bytes(LONGEST as usize), fits(LONGEST));
        let what = format!("too long: no file is longer than {most}, which is at most {fits} {kind}");
        return Err(Failure::new(Exit::Usage, makes(&what)));
    }
    match free(path) {
        Some(free) if takes > u128::from(free) => {
            let (takes, left, fits) = (bytes(takes as usize), bytes(free as usize), fits(free));
            let what = format!("{takes} long, and {left} are free there: enough for at most {fits} {kind}");
            Err(Failure::new(Exit::File, makes(&what)))
        }
        _ => Ok(()),
    }
}

/// What on the command line makes it so long.
fn asked(args: &RenderArgs) -> String {
    match (args.duration, args.tail) {
        (Some(duration), _) => format!("`--duration {duration}`"),
        (None, TailChoice::For(tail)) if tail.seconds(1.0) > 0.0 => format!("`--tail {tail}`"),
        _ => "the input".to_owned(),
    }
}

/// `2.5 h`, rounded down.
fn time(seconds: u64) -> String {
    match seconds {
        0..60 => format!("{seconds} s"),
        60..3_600 => format!("{} min", seconds / 60),
        _ => format!("{} h", seconds / 3_600),
    }
}

/// Bytes that are free in the folder that the file goes to, or the nearest one that is there.
#[cfg(unix)]
fn free(path: &Path) -> Option<u64> {
    let folder = std::path::absolute(path).ok()?;
    let found = folder.ancestors().skip(1).find_map(|folder| rustix::fs::statvfs(folder).ok())?;
    // Some file systems do not tell.
    (found.f_blocks > 0 && found.f_bavail > 0).then(|| found.f_bavail.saturating_mul(found.f_frsize))
}

/// Not asked on this system.
#[cfg(not(unix))]
fn free(_path: &Path) -> Option<u64> {
    None
}
