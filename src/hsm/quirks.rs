//! What vendors' modules do differently, and what we do about it.
//!
//! Only what the code acts on stands here, each with its reason and where that is known from. Everything that can
//! be found out by asking the module (mechanisms, wrapped or bare EC points, names of Edwards curves) is asked,
//! not listed. Looked at and found to need nothing: Utimaco SecurityServer (its sessions expire after fifteen idle
//! minutes, which the ordinary keep-alive prevents).

use std::time::Duration;

use cryptoki::mechanism::MechanismType;

use crate::module::ModuleInfo;
use crate::token::TokenInfo;

/// How to treat one kind of token. [`Quirks::NONE`] follows the standard.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "each is a deviation of its own")]
pub struct Quirks {
    /// The vendor's name, for people.
    pub vendor: &'static str,
    /// Sessions must be read-write, even for signing.
    pub read_write_sessions: bool,
    /// Public keys must be created with `CKA_PRIVATE` true.
    pub private_public_keys: bool,
    /// The mechanism that makes RSA keys where `CKM_RSA_PKCS_KEY_PAIR_GEN` is not offered.
    pub rsa_generation: Option<u64>,
    /// Why keys cannot be made through PKCS#11, where they cannot.
    pub cannot_generate: Option<&'static str>,
    /// More sessions than this only queue inside the module, where a deadline cannot drop them.
    pub max_sessions: Option<usize>,
    /// The token computes on this machine's processors: more sessions than processors only take turns.
    pub computes_here: bool,
    /// A session idle for longer is closed by the token.
    pub keep_alive: Option<Duration>,
    /// A token that comes back is only seen after the module was restarted.
    pub restart_finds_token: bool,
    /// Keys made by another process are only seen after the module was restarted.
    pub restart_finds_keys: bool,
    /// While one thread logs in, no other may be inside the module.
    pub login_alone: bool,
}

/// Thales cryptoki_v2.h: `CKM_RSA_FIPS_186_3_PRIME_KEY_PAIR_GEN`, vendor-defined 0x143.
const LUNA_RSA_186_3_PRIME: u64 = 0x8000_0143;

impl Quirks {
    /// A token that does as the standard says.
    pub const NONE: Self = Self {
        vendor: "other",
        read_write_sessions: false,
        private_public_keys: false,
        rsa_generation: None,
        cannot_generate: None,
        max_sessions: None,
        computes_here: false,
        keep_alive: None,
        restart_finds_token: false,
        restart_finds_keys: false,
        login_alone: false,
    };

    /// SoftHSM reads its token folder in `C_Initialize` only: a token made or brought back later stays unseen
    /// (seen with 2.6.1; PowerDNS/pdns issue 2823 reports the same).
    const SOFTHSM: Self = Self {
        vendor: "SoftHSM",
        restart_finds_token: true,
        computes_here: true,
        ..Self::NONE
    };

    /// `C_Login` holds the token and wants the sessions, `C_SignInit` holds a session and wants the token: two threads
    /// that do both at once wait for each other for ever (seen with 1.5.4, in the stacks of a process that hung).
    const KRYOPTIC: Self = Self {
        vendor: "Kryoptic",
        login_alone: true,
        ..Self::NONE
    };

    /// In FIPS mode a Luna neither lists nor allows `CKM_RSA_PKCS_KEY_PAIR_GEN`; FIPS 186 prime generation is a
    /// mechanism of its own (Thales Luna SDK guide, "RSA Mechanism Remap for FIPS Compliance"; clients before
    /// 10.1 do not remap by themselves).
    const LUNA: Self = Self {
        vendor: "Thales Luna",
        rsa_generation: Some(LUNA_RSA_186_3_PRIME),
        ..Self::NONE
    };

    /// By default (`CKNFAST_ASSUME_SINGLE_PROCESS=1`) only the token objects that existed at `C_Initialize` are
    /// visible, so keys from a ceremony in another process need a restart (Entrust nShield PKCS#11 guide,
    /// "environment variables").
    const NSHIELD: Self = Self {
        vendor: "Entrust nShield",
        restart_finds_keys: true,
        ..Self::NONE
    };

    /// The device drops sessions idle for 30 seconds and has 16 of them in all, shared by everyone who uses it
    /// (Yubico, YubiHSM 2 concepts: Session). Half are left to others.
    const YUBIHSM: Self = Self {
        vendor: "YubiHSM 2",
        max_sessions: Some(8),
        keep_alive: Some(Duration::from_secs(15)),
        ..Self::NONE
    };

    /// Read-only sessions are not supported, and `CKA_PRIVATE` may only have its default, true (AWS CloudHSM user
    /// guide: "Known issues for the PKCS #11 library", "Supported key attributes").
    const CLOUDHSM: Self = Self {
        vendor: "AWS CloudHSM",
        read_write_sessions: true,
        private_public_keys: true,
        ..Self::NONE
    };

    /// Generation accepts a label and a vendor attribute and nothing else, and gives the key an id of its own
    /// (Google kmsp11 user guide: C_GenerateKeyPair). A key without our id and attributes cannot be checked.
    /// Keys made elsewhere appear after a restart (same guide: Caching).
    const GOOGLE: Self = Self {
        vendor: "Google Cloud KMS",
        cannot_generate: Some(
            "its PKCS#11 library takes neither an id nor protection attributes for a new key",
        ),
        restart_finds_keys: true,
        ..Self::NONE
    };

    /// A card does one command at a time; its driver locks it, and what waits there cannot be dropped when its
    /// deadline passes (OpenSC: `sc_lock` around every card operation).
    const OPENSC: Self = Self {
        vendor: "OpenSC card",
        max_sessions: Some(1),
        ..Self::NONE
    };

    /// Words by which module or token give their maker away.
    const TABLE: [(&'static str, Self); 12] = [
        ("kryoptic", Self::KRYOPTIC),
        ("softhsm", Self::SOFTHSM),
        ("luna", Self::LUNA),
        ("safenet", Self::LUNA),
        ("thales", Self::LUNA),
        ("ncipher", Self::NSHIELD),
        ("nshield", Self::NSHIELD),
        ("yubihsm", Self::YUBIHSM),
        ("cloudhsm", Self::CLOUDHSM),
        ("cavium", Self::CLOUDHSM),
        ("google", Self::GOOGLE),
        ("opensc", Self::OPENSC),
    ];

    /// The quirks of a token, recognised by what module and token say of their makers.
    pub fn of(module: &ModuleInfo, token: &TokenInfo) -> Self {
        let says = |word: &str| {
            [
                &module.manufacturer,
                &module.description,
                &token.manufacturer,
                &token.model,
            ]
            .iter()
            .any(|text| text.to_ascii_lowercase().contains(word))
        };
        Self::TABLE
            .into_iter()
            .find(|(word, _)| says(word))
            .map_or(Self::NONE, |(_, quirks)| quirks)
    }

    /// The vendor's mechanism for RSA keys, where there is one.
    pub(crate) fn rsa_generation_mechanism(&self) -> Option<MechanismType> {
        MechanismType::new_vendor_defined(self.rsa_generation?).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(manufacturer: &str, model: &str) -> Quirks {
        let module = ModuleInfo {
            path: "/x.so".into(),
            manufacturer: manufacturer.to_owned(),
            description: String::new(),
            library_version: "1.0".to_owned(),
            cryptoki_version: "2.40".to_owned(),
        };
        let token = TokenInfo {
            model: model.to_owned(),
            ..TokenInfo::default()
        };
        Quirks::of(&module, &token)
    }

    #[test]
    fn a_token_is_recognised_by_what_it_says_and_an_unknown_one_follows_the_standard() {
        assert!(of("SoftHSM", "SoftHSM v2").restart_finds_token);
        assert!(of("SafeNet", "Luna K7").rsa_generation_mechanism().is_some());
        assert_eq!(of("Yubico (www.yubico.com)", "YubiHSM").max_sessions, Some(8));
        assert!(of("Kryoptic", "FIPS-140-3 v1").login_alone);
        assert_eq!(of("ACME", "Box"), Quirks::NONE);
    }
}
