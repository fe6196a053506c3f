//! Lists whose clones share all but the pieces that one of them changed.

use std::ops::Index;
use std::sync::Arc;

/// Items of a piece: so many are copied for one that changes.
const PIECE: usize = 32;

/// A list in pieces of [`PIECE`] items, of which only the last one may have fewer.
#[derive(Clone, Debug)]
pub(crate) struct Pieces<T> {
    pieces: Vec<Arc<Vec<T>>>,
    length: usize,
}

impl<T> Default for Pieces<T> {
    fn default() -> Self {
        Self { pieces: Vec::new(), length: 0 }
    }
}

impl<T> Pieces<T> {
    pub(crate) fn len(&self) -> usize {
        self.length
    }

    pub(crate) fn get(&self, index: usize) -> Option<&T> {
        self.pieces.get(index / PIECE)?.get(index % PIECE)
    }

    pub(crate) fn iter(&self) -> Iter<'_, T> {
        self.iter_from(0)
    }

    /// The items from this one on.
    pub(crate) fn iter_from(&self, first: usize) -> Iter<'_, T> {
        let first = first.min(self.length);
        let mut pieces = self.pieces[first / PIECE..].iter();
        let piece = if first.is_multiple_of(PIECE) {
            &[]
        } else {
            pieces.next().map_or(&[][..], |piece| &piece[first % PIECE..])
        };
        Iter { pieces, piece: piece.iter(), left: self.length - first }
    }
}

impl<T> Pieces<T> {
    /// How many of the first items are in pieces that both lists share.
    pub(crate) fn shared_with(&self, other: &Self) -> usize {
        let pieces = self.pieces.iter().zip(&other.pieces);
        let shared = pieces.take_while(|(one, other)| Arc::ptr_eq(one, other)).count();
        (shared * PIECE).min(self.length).min(other.length)
    }
}

impl<T: Clone> Pieces<T> {
    pub(crate) fn push(&mut self, item: T) {
        if self.length.is_multiple_of(PIECE) {
            self.pieces.push(Arc::new(Vec::with_capacity(PIECE)));
        }
        self.length += 1;
        let last = self.pieces.last_mut().expect("there is a piece with room");
        Arc::make_mut(last).push(item);
    }

    /// Keeps so many of the first items.
    pub(crate) fn truncate(&mut self, length: usize) {
        if length >= self.length {
            return;
        }
        self.pieces.truncate(length.div_ceil(PIECE));
        self.length = length;
        if let Some(last) = self.pieces.last_mut().filter(|_| !length.is_multiple_of(PIECE)) {
            Arc::make_mut(last).truncate(length % PIECE);
        }
    }

    /// Appends many: each piece is asked only once whether somebody shares it.
    pub(crate) fn extend(&mut self, items: impl IntoIterator<Item = T>) {
        let mut items = items.into_iter().peekable();
        while items.peek().is_some() {
            if self.length.is_multiple_of(PIECE) {
                self.pieces.push(Arc::new(Vec::with_capacity(PIECE)));
            }
            let last = Arc::make_mut(self.pieces.last_mut().expect("there is a piece with room"));
            let before = last.len();
            last.extend(items.by_ref().take(PIECE - before));
            self.length += last.len() - before;
        }
    }

    pub(crate) fn set(&mut self, index: usize, item: T) {
        Arc::make_mut(&mut self.pieces[index / PIECE])[index % PIECE] = item;
    }

    /// Keeps some; pieces before the first that goes are not touched.
    pub(crate) fn retain(&mut self, keep: impl Fn(&T) -> bool) {
        let Some(first) = self.iter().position(|item| !keep(item)) else { return };
        let rest = self.pieces.split_off(first / PIECE);
        self.length = self.pieces.len() * PIECE;
        rest.iter().flat_map(|piece| &**piece).filter(|item| keep(item)).for_each(|item| self.push(item.clone()));
    }
}

impl<T> Index<usize> for Pieces<T> {
    type Output = T;

    fn index(&self, index: usize) -> &T {
        &self.pieces[index / PIECE][index % PIECE]
    }
}

impl<T: PartialEq> PartialEq for Pieces<T> {
    fn eq(&self, other: &Self) -> bool {
        let same = |(one, other)| Arc::ptr_eq(one, other) || one == other;
        self.length == other.length && self.pieces.iter().zip(&other.pieces).all(same)
    }
}

/// All items, in order.
pub(crate) struct Iter<'a, T> {
    pieces: std::slice::Iter<'a, Arc<Vec<T>>>,
    piece: std::slice::Iter<'a, T>,
    left: usize,
}

impl<'a, T> Iterator for Iter<'a, T> {
    type Item = &'a T;

    #[inline]
    fn next(&mut self) -> Option<&'a T> {
        let item = match self.piece.next() {
            Some(item) => item,
            None => {
                self.piece = self.pieces.next()?.iter();
                self.piece.next()?
            }
        };
        self.left -= 1;
        Some(item)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.left, Some(self.left))
    }
}

impl<T> ExactSizeIterator for Iter<'_, T> {}

impl<T> Clone for Iter<'_, T> {
    fn clone(&self) -> Self {
        Self { pieces: self.pieces.clone(), piece: self.piece.clone(), left: self.left }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn to(length: usize) -> Pieces<usize> {
        let mut list = Pieces::default();
        (0..length).for_each(|item| list.push(item));
        list
    }

    #[test]
    fn it_is_a_list() {
        for length in [0, 1, PIECE - 1, PIECE, PIECE + 1, 5 * PIECE + 3] {
            let mut list = to(length);
            assert_eq!((list.len(), list.iter().len()), (length, length));
            assert!(list.iter().copied().eq(0..length) && (0..length).all(|at| list[at] == at));
            assert_eq!(list.get(length), None);
            for first in 0..=length {
                assert!(
                    list.iter_from(first).copied().eq(first..length) && list.iter_from(first).len() == length - first
                );
            }
            list.retain(|item| item % 3 != 1);
            assert!(list.iter().copied().eq((0..length).filter(|item| item % 3 != 1)));
            list.truncate(list.len() / 2);
            assert!(list.iter().copied().eq((0..length).filter(|item| item % 3 != 1).take(list.len())));
            list.push(7);
            let before = list.len();
            list.extend(0..length);
            assert!(list.iter_from(before).copied().eq(0..length));
            list.push(7);
            assert_eq!((list.iter().count(), list[list.len() - 1]), (list.len(), 7));
        }
    }

    #[test]
    fn clones_share_what_neither_changed() {
        let list = to(10 * PIECE);
        let shared = |other: &Pieces<usize>| {
            list.pieces.iter().zip(&other.pieces).filter(|(one, other)| Arc::ptr_eq(one, other)).count()
        };
        let mut other = list.clone();
        other.set(3 * PIECE + 1, 0);
        assert_eq!(
            (list.shared_with(&other), list.shared_with(&list), list.shared_with(&to(100))),
            (3 * PIECE, 10 * PIECE, 0)
        );
        assert!(shared(&other) == 9 && other != list && other[3 * PIECE + 1] == 0 && list[3 * PIECE + 1] != 0);
        other.set(3 * PIECE + 1, 3 * PIECE + 1);
        assert_eq!(other, list);
        other.retain(|&item| item != 8 * PIECE);
        assert!(other.len() == list.len() - 1 && shared(&other) == 7);
        other = list.clone();
        other.truncate(3 * PIECE + 1);
        assert!(other.len() == 3 * PIECE + 1 && shared(&other) == 3 && list.len() == 10 * PIECE);
    }
}
