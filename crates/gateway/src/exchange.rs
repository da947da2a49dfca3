//! One request, from its head to the head of its answer.

use std::convert::Infallible;
use std::rc::Rc;
use std::time::Instant;

use gatewright_snapshot::{
    Gateway, Head, Match, Presented, Refusal, Route, Snapshot, admit, credential_ref, match_route,
};
use gatewright_types::ProblemCode;
use http::{HeaderMap, HeaderValue, Request, Response, StatusCode, header, request};
use hyper::body::{Body, Incoming};

use crate::body::{RequestBody, RequestBodyFault, ResponseBody};
use crate::client::Client;
use crate::credentials;
use crate::fields::{self, Caller, Forwarding, Framing, X_REQUEST_ID};
use crate::problem::{self, Scene};
use crate::trace::Sampled;
use crate::upstream::{self, Answer, Fault, Outgoing, Upstream};
use crate::vigil::Phase;

/// Answers one request. Whatever goes wrong is an answer, too.
pub(crate) async fn answer(
    client: Rc<Client>,
    request: Request<Incoming>,
) -> Result<Response<ResponseBody>, Infallible> {
    client.begin();
    let begun = Instant::now();
    let now_ms = client.core.clock.now_ms();
    let request_id = client.core.request_ids.mint(now_ms);
    let snapshot = client.core.snapshot();
    let mut addressed = Addressed::default();
    let tracer = client.core.tracer.as_ref();
    let sampled = tracer.and_then(|tracer| tracer.begin(now_ms, request.method(), request.headers()));
    let mut refused = None;
    let has_body = !request.body().is_end_stream();
    // hyper silently drops a Content-Length beside Transfer-Encoding (RFC 9112 §6.1 calls that an
    // attempt at smuggling), so we cannot tell. Such a connection ends after this answer, and
    // whatever else was smuggled in behind the body is never read as a request.
    let mut closes = request.headers().contains_key(header::TRANSFER_ENCODING);
    let outcome = exchange(
        &client,
        &snapshot,
        &mut addressed,
        sampled.as_ref(),
        &request_id,
        now_ms,
        request,
    )
    .await;
    let mut response = outcome.unwrap_or_else(|refusal| {
        // The rest of its body may still be on its way, and is nobody's request. And whoever reads the
        // request differently from us may see another one in it.
        closes |= has_body || refusal.code == ProblemCode::AmbiguousRequest;
        let scene = Scene {
            snapshot: &snapshot,
            realm: addressed.gateway.map(|gateway| &gateway.slug),
            request_id: &request_id,
        };
        refused = Some(refusal.code);
        problem::answer(&client, &scene, &refusal)
    });
    if closes {
        client.lingers.set(true);
        response
            .headers_mut()
            .insert(header::CONNECTION, HeaderValue::from_static("close"));
    }
    response.headers_mut().insert(&X_REQUEST_ID, request_id);
    client.vigil.enter(Phase::Answering);
    let metrics = &client.core.metrics;
    let took = begun.elapsed();
    metrics.answered(addressed.gateway, response.status(), refused, took);
    if let (Some(tracer), Some(sampled)) = (tracer, sampled) {
        let Addressed { gateway, route } = addressed;
        if !tracer.end(sampled, gateway, route, response.status(), refused, took) {
            metrics.counted.spans_dropped.add(1);
        }
    }
    Ok(response)
}

/// What a request was for, as far as that was found out.
#[derive(Clone, Copy, Default)]
struct Addressed<'s> {
    gateway: Option<&'s Gateway>,
    route: Option<&'s Route>,
}

async fn exchange<'s>(
    client: &Rc<Client>,
    snapshot: &'s Snapshot,
    addressed: &mut Addressed<'s>,
    sampled: Option<&Sampled>,
    request_id: &HeaderValue,
    now_ms: i64,
    request: Request<Incoming>,
) -> Result<Response<ResponseBody>, Refusal> {
    let core = &client.core;
    let (mut parts, body) = request.into_parts();
    check_framing(&parts.headers)?;
    let matched = match_route(snapshot, &Head::from(&parts)).inspect_err(|_| {
        addressed.gateway = snapshot.gateway_of(&Head::from(&parts)).ok();
    })?;
    let (gateway, route) = (matched.gateway, matched.route);
    *addressed = Addressed {
        gateway: Some(gateway),
        route: Some(route),
    };
    let framing = frame(&body);
    if let Framing::Length(length) = framing
        && length > gateway.max_request_body_bytes
    {
        return Err(body_too_large());
    }
    let mut judged_at_ms = now_ms;
    let (mut address, mut is_permitted) = (client.peer, false);
    let hash = match credential_ref(&matched, &parts.headers)? {
        None => None,
        Some(Presented::Key(hash)) => Some(hash),
        Some(Presented::Permit(token)) => {
            let permit = snapshot.permit(gateway, &Head::from(&parts), token, now_ms)?;
            (address, is_permitted) = (permit.address, true);
            Some(permit.hash)
        }
    };
    let held = match hash {
        None => None,
        Some(hash) => Some(
            match core
                .credentials
                .get(&hash, now_ms)
                .settle(core, hash, gateway.when_cut_off)
            {
                Some(settled) => settled?,
                None => {
                    let found = Box::pin(credentials::find(core, hash, gateway.when_cut_off)).await?;
                    // Read again: a look-up may have taken its time.
                    judged_at_ms = core.clock.now_ms();
                    found
                }
            },
        ),
    };
    let caller = match held {
        None => None,
        Some(held) => {
            let admitted = admit(&matched, &held.credential, address, judged_at_ms)?;
            core.credentials.count_use(&held, address, judged_at_ms);
            Some(Caller {
                customer: admitted.grant.customer_id,
                subscription: admitted.grant.subscription_id,
                key: admitted.key_id,
                consumer: admitted.consumer_id,
                is_permitted,
            })
        }
    };
    let mut head = core.upstreams.blank();
    write_request_line(&mut head, &matched, &parts)?;
    drop(matched);

    let service = &*route.service;
    let upstream = core.upstreams.of(service, &core.limits, core.ticks.now_ms());
    let forwarding = Forwarding {
        host: &upstream.host,
        client: &client.address,
        request_id,
        caller,
        framing,
        sampled,
    };
    fields::strip_request(&mut parts.headers, caller.is_some());
    fields::write(&mut head, &parts.headers, &forwarding);
    head.extend_from_slice(b"\r\n");
    let body = RequestBody::new(body, client, gateway.max_request_body_bytes, service.response_timeout);
    let outgoing = Outgoing::new(head, &parts.method, framing, body);
    drop(parts);
    let answer = upstream::send(client, &upstream, service, outgoing).await;
    pass_on(
        client,
        upstream,
        answer.map_err(refuse_fault)?,
        service.response_timeout,
    )
}

/// What hyper lets through and we do not.
pub(crate) fn check_framing(fields: &HeaderMap) -> Result<(), Refusal> {
    let ambiguous = |detail: &'static str| Err(Refusal::new(ProblemCode::AmbiguousRequest, detail));
    if let Some(first) = fields.get(header::TRANSFER_ENCODING) {
        // RFC 9112 §7: other codings before chunked exist on paper; not every server agrees on them.
        let is_only_one = fields.get_all(header::TRANSFER_ENCODING).iter().count() == 1;
        if !is_only_one || !first.as_bytes().eq_ignore_ascii_case(b"chunked") {
            return ambiguous("Transfer-Encoding has to be exactly chunked.");
        }
    }
    if let Some(first) = fields.get(header::EXPECT) {
        let is_only_one = fields.get_all(header::EXPECT).iter().count() == 1;
        if !is_only_one || !first.as_bytes().eq_ignore_ascii_case(b"100-continue") {
            return ambiguous("The only expectation that can be met is 100-continue.");
        }
    }
    Ok(())
}

pub(crate) fn frame(body: &Incoming) -> Framing {
    if body.is_end_stream() {
        return Framing::None;
    }
    body.size_hint().exact().map_or(Framing::Chunked, Framing::Length)
}

/// Writes the request line: method, the target that the upstream is asked for, version.
pub(crate) fn write_request_line(
    head: &mut Vec<u8>,
    matched: &Match<'_, '_>,
    parts: &request::Parts,
) -> Result<(), Refusal> {
    head.extend_from_slice(parts.method.as_str().as_bytes());
    head.push(b' ');
    let from = head.len();
    if matched.is_target_unchanged() {
        let path_and_query = parts.uri.path_and_query();
        head.extend_from_slice(path_and_query.map_or("/", |text| text.as_str()).as_bytes());
    } else {
        matched.render_target(head);
    }
    // A request line that reads differently elsewhere (RFC 9112 §3) must not leave, wherever it came from.
    if head[from..].iter().any(|&byte| byte <= b' ' || byte == 0x7f) {
        let detail = "The path cannot be written as a URI.";
        return Err(Refusal::new(ProblemCode::AmbiguousRequest, detail));
    }
    head.extend_from_slice(b" HTTP/1.1\r\n");
    Ok(())
}

fn pass_on(
    client: &Rc<Client>,
    upstream: Rc<Upstream>,
    answer: Answer,
    response_timeout: std::time::Duration,
) -> Result<Response<ResponseBody>, Refusal> {
    if answer.response.status() == StatusCode::SWITCHING_PROTOCOLS {
        // Nobody asked: Upgrade is never passed on.
        return Err(refuse_fault(Fault::Failed));
    }
    let (mut response, body) = ResponseBody::streamed(client, upstream, answer, response_timeout);
    fields::rewrite_response(response.headers_mut());
    Ok(response.map(|()| body))
}

fn body_too_large() -> Refusal {
    Refusal::new(
        ProblemCode::BodyTooLarge,
        "The body is longer than this gateway allows.",
    )
}

#[cold]
fn refuse_fault(fault: Fault) -> Refusal {
    let (code, detail) = match fault {
        Fault::Refused => (
            ProblemCode::UpstreamRefused,
            "No connection to the service could be made.",
        ),
        Fault::Untrusted => (
            ProblemCode::UpstreamRefused,
            "The service could not prove who it is (TLS).",
        ),
        Fault::ConnectTimedOut => (
            ProblemCode::UpstreamTimedOut,
            "No connection to the service could be made in time.",
        ),
        Fault::AnswerTimedOut => (
            ProblemCode::UpstreamTimedOut,
            "The service took the request and did not answer in time.",
        ),
        Fault::Failed => (
            ProblemCode::UpstreamFailed,
            "The service broke the connection off, or did not speak HTTP.",
        ),
        Fault::ClientTimedOut => (ProblemCode::RequestTimedOut, "The body stopped coming."),
        Fault::ClientBody(RequestBodyFault::TooLong) => return body_too_large(),
        Fault::ClientBody(RequestBodyFault::Broken) => (ProblemCode::AmbiguousRequest, "The body is not well-formed."),
    };
    Refusal::new(code, detail)
}
