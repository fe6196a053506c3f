//! MIDI messages come with the block that they belong to, at their frame.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};

use jack::{Client, ClientOptions, MidiOut, Port, ProcessScope, RawMidi};
use patchline_io::{Block, Callback, DeviceRequest, Midi};

use crate::support::{Server, alone, open, request, until};

/// JACK's frame of each message sent, and its value.
type Sent = Arc<Mutex<Vec<(u32, u8)>>>;

/// Sends a controller in each block, at another frame each time; remembers what it sent.
struct Sender {
    port: Port<MidiOut>,
    count: u8,
    sent: Sent,
}

impl jack::ProcessHandler for Sender {
    fn process(&mut self, _: &Client, scope: &ProcessScope) -> jack::Control {
        self.count = (self.count + 1) % 128;
        let time = u32::from(self.count) * 7 % scope.n_frames();
        let mut writer = self.port.writer(scope);
        let written = writer.write(&RawMidi { time, bytes: &[0xB0, 7, self.count] });
        // Nobody here wants it.
        let _ = writer.write(&RawMidi { time, bytes: &[0xF0, 1, 2, 3, 0xF7] });
        if written.is_ok() {
            self.sent.lock().unwrap().push((scope.last_frame_time() + time, self.count));
        }
        jack::Control::Continue
    }
}

/// What came, as frames that count on from the first block.
#[derive(Clone, Default)]
struct Heard {
    frames: Arc<Mutex<Vec<(u64, u8)>>>,
    blocks: Arc<AtomicU32>,
}

struct Ear {
    heard: Heard,
    waiting: Vec<Midi>,
}

impl Callback for Ear {
    fn process(&mut self, block: Block, _: &[&[f32]], outputs: &mut [&mut [f32]]) {
        outputs.iter_mut().for_each(|output| output.fill(0.0));
        let mut frames = self.heard.frames.lock().unwrap();
        for message in self.waiting.drain(..) {
            assert!(message.offset < block.frames);
            frames.push((block.position + message.offset as u64, message.bytes()[2]));
        }
        self.heard.blocks.fetch_add(1, Ordering::Relaxed);
    }

    fn midi(&mut self, message: Midi) {
        assert_eq!(message.bytes()[..2], [0xB0, 7]);
        self.waiting.push(message);
    }
}

fn sender(name: &str) -> (jack::AsyncClient<(), Sender>, Sent) {
    let (client, _) = Client::new(name, ClientOptions::NO_START_SERVER).unwrap();
    let port = client.register_port("out", MidiOut::default()).unwrap();
    let sent = Arc::new(Mutex::new(Vec::new()));
    let sender = Sender { port, count: 0, sent: Arc::clone(&sent) };
    (client.activate_async((), sender).unwrap(), sent)
}

#[test]
fn messages_arrive_at_their_frames() {
    alone("midi::messages_arrive_at_their_frames", || {
        let _server = Server::start(256);
        let (keys, sent) = sender("Big Keys");
        let asked =
            DeviceRequest { midi: Some(vec!["keys".to_owned(), "pads".to_owned()]), ..request("ear", None, Some("")) };
        let mut device = open(&asked).unwrap();
        assert!(device.spec().notes.iter().any(|note| note.contains("called `pads` yet")), "{:?}", device.spec().notes);
        let heard = Heard::default();
        let ear = Ear { heard: heard.clone(), waiting: Vec::with_capacity(64) };
        device.start(ear).map_err(|refused| refused.error).unwrap();
        let count = || heard.frames.lock().unwrap().len();
        until("messages come", || count() > 50);
        // Who comes later is heard, too.
        let (pads, _) = sender("Pads");
        until("the other one is heard", || {
            device.poll();
            pads.as_client().port_by_name("Pads:out").is_some_and(|port| port.connected_count().unwrap_or(0) > 0)
        });
        drop(pads.deactivate());
        device.stop().unwrap();
        drop(keys.deactivate());
        let frames = heard.frames.lock().unwrap();
        let sent = sent.lock().unwrap();
        // Both count frames, from another one on: what lies between messages is what lay between them.
        let at = sent.iter().position(|&(_, value)| value == frames[0].1).expect("it was sent");
        let of = |index: usize| (u64::from(sent[at + index].0 - sent[at].0), sent[at + index].1);
        let heard = |index: usize| (frames[index].0 - frames[0].0, frames[index].1);
        (0..40).for_each(|index| assert_eq!(heard(index), of(index), "message {index}"));
    });
}

#[test]
fn without_hardware_it_is_said_where_to_connect() {
    alone("midi::without_hardware_it_is_said_where_to_connect", || {
        let _server = Server::start(256);
        let asked = DeviceRequest { midi: Some(Vec::new()), ..request("ear", None, Some("")) };
        let device = open::<Ear>(&asked).unwrap();
        let note = device.spec().notes.iter().find(|note| note.contains("MIDI")).expect("a note").clone();
        assert!(note.contains("connect something to `ear:midi_in`"), "{note}");
        let device = open::<Ear>(&request("deaf", None, Some(""))).unwrap();
        assert!(device.spec().notes.iter().all(|note| !note.contains("MIDI")));
        let (look, _) = Client::new("look", ClientOptions::NO_START_SERVER).unwrap();
        assert!(look.port_by_name("ear:midi_in").is_some() && look.port_by_name("deaf:midi_in").is_none());
    });
}
