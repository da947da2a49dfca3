//! The whole data plane of a process, as the binary holds it.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use arc_swap::ArcSwap;
use gatewright_snapshot::protocol::KeyUse;
use gatewright_snapshot::{AccessChange, Snapshot};
use gatewright_types::Clock;
use tokio::sync::{mpsc, oneshot};

use crate::contact::{Contact, Standing};
use crate::core::{self, Command, Seedling};
use crate::credentials::{Lookup, USES_AT_ONCE};
use crate::limits::{COMMANDS, Limits};
use crate::listen;
use crate::metrics::{self, Counted, Figures};
use crate::trace::Tracing;

/// How a gateway is set up.
#[derive(Clone, Debug)]
pub struct Options {
    /// Where to listen; port 0 takes a free one.
    pub addr: SocketAddr,
    /// Threads, each with a listener and connections of its own.
    pub cores: usize,
    /// Decides when a key expires and how old a record is.
    pub clock: Clock,
    /// How much of everything is allowed.
    pub limits: Limits,
    /// How requests are traced; `None`: not at all.
    pub tracing: Option<Tracing>,
    /// Whether the snapshot comes from the control plane just now; else the gateway starts cut off.
    pub heard: bool,
}

/// Why a gateway did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// No core at all.
    #[error("a gateway needs at least one core")]
    NoCore,
    /// A limit below what can work.
    #[error("{0} is too small")]
    Limit(&'static str),
    /// The address is taken, or not ours.
    #[error("cannot listen on {addr}: {source}")]
    Listen {
        /// Where.
        addr: SocketAddr,
        /// What the system says.
        source: io::Error,
    },
    /// The system gave no thread.
    #[error("cannot start a thread: {0}")]
    Thread(io::Error),
}

/// A running data plane. Dropping it ends it at once; [`Gateway::drain`] ends it politely.
pub struct Gateway {
    addr: SocketAddr,
    snapshot: Arc<ArcSwap<Snapshot>>,
    contact: Arc<Contact>,
    max_used: usize,
    cores: Vec<Handle>,
}

struct Handle {
    commands: mpsc::Sender<Command>,
    ended: oneshot::Receiver<()>,
    thread: JoinHandle<()>,
    counted: Arc<Counted>,
}

impl Gateway {
    /// Binds, then starts one thread per core.
    ///
    /// `lookups` is where questions about credentials go; when it is full or closed, callers get
    /// `lookup-unavailable`.
    ///
    /// # Errors
    ///
    /// [`StartError`], and then nothing runs.
    pub fn start(options: Options, snapshot: Arc<Snapshot>, lookups: mpsc::Sender<Lookup>) -> Result<Self, StartError> {
        let Options {
            addr,
            cores,
            clock,
            limits,
            tracing,
            heard,
        } = options;
        if cores == 0 {
            return Err(StartError::NoCore);
        }
        if limits.max_connections_per_core == 0 {
            return Err(StartError::Limit("max_connections_per_core"));
        }
        let listen_error = |source| StartError::Listen { addr, source };
        let listeners = listen::bind(addr, cores).map_err(listen_error)?;
        let addr = listeners[0].local_addr().map_err(listen_error)?;
        let snapshot = Arc::new(ArcSwap::new(snapshot));
        let contact = Arc::new(Contact::new(heard, limits.record_valid));
        let max_used = limits.max_used;
        let seedling = Seedling {
            clock,
            limits,
            snapshot: Arc::clone(&snapshot),
            lookups,
            trust: Arc::default(),
            counted: Arc::default(),
            tracing,
            contact: Arc::clone(&contact),
        };
        let mut handles = Vec::with_capacity(cores);
        for (number, listener) in listeners.into_iter().enumerate() {
            let seedling = Seedling {
                counted: Arc::default(),
                ..seedling.clone()
            };
            handles.push(Handle::spawn(number, listener, seedling).map_err(StartError::Thread)?);
        }
        tracing::info!(gateway.addr = %addr, gateway.cores = cores, "the gateway listens");
        Ok(Self {
            addr,
            snapshot,
            contact,
            max_used,
            cores: handles,
        })
    }

    /// Where it listens.
    pub fn local_addr(&self) -> SocketAddr {
        self.addr
    }

    /// What was counted since the start.
    pub fn figures(&self) -> Figures {
        metrics::sum(self.cores.iter().map(|core| &*core.counted))
    }

    /// Puts a snapshot in force: one atomic store, and each request reads it once.
    pub fn set_snapshot(&self, snapshot: Arc<Snapshot>) {
        self.snapshot.store(snapshot);
    }

    /// The control plane was heard of; what it said was true `age` ago.
    pub fn hear(&self, age: Duration) {
        self.contact.hear(age);
    }

    /// Tells how the gateway stands with its control plane, also when it has ended.
    pub fn standing(&self) -> impl Fn() -> Standing + Send + Sync + use<> {
        let contact = Arc::clone(&self.contact);
        move || contact.standing()
    }

    /// Takes in changes of who is admitted. When this returns, every core has.
    pub async fn apply(&self, changes: Arc<[AccessChange]>) {
        self.tell(|done| Command::Apply(Arc::clone(&changes), done)).await;
    }

    /// Forgets every credential, so that each is asked about again. When this returns, every core has.
    pub async fn forget(&self) {
        self.tell(Command::Forget).await;
    }

    /// Admits nobody to a SECURE route from now on. When this returns, no core does.
    pub async fn revoke(&self) {
        self.contact.revoke();
        self.forget().await;
    }

    /// Which keys were used since the last call, each once.
    pub async fn take_uses(&self) -> Vec<KeyUse> {
        let mut uses = HashMap::new();
        for core in &self.cores {
            // What is used meanwhile may wait for the next call.
            for _ in 0..=self.max_used / USES_AT_ONCE {
                let taken = core.take_uses().await;
                let is_last = taken.len() < USES_AT_ONCE;
                for one in taken {
                    match uses.entry(one.key_id) {
                        Entry::Vacant(entry) => _ = entry.insert(one),
                        Entry::Occupied(mut entry) => entry.get_mut().add(&one),
                    }
                }
                if is_last {
                    break;
                }
            }
        }
        uses.into_values().collect()
    }

    async fn tell(&self, command: impl Fn(oneshot::Sender<()>) -> Command) {
        let mut acknowledged = Vec::with_capacity(self.cores.len());
        for core in &self.cores {
            let (tell, done) = oneshot::channel();
            // A core that has ended admits nobody.
            if core.commands.send(command(tell)).await.is_ok() {
                acknowledged.push(done);
            }
        }
        for done in acknowledged {
            let _ = done.await;
        }
    }

    /// Stops accepting, finishes what is under way for at most `limit`, closes the rest and ends.
    pub async fn drain(self, limit: Duration) {
        for core in &self.cores {
            // A core that has ended is drained.
            let _ = core.commands.send(Command::Drain(limit)).await;
        }
        for core in self.cores {
            let _ = core.ended.await;
            if core.thread.join().is_err() {
                tracing::error!("a core of the gateway panicked");
            }
        }
    }
}

impl Handle {
    fn spawn(number: usize, listener: std::net::TcpListener, seedling: Seedling) -> io::Result<Self> {
        let (commands, received) = mpsc::channel(COMMANDS);
        let (end, ended) = oneshot::channel();
        let counted = Arc::clone(&seedling.counted);
        let thread = std::thread::Builder::new()
            .name(format!("gateway-{number}"))
            .spawn(move || {
                if let Err(error) = core::run(listener, seedling, received) {
                    tracing::error!(%error, "a core of the gateway could not start");
                }
                drop(end);
            })?;
        Ok(Self {
            commands,
            ended,
            thread,
            counted,
        })
    }

    /// Which keys were used, some of them; none where the core has ended.
    async fn take_uses(&self) -> Vec<KeyUse> {
        let (tell, taken) = oneshot::channel();
        if self.commands.send(Command::TakeUses(tell)).await.is_err() {
            return Vec::new();
        }
        taken.await.unwrap_or_default()
    }
}
