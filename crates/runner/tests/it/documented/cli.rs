//! The commands and options that there are, as `--help` has them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::OnceLock;

use super::shell::Word;
use crate::support::Folder;

/// The options of each command, long and short.
pub(super) struct Cli(BTreeMap<String, BTreeSet<String>>);

/// A call of the runner, read as the runner reads it.
pub(super) struct Call<'a> {
    pub(super) command: &'a str,
    /// Whether it is `run` because it names none.
    is_implied: bool,
    pub(super) arguments: &'a [Word],
}

impl Cli {
    pub(super) fn get() -> &'static Self {
        static CLI: OnceLock<Cli> = OnceLock::new();
        CLI.get_or_init(|| {
            let folder = Folder::new();
            let help = folder.run(["--help"]).exits(0).stdout;
            let (_, commands) = help.split_once("Commands:\n").expect("the commands");
            let names = commands.lines().take_while(|line| !line.is_empty());
            let names = names.filter_map(|line| line.strip_prefix("  ")?.split(' ').next());
            let of = |name: &str| options(&folder.run([name, "--help"]).exits(0).stdout);
            let mut cli: BTreeMap<_, _> =
                names.filter(|name| !["", "help"].contains(name)).map(|name| (name.to_owned(), of(name))).collect();
            cli.insert(String::new(), options(&help));
            cli.insert("help".to_owned(), BTreeSet::new());
            assert!(cli.len() > 15 && cli["run"].contains("--backend") && cli["run"].contains("-d"), "{cli:?}");
            Self(cli)
        })
    }

    /// Whether any command has this option.
    pub(super) fn has(&self, option: &str) -> bool {
        self.0.values().any(|options| options.contains(option))
    }

    pub(super) fn call<'a>(&self, arguments: &'a [Word]) -> Call<'a> {
        let first = arguments.first().map_or("", |word| word.text.as_str());
        match first {
            first if self.0.contains_key(first) && !first.is_empty() => {
                Call { command: first, is_implied: false, arguments: &arguments[1..] }
            }
            first if first.starts_with('-') && first.len() > 1 => Call { command: "", is_implied: false, arguments },
            _ => Call { command: "run", is_implied: true, arguments },
        }
    }

    /// What is wrong with a call, in words, as far as commands and options go. Names in capitals stand for others.
    pub(super) fn fault(&self, call: &Call<'_>) -> Option<String> {
        let first = call.arguments.first().map_or("", |word| word.text.as_str());
        if call.is_implied && !is_patch(first) {
            return Some(format!("there is no command `{first}`"));
        }
        let words = call.arguments.iter().map(|word| word.text.as_str()).take_while(|word| *word != "--");
        let mut options = words.filter(|word| word.len() > 1 && word.starts_with('-') && !is_number(word));
        let unknown = options.find(|word| !self.0[call.command].contains(name(word)))?;
        let command = format!("runner {}", call.command);
        Some(format!("`{}` has no option `{}`", command.trim_end(), name(unknown)))
    }
}

impl Call<'_> {
    /// Where an option's value stands, if it is given.
    pub(super) fn value(&self, options: &[&str]) -> Option<&Word> {
        let at = self.arguments.iter().position(|word| options.contains(&word.text.as_str()))?;
        self.arguments.get(at + 1)
    }

    pub(super) fn has(&self, options: &[&str]) -> bool {
        self.arguments.iter().any(|word| options.contains(&name(&word.text)))
    }

    pub(super) fn is(&self, commands: &[&str]) -> bool {
        commands.contains(&self.command)
    }
}

/// `--profile=10s` is `--profile`.
fn name(word: &str) -> &str {
    word.split('=').next().unwrap_or(word)
}

fn is_number(word: &str) -> bool {
    word.trim_start_matches('-').starts_with(|c: char| c.is_ascii_digit())
}

fn is_patch(word: &str) -> bool {
    let placeholder = !word.is_empty() && word.chars().all(|c| c.is_ascii_uppercase() || "_.".contains(c));
    word == "-" || placeholder || word.contains(['/', '\\', '$', '{']) || word.ends_with(".toml")
}

/// The options that a help text declares.
fn options(help: &str) -> BTreeSet<String> {
    let declared = help.lines().map(str::trim).filter(|line| line.starts_with('-'));
    let declared = declared.flat_map(|line| line.split("  ").next().unwrap_or_default().split([' ', ',', '[', '=']));
    let aliases =
        help.split("[alias").skip(1).flat_map(|rest| rest.split(']').next().unwrap_or_default().split([' ', ',']));
    declared.chain(aliases).filter(|word| word.len() > 1 && word.starts_with('-')).map(str::to_owned).collect()
}

mod tests {
    use super::super::shell;
    use super::*;

    #[test]
    fn what_there_is_has_no_fault() {
        let fault = |text: &str| Cli::get().fault(&Cli::get().call(shell::read(text).calls[0].arguments()));
        for good in [
            "runner echo.toml -d 5s --profile=10s",
            "runner PATCH --scene verse",
            "runner --version",
            "runner help",
            "runner render - -i x.wav -o - --tail -1",
            "runner render p.toml --resume",
            "runner bench --loopback --sample-rate 48000",
        ] {
            assert_eq!(fault(good), None, "{good}");
        }
        for (bad, words) in [
            ("runner echo.toml --durration 5s", "`runner run` has no option `--durration`"),
            ("runner paly x.wav", "there is no command `paly`"),
            ("runner play x.wav -i y.wav", "`runner play` has no option `-i`"),
            ("runner --levle", "`runner` has no option `--levle`"),
        ] {
            assert_eq!(fault(bad).as_deref(), Some(words), "{bad}");
        }
    }
}
