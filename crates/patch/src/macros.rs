//! Macros: groups of nodes that are written once and used many times, each use with nodes of its own.
//!
//! `[macros.lane]` says what a lane is, `[[use]]` makes one. Its nodes are called by the use's name and their own
//! (`host/trim`). From there on they are nodes like others: nothing after this knows of macros but the places of
//! mistakes.

mod define;
mod expand;
mod substitute;

use std::collections::HashMap;
use std::ops::Range;

use patchline_graph::Endpoint;
use toml::Spanned;
use toml::de::DeValue;

use crate::diagnostic::{Code, Diagnostic, Related};

pub(crate) use expand::expand;

/// The most nodes that macros make of a patch.
pub(crate) const MOST_NODES: usize = 10_000;

/// What the uses of macros made of a patch.
#[derive(Clone, Debug, Default)]
pub(crate) struct Uses {
    by_name: HashMap<String, Use>,
    /// The names of the uses, those within others after these.
    pub(crate) order: Vec<String>,
    /// Whether there were too many to make them all.
    pub(crate) overflow: bool,
}

/// A use of a macro.
#[derive(Clone, Debug)]
pub(crate) struct Use {
    /// The macro.
    pub(crate) of: String,
    /// Where it is used.
    place: Range<usize>,
    /// The ports of its input and output side, in the order they are declared; the first is the main one.
    pub(crate) ports: [Vec<Port>; 2],
    /// Whether something in it is wrong that was reported, so that its ports may not be all.
    pub(crate) faulty: bool,
    /// Where the macro's text has a parameter, by the place of the value that it has here.
    parameters: HashMap<(usize, usize), Range<usize>>,
}

/// A port of a use: what it leads to.
#[derive(Clone, Debug)]
pub(crate) struct Port {
    pub(crate) name: String,
    pub(crate) targets: Vec<Target>,
}

/// A node's port that a use's port leads to.
#[derive(Clone, Debug)]
pub(crate) struct Target {
    pub(crate) end: Endpoint,
    /// Where the macro says so.
    pub(crate) place: Range<usize>,
    /// Whether it is there.
    pub(crate) good: bool,
}

/// The links within a use.
pub(crate) struct InnerLinks<'i> {
    /// The use's name.
    pub(crate) group: String,
    pub(crate) links: Spanned<DeValue<'i>>,
}

/// What has been said of a macro's text, and in which use: in other uses, it is the same.
#[derive(Debug, Default)]
pub(crate) struct Said(HashMap<(Code, usize, usize), String>);

impl Said {
    /// What was said of macros themselves, and need not be said of any use.
    fn of_all(&mut self, mistakes: &[Diagnostic]) {
        for (code, span) in mistakes.iter().filter_map(|mistake| Some((mistake.code, mistake.span.as_ref()?))) {
            self.0.insert((code, span.start, span.end), String::new());
        }
    }
}

impl Uses {
    pub(crate) fn get(&self, name: &str) -> Option<&Use> {
        self.by_name.get(name)
    }

    /// The use that a node is of.
    pub(crate) fn group_of<'n>(&self, node: &'n str) -> Option<&'n str> {
        let (group, _) = node.rsplit_once('/')?;
        self.by_name.contains_key(group).then_some(group)
    }

    /// Adds to mistakes in a use what they have to do with it: where it is used, or where the macro takes the value that
    /// is wrong. What was said of the macro in another use is taken out.
    pub(crate) fn attribute(&self, group: &str, said: &mut Said, mistakes: &mut Vec<Diagnostic>, from: usize) {
        let new = mistakes.split_off(from);
        mistakes.extend(new.into_iter().filter_map(|mistake| self.attributed(group, said, mistake)));
    }

    pub(crate) fn attributed(&self, group: &str, said: &mut Said, mut mistake: Diagnostic) -> Option<Diagnostic> {
        let Some(span) = mistake.span.clone() else { return Some(mistake) };
        let user = self.get(group)?;
        let first = said.0.entry((mistake.code, span.start, span.end)).or_insert_with(|| group.to_owned());
        if first != group {
            return None;
        }
        if let Some(place) = user.parameters.get(&(span.start, span.end)) {
            let message = format!("where macro `{}` takes it", user.of);
            mistake.related.insert(0, Related { span: place.clone(), message });
            return Some(mistake);
        }
        let mut name = Some(group);
        while let Some((group, user)) = name.and_then(|name| Some((name, self.get(name)?))) {
            let message = format!("macro `{}`, used here as `{group}`", user.of);
            mistake.related.push(Related { span: user.place.clone(), message });
            name = self.group_of(group);
        }
        Some(mistake)
    }

    /// Looks at every port of every use: whether the node that it leads to has it.
    pub(crate) fn check_ports(&mut self, mut there: impl FnMut(&str, &Target, usize) -> bool) {
        for name in &self.order {
            let Some(user) = self.by_name.get_mut(name) else { continue };
            for (side, ports) in user.ports.iter_mut().enumerate() {
                let targets = ports.iter_mut().flat_map(|port| &mut port.targets);
                targets.for_each(|target| target.good = there(name, target, side));
            }
        }
    }
}

impl Use {
    /// The port of that name on a side, or the main one.
    pub(crate) fn port(&self, side: usize, name: Option<&str>) -> Option<&Port> {
        let ports = &self.ports[side];
        match name {
            Some(name) => ports.iter().find(|port| port.name == name),
            None => ports.first(),
        }
    }
}

/// Channels of channels: `[1]` of `[2..4]` is `[3]`. `None` if there are not so many.
pub(crate) fn composed(of: Option<&Range<usize>>, inner: Option<&Range<usize>>) -> Option<Option<Range<usize>>> {
    match (of, inner) {
        (None, inner) => Some(inner.cloned()),
        (Some(of), None) => Some(Some(of.clone())),
        (Some(of), Some(inner)) => {
            let end = of.start.checked_add(inner.end).filter(|end| *end <= of.end)?;
            Some(Some(of.start + inner.start..end))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::composed;

    #[test]
    fn channels_of_channels_are_counted_from_the_first() {
        assert_eq!(composed(None, None), Some(None));
        assert_eq!(composed(None, Some(&(1..2))), Some(Some(1..2)));
        assert_eq!(composed(Some(&(2..4)), None), Some(Some(2..4)));
        assert_eq!(composed(Some(&(2..4)), Some(&(1..2))), Some(Some(3..4)));
        assert_eq!(composed(Some(&(2..4)), Some(&(1..3))), None);
        assert_eq!(composed(Some(&(2..4)), Some(&(1..usize::MAX))), None);
    }
}
