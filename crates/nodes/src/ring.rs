//! Rings between the audio thread and a helper thread.

use std::hint::black_box;

use rtrb::{Consumer, Producer, RingBuffer};

/// A ring of `capacity` samples whose every page has been written, so that the audio thread never faults one in.
pub(crate) fn touched_ring(capacity: usize) -> (Producer<f32>, Consumer<f32>) {
    let (mut producer, mut consumer) = RingBuffer::new(capacity);
    // A zero that the compiler does not know of: memory of zeros that it does know of may be lazy.
    while producer.push(black_box(0.0)).is_ok() {}
    consumer.read_chunk(capacity).expect("the ring was just filled").commit_all();
    (producer, consumer)
}
