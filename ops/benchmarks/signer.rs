//! The same signatures through the signer process: how much of the token's rate is left.
//!
//! The real binary runs as `sinete signer` on the same token; requests are to-be-signed leaf certificates, which it
//! parses and checks like every other. The limit is measured in turns with it, with as many sessions as there are
//! concurrent requests.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use hsm::inventory::{Inventory, KeyEntry, Material};
use hsm::key::{KeyId, Purpose};
use hsm::signer::client::{ClientSettings, RemoteKey, SignerClient};
use pki::algorithm::SignatureAlgorithm;
use pki::aws_lc::AwsLc;
use pki::signing::{Signer as _, Verifier as _};
use serde_json::json;

use crate::measure::{Paired, Turn, paired, turn};
use crate::report::{Report, Table};
use crate::workshop::{Key, LABEL, Workshop};
use crate::{Failure, raw};

/// Requests under way at once.
const CONCURRENT: usize = 8;

/// What must be left of the token's rate, by signature.
const AIMS: [(SignatureAlgorithm, f64); 2] = [
    (SignatureAlgorithm::EcdsaSha256, 0.75),
    (SignatureAlgorithm::RsaPkcs1Sha256, 0.97),
];

/// Starts the signer on the workshop's token and measures each key through it.
pub(crate) fn measure(workshop: &Workshop, report: &mut Report) -> Result<(), Failure> {
    let signer = start(workshop)?;
    let (one, two) = (Client::connect(&signer, 1)?, Client::connect(&signer, 2)?);
    let mut rows = Vec::new();
    for key in workshop.keys() {
        let aim = AIMS
            .iter()
            .find(|(signature, _)| *signature == key.signature && is_aimed_at(key))
            .map(|(_, aim)| *aim);
        rows.push(row(
            key,
            "one client thread",
            &one.against_token(workshop, key, false)?,
            aim,
        ));
    }
    for key in workshop.keys().iter().filter(|key| is_aimed_at(key)) {
        // The server's runtime has a thread for each core; the threads of client and signer then take turns.
        rows.push(row(
            key,
            "two client threads",
            &two.against_token(workshop, key, false)?,
            None,
        ));
        // What `Unsigned::sign` adds: nobody but a benchmark takes a signature without looking at it.
        rows.push(row(
            key,
            "two, each verified",
            &two.against_token(workshop, key, true)?,
            None,
        ));
    }
    report.add(Table {
        title: "Through the signer process: signatures per second and what is left of the token's rate",
        note: format!(
            "{CONCURRENT} requests at once over one socket; the token beside it with {CONCURRENT} sessions."
        ),
        columns: vec![
            "signature",
            "key",
            "",
            "signer",
            "token",
            "ratio",
            "lowest",
            "highest",
            "aim",
            "worst, ms",
        ],
        rows,
    });
    Ok(())
}

/// The two keys that the aims speak of: P-256, and RSA with 3072 bits.
fn is_aimed_at(key: &Key) -> bool {
    let bits = key.public_key.algorithm().modulus_bits();
    let signature = key.signature;
    signature == SignatureAlgorithm::EcdsaSha256
        || (signature == SignatureAlgorithm::RsaPkcs1Sha256 && bits == Some(3072))
}

fn row(key: &Key, how: &str, paired: &Paired, aim: Option<f64>) -> Vec<serde_json::Value> {
    vec![
        json!(key.signature.name()),
        json!(key.public_key.algorithm().name()),
        json!(how),
        json!(paired.subject),
        json!(paired.limit),
        json!(paired.ratio),
        json!(paired.spread.0),
        json!(paired.spread.1),
        aim.map_or(json!("-"), |aim| json!(aim)),
        json!(paired.worst.as_secs_f64() * 1000.0),
    ]
}

/// Starts `sinete signer` on the workshop's token.
fn start(workshop: &Workshop) -> Result<Signer, Failure> {
    let state = workshop.folder.join("state");
    std::fs::create_dir_all(state.join("certificates"))?;
    let keys = workshop.keys().iter().map(|key| entry(workshop, key, &state));
    let inventory = Inventory {
        keys: keys.collect::<Result<Vec<_>, Failure>>()?,
    };
    inventory.write(&state.join("keys.toml"))?;
    let configuration = configuration(workshop)?;
    let process = Command::new(&workshop.binary)
        .arg("signer")
        .arg("--config")
        .arg(&configuration)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .spawn()?;
    Ok(Signer {
        socket: state.join("run").join("signer.sock"),
        _process: Running(process),
    })
}

/// A running signer, stopped when the benchmark ends, however it ends.
struct Signer {
    socket: PathBuf,
    _process: Running,
}

/// A client with a runtime of its own.
struct Client {
    runtime: tokio::runtime::Runtime,
    client: SignerClient,
}

impl Client {
    fn connect(signer: &Signer, threads: usize) -> Result<Self, Failure> {
        let mut builder = match threads {
            1 => tokio::runtime::Builder::new_current_thread(),
            _ => tokio::runtime::Builder::new_multi_thread(),
        };
        let runtime = builder.worker_threads(threads).enable_all().build()?;
        let settings = ClientSettings {
            socket: signer.socket.clone(),
            deadline: Duration::from_secs(10),
        };
        let client = runtime.block_on(async { SignerClient::start(settings) });
        runtime.block_on(ready(&client))?;
        Ok(Self { runtime, client })
    }

    fn against_token(&self, workshop: &Workshop, key: &Key, verify: bool) -> Result<Paired, Failure> {
        let remote = RemoteKey::new(
            self.client.clone(),
            &name(key),
            key.public_key.clone(),
            key.signature,
        );
        let tbs: Arc<[u8]> = crate::encode::leaf_for(key)?.into();
        let through = || {
            self.runtime
                .block_on(requests(&remote, &tbs, workshop.seconds(), verify))
        };
        paired(through, || raw::rate(workshop, key, CONCURRENT))
    }
}

/// Keeps so many requests under way until the time is up.
async fn requests(key: &RemoteKey, tbs: &Arc<[u8]>, seconds: f64, verify: bool) -> Result<Turn, Failure> {
    let finished = Arc::new(AtomicU64::new(0));
    let stop = Arc::new(AtomicBool::new(false));
    let mut tasks = tokio::task::JoinSet::new();
    let begun = Instant::now();
    for _ in 0..CONCURRENT {
        let (key, tbs) = (key.clone(), Arc::clone(tbs));
        let (finished, stop) = (Arc::clone(&finished), Arc::clone(&stop));
        tasks.spawn(async move {
            let mut worst = Duration::ZERO;
            while !stop.load(Ordering::Relaxed) {
                let asked = Instant::now();
                let signature = key.sign(&tbs).await?;
                if verify && !AwsLc.verify(key.public_key(), key.algorithm(), &tbs, &signature) {
                    return Err("a signature does not verify".into());
                }
                worst = worst.max(asked.elapsed());
                finished.fetch_add(1, Ordering::Relaxed);
            }
            Ok::<_, Failure>(worst)
        });
    }
    let ends = tokio::time::Instant::from_std(begun) + Duration::from_secs_f64(seconds);
    tokio::time::sleep_until(ends).await;
    stop.store(true, Ordering::Relaxed);
    let mut worst = Duration::ZERO;
    while let Some(task) = tasks.join_next().await {
        worst = worst.max(task??);
    }
    Ok(turn(finished.load(Ordering::Relaxed), begun.elapsed(), worst))
}

async fn ready(client: &SignerClient) -> Result<(), Failure> {
    let ends = Instant::now() + Duration::from_secs(20);
    loop {
        match client.status().await {
            Ok(_) => return Ok(()),
            Err(error) if Instant::now() > ends => {
                return Err(format!("the signer does not start: {error}").into());
            }
            // The client connects again by itself; a question fails until then.
            Err(_) => tokio::task::yield_now().await,
        }
    }
}

fn name(key: &Key) -> String {
    format!("{}-{}", key.public_key.algorithm(), key.signature)
}

fn entry(workshop: &Workshop, key: &Key, state: &Path) -> Result<KeyEntry, Failure> {
    let certificate = PathBuf::from("certificates").join(format!("{}.cer", name(key)));
    std::fs::write(
        state.join(&certificate),
        crate::encode::authority_of(key, |tbs| raw::sign(workshop, key, tbs))?,
    )?;
    Ok(KeyEntry {
        name: name(key),
        token: LABEL.to_owned(),
        id: KeyId::from_bytes(key.id),
        material: Material::Pair {
            algorithm: key.public_key.algorithm(),
            signature: key.signature,
            public_key_sha256: key.public_key.fingerprint(),
        },
        purposes: vec![Purpose::Certificate],
        certificate: Some(certificate),
        budget: None,
    })
}

fn configuration(workshop: &Workshop) -> Result<PathBuf, Failure> {
    let path = workshop.folder.join("sinete.toml");
    let text = format!(
        "[office]\nname = \"Bench\"\nstate = \"state\"\n\n[[token]]\nlabel = \"{LABEL}\"\nmodule = \"{}\"\npin_file = \"pin\"\n\n\
         [signer]\nsessions = {CONCURRENT}\n",
        workshop.module.display(),
    );
    std::fs::write(&path, text)?;
    Ok(path)
}

/// A child that does not outlive the benchmark.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        // The process may be gone already; there is nothing left to do about either failure.
        drop(self.0.kill());
        drop(self.0.wait());
    }
}
