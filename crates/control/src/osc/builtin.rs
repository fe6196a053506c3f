//! The messages below `/patchline/`, which belong to no node.

use std::net::SocketAddr;

use rosc::{OscMessage, OscType};
use serde_json::{Map, Value};

use super::Osc;
use super::address::Pattern;
use super::value::{arguments, number, seconds, text, text_of};
use crate::control::Context;
use crate::desk::{NodeInfo, Refusal};
use crate::rate::Rate;

/// What their addresses begin with.
pub(super) const PREFIX: &str = "/patchline/";

/// Entries of a list that are told at most: more would not survive the way.
const MOST_LISTED: usize = 5000;

impl Osc {
    /// Does one of them.
    pub(super) fn builtin(
        &mut self,
        from: SocketAddr,
        message: &OscMessage,
        on: &mut Context<'_>,
    ) -> Result<(), Refusal> {
        let OscMessage { addr, args } = message;
        match addr.strip_prefix(PREFIX).unwrap_or_default() {
            "ping" => self.post.put(from, "/patchline/pong", args.clone()),
            "list" => self.list(from, args, on)?,
            "scenes" => self.post.put(from, "/patchline/scenes", texts(&on.desk.scenes())),
            "scene" => {
                let name = text(args.first(), "the scene's name")?;
                let over = args.get(1).map(seconds).transpose()?;
                let settings = on.desk.recall(&name, over)?;
                on.news.scene(&name, settings);
            }
            "stats" => self.statistics(from, on),
            "subscribe" => self.subscribe(from, args, on)?,
            "unsubscribe" => {
                let pattern = args.first().map(|pattern| text(Some(pattern), "a pattern")).transpose()?;
                self.subscribers.remove(from, pattern.as_deref());
            }
            _ => {
                let known = "list, ping, scene, scenes, stats, subscribe and unsubscribe";
                return Err(Refusal::unknown(format!("below {PREFIX} there are {known}")));
            }
        }
        Ok(())
    }

    /// `pattern [rate]`: what it matches is told so many times a second, and when it is set, for a minute.
    fn subscribe(&mut self, from: SocketAddr, args: &[OscType], on: &mut Context<'_>) -> Result<(), Refusal> {
        let pattern = Pattern::new(&text(args.first(), "a pattern")?)?;
        let hertz = args.get(1).map(|rate| number(rate, "the rate")).transpose()?;
        let rate = Rate::new(hertz, on.most_hz, on.now)?;
        self.subscribers.add(from, pattern, rate, on.now)
    }

    /// `[pattern]`: address, value, unit, least and most of each parameter; address, "reading" and unit of each reading.
    fn list(&mut self, from: SocketAddr, args: &[OscType], on: &mut Context<'_>) -> Result<(), Refusal> {
        let pattern = args.first().map(|pattern| text(Some(pattern), "a pattern")).transpose()?;
        let pattern = pattern.map(|pattern| Pattern::new(&pattern)).transpose()?;
        let nodes = on.desk.nodes();
        let mut listed = 0;
        for (address, args) in nodes.iter().flat_map(entries) {
            let name = self.addresses.name(&address);
            let wanted = pattern.as_ref().is_none_or(|pattern| name.is_ok_and(|name| pattern.matches(&name)));
            if wanted && listed < MOST_LISTED {
                self.post.put(from, "/patchline/list", args);
                listed += 1;
            }
        }
        self.post.put(from, "/patchline/list/end", vec![OscType::Int(listed as i32)]);
        Ok(())
    }

    fn statistics(&mut self, from: SocketAddr, on: &mut Context<'_>) {
        let all = on.statistics();
        self.told(from, "/patchline/stats", &all);
    }

    /// Each entry as a message of its own, those of objects below theirs.
    fn told(&mut self, from: SocketAddr, above: &str, entries: &Map<String, Value>) {
        for (key, value) in entries {
            let addr = format!("{above}/{key}");
            match value {
                Value::Object(inner) => self.told(from, &addr, inner),
                value => self.post.put(from, addr, arguments(value)),
            }
        }
    }
}

fn texts(all: &[String]) -> Vec<OscType> {
    all.iter().map(|text| text_of(text)).collect()
}

/// What is told of a node.
fn entries(node: &NodeInfo) -> impl Iterator<Item = (String, Vec<OscType>)> {
    let parameters = node.parameters.iter().map(|one| {
        let address = address(&node.name, &one.name);
        let mut args = vec![text_of(&address), scalar(&one.value), text_of(&one.unit)];
        args.extend([&one.min, &one.max].map(|bound| bound.as_ref().map_or(OscType::Nil, scalar)));
        (address, args)
    });
    let readings = node.readings.iter().map(|one| {
        let address = address(&node.name, &one.name);
        let args = vec![text_of(&address), text_of("reading"), text_of(&one.unit)];
        (address, args)
    });
    parameters.chain(readings)
}

fn address(node: &str, name: &str) -> String {
    crate::desk::Name::new(node, name).address()
}

/// One argument, of lists too.
fn scalar(value: &Value) -> OscType {
    match value {
        Value::Array(_) => text_of(&value.to_string()),
        value => arguments(value).pop().unwrap_or(OscType::Nil),
    }
}
