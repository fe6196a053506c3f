//! Which places among all factors belong to whom. Given out on the control thread.

use std::ops::Range;

/// Places in a row.
pub(crate) type Row = Range<u32>;

/// All places.
#[derive(Default)]
pub(crate) struct Places {
    /// Rows that were given back, from the first to the last, none of which touch.
    free: Vec<Row>,
    /// How many were ever given out.
    count: u32,
}

impl Places {
    /// Gives out so many in a row: the first that are free.
    pub(crate) fn take(&mut self, count: usize) -> Row {
        if count == 0 {
            return 0..0;
        }
        let count = u32::try_from(count).expect("no node has so many factors");
        let Some(at) = self.free.iter().position(|row| row.end - row.start >= count) else {
            self.count += count;
            return self.count - count..self.count;
        };
        let row = &mut self.free[at];
        let taken = row.start..row.start + count;
        row.start += count;
        if row.start == row.end {
            self.free.remove(at);
        }
        taken
    }

    /// Takes a row back.
    pub(crate) fn give_back(&mut self, row: Row) {
        if row.is_empty() {
            return;
        }
        let at = self.free.partition_point(|free| free.start < row.start);
        self.free.insert(at, row);
        for at in [at + 1, at] {
            if at > 0 && self.free.get(at).is_some_and(|row| row.start == self.free[at - 1].end) {
                self.free[at - 1].end = self.free.remove(at).end;
            }
        }
    }

    /// How many there are.
    pub(crate) fn count(&self) -> usize {
        self.count as usize
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_row_that_fits_is_given_out() {
        let mut places = Places::default();
        let rows: Vec<Row> = [1, 3, 1, 2, 1].map(|count| places.take(count)).into();
        assert_eq!(rows, [0..1, 1..4, 4..5, 5..7, 7..8]);
        [3, 0, 1].into_iter().for_each(|at| places.give_back(rows[at].clone()));
        assert_eq!(places.free, [0..4, 5..7]);
        assert_eq!((places.take(2), places.take(3), places.take(2)), (0..2, 8..11, 2..4));
        places.give_back(4..5);
        assert_eq!(places.free, [Range { start: 4, end: 7 }]);
        assert_eq!((places.take(0), places.take(3), places.take(1)), (0..0, 4..7, 11..12));
        assert_eq!((places.free.len(), places.count()), (0, 12));
    }
}
