//! Numbers with their units, for people.

use std::fmt::Display;

use patchline_graph::Frames;

/// `1 node`, `2 nodes`.
pub(crate) fn count<N: Display + PartialEq + From<u8>>(number: N, thing: &str) -> String {
    let plural = if number == N::from(1) { "" } else { "s" };
    format!("{number} {thing}{plural}")
}

/// Frames in milliseconds.
pub(crate) fn ms(frames: Frames, rate: u32) -> f64 {
    frames as f64 * 1000.0 / f64::from(rate)
}

/// `256 frames (5.33 ms)`.
pub(crate) fn frames_and_ms(frames: Frames, rate: u32) -> String {
    format!("{} ({:.2} ms)", count(frames, "frame"), ms(frames, rate))
}

/// `1.5 MiB`.
pub(crate) fn bytes(bytes: usize) -> String {
    let units = ["KiB", "MiB", "GiB", "TiB", "PiB", "EiB"];
    if bytes < 1024 {
        return format!("{bytes} B");
    }
    let mut value = bytes as f64 / 1024.0;
    let mut unit = 0;
    // What rounds to 1024 belongs to the next unit.
    while value >= 1023.95 && unit + 1 < units.len() {
        value /= 1024.0;
        unit += 1;
    }
    format!("{value:.1} {}", units[unit])
}

/// A part of a whole: `12 %`, and below 10 % with a digit more.
pub(crate) fn percent(part: f64) -> String {
    let percent = part * 100.0;
    if percent < 9.95 { format!("{percent:.1} %") } else { format!("{percent:.0} %") }
}

/// As [`percent`], with as many digits as small parts need: `0.034 %`.
pub(crate) fn fine_percent(part: f64) -> String {
    match part * 100.0 {
        ..0.0995 => format!("{:.3} %", part * 100.0),
        ..0.995 => format!("{:.2} %", part * 100.0),
        _ => percent(part),
    }
}

/// A position in the stream: `1:02.345`.
pub(crate) fn clock(frames: Frames, rate: u32) -> String {
    let millis = (u128::from(frames) * 1000 / u128::from(rate.max(1))) as u64;
    let (seconds, millis) = (millis / 1000, millis % 1000);
    let (minutes, seconds) = (seconds / 60, seconds % 60);
    match (minutes / 60, minutes % 60) {
        (0, minutes) => format!("{minutes}:{seconds:02}.{millis:03}"),
        (hours, minutes) => format!("{hours}:{minutes:02}:{seconds:02}.{millis:03}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_change_where_they_should() {
        let texts = [0, 1023, 1024, 1536, (1 << 20) - 1, 1 << 20].map(bytes);
        assert_eq!(texts, ["0 B", "1023 B", "1.0 KiB", "1.5 KiB", "1.0 MiB", "1.0 MiB"]);
        assert_eq!([1, 2, 0].map(|n| count(n, "node")), ["1 node", "2 nodes", "0 nodes"]);
    }

    #[test]
    fn small_parts_have_a_digit_more() {
        assert_eq!([0.0, 0.0123, 0.0996, 0.5, 1.3].map(percent), ["0.0 %", "1.2 %", "10 %", "50 %", "130 %"]);
        assert_eq!([0.000_342, 0.00123, 0.0123, 0.5].map(fine_percent), ["0.034 %", "0.12 %", "1.2 %", "50 %"]);
    }

    #[test]
    fn positions_read_like_a_clock() {
        let at = |seconds: f64| clock((seconds * 48_000.0) as u64, 48_000);
        assert_eq!([0.0, 62.5, 3600.25].map(at), ["0:00.000", "1:02.500", "1:00:00.250"]);
        assert_eq!(frames_and_ms(256, 48_000), "256 frames (5.33 ms)");
    }
}
