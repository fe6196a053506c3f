//! `runner schema`: the JSON schema of patches, for editors.

use patchline_patch::{Registry, schema};

use crate::exit::{Exit, Outcome};
use crate::output;

pub(crate) fn run(registry: &Registry) -> Outcome {
    output::print(&format!("{:#}\n", schema(registry)))?;
    Ok(Exit::Ok)
}
