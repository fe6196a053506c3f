//! Devices that go and come back.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use patchline_io::sim::{Incident, Sim, SimConfig, Trouble};
use patchline_io::{
    Backend, Block, Callback, DeviceInfo, DeviceRequest, DeviceSpec, Host, IoError, IoEvent, IoEventKind, IoStats,
    LostReason, Patience, Placed, Refused, Side, SideRequest, Supervised,
};

/// Notes the blocks it gets, and counts its frames as a node's state would.
struct Note {
    blocks: Arc<Mutex<Vec<Block>>>,
    frames: u64,
}

impl Callback for Note {
    fn process(&mut self, block: Block, _inputs: &[&[f32]], outputs: &mut [&mut [f32]]) {
        self.blocks.lock().unwrap().push(block);
        self.frames += block.frames as u64;
        outputs.iter_mut().for_each(|output| output.fill(0.0));
    }
}

/// Opens one device after the other; where there is none it says so.
struct Shelf {
    devices: Vec<Option<SimConfig>>,
    opened: Arc<AtomicUsize>,
    requests: Arc<Mutex<Vec<DeviceRequest>>>,
}

impl<C: Callback> Host<C> for Shelf {
    fn name(&self) -> &'static str {
        "shelf"
    }

    fn devices(&self) -> Result<Vec<DeviceInfo>, IoError> {
        Ok(Vec::new())
    }

    fn open(&self, request: &DeviceRequest) -> Result<Box<dyn Backend<C>>, IoError> {
        self.requests.lock().unwrap().push(request.clone());
        let next = self.opened.fetch_add(1, Ordering::Relaxed);
        match self.devices.get(next).cloned().flatten() {
            Some(config) => Ok(Box::new(Sim::open(config)?)),
            None => Err(IoError::Host { host: "shelf", reason: "nothing is on it".to_owned() }),
        }
    }
}

const QUICK: Patience = Patience {
    silence: Duration::from_millis(200),
    first_retry: Duration::from_millis(1),
    longest_retry: Duration::from_millis(4),
    fallback: false,
};

struct Bench {
    device: Supervised<Note>,
    blocks: Arc<Mutex<Vec<Block>>>,
    requests: Arc<Mutex<Vec<DeviceRequest>>>,
}

fn bench(devices: Vec<Option<SimConfig>>, patience: Patience) -> Bench {
    let requests = Arc::new(Mutex::new(Vec::new()));
    let shelf = Shelf { devices, opened: Arc::new(AtomicUsize::new(0)), requests: Arc::clone(&requests) };
    let side = Some(SideRequest { device: Some("mine".to_owned()), ..SideRequest::default() });
    let request = DeviceRequest { input: side.clone(), output: side, ..DeviceRequest::default() };
    let mut device = Supervised::open(Box::new(shelf), request, patience).unwrap();
    let blocks = Arc::new(Mutex::new(Vec::new()));
    device.start(Note { blocks: Arc::clone(&blocks), frames: 0 }).unwrap();
    Bench { device, blocks, requests }
}

impl Bench {
    /// Runs until something like this is said, in at most a minute; gives what was said up to there.
    fn until(&mut self, wanted: impl Fn(IoEventKind) -> bool) -> Vec<IoEvent> {
        let (end, mut said) = (Instant::now() + Duration::from_secs(60), Vec::new());
        while Instant::now() < end {
            self.device.pass(Duration::from_millis(1));
            while let Some(event) = self.device.poll() {
                said.push(event);
                if wanted(event.kind) {
                    return said;
                }
            }
        }
        panic!("it never came: {said:?}");
    }
}

fn unplugged_at(at: u64) -> SimConfig {
    SimConfig { script: vec![Incident { at, trouble: Trouble::Unplug { away: None } }], ..SimConfig::default() }
}

#[test]
fn a_device_that_returns_goes_on_with_the_same_callback() {
    let short = SimConfig { frames: Some(512), max_frames: 128, ..SimConfig::default() };
    let mut bench = bench(vec![Some(unplugged_at(1_024)), None, None, Some(short)], QUICK);
    bench.device.set_latency(7);
    let said = bench.until(|kind| kind == IoEventKind::Finished);
    let kinds: Vec<IoEventKind> = said.iter().map(|event| event.kind).collect();
    let [lost, back, block, finished] = kinds[..] else { panic!("{kinds:?}") };
    assert_eq!(lost, IoEventKind::Lost { reason: LostReason::Unplugged });
    let IoEventKind::Reconnected { away } = back else { panic!("{back:?}") };
    assert_eq!(block, IoEventKind::BlockChanged { from: 256, to: 128 });
    assert_eq!(finished, IoEventKind::Finished);
    assert!(said.is_sorted_by_key(|event| event.position), "{said:?}");
    assert_eq!(said[3].position, 1_024 + away + 512);

    let blocks = bench.blocks.lock().unwrap().clone();
    let breaks: Vec<u64> = blocks.iter().filter(|block| block.discontinuity).map(|block| block.position).collect();
    assert_eq!(breaks, [1_024 + away], "one break, where the device came back");
    let stats = bench.device.stats();
    assert_eq!((stats.frames, stats.frames_away, stats.losses), (1_024 + 512, away, 1));
    assert_eq!(bench.device.stop().unwrap().frames, 1_024 + 512, "the state was kept");
}

#[test]
fn at_another_rate_the_callback_rests_until_it_is_stopped() {
    let other = SimConfig { rate: 44_100, ..SimConfig::default() };
    let mut bench = bench(vec![Some(unplugged_at(256)), Some(other)], QUICK);
    bench.until(|kind| kind == IoEventKind::RateChanged { from: 48_000, to: 44_100 });
    assert_eq!(bench.device.spec().rate, 44_100);
    let before = bench.blocks.lock().unwrap().len();
    bench.device.pass(Duration::from_millis(5));
    assert_eq!(bench.blocks.lock().unwrap().len(), before, "nothing is called at the wrong rate");
    let callback = bench.device.stop().unwrap();
    bench.device.start(callback).unwrap();
    bench.device.pass(Duration::from_millis(20));
    let first = bench.blocks.lock().unwrap()[before];
    let away = bench.device.stats().frames_away;
    assert!(first.discontinuity && away > 0, "{first:?}");
    assert_eq!(first.position, 256 + away);
}

#[test]
fn what_comes_back_narrower_is_waited_for_and_said() {
    let narrow = SimConfig { inputs: 1, ..SimConfig::default() };
    let mut bench =
        bench(vec![Some(unplugged_at(0)), Some(narrow.clone()), Some(narrow), Some(SimConfig::default())], QUICK);
    bench.until(|kind| matches!(kind, IoEventKind::Lost { .. }));
    while bench.device.waits_for().is_none() {
        bench.device.pass(Duration::from_millis(1));
    }
    let trouble = bench.device.waits_for().unwrap().to_string();
    assert!(trouble.contains("has 1 input channels, and 2 are needed"), "{trouble}");
    bench.until(|kind| matches!(kind, IoEventKind::Reconnected { .. }));
    assert!(bench.device.waits_for().is_none());
}

#[test]
fn with_fallback_the_default_device_takes_over() {
    let patience = Patience { fallback: true, ..QUICK };
    let mut bench = bench(vec![Some(unplugged_at(0)), None, Some(SimConfig::default())], patience);
    bench.until(|kind| matches!(kind, IoEventKind::Reconnected { .. }));
    let named: Vec<bool> =
        bench.requests.lock().unwrap().iter().map(|asked| asked.input.as_ref().unwrap().device.is_some()).collect();
    assert_eq!(named, [true, true, false]);
}

/// A device that does what is written here, and whose callback is never called.
struct Told<C> {
    spec: DeviceSpec,
    /// What it says while it runs, and what it has to say when it was stopped.
    running: Vec<IoEvent>,
    stopped: Vec<IoEvent>,
    /// What it notes when it is stopped.
    note: &'static str,
    /// How long it takes to stop, and whether it loses the callback then.
    stops_in: Duration,
    fails: bool,
    /// What it has counted.
    stats: IoStats,
    callback: Option<C>,
}

/// Not derived: that would want the same of `C`.
impl<C> Default for Told<C> {
    fn default() -> Self {
        let (running, stopped) = (Vec::new(), Vec::new());
        let (spec, stats, stops_in) = (DeviceSpec::default(), IoStats::default(), Duration::ZERO);
        Self { spec, running, stopped, note: "", stops_in, fails: false, stats, callback: None }
    }
}

impl<C: Callback> Backend<C> for Told<C> {
    fn spec(&self) -> &DeviceSpec {
        &self.spec
    }

    fn start(&mut self, callback: C) -> Result<(), Refused<C>> {
        self.callback = Some(callback);
        Ok(())
    }

    fn poll(&mut self) -> Option<IoEvent> {
        let events = if self.callback.is_some() { &mut self.running } else { &mut self.stopped };
        (!events.is_empty()).then(|| events.remove(0))
    }

    fn stats(&self) -> IoStats {
        self.stats
    }

    fn stop(&mut self) -> Result<C, IoError> {
        std::thread::sleep(self.stops_in);
        self.spec.notes.extend((!self.note.is_empty()).then(|| self.note.to_owned()));
        let callback = self.callback.take().ok_or_else(|| IoError::NotRunning(String::new()))?;
        if self.fails { Err(IoError::Panicked("mine".to_owned())) } else { Ok(callback) }
    }
}

/// Makes the devices that its function describes, by their number.
struct ToldHost(fn(usize) -> Told<Placed<Note>>, AtomicUsize);

impl Host<Placed<Note>> for ToldHost {
    fn name(&self) -> &'static str {
        "told"
    }

    fn devices(&self) -> Result<Vec<DeviceInfo>, IoError> {
        Ok(Vec::new())
    }

    fn open(&self, _request: &DeviceRequest) -> Result<Box<dyn Backend<Placed<Note>>>, IoError> {
        let mut device = (self.0)(self.1.fetch_add(1, Ordering::Relaxed));
        device.spec = DeviceSpec { rate: 48_000, max_frames: 480, ..device.spec };
        Ok(Box::new(device))
    }
}

fn told(devices: fn(usize) -> Told<Placed<Note>>) -> Bench {
    let host = Box::new(ToldHost(devices, AtomicUsize::new(0)));
    let mut device = Supervised::open(host, DeviceRequest::default(), QUICK).unwrap();
    let blocks = Arc::new(Mutex::new(Vec::new()));
    device.start(Note { blocks: Arc::clone(&blocks), frames: 0 }).unwrap();
    Bench { device, blocks, requests: Arc::default() }
}

const XRUN: IoEvent = IoEvent { position: 96, kind: IoEventKind::Xrun { lost: 48, side: Side::Both } };
const ENDED: IoEvent = IoEvent { position: 480, kind: IoEventKind::Lost { reason: LostReason::ServerEnded } };

#[test]
fn what_a_lost_device_had_not_said_yet_is_heard_once() {
    let mut bench = told(|number| match number {
        0 => Told { running: vec![ENDED], stopped: vec![XRUN, ENDED], ..Told::default() },
        _ => Told::default(),
    });
    let said = bench.until(|kind| matches!(kind, IoEventKind::Reconnected { .. }));
    assert_eq!(said[..2], [ENDED, XRUN]);
    assert!(matches!(said[2].kind, IoEventKind::Reconnected { .. }), "{said:?}");
}

#[test]
fn what_a_device_had_not_said_when_it_was_stopped_can_still_be_heard() {
    let mut bench = told(|_| Told { stopped: vec![XRUN], ..Told::default() });
    assert!(bench.device.stop().is_ok());
    assert_eq!((bench.device.poll(), bench.device.poll()), (Some(XRUN), None));
}

#[test]
fn what_a_device_learns_in_the_end_is_noted_and_outlives_it() {
    let mut bench = told(|number| match number {
        0 => Told { running: vec![ENDED], note: "7 errors", ..Told::default() },
        _ => Told { note: "no rights", ..Told::default() },
    });
    assert_eq!(bench.device.spec().notes, [""; 0]);
    bench.until(|kind| matches!(kind, IoEventKind::Reconnected { .. }));
    assert_eq!(bench.device.spec().notes, ["7 errors"]);
    assert!(bench.device.stop().is_ok());
    assert_eq!(bench.device.spec().notes, ["7 errors", "no rights"]);
}

#[test]
fn why_a_callback_is_lost_is_told_to_whoever_stops_it_and_another_may_be_started() {
    let mut bench = told(|number| Told { running: vec![ENDED], fails: number == 0, ..Told::default() });
    bench.until(|kind| kind == IoEventKind::Finished);
    let error = bench.device.stop().map(|_| ()).unwrap_err();
    assert!(matches!(&error, IoError::Panicked(name) if name == "mine"), "{error}");
    assert!(matches!(bench.device.stop(), Err(IoError::NotRunning(_))), "it is told once");
    bench.device.start(Note { blocks: Arc::clone(&bench.blocks), frames: 0 }).unwrap();
    bench.until(|kind| matches!(kind, IoEventKind::Lost { .. }));
    assert!(bench.device.stop().is_ok());
}

fn away(said: &[IoEvent]) -> u64 {
    said.iter()
        .find_map(|event| match event.kind {
            IoEventKind::Reconnected { away } => Some(away),
            _ => None,
        })
        .expect("it is back")
}

/// Frames of a time at the rate of all devices here.
fn frames(time: Duration) -> u64 {
    (time.as_secs_f64() * 48_000.0) as u64
}

#[test]
fn the_time_that_a_lost_device_takes_to_stop_is_time_away() {
    const STOPS_IN: Duration = Duration::from_millis(150);
    let mut bench = told(|number| match number {
        0 => Told { running: vec![ENDED], stops_in: STOPS_IN, ..Told::default() },
        _ => Told::default(),
    });
    let said = bench.until(|kind| matches!(kind, IoEventKind::Reconnected { .. }));
    let away = away(&said);
    assert!(away >= frames(STOPS_IN), "{away}");
    assert_eq!((said[1].position, bench.device.stats().frames_away), (ENDED.position + away, away));
}

#[test]
fn the_silence_before_a_loss_is_time_away() {
    let mut bench = told(|number| match number {
        0 => Told { stats: IoStats { blocks: 1, frames: 480, ..IoStats::default() }, ..Told::default() },
        _ => Told::default(),
    });
    let said = bench.until(|kind| matches!(kind, IoEventKind::Reconnected { .. }));
    assert!(away(&said) >= frames(QUICK.silence), "{said:?}");
}

#[test]
fn positions_go_on_when_a_device_is_stopped_while_it_is_away() {
    let mut bench = bench(vec![Some(unplugged_at(1_024)), None, Some(SimConfig::default())], QUICK);
    bench.until(|kind| matches!(kind, IoEventKind::Lost { .. }));
    let rest = Duration::from_millis(50);
    std::thread::sleep(rest);
    let callback = bench.device.stop().unwrap();
    let after = bench.blocks.lock().unwrap().len();
    while let Err(refused) = bench.device.start(Note { blocks: Arc::clone(&bench.blocks), frames: callback.frames }) {
        assert!(matches!(refused.error, IoError::Host { .. }), "{}", refused.error);
    }
    bench.device.pass(Duration::from_millis(20));
    let blocks = bench.blocks.lock().unwrap().clone();
    let first = blocks[after];
    assert!(first.position >= 1_024 + frames(rest) && first.discontinuity, "{first:?}");
    let IoStats { frames_away, losses, .. } = bench.device.stats();
    assert_eq!((first.position, losses), (1_024 + frames_away, 1));
}

#[test]
fn positions_go_on_after_a_callback_that_was_lost() {
    let mut bench = told(|number| {
        let stats = IoStats { blocks: 1, frames: 480, ..IoStats::default() };
        Told { running: vec![ENDED], fails: number < 2, stats, ..Told::default() }
    });
    bench.until(|kind| kind == IoEventKind::Finished);
    assert!(bench.device.stop().is_err());
    let note = |bench: &Bench| Note { blocks: Arc::clone(&bench.blocks), frames: 0 };
    bench.device.start(note(&bench)).unwrap();
    // Stopped without being lost before.
    assert!(bench.device.stop().is_err());
    bench.device.start(note(&bench)).unwrap();
    let said = bench.until(|kind| matches!(kind, IoEventKind::Lost { .. }));
    let lost = said.last().unwrap().position;
    assert!(lost >= 3 * 480, "each stands after the one before: {lost}");
}

/// Calls once, then never again, and says nothing.
struct Mute<C>(DeviceSpec, Option<C>, Arc<AtomicBool>);

impl<C: Callback> Backend<C> for Mute<C> {
    fn spec(&self) -> &DeviceSpec {
        &self.0
    }

    fn start(&mut self, callback: C) -> Result<(), Refused<C>> {
        self.1 = Some(callback);
        Ok(())
    }

    fn poll(&mut self) -> Option<IoEvent> {
        None
    }

    fn stats(&self) -> IoStats {
        IoStats { blocks: 1, frames: 480, ..IoStats::default() }
    }

    fn stop(&mut self) -> Result<C, IoError> {
        self.2.store(true, Ordering::Relaxed);
        self.1.take().ok_or_else(|| IoError::NotRunning(String::new()))
    }
}

struct MuteHost(Arc<AtomicBool>);

impl Host<Placed<Note>> for MuteHost {
    fn name(&self) -> &'static str {
        "mute"
    }

    fn devices(&self) -> Result<Vec<DeviceInfo>, IoError> {
        Ok(Vec::new())
    }

    fn open(&self, _request: &DeviceRequest) -> Result<Box<dyn Backend<Placed<Note>>>, IoError> {
        let spec = DeviceSpec { rate: 48_000, max_frames: 480, ..DeviceSpec::default() };
        Ok(Box::new(Mute(spec, None, Arc::clone(&self.0))))
    }
}

#[test]
fn a_device_that_stops_calling_is_lost() {
    let stopped = Arc::new(AtomicBool::new(false));
    let host = Box::new(MuteHost(Arc::clone(&stopped)));
    let mut device = Supervised::open(host, DeviceRequest::default(), QUICK).unwrap();
    let blocks = Arc::new(Mutex::new(Vec::new()));
    device.start(Note { blocks: Arc::clone(&blocks), frames: 0 }).unwrap();
    let (requests, began) = (Arc::default(), Instant::now());
    let mut bench = Bench { device, blocks, requests };
    let said = bench.until(|kind| matches!(kind, IoEventKind::Lost { .. }));
    assert_eq!(said, [IoEvent { position: 480, kind: IoEventKind::Lost { reason: LostReason::Silent } }]);
    assert!(!stopped.load(Ordering::Relaxed), "it is told before the device is stopped, which may take a while");
    assert!(began.elapsed() >= QUICK.silence);
    bench.device.pass(Duration::ZERO);
    assert!(stopped.load(Ordering::Relaxed), "the device was stopped");
    bench.until(|kind| matches!(kind, IoEventKind::Reconnected { .. }));
    assert_eq!(bench.device.stats().losses, 1);
}

#[test]
fn a_lost_device_may_be_stopped_at_once() {
    let mut bench = bench(vec![Some(unplugged_at(512)), Some(SimConfig::default())], QUICK);
    bench.until(|kind| matches!(kind, IoEventKind::Lost { .. }));
    let callback = bench.device.stop().unwrap();
    assert_eq!((callback.frames, bench.device.stats().frames), (512, 512));
    bench.device.start(callback).unwrap();
    bench.device.pass(Duration::from_millis(20));
    assert!(bench.device.stop().unwrap().frames > 512, "it was opened anew");
}

/// Opens at once, then only when its door is opened: a server that hangs.
struct Stuck {
    opened: Arc<AtomicUsize>,
    door: Mutex<Receiver<()>>,
    dropped: Arc<AtomicUsize>,
}

/// A device that tells when it is dropped.
struct Sticky(Told<Placed<Note>>, Arc<AtomicUsize>);

impl Drop for Sticky {
    fn drop(&mut self) {
        self.1.fetch_add(1, Ordering::Relaxed);
    }
}

impl Backend<Placed<Note>> for Sticky {
    fn spec(&self) -> &DeviceSpec {
        self.0.spec()
    }

    fn start(&mut self, callback: Placed<Note>) -> Result<(), Refused<Placed<Note>>> {
        self.0.start(callback)
    }

    fn poll(&mut self) -> Option<IoEvent> {
        self.0.poll()
    }

    fn stats(&self) -> IoStats {
        self.0.stats()
    }

    fn stop(&mut self) -> Result<Placed<Note>, IoError> {
        self.0.stop()
    }
}

impl Host<Placed<Note>> for Stuck {
    fn name(&self) -> &'static str {
        "stuck"
    }

    fn devices(&self) -> Result<Vec<DeviceInfo>, IoError> {
        Ok(Vec::new())
    }

    fn open(&self, _request: &DeviceRequest) -> Result<Box<dyn Backend<Placed<Note>>>, IoError> {
        let number = self.opened.fetch_add(1, Ordering::Relaxed);
        if number > 0 {
            let _ = self.door.lock().unwrap().recv();
        }
        let spec = DeviceSpec { rate: 48_000, max_frames: 480, ..DeviceSpec::default() };
        let running = if number == 0 { vec![ENDED] } else { Vec::new() };
        Ok(Box::new(Sticky(Told { spec, running, ..Told::default() }, Arc::clone(&self.dropped))))
    }
}

/// Passes once such a condition holds, in a minute at most.
fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let start = Instant::now();
    while !holds() {
        assert!(start.elapsed() < Duration::from_secs(60), "{what}");
        std::thread::sleep(Duration::from_millis(1));
    }
}

#[test]
fn an_attempt_that_hangs_keeps_neither_the_control_thread_nor_the_callback() {
    let (opened, dropped) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let (open_door, door) = channel();
    let host = Stuck { opened: Arc::clone(&opened), door: Mutex::new(door), dropped: Arc::clone(&dropped) };
    let mut device = Supervised::open(Box::new(host), DeviceRequest::default(), QUICK).unwrap();
    let blocks = Arc::new(Mutex::new(Vec::new()));
    device.start(Note { blocks: Arc::clone(&blocks), frames: 7 }).unwrap();
    let mut bench = Bench { device, blocks, requests: Arc::default() };
    bench.until(|kind| matches!(kind, IoEventKind::Lost { .. }));
    // Much longer than all retries take, and each pass comes back.
    (0..50).for_each(|_| bench.device.pass(Duration::from_millis(2)));
    assert_eq!((opened.load(Ordering::Relaxed), dropped.load(Ordering::Relaxed)), (2, 1), "one attempt at a time");
    let callback = bench.device.stop().unwrap();
    assert_eq!(callback.frames, 7);
    // What comes of the attempt now is wanted by nobody.
    open_door.send(()).unwrap();
    until("the late device is dropped", || dropped.load(Ordering::Relaxed) == 2);
    open_door.send(()).unwrap();
    bench.device.start(callback).unwrap();
    assert_eq!(opened.load(Ordering::Relaxed), 3);
    assert!(bench.device.stop().is_ok());
    drop(bench);
    until("the last one is dropped", || dropped.load(Ordering::Relaxed) == 3);
}

#[test]
fn a_late_answer_is_taken_and_the_callback_runs_on() {
    let opened = Arc::new(AtomicUsize::new(0));
    let (open_door, door) = channel();
    let host = Stuck { opened: Arc::clone(&opened), door: Mutex::new(door), dropped: Arc::default() };
    let mut device = Supervised::open(Box::new(host), DeviceRequest::default(), QUICK).unwrap();
    let blocks = Arc::new(Mutex::new(Vec::new()));
    device.start(Note { blocks: Arc::clone(&blocks), frames: 7 }).unwrap();
    let mut bench = Bench { device, blocks, requests: Arc::default() };
    bench.until(|kind| matches!(kind, IoEventKind::Lost { .. }));
    let hung = Duration::from_millis(60);
    let start = Instant::now();
    while start.elapsed() < hung {
        bench.device.pass(Duration::from_millis(2));
    }
    open_door.send(()).unwrap();
    let said = bench.until(|kind| matches!(kind, IoEventKind::Reconnected { .. }));
    assert!(away(&said) >= frames(hung), "{said:?}");
    assert_eq!(bench.device.stop().unwrap().frames, 7);
}
