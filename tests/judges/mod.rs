//! Foreign judges: programs by other people that say whether a certificate is right.
//!
//! Each judge gets whole paths, and every judge that knows an algorithm must agree. Which judge knows what, and why
//! not, says [`Judge::ignorance`]; a judge that says that it does not know an algorithm must really fail on it.

mod cryptography;
mod gnutls;
mod java;
mod openssl;
mod pkilint;
mod python;

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use crate::harness::tools::Tool;

pub use openssl::{certificate_round_trips, crl_verifies, openssl, openssl_36, request_verifies};
pub use pkilint::{Exception, Only, findings, lint, lint_crls};
pub use python::Finding;

/// A certificate and the authorities above it, as PEM files.
#[derive(Debug, Clone)]
pub struct Chain {
    /// For messages; unique within one call.
    pub name: String,
    /// The certificate in question first, the root last; a root alone is a chain of one.
    pub certificates: Vec<PathBuf>,
    /// What each certificate's key is for, in the same order.
    pub algorithms: Vec<Algorithm>,
}

impl Chain {
    fn leaf(&self) -> &PathBuf {
        self.certificates.first().expect("a chain has a certificate")
    }

    fn root(&self) -> &PathBuf {
        self.certificates.last().expect("a chain has a certificate")
    }

    /// Who signed the certificate; a root did it itself.
    fn issuer(&self) -> &PathBuf {
        self.certificates.get(1).unwrap_or(self.root())
    }

    fn signed_with(&self) -> Algorithm {
        let issuer = self.algorithms.get(1).or(self.algorithms.first());
        *issuer.expect("a chain names its algorithms")
    }

    /// What stands between the certificate and its root.
    fn between(&self) -> &[PathBuf] {
        let last = self.certificates.len() - 1;
        self.certificates.get(1..last).unwrap_or(&[])
    }
}

/// The closed list of what may sign, as far as judges tell them apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(missing_docs, reason = "the names say it")]
pub enum Algorithm {
    EcdsaP256,
    EcdsaP384,
    EcdsaP521,
    RsaPkcs1,
    RsaPss,
    Ed25519,
    MlDsa44,
    MlDsa65,
    MlDsa87,
}

/// A program by other people.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Judge {
    /// `openssl verify -x509_strict`, the system's (3.0 on Debian 12).
    OpenSsl,
    /// The same by OpenSSL 3.6.
    OpenSsl36,
    /// `certtool --verify` of GnuTLS.
    GnuTls,
    /// The PKIX path validator of OpenJDK.
    Java,
    /// Signature and names by pyca/cryptography, link by link.
    Cryptography,
}

impl Judge {
    /// All of them.
    pub const ALL: [Self; 5] = [
        Self::OpenSsl,
        Self::OpenSsl36,
        Self::GnuTls,
        Self::Java,
        Self::Cryptography,
    ];

    /// Why this judge cannot judge an algorithm; `None` if it can.
    ///
    /// Only ML-DSA is unknown to anybody, and updates of the distributions bring it: so the judge itself is asked, once.
    pub fn ignorance(self, algorithm: Algorithm) -> Option<&'static str> {
        static KNOWN: OnceLock<[bool; 3]> = OnceLock::new();
        let [openssl, gnutls, java] = *KNOWN.get_or_init(|| {
            [
                openssl::knows_ml_dsa(),
                gnutls::knows_ml_dsa(),
                java::knows_ml_dsa(),
            ]
        });
        let post_quantum = matches!(
            algorithm,
            Algorithm::MlDsa44 | Algorithm::MlDsa65 | Algorithm::MlDsa87
        );
        match self {
            Self::OpenSsl if post_quantum && !openssl => {
                Some("the system's OpenSSL is older than 3.5, which brought ML-DSA")
            }
            Self::GnuTls if post_quantum && !gnutls => {
                Some("the system's GnuTLS is older than 3.8.9, which brought ML-DSA")
            }
            Self::Java if post_quantum && !java => Some("the system's OpenJDK has no key factory for ML-DSA"),
            Self::OpenSsl | Self::OpenSsl36 | Self::GnuTls | Self::Java | Self::Cryptography => None,
        }
    }

    /// Asks this judge about many chains.
    fn ask(self, chains: &[&Chain]) -> Vec<Result<(), String>> {
        match self {
            Self::OpenSsl => openssl::verify(Path::new("openssl"), chains),
            Self::OpenSsl36 => openssl::verify(&Tool::OpenSsl36.path(), chains),
            Self::GnuTls => gnutls::verify(chains),
            Self::Java => java::verify(chains),
            Self::Cryptography => cryptography::verify(chains),
        }
    }
}

/// What one judge said about one chain.
#[derive(Debug, Clone)]
pub struct Opinion {
    /// Who.
    pub judge: Judge,
    /// The chain's name.
    pub chain: String,
    /// Why this judge need not know; `None` if it must agree.
    pub ignorance: Option<&'static str>,
    /// Accepted, or the judge's own words.
    pub verdict: Result<(), String>,
}

impl Opinion {
    /// An acceptance by a judge that knows, or a refusal by one that cannot.
    pub fn is_as_expected(&self) -> bool {
        self.verdict.is_ok() == self.ignorance.is_none()
    }
}

impl fmt::Display for Opinion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { judge, chain, .. } = self;
        match (&self.verdict, self.ignorance) {
            (Ok(()), None) => write!(f, "{judge:?} accepts {chain}"),
            (Err(words), None) => write!(f, "{judge:?} refuses {chain}: {words}"),
            (Ok(()), Some(why)) => write!(f, "{judge:?} accepts {chain}, and should not be able to: {why}"),
            (Err(_), Some(why)) => write!(f, "{judge:?} cannot judge {chain}: {why}"),
        }
    }
}

/// Asks every judge about every chain.
pub fn opinions(chains: &[Chain]) -> Vec<Opinion> {
    let all: Vec<&Chain> = chains.iter().collect();
    let mut opinions = Vec::new();
    for judge in Judge::ALL {
        let verdicts = judge.ask(&all);
        assert_eq!(verdicts.len(), all.len(), "{judge:?} left chains out");
        for (chain, verdict) in chains.iter().zip(verdicts) {
            let ignorance = chain
                .algorithms
                .iter()
                .find_map(|algorithm| judge.ignorance(*algorithm));
            opinions.push(Opinion {
                judge,
                chain: chain.name.clone(),
                ignorance,
                verdict,
            });
        }
    }
    opinions
}

/// Makes sure that every judge accepts every chain whose algorithms it knows.
#[track_caller]
pub fn agree(chains: &[Chain]) {
    assert!(!chains.is_empty(), "nothing was given to the judges");
    let opinions = opinions(chains);
    let wrong: Vec<String> = opinions
        .iter()
        .filter(|opinion| !opinion.is_as_expected())
        .map(ToString::to_string)
        .collect();
    assert!(
        wrong.is_empty(),
        "{} of {} opinions are not as expected:\n{}",
        wrong.len(),
        opinions.len(),
        wrong.join("\n")
    );
}
