//! Streams, and the samples that go through them.

use std::hint::black_box;
use std::time::Duration;

use cpal::traits::{DeviceTrait, StreamTrait};
use cpal::{BufferSize, Data, SampleFormat, SizedSample, StreamConfig};
use patchline_io::convert::{ChannelMap, DeviceSample, I24, Tally, U24, read, write};

use super::device::find;
use super::line::Line;
use super::{Fault, Kind, Problem};
use crate::caps::{Format, Setup};
use crate::ends::{Captured, FaultEnd, InputEnd, OutputEnd, Played};

/// How long a server may take to make a stream.
const PATIENCE: Duration = Duration::from_secs(5);

/// A stream that rests until it is played; dropping it ends it.
pub(crate) struct Stream {
    stream: cpal::Stream,
    /// Free for others after the stream has ended.
    _line: Line,
}

impl Stream {
    /// Lets it run.
    pub(crate) fn play(&self) -> Result<(), Problem> {
        self.stream.play().map_err(Problem::from)
    }

    /// Frames of its blocks, as granted.
    pub(crate) fn block(&self) -> Option<usize> {
        self.stream.buffer_size().ok().map(|frames| frames as usize).filter(|&frames| frames > 0)
    }
}

/// Opens a device to capture from, on a connection of its own. `storage` frames are converted at once.
pub(crate) fn open_input(
    kind: Kind,
    id: &str,
    setup: &Setup,
    storage: usize,
    mut end: impl InputEnd,
    faults: impl FaultEnd,
) -> Result<Stream, Problem> {
    let mut scratch = Scratch::new(storage * setup.width);
    let capture = move |data: &Data, info: &cpal::InputCallbackInfo| {
        let time = info.timestamp();
        let age = time.callback.checked_duration_since(time.capture);
        end.capture(&mut CapturedData { data, scratch: &mut scratch }, age);
    };
    let (device, line) = find(kind, id)?;
    let patience = kind.is_server().then_some(PATIENCE);
    let stream =
        device.build_input_stream_raw(config(setup), format(setup.format), capture, on_error(faults), patience)?;
    Ok(Stream { stream, _line: line })
}

/// Opens a device to play on, on a connection of its own. `storage` frames are converted at once.
pub(crate) fn open_output(
    kind: Kind,
    id: &str,
    setup: &Setup,
    storage: usize,
    mut end: impl OutputEnd,
    faults: impl FaultEnd,
) -> Result<Stream, Problem> {
    let mut scratch = Scratch::new(storage * setup.width);
    let play = move |data: &mut Data, info: &cpal::OutputCallbackInfo| {
        let time = info.timestamp();
        let ahead = time.playback.checked_duration_since(time.callback);
        end.play(&mut PlayedData { data, scratch: &mut scratch }, ahead);
    };
    let (device, line) = find(kind, id)?;
    let patience = kind.is_server().then_some(PATIENCE);
    let stream =
        device.build_output_stream_raw(config(setup), format(setup.format), play, on_error(faults), patience)?;
    Ok(Stream { stream, _line: line })
}

fn config(setup: &Setup) -> StreamConfig {
    StreamConfig { channels: setup.width as u16, sample_rate: setup.rate, buffer_size: BufferSize::Fixed(setup.block) }
}

fn on_error(mut faults: impl FaultEnd) -> impl FnMut(cpal::Error) + Send + 'static {
    move |error| faults.fault(Fault::from(&error))
}

fn format(format: Format) -> SampleFormat {
    match format {
        Format::F32 => SampleFormat::F32,
        Format::I32 => SampleFormat::I32,
        Format::I24 => SampleFormat::I24,
        Format::I16 => SampleFormat::I16,
        Format::F64 => SampleFormat::F64,
        Format::I64 => SampleFormat::I64,
        Format::U32 => SampleFormat::U32,
        Format::U24 => SampleFormat::U24,
        Format::U16 => SampleFormat::U16,
        Format::U64 => SampleFormat::U64,
        Format::I8 => SampleFormat::I8,
        Format::U8 => SampleFormat::U8,
    }
}

/// Room for samples of 24 bits, which cpal and the conversion have types of their own for.
struct Scratch {
    signed: Vec<I24>,
    unsigned: Vec<U24>,
}

impl Scratch {
    fn new(samples: usize) -> Self {
        // Zeros that the compiler does not know of, so that they are written now.
        Self { signed: vec![black_box(I24(0)); samples], unsigned: vec![black_box(U24(0)); samples] }
    }
}

struct CapturedData<'a> {
    data: &'a Data,
    scratch: &'a mut Scratch,
}

impl Captured for CapturedData<'_> {
    fn samples(&self) -> usize {
        self.data.len()
    }

    fn read(&mut self, from: usize, frames: usize, map: &ChannelMap, planar: &mut [&mut [f32]]) -> Tally {
        let width = map.device_width();
        let at = Span { from: from * width, samples: frames * width };
        match self.data.sample_format() {
            SampleFormat::F32 => read_as::<f32>(self.data, at, map, planar),
            SampleFormat::F64 => read_as::<f64>(self.data, at, map, planar),
            SampleFormat::I8 => read_as::<i8>(self.data, at, map, planar),
            SampleFormat::I16 => read_as::<i16>(self.data, at, map, planar),
            SampleFormat::I32 => read_as::<i32>(self.data, at, map, planar),
            SampleFormat::I64 => read_as::<i64>(self.data, at, map, planar),
            SampleFormat::U8 => read_as::<u8>(self.data, at, map, planar),
            SampleFormat::U16 => read_as::<u16>(self.data, at, map, planar),
            SampleFormat::U32 => read_as::<u32>(self.data, at, map, planar),
            SampleFormat::U64 => read_as::<u64>(self.data, at, map, planar),
            SampleFormat::I24 => {
                let data = at.of(self.data.as_slice::<cpal::I24>());
                let scratch = &mut self.scratch.signed[..data.len()];
                scratch.iter_mut().zip(data).for_each(|(to, from)| *to = I24(from.inner()));
                read(scratch, map, planar)
            }
            SampleFormat::U24 => {
                let data = at.of(self.data.as_slice::<cpal::U24>());
                let scratch = &mut self.scratch.unsigned[..data.len()];
                scratch.iter_mut().zip(data).for_each(|(to, from)| *to = U24(from.inner() as u32));
                read(scratch, map, planar)
            }
            _ => read::<f32>(&[], map, planar),
        }
    }
}

struct PlayedData<'a> {
    data: &'a mut Data,
    scratch: &'a mut Scratch,
}

impl Played for PlayedData<'_> {
    fn samples(&self) -> usize {
        self.data.len()
    }

    fn write(&mut self, from: usize, frames: usize, map: &ChannelMap, planar: &[&[f32]]) -> Tally {
        let width = map.device_width();
        let at = Span { from: from * width, samples: frames * width };
        match self.data.sample_format() {
            SampleFormat::F32 => write_as::<f32>(self.data, at, map, planar),
            SampleFormat::F64 => write_as::<f64>(self.data, at, map, planar),
            SampleFormat::I8 => write_as::<i8>(self.data, at, map, planar),
            SampleFormat::I16 => write_as::<i16>(self.data, at, map, planar),
            SampleFormat::I32 => write_as::<i32>(self.data, at, map, planar),
            SampleFormat::I64 => write_as::<i64>(self.data, at, map, planar),
            SampleFormat::U8 => write_as::<u8>(self.data, at, map, planar),
            SampleFormat::U16 => write_as::<u16>(self.data, at, map, planar),
            SampleFormat::U32 => write_as::<u32>(self.data, at, map, planar),
            SampleFormat::U64 => write_as::<u64>(self.data, at, map, planar),
            SampleFormat::I24 => {
                let data = at.of_mut(self.data.as_slice_mut::<cpal::I24>());
                let scratch = &mut self.scratch.signed[..data.len()];
                let tally = write(planar, map, scratch);
                data.iter_mut().zip(scratch).for_each(|(to, from)| *to = cpal::I24::new_unchecked(from.0));
                tally
            }
            SampleFormat::U24 => {
                let data = at.of_mut(self.data.as_slice_mut::<cpal::U24>());
                let scratch = &mut self.scratch.unsigned[..data.len()];
                let tally = write(planar, map, scratch);
                data.iter_mut().zip(scratch).for_each(|(to, from)| *to = cpal::U24::new_unchecked(from.0 as i32));
                tally
            }
            _ => Tally::default(),
        }
    }
}

/// A part of the samples of a block.
#[derive(Clone, Copy)]
struct Span {
    from: usize,
    samples: usize,
}

impl Span {
    fn of<S>(self, data: Option<&[S]>) -> &[S] {
        data.and_then(|data| data.get(self.from..)?.get(..self.samples)).unwrap_or(&[])
    }

    fn of_mut<S>(self, data: Option<&mut [S]>) -> &mut [S] {
        data.and_then(|data| data.get_mut(self.from..)?.get_mut(..self.samples)).unwrap_or(&mut [])
    }
}

fn read_as<S: SizedSample + DeviceSample>(data: &Data, at: Span, map: &ChannelMap, planar: &mut [&mut [f32]]) -> Tally {
    read(at.of(data.as_slice::<S>()), map, planar)
}

fn write_as<S: SizedSample + DeviceSample>(data: &mut Data, at: Span, map: &ChannelMap, planar: &[&[f32]]) -> Tally {
    write(planar, map, at.of_mut(data.as_slice_mut::<S>()))
}
