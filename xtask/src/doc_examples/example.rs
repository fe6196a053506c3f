//! The examples in a piece of documentation: fenced blocks of Rust.

/// A fenced block that rustdoc compiles.
pub(super) struct Example {
    /// What readers see of it, and what they do not: lines that begin with `#`.
    shown: String,
    hidden: String,
    /// It is compiled, but either not run or bound to fail.
    asserts_otherwise: bool,
}

impl Example {
    /// Whether something would be noticed if it were not so.
    pub(super) fn proves(&self) -> bool {
        self.asserts_otherwise || [&self.shown, &self.hidden].iter().any(|code| code.contains("assert"))
    }

    /// Whether readers see this name.
    pub(super) fn names(&self, name: &str) -> bool {
        self.places(name).next().is_some()
    }

    /// Whether readers see a function of this name called (`.name(`, `::name`) or defined (`fn name`).
    pub(super) fn calls(&self, name: &str) -> bool {
        self.places(name).any(|(before, after)| {
            let called = after.starts_with('(') || after.starts_with("::<");
            before.ends_with("::") || before.ends_with("fn ") || (called && before.ends_with('.'))
        })
    }

    /// What stands before and after each place where a name stands as a whole.
    fn places(&self, name: &str) -> impl Iterator<Item = (&str, &str)> {
        let around = self.shown.match_indices(name).map(|(at, _)| (&self.shown[..at], &self.shown[at + name.len()..]));
        let is_of_name = |c: char| c.is_alphanumeric() || c == '_';
        around.filter(move |(before, after)| !before.ends_with(is_of_name) && !after.starts_with(is_of_name))
    }
}

/// All blocks that rustdoc compiles.
pub(super) fn examples(docs: &str) -> Vec<Example> {
    let (mut found, mut lines) = (Vec::new(), docs.lines());
    while let Some(line) = lines.next() {
        let Some(language) = line.trim_start().strip_prefix("```") else { continue };
        let code: Vec<&str> = lines.by_ref().take_while(|line| line.trim() != "```").collect();
        if let Some(asserts_otherwise) = compiled(language) {
            found.push(example(&code, asserts_otherwise));
        }
    }
    found
}

/// For a block that is compiled: whether it proves something without an assertion.
fn compiled(language: &str) -> Option<bool> {
    let words = || language.split([',', ' ']).map(str::trim).filter(|word| !word.is_empty());
    let is_rust = |word: &str| {
        matches!(word, "rust" | "no_run" | "compile_fail" | "should_panic" | "standalone_crate")
            || word.starts_with("edition")
    };
    words().all(is_rust).then(|| words().any(|word| matches!(word, "no_run" | "compile_fail" | "should_panic")))
}

fn example(code: &[&str], asserts_otherwise: bool) -> Example {
    let is_hidden = |line: &&str| line.trim() == "#" || line.trim_start().starts_with("# ");
    let (hidden, shown): (Vec<&str>, Vec<&str>) = code.iter().partition(|line| is_hidden(line));
    let without_comment = |line: &&str| line.split("//").next().unwrap_or_default().to_owned();
    let join = |lines: Vec<&str>| lines.iter().map(without_comment).collect::<Vec<_>>().join("\n");
    Example { shown: join(shown), hidden: join(hidden), asserts_otherwise }
}

#[cfg(test)]
mod tests {
    use super::examples;

    #[test]
    fn only_what_is_compiled_is_an_example() {
        for (fence, count) in
            [("```", 1), ("```rust", 1), ("```no_run", 1), ("```rust,edition2024", 1), ("```text", 0), ("```ignore", 0)]
        {
            let docs = format!("Some words.\n\n{fence}\nassert!(true);\n```\n\nMore.");
            assert_eq!(examples(&docs).len(), count, "{fence}");
        }
        assert_eq!(examples("```\nassert!(1);\n```\n```toml\na = 1\n```\n```\n2;\n```").len(), 2);
    }

    #[test]
    fn an_example_proves_something_by_an_assertion_or_by_failing() {
        let proves = |docs: &str| examples(docs)[0].proves();
        assert!(proves("```\nassert_eq!(1, 1);\n```") && proves("```\n# assert!(true);\n```"));
        assert!(proves("```should_panic\nf();\n```") && proves("```no_run\nf();\n```"));
        assert!(!proves("```\nf(); // assert\n```"));
    }

    #[test]
    fn what_is_called_stands_as_a_whole_where_readers_see_it() {
        let docs = "```\n# a.hidden();\na.called();\nA::made(1);\nlet f = A::path;\na.generic::<u8>();\na.field;\nfn defined() {}\nb.longer_name(); // a.noted()\nassert!(x);\n```";
        let example = &examples(docs)[0];
        for name in ["called", "made", "path", "generic", "defined", "longer_name"] {
            assert!(example.calls(name), "{name}");
        }
        for name in ["hidden", "field", "longer", "name", "noted", "x"] {
            assert!(!example.calls(name), "{name}");
        }
        assert!(example.names("field") && example.names("x"));
        assert!(!example.names("longer") && !example.names("noted"));
    }
}
