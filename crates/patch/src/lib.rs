//! Patchline's patch language: TOML text to an audio graph, every mistake located.
