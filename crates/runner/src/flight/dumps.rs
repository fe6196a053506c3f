//! When the memory of a run becomes a file: at the end, on SIGUSR1, on xruns. No file is ever replaced.

use std::path::{Path, PathBuf};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use tracing::{info, warn};

use super::{FlightFormat, Snapshot};
use crate::cli::FlightArgs;
use crate::exit::{Exit, Failure};
use crate::live::Live;
use crate::load::shown;
use crate::{files as disk, signals};

/// From one file about an xrun to the next.
const PAUSE: Duration = Duration::from_secs(10);
/// Files that may be on their way at once: a disk that hangs is no reason to gather more.
const ON_THE_WAY: usize = 4;
/// Numbers that are tried for a name that is free.
const NUMBERS: u32 = 10_000;

/// Writes files about a run, on threads of their own.
pub(crate) struct Dumps {
    /// What all names are made from: that of the file at the end, where one is wanted.
    base: PathBuf,
    at_end: bool,
    /// Whether that name is still free: what follows at another rate gets a number.
    first: bool,
    format: FlightFormat,
    /// The last number given to a file, which may not be there yet.
    given: u32,
    /// Files about xruns that may still be written.
    left: u32,
    last: Option<Instant>,
    /// Xruns seen so far.
    xruns: u64,
    writers: Vec<JoinHandle<Result<(), Failure>>>,
}

impl Dumps {
    /// As the command line wants it, for the patch at this path.
    ///
    /// # Errors
    /// A file at the end that is there already.
    pub(crate) fn new(args: &FlightArgs, patch: &Path) -> Result<Self, Failure> {
        let usual = || {
            let stem = patch.file_stem().unwrap_or("patch".as_ref());
            let ending = if args.flight_format == FlightFormat::Json { "flight.json" } else { "trace.json" };
            PathBuf::from(format!("{}.{ending}", stem.to_string_lossy()))
        };
        let dumps = Self {
            at_end: args.flight.is_some(),
            first: true,
            base: args.flight.clone().unwrap_or_else(usual),
            format: args.flight_format,
            given: 0,
            left: args.flight_on_xrun.unwrap_or(0),
            last: None,
            xruns: 0,
            writers: Vec::new(),
        };
        signals::listen_for_dumps();
        if dumps.at_end {
            files(&dumps.base, dumps.format).iter().try_for_each(|(path, _)| absent(path))?;
        }
        Ok(dumps)
    }

    /// After each step of a run: somebody may have asked, something may have happened.
    pub(crate) fn look(&mut self, live: &Live) {
        if signals::dump_wanted() {
            self.numbered(live, "asked for");
        }
        let xruns = live.explained();
        let news = xruns > std::mem::replace(&mut self.xruns, xruns);
        let rested = self.last.is_none_or(|last| last.elapsed() >= PAUSE);
        if news && self.left > 0 && rested {
            (self.left, self.last) = (self.left - 1, Some(Instant::now()));
            self.numbered(live, "about an xrun");
        }
    }

    /// The run is over, before its device is stopped.
    pub(crate) fn end(&mut self, live: &Live) {
        self.xruns = 0;
        match (self.at_end, std::mem::take(&mut self.first)) {
            (true, true) => self.write(live, self.base.clone(), "of the run"),
            (true, false) => self.numbered(live, "of the run"),
            (false, _) => {}
        }
    }

    /// Writes to the first name with a number that is free.
    fn numbered(&mut self, live: &Live, why: &str) {
        let name = |number| numbered(&self.base, number);
        let is_free = |number: &u32| files(&name(*number), self.format).iter().all(|(path, _)| absent(path).is_ok());
        match (self.given + 1..NUMBERS).find(is_free) {
            Some(number) => {
                let path = name(number);
                self.given = number;
                self.write(live, path, why);
            }
            None => warn!("the flight recorder {why} is not written: all names like {} are taken", shown(&self.base)),
        }
    }

    fn write(&mut self, live: &Live, path: PathBuf, why: &str) {
        if self.writers.iter().filter(|writer| !writer.is_finished()).count() >= ON_THE_WAY {
            return warn!("the flight recorder {why} is not written: {ON_THE_WAY} files are still on their way");
        }
        let files = files(&path, self.format);
        let names: Vec<String> = files.iter().map(|(path, _)| shown(path)).collect();
        info!("flight recorder {why}: {}", names.join(", "));
        let snapshot = live.snapshot();
        self.writers.push(std::thread::spawn(move || write(&snapshot, &files)));
    }

    /// Waits for all files.
    ///
    /// # Errors
    /// The first one that could not be written.
    pub(crate) fn finish(self) -> Result<(), Failure> {
        let ends: Vec<_> = self.writers.into_iter().map(JoinHandle::join).collect();
        ends.into_iter().try_for_each(|end| end.unwrap_or_else(|_| Err(Failure::new(Exit::Broken, "this is a bug"))))
    }
}

/// Writes all files of a snapshot; says at once what went wrong.
fn write(snapshot: &Snapshot, files: &[(PathBuf, FlightFormat)]) -> Result<(), Failure> {
    let one = |(path, format): &(PathBuf, FlightFormat)| disk::write(path, &snapshot.bytes(*format), false);
    files.iter().try_for_each(one).inspect_err(|failure| warn!("{}", failure.message))
}

/// The files that a name stands for, with the form of each.
fn files(path: &Path, format: FlightFormat) -> Vec<(PathBuf, FlightFormat)> {
    match format {
        FlightFormat::Both => vec![
            (path.to_owned(), FlightFormat::Trace),
            (PathBuf::from(format!("{}.flight.json", path.display())), FlightFormat::Json),
        ],
        one => vec![(path.to_owned(), one)],
    }
}

/// `a/b.trace.json` made into `a/b-3.trace.json`.
fn numbered(path: &Path, number: u32) -> PathBuf {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let (stem, ending) = match name.find('.').filter(|&dot| dot > 0) {
        Some(dot) => name.split_at(dot),
        None => (&*name, ""),
    };
    path.with_file_name(format!("{stem}-{number}{ending}"))
}

/// Refuses what is there already.
fn absent(path: &Path) -> Result<(), Failure> {
    match path.symlink_metadata() {
        Ok(_) => Err(Failure::new(Exit::File, format!("{} is there already; name another file", shown(path)))),
        Err(_) => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_go_before_the_endings() {
        let cases = [
            ("a.json", "a-2.json"),
            ("x/a.trace.json", "x/a-2.trace.json"),
            ("x.y/flight", "x.y/flight-2"),
            (".hidden", ".hidden-2"),
        ];
        for (path, expected) in cases {
            assert_eq!(numbered(Path::new(path), 2), Path::new(expected));
        }
    }

    #[test]
    fn two_forms_are_two_files() {
        let names = files(Path::new("x/a.json"), FlightFormat::Both);
        assert_eq!(names[0], (PathBuf::from("x/a.json"), FlightFormat::Trace));
        assert_eq!(names[1], (PathBuf::from("x/a.json.flight.json"), FlightFormat::Json));
    }
}
