//! Plays on the first device that there is, watches over it, and ends in good order.
//!
//!     cargo run --example device                          # the null device: the machine's clock, and nothing heard
//!     cargo run --example device --features jack          # a JACK server, if one runs
//!     cargo run --example device --features jack,cpal     # else the system's own devices
//!
//! A soft tone for a second. Hosts are asked in turn; what opens gives rate, block and channels, and the engine is made for these.

use std::error::Error;
use std::time::Duration;

use patchline::io::null::{Null, NullConfig};
use patchline::io::{Backend, DeviceRequest, Host, IoEventKind, SideRequest};
use patchline::nodes::{Meter, Oscillator, Output};
use patchline::{Graph, Renderer, StreamSpec, engine};

/// What hands the callback to a device, whichever it is.
type Device = Box<dyn Backend<Renderer>>;

fn main() -> Result<(), Box<dyn Error>> {
    let mut device = open("patchline-example")?;
    let spec = device.spec().clone();
    println!("{}: {} Hz, blocks of {} frames, {} channels", spec.name, spec.rate, spec.max_frames, spec.outputs);
    spec.notes.iter().for_each(|note| println!("{note}"));

    let (mut engine, renderer) = engine(StreamSpec::new(spec.rate, spec.max_frames, spec.inputs, spec.outputs));
    engine.load(tone(spec.outputs)?)?;
    device.set_latency(engine.schedule().latency);
    device.start(renderer).map_err(|refused| refused.error)?;

    let second = u64::from(spec.rate);
    while engine.stats().frames < second {
        device.pass(Duration::from_millis(20));
        while let Some(event) = device.poll() {
            println!("{event}");
            if let IoEventKind::Lost { .. } = event.kind {
                return Err("the device went away".into());
            }
        }
        while let Some(event) = engine.next_event() {
            println!("frame {}: {:?} {}", event.frame, event.kind, event.node.unwrap_or_default());
        }
        // What the audio thread is done with is freed here.
        engine.collect();
    }

    let renderer = device.stop()?;
    let level = engine.readings("level").and_then(|level| level.get("rms", 0)).unwrap_or(f64::NAN);
    println!("{} frames, {} xruns, RMS {level:.1} dBFS", engine.stats().frames, device.stats().xruns);
    engine.close(renderer);
    Ok(())
}

/// The default output of the first host that has one; the null device where none has.
fn open(name: &str) -> Result<Device, Box<dyn Error>> {
    let request = DeviceRequest {
        client_name: name.to_owned(),
        output: Some(SideRequest::default()),
        block: Some(256),
        ..DeviceRequest::default()
    };
    for host in hosts() {
        match host.open(&request) {
            Ok(device) => return Ok(device),
            Err(error) => println!("{}: {error}", host.name()),
        }
    }
    Ok(Box::new(Null::open(NullConfig { inputs: 0, ..NullConfig::default() })?))
}

/// JACK, then the system's own, as far as this program is built with them.
fn hosts() -> Vec<Box<dyn Host<Renderer>>> {
    let hosts = std::iter::empty();
    #[cfg(feature = "jack")]
    let hosts = hosts.chain([Box::new(patchline::io_jack::JackHost) as Box<dyn Host<Renderer>>]);
    #[cfg(feature = "cpal")]
    let hosts = hosts.chain(patchline::io_cpal::hosts().into_iter().map(|host| Box::new(host) as _));
    hosts.collect()
}

fn tone(channels: usize) -> Result<Graph, Box<dyn Error>> {
    let mut graph = Graph::new();
    graph.add("tone", Oscillator { channels, level: "-30 dB".parse()?, ..Oscillator::default() })?;
    graph.add("level", Meter::default())?;
    graph.add("out", Output::default())?;
    graph.chain(&["tone", "level", "out"])?;
    Ok(graph)
}
