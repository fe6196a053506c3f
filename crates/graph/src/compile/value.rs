//! What a channel is, between the node that makes it and those who read it: a buffer, times factors that wait for a reader
//! to multiply by them.

use crate::Factor;
use crate::buffers::Life;

/// A buffer times factors.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
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
    /// With room for so many.
    pub(super) fn with_capacity(count: usize) -> Self {
        Self(Vec::with_capacity(count))
    }

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
