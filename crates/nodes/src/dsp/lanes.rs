//! Accumulators in lanes: frame k of a window belongs to lane k mod N, and vectors wherever a block begins.
//!
//! A sum so depends on the window alone, not on how it is split nor on how wide the machine's vectors are.

/// `N` accumulators side by side. A frame of 0 changes none of them.
pub(crate) trait Lanes<const N: usize>: Copy {
    /// Every lane hears one frame.
    fn hear(&mut self, frames: &[f32; N]);

    /// Lane j becomes what lane j + `by` mod `N` was.
    fn turn(&mut self, by: usize);
}

/// Lanes that are turned to where blocks begin: long ones mostly begin at the same lanes again and again.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Turned<L, const N: usize> {
    lanes: L,
    /// The lane that stands in the first place.
    front: usize,
}

impl<L: Lanes<N>, const N: usize> Turned<L, N> {
    /// Hears the frames of a window from `position` on.
    #[inline(always)]
    pub(crate) fn hear(&mut self, position: usize, samples: &[f32]) {
        let mut place = position.wrapping_sub(self.front) % N;
        if place != 0 && samples.len() >= 2 * N {
            self.turn(place);
            place = 0;
        }
        let (head, body) = samples.split_at(samples.len().min((N - place) % N));
        let (groups, tail) = body.as_chunks();
        // A copy of their own stays in registers.
        let mut lanes = self.lanes;
        if !head.is_empty() {
            lanes.hear(&among_zeros(head, place));
        }
        groups.iter().for_each(|group| lanes.hear(group));
        if !tail.is_empty() {
            lanes.hear(&among_zeros(tail, 0));
        }
        self.lanes = lanes;
    }

    /// The lanes in their order.
    #[inline(always)]
    pub(crate) fn straight(&mut self) -> &mut L {
        if self.front != 0 {
            self.turn(N - self.front);
        }
        &mut self.lanes
    }

    #[inline(always)]
    fn turn(&mut self, by: usize) {
        self.lanes.turn(by);
        self.front = (self.front + by) % N;
    }
}

/// A few frames in a list that is 0 otherwise, copied without a call.
#[inline(always)]
fn among_zeros<const N: usize>(samples: &[f32], mut place: usize) -> [f32; N] {
    let mut list = [0.0; N];
    let mut rest = samples;
    while let Some((now, later)) = rest.split_first_chunk::<8>() {
        list[place..place + 8].copy_from_slice(now);
        (place, rest) = (place + 8, later);
    }
    if let Some((now, later)) = rest.split_first_chunk::<4>() {
        list[place..place + 4].copy_from_slice(now);
        (place, rest) = (place + 4, later);
    }
    list[place..].iter_mut().zip(rest).for_each(|(to, from)| *to = *from);
    list
}

/// What [`Lanes::turn`] does to a list.
#[inline(always)]
pub(crate) fn turned<T: Copy, const N: usize>(list: &[T; N], by: usize) -> [T; N] {
    let twice = [*list, *list];
    let mut turned = *list;
    turned.copy_from_slice(&twice.as_flattened()[by % N..][..N]);
    turned
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::testing::{blocks, noise, splits};
    use super::*;

    /// Notes what each lane heard, as a number that depends on the order.
    #[derive(Clone, Copy, Debug, Default, PartialEq)]
    struct Heard([f64; 8]);

    impl Lanes<8> for Heard {
        fn hear(&mut self, frames: &[f32; 8]) {
            for (heard, frame) in self.0.iter_mut().zip(frames).filter(|(_, frame)| **frame != 0.0) {
                *heard = *heard * 0.75 + f64::from(*frame);
            }
        }

        fn turn(&mut self, by: usize) {
            self.0 = turned(&self.0, by);
        }
    }

    proptest! {
        #[test]
        fn every_frame_reaches_its_lane_in_order(split in splits(), frames in 0usize..500) {
            let signal = noise(7, frames);
            let mut expected = Heard::default();
            for (k, x) in signal.iter().enumerate() {
                let mut frames = [0.0; 8];
                frames[k % 8] = *x;
                expected.hear(&frames);
            }
            let mut lanes = Turned::<Heard, 8>::default();
            for block in blocks(frames, &split) {
                lanes.hear(block.start, &signal[block]);
            }
            prop_assert_eq!(*lanes.straight(), expected);
        }
    }
}
