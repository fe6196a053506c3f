use std::time::Duration;

use patchline_io::sim::{Sim, SimConfig};
use patchline_io::{Backend, DeviceSpec, IoError, IoEvent, IoEventKind, IoStats, LostReason, Refused, Side};
use patchline_nodes::{FileSink, Input};
use patchline_wav::FileReader;

use super::*;
use crate::exit::Exit;

const RATE: u32 = 48_000;
const LATE: IoEvent = IoEvent { position: 96, kind: IoEventKind::Xrun { lost: 48, side: Side::Both } };

/// A device that loses its callback by and by, and has more to say when it is stopped.
struct Bad {
    sim: Sim<Player>,
    spec: DeviceSpec,
    steps: u32,
    stopped: bool,
    said: bool,
}

impl Backend<Player> for Bad {
    fn spec(&self) -> &DeviceSpec {
        &self.spec
    }

    fn start(&mut self, callback: Player) -> Result<(), Refused<Player>> {
        self.sim.start(callback)
    }

    fn poll(&mut self) -> Option<IoEvent> {
        if self.stopped {
            return (!std::mem::replace(&mut self.said, true)).then_some(LATE);
        }
        let at = |kind| Some(IoEvent { position: 0, kind });
        match self.steps {
            20 => at(IoEventKind::Lost { reason: LostReason::Panicked }),
            22 => at(IoEventKind::Finished),
            _ => return None,
        }
        .inspect(|_| self.steps += 1)
    }

    fn pass(&mut self, time: Duration) {
        self.steps += 1;
        self.sim.pass(time);
    }

    fn stats(&self) -> IoStats {
        IoStats { clipped: self.steps.min(3).into(), ..self.sim.stats() }
    }

    fn stop(&mut self) -> Result<Player, IoError> {
        self.stopped = true;
        self.spec.notes.push("its host reported 3 errors in all".to_owned());
        drop(self.sim.stop()?);
        Err(IoError::Panicked("bad".to_owned()))
    }
}

#[test]
fn a_callback_that_is_lost_is_a_broken_run_with_a_full_report_and_whole_files() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("take.wav");
    let mut graph = Graph::new();
    graph.add("in", Input::default()).unwrap();
    graph.add("file", FileSink::new(path.to_str().unwrap())).unwrap();
    graph.chain(&["in", "file"]).unwrap();
    let sim = Sim::open(SimConfig { rate: RATE, inputs: 1, outputs: 0, ..SimConfig::default() }).unwrap();
    let spec = Backend::<Player>::spec(&sim).clone();
    let device = Bad { sim, spec: spec.clone(), steps: 0, stopped: false, said: false };
    let opened = Opened { device: Box::new(device), host: hosts::SIM };
    let mut live = Live::start(opened, Piece::on(&spec, graph, None), Terms::default()).unwrap();
    live.play(|_| ControlFlow::Continue(()));
    let (done, _) = live.stop();
    assert_eq!(done.failure().unwrap().exit, Exit::Broken);
    let (text, data) = (done.text(), done.data());
    assert!(text.contains("the callback of the device `bad` panicked and is lost"), "{text}");
    assert!(text.contains("note: its host reported 3 errors in all"), "{text}");
    assert!(text.contains("3 samples beyond what the device's format holds"), "{text}");
    assert_eq!(data["clipped"], 3);
    assert_eq!(data["exit"], Exit::Broken as u8);
    assert!(data["callback_lost"].as_str().is_some_and(|words| words.contains("panicked")), "{data}");
    let frames = FileReader::open(&path).unwrap().info().frames;
    assert_eq!(frames, Some(done.stats.frames));
    assert!(done.stats.frames > 4_800);
}
