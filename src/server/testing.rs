//! What the unit tests of this crate share: an office in a folder that goes away, with a root and a TLS authority
//! as the repository's hierarchy describes them, but with keys in software.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use hsm::inventory::{Inventory, KeyEntry, Material};
use hsm::key::{KeyId, Purpose};
use pki::algorithm::KeyAlgorithm;
use pki::aws_lc::{AwsLc, SoftwareKey};
use pki::certificate::{Certificate, Content};
use pki::serial::Serial;
use pki::signing::{Signer as _, Unsigned};
use pki::time::Time;
use policy::hierarchy::Hierarchy;
use policy::hierarchy::certificate::{Issuer, Particulars};

use crate::authority::Authorities;
use crate::config::Configuration;
use crate::issuing::{self, Issuing};

/// An office.
pub(crate) struct Fixture {
    folder: tempfile::TempDir,
    pub(crate) hierarchy: Arc<Hierarchy>,
    pub(crate) root: Certificate,
    pub(crate) tls: Certificate,
    pub(crate) tls_key: Arc<SoftwareKey>,
    pub(crate) now: Time,
}

impl Fixture {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let now = Time::from_unix_seconds(1_795_000_000).unwrap();
        let hierarchy = hierarchy(folder.path());
        let (root_key, tls_key) = (key(KeyAlgorithm::EcdsaP384), key(KeyAlgorithm::EcdsaP384));
        let made = now.plus_days(0).plus_seconds(-86_400);
        let particulars = |key, serial| Particulars {
            key,
            generation: 1,
            serial: Serial::from_random([serial; 20]),
            not_before: made,
        };
        let root = hierarchy.authority("root").unwrap();
        let content = hierarchy
            .root_certificate(root, &particulars(root_key.public_key(), 7))
            .unwrap();
        let root_certificate = sign(&content, &root_key);
        let issuer = Issuer {
            authority: root,
            generation: 1,
            certificate: &root_certificate,
        };
        let tls = hierarchy.authority("tls").unwrap();
        let content = hierarchy
            .authority_certificate(tls, &particulars(tls_key.public_key(), 8), &issuer)
            .unwrap();
        let fixture = Self {
            tls: sign(&content, &root_key),
            root: root_certificate,
            tls_key: Arc::new(tls_key),
            hierarchy: Arc::new(hierarchy),
            folder,
            now,
        };
        fixture.write();
        fixture
    }

    /// Files as a ceremony leaves them.
    fn write(&self) {
        let state = self.folder.path().join("state");
        crate::private_file::create_folder(&state.join("certificates")).unwrap();
        crate::private_file::create_folder(&state.join("crls")).unwrap();
        for (name, certificate) in [("root", &self.root), ("tls", &self.tls)] {
            std::fs::write(self.certificate_path(name), certificate.der()).unwrap();
        }
        self.inventory().write(&state.join("keys.toml")).unwrap();
        let text = "[office]\nname = \"Tabelionato de Teste\"\n[[token]]\nlabel = \"sinete-online\"\n\
                    module = \"module.so\"\npin_file = \"pin\"\n[listen]\npublic = \"127.0.0.1:0\"\n\
                    private = \"127.0.0.1:0\"\nnames = [\"localhost\", \"127.0.0.1\"]\n";
        std::fs::write(self.folder.path().join("sinete.toml"), text).unwrap();
    }

    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn certificate_path(&self, name: &str) -> PathBuf {
        self.folder.path().join(format!("state/certificates/{name}.cer"))
    }

    pub(crate) fn crl_path(&self, name: &str) -> PathBuf {
        self.folder.path().join(format!("state/crls/{name}.crl"))
    }

    pub(crate) fn config(&self) -> Configuration {
        Configuration::load(&self.folder.path().join("sinete.toml")).unwrap()
    }

    pub(crate) fn authorities(&self) -> Authorities {
        Authorities::read(&self.config().office.state).unwrap()
    }

    pub(crate) fn inventory(&self) -> Inventory {
        let key = self.tls_key.public_key();
        Inventory {
            keys: vec![KeyEntry {
                name: "tls".to_owned(),
                token: "sinete-online".to_owned(),
                id: KeyId::from_bytes([9; 16]),
                material: Material::Pair {
                    algorithm: key.algorithm(),
                    signature: self.tls_key.algorithm(),
                    public_key_sha256: key.fingerprint(),
                },
                purposes: vec![Purpose::Certificate, Purpose::Crl],
                certificate: Some("certificates/tls.cer".into()),
                budget: None,
            }],
        }
    }

    pub(crate) fn issuing(&self) -> Issuing {
        Issuing {
            hierarchy: Arc::clone(&self.hierarchy),
            chosen: issuing::choose("tls", &self.authorities(), &self.inventory(), self.now).unwrap(),
            signer: self.tls_key.clone(),
        }
    }
}

/// The repository's hierarchy, with a kind of root key that software has here.
fn hierarchy(folder: &Path) -> Hierarchy {
    let path = Path::new(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../ca-policies/hierarchy.toml"
    ));
    let text = std::fs::read_to_string(path).unwrap().replacen(
        "key = \"rsa-4096\"\nsignature = \"rsa-pkcs1-sha512\"",
        "key = \"ecdsa-p384\"",
        1,
    );
    let policies = folder.join("ca-policies");
    std::fs::create_dir(&policies).unwrap();
    std::fs::write(policies.join("hierarchy.toml"), &text).unwrap();
    Hierarchy::parse(path, &text).unwrap()
}

/// Signs with a key in software.
pub(crate) fn sign(content: &Content, key: &SoftwareKey) -> Certificate {
    let unsigned: Unsigned<Certificate> = content.prepare().unwrap();
    let signature = key.sign_now(unsigned.tbs_der()).unwrap();
    unsigned
        .join(key.public_key(), &signature, &AwsLc)
        .unwrap()
        .into_value()
}

/// A fresh key in software.
pub(crate) fn key(algorithm: KeyAlgorithm) -> SoftwareKey {
    use aws_lc_rs::signature as lc;
    let parameters = match algorithm {
        KeyAlgorithm::EcdsaP384 => &lc::ECDSA_P384_SHA384_ASN1_SIGNING,
        _ => &lc::ECDSA_P256_SHA256_ASN1_SIGNING,
    };
    let random = aws_lc_rs::rand::SystemRandom::new();
    let pkcs8 = lc::EcdsaKeyPair::generate_pkcs8(parameters, &random).unwrap();
    SoftwareKey::from_pkcs8(algorithm, pkcs8.as_ref()).unwrap()
}
