#![doc = include_str!("../README.md")]

mod check;
mod proof;
mod prove;
mod signal;
mod stage;

pub use proof::{Check, Proof, Row, Verdict};
pub use prove::{Prove, prove};
