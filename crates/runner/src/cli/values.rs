//! Values of options that need more than a number.

use std::ffi::OsString;
use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use clap::builder::{OsStringValueParser, PathBufValueParser, TypedValueParser};
use patchline_graph::NodeName;
use patchline_nodes::{QuantityError, Time};

/// The name of a file that sound is written to, which is WAV: one that promises another format is refused.
pub(crate) fn wav_file() -> impl TypedValueParser<Value = PathBuf> {
    PathBufValueParser::new().try_map(|path| match patchline_wav::wav_name(&path) {
        Some(right) => Err(format!("only WAV files are written: call it {}", right.display())),
        None => Ok(path),
    })
}

/// `--set NODE.PARAM=VALUE`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Setting {
    /// The node's name.
    pub(crate) node: String,
    /// The parameter's name.
    pub(crate) parameter: String,
    /// The value as it was written.
    pub(crate) value: String,
}

impl FromStr for Setting {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let form = "write NODE.PARAM=VALUE, as in trim.gain=-6dB";
        let (place, value) = text.split_once('=').ok_or(form)?;
        let (node, parameter) = place.trim().split_once('.').ok_or(form)?;
        if node.is_empty() || parameter.is_empty() || value.trim().is_empty() {
            return Err(form.to_owned());
        }
        Ok(Self { node: node.to_owned(), parameter: parameter.to_owned(), value: value.trim().to_owned() })
    }
}

impl fmt::Display for Setting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}={}", self.node, self.parameter, self.value)
    }
}

/// `-i [NODE=]FILE`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct InputFile {
    /// The input node that reads it; all others without one of their own when absent.
    pub(crate) node: Option<String>,
    /// The file, or `-`.
    pub(crate) file: PathBuf,
}

impl FromStr for InputFile {
    type Err = String;

    /// What stands before the first `=` is a node if it could be one: `./a=b.wav` is a file.
    fn from_str(text: &str) -> Result<Self, String> {
        let (node, file) = match text.split_once('=') {
            Some((node, file)) if NodeName::new(node).is_ok() => (Some(node.to_owned()), file),
            _ => (None, text),
        };
        match file {
            "" => Err("write FILE or NODE=FILE".to_owned()),
            file => Ok(Self { node, file: file.into() }),
        }
    }
}

/// Reads `-i`, also for a file whose name is no text.
pub(super) fn input_file() -> impl TypedValueParser<Value = InputFile> {
    OsStringValueParser::new().try_map(InputFile::try_from)
}

impl TryFrom<OsString> for InputFile {
    type Error = String;

    fn try_from(value: OsString) -> Result<Self, String> {
        let shown = value.to_string_lossy();
        match (value.to_str(), Self::from_str(&shown)?.node) {
            (Some(text), _) => text.parse(),
            (None, None) => Ok(Self { node: None, file: value.into() }),
            (None, Some(_)) => Err("a file for one node needs a name in UTF-8".to_owned()),
        }
    }
}

/// `--tail TIME|auto`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum TailChoice {
    /// As long as the nodes declare.
    Auto,
    /// This long.
    For(Time),
}

impl FromStr for TailChoice {
    type Err = QuantityError;

    fn from_str(text: &str) -> Result<Self, QuantityError> {
        match text {
            "auto" => Ok(Self::Auto),
            time => time.parse().map(Self::For),
        }
    }
}
