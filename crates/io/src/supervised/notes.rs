//! What a device has to say of itself, which it may learn only while it runs or when it is stopped.

use crate::DeviceSpec;

/// Notes of earlier devices that are kept. More than a few only come of a device that is lost again and again.
const MOST: usize = 16;

/// Which notes of a spec are whose.
#[derive(Debug, Default)]
pub(super) struct Notes {
    /// How many the device has, and how many of these it had from the start.
    known: usize,
    opened: usize,
    /// What earlier devices learned while they ran, the last one's at the end.
    earlier: Vec<String>,
    /// What this one learned.
    learned: Vec<String>,
}

impl Notes {
    pub(super) fn new(device: &DeviceSpec) -> Self {
        Self { known: device.notes.len(), opened: device.notes.len(), ..Self::default() }
    }

    /// Puts into `spec` all that a device is, and what earlier ones learned.
    pub(super) fn adopt(&mut self, device: &DeviceSpec, spec: &mut DeviceSpec) {
        *self = Self { earlier: std::mem::take(&mut self.earlier), ..Self::new(device) };
        self.follow(device, spec);
    }

    /// The same for a device that has changed.
    pub(super) fn follow(&mut self, device: &DeviceSpec, spec: &mut DeviceSpec) {
        *spec = device.clone();
        self.known = device.notes.len();
        self.learned = device.notes.iter().skip(self.opened).cloned().collect();
        spec.notes.extend(self.earlier.iter().filter(|note| !device.notes.contains(note)).cloned());
    }

    /// Puts into `spec` what a device may find out at any time: its latencies, and more notes.
    pub(super) fn learn(&mut self, device: &DeviceSpec, spec: &mut DeviceSpec) {
        (spec.input_latency, spec.output_latency) = (device.input_latency, device.output_latency);
        for note in device.notes.iter().skip(self.known) {
            self.learned.push(note.clone());
            if !spec.notes.contains(note) {
                spec.notes.push(note.clone());
            }
        }
        self.known = device.notes.len();
    }

    /// The device is gone: what it learned is kept.
    pub(super) fn keep(&mut self) {
        for note in std::mem::take(&mut self.learned) {
            self.earlier.retain(|earlier| *earlier != note);
            self.earlier.push(note);
        }
        let surplus = self.earlier.len().saturating_sub(MOST);
        self.earlier.drain(..surplus);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn device(notes: &[&str]) -> DeviceSpec {
        DeviceSpec { notes: notes.iter().map(|note| (*note).to_owned()).collect(), ..DeviceSpec::default() }
    }

    #[test]
    fn what_devices_learn_outlives_them_and_what_they_were_does_not() {
        let mut spec = device(&["long blocks"]);
        let mut notes = Notes::new(&spec);
        notes.learn(&device(&["long blocks", "no rights"]), &mut spec);
        assert_eq!(spec.notes, ["long blocks", "no rights"]);
        notes.keep();
        notes.adopt(&device(&["short blocks"]), &mut spec);
        assert_eq!(spec.notes, ["short blocks", "no rights"]);
        notes.learn(&device(&["short blocks", "no rights", "7 errors"]), &mut spec);
        assert_eq!(spec.notes, ["short blocks", "no rights", "7 errors"]);
        for errors in 0..2 * MOST {
            notes.keep();
            notes.adopt(&device(&[]), &mut spec);
            notes.learn(&device(&[&errors.to_string()]), &mut spec);
        }
        assert_eq!(spec.notes.len(), MOST + 1, "{:?}", spec.notes);
        assert_eq!(spec.notes.last(), Some(&(2 * MOST - 1).to_string()));
    }
}
