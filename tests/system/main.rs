//! The system tests: one program, one module per concern.
#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "this program is a test throughout; the lint knows only functions marked as one"
)]

mod audit;
mod bad_input;
mod ceremony_killed;
mod ceremony_machines;
mod documents;
mod edges;
mod hierarchy;
mod judges;
mod server_doctor;
mod server_rehearsal;
mod server_run;
mod server_serve;
mod token_faults;
mod tokens;
