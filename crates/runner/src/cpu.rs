//! What a graph costs on this machine: measured call by call, or predicted from what its nodes cost.

mod bed;
mod files;
mod machine;
mod model;
mod statistics;

pub(crate) use bed::Bed;
pub(crate) use files::without_files;
pub(crate) use machine::{Interruptions, name as machine_name};
pub(crate) use model::{Model, Prediction};
pub(crate) use statistics::Spread;
