//! The signer process as a process: started, asked, attacked, stopped, killed, with a real token behind it.

#[cfg(test)]
mod faults;
#[cfg(test)]
mod given;
#[cfg(test)]
mod hostile;
#[cfg(test)]
mod statements;
#[cfg(test)]
mod works;
