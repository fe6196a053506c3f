//! What was proven: plain rows, a table, an assertion.

use std::fmt;

/// Something that is asked of every node.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Check {
    /// The callback allocates, frees and reallocates nothing.
    Allocations,
    /// The callback makes no system call.
    Syscalls,
    /// The callback touches no page for the first time.
    PageFaults,
    /// The callback never gives the processor away.
    Switches,
    /// No parameters and no samples make the node panic.
    Panics,
    /// The first block after the node was prepared touches no page for the first time either.
    FirstBlock,
    /// Any split of the same samples into blocks gives the same bits, with parameters changed meanwhile.
    AnyBlock,
    /// All [instructions](patchline_graph::Instructions) of this machine give the same bits and the same readings, in any
    /// split, with parameters changed meanwhile.
    Instructions,
    /// A node that only [sums up](patchline_graph::Mixing::Sums) and is not run gives the same bits as if it had been run, with
    /// parameters changed meanwhile.
    Mixing,
    /// After a reset everything sounds as at first, to the bit.
    Reset,
    /// A node that [rests](patchline_graph::Processor::rests) and is not run gives the same bits and readings as if it had
    /// been run.
    Rest,
    /// Finite samples in, finite samples out.
    Finite,
    /// NaN and infinities at the inputs do no lasting harm.
    NonFinite,
    /// Silence after loud input costs no more than twice the sound.
    Silence,
    /// `prepare` takes no more memory than `footprint` says.
    Footprint,
}

impl Check {
    /// All checks, in the order in which they are made.
    pub const ALL: [Check; 15] = [
        Check::Allocations,
        Check::Syscalls,
        Check::PageFaults,
        Check::Switches,
        Check::Panics,
        Check::FirstBlock,
        Check::AnyBlock,
        Check::Instructions,
        Check::Mixing,
        Check::Reset,
        Check::Rest,
        Check::Finite,
        Check::NonFinite,
        Check::Silence,
        Check::Footprint,
    ];
}

impl fmt::Display for Check {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Check::Allocations => "no allocation",
            Check::Syscalls => "no system call",
            Check::PageFaults => "no page fault",
            Check::Switches => "no waiting",
            Check::Panics => "no panic",
            Check::FirstBlock => "first block prepared",
            Check::AnyBlock => "any block",
            Check::Instructions => "any instructions",
            Check::Mixing => "mixing",
            Check::Reset => "reset",
            Check::Rest => "rest",
            Check::Finite => "finite",
            Check::NonFinite => "NaN and infinity",
            Check::Silence => "silence is cheap",
            Check::Footprint => "footprint",
        })
    }
}

/// What came of a check.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It holds for what was tried.
    Holds,
    /// It does not; the evidence says when.
    Broken,
    /// It could not be tried; the evidence says why. Never a pass.
    NotChecked,
    /// The node has nothing that this asks about, such as an input.
    DoesNotApply,
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Verdict::Holds => "holds",
            Verdict::Broken => "BROKEN",
            Verdict::NotChecked => "not checked",
            Verdict::DoesNotApply => "does not apply",
        })
    }
}

/// One check of one node.
#[derive(Clone, Debug)]
pub struct Row {
    /// What was asked.
    pub check: Check,
    /// What came of it.
    pub verdict: Verdict,
    /// On what: counts, or the first thing that broke it, or why it was not checked.
    pub evidence: String,
}

impl Row {
    pub(crate) fn new(check: Check, verdict: Verdict, evidence: impl Into<String>) -> Self {
        Self { check, verdict, evidence: evidence.into() }
    }

    /// What is broken, or else on what it holds.
    pub(crate) fn judge(check: Check, result: Result<String, String>) -> Self {
        match result {
            Ok(evidence) => Self::new(check, Verdict::Holds, evidence),
            Err(evidence) => Self::new(check, Verdict::Broken, evidence),
        }
    }
}

/// What was proven of a node. Prints as a table.
#[derive(Clone, Debug)]
pub struct Proof {
    pub(crate) node: &'static str,
    pub(crate) rows: Vec<Row>,
}

impl Proof {
    /// The node's type.
    #[must_use]
    pub fn node(&self) -> &'static str {
        self.node
    }

    /// One row for each check that was asked for.
    #[must_use]
    pub fn rows(&self) -> &[Row] {
        &self.rows
    }

    /// The row of a check, if it was asked for.
    #[must_use]
    pub fn row(&self, check: Check) -> Option<&Row> {
        self.rows.iter().find(|row| row.check == check)
    }

    /// Whether everything that was asked for was checked, and holds.
    #[must_use]
    pub fn holds(&self) -> bool {
        !self.any(Verdict::Broken) && !self.any(Verdict::NotChecked)
    }

    /// Passes over a node of which everything holds.
    ///
    /// # Panics
    /// With the table, if something is broken, or could not be checked on this system.
    #[track_caller]
    pub fn assert(&self) {
        assert!(self.holds(), "{self}");
    }

    /// Passes over a node of which nothing is broken, as far as this system can tell: for tests that also run where the
    /// kernel refuses no system calls.
    ///
    /// # Panics
    /// With the table, if something is broken.
    #[track_caller]
    pub fn assert_where_checked(&self) {
        assert!(!self.any(Verdict::Broken), "{self}");
    }

    fn any(&self, verdict: Verdict) -> bool {
        self.rows.iter().any(|row| row.verdict == verdict)
    }
}

impl fmt::Display for Proof {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.node)?;
        for Row { check, verdict, evidence } in &self.rows {
            writeln!(f, "  {check:<21} {verdict:<15} {}", evidence.trim_end().replace('\n', "\n      "))?;
        }
        Ok(())
    }
}
