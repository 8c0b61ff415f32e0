//! Signature verification with aws-lc-rs, the fastest of the kept libraries (feature `aws-lc`).

use aws_lc_rs::signature as lc;

use crate::algorithm::SignatureAlgorithm;
use crate::public_key::PublicKey;
use crate::signing::Verifier;

/// Verifies every signature of the closed list.
#[derive(Debug, Clone, Copy, Default)]
pub struct AwsLc;

impl Verifier for AwsLc {
    fn verify(
        &self,
        key: &PublicKey,
        algorithm: SignatureAlgorithm,
        message: &[u8],
        signature: &[u8],
    ) -> bool {
        if !algorithm.suits(key.algorithm()) {
            return false;
        }
        let parameters: &dyn lc::VerificationAlgorithm = match algorithm {
            SignatureAlgorithm::EcdsaSha256 => &lc::ECDSA_P256_SHA256_ASN1,
            SignatureAlgorithm::EcdsaSha384 => &lc::ECDSA_P384_SHA384_ASN1,
            SignatureAlgorithm::EcdsaSha512 => &lc::ECDSA_P521_SHA512_ASN1,
            SignatureAlgorithm::RsaPkcs1Sha256 => &lc::RSA_PKCS1_2048_8192_SHA256,
            SignatureAlgorithm::RsaPkcs1Sha384 => &lc::RSA_PKCS1_2048_8192_SHA384,
            SignatureAlgorithm::RsaPkcs1Sha512 => &lc::RSA_PKCS1_2048_8192_SHA512,
            SignatureAlgorithm::RsaPssSha256 => &lc::RSA_PSS_2048_8192_SHA256,
            SignatureAlgorithm::RsaPssSha384 => &lc::RSA_PSS_2048_8192_SHA384,
            SignatureAlgorithm::RsaPssSha512 => &lc::RSA_PSS_2048_8192_SHA512,
            SignatureAlgorithm::Ed25519 => &lc::ED25519,
            SignatureAlgorithm::MlDsa44 => &lc::ML_DSA_44,
            SignatureAlgorithm::MlDsa65 => &lc::ML_DSA_65,
            SignatureAlgorithm::MlDsa87 => &lc::ML_DSA_87,
        };
        lc::UnparsedPublicKey::new(parameters, key.key_bits())
            .verify(message, signature)
            .is_ok()
    }
}
