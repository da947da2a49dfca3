//! One core: a thread, a listener, and everything that its connections share.

use std::cell::{Cell, RefCell};
use std::io;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use gatewright_snapshot::protocol::KeyUse;
use gatewright_snapshot::{AccessChange, Snapshot};
use gatewright_types::{Clock, Rng};
use hyper::server::conn::http1;
use tokio::net::TcpListener;
use tokio::sync::{Notify, Semaphore, mpsc, oneshot};
use tokio::time::{Instant, MissedTickBehavior};

use crate::connection;
use crate::contact::Contact;
use crate::credentials::{Credentials, Lookup};
use crate::limits::{ACCEPT_PAUSE, BUFFER_BYTES, Limits};
use crate::metrics::{Counted, Metrics};
use crate::request_id::RequestIds;
use crate::ticks::{TICK, Ticks};
use crate::trace::{Tracer, Tracing};
use crate::upstream::{Trust, Upstreams};

/// What a core is told.
pub(crate) enum Command {
    /// Take these in, then say so.
    Apply(Arc<[AccessChange]>, oneshot::Sender<()>),
    /// Forget what was looked up, then say so.
    Forget(oneshot::Sender<()>),
    /// Say which keys were used since they were last asked for, at most [`USES_AT_ONCE`](crate::credentials::USES_AT_ONCE) of them.
    TakeUses(oneshot::Sender<Vec<KeyUse>>),
    /// Finish what is under way, for at most as long, then end.
    Drain(Duration),
}

/// What every core is made from.
#[derive(Clone)]
pub(crate) struct Seedling {
    pub(crate) clock: Clock,
    pub(crate) limits: Limits,
    pub(crate) snapshot: Arc<ArcSwap<Snapshot>>,
    pub(crate) lookups: mpsc::Sender<Lookup>,
    pub(crate) trust: Arc<Trust>,
    pub(crate) counted: Arc<Counted>,
    pub(crate) tracing: Option<Tracing>,
    pub(crate) contact: Arc<Contact>,
}

/// What the connections of one core share. It never leaves its thread.
pub(crate) struct Core {
    pub(crate) clock: Clock,
    pub(crate) limits: Limits,
    pub(crate) ticks: Ticks,
    pub(crate) request_ids: RequestIds,
    pub(crate) metrics: Metrics,
    pub(crate) tracer: Option<Tracer>,
    pub(crate) credentials: Credentials,
    pub(crate) lookups: mpsc::Sender<Lookup>,
    pub(crate) upstreams: Upstreams,
    pub(crate) http: http1::Builder,
    pub(crate) draining: Cell<bool>,
    shared_snapshot: Arc<ArcSwap<Snapshot>>,
    own_snapshot: RefCell<Rc<InForce>>,
    seats: Semaphore,
    seat_left: Notify,
}

/// A snapshot, with one core's own count of references to it: cores must not fight over one counter
/// with every request.
pub(crate) struct InForce(Arc<Snapshot>);

impl std::ops::Deref for InForce {
    type Target = Snapshot;
    fn deref(&self) -> &Snapshot {
        &self.0
    }
}

impl Core {
    fn new(seedling: Seedling) -> Self {
        let Seedling {
            clock,
            limits,
            snapshot,
            lookups,
            trust,
            counted,
            tracing,
            contact,
        } = seedling;
        let mut http = http1::Builder::new();
        // Head time-outs are our own (see `ticks`). Not `pipeline_flush`: with it hyper 1.12 stops
        // asking whether its write buffer is full, and holds an answer back behind half a request.
        http.header_read_timeout(None)
            .max_buf_size(BUFFER_BYTES)
            .max_header_size(limits.max_head_bytes);
        Self {
            ticks: Ticks::default(),
            request_ids: RequestIds::new(&Rng::System),
            metrics: Metrics::new(counted),
            tracer: tracing.map(|tracing| Tracer::new(tracing, &Rng::System)),
            credentials: Credentials::new(&limits, contact, &Rng::System),
            lookups,
            upstreams: Upstreams::new(&limits, trust),
            http,
            draining: Cell::new(false),
            own_snapshot: RefCell::new(Rc::new(InForce(snapshot.load_full()))),
            shared_snapshot: snapshot,
            seats: Semaphore::new(limits.max_connections_per_core),
            seat_left: Notify::new(),
            clock,
            limits,
        }
    }

    /// The snapshot that is in force.
    pub(crate) fn snapshot(&self) -> Rc<InForce> {
        let latest = self.shared_snapshot.load();
        let mut own = self.own_snapshot.borrow_mut();
        if !Arc::ptr_eq(&latest, &own.0) {
            *own = Rc::new(InForce(Arc::clone(&latest)));
        }
        Rc::clone(&own)
    }

    fn seats_taken(&self) -> usize {
        self.limits.max_connections_per_core - self.seats.available_permits()
    }
}

/// Runs a core on this thread until it is drained or its commands are dropped.
pub(crate) fn run(
    listener: std::net::TcpListener,
    seedling: Seedling,
    commands: mpsc::Receiver<Command>,
) -> io::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build_local(Default::default())?;
    runtime.block_on(async {
        let listener = TcpListener::from_std(listener)?;
        live(Rc::new(Core::new(seedling)), listener, commands).await;
        Ok(())
    })
}

async fn live(core: Rc<Core>, listener: TcpListener, mut commands: mpsc::Receiver<Command>) {
    let accepting = tokio::task::spawn_local(accept(Rc::clone(&core), listener));
    let sweeping = tokio::task::spawn_local(sweep(Rc::clone(&core)));
    let mut limit = Duration::ZERO;
    while let Some(command) = commands.recv().await {
        match command {
            Command::Apply(changes, applied) => {
                let now_ms = core.clock.now_ms();
                for change in changes.iter() {
                    core.credentials.apply(change, now_ms);
                }
                // Nobody may be waiting any more; the changes hold all the same.
                let _ = applied.send(());
            }
            Command::Forget(forgotten) => {
                core.credentials.forget();
                let _ = forgotten.send(());
            }
            Command::TakeUses(taken) => {
                let _ = taken.send(core.credentials.take_uses());
            }
            Command::Drain(asked) => {
                limit = asked;
                break;
            }
        }
    }
    accepting.abort();
    // Until it has ended it holds a seat, for the connection it waited for.
    let _ = accepting.await;
    core.draining.set(true);
    core.ticks.wake_all();
    let emptied = async {
        while core.seats_taken() > 0 {
            core.seat_left.notified().await;
        }
    };
    if tokio::time::timeout(limit, emptied).await.is_err() {
        tracing::warn!(
            connections = core.seats_taken(),
            "some connections did not finish in time"
        );
    }
    core.upstreams.close_all();
    sweeping.abort();
}

async fn accept(core: Rc<Core>, listener: TcpListener) {
    loop {
        let Ok(seat) = core.seats.acquire().await else {
            return;
        };
        match listener.accept().await {
            Ok((stream, peer)) => {
                seat.forget();
                let core = Rc::clone(&core);
                core.metrics.counted.accepted.add(1);
                core.metrics.counted.connections.add(1);
                tokio::task::spawn_local(async move {
                    let _seat = Seat(Rc::clone(&core));
                    connection::serve(core, stream, peer).await;
                });
            }
            Err(error) if is_about_one_connection(&error) => {}
            Err(error) => {
                // Out of file descriptors or memory: those that are open go on, and some will close.
                tracing::warn!(%error, "no connection can be accepted");
                drop(seat);
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}

fn is_about_one_connection(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset, Interrupted};
    matches!(
        error.kind(),
        ConnectionAborted | ConnectionRefused | ConnectionReset | Interrupted
    )
}

/// A connection's right to be there.
struct Seat(Rc<Core>);

impl Drop for Seat {
    fn drop(&mut self) {
        self.0.metrics.counted.connections.subtract(1);
        self.0.seats.add_permits(1);
        self.0.seat_left.notify_one();
    }
}

async fn sweep(core: Rc<Core>) {
    let start = Instant::now();
    let mut interval = tokio::time::interval(TICK);
    interval.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut prune_at_ms = 0;
    loop {
        let now = interval.tick().await;
        let now_ms = u64::try_from(now.duration_since(start).as_millis()).unwrap_or(u64::MAX);
        core.ticks.sweep(now_ms);
        if now_ms >= prune_at_ms {
            core.upstreams.prune(&core.limits, now_ms);
            prune_at_ms = now_ms + 1_000;
        }
    }
}
