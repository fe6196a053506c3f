//! Blocks that are no commands: patches, manifests, programs in Python, JSON.

use std::process::Command;

use patchline_graph::{Graph, StreamSpec};
use patchline_patch::{Code, EngineSettings, Options, Registry, read};

use super::cargo;
use super::markdown::{Block, Page};
use super::stage::Stage;

/// What a part of a patch cannot be blamed for: the rest of it stands elsewhere.
const OF_THE_REST: [Code; 2] = [Code::Link, Code::File];

/// Everything that is wrong with a page's blocks, each with its place.
pub(super) fn faults(page: &Page) -> Vec<String> {
    let stage = Stage::new(page);
    let mut faults = Vec::new();
    for block in &page.blocks {
        let fault = match block.language.as_str() {
            // Each code has a patch that is wrong; `explain` has tests of its own.
            "toml" if page.name == "docs/errors.md" => Ok(()),
            "toml" if is_manifest(block) => manifest(block),
            "toml" if is_of_an_editor(block) => toml(&block.text),
            "toml" => patch(&stage, block),
            "json" => json(&block.text),
            "python" => python(&stage, &block.text),
            _ => Ok(()),
        };
        faults.extend(fault.err().map(|words| format!("{}:{}: {words}", page.name, block.line)));
    }
    faults
}

fn is_manifest(block: &Block) -> bool {
    ["[dependencies", "[dev-dependencies", "[package]"].iter().any(|table| block.text.contains(table))
}

/// Settings of taplo and of Helix.
fn is_of_an_editor(block: &Block) -> bool {
    ["[[rule]]", "[language-server."].iter().any(|table| block.text.starts_with(table))
}

fn toml(text: &str) -> Result<(), String> {
    text.parse::<toml::Table>().map(drop).map_err(|error| error.to_string())
}

/// The packages of ours that a manifest names.
fn manifest(block: &Block) -> Result<(), String> {
    let names = block.text.lines().filter_map(|line| line.split([' ', '=', '.']).next());
    let names = names.filter(|name| name.starts_with("patchline"));
    names.map(|name| cargo::fault(&["add", name])).find_map(|fault| fault).map_or(Ok(()), Err)
}

/// A patch, or a part of one: what it lacks are links then.
fn patch(stage: &Stage, block: &Block) -> Result<(), String> {
    let mut top = block.text.lines().take_while(|line| !line.starts_with('['));
    let is_whole = top.any(|line| line.starts_with("links"));
    let text = if is_whole { block.text.clone() } else { format!("links = []\n{}", block.text) };
    let stream = |_: &EngineSettings, _: &Graph| StreamSpec::new(48_000, 512, 2, 2);
    let checked = read(text.as_bytes(), stage.folder.path().join("page.toml"))
        .and_then(|patch| patch.check(&Registry::standard(), &Options::default(), stream));
    let Err(mistakes) = checked else { return Ok(()) };
    let words = mistakes.to_string();
    let counts = mistakes.into_iter().any(|mistake| is_whole || !OF_THE_REST.contains(&mistake.code));
    if counts { Err(words) } else { Ok(()) }
}

/// One document, or one in each line.
fn json(text: &str) -> Result<(), String> {
    let mut documents = serde_json::Deserializer::from_str(text).into_iter::<serde_json::Value>();
    documents.try_for_each(|document| document.map(drop).map_err(|error| error.to_string()))
}

fn python(stage: &Stage, text: &str) -> Result<(), String> {
    if Command::new("python3").arg("--version").output().is_err() {
        eprintln!("left out: python3 is not here");
        return Ok(());
    }
    stage.folder.write("page.py", text);
    let output =
        Command::new("python3").args(["-m", "py_compile", "page.py"]).current_dir(stage.folder.path()).output();
    let output = output.expect("it is here");
    let said = String::from_utf8_lossy(&output.stderr);
    output.status.success().then_some(()).ok_or_else(|| said.into_owned())
}

mod tests {
    use super::*;

    fn count(text: &str) -> usize {
        faults(&Page::read("p.md", text)).len()
    }

    #[test]
    fn blocks_that_are_wrong_are_found() {
        for good in [
            "```toml\nlinks = [\"a -> b\"]\nnodes.a.type = \"noise\"\nnodes.b.type = \"output\"\n```",
            "```toml\n[nodes.a]\ntype = \"noise\"\n```",
            "```toml\n[dependencies]\npatchline = \"0.1\"\nserde = \"1\"\n```",
            "```toml\n[[rule]]\ninclude = [\"*.toml\"]\n```",
            "```json\n{\"a\": 1}\n{\"a\": 2}\n```",
            "```text\n[nodes\n```",
        ] {
            assert_eq!(count(good), 0, "{good}");
        }
        for bad in [
            "```toml\nlinks = [\"a -> c\"]\nnodes.a.type = \"noise\"\nnodes.b.type = \"output\"\n```",
            "```toml\n[nodes.a]\ntype = \"nose\"\n```",
            "```toml\n[nodes.a]\ntype = \"noise\"\nlevle = 1\n```",
            "```toml\n[dependencies]\npatchlien = \"0.1\"\npatchline-grahp = \"0.1\"\n```",
            "```toml\n[[rule]]\ninclude = *.toml\n```",
            "```json\n{\"a\": 1,}\n```",
        ] {
            assert_eq!(count(bad), 1, "{bad}");
        }
    }
}
