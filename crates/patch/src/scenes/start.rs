//! The scene that a patch starts with.

use patchline_graph::Edit;

use super::{Scene, Targets};
use crate::change::{Changes, ParameterError};
use crate::diagnostic::{Code, Diagnostic};
use crate::document::Patch;
use crate::mistakes::Mistakes;
use crate::nodes::{NodeEntries, short};
use crate::parts::Context;
use crate::table::listed;

/// What it changes.
pub(crate) struct Begun(Result<Vec<Edit>, Diagnostic>);

/// What the scene that the patch starts with changes.
pub(crate) fn begin(patch: &Patch, scenes: &[Scene], targets: &Targets<'_>) -> Begun {
    Begun(edits(patch, scenes, targets))
}

fn edits(patch: &Patch, scenes: &[Scene], targets: &Targets<'_>) -> Result<Vec<Edit>, Diagnostic> {
    let (Some(name), Some(place)) = (patch.scene(), &patch.scene) else { return Ok(Vec::new()) };
    let Some(scene) = scenes.iter().find(|scene| scene.name == name) else {
        let message = format!("there is no scene `{}`", short(name));
        let help = match scenes {
            [] => "the patch has none".to_owned(),
            _ => format!("the patch has {}", listed(scenes.iter().map(|scene| scene.name.as_str()))),
        };
        return Err(Diagnostic::new(Code::Value, Some(place.clone()), message).help(help));
    };
    let Context { registry, rate, surroundings, .. } = targets.context;
    let wrong = |error: ParameterError| Diagnostic::new(Code::Value, Some(place.clone()), error.to_string());
    let mut changes = Changes::new(registry, targets.graph, *rate as u32, surroundings.clone());
    for change in scene.changes.iter().filter(|change| !patch.is_set(&change.node, &change.parameter)) {
        changes.set(&change.node, &change.parameter, &change.value).map_err(wrong)?;
    }
    changes.edits().map_err(wrong)
}

impl Begun {
    /// Changes the nodes, or tells why not.
    pub(crate) fn apply(self, nodes: &mut NodeEntries, mistakes: &mut Mistakes) {
        let edits = self.0.unwrap_or_else(|diagnostic| {
            mistakes.push(diagnostic);
            Vec::new()
        });
        for edit in edits {
            let (Edit::Node { name, .. } | Edit::Bypass { name, .. }) = &edit;
            let Some(entry) = nodes.by_name.get_mut(name.as_str()) else { continue };
            match edit {
                Edit::Node { node, .. } => entry.node = Some(node),
                Edit::Bypass { on, .. } => entry.bypass = on,
            }
        }
    }
}
