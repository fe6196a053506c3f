//! Rings between the audio thread and a helper thread.

use rtrb::{Consumer, Producer, RingBuffer};

/// A ring of `capacity` samples whose every page has been written, so that the audio thread never faults one in.
pub(crate) fn touched_ring(capacity: usize) -> (Producer<f32>, Consumer<f32>) {
    let (mut producer, mut consumer) = RingBuffer::new(capacity);
    producer.write_chunk(capacity).expect("a new ring is empty").commit_all();
    consumer.read_chunk(capacity).expect("the ring was just filled").commit_all();
    (producer, consumer)
}
