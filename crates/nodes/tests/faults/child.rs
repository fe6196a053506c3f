//! The recorder that is killed or limited: this program again, as a process of its own.

use std::io::Write;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use patchline_nodes::{FileSink, Split, Subtype, Time};

use crate::Rig;

const FOLDER: &str = "PATCHLINE_FAULT_FOLDER";
const KIND: &str = "PATCHLINE_FAULT_KIND";

/// What the child does.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(crate) enum Kind {
    /// Records one file in real time, until it is killed.
    Whole,
    /// The same, in files of a quarter of a second.
    Split,
    /// Records twenty seconds as fast as it can, and says what became of them.
    Limited,
}

const KINDS: [(Kind, &str); 3] = [(Kind::Whole, "whole"), (Kind::Split, "split"), (Kind::Limited, "limited")];

/// Starts the child. A `limit` is the most KiB that a file of it may have; SIGXFSZ is ignored then, as the runner does.
pub(crate) fn start(folder: &Path, kind: Kind, limit: Option<u32>) -> Child {
    let name = KINDS.iter().find(|(other, _)| *other == kind).unwrap().1;
    let limit = limit.map(|limit| format!("trap '' XFSZ; ulimit -f {};", limit * 2)).unwrap_or_default();
    Command::new("sh")
        .args(["-c", &format!("{limit} exec \"$0\" --exact child::recorder --nocapture")])
        .arg(std::env::current_exe().unwrap())
        .env(FOLDER, folder)
        .env(KIND, name)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap()
}

/// Does nothing unless it was started by [`start`].
#[test]
fn recorder() {
    let (Some(folder), Ok(name)) = (std::env::var_os(FOLDER), std::env::var(KIND)) else { return };
    let kind = KINDS.iter().find(|(_, other)| *other == name).unwrap().0;
    let split = if kind == Kind::Split { Split::Every(Time::Seconds(0.25)) } else { Split::Never };
    let sink = FileSink { split, subtype: Subtype::Pcm24, ..FileSink::new("{seq:04}.wav") };
    let mut rig = Rig::new(sink, Path::new(&folder), 2);
    if kind == Kind::Limited {
        rig.render(20 * 48_000);
        let books = rig.close();
        println!("\nbooks {} {}", books.written, books.lost);
        return;
    }
    let mut out = std::io::stdout();
    rig.play(|at| writeln!(out, "\nplayed {at}").is_err());
}
