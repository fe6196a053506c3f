//! The documentation, done: every command of every page runs as it stands there, in the order it stands there; patches
//! are accepted; and what prose names exists.
//!
//! A page's commands are its `sh` blocks, one in each line. `# exits with 3` says how one ends that does not end with 0.
//! "Save this as `NAME`" right before a block puts it there. What is changed of a command so that it ends, and what is not
//! run at all, stands in [`rules`], with the reason.

mod batch;
mod blocks;
mod cargo;
mod cli;
mod execute;
mod markdown;
mod rules;
mod script;
mod shell;
mod spans;
mod stage;

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use markdown::{Page, pages};
use rules::Needed;

#[test]
fn every_command_of_every_page_does_what_it_says() {
    let pages = pages();
    let commands = |page: &Page| page.blocks_of("sh").map(|block| block.commands().len()).sum::<usize>();
    assert!(pages.len() > 25 && pages.iter().map(commands).sum::<usize>() > 60, "only {} pages", pages.len());
    let needed = Needed::default();
    let mut faults = of_all(&pages, |page| execute::faults(page, &needed));
    faults.extend(needed.rest().iter().map(|what| format!("rules.rs: no page needs \"{what}\"")));
    assert!(faults.is_empty(), "\n{}", faults.join("\n"));
}

#[test]
fn every_block_of_every_page_is_what_it_says() {
    let pages = pages();
    let mut faults = of_all(&pages, blocks::faults);
    faults.extend(blocks::needless(&pages).iter().map(|table| format!("blocks.rs: no page has `{table}`")));
    assert!(faults.is_empty(), "\n{}", faults.join("\n"));
}

#[test]
fn what_prose_names_exists() {
    let pages = pages();
    let mut faults = of_all(&pages, spans::faults);
    faults.extend(spans::needless(&pages).iter().map(|option| format!("spans.rs: no page names `{option}`")));
    assert!(faults.is_empty(), "\n{}", faults.join("\n"));
}

#[test]
fn what_is_marked_is_run_elsewhere() {
    for page in pages() {
        for block in page.blocks_of("sh").filter(|block| !block.mark.is_empty()) {
            let known = page.name == "docs/batch.md" && batch::MARKS.contains(&block.mark.as_str());
            assert!(known, "{}:{}: `{}` is a mark of docs/batch.md only", page.name, block.line, block.mark);
        }
    }
}

/// A page with every sort of mistake: each is told with its line.
#[test]
fn mistakes_of_a_page_are_found() {
    let page = Page::read(
        "p.md",
        "```sh\nrunner check echo.toml\nrunner check --cup echo.toml\nrunner check missing.toml  # exits with 3\n\
         runner check missing.toml  # exits with 5\nrunner echo.toml --osc 9123\noscsend localhost 9123 /trim/gian f 0.5\n\
         ./x tset\ncargo test -p patchline-grahp\ngramophone x.wav\n$ runner devices\nrunner play 'voice.wav\n```\n",
    );
    let faults = execute::faults(&page, &Needed::default());
    let expected = [
        (3, "--cup"),
        (4, "Some(5) instead of 3"),
        (7, "1 refused"),
        (8, "no command `tset`"),
        (9, "no package"),
        (10, "`gramophone` is neither"),
        (11, "a prompt"),
        (12, "the shell cannot read"),
    ];
    for (line, words) in expected {
        let place = format!("p.md:{line}: ");
        let found = faults.iter().any(|fault| fault.starts_with(&place) && fault.contains(words));
        assert!(found, "{place}{words} is not in {faults:#?}");
    }
    assert_eq!(faults.len(), expected.len(), "{faults:#?}");
}

/// What is wrong with pages, two of them at a time.
fn of_all(pages: &[Page], faults: impl Fn(&Page) -> Vec<String> + Sync) -> Vec<String> {
    let (next, found) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    let judge = || {
        while let Some(page) = pages.get(next.fetch_add(1, Ordering::Relaxed)) {
            let faults = faults(page);
            found.lock().expect("nobody panics with it").extend(faults);
        }
    };
    std::thread::scope(|scope| (0..2).for_each(|_| _ = scope.spawn(judge)));
    found.into_inner().expect("nobody panics with it")
}
