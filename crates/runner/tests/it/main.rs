//! The binary from outside: what goes in, what comes out, and how it ends.

mod check;
mod help;
mod render;
mod run;
mod support;
