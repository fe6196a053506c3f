//! Names of nodes, and the ends of links: `vad.open`, `desk[0]`, `bus.out[0..2]`.

use std::borrow::Borrow;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::ops::Range;
use std::str::FromStr;
use std::sync::Arc;

use crate::Link;

/// The most characters a name may have, and names with `/` between them.
const LONGEST: usize = 64;
const LONGEST_PATH: usize = 255;

/// A node's name: an ASCII letter or `_`, then letters, digits, `_`, `-`, not ending in `-`, at most 64. A node of a
/// group has the group's name and a `/` before its own: `host/trim`; at most 255 characters together.
///
/// A clone shares the text.
///
/// ```
/// use patchline_graph::NodeName;
///
/// let name = NodeName::new("host/trim")?;
/// assert_eq!(name, "host/trim");
/// assert_eq!(name.as_str().split('/').next(), Some("host"));
/// let error = NodeName::new("my trim").unwrap_err();
/// assert_eq!(error.at, 2);
/// # Ok::<(), patchline_graph::EndpointError>(())
/// ```
#[derive(Clone, Debug, Eq, PartialOrd, Ord)]
pub struct NodeName(Arc<str>);

impl NodeName {
    /// Checks and wraps a name.
    ///
    /// # Errors
    /// The first rule that `text` breaks, with the byte where it does.
    pub fn new(text: &str) -> Result<Self, EndpointError> {
        let mut start = 0;
        for part in text.split('/') {
            check_part(part, text).map_err(|error| EndpointError { at: start + error.at, ..error })?;
            start += part.len() + 1;
        }
        if text.len() > LONGEST_PATH {
            let message = format!("a node's name has at most {LONGEST_PATH} characters, with those of its groups");
            return Err(EndpointError { at: LONGEST_PATH, message });
        }
        Ok(Self(text.into()))
    }

    /// The name of a node that is on its way out: `delay'7`, which no patch can have.
    pub(crate) fn leaving(&self, generation: u64) -> Self {
        Self(format!("{}'{generation}", Self::before_it_left(&self.0)).into())
    }

    /// The name of the node that lets a link wait, the first one or one of its twins: `mic..mix (aligned)`, which no
    /// patch can have.
    pub(crate) fn of_waiting(link: &Link, twin: usize) -> Self {
        let nth = if twin == 0 { String::new() } else { format!(" {}", twin + 1) };
        Self(format!("{}..{} (aligned{nth})", link.from, link.to).into())
    }

    /// The name that a node was added under.
    pub(crate) fn before_it_left(name: &str) -> &str {
        name.split('\'').next().unwrap_or(name)
    }

    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Checks one name of `text`, all of it or what stands between two `/`.
fn check_part(part: &str, text: &str) -> Result<(), EndpointError> {
    let end = name_length(part);
    let wrong = |at, message: &str| Err(EndpointError { at, message: message.to_owned() });
    if part.is_empty() && !text.is_empty() {
        return wrong(0, "a name is missing beside a `/`");
    }
    if part.is_empty() {
        return wrong(0, "a node's name is missing");
    }
    if end == 0 {
        return wrong(0, "a node's name starts with a letter (a-z, A-Z) or `_`");
    }
    if end < part.len() {
        return wrong(end, "a node's name has only letters (a-z, A-Z), digits, `_` and `-`");
    }
    if part.ends_with('-') {
        return wrong(part.len() - 1, "a node's name does not end in `-`");
    }
    if part.len() > LONGEST {
        return wrong(LONGEST, "a node's name has at most 64 characters");
    }
    Ok(())
}

impl PartialEq for NodeName {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0) || self.0 == other.0
    }
}

impl PartialEq<str> for NodeName {
    fn eq(&self, other: &str) -> bool {
        *self.0 == *other
    }
}

impl PartialEq<&str> for NodeName {
    fn eq(&self, other: &&str) -> bool {
        *self.0 == **other
    }
}

impl PartialEq<String> for NodeName {
    fn eq(&self, other: &String) -> bool {
        *self.0 == **other
    }
}

impl Hash for NodeName {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.hash(state);
    }
}

impl Borrow<str> for NodeName {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for NodeName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Bytes of `text` that can stand in a name.
fn name_length(text: &str) -> usize {
    let first = |c: char| c.is_ascii_alphabetic() || c == '_';
    let rest = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    if !text.starts_with(first) {
        return 0;
    }
    text.find(|c| !rest(c)).unwrap_or(text.len())
}

/// One end of a link.
///
/// ```
/// use patchline_graph::Endpoint;
///
/// let end: Endpoint = "bus.out[0..2]".parse()?;
/// assert_eq!(end.node, "bus");
/// assert_eq!((end.port.as_deref(), end.channels.clone()), (Some("out"), Some(0..2)));
/// assert_eq!(end.to_string(), "bus.out[0..2]");
/// # Ok::<(), patchline_graph::EndpointError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Endpoint {
    /// The node.
    pub node: NodeName,
    /// Its port; the main one if absent.
    pub port: Option<String>,
    /// The channels of the port, from 0, half open; all of them if absent.
    pub channels: Option<Range<usize>>,
}

/// What is wrong with an endpoint's text, and where.
///
/// ```
/// use patchline_graph::{Endpoint, EndpointError};
///
/// let error: EndpointError = "bus.".parse::<Endpoint>().unwrap_err();
/// // Where a caret would point to.
/// assert_eq!(error.at, 4);
/// assert!(!error.message.is_empty());
/// ```
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct EndpointError {
    /// Byte offset in the text.
    pub at: usize,
    /// What is wrong and what would be right.
    pub message: String,
}

impl FromStr for Endpoint {
    type Err = EndpointError;

    fn from_str(text: &str) -> Result<Self, EndpointError> {
        let (path, channels) = match text.find('[') {
            Some(open) => (&text[..open], Some(parse_channels(text, open)?)),
            None => (text, None),
        };
        let (node, port) = match path.find('.') {
            Some(dot) => (&path[..dot], Some(parse_port(path, dot + 1)?)),
            None => (path, None),
        };
        Ok(Self { node: NodeName::new(node)?, port, channels })
    }
}

fn parse_port(path: &str, start: usize) -> Result<String, EndpointError> {
    let port = &path[start..];
    let good = name_length(port);
    if good == 0 || good < port.len() {
        let message = "a port's name follows the dot, as in `vad.open`".to_owned();
        return Err(EndpointError { at: start + good, message });
    }
    Ok(port.to_owned())
}

fn parse_channels(text: &str, open: usize) -> Result<Range<usize>, EndpointError> {
    let wrong = |at: usize, message: &str| EndpointError { at, message: message.to_owned() };
    let shape = "channels are counted from 0 and stand in brackets: `[0]` or `[0..2]` (half open)";
    let inner = text[open..].strip_prefix('[').and_then(|t| t.strip_suffix(']')).ok_or_else(|| wrong(open, shape))?;
    let number = |t: &str| {
        let digits = t.trim();
        let all_digits = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
        all_digits.then(|| digits.parse().ok()).flatten().ok_or_else(|| wrong(open + 1, shape))
    };
    let range: Range<usize> = match inner.split_once("..") {
        Some((from, to)) => number(from)?..number(to)?,
        None => {
            let only: usize = number(inner)?;
            only..only.checked_add(1).ok_or_else(|| wrong(open + 1, shape))?
        }
    };
    if range.is_empty() {
        return Err(wrong(open + 1, "this range of channels is empty: the end is not included, `[0..2]` is 0 and 1"));
    }
    Ok(range)
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.node)?;
        if let Some(port) = &self.port {
            write!(f, ".{port}")?;
        }
        match &self.channels {
            Some(range) if range.len() == 1 => write!(f, "[{}]", range.start),
            Some(range) => write!(f, "[{}..{}]", range.start, range.end),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn endpoints_read_back_as_written() {
        for text in ["mic", "vad.open", "desk[0]", "bus.out[0..2]", "_a-b[7]", "host/trim", "a/b/c.open[0]"] {
            assert_eq!(text.parse::<Endpoint>().unwrap().to_string(), text);
        }
    }

    #[test]
    fn mistakes_are_located() {
        for (text, at) in [
            ("", 0),
            ("9mic", 0),
            ("mic-", 3),
            ("mi c", 2),
            ("a.", 2),
            ("a[", 1),
            ("a[2..1]", 2),
            ("a[x]", 2),
            ("a/", 2),
            ("/a", 0),
            ("a//b", 2),
            ("a/9", 2),
            ("a/b-", 3),
            ("a.b/c", 3),
        ] {
            assert_eq!(text.parse::<Endpoint>().unwrap_err().at, at, "{text}");
        }
        assert!(NodeName::new(&"n".repeat(65)).is_err());
        let path = |parts: usize| vec!["n".repeat(63); parts].join("/");
        assert!(NodeName::new(&path(4)).is_ok() && NodeName::new(&path(5)).is_err());
    }
}
