//! Buffers by colour: which one is free again after its last reader.

use crate::BufferId;

/// One channel of sound on its way through the graph: from where it is written to its last reader, by whoever works on it in
/// place between them.
pub(crate) type Life = u32;

/// Hands out buffers, the one freed last first; then says which life is where.
#[derive(Default)]
pub(crate) struct Buffers {
    lives: Vec<Living>,
    /// How many colours there are.
    colours: u32,
    free: Vec<u32>,
    /// Channels of the device that are read, and of those that are written.
    inputs: u32,
    outputs: u32,
}

struct Living {
    home: Home,
    readers: u32,
}

#[derive(Clone, Copy)]
enum Home {
    Colour(u32),
    /// The device's, by their order.
    Input(u32),
    Output(u32),
    Nowhere,
}

impl Buffers {
    /// A buffer that will be read once; the one freed last is the warmest in the cache.
    pub(crate) fn take(&mut self) -> Life {
        let colour = self.free.pop().unwrap_or_else(|| {
            self.colours += 1;
            self.colours - 1
        });
        self.live(Home::Colour(colour))
    }

    /// A channel of the device's input: read by anyone, written by nobody.
    pub(crate) fn input(&mut self) -> Life {
        self.inputs += 1;
        self.live(Home::Input(self.inputs - 1))
    }

    /// What nobody reads and nothing writes.
    pub(crate) fn nothing(&mut self) -> Life {
        self.live(Home::Nowhere)
    }

    fn live(&mut self, home: Home) -> Life {
        self.lives.push(Living { home, readers: 1 });
        self.lives.len() as Life - 1
    }

    /// Lets a life that has one reader left be the next channel of the device's output, from its start.
    pub(crate) fn is_output(&mut self, life: Life) {
        debug_assert!(self.is_sole(life), "what others read is copied");
        self.outputs += 1;
        self.lives[life as usize].home = Home::Output(self.outputs - 1);
    }

    /// Whether whoever is about to read it is the only one left, and may write it.
    pub(crate) fn is_sole(&self, life: Life) -> bool {
        let Living { home, readers } = self.lives[life as usize];
        readers == 1 && matches!(home, Home::Colour(_))
    }

    /// Whether it takes up a buffer of ours.
    pub(crate) fn is_held(&self, life: Life) -> bool {
        matches!(self.lives[life as usize].home, Home::Colour(_))
    }

    /// It will be read so many times, instead of once more.
    pub(crate) fn share(&mut self, life: Life, readers: u32) {
        self.lives[life as usize].readers += readers - 1;
    }

    /// It was to be read once, and is read by so many.
    #[inline]
    pub(crate) fn live_on(&mut self, life: Life, readers: u32) {
        match readers {
            0 => self.release(life),
            1 => {}
            readers => self.share(life, readers),
        }
    }

    /// It was read once; what nobody reads any more is free.
    pub(crate) fn release(&mut self, life: Life) {
        let Living { home, readers } = &mut self.lives[life as usize];
        if let Home::Colour(colour) = home {
            *readers -= 1;
            if *readers == 0 {
                self.free.push(*colour);
            }
        }
    }

    /// Numbers the buffers, once all lives are known: the device's input channels, its output channels, then all others.
    pub(crate) fn number(&self) -> Numbers {
        let mut used = vec![false; self.colours as usize];
        for living in &self.lives {
            if let Home::Colour(colour) = living.home {
                used[colour as usize] = true;
            }
        }
        let mut count = self.inputs + self.outputs;
        let number = |used: bool| {
            let number = count;
            count += u32::from(used);
            number
        };
        let colours: Vec<BufferId> = used.into_iter().map(number).collect();
        let buffer = |living: &Living| match living.home {
            Home::Input(channel) => channel,
            Home::Output(channel) => self.inputs + channel,
            Home::Colour(colour) => colours[colour as usize],
            Home::Nowhere => BufferId::MAX,
        };
        Numbers { of: self.lives.iter().map(buffer).collect(), count: count as usize }
    }
}

/// Which life is in which buffer.
pub(crate) struct Numbers {
    of: Vec<BufferId>,
    /// How many buffers there are.
    pub(crate) count: usize,
}

impl Numbers {
    pub(crate) fn buffer(&self, life: Life) -> BufferId {
        self.of[life as usize]
    }
}
