//! Results as a run might have them.

use crate::cells::cells;
use crate::goals::judge;
use crate::machine::Machine;
use crate::measure::{Spread, Timed};
use crate::results::{ExtraResult, Growth, Measurement, PeerInfo, Point, Quantity, Results, Versus};

/// Every case that is promised something, with times that look like times.
pub(crate) fn results() -> Results {
    let mut cases: Vec<_> = cells().into_iter().flat_map(|cell| cell.cases).collect();
    cases.dedup();
    let measurements: Vec<Measurement> =
        cases.iter().enumerate().map(|(index, case)| measurement(index, case)).collect();
    let timed = Timed::over(&[10.0, 11.0, 12.0], &[100.0, 99.0, 101.0]);
    let extras =
        vec![extra("file-ffmpeg", Some(timed), None), extra("file-sox", None, Some("sox is not installed".to_owned()))];
    let quantities = vec![Quantity {
        goal: "compile-us".to_owned(),
        case: "compiling a chain of 1000 gains".to_owned(),
        unit: "µs".to_owned(),
        value: spread(150.0),
        samples: 3,
    }];
    let points = [1, 10, 100, 1000].map(|size| Point { size, ns: spread(20.0 + size as f64) });
    let growth = ["nodes", "frames"].map(|of| Growth {
        of: of.to_owned(),
        case: "chain of gains".to_owned(),
        points: points.to_vec(),
        slope: 0.97,
        samples: 3,
    });
    let peer = |name: &str| PeerInfo { name: name.to_owned(), version: "1.0.0".to_owned(), differs: "<&>".to_owned() };
    Results {
        goals: judge(&measurements, &extras, &quantities),
        machine: Machine::here(),
        quick: false,
        peers: vec![peer("firewheel"), peer("fundsp (Net)")],
        measurements,
        extras,
        quantities,
        growth: growth.to_vec(),
    }
}

fn spread(median: f64) -> Spread {
    Spread { low: median * 0.98, median, high: median * 1.02 }
}

fn measurement(index: usize, case: &crate::Case) -> Measurement {
    let ours = 50.0 + index as f64;
    let versus = |name: &str, is_limit: bool, factor: f64| Versus {
        name: name.to_owned(),
        is_limit,
        ns: spread(ours * factor),
        ratio: spread(1.0 / factor),
    };
    Measurement {
        workload: case.workload.to_string(),
        block: case.block,
        ours_ns: spread(ours),
        versus: vec![
            versus("loop (AVX2)", true, 0.8),
            versus("firewheel", false, 12.0),
            versus("fundsp (Net)", false, 20.0),
        ],
        samples: 3,
        left_out: vec![],
        cannot: vec![],
    }
}

fn extra(goal: &str, timed: Option<Timed>, why_not: Option<String>) -> ExtraResult {
    ExtraResult { goal: goal.to_owned(), case: format!("10 minutes of stereo: {goal}"), timed, why_not }
}
