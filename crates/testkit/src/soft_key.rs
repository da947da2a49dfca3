//! A passkey in software, with the part of the browser that it needs.
//!
//! The authenticator is 1Password's, which shares no code with the library that judges it.

use passkey_authenticator::{Authenticator, UiHint, UserCheck, UserValidationMethod};
use passkey_crypto::rust_crypto::RustCryptoBackend;
use passkey_types::ctap2::{Aaguid, Ctap2Error, get_assertion, make_credential};
use passkey_types::encoding::base64url;
use passkey_types::webauthn::{PublicKeyCredentialCreationOptions, PublicKeyCredentialRequestOptions};
use passkey_types::{Bytes, Passkey};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

/// An authenticator with room for one passkey, and somebody whose finger is on it.
pub struct SoftKey {
    authenticator: Authenticator<Option<Passkey>, Finger, RustCryptoBackend>,
    /// Whether it makes sure who it is.
    pub verifies: bool,
}

impl Default for SoftKey {
    fn default() -> Self {
        let mut authenticator = Authenticator::new(Aaguid::new_empty(), None, Finger, RustCryptoBackend);
        authenticator.set_make_credentials_with_signature_counter(true);
        Self {
            authenticator,
            verifies: true,
        }
    }
}

impl SoftKey {
    /// What `navigator.credentials.create()` gives on a page of this origin, as `toJSON()` writes it; what the authenticator
    /// says where it refuses.
    pub async fn create(&mut self, origin: &str, options: &Value) -> Result<Value, String> {
        let asked: PublicKeyCredentialCreationOptions = serde_json::from_value(options.clone()).unwrap();
        let client_data = client_data("webauthn.create", origin, options);
        let request = make_credential::Request {
            client_data_hash: hash(&client_data),
            rp: asked.rp.try_into().map_err(|_| "no id of the relying party")?,
            user: asked.user,
            pub_key_cred_params: asked.pub_key_cred_params,
            exclude_list: asked.exclude_credentials,
            extensions: None,
            options: make_credential::Options {
                rk: true,
                up: true,
                uv: self.verifies,
            },
            pin_auth: None,
            pin_protocol: None,
        };
        let made = self.authenticator.make_credential(request).await;
        let made = made.map_err(|error| format!("{error:?}"))?;
        let attested = made.auth_data.attested_credential_data.as_ref().unwrap();
        let id = base64url(attested.credential_id());
        Ok(json!({
            "id": id, "rawId": id, "type": "public-key", "authenticatorAttachment": "platform", "clientExtensionResults": {},
            "response": {
                "clientDataJSON": base64url(&client_data),
                "attestationObject": base64url(&made.as_webauthn_bytes()),
                "transports": ["internal"],
            },
        }))
    }

    /// What `navigator.credentials.get()` gives.
    pub async fn get(&mut self, origin: &str, options: &Value) -> Result<Value, String> {
        let asked: PublicKeyCredentialRequestOptions = serde_json::from_value(options.clone()).unwrap();
        let client_data = client_data("webauthn.get", origin, options);
        let request = get_assertion::Request {
            rp_id: asked.rp_id.unwrap(),
            client_data_hash: hash(&client_data),
            allow_list: asked.allow_credentials,
            extensions: None,
            options: get_assertion::Options {
                up: true,
                uv: self.verifies,
            },
            pin_auth: None,
            pin_protocol: None,
        };
        let signed = self.authenticator.get_assertion(request).await;
        let signed = signed.map_err(|error| format!("{error:?}"))?;
        let id = base64url(&signed.credential.unwrap().id);
        Ok(json!({
            "id": id, "rawId": id, "type": "public-key", "authenticatorAttachment": "platform", "clientExtensionResults": {},
            "response": {
                "clientDataJSON": base64url(&client_data),
                "authenticatorData": base64url(&signed.auth_data.to_vec()),
                "signature": base64url(&signed.signature),
                "userHandle": signed.user.map(|user| base64url(&user.id)),
            },
        }))
    }

    /// The same passkey in another authenticator, which counts for itself.
    pub fn copy(&self) -> Self {
        let mut copy = Self::default();
        copy.authenticator.store_mut().clone_from(self.authenticator.store());
        copy
    }
}

/// What a browser says of the page (WebAuthn Level 3 §5.8.1).
fn client_data(kind: &str, origin: &str, options: &Value) -> Vec<u8> {
    let said = json!({ "type": kind, "challenge": options["challenge"], "origin": origin, "crossOrigin": false });
    said.to_string().into_bytes()
}

fn hash(client_data: &[u8]) -> Bytes {
    Sha256::digest(client_data).to_vec().into()
}

/// Somebody who is there and says yes.
struct Finger;

#[async_trait::async_trait]
impl UserValidationMethod for Finger {
    type PasskeyItem = Passkey;

    async fn check_user<'a>(
        &self,
        hint: UiHint<'a, Passkey>,
        presence: bool,
        verification: bool,
    ) -> Result<UserCheck, Ctap2Error> {
        // As a device does that has this passkey already.
        if matches!(hint, UiHint::InformExcludedCredentialFound(_)) {
            return Err(Ctap2Error::CredentialExcluded);
        }
        Ok(UserCheck { presence, verification })
    }

    fn is_presence_enabled(&self) -> bool {
        true
    }

    fn is_verification_enabled(&self) -> Option<bool> {
        Some(true)
    }
}
