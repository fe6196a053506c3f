//! Parameters set from outside a patch, as on a command line: they are read and checked as if they stood in it.

use std::borrow::Cow;
use std::ops::Range;

use toml::Spanned;
use toml::de::{DeArray, DeTable, DeValue};

use crate::diagnostic::{Code, Diagnostic, is_unprintable};
use crate::document::Patch;
use crate::macros::Uses;
use crate::mistakes::Mistakes;
use crate::nodes::short;
use crate::path::Path;
use crate::source::Source;

/// A parameter's new value: where its parts stand in the text, on a line of their own.
#[derive(Clone, Debug)]
pub(crate) struct Setting {
    node: Range<usize>,
    parameter: Range<usize>,
    value: Range<usize>,
}

impl Patch {
    /// What was set so far: node, parameter, value.
    pub fn settings(&self) -> impl Iterator<Item = (&str, &str, &str)> {
        let part = |range: &Range<usize>| &self.source.text[range.clone()];
        self.settings.iter().map(move |setting| (part(&setting.node), part(&setting.parameter), part(&setting.value)))
    }

    /// Gives a node's parameter another value before the patch is loaded.
    ///
    /// `value` is TOML, or a text that needs no quotes: `0.5`, `-6dB`, `[0, 1]`, `trigger`. It is checked when the
    /// patch is loaded, with everything else. Messages show it as
    /// `--set trim.gain=-6dB`, on the command line.
    pub fn set(&mut self, node: &str, parameter: &str, value: &str) {
        // One line, whatever it holds.
        let clean = |part: &str| part.chars().map(|c| if is_unprintable(c) { ' ' } else { c }).collect::<String>();
        let parts = ["--set ", &clean(node), ".", &clean(parameter), "=", &clean(value)];
        let mut end = self.source.append(&parts.concat()).start;
        let [_, node, _, parameter, _, value] = parts.map(|part| {
            end += part.len();
            end - part.len()..end
        });
        self.settings.push(Setting { node, parameter, value });
    }
}

impl Patch {
    /// Starts with the values of a scene: its nodes are loaded as if it had been recalled. What was [set](Self::set)
    /// stays as it was set. Messages show it as `--scene NAME`, on the command line.
    ///
    /// ```
    /// use patchline_nodes::Gain;
    /// use patchline_patch::{Options, Registry, read};
    ///
    /// let mut patch = read(b"links = ['mic -> trim -> out']\n[nodes]\nmic.type = 'input'\ntrim.type = 'gain'\nout.type = 'output'\n\
    ///     [scenes.break]\ntrim.mute = true\n", "talk.toml")?;
    /// patch.start_with("break");
    /// let loaded = patch.load(&Registry::standard(), &Options::default())?;
    /// assert!(loaded.graph.node("trim").and_then(|node| node.downcast_ref::<Gain>()).unwrap().mute);
    /// # Ok::<(), patchline_patch::Diagnostics>(())
    /// ```
    pub fn start_with(&mut self, scene: &str) {
        let clean: String = scene.chars().map(|c| if is_unprintable(c) { ' ' } else { c }).collect();
        let whole = self.source.append(&format!("--scene {clean}"));
        self.scene = Some(whole.end - clean.len()..whole.end);
    }

    /// The scene that it starts with.
    ///
    /// ```
    /// # const TRIM: &[u8] = b"links = ['mic -> trim -> out']\n[nodes]\nmic.type = 'input'\n\
    /// #     trim = { type = 'gain', gain = '-20 dB' }\nout.type = 'output'\n";
    /// // `TRIM` is the text of a patch: `mic -> trim -> out`, where `trim` is a gain of -20 dB.
    /// let mut patch = patchline_patch::read(TRIM, "trim.toml")?;
    /// assert_eq!(patch.scene(), None);
    /// patch.start_with("break");
    /// assert_eq!(patch.scene(), Some("break"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn scene(&self) -> Option<&str> {
        self.scene.as_ref().map(|place| self.part(place))
    }

    /// Whether this parameter was set, so that the scene leaves it alone.
    pub(crate) fn is_set(&self, node: &str, parameter: &str) -> bool {
        self.settings().any(|(of, what, _)| (of, what) == (node, parameter))
    }
}

impl Patch {
    /// Puts values of macros' parameters into the uses that they are set for.
    pub(crate) fn set_in_uses<'i>(&'i self, table: &mut DeTable<'i>) {
        let Some(DeValue::Array(uses)) = table.get_mut("use").map(Spanned::get_mut) else { return };
        let mut all: Vec<_> = std::mem::replace(uses, DeArray::new()).into_iter().collect();
        for setting in &self.settings {
            let name = Some(self.part(&setting.node));
            for item in &mut all {
                if let DeValue::Table(table) = item.get_mut()
                    && table.get("name").and_then(|name| name.get_ref().as_str()) == name
                {
                    // A macro's parameters have no entries to be told apart: a path is an unknown key.
                    setting.insert(&self.source, table);
                }
            }
        }
        *uses = all.into_iter().collect();
    }

    /// Puts values into the nodes that they are set for; reports those of nodes that are not there.
    pub(crate) fn set_in_nodes<'i>(&'i self, table: &mut DeTable<'i>, uses: &Uses, mistakes: &mut Mistakes) {
        let settings = self.settings.iter().filter(|setting| uses.get(self.part(&setting.node)).is_none());
        let wrong: Vec<_> = settings.filter_map(|setting| setting.apply(&self.source, table).err()).collect();
        wrong.into_iter().for_each(|diagnostic| mistakes.push(diagnostic));
    }

    fn part(&self, range: &Range<usize>) -> &str {
        &self.source.text[range.clone()]
    }
}

impl Setting {
    /// Puts the value into a table, in place of the one that is there.
    fn insert<'i>(&self, source: &'i Source, table: &mut DeTable<'i>) {
        let parameter = &source.text[self.parameter.clone()];
        table.remove(parameter);
        let key = Spanned::new(self.parameter.clone(), Cow::Borrowed(parameter));
        table.insert(key, Spanned::new(self.value.clone(), self.read(source)));
    }

    /// Puts the value where its path leads to: `gain`, `gains[0].gain`.
    fn put<'i>(&self, source: &'i Source, table: &mut DeTable<'i>) -> Result<(), Diagnostic> {
        let parameter = &source.text[self.parameter.clone()];
        match Path::read(parameter) {
            Ok(path) if table.contains_key(path.key) && path.key != parameter => {
                let value = Spanned::new(self.value.clone(), self.read(source));
                let wrong = |message| Diagnostic::new(Code::Value, self.parameter.clone(), message);
                path.put(table, Some(value)).map_err(wrong)
            }
            _ => {
                self.insert(source, table);
                Ok(())
            }
        }
    }

    /// Puts the value into the node's table, in place of the one that is there.
    pub(crate) fn apply<'i>(&self, source: &'i Source, table: &mut DeTable<'i>) -> Result<(), Diagnostic> {
        let node = &source.text[self.node.clone()];
        let nodes = match table.get_mut("nodes").map(Spanned::get_mut) {
            Some(DeValue::Table(nodes)) => nodes,
            _ => &mut DeTable::new(),
        };
        // A node that is no table has a mistake of its own.
        match nodes.get_mut(node).map(Spanned::get_mut) {
            Some(DeValue::Table(table)) => self.put(source, table),
            Some(_) => Ok(()),
            None => Err(self.misdirected(node, nodes)),
        }
    }

    fn misdirected(&self, node: &str, nodes: &DeTable<'_>) -> Diagnostic {
        let diagnostic = Diagnostic::new(Code::Link, self.node.clone(), format!("there is no node `{}`", short(node)));
        match Mistakes::default().closest(node, nodes.keys().map(|name| name.get_ref().as_ref())) {
            Some(close) => diagnostic.help(format!("did you mean `{close}`?")),
            None => diagnostic,
        }
    }

    /// The value as TOML, or as a text without quotes.
    fn read<'i>(&self, source: &'i Source) -> DeValue<'i> {
        let written = &source.text[self.value.clone()];
        match DeValue::parse(written).map(Spanned::into_inner) {
            // Dates are texts to a patch.
            Ok(DeValue::Datetime(_)) | Err(_) => DeValue::String(Cow::Borrowed(written)),
            Ok(value) => placed(value, &self.value),
        }
    }
}

/// The value with everything in it moved to `place`.
fn placed<'i>(value: DeValue<'i>, place: &Range<usize>) -> DeValue<'i> {
    let moved = |inner: Spanned<DeValue<'i>>| Spanned::new(place.clone(), placed(inner.into_inner(), place));
    match value {
        DeValue::Array(list) => DeValue::Array(list.into_iter().map(moved).collect()),
        DeValue::Table(table) => {
            let entries = table.into_iter();
            let entry = |(key, inner): (Spanned<_>, _)| (Spanned::new(place.clone(), key.into_inner()), moved(inner));
            DeValue::Table(entries.map(entry).collect())
        }
        plain => plain,
    }
}

#[cfg(test)]
mod tests {
    use patchline_nodes::{Gain, Matrix, Oscillator, Targets};

    use crate::{Loaded, Options, Registry, read};

    const PATCH: &str = "links = [\"tone -> trim -> out\"]\n[nodes.tone]\ntype = \"oscillator\"\n[nodes.trim]\n\
                         type = \"gain\"\ngain = 0.5\n[nodes.out]\ntype = \"output\"";

    /// Sets and loads.
    fn set(node: &str, parameter: &str, value: &str) -> Result<Loaded, String> {
        let mut patch = read(PATCH.as_bytes(), "p.toml").unwrap();
        patch.set(node, parameter, value);
        patch.load(&Registry::standard(), &Options::default()).map_err(|mistakes| mistakes.to_string())
    }

    #[test]
    fn a_setting_takes_the_place_of_what_the_patch_says() {
        let gain = |value: &str| {
            let loaded = set("trim", "gain", value).unwrap();
            loaded.graph.node("trim").unwrap().downcast_ref::<Gain>().unwrap().gain.linear()
        };
        assert_eq!([gain("0.25"), gain("-20dB"), gain("\"-20 dB\"")], [0.25, 0.1, 0.1]);
        let saw = set("tone", "shape", "saw").unwrap();
        let default = Oscillator::default();
        assert_ne!(saw.graph.node("tone").unwrap().downcast_ref::<Oscillator>(), Some(&default));
    }

    #[test]
    fn an_entry_of_a_list_can_be_set() {
        let bus = PATCH
            .replace("type = \"gain\"\ngain = 0.5", "type = \"matrix\"\ngains = [{ from = 0, to = 0, gain = 0.5 }]");
        let set = |parameter: &str, value: &str| {
            let mut patch = read(bus.as_bytes(), "p.toml").unwrap();
            patch.set("trim", parameter, value);
            let loaded = patch.load(&Registry::standard(), &Options::default());
            loaded.map(|loaded| loaded.graph.node("trim").unwrap().downcast_ref::<Matrix>().unwrap().gains[0].clone())
        };
        assert_eq!(set("gains[0].gain", "-20dB").unwrap().gain.linear(), 0.1);
        assert!(set("gains[0].invert", "true").unwrap().invert, "which the patch does not say");
        assert_eq!(set("gains[0]", "{ from = 0, to = 3 }").unwrap().to, Targets::One(3));
        for (parameter, expected) in [
            ("gains[1].gain", "`gains` has 1 entry, counted from 0"),
            ("gains[0].gian", "did you mean `gain`?"),
            ("gains[0].gain.db", "`gains[0].gain` is a value of its own"),
        ] {
            let mistakes = set(parameter, "0.5").unwrap_err().to_string();
            assert!(
                mistakes.contains(expected) && mistakes.contains(&format!("--set trim.{parameter}=0.5")),
                "{mistakes}"
            );
        }
    }

    #[test]
    fn mistakes_in_a_setting_are_shown_where_it_stands() {
        for (node, parameter, value, expected) in [
            ("trin", "gain", "1", "did you mean `trim`?"),
            ("trim", "gian", "1", "did you mean `gain`?"),
            ("trim", "gain", "5000", "1000"),
            ("trim", "gain", "loud", "loud"),
            ("trim", "gain", "[1, 2]", "gain"),
            ("trim", "gain", "1\nmute = true", "1 mute"),
            ("trim", "a.b", "1", "a.b"),
        ] {
            let mistakes = set(node, parameter, value).unwrap_err();
            assert!(
                mistakes.contains(expected) && mistakes.contains("--> command line\n") && !mistakes.contains("p.toml"),
                "{mistakes}"
            );
        }
    }
}
