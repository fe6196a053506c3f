//! The `[[map]]` tables of a patch, read and checked.

use std::ops::Range;

use patchline_nodes::declaration::{Declaration, Shape};
use serde::Deserialize;
use serde_json::Value;
use toml::Spanned;
use toml::de::{DeTable, DeValue, ValueDeserializer};

use super::{Action, Curve, Keys, Map, Scale, Trigger};
use crate::diagnostic::{Code, Diagnostic};
use crate::keys;
use crate::mistakes::Mistakes;
use crate::nodes::short;
use crate::scenes::{Scene, Targets, Written};
use crate::table::{TableCheck, given};

/// The most maps of a patch.
const MOST_MAPS: usize = 2000;
const FORM: &str = "each map is a table of its own: [[map]] with `cc = 7` and `to = \"trim.gain\"` below it";

/// Reads every map.
pub(crate) fn read_maps(table: &DeTable<'_>, scenes: &[Scene], targets: &mut Targets<'_>) -> Vec<Map> {
    let Some(value) = table.get("map") else { return Vec::new() };
    let DeValue::Array(list) = value.get_ref() else {
        let wrong = Diagnostic::new(Code::Value, value.span(), "`map` is not a list of tables");
        targets.mistakes.push(wrong.help(FORM));
        return Vec::new();
    };
    if list.len() > MOST_MAPS {
        let message = format!("a patch has at most {MOST_MAPS} maps; these are {}", list.len());
        targets.mistakes.push(Diagnostic::new(Code::Value, value.span(), message));
        return Vec::new();
    }
    let mut maps = Vec::new();
    for item in list.iter() {
        match item.get_ref() {
            DeValue::Table(table) => maps.extend(Reader::new(table.clone(), item.span(), scenes, targets).read()),
            _ => {
                let wrong = Diagnostic::new(Code::Value, item.span(), "a map is a table");
                targets.mistakes.push(wrong.help(FORM));
            }
        }
    }
    targets.too_much(value.span());
    maps
}

/// Reads one map.
struct Reader<'a, 'b, 'i> {
    table: DeTable<'i>,
    place: Range<usize>,
    scenes: &'a [Scene],
    targets: &'a mut Targets<'b>,
    keys: Keys,
}

impl<'a, 'b, 'i> Reader<'a, 'b, 'i> {
    fn new(table: DeTable<'i>, place: Range<usize>, scenes: &'a [Scene], targets: &'a mut Targets<'b>) -> Self {
        Self { table, place, scenes, targets, keys: Keys::default() }
    }

    fn report(&mut self, key: Option<&str>, code: Code, message: impl Into<String>, help: &str) {
        let place = key.and_then(|key| self.table.get(key)).map_or_else(|| self.place.clone(), Spanned::span);
        let diagnostic = Diagnostic::new(code, place, message);
        self.targets.mistakes.push(if help.is_empty() { diagnostic } else { diagnostic.help(help) });
    }

    fn read(mut self) -> Option<Map> {
        let context = self.targets.context;
        let (rate, broken, place) = (context.rate, context.broken, self.place.clone());
        let check = TableCheck { params: Keys::params(), beside: &[], what: "a map", place, rate, broken };
        let known = keys::Keys { registry: context.registry, not_yet: &[], in_node: false };
        let mistakes: &mut Mistakes = self.targets.mistakes;
        let faulty = check.run(&mut self.table, mistakes, &mut |key, diagnostic| known.explain(key, diagnostic));
        let value = Spanned::new(self.place.clone(), DeValue::Table(self.table.clone()));
        match Keys::deserialize(ValueDeserializer::from(value)) {
            Ok(keys) => self.keys = keys,
            Err(error) => {
                let at = error.span().unwrap_or_else(|| self.place.clone());
                self.targets.mistakes.push(Diagnostic::new(Code::Value, at, error.message()));
                return None;
            }
        }
        if !faulty.is_empty() {
            return None;
        }
        let trigger = self.trigger();
        let action = self.action(trigger);
        Some(Map { trigger: trigger?, channel: self.keys.channel, action: action? })
    }

    fn trigger(&mut self) -> Option<Trigger> {
        let Keys { cc, note, program, .. } = self.keys;
        match (cc.map(Trigger::Cc), note.map(Trigger::Note), program.map(Trigger::Program)) {
            (Some(only), None, None) | (None, Some(only), None) | (None, None, Some(only)) => Some(only),
            (None, None, None) => {
                self.report(None, Code::Missing, "a map needs a message", "give it `cc`, `note` or `program`");
                None
            }
            _ => {
                let key = if cc.is_some() { "cc" } else { "note" };
                let message = "a map has one of `cc`, `note` and `program`, and this one has several";
                self.report(Some(key), Code::Value, message, "write a [[map]] for each");
                None
            }
        }
    }

    fn action(&mut self, trigger: Option<Trigger>) -> Option<Action> {
        match (self.keys.to.clone(), self.keys.scene.clone()) {
            (Some(to), None) => self.target(&to, trigger?),
            (None, Some(scene)) => self.scene(scene),
            (None, None) => {
                let help = "give it `to = \"NODE.PARAMETER\"` or `scene = \"NAME\"`";
                self.report(None, Code::Missing, "a map needs something that it changes", help);
                None
            }
            (Some(_), Some(_)) => {
                let message = "a map changes a parameter (`to`) or recalls a scene, and this one does both";
                self.report(Some("scene"), Code::Value, message, "write a [[map]] for each");
                None
            }
        }
    }

    fn scene(&mut self, name: String) -> Option<Action> {
        for key in ["range", "curve", "on", "off", "toggle"] {
            if self.table.contains_key(key) {
                let message = format!("`{key}` is for parameters; a scene has its values");
                self.report(Some(key), Code::Value, message, "");
            }
        }
        if self.scenes.iter().any(|scene| scene.name == name) {
            return Some(Action::Scene(name));
        }
        let close = self.targets.mistakes.closest(&name, self.scenes.iter().map(|scene| scene.name.as_str()));
        let help = close.map(|close| format!("did you mean \"{close}\"?")).unwrap_or_default();
        self.report(Some("scene"), Code::Link, format!("there is no scene \"{}\"", short(&name)), &help);
        None
    }

    /// What a map of a parameter does.
    fn target(&mut self, to: &str, trigger: Trigger) -> Option<Action> {
        let Some((node, parameter)) = to.split_once('.') else {
            self.report(Some("to"), Code::Value, "`to` names a node and its parameter", "as in \"trim.gain\"");
            return None;
        };
        let Some(entry) = self.targets.nodes.by_name.get(node) else {
            let place = self.table.get("to").map_or_else(|| self.place.clone(), Spanned::span);
            self.targets.unknown(node, place);
            return None;
        };
        // A node with mistakes cannot say which parameters it has.
        let kind = entry.node.as_ref()?.kind();
        let declaration = self.targets.context.registry.kind(kind)?;
        let shape = if parameter == keys::BYPASS { Some(Shape::Bool) } else { shape_of(declaration, parameter) };
        let Some(shape) = shape else {
            let names = declaration.params.iter().map(|param| param.name.as_str());
            let close = self.targets.mistakes.closest(parameter, names);
            let help = close.map(|close| format!("did you mean `{node}.{close}`?")).unwrap_or_default();
            let message = format!("`{node}` (type \"{kind}\") has no `{}`", short(parameter));
            self.report(Some("to"), Code::UnknownKey, message, &help);
            return None;
        };
        let switch = shape == Shape::Bool || ["on", "off", "toggle"].iter().any(|key| self.table.contains_key(*key));
        if switch || matches!(trigger, Trigger::Program(_)) {
            self.switch(node, parameter, &shape)
        } else {
            self.follow(node, parameter, &shape)
        }
    }

    fn switch(&mut self, node: &str, parameter: &str, shape: &Shape) -> Option<Action> {
        for key in ["range", "curve"] {
            if self.table.contains_key(key) {
                let message = format!("`{key}` is for parameters that follow a controller; this map is a switch");
                self.report(Some(key), Code::Value, message, "a switch has `on` and `off`");
            }
        }
        let bool = *shape == Shape::Bool;
        let on = self.value("on", node, parameter)?.or(bool.then(|| true.into()));
        let off = self.value("off", node, parameter)?.or(bool.then(|| false.into()));
        let Some(on) = on else {
            self.report(None, Code::Missing, format!("this map needs the value of `{parameter}`: `on`"), "");
            return None;
        };
        let toggle = self.keys.toggle;
        if toggle && off.is_none() {
            self.report(Some("toggle"), Code::Missing, "to toggle, a map needs two values: `on` and `off`", "");
            return None;
        }
        Some(Action::Switch { node: node.to_owned(), parameter: parameter.to_owned(), on, off, toggle })
    }

    /// A value of the parameter, checked as one of the node's own; the outer `None` if it is wrong.
    fn value(&mut self, key: &str, node: &str, parameter: &str) -> Option<Option<Value>> {
        let Some(value) = self.table.get(key).cloned() else { return Some(None) };
        let mut changes = self.targets.changes();
        let written = Written { key: value.span(), value: &value };
        self.targets.change(&mut changes, node, parameter, &written).map(Some)
    }

    fn follow(&mut self, node: &str, parameter: &str, shape: &Shape) -> Option<Action> {
        let whole = matches!(shape, Shape::Integer(_));
        let number =
            whole || matches!(shape, Shape::Number(_) | Shape::Level(_) | Shape::Frequency(_) | Shape::Time(_));
        if !number {
            let message = format!("`{parameter}` is {}, which does not follow a controller", shape.word());
            self.report(Some("to"), Code::Value, message, "give this map two values: `on` and `off`");
            return None;
        }
        let [from, to] = self.range(parameter, shape)?;
        let curve = self.curve(shape, from, to)?;
        let scale = Scale { from, to, curve, unit: shape.unit(), whole };
        let mut changes = self.targets.changes();
        let refused = [0, 127].map(|midi| changes.set(node, parameter, &scale.value(midi)).err());
        if let Some(error) = refused.into_iter().flatten().next() {
            self.report(Some("to"), error.code, error.message, &error.help.unwrap_or_default());
            return None;
        }
        Some(Action::Follow { node: node.to_owned(), parameter: parameter.to_owned(), scale })
    }

    fn range(&mut self, parameter: &str, shape: &Shape) -> Option<[f64; 2]> {
        let rate = self.targets.context.rate;
        let Some(range) = self.table.get("range").cloned() else {
            if let ([Some(from), Some(to)], false) = (shape.range(rate), matches!(shape, Shape::Level(_))) {
                return Some([from, to]);
            }
            let message = format!("a map of `{parameter}` needs a `range`");
            self.report(None, Code::Missing, message, "its values at 0 and at 127: range = [\"-60 dB\", \"0 dB\"]");
            return None;
        };
        let list: Vec<_> = range.get_ref().as_array().into_iter().flatten().collect();
        let [from, to] = list[..] else {
            let message = "a `range` has two values: that at 0 and that at 127";
            self.report(Some("range"), Code::Value, message, "as in range = [\"-60 dB\", \"0 dB\"]");
            return None;
        };
        let mut end = |value: &Spanned<DeValue<'_>>| match shape.check(given(value.get_ref()), rate) {
            Ok(()) => shape.number(given(value.get_ref()), rate).filter(|number| number.is_finite()),
            Err(error) => {
                let wrong = Diagnostic::new(Code::Value, value.span(), error.message);
                self.targets.mistakes.push(wrong.help(format!("`{parameter}` takes {shape}")));
                None
            }
        };
        let (from, to) = (end(from), end(to));
        Some([from?, to?])
    }

    fn curve(&mut self, shape: &Shape, from: f64, to: f64) -> Option<Curve> {
        let ratio = from != 0.0 && to != 0.0 && (from > 0.0) == (to > 0.0);
        let usual = match shape {
            Shape::Level(_) if ratio => Curve::Db,
            Shape::Frequency(_) if ratio => Curve::Exponential,
            _ => Curve::Linear,
        };
        let curve = self.keys.curve.unwrap_or(usual);
        if curve == Curve::Db && !matches!(shape, Shape::Level(_)) {
            let message = format!("\"db\" is a curve of levels, and this is a {}", shape.word());
            self.report(Some("curve"), Code::Value, message, "\"exponential\" has even ratios");
            return None;
        }
        if curve != Curve::Linear && !ratio {
            let message = "this curve does not reach 0, nor pass it";
            self.report(
                Some("curve"),
                Code::Value,
                message,
                "begin above it, as at \"-90 dB\" or 20 Hz, or take \"linear\"",
            );
            return None;
        }
        Some(curve)
    }
}

/// What the parameter at a path may be: `gain`, `gains[1].gain`.
fn shape_of(declaration: &Declaration, path: &str) -> Option<Shape> {
    let mut fields = declaration.params.clone();
    let mut parts = path.split('.').peekable();
    while let Some(part) = parts.next() {
        let (key, entries) = part.split_at(part.find('[').unwrap_or(part.len()));
        let mut shape = fields.into_iter().find(|param| param.name == key)?.shape;
        for _ in entries.matches('[') {
            let Shape::List(of) = shape else { return None };
            shape = *of;
        }
        if parts.peek().is_none() {
            return Some(shape);
        }
        let Shape::Table(inner) = shape else { return None };
        fields = inner;
    }
    None
}
