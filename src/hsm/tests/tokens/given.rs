//! What the tests on real tokens start from.

use crossbeam_channel::{Receiver, Sender};
use std::sync::Arc;
use std::time::{Duration, Instant};

use hsm::inventory::{KeyEntry, Material};
use hsm::key::{KeyId, Purpose};
use hsm::pin::{Pin, PinSource};
use hsm::pool::{Job, Pool, PoolKey, PoolOptions, Replies};
use hsm::token::{Caution, NewPair, Token, TokenSettings};
use pki::algorithm::{KeyAlgorithm, SignatureAlgorithm};
use pki::aws_lc::AwsLc;
use pki::certificate::{Content, Validity};
use pki::extension::{Extension, Extensions};
use pki::name::{Attribute, Name};
use pki::public_key::PublicKey;
use pki::serial::Serial;
use pki::signing::{SignError, Signer, Verifier};
use pki::time::Time;

/// An open token.
pub(crate) fn open(settings: &TokenSettings) -> Arc<Token> {
    Arc::new(Token::open(settings, Caution::Careful).unwrap())
}

/// The same token with another PIN.
pub(crate) fn with_pin(settings: &TokenSettings, pin: &str) -> TokenSettings {
    TokenSettings {
        pin: PinSource::Given(Pin::new(Box::from(pin))),
        ..settings.clone()
    }
}

/// A new key pair.
pub(crate) fn new_pair(token: &Token, algorithm: KeyAlgorithm) -> (KeyId, PublicKey) {
    let id = token.new_key_id().unwrap();
    let new = NewPair {
        id,
        label: "test",
        algorithm,
    };
    (id, token.generate_pair(&new).unwrap())
}

/// The inventory entry of a key pair.
pub(crate) fn entry(name: &str, token: &str, id: KeyId, public_key: &PublicKey) -> KeyEntry {
    KeyEntry {
        name: name.to_owned(),
        token: token.to_owned(),
        id,
        material: Material::Pair {
            algorithm: public_key.algorithm(),
            signature: public_key.algorithm().default_signature(),
            public_key_sha256: public_key.fingerprint(),
        },
        purposes: vec![Purpose::Certificate],
        certificate: None,
        budget: None,
    }
}

/// A pool with one P-256 key named `key`, and where its answers go.
pub(crate) struct Served {
    /// The pool.
    pub(crate) pool: Pool<u32>,
    /// The key.
    pub(crate) key: PoolKey,
    /// Its public half.
    pub(crate) public_key: PublicKey,
    answers: Receiver<Answer>,
}

/// The tag of a job and what became of it.
pub(crate) type Answer = (u32, Result<Vec<u8>, SignError>);

/// Sends answers on to the test.
pub(crate) struct Collect(Sender<Answer>);

impl Replies<u32> for Collect {
    fn reply(&mut self, tag: u32, outcome: Result<Vec<u8>, SignError>) {
        // A test that is over does not listen any more.
        let _ = self.0.send((tag, outcome));
    }
}

/// Makes a key and a pool over it.
pub(crate) fn serve(settings: &TokenSettings, options: PoolOptions) -> Served {
    let token = open(settings);
    let (id, public_key) = new_pair(&token, KeyAlgorithm::EcdsaP256);
    drop(token);
    serve_keys(
        settings,
        &[entry("key", &settings.label, id, &public_key)],
        options,
    )
    .unwrap()
}

/// A pool over these keys, the first of which is used.
pub(crate) fn serve_keys(
    settings: &TokenSettings,
    keys: &[KeyEntry],
    options: PoolOptions,
) -> hsm::Result<Served> {
    let (sender, answers) = crossbeam_channel::unbounded();
    let pool = Pool::start(settings, keys, options, |_| Collect(sender.clone()))?;
    let key = pool.key(&keys[0].name).unwrap();
    let public_key = pool.public_key(key).unwrap().clone();
    Ok(Served {
        pool,
        key,
        public_key,
        answers,
    })
}

impl Served {
    /// Hands in a job whose message is its tag.
    pub(crate) fn submit(&self, tag: u32, patience: Duration) -> Result<(), SignError> {
        let job = Job {
            key: self.key,
            message: tag.to_be_bytes().to_vec(),
            deadline: Instant::now() + patience,
            tag,
        };
        self.pool.submit(job).map_err(|rejected| {
            assert_eq!(rejected.tag, tag);
            rejected.error
        })
    }

    /// The next answer; panics when none comes.
    pub(crate) fn answer(&self) -> Answer {
        let answer = self.answers.recv_timeout(Duration::from_secs(20));
        answer.unwrap_or_else(|_| {
            panic!(
                "no answer: {:?}, {:?}",
                self.pool.health(),
                self.pool.longest_call()
            )
        })
    }

    /// No answer is left.
    pub(crate) fn is_quiet(&self) -> bool {
        self.answers.try_recv().is_err()
    }

    /// The pool alone, and the answers still to come; they end when its threads do.
    pub(crate) fn apart(self) -> (Pool<u32>, Receiver<Answer>) {
        (self.pool, self.answers)
    }

    /// Signs one message.
    pub(crate) fn sign(&self, tag: u32) -> Result<Vec<u8>, SignError> {
        self.submit(tag, Duration::from_secs(10))?;
        let (answered, outcome) = self.answer();
        assert_eq!(answered, tag);
        outcome
    }

    /// Whether this is the signature of the message.
    pub(crate) fn verifies(&self, tag: u32, signature: &[u8]) -> bool {
        AwsLc.verify(
            &self.public_key,
            SignatureAlgorithm::EcdsaSha256,
            &tag.to_be_bytes(),
            signature,
        )
    }

    /// Signs until it works again; how long that took.
    pub(crate) fn time_to_recover(&self, tag: u32) -> Duration {
        let begun = Instant::now();
        while begun.elapsed() < Duration::from_secs(20) {
            if let Ok(signature) = self.sign(tag) {
                assert!(self.verifies(tag, &signature));
                return begun.elapsed();
            }
        }
        panic!("it did not recover: {:?}", self.pool.health());
    }
}

/// Waits until this holds; panics when it does not in twenty seconds.
pub(crate) fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !holds() {
        assert!(begun.elapsed() < Duration::from_secs(20), "never: {what}");
        std::thread::yield_now();
    }
}

/// A certificate of the signer's own key, still to be signed.
pub(crate) fn content(signer: &dyn Signer) -> Content {
    let name = Name::from_attributes(&[Attribute::from_key("CN", "Teste").unwrap()]).unwrap();
    let not_before = Time::from_unix_seconds(1_795_000_000).unwrap();
    let constraints = Extension::new(
        pki::oid::extension::BASIC_CONSTRAINTS,
        true,
        vec![0x30, 3, 1, 1, 0xff],
    );
    Content {
        serial: Serial::from_random([7; 20]),
        signature: signer.algorithm(),
        issuer: name.clone(),
        validity: Validity {
            not_before,
            not_after: not_before.plus_days(10),
        },
        subject: name,
        public_key: signer.public_key().clone(),
        extensions: Extensions::new(vec![constraints]).unwrap(),
    }
}
