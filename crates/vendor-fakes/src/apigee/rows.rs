//! What an organization has: developers, their apps, the apps' keys, products and deployed proxies.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

/// A name and a value, as developers, apps and keys have them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Attribute {
    pub(super) name: String,
    #[serde(default)]
    pub(super) value: String,
}

#[derive(Clone)]
pub(super) struct Developer {
    pub(super) email: String,
    pub(super) id: String,
    pub(super) names: [String; 3],
    pub(super) attributes: Vec<Attribute>,
    pub(super) active: bool,
    pub(super) created_ms: i64,
    pub(super) modified_ms: i64,
}

#[derive(Clone)]
pub(super) struct App {
    pub(super) name: String,
    pub(super) id: String,
    pub(super) attributes: Vec<Attribute>,
    pub(super) approved: bool,
    pub(super) keys: Vec<Key>,
    pub(super) created_ms: i64,
    pub(super) modified_ms: i64,
}

#[derive(Clone)]
pub(super) struct Key {
    pub(super) consumer_key: String,
    pub(super) consumer_secret: String,
    pub(super) approved: bool,
    pub(super) products: Vec<Attached>,
    pub(super) attributes: Vec<Attribute>,
    pub(super) issued_ms: i64,
    /// None: it never ends.
    pub(super) expires_ms: Option<i64>,
}

/// A product on a key.
#[derive(Clone, PartialEq, Eq, Serialize)]
pub(super) struct Attached {
    pub(super) apiproduct: String,
    pub(super) status: &'static str,
}

/// A product; what is not looked at is kept as it was given.
pub(super) type Product = Map<String, Value>;

/// A proxy that is deployed.
#[derive(Clone)]
pub(super) struct Proxy {
    pub(super) name: String,
    pub(super) base_path: String,
    pub(super) environment: String,
    /// The names of its policies; which of them asks for keys, a name need not tell.
    pub(super) policies: Vec<String>,
    /// Whether it asks for keys.
    pub(super) verifies: bool,
}

/// What is approved or not.
pub(super) const fn word(approved: bool) -> &'static str {
    if approved { "approved" } else { "revoked" }
}

impl Developer {
    pub(super) fn json(&self, organization: &str, apps: &[&str]) -> Value {
        let [first, last, user] = &self.names;
        json!({
            "email": self.email, "developerId": self.id, "firstName": first, "lastName": last, "userName": user,
            "attributes": self.attributes, "apps": apps, "organizationName": organization,
            "status": if self.active { "active" } else { "inactive" },
            "createdAt": self.created_ms.to_string(), "lastModifiedAt": self.modified_ms.to_string(),
        })
    }
}

impl App {
    /// As it is shown below its developer.
    pub(super) fn json(&self, developer: &Developer) -> Value {
        let mut shown = self.outline(developer);
        shown["credentials"] = self.keys.iter().map(Key::json).collect();
        shown
    }

    /// Without its keys.
    pub(super) fn outline(&self, developer: &Developer) -> Value {
        json!({
            "appId": self.id, "name": self.name, "developerId": developer.id, "status": word(self.approved),
            "attributes": self.attributes,
            "createdAt": self.created_ms.to_string(), "lastModifiedAt": self.modified_ms.to_string(),
        })
    }
}

impl Key {
    pub(super) fn json(&self) -> Value {
        json!({
            "consumerKey": self.consumer_key, "consumerSecret": self.consumer_secret, "status": word(self.approved),
            "apiProducts": self.products, "attributes": self.attributes, "issuedAt": self.issued_ms.to_string(),
            "expiresAt": self.expires_ms.unwrap_or(-1).to_string(),
        })
    }

    pub(super) fn attach(&mut self, name: &str, product: &Product) {
        if self.products.iter().any(|one| one.apiproduct == name) {
            return;
        }
        let manual = product.get("approvalType") == Some(&json!("manual"));
        self.products.push(Attached {
            apiproduct: name.to_owned(),
            status: if manual { "pending" } else { "approved" },
        });
    }
}
