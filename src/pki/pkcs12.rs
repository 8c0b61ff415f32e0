//! PKCS#12 files (RFC 7292) for people who take a key and its certificates into a browser (feature `aws-lc`).
//!
//! Only what present software reads and nothing weaker: PBES2 with PBKDF2-HMAC-SHA256 and AES-256-CBC for key
//! and certificates, HMAC-SHA256 over the whole. Writing only: Sinete never takes a key from such a file. Salts
//! and initialisation vectors are arguments, as everything random is in this crate.

use std::num::NonZeroU32;

use aws_lc_rs::cipher::{AES_256, EncryptionContext, PaddedBlockEncryptingKey, UnboundCipherKey};
use aws_lc_rs::iv::FixedLength;
use aws_lc_rs::{hmac, pbkdf2};
use const_oid::ObjectIdentifier;
use zeroize::Zeroizing;

use crate::asn1::{tag, write};
use crate::certificate::Certificate;
use crate::digest::sha256;
use crate::oid::{algorithm, attribute, content, pkcs12};
use crate::{Error, Result};

/// What goes into the file.
#[derive(Debug, Clone, Copy)]
pub struct Contents<'a> {
    /// The name that a browser's list shows.
    pub friendly_name: &'a str,
    /// The private key as PKCS#8 `PrivateKeyInfo`.
    pub private_key_pkcs8: &'a [u8],
    /// The key's certificate.
    pub certificate: &'a Certificate,
    /// The certificates above it, the issuer's first.
    pub chain: &'a [Certificate],
}

/// The random bytes of one file. Never used for a second one.
#[derive(Clone, Default)]
pub struct Randomness {
    /// Salt of the key's encryption.
    pub key_salt: [u8; 16],
    /// Initialisation vector of the key's encryption.
    pub key_iv: [u8; 16],
    /// Salt of the certificates' encryption.
    pub certificates_salt: [u8; 16],
    /// Initialisation vector of the certificates' encryption.
    pub certificates_iv: [u8; 16],
    /// Salt of the integrity code.
    pub mac_salt: [u8; 16],
}

/// Encodes a `PFX` under a password that is printable ASCII: for other characters the readers disagree about the
/// bytes of the password.
pub fn encode(
    contents: &Contents<'_>,
    password: &str,
    random: &Randomness,
    iterations: NonZeroU32,
) -> Result<Vec<u8>> {
    if password.is_empty() || !password.bytes().all(|byte| (0x20..0x7f).contains(&byte)) {
        return Err(Error::Text {
            kind: "PKCS#12 password",
            text: "(not shown)".to_owned(),
            rule: "at least one character, printable ASCII only",
        });
    }
    let key_secret = Secret::derive(password, random.key_salt, random.key_iv, iterations);
    let certificates_secret = Secret::derive(
        password,
        random.certificates_salt,
        random.certificates_iv,
        iterations,
    );
    let authenticated_safe = write::sequence(&[
        &certificates_content(contents, &certificates_secret)?,
        &data_content(&key_bag(contents, &key_secret)?),
    ]);
    let mac = mac_data(&authenticated_safe, password, random.mac_salt, iterations);
    Ok(write::sequence(&[
        &write::small_unsigned(3),
        &data_content(&authenticated_safe),
        &mac,
    ]))
}

/// `ContentInfo` of type data.
fn data_content(inner: &[u8]) -> Vec<u8> {
    write::sequence(&[
        &write::object_identifier(content::DATA),
        &write::explicit(0, &write::octet_string(inner)),
    ])
}

/// `ContentInfo` of type encrypted-data around the certificate bags (RFC 5652 section 8).
fn certificates_content(contents: &Contents<'_>, secret: &Secret) -> Result<Vec<u8>> {
    let local = attributes(contents.friendly_name, contents.certificate);
    let mut bags = vec![certificate_bag(contents.certificate, Some(&local))];
    bags.extend(contents.chain.iter().map(|issuer| certificate_bag(issuer, None)));
    let bags: Vec<&[u8]> = bags.iter().map(Vec::as_slice).collect();
    let ciphertext = secret.encrypt(&write::sequence(&bags))?;
    let encrypted_content = write::sequence(&[
        &write::object_identifier(content::DATA),
        &secret.identifier(),
        // [0] IMPLICIT OCTET STRING: primitive.
        &write::value(tag::context(0), &ciphertext),
    ]);
    let encrypted_data = write::sequence(&[&write::small_unsigned(0), &encrypted_content]);
    Ok(write::sequence(&[
        &write::object_identifier(content::ENCRYPTED_DATA),
        &write::explicit(0, &encrypted_data),
    ]))
}

fn certificate_bag(certificate: &Certificate, attributes: Option<&[u8]>) -> Vec<u8> {
    let value = write::sequence(&[
        &write::object_identifier(pkcs12::X509_CERTIFICATE),
        &write::explicit(0, &write::octet_string(certificate.der())),
    ]);
    write::sequence(&[
        &write::object_identifier(pkcs12::CERTIFICATE_BAG),
        &write::explicit(0, &value),
        attributes.unwrap_or_default(),
    ])
}

/// `SafeContents` with the one shrouded key.
fn key_bag(contents: &Contents<'_>, secret: &Secret) -> Result<Vec<u8>> {
    let encrypted_key = write::sequence(&[
        &secret.identifier(),
        &write::octet_string(&secret.encrypt(contents.private_key_pkcs8)?),
    ]);
    Ok(write::sequence(&[&write::sequence(&[
        &write::object_identifier(pkcs12::SHROUDED_KEY_BAG),
        &write::explicit(0, &encrypted_key),
        &attributes(contents.friendly_name, contents.certificate),
    ])]))
}

/// Name and local key id: the id is what joins key and certificate in every reader.
fn attributes(friendly_name: &str, certificate: &Certificate) -> Vec<u8> {
    let attribute = |kind: ObjectIdentifier, value: Vec<u8>| {
        write::sequence(&[&write::object_identifier(kind), &write::set_of(vec![value])])
    };
    write::set_of(vec![
        attribute(
            attribute::FRIENDLY_NAME,
            write::value(tag::BMP_STRING, &bmp(friendly_name)),
        ),
        attribute(
            attribute::LOCAL_KEY_ID,
            write::octet_string(&sha256(certificate.der())),
        ),
    ])
}

/// UTF-16, big-endian. A name outside the basic plane keeps its surrogates, which readers show correctly.
fn bmp(text: &str) -> Vec<u8> {
    text.encode_utf16().flat_map(u16::to_be_bytes).collect()
}

/// A derived AES-256 key and the parameters that let a reader derive it again.
struct Secret {
    key: Zeroizing<[u8; 32]>,
    salt: [u8; 16],
    iv: [u8; 16],
    iterations: NonZeroU32,
}

impl Secret {
    fn derive(password: &str, salt: [u8; 16], iv: [u8; 16], iterations: NonZeroU32) -> Self {
        let mut key = Zeroizing::new([0; 32]);
        let password = password.as_bytes();
        pbkdf2::derive(pbkdf2::PBKDF2_HMAC_SHA256, iterations, &salt, password, &mut *key);
        Self {
            key,
            salt,
            iv,
            iterations,
        }
    }

    fn encrypt(&self, plain: &[u8]) -> Result<Vec<u8>> {
        let broken = |_| Error::Rule {
            structure: "PKCS#12",
            rule: "AES-256-CBC did not encrypt",
        };
        let key = UnboundCipherKey::new(&AES_256, &*self.key).map_err(broken)?;
        let key = PaddedBlockEncryptingKey::cbc_pkcs7(key).map_err(broken)?;
        // The padding appends, so room is left for it: a reallocation would leave a copy of the key behind.
        let mut in_out = Vec::with_capacity(plain.len() + 16);
        in_out.extend_from_slice(plain);
        let context = EncryptionContext::Iv128(FixedLength::from(&self.iv));
        key.less_safe_encrypt(&mut in_out, context).map_err(broken)?;
        Ok(in_out)
    }

    /// `AlgorithmIdentifier` of PBES2 (RFC 8018 appendix A.4).
    fn identifier(&self) -> Vec<u8> {
        let hmac = write::sequence(&[
            &write::object_identifier(algorithm::HMAC_WITH_SHA_256),
            &write::value(tag::NULL, &[]),
        ]);
        let derivation = write::sequence(&[
            &write::object_identifier(algorithm::PBKDF2),
            &write::sequence(&[
                &write::octet_string(&self.salt),
                &write::small_unsigned(u64::from(self.iterations.get())),
                &hmac,
            ]),
        ]);
        let cipher = write::sequence(&[
            &write::object_identifier(algorithm::AES_256_CBC),
            &write::octet_string(&self.iv),
        ]);
        write::sequence(&[
            &write::object_identifier(algorithm::PBES2),
            &write::sequence(&[&derivation, &cipher]),
        ])
    }
}

fn mac_data(message: &[u8], password: &str, salt: [u8; 16], iterations: NonZeroU32) -> Vec<u8> {
    let key = mac_key(password, &salt, iterations);
    let code = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, &*key), message);
    let algorithm = write::sequence(&[
        &write::object_identifier(algorithm::SHA_256),
        &write::value(tag::NULL, &[]),
    ]);
    write::sequence(&[
        &write::sequence(&[&algorithm, &write::octet_string(code.as_ref())]),
        &write::octet_string(&salt),
        &write::small_unsigned(u64::from(iterations.get())),
    ])
}

/// The key derivation of RFC 7292 appendix B.2 with SHA-256 and the id for integrity (3). The key is as long as one
/// digest, so the first block is all of it and steps 6.B and 6.C never run.
fn mac_key(password: &str, salt: &[u8], iterations: NonZeroU32) -> Zeroizing<[u8; 32]> {
    const BLOCK: usize = 64;
    const INTEGRITY: u8 = 3;
    // The password's terminator belongs to it (appendix B.1).
    let password = Zeroizing::new([bmp(password), vec![0, 0]].concat());
    let fill = |text: &[u8]| -> Zeroizing<Vec<u8>> {
        let length = text.len().div_ceil(BLOCK) * BLOCK;
        Zeroizing::new(text.iter().copied().cycle().take(length).collect())
    };
    let start = Zeroizing::new([&[INTEGRITY; BLOCK][..], &fill(salt), &fill(&password)].concat());
    let mut digest = Zeroizing::new(sha256(&start));
    for _ in 1..iterations.get() {
        *digest = sha256(&*digest);
    }
    digest
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;
    use crate::algorithm::KeyAlgorithm;
    use crate::aws_lc::{AwsLc, SoftwareKey};
    use crate::certificate::{Content, Validity};
    use crate::extension::{Extension, Extensions};
    use crate::name::{Attribute, Name};
    use crate::oid;
    use crate::serial::Serial;
    use crate::signing::Signer as _;
    use crate::time::Time;

    const PASSWORD: &str = "a long (enough) pass-phrase";

    /// An operator's key and certificate, under a root that is in the file too.
    fn file(password: &str) -> Result<(Vec<u8>, Vec<u8>)> {
        let (root_pkcs8, root_key) = key();
        drop(root_pkcs8);
        let (pkcs8, key) = key();
        let root = certificate("Raiz", &root_key, "Raiz", &root_key, true);
        let leaf = certificate("Operadora", &key, "Raiz", &root_key, false);
        let contents = Contents {
            friendly_name: "João Operador",
            private_key_pkcs8: &pkcs8,
            certificate: &leaf,
            chain: &[root],
        };
        let random = Randomness {
            key_salt: [1; 16],
            key_iv: [2; 16],
            certificates_salt: [3; 16],
            certificates_iv: [4; 16],
            mac_salt: [5; 16],
        };
        Ok((
            encode(&contents, password, &random, NonZeroU32::new(2048).unwrap())?,
            pkcs8,
        ))
    }

    fn key() -> (Vec<u8>, SoftwareKey) {
        let algorithm = &aws_lc_rs::signature::ECDSA_P256_SHA256_ASN1_SIGNING;
        let random = aws_lc_rs::rand::SystemRandom::new();
        let pkcs8 = aws_lc_rs::signature::EcdsaKeyPair::generate_pkcs8(algorithm, &random).unwrap();
        let key = SoftwareKey::from_pkcs8(KeyAlgorithm::EcdsaP256, pkcs8.as_ref()).unwrap();
        (pkcs8.as_ref().to_vec(), key)
    }

    fn certificate(
        subject: &str,
        key: &SoftwareKey,
        issuer: &str,
        signer: &SoftwareKey,
        ca: bool,
    ) -> Certificate {
        let name = |text| Name::from_attributes(&[Attribute::from_key("CN", text).unwrap()]).unwrap();
        let not_before = Time::from_unix_seconds(1_795_000_000).unwrap();
        let value = if ca {
            write::sequence(&[&write::boolean(true)])
        } else {
            write::sequence(&[])
        };
        let constraints = Extension::new(oid::extension::BASIC_CONSTRAINTS, true, value);
        let unsigned = Content {
            serial: Serial::from_random([7; 20]),
            signature: signer.algorithm(),
            issuer: name(issuer),
            validity: Validity {
                not_before,
                not_after: not_before.plus_days(3650),
            },
            subject: name(subject),
            public_key: key.public_key().clone(),
            extensions: Extensions::new(vec![constraints]).unwrap(),
        }
        .prepare()
        .unwrap();
        let signature = signer.sign_now(unsigned.tbs_der()).unwrap();
        unsigned
            .join(signer.public_key(), &signature, &AwsLc)
            .unwrap()
            .into_value()
    }

    /// Runs a foreign reader; a reader that is not installed fails the test, it is not skipped.
    fn run(program: &str, arguments: &[&str]) -> (bool, String) {
        let output = Command::new(program)
            .args(arguments)
            .output()
            .unwrap_or_else(|error| panic!("{program} is needed by this test: {error}"));
        let text = [output.stdout, output.stderr].concat();
        (
            output.status.success(),
            String::from_utf8_lossy(&text).into_owned(),
        )
    }

    struct OnDisk(std::path::PathBuf);

    impl OnDisk {
        fn new(name: &str, bytes: &[u8]) -> Self {
            let path = std::env::temp_dir().join(format!("pkcs12-{}-{name}.p12", std::process::id()));
            std::fs::write(&path, bytes).unwrap();
            Self(path)
        }
        fn path(&self) -> &str {
            self.0.to_str().unwrap()
        }
    }

    impl Drop for OnDisk {
        fn drop(&mut self) {
            let _ = std::fs::remove_file(&self.0);
        }
    }

    #[test]
    fn openssl_reads_the_key_and_both_certificates() {
        let (pfx, pkcs8) = file(PASSWORD).unwrap();
        let disk = OnDisk::new("openssl", &pfx);
        let pass = format!("pass:{PASSWORD}");
        let (good, text) = run(
            "openssl",
            &["pkcs12", "-in", disk.path(), "-passin", &pass, "-nodes"],
        );
        assert!(good, "{text}");
        assert_eq!(text.matches("BEGIN CERTIFICATE").count(), 2, "{text}");
        assert!(text.contains("friendlyName: Jo"), "{text}");
        let key = text.find("-----BEGIN PRIVATE KEY").unwrap();
        let end = text.find("-----END PRIVATE KEY-----").unwrap() + 25;
        let read = crate::pem::decode("PRIVATE KEY", &text[key..end]).unwrap();
        let ours = SoftwareKey::from_pkcs8(KeyAlgorithm::EcdsaP256, &pkcs8).unwrap();
        let theirs = SoftwareKey::from_pkcs8(KeyAlgorithm::EcdsaP256, &read).unwrap();
        assert_eq!(ours.public_key(), theirs.public_key());
        let (wrong, _) = run(
            "openssl",
            &["pkcs12", "-in", disk.path(), "-passin", "pass:other", "-nodes"],
        );
        assert!(!wrong, "a wrong password opened the file");
    }

    #[test]
    fn java_reads_it_as_a_key_entry_with_its_chain() {
        let disk = OnDisk::new("keytool", &file(PASSWORD).unwrap().0);
        let arguments = [
            "-list",
            "-v",
            "-storetype",
            "PKCS12",
            "-keystore",
            disk.path(),
            "-storepass",
            PASSWORD,
        ];
        let (good, text) = run("keytool", &arguments);
        assert!(good, "{text}");
        assert!(text.contains("PrivateKeyEntry"), "{text}");
        assert!(text.contains("Certificate chain length: 2"), "{text}");
    }

    #[test]
    fn no_changed_byte_passes_the_integrity_check() {
        let (pfx, _) = file(PASSWORD).unwrap();
        let pass = format!("pass:{PASSWORD}");
        for position in (40..pfx.len()).step_by(pfx.len() / 9) {
            let mut changed = pfx.clone();
            changed[position] ^= 1;
            let disk = OnDisk::new(&format!("changed-{position}"), &changed);
            let (good, _) = run(
                "openssl",
                &["pkcs12", "-in", disk.path(), "-passin", &pass, "-nodes"],
            );
            assert!(!good, "byte {position} may be changed");
        }
    }

    #[test]
    fn a_password_that_readers_disagree_about_is_refused() {
        for password in ["", "São João", "tab\there"] {
            let refusal = file(password).unwrap_err().to_string();
            assert!(refusal.contains("printable ASCII"), "{refusal}");
            assert!(password.is_empty() || !refusal.contains(password), "{refusal}");
        }
    }
}
