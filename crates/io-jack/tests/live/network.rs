//! A second machine: the same patch there, as a client of a JACK server that a server here drives over the network.

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, channel, sync_channel};
use std::time::{Duration, Instant};

use patchline_graph::{Graph, StreamSpec, engine};
use patchline_io::{Backend, DeviceRequest, IoEventKind, Patience, SideRequest, Supervised};
use patchline_io_jack::JackHost;
use patchline_nodes::{Gain, Input, Output};

use crate::buried::bury;
use crate::sound::{sink, source};
use crate::support::{Server, again, has_jackd, is_again, open, request};
use crate::wire::{NEAR, Wire, own_network};

const TEST: &str = "network::a_second_machine_plays_the_same_patch";
const FAR_SERVER: &str = "PATCHLINE_FAR_SERVER";
const BLOCK: usize = 512;
/// Of the network, in blocks: half of it each way, and one block in the far server.
const CYCLES: usize = 2;
const GAIN: f32 = 0.5;

#[test]
fn a_second_machine_plays_the_same_patch() {
    match (is_again(TEST), std::env::var_os(FAR_SERVER)) {
        (true, Some(_)) => near_machine(),
        (true, None) => far_machine(),
        (false, _) if !has_jackd() => {}
        (false, _) => match own_network() {
            Err(reason) => left_out(&reason),
            Ok(unshare) => {
                let (pid, mut machine) = (std::process::id(), again(TEST, unshare, ""));
                machine.env("JACK_DEFAULT_SERVER", format!("pl{pid}-near")).env(FAR_SERVER, format!("pl{pid}-far"));
                let status = machine.status().unwrap();
                ["near", "far"].iter().for_each(|which| bury(&format!("pl{pid}-{which}")));
                assert!(status.success(), "{TEST}: {status}");
            }
        },
    }
}

fn left_out(reason: &str) {
    eprintln!("left out: a second machine cannot be had here: {reason}");
}

fn near_machine() {
    let wire = match Wire::lay() {
        Ok(wire) => wire,
        Err(reason) => return left_out(&reason),
    };
    let (name, enter, cycles) = (std::env::var(FAR_SERVER).unwrap(), wire.enter(), CYCLES.to_string());
    let driver = ["-d", "net", "-a", NEAR, "-C", "1", "-P", "1", "-n", "far", "-l", &cycles];
    let mut far = Server::named(&name, &enter.each_ref().map(String::as_str), &driver);
    let near = match join(&mut far) {
        Ok(near) => near,
        Err(reason) => return left_out(&reason),
    };
    let machine = FarMachine::start(&name);
    let latencies = machine.wait_for("opened").1;
    assert_eq!(latencies, format!("{} {}", CYCLES * BLOCK / 2, CYCLES * BLOCK / 2 + BLOCK), "as the far server has it");
    hear();

    let killed = Instant::now();
    near.kill("KILL");
    let noticed = machine.wait_for("lost").0;
    assert!(noticed < killed + Duration::from_secs(2), "after {:?}", noticed - killed);
    eprintln!("noticed after {:?}", noticed - killed);
    let _near = join(&mut far).unwrap();
    machine.wait_for("back");
    hear();
    // A server with such a client takes long to end.
    drop(Command::new("jack_unload").arg("netmanager").output());
}

/// Starts the server of this process, and has it drive the far one. Now and then both wait for the other's first packet,
/// for good; then it takes another server here.
fn join(far: &mut Server) -> Result<Server, String> {
    for _ in 0..6 {
        let near = Server::start(BLOCK);
        let mut probe = open(&request("probe", None, Some(""))).unwrap();
        probe.start(source()).unwrap();
        let (look, _) = jack::Client::new("look", jack::ClientOptions::NO_START_SERVER).unwrap();
        load_manager()?;
        let is_there = || look.port_by_name("far:from_slave_1").is_some();
        within(Duration::from_secs(8), || far.has_ended() || is_there());
        if far.has_ended() {
            return Err("`jackd -d net` ends at once".to_owned());
        }
        // A server that waits for a packet calls nobody.
        let blocks = probe.stats().blocks;
        if is_there() && within(Duration::from_secs(1), || probe.stats().blocks > blocks + 40) {
            return Ok(near);
        }
        eprintln!("the servers did not get together; once more");
        near.kill("KILL");
    }
    panic!("the far server never came")
}

/// In the server of this process.
fn load_manager() -> Result<(), String> {
    let output = Command::new("jack_load").arg("netmanager").output().map_err(|error| format!("jack_load: {error}"))?;
    let words = String::from_utf8_lossy(&output.stderr).into_owned();
    if output.status.success() { Ok(()) } else { Err(format!("`jack_load netmanager`: {words}")) }
}

fn within(time: Duration, mut done: impl FnMut() -> bool) -> bool {
    let end = Instant::now() + time;
    while !done() {
        if Instant::now() > end {
            return false;
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    true
}

/// Sends frame after frame to the far machine, and finds each one, as the patch there leaves it, where the latencies
/// say that the server here reports of its ports.
fn hear() {
    let mut asked = request("fan", None, Some("far:to_*"));
    asked.output.as_mut().unwrap().labels = vec!["from_here".to_owned()];
    let mut from = open(&asked).unwrap();
    let mut to = open(&request("listener", Some("fa?:from_*"), None)).unwrap();
    assert_eq!(to.spec().inputs, 2, "what is sent, and what comes back");
    let reported = (from.spec().output_latency + to.spec().input_latency) as usize;
    assert_eq!(reported, (CYCLES + 1) * BLOCK);
    let (send, heard) = sync_channel(10_000);
    to.start(sink(send)).unwrap();
    from.start(source()).unwrap();
    let (mut one, mut other) = (Vec::new(), Vec::new());
    let start = |samples: &[f32]| samples.iter().position(|&sample| sample != 0.0);
    let both = |one: &[f32], other: &[f32]| start(one).zip(start(other)).map(|(one, other)| one.max(other));
    // A second of both.
    while both(&one, &other).is_none_or(|start| one.len() < start + 48_000) {
        let (_, first, second) = heard.recv_timeout(Duration::from_secs(20)).expect("the listener is called");
        one.extend(first);
        other.extend(second);
        assert!(one.len() < 48_000 * 20, "nothing comes back");
    }
    let (sent, back) = if start(&one) < start(&other) { (one, other) } else { (other, one) };
    check(&sent, &back, start(&back).unwrap(), reported);
}

/// From a frame on. Packets are late where the machine is busy, but what arrives is right, and in its place.
fn check(sent: &[f32], back: &[f32], from: usize, latency: usize) {
    let fits = |frame: &usize| back[*frame] == GAIN * sent[*frame - latency];
    let (fit, all) = ((from..back.len()).filter(fits).count(), back.len() - from);
    let late = sent.iter().position(|sent| GAIN * sent == back[from]).map(|sent| from.abs_diff(sent));
    assert!(
        late == Some(latency) && fit * 2 > all,
        "{fit} of {all} frames are {latency} late; the first is {late:?} late"
    );
}

/// The other half of the test, in a process of its own.
struct FarMachine {
    process: Child,
    lines: Receiver<(Instant, String)>,
}

impl FarMachine {
    fn start(server: &str) -> Self {
        let mut process = again(TEST, &[], server);
        process.env_remove(FAR_SERVER).stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::piped());
        let mut process = process.spawn().unwrap();
        let (said, lines) = channel();
        let reader = BufReader::new(process.stderr.take().unwrap());
        std::thread::spawn(move || {
            for line in reader.lines().map_while(Result::ok) {
                let _ = said.send((Instant::now(), line));
            }
        });
        Self { process, lines }
    }

    /// When it said a line that begins so, and the rest of it.
    fn wait_for(&self, beginning: &str) -> (Instant, String) {
        loop {
            let (at, line) = self.lines.recv_timeout(Duration::from_secs(30)).expect(beginning);
            match line.strip_prefix(beginning) {
                Some(rest) => return (at, rest.trim().to_owned()),
                None => eprintln!("far machine: {line}"),
            }
        }
    }
}

impl Drop for FarMachine {
    fn drop(&mut self) {
        drop(self.process.stdin.take());
        let _ = self.process.wait();
    }
}

fn far_machine() {
    let side = Some(SideRequest::default());
    let asked =
        DeviceRequest { client_name: "patch".to_owned(), input: side.clone(), output: side, ..Default::default() };
    let mut device = Supervised::open(Box::new(JackHost), asked, Patience::default()).unwrap();
    let spec = device.spec().clone();
    eprintln!("opened {} {}", spec.input_latency, spec.output_latency);
    let mut graph = Graph::new();
    graph.add("in", Input::default()).unwrap();
    graph.add("half", Gain { gain: "0.5".parse().unwrap(), ..Gain::default() }).unwrap();
    graph.add("out", Output::default()).unwrap();
    graph.chain(&["in", "half", "out"]).unwrap();
    let (mut live, renderer) = engine(StreamSpec::new(spec.rate, spec.max_frames, spec.inputs, spec.outputs));
    live.load(graph).unwrap();
    device.start(renderer).unwrap();
    let over = Arc::new(AtomicBool::new(false));
    let ended = Arc::clone(&over);
    std::thread::spawn(move || {
        let _ = std::io::stdin().read_to_end(&mut Vec::new());
        ended.store(true, Ordering::Relaxed);
    });
    while !over.load(Ordering::Relaxed) {
        device.pass(Duration::from_millis(5));
        while let Some(event) = device.poll() {
            match event.kind {
                IoEventKind::Lost { .. } => eprintln!("lost {event}"),
                IoEventKind::Reconnected { .. } => eprintln!("back {event}"),
                _ => {}
            }
        }
    }
    live.close(device.stop().unwrap());
}
