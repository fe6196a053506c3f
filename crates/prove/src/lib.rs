#![doc = include_str!("../README.md")]

mod check;
mod proof;
mod prove;
mod signal;
mod stage;
mod workers;

pub use proof::{Check, Proof, Row, Verdict};
pub use prove::{Prove, prove};
