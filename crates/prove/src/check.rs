//! The checks, one idea a file.

mod bits;
mod callback;
mod memory;
mod numbers;
mod pace;
mod rest;
mod silence;

use patchline_graph::Node;

use crate::proof::Row;
use crate::{Check, Prove};

/// What makes one check.
type Make<N> = fn(&Prove<N>) -> Row;

/// The rows of all checks that are asked for.
pub(crate) fn rows<N: Node>(prove: &Prove<N>) -> Vec<Row> {
    let mut rows = Vec::new();
    if prove.asks(&callback::CHECKS) {
        rows.extend(callback::rows(prove).into_iter().filter(|row| prove.asks(&[row.check])));
    }
    let others: [(Check, Make<N>); 10] = [
        (Check::FirstBlock, memory::first_block),
        (Check::AnyBlock, bits::any_block),
        (Check::Instructions, bits::any_instructions),
        (Check::Mixing, bits::mixing),
        (Check::Reset, bits::reset),
        (Check::Rest, rest::rest),
        (Check::Finite, numbers::finite),
        (Check::NonFinite, numbers::non_finite),
        (Check::Silence, silence::silence),
        (Check::Footprint, memory::footprint),
    ];
    rows.extend(others.into_iter().filter(|(check, _)| prove.asks(&[*check])).map(|(_, make)| make(prove)));
    rows
}
