//! Memory that the audio thread will write, touched before: the first write to a page enters the kernel.

use std::hint::black_box;
use std::mem::MaybeUninit;

use rtrb::{Consumer, Producer, RingBuffer};

/// A ring whose every place has been written once.
pub(crate) fn ring<T>(capacity: usize, filler: impl Fn() -> T) -> (Producer<T>, Consumer<T>) {
    let (mut producer, mut consumer) = RingBuffer::new(capacity);
    while producer.push(filler()).is_ok() {}
    while consumer.pop().is_ok() {}
    (producer, consumer)
}

/// An empty vector with room for `capacity` entries, whose every place has been written once.
pub(crate) fn room<T>(capacity: usize) -> Vec<T> {
    let mut room = Vec::with_capacity(capacity);
    // Once the memory has been shown to somebody, the compiler cannot ask for it as zeros instead, which are lazy.
    black_box(room.as_mut_ptr());
    room.spare_capacity_mut().iter_mut().for_each(|place| *place = MaybeUninit::zeroed());
    black_box(room.as_mut_ptr());
    room
}

/// So many zeros, each of which has been written.
pub(crate) fn zeros(samples: usize) -> Vec<f32> {
    // A zero that the compiler does not know of.
    std::iter::repeat_n(black_box(0.0), samples).collect()
}
