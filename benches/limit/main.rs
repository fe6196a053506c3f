//! What the engine costs, as a ratio to hand-written fused loops that compute the same bits.
//!
//! `cargo bench --bench limit` prints a table; `-- --json` prints one JSON object instead; `-- --quick` takes a tenth
//! of the samples. Both sides of a pair run in turn, sample by sample, in one process: the machine's mood hits both, so
//! the ratio means something where nanoseconds do not. Neither divan nor criterion pairs two functions like this.

mod cases;
mod loops;
mod measure;
mod once;
mod print;

use measure::Rounds;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let asked = |flag: &str| arguments.iter().any(|argument| argument == flag);
    let rounds = Rounds(if asked("--quick") { 15 } else { 151 });
    let pairs: Vec<measure::Pair> = cases::all().into_iter().map(|case| rounds.measure(case)).collect();
    let once = once::all(rounds);
    if asked("--json") {
        println!("{}", print::json(&pairs, &once));
    } else {
        print::table(&pairs, &once);
    }
}
