//! Project chores: `cargo run -p xtask -- docs` writes the generated documents, `docs --check` says whether they are
//! up to date; `book` looks at every link and builds the book; `licences` says what dependencies are licensed under, and
//! whether that goes with ours; `doc-examples` says which public item has no example in its documentation.

mod book;
mod dictionary;
mod doc_examples;
mod licences;
mod links;
mod node_pictures;
mod nodes_page;
mod play;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use doc_examples::Outcome;

/// A generated file: where it is, below the repository's root, and what it should hold.
struct Document {
    path: String,
    text: String,
}

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    let done = match args[..] {
        ["docs"] => documents().and_then(|documents| documents.iter().try_for_each(write)),
        ["docs", "--check"] => documents().and_then(|documents| check(&documents)),
        ["book"] => links::check().and_then(|()| book::build()),
        ["licences"] => licences::check(),
        ["doc-examples"] => return doc_examples(),
        _ => Err("usage: cargo run -p xtask -- docs [--check] | book | licences | doc-examples".to_owned()),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => fail(&message),
    }
}

/// Ends with 2 where this Rust cannot be asked.
fn doc_examples() -> ExitCode {
    match doc_examples::check() {
        Ok(Outcome::Kept) => ExitCode::SUCCESS,
        Ok(Outcome::Broken(lines)) => fail(&lines.join("\n")),
        Ok(Outcome::OtherFormat(format)) => {
            eprintln!(
                "xtask: rustdoc writes JSON of format {format}; `rustdoc-types` in Cargo.toml is for another one"
            );
            ExitCode::from(2)
        }
        Err(message) => fail(&message),
    }
}

fn fail(message: &str) -> ExitCode {
    eprintln!("xtask: {message}");
    ExitCode::FAILURE
}

fn documents() -> Result<Vec<Document>, String> {
    let document = |path: &str, text: String| Document { path: path.to_owned(), text };
    let mut documents = vec![
        document("docs/nodes.md", nodes_page::text()?),
        document("patch.schema.json", schema()),
        document("fuzz/patch.dict", dictionary::text()),
        document("docs/errors.md", errors()?),
    ];
    for kind in nodes_page::kinds() {
        let picture = node_pictures::picture(kind).map_err(|error| format!("examples/nodes/{kind}.toml: {error}"))?;
        documents.push(document(&nodes_page::picture_path(kind), picture));
    }
    documents.extend(performance()?);
    Ok(documents)
}

/// The page on performance and its figures, from the results beside it.
fn performance() -> Result<Vec<Document>, String> {
    let path = root().join(patchline_benches::RESULTS);
    let json = std::fs::read_to_string(&path).map_err(|error| format!("cannot read {}: {error}", path.display()))?;
    let results = serde_json::from_str(&json).map_err(|error| format!("{}: {error}", path.display()))?;
    let documents = patchline_benches::documents(&results).into_iter();
    Ok(documents.map(|patchline_benches::Document { path, text }| Document { path, text }).collect())
}

/// What `runner explain` prints, code by code.
fn errors() -> Result<String, String> {
    let source = "crates/runner/src/commands/explain/errors.md";
    let text =
        std::fs::read_to_string(root().join(source)).map_err(|error| format!("cannot read {source}: {error}"))?;
    Ok(format!("<!-- Generated from {source} by `./x docs`; do not edit. -->\n{text}"))
}

/// What `runner schema` prints.
fn schema() -> String {
    let schema = patchline_patch::schema(&patchline_patch::Registry::standard());
    format!("{schema:#}\n")
}

fn write(document: &Document) -> Result<(), String> {
    let path = root().join(&document.path);
    if std::fs::read_to_string(&path).is_ok_and(|old| old == document.text) {
        return Ok(());
    }
    let folder = path.parent().expect("every document lies in a folder");
    let written = std::fs::create_dir_all(folder).and_then(|()| std::fs::write(&path, &document.text));
    written.map_err(|error| format!("cannot write {}: {error}", path.display()))?;
    println!("wrote {}", document.path);
    Ok(())
}

fn check(documents: &[Document]) -> Result<(), String> {
    let is_stale = |document: &&Document| {
        let found = std::fs::read_to_string(root().join(&document.path)).unwrap_or_default();
        // A checkout on Windows may have turned the line ends.
        found.replace("\r\n", "\n") != document.text
    };
    let stale: Vec<&str> = documents.iter().filter(is_stale).map(|document| document.path.as_str()).collect();
    match stale[..] {
        [] => Ok(()),
        _ => Err(format!("out of date: {}; write anew by ./x docs", stale.join(", "))),
    }
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}
