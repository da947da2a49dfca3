//! Makes secrets, and seals those that have to be needed again.
//!
//! # Invariants
//! * Nothing that holds a secret has a `Display`, `Debug` or `Serialize` of its content, and its
//!   memory is overwritten when it is dropped.
//! * A sealed secret opens only as what it was sealed for: tenant, kind, id and version are bound to
//!   it ([`Belonging`]), and so is the data key's version. Any other byte, and nothing comes out.
//! * A data key is kept wrapped by a master key, whose id is made from its content ([`MasterKeyId`]),
//!   so a wrong key is noticed before it is used. Master keys never enter the database.
//!
//! Start with [`mint_api_key`] for new secrets, [`data_key`] for sealing, [`keyring`] for where master
//! keys come from. The form of a key and its check digits are in [`gatewright_types::credential`],
//! because gateway nodes need them too and must not be able to mint.

mod aead;
pub mod data_key;
pub mod error;
mod hex;
pub mod keyring;
pub mod master_key;
pub mod mint;
pub mod ring;
mod ring_file;
pub mod sign;

pub use data_key::{Belonging, DataKey, Sealed};
pub use error::VaultError;
pub use keyring::Keyring;
pub use master_key::{MasterKey, MasterKeyId, WrappedDataKey};
pub use mint::{
    BROWSER_TOKEN_PREFIX, DEVICE_TOKEN_PREFIX, INSTALLATION_TOKEN_PREFIX, MAIL_TOKEN_PREFIX, Minted, NODE_TOKEN_PREFIX,
    OPERATOR_TOKEN_PREFIX, PENDING_TOKEN_PREFIX, REFRESH_TOKEN_PREFIX, mint_api_key, mint_client_id,
    mint_client_secret, mint_enrollment_code, mint_installation_token, mint_node_token, mint_operator_token,
    mint_person_token,
};
pub use ring::{MasterKeyState, Ring};
pub use sign::SigningKey;
