//! Levels as people read them: dBFS with a sign and one decimal, and a bar over the last 60 dB.

/// Cells of a bar, over this many dB below full scale.
const CELLS: usize = 50;
const SPAN_DB: f64 = 60.0;
/// Magnitudes below this are shown as this: -200 dBFS.
const LEAST: f64 = 1e-10;

/// A linear magnitude in dBFS: `20·log10(max(x, 1e-10))`.
pub(crate) fn dbfs(linear: f64) -> f64 {
    20.0 * linear.max(LEAST).log10()
}

/// A level with its sign and one decimal: `-6.0`, `+0.0`; `–` for one that was never measured.
pub(crate) fn signed(db: f64) -> String {
    if db.is_nan() {
        return "–".to_owned();
    }
    // What rounds to zero has the sign of zero.
    let db = if db.abs() < 0.05 { 0.0 } else { db };
    format!("{db:+.1}")
}

/// 50 cells over -60…0 dBFS, clamped at both ends.
pub(crate) fn bar(db: f64) -> String {
    let filled = ((db + SPAN_DB) / SPAN_DB * CELLS as f64).round().clamp(0.0, CELLS as f64) as usize;
    format!("{}{}", "█".repeat(filled), "·".repeat(CELLS - filled))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bar_is_clamped_at_both_ends() {
        for (db, filled) in [(-200.0, 0), (-60.0, 0), (-30.0, 25), (-6.0, 45), (0.0, 50), (12.0, 50)] {
            let bar = bar(db);
            assert_eq!(bar.chars().count(), CELLS);
            assert_eq!(bar.chars().filter(|&c| c == '█').count(), filled, "{db}");
        }
    }

    #[test]
    fn levels_have_a_sign_and_one_decimal() {
        for (linear, text) in [(1.0, "+0.0"), (0.5, "-6.0"), (0.9999, "+0.0"), (2.0, "+6.0"), (0.0, "-200.0")] {
            assert_eq!(signed(dbfs(linear)), text);
        }
    }
}
