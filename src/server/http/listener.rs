//! A listener: accepts connections within its limits, serves them, and drains them at the end.
//!
//! HTTP/1.1 only, on both listeners: every client of revocation data speaks it, and what is not spoken need not
//! be defended.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::JoinSet;
use tower::ServiceExt as _;

use super::limits::Limits;
use super::peers::{Peer, Peers};
use super::private::operator::Operator;
use super::stall::StallGuard;
use crate::error::Error;
use crate::stop::Stop;

/// How connections are entered.
#[derive(Clone)]
pub(crate) enum Door {
    /// Without TLS.
    Plain,
    /// TLS, with an operator's certificate.
    Tls(tokio_rustls::TlsAcceptor),
}

/// An open listener that does not accept yet.
#[derive(Debug)]
pub(crate) struct Listener {
    which: &'static str,
    tcp: TcpListener,
    address: SocketAddr,
    limits: Limits,
}

/// After a failed accept (usually: no file descriptors left) the next try waits this long.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

impl Listener {
    /// Opens the listener. Port 0 takes a free one.
    pub(crate) async fn open(
        which: &'static str,
        address: SocketAddr,
        limits: Limits,
    ) -> Result<Self, Error> {
        let unopened = |source| Error::Listener {
            which,
            address,
            source,
        };
        let tcp = TcpListener::bind(address).await.map_err(unopened)?;
        let address = tcp.local_addr().map_err(unopened)?;
        Ok(Self {
            which,
            tcp,
            address,
            limits,
        })
    }

    /// Where it listens in truth.
    pub(crate) const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Serves until the order to stop, then lets requests in work finish within the limit.
    pub(crate) async fn serve(self, door: Door, router: Router, mut stop: Stop) {
        let slots = Arc::new(Semaphore::new(self.limits.connections));
        let peers = Peers::new(self.limits.connections_each);
        let mut connections = JoinSet::new();
        loop {
            let (stream, slot, peer) = tokio::select! {
                accepted = self.accept(&slots, &peers) => match accepted {
                    Some(accepted) => accepted,
                    None if stop.ordered_within(ACCEPT_PAUSE).await => break,
                    None => continue,
                },
                () = stop.ordered() => break,
            };
            let connection = Connection {
                limits: self.limits,
                stop: stop.clone(),
            };
            let (door, router) = (door.clone(), router.clone());
            connections.spawn(async move {
                connection.run(stream, door, router).await;
                drop((slot, peer));
            });
            while connections.try_join_next().is_some() {}
        }
        let Self {
            which, tcp, limits, ..
        } = self;
        drop(tcp);
        drain(which, connections, limits.drain).await;
    }

    /// The next connection from a client that has not too many already.
    async fn accept(
        &self,
        slots: &Arc<Semaphore>,
        peers: &Arc<Peers>,
    ) -> Option<(TcpStream, OwnedSemaphorePermit, Peer)> {
        // The semaphore is never closed.
        let slot = Arc::clone(slots).acquire_owned().await.ok()?;
        loop {
            match self.tcp.accept().await {
                Ok((stream, from)) => match peers.enter(from.ip()) {
                    Some(peer) => return Some((stream, slot, peer)),
                    None => drop(stream),
                },
                Err(error) => {
                    tracing::warn!(listener = self.which, %error, "a connection could not be accepted");
                    return None;
                }
            }
        }
    }
}

async fn drain(which: &'static str, mut connections: JoinSet<()>, within: Duration) {
    let open = connections.len();
    let all_ended = async { while connections.join_next().await.is_some() {} };
    if tokio::time::timeout(within, all_ended).await.is_err() {
        let cut = connections.len();
        tracing::warn!(
            listener = which,
            open,
            cut,
            "connections were cut at the end of the drain"
        );
        connections.shutdown().await;
    }
}

struct Connection {
    limits: Limits,
    stop: Stop,
}

impl Connection {
    async fn run(self, stream: TcpStream, door: Door, router: Router) {
        // Answers are written whole; waiting for more to send would only delay them.
        let _ = stream.set_nodelay(true);
        match door {
            Door::Plain => self.http(stream, router).await,
            Door::Tls(acceptor) => {
                let handshake = tokio::time::timeout(self.limits.handshake, acceptor.accept(stream));
                let stream = match handshake.await {
                    Ok(Ok(stream)) => stream,
                    Ok(Err(error)) => return tracing::debug!(%error, "a TLS handshake failed"),
                    Err(_) => return tracing::debug!("a TLS handshake took too long"),
                };
                let Some(operator) = Operator::of_connection(stream.get_ref().1) else {
                    // The verifier lets nobody in without one; if that ever fails, nothing is served.
                    return tracing::error!("a TLS connection without an operator's certificate was closed");
                };
                let entered = router.map_request(move |mut request: hyper::Request<Body>| {
                    request.extensions_mut().insert(operator.clone());
                    request
                });
                self.http(stream, entered).await;
            }
        }
    }

    async fn http<S, R>(mut self, stream: S, service: R)
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
        R: tower::Service<
                hyper::Request<Body>,
                Response = axum::response::Response,
                Error = std::convert::Infallible,
            > + Clone
            + Send
            + 'static,
        R::Future: Send,
    {
        let service =
            service.map_request(|request: hyper::Request<hyper::body::Incoming>| request.map(Body::new));
        let stream = TokioIo::new(StallGuard::new(stream, self.limits.write_stall));
        let mut builder = http1::Builder::new();
        builder
            .timer(TokioTimer::new())
            .header_read_timeout(self.limits.head_time)
            .max_header_size(self.limits.head_bytes)
            .max_headers(self.limits.headers)
            .max_buf_size(self.limits.head_bytes.max(16 * 1024));
        let mut connection =
            std::pin::pin!(builder.serve_connection(stream, TowerToHyperService::new(service)));
        let ended = tokio::select! {
            ended = connection.as_mut() => ended,
            () = self.stop.ordered() => {
                connection.as_mut().graceful_shutdown();
                connection.await
            }
        };
        if let Err(error) = ended {
            tracing::debug!(%error, "a connection ended with an error");
        }
    }
}
