//! Buffers by colour: which one is free again after its last reader.

use crate::BufferId;

/// Hands out buffers, the one freed last first.
#[derive(Default)]
pub(crate) struct Buffers {
    /// How many there are.
    pub(crate) count: BufferId,
    free: Vec<BufferId>,
    readers: Vec<u32>,
}

impl Buffers {
    /// A buffer that will be read `readers` times; the one freed last is the warmest in the cache.
    pub(crate) fn take(&mut self, readers: u32) -> BufferId {
        let buffer = self.free.pop().unwrap_or_else(|| {
            self.count += 1;
            self.readers.push(0);
            self.count - 1
        });
        self.hold(buffer, readers);
        buffer
    }

    /// Sets how often a buffer will be read from now on; one that nobody reads is free.
    pub(crate) fn hold(&mut self, buffer: BufferId, readers: u32) {
        self.readers[buffer as usize] = readers;
        if readers == 0 {
            self.free.push(buffer);
        }
    }

    pub(crate) fn readers(&self, buffer: BufferId) -> u32 {
        self.readers[buffer as usize]
    }

    pub(crate) fn release(&mut self, buffer: BufferId) {
        let left = self.readers[buffer as usize] - 1;
        self.hold(buffer, left);
    }
}
