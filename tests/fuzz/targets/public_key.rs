//! Public keys and the tests of their weakness, which do arithmetic on numbers of the sender's choice.
#![no_main]

use libfuzzer_sys::fuzz_target;
use pki::algorithm::KeyAlgorithm;
use pki::public_key::PublicKey;
use pki::weakness::{self, Blocklist};

fuzz_target!(|bytes: &[u8]| {
    let read = PublicKey::from_spki_der(bytes);
    assert_eq!(
        read,
        PublicKey::from_spki_der(bytes),
        "the same bytes, the same answer"
    );
    if let Ok(key) = read {
        judge(&key);
        assert_eq!(key.spki_der(), bytes);
    }
    from_parts(bytes);
});

/// Most bytes are no SubjectPublicKeyInfo, so the numbers are also given directly: the first octet says what of.
fn from_parts(bytes: &[u8]) {
    let Some((selector, rest)) = bytes.split_first() else {
        return;
    };
    let built = match selector % 6 {
        0 => PublicKey::from_ec_point(KeyAlgorithm::EcdsaP256, rest),
        1 => PublicKey::from_ec_point(KeyAlgorithm::EcdsaP384, rest),
        2 => PublicKey::from_ec_point(KeyAlgorithm::EcdsaP521, rest),
        3 => PublicKey::from_raw(KeyAlgorithm::Ed25519, rest),
        4 => PublicKey::from_raw(KeyAlgorithm::MlDsa44, rest),
        _ => {
            // A modulus of a legal length whose first and last octets come from the input.
            let exponent = rest.get(..4).unwrap_or(&[1, 0, 1]);
            let mut modulus = vec![0x5a; [256, 384, 512][usize::from(selector / 6 % 3)]];
            for (place, octet) in modulus.iter_mut().rev().zip(rest) {
                *place = *octet;
            }
            modulus[0] |= 0x80;
            PublicKey::from_rsa_parts(&modulus, exponent)
        }
    };
    if let Ok(key) = built {
        judge(&key);
        assert_eq!(PublicKey::from_spki_der(key.spki_der()).as_ref(), Ok(&key));
    }
}

fn judge(key: &PublicKey) {
    let verdict = weakness::check(key);
    assert_eq!(verdict, weakness::check_against(key, &Blocklist::published()));
    if let Some((modulus, exponent)) = key.rsa_parts() {
        let rebuilt = PublicKey::from_rsa_parts(modulus, exponent).expect("the same numbers");
        assert_eq!(
            &rebuilt, key,
            "one key, one encoding: else the lists of hashes could be dodged"
        );
        if verdict.is_ok() {
            assert!(modulus.last().is_some_and(|last| last % 2 == 1));
            assert!(exponent.len() >= 3 && exponent.last().is_some_and(|last| last % 2 == 1));
        }
    }
    let hash = pki::digest::hex(&key.fingerprint());
    let list = Blocklist::with_hashes(&hash).expect("a hash");
    assert!(
        weakness::check_against(key, &list).is_err(),
        "a listed key is never accepted"
    );
}
