//! Keeps secrets out of the audit log and of events, whoever writes them.
//!
//! Callers must not hand secrets over in the first place; this is the net below. A value is taken out when
//! the name of its field says that it is a secret, or when it looks like one of ours or like a private key.

use gatewright_types::credential::KEY_LENGTH;
use serde_json::{Map, Value, json};

/// What stands in the place of a secret.
pub const REDACTED: &str = "[redacted]";

/// Names that mean a secret, without case, `_` and `-`, wherever they stand in a field's name.
const SECRET_NAMES: [&str; 14] = [
    "secret",
    "password",
    "passphrase",
    "passwd",
    "token",
    "credential",
    "authorization",
    "cookie",
    "privatekey",
    "masterkey",
    "datakey",
    "signingkey",
    "accesskey",
    "hash",
];
/// Ends of names that only tell about a secret: its id, its age.
const HARMLESS_ENDS: [&str; 8] = ["id", "ids", "at", "until", "version", "type", "retention", "policy"];
/// What our own secrets start with, before their random part.
const PREFIXES: [&str; 5] = ["sk_live_", "sk_test_", "gwo_", "gwi_", "gwn_"];
/// How a private key begins (RFC 7468 §2: `-----BEGIN … PRIVATE KEY-----`).
const PRIVATE_KEY: &str = "PRIVATE KEY-----";
/// Fields that change with every change and say nothing.
const NOISE: [&str; 1] = ["updatedAt"];

/// Takes out whatever could be a secret.
pub fn redact(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            for (name, field) in fields {
                let tells = !field.is_null() && !field.is_boolean() && !field.is_number();
                if tells && names_a_secret(name) {
                    *field = Value::from(REDACTED);
                } else {
                    redact(field);
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(redact),
        Value::String(text) if holds_a_secret(text) => *value = Value::from(REDACTED),
        _ => {}
    }
}

/// `{"field": {"before": …, "after": …}}` of the fields that differ.
pub(crate) fn changed_fields(before: Value, after: &Value) -> Value {
    let mut changes = Map::new();
    let nothing = Map::new();
    let (mut before, after) = (
        if let Value::Object(fields) = before {
            fields
        } else {
            Map::new()
        },
        after.as_object().unwrap_or(&nothing),
    );
    for (name, new) in after {
        let old = before.shift_remove(name).unwrap_or_default();
        note(&mut changes, name, old, new.clone());
    }
    for (name, old) in before {
        note(&mut changes, &name, old, Value::Null);
    }
    Value::Object(changes)
}

fn note(changes: &mut Map<String, Value>, name: &str, mut old: Value, mut new: Value) {
    if old == new || NOISE.contains(&name) {
        return;
    }
    // A secret that changed shows as changed, and as nothing else.
    for value in [&mut old, &mut new] {
        let mut alone = json!({ name: value.take() });
        redact(&mut alone);
        *value = alone[name].take();
    }
    changes.insert(name.to_owned(), json!({ "before": old, "after": new }));
}

/// Whether the name of a field says that its value is a secret.
pub fn names_a_secret(name: &str) -> bool {
    let plain: String = name
        .chars()
        .filter(char::is_ascii_alphanumeric)
        .map(|letter| letter.to_ascii_lowercase())
        .collect();
    SECRET_NAMES.iter().any(|secret| plain.contains(secret)) && !is_harmless(name, &plain)
}

/// `tokenId` and `token_id` are, `tokenid…` within a word is not.
fn is_harmless(name: &str, plain: &str) -> bool {
    HARMLESS_ENDS.iter().any(|end| {
        plain.ends_with(end) && {
            let at = name.len().saturating_sub(end.len());
            let begins_a_word = name.as_bytes().get(at).is_some_and(u8::is_ascii_uppercase);
            begins_a_word || at > 0 && matches!(name.as_bytes()[at - 1], b'_' | b'-')
        }
    })
}

fn holds_a_secret(text: &str) -> bool {
    text.contains(PRIVATE_KEY)
        || has_password(text)
        || PREFIXES.iter().any(|prefix| {
            text.match_indices(prefix).any(|(at, _)| {
                let random = &text.as_bytes()[at + prefix.len()..];
                let length = random.iter().take_while(|byte| byte.is_ascii_alphanumeric()).count();
                // Half of it is as good as a secret; a prefix that is shown, or its name in a sentence, is not.
                length >= KEY_LENGTH / 2
            })
        })
}

/// `scheme://user:password@host` (RFC 3986 §3.2.1).
fn has_password(text: &str) -> bool {
    text.match_indices("://").any(|(at, _)| {
        let rest = &text[at + 3..];
        let authority = &rest[..rest.find(['/', '?', '#', ' ', '"']).unwrap_or(rest.len())];
        authority.rsplit_once('@').is_some_and(|(user, _)| user.contains(':'))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::{Just, Strategy, any, prop, prop_assert, prop_oneof, proptest};

    #[test]
    fn names_that_mean_a_secret_are_told_from_names_that_tell_about_one() {
        for name in [
            "secret",
            "clientSecret",
            "operatorToken",
            "access_token",
            "Authorization",
            "passwordHash",
            "X-Api-Token",
            "credentials",
            "privateKeyPem",
            "tokenid",
        ] {
            assert!(names_a_secret(name), "{name}");
        }
        for name in [
            "tokenId",
            "secretVersion",
            "secret_version",
            "secretRetention",
            "tokenIds",
            "authType",
            "name",
            "keyId",
            "oldSecretValidUntil",
            "lastFour",
            "subscriptionIds",
        ] {
            assert!(!names_a_secret(name), "{name}");
        }
    }

    #[test]
    fn only_what_changed_is_noted_and_a_secret_only_as_changed() {
        let before = json!({ "name": "a", "limit": 1, "secret": "x", "gone": true, "updatedAt": 1 });
        let after = json!({ "name": "b", "limit": 1, "secret": "y", "new": [1], "updatedAt": 2 });
        let expected = json!({
            "name": { "before": "a", "after": "b" },
            "secret": { "before": REDACTED, "after": REDACTED },
            "new": { "before": null, "after": [1] },
            "gone": { "before": true, "after": null },
        });
        assert_eq!(changed_fields(before, &after), expected);
        let deleted = changed_fields(json!({ "name": "a" }), &Value::Null);
        assert_eq!(deleted, json!({ "name": { "before": "a", "after": null } }));
    }

    #[test]
    fn a_prefix_that_is_shown_stays() {
        for harmless in [
            "sk_live_",
            "sk_live_…",
            "a gwo_ token",
            "https://ada@example.com/x:y",
            "https://h/a:b@c",
        ] {
            let mut value = Value::from(harmless);
            redact(&mut value);
            assert_eq!(value, harmless);
        }
    }

    /// A secret, in a field of any name or by its looks alone.
    fn leak() -> impl Strategy<Value = (Value, String)> {
        let random = "[A-Za-z0-9]{40}";
        prop_oneof![
            (random, prop::sample::select(&PREFIXES[..]), ".{0,8}").prop_map(|(random, prefix, around)| {
                let text = format!("{around}{prefix}{random}{around}");
                (Value::from(text), random)
            }),
            (random, prop::sample::select(&SECRET_NAMES[..]))
                .prop_map(|(random, name)| { (json!({ name: [{ "inside": random }] }), random) }),
            random.prop_map(|random| (Value::from(format!("postgres://u:{random}@h/d")), random)),
            random.prop_map(|random| {
                let pem = format!("-----BEGIN EC PRIVATE KEY-----\n{random}\n-----END EC PRIVATE KEY-----");
                (Value::from(pem), random)
            }),
        ]
    }

    /// Any JSON around `leaf`.
    fn nested(leaf: Value) -> impl Strategy<Value = Value> {
        Just(leaf).prop_recursive(4, 16, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 1..4).prop_map(Value::from),
                (".{1,8}", inner.clone(), any::<u8>()).prop_map(|(name, inner, other)| {
                    let mut fields = Map::new();
                    fields.insert("other".to_owned(), other.into());
                    fields.insert(name, inner);
                    Value::Object(fields)
                }),
            ]
        })
    }

    proptest! {
        #[test]
        fn no_secret_gets_through((value, secret) in leak().prop_flat_map(|(leaf, secret)| (nested(leaf), Just(secret)))) {
            let mut redacted = value.clone();
            redact(&mut redacted);
            prop_assert!(!redacted.to_string().contains(&secret), "{redacted}");
            for changes in [
                changed_fields(value.clone(), &Value::Null),
                changed_fields(Value::Null, &value),
                changed_fields(json!({ "it": value.clone() }), &json!({ "it": 1 })),
            ] {
                prop_assert!(!changes.to_string().contains(&secret), "{changes}");
            }
        }
    }
}
