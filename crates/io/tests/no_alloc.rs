//! What a device's own thread uses of this crate allocates nothing.

use assert_no_alloc::{AllocDisabler, assert_no_alloc};
use patchline_io::channels::{MAX_CHANNELS, Planar, call};
use patchline_io::{Block, FnCallback, IoEvent, IoEventKind, Side, event_ring};

#[global_allocator]
static ALLOCATOR: AllocDisabler = AllocDisabler;

#[test]
fn a_call_and_its_events_allocate_nothing() {
    let (mut sender, mut receiver) = event_ring(2);
    let mut echo = FnCallback(|_: Block, inputs: &[&[f32]], outputs: &mut [&mut [f32]]| {
        outputs.iter_mut().zip(inputs).for_each(|(output, input)| output.copy_from_slice(input));
    });
    for channels in [0, 1, 8, 64, MAX_CHANNELS] {
        let (inputs, mut outputs) = (Planar::new(channels, 64), Planar::new(channels, 64));
        assert_no_alloc(|| {
            for position in 0..64 {
                call(&mut echo, Block { frames: 64, position, discontinuity: false }, &inputs, &mut outputs);
                sender.send(IoEvent { position, kind: IoEventKind::Xrun { lost: 1, side: Side::Both } });
                sender.count_block(64);
            }
        });
    }
    let stats = receiver.stats();
    assert_eq!((stats.xruns, stats.frames, stats.events_lost), (320, 320 * 64, 318));
    assert_eq!(receiver.poll().unwrap().position, 0);
    assert_eq!(receiver.poll().unwrap().position, 1);
    assert_eq!(receiver.poll().unwrap().kind, IoEventKind::EventsLost { count: 318 });
    assert_eq!(receiver.poll(), None);
}
