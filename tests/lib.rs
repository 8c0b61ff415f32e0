//! Drives the real `sinete` with real tokens, and asks foreign judges about what came out.
//!
//! Nothing of the product is linked here: what the product's own parsers think of its output is no judgement. Look
//! in `README.md` for what is tested where.
#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    clippy::missing_panics_doc,
    clippy::return_self_not_must_use,
    reason = "a harness stops the test at once and says why; it has no caller that could do better"
)]

pub mod harness;
pub mod judges;
pub mod workspace;
