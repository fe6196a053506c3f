//! Servers that end, and what is left of it.

use std::fs;
use std::time::{Duration, Instant};

use patchline_io::{
    Backend, Block, Callback, DeviceRequest, FnCallback, Host, IoEvent, IoEventKind, LostReason, Patience, SideRequest,
    Supervised,
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

fn threads() -> usize {
    fs::read_dir("/proc/self/task").unwrap().count()
}

fn lost(events: &[IoEvent]) -> Option<LostReason> {
    events.iter().find_map(|event| match event.kind {
        IoEventKind::Lost { reason } => Some(reason),
        _ => None,
    })
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
    assert!(noticed < Duration::from_secs(4), "{noticed:?} {events:?}");
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
    let cycles = if std::env::var_os("PATCHLINE_FULL").is_some() { 100 } else { 20 };
    let cycle = || {
        let mut device = host(name).open(&duplex(input, output)).unwrap();
        device.start(copy()).map_err(|refused| refused.error).unwrap();
        run(&mut *device, Duration::from_millis(30));
        assert!(device.stop().is_ok());
    };
    (0..3).for_each(|_| cycle());
    std::thread::sleep(Duration::from_millis(500));
    let before = (threads(), open_files());
    (0..cycles).for_each(|_| cycle());
    let start = Instant::now();
    let mut after = (threads(), open_files());
    while (after.0 > before.0 || after.1 > before.1) && start.elapsed() < Duration::from_secs(5) {
        std::thread::sleep(Duration::from_millis(50));
        after = (threads(), open_files());
    }
    println!("{name}: {before:?} threads and files, {after:?} after {cycles} cycles");
    assert!(after.0 <= before.0 && after.1 <= before.1, "{before:?} {after:?}");
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
