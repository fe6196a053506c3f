//! How the times of calls are spread, as SVG: a row of bars for each block size, over the part of its period.

use std::fmt::Write;

use super::Size;

const TAKES: &str = "a string takes every text";
/// Bars for a factor of ten; from 0.01 % of the period to ten times as much.
const PER_DECADE: usize = 24;
const DECADES: usize = 5;
const LEAST_EXPONENT: i32 = -4;
/// Units of the picture.
const WIDTH: f64 = 720.0;
const ROW: f64 = 56.0;
const LEFT: f64 = 96.0;
const TOP: f64 = 44.0;
const STYLE: &str = "<style>text { font: 12px sans-serif; fill: #112 } .end { text-anchor: end } .middle { text-anchor: \
                     middle } .bar { fill: #47a } .late { fill: #c33 } line { stroke: #bbc } .limit { stroke: #c33 }</style>\n";

/// The picture; heights are relative in each row.
pub(super) fn svg(name: &str, sizes: &[Size], rate: u32) -> String {
    let height = TOP + ROW * sizes.len() as f64 + 40.0;
    let whole = LEFT + WIDTH + 24.0;
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {whole} {height}\" width=\"{whole}\" \
         height=\"{height}\">\n{STYLE}<text x=\"{LEFT}\" y=\"20\">{}: time of a call as a part of its block's, {rate} Hz\
         </text>\n",
        escaped(name)
    );
    let bottom = TOP + ROW * sizes.len() as f64;
    for decade in 0..=DECADES {
        let (x, part) = (x(decade * PER_DECADE), 10_f64.powi(LEAST_EXPONENT + 2 + decade as i32));
        let limit = if decade == DECADES - 1 { " class=\"limit\"" } else { "" };
        writeln!(out, "<line{limit} x1=\"{x:.1}\" y1=\"{TOP}\" x2=\"{x:.1}\" y2=\"{bottom}\"/>").expect(TAKES);
        writeln!(out, "<text class=\"middle\" x=\"{x:.1}\" y=\"{}\">{part} %</text>", bottom + 18.0).expect(TAKES);
    }
    for (row, size) in sizes.iter().enumerate() {
        bars(&mut out, size, rate, TOP + ROW * (row + 1) as f64);
    }
    out.push_str("</svg>\n");
    out
}

fn x(bar: usize) -> f64 {
    LEFT + WIDTH * bar as f64 / (PER_DECADE * DECADES) as f64
}

fn bars(out: &mut String, size: &Size, rate: u32, base: f64) {
    writeln!(out, "<text class=\"end\" x=\"{}\" y=\"{}\">{} frames</text>", LEFT - 8.0, base - 8.0, size.block)
        .expect(TAKES);
    let counts = histogram(size, rate);
    let most = counts.iter().copied().max().unwrap_or(1).max(1) as f64;
    for (bar, &count) in counts.iter().enumerate().filter(|(_, count)| **count > 0) {
        // By its logarithm, so that a single call is seen beside a million.
        let height = (ROW - 12.0) * (1.0 + count as f64).ln() / (1.0 + most).ln();
        let class = if bar >= PER_DECADE * (DECADES - 1) { "late" } else { "bar" };
        let (x, width) = (x(bar), x(1) - x(0) - 0.5);
        writeln!(
            out,
            "<rect class=\"{class}\" x=\"{x:.1}\" y=\"{:.1}\" width=\"{width:.1}\" height=\"{height:.1}\"><title>{count}\
             </title></rect>",
            base - height
        )
        .expect(TAKES);
    }
}

/// Calls for each bar; what lies beyond both ends is in the first or the last one.
fn histogram(size: &Size, rate: u32) -> Vec<u64> {
    let mut counts = vec![0; PER_DECADE * DECADES];
    let period = size.period(rate);
    for &time in size.spread.times() {
        let place = ((time as f64 / period).log10() - f64::from(LEAST_EXPONENT)) * PER_DECADE as f64;
        let bar = (place.max(0.0) as usize).min(counts.len() - 1);
        counts[bar] += 1;
    }
    counts
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cpu::Spread;

    #[test]
    fn every_call_is_in_the_picture_and_late_ones_are_red() {
        // A block of 48 frames has 1 ms.
        let size = |times: Vec<u64>| Size { block: 48, spread: Spread::new(times).unwrap() };
        let sizes = [size(vec![1, 1_000, 10_000, 10_000]), size(vec![999_000, 1_001_000, u64::MAX])];
        let counts = histogram(&sizes[0], 48_000);
        assert_eq!((counts[0], counts[PER_DECADE], counts[2 * PER_DECADE]), (1, 1, 2));
        assert_eq!(histogram(&sizes[1], 48_000).iter().sum::<u64>(), 3);
        let svg = svg("a<b", &sizes, 48_000);
        assert_eq!((svg.matches("class=\"bar\"").count(), svg.matches("class=\"late\"").count()), (4, 2));
        assert!(svg.contains("a&lt;b") && svg.ends_with("</svg>\n"));
    }
}
