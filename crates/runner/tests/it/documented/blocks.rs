//! Blocks that are no commands: patches, manifests, programs in Python, JSON.

use std::process::Command;

use super::cargo;
use super::markdown::{Block, Page};
use super::stage::Stage;

/// Tables of other programs' files, in which only the syntax is ours to judge.
const FOREIGN: [(&str, &str); 2] = [("[[rule]]", "taplo"), ("[language-server.", "Helix")];

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
    let is_foreign = FOREIGN.iter().any(|(table, _)| block.text.contains(table));
    stage.folder.write("page.toml", &text);
    let ended = stage.folder.run(["check", "page.toml", "--json"]);
    let report = ended.json();
    let mistakes = report["patches"][0]["mistakes"]["mistakes"].as_array().into_iter().flatten();
    let mut codes = mistakes.map(|mistake| (mistake["code"].as_str(), mistake["message"].as_str().unwrap_or_default()));
    let is_of_the_rest = |code: Option<&str>, message: &str| match code {
        // Sounds that a page speaks of are not there.
        Some("file") => !is_whole || message.starts_with("cannot open"),
        Some("link") => !is_whole,
        code => is_foreign && code != Some("syntax"),
    };
    let is_right =
        codes.all(|(code, message)| is_of_the_rest(code, message)) && [Some(0), Some(3)].contains(&ended.code);
    if is_right { Ok(()) } else { Err(ended.stderr) }
}

/// The tables of others that no page has.
pub(super) fn needless(pages: &[Page]) -> Vec<&'static str> {
    let mut texts = pages.iter().flat_map(|page| page.blocks_of("toml")).map(|block| block.text.as_str());
    let all: String = texts.by_ref().collect();
    FOREIGN.iter().map(|(table, _)| *table).filter(|table| !all.contains(table)).collect()
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
            "```toml\n[[rule]]\ninclude = []\n```",
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
            "```toml\n[[rule]]\ninclude = [\n```",
            "```toml\n[nodes.a]\ntype = \"noise\"\nlevle = 1\n```",
            "```toml\n[dependencies]\npatchlien = \"0.1\"\npatchline-grahp = \"0.1\"\n```",
            "```toml\n[[rule]]\ninclude = *.toml\n```",
            "```json\n{\"a\": 1,}\n```",
        ] {
            assert_eq!(count(bad), 1, "{bad}");
        }
    }
}
