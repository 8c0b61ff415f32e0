//! Tests of weak keys: each kind is refused with its reason.

use num_bigint::BigUint;

use super::*;
use crate::csr::CertificationRequest;
use crate::pem;

fn refusal(key: &PublicKey) -> String {
    check(key).expect_err("the key is weak").to_string()
}

fn rsa(modulus: &BigUint, exponent: &BigUint) -> PublicKey {
    PublicKey::from_rsa_parts(&modulus.to_bytes_be(), &exponent.to_bytes_be()).unwrap()
}

fn number(value: u32) -> BigUint {
    BigUint::from(value)
}

/// The modulus of a sound key, made by OpenSSL.
fn sound_modulus() -> BigUint {
    let request = include_str!("../testdata/csr/openssl-rsa2048.csr");
    let request = CertificationRequest::from_pem(request).unwrap();
    BigUint::from_bytes_be(request.content().public_key.rsa_parts().unwrap().0)
}

/// The next number from here on without a factor below 752.
fn next_without_small_factor(start: BigUint) -> BigUint {
    let mut candidate = start | number(1);
    while (3..752_u32).any(|divisor| &candidate % divisor == number(0)) {
        candidate += 2_u32;
    }
    candidate
}

#[test]
fn exponents_outside_fips_186_5_are_refused() {
    let modulus = sound_modulus();
    let one = number(1);
    for (exponent, part) in [
        (number(1), "below 65537"),
        (number(3), "below 65537"),
        (number(65_535), "below 65537"),
        (number(0), "even"),
        (number(65_536), "even"),
        ((&one << 256_u32) + 1_u32, "2^256"),
        ((&one << 2040_u32) + 1_u32, "2^256"),
    ] {
        let message = refusal(&rsa(&modulus, &exponent));
        assert!(message.contains(part), "{exponent}: {message}");
        assert!(message.contains("make a new key pair"), "{message}");
    }
    for exponent in [number(65_537), (&one << 256_u32) - 1_u32] {
        assert_eq!(check(&rsa(&modulus, &exponent)), Ok(()), "{exponent}");
    }
}

#[test]
fn moduli_that_anybody_can_factor_are_refused() {
    let of_bits = |bits: u32| number(1) << (bits - 1);
    // sqrt(2) * 2^1023, so that the product of two such numbers has 2048 bits.
    let half = (of_bits(2048) + of_bits(2047)).sqrt();
    let first = next_without_small_factor(half.clone());
    let second = next_without_small_factor(&first + 2_u32);
    let cube_root = next_without_small_factor(((of_bits(2048) + of_bits(2047)).nth_root(3)) + 2_u32);
    for (modulus, part) in [
        (sound_modulus() - 1_u32, "even"),
        (first.pow(2), "power of one number"),
        (cube_root.pow(3), "power of one number"),
        (&first * &second, "close"),
    ] {
        let message = refusal(&rsa(&modulus, &number(65_537)));
        assert!(message.contains(part), "{part}: {message}");
        assert!(message.contains("make a new key pair"), "{message}");
    }
}

#[test]
fn factors_below_752_are_found() {
    let sound = sound_modulus();
    for prime in [3_u32, 5, 167, 173, 743, 751] {
        let odd_multiple = {
            let multiple = &sound - (&sound % prime);
            if multiple.bit(0) {
                multiple
            } else {
                multiple - prime
            }
        };
        let message = refusal(&rsa(&odd_multiple, &number(65_537)));
        assert!(message.contains("factor below 752"), "{prime}: {message}");
    }
}

#[test]
fn fermat_gives_up_after_exactly_a_hundred_rounds() {
    // centre^2 - gap^2 is found in the round that reaches the centre, starting at the root.
    let centre = (number(1) << 1023_u32) + (number(1) << 1022_u32);
    let modulus_found_in = |rounds: u32| {
        // Puts the root half a step above centre - rounds.
        let gap = (&centre * (2 * rounds - 1)).sqrt();
        let modulus = (&centre - &gap) * (&centre + &gap);
        assert_eq!(
            &centre - modulus.sqrt(),
            number(rounds),
            "the root lies that far below the centre"
        );
        modulus
    };
    assert!(rsa::has_close_primes(&modulus_found_in(100)));
    assert!(!rsa::has_close_primes(&modulus_found_in(101)));
}

#[test]
fn the_published_roca_modulus_is_recognised_and_sound_ones_are_not() {
    let published = include_str!("../testdata/weakness/roca-mod03.txt");
    let modulus = BigUint::parse_bytes(published.trim().as_bytes(), 16).unwrap();
    let message = refusal(&rsa(&modulus, &number(65_537)));
    assert!(
        message.contains("ROCA") && message.contains("CVE-2017-15361"),
        "{message}"
    );
    assert_eq!(check(&rsa(&sound_modulus(), &number(65_537))), Ok(()));
}

#[test]
fn a_point_must_lie_on_its_curve() {
    for (file, algorithm) in [
        (
            include_str!("../testdata/csr/openssl-p256.csr"),
            KeyAlgorithm::EcdsaP256,
        ),
        (
            include_str!("../testdata/csr/openssl-p384-sha256.csr"),
            KeyAlgorithm::EcdsaP384,
        ),
        (
            include_str!("../testdata/csr/openssl-p521-sha512.csr"),
            KeyAlgorithm::EcdsaP521,
        ),
    ] {
        let request = CertificationRequest::from_pem(file).unwrap();
        let key = &request.content().public_key;
        assert_eq!(check(key), Ok(()));
        let length = key.key_bits().len();
        for position in [1, length / 2, length / 2 + 1, length - 1] {
            let mut point = key.key_bits().to_vec();
            point[position] ^= 1;
            let message = refusal(&PublicKey::from_ec_point(algorithm, &point).unwrap());
            assert!(
                message.contains("not on its curve") || message.contains("not below"),
                "{message}"
            );
        }
        let origin = [&[4][..], &vec![0; length - 1]].concat();
        assert!(refusal(&PublicKey::from_ec_point(algorithm, &origin).unwrap()).contains("not on its curve"));
        let ones = [&[4][..], &vec![0xff; length - 1]].concat();
        assert!(refusal(&PublicKey::from_ec_point(algorithm, &ones).unwrap()).contains("not below"));
    }
}

#[test]
fn a_coordinate_and_the_prime_is_no_second_name_for_a_point() {
    // x + p fits into 521 bits' 66 octets, and names the same point to a careless reader.
    let request = include_str!("../testdata/csr/openssl-p521-sha512.csr");
    let request = CertificationRequest::from_pem(request).unwrap();
    let bits = request.content().public_key.key_bits();
    let prime = (number(1) << 521_u32) - 1_u32;
    let shifted = BigUint::from_bytes_be(&bits[1..67]) + prime;
    let point = [&[4][..], &shifted.to_bytes_be(), &bits[67..]].concat();
    let alias = PublicKey::from_ec_point(KeyAlgorithm::EcdsaP521, &point).unwrap();
    assert!(refusal(&alias).contains("not below"));
}

fn ed25519(octets: [u8; 32]) -> PublicKey {
    PublicKey::from_raw(KeyAlgorithm::Ed25519, &octets).unwrap()
}

fn little_endian(value: &BigUint) -> [u8; 32] {
    let mut octets = [0; 32];
    for (to, from) in octets.iter_mut().zip(value.to_bytes_le()) {
        *to = from;
    }
    octets
}

#[test]
fn small_order_and_non_canonical_ed25519_points_are_refused() {
    let prime = (number(1) << 255_u32) - 19_u32;
    let eighth = BigUint::from_bytes_be(&curve::Y_OF_ORDER_8);
    let ys = [
        number(0),
        number(1),
        &prime - 1_u32,
        eighth.clone(),
        &prime - eighth,
    ];
    for y in &ys {
        for sign in [0, 0x80] {
            let mut octets = little_endian(y);
            octets[31] |= sign;
            assert!(refusal(&ed25519(octets)).contains("order of 8 or less"), "{y}");
        }
    }
    for beyond in 0..19_u32 {
        let message = refusal(&ed25519(little_endian(&(&prime + beyond))));
        assert!(message.contains("not canonically encoded"), "{beyond}: {message}");
    }
}

/// On -x^2 + y^2 = 1 + d x^2 y^2 the double of (x, y) has the y (y^2 + x^2) / (1 - d x^2 y^2).
#[test]
fn the_point_of_order_eight_doubles_to_order_four() {
    let prime = (number(1) << 255_u32) - 19_u32;
    let invert = |value: &BigUint| value.modpow(&(&prime - 2_u32), &prime);
    let d = BigUint::from_bytes_be(&curve::D_25519);
    let minus_d = &prime - (number(121_665) * invert(&number(121_666))) % &prime;
    assert_eq!(d, minus_d, "the constant is -121665/121666");
    let y_squared = BigUint::from_bytes_be(&curve::Y_OF_ORDER_8).pow(2) % &prime;
    let x_squared = (&y_squared + &prime - 1_u32) * invert(&((&d * &y_squared + 1_u32) % &prime)) % &prime;
    assert_eq!(
        (&x_squared + &y_squared) % &prime,
        number(0),
        "so its double has y = 0, which has order 4"
    );
}

#[test]
fn half_of_all_ed25519_encodings_are_no_point() {
    let refused = (2..102_u32)
        .filter(|y| check(&ed25519(little_endian(&number(*y)))).is_err())
        .count();
    assert!((30..70).contains(&refused), "{refused} of 100");
    let rfc_8410 = include_str!("../testdata/csr/openssl-ed25519.csr");
    let request = CertificationRequest::from_pem(rfc_8410).unwrap();
    assert_eq!(check(&request.content().public_key), Ok(()));
}

#[test]
fn published_keys_are_refused_by_name_and_an_operators_keys_too() {
    let text = include_str!("../testdata/weakness/published-keys.txt");
    for der in pem::decode_all("PUBLIC KEY", text).unwrap() {
        let key = PublicKey::from_spki_der(&der).unwrap();
        let message = refusal(&key);
        assert!(message.contains("list of compromised keys"), "{message}");
    }
    let request = CertificationRequest::from_pem(include_str!("../testdata/csr/openssl-p256.csr")).unwrap();
    let key = &request.content().public_key;
    let hash = hex(&key.fingerprint());
    let list = Blocklist::with_hashes(&hash).unwrap();
    assert_eq!(
        check_against(key, &list),
        Err(Error::BlockedKey { spki_sha256: hash })
    );
    assert_eq!(check_against(key, &Blocklist::published()), Ok(()));
}
