//! Everything that needs a real token: SoftHSM, and SoftHSM behind a module that fails on demand.

#[cfg(test)]
mod faults;
#[cfg(test)]
mod given;
#[cfg(test)]
mod keys;
#[cfg(test)]
mod pool;
#[cfg(test)]
mod probe;
