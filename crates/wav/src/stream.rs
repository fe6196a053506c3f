//! Writing to what cannot be rewound: a pipe, standard output, a socket.

use std::io::{self, Write};

use crate::{Format, Storage, WriteError, Writer};

/// A writer for a pipe. All sizes in its header are 0xFFFFFFFF, which readers of pipes take for "until the end".
pub type StreamWriter<W> = Writer<Stream<W>>;

impl<W: Write> StreamWriter<W> {
    /// Writes the header to `sink`.
    ///
    /// # Errors
    /// [`WriteError::Format`] when the format cannot be written, [`WriteError::Update`] when the sink fails.
    pub fn stream(sink: W, format: Format) -> Result<Self, WriteError> {
        Self::new(Stream { sink, position: 0 }, format)
    }
}

/// The storage of a [`StreamWriter`]: takes bytes in their order only.
#[derive(Debug)]
pub struct Stream<W> {
    sink: W,
    position: u64,
}

impl<W: Write> Storage for Stream<W> {
    const REWRITABLE: bool = false;

    fn write_at(&mut self, bytes: &[u8], offset: u64) -> io::Result<usize> {
        self.set_len(offset)?;
        let written = self.sink.write(bytes)?;
        self.position += written as u64;
        Ok(written)
    }

    /// Refuses to go on after a frame was cut: what follows would land in the wrong channels.
    fn set_len(&mut self, len: u64) -> io::Result<()> {
        if len == self.position {
            return Ok(());
        }
        Err(io::Error::new(io::ErrorKind::BrokenPipe, "the stream broke within a frame"))
    }

    fn flush(&mut self) -> io::Result<()> {
        self.sink.flush()
    }
}
