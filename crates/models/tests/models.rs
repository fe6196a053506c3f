//! Every interleaving of each model holds, and each planted weakening is caught.

use patchline_models::{explore, fails, lapped, marks, pending, requests, swap, team};

/// Involuntary switches between threads that are tried.
const SWITCHES: usize = 6;

#[track_caller]
fn caught(what: &str, model: impl Fn() + Sync + Send + 'static) {
    assert!(fails(SWITCHES, model), "not caught: {what}");
}

#[test]
fn a_plan_takes_over_and_the_old_one_is_freed_once() {
    explore(SWITCHES, || swap::model(swap::Weakening::None));
}

#[test]
fn weakened_swaps_are_caught() {
    for weakening in swap::Weakening::ALL {
        caught(&format!("{weakening:?}"), move || swap::model(weakening));
    }
}

#[test]
fn changes_never_wait_in_a_list_that_grows() {
    explore(SWITCHES, || pending::model(pending::Weakening::None));
    caught("a change that is done too early", || pending::model(pending::Weakening::DoneOnReceipt));
}

#[test]
fn every_frame_of_a_recording_is_where_it_belongs() {
    explore(SWITCHES, || marks::model(marks::Weakening::None));
}

#[test]
fn weakened_marks_are_caught() {
    for weakening in marks::Weakening::ALL {
        caught(&format!("{weakening:?}"), move || marks::model(weakening));
    }
}

#[test]
fn what_is_read_of_a_ring_that_overwrites_is_whole() {
    explore(SWITCHES, lapped::model);
}

#[test]
fn weakened_rings_are_caught() {
    for (name, model) in lapped::WEAKENINGS {
        caught(name, model);
    }
}

#[test]
fn what_is_wanted_is_asked_for_by_one() {
    explore(SWITCHES, || requests::model(requests::Weakening::None));
    for weakening in requests::Weakening::ALL {
        caught(&format!("{weakening:?}"), move || requests::model(weakening));
    }
}

/// Fewer switches: threads that wait for each other have many more places to be interrupted at.
const OF_A_TEAM: usize = 3;

#[test]
fn threads_that_render_together_hand_on_what_they_have_done() {
    explore(OF_A_TEAM, team::model);
}

#[test]
fn weakened_teams_are_caught() {
    for (name, model) in team::WEAKENINGS {
        assert!(fails(OF_A_TEAM, model), "not caught: {name}");
    }
}

#[test]
fn three_threads_hand_on_what_they_have_done() {
    explore(OF_A_TEAM, team::three_lanes);
}

#[test]
fn weakened_teams_of_three_are_caught() {
    for (name, model) in team::WEAKENINGS_OF_THREE {
        assert!(fails(OF_A_TEAM, model), "not caught: {name}");
    }
}
