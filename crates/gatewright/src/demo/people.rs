//! Who signs in to the demo: an operator of Acme and a developer of Globex, with passwords of this start.

use gatewright_database::{Database, TenantTx};
use gatewright_identity::invitations::{self, NewAccess};
use gatewright_identity::model::{DeveloperRole, Granter, Invitation};
use gatewright_identity::operators::{self, NewOperator};
use gatewright_identity::passwords::Hasher;
use gatewright_identity::people;
use gatewright_identity::roles::{Permissions, Role};
use gatewright_types::Rng;
use gatewright_types::ids::CustomerId;
use secrecy::{ExposeSecret, SecretString};

use super::seed::ALL;

/// The operator's mail address.
const OPERATOR: &str = "olivia@acme.example";
/// The developer's.
const DEVELOPER: &str = "devon@globex.example";
/// What a password is made of: letters and digits that nobody mistakes for others.
const ALPHABET: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyz23456789";
/// A password is so many groups of four.
const GROUPS: usize = 4;

/// Somebody who signs in.
pub struct SignIn {
    /// With which address.
    pub email: &'static str,
    pub(super) password: SecretString,
}

impl SignIn {
    /// The password of this start.
    pub fn password(&self) -> &str {
        self.password.expose_secret()
    }
}

/// Passwords with their hashes, made before a transaction begins: hashing takes a while.
pub(super) struct Passwords {
    operator: (SecretString, String),
    developer: (SecretString, String),
}

impl Passwords {
    pub(super) async fn make(database: &Database) -> anyhow::Result<Self> {
        let rng = database.rng();
        let hasher = Hasher::new(rng, None)?;
        let make = async || {
            let password = password(rng);
            let hash = hasher.hash(rng, &password).await?;
            anyhow::Ok((password, hash))
        };
        Ok(Self {
            operator: make().await?,
            developer: make().await?,
        })
    }
}

/// Makes whoever is missing, and gives both their new passwords.
pub(super) async fn seed(
    tx: &mut TenantTx,
    customer_id: CustomerId,
    passwords: Passwords,
) -> anyhow::Result<(SignIn, SignIn)> {
    let (password, hash) = passwords.operator;
    if !renew(tx, OPERATOR, &hash).await? {
        let invitation = invite_operator(tx).await?;
        accept(tx, invitation, "Olivia Owner", hash).await?;
    }
    let operator = SignIn {
        email: OPERATOR,
        password,
    };
    let (password, hash) = passwords.developer;
    if !renew(tx, DEVELOPER, &hash).await? {
        let invited = (DEVELOPER, DeveloperRole::Owner);
        let invitation = invitations::invite_developer(tx, customer_id, invited, "The demo").await?;
        accept(tx, invitation, "Devon Developer", hash).await?;
    }
    let developer = SignIn {
        email: DEVELOPER,
        password,
    };
    Ok((operator, developer))
}

/// A new password for whoever is there already.
async fn renew(tx: &mut TenantTx, email: &str, hash: &str) -> anyhow::Result<bool> {
    let Some(person) = people::find_by_email(tx, email).await? else {
        return Ok(false);
    };
    people::set_password(tx, person.id, hash).await?;
    Ok(true)
}

async fn invite_operator(tx: &mut TenantTx) -> anyhow::Result<Invitation> {
    let by = Granter {
        permissions: Permissions::of_role(Role::Owner),
        unscoped: true,
    };
    let known = operators::list(tx, ALL).await?.items;
    let known = known
        .into_iter()
        .find(|operator| operator.email.as_deref() == Some(OPERATOR));
    let operator = match known {
        Some(operator) => operator,
        None => {
            let new = NewOperator {
                name: "Olivia Owner".to_owned(),
                email: OPERATOR.to_owned(),
                role: Role::Owner,
            };
            operators::create(tx, by, new).await?
        }
    };
    Ok(invitations::invite_operator(tx, by, operator.id, "The demo").await?)
}

/// Accepts as whoever reads the mail would.
async fn accept(tx: &mut TenantTx, invitation: Invitation, name: &str, hash: String) -> anyhow::Result<()> {
    let letter = invitations::letter(tx, invitation.id).await?;
    let (_, token) = letter.ok_or_else(|| anyhow::anyhow!("the invitation that was just made is gone"))?;
    let access = NewAccess {
        password_hash: Some(hash),
        passkey: None,
    };
    invitations::accept(tx, token.expose_secret(), name, access).await?;
    Ok(())
}

fn password(rng: &Rng) -> SecretString {
    let bytes: [u8; GROUPS * 4] = rng.bytes();
    let letters = bytes.map(|byte| char::from(ALPHABET[usize::from(byte) % ALPHABET.len()]));
    let groups: Vec<String> = letters.chunks(4).map(|group| group.iter().collect()).collect();
    groups.join("-").into()
}
