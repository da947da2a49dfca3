//! Light, dark, or as the system is; kept in a cookie, so that the first paint is right.

use axum::response::Response;
use http::HeaderValue;

use crate::form::Form;
use crate::visit::{Visit, see_other};

/// How long the choice is remembered, in seconds: a year.
const REMEMBERED_SECONDS: u32 = 31_536_000;

/// Which colors a page has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Theme {
    /// The system's.
    #[default]
    System,
    /// Dark on light.
    Light,
    /// Light on dark.
    Dark,
}

impl Theme {
    pub(crate) const ALL: [Self; 3] = [Self::System, Self::Light, Self::Dark];

    pub(crate) fn read(text: &str) -> Self {
        Self::ALL
            .into_iter()
            .find(|theme| theme.as_str() == text)
            .unwrap_or_default()
    }

    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::System => "system",
            Self::Light => "light",
            Self::Dark => "dark",
        }
    }
}

/// `POST /theme`: without a script the switch is a form.
pub(crate) async fn choose(visit: Visit, form: Form) -> Response {
    let theme = Theme::read(form.text("theme")).as_str();
    let cookie = format!("theme={theme}; Path=/; Max-Age={REMEMBERED_SECONDS}; SameSite=Lax");
    if let Ok(cookie) = HeaderValue::from_str(&cookie) {
        visit.set_cookie(cookie);
    }
    see_other(form.return_to().unwrap_or("/"))
}
