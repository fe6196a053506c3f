//! Files that patches include.

use std::path::{Path, PathBuf};

use patchline_graph::{Graph, StreamSpec};
use patchline_patch::{Diagnostics, EngineSettings, Files, Loaded, Options, Registry, SampleRate, read};

/// A folder with files, named and filled.
struct Folder(tempfile::TempDir);

const TONE: &str = "[nodes.tone]\ntype = \"oscillator\"\n";
const OUT: &str = "links = [\"tone -> out\"]\n[nodes.out]\ntype = \"output\"\n";

impl Folder {
    fn new(files: &[(&str, &str)]) -> Self {
        let folder = Self(tempfile::tempdir().unwrap());
        for (name, text) in files {
            let file = folder.place(name);
            std::fs::create_dir_all(file.parent().unwrap()).unwrap();
            std::fs::write(file, text).unwrap();
        }
        folder
    }

    fn place(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn load_with(&self, name: &str, options: &Options) -> Result<Loaded, Diagnostics> {
        let bytes = std::fs::read(self.place(name)).unwrap();
        read(&bytes, self.place(name))?.load(&Registry::standard(), options)
    }

    fn load(&self, name: &str) -> Result<Loaded, Diagnostics> {
        self.load_with(name, &Options::default())
    }

    /// All that is said, without the folder's name.
    fn said(&self, name: &str) -> String {
        let mistakes = self.load(name).expect_err("mistakes");
        mistakes.to_string().replace(&format!("{}/", self.0.path().display()), "")
    }

    fn names(&self, files: &[PathBuf]) -> Vec<String> {
        let root = self.0.path().canonicalize().unwrap();
        let name = |file: &PathBuf| file.strip_prefix(&root).or(file.strip_prefix(self.0.path())).unwrap().to_owned();
        files.iter().map(|file| name(file).to_str().unwrap().to_owned()).collect()
    }
}

#[test]
fn an_included_file_is_part_of_the_patch() {
    let folder = Folder::new(&[
        ("p.toml", &format!("include = [\"lib/tone.toml\"]\n{OUT}[engine]\nsample_rate = 44100\n")),
        ("lib/tone.toml", &format!("include = [\"more.toml\"]\n{TONE}[engine]\nsample_rate = 96000\nblock = 64\n")),
        ("lib/more.toml", "name = \"more\"\nlinks = [\"tone -> deep\"]\n[nodes.deep]\ntype = \"meter\"\n"),
    ]);
    let loaded = folder.load("p.toml").unwrap();
    assert_eq!((loaded.name.as_str(), loaded.graph.nodes().len()), ("p", 3));
    // The included links come first.
    let links: Vec<_> = loaded.graph.links().iter().map(|link| link.to.to_string()).collect();
    assert_eq!(links, ["deep", "out"]);
    // The including file has the last word.
    assert_eq!((loaded.engine.sample_rate, loaded.engine.block), (SampleRate::Hz(44_100), 64));
    assert_eq!(folder.names(&loaded.files), ["p.toml", "lib/tone.toml", "lib/more.toml"]);
}

#[test]
fn mistakes_are_shown_in_their_own_file() {
    let folder = Folder::new(&[
        ("p.toml", &format!("include = [\"lib/tone.toml\"]\n{OUT}[nodes.tone]\ntype = \"noise\"\n")),
        ("lib/tone.toml", &format!("{TONE}levl = 1\n\n[nodes.x]\ntype = \"meter\"\nwindow = = 1\n")),
    ]);
    let said = folder.said("p.toml");
    for part in
        ["--> lib/tone.toml:7:10\n", "there are two `tone` in [nodes]", "::: lib/tone.toml:1:8\n", "the first one"]
    {
        assert!(said.contains(part), "{part}: {said}");
    }
    let mistakes = folder.load("p.toml").unwrap_err();
    assert_eq!(folder.names(&mistakes.files()), ["p.toml", "lib/tone.toml"]);
    let data = serde_json::to_value(&mistakes).unwrap();
    let first = &data["mistakes"][0];
    assert!(first["file"].as_str().unwrap().ends_with("lib/tone.toml"), "{data}");
    assert_eq!(first["line"].as_u64(), Some(7));
    let twice = data["mistakes"].as_array().unwrap().iter().find(|mistake| mistake["code"] == "name").unwrap();
    assert_eq!((twice["line"].as_u64(), twice["related"][0]["line"].as_u64()), (Some(5), Some(1)));
    assert!(data["file"].as_str().unwrap().ends_with("p.toml"));
}

#[test]
fn a_graph_is_located_in_included_files() {
    let folder = Folder::new(&[
        ("p.toml", "include = [\"loop.toml\"]\n[nodes.a]\ntype = \"gain\"\n"),
        ("loop.toml", "links = [\"a -> b -> a\"]\n[nodes.b]\ntype = \"gain\"\n"),
    ]);
    let text = std::fs::read(folder.place("p.toml")).unwrap();
    let stream = |_: &EngineSettings, _: &Graph| StreamSpec::new(48_000, 64, 0, 0);
    let mistakes = read(&text, folder.place("p.toml"))
        .and_then(|patch| patch.check(&Registry::standard(), &Options::default(), stream))
        .unwrap_err();
    assert!(mistakes.to_string().contains("loop.toml:1:"), "{mistakes}");
}

#[test]
fn a_file_is_included_once_and_never_by_itself() {
    let folder = Folder::new(&[
        ("p.toml", &format!("include = [\"a.toml\", \"b.toml\", \"./a.toml\"]\n{OUT}")),
        ("a.toml", "include = [\"tone.toml\"]\n"),
        ("b.toml", "include = [\"tone.toml\"]\n"),
        ("tone.toml", TONE),
        ("self.toml", "include = [\"self.toml\"]\nlinks = []\n"),
        ("x.toml", "include = [\"y.toml\"]\nlinks = []\n"),
        ("y.toml", "include = [\"z.toml\"]\n"),
        ("z.toml", "include = [\"y.toml\"]\n"),
    ]);
    assert_eq!(folder.names(&folder.load("p.toml").unwrap().files), ["p.toml", "a.toml", "tone.toml", "b.toml"]);
    assert!(folder.said("self.toml").contains("files include each other: self.toml -> self.toml"));
    let said = folder.said("x.toml");
    assert!(said.contains("y.toml -> z.toml -> y.toml") && said.contains("--> z.toml:1:12"), "{said}");
}

#[test]
fn included_settings_do_not_contradict_each_other() {
    let folder = Folder::new(&[
        ("p.toml", "include = [\"a.toml\", \"b.toml\"]\nlinks = []\n"),
        ("q.toml", "include = [\"a.toml\", \"b.toml\"]\nlinks = []\n[engine]\nblock = 32\n"),
        ("a.toml", "[engine]\nblock = 64\nsample_rate = 48000\n"),
        ("b.toml", "[engine]\nblock = 128\nsample_rate = 48000\n"),
    ]);
    let said = folder.said("p.toml");
    assert!(said.contains("different values") && said.contains("b.toml:2:9") && said.contains("a.toml:2:9"), "{said}");
    assert!(folder.said("q.toml").contains("different values"));
}

#[test]
fn what_cannot_be_included_is_said_where_it_is_asked_for() {
    let folder = Folder::new(&[("inner/p.toml", ""), ("other.toml", TONE), ("inner/latin.toml", "# x")]);
    std::fs::write(folder.place("inner/latin.toml"), b"# \xe9").unwrap();
    std::fs::write(folder.place("inner/big.toml"), vec![b'#'; 1 << 20]).unwrap();
    std::fs::write(folder.place("inner/deep.toml"), "a.".repeat(50) + "a = 1").unwrap();
    for (include, expected) in [
        ("[\"nothing.toml\"]", "cannot be included"),
        ("[\"../other.toml\"]", "leads outside the patch's folder"),
        ("[\"/etc/passwd\"]", "leads outside the patch's folder"),
        ("[\"\"]", "a path is missing here"),
        ("[\"latin.toml\"]", "not UTF-8"),
        ("[\"big.toml\"]", "more than 1 MiB"),
        ("[\"deep.toml\"]", "too deeply"),
        ("[1]", "`include` is a list of texts"),
        ("\"latin.toml\"", "`include` is a list of files"),
    ] {
        std::fs::write(folder.place("inner/p.toml"), format!("links = []\ninclude = {include}\n")).unwrap();
        let said = folder.said("inner/p.toml");
        assert!(said.contains(expected) && said.contains("--> inner/p.toml:2:1"), "{include}: {said}");
    }
    let allowed = Options { allowed: vec![folder.0.path().to_owned()], ..Options::default() };
    for text in ["include = [\"../other.toml\"]\n", "include = [\"../other.toml\"]\n[engine]\nallow_paths = [\"..\"]\n"]
    {
        let text = format!("links = []\n{text}");
        std::fs::write(folder.place("inner/p.toml"), &text).unwrap();
        assert!(folder.load_with("inner/p.toml", &allowed).is_ok());
        assert_eq!(folder.load("inner/p.toml").is_ok(), text.contains("allow_paths"));
        let inside = Options { files: Files::Inside, ..Options::default() };
        assert!(folder.load_with("inner/p.toml", &inside).is_err());
    }
}

#[test]
fn numbers_are_bounded() {
    let folder = Folder::new(&[]);
    let list: Vec<_> = (0..70).map(|number| format!("\"{number}.toml\"")).collect();
    std::fs::write(folder.place("p.toml"), format!("include = [{}]\nlinks = []\n", list.join(", "))).unwrap();
    for number in 0..70 {
        let text = format!("include = [\"{}.toml\"]\n", number + 1);
        std::fs::write(folder.place(&format!("{number}.toml")), if number < 69 { &text } else { "" }).unwrap();
    }
    assert!(folder.said("p.toml").contains("more than 16 deep"));
    for number in 0..70 {
        std::fs::write(folder.place(&format!("{number}.toml")), "").unwrap();
    }
    assert!(folder.said("p.toml").contains("at most 64 files"));
}

#[test]
fn patches_from_elsewhere_include_only_what_is_allowed() {
    let folder = Folder::new(&[("tone.toml", TONE)]);
    let text = format!("include = [\"tone.toml\"]\n{OUT}");
    let path = folder.place("stdin");
    let load = |allowed: Vec<PathBuf>, files: Files| {
        let options = Options { allowed, files, ..Options::default() };
        let patch = read(text.as_bytes(), &path).unwrap().without_folder();
        patch.load(&Registry::standard(), &options).map_err(|mistakes| mistakes.to_string())
    };
    assert!(load(Vec::new(), Files::Own).unwrap_err().contains("`--allow-path`"));
    assert!(load(vec![folder.0.path().to_owned()], Files::Own).is_ok());
    assert!(load(vec![folder.0.path().to_owned()], Files::None).unwrap_err().contains("may not include files"));
    let player =
        "links = [\"x -> out\"]\n[nodes.out]\ntype = \"output\"\n[nodes.x]\ntype = \"file_sink\"\npath = \"x.wav\"\n";
    let options = Options { files: Files::None, ..Options::default() };
    let mistakes = read(player.as_bytes(), &path).unwrap().load(&Registry::standard(), &options).unwrap_err();
    assert!(mistakes.to_string().contains("no file may be named"), "{mistakes}");
}

#[cfg(unix)]
#[test]
fn only_regular_files_are_read() {
    let folder = Folder::new(&[("p.toml", "include = [\"zero\"]\nlinks = []\n")]);
    std::os::unix::fs::symlink("/dev/zero", folder.place("zero")).unwrap();
    let options = Options { allowed: vec![PathBuf::from("/dev")], ..Options::default() };
    let mistakes = folder.load_with("p.toml", &options).unwrap_err().to_string();
    assert!(mistakes.contains("no regular file"), "{mistakes}");
    let pipe = folder.place("pipe");
    assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    std::fs::write(folder.place("p.toml"), "include = [\"pipe\"]\nlinks = []\n").unwrap();
    assert!(folder.said("p.toml").contains("no regular file"));
}

#[test]
fn a_patch_can_be_loaded_again_without_its_files() {
    let folder = Folder::new(&[
        ("p.toml", &format!("include = [\"tone.toml\", \"again.toml\"]\n{OUT}")),
        ("tone.toml", TONE),
        ("again.toml", "include = [\"tone.toml\"]"),
    ]);
    let text = std::fs::read(folder.place("p.toml")).unwrap();
    let mut patch = read(&text, folder.place("p.toml")).unwrap();
    patch.set("tone", "level", "-6dB");
    patch.gather(&Options::default());
    let (registry, options) = (Registry::standard(), Options::default());
    let first = patch.load(&registry, &options).unwrap();
    let texts: Vec<_> = patch.included().collect();
    let mut again = read(&text, Path::new("/nowhere/p.toml")).unwrap();
    again.give(texts);
    for (node, parameter, value) in patch.settings() {
        again.set(node, parameter, value);
    }
    let again = again.load(&registry, &options).unwrap();
    assert_eq!((again.graph.node("tone"), again.graph.links()), (first.graph.node("tone"), first.graph.links()));
}
