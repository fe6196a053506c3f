//! What was promised, cell by cell: which cases, against whom, by how much.

use crate::play::Case;
use crate::workload::Workload;

/// One promise.
pub(crate) struct Cell {
    /// For the machine: also what an [`crate::Extra`] names.
    pub(crate) key: &'static str,
    /// For people.
    pub(crate) name: &'static str,
    pub(crate) against: Against,
    /// Workloads at block sizes; all of them must hold, so the worst decides.
    pub(crate) cases: Vec<Case>,
    pub(crate) bound: Bound,
    /// The reason that was found where it does not hold.
    pub(crate) reason: Option<&'static str>,
}

/// What the number is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Against {
    /// Ours by the hand-written loop's time.
    Limit,
    /// The fastest peer's time by ours.
    BestPeer,
    /// This peer's time by ours: the fastest of those whose names begin so.
    Peer(&'static str),
    /// Ours alone, in nanoseconds.
    Nobody,
    /// What [`crate::Extra`]s of this key measure, the others' time by ours.
    Others,
    /// The same the other way round: ours by the others' time.
    OursByOthers,
    /// What was measured of this engine alone under this key.
    Quantity,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Bound {
    AtMost(f64),
    AtLeast(f64),
}

use Against::{BestPeer, Limit, Nobody, Others, OursByOthers, Peer, Quantity};
use Bound::{AtLeast, AtMost};

fn cell(key: &'static str, name: &'static str, against: Against, cases: Vec<Case>, bound: Bound) -> Cell {
    Cell { key, name, against, cases, bound, reason: reason(key) }
}

/// What was found, by counting instructions, where a promise is not kept. Shown only where it is not.
fn reason(key: &str) -> Option<&'static str> {
    let reason = match key {
        "chain-peers" | "chain-limit" | "chain-limit-100" | "short-peers" | "short-limit" | "wide-peers"
        | "wide-limit" => {
            "A call of `render` costs some twenty nanoseconds apart from the gains (whether anything has arrived, whose buffers these \
             are, looking for NaN in what comes and goes). In long blocks each gain is a multiplication of each sample, as in the \
             loop: no engine can be faster, and firewheel's pass over a warm buffer is not seven times as slow."
        }
        "empty-peers" | "empty-ns" => {
            "Half of the instructions look for NaN in what the device gives and takes, or move it; the rest ask whether anything has \
             arrived, and whose buffers these are. Others look for no NaN."
        }
        "moving-limit" => {
            "Each moving gain computes its way from the place in it, a power for 64 frames in f64, for the bits to be the same for any \
             split, and multiplies each sample by a value of its own."
        }
        "opaque-peers" | "opaque-limit-128" | "opaque-limit-512" => {
            "Each node is a pass over the block in the nearest cache, and a call behind a pointer; the loop keeps samples in \
             registers."
        }
        "wide-opaque-limit" => {
            "Each branch copies the input, passes over it, and is added in another pass; the loop does all in registers."
        }
        "delays-peers" | "delays-limit" | "delays-100-peers" | "delays-100-limit" => {
            "Each delay is a call behind a pointer and a pass that also looks for NaN and denormals in what it stores; the loop \
             takes all delays in one pass and looks for none. In short blocks the calls are most of it."
        }
        "edit-firewheel" => {
            "The graph is checked, ordered and verified whole at each load, by numbers: the schedule rests on nothing that an edit \
             could have left behind. Part of the time is the system's, for memory given back and taken again."
        }
        "swap" => {
            "What the new plan reads for the first time is not in the nearest cache yet; and the short way, which patches without \
             processors take otherwise, is not for blocks in which a message arrives."
        }
        "file-ffmpeg" | "file-sox" | "file-ecasound" | "file-camilladsp" | "file-limit" => {
            "Most of the time is the system's, which reads and writes the files for everybody. Ours also writes beside the file, has it \
             stored, and puts it in its place; and it measures the level of what it wrote."
        }
        "seeds-python" | "seeds-numpy" => {
            "The hand-written loop itself, whose time by ours stands above, is near these bounds: beyond some of them, short of others. \
             The rest is what keeps the chain from it: four passes instead of one."
        }
        "meter-firewheel" | "meter-limit" => {
            "The meter hears samples on their way into memory, as in the loop. Half of the rest is looking for NaN in what the device \
             gives and takes; and what the meter has heard is kept, so that it can be taken back where there is one."
        }
        "seeds-peers" | "seeds-limit-128" | "seeds-limit-512" => {
            "Four passes instead of one, of which the delay's and the device's look for NaN; and the meter and the gate each \
             sum up squares by themselves, which the loop does once."
        }
        _ => return None,
    };
    Some(reason)
}

fn cases(workloads: impl IntoIterator<Item = Workload>, blocks: &[usize]) -> Vec<Case> {
    let each = |workload: Workload| blocks.iter().map(move |&block| Case { workload: workload.clone(), block });
    workloads.into_iter().flat_map(each).collect()
}

/// Everything that was promised.
pub(crate) fn cells() -> Vec<Cell> {
    let mut all = chains();
    all.extend(opaque());
    all.extend(fixed());
    all.extend(delays());
    all.extend(wide());
    all.extend(effects());
    all.extend(edits());
    all.extend(files());
    all.extend(scaling());
    all
}

fn chains() -> Vec<Cell> {
    let gains = |counts: &[usize]| counts.iter().map(|&nodes| Workload::Chain { nodes }).collect::<Vec<_>>();
    let blocks = &[64, 128, 512, 1024];
    let moving = cases([Workload::Moving { nodes: 100 }], &[128]);
    vec![
        cell(
            "chain-peers",
            "chain of 10 gains and more, best peer",
            BestPeer,
            cases(gains(&[10, 100, 1000]), blocks),
            AtLeast(7.0),
        ),
        cell(
            "chain-limit",
            "chain of 10 gains and more, limit",
            Limit,
            cases(gains(&[10, 100, 1000]), blocks),
            AtMost(1.3),
        ),
        cell(
            "chain-limit-100",
            "chain of 100 gains and more, limit",
            Limit,
            cases(gains(&[100, 1000]), blocks),
            AtMost(1.1),
        ),
        cell("moving-limit", "chain of 100 gains, all moving, limit at rest", Limit, moving, AtMost(8.0)),
        cell(
            "short-peers",
            "chain of 100 gains in short blocks, best peer",
            BestPeer,
            cases(gains(&[100]), &[16]),
            AtLeast(4.0),
        ),
        cell(
            "short-limit",
            "chain of 100 gains in short blocks, limit",
            Limit,
            cases(gains(&[100]), &[16]),
            AtMost(1.3),
        ),
    ]
}

fn opaque() -> Vec<Cell> {
    let chains = || [10, 100, 1000].map(|nodes| Workload::OpaqueChain { nodes });
    vec![
        cell("opaque-peers", "chain of opaque nodes, best peer", BestPeer, cases(chains(), &[128, 512]), AtLeast(3.0)),
        cell("opaque-limit-128", "chain of opaque nodes, limit at 128", Limit, cases(chains(), &[128]), AtMost(4.0)),
        cell("opaque-limit-512", "chain of opaque nodes, limit at 512", Limit, cases(chains(), &[512]), AtMost(2.5)),
    ]
}

/// Nothing to do: no nodes at all, and the input passed to the output.
fn fixed() -> Vec<Cell> {
    let nothing = || cases([Workload::Empty, Workload::Through], &[64]);
    vec![
        cell("empty-peers", "empty render, every peer", BestPeer, nothing(), AtLeast(1.0)),
        cell("empty-ns", "empty render", Nobody, nothing(), AtMost(20.0)),
    ]
}

fn delays() -> Vec<Cell> {
    let some = |count: &[usize]| {
        let each = |nodes: usize| [false, true].map(|feedback| Workload::Delays { nodes, feedback });
        count.iter().flat_map(|&nodes| each(nodes)).collect::<Vec<_>>()
    };
    let blocks = &[64, 128, 512];
    let hundred = || cases([Workload::Delays { nodes: 100, feedback: false }], blocks);
    vec![
        cell("delays-peers", "up to 10 delays, best peer", BestPeer, cases(some(&[1, 10]), blocks), AtLeast(2.0)),
        cell("delays-limit", "up to 10 delays, limit", Limit, cases(some(&[1, 10]), blocks), AtMost(1.4)),
        cell("delays-100-peers", "100 delays, best peer", BestPeer, hundred(), AtLeast(1.4)),
        cell("delays-100-limit", "100 delays, limit", Limit, hundred(), AtMost(1.25)),
    ]
}

fn wide() -> Vec<Cell> {
    let counts = [10, 100, 1000];
    let blocks = &[64, 128, 512];
    let gains = || cases(counts.map(|nodes| Workload::Wide { nodes }), blocks);
    let opaque = cases(counts.map(|nodes| Workload::OpaqueWide { nodes }), blocks);
    vec![
        cell("wide-peers", "10 to 1000 gains in parallel, best peer", BestPeer, gains(), AtLeast(5.0)),
        cell("wide-limit", "10 to 1000 gains in parallel, limit", Limit, gains(), AtMost(1.5)),
        cell("wide-opaque-limit", "10 to 1000 opaque nodes in parallel, limit", Limit, opaque, AtMost(4.0)),
    ]
}

fn effects() -> Vec<Cell> {
    let meter = || cases([Workload::Meter], &[64, 128, 512]);
    let seeds = |blocks: &[usize]| cases([Workload::Seeds], blocks);
    vec![
        cell("meter-firewheel", "gain, meter, firewheel", Peer("firewheel"), meter(), AtLeast(8.0)),
        cell("meter-limit", "gain, meter, limit", Limit, meter(), AtMost(1.2)),
        cell("seeds-peers", "gain, delay, meter, gate, best peer", BestPeer, seeds(&[128, 512]), AtLeast(4.0)),
        cell("seeds-limit-512", "gain, delay, meter, gate, limit at 512", Limit, seeds(&[512]), AtMost(1.8)),
        cell("seeds-limit-128", "gain, delay, meter, gate, limit at 128", Limit, seeds(&[128]), AtMost(2.2)),
        cell("seeds-python", "gain, delay, meter, gate, a loop in Python", Others, vec![], AtLeast(1000.0)),
        cell("seeds-numpy", "gain, delay, meter, gate, numpy", Others, vec![], AtLeast(100.0)),
    ]
}

fn edits() -> Vec<Cell> {
    vec![
        cell("edit-firewheel", "edit of a graph of 1000 nodes, firewheel", OursByOthers, vec![], AtMost(0.5)),
        cell("compile-us", "compiling 1000 nodes", Quantity, vec![], AtMost(200.0)),
        cell("swap", "the block of the swap, a usual one", Quantity, vec![], AtMost(1.2)),
    ]
}

/// Ten minutes of stereo, the whole process, CPU time.
fn files() -> Vec<Cell> {
    vec![
        cell("file-ffmpeg", "10-minute file, ffmpeg", OursByOthers, vec![], AtMost(0.3)),
        cell("file-ecasound", "10-minute file, ecasound", OursByOthers, vec![], AtMost(0.2)),
        cell("file-sox", "10-minute file, sox", OursByOthers, vec![], AtMost(0.2)),
        cell("file-camilladsp", "10-minute file, camilladsp", OursByOthers, vec![], AtMost(0.12)),
        cell("file-limit", "10-minute file, a fused loop", OursByOthers, vec![], AtMost(1.5)),
    ]
}

fn scaling() -> Vec<Cell> {
    vec![
        cell("growth", "cost grows with nodes, frames, channels (log-log slope)", Quantity, vec![], AtMost(1.1)),
        cell("threads", "2 × 50 µs on two threads, one thread", Quantity, vec![], AtMost(0.6)),
    ]
}
