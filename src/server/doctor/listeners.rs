//! The listeners' addresses and the names in the private one's certificate.

use std::io::ErrorKind;
use std::net::{SocketAddr, TcpListener};

use super::{Area, Discovery, Reach, Report};
use crate::config::Configuration;
use crate::listener_identity;

pub(super) fn examine(config: &Configuration, reach: Reach, report: &mut Report) {
    let listen = &config.listen;
    if reach == Reach::SignerAtWork {
        // The server runs, so the addresses are ours.
        report.skip(Area::Listeners, "the server runs: its addresses were not tried");
    } else {
        address("public", listen.public, report);
        address("private", listen.private, report);
    }
    names(config, report);
}

/// Opens the address for a moment, if it is a fixed one.
fn address(which: &'static str, address: SocketAddr, report: &mut Report) {
    if address.port() == 0 {
        return;
    }
    let Err(error) = TcpListener::bind(address) else {
        return;
    };
    let address = address.to_string();
    report.add(match error.kind() {
        ErrorKind::AddrInUse => Discovery::AddressTaken { which, address },
        _ => Discovery::AddressRefused {
            which,
            address,
            message: error.to_string(),
        },
    });
}

fn names(config: &Configuration, report: &mut Report) {
    let Some(certified) = listener_identity::certified_names(&config.office.state) else {
        // None yet: the server gets one at its first start.
        return;
    };
    let configured: Vec<String> = config.listen.names.iter().map(ToString::to_string).collect();
    if certified != configured {
        report.add(Discovery::NamesDiffer {
            certified: certified.join(", "),
            configured: configured.join(", "),
        });
    }
}
