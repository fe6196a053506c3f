//! Which nodes to leave out when the callback has too much to do, and when to take them back.
//!
//! [`Shedder`] only decides, from the load and what the nodes cost; [`Engine::bypass`](patchline_graph::Engine::bypass) does
//! it. It lives on the control thread and asks no clock.
//!
//! ```
//! use std::time::Duration;
//! use patchline_io::shed::{Shedder, Shift};
//!
//! let mut shedder = Shedder::new(0.9);
//! let optional = [("reverb".to_owned(), 0.5), ("eq".to_owned(), 0.1)];
//! let second = Duration::from_secs(1);
//! assert_eq!(shedder.look(0 * second, 0.95, &optional), None, "it may be over soon");
//! assert_eq!(shedder.look(1 * second, 0.95, &optional), Some(Shift::Out("reverb".to_owned())));
//! (2..6).for_each(|n| assert_eq!(shedder.look(n * second, 0.2, &optional), None));
//! assert_eq!(shedder.look(7 * second, 0.2, &optional), Some(Shift::Back("reverb".to_owned())));
//! ```

use std::time::Duration;

/// How long the load stays above the limit before the next node goes.
const STRAINED: Duration = Duration::from_secs(1);
/// How long there is room for a node before it comes back.
const CALM: Duration = Duration::from_secs(5);
/// Longest such time: it doubles whenever a node that came back had to go again.
const CALMEST: Duration = Duration::from_secs(300);
/// A node that goes again within this time of its return came back too early.
const RELAPSE: Duration = Duration::from_secs(20);
/// A node comes back where the load with it would be below this part of the limit.
const ROOM: f64 = 0.85;

/// What is to be done now.
///
/// ```
/// use patchline_io::shed::Shift;
///
/// fn said(shift: &Shift) -> String {
///     match shift {
///         Shift::Out(node) => format!("`{node}` is left out"),
///         Shift::Back(node) => format!("`{node}` is back"),
///     }
/// }
/// assert_eq!(said(&Shift::Out("reverb".to_owned())), "`reverb` is left out");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Shift {
    /// Leave this node out.
    Out(String),
    /// Take this node back.
    Back(String),
}

/// Decides which nodes are left out. One at a time goes, the heaviest first; the last one to go is the first to return.
///
/// ```
/// use std::time::Duration;
///
/// use patchline_io::shed::{Shedder, Shift};
///
/// let mut shedder = Shedder::new(0.9);
/// let optional = [("reverb".to_owned(), 0.5)];
/// let shifts: Vec<Shift> =
///     (0..3).filter_map(|second| shedder.look(Duration::from_secs(second), 0.95, &optional)).collect();
/// assert_eq!(shifts, [Shift::Out("reverb".to_owned())]);
/// assert_eq!(shedder.out().collect::<Vec<_>>(), ["reverb"]);
/// ```
#[derive(Clone, Debug)]
pub struct Shedder {
    limit: f64,
    /// Those that are out, in the order in which they went, with what each cost, and when it went.
    out: Vec<(String, f64, Duration)>,
    /// Since when the load has been above the limit, and since when there has been room.
    strained: Option<Duration>,
    calm: Option<Duration>,
    patience: Duration,
    /// When a node last came back.
    back: Option<Duration>,
}

impl Shedder {
    /// For a load above `limit`, as a part of a block's time: 0.9 leaves a tenth.
    #[must_use]
    pub fn new(limit: f64) -> Self {
        Self { limit, out: Vec::new(), strained: None, calm: None, patience: CALM, back: None }
    }

    /// Looks at the mean load of about the last second, at a time since some moment. `optional` are the nodes that may be
    /// left out, with the part of the time that each takes or took; 0 where that is not known.
    pub fn look(&mut self, now: Duration, load: f64, optional: &[(String, f64)]) -> Option<Shift> {
        self.out.retain(|(name, ..)| optional.iter().any(|(other, _)| other == name));
        // The mean has not yet seen all of what went.
        let left = |went: Duration| (-now.saturating_sub(went).as_secs_f64()).exp();
        let unseen: f64 = self.out.iter().map(|(_, cost, went)| cost * left(*went)).sum();
        let load = (load - unseen).max(0.0);
        if load > self.limit {
            self.calm = None;
            let since = *self.strained.get_or_insert(now);
            return (now.saturating_sub(since) >= STRAINED).then(|| self.leave_out(now, optional)).flatten();
        }
        self.strained = None;
        let room = self.out.last().is_some_and(|(_, cost, _)| load + cost < ROOM * self.limit);
        if !room {
            self.calm = None;
            return None;
        }
        let since = *self.calm.get_or_insert(now);
        (now.saturating_sub(since) >= self.patience).then(|| self.take_back(now)).flatten()
    }

    /// The nodes that are out now, in the order in which they went.
    pub fn out(&self) -> impl Iterator<Item = &str> {
        self.out.iter().map(|(name, ..)| name.as_str())
    }

    fn leave_out(&mut self, now: Duration, optional: &[(String, f64)]) -> Option<Shift> {
        let here = optional.iter().filter(|(name, _)| self.out().all(|out| out != name));
        let (name, cost) = here.max_by(|a, b| a.1.total_cmp(&b.1))?.clone();
        let relapse = self.back.is_some_and(|back| now.saturating_sub(back) < RELAPSE);
        // The first of several to go begins anew.
        match (relapse, self.out.is_empty()) {
            (true, _) => self.patience = (2 * self.patience).min(CALMEST),
            (false, true) => self.patience = CALM,
            (false, false) => {}
        }
        self.strained = None;
        self.out.push((name.clone(), cost, now));
        Some(Shift::Out(name))
    }

    fn take_back(&mut self, now: Duration) -> Option<Shift> {
        self.calm = None;
        self.back = Some(now);
        self.out.pop().map(|(name, ..)| Shift::Back(name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn out(name: &str) -> Option<Shift> {
        Some(Shift::Out(name.to_owned()))
    }

    fn back(name: &str) -> Option<Shift> {
        Some(Shift::Back(name.to_owned()))
    }

    /// Looks ten times a second for so many seconds; what was done, and after how many tenths.
    fn looks(shedder: &mut Shedder, from: u32, seconds: u32, load: impl Fn(&Shedder) -> f64) -> Vec<(u32, Shift)> {
        let optional = [("eq".to_owned(), 0.1), ("verb".to_owned(), 0.4), ("haze".to_owned(), 0.2)];
        let mut done = Vec::new();
        for tenth in from * 10..(from + seconds) * 10 {
            let load = load(shedder);
            done.extend(shedder.look(tenth * Duration::from_millis(100), load, &optional).map(|shift| (tenth, shift)));
        }
        done
    }

    /// A load of which nodes that are out no longer take part.
    fn of(whole: f64) -> impl Fn(&Shedder) -> f64 {
        move |shedder| whole - shedder.out.iter().map(|(_, cost, _)| cost).sum::<f64>()
    }

    #[test]
    fn the_heaviest_goes_first_and_only_as_many_as_have_to() {
        let mut shedder = Shedder::new(0.9);
        let done: Vec<Shift> = looks(&mut shedder, 0, 20, of(1.4)).into_iter().map(|(_, shift)| shift).collect();
        assert_eq!(done, [out("verb").unwrap(), out("haze").unwrap()]);
        assert_eq!(shedder.out().collect::<Vec<_>>(), ["verb", "haze"]);
        // When all is lighter, the last one comes back first.
        let done: Vec<Shift> = looks(&mut shedder, 20, 20, of(0.7)).into_iter().map(|(_, shift)| shift).collect();
        assert_eq!(done, [back("haze").unwrap(), back("verb").unwrap()]);
    }

    #[test]
    fn a_short_strain_is_borne_and_an_endless_one_ends_with_the_last_node() {
        let mut shedder = Shedder::new(0.9);
        for second in 0..10 {
            assert_eq!(shedder.look(second * Duration::from_millis(900), 1.2, &[("a".to_owned(), 0.3)]), None);
            assert_eq!(shedder.look(second * Duration::from_millis(900), 0.8, &[("a".to_owned(), 0.3)]), None);
        }
        assert_eq!(looks(&mut shedder, 20, 60, |_| 2.0).len(), 3);
    }

    #[test]
    fn without_room_nothing_comes_back() {
        let mut shedder = Shedder::new(0.9);
        assert_eq!(looks(&mut shedder, 0, 3, of(1.0)).len(), 1);
        // 0.6 without `verb`, 1.0 with it: it stays out for good.
        assert_eq!(looks(&mut shedder, 3, 600, of(1.0)), []);
    }

    /// Where what nodes cost is known too low, one comes back, goes again, and waits longer each time.
    #[test]
    fn coming_back_too_early_is_learned_from() {
        let mut shedder = Shedder::new(0.9);
        let lying = |shedder: &Shedder| if shedder.out().next().is_some() { 0.1 } else { 1.0 };
        let done = looks(&mut shedder, 0, 3_600, lying);
        assert!((10..40).contains(&done.len()), "{} shifts in an hour", done.len());
    }

    #[test]
    fn nodes_that_are_gone_are_forgotten() {
        let mut shedder = Shedder::new(0.9);
        looks(&mut shedder, 0, 3, of(1.0));
        assert_eq!(shedder.look(Duration::from_secs(5), 0.1, &[]), None);
        assert_eq!(shedder.out().count(), 0);
        assert_eq!(shedder.look(Duration::from_secs(50), 5.0, &[]), None);
    }
}
