//! Whom the open connections belong to, so that no single client takes them all.
//!
//! A client is an IPv4 address or the first half of an IPv6 address, which is what one subscriber gets. What counts
//! is the address that connected: behind a proxy that is the proxy's, whose own limits then apply to its clients.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The open connections of one listener by client. Never larger than the number of open connections.
#[derive(Debug)]
pub(super) struct Peers {
    each: usize,
    open: Mutex<HashMap<IpAddr, usize>>,
}

/// One open connection of a client; dropping it makes room for another.
#[derive(Debug)]
pub(super) struct Peer {
    peers: Arc<Peers>,
    client: IpAddr,
}

impl Peers {
    /// Each client may have this many connections open.
    pub(super) fn new(each: usize) -> Arc<Self> {
        Arc::new(Self {
            each,
            open: Mutex::default(),
        })
    }

    /// Counts one more connection from there, unless that client has as many as it may.
    pub(super) fn enter(self: &Arc<Self>, address: IpAddr) -> Option<Peer> {
        let client = client(address);
        let mut open = self.open();
        let count = open.entry(client).or_default();
        if *count >= self.each {
            return None;
        }
        *count += 1;
        Some(Peer {
            peers: Arc::clone(self),
            client,
        })
    }

    fn open(&self) -> MutexGuard<'_, HashMap<IpAddr, usize>> {
        // The map is whole after each of the statements that change it.
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        let mut open = self.peers.open();
        if let Some(count) = open.get_mut(&self.client) {
            *count -= 1;
            if *count == 0 {
                open.remove(&self.client);
            }
        }
    }
}

/// What stands for the client: an IPv4 address, also one that came mapped, or the first 64 bits of an IPv6 address.
fn client(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() >> 64 << 64)),
        address @ IpAddr::V4(_) => address,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn one_client_gets_its_share_and_another_still_gets_in() {
        let peers = Peers::new(2);
        let first = peers.enter(address("192.0.2.1")).unwrap();
        let _second = peers.enter(address("::ffff:192.0.2.1")).unwrap();
        assert!(peers.enter(address("192.0.2.1")).is_none());
        assert!(peers.enter(address("192.0.2.2")).is_some());
        drop(first);
        assert!(peers.enter(address("192.0.2.1")).is_some());
    }

    #[test]
    fn addresses_of_one_ipv6_network_are_one_client() {
        let peers = Peers::new(1);
        let _first = peers.enter(address("2001:db8:0:1::1")).unwrap();
        assert!(peers.enter(address("2001:db8:0:1:ffff::2")).is_none());
        assert!(peers.enter(address("2001:db8:0:2::1")).is_some());
    }

    #[test]
    fn nothing_is_remembered_of_those_who_left() {
        let peers = Peers::new(1);
        for last in 0..200 {
            drop(peers.enter(IpAddr::from([192, 0, 2, last])));
        }
        assert!(peers.open().is_empty());
    }
}
