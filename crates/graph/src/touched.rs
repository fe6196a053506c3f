//! Memory that the audio thread will use, touched before: the first use of a page enters the kernel.
//!
//! Memory that was allocated is not there yet, and memory that was allocated and then filled with zeros may not be,
//! either: the compiler may ask for it as zeros, which the kernel brings when they are used. Here it is written for good.

use std::hint::black_box;
use std::mem::MaybeUninit;

use rtrb::{Consumer, Producer, RingBuffer};

/// A ring for `capacity` entries from one thread to another, whose every place has been written once. Places that were
/// never used are read, too: what an entry does not fill is copied with it.
///
/// ```
/// use patchline_graph::touched;
///
/// let (mut sender, mut receiver) = touched::ring::<u32>(2);
/// assert_eq!((sender.push(1), sender.push(2)), (Ok(()), Ok(())));
/// assert!(sender.push(3).is_err());
/// assert_eq!(receiver.pop(), Ok(1));
/// ```
#[must_use]
pub fn ring<T>(capacity: usize) -> (Producer<T>, Consumer<T>) {
    let (mut producer, consumer) = RingBuffer::new(capacity);
    if let Ok(mut chunk) = producer.write_chunk_uninit(capacity) {
        let (first, second) = chunk.as_mut_slices();
        write(first);
        write(second);
    }
    (producer, consumer)
}

/// An empty vector with room for `capacity` entries, whose every place has been written once.
///
/// ```
/// let mut held: Vec<f32> = patchline_graph::touched::room(512);
/// assert!(held.is_empty() && held.capacity() >= 512);
/// // On the audio thread: no allocation, and no page that is not there yet.
/// held.extend_from_slice(&[0.5; 512]);
/// ```
#[must_use]
pub fn room<T>(capacity: usize) -> Vec<T> {
    let mut room = Vec::with_capacity(capacity);
    write(room.spare_capacity_mut());
    room
}

/// Writes to all of it.
fn write<T>(places: &mut [MaybeUninit<T>]) {
    // Once the memory has been shown to somebody, the compiler cannot ask for it as zeros instead, which are lazy.
    black_box(places.as_mut_ptr());
    places.iter_mut().for_each(|place| *place = MaybeUninit::zeroed());
    black_box(places.as_mut_ptr());
}

/// So many zeros, each of which has been written.
///
/// ```
/// assert_eq!(patchline_graph::touched::zeros(3), [0.0; 3]);
/// ```
#[must_use]
pub fn zeros(samples: usize) -> Vec<f32> {
    // A zero that the compiler does not know of.
    std::iter::repeat_n(black_box(0.0), samples).collect()
}
