//! Whole ceremonies on real SoftHSM2 tokens, each in a process and a folder of its own.
//!
//! The modules say `cfg(test)` so that the lints know them for what they are.

#[cfg(test)]
mod approvals;
#[cfg(test)]
mod crash;
#[cfg(test)]
mod custody;
#[cfg(test)]
mod envelopes;
#[cfg(test)]
mod house;
#[cfg(test)]
mod whole;
