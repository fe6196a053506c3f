//! Whether every public item has an example in its documentation: of each type, trait, function and macro that a user of
//! the crate can reach there is one that runs and asserts something, and each public method is called in an example of
//! its own or of its type.

mod example;
mod public;

use std::path::{Path, PathBuf};
use std::process::Command;

use rustdoc_types::{Crate, FORMAT_VERSION};
use serde_json::Value;

use public::Item;

/// The crates that keep the rule.
const PACKAGES: [&str; 4] = ["patchline-graph", "patchline-nodes", "patchline-patch", "patchline-io"];

/// What came of the check.
pub(crate) enum Outcome {
    Kept,
    /// One line for each item that breaks the rule.
    Broken(Vec<String>),
    /// This Rust writes of crates in another format.
    OtherFormat(u64),
}

/// Documents the crates, and looks at each item that can be reached.
///
/// # Errors
/// Where a crate cannot be documented.
pub(crate) fn check() -> Result<Outcome, String> {
    let (mut broken, mut looked_at) = (Vec::new(), 0);
    for package in PACKAGES {
        let krate = match parse(&document(package)?)? {
            Read::Crate(krate) => krate,
            Read::OtherFormat(format) => return Ok(Outcome::OtherFormat(format)),
        };
        let items = public::items(&krate);
        if items.is_empty() {
            return Err(format!("{package} has no public item: its documentation was not understood"));
        }
        looked_at += items.len();
        broken.extend(items.iter().filter_map(complaint));
    }
    if broken.is_empty() {
        println!("{looked_at} public items, each with an example");
        return Ok(Outcome::Kept);
    }
    broken.push(format!("{} of {looked_at} public items lack an example", broken.len()));
    Ok(Outcome::Broken(broken))
}

/// Where the item is, and what its examples lack.
fn complaint(item: &Item<'_>) -> Option<String> {
    let own = example::examples(item.docs);
    let lack = match &item.owner {
        _ if own.iter().any(|example| example.proves() && (!item.is_function() || example.names(item.name))) => {
            return None;
        }
        Some(owner) if example::examples(owner.docs).iter().any(|of| of.proves() && of.calls(item.name)) => {
            return None;
        }
        _ if !own.is_empty() => "its example asserts nothing, or does not call it".to_owned(),
        Some(owner) => format!("no example, nor is it called in one of {} `{}`", owner.kind, owner.path),
        None => "no example".to_owned(),
    };
    Some(format!("{}: {} `{}`: {lack}", item.place, item.kind, item.path))
}

/// What rustdoc wrote of a crate.
enum Read {
    Crate(Box<Crate>),
    OtherFormat(u64),
}

/// Of another format only its number can be read.
fn parse(json: &str) -> Result<Read, String> {
    let value: Value = serde_json::from_str(json).map_err(|error| format!("rustdoc's JSON: {error}"))?;
    match value["format_version"].as_u64() {
        Some(format) if format != u64::from(FORMAT_VERSION) => Ok(Read::OtherFormat(format)),
        _ => serde_json::from_value(value).map(Read::Crate).map_err(|error| format!("rustdoc's JSON: {error}")),
    }
}

/// Has rustdoc write of a package. Its JSON needs the permission that nightly Rust has by itself, and some packages are built
/// anew where that changes: so there is a folder of its own for them.
fn document(package: &str) -> Result<String, String> {
    let target = target_dir()?.join("doc-examples");
    let mut cargo = cargo();
    cargo.args(["rustdoc", "--quiet", "--locked", "--lib", "--package", package, "--target-dir"]).arg(&target);
    cargo.args(["--", "-Z", "unstable-options", "--output-format", "json"]).env("RUSTC_BOOTSTRAP", "1");
    let status = cargo.status().map_err(|error| format!("cannot run cargo: {error}"))?;
    if !status.success() {
        return Err(format!("{package} could not be documented"));
    }
    read(&target.join("doc").join(package.replace('-', "_")).with_extension("json"))
}

fn read(path: &Path) -> Result<String, String> {
    std::fs::read_to_string(path).map_err(|error| format!("cannot read {}: {error}", path.display()))
}

/// The cargo that runs this, or the one of the path: that of a toolchain by itself would leave it to rustup which compiler it is for
/// a dependency.
fn cargo() -> Command {
    Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
}

/// Where cargo builds.
fn target_dir() -> Result<PathBuf, String> {
    let asked = cargo().args(["metadata", "--format-version", "1", "--no-deps"]).output();
    let output = asked.map_err(|error| format!("cannot run cargo: {error}"))?;
    let metadata: Value = serde_json::from_slice(&output.stdout).map_err(|error| format!("cargo metadata: {error}"))?;
    let directory = metadata["target_directory"].as_str().ok_or("cargo metadata names no target directory")?;
    Ok(PathBuf::from(directory))
}

#[cfg(test)]
mod tests {
    use super::{Read, complaint, parse, public, read};
    use std::path::Path;
    use std::process::Command;

    /// What is said of a crate with this text; `None` if this Rust writes in another format.
    fn complaints(name: &str, source: &str) -> Option<Vec<String>> {
        let folder = tempfile::tempdir().expect("there is a place for what is built");
        let folder = folder.path();
        let file = folder.join("lib.rs");
        std::fs::write(&file, source).expect("it can be written to");
        let rustdoc =
            std::env::var_os("RUSTDOC").map_or_else(|| Path::new(env!("CARGO")).with_file_name("rustdoc"), Into::into);
        let mut command = Command::new(rustdoc);
        command.args(["--edition", "2024", "--crate-name", name, "-Z", "unstable-options", "--output-format", "json"]);
        let status = command.arg("-o").arg(folder).arg(&file).env("RUSTC_BOOTSTRAP", "1").status();
        assert!(status.expect("rustdoc comes with cargo").success());
        match parse(&read(&folder.join(name).with_extension("json")).unwrap()).unwrap() {
            Read::Crate(krate) => {
                let told: Vec<String> = public::items(&krate).iter().filter_map(complaint).collect();
                // What is before the line is the folder.
                Some(told.iter().map(|line| line.rsplit_once("lib.rs:").expect("a place").1.to_owned()).collect())
            }
            Read::OtherFormat(format) => {
                eprintln!("skipped: rustdoc writes format {format}");
                None
            }
        }
    }

    #[test]
    fn what_lacks_an_example_is_named_with_its_place() {
        let source = r"//! A crate.
/// It has one.
///
/// ```
/// let mut shown = planted::Shown;
/// shown.called();
/// assert_eq!(planted::Shown::made(), shown);
/// # shown.hidden_away();
/// ```
#[derive(Debug, PartialEq)]
pub struct Shown;
impl Shown {
    /// In the type's example.
    pub fn called(&self) {}
    /// In a line that readers do not see.
    pub fn hidden_away(&self) {}
    /// As a path.
    pub fn made() -> Self { Self }
    /// Nowhere.
    pub fn planted(&self) {}
    /// By itself.
    ///
    /// ```
    /// assert_eq!(planted::Shown.by_itself(), 1);
    /// ```
    pub fn by_itself(&self) -> u8 { 1 }
    fn private(&self) {}
}
/// No code of ours.
///
/// ```text
/// assert!(true)
/// ```
pub enum Bare { /// One.
    One }
/// Asserts nothing.
///
/// ```
/// planted::idle();
/// ```
pub fn idle() {}
/// Shows another one.
///
/// ```
/// assert_eq!(planted::Shown.by_itself(), 1);
/// ```
pub fn other() {}
/// None.
pub trait Act {
    /// Not shown.
    fn act(&self);
}
/// None.
pub type Name = u8;
/// None.
#[macro_export]
macro_rules! make { () => {}; }
mod inner {
    /// Reached by another path, once.
    pub struct Again;
    /// Not reached.
    pub struct Unreached;
}
pub use inner::Again;
pub use inner::Again as Twice;
/// Hidden.
#[doc(hidden)]
pub struct Hidden;
";
        let Some(mut told) = complaints("planted", source) else { return };
        told.sort_by_key(|line| line.split(':').next().unwrap_or_default().parse::<u32>().unwrap_or_default());
        assert_eq!(
            told,
            [
                "16: function `planted::Shown::hidden_away`: no example, nor is it called in one of struct `planted::Shown`",
                "20: function `planted::Shown::planted`: no example, nor is it called in one of struct `planted::Shown`",
                "34: enum `planted::Bare`: no example",
                "41: function `planted::idle`: its example asserts nothing, or does not call it",
                "47: function `planted::other`: its example asserts nothing, or does not call it",
                "49: trait `planted::Act`: no example",
                "51: function `planted::Act::act`: no example, nor is it called in one of trait `planted::Act`",
                "54: type `planted::Name`: no example",
                "57: macro `planted::make`: no example",
                "60: struct `planted::Again`: no example",
            ]
        );
    }

    #[test]
    fn a_crate_that_keeps_the_rule_is_not_complained_of() {
        let source = "//! A crate.\n/// Adds.\n///\n/// ```\n/// assert_eq!(kept::add(1, 2), 3);\n/// ```\npub fn add(a: u8, b: u8) -> u8 { a + b }\n";
        let Some(told) = complaints("kept", source) else { return };
        assert_eq!(told, [""; 0]);
    }

    #[test]
    fn another_format_is_told_by_its_number() {
        assert!(matches!(parse(r#"{"format_version": 1, "root": "0:0"}"#), Ok(Read::OtherFormat(1))));
        assert!(parse("{}").is_err() && parse("no JSON").is_err());
    }
}
