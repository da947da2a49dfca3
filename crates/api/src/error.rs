//! From a domain's error to RFC 9457, once.

use axum::body::Body;
use axum::response::Response;
use gatewright_catalog::CatalogError;
use gatewright_credentials::CredentialError;
use gatewright_database::DatabaseError;
use gatewright_database::jobs::JobError;
use gatewright_identity::IdentityError;
use gatewright_identity::error::Refusal;
use gatewright_identity::roles::Permission;
use gatewright_native::NativeError;
use gatewright_notify::NotifyError;
use gatewright_orchestration::OrchestrationError;
use gatewright_portal::PortalError;
use gatewright_portal::playground::PlaygroundError;
use gatewright_types::ProblemCode;
use gatewright_types::ids::RequestId;
use gatewright_types::problem::{Fault, FieldError, Retry};
use http::{HeaderValue, StatusCode, header};
use serde::Serialize;
use utoipa::ToSchema;

/// Seconds that a caller is asked to wait where trying again may help.
const RETRY_AFTER_SECONDS: u64 = 1;

/// Why a request is not answered as asked. What is not said here is added by [`mod@crate::router`].
#[derive(Debug)]
pub enum ApiError {
    /// A problem.
    Problem(Box<Problem>),
    /// The answer that was given to this `Idempotency-Key` before.
    Replay(Box<Response>),
}

/// What is wrong, without what only the router knows.
#[derive(Debug)]
pub struct Problem {
    /// What kind of problem it is.
    pub code: ProblemCode,
    /// What is wrong with this very request; no secret.
    pub detail: String,
    /// Which fields.
    pub errors: Vec<FieldError>,
    /// Where the subscription stands, when its state is the problem.
    pub state: Option<&'static str>,
    /// Which permission is missing.
    pub permission: Option<Permission>,
    /// For how long to wait, where that is known.
    pub retry_after_seconds: Option<u64>,
}

/// A problem as RFC 9457 writes it.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Problem)]
pub struct ProblemDocument {
    /// The address of the page about this kind of problem.
    #[serde(rename = "type")]
    kind: String,
    /// One line, the same for every occurrence.
    title: &'static str,
    /// The HTTP status.
    status: u16,
    /// What is wrong with this very request.
    detail: String,
    /// What kind of problem it is; stable.
    code: &'static str,
    /// Who has to change something: CLIENT, GATEWAY or UPSTREAM.
    fault: &'static str,
    /// Whether the same request may succeed later: NO or LATER.
    retry: &'static str,
    /// The request, as logs name it.
    #[schema(value_type = String)]
    request_id: RequestId,
    /// Which fields are not acceptable.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    errors: Vec<FieldError>,
    /// Where the subscription stands, when its state is the problem.
    #[serde(skip_serializing_if = "Option::is_none")]
    state: Option<&'static str>,
    /// Which permission is missing.
    #[serde(skip_serializing_if = "Option::is_none")]
    permission: Option<Permission>,
}

impl ApiError {
    /// A problem in words.
    pub fn new(code: ProblemCode, detail: impl Into<String>) -> Self {
        Self::Problem(Box::new(Problem::new(code, detail)))
    }

    /// Fields that are not acceptable.
    pub fn invalid(errors: Vec<FieldError>) -> Self {
        let detail = match errors.as_slice() {
            [only] => format!("{}: {}", only.field, only.detail),
            many => format!("{} fields are not acceptable; `errors` says which and why.", many.len()),
        };
        Self::Problem(Box::new(Problem {
            errors,
            ..Problem::new(ProblemCode::ValidationFailed, detail)
        }))
    }

    /// A permission is missing.
    pub fn missing(permission: Permission, detail: impl Into<String>) -> Self {
        Self::Problem(Box::new(Problem {
            permission: Some(permission),
            ..Problem::new(ProblemCode::Forbidden, detail)
        }))
    }

    /// There is no such thing, or it is somebody else's.
    pub fn not_found(detail: impl Into<String>) -> Self {
        Self::new(ProblemCode::NotFound, detail)
    }

    /// Whether it is a problem with this code.
    pub(crate) fn is(&self, code: ProblemCode) -> bool {
        matches!(self, Self::Problem(problem) if problem.code == code)
    }
}

/// Leaves the problem for [`mod@crate::router`], which knows the request's id and the pages' address.
impl axum::response::IntoResponse for ApiError {
    fn into_response(self) -> Response {
        match self {
            Self::Replay(response) => *response,
            Self::Problem(problem) => {
                let mut response = Response::new(Body::empty());
                *response.status_mut() =
                    StatusCode::from_u16(problem.code.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
                response.extensions_mut().insert(std::sync::Arc::new(*problem));
                response
            }
        }
    }
}

impl Problem {
    fn new(code: ProblemCode, detail: impl Into<String>) -> Self {
        Self {
            code,
            detail: detail.into(),
            errors: Vec::new(),
            state: None,
            permission: None,
            retry_after_seconds: None,
        }
    }

    /// Writes the problem into a response, keeping its other fields.
    pub fn write(&self, response: &mut Response, pages: &str, request_id: RequestId) {
        let document = ProblemDocument {
            kind: format!("{pages}{}", self.code),
            title: self.code.title(),
            status: self.code.status(),
            detail: self.detail.clone(),
            code: self.code.as_str(),
            fault: match self.code.fault() {
                Fault::Client => "CLIENT",
                Fault::Gateway => "GATEWAY",
                Fault::Upstream => "UPSTREAM",
            },
            retry: match self.code.retry() {
                Retry::No => "NO",
                Retry::Later => "LATER",
            },
            request_id,
            errors: self.errors.clone(),
            state: self.state,
            permission: self.permission,
        };
        let headers = response.headers_mut();
        headers.insert(
            header::CONTENT_TYPE,
            HeaderValue::from_static("application/problem+json"),
        );
        headers.remove(header::CONTENT_LENGTH);
        if self.code.retry() == Retry::Later {
            let seconds = self.retry_after_seconds.unwrap_or(RETRY_AFTER_SECONDS);
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        if self.code == ProblemCode::ReauthenticationRequired {
            // RFC 9470 §3.
            let challenge = format!(
                "Bearer error=\"insufficient_user_authentication\", max_age={}",
                gatewright_identity::sessions::RECENT.num_seconds()
            );
            if let Ok(challenge) = HeaderValue::try_from(challenge) {
                headers.insert(header::WWW_AUTHENTICATE, challenge);
            }
        }
        if self.code.status() == 401 {
            headers.insert(
                header::WWW_AUTHENTICATE,
                HeaderValue::from_static("Bearer realm=\"gatewright\""),
            );
        }
        *response.body_mut() = Body::from(serde_json::to_vec(&document).unwrap_or_default());
    }
}

impl From<DatabaseError> for ApiError {
    fn from(error: DatabaseError) -> Self {
        if error.is_unavailable() {
            tracing::warn!(error = %error, "the database is away or busy");
            return Self::new(ProblemCode::Unavailable, "The database is away or busy.");
        }
        // The text may hold values of the request, so it goes to the log, never to the caller.
        tracing::error!(error = %error, "the database refused a query");
        Self::new(
            ProblemCode::Internal,
            "Something went wrong inside Gatewright; the log has more under the request id.",
        )
    }
}

impl From<JobError> for ApiError {
    fn from(error: JobError) -> Self {
        let detail = sentence(&error);
        match error {
            JobError::NotFound(_) => Self::not_found(detail),
            JobError::State { .. } | JobError::Replaced(_) => Self::new(ProblemCode::JobStateConflict, detail),
            JobError::Unacceptable { .. } => {
                tracing::error!(error = %error, "a job is refused");
                Self::new(
                    ProblemCode::Internal,
                    "Something went wrong inside Gatewright; the log has more under the request id.",
                )
            }
            JobError::Database(error) => error.into(),
        }
    }
}

impl From<CatalogError> for ApiError {
    fn from(error: CatalogError) -> Self {
        let detail = sentence(&error);
        match error {
            CatalogError::NotFound { .. } => Self::not_found(detail),
            CatalogError::SlugTaken { .. } => Self::new(ProblemCode::Conflict, detail),
            CatalogError::IllegalMove { from, .. } => Self::Problem(Box::new(Problem {
                state: Some(from.as_str()),
                ..Problem::new(ProblemCode::IllegalSubscriptionMove, detail)
            })),
            CatalogError::CustomerSuspended(_) => Self::new(ProblemCode::CustomerSuspended, detail),
            CatalogError::CustomerNotSuspended(_) => Self::new(ProblemCode::Conflict, detail),
            CatalogError::Invalid(errors) => Self::invalid(errors),
            CatalogError::Database(error) => error.into(),
        }
    }
}

impl From<CredentialError> for ApiError {
    fn from(error: CredentialError) -> Self {
        let detail = sentence(&error);
        match error {
            CredentialError::NotFound(_) => Self::not_found(detail),
            CredentialError::WrongStatus { .. } => Self::new(ProblemCode::KeyStateConflict, detail),
            CredentialError::RotationInProgress { .. } => Self::new(ProblemCode::RotationInProgress, detail),
            CredentialError::CannotAdopt(_) => Self::new(ProblemCode::Conflict, detail),
            CredentialError::SuspendedByOthers => Self::new(ProblemCode::KeyStateConflict, detail),
            CredentialError::TooManyKeys(_) | CredentialError::TooManyKeysOfCustomer(_) => {
                Self::new(ProblemCode::LimitReached, detail)
            }
            CredentialError::Catalog(error) => error.into(),
            CredentialError::Database(error) => error.into(),
        }
    }
}

impl From<NativeError> for ApiError {
    fn from(error: NativeError) -> Self {
        let detail = sentence(&error);
        match error {
            NativeError::NotFound { .. } => Self::not_found(detail),
            NativeError::SlugTaken(_) | NativeError::ServiceNameTaken(_) | NativeError::Contradiction(_) => {
                Self::new(ProblemCode::Conflict, detail)
            }
            NativeError::EnrollmentCode => Self::new(ProblemCode::EnrollmentCodeInvalid, detail),
            NativeError::InUse(_) => Self::new(ProblemCode::InUse, detail),
            NativeError::LimitReached { .. } => Self::new(ProblemCode::LimitReached, detail),
            NativeError::Uncompilable(_) => {
                tracing::error!(error = %error, "the configuration of all gateways is refused");
                Self::new(
                    ProblemCode::Internal,
                    "Something went wrong inside Gatewright; the log has more under the request id.",
                )
            }
            NativeError::Catalog(error) => error.into(),
            NativeError::Credential(error) => error.into(),
            NativeError::Database(error) => error.into(),
        }
    }
}

impl From<OrchestrationError> for ApiError {
    fn from(error: OrchestrationError) -> Self {
        let detail = sentence(&error);
        match error {
            OrchestrationError::NotFound { .. } => Self::not_found(detail),
            OrchestrationError::NameTaken(_)
            | OrchestrationError::AdoptedBefore(_)
            | OrchestrationError::WrongState { .. }
            | OrchestrationError::WrongRunState { .. } => Self::new(ProblemCode::Conflict, detail),
            OrchestrationError::Unusable(_) => Self::new(ProblemCode::ConnectionUnusable, detail),
            OrchestrationError::CannotHonor { .. } => Self::new(ProblemCode::CannotHonor, detail),
            OrchestrationError::OpenByDefault(_) => Self::new(ProblemCode::OpenByDefault, detail),
            OrchestrationError::NothingToReveal(_) => Self::new(ProblemCode::NothingToReveal, detail),
            OrchestrationError::NotConfirmed { may_pass, .. } => Self::new(confirming(may_pass), detail),
            OrchestrationError::Gateway { fault, .. } => Self::new(confirming(fault.kind.may_pass()), detail),
            OrchestrationError::Job(error) => error.into(),
            OrchestrationError::Native(error) => error.into(),
            OrchestrationError::Catalog(error) => error.into(),
            OrchestrationError::Credential(error) => error.into(),
            OrchestrationError::Database(error) => error.into(),
        }
    }
}

const fn confirming(may_pass: bool) -> ProblemCode {
    if may_pass {
        ProblemCode::GatewayUnconfirmed
    } else {
        ProblemCode::GatewayRefused
    }
}

impl From<NotifyError> for ApiError {
    fn from(error: NotifyError) -> Self {
        let detail = sentence(&error);
        match error {
            NotifyError::NotFound { .. } => Self::not_found(detail),
            NotifyError::Invalid(errors) => Self::invalid(errors),
            NotifyError::LimitReached { .. } => Self::new(ProblemCode::LimitReached, detail),
            NotifyError::RotationInProgress { .. } => Self::new(ProblemCode::RotationInProgress, detail),
            NotifyError::EndpointDisabled => Self::new(ProblemCode::WebhookEndpointDisabled, detail),
            NotifyError::Database(error) | NotifyError::Job(JobError::Database(error)) => error.into(),
            NotifyError::Job(error) => {
                tracing::error!(%error, "a job is refused");
                Self::new(
                    ProblemCode::Internal,
                    "Something went wrong inside Gatewright; the log has more under the request id.",
                )
            }
        }
    }
}

impl From<PortalError> for ApiError {
    fn from(error: PortalError) -> Self {
        let detail = sentence(&error);
        match error {
            PortalError::NotFound { .. } => Self::not_found(detail),
            PortalError::Invalid(errors) => Self::invalid(errors),
            PortalError::SlugTaken(_) | PortalError::NoSource | PortalError::CannotRollBack { .. } => {
                Self::new(ProblemCode::Conflict, detail)
            }
            PortalError::LimitReached { .. } => Self::new(ProblemCode::LimitReached, detail),
            PortalError::NotSigned => Self::new(ProblemCode::SignatureInvalid, detail),
            PortalError::Notify(error) => error.into(),
            PortalError::Catalog(error) => error.into(),
            PortalError::Job(error) => error.into(),
            PortalError::Database(error) => error.into(),
        }
    }
}

impl From<PlaygroundError> for ApiError {
    fn from(error: PlaygroundError) -> Self {
        let detail = sentence(&error);
        match error {
            PlaygroundError::NoSuchPlace(_) => Self::not_found(detail),
            PlaygroundError::Invalid(errors) => Self::invalid(errors),
            PlaygroundError::WrongKey(why) => Self::invalid(vec![FieldError {
                field: "/keyId".to_owned(),
                detail: why.to_owned(),
            }]),
            PlaygroundError::NeedsRotation => Self::new(ProblemCode::NeedsRotation, detail),
            PlaygroundError::Busy => Self::Problem(Box::new(Problem {
                retry_after_seconds: Some(RETRY_AFTER_SECONDS),
                ..Problem::new(ProblemCode::TooManyAttempts, detail)
            })),
            PlaygroundError::Catalog(error) => error.into(),
            PlaygroundError::Credential(error) => error.into(),
            PlaygroundError::Native(error) => error.into(),
            PlaygroundError::Orchestration(error) => error.into(),
            PlaygroundError::Notify(error) => error.into(),
            PlaygroundError::Database(error) => error.into(),
        }
    }
}

impl From<IdentityError> for ApiError {
    fn from(error: IdentityError) -> Self {
        let detail = sentence(&error);
        match error {
            IdentityError::NotFound { .. } => Self::not_found(detail),
            IdentityError::EmailTaken(_) => Self::new(ProblemCode::Conflict, detail),
            IdentityError::LastOwner => Self::new(ProblemCode::LastOwner, detail),
            IdentityError::SignInFailed => Self::new(ProblemCode::SignInFailed, detail),
            IdentityError::PersonSuspended => Self::new(ProblemCode::PersonSuspended, detail),
            IdentityError::TooManyAttempts { retry_after_seconds } => Self::Problem(Box::new(Problem {
                retry_after_seconds: Some(retry_after_seconds),
                ..Problem::new(ProblemCode::TooManyAttempts, detail)
            })),
            IdentityError::CodeInvalid => Self::new(ProblemCode::CodeInvalid, detail),
            IdentityError::SignUpClosed(_) => Self::new(ProblemCode::SignUpClosed, detail),
            IdentityError::ProviderFailed(_) => {
                tracing::warn!(%error, "an identity provider cannot be used");
                Self::new(ProblemCode::ProviderFailed, detail)
            }
            IdentityError::ProviderRefused(_) => Self::new(ProblemCode::ProviderRefused, detail),
            IdentityError::NotLinked
            | IdentityError::IdentityTaken
            | IdentityError::LastWayIn
            | IdentityError::ProviderNameTaken(_)
            | IdentityError::TotpExists
            | IdentityError::HasAccount
            | IdentityError::NoSecondFactor
            | IdentityError::NoPasskey
            | IdentityError::PasskeyKnown
            | IdentityError::NoRelyingParty
            | IdentityError::AlreadyDeveloper
            | IdentityError::AlreadyOperator
            | IdentityError::NoAddress
            | IdentityError::CannotInvite
            | IdentityError::AddressNotProven
            | IdentityError::LastCustomerOwner
            | IdentityError::CustomerRunning => Self::new(ProblemCode::Conflict, detail),
            IdentityError::NotVouchedFor => Self::new(ProblemCode::ReauthenticationRequired, detail),
            IdentityError::Busy => Self::new(ProblemCode::Unavailable, detail),
            IdentityError::Hashing | IdentityError::Signing | IdentityError::NoVault | IdentityError::PasskeyState => {
                tracing::error!(%error, "people cannot sign in");
                Self::new(
                    ProblemCode::Internal,
                    "Something went wrong inside Gatewright; the log has more under the request id.",
                )
            }
            IdentityError::Beyond(permission) => Self::missing(permission, detail),
            IdentityError::LimitReached { .. } => Self::new(ProblemCode::LimitReached, detail),
            IdentityError::Refused { why, .. } => Self::new(refusal_code(why), detail),
            IdentityError::Catalog(error) => error.into(),
            IdentityError::Database(error) => error.into(),
        }
    }
}

/// What a token that no longer works is refused with.
pub(crate) const fn refusal_code(why: Refusal) -> ProblemCode {
    match why {
        Refusal::Expired => ProblemCode::TokenExpired,
        Refusal::Revoked => ProblemCode::TokenRevoked,
        Refusal::Suspended => ProblemCode::OperatorSuspended,
    }
}

/// An error's text as a sentence for people.
fn sentence(error: &dyn std::error::Error) -> String {
    let text = error.to_string();
    let mut letters = text.chars();
    match letters.next() {
        Some(first) => format!("{}{}.", first.to_uppercase(), letters.as_str()),
        None => text,
    }
}
