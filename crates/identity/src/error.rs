//! What is refused about identities.

use gatewright_catalog::CatalogError;
use gatewright_database::DatabaseError;

use crate::model::Principal;
use crate::providers::Fault;
use crate::roles::Permission;

/// Everything that is refused about identities.
#[derive(Debug, thiserror::Error)]
pub enum IdentityError {
    /// There is no such object in this tenant.
    #[error("there is no {kind} {id}")]
    NotFound {
        /// What kind of object.
        kind: &'static str,
        /// Its id.
        id: String,
    },
    /// Somebody else has the mail address.
    #[error("another operator has the mail address {0}")]
    EmailTaken(String),
    /// The tenant would have no owner that can act.
    #[error("this is the last active owner: make another one first")]
    LastOwner,
    /// Somebody would give, or take from, more than they have.
    #[error("this reaches beyond your own permissions: {0} is missing")]
    Beyond(Permission),
    /// A named limit is reached.
    #[error("there are already {max} {what}")]
    LimitReached {
        /// The limit.
        max: usize,
        /// Of what.
        what: &'static str,
    },
    /// Mail address and password, or what else was shown, do not belong together.
    #[error("mail address and password do not belong together")]
    SignInFailed,
    /// Whoever signs in is suspended.
    #[error("this account is suspended")]
    PersonSuspended,
    /// Something was tried too often.
    #[error("this was tried too often; wait {retry_after_seconds} s")]
    TooManyAttempts {
        /// For how long.
        retry_after_seconds: u64,
    },
    /// A link or a code was used, is too old, or was never given out.
    #[error("this was used, is too old, or was never given out")]
    CodeInvalid,
    /// Nobody signs up here like this.
    #[error("nobody signs up here {0}")]
    SignUpClosed(&'static str),
    /// The person is a developer already.
    #[error("this account already belongs to a customer")]
    AlreadyDeveloper,
    /// Somebody signs in as this operator, or the person is another operator.
    #[error("somebody already signs in as this operator, or is another one")]
    AlreadyOperator,
    /// The operator has no mail address.
    #[error("the operator has no mail address to invite")]
    NoAddress,
    /// The address cannot be invited, and why is nobody's business.
    #[error("this address cannot be invited now")]
    CannotInvite,
    /// Nobody has shown yet that the account's mail address is theirs.
    #[error("an account with this mail address exists that has not shown that the address is its own")]
    AddressNotProven,
    /// An authenticator was confirmed already.
    #[error("there is an authenticator already: delete it first")]
    TotpExists,
    /// Whoever was invited has an account already.
    #[error("this address has an account: sign in")]
    HasAccount,
    /// There is nothing that recovery codes would stand for.
    #[error("there is no second factor: add an authenticator or a passkey first")]
    NoSecondFactor,
    /// There is no passkey to show.
    #[error("this account has no passkey")]
    NoPasskey,
    /// The passkey is there already.
    #[error("this passkey is known already")]
    PasskeyKnown,
    /// Nobody could sign in any more.
    #[error("this is the last way to sign in: set a password, add another passkey or link an identity first")]
    LastWayIn,
    /// Passkeys are for a host with a name.
    #[error("passkeys work at a host with a name, not at an address")]
    NoRelyingParty,
    /// What a challenge is judged by could not be written or read.
    #[error("the passkey's challenge could not be kept")]
    PasskeyState,
    /// The customer would have no owner that can act.
    #[error("this is the last owner of the customer: make another one first")]
    LastCustomerOwner,
    /// The customer has nobody else, and something is running.
    #[error("your customer has subscriptions that run and nobody else: cancel them, or make a colleague its owner")]
    CustomerRunning,
    /// Another tenant or an identity provider vouched for this session.
    #[error("sign in here with a password or a passkey first")]
    NotVouchedFor,
    /// An identity provider did not do what it has to.
    #[error("the identity provider cannot be used: {0}")]
    ProviderFailed(#[from] Fault),
    /// Somebody, or the identity provider, said no.
    #[error("the identity provider did not let you in: {0}")]
    ProviderRefused(&'static str),
    /// Whoever it is has an account with this mail address that knows nothing of the identity provider.
    #[error("an account with your mail address exists: sign in to it as before, and link the identity provider there")]
    NotLinked,
    /// The identity is another person's, or the person has another one there.
    #[error("this identity belongs to another account, or this account has another one there")]
    IdentityTaken,
    /// Another identity provider has the name.
    #[error("another identity provider is called {0}")]
    ProviderNameTaken(String),
    /// Too many passwords are being hashed.
    #[error("too many sign in at this moment")]
    Busy,
    /// A password could not be hashed.
    #[error("the password could not be hashed")]
    Hashing,
    /// A token could not be signed.
    #[error("the session could not be signed")]
    Signing,
    /// This process holds no master key.
    #[error("this process holds no master key")]
    NoVault,
    /// The token was somebody's and no longer works.
    #[error("{why}")]
    Refused {
        /// Whose.
        principal: Principal,
        /// Why not.
        why: Refusal,
    },
    /// What the catalog refuses.
    #[error(transparent)]
    Catalog(#[from] CatalogError),
    /// The database failed.
    #[error(transparent)]
    Database(#[from] DatabaseError),
}

/// Why a token that was somebody's is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Its time is over.
    #[error("the token has expired")]
    Expired,
    /// It was withdrawn.
    #[error("the token was revoked")]
    Revoked,
    /// Its operator is suspended.
    #[error("the operator is suspended")]
    Suspended,
}

impl IdentityError {
    pub(crate) fn not_found(kind: &'static str, id: impl std::fmt::Display) -> Self {
        Self::NotFound {
            kind,
            id: id.to_string(),
        }
    }
}

impl From<sqlx::Error> for IdentityError {
    fn from(error: sqlx::Error) -> Self {
        Self::Database(error.into())
    }
}
