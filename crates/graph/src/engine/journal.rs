//! What an engine was told, in order, for those who keep it: to tell a run again, all of it is needed.

use std::ops::Range;

use super::Engine;
use crate::{Edit, Frame, Frames, Graph};

/// Something that an engine was told and did not refuse.
///
/// ```
/// # mod nodes { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/nodes.rs")); }
/// # use nodes::trim;
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use std::sync::mpsc::channel;
///
/// use patchline_graph::{Entry, StreamSpec, engine};
///
/// let (mut engine, _renderer) = engine(StreamSpec::new(48_000, 64, 1, 1));
/// let (sender, entries) = channel();
/// engine.keep_journal(Box::new(move |Entry { told, messages, swept }| {
///     sender.send((format!("{told:?}"), messages.clone(), *swept)).unwrap();
/// }));
/// // `trim(0.5)` is the graph `mic -> trim -> out`, where `trim` multiplies by 0.5.
/// engine.load(trim(0.5))?;
/// let (told, messages, swept) = entries.recv()?;
/// assert!(told.starts_with("Load"));
/// assert_eq!((messages, swept), (0..1, 0));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Entry<'a> {
    /// What.
    pub told: Told<'a>,
    /// The messages to the audio thread that it became, counted from 0 since the engine was made. All that it changes is
    /// there when the [renderer](crate::Renderer::received) has taken in the last one.
    pub messages: Range<u64>,
    /// The frame up to which the engine had cleared away what had ended then, so that it can be told the same again with
    /// the same to fade: see [`Engine::sweep_until`].
    pub swept: Frame,
}

/// What an engine was told.
///
/// ```
/// # mod nodes { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/nodes.rs")); }
/// # use nodes::trim;
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use std::sync::mpsc::channel;
///
/// use patchline_graph::{StreamSpec, Told, engine};
///
/// let (mut engine, _renderer) = engine(StreamSpec::new(48_000, 64, 1, 1));
/// let (sender, names) = channel();
/// engine.keep_journal(Box::new(move |entry| {
///     if let Told::Bypass { name, on, .. } = entry.told {
///         sender.send(format!("{name}: {on}")).unwrap();
///     }
/// }));
/// // `trim(0.5)` is the graph `mic -> trim -> out`, where `trim` multiplies by 0.5.
/// engine.load(trim(0.5))?;
/// engine.bypass("trim", true, None)?;
/// assert_eq!(names.try_iter().collect::<Vec<_>>(), ["trim: true"]);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, Debug)]
pub enum Told<'a> {
    /// To play another graph: [`Engine::load`].
    Load {
        /// The graph.
        graph: &'a Graph,
        /// The frame it is meant for; `None` is the start of the next callback.
        at: Option<Frame>,
    },
    /// To play another graph once what it replaces has faded out: [`Engine::dip`].
    Dip {
        /// The graph.
        graph: &'a Graph,
    },
    /// To let loads fade for so many frames from the next one on: [`Engine::set_fade`].
    Fade(Frames),
    /// To change nodes: [`Engine::change`], [`Engine::set`]. Where these need other processors, it is a load all the
    /// same, which has no entry of its own.
    Change {
        /// The changes, which take effect together.
        edits: &'a [Edit],
        /// The frame they are meant for; `None` is the start of the next callback.
        at: Option<Frame>,
        /// How many frames all that glides takes, if not as long as it takes by itself.
        over: Option<Frames>,
    },
    /// To leave a node out or take it back: [`Engine::bypass`].
    Bypass {
        /// The node.
        name: &'a str,
        /// Whether it is left out.
        on: bool,
        /// The frame that it is meant for; `None` is the start of the next callback.
        at: Option<Frame>,
    },
}

/// Hears of every entry, on the control thread.
///
/// ```
/// # mod nodes { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/nodes.rs")); }
/// # use nodes::trim;
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use std::sync::{Arc, atomic::{AtomicU64, Ordering}};
///
/// use patchline_graph::{Journal, StreamSpec, engine};
///
/// let counted = Arc::new(AtomicU64::new(0));
/// let journal: Journal = Box::new({
///     let counted = Arc::clone(&counted);
///     move |_entry| _ = counted.fetch_add(1, Ordering::Relaxed)
/// });
/// let (mut engine, _renderer) = engine(StreamSpec::new(48_000, 64, 1, 1));
/// engine.keep_journal(journal);
/// // `trim(0.5)` is the graph `mic -> trim -> out`, where `trim` multiplies by 0.5.
/// engine.load(trim(0.5))?;
/// assert_eq!(counted.load(Ordering::Relaxed), 1);
/// # Ok(())
/// # }
/// ```
pub type Journal = Box<dyn FnMut(&Entry<'_>) + Send>;

impl Engine {
    /// Has everything that this engine is told from now on entered into a journal, in order; what it refuses is not.
    ///
    /// Another engine for the same stream that is told the same makes of it the same messages. When its renderer takes in
    /// as many of them before each block as this one [did](crate::Renderer::received), it renders the same bits. What is
    /// on its way out and has ended must be the same to both: see [`sweep_until`](Self::sweep_until).
    ///
    /// ```
    /// # mod nodes { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/nodes.rs")); }
    /// # use nodes::{Scale, trim};
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use std::sync::mpsc::channel;
    ///
    /// use patchline_graph::{StreamSpec, Told, engine};
    ///
    /// let (mut engine, _renderer) = engine(StreamSpec::new(48_000, 64, 1, 1));
    /// let (sender, entries) = channel();
    /// engine.keep_journal(Box::new(move |entry| {
    ///     let word = match entry.told {
    ///         Told::Load { .. } => "load",
    ///         Told::Change { .. } => "change",
    ///         _ => "something else",
    ///     };
    ///     sender.send((word, entry.messages.clone())).unwrap();
    /// }));
    /// // `trim(0.5)` is the graph `mic -> trim -> out`, where `trim` multiplies by 0.5.
    /// engine.load(trim(0.5))?;
    /// engine.set("trim", Scale(0.25), Some(48_000))?;
    /// assert_eq!(entries.try_iter().collect::<Vec<_>>(), [("load", 0..1), ("change", 1..2)]);
    /// # Ok(())
    /// # }
    /// ```
    pub fn keep_journal(&mut self, journal: Journal) {
        self.journal = Some(journal);
    }

    /// Messages sent to the audio thread so far.
    ///
    /// ```
    /// # mod nodes { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/nodes.rs")); }
    /// # use nodes::{Scale, trim};
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use patchline_graph::{StreamSpec, engine};
    ///
    /// let (mut engine, mut renderer) = engine(StreamSpec::new(48_000, 64, 1, 1));
    /// // `trim(0.5)` is the graph `mic -> trim -> out`, where `trim` multiplies by 0.5.
    /// engine.load(trim(0.5))?;
    /// engine.set("trim", Scale(0.25), None)?;
    /// assert_eq!((engine.sent(), renderer.received()), (2, 0));
    /// renderer.render(1, &[&[1.0]], &mut [&mut [0.0]]);
    /// assert_eq!(renderer.received(), 2);
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn sent(&self) -> u64 {
        self.sent
    }
}

/// Enters what was told, if anybody keeps a journal.
pub(super) fn enter(journal: &mut Option<Journal>, told: Told<'_>, (messages, swept): (Range<u64>, Frame)) {
    if let Some(journal) = journal {
        journal(&Entry { told, messages, swept });
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::channel;

    use crate::{Graph, StreamSpec, engine};

    #[test]
    fn a_load_is_one_entry_of_one_message() {
        let (entries, kept) = channel();
        let (mut engine, mut renderer) = engine(StreamSpec::new(48_000, 64, 0, 0));
        engine.keep_journal(Box::new(move |entry| entries.send(entry.messages.clone()).unwrap()));
        engine.load(Graph::new()).unwrap();
        engine.load(Graph::new()).unwrap();
        assert!(engine.bypass("nobody", true, None).is_err());
        assert_eq!(kept.try_iter().collect::<Vec<_>>(), [0..1, 1..2]);
        renderer.receive_until(1);
        renderer.render(1, &[], &mut []);
        assert_eq!((engine.sent(), renderer.received()), (2, 1));
        renderer.receive_until(u64::MAX);
        renderer.render(1, &[], &mut []);
        assert_eq!(renderer.received(), 2);
        engine.close(renderer);
    }
}
