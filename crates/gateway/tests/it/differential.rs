//! What we make of a service's answer, held against what hyper's client makes of it.
//!
//! Each answer is asked for twice: from the service itself, and through the gateway. Both times it is
//! hyper that reads. The rules: what hyper refuses, we refuse; what both accept is the same; and where
//! we refuse what hyper accepts, the answer could be read in two ways ([`is_ambiguous`]).

use std::net::SocketAddr;
use std::sync::Arc;

use bytes::Bytes;
use gatewright_types::Rng;
use http_body_util::{BodyExt, Empty};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::client::PATIENCE;
use crate::upstream::{Reply, Upstream};
use crate::world::World;

/// Answers as they should be, and as they should not.
const ANSWERS: [&str; 26] = [
    "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok",
    "HTTP/1.1 200\r\ncontent-length: 2\r\n\r\nok",
    "HTTP/1.0 200 OK\r\ncontent-length: 2\r\nx-one: a\r\nx-one: b\r\n\r\nok",
    "HTTP/1.1 200 OK\r\ncontent-length: 2\r\ncontent-length: 2\r\n\r\nok",
    "HTTP/1.1 200 OK\r\ncontent-length: 2\r\ncontent-length: 3\r\n\r\nok",
    "HTTP/1.1 200 OK\r\ncontent-length: +2\r\n\r\nok",
    "HTTP/1.1 200 OK\r\ncontent-length: 2, 2\r\n\r\nok",
    "HTTP/1.1 200 OK\r\ncontent-length:\r\n\r\nok",
    "HTTP/1.1 200 OK\r\ncontent-length: 99999999999999999999\r\n\r\nok",
    "HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\nok",
    "HTTP/1.1 200 OK\r\n\r\nuntil the end",
    "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n",
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: Chunked\r\n\r\n2;a=b\r\nok\r\n000\r\nx-last: 1\r\n\r\n",
    "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\ncontent-length: 1\r\n\r\n2\r\nok\r\n0\r\n\r\n",
    "HTTP/1.1 200 OK\r\ntransfer-encoding: gzip, chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n",
    "HTTP/1.1 200 OK\r\ntransfer-encoding: identity\r\n\r\nok",
    "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\ntransfer-encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n",
    "HTTP/1.0 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n",
    "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nok\r\n",
    "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nokay\r\n0\r\n\r\n",
    "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2 \r\nok\r\n0\r\n\r\n",
    "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nfffffffffffffffff\r\nok\r\n0\r\n\r\n",
    "HTTP/1.1 204 No Content\r\n\r\n",
    "HTTP/1.1 304 Not Modified\r\ncontent-length: 7\r\netag: \"a\"\r\n\r\n",
    "HTTP/1.1 103 Early\r\nlink: x\r\n\r\nHTTP/1.1 404 Not Found\r\ncontent-length: 2\r\nconnection: close\r\n\r\nno",
    "HTTP/1.1 200 OK\nx-bare: a\ncontent-length: 2\n\nok",
];
/// Answers that are each of those with one byte changed, inserted or taken out; `make soak` tries more.
const MUTANTS_PER_ANSWER: usize = 50;
const MUTANTS_PER_ANSWER_SOAK: usize = 5_000;
/// What the hop between us and the client says about itself.
const OF_THE_HOP: [&str; 6] = [
    "connection",
    "content-length",
    "date",
    "keep-alive",
    "transfer-encoding",
    "x-request-id",
];

#[derive(Debug, PartialEq)]
enum Outcome {
    /// A whole answer.
    Whole(u16, Vec<(String, Vec<u8>)>, Vec<u8>),
    /// An answer that broke off.
    Cut,
    /// No answer.
    None,
}

async fn ask(addr: SocketAddr, key: &str, number: usize) -> Outcome {
    let stream = TcpStream::connect(addr).await.unwrap();
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream))
        .await
        .unwrap();
    let task = tokio::spawn(connection);
    let request = http::Request::get(format!("/any/{number}"))
        .header("host", "acme.gateways.test")
        .header("x-api-key", key)
        .body(Empty::<Bytes>::new())
        .unwrap();
    let outcome = timeout(PATIENCE, async {
        let Ok(answer) = sender.send_request(request).await else {
            return Outcome::None;
        };
        let (head, body) = answer.into_parts();
        let is_ours = head
            .headers
            .get("content-type")
            .is_some_and(|kind| kind == "application/problem+json");
        if is_ours {
            return Outcome::None;
        }
        let Ok(body) = body.collect().await else {
            return Outcome::Cut;
        };
        let fields = head
            .headers
            .iter()
            .map(|(name, value)| (name.to_string(), value.as_bytes().to_vec()));
        let mut fields: Vec<_> = fields
            .filter(|(name, _)| !OF_THE_HOP.contains(&name.as_str()))
            .collect();
        fields.sort();
        Outcome::Whole(head.status.as_u16(), fields, body.to_bytes().to_vec())
    });
    let outcome = outcome.await.expect("an answer, or none, but not silence");
    task.abort();
    outcome
}

/// Whether another reader may see another answer in it.
fn is_ambiguous(answer: &[u8]) -> bool {
    let text = String::from_utf8_lossy(answer).to_ascii_lowercase();
    let values = |name: &'static str| {
        text.lines()
            .filter_map(move |line| line.strip_prefix(name))
            .map(str::trim)
    };
    // A coding that we would have to undo, or that HTTP/1.0 does not know.
    let codings: Vec<&str> = values("transfer-encoding:").collect();
    let is_strange = codings.len() > 1 || codings.iter().any(|coding| *coding != "chunked");
    // A length that is none, where hyper looks at no length.
    let is_no_length = values("content-length:").any(|length| length.parse::<u64>().is_err());
    is_strange || is_no_length || (!codings.is_empty() && text.contains("http/1.0"))
}

fn mutant(rng: &Rng, answer: &[u8]) -> Vec<u8> {
    let [kind, byte, high, low] = rng.bytes();
    let mut answer = answer.to_vec();
    let at = usize::from(u16::from_be_bytes([high, low])) % answer.len();
    // Bytes that mean something come up more often.
    let byte = *b"\r\n:;, 0123aAfF\t+-\0\x80"
        .get(usize::from(byte) % 32)
        .unwrap_or(&byte);
    match kind % 3 {
        0 => answer[at] = byte,
        1 => answer.insert(at, byte),
        _ => drop(answer.remove(at)),
    }
    answer
}

#[tokio::test]
async fn an_answer_means_to_us_what_it_means_to_hyper_or_nothing() {
    let rng = Rng::seeded(9112);
    let mut answers: Vec<Vec<u8>> = ANSWERS.iter().map(|answer| answer.as_bytes().to_vec()).collect();
    let mutants = if std::env::var_os("GATEWRIGHT_TEST_SOAK").is_some() {
        MUTANTS_PER_ANSWER_SOAK
    } else {
        MUTANTS_PER_ANSWER
    };
    for answer in ANSWERS {
        answers.extend((0..mutants).map(|_| mutant(&rng, answer.as_bytes())));
    }
    let answers = Arc::new(answers);
    let script = Arc::clone(&answers);
    let upstream = Upstream::start(move |seen| {
        let path = seen.line().split(' ').nth(1).unwrap();
        let number: usize = path.rsplit('/').next().unwrap().parse().unwrap();
        Reply::Last(script[number].clone())
    })
    .await;
    let world = World::start(&upstream.url());

    let (mut accepted, mut different) = (0, Vec::new());
    for (number, answer) in answers.iter().enumerate() {
        let direct = ask(upstream.addr, &world.key, number).await;
        let through = ask(world.gateway.local_addr(), &world.key, number).await;
        let is_right = match (&direct, &through) {
            // hyper has seen the head before it sees that the rest is nothing; so may we.
            (Outcome::None | Outcome::Cut, Outcome::None | Outcome::Cut) => true,
            (Outcome::Whole(..), Outcome::None | Outcome::Cut) => is_ambiguous(answer),
            _ => {
                accepted += 1;
                direct == through
            }
        };
        if !is_right {
            different.push(format!(
                "{:?}\n    hyper: {direct:?}\n    we:    {through:?}",
                String::from_utf8_lossy(answer)
            ));
        }
    }
    assert!(different.is_empty(), "{}", different.join("\n"));
    assert!(
        accepted > answers.len() / 4,
        "only {accepted} of {} were answers",
        answers.len()
    );
}
