//! The hand-written program: a 16-bit stereo WAV file through a gain, and an echo if it is asked for, into another.
//!
//! `bench fused IN OUT FACTOR [DELAY MIX]`: frames of delay, and the echo's share. One loop over what one read gave.

use std::fs::File;
use std::io::{Read, Result, Write};

use super::plain_wav::{HEADER, header};

/// Bytes that are read at once: they stay in the second cache.
const PIECE: usize = 256 * 1024;

/// The first argument of this program that makes it that one.
pub(crate) const FUSED: &str = "fused";

pub(crate) fn main(arguments: &[String]) -> Result<()> {
    let number = |at: usize| arguments.get(at).map_or(0.0, |text: &String| text.parse::<f64>().expect("a number"));
    let mut input = File::open(&arguments[0])?;
    let mut output = File::create(&arguments[1])?;
    let mut head = [0; HEADER];
    input.read_exact(&mut head)?;
    output.write_all(&header(input.metadata()?.len() - HEADER as u64))?;
    let (factor, delay, mix) = (number(2) as f32, number(3) as usize, number(4));
    let mut echo = (delay > 0).then(|| Echo::new(2 * delay, mix));
    let mut bytes = vec![0; PIECE];
    let mut samples = vec![0.0; PIECE / 2];
    loop {
        let read = fill(&mut input, &mut bytes)?;
        if read == 0 {
            return Ok(());
        }
        let (bytes, samples) = (&mut bytes[..read], &mut samples[..read / 2]);
        let integers = bytes.chunks_exact(2).map(|two| i16::from_le_bytes([two[0], two[1]]));
        samples.iter_mut().zip(integers).for_each(|(to, from)| *to = f32::from(from) * factor);
        if let Some(echo) = &mut echo {
            echo.run(samples);
        }
        for (two, sample) in bytes.chunks_exact_mut(2).zip(samples) {
            // Adding this number leaves no digits behind the point, and rounds; the low bits are the integer.
            let rounded = (sample.clamp(-32768.0, 32767.0) + 12_582_912.0).to_bits() as i16;
            two.copy_from_slice(&rounded.to_le_bytes());
        }
        output.write_all(bytes)?;
    }
}

/// Whole pieces, but for the last.
fn fill(input: &mut File, bytes: &mut [u8]) -> Result<usize> {
    let mut filled = 0;
    while filled < bytes.len() {
        match input.read(&mut bytes[filled..])? {
            0 => break,
            read => filled += read,
        }
    }
    Ok(filled)
}

/// Interleaved samples, mixed with what they were.
struct Echo {
    ring: Vec<f32>,
    at: usize,
    dry: f32,
    wet: f32,
}

impl Echo {
    fn new(samples: usize, mix: f64) -> Self {
        Self { ring: vec![0.0; samples], at: 0, dry: (1.0 - mix) as f32, wet: mix as f32 }
    }

    fn run(&mut self, mut samples: &mut [f32]) {
        while !samples.is_empty() {
            let count = samples.len().min(self.ring.len() - self.at);
            let (now, later) = samples.split_at_mut(count);
            for (sample, past) in now.iter_mut().zip(&mut self.ring[self.at..]) {
                let x = *sample;
                *sample = x * self.dry + *past * self.wet;
                *past = x;
            }
            self.at = (self.at + count) % self.ring.len();
            samples = later;
        }
    }
}
