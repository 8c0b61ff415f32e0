//! Approvals: a custodian's signature over exactly one step of exactly one ceremony.
//!
//! What is signed holds the ceremony, the script's hash, the step's number, the hash of everything the step will do,
//! and the transcript's hash up to there. So an approval fits nowhere else, and not twice.

use pki::aws_lc::AwsLc;
use pki::signing::{Signer, Verifier as _};
use serde::{Deserialize, Serialize};

use crate::block_on::block_on;
use crate::canonical::{self, Hash, Hex};
use crate::custodian::Custodians;
use crate::transcript::act::Act;
use crate::{Error, Result};

/// Names the meaning of the signed bytes, so that no other signature of the same key can be taken for one.
const STATEMENT: &str = "sinete-approval-1";
/// Names the form of a request file.
const REQUEST: &str = "sinete-approval-request-1";

/// What an approval is about.
///
/// Stored: in approval requests and envelopes; its canonical bytes, with custodian and purpose, are what is signed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Statement {
    /// The ceremony's name.
    pub ceremony: String,
    /// SHA-256 of the script.
    pub script: Hash,
    /// The step's number, counted from one.
    pub step: u32,
    /// SHA-256 over the canonical bytes of what the step will do.
    pub content: Hash,
    /// SHA-256 of the transcript's record that announced it, which holds the hash of the one before, and so on.
    pub previous: Hash,
}

/// A custodian's approval.
///
/// Stored: in transcripts, approval files and envelopes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Approval {
    /// What was approved.
    pub statement: Statement,
    /// Who approved.
    pub custodian: String,
    /// SHA-256 over the SubjectPublicKeyInfo of the key that signed.
    pub key: Hash,
    /// The signature.
    pub signature: Hex,
}

/// A request for approvals, as a file: everything a custodian on another machine needs to see.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ApprovalRequest {
    /// The form of this file.
    pub format: String,
    /// What the approval will be about.
    pub statement: Statement,
    /// What the step will do, in full.
    pub act: Act,
    /// How many custodians must agree.
    pub threshold: usize,
}

/// Why an approval does not count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Refusal {
    /// The custodians file has no such name.
    #[error("the custodians file names nobody like this")]
    UnknownCustodian,
    /// The custodian has another key.
    #[error("it is signed with another key than the custodians file holds for this custodian")]
    OtherKey,
    /// The same custodian approved this step before.
    #[error("this custodian approved this step already, and counts once")]
    Duplicate,
    /// The signature does not verify.
    #[error("the signature does not verify; the approval was changed or made by somebody else")]
    BadSignature,
    /// It belongs to another ceremony.
    #[error("it belongs to another ceremony")]
    OtherCeremony,
    /// It belongs to another script.
    #[error("it belongs to another version of the script")]
    OtherScript,
    /// It belongs to another step.
    #[error("it belongs to another step")]
    OtherStep,
    /// The step would do something else.
    #[error("it approves something else than this step will do")]
    OtherContent,
    /// The transcript was another one.
    #[error("it was made for another state of the transcript")]
    OtherTranscript,
}

#[derive(Serialize)]
struct Signed<'a> {
    purpose: &'static str,
    statement: &'a Statement,
    custodian: &'a str,
}

impl Statement {
    /// The bytes that a custodian signs.
    pub fn to_bytes(&self, custodian: &str) -> Result<Vec<u8>> {
        canonical::to_bytes(&Signed {
            purpose: STATEMENT,
            statement: self,
            custodian,
        })
    }
}

impl ApprovalRequest {
    /// Asks for approvals of an act.
    pub fn new(statement: Statement, act: Act, threshold: usize) -> Self {
        Self {
            format: REQUEST.to_owned(),
            statement,
            act,
            threshold,
        }
    }

    /// Reads a request file; what it shows must be what would be signed.
    pub fn parse(text: &str) -> Result<Self> {
        let request: Self = serde_json::from_str(text).map_err(Error::malformed("approval request"))?;
        if request.format != REQUEST {
            return Err(Error::Format {
                what: "approval request".to_owned(),
                found: request.format,
                known: REQUEST.to_owned(),
            });
        }
        if canonical::hash(&request.act)? != request.statement.content {
            return Err(Error::ApprovalRequestChanged);
        }
        Ok(request)
    }
}

impl Approval {
    /// Has a custodian's key sign. Whether the custodian wants to is asked before.
    pub fn sign(statement: &Statement, custodian: &str, signer: &dyn Signer) -> Result<Self> {
        let message = statement.to_bytes(custodian)?;
        let failed = |source| Error::CustodianSigner {
            custodian: custodian.to_owned(),
            source,
        };
        let signature = block_on(signer.sign(&message)).map_err(failed)?;
        let key = signer.public_key();
        // A key whose signatures do not verify is found out here, not by the other side.
        if !AwsLc.verify(key, key.algorithm().default_signature(), &message, &signature) {
            return Err(Error::ApprovalRefused {
                custodian: custodian.to_owned(),
                step: statement.step,
                reason: Refusal::BadSignature,
            });
        }
        Ok(Self {
            statement: statement.clone(),
            custodian: custodian.to_owned(),
            key: Hash::from_bytes(key.fingerprint()),
            signature: Hex(signature),
        })
    }

    /// Checks everything about one approval of this statement.
    pub fn check(&self, expected: &Statement, custodians: &Custodians) -> Result<()> {
        self.refusal(expected, custodians)?.map_or(Ok(()), |reason| {
            Err(Error::ApprovalRefused {
                custodian: self.custodian.clone(),
                step: expected.step,
                reason,
            })
        })
    }

    fn refusal(&self, expected: &Statement, custodians: &Custodians) -> Result<Option<Refusal>> {
        let ours = &self.statement;
        let Some(custodian) = custodians.find(&self.custodian) else {
            return Ok(Some(Refusal::UnknownCustodian));
        };
        let differs = [
            (ours.ceremony != expected.ceremony, Refusal::OtherCeremony),
            (ours.script != expected.script, Refusal::OtherScript),
            (ours.step != expected.step, Refusal::OtherStep),
            (ours.content != expected.content, Refusal::OtherContent),
            (ours.previous != expected.previous, Refusal::OtherTranscript),
            (self.key != custodian.fingerprint(), Refusal::OtherKey),
        ];
        if let Some((_, reason)) = differs.into_iter().find(|(differs, _)| *differs) {
            return Ok(Some(reason));
        }
        let key = &custodian.public_key;
        let message = expected.to_bytes(&self.custodian)?;
        let verifies = AwsLc.verify(
            key,
            key.algorithm().default_signature(),
            &message,
            &self.signature.0,
        );
        Ok((!verifies).then_some(Refusal::BadSignature))
    }
}

/// Checks a whole set: each approval counts, no custodian twice, the threshold is reached.
pub fn check_all(
    approvals: &[Approval],
    expected: &Statement,
    custodians: &Custodians,
    threshold: usize,
) -> Result<()> {
    for (position, approval) in approvals.iter().enumerate() {
        approval.check(expected, custodians)?;
        if approvals
            .iter()
            .take(position)
            .any(|earlier| earlier.custodian == approval.custodian)
        {
            return Err(Error::ApprovalRefused {
                custodian: approval.custodian.clone(),
                step: expected.step,
                reason: Refusal::Duplicate,
            });
        }
    }
    if approvals.len() < threshold {
        return Err(Error::TooFewApprovals {
            step: expected.step,
            found: approvals.len(),
            threshold,
        });
    }
    Ok(())
}
