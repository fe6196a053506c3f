//! The simplest WAV file: 16-bit stereo at 48 kHz, with a header of 44 bytes that every program reads.

/// Bytes before the samples.
pub(super) const HEADER: usize = 44;

/// The header of so many bytes of samples.
pub(super) fn header(bytes: u64) -> [u8; HEADER] {
    let bytes = u32::try_from(bytes).expect("less than 4 GB");
    let mut header = [0; HEADER];
    let mut at = 0;
    let mut put = |part: &[u8]| {
        header[at..at + part.len()].copy_from_slice(part);
        at += part.len();
    };
    put(b"RIFF");
    put(&(bytes + 36).to_le_bytes());
    put(b"WAVEfmt ");
    put(&16u32.to_le_bytes());
    [1u16, 2].iter().for_each(|value| put(&value.to_le_bytes()));
    [48_000u32, 4 * 48_000].iter().for_each(|value| put(&value.to_le_bytes()));
    [4u16, 16].iter().for_each(|value| put(&value.to_le_bytes()));
    put(b"data");
    put(&bytes.to_le_bytes());
    header
}
