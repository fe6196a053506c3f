//! What happened in a pass that others want to hear of.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use crate::desk::{Name, Setting};

/// What was set, and what else happened.
#[derive(Debug, Default)]
pub(crate) struct News {
    /// What parameters are now: of what was set many times, the last.
    pub(crate) values: BTreeMap<Name, Value>,
    /// What happened, in its order.
    pub(crate) events: Vec<Map<String, Value>>,
}

/// Events that wait for the end of a pass at most. What comes after them is not told.
const MOST_EVENTS: usize = 256;

impl News {
    pub(crate) fn set(&mut self, settings: &[Setting], values: Vec<Value>) {
        let names = settings.iter().map(|setting| setting.name.clone());
        self.values.extend(names.zip(values));
    }

    pub(crate) fn event(&mut self, event: &str, mut more: Map<String, Value>) {
        if self.events.len() < MOST_EVENTS {
            more.insert("event".to_owned(), event.into());
            self.events.push(more);
        }
    }

    /// A scene was recalled.
    pub(crate) fn scene(&mut self, name: &str, settings: Vec<Setting>) {
        self.values.extend(settings.into_iter().map(|setting| (setting.name, setting.value)));
        self.event("scene", Map::from_iter([("name".to_owned(), name.into())]));
    }

    /// Another patch plays: what was set before it is no longer so.
    pub(crate) fn loaded(&mut self, report: Map<String, Value>) {
        self.values.clear();
        self.event("loaded", report);
    }
}
