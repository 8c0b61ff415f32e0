//! The public listener as strangers meet it: pages, published bytes, headers, limits, hostile connections.

use std::net::SocketAddr;
use std::time::Duration;

use axum::body::{Body, to_bytes};
use axum::http::{Request, header};
use pki::certificate::Certificate;
use pki::signing::SignedStructure as _;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::task::JoinHandle;
use tower::ServiceExt as _;

use super::*;
use crate::clock::FixedClock;
use crate::http::health::Reason;
use crate::http::listener::{Door, Listener};
use crate::stop;
use crate::testing::Fixture;

struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    body: Vec<u8>,
}

impl Answer {
    fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }
    fn header(&self, name: header::HeaderName) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }
}

fn site(fixture: &Fixture) -> PublicSite {
    PublicSite {
        office: "Tabelionato <Exemplo>".into(),
        authorities: Arc::new(fixture.authorities()),
        health: Health::new(),
        clock: Arc::new(FixedClock::at(fixture.now)),
    }
}

async fn ask(site: PublicSite, request: Request<Body>) -> Answer {
    let response = router(site, &Limits::PUBLIC).oneshot(request).await.unwrap();
    let (parts, body) = response.into_parts();
    Answer {
        status: parts.status,
        headers: parts.headers,
        body: to_bytes(body, 1 << 20).await.unwrap().to_vec(),
    }
}

fn get_path(path: &str) -> Request<Body> {
    Request::get(path).body(Body::empty()).unwrap()
}

#[tokio::test]
async fn the_first_page_shows_office_authorities_and_fingerprints() {
    let fixture = Fixture::new();
    let answer = ask(site(&fixture), get_path("/")).await;
    assert_eq!(answer.status, StatusCode::OK);
    let page = answer.text();
    assert!(
        page.contains("Tabelionato &#60;Exemplo&#62;"),
        "escaped office name\n{page}"
    );
    assert!(page.contains("<html lang=\"en\">"), "{page}");
    assert!(page.contains("href=\"/aia/root.cer\""), "{page}");
    for octets in fixture.authorities().find("root").unwrap().fingerprint.chunks(4) {
        let group = pki::digest::hex(octets).to_uppercase();
        assert!(page.contains(&group), "{group} is missing");
    }
    assert!(
        !page.contains("href=\"/crl/root.crl\""),
        "no CRL was published yet"
    );
    assert_eq!(answer.header(header::CONTENT_LANGUAGE), "en");
}

#[tokio::test]
async fn the_first_page_speaks_portuguese_to_those_who_prefer_it() {
    let fixture = Fixture::new();
    let mut request = get_path("/");
    request
        .headers_mut()
        .insert(header::ACCEPT_LANGUAGE, "pt-BR, en;q=0.5".parse().unwrap());
    let answer = ask(site(&fixture), request).await;
    assert!(
        answer.text().contains("Impressão digital SHA-256"),
        "{}",
        answer.text()
    );
    assert_eq!(answer.header(header::CONTENT_LANGUAGE), "pt-BR");
    assert_eq!(answer.header(header::VARY), "Accept-Language");
}

#[tokio::test]
async fn every_answer_carries_the_security_headers() {
    let fixture = Fixture::new();
    for path in [
        "/",
        "/aia/root.cer",
        "/health",
        "/nowhere",
        "/assets/sinete.css",
        "/crl/root.crl",
    ] {
        let answer = ask(site(&fixture), get_path(path)).await;
        let policy = answer.header(header::CONTENT_SECURITY_POLICY);
        assert!(policy.starts_with("default-src 'none'"), "{path}: {policy}");
        assert!(
            !policy.contains("unsafe") && !policy.contains("script"),
            "{path}: {policy}"
        );
        assert_eq!(answer.header(header::X_CONTENT_TYPE_OPTIONS), "nosniff", "{path}");
        assert_eq!(answer.header(header::REFERRER_POLICY), "no-referrer", "{path}");
        assert!(
            answer.headers.get(header::STRICT_TRANSPORT_SECURITY).is_none(),
            "{path}: plain HTTP"
        );
    }
}

#[tokio::test]
async fn pages_load_nothing_from_elsewhere_and_carry_no_script() {
    let fixture = Fixture::new();
    let page = ask(site(&fixture), get_path("/")).await;
    let style = ask(site(&fixture), get_path("/assets/sinete.css")).await;
    assert!(
        !page.text().contains("<script") && !page.text().contains(" style="),
        "{}",
        page.text()
    );
    for text in [page.text(), style.text()] {
        assert!(
            !text.contains("http://") && !text.contains("https://"),
            "an outside address"
        );
        assert!(!text.contains("@import"), "an outside style");
    }
}

#[tokio::test]
async fn a_certificate_is_published_byte_for_byte_and_revalidated_by_its_tag() {
    let fixture = Fixture::new();
    let answer = ask(site(&fixture), get_path("/aia/root.cer")).await;
    assert_eq!(answer.header(header::CONTENT_TYPE), "application/pkix-cert");
    assert!(answer.header(header::CACHE_CONTROL).contains("max-age=86400"));
    assert_eq!(
        Certificate::parse(&answer.body).unwrap(),
        *fixture.authorities().find("root").unwrap().certificate
    );
    let tag = answer.header(header::ETAG).to_owned();
    for known in [
        tag.clone(),
        format!("W/{tag}"),
        format!("\"x\", {tag}"),
        "*".to_owned(),
    ] {
        let mut again = get_path("/aia/root.cer");
        again
            .headers_mut()
            .insert(header::IF_NONE_MATCH, known.parse().unwrap());
        let answer = ask(site(&fixture), again).await;
        assert_eq!(
            (answer.status, answer.body.len()),
            (StatusCode::NOT_MODIFIED, 0),
            "{known}"
        );
    }
    let mut other = get_path("/aia/root.cer");
    other
        .headers_mut()
        .insert(header::IF_NONE_MATCH, "\"other\"".parse().unwrap());
    assert_eq!(ask(site(&fixture), other).await.status, StatusCode::OK);
}

#[tokio::test]
async fn a_crl_is_served_once_the_ceremony_has_left_one() {
    let fixture = Fixture::new();
    let before = ask(site(&fixture), get_path("/crl/root.crl")).await;
    assert_eq!(before.status, StatusCode::NOT_FOUND);
    assert!(before.text().contains("\"code\":\"no-crl\""), "{}", before.text());
    std::fs::write(fixture.crl_path("root"), b"signed bytes").unwrap();
    let after = ask(site(&fixture), get_path("/crl/root.crl")).await;
    assert_eq!(
        (after.status, after.body.as_slice()),
        (StatusCode::OK, &b"signed bytes"[..])
    );
    assert_eq!(after.header(header::CONTENT_TYPE), "application/pkix-crl");
    let page = ask(site(&fixture), get_path("/")).await;
    assert!(page.text().contains("href=\"/crl/root.crl\""), "{}", page.text());
}

#[tokio::test]
async fn no_address_leads_outside_the_published_names() {
    let fixture = Fixture::new();
    for path in [
        "/aia/..%2Froot.cer",
        "/aia/root",
        "/aia/root.pem",
        "/aia/.cer",
        "/aia/ROOT.cer",
        "/aia/root.cer/",
        "/aia/%00.cer",
        "/aia/%ff%fe.cer",
        "/crl/%ff",
        "/crl/..%2f..%2fkeys.toml",
        "/aia/root.crl",
        "//",
        "/state/keys.toml",
    ] {
        let answer = ask(site(&fixture), get_path(path)).await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{path}");
        assert_eq!(
            answer.header(header::CONTENT_TYPE),
            "application/problem+json",
            "{path}"
        );
    }
}

#[tokio::test]
async fn what_is_published_can_only_be_read() {
    let fixture = Fixture::new();
    for path in ["/", "/aia/root.cer", "/health"] {
        let request = Request::post(path).body(Body::empty()).unwrap();
        let answer = ask(site(&fixture), request).await;
        assert_eq!(answer.status, StatusCode::METHOD_NOT_ALLOWED, "{path}");
        assert!(
            answer.text().contains("\"code\":\"method-not-allowed\""),
            "{}",
            answer.text()
        );
        let request = Request::head(path).body(Body::empty()).unwrap();
        let answer = ask(site(&fixture), request).await;
        assert_eq!((answer.status, answer.body.len()), (StatusCode::OK, 0), "{path}");
    }
}

#[tokio::test]
async fn people_get_a_page_and_programs_a_problem_document() {
    let fixture = Fixture::new();
    let mut request = get_path("/nowhere");
    request
        .headers_mut()
        .insert(header::ACCEPT, "text/html,*/*;q=0.8".parse().unwrap());
    let page = ask(site(&fixture), request).await;
    assert_eq!(page.status, StatusCode::NOT_FOUND);
    assert!(
        page.text().contains("<h1>There is nothing at this address</h1>"),
        "{}",
        page.text()
    );
    let problem = ask(site(&fixture), get_path("/nowhere")).await;
    assert_eq!(
        problem.text(),
        "{\"type\":\"about:blank\",\"title\":\"There is nothing at this address\",\"status\":404,\
         \"detail\":\"Check the address; what is published is listed on the first page.\",\"code\":\"not-found\"}"
    );
}

#[tokio::test]
async fn health_tells_why_the_server_is_not_ready() {
    let fixture = Fixture::new();
    let site = site(&fixture);
    let ready = ask(site.clone(), get_path("/health")).await;
    assert_eq!(
        (ready.status, ready.text()),
        (StatusCode::OK, "{\"live\":true,\"ready\":true,\"reasons\":[]}")
    );
    site.health.set(Reason::SignerUnavailable, true);
    let waiting = ask(site.clone(), get_path("/health")).await;
    assert_eq!(waiting.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(
        waiting.text(),
        "{\"live\":true,\"ready\":false,\"reasons\":[{\"code\":\"signer-unavailable\",\
         \"text\":\"the signer process does not answer and is being restarted\"}]}"
    );
    assert_eq!(waiting.header(header::CACHE_CONTROL), "no-store");
    site.health.set(Reason::SignerUnavailable, false);
    assert_eq!(ask(site, get_path("/health")).await.status, StatusCode::OK);
}

#[tokio::test]
async fn an_expired_authority_is_shown_as_expired() {
    let fixture = Fixture::new();
    let clock = FixedClock::at(fixture.now);
    clock.advance_days(10_000);
    let mut site = site(&fixture);
    site.clock = Arc::new(clock);
    assert!(
        ask(site, get_path("/"))
            .await
            .text()
            .contains("tag bad\">Expired")
    );
}

/// A listener on a free port with these limits.
async fn listening(limits: Limits) -> (SocketAddr, stop::Stopper, JoinHandle<()>) {
    let fixture = Fixture::new();
    let listener = Listener::open("public", SocketAddr::from(([127, 0, 0, 1], 0)), limits)
        .await
        .unwrap();
    let address = listener.address();
    let (stopper, stop) = stop::channel();
    let slow = get(|| async {
        let forever: std::future::Pending<()> = std::future::pending();
        forever.await;
    });
    let large = get(|| async { vec![b'x'; 64 << 20] });
    let echo = axum::routing::post(|body: String| async { body });
    let extra = Router::new()
        .route("/slow", slow)
        .route("/large", large)
        .route("/echo", echo);
    let router = within_limits(extra, &limits)
        .layer(RequestBodyLimitLayer::new(limits.body_bytes))
        .layer(middleware::from_fn(problem::explain))
        .merge(router(site(&fixture), &limits));
    let task = tokio::spawn(async move {
        listener.serve(Door::Plain, router, stop).await;
        drop(fixture);
    });
    (address, stopper, task)
}

async fn exchange(address: SocketAddr, request: &[u8]) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(request).await.unwrap();
    let mut answer = Vec::new();
    // A connection that is reset after its answer still gave the answer.
    let _ = tokio::time::timeout(Duration::from_secs(20), stream.read_to_end(&mut answer))
        .await
        .unwrap();
    String::from_utf8_lossy(&answer).into_owned()
}

fn short() -> Limits {
    Limits {
        head_time: Duration::from_millis(300),
        request_time: Duration::from_millis(300),
        write_stall: Duration::from_millis(300),
        drain: Duration::from_millis(500),
        ..Limits::PUBLIC
    }
}

#[tokio::test]
async fn a_client_that_sends_its_headers_octet_by_octet_is_cut_off() {
    let (address, _stopper, _task) = listening(short()).await;
    let mut stream = TcpStream::connect(address).await.unwrap();
    let mut octets = b"GET / HTTP/1.1\r\nHost: x\r\nX-Slow: "
        .iter()
        .chain(std::iter::repeat(&b'a'));
    let mut pace = tokio::time::interval(Duration::from_millis(20));
    let cut = async {
        loop {
            pace.tick().await;
            let octet = *octets.next().unwrap();
            let mut seen = [0; 256];
            let ended =
                matches!(stream.try_read(&mut seen), Ok(0)) || stream.write_all(&[octet]).await.is_err();
            if ended {
                break;
            }
        }
    };
    tokio::time::timeout(Duration::from_secs(5), cut)
        .await
        .expect("it was never cut off");
}

#[tokio::test]
async fn an_idle_connection_is_closed() {
    let (address, _stopper, _task) = listening(short()).await;
    assert_eq!(exchange(address, b"").await, "");
}

#[tokio::test]
async fn oversized_heads_and_bodies_are_refused() {
    let (address, _stopper, _task) = listening(short()).await;
    let long = format!(
        "GET / HTTP/1.1\r\nHost: x\r\nX-Long: {}\r\n\r\n",
        "a".repeat(64 * 1024)
    );
    assert!(
        exchange(address, long.as_bytes())
            .await
            .starts_with("HTTP/1.1 431")
    );
    let many = format!("GET / HTTP/1.1\r\nHost: x\r\n{}\r\n", "X-A: b\r\n".repeat(100));
    assert!(
        exchange(address, many.as_bytes())
            .await
            .starts_with("HTTP/1.1 431")
    );
    let body = b"POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 999999\r\n\r\n";
    let large = exchange(address, body).await;
    assert!(
        large.starts_with("HTTP/1.1 413") && large.contains("\"code\":\"too-large\""),
        "{large}"
    );
    let garbage = exchange(address, b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03").await;
    assert!(
        garbage.is_empty() || garbage.starts_with("HTTP/1.1 400"),
        "{garbage}"
    );
}

#[tokio::test]
async fn a_request_that_takes_too_long_is_given_up() {
    let (address, _stopper, _task) = listening(short()).await;
    let slow = exchange(
        address,
        b"GET /slow HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
    )
    .await;
    assert!(
        slow.starts_with("HTTP/1.1 408") && slow.contains("\"code\":\"too-slow\""),
        "{slow}"
    );
    let half = b"POST /echo HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 10\r\n\r\nabc";
    let half = exchange(address, half).await;
    assert!(half.starts_with("HTTP/1.1 408"), "{half}");
}

#[tokio::test]
async fn more_requests_than_the_limit_are_told_to_come_back() {
    let limits = Limits {
        requests: 2,
        request_time: Duration::from_secs(5),
        ..short()
    };
    let (address, _stopper, _task) = listening(limits).await;
    let mut held = Vec::new();
    for _ in 0..2 {
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream
            .write_all(b"GET /slow HTTP/1.1\r\nHost: x\r\n\r\n")
            .await
            .unwrap();
        held.push(stream);
    }
    let refused = async {
        loop {
            let answer = exchange(
                address,
                b"GET /slow HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
            )
            .await;
            if answer.starts_with("HTTP/1.1 503") {
                break answer;
            }
        }
    };
    let refused = tokio::time::timeout(Duration::from_secs(10), refused)
        .await
        .unwrap();
    assert!(refused.to_lowercase().contains("retry-after: 2"), "{refused}");
    let health = exchange(
        address,
        b"GET /health HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
    )
    .await;
    assert!(health.starts_with("HTTP/1.1 200"), "{health}");
}

#[tokio::test]
async fn a_client_that_never_reads_its_answer_loses_the_connection() {
    let limits = Limits {
        connections: 1,
        ..short()
    };
    let (address, _stopper, _task) = listening(limits).await;
    let mut deaf = TcpStream::connect(address).await.unwrap();
    deaf.write_all(b"GET /large HTTP/1.1\r\nHost: x\r\n\r\n")
        .await
        .unwrap();
    // The only slot is taken until the deaf client is thrown out; then this one is served.
    let next = exchange(
        address,
        b"GET /health HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
    )
    .await;
    assert!(next.starts_with("HTTP/1.1 200"), "{next}");
}

#[tokio::test]
async fn a_client_with_its_share_of_connections_leaves_room_for_others() {
    let limits = Limits {
        connections_each: 4,
        head_time: Duration::from_mins(1),
        ..short()
    };
    let (address, _stopper, _task) = listening(limits).await;
    let mut silent = Vec::new();
    for _ in 0..4 {
        silent.push(TcpStream::connect(address).await.unwrap());
    }
    // The kernel accepts the fifth; the listener closes it without a word.
    let refused = exchange(address, b"GET /health HTTP/1.1\r\nHost: x\r\n\r\n").await;
    assert_eq!(refused, "");
    let elsewhere = tokio::net::TcpSocket::new_v4().unwrap();
    elsewhere.bind(SocketAddr::from(([127, 0, 0, 2], 0))).unwrap();
    let mut other = elsewhere.connect(address).await.unwrap();
    other
        .write_all(b"GET /health HTTP/1.1\r\nHost: x\r\n\r\n")
        .await
        .unwrap();
    let mut first = [0; 12];
    other.read_exact(&mut first).await.unwrap();
    assert_eq!(&first, b"HTTP/1.1 200");
}

#[tokio::test]
async fn the_order_to_stop_drains_and_then_cuts() {
    let limits = Limits {
        request_time: Duration::from_secs(30),
        ..short()
    };
    let (address, stopper, task) = listening(limits).await;
    let mut idle = TcpStream::connect(address).await.unwrap();
    let mut busy = TcpStream::connect(address).await.unwrap();
    busy.write_all(b"GET /slow HTTP/1.1\r\nHost: x\r\n\r\n")
        .await
        .unwrap();
    idle.write_all(b"GET /health HTTP/1.1\r\nHost: x\r\n\r\n")
        .await
        .unwrap();
    let mut first = [0; 12];
    idle.read_exact(&mut first).await.unwrap();
    assert_eq!(&first, b"HTTP/1.1 200");
    stopper.stop();
    tokio::time::timeout(Duration::from_secs(5), task)
        .await
        .expect("it did not stop")
        .unwrap();
    assert!(
        TcpStream::connect(address).await.is_err(),
        "the port is still open"
    );
    let mut rest = Vec::new();
    idle.read_to_end(&mut rest).await.unwrap();
}
