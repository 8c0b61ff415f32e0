//! A custodian's key in a file: PKCS#8, encrypted with PBES2 (RFC 8018): PBKDF2-HMAC-SHA256 and AES-256-CBC.
//!
//! Stored: `EncryptedPrivateKeyInfo` in PEM, as `openssl pkcs8 -topk8 -v2 aes-256-cbc -iter 600000` writes it.
//! A key in a token needs no file: it is a [`pki::signing::Signer`] like this one.

use std::num::NonZeroU32;
use std::path::Path;

use aws_lc_rs::cipher::{
    AES_256, DecryptionContext, EncryptionContext, PaddedBlockDecryptingKey, PaddedBlockEncryptingKey,
    UnboundCipherKey,
};
use aws_lc_rs::iv::FixedLength;
use aws_lc_rs::pbkdf2;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, Ed25519KeyPair};
use pki::algorithm::KeyAlgorithm;
use pki::asn1::{Element, Fault, Limits, check, tag, write};
use pki::aws_lc::SoftwareKey;
use pki::oid::algorithm as oid;
use zeroize::Zeroizing;

use super::passphrase::Passphrase;
use crate::environment::Random;
use crate::storage::{self, Disk};
use crate::{Error, Result};

const LABEL: &str = "ENCRYPTED PRIVATE KEY";
/// What a new file gets; about a third of a second today.
const ITERATIONS: NonZeroU32 = match NonZeroU32::new(600_000) {
    Some(count) => count,
    None => NonZeroU32::MAX,
};
/// Fewer make guessing too cheap; more is somebody's attempt to stop the ceremony.
const ACCEPTED_ITERATIONS: std::ops::RangeInclusive<u64> = 100_000..=10_000_000;

/// Makes a key pair, writes its encrypted file and answers with the key. An existing file is never replaced.
pub fn create(
    path: &Path,
    whose: &str,
    algorithm: KeyAlgorithm,
    passphrase: &Passphrase,
    random: &dyn Random,
) -> Result<SoftwareKey> {
    if path.exists() {
        return Err(Error::Exists {
            path: path.to_owned(),
        });
    }
    let pkcs8 = generate(algorithm)?;
    let words = passphrase.read_new(whose)?;
    let pem = encrypt(&pkcs8, &words, random)?;
    let key = software_key(algorithm, &pkcs8, path)?;
    let disk = Disk::new(std::sync::Arc::new(crate::environment::NoFaults));
    disk.replace_private(path, pem.as_bytes())?;
    Ok(key)
}

/// Opens a key file.
pub fn open(path: &Path, whose: &str, passphrase: &Passphrase) -> Result<SoftwareKey> {
    let pem = storage::read_text(path)?;
    let file = EncryptedKey::parse(&pem).map_err(|rule| wrong(path, rule))?;
    let words = passphrase.read(whose)?;
    let pkcs8 = file.decrypt(&words).ok_or_else(|| {
        wrong(
            path,
            "the passphrase does not fit; type it again, or restore the file from its copy",
        )
    })?;
    let algorithm = kind_of(&pkcs8).map_err(|_| {
        wrong(
            path,
            "the passphrase does not fit; type it again, or restore the file from its copy",
        )
    })?;
    let algorithm = algorithm.ok_or_else(|| wrong(path, "the key inside is neither ECDSA P-256 nor Ed25519; make one with `sinete ceremony custodian new`"))?;
    software_key(algorithm, &pkcs8, path)
}

fn generate(algorithm: KeyAlgorithm) -> Result<Zeroizing<Vec<u8>>> {
    let rng = aws_lc_rs::rand::SystemRandom::new();
    let document = match algorithm {
        KeyAlgorithm::EcdsaP256 => EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, &rng),
        KeyAlgorithm::Ed25519 => Ed25519KeyPair::generate_pkcs8v1(&rng),
        KeyAlgorithm::EcdsaP384
        | KeyAlgorithm::EcdsaP521
        | KeyAlgorithm::Rsa2048
        | KeyAlgorithm::Rsa3072
        | KeyAlgorithm::Rsa4096
        | KeyAlgorithm::MlDsa44
        | KeyAlgorithm::MlDsa65
        | KeyAlgorithm::MlDsa87 => return Err(Error::CustodianKeyKind { algorithm }),
    };
    document
        .map(|document| Zeroizing::new(document.as_ref().to_vec()))
        .map_err(|_| Error::NoRandom)
}

fn software_key(algorithm: KeyAlgorithm, pkcs8: &[u8], path: &Path) -> Result<SoftwareKey> {
    SoftwareKey::from_pkcs8(algorithm, pkcs8).map_err(|source| Error::Pki {
        what: path.display().to_string(),
        source,
    })
}

/// The kind of an unencrypted `PrivateKeyInfo` (RFC 5958 section 2), if it is one that custodians use.
fn kind_of(pkcs8: &[u8]) -> std::result::Result<Option<KeyAlgorithm>, Fault> {
    check(pkcs8, Limits::CERTIFICATE)?;
    let mut inside = Element::only_tagged(pkcs8, tag::SEQUENCE)?.reader();
    inside.small_unsigned()?;
    let mut identifier = inside.sequence()?;
    Ok(match identifier.object_identifier()? {
        oid::ED25519 => Some(KeyAlgorithm::Ed25519),
        oid::EC_PUBLIC_KEY => match identifier.object_identifier()? {
            oid::SECP256R1 => Some(KeyAlgorithm::EcdsaP256),
            _ => None,
        },
        _ => None,
    })
}

fn encrypt(pkcs8: &[u8], words: &str, random: &dyn Random) -> Result<Zeroizing<String>> {
    let (mut salt, mut iv) = ([0_u8; 16], [0_u8; 16]);
    random.fill(&mut salt)?;
    random.fill(&mut iv)?;
    let key = derive(words, &salt, ITERATIONS);
    let failed = |_| Error::Encryption;
    let cipher = UnboundCipherKey::new(&AES_256, &*key)
        .and_then(PaddedBlockEncryptingKey::cbc_pkcs7)
        .map_err(failed)?;
    // The padding appends, so room is left for it: a reallocation would leave a copy of the key behind.
    let mut in_out = Vec::with_capacity(pkcs8.len() + 16);
    in_out.extend_from_slice(pkcs8);
    cipher
        .less_safe_encrypt(&mut in_out, EncryptionContext::Iv128(FixedLength::from(&iv)))
        .map_err(failed)?;
    let der = write::sequence(&[&identifier(&salt, &iv), &write::octet_string(&in_out)]);
    pki::pem::encode(LABEL, &der)
        .map(Zeroizing::new)
        .map_err(|source| Error::Pki {
            what: "encrypted private key".to_owned(),
            source,
        })
}

/// PBES2-params (RFC 8018 appendix A.4).
fn identifier(salt: &[u8], iv: &[u8]) -> Vec<u8> {
    let prf = write::sequence(&[
        &write::object_identifier(oid::HMAC_WITH_SHA_256),
        &write::value(tag::NULL, &[]),
    ]);
    let derivation = write::sequence(&[
        &write::object_identifier(oid::PBKDF2),
        &write::sequence(&[
            &write::octet_string(salt),
            &write::small_unsigned(u64::from(ITERATIONS.get())),
            &prf,
        ]),
    ]);
    let cipher = write::sequence(&[
        &write::object_identifier(oid::AES_256_CBC),
        &write::octet_string(iv),
    ]);
    write::sequence(&[
        &write::object_identifier(oid::PBES2),
        &write::sequence(&[&derivation, &cipher]),
    ])
}

fn derive(words: &str, salt: &[u8], iterations: NonZeroU32) -> Zeroizing<[u8; 32]> {
    let mut key = Zeroizing::new([0; 32]);
    pbkdf2::derive(
        pbkdf2::PBKDF2_HMAC_SHA256,
        iterations,
        salt,
        words.as_bytes(),
        &mut *key,
    );
    key
}

/// `EncryptedPrivateKeyInfo` (RFC 5958 section 3), with the one encryption that is accepted.
struct EncryptedKey {
    salt: Vec<u8>,
    iterations: NonZeroU32,
    iv: [u8; 16],
    ciphertext: Vec<u8>,
}

const FORM: &str = "it is not a PKCS#8 key encrypted with PBES2, PBKDF2-HMAC-SHA256 and AES-256-CBC; convert it with: openssl pkcs8 -topk8 -v2 aes-256-cbc -v2prf hmacWithSHA256 -iter 600000";
const COUNT: &str = "its PBKDF2 iterations are not between 100000 and 10000000; encrypt it again with: openssl pkcs8 -topk8 -v2 aes-256-cbc -v2prf hmacWithSHA256 -iter 600000";

impl EncryptedKey {
    fn parse(pem: &str) -> std::result::Result<Self, &'static str> {
        let der = pki::pem::decode(LABEL, pem).map_err(|_| FORM)?;
        let parts = Self::read(&der).map_err(|_| FORM)?;
        let (salt, iterations, iv, ciphertext) = parts.ok_or(FORM)?;
        let count = Some(iterations)
            .filter(|count| ACCEPTED_ITERATIONS.contains(count))
            .ok_or(COUNT)?;
        Ok(Self {
            salt,
            iterations: u32::try_from(count).ok().and_then(NonZeroU32::new).ok_or(COUNT)?,
            iv,
            ciphertext,
        })
    }

    /// Salt, iterations, initialisation vector and ciphertext; nothing if an algorithm is another one.
    #[expect(
        clippy::type_complexity,
        reason = "four parts of one structure, named by the only caller"
    )]
    fn read(der: &[u8]) -> std::result::Result<Option<(Vec<u8>, u64, [u8; 16], Vec<u8>)>, Fault> {
        check(der, Limits::CERTIFICATE)?;
        let mut outer = Element::only_tagged(der, tag::SEQUENCE)?.reader();
        let mut identifier = outer.sequence()?;
        let ciphertext = outer.expect(tag::OCTET_STRING)?.value.to_vec();
        outer.finish()?;
        let scheme = identifier.object_identifier()?;
        let mut parameters = identifier.sequence()?;
        let mut derivation = parameters.sequence()?;
        let mut cipher = parameters.sequence()?;
        let function = derivation.object_identifier()?;
        let mut derivation = derivation.sequence()?;
        let salt = derivation.expect(tag::OCTET_STRING)?.value.to_vec();
        let iterations = derivation.small_unsigned()?;
        derivation.optional(tag::INTEGER)?;
        let prf = derivation.sequence()?.object_identifier()?;
        let encryption = cipher.object_identifier()?;
        let iv = cipher.expect(tag::OCTET_STRING)?.value;
        let known = (scheme, function, prf, encryption)
            == (oid::PBES2, oid::PBKDF2, oid::HMAC_WITH_SHA_256, oid::AES_256_CBC);
        let iv = <[u8; 16]>::try_from(iv).ok().filter(|_| known);
        Ok(iv.map(|iv| (salt, iterations, iv, ciphertext)))
    }

    /// Nothing if the padding does not come out right, which is how a wrong passphrase shows.
    fn decrypt(&self, words: &str) -> Option<Zeroizing<Vec<u8>>> {
        let key = derive(words, &self.salt, self.iterations);
        let cipher = UnboundCipherKey::new(&AES_256, &*key)
            .and_then(PaddedBlockDecryptingKey::cbc_pkcs7)
            .ok()?;
        let mut in_out = Zeroizing::new(self.ciphertext.clone());
        let context = DecryptionContext::Iv128(FixedLength::from(&self.iv));
        let plain = cipher.decrypt(&mut in_out, context).ok()?;
        Some(Zeroizing::new(plain.to_vec()))
    }
}

fn wrong(path: &Path, rule: &'static str) -> Error {
    Error::KeyFile {
        path: path.to_owned(),
        rule,
    }
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use pki::signing::{Signer as _, Verifier as _};

    use super::*;
    use crate::environment::SystemRandom;

    fn given(words: &str) -> Passphrase {
        Passphrase::Given(Zeroizing::new(words.to_owned()))
    }

    #[test]
    fn a_key_file_opens_with_its_passphrase_and_with_no_other() {
        let folder = tempfile::tempdir().unwrap();
        for algorithm in [KeyAlgorithm::EcdsaP256, KeyAlgorithm::Ed25519] {
            let path = folder.path().join(algorithm.name());
            let made = create(
                &path,
                "ana",
                algorithm,
                &given("correct horse battery"),
                &SystemRandom,
            )
            .unwrap();
            let opened = open(&path, "ana", &given("correct horse battery")).unwrap();
            assert_eq!(made.public_key(), opened.public_key());
            let signature = opened.sign_now(b"yes").unwrap();
            assert!(pki::aws_lc::AwsLc.verify(made.public_key(), opened.algorithm(), b"yes", &signature));
            let refusal = open(&path, "ana", &given("correct horse batterz"))
                .unwrap_err()
                .to_string();
            assert!(refusal.contains("passphrase does not fit"), "{refusal}");
            let refusal = create(
                &path,
                "ana",
                algorithm,
                &given("correct horse battery"),
                &SystemRandom,
            );
            assert!(matches!(refusal, Err(Error::Exists { .. })));
        }
    }

    #[test]
    fn short_and_empty_passphrases_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key");
        for words in ["", "short"] {
            assert!(create(&path, "ana", KeyAlgorithm::Ed25519, &given(words), &SystemRandom).is_err());
        }
        assert!(!path.exists());
    }

    /// Runs openssl in a folder with the passphrase in its file `words`.
    fn openssl(folder: &Path, arguments: &str) -> String {
        let output = Command::new("openssl")
            .args(arguments.split(' '))
            .current_dir(folder)
            .output()
            .unwrap();
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
        String::from_utf8(output.stdout).unwrap()
    }

    #[test]
    fn openssl_reads_our_file_and_we_read_its() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path();
        let words = given("correct horse battery");
        std::fs::write(folder.join("words"), "correct horse battery\n").unwrap();
        create(
            &folder.join("ours"),
            "ana",
            KeyAlgorithm::EcdsaP256,
            &words,
            &SystemRandom,
        )
        .unwrap();
        let text = openssl(folder, "pkey -in ours -passin file:words -noout -text_pub");
        assert!(text.contains("P-256"), "{text}");
        openssl(folder, "genpkey -algorithm ed25519 -out plain");
        for (iterations, accepted) in [(600_000, true), (2048, false)] {
            let encrypt = format!(
                "pkcs8 -topk8 -v2 aes-256-cbc -v2prf hmacWithSHA256 -iter {iterations} -in plain -out theirs -passout file:words"
            );
            openssl(folder, &encrypt);
            assert_eq!(
                open(&folder.join("theirs"), "ana", &words).is_ok(),
                accepted,
                "{iterations}"
            );
        }
    }

    #[test]
    fn what_is_no_key_file_is_refused_and_nothing_panics() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key");
        create(
            &path,
            "ana",
            KeyAlgorithm::Ed25519,
            &given("correct horse battery"),
            &SystemRandom,
        )
        .unwrap();
        let pem = std::fs::read_to_string(&path).unwrap();
        let der = pki::pem::decode(LABEL, &pem).unwrap();
        for length in 0..der.len() {
            let cut = pki::pem::encode(LABEL, &der[..length]).unwrap();
            assert!(EncryptedKey::parse(&cut).is_err(), "{length}");
        }
        for text in [
            "",
            "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n",
            &"A".repeat(10_000),
        ] {
            assert!(EncryptedKey::parse(text).is_err());
        }
    }
}
