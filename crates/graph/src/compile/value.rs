//! What a channel is, between the node that makes it and those who read it: a buffer, times factors that wait for a reader
//! to multiply by them.

use std::ops::Range;

use crate::Factor;
use crate::buffers::Life;

/// A buffer times factors.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Value {
    pub(super) life: Life,
    pub(super) factors: Product,
}

/// Factors, by the last of them: those before it are found from there. Equal products have equal numbers, as far as one node
/// after the other makes them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Product(u32);

impl Product {
    /// No factor at all.
    pub(super) const ONE: Self = Self(0);
}

/// All products.
#[derive(Default)]
pub(super) struct Products(Vec<(Product, Factor)>);

impl Products {
    /// A product times one more factor. The same as was made last, if that was of the same.
    pub(super) fn times(&mut self, product: Product, factor: Factor) -> Product {
        if self.0.last() != Some(&(product, factor)) {
            self.0.push((product, factor));
        }
        Product(self.0.len() as u32)
    }

    /// Appends the factors in the order of multiplication.
    pub(super) fn write(&self, product: Product, factors: &mut Vec<Factor>) {
        let start = factors.len();
        let mut at = product;
        while let Some(index) = (at.0 as usize).checked_sub(1) {
            let (before, factor) = self.0[index];
            factors.push(factor);
            at = before;
        }
        factors[start..].reverse();
    }
}

impl Value {
    /// What a buffer holds, as it is.
    pub(super) fn plain(life: Life) -> Self {
        Self { life, factors: Product::ONE }
    }

    pub(super) fn is_plain(self) -> bool {
        self.factors == Product::ONE
    }
}

/// What nodes put out, channel after channel: all in one list, node after node as they come.
pub(super) struct Outputs {
    values: Vec<Value>,
    /// Where those of each node are that has come.
    of: Vec<Option<Range<u32>>>,
}

impl Outputs {
    /// Of so many nodes, of which none has come.
    pub(super) fn new(nodes: usize) -> Self {
        Self { values: Vec::with_capacity(2 * nodes), of: vec![None; nodes] }
    }

    /// Appends what the next node puts out.
    pub(super) fn push(&mut self, node: usize, values: impl IntoIterator<Item = Value>) {
        let start = self.values.len();
        self.values.extend(values);
        self.of[node] = Some(start as u32..self.values.len() as u32);
    }

    pub(super) fn has_come(&self, node: usize) -> bool {
        self.of[node].is_some()
    }

    pub(super) fn of(&self, node: usize) -> &[Value] {
        &self.values[self.range(node)]
    }

    pub(super) fn of_mut(&mut self, node: usize) -> &mut [Value] {
        let range = self.range(node);
        &mut self.values[range]
    }

    fn range(&self, node: usize) -> Range<usize> {
        self.of[node].as_ref().map_or(0..0, |range| range.start as usize..range.end as usize)
    }
}
