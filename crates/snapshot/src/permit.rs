//! Permits: leave to make one call with somebody's key, without the key.
//!
//! The control plane calls a gateway for a developer who tries something out, and does not have the key. It sends
//! `Authorization: Gatewright-Permit <token>` instead. The token is a JWS in compact form, signed with EdDSA (RFC 7515, RFC 8037),
//! over [`Claims`]: which credential, on which gateway, which method and target, for whom, until when. A node verifies it with a key
//! that came with its configuration ([`PermitKey`]) and then looks the credential up and judges it as if it had been sent.
//!
//! A permit may be sent more than once while it is valid: a node of its own cannot know what another one has seen. What is sent
//! again is the same call (`htm` and `htu`, as in RFC 9449), on the same gateway, for a minute at most.

use std::net::IpAddr;

use aws_lc_rs::signature::{ED25519, UnparsedPublicKey};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use gatewright_types::ids::GatewayId;
use gatewright_types::{CredentialHash, ProblemCode};
use serde::{Deserialize, Serialize};

use crate::config::PermitKey;
use crate::{Gateway, Head, Refusal, Snapshot};

/// The authentication scheme (RFC 9110 §11.1), with the space that ends it.
pub const SCHEME: &str = "Gatewright-Permit ";
/// Longest life of a permit, in seconds.
pub const VALID_SECONDS: i64 = 60;
/// How far a node's clock may be behind the control plane's, in seconds.
pub const CLOCK_SKEW_SECONDS: i64 = 60;
/// Longest token, in bytes: it holds a target of 8 KiB, in base64. Together they fit into the head of a request.
pub const TOKEN_MAX_BYTES: usize = 16 * 1024;
/// Most keys that verify at a time.
pub const KEYS_MAX: usize = 8;
/// What a service is told in `X-Gatewright-Source`.
pub const SOURCE: &str = "PLAYGROUND";
/// The JWS's type (RFC 7515 §4.1.9), so that nothing else that is ever signed passes for a permit.
const TYPE: &str = "gatewright-permit+jwt";
const ALGORITHM: &str = "EdDSA";

/// What a permit says (names of RFC 7519 and RFC 9449 where they have one).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Claims {
    /// The one gateway that it is for.
    pub aud: GatewayId,
    /// The credential's hash.
    pub sub: CredentialHash,
    /// The request's method.
    pub htm: String,
    /// The request's path and query, byte for byte.
    pub htu: String,
    /// The address of whoever asked for the call; what a key's list of addresses is held against.
    pub adr: IpAddr,
    /// From when on it is valid: seconds since 1970.
    pub iat: i64,
    /// Until when: seconds since 1970.
    pub exp: i64,
    /// Tells two permits apart.
    pub jti: String,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct JoseHeader {
    alg: String,
    typ: String,
    kid: String,
}

/// What a permit stands for, once it was verified.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Permit {
    /// The credential to look up.
    pub hash: CredentialHash,
    /// The address to judge it by.
    pub address: IpAddr,
}

/// Writes a permit as it stands behind [`SCHEME`]; `sign` makes an Ed25519 signature with the key of that id.
pub fn write(claims: &Claims, key_id: &str, sign: impl FnOnce(&[u8]) -> Vec<u8>) -> String {
    let header = JoseHeader {
        alg: ALGORITHM.to_owned(),
        typ: TYPE.to_owned(),
        kid: key_id.to_owned(),
    };
    let json = |value: serde_json::Result<Vec<u8>>| BASE64.encode(value.expect("plain data is JSON"));
    let mut text = json(serde_json::to_vec(&header));
    text.push('.');
    text.push_str(&json(serde_json::to_vec(claims)));
    let signature = sign(text.as_bytes());
    text.push('.');
    text.push_str(&BASE64.encode(signature));
    text
}

/// The token of a field's value, if it carries a permit.
pub fn token(value: &[u8]) -> Option<&[u8]> {
    let (scheme, token) = value.split_at_checked(SCHEME.len())?;
    scheme
        .eq_ignore_ascii_case(SCHEME.as_bytes())
        .then(|| token.trim_ascii())
}

impl Snapshot {
    /// Judges a permit that was sent to a gateway.
    ///
    /// # Errors
    ///
    /// `credential-expired`, or `credential-unknown` for whatever was not signed for this very call.
    pub fn permit(&self, gateway: &Gateway, head: &Head<'_>, token: &[u8], now_ms: i64) -> Result<Permit, Refusal> {
        let claims = self
            .verify(token, now_ms)
            .ok_or_else(|| unknown("This permit is not one of ours."))?;
        let now = now_ms.div_euclid(1_000);
        if now >= claims.exp {
            return Err(Refusal::new(
                ProblemCode::CredentialExpired,
                "This permit has expired: it was for one call, within a minute.",
            ));
        }
        let is_now = claims.iat <= now + CLOCK_SKEW_SECONDS && claims.exp - claims.iat <= VALID_SECONDS;
        let target = head.uri.path_and_query().map_or("/", |text| text.as_str());
        let is_here = claims.aud == gateway.id && claims.htm == head.method.as_str() && claims.htu == target;
        if !is_now || !is_here {
            return Err(unknown("This permit is for another call."));
        }
        Ok(Permit {
            hash: claims.sub,
            address: claims.adr,
        })
    }

    /// The claims, if one of our keys signed them.
    fn verify(&self, token: &[u8], now_ms: i64) -> Option<Claims> {
        if token.len() > TOKEN_MAX_BYTES {
            return None;
        }
        let text = std::str::from_utf8(token).ok()?;
        let (signed, signature) = text.rsplit_once('.')?;
        let (header, claims) = signed.split_once('.')?;
        let header: JoseHeader = serde_json::from_slice(&BASE64.decode(header).ok()?).ok()?;
        if header.alg != ALGORITHM || header.typ != TYPE {
            return None;
        }
        let is_meant = |key: &&PermitKey| key.id == header.kid && key.until_ms.is_none_or(|until_ms| now_ms < until_ms);
        let key = self.permit_keys.iter().find(is_meant)?;
        let public = BASE64.decode(&key.public_key).ok()?;
        let signature = BASE64.decode(signature).ok()?;
        UnparsedPublicKey::new(&ED25519, public)
            .verify(signed.as_bytes(), &signature)
            .ok()?;
        serde_json::from_slice(&BASE64.decode(claims).ok()?).ok()
    }
}

fn unknown(detail: &'static str) -> Refusal {
    Refusal::new(ProblemCode::CredentialUnknown, detail)
}
