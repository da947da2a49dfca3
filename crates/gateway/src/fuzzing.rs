//! What must hold for any bytes: the bodies of the fuzz targets in `fuzz/`, which tests replay.

use std::cell::RefCell;
use std::rc::Rc;

use bytes::BytesMut;
use gatewright_snapshot::path::normalize;
use gatewright_snapshot::{Head, Snapshot, match_route};
use gatewright_types::ids::{CustomerId, KeyId, SubscriptionId};
use http::{HeaderValue, Request, Response, header};
use http_body::Body;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::io::AsyncWriteExt;
use uuid::Uuid;

use crate::exchange::{check_framing, frame, write_request_line};
use crate::fields::{self, Caller, Forwarding, Framing};
use crate::limits::BUFFER_BYTES;
use crate::upstream::Ending;
use crate::upstream::answer::{Head as AnswerHead, take_head};

/// A gateway with one PUBLIC route, which takes everything.
const CONFIGURATION: &str = include_str!("../../../fuzz/corpus/snapshot/everything");
/// Most fields of a head that is read a second time.
const FIELDS: usize = 300;

/// The head of a service's answer, in parts and as a whole.
pub fn answer_head(data: &[u8]) {
    for is_for_head in [false, true] {
        let mut buffer = BytesMut::from(data);
        let Ok(Some(head)) = take_head(&mut buffer, is_for_head) else {
            continue;
        };
        let length = data.len() - buffer.len();
        assert!(data.ends_with(&buffer), "what follows the head stays");
        judge(&head, is_for_head);
        // It is a head from its last byte on and not before, however it is cut.
        for cut in [0, length / 3, length / 2, length.saturating_sub(2), length - 1] {
            let mut part = BytesMut::from(&data[..cut]);
            assert!(matches!(take_head(&mut part, is_for_head), Ok(None)), "cut at {cut}");
            assert_eq!(part.len(), cut, "nothing was taken");
        }
        // Written plainly, it reads the same.
        let mut plain = BytesMut::from(format!("HTTP/1.1 {} x\r\n", head.response.status().as_str()).as_bytes());
        for (name, value) in head.response.headers() {
            plain.extend_from_slice(name.as_str().as_bytes());
            plain.extend_from_slice(b": ");
            plain.extend_from_slice(value.as_bytes());
            plain.extend_from_slice(b"\r\n");
        }
        plain.extend_from_slice(b"\r\n");
        if plain.len() < BUFFER_BYTES {
            let again = take_head(&mut plain, is_for_head)
                .ok()
                .flatten()
                .expect("what was read can be read again");
            assert!(plain.is_empty());
            assert_eq!(again.response.headers(), head.response.headers());
            assert_eq!(again.ending, head.ending);
        }
    }
}

fn judge(head: &AnswerHead, is_for_head: bool) {
    let fields = head.response.headers();
    let lengths: Vec<_> = fields.get_all(header::CONTENT_LENGTH).iter().collect();
    let codings: Vec<_> = fields.get_all(header::TRANSFER_ENCODING).iter().collect();
    assert!(lengths.len() <= 1 && codings.len() <= 1, "one framing: {fields:?}");
    let has_body = !is_for_head
        && !head.response.status().is_informational()
        && !matches!(head.response.status().as_u16(), 204 | 304);
    let expected = match (has_body, codings.first(), lengths.first()) {
        (false, ..) => Ending::Length(0),
        (true, Some(coding), _) => {
            assert!(coding.as_bytes().eq_ignore_ascii_case(b"chunked"), "{coding:?}");
            Ending::chunked()
        }
        (true, None, Some(length)) => {
            let text = length.to_str().expect("digits");
            assert!(text.bytes().all(|byte| byte.is_ascii_digit()), "{text}");
            Ending::Length(text.parse().expect("a length"))
        }
        (true, None, None) => Ending::Close,
    };
    assert_eq!(head.ending, expected);
    assert!(
        !head.is_kept || head.ending != Ending::Close,
        "what ends with its connection ends it"
    );
}

/// What a client sends on a connection, as far as it would be passed on: what leaves has one reading.
pub fn request_head(data: &[u8]) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .expect("a runtime");
    runtime.block_on(serve(data));
}

/// Serves a connection in memory; how many requests would have been passed on.
async fn serve(data: &[u8]) -> usize {
    let configuration = serde_json::from_str(CONFIGURATION).expect("it is one");
    let snapshot = Snapshot::compile(configuration).expect("it is valid");
    let passed_on = Rc::new(RefCell::new(Vec::new()));
    let service = service_fn(|request: Request<Incoming>| {
        let head = pass_on(&snapshot, &request, data.len().is_multiple_of(2));
        let is_last = head.is_none() || request.headers().contains_key(header::TRANSFER_ENCODING);
        let passed_on = Rc::clone(&passed_on);
        async move {
            if let Some((head, framing)) = head {
                let body = take(request.into_body()).await;
                passed_on.borrow_mut().push((head, framing, body));
            }
            let mut response = Response::new(String::new());
            if is_last {
                response
                    .headers_mut()
                    .insert(header::CONNECTION, HeaderValue::from_static("close"));
            }
            Ok::<_, std::convert::Infallible>(response)
        }
    });
    // Room for everything that comes and for every answer: nobody reads them.
    let (mut client, server) = tokio::io::duplex(data.len() + 1024 * 1024);
    client.write_all(data).await.expect("there is room");
    client.shutdown().await.expect("it is in memory");
    let mut http = http1::Builder::new();
    // All that comes is there at once, and so is its end: that must not end what is under way.
    http.header_read_timeout(None)
        .max_buf_size(BUFFER_BYTES)
        .half_close(true);
    let _ = http.serve_connection(TokioIo::new(server), service).await;
    for (head, framing, body) in passed_on.borrow().iter() {
        judge_passed_on(head, *framing, *body);
    }
    passed_on.borrow().len()
}

/// The whole body's length; none when it broke off.
async fn take(body: Incoming) -> Option<u64> {
    let mut body = std::pin::pin!(body);
    let mut length = 0;
    while let Some(frame) = std::future::poll_fn(|cx| body.as_mut().poll_frame(cx)).await {
        length += frame.ok()?.into_data().map_or(0, |data| data.len() as u64);
    }
    Some(length)
}

/// The head as the service would get it, the way `exchange` goes; none when the request is refused.
fn pass_on(snapshot: &Snapshot, request: &Request<Incoming>, is_secure: bool) -> Option<(Vec<u8>, Framing)> {
    check_framing(request.headers()).ok()?;
    let framing = frame(request.body());
    let (mut parts, ()) = Request::new(()).into_parts();
    parts.method.clone_from(request.method());
    parts.uri.clone_from(request.uri());
    parts.version = request.version();
    parts.headers.clone_from(request.headers());
    let mut head = Vec::new();
    let matched = match_route(snapshot, &Head::from(&parts)).ok()?;
    write_request_line(&mut head, &matched, &parts).ok()?;
    drop(matched);
    let said = HeaderValue::from_static("ours");
    let caller = is_secure.then(|| Caller {
        customer: CustomerId::from_uuid(Uuid::nil()),
        subscription: SubscriptionId::from_uuid(Uuid::nil()),
        key: KeyId::from_uuid(Uuid::nil()),
        consumer: None,
        is_permitted: false,
    });
    let forwarding = Forwarding {
        host: &said,
        client: &said,
        request_id: &said,
        caller,
        framing,
        sampled: None,
    };
    fields::strip_request(&mut parts.headers, is_secure);
    fields::write(&mut head, &parts.headers, &forwarding);
    head.extend_from_slice(b"\r\n");
    Some((head, framing))
}

/// Reads a head as a service would.
fn judge_passed_on(head: &[u8], framing: Framing, body: Option<u64>) {
    let text = String::from_utf8_lossy(head);
    let mut lines = [httparse::EMPTY_HEADER; FIELDS];
    let mut parsed = httparse::Request::new(&mut lines);
    assert_eq!(
        parsed.parse(head),
        Ok(httparse::Status::Complete(head.len())),
        "one head and nothing after it: {text}"
    );
    let target = parsed.path.expect("a target");
    let path = target.split('?').next().unwrap_or_default();
    assert_eq!(normalize(path).as_deref(), Ok(path), "one reading: {text}");
    let values = |name: &str| -> Vec<&[u8]> {
        let named = parsed
            .headers
            .iter()
            .filter(|line| line.name.eq_ignore_ascii_case(name));
        named.map(|line| line.value).collect()
    };
    for name in ["host", "x-request-id"] {
        assert_eq!(values(name), [b"ours"], "{name} is said by us: {text}");
    }
    let (lengths, codings) = (values("content-length"), values("transfer-encoding"));
    match framing {
        Framing::Chunked => assert!(lengths.is_empty() && codings == [b"chunked"], "{text}"),
        Framing::Length(length) => {
            assert!(
                codings.is_empty() && lengths == [length.to_string().as_bytes()],
                "{text}"
            );
            assert!(body.is_none_or(|body| body == length), "{body:?} of {length}");
        }
        Framing::None => {
            assert!(
                codings.is_empty() && lengths.iter().all(|length| *length == b"0"),
                "{text}"
            );
            assert!(lengths.len() <= 1 && body.is_none_or(|body| body == 0), "{text}");
        }
    }
    for name in ["keep-alive", "proxy-connection", "upgrade", "x-gatewright-consumer"] {
        assert!(values(name).is_empty(), "{name} goes no further: {text}");
    }
    for name in [
        "x-gatewright-customer",
        "x-gatewright-subscription",
        "x-gatewright-key-id",
    ] {
        assert!(values(name).len() <= 1, "{name} is said by us: {text}");
    }
    // A service that takes dashes and underscores for the same must not be told anything by a client.
    let is_guarded = |name: &str| name.to_ascii_lowercase().replace('_', "-").starts_with("x-gatewright-");
    for line in parsed.headers.iter().filter(|line| is_guarded(line.name)) {
        let is_ours = !line.name.contains('_') && line.value.ends_with(&[b'0'; 26]);
        assert!(is_ours, "{}: {text}", line.name);
    }
    assert!(values("connection").iter().all(|value| *value == b"te"), "{text}");
    for line in values("authorization").into_iter().chain(values("x-api-key")) {
        assert!(!gatewright_snapshot::starts_like_our_key(line), "no key leaves: {text}");
    }
    assert!(
        values("x-api-key").is_empty() || values("x-gatewright-customer").is_empty(),
        "{text}"
    );
    for line in values("cookie") {
        let is_ours = |pair: &[u8]| {
            pair.trim_ascii().starts_with(b"__Host-gatewright_") || pair.trim_ascii().starts_with(b"gatewright-")
        };
        assert!(!line.split(|byte| *byte == b';').any(is_ours), "{text}");
    }
}

#[cfg(test)]
#[path = "../../../fuzz/replay.rs"]
mod replay;

#[cfg(test)]
mod tests {
    use super::replay::replay;
    use super::*;

    #[test]
    fn an_answers_head_has_one_reading_however_it_is_cut() {
        replay("answer_head", answer_head);
    }

    #[tokio::test(flavor = "current_thread")]
    async fn the_corpus_reaches_what_is_judged() {
        for (name, expected) in [
            ("get", 1),
            ("two", 2),
            ("length", 2),
            ("chunked", 1),
            ("both", 1),
            ("spoof", 1),
            ("dots", 0),
        ] {
            let file = format!("{}/../../fuzz/corpus/request_head/{name}", env!("CARGO_MANIFEST_DIR"));
            assert_eq!(serve(&std::fs::read(file).unwrap()).await, expected, "{name}");
        }
    }

    #[test]
    fn what_leaves_towards_a_service_has_one_reading_whatever_came() {
        replay("request_head", request_head);
    }
}
