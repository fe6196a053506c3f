//! First contact: `init` writes a patch that plays, `explain` says what a code means.

use crate::support::Folder;

#[test]
fn a_first_patch_is_written_checked_and_played() {
    let folder = Folder::new();
    folder.run(["init", "--yes"]).exits(0);
    folder.run(["check", "patch.toml"]).exits(0);
    let args = ["init", "tone.toml", "--for", "tone", "--output", "a \"quoted\" name"];
    let said = folder.run(args).exits(0);
    assert!(said.stdout.contains("runner check tone.toml"), "{}", said.stdout);
    assert!(
        std::fs::read_to_string(folder.path().join("tone.toml")).unwrap().contains(r#"device = "a \"quoted\" name""#)
    );
    folder.run(["init", "plain.toml", "--for", "tone", "-y"]).exits(0);
    folder.run(["plain.toml", "--backend", "null", "--duration", "200ms"]).exits(0);
}

#[test]
fn what_is_there_is_not_replaced_unasked() {
    let folder = Folder::new();
    folder.write("patch.toml", "mine");
    folder.run(["init", "--yes"]).exits(5).says("patch.toml is there already");
    assert_eq!(std::fs::read_to_string(folder.path().join("patch.toml")).unwrap(), "mine");
    folder.run(["init", "--yes", "--overwrite", "--for", "speech"]).exits(0);
    folder.run(["init", "no/such/folder/p.toml", "--yes"]).exits(5);
    folder.run(["init", "x.toml", "--for", "dinner"]).exits(2).says("possible values");
    assert_eq!(folder.listing(), ["patch.toml"]);
}

#[test]
fn codes_are_explained_as_they_stand_in_messages() {
    let folder = Folder::new();
    for code in ["value", "error[value]", "warning[unlinked]"] {
        folder.run(["explain", code]).exits(0);
    }
    let all = folder.run(["explain"]).exits(0).stdout;
    assert!(all.lines().count() > 25 && all.contains("device-not-found"), "{all}");
    let value = folder.run(["explain", "value"]).exits(0).stdout;
    assert!(value.contains("wrong\n") && value.contains("right\n") && !value.contains("```"), "{value}");
    folder.run(["explain", "\u{1b}[31mnothing"]).exits(2).says("there is no code `\\u{1b}");
}
