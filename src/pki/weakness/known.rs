//! Keys whose private half is known to the world, recognised by SHA-256 over the SubjectPublicKeyInfo.
//!
//! **Built in:** the test keys of RFC 9500, the example keys of RFC 6979, 8032, 8410, 9421 and 9881, the key
//! of Go's test server, and keys whose private number is trivial. `testdata/weakness/published-keys.txt` holds
//! the keys themselves, and a test derives this list from it.
//!
//! **Not built in:** the Debian keys of CVE-2008-0166 (hundreds of thousands per size) and keys found leaked.
//! An operator adds such a list as a text file, one hash a line: 64 hexadecimal digits, the SHA-256 over the
//! DER of the SubjectPublicKeyInfo; empty lines and what follows a `#` are skipped. One line for one key:
//!
//! ```text
//! openssl pkey -pubin -in key.pem -outform der | sha256sum | cut -c1-64
//! ```
//!
//! That is also the fingerprint under which collections of compromised keys commonly publish theirs.

use crate::public_key::PublicKey;
use crate::{Error, Result};

type Fingerprint = [u8; 32];

/// The built-in list and what an operator added to it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Blocklist {
    /// Sorted.
    added: Vec<Fingerprint>,
}

impl Blocklist {
    /// The built-in list alone.
    pub const fn published() -> Self {
        Self { added: Vec::new() }
    }

    /// The built-in list and the hashes of this text; the module's description says how it is written.
    pub fn with_hashes(text: &str) -> Result<Self> {
        let mut added = Vec::new();
        for (number, line) in text.lines().enumerate() {
            let hash = line.split('#').next().unwrap_or_default().trim();
            if !hash.is_empty() {
                added.push(parse_hash(hash).ok_or_else(|| Error::Text {
                    kind: "blocklist",
                    text: format!("line {}: {}", number + 1, hash.chars().take(80).collect::<String>()),
                    rule: "each line is the SHA-256 of a SubjectPublicKeyInfo in 64 hexadecimal digits, or a comment after #",
                })?);
            }
        }
        added.sort_unstable();
        added.dedup();
        Ok(Self { added })
    }

    /// How many keys the operator added.
    pub const fn added(&self) -> usize {
        self.added.len()
    }

    /// Whether this key's private half is known.
    pub fn contains(&self, key: &PublicKey) -> bool {
        let fingerprint = key.fingerprint();
        PUBLISHED.contains(&fingerprint) || self.added.binary_search(&fingerprint).is_ok()
    }
}

fn parse_hash(text: &str) -> Option<Fingerprint> {
    let digits = text.as_bytes();
    if digits.len() != 64 || !digits.iter().all(u8::is_ascii_hexdigit) {
        return None;
    }
    let mut hash = [0; 32];
    for (octet, pair) in hash.iter_mut().zip(digits.chunks(2)) {
        *octet = u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()?;
    }
    Some(hash)
}

/// Turns a literal of 64 hexadecimal digits into octets while compiling.
const fn hash(text: &str) -> Fingerprint {
    let mut octets = [0; 32];
    let mut rest = text.as_bytes();
    let mut position = 0;
    // const fn: neither iterators nor TryFrom; the slice patterns make every access checked.
    while let [high, low, after @ ..] = rest {
        let (_, from) = octets.split_at_mut(position);
        if let [octet, ..] = from {
            *octet = digit(*high) << 4 | digit(*low);
        }
        rest = after;
        position += 1;
    }
    octets
}

const fn digit(character: u8) -> u8 {
    match character {
        b'0'..=b'9' => character - b'0',
        _ => character - b'a' + 10,
    }
}

/// In the order of `testdata/weakness/published-keys.txt`.
#[rustfmt::skip]
const PUBLISHED: [Fingerprint; 40] = [
    hash("8fb6bad671cfe698393c453357da61b56d757ab8c0f3fb9c87f2849e63131878"), // RFC 9500 section 2: testRSA2048
    hash("96465ea5dc9bb2da7b351d808a7196e5761f2412a5040131c68d719aaba28fb9"), // RFC 9500 section 2: testRSA4096
    hash("b2b04340cfaee616ec9c2c62d261b208e54bb197498df52e8cadede23ac0ba5e"), // RFC 9500 section 2: testECCP256
    hash("c4c10105a0be0ed4dd3354428dc38a9bfee64da141ce16e75c94eda272f9dd3a"), // RFC 9500 section 2: testECCP384
    hash("acb1b8327fef995e2458fdf5e3c33b2dc0749feabd6a894cb9bda9d70ac06c24"), // RFC 9500 section 2: testECCP521
    hash("5a7a78cca4a0f420d9bc62bb669c3c2759e39f723d3ae10dcbe0f0815a07ecd4"), // RFC 6979 section A.2.5: P-256
    hash("2f95601fa82060b909bfc6b979dbd303d34d34e0afb27ea496beac362f242a4b"), // RFC 6979 section A.2.6: P-384
    hash("2fb6d46385242ea4ad431f7175e7014eb74a5fc60f65b50ca54cc23c5b08de38"), // RFC 6979 section A.2.7: P-521
    hash("06e3fd8fda29bb60ab59557de61edb0aecdb231134be30e75b455f8e1b792fa9"), // RFC 8032 section 7.1: TEST 1
    hash("deb2ded39dc26fce0e6085b6fc34bf6b5941913bbfe2ea614113cff9e004c170"), // RFC 8032 section 7.1: TEST 2
    hash("8d39ba50abe50f77b6bb8ae7b6927aff7ffbeba35ad2837c0e51e82bcbcc60d5"), // RFC 8032 section 7.1: TEST 3
    hash("e4f982b51ad0bdd87be820b259fe80337ef636e72b9fa7a8867a6949eb610fd6"), // RFC 8032 section 7.1: TEST 1024
    hash("e77db4a9572e9f6552c22bc751d5499ad218a73bdf7e15dc6ea0fc69246a44de"), // RFC 8032 section 7.1: TEST SHA(abc)
    hash("a1e9156054e04fac899ae9f275132cdc07a5dbc4ea2c2ad3a1ffc6e0d253681f"), // RFC 8410 section 10: Ed25519
    hash("c73eecd318bd3813f2402a660d8a90010ca35d609d19377d5ee7af200713229f"), // RFC 9421 appendix B.1.1: test-key-rsa
    hash("55f96361b78cbb84f1fc604b0718e82bd91abb46d8fc25ae871b35fbbf8b7974"), // RFC 9421 appendix B.1.3: test-key-ecc-p256
    hash("34571606cb7a0d71be377e671ddcccae2a169ed7733598214129231cd30c4a3c"), // RFC 9421 appendix B.1.4: test-key-ed25519
    hash("0bb46449d66671f8db75aa2615c230d26ec105c89db0c7f066163644047b7254"), // Go standard library: net/http/internal/testcert
    hash("837832708c5236d951581f1fddf2b79991b3424a0486d16da1ddad0fd69701be"), // RFC 9881 appendix C: ML-DSA-44, seed 00 01 .. 1f
    hash("7de1bacd9f9f9a3688803d8b12af4e3536fe21768190db594b0d96c99383c548"), // ML-DSA-44, seed of zeros
    hash("b8b62131bfbe84433efb2273d7f5b87f7a22854a2cfd366fc2aead86d837c52d"), // RFC 9881 appendix C: ML-DSA-65, seed 00 01 .. 1f
    hash("74a967da48075517e7e93c468a90724f4e96ce11ff30c3288c4b708583d711e0"), // ML-DSA-65, seed of zeros
    hash("07e57c4f14dbad1267f621ec3777b4e2e6c4fbc4c22fbb87510ff8e0b3c6a642"), // RFC 9881 appendix C: ML-DSA-87, seed 00 01 .. 1f
    hash("aec8ffe33b0b73ede7acfd64d760272d3160f61f40cb80dbf023db6f06236cf3"), // ML-DSA-87, seed of zeros
    hash("339e2ff917630507b6a423b5ce084e285d1fa65d93b3e27a6195d3bbebc9ae23"), // Ed25519, private key of zeros
    hash("fd110d301d2f077de1414b8f99f441b1403fab207b2052fbd2c065e4ee8e7dc2"), // Ed25519, private key of ones (01 01 ..)
    hash("8d5eb75dbb64464ac9369d2416a026c99aad4ebf9cdb7c73adda86dd17815b0f"), // Ed25519, private key of ff ff ..
    hash("a050837d85070582ccf7394b0988847cc312cb88259b894899f6f239cf1791a5"), // Ed25519, private key of 00 01 .. 1f
    hash("5cd252fb0ce8932436faf8ccd1040981b89ee4ad6b9fe9e2a2b7e71aacb27cd3"), // P-256, private key 1
    hash("dc0ce633dbcc913dafafa4b89ac44d8ce683fdfc3f60c8bdf21213b9f2b534ba"), // P-256, private key 2
    hash("2b985badf1bac8293f6b92e8c0acc1139bc5a5ecbbf97a6271dcf0d4f6c68af6"), // P-256, private key 3
    hash("3fda76216227ff687422fb555d659338c62577cbc3e503dddc34b7f6f1abbde5"), // P-256, private key n - 1
    hash("29f8fe74f38c49d49810cec736a26732a30bff2e64827b709a1c63340d4f7181"), // P-384, private key 1
    hash("e04caab525cff38094dc994b28e8873b81fc5c8d1f4ce89413ff8fb31670fa82"), // P-384, private key 2
    hash("86d5eff39312850996dac2e1bc3297a9fe58aa656947f3c35348e50e6a59ba08"), // P-384, private key 3
    hash("4257b2ffc3579064575e20fedb0974bbfc3c4438b09e668e85cb51a7ac7a4bd7"), // P-384, private key n - 1
    hash("dcaa139396632a8daba1ba49ceccce0c417786f014698a06221b083d77754bda"), // P-521, private key 1
    hash("cd0842279982ba7b7d499a22b303400341b50f0e524eb4a8b3379165a8466cbd"), // P-521, private key 2
    hash("3061bfac92b7cfaf3794b70ad84ab1188bf55610fa61ddc5996e937b1ceac2e7"), // P-521, private key 3
    hash("d3f4a71461daf5b6c4738c5d17a749e0daa52cf8ea5cff98408a9dbdce2e50f5"), // P-521, private key n - 1
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pem;

    #[test]
    fn the_built_in_list_is_exactly_the_published_keys() {
        let text = include_str!("../testdata/weakness/published-keys.txt");
        let keys = pem::decode_all("PUBLIC KEY", text).unwrap();
        let hashes: Vec<Fingerprint> = keys
            .iter()
            .map(|der| PublicKey::from_spki_der(der).unwrap().fingerprint())
            .collect();
        assert_eq!(hashes, PUBLISHED);
    }

    #[test]
    fn an_operators_file_is_read_strictly_and_names_its_bad_line() {
        let good = format!(
            "# leaked in 2026\n\n{}  # a laptop\n{}\n",
            "AB".repeat(32),
            "0f".repeat(32)
        );
        let list = Blocklist::with_hashes(&good).unwrap();
        assert_eq!(list.added, [[0x0f; 32], [0xab; 32]]);
        for bad in ["ab".repeat(31), "ab".repeat(33), "xy".repeat(32), "+1".repeat(32)] {
            let refusal = Blocklist::with_hashes(&format!("# one\n{bad}"))
                .unwrap_err()
                .to_string();
            assert!(
                refusal.contains("line 2") && refusal.contains("64 hexadecimal"),
                "{refusal}"
            );
        }
        assert_eq!(Blocklist::with_hashes(""), Ok(Blocklist::published()));
    }
}
