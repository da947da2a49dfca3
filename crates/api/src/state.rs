//! What every operation can reach.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use gatewright_database::Database;
use gatewright_egress::Policy;
use gatewright_identity::last_use::LastUses;
use gatewright_identity::passwords::Hasher;
use gatewright_identity::providers::Providers;
use gatewright_native::Nodes;
use gatewright_orchestration::Orchestrator;
use gatewright_portal::playground::Playground;
use tokio::sync::{Semaphore, SemaphorePermit};

use crate::places::Places;
use crate::portals::Portals;

/// What is set about telling others.
#[derive(Clone, Debug, Default)]
pub struct Notices {
    /// What outgoing requests may reach.
    pub egress_policy: Policy,
    /// Whether `/api/mailbox` and the page `/mailbox` show the mails that no mail server got.
    pub shows_mailbox: bool,
}

/// What is needed for people.
pub struct Doors {
    /// Which tenant a host means.
    pub portals: Arc<Portals>,
    /// Hashes passwords.
    pub hasher: Hasher,
    /// Where an address is.
    pub places: Places,
    /// Asks identity providers.
    pub identity_providers: Providers,
}

/// What talks to gateways.
pub struct Gateways {
    /// Brings other vendors' gateways to what is desired.
    pub orchestrator: Orchestrator,
    /// Calls any gateway in a developer's place.
    pub playground: Playground,
}

/// What every operation can reach. Cloning is cheap.
#[derive(Clone)]
pub struct ApiState(Arc<Inner>);

struct Inner {
    database: Database,
    nodes: Arc<Nodes>,
    problem_pages: String,
    gateway_url: Option<String>,
    last_uses: LastUses,
    notices: Notices,
    gateways: Gateways,
    judging: Semaphore,
    doors: Doors,
    draining: AtomicBool,
    look_ups: Semaphore,
}

/// Look-ups for nodes that run at once: few, so that they cannot take every connection to the database.
const LOOK_UPS_MAX: usize = 4;
/// Bodies that are judged by their schemas at once: nobody who types keeps more processors busy.
const JUDGING_MAX: usize = 2;

impl ApiState {
    /// The database, the nodes to be told, what problem codes are appended to, where the native
    /// gateway of this process listens if it has one, what is set about telling others, what talks to gateways, and
    /// what is needed for people.
    pub fn new(
        database: Database,
        nodes: Arc<Nodes>,
        problem_pages: String,
        gateway_url: Option<String>,
        notices: Notices,
        gateways: Gateways,
        doors: Doors,
    ) -> Self {
        Self(Arc::new(Inner {
            database,
            nodes,
            problem_pages,
            gateway_url,
            last_uses: LastUses::default(),
            notices,
            gateways,
            judging: Semaphore::new(JUDGING_MAX),
            doors,
            draining: AtomicBool::new(false),
            look_ups: Semaphore::new(LOOK_UPS_MAX),
        }))
    }

    /// The database.
    pub fn database(&self) -> &Database {
        &self.0.database
    }

    /// The nodes to be told.
    pub fn nodes(&self) -> &Arc<Nodes> {
        &self.0.nodes
    }

    /// What problem codes are appended to.
    pub fn problem_pages(&self) -> &str {
        &self.0.problem_pages
    }

    /// Where the native gateway of this process listens, if it has one.
    pub fn gateway_url(&self) -> Option<&str> {
        self.0.gateway_url.as_deref()
    }

    /// When tokens were last used, to be written now and then.
    pub fn last_uses(&self) -> &LastUses {
        &self.0.last_uses
    }

    /// What outgoing requests may reach.
    pub fn egress_policy(&self) -> &Policy {
        &self.0.notices.egress_policy
    }

    /// What talks to other vendors' gateways.
    pub fn orchestrator(&self) -> &Orchestrator {
        &self.0.gateways.orchestrator
    }

    /// What calls gateways for developers.
    pub fn playground(&self) -> &Playground {
        &self.0.gateways.playground
    }

    /// A turn in judging what somebody fills in.
    pub(crate) async fn judging_turn(&self) -> Option<SemaphorePermit<'_>> {
        // It is never closed.
        self.0.judging.acquire().await.ok()
    }

    /// Which tenant a host means.
    pub fn portals(&self) -> &Portals {
        &self.0.doors.portals
    }

    /// What asks identity providers.
    pub(crate) fn identity_providers(&self) -> &Providers {
        &self.0.doors.identity_providers
    }

    /// What hashes passwords.
    pub(crate) fn hasher(&self) -> &Hasher {
        &self.0.doors.hasher
    }

    /// Where an address is.
    pub(crate) fn places(&self) -> &Places {
        &self.0.doors.places
    }

    /// Whether there is a mailbox.
    pub(crate) fn shows_mailbox(&self) -> bool {
        self.0.notices.shows_mailbox
    }

    /// From now on `/health/ready` says that this process is going away, and nodes go elsewhere.
    pub fn drain(&self) {
        self.0.draining.store(true, Ordering::Release);
        self.0.nodes.close();
    }

    /// A turn to look up credentials for a node.
    pub(crate) async fn look_up_turn(&self) -> Option<SemaphorePermit<'_>> {
        // It is never closed.
        self.0.look_ups.acquire().await.ok()
    }

    pub(crate) fn is_draining(&self) -> bool {
        self.0.draining.load(Ordering::Acquire)
    }
}
