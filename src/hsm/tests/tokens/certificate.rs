//! A key on a token as a signer of certificates, and certificates held against the inventory.

use std::pin::pin;
use std::task::{Context, Poll, Waker};

use hsm::direct::TokenKey;
use hsm::inventory::Inventory;
use hsm::{Error, token_test};
use pki::algorithm::KeyAlgorithm;
use pki::aws_lc::AwsLc;
use pki::certificate::{Certificate, Content};
use pki::signing::{SignError, Signed, Signer};

use crate::given::{content, entry, new_pair, open};

/// Signs on this thread: a token key blocks and is ready at the first poll.
fn signed(content: &Content, signer: &dyn Signer) -> pki::Result<Signed<Certificate>> {
    let unsigned = content.prepare()?;
    let mut signing = pin!(unsigned.sign(signer, &AwsLc));
    match signing.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(done) => done,
        Poll::Pending => Err(SignError::Unavailable {
            reason: "a token key waited".to_owned(),
        }
        .into()),
    }
}

token_test! {
    fn a_token_key_signs_certificates_and_the_inventory_knows_whose_they_are(tokens) {
        let token = open(&tokens.add("t").unwrap());
        let keys = [KeyAlgorithm::EcdsaP384, KeyAlgorithm::Rsa2048].map(|algorithm| {
            let (id, public_key) = new_pair(&token, algorithm);
            let name = algorithm.name();
            let mut entry = entry(name, "t", id, &public_key);
            entry.certificate = Some(format!("certificates/{name}.cer").into());
            entry
        });
        std::fs::create_dir(tokens.path().join("certificates")).unwrap();
        let file = |entry: &hsm::inventory::KeyEntry| tokens.path().join(entry.certificate.as_ref().unwrap());
        for entry in &keys {
            let signer = TokenKey::of_entry(&token, entry).unwrap();
            let certificate = signed(&content(&signer), &signer).unwrap();
            std::fs::write(file(entry), certificate.der()).unwrap();
        }
        let inventory = Inventory { keys: keys.to_vec() };
        assert_eq!(inventory.check_certificates(tokens.path()), Ok(()));

        // Exchanged, torn, gone: each is told apart and names the file.
        std::fs::copy(file(&keys[0]), file(&keys[1])).unwrap();
        let refusal = inventory.check_certificates(tokens.path()).unwrap_err();
        assert!(matches!(&refusal, Error::CertificateMismatch { name, .. } if *name == keys[1].name), "{refusal}");
        std::fs::write(file(&keys[1]), b"0").unwrap();
        let refusal = inventory.check_certificates(tokens.path()).unwrap_err();
        assert!(matches!(&refusal, Error::File { path, .. } if *path == file(&keys[1])), "{refusal}");
        std::fs::remove_file(file(&keys[1])).unwrap();
        assert!(inventory.check_certificates(tokens.path()).is_err());
    }

    fn a_wrong_signature_makes_no_certificate(tokens) {
        use faulty_token::fault::{Call, Fault};
        let control = faulty_token::Control::of_process().unwrap();
        control.heal().unwrap();
        let settings = hsm::token::TokenSettings {
            module: faulty_token::library().unwrap(),
            ..tokens.add("t").unwrap()
        };
        let token = open(&settings);
        let (id, public_key) = new_pair(&token, KeyAlgorithm::EcdsaP256);
        let signer = TokenKey::of_entry(&token, &entry("key", "t", id, &public_key)).unwrap();
        control.fail(Some(Call::Sign), Fault::Garbage, Some(1)).unwrap();
        let refusal = signed(&content(&signer), &signer).unwrap_err();
        assert!(matches!(refusal, pki::Error::BadSignature { .. }), "{refusal}");
        assert!(signed(&content(&signer), &signer).is_ok());
    }
}
