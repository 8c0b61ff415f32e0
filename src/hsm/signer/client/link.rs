//! Keeping one connection up: connecting, greeting, writing, reading, and trying again.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixStream;
use tokio::net::unix::{OwnedReadHalf, OwnedWriteHalf};
use tokio::time::timeout;

use super::Pong;
use super::lane::{Reply, Shared};
use crate::signer::protocol::{
    Answer, Encoder, Goodbye, Hello, LENGTH_BYTES, MAX_ANSWER_BYTES, Malformed, VERSIONS, Welcome,
    decode_answer, read_frame_start,
};

/// How long connecting and greeting may take.
const GREETING_DEADLINE: Duration = Duration::from_secs(2);

/// The first pause between two attempts; each is twice as long as the one before.
const FIRST_PAUSE: Duration = Duration::from_millis(10);

/// The longest pause: short, because a restarted signer should be found at once and trying costs nothing.
const LONGEST_PAUSE: Duration = Duration::from_millis(320);

/// What is read at once. Answers are small; many come together.
const READ_BYTES: usize = 32 * 1024;

/// Why a connection ended or did not come about.
#[derive(Debug, thiserror::Error)]
enum Ended {
    #[error("the connection to the signer failed: {0}")]
    Socket(#[from] io::Error),
    #[error("the signer closed the connection")]
    Closed,
    #[error("the signer closed the connection: {0}")]
    Goodbye(Goodbye),
    #[error("the signer answered something unreadable: {0}")]
    Malformed(#[from] Malformed),
    #[error("the signer did not greet within {} ms", GREETING_DEADLINE.as_millis())]
    NoGreeting,
}

/// Connects, serves until the connection ends, and connects again, until the lane is given up.
pub(super) async fn keep_up(shared: Arc<Shared>) {
    let mut pause = FIRST_PAUSE;
    while !shared.is_closed() {
        let ended = match connect(&shared).await {
            Ok((stream, read, welcome)) => {
                pause = FIRST_PAUSE;
                serve(&shared, stream, read, welcome).await
            }
            Err(ended) => ended,
        };
        shared.disconnected(&ended.to_string());
        // Ends early when the lane is given up.
        let _ = timeout(pause, shared.closed.notified()).await;
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}

/// Connects and exchanges greetings. What was read beyond the greeting is handed on.
async fn connect(shared: &Shared) -> Result<(UnixStream, Incoming, Welcome), Ended> {
    let attempt = async {
        let mut stream = UnixStream::connect(&shared.socket).await?;
        let mut hello = Vec::new();
        Encoder::new(&mut hello).hello(Hello {
            oldest: *VERSIONS.start(),
            newest: *VERSIONS.end(),
        })?;
        stream.write_all(&hello).await?;
        let mut incoming = Incoming::default();
        loop {
            if let Some(body) = incoming.next()? {
                return match decode_answer(body)? {
                    Answer::Welcome(welcome) if VERSIONS.contains(&welcome.version) => {
                        Ok((stream, incoming, welcome))
                    }
                    Answer::Goodbye { reason } => Err(Ended::Goodbye(reason)),
                    _ => Err(Ended::Goodbye(Goodbye::Version)),
                };
            }
            incoming.read_from(&mut stream).await?;
        }
    };
    timeout(GREETING_DEADLINE, attempt)
        .await
        .unwrap_or(Err(Ended::NoGreeting))
}

async fn serve(shared: &Shared, stream: UnixStream, incoming: Incoming, welcome: Welcome) -> Ended {
    let (reader, writer) = stream.into_split();
    shared.connected(welcome);
    tokio::select! {
        ended = read(shared, reader, incoming) => ended,
        ended = write(shared, writer) => ended,
        () = shared.closed.notified() => Ended::Closed,
    }
}

/// Writes whatever was asked, all of it at once.
async fn write(shared: &Shared, mut writer: OwnedWriteHalf) -> Ended {
    let mut bytes = Vec::new();
    loop {
        shared.unsent.notified().await;
        // Tasks that were woken together get to ask before the write: one system call carries them all.
        tokio::task::yield_now().await;
        shared.take_unsent(&mut bytes);
        if let Err(error) = writer.write_all(&bytes).await {
            return error.into();
        }
        if bytes.capacity() > 4 * READ_BYTES {
            bytes = Vec::new();
        }
    }
}

async fn read(shared: &Shared, mut reader: OwnedReadHalf, mut incoming: Incoming) -> Ended {
    let mut answers = Vec::new();
    loop {
        if let Err(ended) = understand(&mut incoming, &mut answers) {
            shared.deliver(&mut answers);
            return ended;
        }
        shared.deliver(&mut answers);
        if let Err(ended) = incoming.read_from(&mut reader).await {
            return ended;
        }
    }
}

/// Every whole frame that is there.
fn understand(incoming: &mut Incoming, answers: &mut Vec<(u64, Reply)>) -> Result<(), Ended> {
    while let Some(body) = incoming.next()? {
        answers.push(match decode_answer(body)? {
            Answer::Signature { id, signature } => (id, Reply::Signature(signature.to_vec())),
            Answer::Pong {
                id,
                waiting,
                longest_call_ms,
            } => {
                let longest_call = Duration::from_millis(u64::from(longest_call_ms));
                (
                    id,
                    Reply::Pong(Pong {
                        waiting,
                        longest_call,
                    }),
                )
            }
            Answer::Status { id, status } => (id, Reply::Status(Box::new(status))),
            Answer::Failure { id, failure } => (id, Reply::Failure(failure)),
            Answer::Goodbye { reason } => return Err(Ended::Goodbye(reason)),
            Answer::Welcome(_) => return Err(Ended::Malformed(Malformed::UnknownCode)),
        });
    }
    Ok(())
}

/// Bytes read and not yet understood.
#[derive(Debug, Default)]
struct Incoming {
    bytes: Vec<u8>,
    understood: usize,
}

impl Incoming {
    /// The body of the next whole frame.
    fn next(&mut self) -> Result<Option<&[u8]>, Malformed> {
        let limit = u32::try_from(MAX_ANSWER_BYTES).unwrap_or(u32::MAX);
        let rest = self.bytes.get(self.understood..).unwrap_or_default();
        let Some(start) = read_frame_start(rest, limit)? else {
            return Ok(None);
        };
        let body = rest.get(LENGTH_BYTES..start.frame_bytes());
        if body.is_some() {
            self.understood += start.frame_bytes();
        }
        Ok(body)
    }

    /// Drops what was understood and reads once. The buffer grows with what really comes, never with a length
    /// that was only announced.
    async fn read_from(&mut self, source: &mut (impl AsyncReadExt + Unpin)) -> Result<(), Ended> {
        self.bytes.drain(..self.understood);
        self.understood = 0;
        self.bytes.reserve(READ_BYTES);
        match source.read_buf(&mut self.bytes).await? {
            0 => Err(Ended::Closed),
            _ => Ok(()),
        }
    }
}
