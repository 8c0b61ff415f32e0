//! A key of the signer process as a [`Signer`].

use std::sync::Arc;

use pki::algorithm::SignatureAlgorithm;
use pki::aws_lc::AwsLc;
use pki::public_key::PublicKey;
use pki::signing::{SignError, Signer, Signing, Verifier as _};

use super::SignerClient;
use crate::signer::protocol::KeyState;

/// One key behind the socket.
#[derive(Debug, Clone)]
pub struct RemoteKey {
    client: SignerClient,
    name: Arc<str>,
    public_key: PublicKey,
    algorithm: SignatureAlgorithm,
    verify: bool,
}

impl RemoteKey {
    /// A key whose public half is known from its certificate. Signatures are not verified here:
    /// [`pki::signing::Unsigned::sign`] verifies whatever it is given.
    pub fn new(
        client: SignerClient,
        name: &str,
        public_key: PublicKey,
        algorithm: SignatureAlgorithm,
    ) -> Self {
        Self {
            client,
            name: Arc::from(name),
            public_key,
            algorithm,
            verify: false,
        }
    }

    /// Verifies every signature before it is handed out: for signatures that leave on their own, outside of an
    /// [`pki::signing::Unsigned`].
    #[must_use]
    pub const fn verifying(mut self) -> Self {
        self.verify = true;
        self
    }

    /// The key's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    pub(super) async fn ask(client: &SignerClient, name: &str) -> Result<Self, SignError> {
        let status = client.status().await?;
        let key = status
            .key(name)
            .ok_or_else(|| SignError::UnknownKey { key: name.to_owned() })?;
        if let KeyState::Unusable { reason } = &key.state {
            return Err(SignError::Unavailable {
                reason: reason.clone(),
            });
        }
        let refused = |rule: &str| SignError::Refused {
            key: name.to_owned(),
            rule: rule.to_owned(),
        };
        let (_, algorithm) = key.algorithm.ok_or_else(|| refused("a data key signs nothing"))?;
        let public_key = PublicKey::from_spki_der(&key.public_key)
            .map_err(|_| refused("the signer does not say its public key"))?;
        Ok(Self::new(client.clone(), name, public_key, algorithm))
    }
}

impl Signer for RemoteKey {
    fn public_key(&self) -> &PublicKey {
        &self.public_key
    }

    fn algorithm(&self) -> SignatureAlgorithm {
        self.algorithm
    }

    fn sign<'a>(&'a self, message: &'a [u8]) -> Signing<'a> {
        Box::pin(async move {
            let signature = self.client.sign(&self.name, message).await?;
            if self.verify && !AwsLc.verify(&self.public_key, self.algorithm, message, &signature) {
                return Err(SignError::Token {
                    reason: format!(
                        "the signature of key {:?} does not verify; it was not used",
                        self.name
                    ),
                });
            }
            Ok(signature)
        })
    }
}
