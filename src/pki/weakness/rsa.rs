//! RSA keys: exponent and modulus, as far as they can be judged without the private key.
//!
//! Covers what the CA/Browser Forum's Baseline Requirements name in section 6.1.1.3 (ROCA, close primes) and
//! 6.1.6 (odd exponent, odd modulus, no factor below 752, not the power of a prime), with the stricter exponent
//! of FIPS 186-5. Lengths outside 2048, 3072 and 4096 bits never become a [`PublicKey`].

use num_bigint::BigUint;

use crate::public_key::PublicKey;

/// Rounds of Fermat's method (Baseline Requirements section 6.1.1.3).
const FERMAT_ROUNDS: u32 = 100;

/// The generator of the subgroups that keys of the broken Infineon library lie in.
const ROCA_GENERATOR: u64 = 65_537;

/// The largest prime of the published ROCA fingerprint.
const ROCA_LAST_PRIME: u64 = 167;

/// Below this no factor is tolerated (SP 800-89 section 5.3.3).
const SMALL_FACTOR_BOUND: u64 = 752;

pub(super) fn check(key: &PublicKey) -> Result<(), &'static str> {
    let (modulus, exponent) = key
        .rsa_parts()
        .ok_or("its RSA parts cannot be read; make a new key pair")?;
    check_exponent(&BigUint::from_bytes_be(exponent))?;
    check_modulus(&BigUint::from_bytes_be(modulus))
}

/// FIPS 186-5 section A.1.1: odd, and 2^16 < e < 2^256.
fn check_exponent(exponent: &BigUint) -> Result<(), &'static str> {
    if !exponent.bit(0) {
        return Err(
            "its RSA exponent is even (FIPS 186-5 section A.1.1); make a new key pair with exponent 65537",
        );
    }
    if exponent.bits() <= 16 {
        return Err(
            "its RSA exponent is below 65537 (FIPS 186-5 section A.1.1); make a new key pair with exponent 65537",
        );
    }
    if exponent.bits() > 256 {
        return Err(
            "its RSA exponent is not below 2^256 (FIPS 186-5 section A.1.1); make a new key pair with exponent 65537",
        );
    }
    Ok(())
}

/// From the cheapest test to the dearest. Whether the modulus itself is prime is not tested: it would cost a
/// full exponentiation for every request, and harms nobody but a requester who made it so on purpose.
fn check_modulus(modulus: &BigUint) -> Result<(), &'static str> {
    if !modulus.bit(0) {
        return Err("its RSA modulus is even; make a new key pair with a sound generator");
    }
    let residues: Vec<(u64, u64)> = odd_primes()
        .map(|prime| (prime, remainder(modulus, prime)))
        .collect();
    if residues.iter().any(|(_, residue)| *residue == 0) {
        return Err(
            "its RSA modulus has a factor below 752 (SP 800-89 section 5.3.3); make a new key pair with a sound generator",
        );
    }
    if has_roca_fingerprint(&residues) {
        return Err(
            "its RSA modulus has the ROCA fingerprint (CVE-2017-15361): it was made by a broken library in a token; make a new key pair elsewhere",
        );
    }
    if is_perfect_power(modulus) {
        return Err(
            "its RSA modulus is a power of one number (SP 800-89 section 5.3.3); make a new key pair with a sound generator",
        );
    }
    if has_close_primes(modulus) {
        return Err(
            "the primes of its RSA modulus are so close that Fermat's method finds them (CVE-2022-26320); make a new key pair with a sound generator",
        );
    }
    Ok(())
}

/// The odd primes below [`SMALL_FACTOR_BOUND`].
fn odd_primes() -> impl Iterator<Item = u64> {
    (3..SMALL_FACTOR_BOUND)
        .step_by(2)
        .filter(|number| is_prime(*number))
}

/// For small odd numbers.
fn is_prime(number: u64) -> bool {
    (3..number)
        .step_by(2)
        .take_while(|divisor| divisor * divisor <= number)
        .all(|divisor| !number.is_multiple_of(divisor))
}

fn remainder(number: &BigUint, divisor: u64) -> u64 {
    u64::try_from(number % divisor).unwrap_or_default()
}

/// The published fingerprint (Nemec et al., "The Return of Coppersmith's Attack", section 2.1): the primes of a
/// vulnerable key are k * M + (65537^a mod M) with M the product of the first primes, so modulo each of those
/// primes the modulus is a power of 65537. By chance a sound modulus has that property once in some 2^27 keys.
fn has_roca_fingerprint(residues: &[(u64, u64)]) -> bool {
    residues
        .iter()
        .filter(|(prime, _)| *prime <= ROCA_LAST_PRIME)
        .all(|(prime, residue)| is_power_of_generator(*residue, *prime))
}

fn is_power_of_generator(residue: u64, prime: u64) -> bool {
    let mut power = 1;
    loop {
        if power == residue {
            return true;
        }
        power = power * ROCA_GENERATOR % prime;
        if power == 1 {
            return false;
        }
    }
}

/// Whether the modulus is b^k for some k >= 2. No factor is below 752 > 2^9 by now, so k stays below bits / 9.
/// Roots are dear, so almost every k is ruled out by residues first.
fn is_perfect_power(modulus: &BigUint) -> bool {
    let highest = u32::try_from(modulus.bits() / 9).unwrap_or(u32::MAX);
    let prime_exponents =
        std::iter::once(2).chain(odd_primes().filter_map(|prime| u32::try_from(prime).ok()));
    prime_exponents
        .take_while(|exponent| *exponent <= highest)
        .filter(|exponent| may_be_power(modulus, u64::from(*exponent)))
        .any(|exponent| modulus.nth_root(exponent).pow(exponent) == *modulus)
}

/// Modulo a prime p with k dividing p - 1, only every k-th residue is a k-th power: those r with
/// r^((p - 1) / k) = 1 (Euler's criterion), and 0.
fn may_be_power(number: &BigUint, exponent: u64) -> bool {
    const PRIMES: usize = 16;
    (1_u64..)
        .map(|factor| (2 * factor, 2 * factor * exponent + 1))
        .filter(|(_, candidate)| is_prime(*candidate))
        .take(PRIMES)
        .all(|(cofactor, prime)| {
            let residue = remainder(number, prime);
            let power = (0..cofactor).fold(1, |product, _| product * residue % prime);
            residue == 0 || power == 1
        })
}

/// Fermat's method: n = a^2 - b^2 with a just above the square root, when both primes lie close together.
pub(super) fn has_close_primes(modulus: &BigUint) -> bool {
    let floor = modulus.sqrt();
    let mut above = if floor.pow(2) == *modulus {
        floor
    } else {
        floor + 1_u32
    };
    (0..FERMAT_ROUNDS).any(|_| {
        let difference = above.pow(2) - modulus;
        above += 1_u32;
        is_square(&difference)
    })
}

/// The root is dear; modulo these four all but one number in 170 are seen not to be squares.
fn is_square(number: &BigUint) -> bool {
    let may_be_square = |modulus: u64| {
        let residue = remainder(number, modulus);
        (0..modulus).any(|root| root * root % modulus == residue)
    };
    [64, 63, 65, 11].into_iter().all(may_be_square) && number.sqrt().pow(2) == *number
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_small_primes_are_all_there() {
        let primes: Vec<u64> = odd_primes().collect();
        assert_eq!((primes.len(), primes[0], primes[131]), (132, 3, 751));
    }

    #[test]
    fn powers_and_squares_are_recognised() {
        let base = (BigUint::from(1_u32) << 607_u32) - 1_u32;
        for exponent in [2, 3, 5, 6, 7] {
            assert!(is_perfect_power(&base.pow(exponent)), "{exponent}");
            assert!(!is_perfect_power(&(base.pow(exponent) + 2_u32)), "{exponent}");
        }
        let smallest = BigUint::from(757_u32);
        assert!(is_perfect_power(&smallest.pow(214)) && is_perfect_power(&smallest.pow(421)));
        for number in 0..2000_u32 {
            let square = (0..45).any(|root: u32| root * root == number);
            assert_eq!(is_square(&BigUint::from(number)), square, "{number}");
        }
    }
}
