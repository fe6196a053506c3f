use std::process::Command;

use crate::support::{Ended, Folder, example};

/// Runs a command whose stdout nobody reads: not even its first byte can be written.
fn unheard(mut command: Command) -> Ended {
    let (reader, writer) = std::io::pipe().expect("a pipe");
    drop(reader);
    Ended::of(command.stdout(writer).output().expect("the binary runs"))
}

#[test]
fn a_reader_that_has_seen_enough_changes_no_exit_code() {
    let folder = Folder::new();
    folder.write("bad.toml", "links = [\"a -> b\"]\n");
    let xruns = "links = [\"a -> b\"]\nnodes.a.type = \"noise\"\nnodes.b.type = \"output\"\nengine.max_xruns = 0\n";
    folder.write("xruns.toml", xruns);
    unheard(folder.command(["check", "--json", "bad.toml"])).exits(3);
    unheard(folder.command(["xruns.toml", "--backend", "sim", "--duration", "10min"])).exits(6);
    let good = example("tangle.toml").display().to_string();
    unheard(folder.command(["check", &good, "bad.toml"])).exits(3);
    unheard(folder.command(["check", &good, &good])).exits(0);
    unheard(folder.command(["schema"])).exits(0);
}

#[test]
fn a_render_into_a_closed_pipe_fails_and_names_stdout() {
    let folder = Folder::new();
    folder.write("tone.toml", "links = [\"a -> b\"]\nnodes.a.type = \"noise\"\nnodes.b.type = \"output\"\n");
    let ended = unheard(folder.command(["render", "tone.toml", "-o", "-", "-d", "10s"])).exits(5).says("stdout: ");
    assert!(!ended.stderr.contains("kept"), "{}", ended.stderr);
}
