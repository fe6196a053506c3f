//! Powers of two, with the same bits on every machine.

/// 1.5 · 2⁵²: added to a number, it leaves the nearest integer in the lowest bits of the sum.
const ROUNDS: f64 = 6_755_399_441_055_744.0;

/// 2^`x`, within 1e−11 of it, for |x| ≤ 1000; what lies beyond is taken as 1000 or −1000.
///
/// The nearest integer becomes the exponent; for the rest, at most ½, it is e^(rest · ln 2) by Taylor's series to the 9th
/// power, whose next term is below 7e−12. Nothing but sums and products, so it can be vectorised.
///
/// ```
/// use patchline_graph::exp2;
///
/// // A semitone up, and an octave.
/// assert!((exp2(1.0 / 12.0) - 1.059_463_094_359_295).abs() < 1e-10);
/// assert_eq!(exp2(1.0), 2.0);
/// ```
#[inline(always)]
pub fn exp2(x: f64) -> f64 {
    let x = if x > 1000.0 { 1000.0 } else { x };
    let x = if x < -1000.0 { -1000.0 } else { x };
    let rounded = x + ROUNDS;
    let y = (x - (rounded - ROUNDS)) * std::f64::consts::LN_2;
    // Two terms at a time, then two of these: nothing has to wait for all that comes before it.
    let (y2, y4) = (y * y, (y * y) * (y * y));
    let lowest = (1.0 + y) + (0.5 + 1.0 / 6.0 * y) * y2;
    let middle = (1.0 / 24.0 + 1.0 / 120.0 * y) + (1.0 / 720.0 + 1.0 / 5_040.0 * y) * y2;
    let highest = 1.0 / 40_320.0 + 1.0 / 362_880.0 * y;
    let power = f64::from_bits(rounded.to_bits().wrapping_add(1023) << 52);
    (lowest + (middle + highest * y4) * y4) * power
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_as_close_as_it_says() {
        for step in -1_000_000..=1_000_000 {
            let x = f64::from(step) * 1e-3;
            let error = (exp2(x) / libm::exp2(x) - 1.0).abs();
            assert!(error < 1e-11, "{x}: {error}");
        }
        assert_eq!([exp2(0.0), exp2(10.0), exp2(-3.0)], [1.0, 1024.0, 0.125]);
        assert_eq!(exp2(f64::INFINITY), libm::exp2(1000.0));
    }
}
