//! Crash-safe WAV and RF64 writing, and reading, for recorders.
