//! Servers that end, and what is left of it.

use std::fs;
use std::time::{Duration, Instant};

use patchline_io::{
    Backend, Block, Callback, DeviceRequest, FnCallback, Host, IoError, IoEvent, IoEventKind, LostReason, Patience,
    SideRequest, Supervised,
};

use crate::bed::{Server, host, live};
use crate::passthrough::run;

fn duplex(input: &str, output: &str) -> DeviceRequest {
    let side = |device: &str| Some(SideRequest { device: Some(device.to_owned()), ..SideRequest::default() });
    DeviceRequest { input: side(input), output: side(output), ..DeviceRequest::default() }
}

fn copy() -> impl Callback {
    FnCallback(|_: Block, inputs: &[&[f32]], outputs: &mut [&mut [f32]]| {
        outputs.iter_mut().zip(inputs).for_each(|(output, input)| output.copy_from_slice(input));
    })
}

/// Processor time that this process has used.
fn work() -> Duration {
    let stat = fs::read_to_string("/proc/self/stat").unwrap();
    // After the name, which is in brackets: user and system time are the 14th and 15th of all, in hundredths.
    let fields: Vec<&str> = stat.rsplit_once(')').unwrap().1.split_whitespace().collect();
    let ticks: u64 = fields[11].parse::<u64>().unwrap() + fields[12].parse::<u64>().unwrap();
    Duration::from_millis(10 * ticks)
}

/// Memory that this process has, in bytes.
fn memory() -> usize {
    let pages = fs::read_to_string("/proc/self/statm").unwrap();
    4_096 * pages.split_whitespace().nth(1).unwrap().parse::<usize>().unwrap()
}

fn open_files() -> usize {
    fs::read_dir("/proc/self/fd").unwrap().count()
}

/// What this process has of memory that others have, too: PulseAudio's, and the segments of semaphores.
fn shared_memory() -> usize {
    let maps = fs::read_to_string("/proc/self/maps").unwrap();
    maps.lines().filter(|line| line.contains("/dev/shm") || line.contains("memfd:") || line.contains("/SYSV")).count()
}

fn threads() -> usize {
    fs::read_dir("/proc/self/task").unwrap().count()
}

/// Whether the whole of long tests is wanted.
fn full() -> bool {
    std::env::var_os("PATCHLINE_FULL").is_some()
}

fn lost(events: &[IoEvent]) -> Option<LostReason> {
    events.iter().find_map(|event| match event.kind {
        IoEventKind::Lost { reason } => Some(reason),
        _ => None,
    })
}

/// Why it was lost, as soon as it is: a thread that panics first reads this program's debug information, to write down
/// where it was, and that takes its time.
fn wait_for_loss<C: Callback>(device: &mut dyn Backend<C>) -> Option<LostReason> {
    let start = Instant::now();
    let mut reason = None;
    while reason.is_none() && start.elapsed() < Duration::from_secs(60) {
        reason = lost(&run(device, Duration::from_millis(100)));
    }
    reason
}

/// Without anybody who watches over it.
fn check_death(name: &str, input: &str, output: &str) {
    let server = Server::start();
    let mut device = host(name).open(&duplex(input, output)).unwrap();
    device.start(copy()).map_err(|refused| refused.error).unwrap();
    assert_eq!(lost(&run(&mut *device, Duration::from_secs(1))), None);
    let (before, killed) = (work(), Instant::now());
    server.kill();
    let mut events = Vec::new();
    while lost(&events).is_none() && killed.elapsed() < Duration::from_secs(10) {
        events.extend(run(&mut *device, Duration::from_millis(10)));
    }
    let noticed = killed.elapsed();
    let (before_rest, memory_before) = (work(), memory());
    let rest = run(&mut *device, Duration::from_secs(2));
    let (resting, grown) = (work() - before_rest, memory().saturating_sub(memory_before));
    println!(
        "{name}: {:?} after {noticed:?}, {:?} of work until then, {resting:?} and {grown} bytes in 2 s after it",
        lost(&events),
        before_rest - before
    );
    assert!(noticed < Duration::from_millis(2_500), "{noticed:?} {events:?}");
    assert_eq!(lost(&rest), None, "once is enough");
    assert!(resting < Duration::from_secs(1), "half a processor or less: {resting:?}");
    assert!(grown < 32 << 20, "{grown} bytes");
    assert!(device.stop().is_ok(), "the callback comes back");
}

#[test]
fn a_server_that_is_killed_is_noticed_through_alsa() {
    live("trouble::a_server_that_is_killed_is_noticed_through_alsa", || {
        check_death("alsa", "from_null0", "to_null1");
    });
}

#[test]
#[cfg(feature = "pulseaudio")]
fn a_server_that_is_killed_is_noticed_through_pulse() {
    live("trouble::a_server_that_is_killed_is_noticed_through_pulse", || {
        check_death("pulseaudio", "pulseaudio:null0.monitor", "pulseaudio:null1");
    });
}

/// A callback that takes much longer than its block now and then, and panics in the end.
fn check_bad_callback(name: &str, output: &str) {
    let _server = Server::start();
    let request = DeviceRequest { input: None, ..duplex("", output) };
    let (mut blocks, mut overruns) = (0_u32, 3_u32);
    let start = Instant::now();
    let bad = FnCallback(move |_: Block, _: &[&[f32]], outputs: &mut [&mut [f32]]| {
        outputs.iter_mut().for_each(|output| output.fill(1e-3));
        blocks += 1;
        if blocks % 24 == 23 && overruns > 0 {
            overruns -= 1;
            std::thread::sleep(Duration::from_millis(400));
        }
        assert!(start.elapsed() < Duration::from_secs(3), "planned");
    });
    let mut device = host(name).open(&request).unwrap();
    device.start(bad).map_err(|refused| refused.error).unwrap();
    let early = run(&mut *device, Duration::from_millis(2_500));
    println!("{name}: {early:?} {:?} {:?}", device.stats(), device.spec().notes);
    let xruns = early.iter().filter(|event| matches!(event.kind, IoEventKind::Xrun { .. })).count();
    assert!(xruns >= 3, "each is reported: {early:?}");
    assert_eq!(lost(&early), None, "it plays on");
    assert!(device.stats().frames > 24_000, "{:?}", device.stats());
    assert_eq!(wait_for_loss(&mut *device), Some(LostReason::Panicked));
    assert!(matches!(device.stop(), Err(IoError::Panicked(_))));
}

#[test]
fn a_callback_that_overruns_and_panics_is_reported_through_alsa() {
    live("trouble::a_callback_that_overruns_and_panics_is_reported_through_alsa", || {
        check_bad_callback("alsa", "to_null1");
    });
}

#[test]
#[cfg(feature = "pulseaudio")]
fn a_callback_that_overruns_and_panics_is_reported_through_pulse() {
    live("trouble::a_callback_that_overruns_and_panics_is_reported_through_pulse", || {
        check_bad_callback("pulseaudio", "pulseaudio:null1");
    });
}

/// A server that hangs answers nothing, and keeps nothing: the callback comes back in bounded time.
fn check_hang(name: &str, input: &str, output: &str) {
    let server = Server::start();
    let mut device = host(name).open(&duplex(input, output)).unwrap();
    device.start(copy()).map_err(|refused| refused.error).unwrap();
    run(&mut *device, Duration::from_millis(700));
    server.freeze();
    run(&mut *device, Duration::from_millis(300));
    let start = Instant::now();
    assert!(device.stop().is_ok());
    println!("{name}: stopped within {:?}", start.elapsed());
    assert!(start.elapsed() < Duration::from_secs(8));
    drop(device);
    // ALSA takes its time for this: its devices are many, and each may hang.
    if name != "alsa" || full() {
        assert!(host(name).devices().is_err());
        println!("{name}: and says so within {:?}", start.elapsed());
    }
    assert!(start.elapsed() < Duration::from_secs(60));
}

#[test]
fn a_server_that_hangs_keeps_nothing_through_alsa() {
    live("trouble::a_server_that_hangs_keeps_nothing_through_alsa", || {
        check_hang("alsa", "from_null0", "to_null1");
    });
}

#[test]
#[cfg(feature = "pulseaudio")]
fn a_server_that_hangs_keeps_nothing_through_pulse() {
    live("trouble::a_server_that_hangs_keeps_nothing_through_pulse", || {
        check_hang("pulseaudio", "pulseaudio:null0.monitor", "pulseaudio:null1");
    });
}

/// Watched over, while the server is away for a while.
fn check_return(name: &str, input: &str, output: &str) {
    let server = Server::start();
    let mut blocks = 0_u64;
    let count = FnCallback(move |_: Block, _: &[&[f32]], outputs: &mut [&mut [f32]]| {
        blocks += 1;
        outputs.iter_mut().for_each(|output| output.fill(blocks as f32 * 1e-6));
    });
    let mut device = Supervised::open(Box::new(host(name)), duplex(input, output), Patience::default()).unwrap();
    device.start(count).map_err(|refused| refused.error).unwrap();
    run(&mut device, Duration::from_secs(1));
    let before = device.stats();
    server.kill();
    let mut events = run(&mut device, Duration::from_secs(3));
    assert!(lost(&events).is_some(), "{events:?}");
    let _server = Server::start();
    let back = |events: &[IoEvent]| events.iter().any(|event| matches!(event.kind, IoEventKind::Reconnected { .. }));
    let start = Instant::now();
    while !back(&events) && start.elapsed() < Duration::from_secs(15) {
        events.extend(run(&mut device, Duration::from_millis(50)));
    }
    assert!(back(&events), "{events:?}");
    run(&mut device, Duration::from_secs(2));
    let after = device.stats();
    println!("{name}: {:?} after its return\n{before:?}\n{after:?}\n{events:?}", start.elapsed());
    assert!(after.frames > before.frames + 24_000, "it plays on");
    assert!(device.stop().is_ok());
}

#[test]
fn alsa_plays_on_when_the_server_returns() {
    live("trouble::alsa_plays_on_when_the_server_returns", || check_return("alsa", "from_null0", "to_null1"));
}

#[test]
#[cfg(feature = "pulseaudio")]
fn pulse_plays_on_when_the_server_returns() {
    live("trouble::pulse_plays_on_when_the_server_returns", || {
        check_return("pulseaudio", "pulseaudio:null0.monitor", "pulseaudio:null1")
    });
}

/// Opened, run and closed again and again: nothing is left.
fn check_leaks(name: &str, input: &str, output: &str) {
    let _server = Server::start();
    let cycles = if full() { 100 } else { 20 };
    let cycle = || {
        let mut device = host(name).open(&duplex(input, output)).unwrap();
        device.start(copy()).map_err(|refused| refused.error).unwrap();
        run(&mut *device, Duration::from_millis(30));
        assert!(device.stop().is_ok());
    };
    (0..3).for_each(|_| cycle());
    std::thread::sleep(Duration::from_millis(500));
    let left = || [threads(), open_files(), shared_memory()];
    let before = left();
    (0..cycles).for_each(|_| cycle());
    let start = Instant::now();
    let mut after = left();
    let more = |after: [usize; 3]| after.iter().zip(before).any(|(after, before)| *after > before);
    while more(after) && start.elapsed() < Duration::from_secs(5) {
        std::thread::sleep(Duration::from_millis(50));
        after = left();
    }
    println!("{name}: {before:?} threads, files and shared memories, {after:?} after {cycles} cycles");
    assert!(!more(after), "{before:?} {after:?}");
}

#[test]
fn nothing_leaks_through_alsa() {
    live("trouble::nothing_leaks_through_alsa", || check_leaks("alsa", "from_null0", "to_null1"));
}

#[test]
#[cfg(feature = "pulseaudio")]
fn nothing_leaks_through_pulse() {
    live("trouble::nothing_leaks_through_pulse", || {
        check_leaks("pulseaudio", "pulseaudio:null0.monitor", "pulseaudio:null1")
    });
}
