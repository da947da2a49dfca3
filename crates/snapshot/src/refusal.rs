//! Why a request goes no further.

use std::borrow::Cow;

use gatewright_types::ProblemCode;

/// A decision against a request: what the caller is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The problem's code, which also decides the status.
    pub code: ProblemCode,
    /// What is wrong with this very request; never holds a secret.
    pub detail: Cow<'static, str>,
    /// The methods that the path does answer to, as in an `Allow` field; only with
    /// [`ProblemCode::MethodNotAllowed`].
    pub allow: Option<String>,
}

impl Refusal {
    /// A refusal that needs nothing but words.
    pub fn new(code: ProblemCode, detail: impl Into<Cow<'static, str>>) -> Self {
        Self {
            code,
            detail: detail.into(),
            allow: None,
        }
    }

    /// The request can be read in more than one way.
    pub(crate) fn ambiguous(detail: impl Into<Cow<'static, str>>) -> Self {
        Self::new(ProblemCode::AmbiguousRequest, detail)
    }
}
