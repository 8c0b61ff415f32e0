//! What every system test stands on: folders, tools, tokens, the binary, processes with deadlines.

pub mod binary;
pub mod command;
pub mod office;
pub mod process;
pub mod scratch;
pub mod server;
pub mod token;
pub mod tools;
pub mod wait;
