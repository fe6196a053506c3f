//! What does not happen: allocations on the device's thread, and chatter on the terminal.

use std::fs::File;
use std::io::{Read, Seek};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use patchline_io::{Block, Callback, DeviceRequest, Host, SideRequest};
use patchline_io_cpal::hosts;

use crate::bed::{Server, host, live};
use crate::passthrough::run;
use crate::watch::count;

/// Copies, and watches the thread it is on. Allocates once, when it is told to.
struct Watching {
    blocks: u64,
    plant_at: u64,
    /// How often the thread had allocated or freed when the last call ended.
    last: u64,
    found: Arc<Found>,
}

#[derive(Debug, Default)]
struct Found {
    /// Outside of the callback: cpal's part and ours.
    outside: AtomicU64,
    inside: AtomicU64,
    blocks: AtomicU64,
}

/// Blocks before which buffers may still be made.
const STEADY: u64 = 50;

impl Callback for Watching {
    fn process(&mut self, _: Block, inputs: &[&[f32]], outputs: &mut [&mut [f32]]) {
        let start = count();
        if self.blocks > STEADY {
            self.found.outside.fetch_add(start - self.last, Ordering::Relaxed);
            self.found.blocks.fetch_add(1, Ordering::Relaxed);
        }
        outputs.iter_mut().zip(inputs).for_each(|(output, input)| output.copy_from_slice(input));
        if self.blocks == self.plant_at {
            drop(std::hint::black_box(Box::new(self.blocks)));
        }
        self.last = count();
        self.found.inside.fetch_add(self.last - start, Ordering::Relaxed);
        self.blocks += 1;
    }
}

fn side(device: &str) -> Option<SideRequest> {
    Some(SideRequest { device: Some(device.to_owned()), ..SideRequest::default() })
}

/// Runs a device for some time: what was counted, and whether the host told of an error.
fn watch(request: &DeviceRequest) -> (Arc<Found>, bool) {
    let found = Arc::new(Found::default());
    let watching = Watching { blocks: 0, plant_at: STEADY + 10, last: 0, found: Arc::clone(&found) };
    let mut device = Host::<Watching>::open(&host("alsa"), request).unwrap();
    assert!(device.start(watching).is_ok());
    run(&mut *device, Duration::from_millis(2_000));
    assert!(device.stop().is_ok());
    let notes = &device.spec().notes;
    println!("{found:?} {:?} {notes:?}", device.stats());
    (found, notes.iter().any(|note| note.contains("errors")))
}

/// cpal's ALSA host itself allocates nothing but the words of errors, so all that is counted without errors would be
/// ours.
#[test]
fn nothing_is_allocated_on_alsas_threads() {
    live("quiet::nothing_is_allocated_on_alsas_threads", || {
        let _server = Server::start();
        let (input, output) = (side("from_null0"), side("to_null1"));
        for (input, output) in [(input.clone(), output.clone()), (input, None), (None, output)] {
            let request = DeviceRequest { input, output, block: Some(512), ..DeviceRequest::default() };
            let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
            let mut runs = (0..10).map(|_| watch(&request));
            let undisturbed = |found: &Found| read(&found.outside) == 0 && read(&found.blocks) > 20;
            let clean = runs.find(|(found, errors)| !errors || undisturbed(found));
            let (found, _) = clean.expect("a run without errors of the host");
            assert!(read(&found.blocks) > 20, "{}", read(&found.blocks));
            assert_eq!(read(&found.outside), 0, "{request:?}");
            assert_eq!(read(&found.inside), 2, "what was planted is seen: {request:?}");
        }
    });
}

/// What reaches stderr while devices are looked for, and somebody speaks.
fn printed() -> String {
    let before = rustix::io::fcntl_dupfd_cloexec(std::io::stderr(), 3).unwrap();
    let mut seen: File = tempfile::tempfile().unwrap();
    rustix::stdio::dup2_stderr(&seen).unwrap();
    let speaker = std::thread::spawn(|| {
        for number in 0..20 {
            eprintln!("our own words {number}");
            std::thread::sleep(Duration::from_millis(5));
        }
    });
    for host in hosts() {
        let _ = host.devices();
        let request = DeviceRequest { output: side("to_null0"), ..DeviceRequest::default() };
        assert!(Host::<Watching>::open(&host, &request).is_err());
    }
    speaker.join().unwrap();
    rustix::stdio::dup2_stderr(&before).unwrap();
    let mut text = String::new();
    seen.rewind().unwrap();
    seen.read_to_string(&mut text).unwrap();
    text
}

/// Without a server, alsa-lib and its plugins complain of each device. Now and then our words get into the middle of
/// one of their lines, and are lost with it.
#[test]
fn only_our_own_words_reach_stderr() {
    live("quiet::only_our_own_words_reach_stderr", || {
        let expected: String = (0..20).map(|number| format!("our own words {number}\n")).collect();
        let texts: Vec<String> = (0..5).map(|_| printed()).collect();
        assert!(texts.contains(&expected), "{texts:#?}");
        assert!(!texts.iter().any(|text| text.contains("ALSA lib") || text.contains("to server socket")), "{texts:#?}");
    });
}
