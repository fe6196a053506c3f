//! Many channels for a long time, faster than it was heard.

use patchline_nodes::{FileSink, Split, Subtype, Time};

use crate::readers::check;
use crate::{RATE, Rig, full, gaps, wavs};

#[test]
fn thirty_two_channels_are_whole() {
    let seconds = if full() { 180 } else { 2 };
    let folder = tempfile::tempdir().unwrap();
    let split = Split::Every(Time::Seconds(60.0));
    let sink = FileSink { subtype: Subtype::Pcm24, split, ..FileSink::new("{seq}.wav") };
    let mut rig = Rig::new(sink, folder.path(), 32);
    rig.render(seconds * u64::from(RATE));
    let books = rig.close();
    let files = wavs(folder.path());
    let mut kept = 0;
    for file in &files {
        assert_eq!(gaps(file), []);
        kept += check(file, kept, &[]);
    }
    println!("32 channels: {seconds} s in {} files, {kept} frames, {} lost", files.len(), books.lost);
    assert_eq!((kept, books.lost), (seconds * u64::from(RATE), 0));
}
