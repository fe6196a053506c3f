//! The node that lets a link wait.

use crate::{Frames, Io, Node, NodeError, Ports, PrepareSpec, Processor, Tail, touched};

/// Delays by whole frames, bit for bit.
#[derive(Clone, PartialEq)]
pub(crate) struct Wait {
    pub(crate) frames: Frames,
}

/// A ring of frames for each channel.
pub(crate) struct Waiting {
    rings: Vec<Vec<f32>>,
    position: usize,
}

impl Node for Wait {
    const KIND: &'static str = "alignment";
    type Processor = Waiting;

    fn ports(&self) -> Ports {
        Ports::effect()
    }

    fn prepare(&self, spec: &PrepareSpec) -> Result<Waiting, NodeError> {
        let frames = usize::try_from(self.frames).map_err(|_| NodeError::new("no memory holds such a latency"))?;
        Ok(Waiting { rings: (0..spec.channels()).map(|_| touched::zeros(frames)).collect(), position: 0 })
    }

    fn footprint(&self, spec: &PrepareSpec) -> usize {
        let ring = usize::try_from(self.frames).unwrap_or(usize::MAX).saturating_mul(size_of::<f32>());
        size_of::<Waiting>() + spec.channels().saturating_mul(ring.saturating_add(size_of::<Vec<f32>>()))
    }

    fn latency(&self, _spec: &PrepareSpec) -> Frames {
        self.frames
    }

    fn tail(&self, _spec: &PrepareSpec) -> Tail {
        Tail::Frames(self.frames)
    }

    fn rebuilds(&self, previous: &Self) -> bool {
        self.frames != previous.frames
    }
}

impl Processor for Waiting {
    type Params = Wait;

    fn update(&mut self, _params: &Wait) {}

    fn process(&mut self, io: &mut Io<'_>) {
        let (frames, position) = (io.frames(), self.position);
        for (channel, ring) in io.main().channels().zip(&mut self.rings) {
            exchange(channel, ring, position);
        }
        let length = self.rings.first().map_or(1, Vec::len).max(1);
        self.position = (position + frames) % length;
    }

    fn reset(&mut self) {
        self.rings.iter_mut().for_each(|ring| ring.fill(0.0));
    }
}

/// Takes out what went in a whole ring ago.
fn exchange(mut channel: &mut [f32], ring: &mut [f32], mut position: usize) {
    while !channel.is_empty() {
        let length = channel.len().min(ring.len() - position);
        let (now, later) = channel.split_at_mut(length);
        now.swap_with_slice(&mut ring[position..position + length]);
        position = if position + length == ring.len() { 0 } else { position + length };
        channel = later;
    }
}
