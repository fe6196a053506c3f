//! The binary from outside: what goes in, what comes out, and how it ends.

mod check;
mod corpus;
mod demo;
mod devices;
mod doctor;
mod help;
mod panel;
mod pipes;
mod planted;
mod render;
mod run;
mod support;
