//! One call, from what was filled in to what came back.
//!
//! 1. [`Playground::prepare`], in a transaction that reads: the place, the key, the request, its URL;
//! 2. [`Playground::arm`], without one: the permit or the key itself, which may have to be read back from a gateway;
//! 3. [`Armed::note`], in a transaction that writes: the run and its audit row;
//! 4. [`Playground::dispatch`]: the call; [`Answering`] is read piece by piece and written down at its end.

use std::str::FromStr;

use bytes::Bytes;
use gatewright_connectors::model::Vendor;
use gatewright_connectors::showing::{self, Part};
use gatewright_credentials::look_up;
use gatewright_database::{Caller, TenantTx};
use gatewright_egress::request::{Body, Request};
use gatewright_egress::{EgressError, Opened, Overflow, Policy, Streamed, Target};
use gatewright_native::nodes::PermittedCall;
use gatewright_notify::destinations;
use gatewright_orchestration::calling::Found;
use gatewright_spec::model::{Operation, OperationKind};
use gatewright_spec::request;
use gatewright_spec::values::{HttpBody, Values};
use gatewright_types::access::KeyStatus;
use gatewright_types::ids::{GatewayId, KeyId, PlaygroundRunId, ProductId};
use gatewright_types::problem::FieldError;
use gatewright_types::{CredentialHash, ProblemCode};
use http::{HeaderName, HeaderValue, Method, header};
use secrecy::{ExposeSecret, SecretString};
use serde_json::json;

use super::conceal::Concealer;
use super::limits::{ANSWER_MAX_BYTES, BODY_MAX_BYTES, CALL_TIMEOUT, EXCERPT_MAX_BYTES, STREAM_TIMEOUT};
use super::model::{PlaygroundRun, ReceivedAnswer, RunFailure, SentRequest, Source};
use super::options::{covers, shown};
use super::reader::{Piece, Reader};
use super::turns::Turn;
use super::{Playground, PlaygroundError, Who, runs, store};
use crate::places::Reached;

/// Longest URL, in bytes.
const URL_MAX_BYTES: usize = 8 * 1024;
/// What an operation answers with that goes on and on.
const EVENT_STREAM: &str = "text/event-stream";
/// Fields that are the client's, the gateway's or ours to say.
const NOT_SENT: [&str; 16] = [
    "host",
    "connection",
    "content-length",
    "transfer-encoding",
    "te",
    "trailer",
    "upgrade",
    "expect",
    "keep-alive",
    "proxy-connection",
    "proxy-authorization",
    "accept-encoding",
    "forwarded",
    "x-forwarded-for",
    "x-forwarded-host",
    "x-forwarded-proto",
];

/// What is to be called.
pub struct Call {
    /// Who wants it.
    pub who: Who,
    /// The description's slug.
    pub reference: String,
    /// Whose operation it is.
    pub product_id: ProductId,
    /// The operation, as it is stored.
    pub operation: Operation,
    /// What was filled in.
    pub values: Values,
    /// With which key.
    pub key_id: Option<KeyId>,
    /// On which gateway.
    pub gateway_id: GatewayId,
}

/// A call that may be made.
pub struct Prepared {
    run: PlaygroundRun,
    values: Values,
    who: Who,
    caller: Caller,
    reached: Reached,
    /// What is called; what is shown of it may have lost something.
    url: String,
    wanted: Wanted,
    fields: Vec<(HeaderName, HeaderValue)>,
    body: Vec<u8>,
    policy: Policy,
    streams: bool,
    turn: Turn,
}

/// What shows who asks.
enum Wanted {
    Nothing,
    Permit(CredentialHash),
    Secret(Box<Found>),
}

/// A call with its credential.
pub struct Armed {
    prepared: Prepared,
    credential: Vec<(HeaderName, SecretString)>,
    secrets: Vec<SecretString>,
}

/// What came of a call so far.
pub enum Sent {
    /// An answer, whose body is still to be read.
    Answering(Box<Answering>),
    /// None; the run says why.
    Failed(Box<PlaygroundRun>),
}

fn invalid(field: &str, detail: impl Into<String>) -> PlaygroundError {
    PlaygroundError::Invalid(vec![FieldError {
        field: field.to_owned(),
        detail: detail.into(),
    }])
}

impl Playground {
    /// Finds everything out that has to be known of a call, and judges it.
    pub async fn prepare(&self, tx: &mut TenantTx, call: Call) -> Result<Prepared, PlaygroundError> {
        if call.operation.link.kind == OperationKind::Webhook {
            return Err(invalid("/operation", "the API calls this one; nobody else can"));
        }
        let all = self.reached(tx, call.product_id).await?;
        let gateways: Vec<GatewayId> = all.iter().map(|one| one.gateway_id).collect();
        let reached = all
            .into_iter()
            .find(|one| one.gateway_id == call.gateway_id)
            .ok_or_else(|| PlaygroundError::NoSuchPlace(call.gateway_id.to_string()))?;
        let (wanted, key_shown) = match call.key_id {
            None => (Wanted::Nothing, None),
            Some(id) => {
                let (wanted, shown) = self.key(tx, &call, id, &reached, &gateways).await?;
                (wanted, Some(shown))
            }
        };
        let made = request::build_with(&call.operation, &call.values, &reached.place.credential);
        let made = made.map_err(|errors| PlaygroundError::Invalid(errors.into_iter().map(field_error).collect()))?;
        let boundary = format!("gatewright-{:032x}", u128::from_be_bytes(tx.rng().bytes()));
        let (headers, body) = request::wire(&made, &boundary);
        if body.len() > BODY_MAX_BYTES {
            return Err(invalid(
                "/values/body",
                format!("the body is longer than {BODY_MAX_BYTES} bytes"),
            ));
        }
        let url = url_of(&reached.place.base_url, &made.target)?;
        let fields = fields_of(&headers, &reached)?;
        let policy = match reached.vendor {
            None => policy_of(&url)?,
            Some(_) => destinations::policy(tx, &self.0.policy).await?,
        };
        let turn = self.0.turns.take(call.who.developer_id).ok_or(PlaygroundError::Busy)?;
        let is_text = !matches!(made.body, HttpBody::Bytes(_) | HttpBody::Parts(_));
        let mut shown_fields: Vec<(String, String)> = Vec::new();
        for (name, value) in &fields {
            shown_fields.push((name.to_string(), value.to_str().unwrap_or_default().to_owned()));
        }
        if let Some(key) = &key_shown {
            let fields = reached.place.credential.iter();
            shown_fields.extend(fields.map(|field| (field.name.clone(), format!("{}{key}", field.prefix))));
        }
        let run = PlaygroundRun {
            id: PlaygroundRunId::mint(tx.clock(), tx.rng()),
            at: tx.now(),
            reference: call.reference,
            operation: call.operation.link.slug.clone(),
            gateway_id: call.gateway_id,
            key_id: call.key_id,
            source: Source::Playground,
            values: None,
            request: SentRequest {
                method: made.method,
                url: url.clone(),
                headers: shown_fields,
                body_excerpt: is_text.then(|| excerpt(&body)).filter(|text| !text.is_empty()),
            },
            answer: None,
            timings: None,
            failure: None,
        };
        Ok(Prepared {
            streams: streams(&call.operation, &run.request.headers),
            values: call.values,
            who: call.who,
            caller: *tx.caller(),
            run,
            reached,
            url,
            wanted,
            fields,
            body,
            policy,
            turn,
        })
    }

    /// What the key of a call is shown by. Another customer's is none.
    async fn key(
        &self,
        tx: &mut TenantTx,
        call: &Call,
        id: KeyId,
        reached: &Reached,
        gateways: &[GatewayId],
    ) -> Result<(Wanted, String), PlaygroundError> {
        let key = look_up::get_of_customer(tx, call.who.customer_id, id).await?;
        let record = look_up::current(tx, &[id]).await?.pop();
        let record = record.ok_or(PlaygroundError::NeedsRotation)?;
        // One that was revoked covers nothing any more, and the gateway says so.
        let is_revoked = record.credential.status == KeyStatus::Revoked;
        if !is_revoked && !covers(&record.credential, call.product_id, gateways) {
            return Err(PlaygroundError::WrongKey("this key does not cover the product"));
        }
        if reached.vendor.is_none() {
            // Everything else the gateway judges itself, and says so in its own words.
            return Ok((Wanted::Permit(record.hash), shown(&key)));
        }
        if record.credential.environment != reached.environment {
            return Err(PlaygroundError::WrongKey("this key is for the other environment"));
        }
        let version = (id, key.secret_version);
        let subscriptions = &key.subscription_ids;
        let found = self
            .0
            .orchestrator
            .find_secret(tx, reached.gateway_id, subscriptions, version)
            .await?;
        let found = found.ok_or(PlaygroundError::WrongKey("this gateway does not have the key yet"))?;
        Ok((Wanted::Secret(Box::new(found)), shown(&key)))
    }

    /// Gets the credential. No transaction may be open: a gateway may have to be asked.
    pub async fn arm(&self, mut prepared: Prepared) -> Result<Armed, PlaygroundError> {
        let wanted = std::mem::replace(&mut prepared.wanted, Wanted::Nothing);
        let (credential, secrets) = match wanted {
            Wanted::Nothing => (Vec::new(), Vec::new()),
            Wanted::Permit(hash) => {
                let call = PermittedCall {
                    gateway_id: prepared.reached.gateway_id,
                    hash,
                    method: prepared.run.request.method.clone(),
                    target: target_of(&prepared.url).to_owned(),
                    address: prepared.who.judged(),
                };
                let permit = self.0.nodes.permit(call).await?.ok_or(PlaygroundError::NeedsRotation)?;
                (vec![(header::AUTHORIZATION, permit.clone())], vec![permit])
            }
            Wanted::Secret(found) => {
                let secret = self.0.orchestrator.secret(prepared.caller.tenant_id, *found).await?;
                shown_at(&prepared.reached, &secret.ok_or(PlaygroundError::NeedsRotation)?)
            }
        };
        let mut concealer = Concealer::new(&secrets);
        prepared.run.values = runs::kept(&prepared.values, &mut concealer);
        let sent = &mut prepared.run.request;
        sent.url = runs::clean_text(&sent.url, &mut concealer);
        sent.body_excerpt = sent
            .body_excerpt
            .take()
            .map(|text| runs::clean_body(&text, &mut concealer));
        for (_, value) in &mut sent.headers {
            *value = runs::clean_text(value, &mut concealer);
        }
        Ok(Armed {
            prepared,
            credential,
            secrets,
        })
    }

    /// Makes the call.
    pub async fn dispatch(&self, armed: Armed) -> Result<Sent, PlaygroundError> {
        let Armed {
            mut prepared,
            credential,
            secrets,
        } = armed;
        let concealer = Concealer::new(&secrets);
        drop(secrets);
        let request = request_of(&mut prepared, &credential)?;
        drop(credential);
        let streamed = Box::pin(self.0.client.stream(request, &prepared.policy)).await;
        let mut answering = Answering {
            playground: self.clone(),
            caller: prepared.caller,
            run: prepared.run,
            streamed: None,
            reader: None,
            _turn: prepared.turn,
        };
        match streamed {
            Err(error) => {
                answering.run.failure = Some(failure(&error));
                Ok(Sent::Failed(Box::new(answering.finish().await?)))
            }
            Ok(streamed) => {
                let mut reader = Reader::new(&streamed.fields, concealer);
                answering.run.answer = Some(ReceivedAnswer {
                    status: streamed.status.as_u16(),
                    headers: reader.fields(&streamed.fields),
                    media_type: reader.media_type.clone(),
                    body: None,
                    base64: None,
                    bytes: 0,
                    cut: false,
                    stripped: reader.stripped(),
                    note: reader.note.clone(),
                });
                answering.run.timings = Some(streamed.timings().into());
                answering.streamed = Some(streamed);
                answering.reader = Some(reader);
                Ok(Sent::Answering(Box::new(answering)))
            }
        }
    }
}

impl Armed {
    /// Writes the run down before it is made, so that nothing is called without a trace.
    pub async fn note(&self, tx: &mut TenantTx) -> Result<(), PlaygroundError> {
        let run = &self.prepared.run;
        store::insert(tx, self.prepared.who.developer_id, run).await?;
        let detail = json!({
            "reference": run.reference,
            "operation": run.operation,
            "gatewayId": run.gateway_id,
            "keyId": run.key_id,
            "source": run.source,
        });
        tx.happened("portal", "playground_run.created", run.id, detail);
        Ok(())
    }
}

/// An answer that is being read.
pub struct Answering {
    playground: Playground,
    caller: Caller,
    run: PlaygroundRun,
    streamed: Option<Streamed>,
    reader: Option<Reader>,
    _turn: Turn,
}

impl Answering {
    /// The run, as far as it is.
    pub const fn run(&self) -> &PlaygroundRun {
        &self.run
    }

    /// Writes down that an answer begins, for whoever does not wait for its end.
    pub async fn note_head(&self) -> Result<(), PlaygroundError> {
        let mut tx = self.playground.0.orchestrator.database().tenant(self.caller).await?;
        store::finish(&mut tx, &self.run).await?;
        Ok(tx.commit().await?)
    }

    /// The next piece of the body; none at its end, or where it broke off.
    pub async fn next(&mut self) -> Option<Piece> {
        loop {
            let (streamed, reader) = (self.streamed.as_mut()?, self.reader.as_mut()?);
            let chunk = Box::pin(streamed.chunk()).await;
            self.run.timings = Some(streamed.timings().into());
            match chunk {
                Ok(Some(bytes)) => {
                    let piece = reader.feed(&bytes);
                    if reader.cut {
                        // Dropped, its connection is closed: the rest is nobody's.
                        self.streamed = None;
                        return piece.or_else(|| reader.end());
                    }
                    if piece.is_some() {
                        return piece;
                    }
                }
                Ok(None) => {
                    reader.cut |= reader.bytes > ANSWER_MAX_BYTES as u64;
                    self.streamed = None;
                    return reader.end();
                }
                Err(error) => {
                    self.run.failure = Some(failure(&error));
                    reader.cut = true;
                    self.streamed = None;
                    return reader.end();
                }
            }
        }
    }

    /// Reads the whole body and writes down what came of the call.
    pub async fn collect(mut self) -> Result<PlaygroundRun, PlaygroundError> {
        let (mut text, mut bytes) = (String::new(), Vec::new());
        while let Some(piece) = self.next().await {
            match piece {
                Piece::Text(piece) => text.push_str(&piece),
                Piece::Base64(piece) => bytes.extend(decode(&piece)),
            }
        }
        let is_text = self.reader.as_ref().is_some_and(|reader| reader.is_text);
        let untold = self.reader.as_ref().is_some_and(|reader| reader.media_type.is_none());
        let mut run = self.finish().await?;
        if let Some(answer) = run
            .answer
            .as_mut()
            .filter(|answer| answer.note.is_none() || !text.is_empty())
        {
            match String::from_utf8(bytes) {
                // What has no type and is text is shown as text.
                Ok(read) if !is_text && untold => answer.body = Some(read),
                _ if is_text => answer.body = Some(text),
                Ok(read) => answer.base64 = Some(encode(read.as_bytes())),
                Err(error) => answer.base64 = Some(encode(error.as_bytes())),
            }
        }
        Ok(run)
    }

    /// Writes down what came of the call, without the body.
    pub async fn finish(mut self) -> Result<PlaygroundRun, PlaygroundError> {
        if let (Some(answer), Some(reader)) = (&mut self.run.answer, &self.reader) {
            answer.bytes = reader.bytes.min(ANSWER_MAX_BYTES as u64);
            answer.cut = reader.cut;
            answer.stripped = reader.stripped();
            answer.note = reader.note.clone();
        }
        let database = self.playground.0.orchestrator.database();
        let mut tx = database.tenant(self.caller).await?;
        store::finish(&mut tx, &self.run).await?;
        tx.commit().await?;
        Ok(self.run)
    }
}

fn encode(bytes: &[u8]) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD.encode(bytes)
}

fn decode(text: &str) -> Vec<u8> {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD
        .decode(text)
        .unwrap_or_default()
}

fn field_error(invalid: gatewright_spec::values::Invalid) -> FieldError {
    FieldError {
        field: format!("/values/{}", invalid.field.replace('.', "/")),
        detail: invalid.detail,
    }
}

/// The URL of a call. What follows from values stays below the base: a URL that is read differently from how it was written is refused.
fn url_of(base_url: &str, target: &str) -> Result<String, PlaygroundError> {
    let elsewhere = || {
        invalid(
            "/values/parameters",
            "with these values the URL would lead somewhere else",
        )
    };
    let base = Target::parse(base_url, URL_MAX_BYTES).map_err(|error| invalid("/gatewayId", error.to_string()))?;
    let base = base.as_str().trim_end_matches('/');
    let url = format!("{base}{target}");
    if !target.starts_with('/') || url.len() > URL_MAX_BYTES {
        return Err(elsewhere());
    }
    match Target::parse(&url, URL_MAX_BYTES) {
        Ok(read) if read.as_str() == url => Ok(url),
        _ => Err(elsewhere()),
    }
}

/// Path and query of a URL that was read.
fn target_of(url: &str) -> &str {
    let authority = url.find("://").map_or(0, |at| at + 3);
    url[authority..].find('/').map_or("/", |at| &url[authority + at..])
}

/// What may be reached: the one gateway. It is the installation's own, so it may be any address, and plain http.
fn policy_of(url: &str) -> Result<Policy, PlaygroundError> {
    let target = Target::parse(url, URL_MAX_BYTES).map_err(|error| invalid("/gatewayId", error.to_string()))?;
    let opened = Opened::from_str(target.host()).map_err(|error| invalid("/gatewayId", error.to_string()))?;
    Ok(Policy {
        opened: vec![opened],
        ports: Some(vec![target.port()..=target.port()]),
        ..Policy::default()
    })
}

/// The fields that are sent, besides the credential.
fn fields_of(
    headers: &[(String, String)],
    reached: &Reached,
) -> Result<Vec<(HeaderName, HeaderValue)>, PlaygroundError> {
    let mut fields = Vec::new();
    for (name, value) in headers {
        let lower = name.to_ascii_lowercase();
        let is_credential = |name: &str| {
            reached
                .place
                .credential
                .iter()
                .any(|field| field.name.eq_ignore_ascii_case(name))
        };
        if NOT_SENT.contains(&lower.as_str()) || lower.starts_with("x-gatewright-") || is_credential(&lower) {
            continue;
        }
        let field = format!("/values/parameters/{name}");
        let name = HeaderName::from_bytes(lower.as_bytes()).map_err(|_| invalid(&field, "is no header field"))?;
        let value = HeaderValue::from_str(value).map_err(|_| invalid(&field, "cannot be sent in a header field"))?;
        fields.push((name, value));
    }
    if !fields.iter().any(|(name, _)| *name == header::ACCEPT) {
        fields.push((header::ACCEPT, HeaderValue::from_static("*/*")));
    }
    Ok(fields)
}

/// The fields of a credential on a connected gateway, and everything that must not come back.
fn shown_at(reached: &Reached, secret: &SecretString) -> (Vec<(HeaderName, SecretString)>, Vec<SecretString>) {
    let vendor = reached.vendor.unwrap_or(Vendor::Kong);
    let (mut fields, mut secrets) = (Vec::new(), vec![secret.clone()]);
    let parts = showing::fields(vendor).iter().map(|field| field.part);
    for (field, part) in reached.place.credential.iter().zip(parts) {
        let value = showing::part(vendor, secret, part);
        if part == Part::Secret || value.expose_secret() != secret.expose_secret() {
            secrets.push(value.clone());
        }
        if let Ok(name) = HeaderName::from_bytes(field.name.as_bytes()) {
            fields.push((name, value));
        }
    }
    (fields, secrets)
}

fn request_of(prepared: &mut Prepared, credential: &[(HeaderName, SecretString)]) -> Result<Request, PlaygroundError> {
    let sent = &prepared.run.request;
    let method = Method::from_bytes(sent.method.as_bytes()).map_err(|_| invalid("/operation", "has no method"))?;
    let timeout = if prepared.streams { STREAM_TIMEOUT } else { CALL_TIMEOUT };
    let mut request = Request::new(method, prepared.url.clone())
        .max_redirects(0)
        // One more than is shown, so that it is known whether there is more.
        .max_body_bytes(ANSWER_MAX_BYTES + 1, Overflow::Cut)
        .first_byte_timeout(timeout)
        .total_timeout(timeout);
    for (name, value) in prepared.fields.drain(..) {
        request = request.field(name, value);
    }
    for (name, value) in credential {
        let value = HeaderValue::from_str(value.expose_secret()).map_err(|_| PlaygroundError::NeedsRotation)?;
        request = request.secret_field(name.clone(), value);
    }
    let body = std::mem::take(&mut prepared.body);
    Ok(match body.is_empty() {
        true => request,
        false => request.body(Body::Whole(Bytes::from(body))),
    })
}

/// Whether an operation may answer with events, one after the other.
fn streams(operation: &Operation, headers: &[(String, String)]) -> bool {
    let contents = operation.responses.iter().flat_map(|answer| &answer.contents);
    contents
        .map(|content| content.media_type.as_str())
        .any(|one| one.starts_with(EVENT_STREAM))
        || headers
            .iter()
            .any(|(name, value)| name.eq_ignore_ascii_case("accept") && value.contains(EVENT_STREAM))
}

fn excerpt(body: &[u8]) -> String {
    let text = String::from_utf8_lossy(&body[..body.len().min(EXCERPT_MAX_BYTES)]);
    match body.len() > EXCERPT_MAX_BYTES {
        true => format!("{}…", text.trim_end_matches(char::REPLACEMENT_CHARACTER)),
        false => text.into_owned(),
    }
}

fn failure(error: &EgressError) -> RunFailure {
    let code = match error {
        EgressError::TimedOut { .. } => ProblemCode::UpstreamTimedOut,
        EgressError::Refused(_)
        | EgressError::NameNotFound(_)
        | EgressError::LookupFailed(_)
        | EgressError::ConnectionRefused { .. }
        | EgressError::Unreachable(_)
        | EgressError::Untrusted { .. } => ProblemCode::UpstreamRefused,
        _ => ProblemCode::UpstreamFailed,
    };
    let mut detail = error.to_string();
    detail.replace_range(..1, &detail[..1].to_uppercase());
    RunFailure {
        code: code.to_string(),
        title: code.title().to_owned(),
        detail: format!("{detail}."),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_in_a_value_leads_elsewhere() {
        let base = "http://acme.localhost:8000/base";
        assert_eq!(
            url_of(base, "/v1/items/a%2Fb?q=1").unwrap(),
            format!("{base}/v1/items/a%2Fb?q=1")
        );
        assert_eq!(target_of(&url_of(base, "/v1?q=/").unwrap()), "/base/v1?q=/");
        for target in [
            "/../admin",
            "/v1/items/..",
            "/v1/%2e%2e/admin",
            "/v1/./a",
            "@evil.test/",
            ".evil.test/",
            ":80@evil.test/",
            "http://evil.test/",
            "/v1\\..\\..\\admin",
            "/v1 HTTP/1.1\r\nHost: evil.test",
            "/v1/a\tb",
            "/v1#fragment",
        ] {
            assert!(url_of(base, target).is_err(), "{target}");
        }
        // Below the base, whatever it looks like.
        assert_eq!(url_of(base, "//evil.test/").unwrap(), format!("{base}//evil.test/"));
    }
}
