//! What must hold for any bytes: the bodies of the fuzz targets in `fuzz/`, which tests replay.
//!
//! Where there is a second reading of the same bytes, it is written here, plainly, and both have to agree.

use gatewright_types::access::{AuthType, Environment, RouteAccess, WhenCutOff};
use gatewright_types::credential::{KEY_CHECK_LENGTH, KEY_LENGTH, KeyShape, key_shape};
use gatewright_types::ids::{GatewayId, RouteId, ServiceId, TenantId};
use gatewright_types::{CredentialHash, ProblemCode};
use http::{HeaderMap, HeaderValue, Method, Uri, Version, header};
use serde::Serialize;
use serde::de::DeserializeOwned;
use uuid::Uuid;

use crate::config::{GatewayConfig, RouteConfig, ServiceConfig, SnapshotConfig};
use crate::path::normalize;
use crate::protocol::{Answers, News, Questions, Report, Told};
use crate::template::{Segment, Template};
use crate::{AccessChange, Head, Match, Presented, Snapshot, credential_ref, match_route};

/// A configuration with one route, for `ANY` method of the gateway `acme.gw.test`.
pub fn configuration(access: RouteAccess, public_path: &str, target_path: &str) -> SnapshotConfig {
    let service_id = ServiceId::from_uuid(Uuid::nil());
    let service = ServiceConfig {
        id: service_id,
        target_url: "http://up.test".to_owned(),
        ca_pem: None,
        connect_timeout_ms: 1,
        response_timeout_ms: 1,
    };
    let route = RouteConfig {
        id: RouteId::from_uuid(Uuid::nil()),
        method: "ANY".to_owned(),
        public_path: public_path.to_owned(),
        target_path: target_path.to_owned(),
        access,
        service_id,
        product_id: None,
    };
    let gateway = GatewayConfig {
        id: GatewayId::from_uuid(Uuid::nil()),
        tenant_id: TenantId::from_uuid(Uuid::nil()),
        slug: "acme".parse().expect("a slug"),
        environment: Environment::Live,
        auth_type: AuthType::ApiKey,
        default: true,
        max_request_body_bytes: 1024,
        when_cut_off: WhenCutOff::Serve,
        services: vec![service],
        routes: vec![route],
    };
    SnapshotConfig {
        version: 1,
        base_domain: "gw.test".to_owned(),
        problem_pages: "/errors/".to_owned(),
        gateways: vec![gateway],
        permit_keys: Vec::new(),
    }
}

fn matched<'s, 'r>(snapshot: &'s Snapshot, uri: &'r Uri, headers: &'r HeaderMap) -> Option<Match<'s, 'r>> {
    let head = Head {
        method: &Method::GET,
        uri,
        version: Version::HTTP_11,
        headers,
    };
    match_route(snapshot, &head).ok()
}

fn host() -> HeaderMap {
    HeaderMap::from_iter([(header::HOST, HeaderValue::from_static("acme.gw.test"))])
}

/// Whether a text is a key of ours, by the definition: CRC-32 (ISO 3309) bit by bit, in base 62.
fn is_key(text: &[u8]) -> bool {
    let is_ours = text.len() == KEY_LENGTH && (text.starts_with(b"sk_live_") || text.starts_with(b"sk_test_"));
    if !is_ours || !text[8..].iter().all(u8::is_ascii_alphanumeric) {
        return false;
    }
    let (body, digits) = text.split_at(KEY_LENGTH - KEY_CHECK_LENGTH);
    let mut crc = !0u32;
    for byte in body {
        crc ^= u32::from(*byte);
        for _ in 0..8 {
            crc = (crc >> 1) ^ (0xedb8_8320 & (crc & 1).wrapping_neg());
        }
    }
    let alphabet = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    let value = digits.iter().try_fold(0u64, |value, digit| {
        let at = alphabet.iter().position(|known| known == digit)?;
        Some(value * 62 + at as u64)
    });
    value == Some(u64::from(!crc))
}

/// Credentials as callers send them: `X-Api-Key`, then `Authorization` on the next line, if there is one.
pub fn key(data: &[u8]) {
    let (named, bearer) = match data.iter().position(|byte| *byte == b'\n') {
        Some(at) => (&data[..at], Some(&data[at + 1..])),
        None => (data, None),
    };
    assert_eq!(
        key_shape(named) == KeyShape::Intact,
        is_key(named),
        "the digits are right, or it is no key"
    );
    let mut headers = host();
    for (name, value) in [("x-api-key", Some(named)), ("authorization", bearer)] {
        let Some(value) = value else { continue };
        let Ok(value) = HeaderValue::from_bytes(value) else {
            return;
        };
        headers.append(name, value);
    }
    let configuration = configuration(RouteAccess::Secure, "/a", "/a");
    let snapshot = Snapshot::compile(configuration).expect("it is valid");
    let uri = Uri::from_static("/a");
    let matched = matched(&snapshot, &uri, &headers).expect("the route is there");
    // A bearer token has no space around it.
    let token = bearer.and_then(|value| {
        let is_bearer = value.len() > 7 && value[..7].eq_ignore_ascii_case(b"bearer ");
        is_bearer
            .then(|| value[7..].trim_ascii())
            .filter(|token| !token.is_empty())
    });
    let expected = match (Some(named).filter(|value| !value.is_empty()), token) {
        (Some(named), Some(token)) if key_shape(token) != KeyShape::Foreign && named != token => {
            Err(ProblemCode::AmbiguousRequest)
        }
        (None, None) => Err(ProblemCode::NoCredential),
        (named, token) => match named.or(token).filter(|sent| is_key(sent)) {
            Some(sent) => Ok(CredentialHash::of(sent)),
            None => Err(ProblemCode::CredentialUnknown),
        },
    };
    let found = credential_ref(&matched, &headers);
    match (found, expected) {
        (Ok(Some(Presented::Key(found))), Ok(hash)) => assert_eq!(found, hash, "what was sent is what is looked up"),
        (Ok(Some(Presented::Permit(token))), Err(ProblemCode::NoCredential)) => {
            let head = Head {
                method: &Method::GET,
                uri: &uri,
                version: Version::HTTP_11,
                headers: &headers,
            };
            let judged = snapshot.permit(matched.gateway, &head, token, 0);
            assert!(judged.is_err(), "nobody signed it");
        }
        (Err(refusal), Err(code)) => assert_eq!(refusal.code, code),
        (found, expected) => panic!("{found:?} and {expected:?}"),
    }
}

/// Percent-encoding undone once.
fn decoded(path: &str) -> Vec<u8> {
    let (mut bytes, mut rest) = (Vec::new(), path.as_bytes());
    while let Some((first, after)) = rest.split_first() {
        let digits = after.get(..2).and_then(|digits| std::str::from_utf8(digits).ok());
        match digits
            .and_then(|digits| u8::from_str_radix(digits, 16).ok())
            .filter(|_| *first == b'%')
        {
            Some(byte) => {
                bytes.push(byte);
                rest = &after[2..];
            }
            None => {
                bytes.push(*first);
                rest = after;
            }
        }
    }
    bytes
}

/// Whether a template matches a path in normal form, segment by segment.
fn matches(template: &Template, path: &str) -> bool {
    let mut rest = Some(&path[1..]);
    for segment in template.segments() {
        let Some(left) = rest else { return false };
        let (first, after) = left
            .split_once('/')
            .map_or((left, None), |(first, after)| (first, Some(after)));
        let is_match = match segment {
            Segment::Literal(text) => text == first,
            Segment::Parameter(_) => !first.is_empty(),
            Segment::Wildcard(_) => return !left.is_empty(),
        };
        if !is_match {
            return false;
        }
        rest = after;
    }
    rest.is_none()
}

/// A path template, and on the next line the path of a request.
pub fn path(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let (template, path) = text.split_once('\n').unwrap_or(("/{*rest}", text));
    let normal = normalize(path);
    if let Ok(normal) = &normal {
        assert_eq!(
            normalize(normal).as_deref(),
            Ok(&**normal),
            "normalizing twice changes nothing"
        );
        let bytes = decoded(path);
        assert_eq!(decoded(normal), bytes, "it still names the same");
        let is_slash = |byte: &u8| matches!(byte, b'/' | b'\\');
        for segment in bytes.split(is_slash) {
            let name = segment.split(|byte| *byte == b';').next().unwrap_or_default();
            assert!(name != b"." && name != b"..", "no server climbs out of {normal}");
        }
    }
    let Ok(parsed) = Template::parse(template) else { return };
    let access = RouteAccess::Public;
    // A template may be fine by itself and too long below a service's base path.
    let Ok(snapshot) = Snapshot::compile(configuration(access, template, template)) else {
        return;
    };
    let Ok(uri) = path.parse::<Uri>() else { return };
    if uri.path() != path || uri.scheme().is_some() {
        return;
    }
    let headers = host();
    let found = matched(&snapshot, &uri, &headers);
    let expected = normal
        .as_ref()
        .is_ok_and(|normal| normal.len() <= usize::from(u16::MAX) && matches(&parsed, normal));
    assert_eq!(found.is_some(), expected, "{template} and {path}");
    if let (Some(found), Ok(normal)) = (found, normal) {
        let mut target = Vec::new();
        found.render_target(&mut target);
        assert_eq!(target, normal.as_bytes(), "what is matched is what the service sees");
        assert_eq!(target.len(), found.target_length());
    }
}

/// What is written reads the same again.
fn stays_the_same<T: DeserializeOwned + Serialize>(data: &[u8]) -> Option<T> {
    let read: T = serde_json::from_slice(data).ok()?;
    let written = serde_json::to_vec(&read).expect("it can be written");
    let again: T = serde_json::from_slice(&written).expect("what we write, we read");
    assert_eq!(serde_json::to_vec(&again).expect("it can be written"), written);
    Some(read)
}

/// A configuration as it travels, and as it lies on a node's disk.
pub fn snapshot(data: &[u8]) {
    let Some(config) = stays_the_same::<SnapshotConfig>(data) else {
        return;
    };
    let is_sane = config
        .gateways
        .iter()
        .all(|gateway| crate::judge_gateway(gateway).is_ok());
    // The whole is refused, or all of it is in force.
    if let Ok(snapshot) = Snapshot::compile(config.clone()) {
        assert!(is_sane && snapshot.gateways().len() == config.gateways.len());
        let routes = snapshot.gateways().iter().map(|gateway| gateway.routes().len());
        assert!(routes.eq(config.gateways.iter().map(|gateway| gateway.routes.len())));
    }
}

/// A line of news, a record, a question, an answer or a report: what nodes and control planes say.
pub fn protocol(data: &[u8]) {
    if let Some(news) = stays_the_same::<News>(data) {
        let is_numbered = news.clone().numbered(7).seq() == 7;
        assert!(is_numbered, "{news:?}");
    }
    stays_the_same::<AccessChange>(data);
    stays_the_same::<Questions>(data);
    stays_the_same::<Answers>(data);
    stays_the_same::<Report>(data);
    stays_the_same::<Told>(data);
}

#[cfg(test)]
#[path = "../../../fuzz/replay.rs"]
mod replay;

#[cfg(test)]
mod tests {
    use super::replay::replay;
    use super::*;

    #[test]
    fn the_corpus_reaches_what_is_judged() {
        let read = |name: &str| {
            let file = format!("{}/../../fuzz/corpus/{name}", env!("CARGO_MANIFEST_DIR"));
            std::fs::read(file).unwrap()
        };
        assert!(is_key(&read("key/live")) && is_key(&read("key/test")));
        let whole = stays_the_same::<SnapshotConfig>(&read("snapshot/whole")).unwrap();
        assert!(Snapshot::compile(whole).is_ok());
        for name in ["start", "access", "configuration", "node", "heartbeat"] {
            let data = read(&format!("protocol/{name}"));
            assert!(stays_the_same::<News>(&data).is_some(), "{name}");
        }
        for name in ["change", "change-suspended", "change-revoked"] {
            let data = read(&format!("protocol/{name}"));
            assert!(stays_the_same::<AccessChange>(&data).is_some(), "{name}");
        }
        assert!(stays_the_same::<Answers>(&read("protocol/answers")).is_some());
    }

    #[test]
    fn a_credential_is_looked_up_as_it_was_sent_and_only_with_right_check_digits() {
        replay("key", key);
    }

    #[test]
    fn a_path_has_one_reading_and_the_service_sees_what_was_matched() {
        replay("path", path);
    }

    #[test]
    fn a_configuration_is_read_as_it_was_written_or_refused() {
        replay("snapshot", snapshot);
    }

    #[test]
    fn what_nodes_are_told_is_read_as_it_was_written_or_refused() {
        replay("protocol", protocol);
    }
}
