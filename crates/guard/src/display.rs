//! A report as a person reads it.

use std::fmt;

use crate::{Frame, Kind, Report, Site};

/// Places that are printed; the rest is counted.
const SITES: usize = 8;
/// Functions that are printed of each: the innermost one, and those around it that are not the standard library's.
const FRAMES: usize = 12;

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let verdict = match (self.violations(), self.gaps().len()) {
            (0, 0) => "clean".to_owned(),
            (0, _) => "nothing found, but not everything was watched".to_owned(),
            (found, _) => format!("{found} violations"),
        };
        writeln!(f, "{} visits: {verdict}", self.visits())?;
        for kind in Kind::ALL {
            writeln!(f, "  {:<17} {}", format!("{kind}"), self.line(kind))?;
        }
        self.gaps().iter().try_for_each(|gap| writeln!(f, "  gap: {gap}"))?;
        if self.signals() > 0 {
            writeln!(f, "  {} signals were handled during visits", self.signals())?;
        }
        self.sites().iter().take(SITES).try_for_each(|site| write!(f, "{site}"))?;
        match self.sites().len().saturating_sub(SITES) {
            0 => Ok(()),
            more => writeln!(f, "... and {more} more places"),
        }
    }
}

impl Report {
    /// What was found of one kind.
    fn line(&self, kind: Kind) -> String {
        use crate::Availability::Watched;
        match (self.availability(kind), kind) {
            (Watched, Kind::Syscalls) => {
                let names: Vec<String> =
                    self.syscalls_by_name().map(|(name, count)| format!("{name} × {count}")).collect();
                if names.is_empty() { "0".to_owned() } else { format!("{} ({})", self.syscalls(), names.join(", ")) }
            }
            (Watched, Kind::Allocations) => format!(
                "{} allocations, {} reallocations, {} frees, {} bytes",
                self.allocs(),
                self.reallocs(),
                self.frees(),
                self.bytes()
            ),
            (Watched, Kind::PageFaults) => format!("{} minor, {} major", self.minor_faults(), self.major_faults()),
            (Watched, Kind::Switches) => {
                format!("{} voluntary ({} involuntary)", self.voluntary_switches(), self.involuntary_switches())
            }
            (other, _) => other.to_string(),
        }
    }
}

impl fmt::Display for Site {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{} × {}", self.what(), self.count())?;
        let frames = self.frames();
        let own = frames.iter().enumerate().filter(|(index, frame)| *index == 0 || !frame.is_library());
        own.take(FRAMES).try_for_each(|(_, frame)| writeln!(f, "    {frame}"))
    }
}

impl fmt::Display for Frame {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name() {
            Some(name) => f.write_str(name)?,
            None => write!(f, "{:#x}", self.address())?,
        }
        match self.place() {
            Some((file, line)) => write!(f, " ({file}:{line})"),
            None => Ok(()),
        }
    }
}
