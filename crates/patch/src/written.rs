//! A graph as the text of a patch: the way back.

use patchline_graph::{Graph, Link, OnReplace};
use toml::{Table, Value};

use crate::keys::{BYPASS, ON_REPLACE, OPTIONAL};
use crate::registry::Registry;

impl Registry {
    /// A patch that says what a graph is, without settings, so that [reading](crate::read) it gives the same nodes with the
    /// same parameters and the same links in the same order. `None` if a node is of a type that is not registered here.
    ///
    /// Paths stay as they were written: relative ones start from the folder of the patch that the nodes came from.
    ///
    /// ```
    /// # const TRIM: &[u8] = b"links = ['mic -> trim -> out']\n[nodes]\nmic.type = 'input'\n\
    /// #     trim = { type = 'gain', gain = '-20 dB' }\nout.type = 'output'\n";
    /// use patchline_patch::{Options, Registry, read};
    ///
    /// let registry = Registry::standard();
    /// // `TRIM` is the text of a patch: `mic -> trim -> out`, where `trim` is a gain of -20 dB.
    /// let loaded = read(TRIM, "trim.toml")?.load(&registry, &Options::default())?;
    /// let text = registry.write(&loaded.graph).unwrap();
    /// let again = read(text.as_bytes(), "again.toml")?.load(&registry, &Options::default())?;
    /// assert_eq!(again.graph.links(), loaded.graph.links());
    /// assert_eq!(again.graph.node("trim"), loaded.graph.node("trim"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn write(&self, graph: &Graph) -> Option<String> {
        let mut nodes = Table::new();
        for (name, node) in graph.nodes() {
            let mut table = (self.get(node.kind())?.write)(node)?;
            table.insert("type".to_owned(), node.kind().into());
            if graph.optional_nodes().any(|optional| optional == name) {
                table.insert(OPTIONAL.to_owned(), true.into());
            }
            if graph.replacing(name.as_str()) == OnReplace::Cut {
                table.insert(ON_REPLACE.to_owned(), "cut".into());
            }
            if graph.is_bypassed(name.as_str()) {
                table.insert(BYPASS.to_owned(), true.into());
            }
            nodes.insert(name.to_string(), table.into());
        }
        let links: Vec<Value> = graph.links().iter().map(|link| arrow(link).into()).collect();
        let patch: Table =
            [("links".to_owned(), links.into()), ("nodes".to_owned(), nodes.into())].into_iter().collect();
        toml::to_string(&patch).ok()
    }
}

fn arrow(link: &Link) -> String {
    format!("{} {} {}", link.from, link.arrow(), link.to)
}

#[cfg(test)]
mod tests {
    use patchline_nodes::{Frequency, Gain, Level, Oscillator};

    use super::*;
    use crate::{Options, read};

    fn again(graph: &Graph) -> Graph {
        let registry = Registry::standard();
        let text = registry.write(graph).unwrap();
        let loaded = read(text.as_bytes(), "p.toml").unwrap().load(&registry, &Options::default());
        loaded.unwrap_or_else(|mistakes| panic!("{mistakes}\n{text}")).graph
    }

    #[test]
    fn a_graph_is_read_back_as_it_was() {
        let patch = "links = [\"tone -> mix -> out\", \"mix ~> lag -> mix\", \"mix[0..1] !> level\"]\n\
                     [nodes.tone]\ntype = \"oscillator\"\n[nodes.mix]\ntype = \"gain\"\ngain = \"-3.3 dB\"\n\
                     [nodes.lag]\ntype = \"delay\"\ntime = \"13 ms\"\noptional = true\non_replace = \"cut\"\n\
                     [nodes.level]\ntype = \"meter\"\nbypass = true\n[nodes.out]\ntype = \"output\"\n";
        let graph = read(patch.as_bytes(), "p.toml").unwrap().load(&Registry::standard(), &Options::default());
        let graph = graph.unwrap().graph;
        let back = again(&graph);
        for (name, node) in graph.nodes() {
            assert_eq!(back.node(name.as_str()), Some(node), "{name}");
        }
        assert_eq!((back.links(), back.nodes().len()), (graph.links(), graph.nodes().len()));
        assert!(back.optional_nodes().eq(graph.optional_nodes()));
        assert!(back.cut_nodes().eq(graph.cut_nodes()) && graph.cut_nodes().count() == 1);
        assert!(back.is_bypassed("level") && !back.is_bypassed("lag"));
    }

    /// To the last bit of a level or a frequency.
    #[test]
    fn parameters_are_read_back_exactly() {
        for index in 0..500_u64 {
            let random = (index + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15) as f64 / u64::MAX as f64;
            let mut graph = Graph::new();
            let gain = Gain { gain: Level::new(random * 3.0).unwrap(), ..Gain::default() };
            graph.add("trim", gain.clone()).unwrap();
            let frequency = Frequency::new(20.0 + 9_000.0 * random).unwrap();
            graph.add("tone", Oscillator { frequency, ..Oscillator::default() }).unwrap();
            let back = again(&graph);
            assert_eq!(back.node("trim").unwrap().downcast_ref::<Gain>(), Some(&gain), "{random}");
            assert_eq!(back.node("tone"), graph.node("tone"), "{random}");
        }
    }
}
