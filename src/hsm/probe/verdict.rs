//! What a token is good for: each use of a key in the hierarchy, what it needs, and what is missing.

use pki::algorithm::KeyAlgorithm;
use serde::Serialize;

use super::{Ability, AlgorithmReport};
use crate::token::TokenInfo;

/// A use of a key in the hierarchy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Use {
    /// The root authority's key: few signatures, twenty years.
    Root,
    /// An intermediate authority's key: certificates and CRLs.
    Intermediate,
    /// An OCSP responder's key: many signatures.
    Ocsp,
    /// A time-stamping unit's key.
    Timestamp,
    /// A document signer's key.
    Document,
    /// The register's key, which signs checkpoints.
    Register,
    /// The key that wraps data keys.
    Data,
}

/// Whether a token serves one use.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct UseReport {
    /// The use.
    pub r#use: Use,
    /// The kinds of key that work here and suit it, best first.
    pub possible: Vec<String>,
    /// The kinds that would suit it and do not work here.
    pub missing: Vec<String>,
}

/// All in all.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Verdict {
    /// Whether every use of the hierarchy can be served by this one token.
    pub suitable: bool,
    /// The uses that it cannot serve.
    pub not_for: Vec<Use>,
    /// What to know or to do before relying on it.
    pub notes: Vec<String>,
}

impl Use {
    const ALL: [Self; 7] = [
        Self::Root,
        Self::Intermediate,
        Self::Ocsp,
        Self::Timestamp,
        Self::Document,
        Self::Register,
        Self::Data,
    ];

    /// The word for it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Root => "root",
            Self::Intermediate => "intermediate",
            Self::Ocsp => "ocsp",
            Self::Timestamp => "timestamp",
            Self::Document => "document",
            Self::Register => "register",
            Self::Data => "data",
        }
    }

    /// The kinds of key that suit it, best first: strength where a signature must hold for twenty years, speed where
    /// everybody asks, RSA where every reader of documents must cope. Any one of them is enough.
    const fn suited(self) -> &'static [KeyAlgorithm] {
        use KeyAlgorithm as K;
        match self {
            Self::Root => &[K::Rsa4096, K::EcdsaP384, K::EcdsaP521, K::MlDsa87, K::MlDsa65],
            Self::Intermediate => &[
                K::EcdsaP384,
                K::Rsa4096,
                K::Rsa3072,
                K::EcdsaP521,
                K::EcdsaP256,
                K::MlDsa65,
            ],
            Self::Ocsp => &[K::EcdsaP256, K::EcdsaP384, K::Rsa2048, K::Rsa3072, K::MlDsa44],
            Self::Timestamp => &[K::EcdsaP256, K::EcdsaP384, K::Rsa3072, K::Rsa4096, K::MlDsa65],
            Self::Document => &[
                K::Rsa2048,
                K::Rsa3072,
                K::Rsa4096,
                K::EcdsaP256,
                K::EcdsaP384,
                K::MlDsa65,
            ],
            // C2SP signed notes: Ed25519 is what every witness verifies.
            Self::Register => &[K::Ed25519],
            Self::Data => &[],
        }
    }
}

pub(super) fn judge_uses(algorithms: &[AlgorithmReport], data_key: &Ability) -> Vec<UseReport> {
    let works = |kind: &KeyAlgorithm| {
        algorithms
            .iter()
            .any(|report| report.algorithm == kind.name() && report.works())
    };
    let mut reports = Vec::new();
    for r#use in Use::ALL {
        let (possible, missing): (Vec<&KeyAlgorithm>, Vec<&KeyAlgorithm>) =
            r#use.suited().iter().partition(|kind| works(kind));
        let names =
            |kinds: Vec<&KeyAlgorithm>| kinds.into_iter().map(|kind| kind.name().to_owned()).collect();
        let mut report = UseReport {
            r#use,
            possible: names(possible),
            missing: names(missing),
        };
        if r#use == Use::Data {
            let list = if data_key.is_yes() {
                &mut report.possible
            } else {
                &mut report.missing
            };
            list.push("aes-256".to_owned());
        }
        reports.push(report);
    }
    reports
}

pub(super) fn judge(token: &TokenInfo, uses: &[UseReport]) -> Verdict {
    let not_for: Vec<Use> = uses
        .iter()
        .filter(|report| report.possible.is_empty())
        .map(|report| report.r#use)
        .collect();
    let mut notes = Vec::new();
    let mut note = |holds: bool, text: &str| {
        if holds {
            notes.push(text.to_owned());
        }
    };
    note(
        !token.has_random,
        "the token has no random source of its own, so key ids come from whatever its module uses",
    );
    note(
        token.write_protected,
        "the token is write-protected: no key can be made on it",
    );
    note(
        !token.login_required,
        "the token demands no PIN: whoever reaches it signs",
    );
    note(
        token.max_sessions.is_some_and(|max| max < 3),
        "the token allows fewer than three sessions: it will not serve many at once",
    );
    note(
        token.serial.is_empty(),
        "the token shows no serial number, so it cannot be told from another with its label",
    );
    note(
        not_for == [Use::Register],
        "the register's key needs Ed25519: keep it on a second token",
    );
    Verdict {
        suitable: not_for.is_empty(),
        not_for,
        notes,
    }
}
