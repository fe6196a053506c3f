//! Patchline's nodes: gain, delay, meter, gate, recorder and the rest, one file each.
