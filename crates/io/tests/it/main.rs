//! The backends, each against a graph whose state shows every frame that is lost, doubled or cut.

mod blocking;
mod file;
mod flight;
mod graph;
mod live_path;
mod misbehaviour;
mod null;
mod shed;
mod sim;
mod supervised;
