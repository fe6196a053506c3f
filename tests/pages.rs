//! The Rust on pages that quote the examples stands in an example, word for word: what is built is what is read.

use std::fs;
use std::path::Path;

const PAGES: [&str; 2] = ["docs/embedding.md", "docs/writing-a-node.md"];

#[test]
fn quoted_code_is_in_an_example() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let examples: Vec<Vec<String>> = fs::read_dir(root.join("examples"))
        .expect("the examples are beside the pages")
        .map(|entry| entry.expect("a folder that can be listed").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "rs"))
        .map(|path| lines(&fs::read_to_string(path).expect("an example can be read")))
        .collect();
    for page in PAGES {
        let blocks = rust_blocks(&fs::read_to_string(root.join(page)).expect("a page can be read"));
        assert!(blocks.len() > 4, "{page} quotes no code any more");
        for block in blocks {
            assert!(
                examples.iter().any(|example| holds(example, &block)),
                "{page}, in no example:\n{}",
                block.join("\n")
            );
        }
    }
}

#[test]
fn a_changed_line_is_found() {
    let example = lines("fn main() {\n    one();\n    two();\n}");
    assert!(holds(&example, &lines("    one();\n    two();")));
    assert!(!holds(&example, &lines("    one();\n    three();")));
    assert_eq!(rust_blocks("```sh\nx\n```\n```rust\nlet a;\n```\n"), [["let a;"]]);
}

/// Whether the block's lines stand in the example, one right after the other.
fn holds(example: &[String], block: &[String]) -> bool {
    example.windows(block.len()).any(|part| part == block)
}

fn rust_blocks(page: &str) -> Vec<Vec<String>> {
    page.split("```rust\n").skip(1).map(|rest| lines(rest.split("```").next().unwrap_or_default())).collect()
}

fn lines(text: &str) -> Vec<String> {
    text.lines().map(|line| line.trim_end().to_owned()).collect()
}
