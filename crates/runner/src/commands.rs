//! One file for each command.

pub(crate) mod bench;
pub(crate) mod check;
pub(crate) mod completions;
pub(crate) mod demo;
pub(crate) mod devices;
pub(crate) mod diff;
pub(crate) mod doctor;
pub(crate) mod explain;
pub(crate) mod graph;
pub(crate) mod init;
pub(crate) mod man;
pub(crate) mod meter;
pub(crate) mod nodes;
pub(crate) mod play;
pub(crate) mod record;
pub(crate) mod render;
pub(crate) mod repair;
pub(crate) mod replay;
pub(crate) mod run;
pub(crate) mod schema;
