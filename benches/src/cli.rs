//! The command line, and the run it asks for.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Parser;

use crate::cells::cells;
use crate::goals::judge;
use crate::machine::Machine;
use crate::measure::Effort;
use crate::play::Case;
use crate::report::{compare, documents, table};
use crate::results::{ExtraResult, Measurement, PeerInfo, Results};
use crate::workload::Workload;
use crate::{Others, Peer, RESULTS, edit, growth, progress, root, start, suite, threads, to_json};

/// What the engine costs, as ratios to hand-written loops that compute the same bits, and to other engines.
///
/// All who take part in a case run in one process and take turns; a ratio is taken in each round, and the median is shown
/// between its quartiles. Tables go to the standard output, progress to the standard error.
#[derive(Parser)]
#[command(name = "bench", bin_name = "./x bench", version = None)]
struct Arguments {
    /// Take a tenth of the rounds: a look, not a result
    #[arg(long)]
    quick: bool,
    /// Print one JSON object and nothing else: goals, machine, all measurements
    #[arg(long)]
    json: bool,
    /// Write the JSON into a file, too
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Measure only what has this in its name (see --list); may be given several times
    #[arg(long, value_name = "PATTERN")]
    only: Vec<String>,
    /// List what would be measured, and measure nothing
    #[arg(long)]
    list: bool,
    /// Compare two results, or one with a run made now: ratios that differ by more than their spread
    #[arg(long, value_name = "JSON", num_args = 1..=2)]
    compare: Option<Vec<PathBuf>>,
    /// Measure all, and write docs/performance.json, docs/performance.md and docs/figures from it
    #[arg(long, conflicts_with_all = ["only", "list", "compare"])]
    figures: bool,
    /// Write docs/performance.md and docs/figures from these results, and measure nothing
    #[arg(long, value_name = "JSON", conflicts_with_all = ["only", "list", "compare", "figures"])]
    docs: Option<PathBuf>,
    /// Leave other engines and programs out: only the hand-written loops
    #[arg(long)]
    no_peers: bool,
}

impl Arguments {
    fn wants(&self, name: &str) -> bool {
        let name = name.to_lowercase();
        self.only.is_empty() || self.only.iter().any(|part| name.contains(&part.to_lowercase()))
    }

    fn effort(&self) -> Effort {
        if self.quick { Effort::QUICK } else { Effort::FULL }
    }
}

/// The whole program.
pub(crate) fn main(mut others: Others) -> ExitCode {
    let arguments = Arguments::parse();
    if arguments.no_peers {
        others = Others::default();
    }
    match run(&arguments, others) {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("bench: {message}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &Arguments, mut others: Others) -> Result<(), String> {
    if arguments.list {
        names(&others).iter().filter(|name| arguments.wants(name)).for_each(|name| println!("{name}"));
        return Ok(());
    }
    if let Some(file) = &arguments.docs {
        return write_documents(&read(file)?);
    }
    if let Some([old, new]) = arguments.compare.as_deref() {
        print!("{}", compare(&read(old)?, &read(new)?));
        return Ok(());
    }
    // Before minutes of measuring: the file might be missing.
    let before = arguments.compare.as_deref().and_then(<[_]>::first).map(|file| read(file)).transpose()?;
    let results = measure(arguments, &mut others)?;
    if let Some(file) = &arguments.output {
        std::fs::write(file, to_json(&results)).map_err(|error| format!("cannot write {}: {error}", file.display()))?;
    }
    if arguments.figures {
        write_documents(&results)?;
    }
    match (&before, arguments.json) {
        (_, true) => print!("{}", to_json(&results)),
        (Some(before), _) => print!("{}\n{}", table(&results), compare(before, &results)),
        _ => print!("{}", table(&results)),
    }
    disagreements(&results.measurements)
}

/// Whoever computes something else makes the run fail, after it has said all it has to say.
fn disagreements(measurements: &[Measurement]) -> Result<(), String> {
    let count = measurements.iter().map(|found| found.left_out.len()).sum::<usize>();
    if count == 0 {
        Ok(())
    } else {
        Err(format!("{count} results of other engines are left out: they are not the same"))
    }
}

/// Every case: what is promised something, and what else is good to know.
fn cases() -> Vec<Case> {
    let mixed = [(1, 30), (2, 100), (3, 300)].map(|(seed, nodes)| Workload::Mixed { seed, nodes });
    let more = [Workload::Chain { nodes: 1 }, Workload::Wide { nodes: 1 }].into_iter().chain(mixed);
    let more = more.flat_map(|workload| [16, 64, 128, 512].map(|block| (workload.clone(), block)));
    let more = more.map(|(workload, block)| Case { workload, block });
    let mut all: Vec<Case> = Vec::new();
    for case in cells().into_iter().flat_map(|cell| cell.cases).chain(more) {
        if !all.contains(&case) {
            all.push(case);
        }
    }
    all
}

/// What there is to be measured, by the names that `--only` looks at.
fn names(others: &Others) -> Vec<String> {
    let extras = others.extras.iter().map(|extra| extra.case());
    let own = edit::NAMES
        .iter()
        .map(|name| (*name).to_owned())
        .chain(growth::names())
        .chain([start::NAME, threads::NAME].map(str::to_owned));
    cases().iter().map(Case::to_string).chain(extras).chain(own).collect()
}

fn measure(arguments: &Arguments, others: &mut Others) -> Result<Results, String> {
    let machine = Machine::here();
    let effort = arguments.effort();
    let mut measurements = Vec::new();
    for case in cases().iter().filter(|case| arguments.wants(&case.to_string())) {
        progress(&case.to_string());
        measurements.push(suite::measure(case, &others.peers, effort)?);
    }
    let quantities = edit::all(effort, |name| arguments.wants(name));
    let growth = growth::all(effort, |name| arguments.wants(name));
    let started = start::start(effort, |name| arguments.wants(name));
    let threads = threads::threads(effort, |name| arguments.wants(name));
    let quantities: Vec<_> =
        quantities.into_iter().chain(started).chain(threads).chain(growth::slopes(&growth)).collect();
    let mut extras = Vec::new();
    for extra in others.extras.iter_mut().filter(|extra| arguments.wants(&extra.case())) {
        let (goal, case) = (extra.goal().to_owned(), extra.case());
        progress(&case);
        let (timed, why_not) = match extra.measure(effort) {
            Ok(timed) => (Some(timed), None),
            Err(why) => (None, Some(why)),
        };
        extras.push(ExtraResult { goal, case, timed, why_not });
    }
    let mut goals = judge(&measurements, &extras, &quantities);
    if !arguments.only.is_empty() {
        goals.retain(|goal| goal.ratio.is_some());
    }
    let peers = others.peers.iter().map(|peer| info(peer.as_ref())).collect();
    Ok(Results { goals, machine, quick: effort.quick, peers, measurements, extras, quantities, growth })
}

fn info(peer: &dyn Peer) -> PeerInfo {
    PeerInfo { name: peer.name().to_owned(), version: peer.version().to_owned(), differs: peer.differs().to_owned() }
}

fn read(file: &Path) -> Result<Results, String> {
    let text = std::fs::read_to_string(file).map_err(|error| format!("cannot read {}: {error}", file.display()))?;
    serde_json::from_str(&text).map_err(|error| format!("{} holds no results of this bench: {error}", file.display()))
}

/// Figures that these results have nothing for are removed: the folder holds what the page shows.
fn write_documents(results: &Results) -> Result<(), String> {
    let documents = documents(results);
    let folder = root().join("docs/figures");
    let old = std::fs::read_dir(&folder).into_iter().flatten().flatten().map(|entry| entry.path());
    let stale = |path: &PathBuf| {
        path.extension().is_some_and(|it| it == "svg") && !documents.iter().any(|it| root().join(&it.path) == *path)
    };
    for path in old.filter(stale) {
        std::fs::remove_file(&path).map_err(|error| format!("cannot remove {}: {error}", path.display()))?;
    }
    for document in &documents {
        let path = root().join(&document.path);
        let written = std::fs::create_dir_all(path.parent().expect("every document lies in a folder"))
            .and_then(|()| std::fs::write(&path, &document.text));
        written.map_err(|error| format!("cannot write {}: {error}", path.display()))?;
        progress(&format!("wrote {}", document.path));
    }
    debug_assert!(documents.iter().any(|document| document.path == RESULTS));
    Ok(())
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_sound() {
        Arguments::command().debug_assert();
        let arguments = Arguments::parse_from(["bench", "--only", "Delay", "--quick"]);
        assert!(arguments.wants("10 delays with mix, blocks of 64") && !arguments.wants("gain, meter"));
    }

    #[test]
    fn every_name_is_there_once() {
        let mut names = names(&Others::default());
        let all = names.len();
        names.sort();
        names.dedup();
        assert_eq!(names.len(), all);
    }
}
