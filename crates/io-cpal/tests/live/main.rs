//! Real sound servers, headless and private. Each test has a process of its own, one after the other.

#![cfg(target_os = "linux")]

mod bed;
mod busy;
mod devices;
mod passthrough;
mod quiet;
mod sweep;
mod trouble;
mod watch;
