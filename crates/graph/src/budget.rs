//! Memory is counted before it is allocated.

use crate::arena::Arena;
use crate::channels::Widths;
use crate::gains::Gains;
use crate::pieces::Pieces;
use crate::{GraphError, Place, Schedule, Slot, StreamSpec};

/// The most channels that all ports together may have.
const MOST_IN_ALL: usize = 1 << 20;

/// Bytes of buffers, feedback lines and processors.
pub(crate) fn footprint(schedule: &Schedule, max_frames: usize) -> usize {
    let lines = schedule.lines.len().saturating_mul(crate::feedback::footprint(schedule.feedback));
    let processors = schedule.slots.iter().map(|slot| slot.footprint.saturating_add(factors(slot)));
    let processors = processors.fold(0, usize::saturating_add);
    Arena::footprint(schedule.buffers, max_frames).saturating_add(lines).saturating_add(processors)
}

/// Bytes of what mixes read of a node that is dissolved in them.
fn factors(slot: &Slot) -> usize {
    slot.mixing.as_ref().map_or(0, |mixing| mixing.factors().saturating_mul(Gains::FOOTPRINT))
}

/// Refuses a graph of more channels than anybody means, before anything is built for each of them.
pub(crate) fn channels(widths: &Pieces<Widths>) -> Option<GraphError> {
    let all = widths.iter().flat_map(|widths| widths.inputs.iter().chain(&widths.outputs));
    let total: usize = all.sum();
    let message = || format!("the ports of this graph have {total} channels in all; there are at most {MOST_IN_ALL}");
    (total > MOST_IN_ALL).then(|| GraphError::new(Place::Graph, message()))
}

/// Refuses a schedule that would take more than the stream's budget, naming the node that takes most.
pub(crate) fn memory(schedule: &Schedule, stream: &StreamSpec) -> Result<(), GraphError> {
    let needed = footprint(schedule, stream.max_frames);
    if needed <= stream.max_memory {
        return Ok(());
    }
    let heaviest = schedule.slots.iter().max_by_key(|slot| slot.footprint).filter(|slot| slot.footprint > needed / 4);
    let (place, detail) = match heaviest {
        Some(slot) => {
            (Place::Node(slot.name.to_string()), format!("; `{}` alone takes {}", slot.name, size(slot.footprint)))
        }
        None => (Place::Graph, String::new()),
    };
    let message = format!(
        "the graph needs {} of memory and `max_memory` allows {}{detail}",
        size(needed),
        size(stream.max_memory)
    );
    Err(GraphError::new(place, message))
}

/// Bytes in words: `1.5 MiB`.
fn size(bytes: usize) -> String {
    let units = ["B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"];
    let mut value = bytes as f64;
    let mut unit = 0;
    while value >= 1024.0 && unit + 1 < units.len() {
        value /= 1024.0;
        unit += 1;
    }
    if unit == 0 { format!("{bytes} B") } else { format!("{value:.1} {}", units[unit]) }
}
