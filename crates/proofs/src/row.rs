//! What was proven: a row of the table, a line of JSON.

use comfy_table::{ContentArrangement, Table, presets};
use serde::{Deserialize, Serialize};

/// What came of a proof.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Verdict {
    /// It holds for all that was tried.
    Proven,
    /// It does not, or a planted violation was not flagged.
    Failed,
    /// It was not tried, for the reason that the evidence gives.
    LeftOut,
}

/// One row.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Row {
    /// What is promised.
    pub(crate) what: String,
    /// The node type, with its choice, where the row is about one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) node: Option<String>,
    /// The tool that looked.
    pub(crate) by: String,
    /// What it looked at, with counts; or what it found; or why it did not look.
    pub(crate) on: String,
    pub(crate) verdict: Verdict,
}

impl Row {
    pub(crate) fn new(verdict: Verdict, what: impl Into<String>, by: &str, on: impl Into<String>) -> Self {
        Self { what: what.into(), node: None, by: by.to_owned(), on: on.into(), verdict }
    }

    /// Proven on what, or failed with what.
    pub(crate) fn judge(what: impl Into<String>, by: &str, result: Result<String, String>) -> Self {
        match result {
            Ok(on) => Self::new(Verdict::Proven, what, by, on),
            Err(found) => Self::new(Verdict::Failed, what, by, found),
        }
    }

    /// The row of one node type.
    pub(crate) fn of(self, node: &str) -> Self {
        Self { node: Some(node.to_owned()), ..self }
    }

    pub(crate) fn left_out(what: impl Into<String>, by: &str, why: impl Into<String>) -> Self {
        Self::new(Verdict::LeftOut, what, by, why)
    }
}

/// The rows as a person reads them; what was left out comes last.
pub(crate) fn table(rows: &[Row]) -> Table {
    let mut table = Table::new();
    table.load_style(presets::UTF8_HORIZONTAL_ONLY).set_content_arrangement(ContentArrangement::Dynamic);
    if table.width().is_none() {
        table.set_width(140);
    }
    table.set_header(["what", "by", "on", "verdict"]);
    let (left_out, tried): (Vec<&Row>, Vec<&Row>) = rows.iter().partition(|row| row.verdict == Verdict::LeftOut);
    for alike in [tried, left_out].iter().flat_map(|rows| rows.chunk_by(|a, b| a.is_like(b))) {
        let verdict = match alike[0].verdict {
            Verdict::Proven => "proven",
            Verdict::Failed => "FAILED",
            Verdict::LeftOut => "left out",
        };
        table.add_row([&alike[0].what, &alike[0].by, &evidence(alike), verdict]);
    }
    table
}

/// What rows say that differ only in their node.
fn evidence(alike: &[&Row]) -> String {
    let named = |row: &Row| row.node.as_ref().map_or_else(|| row.on.clone(), |node| format!("{node}: {}", row.on));
    match alike {
        [row] => named(row),
        [first, ..] if first.verdict == Verdict::Proven => {
            let nodes: Vec<&str> = alike.iter().filter_map(|row| row.node.as_deref()).collect();
            format!("{} nodes, each of: {}\nThe first: {}", alike.len(), nodes.join(", "), first.on)
        }
        rows => rows.iter().map(|row| named(row)).collect::<Vec<_>>().join("\n"),
    }
}

impl Row {
    /// Whether it stands in one line of the table with another.
    fn is_like(&self, other: &Row) -> bool {
        let key = |row: &Row| (row.what.clone(), row.by.clone(), row.verdict);
        self.node.is_some() && other.node.is_some() && key(self) == key(other)
    }
}

/// The rows that a child process printed, one in a line.
pub(crate) fn read(text: &str) -> Vec<Row> {
    text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect()
}

/// Prints a row for the process that started this one.
pub(crate) fn tell(row: &Row) {
    println!("{}", serde_json::to_string(row).expect("a row is plain data"));
}
