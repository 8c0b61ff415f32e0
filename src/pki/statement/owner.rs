//! Whether a statement is about the key that is asked to sign it.

use sha1::Digest as _;

use super::{ResponderId, Statement};
use crate::algorithm::SignatureAlgorithm;
use crate::name::Name;
use crate::public_key::PublicKey;

/// What is known of the key that would sign.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Owner {
    public_key: PublicKey,
    signature: SignatureAlgorithm,
    name: Option<Name>,
    key_hash: [u8; 20],
}

/// Why a statement is not this key's to sign.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
pub enum NotOwner {
    /// The key has no certificate, so it has no name to issue under.
    #[error(
        "the key has no certificate yet, so it has no name to issue under; it may sign only a request for its own public key"
    )]
    NoCertificate,
    /// Another issuer's name.
    #[error("the issuer is not, byte for byte, the subject of this key's certificate")]
    Issuer,
    /// Another signature algorithm than this key makes.
    #[error("the signature algorithm inside is not the one that this key makes")]
    Algorithm,
    /// A request for another key.
    #[error("a certification request may only be signed by the key that it asks a certificate for")]
    PublicKey,
    /// Another responder's identity.
    #[error("the responder is not this key, neither by its certificate's subject nor by its key hash")]
    Responder,
}

impl Owner {
    /// Describes a key: its public half, the one signature it makes, and its certificate's subject if it has one.
    pub fn new(public_key: PublicKey, signature: SignatureAlgorithm, name: Option<Name>) -> Self {
        // RFC 6960 section 4.2.1: KeyHash is the SHA-1 of the key bits, a name and not a protection.
        let key_hash = sha1::Sha1::digest(public_key.key_bits()).into();
        Self {
            public_key,
            signature,
            name,
            key_hash,
        }
    }

    /// The public half.
    pub const fn public_key(&self) -> &PublicKey {
        &self.public_key
    }

    /// The one signature this key makes.
    pub const fn signature(&self) -> SignatureAlgorithm {
        self.signature
    }

    /// The subject of its certificate.
    pub const fn name(&self) -> Option<&Name> {
        self.name.as_ref()
    }

    fn check_issuer(&self, issuer: &[u8], signature: SignatureAlgorithm) -> Result<(), NotOwner> {
        let name = self.name.as_ref().ok_or(NotOwner::NoCertificate)?;
        // An empty name proves nothing: such a certificate is no authority's.
        if name.is_empty() || name.der() != issuer {
            return Err(NotOwner::Issuer);
        }
        if signature != self.signature {
            return Err(NotOwner::Algorithm);
        }
        Ok(())
    }

    fn check_responder(&self, responder: ResponderId<'_>) -> Result<(), NotOwner> {
        let is_own = match responder {
            ResponderId::ByKey(hash) => hash == self.key_hash,
            ResponderId::ByName(name) => self
                .name
                .as_ref()
                .is_some_and(|own| !own.is_empty() && own.der() == name),
        };
        if is_own { Ok(()) } else { Err(NotOwner::Responder) }
    }
}

impl Statement<'_> {
    /// Checks that the names, keys and algorithms inside are the signing key's own, where a statement carries any.
    pub fn check_owner(&self, owner: &Owner) -> Result<(), NotOwner> {
        match self {
            Self::Certificate(certificate) => owner.check_issuer(certificate.issuer, certificate.signature),
            Self::Crl(crl) => owner.check_issuer(crl.issuer, crl.signature),
            Self::Request(request) if request.public_key == owner.public_key.spki_der() => Ok(()),
            Self::Request(_) => Err(NotOwner::PublicKey),
            Self::OcspResponse(response) => owner.check_responder(response.responder),
            // Neither signed attributes nor checkpoints name the key; the purpose alone decides.
            Self::TimeStamp(_) | Self::DocumentSignature(_) | Self::RegisterCheckpoint(_) => Ok(()),
        }
    }
}
