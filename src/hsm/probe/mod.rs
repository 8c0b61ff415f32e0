//! What a token can do, found out by trying: for `sinete hsm probe`, for people and as JSON.
//!
//! Every algorithm of the closed list is generated and signed with, using session keys that are destroyed after,
//! and the signatures are verified. Nothing permanent is written. A claim in the mechanism list is not enough:
//! modules list what the firmware forbids, and forbid by policy what they list.

mod render;
mod speed;
#[cfg(test)]
mod tests;
mod verdict;

use std::time::Duration;

use pki::algorithm::{KeyAlgorithm, SignatureAlgorithm};
use pki::aws_lc::AwsLc;
use pki::signing::Verifier;
use serde::Serialize;

use crate::module::ModuleInfo;
use crate::token::{self, Caution, CheckedPair, Lifetime, NewPair, Token, TokenInfo, TokenSettings};
use crate::{Error, Result};

pub use speed::Speed;
pub use verdict::{Use, UseReport, Verdict};

/// How thoroughly to look.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProbeOptions {
    /// Whether the PIN may be tried although there are signs of wrong ones; `--pin-corrected`.
    pub caution: Caution,
    /// Session counts whose speed is measured; none to leave the measuring out.
    pub sessions: Vec<usize>,
    /// How long one speed is measured.
    pub time: Duration,
}

impl Default for ProbeOptions {
    fn default() -> Self {
        Self {
            caution: Caution::Careful,
            sessions: vec![1, 2, 4, 8],
            time: Duration::from_millis(500),
        }
    }
}

/// Everything that was found out.
///
/// Stored: the JSON form of this is read by other programs; fields are only ever added.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Report {
    /// The PKCS#11 module.
    pub module: ModuleInfo,
    /// The token.
    pub token: TokenInfo,
    /// The vendor whose quirks are allowed for.
    pub vendor: String,
    /// The mechanisms it lists.
    pub mechanisms: Vec<String>,
    /// What it can do with each algorithm.
    pub algorithms: Vec<AlgorithmReport>,
    /// Whether it makes AES-256 keys for data.
    pub data_key: Ability,
    /// What each use in the hierarchy needs, and whether it is there.
    pub uses: Vec<UseReport>,
    /// All in all.
    pub verdict: Verdict,
}

/// What a token can do with one kind of key.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct AlgorithmReport {
    /// The kind of key.
    pub algorithm: String,
    /// Whether it makes such keys, and such that cannot leave.
    pub generates: Ability,
    /// The signatures such a key can make.
    pub signatures: Vec<SignatureReport>,
    /// How fast, with the key's default signature.
    pub speed: Vec<Speed>,
}

/// Whether a key makes one kind of signature.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SignatureReport {
    /// The kind of signature.
    pub signature: String,
    /// The mechanism that makes it.
    pub mechanism: Option<String>,
    /// Whether it came out right.
    pub signs: Ability,
}

/// Whether something works.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase", tag = "works", content = "reason")]
pub enum Ability {
    /// It was tried and works.
    Yes,
    /// It was tried, or could not be, and does not.
    No(String),
}

impl Ability {
    /// Whether it works.
    pub const fn is_yes(&self) -> bool {
        matches!(self, Self::Yes)
    }
}

impl AlgorithmReport {
    /// Whether the key can be made and its default signature comes out right.
    pub fn works(&self) -> bool {
        self.generates.is_yes() && self.signatures.iter().any(|signature| signature.signs.is_yes())
    }
}

/// Looks at a token. `progress` is told what is being tried, because some tokens need a minute for an RSA key.
pub fn probe(
    settings: &TokenSettings,
    options: &ProbeOptions,
    mut progress: impl FnMut(&str),
) -> Result<Report> {
    let token = Token::open(settings, options.caution)?;
    let mut algorithms = Vec::new();
    for algorithm in KeyAlgorithm::ALL {
        progress(algorithm.name());
        algorithms.push(try_algorithm(&token, algorithm, options));
    }
    progress("aes-256");
    let data_key = ability(try_data_key(&token));
    let uses = verdict::judge_uses(&algorithms, &data_key);
    let verdict = verdict::judge(token.info(), &uses);
    Ok(Report {
        module: token.module_info().clone(),
        token: token.info().clone(),
        vendor: token.quirks().vendor.to_owned(),
        mechanisms: token.mechanisms().names(),
        algorithms,
        data_key,
        uses,
        verdict,
    })
}

impl Report {
    /// The report for programs.
    pub fn to_json(&self) -> String {
        // Unwrap: the report is maps, lists, texts and numbers, which always have a JSON form.
        serde_json::to_string_pretty(self).unwrap_or_default()
    }
}

fn try_algorithm(token: &Token, algorithm: KeyAlgorithm, options: &ProbeOptions) -> AlgorithmReport {
    let mut report = AlgorithmReport {
        algorithm: algorithm.name().to_owned(),
        generates: Ability::Yes,
        signatures: Vec::new(),
        speed: Vec::new(),
    };
    let pair = match throw_away_pair(token, algorithm) {
        Ok(pair) => pair,
        Err(error) => {
            report.generates = Ability::No(error.to_string());
            return report;
        }
    };
    report.signatures = SignatureAlgorithm::ALL
        .into_iter()
        .filter(|signature| signature.suits(algorithm))
        .map(|signature| try_signature(token, &pair, signature))
        .collect();
    if let Ok(recipe) = token.recipe(algorithm.default_signature()) {
        report.speed = speed::measure(token, &pair, recipe, options);
    }
    if let Err(error) = token.with_keys(|keys| token::destroy(keys.session, pair.id)) {
        tracing::warn!(%error, %algorithm, "a throw-away session key could not be destroyed; it goes with the session");
    }
    report
}

fn throw_away_pair(token: &Token, algorithm: KeyAlgorithm) -> Result<CheckedPair> {
    let new = NewPair {
        id: token.new_key_id()?,
        label: "sinete-probe",
        algorithm,
    };
    token.with_keys(|keys| token::generate_pair(keys, &new, Lifetime::Session))
}

fn try_signature(token: &Token, pair: &CheckedPair, signature: SignatureAlgorithm) -> SignatureReport {
    let recipe = token.recipe(signature);
    SignatureReport {
        signature: signature.name().to_owned(),
        mechanism: recipe.as_ref().ok().map(|recipe| recipe.mechanism_name()),
        signs: ability(recipe.and_then(|recipe| {
            let message = b"a message that the probe signs with a throw-away key";
            let made = token.sign(pair, recipe, message)?;
            if AwsLc.verify(&pair.public_key, signature, message, &made) {
                Ok(())
            } else {
                Err(Error::SignatureWrong {
                    token: token.info().label.clone(),
                    algorithm: signature,
                })
            }
        })),
    }
}

fn try_data_key(token: &Token) -> Result<()> {
    let id = token.new_key_id()?;
    token.with_keys(|keys| {
        token::generate_data_key(keys, id, "sinete-probe", Lifetime::Session)?;
        token::destroy(keys.session, id).map(drop)
    })
}

fn ability(tried: Result<()>) -> Ability {
    tried.map_or_else(|error| Ability::No(error.to_string()), |()| Ability::Yes)
}
