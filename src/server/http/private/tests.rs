//! The private listener over real TLS: who gets in, what they see, and that it renews itself under their feet.

use std::net::SocketAddr;

use axum::http::StatusCode;
use hsm::inventory::Period;
use hsm::key::Purpose;
use hsm::signer::protocol::{BudgetStatus, KeyState, KeyStatus, QueueStatus, Status, TokenStatus};
use pki::algorithm::{KeyAlgorithm, SignatureAlgorithm};
use pki::certificate::Certificate;
use pki::extension::{CertificatePolicies, ExtendedKeyUsage, ExtensionContent as _, Extensions};
use pki::oid::usage;
use pki::signing::Signer as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::task::JoinHandle;
use tokio_rustls::{TlsAcceptor, TlsConnector};

use super::verifier::OperatorVerifier;
use super::*;
use crate::clock::{Clock as _, FixedClock};
use crate::http::health::Health;
use crate::http::listener::{Door, Listener};
use crate::http::private::tls::{configuration, provider};
use crate::listener_identity::Keeper;
use crate::signer_watch::{Phase, SignerState};
use crate::software_key::{self, StoredKey};
use crate::stop;
use crate::testing::{Fixture, sign};

/// A private listener with everything behind it but a token.
struct Private {
    fixture: Fixture,
    clock: Arc<FixedClock>,
    current: Arc<CurrentCertificate>,
    address: SocketAddr,
    _stopper: stop::Stopper,
    _task: JoinHandle<()>,
}

impl Private {
    async fn open() -> Self {
        let fixture = Fixture::new();
        let clock = Arc::new(FixedClock::at(fixture.now));
        let shared: SharedClock = clock.clone();
        let keeper = keeper(&fixture, &clock);
        let identity = keeper.obtain().await.unwrap();
        let current = Arc::new(CurrentCertificate::new(identity.in_use(&provider()).unwrap()));
        let policies = fixture.hierarchy.operator().unwrap().policies.clone();
        let verifier = OperatorVerifier::new(provider(), &fixture.tls, policies).unwrap();
        let tls = configuration(provider(), verifier, Arc::clone(&current), Arc::clone(&shared)).unwrap();
        let site = PrivateSite {
            office: "Tabelionato de Teste".into(),
            authorities: Arc::new(fixture.authorities()),
            signer: SignerWatch::fixed(signer(fixture.now), shared.clone()),
            examined: Examination::first(&fixture.config(), &shared),
            certificate: Arc::clone(&current),
            clock: shared,
        };
        let free = SocketAddr::from(([127, 0, 0, 1], 0));
        let listener = Listener::open("private", free, Limits::PRIVATE).await.unwrap();
        let address = listener.address();
        let (stopper, stop) = stop::channel();
        let door = Door::Tls(TlsAcceptor::from(Arc::new(tls)));
        let task = tokio::spawn(listener.serve(door, router(site, &Limits::PRIVATE), stop));
        Self {
            fixture,
            clock,
            current,
            address,
            _stopper: stopper,
            _task: task,
        }
    }

    async fn operator(&self, name: &str) -> (StoredKey, Certificate) {
        let stored = software_key::generate().unwrap();
        let key = stored.key.public_key();
        let issued = self
            .fixture
            .issuing()
            .operator(name, key, self.clock.now())
            .await
            .unwrap();
        (stored, issued.into_value())
    }

    /// Opens a TLS connection as whoever has this certificate.
    async fn connect(
        &self,
        client: Option<(&StoredKey, &Certificate)>,
        version: &'static rustls::SupportedProtocolVersion,
    ) -> std::io::Result<tokio_rustls::client::TlsStream<TcpStream>> {
        let mut roots = RootCertStore::empty();
        roots
            .add(CertificateDer::from(self.fixture.root.der().to_vec()))
            .unwrap();
        // The client's clock is the machine's in rustls; ours stands elsewhere, so it is given ours.
        let builder = ClientConfig::builder_with_details(provider(), Arc::new(Standing(self.clock.now())))
            .with_protocol_versions(&[version])
            .unwrap()
            .with_root_certificates(roots);
        let config = match client {
            Some((stored, certificate)) => {
                let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(stored.pkcs8.to_vec()));
                let key = provider().key_provider.load_private_key(key).unwrap();
                let chain = vec![CertificateDer::from(certificate.der().to_vec())];
                // Not checked against each other: a client that lies does not check either.
                let certified = rustls::sign::CertifiedKey::new(chain, key);
                builder.with_client_cert_resolver(Arc::new(rustls::sign::SingleCertAndKey::from(certified)))
            }
            None => builder.with_no_client_auth(),
        };
        let stream = TcpStream::connect(self.address).await?;
        let name = ServerName::try_from("localhost").unwrap();
        TlsConnector::from(Arc::new(config)).connect(name, stream).await
    }

    /// One question over a connection of its own; an error where the server lets nobody in.
    async fn ask(&self, client: Option<(&StoredKey, &Certificate)>, head: &str) -> std::io::Result<String> {
        let mut stream = self.connect(client, &rustls::version::TLS13).await?;
        exchange(&mut stream, &format!("{head}Connection: close\r\n")).await
    }
}

async fn exchange(
    stream: &mut tokio_rustls::client::TlsStream<TcpStream>,
    head: &str,
) -> std::io::Result<String> {
    stream
        .write_all(format!("{head}Host: localhost\r\n\r\n").as_bytes())
        .await?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await?;
    Ok(String::from_utf8_lossy(&answer).into_owned())
}

/// One question on a connection that stays open, to the end of the answer's headers and body.
async fn first_exchange(stream: &mut tokio_rustls::client::TlsStream<TcpStream>) {
    let question = b"GET /nowhere HTTP/1.1\r\nHost: localhost\r\n\r\n";
    stream.write_all(question).await.unwrap();
    let mut answer = Vec::new();
    while !answer.ends_with(b"}") {
        answer.push(stream.read_u8().await.unwrap());
    }
    assert!(
        answer.starts_with(b"HTTP/1.1 404"),
        "{}",
        String::from_utf8_lossy(&answer)
    );
}

#[derive(Debug)]
struct Standing(pki::time::Time);

impl rustls::time_provider::TimeProvider for Standing {
    fn current_time(&self) -> Option<rustls::pki_types::UnixTime> {
        let seconds = u64::try_from(self.0.unix_seconds()).unwrap();
        Some(rustls::pki_types::UnixTime::since_unix_epoch(
            std::time::Duration::from_secs(seconds),
        ))
    }
}

fn keeper(fixture: &Fixture, clock: &Arc<FixedClock>) -> Keeper {
    Keeper {
        issuing: fixture.issuing(),
        names: vec!["localhost".to_owned()],
        state: fixture.config().office.state,
        clock: clock.clone(),
        health: Health::new(),
    }
}

/// A signer at work with one key in good order and one that is not.
pub(crate) fn signer(since: pki::time::Time) -> SignerState {
    let key = |name: &str, state, budget| KeyStatus {
        name: name.to_owned(),
        token: "sinete-online".to_owned(),
        algorithm: Some((KeyAlgorithm::EcdsaP384, SignatureAlgorithm::EcdsaSha384)),
        purposes: vec![Purpose::Certificate, Purpose::Crl],
        public_key: Vec::new(),
        state,
        budget,
    };
    let budget = BudgetStatus {
        limit: 20_000,
        per: Period::Day,
        left: 19_990,
    };
    let reason = "the token has no such <key>".to_owned();
    SignerState {
        phase: Phase::Up,
        since,
        restarts: 3,
        status: Some(Status {
            uptime_seconds: 60,
            sandbox: "all of it".to_owned(),
            queue: QueueStatus {
                waiting: 2,
                capacity: 1024,
                connections: 1,
                longest_call_ms: 0,
                signatures: 41,
            },
            tokens: vec![TokenStatus {
                label: "sinete-online".to_owned(),
                ready: true,
                state: "SoftHSM v2".to_owned(),
                sessions: 8,
            }],
            keys: vec![
                key("tls", KeyState::Ready, Some(budget)),
                key("documents", KeyState::Unusable { reason }, None),
            ],
        }),
    }
}

#[tokio::test]
async fn an_operator_sees_the_console() {
    let private = Private::open().await;
    let (stored, certificate) = private.operator("Ana Operadora").await;
    let client = Some((&stored, &certificate));
    let page = private.ask(client, "GET / HTTP/1.1\r\n").await.unwrap();
    assert!(page.starts_with("HTTP/1.1 200"), "{page}");
    for expected in [
        "Signed in as <strong>Ana Operadora</strong>",
        "At work",
        "Autoridade TLS de Demonstração G1",
        "10 of 20000 per day",
        "certificates, revocation lists",
        "the token has no such &#60;key&#62;",
        "hierarchy.toml, office.policy_arc",
    ] {
        assert!(page.contains(expected), "{expected} is missing\n{page}");
    }
    let lower = page.to_lowercase();
    for header in [
        "strict-transport-security: max-age=63072000",
        "cache-control: no-store",
        "content-security-policy: default-src 'none'",
    ] {
        assert!(lower.contains(header), "{header}\n{page}");
    }
    assert!(!page.contains("<script") && !page.contains(" style=\""), "{page}");
    let portuguese = private
        .ask(client, "GET / HTTP/1.1\r\nAccept-Language: pt\r\n")
        .await
        .unwrap();
    assert!(
        portuguese.contains("Assinador") && portuguese.contains("10 de 20000 por dia"),
        "{portuguese}"
    );
}

#[tokio::test]
async fn the_api_answers_with_the_same_as_json() {
    let private = Private::open().await;
    let (stored, certificate) = private.operator("Ana").await;
    let answer = private
        .ask(Some((&stored, &certificate)), "GET /api/v1/status HTTP/1.1\r\n")
        .await
        .unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    assert!(head.contains("application/json"), "{head}");
    let status: serde_json::Value = serde_json::from_str(body).unwrap();
    assert_eq!(status["operator"]["name"], "Ana");
    assert_eq!(status["signer"]["state"], "up");
    assert_eq!(status["keys"][0]["budget"]["used"], 10);
    assert_eq!(status["keys"][0]["budget"]["per"], "day");
    assert_eq!(status["keys"][1]["ready"], false);
    assert_eq!(status["authorities"][0]["name"], "root");
    assert_eq!(
        status["authorities"][1]["not_after"],
        private.fixture.tls.content().validity.not_after.to_string()
    );
    assert!(status["findings"].is_array());
}

#[tokio::test]
async fn nobody_gets_in_without_a_certificate() {
    let private = Private::open().await;
    assert!(private.ask(None, "GET / HTTP/1.1\r\n").await.is_err());
}

#[tokio::test]
async fn older_tls_is_not_spoken() {
    // Only 1.3 is compiled in; a 1.2 hello by hand is answered with an alert, not with a hello.
    let private = Private::open().await;
    let mut stream = TcpStream::connect(private.address).await.unwrap();
    let hello = [
        &[0x16, 3, 1, 0, 47, 1, 0, 0, 43, 3, 3][..],
        &[7; 32],
        &[0, 0, 4, 0xc0, 0x2b, 0xc0, 0x2f, 1, 0],
    ]
    .concat();
    stream.write_all(&hello).await.unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.unwrap();
    assert_eq!(answer.first(), Some(&0x15), "an alert: {answer:02x?}");
}

/// A certificate of the TLS authority, changed before it is signed.
async fn changed(
    private: &Private,
    change: impl FnOnce(&mut Vec<pki::extension::Extension>),
) -> (StoredKey, Certificate) {
    let (stored, certificate) = private.operator("Ana").await;
    let mut content = certificate.content().clone();
    let mut list: Vec<_> = content.extensions.iter().cloned().collect();
    change(&mut list);
    content.extensions = Extensions::new(list).unwrap();
    (stored, sign(&content, &private.fixture.tls_key))
}

#[tokio::test]
async fn certificates_that_are_no_operators_are_turned_away() {
    let private = Private::open().await;
    let replace = |list: &mut Vec<pki::extension::Extension>, with: pki::extension::Extension| {
        list.retain(|extension| extension.oid != with.oid);
        list.push(with);
    };
    let server = ExtendedKeyUsage(vec![usage::SERVER_AUTH]).to_extension().unwrap();
    let of_servers = private.fixture.hierarchy.listener().unwrap().policies.clone();
    let of_servers: Vec<_> = of_servers
        .into_iter()
        .map(pki::extension::PolicyInformation::new)
        .collect();
    let other_policy = CertificatePolicies(of_servers).to_extension().unwrap();
    let any = pki::extension::PolicyInformation::new(pki::oid::policy::ANY_POLICY);
    let any = CertificatePolicies(vec![any]).to_extension().unwrap();
    for (what, with) in [
        ("a server's purpose", server),
        ("a server's policy", other_policy),
        ("any policy", any),
    ] {
        let (stored, certificate) = changed(&private, |list| replace(list, with)).await;
        let answer = private
            .ask(Some((&stored, &certificate)), "GET / HTTP/1.1\r\n")
            .await;
        assert!(answer.is_err(), "{what}: {answer:?}");
    }
    let (stored, certificate) = changed(&private, |list| {
        list.retain(|extension| extension.oid != pki::oid::extension::CERTIFICATE_POLICIES);
    })
    .await;
    assert!(
        private
            .ask(Some((&stored, &certificate)), "GET / HTTP/1.1\r\n")
            .await
            .is_err(),
        "no policy"
    );
    let (unchanged, certificate) = changed(&private, |_| {}).await;
    assert!(
        private
            .ask(Some((&unchanged, &certificate)), "GET / HTTP/1.1\r\n")
            .await
            .is_ok()
    );
}

#[tokio::test]
async fn a_certificate_of_another_authority_or_key_is_turned_away() {
    let private = Private::open().await;
    let other = Fixture::new();
    let stored = software_key::generate().unwrap();
    let key = stored.key.public_key();
    let foreign = other
        .issuing()
        .operator("Eva", key, other.now)
        .await
        .unwrap()
        .into_value();
    assert!(
        private
            .ask(Some((&stored, &foreign)), "GET / HTTP/1.1\r\n")
            .await
            .is_err()
    );
    let (_, certificate) = private.operator("Ana").await;
    assert!(
        private
            .ask(Some((&stored, &certificate)), "GET / HTTP/1.1\r\n")
            .await
            .is_err(),
        "the certificate of one with the key of another"
    );
}

#[tokio::test]
async fn an_expired_certificate_is_turned_away_even_on_an_open_connection() {
    let private = Private::open().await;
    let (stored, certificate) = private.operator("Ana").await;
    let client = Some((&stored, &certificate));
    let mut open = private.connect(client, &rustls::version::TLS13).await.unwrap();
    // The client is done with the handshake before the server has looked at its certificate.
    first_exchange(&mut open).await;
    private.clock.advance_days(400);
    let answer = exchange(&mut open, "GET /api/v1/status HTTP/1.1\r\nConnection: close\r\n")
        .await
        .unwrap();
    assert!(answer.starts_with("HTTP/1.1 403"), "{answer}");
    assert!(answer.contains("\"code\":\"certificate-expired\""), "{answer}");
    assert!(private.ask(client, "GET / HTTP/1.1\r\n").await.is_err());
}

#[tokio::test]
async fn a_renewed_certificate_is_shown_to_new_connections_and_open_ones_go_on() {
    let private = Private::open().await;
    let (stored, certificate) = private.operator("Ana").await;
    let client = Some((&stored, &certificate));
    let mut open = private.connect(client, &rustls::version::TLS13).await.unwrap();
    let shown = |stream: &tokio_rustls::client::TlsStream<TcpStream>| {
        stream.get_ref().1.peer_certificates().unwrap()[0].to_vec()
    };
    private.clock.advance_days(65);
    let renewed = keeper(&private.fixture, &private.clock).obtain().await.unwrap();
    private.current.replace(renewed.in_use(&provider()).unwrap());
    let new = private.connect(client, &rustls::version::TLS13).await.unwrap();
    assert_ne!(shown(&open), shown(&new));
    let answer = exchange(&mut open, "GET /api/v1/status HTTP/1.1\r\nConnection: close\r\n")
        .await
        .unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
}

#[tokio::test]
async fn without_an_operator_no_handler_is_reached() {
    use tower::ServiceExt as _;
    let private = Private::open().await;
    let shared: SharedClock = private.clock.clone();
    let site = PrivateSite {
        office: "x".into(),
        authorities: Arc::default(),
        signer: SignerWatch::fixed(signer(private.fixture.now), shared.clone()),
        examined: Examination::first(&private.fixture.config(), &shared),
        certificate: Arc::clone(&private.current),
        clock: shared,
    };
    for path in ["/", "/api/v1/status"] {
        let request = axum::http::Request::get(path)
            .body(axum::body::Body::empty())
            .unwrap();
        let answer = router(site.clone(), &Limits::PRIVATE)
            .oneshot(request)
            .await
            .unwrap();
        assert_eq!(answer.status(), StatusCode::FORBIDDEN, "{path}");
    }
}
