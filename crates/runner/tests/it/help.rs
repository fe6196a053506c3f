use crate::support::{Folder, example};

#[test]
fn mistakes_on_the_command_line_end_with_2() {
    let folder = Folder::new();
    folder.run(["chekc", "a.toml"]).exits(2).says("check");
    folder.run(["render", "a.toml", "--block", "0"]).exits(2).says("1 to 65536");
    folder.run(["nodes", "gian"]).exits(2).says("gain");
    let help = folder.run(["--help"]).exits(0);
    assert!(help.stdout.contains("130  a render was interrupted, or a run by a second Ctrl-C"));
}

#[test]
fn a_patch_alone_is_run() {
    let folder = Folder::new();
    folder.run([example("passthrough.toml")]).exits(4).says("--backend null");
    folder.run(["missing.toml"]).exits(5).says("missing.toml");
}

#[test]
fn nodes_are_documented_from_their_declarations() {
    let folder = Folder::new();
    let list = folder.run(["nodes"]).exits(0).stdout;
    let data = folder.run(["nodes", "--json"]).exits(0).json();
    let kinds: Vec<&str> = data.as_array().unwrap().iter().map(|kind| kind["type"].as_str().unwrap()).collect();
    assert!(kinds.len() >= 9);
    assert!(kinds.iter().all(|kind| list.contains(kind)));
    let gain = folder.run(["nodes", "gain"]).exits(0).stdout;
    for expected in ["gain = 1.0", "from -1000 to 1000", "smooth = \"20 ms\"", "type = \"gain\""] {
        assert!(gain.contains(expected), "`{expected}` is not in:\n{gain}");
    }
}

#[test]
fn a_plan_counts_in_words() {
    let folder = Folder::new();
    folder.write("tone.toml", "links = [\"a -> b\"]\nnodes.a.type = \"noise\"\nnodes.b.type = \"output\"\n");
    let plan = folder.run(["graph", "tone.toml"]).exits(0).stdout;
    assert!(plan.ends_with("1 step, 0 buffers beside the device's, 1 node run, 0 dissolved in mixes\n"), "{plan}");
}

#[test]
fn manual_and_completions_come_from_the_declaration() {
    let folder = Folder::new();
    let page = folder.run(["man"]).exits(0).stdout;
    assert!(page.starts_with(".ie") && page.contains("render"));
    folder.run(["man", "-o", "pages"]).exits(0);
    assert!(folder.listing().iter().any(|name| name == "pages/runner-render.1"), "{:?}", folder.listing());
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let script = folder.run(["completions", shell]).exits(0).stdout;
        assert!(script.contains("overwrite"), "{shell}");
    }
}

#[test]
fn graphs_are_drawn_in_every_format() {
    let folder = Folder::new();
    let patch = example("tangle.toml");
    let draw = |format: &str| {
        folder.run(["graph".as_ref(), patch.as_os_str(), "-f".as_ref(), format.as_ref()]).exits(0).stdout
    };
    assert!(draw("plan").contains("[out2]"));
    let dot = draw("dot");
    assert!(dot.contains("\"damp\" -> \"bus\" [label=\"2 ch\", style=dashed"), "{dot}");
    assert!(dot.contains("[label=\"[0] → [1] · 1 ch\"]"), "{dot}");
    let mermaid = draw("mermaid");
    assert_eq!(mermaid.matches("-.->").count(), 1, "{mermaid}");
    assert!(mermaid.contains("|\"open · 1 ch\"|"), "{mermaid}");
    let svg = draw("svg");
    assert_eq!(svg.matches("class=\"link back\"").count(), 1, "{svg}");
    assert_eq!(svg.matches("class=\"link").count(), 18);
    assert_eq!(draw("svg"), svg, "the same patch gives the same picture");

    folder.run(["graph".as_ref(), patch.as_os_str(), "-o".as_ref(), "plan.txt".as_ref()]).exits(0);
    folder.run(["graph".as_ref(), patch.as_os_str(), "-o".as_ref(), "plan.txt".as_ref()]).exits(5).says("--overwrite");
}

#[test]
fn the_schema_names_every_type() {
    let folder = Folder::new();
    let schema = folder.run(["schema"]).exits(0).json();
    let kinds = folder.run(["nodes", "--json"]).exits(0).json();
    let text = schema.to_string();
    assert!(kinds.as_array().unwrap().iter().all(|kind| text.contains(&kind["type"].to_string())));
}

/// Each node hears the two before it: as many paths as Fibonacci's hundredth number, and a way back over all of them.
#[test]
fn a_picture_of_many_paths_is_drawn() {
    let folder = Folder::new();
    let links: Vec<_> = (2..100).map(|n| format!("\"g{} -> g{n}\", \"g{} -> g{n}\"", n - 1, n - 2)).collect();
    let gains: String = (0..100).map(|n| format!("nodes.g{n}.type = \"gain\"\n")).collect();
    let ends = "nodes.a.type = \"noise\"\nnodes.b.type = \"output\"\n";
    let links = links.join(", ");
    folder
        .write("p.toml", &format!("links = [{links}, \"a -> g0 -> g1\", \"g99 -> b\", \"g99 ~> g0\"]\n{ends}{gains}"));
    let svg = folder.run(["graph", "p.toml", "-o", "p.svg"]).exits(0);
    assert_eq!(svg.stdout, "");
    let svg = std::fs::read_to_string(folder.path().join("p.svg")).unwrap();
    assert_eq!((svg.matches("class=\"link").count(), svg.matches("class=\"link back\"").count()), (200, 1));
    // The name says what it is to be.
    folder.run(["graph", "p.toml", "-o", "p.dot"]).exits(0);
    assert!(std::fs::read_to_string(folder.path().join("p.dot")).unwrap().starts_with("digraph"));
    folder.run(["graph", "p.toml", "-o", "p.png"]).exits(2).says("p.svg");
}

#[test]
fn a_picture_of_a_large_patch_is_drawn_or_refused_in_no_time() {
    let folder = Folder::new();
    let fan = |nodes: usize| {
        let links: Vec<_> = (0..nodes).map(|node| format!("\"a -> g{node} -> b\"")).collect();
        let gains: String = (0..nodes).map(|node| format!("nodes.g{node}.type = \"gain\"\n")).collect();
        let ends = "nodes.a.type = \"noise\"\nnodes.b.type = \"output\"\n";
        folder.write("fan.toml", &format!("links = [{}]\n{ends}{gains}", links.join(", ")));
    };
    fan(150);
    let svg = folder.run(["graph", "fan.toml", "-f", "svg"]).exits(0).stdout;
    assert_eq!(svg.matches("class=\"link").count(), 300);
    fan(700);
    folder.run(["graph", "fan.toml", "-f", "svg", "-o", "fan.svg"]).exits(2).says("--format dot");
    folder.run(["graph", "fan.toml", "-f", "dot"]).exits(0);
    assert_eq!(folder.listing(), ["fan.toml"]);
}
