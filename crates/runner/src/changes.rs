//! What one patch changes of another: for people in a line or as a list, for programs as data.

use std::collections::BTreeMap;
use std::fmt::Write;

use patchline_graph::{Difference, Frames, Graph, GraphErrors, Link, Reason, StreamSpec, difference};
use patchline_patch::{EngineSettings, Loaded, Parameter, Registry};
use serde_json::{Map, Value, json};

use crate::units::{count, frames_and_ms};

/// Settings that a running patch takes over from a new one.
const AT_ONCE: [&str; 5] = ["allow_paths", "fade", "max_xruns", "on_xrun", "shed"];

/// What a running patch does not take over: whoever may control it was let in at its start.
const CONTROL: &str = "[control]";

/// What becomes of a patch.
#[derive(Debug)]
pub(crate) struct Changes {
    difference: Difference,
    /// The parameters of each node that plays on with others.
    parameters: BTreeMap<String, Vec<Setting>>,
    settings: Vec<Setting>,
    /// What else of the patch is another: scenes, maps, who may control it.
    beside: Vec<&'static str>,
    rate: u32,
    fade: Frames,
}

/// A parameter, or a setting of `[engine]`, with two values.
#[derive(Debug)]
struct Setting {
    key: String,
    before: Value,
    after: Value,
}

/// What plays, or would play.
#[derive(Clone, Copy)]
pub(crate) struct Version<'a> {
    pub(crate) graph: &'a Graph,
    pub(crate) loaded: &'a Loaded,
}

impl Changes {
    /// From one version to the next, on one stream; fades last so many frames.
    ///
    /// # Errors
    /// The mistakes of a graph that cannot be compiled for the stream.
    pub(crate) fn between(
        registry: &Registry,
        before: Version<'_>,
        after: Version<'_>,
        (stream, fade): (&StreamSpec, Frames),
    ) -> Result<Self, GraphErrors> {
        let difference = difference(before.graph, after.graph, stream, fade)?;
        let parameters = |name: &String| {
            let values = |graph: &Graph| registry.parameters_in(graph, name, stream.rate).unwrap_or_default();
            (name.clone(), differing(values(before.graph), values(after.graph)))
        };
        let parameters = difference.updated.iter().map(parameters).collect();
        let [old, new] = [before, after].map(|version| data_of(&version.loaded.engine));
        let both = old.keys().chain(new.keys().filter(|key| !old.contains_key(*key)));
        let value = |settings: &Map<String, Value>, key: &str| settings.get(key).cloned().unwrap_or_default();
        let settings = both
            .map(|key| Setting { key: key.clone(), before: value(&old, key), after: value(&new, key) })
            .filter(|setting| setting.before != setting.after)
            .collect();
        let beside = beside(before.loaded, after.loaded);
        Ok(Self { difference, parameters, settings, beside, rate: stream.rate, fade })
    }

    /// Whether they are the same.
    pub(crate) fn is_empty(&self) -> bool {
        self.difference.is_empty() && self.settings.is_empty() && self.beside.is_empty()
    }

    /// Whether a node goes on with its state.
    pub(crate) fn plays_on(&self, node: &str) -> bool {
        let Difference { kept, updated, .. } = &self.difference;
        kept.iter().chain(updated).any(|name| name == node)
    }

    /// In one line: `trim changed (gain -3 dB instead of 0.5); verb added; 5 nodes play on; echo rings out for 76800 frames (1.60 s)`.
    pub(crate) fn line(&self) -> String {
        let Difference { kept, updated, rebuilt, added, removed, latency, .. } = &self.difference;
        let updated: Vec<String> = updated.iter().map(|name| self.with_parameters(name)).collect();
        let rebuilt: Vec<String> = rebuilt.iter().map(|(name, reason)| format!("{name} ({})", why(reason))).collect();
        let mut parts: Vec<String> =
            [(&updated, "changed"), (&rebuilt, "started anew"), (added, "added"), (removed, "removed")]
                .into_iter()
                .filter(|(names, _)| !names.is_empty())
                .map(|(names, what)| format!("{} {what}", few(names)))
                .collect();
        if parts.is_empty() {
            let links = self.difference.linked.len() + self.difference.unlinked.len();
            parts.push(format!("{} changed", if links == 0 { "no node".to_owned() } else { count(links, "link") }));
        }
        let play = if kept.len() == 1 { "plays" } else { "play" };
        parts.push(format!("{} {play} on", count(kept.len(), "node")));
        let ringing = self.ringing();
        parts.extend(ringing.iter().map(|(name, frames)| format!("{name} rings out for {}", self.time(*frames))));
        if latency[0] != latency[1] {
            parts.push(format!("latency {} instead of {}", self.time(latency[1]), self.time(latency[0])));
        }
        parts.extend((!self.beside.is_empty()).then(|| format!("{} changed", self.beside.join(", "))));
        parts.join("; ")
    }

    /// What takes effect only when the patch is started anew, in a sentence.
    pub(crate) fn later(&self) -> Option<String> {
        let mut later: Vec<String> =
            self.settings.iter().filter(|setting| !setting.is_at_once()).map(Setting::to_string).collect();
        later.extend(self.beside.contains(&CONTROL).then(|| CONTROL.to_owned()));
        (!later.is_empty()).then(|| format!("takes effect when the patch is started anew: {}", later.join(", ")))
    }

    /// As a list.
    pub(crate) fn text(&self) -> String {
        let Difference { kept, updated, rebuilt, added, removed, linked, unlinked, latency, .. } = &self.difference;
        let mut out = String::new();
        let mut say = |what: &str, words: &str| {
            if !words.is_empty() {
                writeln!(out, "  {what:<13} {words}").expect("a string takes every text");
            }
        };
        say("kept", &kept.join(", "));
        for name in updated {
            let changes = self.parameters.get(name).map_or_else(String::new, |parameters| listed(parameters));
            say("changed", &if changes.is_empty() { name.clone() } else { format!("{name}: {changes}") });
        }
        rebuilt.iter().for_each(|(name, reason)| say("started anew", &format!("{name}: {}", why(reason))));
        say("added", &added.join(", "));
        say("removed", &removed.join(", "));
        let in_ms = self.time(self.fade);
        for (links, gone, fades) in [(linked, "new link", "fades in"), (unlinked, "link gone", "fades out")] {
            for (link, faded) in links {
                let over = if *faded { format!(", {fades} over {in_ms}") } else { String::new() };
                say(gone, &format!("{}{over}", arrow(link)));
            }
        }
        self.ringing()
            .iter()
            .for_each(|(name, frames)| say("rings out", &format!("{name}, for {}", self.time(*frames))));
        if latency[0] != latency[1] {
            say("latency", &format!("{} instead of {}", self.time(latency[1]), self.time(latency[0])));
        }
        for setting in &self.settings {
            let when = if setting.is_at_once() { "at once" } else { "when the patch is started anew" };
            say("engine", &format!("{setting}, {when}"));
        }
        for what in &self.beside {
            let when = if *what == CONTROL { "when the patch is started anew" } else { "at once" };
            say("changed", &format!("{what}, {when}"));
        }
        out
    }

    /// For programs.
    pub(crate) fn data(&self) -> Value {
        let Difference { kept, updated, rebuilt, added, removed, linked, unlinked, leaving, latency } =
            &self.difference;
        let rebuilt: Vec<Value> =
            rebuilt.iter().map(|(name, reason)| json!({ "node": name, "reason": why(reason) })).collect();
        let link = |(link, fades): &(Link, bool)| json!({ "link": arrow(link), "fades": fades });
        let leaves = |(name, frames): &(String, Frames)| json!({ "node": name, "frames": frames });
        let setting = |setting: &Setting| {
            let mut data = setting.data();
            data["at_once"] = json!(setting.is_at_once());
            data
        };
        json!({
            "same": self.is_empty(),
            "rate_hz": self.rate,
            "fade_frames": self.fade,
            "kept": kept,
            "changed": updated.iter().map(|name| json!({
                "node": name,
                "parameters": self.parameters.get(name).into_iter().flatten().map(Setting::data).collect::<Vec<_>>(),
            })).collect::<Vec<_>>(),
            "started_anew": rebuilt,
            "added": added,
            "removed": removed,
            "new_links": linked.iter().map(link).collect::<Vec<_>>(),
            "links_gone": unlinked.iter().map(link).collect::<Vec<_>>(),
            "ringing_out": leaving.iter().map(leaves).collect::<Vec<_>>(),
            "latency_frames": { "before": latency[0], "after": latency[1] },
            "engine": self.settings.iter().map(setting).collect::<Vec<_>>(),
            "beside": self.beside,
        })
    }

    /// `trim (gain -3 dB instead of 0.5)`, where that is short.
    fn with_parameters(&self, name: &str) -> String {
        match self.parameters.get(name).map(Vec::as_slice) {
            Some([only]) => format!("{name} ({only})"),
            _ => name.to_owned(),
        }
    }

    /// Those that are heard for longer than a fade.
    fn ringing(&self) -> Vec<&(String, Frames)> {
        self.difference.leaving.iter().filter(|(_, frames)| *frames > self.fade).collect()
    }

    fn time(&self, frames: Frames) -> String {
        let seconds = frames as f64 / f64::from(self.rate);
        if seconds < 1.0 { frames_and_ms(frames, self.rate) } else { format!("{frames} frames ({seconds:.2} s)") }
    }
}

impl Setting {
    fn data(&self) -> Value {
        json!({ "key": self.key, "before": self.before, "after": self.after })
    }

    fn is_at_once(&self) -> bool {
        AT_ONCE.contains(&self.key.as_str())
    }
}

impl std::fmt::Display for Setting {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let shown = |value: &Value| match value {
            Value::Null => "none".to_owned(),
            Value::String(text) => text.clone(),
            value => value.to_string(),
        };
        write!(f, "{} {} instead of {}", self.key, shown(&self.after), shown(&self.before))
    }
}

fn data_of(settings: &EngineSettings) -> Map<String, Value> {
    match serde_json::to_value(settings) {
        Ok(Value::Object(data)) => data,
        _ => unreachable!("settings are a table of texts and numbers"),
    }
}

/// What differs of a patch beside its nodes, links and settings.
fn beside(before: &Loaded, after: &Loaded) -> Vec<&'static str> {
    let differs = [
        ("scenes", before.scenes != after.scenes),
        ("maps", before.maps != after.maps),
        (CONTROL, before.control != after.control),
    ];
    differs.into_iter().filter_map(|(what, differs)| differs.then_some(what)).collect()
}

/// Parameters that are not what they were.
fn differing(before: Vec<Parameter>, after: Vec<Parameter>) -> Vec<Setting> {
    let before: BTreeMap<String, Option<Value>> =
        before.into_iter().map(|parameter| (parameter.path, parameter.value)).collect();
    let known = |path: &str| before.get(path).cloned().flatten().unwrap_or_default();
    let changes = after.into_iter().map(|Parameter { path, value, .. }| Setting {
        before: known(&path),
        after: value.unwrap_or_default(),
        key: path,
    });
    changes.filter(|change| change.before != change.after).collect()
}

fn listed(settings: &[Setting]) -> String {
    settings.iter().map(Setting::to_string).collect::<Vec<_>>().join(", ")
}

fn why(reason: &Reason) -> String {
    match reason {
        Reason::OtherType(before, now) => format!("a {now} instead of a {before}"),
        Reason::OtherChannels(before, now) => format!("{} instead of {before}", count(*now, "channel")),
        Reason::Parameters => "its new parameters need a new one".to_owned(),
        Reason::Loop => "old and new links make a loop with it".to_owned(),
    }
}

fn arrow(link: &Link) -> String {
    format!("{} {} {}", link.from, link.arrow(), link.to)
}

/// Names, of many the first ones.
fn few(names: &[String]) -> String {
    const NAMED: usize = 8;
    match names.len() {
        ..=NAMED => names.join(", "),
        all => format!("{} and {} more", names[..NAMED].join(", "), all - NAMED),
    }
}
