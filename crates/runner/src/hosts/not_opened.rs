//! Why no device was opened, in words for people and as data for programs.

use std::fmt;

use patchline_io::{Callback, DeviceRequest, Host, IoError, Side};
use serde_json::{Value, json};

use super::names;
use crate::cli::BackendChoice;
use crate::exit::{Exit, Failure};
use crate::{signals, style};

/// What works without any sound server or device.
const WITHOUT_SOUND: &str = "`--backend null` plays silently in real time, `--backend sim` on a simulated device, \
                             `runner render` to a file";

/// Why nothing was opened.
#[derive(Debug)]
pub(crate) struct NotOpened {
    choice: BackendChoice,
    /// Each host that was asked, and what it said; an empty name is nobody's.
    tried: Vec<(&'static str, IoError)>,
    /// The ids of devices of other hosts that have the name.
    elsewhere: Vec<String>,
}

impl NotOpened {
    pub(crate) fn new(choice: BackendChoice, tried: Vec<(&'static str, IoError)>) -> Self {
        Self { choice, tried, elsewhere: Vec::new() }
    }

    /// With what else is wrong with the request, and where what it names can be found.
    pub(super) fn and_more<C: Callback>(mut self, hosts: &[Box<dyn Host<C>>], request: &DeviceRequest) -> Self {
        let missing: Vec<(&'static str, String, Side)> = self.tried.iter().filter_map(names::missing).collect();
        for (name, wanted, side) in missing {
            let host = hosts.iter().find(|host| host.name() == name);
            self.tried.extend(host.and_then(|host| names::other_side(host.as_ref(), request, side)));
            if !wanted.is_empty() {
                let asked: Vec<&str> = self.tried.iter().map(|(name, _)| *name).collect();
                let others = hosts.iter().filter(|host| !asked.contains(&host.name()));
                self.elsewhere.extend(others.filter_map(|host| names::id(host.as_ref(), &wanted, side)));
            }
        }
        self
    }

    /// What stands in the way: a sentence for each host that was asked, with what it is about.
    pub(crate) fn reasons(&self) -> impl Iterator<Item = (String, &IoError)> {
        self.tried.iter().map(|(host, error)| (line(host, error), error))
    }

    /// What helps.
    pub(crate) fn help(&self) -> String {
        let [quoted, has] = match &self.elsewhere[..] {
            [] => return help(),
            [id] => [format!("`{id}`"), "has".to_owned()],
            ids => [format!("`{}`", ids.join("`, `")), "have".to_owned()],
        };
        format!("{} {has} that name: write it so, with its host; {}", style::safe(&quoted, 300), help())
    }

    /// For programs.
    pub(crate) fn tried_data(&self) -> Value {
        let one = |(host, error): &(&str, IoError)| json!({ "host": host, "code": error.code(), "message": error.to_string() });
        self.tried.iter().map(one).collect()
    }

    /// Whether waiting may help: something is not there yet, as opposed to there and unfit.
    pub(crate) fn may_come(&self) -> bool {
        let comes = |error: &IoError| {
            matches!(
                error,
                IoError::Host { .. }
                    | IoError::NoAnswer { .. }
                    | IoError::NotFound { .. }
                    | IoError::Unavailable { .. }
            )
        };
        !self.tried.is_empty() && self.tried.iter().all(|(_, error)| comes(error))
    }
}

impl NotOpened {
    /// Whether a device was there that has too few outputs.
    pub(crate) fn lacks_outputs(&self) -> bool {
        let lacks = |error: &IoError| matches!(error, IoError::Channels { side: Side::Output, .. });
        self.tried.iter().any(|(_, error)| lacks(error))
    }
}

impl fmt::Display for NotOpened {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.tried[..] {
            [] => match self.choice {
                BackendChoice::Jack => write!(f, "this build cannot play through JACK; {WITHOUT_SOUND}"),
                BackendChoice::Cpal => {
                    write!(f, "this build cannot play through the system's devices; {WITHOUT_SOUND}")
                }
                _ => write!(f, "this build has no backend for real sound; {WITHOUT_SOUND}"),
            },
            [(host, error)] => write!(f, "{}\n{}", line(host, error), self.help()),
            tried => {
                f.write_str("no device could be opened")?;
                tried.iter().try_for_each(|(host, error)| write!(f, "\n  {}", line(host, error)))?;
                write!(f, "\n{}", self.help())
            }
        }
    }
}

fn help() -> String {
    format!("`runner devices` lists what there is, `runner doctor` what is missing; {WITHOUT_SOUND}")
}

/// What a host said; its name is not said twice.
fn line(host: &str, error: &IoError) -> String {
    let said = match error {
        IoError::Host { .. } | IoError::NoAnswer { .. } => error.to_string(),
        _ if host.is_empty() => error.to_string(),
        _ => format!("{host}: {error}"),
    };
    // Names are others' words.
    style::safe(&said, 600)
}

impl From<NotOpened> for Failure {
    fn from(error: NotOpened) -> Self {
        // Whoever waits for a device may have had enough of it.
        let exit = if signals::stopping() { Exit::Interrupted } else { Exit::Device };
        Self::new(exit, error.to_string()).with("tried", error.tried_data()).with("elsewhere", error.elsewhere)
    }
}
