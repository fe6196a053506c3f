//! Commands of `./x`: judged by its help, as they take long.

use std::process::Command;
use std::sync::OnceLock;

use crate::support::repository;

/// What is behind a command, which has options that the help leaves to it.
const BEHIND: [(&str, &str); 2] = [("bench", "benches/src/cli.rs"), ("counts", "crates/counts/src/main.rs")];

/// What `./x help` says.
pub(super) fn help() -> &'static str {
    static HELP: OnceLock<String> = OnceLock::new();
    HELP.get_or_init(|| {
        let output = Command::new("sh").args(["./x", "help"]).current_dir(repository()).output().expect("a shell");
        assert!(output.status.success(), "./x help fails");
        String::from_utf8(output.stdout).expect("text")
    })
}

/// What is wrong with the words behind `./x`.
pub(super) fn fault(words: &[&str]) -> Option<String> {
    let (command, rest) = words.split_first()?;
    if about(command).is_empty() {
        return Some(format!("`./x help` has no command `{command}`"));
    }
    let unknown = rest.iter().find(|word| word.starts_with("--") && !has(command, word))?;
    Some(format!("neither `./x help` nor what `./x {command}` runs has an option `{unknown}`"))
}

/// What the help says of a command: from its name to the next one.
fn about(command: &str) -> String {
    let begins = |line: &&str| line.starts_with("  ") && !line.starts_with("   ");
    let is_it = |line: &&str| begins(line) && line.split_whitespace().next() == Some(command);
    let mut lines = help().lines().skip_while(|line| !is_it(line));
    let first = lines.next().into_iter();
    first.chain(lines.take_while(|line| !begins(line) && !line.is_empty())).collect::<Vec<_>>().join("\n")
}

fn has(command: &str, option: &str) -> bool {
    let behind = BEHIND.iter().find(|(of, _)| *of == command);
    let declared = |(_, path): &(&str, &str)| {
        let source = std::fs::read_to_string(repository().join(path)).expect("the source of what is behind");
        source.contains(&format!(" {}:", option.trim_start_matches('-').replace('-', "_")))
    };
    let is_end = |rest: &str| !rest.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '-');
    about(command).split(option).skip(1).any(is_end) || behind.is_some_and(declared)
}

mod tests {
    use super::*;

    #[test]
    fn what_there_is_has_no_fault() {
        for good in [&["test"][..], &["fuzz", "--seconds", "9", "patch"], &["bench", "--output", "x.json"], &["help"]] {
            assert_eq!(fault(good), None, "{good:?}");
        }
        for bad in [&["tset"][..], &["fuzz", "--second", "9"], &["bench", "--outputs", "x.json"], &["fuzz", "--output"]]
        {
            assert!(fault(bad).is_some(), "{bad:?}");
        }
    }
}
