//! Makes secrets. What is made here leaves the process once, in one answer, and is kept as a hash.

use gatewright_types::credential::{
    BASE62, CLIENT_ID_LENGTH, CLIENT_ID_PREFIX, CLIENT_ID_RANDOM_LENGTH, CLIENT_SECRET_PREFIX, CredentialHash,
    KEY_LENGTH, KEY_RANDOM_LENGTH, check_digits, key_prefix,
};
use gatewright_types::{Environment, Rng};
use secrecy::{ExposeSecret, SecretString};
use zeroize::Zeroize;

/// What an operator's token starts with.
pub const OPERATOR_TOKEN_PREFIX: &str = "gwo_";
/// What an installation's token starts with.
pub const INSTALLATION_TOKEN_PREFIX: &str = "gwi_";
/// What a node's token starts with.
pub const NODE_TOKEN_PREFIX: &str = "gwn_";
/// What a code that lets a node in starts with.
pub const ENROLLMENT_CODE_PREFIX: &str = "gwe_";

/// What renews a session starts with.
pub const REFRESH_TOKEN_PREFIX: &str = "gwr_";
/// What a mail carries starts with.
pub const MAIL_TOKEN_PREFIX: &str = "gwm_";
/// What stands for a first factor that was right starts with.
pub const PENDING_TOKEN_PREFIX: &str = "gwp_";
/// What binds something that was begun to the browser that began it starts with.
pub const BROWSER_TOKEN_PREFIX: &str = "gwb_";
/// What a browser is known by starts with.
pub const DEVICE_TOKEN_PREFIX: &str = "gwd_";

/// Length of `sk_live_`.
const KEY_PREFIX_LENGTH: usize = 8;

/// A secret that was just made, and what may be kept of it.
pub struct Minted {
    /// The secret itself, to be revealed once.
    pub secret: SecretString,
    /// How it is found again.
    pub hash: CredentialHash,
    /// What it starts with, as in `sk_live_`.
    pub prefix: &'static str,
    /// Its last four characters, for people to tell keys apart.
    pub last_four: String,
}

/// A new API key: prefix, 34 random base-62 characters, 6 check digits.
pub fn mint_api_key(environment: Environment, rng: &Rng) -> Minted {
    mint(key_prefix(environment), rng)
}

/// A new operator's token, of the same form behind `gwo_`.
pub fn mint_operator_token(rng: &Rng) -> Minted {
    mint(OPERATOR_TOKEN_PREFIX, rng)
}

/// A new installation's token, of the same form behind `gwi_`.
pub fn mint_installation_token(rng: &Rng) -> Minted {
    mint(INSTALLATION_TOKEN_PREFIX, rng)
}

/// A new node's token, of the same form behind `gwn_`.
pub fn mint_node_token(rng: &Rng) -> Minted {
    mint(NODE_TOKEN_PREFIX, rng)
}

/// A new code that lets a node in, of the same form behind `gwe_`.
pub fn mint_enrollment_code(rng: &Rng) -> Minted {
    mint(ENROLLMENT_CODE_PREFIX, rng)
}

/// A new secret of the same form behind one of the prefixes for people: it renews a session, stands in a mail, binds a
/// browser.
pub fn mint_person_token(prefix: &'static str, rng: &Rng) -> Minted {
    mint(prefix, rng)
}

/// The secret half of a new pair, of the same form behind `cs_`.
pub fn mint_client_secret(rng: &Rng) -> Minted {
    mint(CLIENT_SECRET_PREFIX, rng)
}

/// The public half of a new pair: `ci_`, 23 random base-62 characters, 6 check digits. No secret.
pub fn mint_client_id(rng: &Rng) -> String {
    let mut text = String::with_capacity(CLIENT_ID_LENGTH);
    text.push_str(CLIENT_ID_PREFIX);
    push_base62(&mut text, CLIENT_ID_RANDOM_LENGTH, rng);
    push_check_digits(&mut text);
    text
}

fn mint(prefix: &'static str, rng: &Rng) -> Minted {
    // The whole capacity at once: a string that grows leaves copies behind, and so does one that is cut to size.
    let mut text = String::with_capacity(prefix.len() + KEY_LENGTH - KEY_PREFIX_LENGTH);
    text.push_str(prefix);
    push_base62(&mut text, KEY_RANDOM_LENGTH, rng);
    push_check_digits(&mut text);

    let secret = SecretString::from(text);
    let exposed = secret.expose_secret();
    let hash = CredentialHash::of(exposed.as_bytes());
    let last_four = exposed[exposed.len() - 4..].to_owned();
    Minted {
        secret,
        hash,
        prefix,
        last_four,
    }
}

fn push_check_digits(text: &mut String) {
    let check = check_digits(text.as_bytes());
    text.extend(check.iter().map(|&digit| char::from(digit)));
}

/// Appends `count` characters, each of the 62 equally likely.
fn push_base62(text: &mut String, count: usize, rng: &Rng) {
    // 248 = 4 × 62: a byte above is thrown away, or some characters would come more often.
    const FAIR: u8 = 248;
    let mut buffer = [0_u8; 64];
    let mut missing = count;
    while missing > 0 {
        rng.fill(&mut buffer);
        for byte in buffer.iter().filter(|&&byte| byte < FAIR).take(missing) {
            text.push(char::from(BASE62[usize::from(byte % 62)]));
            missing -= 1;
        }
    }
    buffer.zeroize();
}

#[cfg(test)]
mod tests {
    use super::*;
    use gatewright_types::credential::{
        CLIENT_SECRET_LENGTH, KeyShape, client_id_shape, client_secret_shape, key_shape,
    };
    use proptest::prelude::{prop_assert_eq, proptest};

    proptest! {
        #[test]
        fn every_minted_key_has_right_check_digits(seed: u64) {
            for environment in [Environment::Live, Environment::Test] {
                let minted = mint_api_key(environment, &Rng::seeded(seed));
                let text = minted.secret.expose_secret();
                prop_assert_eq!(text.len(), KEY_LENGTH);
                prop_assert_eq!(key_shape(text.as_bytes()), KeyShape::Intact);
                prop_assert_eq!(minted.hash, CredentialHash::of(text.as_bytes()));
                prop_assert_eq!(&text[44..], minted.last_four.as_str());
            }
        }
    }

    #[test]
    fn a_pair_has_32_and_43_characters_and_right_check_digits() {
        let rng = Rng::System;
        for _ in 0..100 {
            let (id, minted) = (mint_client_id(&rng), mint_client_secret(&rng));
            let secret = minted.secret.expose_secret();
            assert_eq!((id.len(), secret.len(), CLIENT_SECRET_LENGTH), (32, 43, 43));
            assert_eq!(client_id_shape(id.as_bytes()), KeyShape::Intact);
            assert_eq!(client_secret_shape(secret.as_bytes()), KeyShape::Intact);
            assert_eq!(
                key_shape(secret.as_bytes()),
                KeyShape::Foreign,
                "no gateway looks it up as a key"
            );
            let mistyped = [&secret.as_bytes()[..42], b"-"].concat();
            assert_eq!(client_secret_shape(&mistyped), KeyShape::Damaged);
        }
    }

    #[test]
    fn no_two_keys_are_alike() {
        let rng = Rng::System;
        let keys: std::collections::HashSet<_> = (0..1000)
            .map(|_| mint_api_key(Environment::Live, &rng).secret.expose_secret().to_owned())
            .collect();
        assert_eq!(keys.len(), 1000);
    }
}
