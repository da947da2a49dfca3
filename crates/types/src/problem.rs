//! Everything that can go wrong, once: code, HTTP status, title, whose fault, whether to retry.
//!
//! Each code has a page, `docs/errors/<code>.md`, and both planes answer with it as RFC 9457
//! `application/problem+json` whose `type` is the page's address.

/// Who has to change something before the same request can succeed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The caller.
    Client,
    /// Gatewright, or whoever runs it.
    Gateway,
    /// The service behind the gateway.
    Upstream,
}

/// Whether the same request may succeed later, unchanged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Retry {
    /// Not before something else has changed.
    No,
    /// Yes, after a pause.
    Later,
}

macro_rules! problem_codes {
    ($($(#[$meta:meta])* $variant:ident = $code:literal, $status:literal, $title:literal, $fault:ident, $retry:ident;)+) => {
        /// The code of a problem; stable, and the last part of its page's address.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum ProblemCode { $($(#[$meta])* $variant),+ }

        impl ProblemCode {
            /// Every code there is.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The code as it stands in JSON, in a page's name and in a log.
            pub const fn as_str(self) -> &'static str { match self { $(Self::$variant => $code),+ } }

            /// The HTTP status that goes with it.
            pub const fn status(self) -> u16 { match self { $(Self::$variant => $status),+ } }

            /// One line for people, the same for every occurrence.
            pub const fn title(self) -> &'static str { match self { $(Self::$variant => $title),+ } }

            /// Whose fault it is.
            pub const fn fault(self) -> Fault { match self { $(Self::$variant => Fault::$fault),+ } }

            /// Whether to try again.
            pub const fn retry(self) -> Retry { match self { $(Self::$variant => Retry::$retry),+ } }
        }
    };
}

problem_codes! {
    /// The key works, but not from this address.
    AddressNotAllowed = "address-not-allowed", 403, "The credential may not be used from this address", Client, No;
    /// The request can be read in more than one way.
    AmbiguousRequest = "ambiguous-request", 400, "The request can be read in more than one way", Client, No;
    /// A connected gateway cannot do what is asked.
    CannotHonor = "cannot-honor", 422, "A connected gateway cannot honor this", Client, No;
    /// The developer waits for somebody to let them in.
    ApprovalPending = "approval-pending", 403, "Nobody has let you in yet", Client, Later;
    /// The body is longer than its limit.
    BodyTooLarge = "body-too-large", 413, "The body is too large", Client, No;
    /// A link or a code was used, is too old, or was never given out.
    CodeInvalid = "code-invalid", 403, "The link or the code cannot be used", Client, No;
    /// Two objects would have the same name.
    Conflict = "conflict", 409, "Another object stands in the way", Client, No;
    /// A gateway cannot be connected as it is.
    ConnectionUnusable = "connection-unusable", 422, "The gateway cannot be used as it is", Client, No;
    /// The key's time, or that of an old secret of it, is over.
    CredentialExpired = "credential-expired", 401, "The credential has expired", Client, No;
    /// The key works, but not for this.
    CredentialOutOfScope = "credential-out-of-scope", 403, "The credential does not cover this route", Client, No;
    /// The key was revoked.
    CredentialRevoked = "credential-revoked", 401, "The credential was revoked", Client, No;
    /// The key, or the subscription behind it, is suspended.
    CredentialSuspended = "credential-suspended", 403, "The credential is suspended", Client, No;
    /// Nobody holds this credential here.
    CredentialUnknown = "credential-unknown", 401, "The credential is unknown", Client, No;
    /// The page that sent the request is not of this site.
    CrossOrigin = "cross-origin", 403, "The request comes from another site", Client, No;
    /// The customer is suspended as a whole.
    CustomerSuspended = "customer-suspended", 409, "The customer is suspended", Client, No;
    /// The enrollment code was used, is too old, or was never given out.
    EnrollmentCodeInvalid = "enrollment-code-invalid", 403, "The enrollment code cannot be used", Client, No;
    /// The role may not do this.
    Forbidden = "forbidden", 403, "Your role does not allow this", Client, No;
    /// A gateway that has to confirm first refused.
    GatewayRefused = "gateway-refused", 502, "A connected gateway refused", Upstream, No;
    /// A gateway that has to confirm first did not.
    GatewayUnconfirmed = "gateway-unconfirmed", 503, "A connected gateway did not confirm", Upstream, Later;
    /// A request with the same Idempotency-Key is still being worked on.
    IdempotencyInFlight = "idempotency-in-flight", 409, "A request with this Idempotency-Key is still under way", Client, Later;
    /// The same Idempotency-Key came with another request.
    IdempotencyKeyReused = "idempotency-key-reused", 422, "This Idempotency-Key belongs to another request", Client, No;
    /// The subscription's state does not allow this move.
    IllegalSubscriptionMove = "illegal-subscription-move", 409, "The subscription's state does not allow this", Client, No;
    /// The object is still needed by others.
    InUse = "in-use", 409, "The object is still in use", Client, No;
    /// Something broke inside.
    Internal = "internal", 500, "Something went wrong inside Gatewright", Gateway, Later;
    /// The body, a parameter or a header is not what the description asks for.
    InvalidRequest = "invalid-request", 400, "The request is not valid", Client, No;
    /// The job's state does not allow this.
    JobStateConflict = "job-state-conflict", 409, "The job's state does not allow this", Client, No;
    /// The key's state does not allow this.
    KeyStateConflict = "key-state-conflict", 409, "The key's state does not allow this", Client, No;
    /// The tenant would have no owner.
    LastOwner = "last-owner", 409, "A tenant needs an owner", Client, No;
    /// A named limit is reached.
    LimitReached = "limit-reached", 409, "A limit is reached", Client, No;
    /// The credential could not be looked up.
    LookupUnavailable = "lookup-unavailable", 503, "The credential cannot be checked right now", Gateway, Later;
    /// The path exists, the method does not.
    MethodNotAllowed = "method-not-allowed", 405, "The path does not answer to this method", Client, No;
    /// The node has lost its control plane, or was revoked, and the gateway refuses then.
    NodeCutOff = "node-cut-off", 503, "The gateway is cut off from its control plane", Gateway, Later;
    /// The node's right to be one was taken away.
    NodeRevoked = "node-revoked", 403, "The node was revoked", Client, No;
    /// A SECURE route was called without a credential.
    NoCredential = "no-credential", 401, "A credential is needed", Client, No;
    /// No gateway answers to this host.
    NoGateway = "no-gateway", 404, "No gateway answers to this host", Client, No;
    /// There is no tenant yet.
    NoTenant = "no-tenant", 404, "No tenant answers to this host", Client, No;
    /// No route matches.
    NoRoute = "no-route", 404, "No route matches", Client, No;
    /// Nobody knows the key's secret any more: it has to be rotated before somebody can call with it in its place.
    NeedsRotation = "needs-rotation", 409, "The key needs a rotation", Client, No;
    /// There is no secret to be shown, or not any more.
    NothingToReveal = "nothing-to-reveal", 409, "There is nothing to reveal", Client, No;
    /// There is no such object, or it is somebody else's.
    NotFound = "not-found", 404, "There is no such object", Client, No;
    /// Something on the gateway lets everybody in, and nobody accepted that by name.
    OpenByDefault = "open-by-default", 409, "The gateway leaves something open", Client, No;
    /// The object has changed since the version that `If-Match` names.
    PreconditionFailed = "precondition-failed", 412, "The object has changed since it was read", Client, No;
    /// The operator behind the token is suspended.
    OperatorSuspended = "operator-suspended", 403, "The operator is suspended", Client, No;
    /// Whoever signed in is suspended.
    PersonSuspended = "person-suspended", 403, "The account is suspended", Client, No;
    /// An identity provider did not do what it has to.
    ProviderFailed = "provider-failed", 502, "The identity provider cannot be used", Upstream, Later;
    /// The person, or an identity provider, said no.
    ProviderRefused = "provider-refused", 403, "The identity provider did not let you in", Client, No;
    /// It is too long ago that the person showed who they are.
    ReauthenticationRequired = "reauthentication-required", 403, "Show once more who you are", Client, No;
    /// The request's head did not come, or its body stopped coming.
    RequestTimedOut = "request-timed-out", 408, "The request took too long to arrive", Client, Later;
    /// The old secret of an earlier rotation is still valid.
    RotationInProgress = "rotation-in-progress", 409, "The key is already being rotated", Client, No;
    /// Mail address and password, or what else was shown, do not belong together.
    SignInFailed = "sign-in-failed", 401, "That is not who you say you are", Client, No;
    /// A request that has to be signed is not, or not rightly, or not recently.
    SignatureInvalid = "signature-invalid", 401, "The request is not signed as it has to be", Client, No;
    /// The tenant lets nobody in by this way.
    SignUpClosed = "sign-up-closed", 403, "You cannot sign up here by yourself", Client, No;
    /// The token's time is over.
    TokenExpired = "token-expired", 401, "The token has expired", Client, No;
    /// The token was withdrawn.
    TokenRevoked = "token-revoked", 401, "The token was revoked", Client, No;
    /// Something was tried too often.
    TooManyAttempts = "too-many-attempts", 429, "Too many attempts", Client, Later;
    /// No operator's token, or one that nobody holds.
    Unauthenticated = "unauthenticated", 401, "Sign in, or send a token", Client, No;
    /// The body is of another media type.
    UnsupportedMediaType = "unsupported-media-type", 415, "The body must be application/json", Client, No;
    /// The service behind the gateway broke off its answer or did not speak HTTP.
    UpstreamFailed = "upstream-failed", 502, "The service behind the gateway failed", Upstream, Later;
    /// The service behind the gateway cannot be reached.
    UpstreamRefused = "upstream-refused", 502, "The service behind the gateway cannot be reached", Upstream, Later;
    /// The service behind the gateway did not answer in time.
    UpstreamTimedOut = "upstream-timed-out", 504, "The service behind the gateway did not answer in time", Upstream, Later;
    /// Well-formed, and still not acceptable; `errors` says where.
    ValidationFailed = "validation-failed", 422, "Some fields are not acceptable", Client, No;
    /// The control plane, or what it needs, is away or busy.
    Unavailable = "unavailable", 503, "Gatewright cannot answer right now", Gateway, Later;
    /// Nothing is sent to a webhook endpoint that is disabled.
    WebhookEndpointDisabled = "webhook-endpoint-disabled", 409, "The webhook endpoint is disabled", Client, No;
}

impl std::fmt::Display for ProblemCode {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Where the pages are, below the control plane's own address.
pub const PROBLEM_PAGES: &str = "/errors/";

/// What is wrong with one field of a request.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
#[cfg_attr(feature = "utoipa", derive(utoipa::ToSchema))]
pub struct FieldError {
    /// JSON Pointer into the body (RFC 6901), as in `/name`, or a parameter's name.
    pub field: String,
    /// What is wrong with it, and what would be right.
    pub detail: String,
}

impl FieldError {
    /// What is wrong with one field.
    pub fn new(field: impl Into<String>, detail: impl Into<String>) -> Self {
        Self {
            field: field.into(),
            detail: detail.into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_has_a_page_and_every_page_a_code() {
        let pages = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/errors");
        let mut found: Vec<String> = std::fs::read_dir(pages)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .filter(|name| name != "README.md")
            .collect();
        let mut expected: Vec<String> = ProblemCode::ALL.iter().map(|code| format!("{code}.md")).collect();
        found.sort();
        expected.sort();
        assert_eq!(found, expected);
        for code in ProblemCode::ALL {
            let page = std::fs::read_to_string(format!("{pages}/{code}.md")).unwrap();
            assert!(
                page.starts_with(&format!("# {}\n", code.title())),
                "{code}: the page opens with the title"
            );
            assert!(
                page.contains(&format!("`{}`", code.status())),
                "{code}: the page names the status"
            );
        }
    }
}
