//! The table of crate edges: who may use whom, and what must never be linked where.
//!
//! A wrong edge fails here before anybody gets used to it. A new crate fails too, until it has its row. The
//! table for readers, with the reasons, stands in `src/README.md`.

use std::collections::BTreeSet;

use system_tests::workspace::{Metadata, linked};

/// One crate of the house.
struct Room {
    /// The package.
    name: &'static str,
    /// Crates of ours that it may use, in its tests too.
    may_use: &'static [&'static str],
    /// Packages that its own manifest must not name as a normal dependency.
    never_names: &'static [&'static str],
    /// Packages that must not be linked into it at any depth...
    never_links: &'static [&'static str],
    /// ...with these features of its own.
    features: &'static [&'static str],
}

/// Executors, and everything that waits on a network.
const TOKIO: &str = "tokio";

/// What a crate that only turns bytes into bytes cannot need: a runtime, a database, HTTP, a token, a clock, a
/// random source. aws-lc-rs is among them because it holds one; `pki` asks for it by a feature only.
const IMPURE: &[&str] = &[
    TOKIO,
    "async-std",
    "smol",
    "mio",
    "sqlx",
    "rusqlite",
    "axum",
    "hyper",
    "tower",
    "reqwest",
    "cryptoki",
    "cryptoki-sys",
    "rand",
    "rand_core",
    "getrandom",
    "fastrand",
    "ring",
    "aws-lc-rs",
    "chrono",
    "time",
    "rustix",
    "tracing",
];

/// The same without aws-lc-rs, for `pki` with its feature `aws-lc`.
const IMPURE_BUT_AWS_LC: &[&str] = &[
    TOKIO,
    "async-std",
    "smol",
    "mio",
    "sqlx",
    "rusqlite",
    "axum",
    "hyper",
    "tower",
    "reqwest",
    "cryptoki",
    "cryptoki-sys",
    "rand",
    "rand_core",
    "getrandom",
    "fastrand",
    "ring",
    "chrono",
    "time",
    "rustix",
    "tracing",
];

const ROOMS: &[Room] = &[
    Room {
        name: "pki",
        may_use: &["pki"],
        never_names: &[],
        never_links: IMPURE,
        features: &[],
    },
    Room {
        name: "pki",
        may_use: &["pki"],
        never_names: &[],
        never_links: IMPURE_BUT_AWS_LC,
        features: &["aws-lc"],
    },
    Room {
        name: "policy",
        may_use: &["pki"],
        never_names: IMPURE,
        never_links: IMPURE,
        features: &[],
    },
    Room {
        name: "hsm",
        // Its tests use its own `testing` feature and the module that fails on demand.
        may_use: &["pki", "hsm", "faulty-token"],
        never_names: &[],
        never_links: &["sqlx", "rusqlite", "axum", "hyper"],
        features: &[],
    },
    Room {
        name: "ceremony",
        may_use: &["pki", "policy", "hsm"],
        // It is read by auditors as one room and blocks on purpose; what `hsm` links for its client is not its own.
        never_names: &[TOKIO, "sqlx", "rusqlite", "axum", "cryptoki", "time", "chrono"],
        never_links: &["sqlx", "rusqlite", "axum", "hyper"],
        features: &[],
    },
    Room {
        name: "server",
        may_use: &["pki", "policy", "hsm", "ceremony"],
        never_names: &["sqlx", "rusqlite", "cryptoki", "cryptoki-sys", "rcgen"],
        never_links: &["openssl", "ring", "rcgen", "ocsp", "tokio-cron-scheduler"],
        features: &[],
    },
    // The product is judged from outside: its own parsers must not decide whether its output is right.
    Room {
        name: "system-tests",
        may_use: &["faulty-token"],
        never_names: &["cryptoki"],
        never_links: &[],
        features: &[],
    },
    // A C library for tests. Nothing of the product may use it: only test rows above name it.
    Room {
        name: "faulty-token",
        may_use: &[],
        never_names: &["cryptoki", TOKIO],
        never_links: &["sqlx", "axum", TOKIO],
        features: &[],
    },
    Room {
        name: "benchmarks",
        may_use: &["pki", "hsm"],
        never_names: &[],
        never_links: &["sqlx", "axum"],
        features: &[],
    },
];

#[test]
fn every_crate_of_the_workspace_has_its_row_in_the_table() {
    let metadata = Metadata::read();
    let members: BTreeSet<&str> = metadata.members().into_keys().collect();
    let rows: BTreeSet<&str> = ROOMS.iter().map(|room| room.name).collect();
    assert_eq!(
        members, rows,
        "left: the workspace; right: the table in tests/system/edges.rs"
    );
}

#[test]
fn crates_use_only_the_crates_that_their_row_allows() {
    let metadata = Metadata::read();
    let members = metadata.members();
    for room in ROOMS {
        let package = members[room.name];
        let ours = package
            .dependencies
            .iter()
            .filter(|dependency| dependency.path.is_some());
        for dependency in ours {
            assert!(
                room.may_use.contains(&dependency.name.as_str()),
                "{} uses {}, which its row in tests/system/edges.rs does not allow",
                room.name,
                dependency.name
            );
        }
    }
}

#[test]
fn no_manifest_names_what_its_crate_must_never_have() {
    let metadata = Metadata::read();
    let members = metadata.members();
    for room in ROOMS {
        let named = members[room.name].declared(None);
        for never in room.never_names {
            assert!(
                !named.contains(never),
                "the manifest of {} names {never}",
                room.name
            );
        }
    }
}

#[test]
fn nothing_forbidden_is_linked_at_any_depth() {
    for room in ROOMS {
        let linked = linked(room.name, room.features);
        assert!(
            linked.contains(room.name),
            "cargo tree did not list {} itself",
            room.name
        );
        for never in room.never_links {
            assert!(
                !linked.contains(*never),
                "{} links {never} (features: {:?}); cargo tree -p {} -i {never} shows through whom",
                room.name,
                room.features,
                room.name
            );
        }
    }
}
