//! Everything that needs a real token: SoftHSM, SoftHSM behind a module that fails on demand, and Kryoptic.

#[cfg(test)]
mod certificate;
#[cfg(test)]
mod faults;
#[cfg(test)]
mod given;
#[cfg(test)]
mod keys;
#[cfg(test)]
mod kryoptic;
#[cfg(test)]
mod pool;
#[cfg(test)]
mod probe;
