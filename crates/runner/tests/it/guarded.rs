//! What a command reads is never replaced by what it writes.

use std::collections::BTreeMap;
use std::fs;

use crate::support::Folder;

const ECHO: &str = "include = [\"inc.toml\"]\nlinks = [\"mic -> sum -> out\", \"song -> sum\"]\n\
                    [nodes.mic]\ntype = \"input\"\n[nodes.song]\ntype = \"file_source\"\npath = \"src.wav\"\n\
                    [nodes.out]\ntype = \"output\"\n";
const RECORD: &str = "links = [\"mic -> rec\", \"song -> rec\"]\nnodes.mic.type = \"input\"\n\
                      nodes.song = { type = \"file_source\", path = \"src.wav\" }\n\
                      nodes.rec = { type = \"file_sink\", path = \"take.wav\", overwrite = true }\n";

/// Patches, what they include and play, and sounds for them.
fn studio() -> Folder {
    let folder = Folder::new();
    folder.write("echo.toml", ECHO);
    folder.write("inc.toml", "[nodes.sum]\ntype = \"gain\"\n");
    folder.write("record.toml", RECORD);
    fs::create_dir(folder.path().join("takes")).unwrap();
    for name in ["snd.wav", "src.wav", "takes/a.wav", "takes/b.wav"] {
        folder.wav(name, 48_000, 1, 1_000);
    }
    #[cfg(unix)]
    {
        std::os::unix::fs::symlink("snd.wav", folder.path().join("link.wav")).unwrap();
        std::os::unix::fs::symlink(".", folder.path().join("here")).unwrap();
    }
    fs::hard_link(folder.path().join("snd.wav"), folder.path().join("twin.wav")).unwrap();
    folder
}

/// All regular files of the folder and what is in them; links to folders are not followed.
fn contents(folder: &Folder) -> BTreeMap<String, Vec<u8>> {
    let mut found = BTreeMap::new();
    for part in ["", "takes/"] {
        for entry in fs::read_dir(folder.path().join(part)).unwrap() {
            let entry = entry.unwrap();
            if entry.path().is_file() {
                let name = format!("{part}{}", entry.file_name().to_string_lossy());
                found.insert(name, fs::read(entry.path()).unwrap());
            }
        }
    }
    found
}

/// Expects that each command line, of words, is refused for this reason and changes nothing.
#[track_caller]
fn refused(folder: &Folder, lines: &[(&str, &str)]) {
    let before = contents(folder);
    for (line, why) in lines {
        folder.run(line.split(' ')).exits(2).says(why);
        assert!(contents(folder) == before, "{line}");
    }
}

#[test]
fn an_input_is_not_replaced_by_the_output() {
    let folder = studio();
    let why = "would replace the input snd.wav; name another file";
    refused(
        &folder,
        &[
            ("render echo.toml -i snd.wav -o snd.wav --overwrite", why),
            ("render echo.toml -i snd.wav -o snd.wav", why),
            ("render echo.toml -i mic=snd.wav -o takes/../snd.wav --overwrite", why),
        ],
    );
    #[cfg(unix)]
    refused(
        &folder,
        &[
            ("render echo.toml -i snd.wav -o here/snd.wav --overwrite", why),
            ("render echo.toml -i snd.wav -o twin.wav --overwrite", why),
            ("render echo.toml -i link.wav -o snd.wav --overwrite", "would replace the input link.wav"),
            ("render echo.toml -i takes/a.wav here/snd.wav -o ./ --overwrite", "would replace the input here/snd.wav"),
        ],
    );
    folder.run("render echo.toml -i snd.wav -o takes/b.wav --overwrite".split(' ')).exits(0);
    assert_ne!(contents(&folder)["takes/b.wav"], contents(&folder)["takes/a.wav"]);
}

#[test]
fn what_a_patch_is_made_from_and_plays_is_not_replaced() {
    let folder = studio();
    for command in ["bench echo.toml -s 0.1 --svg", "graph echo.toml -o", "render echo.toml -i snd.wav -o"] {
        let of = |output: &str| format!("{command} {output} --overwrite");
        let [patch, included, played] = ["echo.toml", "inc.toml", "src.wav"].map(of);
        refused(
            &folder,
            &[
                (&patch, "would replace the patch itself"),
                (&included, "would replace a file that the patch includes"),
                (&played, "src.wav, which the patch's `song` plays"),
            ],
        );
    }
    let batch = "render echo.toml -i takes/a.wav takes/b.wav --overwrite -o ./takes/../{stem}.wav";
    let played = format!("{batch} --set song.path=takes/{{stem}}.wav");
    folder.run(played.split(' ')).exits(0);
    let batch = "render echo.toml -i snd.wav takes/a.wav --overwrite --set song.path={stem}.wav -o takes/../{stem}.wav";
    refused(
        &folder,
        &[(batch, "snd.wav, which the patch's `song` plays"), (batch, "a.wav, which the patch's `song` plays")],
    );
}

#[test]
fn a_recorder_does_not_replace_what_is_read() {
    let folder = studio();
    refused(
        &folder,
        &[
            ("render record.toml -i snd.wav --set rec.path=snd.wav", "`rec` would replace the input snd.wav"),
            ("render record.toml -i snd.wav --set rec.path=record.toml", "`rec` would replace the patch itself"),
            ("render record.toml -i snd.wav --set rec.path=src.wav", "which the patch's `song` plays"),
            (
                "render record.toml -i takes/a.wav takes/b.wav --set rec.path=takes/{stem}.wav",
                "`rec` would replace the input takes/a.wav",
            ),
            ("run record.toml --backend null -d 10smp --set rec.path=record.toml", "would replace the patch itself"),
        ],
    );
    #[cfg(unix)]
    refused(
        &folder,
        &[("render record.toml -i link.wav --set rec.path=here/snd.wav", "would replace the input link.wav")],
    );
    folder.run("render record.toml -i snd.wav".split(' ')).exits(0);
    folder.run("render record.toml -i snd.wav".split(' ')).exits(0);
    assert!(contents(&folder).contains_key("take.wav"));
}

/// Names that are known only when the recorder gets there: the file is looked at then.
#[test]
#[cfg(unix)]
fn a_recorder_whose_name_comes_out_as_what_is_heard_does_not_replace_it() {
    let folder = studio();
    let day = "take-2026-01-01.wav";
    fs::rename(folder.path().join("snd.wav"), folder.path().join(day)).unwrap();
    fs::copy(folder.path().join("record.toml"), folder.path().join("2026-01-01.wav")).unwrap();
    let before = contents(&folder);
    let patch = "render 2026-01-01.wav -i src.wav --clock 2026-01-01T00:00:00 --set rec.path={date}.wav";
    folder.run(patch.split(' ')).exits(5).says("2026-01-01.wav is being read");
    let line = |input: &str, more: &str| format!("render record.toml -i {input} --clock 2026-01-01T00:00:00 {more}");
    let run = |line: String| folder.run(line.split(' ')).exits(5).says(&format!("{day} is being read"));
    run(line(day, "--set rec.path=take-{date}.wav"));
    run(line("src.wav", &format!("--set song.path={day} --set song.loop=true --set rec.path=take-{{date}}.wav")));
    assert!(contents(&folder) == before);
    folder.run(line("src.wav", "--set rec.path=take-{date}.wav").split(' ')).exits(0);
    assert!(contents(&folder)[day] != before[day], "nobody hears it: it may be replaced");
}
