//! Memory that a device's thread will use, touched before: the first use of a page enters the kernel.

use std::hint::black_box;

use rtrb::{Consumer, Producer, RingBuffer};

/// A ring whose every place has been written once.
pub(crate) fn ring<T>(capacity: usize, filler: impl Fn() -> T) -> (Producer<T>, Consumer<T>) {
    let (mut producer, mut consumer) = RingBuffer::new(capacity);
    while producer.push(filler()).is_ok() {}
    while consumer.pop().is_ok() {}
    (producer, consumer)
}

/// So many zeros, which were written: memory that the system hands out as zeros is not there before it is used.
pub(crate) fn zeros(samples: usize) -> Vec<f32> {
    // A zero that the compiler does not know of.
    std::iter::repeat_n(black_box(0.0), samples).collect()
}
