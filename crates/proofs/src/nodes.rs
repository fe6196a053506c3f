//! Every registered node, with all its choices, under a tool.

use patchline_nodes::PatchNode;
use patchline_prove::{Check, Prove, Verdict};

use crate::row::{self, Row};
use crate::{Every, every_node, rtsan};

/// Lengths of callbacks, short ones among them, that keep what recorders write in bounds.
const LENGTHS: [usize; 8] = [64, 1, 17, 256, 7, 32, 3, 128];

const CALLBACK: [Check; 5] = [Check::Allocations, Check::Syscalls, Check::PageFaults, Check::Switches, Check::Panics];

/// Tells a row for the callbacks of each node, then one for everything else that is asked of it.
pub(crate) fn guarded(callbacks: usize) {
    struct Callbacks(usize);
    impl Every for Callbacks {
        fn proof<N: PatchNode>(&mut self, name: &str, proof: Prove<N>) {
            let proof = proof.callbacks(self.0).blocks(&LENGTHS).only(&CALLBACK);
            row::tell(&judge(name, "0 allocations, frees, system calls, page faults, waits, panics", "guard", &proof));
        }
    }
    struct Others;
    impl Every for Others {
        fn proof<N: PatchNode>(&mut self, name: &str, proof: Prove<N>) {
            let others: Vec<Check> = Check::ALL.into_iter().filter(|check| !CALLBACK.contains(check)).collect();
            let proof = proof.only(&others).alone();
            row::tell(&judge(
                name,
                "any block, any instructions, mixing, reset, finite, NaN, silence, memory",
                "harness",
                &proof,
            ));
        }
    }
    every_node(&mut Callbacks(callbacks));
    every_node(&mut Others);
}

/// Threads that render, taken in turn.
const THREADS: [usize; 3] = [2, 3, 4];

/// Tells a row for the callbacks of each node, and the tasks of the workers that share them: with each node by another
/// number of threads.
pub(crate) fn shared(callbacks: usize) {
    struct Shared<T>(usize, T);
    impl<T: Iterator<Item = usize>> Every for Shared<T> {
        fn proof<N: PatchNode>(&mut self, name: &str, proof: Prove<N>) {
            let threads = self.1.next().expect("they are taken in turn");
            let proof = proof.callbacks(self.0).blocks(&LENGTHS).only(&CALLBACK).threads(threads);
            row::tell(&judge(name, "the same in the tasks of workers, by 2 to 4 threads", "guard", &proof));
        }
    }
    every_node(&mut Shared(callbacks, THREADS.into_iter().cycle()));
}

/// Tells a row for the callbacks of each node under RealtimeSanitizer, which ends the process if it finds something.
pub(crate) fn sanitized(callbacks: usize) {
    struct Sanitized(usize);
    impl Every for Sanitized {
        fn proof<N: PatchNode>(&mut self, name: &str, proof: Prove<N>) {
            let proof = proof.callbacks(self.0).blocks(&LENGTHS).only(&[Check::Panics]).around(rtsan::around);
            row::tell(&judge(name, "nothing that may block, in any function of the C library", "rtsan", &proof));
        }
    }
    every_node(&mut Sanitized(callbacks));
}

fn judge<N: PatchNode>(name: &str, what: &str, by: &str, prove: &Prove<N>) -> Row {
    let proof = prove.run();
    let of = |verdict| proof.rows().iter().filter(move |row| row.verdict == verdict);
    let evidence = |row: &patchline_prove::Row| format!("{}: {}", row.check, row.evidence);
    let broken: Vec<String> = of(Verdict::Broken).map(evidence).collect();
    let unchecked: Vec<String> = of(Verdict::NotChecked).map(evidence).collect();
    let row = match (&broken[..], &unchecked[..]) {
        ([], []) => Row::judge(what, by, Ok(summary(&proof))),
        ([], unchecked) => Row::left_out(what, by, unchecked.join("; ")),
        (broken, _) => Row::judge(what, by, Err(broken.join("\n"))),
    };
    row.of(name)
}

/// What the first check says it was tried on, or how many checks there were.
fn summary(proof: &patchline_prove::Proof) -> String {
    match proof.rows() {
        [first, ..] if CALLBACK.contains(&first.check) => first.evidence.trim_start_matches("0 in ").to_owned(),
        rows => format!("{} checks", rows.iter().filter(|row| row.verdict == Verdict::Holds).count()),
    }
}
