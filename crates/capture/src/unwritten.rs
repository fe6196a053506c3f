//! A `file_sink` that writes nothing: a replay leaves no file behind, nor does measuring.

use patchline_graph::{Io, Node, NodeError, Ports, PrepareSpec, Processor};
use patchline_nodes::{FileSink, PatchNode};
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{Deserialize, Serialize};

/// Stands where a recorder stood: the same links lead to it, and nothing comes of them. Takes no memory.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Unwritten(FileSink);

/// The processor of [`Unwritten`].
pub struct Nothing;

impl From<FileSink> for Unwritten {
    fn from(sink: FileSink) -> Self {
        Self(sink)
    }
}

impl Node for Unwritten {
    const KIND: &'static str = FileSink::KIND;
    type Processor = Nothing;

    fn ports(&self) -> Ports {
        self.0.ports()
    }

    fn prepare(&self, _spec: &PrepareSpec) -> Result<Nothing, NodeError> {
        Ok(Nothing)
    }

    fn footprint(&self, _spec: &PrepareSpec) -> usize {
        0
    }

    /// As it was, so that the same changes are loads.
    fn rebuilds(&self, previous: &Self) -> bool {
        self.0.rebuilds(&previous.0)
    }
}

impl Processor for Nothing {
    type Params = Unwritten;

    fn update(&mut self, _params: &Unwritten) {}

    fn process(&mut self, _io: &mut Io<'_>) {}

    fn reset(&mut self) {}
}

/// Its parameters are those of the recorder; where they lead is not looked at.
impl PatchNode for Unwritten {
    fn example() -> Self {
        Self(FileSink::example())
    }
}

impl JsonSchema for Unwritten {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        FileSink::schema_name()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        FileSink::json_schema(generator)
    }
}
