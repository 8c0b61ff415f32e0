//! HTTP: two listeners, their limits, and the pages. Handlers read, call one function, render.
//!
//! [`public`] is plain HTTP for anyone and only reads; [`private`] is TLS 1.3 for operators. Only [`problem`] knows
//! which status a refusal has.

mod access_log;
mod assets;
mod caching;
mod dates;
mod headers;
pub(crate) mod health;
pub(crate) mod language;
pub(crate) mod limits;
pub(crate) mod listener;
mod peers;
pub(crate) mod private;
mod problem;
pub(crate) mod public;
mod stall;
mod texts;
mod view;
