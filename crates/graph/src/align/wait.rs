//! The node that lets a link wait.

use crate::hush::is_silence;
use crate::{Frame, Frames, Hush, Io, Node, NodeError, Ports, PrepareSpec, Processor, Tail, touched};

/// Delays by whole frames, bit for bit.
#[derive(Clone, PartialEq)]
pub(crate) struct Wait {
    pub(crate) frames: Frames,
}

/// A ring of frames for each channel.
pub(crate) struct Waiting {
    rings: Vec<Vec<f32>>,
    position: usize,
    hushes: Vec<Hush>,
    /// The last sample of each channel that came out.
    last: Vec<f32>,
}

impl Node for Wait {
    const KIND: &'static str = "alignment";
    type Processor = Waiting;

    fn ports(&self) -> Ports {
        Ports::effect()
    }

    fn prepare(&self, spec: &PrepareSpec) -> Result<Waiting, NodeError> {
        let frames = usize::try_from(self.frames).map_err(|_| NodeError::new("no memory holds such a latency"))?;
        let channels = spec.channels();
        let rings = (0..channels).map(|_| touched::zeros(frames)).collect();
        Ok(Waiting { rings, position: 0, hushes: vec![Hush::default(); channels], last: vec![0.0; channels] })
    }

    fn footprint(&self, spec: &PrepareSpec) -> usize {
        let ring = usize::try_from(self.frames).unwrap_or(usize::MAX).saturating_mul(size_of::<f32>());
        size_of::<Waiting>() + spec.channels().saturating_mul(ring.saturating_add(size_of::<(Vec<f32>, Hush, f32)>()))
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
        for ((channel, ring), last) in io.main().channels().zip(&mut self.rings).zip(&mut self.last) {
            exchange(channel, ring, position);
            *last = channel[frames - 1];
        }
        self.position = (position + frames) % self.length();
    }

    fn rests(&mut self, position: Frame) -> bool {
        let mut silent = self.rings.iter().zip(&mut self.hushes);
        silent.all(|(ring, hush)| hush.covers(ring, self.position, position)) && is_silence(&self.last)
    }

    fn slept(&mut self, frames: Frames) {
        let length = self.length();
        self.position = (self.position + (frames % length as Frames) as usize) % length;
    }

    fn reset(&mut self) {
        self.rings.iter_mut().for_each(|ring| ring.fill(0.0));
    }
}

impl Waiting {
    /// Frames of a ring, at least 1.
    fn length(&self) -> usize {
        self.rings.first().map_or(1, Vec::len).max(1)
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
