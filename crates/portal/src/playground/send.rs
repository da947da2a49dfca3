//! One call, from what was filled in to what came back.
//!
//! 1. [`Playground::prepare`], in a transaction that reads: the place, the key, the request, its URL;
//! 2. [`Playground::arm`], without one: the permit or the key itself, which may have to be read back from a gateway;
//! 3. [`Armed::note`], in a transaction that writes: the run and its audit row;
//! 4. [`Playground::dispatch`]: the call; [`Answering`] is read piece by piece and written down at its end.

use bytes::Bytes;
use gatewright_connectors::model::Vendor;
use gatewright_connectors::showing::{self, Part};
use gatewright_credentials::look_up;
use gatewright_database::{Caller, TenantTx};
use gatewright_egress::request::{Body, Request};
use gatewright_egress::{Overflow, Policy};
use gatewright_native::nodes::PermittedCall;
use gatewright_notify::destinations;
use gatewright_orchestration::calling::Found;
use gatewright_spec::model::{Operation, OperationKind};
use gatewright_spec::request;
use gatewright_spec::values::{HttpBody, Values};
use gatewright_types::CredentialHash;
use gatewright_types::access::KeyStatus;
use gatewright_types::ids::{GatewayId, KeyId, PlaygroundRunId, ProductId};
use gatewright_types::problem::FieldError;
use http::{HeaderName, HeaderValue, Method, header};
use secrecy::{ExposeSecret, SecretString};
use serde_json::json;

use super::address::{policy_of, target_of, url_of};
use super::answering::Answering;
use super::conceal::Concealer;
use super::limits::{ANSWER_MAX_BYTES, BODY_MAX_BYTES, CALL_TIMEOUT, EXCERPT_MAX_BYTES, STREAM_TIMEOUT};
use super::model::{PlaygroundRun, SentRequest, Source};
use super::options::{covers, shown};
use super::turns::Turn;
use super::{Playground, PlaygroundError, Who, runs, store};
use crate::places::Reached;

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

pub(super) fn invalid(field: &str, detail: impl Into<String>) -> PlaygroundError {
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
        let came = Box::pin(self.0.client.stream(request, &prepared.policy)).await;
        let Prepared { run, caller, turn, .. } = prepared;
        let answering = Answering::begin(self.clone(), caller, turn, run, came, concealer);
        if answering.run().failure.is_some() {
            return Ok(Sent::Failed(Box::new(answering.finish().await?)));
        }
        Ok(Sent::Answering(Box::new(answering)))
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

fn field_error(invalid: gatewright_spec::values::Invalid) -> FieldError {
    FieldError {
        field: format!("/values/{}", invalid.field.replace('.', "/")),
        detail: invalid.detail,
    }
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
    if body.is_empty() {
        return Ok(request);
    }
    Ok(request.body(Body::Whole(Bytes::from(body))))
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
