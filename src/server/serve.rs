//! The server's life: from the configuration to two open listeners, and back to nothing left behind.
//!
//! Order of the start: what only needs files comes first, so that mistakes are told at once; then the addresses, then
//! the signer, and only when its keys were compared with their certificates does a listener accept anything.

use std::net::SocketAddr;
use std::sync::Arc;

use hsm::inventory::Inventory;
use policy::hierarchy::Hierarchy;
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;

use crate::authority::Authorities;
use crate::clock::SharedClock;
use crate::config::Configuration;
use crate::error::Error;
use crate::examination::Examination;
use crate::http::health::{Health, Reason};
use crate::http::limits::Limits;
use crate::http::listener::{Door, Listener};
use crate::http::private::tls::{self, CurrentCertificate};
use crate::http::private::verifier::OperatorVerifier;
use crate::http::private::{self, PrivateSite};
use crate::http::public::{self, PublicSite};
use crate::issuing::{self, Chosen, Issuing};
use crate::listener_identity::Keeper;
use crate::run_file::{self, RunFile};
use crate::signals::Signals;
use crate::signer::Signer;
use crate::stop::{self, Stop};
use crate::{fitness, lock, notify, private_file};

/// Where the server listens, told once it is ready.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Ready {
    /// Plain HTTP.
    pub(crate) public: SocketAddr,
    /// TLS.
    pub(crate) private: SocketAddr,
}

/// What the files of the state folder say.
pub(crate) struct Office {
    /// What certificates look like.
    pub(crate) hierarchy: Arc<Hierarchy>,
    /// Which keys there are.
    pub(crate) inventory: Inventory,
    /// Whose certificates there are.
    pub(crate) authorities: Arc<Authorities>,
}

impl Office {
    /// Reads everything; nothing is guessed.
    pub(crate) fn read(config: &Configuration) -> Result<Self, Error> {
        let path = config.office.hierarchy();
        let text = std::fs::read_to_string(&path).map_err(Error::file("cannot read", &path))?;
        let hierarchy = Hierarchy::parse(&path, &text)?;
        let state = &config.office.state;
        Ok(Self {
            hierarchy: Arc::new(hierarchy),
            inventory: Inventory::read(&state.keys())?,
            authorities: Arc::new(Authorities::read(state)?),
        })
    }
}

/// Serves until a signal tells it to stop. `announce` is called once, when everything is ready.
pub(crate) async fn serve(
    config: Configuration,
    clock: SharedClock,
    announce: impl FnOnce(Ready),
) -> Result<(), Error> {
    // Before anything else, so that a Ctrl-C during the start is not lost.
    let mut signals = Signals::listen()?;
    private_file::create_folder(config.office.state.path())?;
    let _lock = lock::take(&config.office.state)?;
    run_file::forget(&config.office.state);
    let office = Office::read(&config)?;
    let state = &config.office.state;
    fitness::check_files(
        state,
        &office.hierarchy,
        &office.inventory,
        &office.authorities,
        clock.now(),
    )?;
    let doors = Doors::open(&config).await?;
    let health = Health::new();
    health.set(Reason::SignerStarting, true);
    let signer = tokio::select! {
        started = Signer::start(&config, &office.inventory, &clock) => started?,
        () = signals.stop() => return Ok(()),
    };
    let server = Server {
        config: Arc::new(config),
        clock,
        office,
        health,
        signer: &signer,
    };
    let outcome = server.run(doors, &mut signals, announce).await;
    signer.stop().await;
    outcome
}

/// Both listeners, open but not yet accepting.
struct Doors {
    public: Listener,
    private: Listener,
}

impl Doors {
    async fn open(config: &Configuration) -> Result<Self, Error> {
        Ok(Self {
            public: Listener::open("public", config.listen.public, Limits::PUBLIC).await?,
            private: Listener::open("private", config.listen.private, Limits::PRIVATE).await?,
        })
    }
}

/// Everything that the listeners stand on.
struct Server<'a> {
    config: Arc<Configuration>,
    clock: SharedClock,
    office: Office,
    health: Health,
    signer: &'a Signer,
}

impl Server<'_> {
    async fn run(
        self,
        doors: Doors,
        signals: &mut Signals,
        announce: impl FnOnce(Ready),
    ) -> Result<(), Error> {
        fitness::check_signer(&self.signer.status().await?)?;
        // So that whoever is told "ready" and asks health hears the same.
        self.signer.watch().look(&self.health).await;
        let ready = Ready {
            public: doors.public.address(),
            private: doors.private.address(),
        };
        let (stopper, stop) = stop::channel();
        let mut tasks = self.open(doors, &stop).await?;
        let now = self.clock.now();
        let _run_file = RunFile::write(&self.config.office.state, ready.public, ready.private, now)?;
        tracing::info!(public = %ready.public, private = %ready.private, "ready");
        notify::tell("READY=1");
        announce(ready);
        signals.stop().await;
        tracing::info!("stopping");
        notify::tell("STOPPING=1");
        self.health.set(Reason::Stopping, true);
        stopper.stop();
        tokio::select! {
            () = async { while tasks.join_next().await.is_some() {} } => {}
            () = signals.stop() => tracing::warn!("told to stop again: connections are cut"),
        }
        tasks.shutdown().await;
        Ok(())
    }

    /// Opens both listeners and starts what goes on beside them.
    async fn open(&self, doors: Doors, stop: &Stop) -> Result<JoinSet<()>, Error> {
        let mut tasks = JoinSet::new();
        let keeper = self.keeper()?;
        let identity = keeper.obtain().await?;
        let provider = tls::provider();
        let certificate = Arc::new(CurrentCertificate::new(identity.in_use(&provider)?));
        let verifier = self.verifier()?;
        let tls = tls::configuration(
            Arc::clone(&provider),
            verifier,
            Arc::clone(&certificate),
            Arc::clone(&self.clock),
        )?;
        let examined = Examination::first(&self.config, &self.clock);
        let private = private::router(self.private_site(&examined, &certificate), &Limits::PRIVATE);
        let public = public::router(self.public_site(), &Limits::PUBLIC);
        let door = Door::Tls(TlsAcceptor::from(Arc::new(tls)));
        tasks.spawn(doors.private.serve(door, private, stop.clone()));
        tasks.spawn(doors.public.serve(Door::Plain, public, stop.clone()));
        tasks.spawn(keeper.keep(identity, certificate, provider, stop.clone()));
        tasks.spawn(examined.repeat(Arc::clone(&self.config), Arc::clone(&self.clock), stop.clone()));
        tasks.spawn(
            self.signer
                .watch()
                .follow(self.signer.states(), self.health.clone(), stop.clone()),
        );
        Ok(tasks)
    }

    fn public_site(&self) -> PublicSite {
        PublicSite {
            office: self.config.office.name.as_str().into(),
            authorities: Arc::clone(&self.office.authorities),
            health: self.health.clone(),
            clock: Arc::clone(&self.clock),
        }
    }

    fn private_site(&self, examined: &Examination, certificate: &Arc<CurrentCertificate>) -> PrivateSite {
        PrivateSite {
            office: self.config.office.name.as_str().into(),
            authorities: Arc::clone(&self.office.authorities),
            signer: self.signer.watch(),
            examined: examined.clone(),
            certificate: Arc::clone(certificate),
            clock: Arc::clone(&self.clock),
        }
    }

    /// Who issues the private listener's certificate.
    fn keeper(&self) -> Result<Keeper, Error> {
        let terms = self
            .office
            .hierarchy
            .listener()
            .ok_or_else(|| self.no_terms("listener"))?;
        Ok(Keeper {
            issuing: issuing(&self.office, self.signer, &terms.authority, &self.clock)?,
            names: self.config.listen.names.iter().map(ToString::to_string).collect(),
            state: self.config.office.state.clone(),
            clock: Arc::clone(&self.clock),
            health: self.health.clone(),
        })
    }

    /// Whom the private listener lets in.
    fn verifier(&self) -> Result<OperatorVerifier, Error> {
        let terms = self
            .office
            .hierarchy
            .operator()
            .ok_or_else(|| self.no_terms("operator"))?;
        let chosen = self.choose(&terms.authority)?;
        Ok(OperatorVerifier::new(
            tls::provider(),
            &chosen.certificate,
            terms.policies.clone(),
        )?)
    }

    fn choose(&self, authority: &str) -> Result<Chosen, Error> {
        let office = &self.office;
        issuing::choose(
            authority,
            &office.authorities,
            &office.inventory,
            self.clock.now(),
        )
    }

    fn no_terms(&self, table: &'static str) -> Error {
        Error::NoTerms {
            path: self.config.office.hierarchy(),
            table,
        }
    }
}

/// An authority that can sign, behind the signer.
pub(crate) fn issuing(
    office: &Office,
    signer: &Signer,
    authority: &str,
    clock: &SharedClock,
) -> Result<Issuing, Error> {
    let chosen = issuing::choose(authority, &office.authorities, &office.inventory, clock.now())?;
    Ok(Issuing {
        hierarchy: Arc::clone(&office.hierarchy),
        signer: signer.key(&chosen.published, &chosen.certificate, &office.inventory)?,
        chosen,
    })
}
