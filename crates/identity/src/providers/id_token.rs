//! A provider's signed word on who somebody is: the ID token (OpenID Connect Core §2, §3.1.3.7).

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, Utc};
use jsonwebtoken::jwk::Jwk;
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use serde::Deserialize;
use serde_json::Value;
use sha2::{Digest, Sha256, Sha512};

/// Longest ID token that is read, in bytes.
const ID_TOKEN_MAX_BYTES: usize = 64 * 1024;
/// How far a provider's clock may be from ours, in seconds.
const LEEWAY_SECONDS: i64 = 60;
/// Longest name of somebody at a provider, in bytes (§2: 255 ASCII characters).
const SUBJECT_MAX_BYTES: usize = 255;

/// What an ID token has to say.
pub(super) struct Expected<'a> {
    pub(super) issuer: &'a str,
    pub(super) client_id: &'a str,
    pub(super) nonce: &'a str,
    pub(super) access_token: &'a str,
    pub(super) algorithms: &'a [Algorithm],
    pub(super) now: DateTime<Utc>,
}

/// What it says.
#[derive(Debug, Deserialize)]
pub(super) struct Claims {
    pub(super) sub: String,
    pub(super) email: Option<String>,
    pub(super) email_verified: Option<Value>,
    pub(super) name: Option<String>,
    iss: String,
    aud: Audience,
    azp: Option<String>,
    exp: f64,
    iat: f64,
    nbf: Option<f64>,
    nonce: Option<String>,
    at_hash: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Audience {
    One(String),
    Several(Vec<String>),
}

/// Why an ID token is not believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Disbelief {
    /// None of the keys fits; there may be newer ones.
    UnknownKey,
    /// What is wrong with it.
    Wrong(&'static str),
}

/// Reads an ID token, if it was signed by one of the keys and says what it has to.
pub(super) fn read(token: &str, keys: &[Jwk], expected: &Expected<'_>) -> Result<Claims, Disbelief> {
    let claims = signed(token, keys, expected.algorithms)?;
    check(&claims.0, claims.1, expected).map_err(Disbelief::Wrong)?;
    Ok(claims.0)
}

fn signed(token: &str, keys: &[Jwk], algorithms: &[Algorithm]) -> Result<(Claims, Algorithm), Disbelief> {
    if token.len() > ID_TOKEN_MAX_BYTES {
        return Err(Disbelief::Wrong("it is too long"));
    }
    // `none` is no algorithm here, so it cannot even be read.
    let header = jsonwebtoken::decode_header(token).map_err(|_| Disbelief::Wrong("its head cannot be read"))?;
    if !algorithms.contains(&header.alg) {
        return Err(Disbelief::Wrong(
            "it is signed with an algorithm that the provider does not name, or none",
        ));
    }
    // RFC 7515 §4.1.11: what must be understood and is not.
    if header.crit.is_some() {
        return Err(Disbelief::Wrong("it has critical extensions"));
    }
    let mut wanted = Validation::new(header.alg);
    // All of it is judged below, in one place and by the clock that is a parameter everywhere.
    wanted.required_spec_claims.clear();
    (wanted.validate_exp, wanted.validate_aud) = (false, false);
    let fits = |key: &&Jwk| {
        let same_algorithm = key
            .common
            .key_algorithm
            .is_none_or(|named| Algorithm::try_from(named) == Ok(header.alg));
        let same_id = header.kid.is_none() || key.common.key_id == header.kid;
        same_algorithm && same_id
    };
    let mut any = false;
    for key in keys
        .iter()
        .filter(fits)
        .filter_map(|key| DecodingKey::from_jwk(key).ok())
    {
        any = true;
        match jsonwebtoken::decode::<Claims>(token, &key, &wanted) {
            Ok(read) => return Ok((read.claims, header.alg)),
            Err(error) if matches!(error.kind(), jsonwebtoken::errors::ErrorKind::Json(_)) => {
                return Err(Disbelief::Wrong("it lacks something that every ID token has"));
            }
            Err(_) => {}
        }
    }
    // Without `kid` another signature may mean another key.
    match any && header.kid.is_some() {
        true => Err(Disbelief::Wrong("its signature is wrong")),
        false => Err(Disbelief::UnknownKey),
    }
}

fn check(claims: &Claims, algorithm: Algorithm, expected: &Expected<'_>) -> Result<(), &'static str> {
    let require = |right: bool, why: &'static str| if right { Ok(()) } else { Err(why) };
    require(claims.iss == expected.issuer, "it is of another issuer")?;
    let is_ours = |audience: &str| audience == expected.client_id;
    let alone = match &claims.aud {
        Audience::One(one) => {
            require(is_ours(one), "it is for somebody else")?;
            true
        }
        Audience::Several(all) => {
            require(all.iter().any(|one| is_ours(one)), "it is for somebody else")?;
            all.len() == 1
        }
    };
    match &claims.azp {
        Some(party) => require(is_ours(party), "it was asked for by somebody else")?,
        None => require(alone, "it is for several and does not say who asked for it")?,
    }
    let (now, leeway) = (expected.now.timestamp() as f64, LEEWAY_SECONDS as f64);
    require(now < claims.exp + leeway, "its time is over")?;
    require(claims.iat <= now + leeway, "it was made in the future")?;
    require(
        claims.nbf.is_none_or(|from| from <= now + leeway),
        "its time has not come",
    )?;
    require(
        claims.nonce.as_deref() == Some(expected.nonce),
        "it answers another request",
    )?;
    if let Some(hash) = &claims.at_hash {
        let right = *hash == half_hash(expected.access_token, algorithm);
        require(right, "it goes with another access token")?;
    }
    require(is_subject(&claims.sub), "its subject cannot be used")
}

/// Whether a provider may call somebody this.
pub(super) fn is_subject(text: &str) -> bool {
    (1..=SUBJECT_MAX_BYTES).contains(&text.len()) && !text.chars().any(char::is_control)
}

/// §3.1.3.6: the left half of the hash that goes with the algorithm.
fn half_hash(text: &str, algorithm: Algorithm) -> String {
    match algorithm {
        // Ed25519 signs by SHA-512 (RFC 8032 §5.1).
        Algorithm::EdDSA => URL_SAFE_NO_PAD.encode(&Sha512::digest(text)[..32]),
        _ => URL_SAFE_NO_PAD.encode(&Sha256::digest(text)[..16]),
    }
}

#[cfg(test)]
mod tests {
    use aws_lc_rs::rand::SystemRandom;
    use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair};
    use chrono::TimeZone;
    use jsonwebtoken::{EncodingKey, Header};
    use serde_json::json;

    use super::*;

    const ACCESS_TOKEN: &str = "dNZX1hEZ9wBCzNL40Upu646bdzQA";
    const ALGORITHMS: [Algorithm; 2] = [Algorithm::ES256, Algorithm::EdDSA];

    struct Signer {
        key: EncodingKey,
        jwk: Jwk,
        header: Header,
    }

    fn signer(algorithm: Algorithm, kid: Option<&str>) -> Signer {
        let rng = SystemRandom::new();
        let key = match algorithm {
            Algorithm::ES256 => {
                let der = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &rng).unwrap();
                EncodingKey::from_ec_der(der.as_ref())
            }
            Algorithm::EdDSA => EncodingKey::from_ed_der(Ed25519KeyPair::generate_pkcs8v1(&rng).unwrap().as_ref()),
            _ => EncodingKey::from_secret(b"no secret"),
        };
        let mut jwk = Jwk::from_encoding_key(&key, algorithm).unwrap();
        jwk.common.key_id = kid.map(str::to_owned);
        let mut header = Header::new(algorithm);
        header.kid = kid.map(str::to_owned);
        Signer { key, jwk, header }
    }

    fn claims() -> Value {
        json!({
            "iss": "https://op.example", "sub": "248289761001", "aud": "us", "nonce": "n-0S6_WzA2Mj",
            "exp": 1_311_281_970, "iat": 1_311_280_970, "email": "ada@example.com", "email_verified": true,
        })
    }

    fn judge(signer: &Signer, claims: &Value, keys: &[Jwk]) -> Result<Claims, Disbelief> {
        let token = jsonwebtoken::encode(&signer.header, claims, &signer.key).unwrap();
        judge_text(&token, keys)
    }

    fn judge_text(token: &str, keys: &[Jwk]) -> Result<Claims, Disbelief> {
        let expected = Expected {
            issuer: "https://op.example",
            client_id: "us",
            nonce: "n-0S6_WzA2Mj",
            access_token: ACCESS_TOKEN,
            algorithms: &ALGORITHMS,
            now: Utc.timestamp_opt(1_311_281_000, 0).unwrap(),
        };
        read(token, keys, &expected)
    }

    #[test]
    fn each_claim_is_held_to_what_was_asked() {
        let signer = signer(Algorithm::ES256, Some("1"));
        let keys = [signer.jwk.clone()];
        let with = |field: &str, value: Value| {
            let mut claims = claims();
            claims[field] = value;
            judge(&signer, &claims, &keys).map(|_| ())
        };
        for (field, right) in [
            ("sub", json!("x")),
            ("aud", json!(["us"])),
            ("azp", json!("us")),
            ("exp", json!(1_311_280_941.5)),
            ("iat", json!(1_311_281_060)),
            (
                "at_hash",
                json!(URL_SAFE_NO_PAD.encode(&Sha256::digest(ACCESS_TOKEN)[..16])),
            ),
        ] {
            assert_eq!(with(field, right.clone()), Ok(()), "{field} {right}");
        }
        for (field, wrong) in [
            ("iss", json!("https://op.example/")),
            ("iss", json!("https://evil.example")),
            ("aud", json!("them")),
            ("aud", json!([])),
            ("aud", json!(["us", "them"])),
            ("azp", json!("them")),
            ("exp", json!(1_311_280_940)),
            ("iat", json!(1_311_281_061)),
            ("nbf", json!(1_311_281_061)),
            ("nonce", json!("another")),
            ("nonce", Value::Null),
            ("at_hash", json!("AAAA")),
            ("sub", json!("")),
            ("sub", json!("a\u{0}b")),
            ("sub", json!("x".repeat(256))),
            ("sub", Value::Null),
            ("exp", Value::Null),
            ("iat", json!("now")),
        ] {
            assert!(
                matches!(with(field, wrong.clone()), Err(Disbelief::Wrong(_))),
                "{field} {wrong}"
            );
        }
    }

    #[test]
    fn only_the_providers_own_keys_sign() {
        let (ours, other) = (signer(Algorithm::ES256, Some("1")), signer(Algorithm::ES256, Some("1")));
        let keys = [ours.jwk.clone()];
        assert!(judge(&ours, &claims(), &keys).is_ok());
        assert_eq!(
            judge(&other, &claims(), &keys).unwrap_err(),
            Disbelief::Wrong("its signature is wrong")
        );
        let newer = signer(Algorithm::ES256, Some("2"));
        assert_eq!(judge(&newer, &claims(), &keys).unwrap_err(), Disbelief::UnknownKey);
        // Without a name for its key, each of the fitting ones is tried, and newer ones are asked for.
        let nameless = signer(Algorithm::EdDSA, None);
        let all = [
            ours.jwk.clone(),
            signer(Algorithm::EdDSA, None).jwk,
            nameless.jwk.clone(),
        ];
        assert!(judge(&nameless, &claims(), &all).is_ok());
        assert_eq!(
            judge(&nameless, &claims(), &all[..2]).unwrap_err(),
            Disbelief::UnknownKey
        );
    }

    #[test]
    fn nothing_unsigned_or_symmetric_is_believed() {
        let ours = signer(Algorithm::ES256, Some("1"));
        let keys = [ours.jwk.clone()];
        let part = |value: Value| URL_SAFE_NO_PAD.encode(value.to_string());
        for algorithm in ["none", "None", "NONE", "nOnE"] {
            let token = format!("{}.{}.", part(json!({"alg": algorithm, "kid": "1"})), part(claims()));
            assert!(
                matches!(judge_text(&token, &keys), Err(Disbelief::Wrong(_))),
                "{algorithm}"
            );
        }
        // The public key as the secret of a MAC (RFC 8725 §2.1), and even a key of the provider's that is one.
        let public = serde_json::to_string(&ours.jwk).unwrap();
        for secret in [public.as_bytes(), b"client secret"] {
            let key = EncodingKey::from_secret(secret);
            let mut jwk = Jwk::from_encoding_key(&key, Algorithm::HS256).unwrap();
            jwk.common.key_id = Some("1".to_owned());
            let mut header = Header::new(Algorithm::HS256);
            header.kid = Some("1".to_owned());
            let forged = jsonwebtoken::encode(&header, &claims(), &key).unwrap();
            assert!(matches!(
                judge_text(&forged, &[ours.jwk.clone(), jwk]),
                Err(Disbelief::Wrong(_))
            ));
        }
        // Another algorithm than the key is for.
        let mut renamed = signer(Algorithm::EdDSA, Some("1"));
        renamed.jwk.common.key_algorithm = Some(jsonwebtoken::jwk::KeyAlgorithm::ES256);
        assert_eq!(
            judge(&renamed, &claims(), &[renamed.jwk.clone()]).unwrap_err(),
            Disbelief::UnknownKey
        );
        let mut critical = signer(Algorithm::ES256, Some("1"));
        critical.header.crit = Some(vec!["exp".to_owned()]);
        let refused = judge(&critical, &claims(), &[critical.jwk.clone()]).unwrap_err();
        assert_eq!(refused, Disbelief::Wrong("it has critical extensions"));
        for text in ["", ".", "..", "a.b.c", &"a".repeat(ID_TOKEN_MAX_BYTES + 1)] {
            assert!(judge_text(text, &keys).is_err());
        }
    }

    #[test]
    fn a_half_hash_goes_with_the_algorithm() {
        // OpenID Connect Core, appendix A.3's access token and hash.
        assert_eq!(
            half_hash("jHkWEdUXMU1BwAsC4vtUsZwnNvTIxEl0z9K3vx5KF0Y", Algorithm::RS256),
            "77QmUPtjPfzWtF2AnpK9RQ"
        );
        assert_eq!(half_hash("a", Algorithm::EdDSA).len(), 43);
    }
}
