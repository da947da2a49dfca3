//! Somebody who signs in, over the REST API and without a browser.

use gatewright_database::{Actor, Caller};
use gatewright_identity::model::{DeveloperRole, DeveloperState};
use gatewright_identity::passwords::Hasher;
use gatewright_identity::people::{self, NewPerson};
use gatewright_identity::{developers, invitations, operators};
use gatewright_types::ids::{OperatorId, PersonId, RequestId, TenantId};
use reqwest::{Method, RequestBuilder, StatusCode};
use secrecy::ExposeSecret as _;
use serde_json::{Value, json};

use crate::tenant::answer;
use crate::{SoftKey, TestApp, TestTenant};

/// The password of everybody in tests.
pub const PASSWORD: &str = "correct horse battery";

/// A person of one tenant, at its host.
#[derive(Clone)]
pub struct TestPerson {
    /// Their id.
    pub id: String,
    /// As a developer.
    pub developer_id: Option<String>,
    /// Their mail address.
    pub email: String,
    /// The access token of their session; empty before they signed in.
    pub token: String,
    /// What renews it.
    pub refresh_token: String,
    /// The tenant's host.
    pub host: String,
    /// Up to and including `/api/v1`.
    pub api_url: String,
    /// The client.
    pub client: reqwest::Client,
}

impl TestApp {
    /// The host of a tenant.
    pub fn host_of(&self, slug: &str) -> String {
        format!("{slug}.localhost:{}", self.process.addr().port())
    }

    /// Somebody at a tenant's host whom nobody knows.
    pub fn stranger(&self, slug: &str) -> TestPerson {
        TestPerson {
            id: String::new(),
            developer_id: None,
            email: String::new(),
            token: String::new(),
            refresh_token: String::new(),
            host: self.host_of(slug),
            api_url: self.process.api_url(),
            client: self.client.clone(),
        }
    }

    /// A person of a tenant who is nobody there yet, with [`PASSWORD`].
    pub async fn person(&self, of: &TestTenant, slug: &str, email: &str) -> TestPerson {
        let database = self.process.database();
        let hasher = Hasher::new(database.rng(), None).unwrap();
        let password_hash = hasher.hash(database.rng(), &PASSWORD.to_owned().into()).await.unwrap();
        let mut tx = database.tenant(self.as_system(of)).await.unwrap();
        let new = NewPerson {
            email: email.to_owned(),
            email_proven: true,
            name: "Ada Lovelace".to_owned(),
            password_hash: Some(password_hash),
        };
        let id = people::create(&mut tx, new).await.unwrap().id.to_string();
        tx.commit().await.unwrap();
        TestPerson {
            id,
            email: email.to_owned(),
            ..self.stranger(slug)
        }
    }

    /// A developer of a customer, signed in.
    pub async fn developer(
        &self,
        of: &TestTenant,
        slug: &str,
        customer_id: &str,
        (email, role): (&str, DeveloperRole),
    ) -> TestPerson {
        let mut person = self.person(of, slug, email).await;
        let mut tx = self.process.database().tenant(self.as_system(of)).await.unwrap();
        let (id, customer) = (person.id.parse().unwrap(), customer_id.parse().unwrap());
        let developer = developers::join(&mut tx, id, customer, role, DeveloperState::Active)
            .await
            .unwrap();
        tx.commit().await.unwrap();
        person.developer_id = Some(developer.id.to_string());
        person.sign_in().await;
        person
    }

    /// Somebody who signs in as an operator, signed in.
    pub async fn operator_person(&self, of: &TestTenant, slug: &str, operator_id: &str, email: &str) -> TestPerson {
        let mut person = self.person(of, slug, email).await;
        let mut tx = self.process.database().tenant(self.as_system(of)).await.unwrap();
        let operator_id: OperatorId = operator_id.parse().unwrap();
        operators::set_person(&mut tx, operator_id, person.id.parse().unwrap())
            .await
            .unwrap();
        tx.commit().await.unwrap();
        person.sign_in().await;
        person
    }

    /// One of everything that a person may have, as rows: nobody can sign in with it.
    pub async fn belongings(&self, of: &TestTenant, person: &TestPerson) {
        let mut owner = crate::database::connect(&self.database_url).await;
        let tenant_id: TenantId = of.id.parse().unwrap();
        let person_id: PersonId = person.id.parse().unwrap();
        let hash = "sha256(gen_random_uuid()::text::bytea)";
        for sql in [
            format!("sign_ups SELECT $1, gen_random_uuid(), 'new@example.com', 'New', 'New', NULL, NULL, {hash}, now(), now() + interval '1 day' WHERE $2::uuid IS NOT NULL"),
            format!("mail_tokens SELECT $1, {hash}, $2, 'PASSWORD_RESET', NULL, now(), now() + interval '1 day'"),
            format!("pending_sign_ins SELECT $1, {hash}, $2, '{{PASSWORD}}', 0, now(), now() + interval '1 day'"),
            format!("known_devices SELECT $1, {hash}, $2, now(), now()"),
            format!("attempts SELECT $1, {hash}, now() + interval '1 day', 1 WHERE $2::uuid IS NOT NULL"),
            "totp_authenticators SELECT $1, $2, 1, ''::bytea, now(), NULL, 0".to_owned(),
            format!("recovery_codes SELECT $1, $2, {hash}, now(), NULL"),
            format!("passkeys SELECT $1, gen_random_uuid(), $2, {hash}, '{{}}', 'A key', now(), NULL"),
            "passkey_ceremonies SELECT $1, gen_random_uuid(), 'SIGN_IN', $2, '{}', now() + interval '1 day'".to_owned(),
            "identity_providers SELECT $1, gen_random_uuid(), 'OIDC', 'Nobody', 'https://example.com', 'x', 1, NULL, true, 'DISABLED', now(), now() WHERE $2::uuid IS NOT NULL".to_owned(),
            "person_identities SELECT $1, id, 'x', $2, NULL, now(), NULL FROM identity_providers WHERE tenant_id = $1 LIMIT 1".to_owned(),
            "playground_runs SELECT $1, gen_random_uuid(), id, 'none', 'none', gen_random_uuid(), NULL, NULL, '{}', NULL, NULL, NULL, now() FROM developers WHERE tenant_id = $1 AND person_id = $2".to_owned(),
            format!("provider_sign_ins SELECT $1, {hash}, id, {hash}, ''::bytea, '/', $2, now(), now() + interval '1 day' FROM identity_providers WHERE tenant_id = $1 LIMIT 1"),
        ] {
            sqlx::query(sqlx::AssertSqlSafe(format!("INSERT INTO {sql}")))
                .bind(tenant_id.uuid())
                .bind(person_id.uuid())
                .execute(&mut owner)
                .await
                .unwrap();
        }
    }

    /// Invites an operator; what the mail would carry.
    pub async fn invite(&self, of: &TestTenant, email: &str, role: &str) -> String {
        let body = json!({ "name": "Somebody", "email": email, "role": role });
        let operator = of.create("/operators", body).await;
        let invitation = of
            .create(&format!("/operators/{operator}/invitations"), json!({}))
            .await;
        let mut tx = self.process.database().tenant(self.as_system(of)).await.unwrap();
        let letter = invitations::letter(&mut tx, invitation.parse().unwrap()).await;
        tx.commit().await.unwrap();
        let (_, token) = letter.unwrap().unwrap();
        token.expose_secret().to_owned()
    }

    fn as_system(&self, of: &TestTenant) -> Caller {
        let database = self.process.database();
        let tenant_id: TenantId = of.id.parse().unwrap();
        Caller {
            tenant_id,
            actor: Actor::System,
            request_id: RequestId::mint(database.clock(), database.rng()),
        }
    }
}

impl TestPerson {
    /// A request at the tenant's host that shows nothing.
    pub fn bare(&self, method: Method, path: &str) -> RequestBuilder {
        self.client
            .request(method, format!("{}{path}", self.api_url))
            .header("host", &self.host)
    }

    /// A request of theirs.
    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.bare(method, path).bearer_auth(&self.token)
    }

    /// Sends a request of theirs and returns status and JSON body (null when there is none).
    pub async fn call(&self, method: Method, path: &str, body: Option<Value>) -> (StatusCode, Value) {
        let request = if self.token.is_empty() {
            self.bare(method, path)
        } else {
            self.request(method, path)
        };
        let request = match body {
            Some(body) => request.json(&body),
            None => request,
        };
        answer(request).await
    }

    /// POSTs and expects success.
    pub async fn post(&self, path: &str, body: Value) -> Value {
        let (status, answer) = self.call(Method::POST, path, Some(body)).await;
        assert!(status.is_success(), "POST {path}: {status} {answer}");
        answer
    }

    /// GETs and expects success.
    pub async fn get(&self, path: &str) -> Value {
        let (status, answer) = self.call(Method::GET, path, None).await;
        assert!(status.is_success(), "GET {path}: {status} {answer}");
        answer
    }

    /// POSTs and expects to be refused; status and the problem's code.
    pub async fn refused(&self, path: &str, body: Value) -> (u16, String) {
        let (status, answer) = self.call(Method::POST, path, Some(body)).await;
        assert!(!status.is_success(), "POST {path}: {status} {answer}");
        (status.as_u16(), answer["code"].as_str().unwrap().to_owned())
    }

    /// What is answered to [`PASSWORD`], as a script asks.
    pub async fn show_password(&self) -> Value {
        let body = json!({ "email": self.email, "password": PASSWORD, "delivery": "BODY" });
        let request = self.bare(Method::POST, "/sessions").json(&body);
        let response = request.send().await.unwrap();
        assert_eq!(response.status(), 201, "{:?}", response.text().await);
        response.json().await.unwrap()
    }

    /// Signs in with [`PASSWORD`] alone.
    pub async fn sign_in(&mut self) {
        let answer = self.show_password().await;
        self.take(&answer);
    }

    /// Adds a passkey, whoever they are being known for sure.
    pub async fn add_passkey(&self, name: &str) -> (SoftKey, Value) {
        let mut key = SoftKey::default();
        let begun = self.post("/account/passkey-challenges", json!({})).await;
        let credential = key.create(&self.origin(), &begun["options"]).await.unwrap();
        let body = json!({ "ceremonyId": begun["ceremonyId"], "credential": credential, "name": name });
        (key, self.post("/account/passkeys", body).await)
    }

    /// What a browser would call the place where they are.
    pub fn origin(&self) -> String {
        format!("http://{}", self.host)
    }

    /// Takes the tokens of a sign-in answer.
    pub fn take(&mut self, answer: &Value) {
        self.token = answer["accessToken"].as_str().unwrap().to_owned();
        self.refresh_token = answer["refreshToken"].as_str().unwrap().to_owned();
    }
}
