//! How long impulses took, over time, as SVG.

use patchline_chart::{Axis, Curve, Curves, Look};

use super::round_trip::RoundTrip;

/// A dot for each impulse that was heard, and their mean.
pub(super) fn latencies(device: &str, found: &RoundTrip, rate: u32) -> String {
    let (seconds, ms) = (|frames: u64| frames as f64 / f64::from(rate), |frames: f64| frames * 1e3 / f64::from(rate));
    let points: Vec<(f64, f64)> =
        found.latencies.iter().map(|&(sent, latency)| (seconds(sent), ms(latency as f64))).collect();
    let mean = points.first().zip(points.last()).zip(found.mean()).map(|((first, last), mean)| {
        let points = vec![(first.0, ms(mean)), (last.0, ms(mean))];
        Curve { name: format!("mean {:.2} ms", ms(mean)), points, look: Look::Limit }
    });
    let impulses = Curve { name: "impulses".to_owned(), points, look: Look::Dots };
    let note = format!("ms from output to input, {} heard, {} missed", found.latencies.len(), found.missed);
    Curves {
        title: device,
        note: &note,
        x_name: "seconds of the device's time",
        x: Axis::linear(),
        y: Axis::linear(),
        curves: [impulses].into_iter().chain(mean).collect(),
    }
    .draw()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_impulse_is_a_dot_and_none_is_no_panic() {
        let found = RoundTrip { latencies: vec![(480, 480), (4_800, 490)], missed: 1, ..RoundTrip::default() };
        let svg = latencies("a<b", &found, 48_000);
        assert_eq!(svg.matches("<circle").count(), 2);
        assert!(svg.contains("mean 10.10 ms") && svg.contains("2 heard, 1 missed"), "{svg}");
        assert!(latencies("a", &RoundTrip::default(), 48_000).contains("0 heard"));
    }
}
