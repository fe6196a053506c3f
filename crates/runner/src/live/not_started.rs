//! Why nothing plays.

use std::fmt;

use patchline_graph::LoadError;
use patchline_io::IoError;

use crate::exit::{Exit, Failure};
use crate::style;

/// Why nothing plays.
#[derive(Debug)]
pub(crate) enum NotStarted {
    /// The engine refuses the graph.
    Graph(LoadError),
    /// The device refuses to start.
    Device(IoError),
}

impl From<LoadError> for NotStarted {
    fn from(error: LoadError) -> Self {
        Self::Graph(error)
    }
}

impl From<IoError> for NotStarted {
    fn from(error: IoError) -> Self {
        Self::Device(error)
    }
}

impl fmt::Display for NotStarted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Graph(error) => error.fmt(f),
            Self::Device(error) => error.fmt(f),
        }
    }
}

/// For graphs that a command made: what they are refused for was said on the command line.
impl From<NotStarted> for Failure {
    fn from(error: NotStarted) -> Self {
        match error {
            NotStarted::Graph(LoadError::Graph(errors)) => {
                Self::new(Exit::Usage, style::safe(&errors.to_string(), 600))
            }
            NotStarted::Graph(error) => Self::new(Exit::Broken, error.to_string()),
            NotStarted::Device(error) => Self::new(Exit::Device, error.to_string()),
        }
    }
}
