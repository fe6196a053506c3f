//! Patchline's backends: the contract, and the file, null and simulated devices.
