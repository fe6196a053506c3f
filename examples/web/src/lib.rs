//! The engine as WebAssembly for an `AudioWorkletProcessor`, without generated JavaScript: numbers and bytes in memory.
//!
//! What is asked is text that the caller writes to where [`request`] says; what is answered is JSON, as many bytes as the
//! call returned, from [`answer`] on. Sound lies in one block for each channel, [`input`] and [`output`].
//!
//! Nothing here is shared between threads: a page that checks patches and a worklet that plays them have an instance each.

mod check;
mod player;
mod stream;

use std::cell::RefCell;

use serde::Serialize;

use player::Player;
use stream::stream;

#[derive(Default)]
struct Instance {
    request: Vec<u8>,
    answer: Vec<u8>,
    player: Option<Player>,
}

thread_local! {
    static INSTANCE: RefCell<Instance> = RefCell::default();
}

/// Makes room for a request of `length` bytes, and says where they go.
#[unsafe(no_mangle)]
pub extern "C" fn request(length: usize) -> *mut u8 {
    with(|instance| {
        instance.request.clear();
        instance.request.resize(length, 0);
        instance.request.as_mut_ptr()
    })
}

/// Where the last answer begins.
#[unsafe(no_mangle)]
pub extern "C" fn answer() -> *const u8 {
    with(|instance| instance.answer.as_ptr())
}

/// Checks the patch in the request, for a stream of `rate` Hz; nothing plays it. Answers `{"good": …}` with all that is known
/// of it and of its nodes' parameters, or `{"bad": …}` with its mistakes.
#[unsafe(no_mangle)]
pub extern "C" fn check(rate: u32) -> usize {
    respond(|instance| check::check(&instance.request, &stream(rate)))
}

/// Begins anew, at `rate` Hz, with the patch in the request. Answers as [`load`] does.
#[unsafe(no_mangle)]
pub extern "C" fn open(rate: u32) -> usize {
    respond(|instance| {
        let player = instance.player.insert(Player::new(rate, &instance.request));
        player.load(&instance.request)
    })
}

/// Loads the patch in the request; what plays fades over to it. Answers `{"good": …}`; or, while what played plays on,
/// `{"bad": …}` with its mistakes or `{"later": …}` with the reason to try again.
#[unsafe(no_mangle)]
pub extern "C" fn load() -> usize {
    respond(|instance| instance.player.as_mut().map(|player| player.load(&instance.request)))
}

/// Changes a parameter: `{"node": "trim", "parameter": "gain", "value": "-6 dB"}`. Answers `{"wrong": null}` or why not.
#[unsafe(no_mangle)]
pub extern "C" fn set() -> usize {
    respond(|instance| instance.player.as_mut().map(|player| player.set(&instance.request)))
}

/// Answers with the levels since it was last asked and what nodes show, and frees what nobody needs any more.
#[unsafe(no_mangle)]
pub extern "C" fn look() -> usize {
    respond(|instance| instance.player.as_mut().map(Player::look))
}

/// Where the caller writes what comes in on a channel, [`most_frames`] at most.
#[unsafe(no_mangle)]
pub extern "C" fn input(channel: usize) -> *mut f32 {
    with(|instance| instance.player.as_mut().map_or(std::ptr::null_mut(), |player| player.input(channel).as_mut_ptr()))
}

/// Where the caller finds what goes out on a channel.
#[unsafe(no_mangle)]
pub extern "C" fn output(channel: usize) -> *const f32 {
    with(|instance| instance.player.as_ref().map_or(std::ptr::null(), |player| player.output(channel).as_ptr()))
}

/// Channels in, and channels out.
#[unsafe(no_mangle)]
pub extern "C" fn channels() -> usize {
    stream::CHANNELS
}

/// The most frames of one call of [`render`].
#[unsafe(no_mangle)]
pub extern "C" fn most_frames() -> usize {
    stream::BLOCK
}

/// Renders so many frames from the inputs to the outputs.
///
/// # Real-time
/// Allocates nothing: views of the memory stay valid.
#[unsafe(no_mangle)]
pub extern "C" fn render(frames: usize) {
    with(|instance| instance.player.iter_mut().for_each(|player| player.render(frames)));
}

fn with<T>(work: impl FnOnce(&mut Instance) -> T) -> T {
    INSTANCE.with_borrow_mut(work)
}

fn respond<T: Serialize>(work: impl FnOnce(&mut Instance) -> T) -> usize {
    with(|instance| {
        let said = work(instance);
        instance.answer.clear();
        serde_json::to_writer(&mut instance.answer, &said).expect("what is answered can be written as JSON");
        instance.answer.len()
    })
}
