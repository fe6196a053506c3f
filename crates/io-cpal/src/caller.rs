//! The stream that calls the callback: a device's output, or its input where there is no output.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

use patchline_io::channels::{Planar, call, with_inputs, with_outputs};
use patchline_io::convert::ChannelMap;
use patchline_io::drift::{Draw, DriftMonitor};
use patchline_io::{Block, Callback, EventSender, IoEvent, IoEventKind, LostReason, Side, prefault_stack};

use crate::ends::{Captured, InputEnd, OutputEnd, Played};
use crate::shared::Shared;
use patchline_io::seat::{Seat, Seated};

/// How long the other side is waited for before the callback is called without it.
const PATIENCE: Duration = Duration::from_secs(3);

/// Calls the callback, block for block.
pub(crate) struct Caller<C> {
    seat: Seat<C>,
    events: EventSender,
    shared: Arc<Shared>,
    rate: f64,
    inputs: Planar,
    outputs: Planar,
    /// Whether the thread's stack has been touched.
    prefaulted: bool,
}

impl<C: Callback> Caller<C> {
    /// Allocates for blocks of `storage` frames; longer ones are split.
    pub(crate) fn new(
        seat: Seat<C>,
        events: EventSender,
        shared: Arc<Shared>,
        rate: u32,
        (inputs, outputs, storage): (usize, usize, usize),
    ) -> Self {
        let (inputs, outputs) = (Planar::new(inputs, storage), Planar::new(outputs, storage));
        Self { seat, events, shared, rate: rate.into(), inputs, outputs, prefaulted: false }
    }

    /// Frames that are processed at once.
    fn storage(&self) -> usize {
        self.inputs.frames()
    }

    /// Whether there is something to call. The device's first call is used to touch the stack, before any sound.
    fn is_ready(&mut self, seated: &mut Seated<'_, C>) -> bool {
        if !std::mem::replace(&mut self.prefaulted, true) {
            prefault_stack();
        }
        !self.shared.is_lost() && seated.callback().is_some()
    }

    /// Calls once, from the inputs to the outputs.
    fn call(&mut self, seated: &mut Seated<'_, C>, frames: usize) {
        let Some(callback) = seated.callback() else { return };
        let block = Block { frames, position: self.shared.position(), discontinuity: self.shared.take_gap() };
        call(callback, block, &self.inputs, &mut self.outputs);
        self.events.count_block(frames);
        self.shared.advance(frames as u64);
    }

    /// Frames went by that nobody processed.
    fn lose(&mut self, frames: u64, side: Side) {
        let kind = IoEventKind::Xrun { lost: frames, side };
        self.events.send(IoEvent { position: self.shared.position(), kind });
        self.shared.advance(frames);
        self.shared.set_gap();
    }

    /// The callback panicked: it is called no more.
    fn panicked(&mut self, seated: &mut Seated<'_, C>, with: Box<dyn Any + Send>) {
        self.shared.lose(LostReason::Panicked, &mut self.events);
        seated.panicked(with);
    }

    /// The time of `frames` frames.
    fn time(&self, frames: usize) -> Duration {
        Duration::from_secs_f64(frames as f64 / self.rate)
    }
}

/// The input of a device without an output.
pub(crate) struct InputCaller<C> {
    caller: Caller<C>,
    map: ChannelMap,
}

impl<C: Callback> InputCaller<C> {
    pub(crate) fn new(caller: Caller<C>, map: ChannelMap) -> Self {
        Self { caller, map }
    }

    fn take(&mut self, seated: &mut Seated<'_, C>, block: &mut dyn Captured) {
        let Self { caller, map } = self;
        if !caller.is_ready(seated) {
            return;
        }
        let frames = block.samples() / map.device_width();
        if !block.samples().is_multiple_of(map.device_width()) {
            // Channels that are not those asked for: nobody knows which sample is whose.
            return caller.lose(frames as u64, Side::Input);
        }
        let mut at = 0;
        while at < frames {
            let part = caller.storage().min(frames - at);
            let channels = caller.inputs.channels();
            let tally =
                with_outputs(channels, caller.inputs.iter_mut(part), |planar| block.read(at, part, map, planar));
            caller.events.count_samples(tally);
            caller.call(seated, part);
            at += part;
        }
    }
}

impl<C: Callback> InputEnd for InputCaller<C> {
    /// # Real-time
    /// Never allocates, frees or waits; the one lock is only tried.
    fn capture(&mut self, block: &mut dyn Captured, age: Option<Duration>) {
        age.into_iter().for_each(|age| self.caller.shared.input_latency.add(age));
        let seat = self.caller.seat.clone();
        let mut seated = seat.sit();
        let run = catch_unwind(AssertUnwindSafe(|| self.take(&mut seated, block)));
        if let Err(with) = run {
            self.caller.panicked(&mut seated, with);
        }
    }
}

/// The output of a device, and what comes from its input.
pub(crate) struct OutputCaller<C> {
    caller: Caller<C>,
    map: ChannelMap,
    source: Option<Source>,
    /// When the last block came while the callback was called.
    last: Option<Duration>,
    /// Whether a block has ever asked for less than there is room for.
    asked_less: bool,
}

/// Where an output's input comes from.
pub(crate) struct Source {
    draw: Draw,
    monitor: DriftMonitor,
    /// For what the draw has to say.
    events: EventSender,
    /// The output's frame, counted from when the streams were made.
    position: u64,
    /// Whether both sides have run; since when they are waited for.
    runs: bool,
    since: Option<Duration>,
}

impl Source {
    /// The output stands at `position`.
    pub(crate) fn new(draw: Draw, monitor: DriftMonitor, events: EventSender, position: u64) -> Self {
        Self { draw, monitor, events, position, runs: false, since: None }
    }

    /// Fills `inputs`; whether the callback is to get them. `now` is when the last of these frames was asked for.
    fn draw(&mut self, now: Duration, inputs: &mut Planar, frames: usize) -> bool {
        with_outputs(inputs.channels(), inputs.iter_mut(frames), |planar| {
            self.draw.draw(now, self.position, planar, &mut self.events);
        });
        self.position += frames as u64;
        let since = *self.since.get_or_insert(now);
        self.runs |= self.monitor.report().playing || now.saturating_sub(since) > PATIENCE;
        self.runs
    }
}

impl<C: Callback> OutputCaller<C> {
    pub(crate) fn new(caller: Caller<C>, map: ChannelMap, source: Option<Source>) -> Self {
        Self { caller, map, source, last: None, asked_less: false }
    }

    /// Fills all of a block that is a whole number of frames.
    fn fill(&mut self, seated: &mut Seated<'_, C>, block: &mut dyn Played, frames: usize) {
        let now = self.caller.shared.now();
        if !self.caller.is_ready(seated) {
            self.last = None;
            return self.be_silent(block, 0, frames);
        }
        self.notice_lateness(now, frames);
        let mut at = 0;
        while at < frames {
            let part = self.caller.storage().min(frames - at);
            // What follows in this block is asked for already, and comes later.
            let then = now.saturating_sub(self.caller.time(frames - at - part));
            if self.draw(then, part) {
                self.caller.call(seated, part);
                self.write(block, at, part);
                self.last = Some(now);
            } else {
                self.caller.shared.mute(part as u64);
                self.be_silent(block, at, part);
            }
            at += part;
        }
    }

    /// Takes `frames` frames from the input; whether the callback is to be called.
    fn draw(&mut self, now: Duration, frames: usize) -> bool {
        match &mut self.source {
            None => true,
            Some(source) => source.draw(now, &mut self.caller.inputs, frames),
        }
    }

    /// Where the host does not tell: a block that comes later than all that was written before can have lasted, or that
    /// asks for as much as there is room for, comes too late.
    fn notice_lateness(&mut self, now: Duration, frames: usize) {
        let told = self.caller.shared.take_told();
        let Some(queue) = self.caller.shared.queue() else { return };
        let late = self.last.map_or(Duration::ZERO, |last| now.saturating_sub(last).saturating_sub(queue));
        let lost = (late.as_secs_f64() * self.caller.rate) as u64;
        // A device that has never asked for less has more room than it says.
        let full = self.caller.time(frames) >= queue;
        self.asked_less |= !full;
        let emptied = full && self.asked_less;
        if self.last.is_some() && !told && (lost > 0 || emptied) {
            self.caller.lose(lost, Side::Output);
            self.source.iter_mut().for_each(|source| source.position += lost);
        }
    }

    fn write(&mut self, block: &mut dyn Played, from: usize, frames: usize) {
        let (map, outputs) = (&self.map, &self.caller.outputs);
        let tally =
            with_inputs(outputs.channels(), outputs.iter(frames), |planar| block.write(from, frames, map, planar));
        self.caller.events.count_samples(tally);
    }

    fn be_silent(&self, block: &mut dyn Played, from: usize, frames: usize) {
        let mut at = from;
        while at < from + frames {
            let part = self.caller.storage().min(from + frames - at);
            block.write(at, part, &self.map, &[]);
            at += part;
        }
    }
}

impl<C: Callback> OutputEnd for OutputCaller<C> {
    /// # Real-time
    /// Never allocates, frees or waits; the one lock is only tried.
    fn play(&mut self, block: &mut dyn Played, ahead: Option<Duration>) {
        ahead.into_iter().for_each(|ahead| self.caller.shared.output_latency.add(ahead));
        let width = self.map.device_width();
        let frames = block.samples() / width;
        let seat = self.caller.seat.clone();
        let mut seated = seat.sit();
        let run = catch_unwind(AssertUnwindSafe(|| {
            if block.samples().is_multiple_of(width) {
                return self.fill(&mut seated, block, frames);
            }
            // Channels that are not those asked for: nobody knows which sample is whose.
            self.be_silent(block, 0, frames);
            if self.caller.is_ready(&mut seated) {
                self.caller.lose(frames as u64, Side::Output);
            }
        }));
        if let Err(with) = run {
            self.caller.panicked(&mut seated, with);
            self.be_silent(block, 0, frames);
        }
    }
}

#[cfg(test)]
mod tests {
    use assert_no_alloc::assert_no_alloc;
    use patchline_io::convert::{Tally, read, write};
    use patchline_io::drift::{DriftConfig, pair};
    use patchline_io::{EventReceiver, FnCallback, event_ring};

    use super::*;
    use crate::adapter::Fault;
    use crate::ends::FaultEnd;
    use crate::faults::Listener;
    use crate::feeder::Feeder;
    use patchline_io::seat::{Door, Resting, seat};

    /// A device's block, two channels.
    struct Mock(Vec<f32>);

    impl Played for Mock {
        fn samples(&self) -> usize {
            self.0.len()
        }

        fn write(&mut self, from: usize, frames: usize, map: &ChannelMap, planar: &[&[f32]]) -> Tally {
            write(planar, map, &mut self.0[2 * from..][..2 * frames])
        }
    }

    impl Captured for Mock {
        fn samples(&self) -> usize {
            self.0.len()
        }

        fn read(&mut self, from: usize, frames: usize, map: &ChannelMap, planar: &mut [&mut [f32]]) -> Tally {
            read(&self.0[2 * from..][..2 * frames], map, planar)
        }
    }

    /// A block of a device of 16 bits that plays, or of 64 bits that records.
    struct Narrow(Vec<i16>);
    struct Wide(Vec<f64>);

    impl Played for Narrow {
        fn samples(&self) -> usize {
            self.0.len()
        }

        fn write(&mut self, from: usize, frames: usize, map: &ChannelMap, planar: &[&[f32]]) -> Tally {
            write(planar, map, &mut self.0[2 * from..][..2 * frames])
        }
    }

    impl Captured for Wide {
        fn samples(&self) -> usize {
            self.0.len()
        }

        fn read(&mut self, from: usize, frames: usize, map: &ChannelMap, planar: &mut [&mut [f32]]) -> Tally {
            read(&self.0[2 * from..][..2 * frames], map, planar)
        }
    }

    const STORAGE: usize = 64;

    struct Rig<C> {
        door: Door<C>,
        events: EventReceiver,
        shared: Arc<Shared>,
        caller: Option<Caller<C>>,
    }

    /// At 48 kHz, with two channels each way, or none.
    fn rig<C: Callback>(inputs: usize, outputs: usize) -> Rig<C> {
        let (door, seat) = seat();
        let (sender, events) = event_ring(64);
        let shared = Arc::new(Shared::new(0, false));
        let caller = Caller::new(seat, sender, Arc::clone(&shared), 48_000, (inputs, outputs, STORAGE));
        Rig { door, events, shared, caller: Some(caller) }
    }

    impl<C: Callback> Rig<C> {
        fn output(&mut self) -> OutputCaller<C> {
            OutputCaller::new(self.caller.take().unwrap(), ChannelMap::all(2), None)
        }

        fn told(&mut self) -> Vec<IoEventKind> {
            std::iter::from_fn(|| self.events.poll()).map(|event| event.kind).collect()
        }
    }

    /// Counts frames: each sample is its own number.
    fn counter() -> impl Callback {
        FnCallback(|block: Block, _: &[&[f32]], outputs: &mut [&mut [f32]]| {
            assert!(block.frames <= STORAGE);
            for output in outputs {
                let numbers = block.position..;
                output.iter_mut().zip(numbers).for_each(|(sample, number)| *sample = number as f32);
            }
        })
    }

    #[test]
    fn blocks_of_any_length_are_split_and_follow_each_other() {
        let mut rig = rig(0, 2);
        let mut output = rig.output();
        let mut early = Mock(vec![7.0; 200]);
        output.play(&mut early, None);
        assert_eq!(early.0, [0.0; 200], "silent until it is started");
        assert!(rig.door.send_in(Box::new(counter())).is_ok());
        let mut played = Vec::new();
        for frames in [1, 63, 64, 65, 0, 1_000, 24] {
            let mut block = Mock(vec![7.0; 2 * frames]);
            output.play(&mut block, None);
            played.extend(block.0);
        }
        let numbers: Vec<f32> = (0..1_217).flat_map(|number| [number as f32; 2]).collect();
        assert_eq!(played, numbers);
        assert_eq!((rig.told(), rig.events.stats().frames), (vec![], 1_217));
    }

    #[test]
    fn a_callback_that_panics_is_silent_reported_and_given_back_as_such() {
        let mut rig = rig(0, 2);
        let mut output = rig.output();
        let panics = FnCallback(|block: Block, _: &[&[f32]], outputs: &mut [&mut [f32]]| {
            outputs[0].fill(1.0);
            assert!(block.position < 100, "planned");
        });
        assert!(rig.door.send_in(Box::new(panics)).is_ok());
        for _ in 0..4 {
            let mut block = Mock(vec![7.0; 2 * 300]);
            output.play(&mut block, None);
            assert_eq!(block.0, [0.0; 600]);
        }
        assert_eq!(rig.told(), [IoEventKind::Lost { reason: LostReason::Panicked }]);
        assert!(matches!(rig.door.take_back(Duration::ZERO), Some(Resting::Panicked(..))));
    }

    #[test]
    fn other_channels_than_asked_for_are_silence_and_a_report() {
        let mut rig = rig(0, 2);
        let mut output = rig.output();
        assert!(rig.door.send_in(Box::new(counter())).is_ok());
        let mut block = Mock(vec![7.0; 301]);
        output.play(&mut block, None);
        assert_eq!(block.0[..300], [0.0; 300]);
        assert_eq!(rig.told(), [IoEventKind::Xrun { lost: 150, side: Side::Output }]);
        let mut block = Mock(vec![7.0; 2]);
        output.play(&mut block, None);
        assert_eq!(block.0, [150.0; 2], "and it goes on");
    }

    #[test]
    fn blocks_that_come_too_late_are_reported_once() {
        let mut rig = rig(0, 2);
        let mut output = rig.output();
        assert!(rig.door.send_in(Box::new(counter())).is_ok());
        rig.shared.set_queue(Duration::from_millis(20));
        let mut play = |frames: usize, pause: u64| {
            std::thread::sleep(Duration::from_millis(pause));
            output.play(&mut Mock(vec![7.0; 2 * frames]), None);
        };
        play(480, 0);
        play(480, 1);
        assert_eq!(rig.told(), []);
        play(480, 50);
        assert!(matches!(rig.told()[..], [IoEventKind::Xrun { lost: 1_000.., side: Side::Output }]));
        play(960, 0);
        assert_eq!(rig.told(), [IoEventKind::Xrun { lost: 0, side: Side::Output }], "nothing was left");
        play(960, 0);
        assert_eq!(rig.told(), [IoEventKind::Xrun { lost: 0, side: Side::Output }], "nor was there anything then");
        rig.shared.set_told();
        play(480, 50);
        assert_eq!(rig.told(), [], "the host has told");
    }

    #[test]
    fn samples_that_a_format_cannot_hold_are_counted_on_both_sides() {
        let mut rig = rig(0, 2);
        let mut output = rig.output();
        let loud = FnCallback(|_: Block, _: &[&[f32]], outputs: &mut [&mut [f32]]| {
            outputs[0].fill(1.5);
            outputs[1].fill(f32::NAN);
        });
        assert!(rig.door.send_in(Box::new(loud)).is_ok());
        let mut block = Narrow(vec![7; 2 * 100]);
        output.play(&mut block, None);
        assert_eq!(block.0[..2], [i16::MAX, 0]);
        let stats = rig.events.stats();
        assert_eq!((stats.clipped, stats.not_finite), (100, 100));

        let mut recording = self::rig(2, 0);
        let mut input = InputCaller::new(recording.caller.take().unwrap(), ChannelMap::all(2));
        let (feed, _draw, _monitor) = pair(&DriftConfig::default()).unwrap();
        let (sender, fed) = event_ring(4);
        let mut feeder = Feeder::new(feed, ChannelMap::all(2), Arc::clone(&recording.shared), sender, 48_000, STORAGE);
        assert!(recording.door.send_in(Box::new(counter())).is_ok());
        let mut block = Wide(vec![f64::NAN; 2 * 100]);
        input.capture(&mut block, None);
        feeder.capture(&mut block, None);
        assert_eq!((recording.events.stats().not_finite, fed.stats().not_finite), (200, 200));
    }

    #[test]
    fn a_device_that_always_asks_for_all_there_is_room_for_is_not_late() {
        let mut rig = rig(0, 2);
        let mut output = rig.output();
        assert!(rig.door.send_in(Box::new(counter())).is_ok());
        rig.shared.set_queue(Duration::from_secs(5));
        for _ in 0..10 {
            output.play(&mut Mock(vec![7.0; 2 * 5 * 48_000]), None);
        }
        assert_eq!(rig.told(), []);
    }

    #[test]
    fn an_input_alone_calls_as_well() {
        let mut rig = rig(2, 0);
        let mut input = InputCaller::new(rig.caller.take().unwrap(), ChannelMap::all(2));
        let (send, heard) = std::sync::mpsc::channel();
        let tap = FnCallback(move |_: Block, inputs: &[&[f32]], _: &mut [&mut [f32]]| {
            inputs[1].iter().for_each(|sample| send.send(*sample).unwrap());
        });
        assert!(rig.door.send_in(Box::new(tap)).is_ok());
        let mut block = Mock((0..600).map(|sample| sample as f32).collect());
        input.capture(&mut block, Some(Duration::from_millis(5)));
        input.capture(&mut Mock(vec![0.0; 3]), None);
        let expected: Vec<f32> = (0..300).map(|frame| (2 * frame + 1) as f32).collect();
        assert_eq!(heard.try_iter().collect::<Vec<_>>(), expected);
        assert_eq!(rig.told(), [IoEventKind::Xrun { lost: 1, side: Side::Input }]);
    }

    /// Everything of ours that runs on a device's threads: calls, splits, losses, storms, and a callback that leaves.
    #[test]
    fn nothing_of_ours_allocates() {
        let mut rig = rig(2, 2);
        let (feed, draw, monitor) = pair(&DriftConfig { locked: true, ..DriftConfig::default() }).unwrap();
        let (draw_events, _draw_told) = event_ring(4);
        let source = Source::new(draw, monitor, draw_events, 0);
        let mut output = OutputCaller::new(rig.caller.take().unwrap(), ChannelMap::all(2), Some(source));
        let (feed_events, _told) = event_ring(4);
        let map = ChannelMap::all(2);
        let mut feeder = Feeder::new(feed, map, Arc::clone(&rig.shared), feed_events, 48_000, STORAGE);
        let (fault_events, _faults) = event_ring(4);
        let mut listener = Listener::new(Arc::clone(&rig.shared), fault_events, Side::Output, LostReason::ServerEnded);
        rig.shared.set_queue(Duration::from_millis(5));
        assert!(rig.door.send_in(Box::new(counter())).is_ok());
        let mut blocks: Vec<Mock> = [2, 48, 480, 481, 3_000].map(|samples| Mock(vec![0.1; samples])).into();
        let start = std::time::Instant::now();
        while start.elapsed() < Duration::from_millis(700) {
            assert_no_alloc(|| {
                for block in &mut blocks {
                    feeder.capture(block, Some(Duration::from_millis(3)));
                    output.play(block, Some(Duration::from_millis(3)));
                }
                listener.fault(Fault::Xrun);
            });
            std::thread::sleep(Duration::from_millis(32));
        }
        assert!(rig.events.stats().frames > 0, "both sides ran");
        while !rig.shared.is_lost() {
            assert_no_alloc(|| (0..1_000).for_each(|_| listener.fault(Fault::Other)));
            std::thread::sleep(Duration::from_millis(1));
        }
        assert!(rig.door.take_back(Duration::ZERO).is_some());
        assert_no_alloc(|| output.play(&mut blocks[2], None));
    }
}
