//! Counts as a table.

use comfy_table::{CellAlignment, Table, presets};

use crate::baseline::Baseline;
use crate::callgrind::Count;

/// One line for each scenario and instruction set.
pub(crate) fn counts(counts: &[Count], baseline: &Baseline) -> Table {
    let with_limit = counts.iter().any(|count| count.limit.is_some());
    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    let mut head = vec!["instructions of", "compiled for", "per block", "per frame", "baseline", "change"];
    head.extend(with_limit.then_some("× loop's"));
    table.set_header(head);
    for count in counts {
        let now = count.per_block();
        let before = baseline.get(&count.scenario, &count.set);
        let per_frame = (count.frames > 0).then(|| format!("{:.2}", now / count.frames as f64));
        let mut row = vec![
            count.scenario.clone(),
            count.set.clone(),
            format!("{now:.0}"),
            per_frame.unwrap_or_default(),
            before.map(|before| format!("{before:.0}")).unwrap_or_default(),
            before.map(|before| change(now, before)).unwrap_or_default(),
        ];
        if with_limit {
            let ratio = count.limit.map(|limit| format!("{:.2}", count.instructions as f64 / limit as f64));
            row.push(ratio.unwrap_or_default());
        }
        table.add_row(row);
    }
    table.column_iter_mut().skip(2).for_each(|column| column.set_cell_alignment(CellAlignment::Right));
    table
}

fn change(now: f64, before: f64) -> String {
    let percent = 100.0 * (now / before - 1.0);
    if percent.abs() < 0.05 { "0".to_owned() } else { format!("{percent:+.1} %") }
}
