//! What every test stands on: a link without a limit, an application, and a server that says what it is told to.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use gatewright_connectors::kong::{Credentials, Flavor, Kong, Settings, SuspendBy};
use gatewright_connectors::link::CallRecord;
use gatewright_connectors::{Application, Fault, Gate, Link, Turn};
use gatewright_egress::{Client, Opened, Options, Policy};
use gatewright_types::Clock;
use gatewright_types::ids::{CustomerId, GatewayId, SubscriptionId};
use secrecy::SecretString;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// The token that the tests let us in with.
pub(crate) const TOKEN: &str = "kpat_ourOwnToken";
/// 2026-11-22T00:00:00Z.
pub(crate) const NOW_MS: i64 = 1_795_305_600_000;

/// Lets every call through and remembers what it was.
#[derive(Clone, Default)]
pub(crate) struct Calls(Arc<Mutex<Seen>>);

#[derive(Default)]
struct Seen {
    operations: Vec<&'static str>,
    under_way: usize,
    rounds: usize,
}

impl Calls {
    /// What was called since the last time, in order.
    pub(crate) fn take(&self) -> Vec<&'static str> {
        std::mem::take(&mut self.0.lock().unwrap().operations)
    }

    /// How often since the last time there was nothing left but to wait for an answer: calls at once count once.
    pub(crate) fn rounds(&self) -> usize {
        std::mem::take(&mut self.0.lock().unwrap().rounds)
    }
}

impl Gate for Calls {
    fn pass<'a>(&'a self, _: &'static str) -> Pin<Box<dyn Future<Output = Result<Turn, Fault>> + Send + 'a>> {
        self.0.lock().unwrap().under_way += 1;
        Box::pin(std::future::ready(Ok(Turn::default())))
    }

    fn made(&self, record: CallRecord) {
        let mut seen = self.0.lock().unwrap();
        seen.operations.push(record.operation);
        seen.under_way -= 1;
        seen.rounds += usize::from(seen.under_way == 0);
    }
}

/// What may be reached: this machine.
pub(crate) fn this_machine() -> Policy {
    Policy {
        opened: vec!["127.0.0.1".parse::<Opened>().unwrap()],
        plain_http: true,
        ..Policy::default()
    }
}

/// A link that may go to this machine, with a clock that stands at [`NOW_MS`].
pub(crate) fn link(call_timeout: Duration) -> (Link, Calls) {
    let calls = Calls::default();
    let clock = Clock::manual(chrono::DateTime::from_timestamp_millis(NOW_MS).unwrap());
    let link = Link::new(Client::new(Options::default()), this_machine(), calls.clone());
    (link.with_call_timeout(call_timeout).with_clock(clock), calls)
}

pub(crate) fn application(number: u128) -> Application {
    Application {
        connection_id: GatewayId::from_uuid(uuid::Uuid::from_u128(7)),
        customer_id: CustomerId::from_uuid(uuid::Uuid::from_u128(number + 1000)),
        subscription_id: SubscriptionId::from_uuid(uuid::Uuid::from_u128(number)),
    }
}

pub(crate) fn settings(url: &str) -> Settings {
    Settings {
        flavor: Flavor::AdminApi,
        url: url.to_owned(),
        workspace: None,
        control_plane_id: None,
        ca_pem: None,
        suspend_by: SuspendBy::AclAndPlugin,
    }
}

pub(crate) fn credentials() -> Credentials {
    Credentials {
        bearer: Some(SecretString::from(TOKEN)),
        ..Credentials::default()
    }
}

pub(crate) fn kong(settings: Settings) -> Kong {
    Kong::new(settings, &credentials()).unwrap()
}

/// A server that answers every request with what a function makes of it: the status line's rest, fields and body, as they
/// go over the wire; nothing hangs up.
pub(crate) struct Said {
    pub(crate) url: String,
    seen: Arc<Mutex<Vec<String>>>,
}

impl Said {
    pub(crate) async fn start(answer: impl Fn(&str) -> String + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let (seen, answer) = (Arc::<Mutex<Vec<String>>>::default(), Arc::new(answer));
        let said = Self {
            url,
            seen: Arc::clone(&seen),
        };
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, Arc::clone(&answer), Arc::clone(&seen)));
            }
        });
        said
    }

    /// Every request, head and body.
    pub(crate) fn seen(&self) -> Vec<String> {
        self.seen.lock().unwrap().clone()
    }
}

async fn serve(
    mut stream: TcpStream,
    answer: Arc<impl Fn(&str) -> String + Send + Sync + 'static>,
    seen: Arc<Mutex<Vec<String>>>,
) {
    while let Some(request) = read(&mut stream).await {
        let bytes = answer(&request);
        seen.lock().unwrap().push(request);
        if bytes.is_empty() || stream.write_all(bytes.as_bytes()).await.is_err() {
            return;
        }
    }
}

/// One request, head and body; none: there is no more.
pub(crate) async fn read(stream: &mut TcpStream) -> Option<String> {
    let mut bytes = Vec::new();
    loop {
        let text = String::from_utf8_lossy(&bytes).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head
                .lines()
                .find_map(|line| line.to_ascii_lowercase().strip_prefix("content-length: ")?.parse().ok());
            if body.len() >= length.unwrap_or(0) {
                return Some(text);
            }
        }
        if stream.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
    }
}

/// An answer in JSON.
pub(crate) fn json(status: &str, body: &str) -> String {
    with(status, "content-type: application/json; charset=utf-8\r\n", body)
}

/// An answer with these fields.
pub(crate) fn with(status: &str, fields: &str, body: &str) -> String {
    format!(
        "HTTP/1.1 {status}\r\n{fields}content-length: {}\r\n\r\n{body}",
        body.len()
    )
}
