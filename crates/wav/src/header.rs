//! The bytes in front of the samples.
//!
//! RIFF and WAVE as in Microsoft's 'Multimedia Programming Interface and Data Specifications 1.0' and
//! 'Multiple channel audio data and WAVE files'; RF64 as in EBU Tech 3306 v1.

use crate::{Format, Subtype};

/// Stands in every 32-bit size field whose true size is elsewhere or unknown.
pub(crate) const UNKNOWN: u32 = u32::MAX;
/// The largest RIFF size that 32 bits can say.
pub(crate) const RIFF_LIMIT: u64 = UNKNOWN as u64 - 1;
pub(crate) const TAG_PCM: u16 = 1;
pub(crate) const TAG_FLOAT: u16 = 3;
pub(crate) const TAG_EXTENSIBLE: u16 = 0xFFFE;
/// What follows the format tag in the subformat of a WAVE_FORMAT_EXTENSIBLE.
pub(crate) const SUBFORMAT_TAIL: [u8; 14] = [0, 0, 0, 0, 0x10, 0, 0x80, 0, 0, 0xAA, 0, 0x38, 0x9B, 0x71];
/// Bytes of a ds64 chunk without a table, and of the JUNK that keeps its place.
pub(crate) const DS64_BYTES: u32 = 28;

/// The header of a file whose `data_bytes` are on disk, `pad` bytes (0 or 1) after them; `extra` are whole chunks that
/// describe it.
///
/// Its length depends on the format and `extra` only: without, 80 bytes for one or two channels, 104 for more. When the
/// RIFF size passes `riff_limit` it is an RF64 header, with the sizes where JUNK was.
pub(crate) fn sized(format: &Format, extra: &[u8], data_bytes: u64, pad: u64, riff_limit: u64) -> Vec<u8> {
    let header_bytes = sized_len(format) + extra.len() as u64;
    let riff_bytes = header_bytes - 8 + data_bytes + pad;
    let wide = riff_bytes > riff_limit;
    let narrow = |size: u64| if wide { UNKNOWN } else { size as u32 };
    let mut out = Vec::with_capacity(header_bytes as usize);
    start(&mut out, if wide { b"RF64" } else { b"RIFF" }, narrow(riff_bytes));
    chunk(&mut out, if wide { b"ds64" } else { b"JUNK" }, DS64_BYTES);
    if wide {
        out.extend(riff_bytes.to_le_bytes());
        out.extend(data_bytes.to_le_bytes());
        out.extend((data_bytes / format.frame_bytes() as u64).to_le_bytes());
        out.extend(0_u32.to_le_bytes());
    } else {
        out.extend([0; DS64_BYTES as usize]);
    }
    out.extend(extra);
    describe(&mut out, format);
    chunk(&mut out, b"data", narrow(data_bytes));
    out
}

/// Length of [`sized`] without extra chunks, in bytes.
pub(crate) fn sized_len(format: &Format) -> u64 {
    unsized_len(format) + 8 + u64::from(DS64_BYTES)
}

/// The header of a stream that cannot be rewound: all sizes unknown.
pub(crate) fn unsized_(format: &Format, extra: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(unsized_len(format) as usize + extra.len());
    start(&mut out, b"RIFF", UNKNOWN);
    out.extend(extra);
    describe(&mut out, format);
    chunk(&mut out, b"data", UNKNOWN);
    out
}

/// Length of [`unsized_`] without extra chunks, in bytes.
pub(crate) fn unsized_len(format: &Format) -> u64 {
    12 + 8 + u64::from(fmt_bytes(format)) + 8
}

fn start(out: &mut Vec<u8>, id: &[u8; 4], riff_size: u32) {
    chunk(out, id, riff_size);
    out.extend(b"WAVE");
}

pub(crate) fn chunk(out: &mut Vec<u8>, id: &[u8; 4], size: u32) {
    out.extend(id);
    out.extend(size.to_le_bytes());
}

/// More than two channels ask for WAVE_FORMAT_EXTENSIBLE; the plain form is what every reader knows.
fn fmt_bytes(format: &Format) -> u32 {
    if format.channels > 2 { 40 } else { 16 }
}

fn describe(out: &mut Vec<u8>, format: &Format) {
    let tag = if format.subtype == Subtype::Float { TAG_FLOAT } else { TAG_PCM };
    let extensible = format.channels > 2;
    let frame_bytes = format.frame_bytes() as u16;
    let bits = 8 * format.subtype.bytes() as u16;
    chunk(out, b"fmt ", fmt_bytes(format));
    out.extend((if extensible { TAG_EXTENSIBLE } else { tag }).to_le_bytes());
    out.extend(format.channels.to_le_bytes());
    out.extend(format.rate.to_le_bytes());
    out.extend((format.rate * u32::from(frame_bytes)).to_le_bytes());
    out.extend(frame_bytes.to_le_bytes());
    out.extend(bits.to_le_bytes());
    if extensible {
        out.extend(22_u16.to_le_bytes());
        out.extend(bits.to_le_bytes());
        out.extend(0_u32.to_le_bytes()); // channels have no loudspeaker of their own
        out.extend(tag.to_le_bytes());
        out.extend(SUBFORMAT_TAIL);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn length_depends_on_the_format_only() {
        for (channels, expected) in [(1, 80), (2, 80), (3, 104), (1024, 104)] {
            for subtype in Subtype::ALL {
                let format = Format { rate: 48_000, channels, subtype };
                for data_bytes in [0, 12_288, u64::from(u32::MAX), 1 << 40] {
                    let header = sized(&format, &[], data_bytes, 0, RIFF_LIMIT);
                    assert_eq!(header.len(), expected);
                    assert_eq!(sized_len(&format), expected as u64);
                }
                assert_eq!(unsized_(&format, &[]).len() as u64, unsized_len(&format));
            }
        }
    }

    #[test]
    fn turns_into_rf64_where_32_bits_end() {
        let format = Format { rate: 48_000, channels: 1, subtype: Subtype::Float };
        let largest = RIFF_LIMIT - 72;
        let narrow = sized(&format, &[], largest, 0, RIFF_LIMIT);
        assert_eq!(narrow[..8], *b"RIFF\xFE\xFF\xFF\xFF");
        assert_eq!(narrow[76..], (largest as u32).to_le_bytes());
        let wide = sized(&format, &[], largest + 4, 0, RIFF_LIMIT);
        assert_eq!(wide[..8], *b"RF64\xFF\xFF\xFF\xFF");
        assert_eq!(wide[12..20], *b"ds64\x1C\0\0\0");
        assert_eq!(wide[20..28], (RIFF_LIMIT + 4).to_le_bytes());
        assert_eq!(wide[28..36], (largest + 4).to_le_bytes());
        assert_eq!(wide[36..44], ((largest + 4) / 4).to_le_bytes());
        assert_eq!(wide[76..], [0xFF; 4]);
    }
}
