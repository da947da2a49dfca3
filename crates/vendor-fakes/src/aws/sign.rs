//! Who calls: Signature Version 4, recomputed, and the token service that lends a role.

use std::collections::BTreeMap;

use hmac::{Hmac, KeyInit as _, Mac as _};
use http::{Method, StatusCode};
use sha2::{Digest as _, Sha256};

use super::Aws;
use super::error::Refused;
use crate::wire::{Request, Response};

/// How far a signature's time may be off.
const SKEW_MS: i64 = 5 * 60 * 1000;

/// Keys that `AssumeRole` lent.
pub(super) struct Session {
    pub(super) secret: String,
    pub(super) token: String,
    pub(super) ends_ms: i64,
}

/// What an `Authorization` says.
struct Signed<'a> {
    access_key: &'a str,
    scope: Vec<&'a str>,
    fields: Vec<&'a str>,
    signature: &'a str,
}

fn read(request: &Request) -> Option<Signed<'_>> {
    let rest = request.header("authorization")?.strip_prefix("AWS4-HMAC-SHA256 ")?;
    let parts: BTreeMap<&str, &str> = rest.split(", ").filter_map(|part| part.split_once('=')).collect();
    let (access_key, scope) = parts.get("Credential")?.split_once('/')?;
    Some(Signed {
        access_key,
        scope: scope.split('/').collect(),
        fields: parts.get("SignedHeaders")?.split(';').collect(),
        signature: parts.get("Signature")?,
    })
}

/// Lets in whose signature is right. `service` is whose API is called.
pub(super) fn check(aws: &Aws, request: &Request, service: &str, now_ms: i64) -> Result<(), Refused> {
    let no_token = || Refused::forbidden("MissingAuthenticationTokenException", "Missing Authentication Token");
    let signed = read(request).ok_or_else(no_token)?;
    let stamp = request.header("x-amz-date").ok_or_else(no_token)?;
    let token = request.header("x-amz-security-token");
    let unknown = || {
        let message = "The security token included in the request is invalid.";
        Refused::forbidden("UnrecognizedClientException", message)
    };
    let secret = if signed.access_key == aws.options.access_key_id && token.is_none() {
        &aws.options.secret_access_key
    } else {
        let session = aws.sessions.get(signed.access_key).ok_or_else(unknown)?;
        if token != Some(&session.token) {
            return Err(unknown());
        }
        if session.ends_ms <= now_ms {
            let message = "The security token included in the request is expired";
            return Err(Refused::forbidden("ExpiredTokenException", message));
        }
        &session.secret
    };
    let invalid = |message: String| Refused::forbidden("InvalidSignatureException", message);
    let scope = [
        stamp.get(..8).unwrap_or_default(),
        &aws.options.region,
        service,
        "aws4_request",
    ];
    if signed.scope != scope {
        return Err(invalid(format!("Credential should be scoped to {}.", scope.join("/"))));
    }
    let at_ms = millis(stamp).ok_or_else(|| invalid("Date must be in ISO-8601 'basic format'.".to_owned()))?;
    if (now_ms - at_ms).abs() > SKEW_MS {
        return Err(invalid(format!(
            "Signature expired: {stamp} is now earlier or later than five minutes from now."
        )));
    }
    let text = format!(
        "AWS4-HMAC-SHA256\n{stamp}\n{}\n{}",
        scope.join("/"),
        hex(&Sha256::digest(canonical(request, &signed.fields)))
    );
    let key = scope
        .iter()
        .fold(format!("AWS4{secret}").into_bytes(), |key, part| mac(&key, part));
    if hex(&mac(&key, &text)) == signed.signature {
        Ok(())
    } else {
        Err(invalid(
            "The request signature we calculated does not match the signature you provided.".to_owned(),
        ))
    }
}

/// The canonical request: of a path that is encoded already, encoded once more.
fn canonical(request: &Request, fields: &[&str]) -> String {
    let mut pairs: Vec<(String, String)> = request
        .pairs()
        .iter()
        .map(|(name, value)| (encoded(name, ""), encoded(value, "")))
        .collect();
    pairs.sort();
    let query: Vec<_> = pairs.iter().map(|(name, value)| format!("{name}={value}")).collect();
    let heads: String = fields
        .iter()
        .map(|name| format!("{name}:{}\n", request.header(name).unwrap_or_default().trim()))
        .collect();
    format!(
        "{}\n{}\n{}\n{heads}\n{}\n{}",
        request.method,
        encoded(&request.path, "/"),
        query.join("&"),
        fields.join(";"),
        hex(&Sha256::digest(&request.body))
    )
}

fn encoded(text: &str, kept: &str) -> String {
    let byte = |byte: u8| match char::from(byte) {
        letter if letter.is_ascii_alphanumeric() || "-._~".contains(letter) || kept.contains(letter) => {
            letter.to_string()
        }
        _ => format!("%{byte:02X}"),
    };
    text.bytes().map(byte).collect()
}

fn mac(key: &[u8], text: &str) -> Vec<u8> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes keys of any length");
    mac.update(text.as_bytes());
    mac.finalize().into_bytes().to_vec()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// `20261122T000000Z` in milliseconds since 1970 (days by Howard Hinnant's `days_from_civil`).
fn millis(stamp: &str) -> Option<i64> {
    let number = |from: usize, to: usize| stamp.get(from..to)?.parse::<i64>().ok();
    let (year, month, day) = (number(0, 4)?, number(4, 6)?, number(6, 8)?);
    let (hour, minute, second) = (number(9, 11)?, number(11, 13)?, number(13, 15)?);
    let (year, month) = if month > 2 {
        (year, month - 3)
    } else {
        (year - 1, month + 9)
    };
    let days =
        365 * year + year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400) + (153 * month + 2) / 5 + day - 1;
    Some((((days - 719_468) * 24 + hour) * 60 + minute) * 60_000 + second * 1000)
}

/// `20261122T000000Z` as XML has it.
fn iso(ms: i64) -> String {
    let (days, seconds) = ((ms / 1000).div_euclid(86_400), (ms / 1000).rem_euclid(86_400));
    let days = days + 719_468;
    let era = days.div_euclid(146_097);
    let of_era = days.rem_euclid(146_097);
    let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month + 2) / 5 + 1;
    let (month, carry) = if month < 10 { (month + 3, 0) } else { (month - 9, 1) };
    let (hour, minute, second) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    format!(
        "{:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z",
        year_of_era + era * 400 + carry
    )
}

/// The token service.
pub(super) fn token_service(aws: &mut Aws, request: &Request, now_ms: i64) -> Response {
    match assume_role(aws, request, now_ms) {
        Ok(body) => Response::text(StatusCode::OK, "text/xml", body),
        Err(refused) => refused.in_xml(),
    }
}

fn assume_role(aws: &mut Aws, request: &Request, now_ms: i64) -> Result<String, Refused> {
    check(aws, request, "sts", now_ms)?;
    let form: BTreeMap<String, String> = url::form_urlencoded::parse(&request.body).into_owned().collect();
    let given = |name: &str| form.get(name).map(String::as_str).unwrap_or_default();
    if request.method != Method::POST || given("Action") != "AssumeRole" || given("Version") != "2011-06-15" {
        return Err(Refused::bad("InvalidAction"));
    }
    let name = given("RoleSessionName");
    if !(2..=64).contains(&name.len()) {
        return Err(Refused::new(
            StatusCode::BAD_REQUEST,
            "ValidationError",
            "roleSessionName",
        ));
    }
    let denied = || {
        let message = format!(
            "User is not authorized to perform: sts:AssumeRole on resource: {}",
            given("RoleArn")
        );
        Refused::forbidden("AccessDenied", message)
    };
    let role = aws
        .options
        .role
        .as_ref()
        .filter(|role| role.arn == given("RoleArn"))
        .ok_or_else(denied)?;
    if role.external_id.as_deref().is_some_and(|id| id != given("ExternalId")) {
        return Err(denied());
    }
    let access_key = format!("ASIA{}", aws.store.random(16).to_ascii_uppercase());
    let lifetime = i64::try_from(aws.options.token_lifetime.as_millis()).unwrap_or(i64::MAX);
    let session = Session {
        secret: aws.store.random(40),
        token: aws.store.random(120),
        ends_ms: now_ms.saturating_add(lifetime),
    };
    let body = format!(
        "<AssumeRoleResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><AssumeRoleResult><AssumedRoleUser><AssumedRoleId>\
         AROAEXAMPLE:{name}</AssumedRoleId><Arn>{}/{name}</Arn></AssumedRoleUser><Credentials><AccessKeyId>{access_key}</AccessKeyId>\
         <SecretAccessKey>{}</SecretAccessKey><SessionToken>{}</SessionToken><Expiration>{}</Expiration></Credentials>\
         </AssumeRoleResult><ResponseMetadata><RequestId>0</RequestId></ResponseMetadata></AssumeRoleResponse>",
        role.arn,
        session.secret,
        session.token,
        iso(session.ends_ms)
    );
    aws.store
        .secrets
        .extend([session.secret.clone(), session.token.clone()]);
    aws.sessions.insert(access_key, session);
    Ok(body)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_as_they_are_written() {
        for (stamp, shown, ms) in [
            ("19700101T000000Z", "1970-01-01T00:00:00Z", 0),
            ("20240229T235959Z", "2024-02-29T23:59:59Z", 1_709_251_199_000),
            ("20261122T000000Z", "2026-11-22T00:00:00Z", 1_795_305_600_000),
        ] {
            assert_eq!(millis(stamp), Some(ms));
            assert_eq!(iso(ms), shown);
        }
    }
}
