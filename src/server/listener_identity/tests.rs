//! The listener's certificate over its life: issued, kept, renewed, and never half of one.

use std::sync::Arc;

use hsm::inventory::Inventory;
use pki::algorithm::{KeyAlgorithm, SignatureAlgorithm};
use pki::public_key::PublicKey;
use pki::signing::{SignError, Signer, Signing};

use super::*;
use crate::clock::{Clock as _, FixedClock};
use crate::http::private::tls::provider;
use crate::issuing::choose;
use crate::testing::{Fixture, key};

struct Office {
    fixture: Fixture,
    clock: Arc<FixedClock>,
}

impl Office {
    fn new() -> Self {
        let fixture = Fixture::new();
        let clock = Arc::new(FixedClock::at(fixture.now));
        Self { fixture, clock }
    }

    fn keeper(&self, names: &[&str]) -> Keeper {
        Keeper {
            issuing: self.fixture.issuing(),
            names: names.iter().map(|name| (*name).to_owned()).collect(),
            state: self.fixture.config().office.state,
            clock: self.clock.clone(),
            health: Health::new(),
        }
    }

    fn file(&self) -> PathBuf {
        self.fixture.path().join("state/listener/identity.pem")
    }
}

#[tokio::test]
async fn the_first_start_issues_one_and_the_second_finds_it_again() {
    let office = Office::new();
    let first = office.keeper(&["localhost", "127.0.0.1"]).obtain().await.unwrap();
    let content = first.leaf.content();
    assert!(content.validity.contains(office.fixture.now));
    assert!(
        content.validity.not_before < office.fixture.now,
        "clients' clocks are not exact"
    );
    assert_eq!(names(&first.leaf), ["localhost", "127.0.0.1"]);
    assert_eq!(first.chain.len(), 1, "the TLS authority, without the root");
    let second = office.keeper(&["localhost", "127.0.0.1"]).obtain().await.unwrap();
    assert_eq!(second.leaf.der(), first.leaf.der());
}

#[tokio::test]
async fn key_and_certificate_are_for_their_owner_alone() {
    use std::os::unix::fs::PermissionsExt as _;
    let office = Office::new();
    office.keeper(&["localhost"]).obtain().await.unwrap();
    let mode = |path: &std::path::Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&office.file()), 0o600);
    assert_eq!(mode(office.file().parent().unwrap()), 0o700);
}

#[tokio::test]
async fn other_names_or_a_broken_file_lead_to_a_new_one() {
    let office = Office::new();
    let first = office.keeper(&["localhost"]).obtain().await.unwrap();
    let renamed = office.keeper(&["localhost", "::1"]).obtain().await.unwrap();
    assert_ne!(first.leaf.der(), renamed.leaf.der());
    for broken in [
        "",
        "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n",
        "\u{0}\u{0}",
    ] {
        std::fs::write(office.file(), broken).unwrap();
        let again = office.keeper(&["localhost", "::1"]).obtain().await.unwrap();
        assert_eq!(names(&again.leaf), ["localhost", "::1"]);
    }
}

#[tokio::test]
async fn a_key_that_is_not_the_certificates_is_never_used() {
    let office = Office::new();
    office.keeper(&["localhost"]).obtain().await.unwrap();
    let ours = std::fs::read_to_string(office.file()).unwrap();
    let other = pki::pem::encode("PRIVATE KEY", &software_key::generate().unwrap().pkcs8).unwrap();
    let certificates = &ours[ours.find("-----BEGIN CERTIFICATE").unwrap()..];
    std::fs::write(office.file(), format!("{other}{certificates}")).unwrap();
    assert!(read(&office.fixture.config().office.state).is_err());
    assert!(office.keeper(&["localhost"]).obtain().await.is_ok());
}

#[tokio::test]
async fn it_is_renewed_before_it_ends_and_connections_get_the_new_one() {
    let office = Office::new();
    let keeper = office.keeper(&["localhost"]);
    let mut identity = keeper.obtain().await.unwrap();
    let provider = provider();
    let current = CurrentCertificate::new(identity.in_use(&provider).unwrap());
    let first = identity.until();
    office.clock.advance_days(30);
    keeper.look(&mut identity, &current, &provider).await;
    assert_eq!(current.until(), first, "not due yet");
    office.clock.advance_days(35);
    keeper.look(&mut identity, &current, &provider).await;
    assert!(
        current.until() > first,
        "due: less than a third of its life was left"
    );
    assert_eq!(read(&keeper.state).unwrap().unwrap().until(), current.until());
    assert_eq!(keeper.health.reasons(), []);
}

/// A signer that is away.
struct Away(PublicKey);

impl Signer for Away {
    fn public_key(&self) -> &PublicKey {
        &self.0
    }
    fn algorithm(&self) -> SignatureAlgorithm {
        SignatureAlgorithm::EcdsaSha384
    }
    fn sign<'a>(&'a self, _: &'a [u8]) -> Signing<'a> {
        Box::pin(async {
            Err(SignError::Unavailable {
                reason: "it is being restarted".to_owned(),
            })
        })
    }
}

#[tokio::test]
async fn while_the_signer_is_away_the_old_one_stays_and_health_tells_when_it_ended() {
    let office = Office::new();
    let mut keeper = office.keeper(&["localhost"]);
    let mut identity = keeper.obtain().await.unwrap();
    let provider = provider();
    let current = CurrentCertificate::new(identity.in_use(&provider).unwrap());
    let first = current.until();
    keeper.issuing.signer = Arc::new(Away(office.fixture.tls.content().public_key.clone()));
    office.clock.advance_days(80);
    keeper.look(&mut identity, &current, &provider).await;
    assert_eq!((current.until(), keeper.health.reasons()), (first, vec![]));
    office.clock.advance_days(20);
    keeper.look(&mut identity, &current, &provider).await;
    assert_eq!(keeper.health.reasons(), [Reason::ListenerCertificate]);
    keeper.issuing = office.fixture.issuing();
    keeper.look(&mut identity, &current, &provider).await;
    assert!(current.until() > office.clock.now());
    assert_eq!(keeper.health.reasons(), []);
}

#[tokio::test]
async fn a_signature_by_another_key_never_becomes_a_certificate() {
    let office = Office::new();
    let mut keeper = office.keeper(&["localhost"]);
    keeper.issuing.signer = Arc::new(key(KeyAlgorithm::EcdsaP384));
    assert!(
        keeper.obtain().await.is_err(),
        "it would not verify under the authority's certificate"
    );
    assert!(!office.file().exists());
}

#[test]
fn an_authority_without_key_or_past_its_end_is_not_chosen() {
    let fixture = Fixture::new();
    let authorities = fixture.authorities();
    let chosen = choose("tls", &authorities, &fixture.inventory(), fixture.now).unwrap();
    assert_eq!((chosen.generation, chosen.published.as_str()), (1, "tls"));
    let without = choose("tls", &authorities, &Inventory::default(), fixture.now).unwrap_err();
    assert!(
        without
            .to_string()
            .contains("authority \"tls\" has no certificate in force"),
        "{without}"
    );
    assert_eq!(without.exit(), crate::exit::Exit::Keys);
    let later = fixture.now.plus_days(3000);
    assert!(choose("tls", &authorities, &fixture.inventory(), later).is_err());
}
