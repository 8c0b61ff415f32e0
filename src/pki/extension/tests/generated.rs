//! No bytes make a reader panic, and what is read is written back byte for byte.

use proptest::prelude::*;

use super::super::*;
use super::{for_every_content, unhex, vectors};

/// Every content that OpenSSL wrote, as a place to start from.
const SEEDS: [&str; 27] = [
    vectors::BASIC_CONSTRAINTS_PATH_200,
    vectors::KEY_USAGE_DECIPHER,
    vectors::EXTENDED_KEY_USAGE,
    vectors::SUBJECT_KEY_IDENTIFIER,
    vectors::AUTHORITY_KEY_IDENTIFIER_FULL,
    vectors::SUBJECT_ALT_NAME,
    vectors::SUBJECT_ALT_NAME_OTHER,
    vectors::SUBJECT_ALT_NAME_ICP_BRASIL,
    vectors::CERTIFICATE_POLICIES,
    vectors::CERTIFICATE_POLICIES_REFERENCE,
    vectors::POLICY_MAPPINGS,
    vectors::POLICY_CONSTRAINTS,
    vectors::INHIBIT_ANY_POLICY,
    vectors::NAME_CONSTRAINTS,
    vectors::AUTHORITY_INFO_ACCESS,
    vectors::CRL_DISTRIBUTION_POINTS,
    vectors::CRL_DISTRIBUTION_POINTS_FULL,
    vectors::FRESHEST_CRL,
    vectors::ISSUING_DISTRIBUTION_POINT,
    vectors::ISSUING_DISTRIBUTION_POINT_CA,
    vectors::ISSUING_DISTRIBUTION_POINT_RELATIVE,
    vectors::OCSP_NO_CHECK,
    vectors::QC_STATEMENTS,
    vectors::SIGNED_DOCUMENT_BINDING,
    vectors::CRL_NUMBER,
    vectors::REASON_CODE,
    vectors::INVALIDITY_DATE,
];

fn reads_back<T: ExtensionContent>(value: &[u8]) -> std::result::Result<(), TestCaseError> {
    let written = match T::from_value(value) {
        Ok(read) => read.to_value(),
        Err(_) => return Ok(()),
    };
    prop_assert_eq!(written, Ok(value.to_vec()), "{}", T::NAME);
    Ok(())
}

fn all_read_back(value: &[u8]) -> std::result::Result<(), TestCaseError> {
    macro_rules! run {
        ($($content:ident),*) => {
            $( reads_back::<$content>(value)?; )*
        };
    }
    for_every_content!(run);
    Ok(())
}

proptest! {
    #[test]
    fn any_bytes_are_refused_or_kept(value in proptest::collection::vec(any::<u8>(), 0..64)) {
        all_read_back(&value)?;
    }

    #[test]
    fn bytes_near_real_contents_are_refused_or_kept(
        seed in proptest::sample::select(&SEEDS[..]),
        changes in proptest::collection::vec((any::<proptest::sample::Index>(), any::<u8>(), 0_u8..8), 1..4),
    ) {
        let mut value = unhex(seed);
        for (place, octet, kind) in changes {
            let at = place.index(value.len().max(1));
            match kind {
                0 => { value.truncate(at); }
                1 => { value.insert(at.min(value.len()), octet); }
                2 if !value.is_empty() => { value.remove(at); }
                3 | 4 if !value.is_empty() => { value[at] = octet; }
                _ if !value.is_empty() => { value[at] ^= 1 << (octet % 8); }
                _ => {}
            }
        }
        all_read_back(&value)?;
    }
}

#[test]
fn every_seed_is_kept_and_no_single_bit_is_normalised_away() {
    for seed in SEEDS {
        let value = unhex(seed);
        all_read_back(&value).unwrap();
        for position in 0..value.len() * 8 {
            let mut flipped = value.clone();
            flipped[position / 8] ^= 0x80 >> (position % 8);
            all_read_back(&flipped).unwrap();
        }
    }
}
