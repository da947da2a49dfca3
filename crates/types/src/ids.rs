//! Every object's name: a UUIDv7 that shows as `<prefix>_<26 characters>`.
//!
//! The text is Crockford's base 32 in lower case, as in the TypeID specification (v0.3): sortable
//! by time of creation, safe in a URL, and a mistaken kind is refused when it is read.

use crate::{Clock, Rng};
use uuid::Uuid;

const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
const TEXT_LENGTH: usize = 26;

/// Why a text is no id of the kind that was asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvalidId {
    /// The prefix that was expected, as in `sub`.
    pub expected: &'static str,
}

impl std::fmt::Display for InvalidId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "expected an id like {}_01hzy… ({}_ and 26 characters of 0-9a-z without i, l, o, u)",
            self.expected, self.expected
        )
    }
}

impl std::error::Error for InvalidId {}

const fn encode(id: Uuid) -> [u8; TEXT_LENGTH] {
    let value = id.as_u128();
    let mut text = [b'0'; TEXT_LENGTH];
    // Each place for itself, so that a processor need not wait for the one before.
    let mut place = 0;
    while place < TEXT_LENGTH {
        let digit = (value >> (5 * (TEXT_LENGTH - 1 - place))) as usize & 31;
        text[place] = ALPHABET[digit];
        place += 1;
    }
    text
}

fn decode(text: &[u8]) -> Option<Uuid> {
    // 26 places of 5 bits are 130: the first may only be 0 to 7.
    if text.len() != TEXT_LENGTH || text[0] > b'7' {
        return None;
    }
    let mut value: u128 = 0;
    for byte in text {
        let digit = ALPHABET.iter().position(|letter| letter == byte)?;
        value = (value << 5) | digit as u128;
    }
    Some(Uuid::from_u128(value))
}

fn mint(clock: &Clock, rng: &Rng) -> Uuid {
    let ms = u64::try_from(clock.now_ms()).unwrap_or(0);
    uuid::Builder::from_unix_timestamp_millis(ms, &rng.bytes::<10>()).into_uuid()
}

macro_rules! ids {
    ($($(#[$meta:meta])* $name:ident = $prefix:literal;)+) => {
        $(
            $(#[$meta])*
            #[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
            pub struct $name(Uuid);

            impl $name {
                /// What every id of this kind starts with, before the underscore.
                pub const PREFIX: &'static str = $prefix;

                /// A new id; ids of later milliseconds sort later.
                pub fn mint(clock: &Clock, rng: &Rng) -> Self { Self(mint(clock, rng)) }

                /// The id as the database keeps it.
                pub const fn uuid(self) -> Uuid { self.0 }

                /// The id as text, on the stack.
                pub const fn text(self) -> [u8; $prefix.len() + 1 + TEXT_LENGTH] {
                    let mut text = [b'_'; $prefix.len() + 1 + TEXT_LENGTH];
                    let (prefix, rest) = text.split_at_mut($prefix.len());
                    prefix.copy_from_slice($prefix.as_bytes());
                    rest.split_at_mut(1).1.copy_from_slice(&encode(self.0));
                    text
                }

                /// The id that the database keeps as `id`.
                pub const fn from_uuid(id: Uuid) -> Self { Self(id) }
            }

            impl std::fmt::Display for $name {
                fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                    f.write_str(std::str::from_utf8(&self.text()).unwrap_or_default())
                }
            }

            impl std::fmt::Debug for $name {
                fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result { std::fmt::Display::fmt(self, f) }
            }

            impl std::str::FromStr for $name {
                type Err = InvalidId;
                fn from_str(text: &str) -> Result<Self, InvalidId> {
                    text.strip_prefix(concat!($prefix, "_"))
                        .and_then(|rest| decode(rest.as_bytes()))
                        .map(Self)
                        .ok_or(InvalidId { expected: $prefix })
                }
            }

            impl serde::Serialize for $name {
                fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                    serializer.collect_str(self)
                }
            }

            impl<'de> serde::Deserialize<'de> for $name {
                fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                    let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
                    text.parse().map_err(serde::de::Error::custom)
                }
            }

            #[cfg(feature = "sqlx")]
            impl sqlx::Type<sqlx::Postgres> for $name {
                fn type_info() -> sqlx::postgres::PgTypeInfo { <Uuid as sqlx::Type<sqlx::Postgres>>::type_info() }
            }

            #[cfg(feature = "sqlx")]
            impl<'r> sqlx::Decode<'r, sqlx::Postgres> for $name {
                fn decode(value: sqlx::postgres::PgValueRef<'r>) -> Result<Self, sqlx::error::BoxDynError> {
                    <Uuid as sqlx::Decode<sqlx::Postgres>>::decode(value).map(Self)
                }
            }

            #[cfg(feature = "sqlx")]
            impl sqlx::Encode<'_, sqlx::Postgres> for $name {
                fn encode_by_ref(&self, buffer: &mut sqlx::postgres::PgArgumentBuffer) -> Result<sqlx::encode::IsNull, sqlx::error::BoxDynError> {
                    <Uuid as sqlx::Encode<sqlx::Postgres>>::encode_by_ref(&self.0, buffer)
                }
            }

            #[cfg(feature = "sqlx")]
            impl sqlx::postgres::PgHasArrayType for $name {
                fn array_type_info() -> sqlx::postgres::PgTypeInfo { <Uuid as sqlx::postgres::PgHasArrayType>::array_type_info() }
            }

            #[cfg(feature = "utoipa")]
            impl utoipa::PartialSchema for $name {
                fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
                    utoipa::openapi::ObjectBuilder::new()
                        .schema_type(utoipa::openapi::schema::Type::String)
                        .pattern(Some(concat!("^", $prefix, "_[0-7][0-9a-hjkmnp-tv-z]{25}$")))
                        .description(Some(concat!("Id that starts with `", $prefix, "_`.")))
                        .into()
                }
            }

            #[cfg(feature = "utoipa")]
            impl utoipa::ToSchema for $name {}
        )+
    };
}

ids! {
    /// A revision of an API description.
    ApiRevisionId = "rev";
    /// An API description.
    ApiSpecId = "spec";
    /// One row of the audit log.
    AuditId = "aud";
    /// A row of `key_subscription_bindings`.
    BindingId = "bnd";
    /// An API consumer of one native gateway.
    ConsumerId = "con";
    /// An organization that buys.
    CustomerId = "cus";
    /// A person who works for a customer.
    DeveloperId = "dev";
    /// One event on its way to one webhook endpoint.
    DeliveryId = "del";
    /// One event of the outbox.
    EventId = "evt";
    /// A place where requests are admitted.
    GatewayId = "gw";
    /// Where else people of a tenant can sign in.
    IdentityProviderId = "idp";
    /// An invitation to be an operator or a developer.
    InvitationId = "inv";
    /// Work that outlives a request.
    JobId = "job";
    /// An API key; stays the same when its secret is rotated.
    KeyId = "key";
    /// A mail.
    MailId = "mai";
    /// A running gateway process.
    NodeId = "nod";
    /// A person (or a script) of the tenant.
    OperatorId = "opr";
    /// A challenge that an authenticator was asked to sign.
    PasskeyCeremonyId = "pkc";
    /// A passkey of a person.
    PasskeyId = "psk";
    /// Somebody who signs in.
    PersonId = "per";
    /// A plan; its versions are numbers.
    PlanId = "pln";
    /// A call that a developer made from the portal.
    PlaygroundRunId = "pgr";
    /// What is sold.
    ProductId = "prd";
    /// Where a connected gateway differs from what is desired.
    ProvisioningFindingId = "pfi";
    /// One look at what connected gateways have.
    ProvisioningRunId = "prn";
    /// One request, as logs and problems name it.
    RequestId = "req";
    /// A route of a native gateway.
    RouteId = "rte";
    /// An upstream of a native gateway.
    ServiceId = "svc";
    /// Somebody signed in on one device.
    SessionId = "ses";
    /// Somebody who signed up and has not shown yet who they are.
    SignUpId = "sup";
    /// A customer's subscription to one version of a plan.
    SubscriptionId = "sub";
    /// A company that sells APIs with Gatewright.
    TenantId = "ten";
    /// Where events of a tenant are sent.
    WebhookEndpointId = "whe";
    /// An operator's token; not the token itself.
    TokenId = "tok";
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::{prop_assert, prop_assert_eq, proptest};

    #[test]
    fn an_id_minted_later_sorts_later() {
        let (clock, rng) = (Clock::manual(chrono::DateTime::UNIX_EPOCH), Rng::seeded(1));
        let first = KeyId::mint(&clock, &rng);
        clock.advance(std::time::Duration::from_millis(1));
        let second = KeyId::mint(&clock, &rng);
        assert!(first.to_string() < second.to_string());
        assert_eq!(first.uuid().get_version_num(), 7);
    }

    proptest! {
        #[test]
        fn an_id_survives_its_text(value: u128) {
            let id = SubscriptionId::from_uuid(Uuid::from_u128(value));
            let text = id.to_string();
            prop_assert_eq!(text.len(), 30);
            prop_assert_eq!(text.parse::<SubscriptionId>(), Ok(id));
            prop_assert!(text.parse::<CustomerId>().is_err(), "another kind is refused");
            prop_assert_eq!(serde_json::from_str::<SubscriptionId>(&serde_json::to_string(&id).unwrap()).unwrap(), id);
        }

        #[test]
        fn no_text_makes_it_panic(text: String) {
            if let Ok(id) = text.parse::<TenantId>() {
                prop_assert_eq!(id.to_string(), text);
            }
        }
    }
}
