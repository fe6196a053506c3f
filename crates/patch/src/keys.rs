//! Keys that stand where they do not belong: in the wrong table, on the wrong node type, or in a later version.

use crate::diagnostic::{Code, Diagnostic};
use crate::registry::Registry;
use crate::settings::EngineSettings;

/// Keys of the whole patch.
pub(crate) const TOP: [&str; 10] =
    ["name", "links", "engine", "nodes", "include", "macros", "use", "scenes", "map", "control"];
/// Keys of the language that this version does not have yet, in the whole patch, in `[engine]` and in any node.
pub(crate) const NOT_YET_AT_TOP: &[&str] = &[];
pub(crate) const NOT_YET_IN_ENGINE: &[&str] = &[];
pub(crate) const NOT_YET_IN_NODES: &[&str] = &[];

/// The keys that every node may have beside `type` and its parameters, each true or false.
pub const NODE_KEYS: [(&str, &str); 2] = [(OPTIONAL, OPTIONAL_DOC), (BYPASS, BYPASS_DOC)];
pub(crate) const OPTIONAL: &str = "optional";
pub(crate) const BYPASS: &str = "bypass";
const OPTIONAL_DOC: &str = "Whether the node may be left out while the load is above `engine.shed`: its input then passes \
                                unchanged, and silence where it has none. Any node with an output may be.";
pub(crate) const BYPASS_DOC: &str = "Whether the node is left out: its input passes in its place, as late as the node makes it, and \
                          silence where it has none. May be changed while it plays, and fades over 20 ms then. Any node \
                          with an output may be left out.";

/// The key by which a node says what becomes of its sound when it is replaced.
pub(crate) const ON_REPLACE: &str = "on_replace";
/// What it means, for editors and manuals.
pub const ON_REPLACE_DOC: &str = "What becomes of the node's sound when the patch is changed and the node is gone or has to start \
                                  fresh: with \"tail\" it rings out first, 10 s at most; with \"cut\" it fades at once.";

/// What is known of keys outside the table at hand.
pub(crate) struct Keys<'a> {
    pub(crate) registry: &'a Registry,
    /// Keys of this table that this version does not have yet.
    pub(crate) not_yet: &'static [&'static str],
    /// Whether it is a node's table.
    pub(crate) in_node: bool,
}

impl Keys<'_> {
    /// Says where a key belongs that is unknown here, if it belongs anywhere.
    pub(crate) fn explain(&self, key: &str, diagnostic: Diagnostic) -> Diagnostic {
        let Diagnostic { span, message, .. } = diagnostic.clone();
        if self.not_yet.contains(&key) {
            let message = format!("this version of Patchline does not have `{key}` yet");
            return Diagnostic::new(Code::NotSupported, span, message).help("take it out; the patch would not do it");
        }
        if TOP.contains(&key) {
            let help = format!(
                "in TOML, a key belongs to the table above it: move `{key}` to the top of the file, above the first [...]"
            );
            return Diagnostic::new(Code::Misplaced, span, message).help(help);
        }
        let owners = self.registry.kinds().filter(|declaration| declaration.param(key).is_some());
        let owners: Vec<_> = owners.map(|declaration| format!("\"{}\"", declaration.kind)).collect();
        if self.in_node && !owners.is_empty() {
            return diagnostic.help(format!("`{key}` is a parameter of {}", owners.join(", ")));
        }
        if EngineSettings::params().iter().any(|param| param.name == key) {
            return Diagnostic::new(Code::Misplaced, span, message).help(format!("`{key}` belongs in [engine]"));
        }
        diagnostic
    }
}
