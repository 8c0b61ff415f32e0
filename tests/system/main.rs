//! The system tests: one program, one module per concern.
#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "this program is a test throughout; the lint knows only functions marked as one"
)]

mod audit;
mod ceremony_killed;
mod edges;
mod hierarchy;
mod judges;
mod tokens;
