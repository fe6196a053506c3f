//! The ring that overwrites its oldest records, from the engine's own source.
//!
//! The writer overtakes a reader in the midst of a record: what is read is whole, or dropped.

use loom::thread;

/// The model, over the source with one of the weakenings of `build.rs`.
macro_rules! variant {
    ($name:ident, $file:literal) => {
        #[allow(
            missing_docs,
            dead_code,
            unreachable_pub,
            unused_imports,
            reason = "another crate's source, of which a \
            part is used here"
        )]
        mod $name {
            include!(concat!(env!("OUT_DIR"), "/", $file));

            pub fn model() {
                super::overtake(lapped::<2>(1), LappedWriter::write, |reader| reader.read().records);
            }
        }
    };
}

variant!(sound, "lapped_sound.rs");
variant!(writer_without_fence, "lapped_writer_without_fence.rs");
variant!(seal_before_words, "lapped_seal_before_words.rs");
variant!(reader_looks_once, "lapped_reader_looks_once.rs");
variant!(reader_without_fence, "lapped_reader_without_fence.rs");

/// The source as it is.
pub fn model() {
    sound::model();
}

/// The weakenings, by name.
pub const WEAKENINGS: [(&str, fn()); 4] = [
    ("the writer's fence is missing", writer_without_fence::model),
    ("the seal may be seen before the words", seal_before_words::model),
    ("the reader does not look at the seal again", reader_looks_once::model),
    ("the reader's fence is missing", reader_without_fence::model),
];

/// Two records, the second over the first, while somebody reads.
fn overtake<W: Send + 'static, R>(
    (mut writer, reader): (W, R),
    write: fn(&mut W, [u64; 2]),
    read: fn(&R) -> Vec<[u64; 2]>,
) {
    let writing = thread::spawn(move || (1..=2).for_each(|n| write(&mut writer, [n, 10 * n])));
    for [n, tenfold] in read(&reader) {
        assert_eq!(tenfold, 10 * n, "a torn record");
    }
    writing.join().unwrap();
    assert_eq!(read(&reader), [[2, 20]], "the newest is there in the end");
}
