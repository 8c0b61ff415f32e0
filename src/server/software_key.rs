//! Keys that live in files by design: the private listener's and the operators'. Never an authority's.

use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair};
use pki::algorithm::KeyAlgorithm;
use pki::aws_lc::SoftwareKey;
use zeroize::Zeroizing;

use crate::error::Error;

/// What every client understands and every server signs fast with.
const KIND: KeyAlgorithm = KeyAlgorithm::EcdsaP256;

/// A key and its PKCS#8 form, wiped when dropped.
pub(crate) struct StoredKey {
    /// PKCS#8, unencrypted.
    pub(crate) pkcs8: Zeroizing<Vec<u8>>,
    /// The same key, able to sign and to tell its public half.
    pub(crate) key: SoftwareKey,
}

/// A fresh key.
pub(crate) fn generate() -> Result<StoredKey, Error> {
    let random = aws_lc_rs::rand::SystemRandom::new();
    let document =
        EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, &random).map_err(|_| Error::Random)?;
    read(Zeroizing::new(document.as_ref().to_vec()))
}

/// A key from its PKCS#8 form.
pub(crate) fn read(pkcs8: Zeroizing<Vec<u8>>) -> Result<StoredKey, Error> {
    let key = SoftwareKey::from_pkcs8(KIND, &pkcs8)?;
    Ok(StoredKey { pkcs8, key })
}

/// Octets from the system's random source.
pub(crate) fn random<const LENGTH: usize>() -> Result<[u8; LENGTH], Error> {
    let mut octets = [0; LENGTH];
    aws_lc_rs::rand::fill(&mut octets).map_err(|_| Error::Random)?;
    Ok(octets)
}
