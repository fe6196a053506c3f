//! A disk that stands still for longer than the ring lasts, to the frame, and without any rights.

use patchline_graph::{Engine, Graph, Renderer, StreamSpec, engine};
use patchline_wav::FileReader;

use super::{FileSink, Gap, Subtype, gap_lists, stall};
use crate::{Cause, Input, PatchNode, Surroundings, Time};

const RATE: u32 = 48_000;
const BLOCK: usize = 256;
const CHANNELS: usize = 2;

/// The sample of a frame: never silence.
fn sample(frame: u64, channel: usize) -> f32 {
    ((frame * CHANNELS as u64 + channel as u64) % 8_388_607 + 1) as f32 / 8_388_608.0
}

struct Rig {
    folder: tempfile::TempDir,
    engine: Engine,
    renderer: Renderer,
    at: u64,
}

impl Rig {
    fn new(buffer: Time) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut sink = FileSink { subtype: Subtype::Float, buffer, ..FileSink::new("take.wav") };
        sink.resolve(&Surroundings::new("rec", folder.path())).unwrap();
        let mut graph = Graph::new();
        graph.add("in", Input::default()).unwrap().add("rec", sink).unwrap().link("in", "rec").unwrap();
        let (mut engine, renderer) = engine(StreamSpec { outputs: None, ..StreamSpec::new(RATE, BLOCK, CHANNELS, 0) });
        engine.load(graph).unwrap();
        Self { folder, engine, renderer, at: 0 }
    }

    fn render(&mut self, frames: u64, patient: bool) {
        let end = self.at + frames;
        let mut block = [[0.0; BLOCK]; CHANNELS];
        while self.at < end {
            let frames = (end - self.at).min(BLOCK as u64) as usize;
            for (channel, block) in block.iter_mut().enumerate() {
                block.iter_mut().zip(self.at..).for_each(|(to, frame)| *to = sample(frame, channel));
            }
            if patient {
                self.engine.wait_ready(frames);
            }
            let inputs = [&block[0][..frames], &block[1][..frames]];
            self.renderer.render(frames, &inputs, &mut []);
            self.at += frames as u64;
        }
    }

    /// Plays frames that find no room: the ring is full.
    fn lose(&mut self, frames: u64) {
        let block = [0.5; BLOCK];
        for _ in 0..frames / BLOCK as u64 {
            self.renderer.render(BLOCK, &[&block, &block], &mut []);
            self.at += BLOCK as u64;
        }
    }

    /// Stops the disk and waits until the recorder feels it: what is played until then is in the ring.
    fn freeze(&mut self) {
        let folder = self.folder.path().canonicalize().unwrap();
        // Until the ring is empty.
        self.engine.wait_ready(usize::MAX);
        stall::freeze(&folder);
        self.render(BLOCK as u64, true);
        stall::wait_until_frozen(&folder);
    }

    fn thaw(&self) {
        stall::thaw(&self.folder.path().canonicalize().unwrap());
    }

    /// Frames written and lost, gaps, and the file.
    fn close(mut self) -> (u64, u64, Vec<Gap>, FileReader, tempfile::TempDir) {
        let readings = self.engine.readings("rec").unwrap();
        self.engine.close(self.renderer);
        let count = |name| readings.get(name, 0).unwrap() as u64;
        let path = self.folder.path().join("take.wav");
        let gaps: Vec<Gap> = gap_lists(&path).unwrap().iter().flat_map(|list| list.gaps().copied()).collect();
        assert_eq!(count("gaps"), gaps.len() as u64);
        (count("frames_written"), count("frames_lost"), gaps, FileReader::open(&path).unwrap(), self.folder)
    }
}

/// Insists on these frames of the file, which are these frames of the run.
fn check(reader: &mut FileReader, frames: std::ops::Range<u64>, silent: bool) {
    let mut frame = [0.0; CHANNELS];
    reader.seek(frames.start).unwrap();
    for at in frames {
        assert_eq!(reader.read_interleaved(&mut frame).unwrap(), 1);
        let expected = if silent { [0.0; CHANNELS] } else { [sample(at, 0), sample(at, 1)] };
        assert_eq!(frame, expected, "frame {at}");
    }
}

#[test]
fn three_seconds_cost_nothing_with_a_ring_of_five() {
    let mut rig = Rig::new(Time::Seconds(5.0));
    rig.render(10_000, true);
    rig.freeze();
    rig.render(3 * u64::from(RATE), false);
    rig.thaw();
    rig.render(10_000, true);
    let produced = rig.at;
    let (written, lost, gaps, mut reader, _folder) = rig.close();
    assert_eq!((written, lost, gaps.len()), (produced, 0, 0));
    assert_eq!(reader.info().frames, Some(produced));
    check(&mut reader, 0..produced, false);
}

#[test]
fn seven_seconds_cost_what_the_ring_does_not_hold_and_each_gap_is_listed() {
    let mut rig = Rig::new(Time::Seconds(5.0));
    rig.render(10_000, true);
    let mut frozen = Vec::new();
    for _ in 0..2 {
        rig.freeze();
        frozen.push(rig.at);
        rig.render(7 * u64::from(RATE), false);
        rig.thaw();
        rig.render(10_000, true);
    }
    let produced = rig.at;
    let (written, lost, gaps, mut reader, _folder) = rig.close();
    assert_eq!(written + lost, produced);
    assert_eq!(gaps.len(), 2);
    assert_eq!(gaps.iter().map(|gap| gap.frames).sum::<u64>(), lost);
    assert_eq!(reader.info().frames, Some(produced), "time stays true");
    let mut from = 0;
    for (gap, frozen) in gaps.iter().zip(frozen) {
        assert!(gap.cause == Cause::BufferFull && gap.frames == gap.silence && gap.stream_frame == gap.file_frame);
        assert!(gap.frames >= 2 * u64::from(RATE) - 1 && gap.file_frame >= frozen, "{gap:?}");
        assert!(gap.frames < 3 * u64::from(RATE), "the ring holds five seconds, but for what was in it: {gap:?}");
        check(&mut reader, from..gap.file_frame, false);
        check(&mut reader, gap.file_frame..gap.file_frame + gap.frames, true);
        from = gap.file_frame + gap.frames;
    }
    check(&mut reader, from..produced, false);
}

#[test]
fn a_gap_past_4_gib_is_a_hole_and_what_follows_is_exact() {
    let mut rig = Rig::new(Time::Frames(4 * BLOCK as u64));
    rig.render(1_000, true);
    rig.freeze();
    let before = rig.at;
    rig.render(8 * BLOCK as u64, false);
    rig.lose((1 << 32) / 8);
    rig.thaw();
    rig.render(50_000, true);
    let produced = rig.at;
    let (written, lost, gaps, mut reader, folder) = rig.close();
    assert_eq!((written + lost, gaps.len()), (produced, 1));
    let file = folder.path().join("take.wav");
    assert!(file.metadata().unwrap().len() > 1 << 32);
    assert_eq!(reader.info().frames, Some(produced));
    let end = gaps[0].file_frame + gaps[0].frames;
    assert_eq!((gaps[0].frames, end > produced - 50_001), (lost, true));
    check(&mut reader, 0..before, false);
    check(&mut reader, gaps[0].file_frame..gaps[0].file_frame + 1_000, true);
    check(&mut reader, end - 1_000..end, true);
    check(&mut reader, end..produced, false);
}
