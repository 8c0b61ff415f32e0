//! The verdict follows from the abilities.

use super::verdict::{judge, judge_uses};
use super::*;

fn works(kind: KeyAlgorithm) -> AlgorithmReport {
    AlgorithmReport {
        algorithm: kind.name().to_owned(),
        generates: Ability::Yes,
        signatures: vec![SignatureReport {
            signature: kind.default_signature().name().to_owned(),
            mechanism: Some("CKM_X".to_owned()),
            signs: Ability::Yes,
        }],
        speed: Vec::new(),
    }
}

fn token() -> TokenInfo {
    TokenInfo {
        serial: "1".to_owned(),
        has_random: true,
        login_required: true,
        ..TokenInfo::default()
    }
}

fn judged(kinds: &[KeyAlgorithm], data: &Ability) -> Verdict {
    let algorithms: Vec<AlgorithmReport> = kinds.iter().copied().map(works).collect();
    judge(&token(), &judge_uses(&algorithms, data))
}

#[test]
fn a_token_with_everything_is_suitable() {
    let verdict = judged(&KeyAlgorithm::ALL, &Ability::Yes);
    assert!(
        verdict.suitable && verdict.not_for.is_empty() && verdict.notes.is_empty(),
        "{verdict:?}"
    );
}

#[test]
fn a_token_without_edwards_keys_is_told_to_share_the_work() {
    let verdict = judged(&[KeyAlgorithm::EcdsaP256, KeyAlgorithm::EcdsaP384], &Ability::Yes);
    assert!(!verdict.suitable);
    assert_eq!(verdict.not_for, [Use::Register]);
    assert_eq!(verdict.notes.len(), 1);
}

#[test]
fn a_token_with_nothing_is_good_for_nothing() {
    let verdict = judged(&[], &Ability::No("it lacks CKM_AES_KEY_GEN".to_owned()));
    assert_eq!(verdict.not_for.len(), 7);
}

#[test]
fn a_key_that_is_made_and_does_not_sign_counts_for_nothing() {
    let mut report = works(KeyAlgorithm::Ed25519);
    for signature in &mut report.signatures {
        signature.signs = Ability::No("garbage".to_owned());
    }
    let uses = judge_uses(&[report], &Ability::Yes);
    let register = uses.iter().find(|report| report.r#use == Use::Register).unwrap();
    assert_eq!(
        (register.possible.len(), register.missing.as_slice()),
        (0, ["ed25519".to_owned()].as_slice())
    );
}

#[test]
fn what_the_token_lacks_beside_keys_is_noted() {
    let bare = TokenInfo {
        write_protected: true,
        max_sessions: Some(1),
        ..TokenInfo::default()
    };
    assert_eq!(judge(&bare, &[]).notes.len(), 5);
}
