//! The throw-away token that is measured: its keys, and a certificate for the one that signs certificates.
//!
//! Keys are made and used here straight through `cryptoki`, without the product's token layer, so that the limit
//! owes nothing to what is measured against it.

use std::path::{Path, PathBuf};

use cryptoki::context::{CInitializeArgs, CInitializeFlags, Pkcs11};
use cryptoki::mechanism::Mechanism;
use cryptoki::object::{Attribute, AttributeType, ObjectHandle};
use cryptoki::session::{Session, UserType};
use cryptoki::slot::Slot;
use cryptoki::types::AuthPin;
use pki::algorithm::{KeyAlgorithm, SignatureAlgorithm};
use pki::asn1::{Element, tag, write};
use pki::public_key::PublicKey;

use crate::{Failure, Options};

/// The label of the token.
pub(crate) const LABEL: &str = "sinete-bench";
/// Nothing worth hiding lies behind it: the token lives as long as the run.
const PIN: &str = "bench-7309";

/// One key pair in the token.
#[expect(
    clippy::struct_field_names,
    reason = "a public key is called that in every standard"
)]
pub(crate) struct Key {
    /// `CKA_ID`.
    pub(crate) id: [u8; 16],
    /// The signature that is measured.
    pub(crate) signature: SignatureAlgorithm,
    /// The public half.
    pub(crate) public_key: PublicKey,
}

/// The token and what is known of it.
pub(crate) struct Workshop {
    context: Pkcs11,
    slot: Slot,
    keys: Vec<Key>,
    seconds: f64,
    /// The `sinete` binary.
    pub(crate) binary: PathBuf,
    /// The PKCS#11 module.
    pub(crate) module: PathBuf,
    /// A throw-away folder.
    pub(crate) folder: PathBuf,
    /// The demonstration office.
    pub(crate) office: Option<PathBuf>,
    /// Keeps the first login alive: sessions of one process share it.
    _login: std::sync::Mutex<Session>,
}

/// What is measured: the signature, and the kind of key that makes it.
const MEASURED: [(SignatureAlgorithm, KeyAlgorithm); 8] = [
    (SignatureAlgorithm::EcdsaSha256, KeyAlgorithm::EcdsaP256),
    (SignatureAlgorithm::EcdsaSha384, KeyAlgorithm::EcdsaP384),
    (SignatureAlgorithm::EcdsaSha512, KeyAlgorithm::EcdsaP521),
    (SignatureAlgorithm::RsaPkcs1Sha256, KeyAlgorithm::Rsa2048),
    (SignatureAlgorithm::RsaPkcs1Sha256, KeyAlgorithm::Rsa3072),
    (SignatureAlgorithm::RsaPssSha256, KeyAlgorithm::Rsa3072),
    (SignatureAlgorithm::RsaPkcs1Sha512, KeyAlgorithm::Rsa4096),
    (SignatureAlgorithm::Ed25519, KeyAlgorithm::Ed25519),
];

impl Workshop {
    /// Makes the token and its keys; `SOFTHSM2_CONF` must point to an empty token folder.
    pub(crate) fn open(options: &Options) -> Result<Self, Failure> {
        let context = Pkcs11::new(&options.module)?;
        context.initialize(CInitializeArgs::new(CInitializeFlags::OS_LOCKING_OK))?;
        let free = *context
            .get_slots_with_token()?
            .first()
            .ok_or("the module shows no slot")?;
        let (officer, pin) = (AuthPin::new("officer-7309".into()), AuthPin::new(PIN.into()));
        context.init_token(free, &officer, LABEL)?;
        let slot = slot_of(&context)?;
        let session = context.open_rw_session(slot)?;
        session.login(UserType::So, Some(&officer))?;
        session.init_pin(&pin)?;
        session.logout()?;
        session.login(UserType::User, Some(&pin))?;
        let keys = MEASURED
            .into_iter()
            .filter(|(_, algorithm)| options.only.is_none_or(|only| only == *algorithm))
            .zip(1_u8..)
            .map(|((signature, algorithm), number)| make(&session, [number; 16], signature, algorithm))
            .collect::<Result<Vec<_>, _>>()?;
        std::fs::write(options.folder.join("pin"), PIN)?;
        restrict(&options.folder.join("pin"))?;
        Ok(Self {
            context,
            slot,
            keys,
            seconds: options.seconds,
            binary: options.binary.clone(),
            module: options.module.clone(),
            folder: options.folder.clone(),
            office: options.office.clone(),
            _login: std::sync::Mutex::new(session),
        })
    }

    /// The keys, in the order of the tables.
    pub(crate) fn keys(&self) -> &[Key] {
        &self.keys
    }

    /// How long one cell is measured.
    pub(crate) const fn seconds(&self) -> f64 {
        self.seconds
    }

    /// A new session; it is logged in because its process is.
    pub(crate) fn session(&self) -> Result<Session, Failure> {
        Ok(self.context.open_ro_session(self.slot)?)
    }
}

fn slot_of(context: &Pkcs11) -> Result<Slot, Failure> {
    for slot in context.get_slots_with_initialized_token()? {
        if context.get_token_info(slot)?.label() == LABEL {
            return Ok(slot);
        }
    }
    Err("the token is not there after it was initialised".into())
}

fn restrict(path: &Path) -> Result<(), Failure> {
    use std::os::unix::fs::PermissionsExt as _;
    Ok(std::fs::set_permissions(
        path,
        std::fs::Permissions::from_mode(0o600),
    )?)
}

fn make(
    session: &Session,
    id: [u8; 16],
    signature: SignatureAlgorithm,
    algorithm: KeyAlgorithm,
) -> Result<Key, Failure> {
    let mut public = vec![
        Attribute::Token(true),
        Attribute::Id(id.to_vec()),
        Attribute::Verify(true),
    ];
    let private = [
        Attribute::Token(true),
        Attribute::Private(true),
        Attribute::Sensitive(true),
        Attribute::Extractable(false),
        Attribute::Sign(true),
        Attribute::Id(id.to_vec()),
    ];
    let mechanism = match (algorithm.curve(), algorithm.modulus_bits()) {
        (Some(curve), _) => {
            public.push(Attribute::EcParams(write::object_identifier(curve)));
            Mechanism::EccKeyPairGen
        }
        (_, Some(bits)) => {
            public.push(Attribute::ModulusBits(u64::try_from(bits)?.into()));
            public.push(Attribute::PublicExponent(vec![1, 0, 1]));
            Mechanism::RsaPkcsKeyPairGen
        }
        (None, None) => {
            public.push(Attribute::EcParams(write::value(
                tag::PRINTABLE_STRING,
                b"edwards25519",
            )));
            Mechanism::EccEdwardsKeyPairGen
        }
    };
    let (public, _) = session.generate_key_pair(&mechanism, &public, &private)?;
    let public_key = read_public_key(session, public, algorithm)?;
    Ok(Key {
        id,
        signature,
        public_key,
    })
}

fn read_public_key(
    session: &Session,
    key: ObjectHandle,
    algorithm: KeyAlgorithm,
) -> Result<PublicKey, Failure> {
    let wanted = [
        AttributeType::EcPoint,
        AttributeType::Modulus,
        AttributeType::PublicExponent,
    ];
    let (mut point, mut modulus, mut exponent) = (vec![], vec![], vec![]);
    for attribute in session.get_attributes(key, &wanted)? {
        match attribute {
            Attribute::EcPoint(value) => point = value,
            Attribute::Modulus(value) => modulus = value,
            Attribute::PublicExponent(value) => exponent = value,
            _ => {}
        }
    }
    if algorithm.modulus_bits().is_some() {
        return Ok(PublicKey::from_rsa_parts(&modulus, &exponent)?);
    }
    let point = Element::only_tagged(&point, tag::OCTET_STRING)?.value;
    if algorithm.curve().is_some() {
        Ok(PublicKey::from_ec_point(algorithm, point)?)
    } else {
        Ok(PublicKey::from_raw(algorithm, point)?)
    }
}
