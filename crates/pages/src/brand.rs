//! How the tenant of a host wants its pages to look: asked of the API, and remembered for a moment.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use axum::body::Body;
use axum::extract::{Path, State};
use axum::response::Response;
use http::{Extensions, HeaderMap, HeaderValue, Method, header};
use serde::Deserialize;

use crate::Pages;
use crate::client::{self, Problem};
use crate::failure::Failure;
use crate::parts::initials;
use crate::visit::{Visit, parse};

/// How long a look is remembered: so long another control plane's change is not seen.
const REMEMBERED: Duration = Duration::from_secs(10);
/// Hosts whose look is remembered; one more, and all of them are asked about again.
const KNOWN_MAX: usize = 1024;
/// What is under its hash never changes.
const IMMUTABLE: HeaderValue = HeaderValue::from_static("public, max-age=31536000, immutable");

/// A tenant as its pages show it. The default is nobody's.
#[derive(Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Brand {
    pub(crate) name: String,
    pub(crate) color: Option<String>,
    pub(crate) contact: Option<String>,
    pub(crate) keeps_secrets_in_tab: bool,
    pub(crate) logo: Option<Logo>,
    palette: Option<Palette>,
}

#[derive(Clone, Deserialize)]
pub(crate) struct Logo {
    version: String,
}

#[derive(Clone, Deserialize)]
struct Palette {
    hue: f64,
    light: Ramp,
    dark: Ramp,
}

#[derive(Clone, Deserialize)]
struct Ramp {
    brand: String,
    strong: String,
    soft: String,
    ink: String,
}

impl Brand {
    /// Pages call the tenant as it calls itself there.
    pub(crate) fn rename(&self, name: &mut String) {
        if !self.name.is_empty() {
            name.clone_from(&self.name);
        }
    }

    /// Where the logo is.
    pub(crate) fn logo(&self) -> Option<String> {
        let logo = self.logo.as_ref()?;
        Some(format!("/api/v1/portal/branding/logo?v={}", logo.version))
    }

    /// Where its own style sheet is, if it has a color.
    pub(crate) fn style(&self) -> Option<String> {
        self.palette.as_ref()?;
        Some(address(&self.css(), "css"))
    }

    /// What browsers show beside its name.
    pub(crate) fn icon(&self) -> String {
        match self.logo() {
            Some(logo) => logo,
            None if self.name.is_empty() => "data:,".to_owned(),
            None => address(&self.svg(), "svg"),
        }
    }

    /// Where whoever wants more than a plan writes to.
    pub(crate) fn contact_address(&self) -> Option<String> {
        let contact = self.contact.as_ref()?;
        let is_page = contact.starts_with("https://");
        Some(if is_page {
            contact.clone()
        } else {
            format!("mailto:{contact}")
        })
    }

    /// Outside every layer, so that it holds against the tokens of `web/tokens`.
    fn css(&self) -> String {
        let Some(Palette { hue, light, dark }) = &self.palette else {
            return String::new();
        };
        let mut css = format!(":root{{--hue:{hue};");
        for (token, light, dark) in [
            ("brand", &light.brand, &dark.brand),
            ("brand-strong", &light.strong, &dark.strong),
            ("brand-soft", &light.soft, &dark.soft),
            ("brand-ink", &light.ink, &dark.ink),
        ] {
            let _ = write!(css, "--{token}:light-dark({light},{dark});");
        }
        css + "}\n"
    }

    /// Its initial on its color.
    fn svg(&self) -> String {
        let color = self
            .palette
            .as_ref()
            .map_or("#4b54c9", |palette| palette.light.brand.as_str());
        let letter = initials(&self.name, 1);
        format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 32 32\"><rect width=\"32\" height=\"32\" rx=\"8\" fill=\"{color}\"/>\
             <text x=\"16\" y=\"22\" font-family=\"system-ui,sans-serif\" font-size=\"17\" font-weight=\"600\" fill=\"#fff\" \
             text-anchor=\"middle\">{}</text></svg>",
            maud::html! { (letter) }.into_string()
        )
    }
}

/// FNV-1a: the name changes with the content, and nothing more is asked of it.
fn address(content: &str, ending: &str) -> String {
    let hash = content.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    format!("/brand/{hash:016x}.{ending}")
}

/// The looks that are remembered, by host.
#[derive(Default)]
pub(crate) struct Brands(Mutex<HashMap<String, (Instant, Arc<Brand>)>>);

impl Brands {
    /// The look of the tenant of a request's host. Where there is none, or the API fails, pages look like the program's.
    pub(crate) async fn of(&self, pages: &Pages, headers: &HeaderMap, carried: &Extensions) -> Arc<Brand> {
        let host = host(headers);
        if let Some(known) = self.known(host) {
            return known;
        }
        let brand = Arc::new(ask(pages, headers, carried).await.unwrap_or_default());
        if !brand.name.is_empty() {
            let mut held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            if held.len() >= KNOWN_MAX {
                held.clear();
            }
            held.insert(host.to_owned(), (Instant::now(), Arc::clone(&brand)));
        }
        brand
    }

    fn known(&self, host: &str) -> Option<Arc<Brand>> {
        let held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (at, brand) = held.get(host)?;
        (at.elapsed() < REMEMBERED).then(|| Arc::clone(brand))
    }

    /// The look has changed: whoever changed it sees it at once.
    pub(crate) fn forget(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }
}

fn host(headers: &HeaderMap) -> &str {
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok());
    host.unwrap_or_default()
}

async fn ask(pages: &Pages, headers: &HeaderMap, carried: &Extensions) -> Option<Brand> {
    let (api, headers) = (pages.0.api.clone(), client::forwarded(headers));
    let answer = client::ask(
        api,
        carried.clone(),
        headers,
        Method::GET,
        "/api/v1/portal/branding",
        None,
    )
    .await;
    parse(&answer.result.ok()?).ok()
}

/// `GET /brand/{name}`: what goes with a tenant's color.
pub(crate) async fn show(
    State(pages): State<Pages>,
    visit: Visit,
    Path(name): Path<String>,
) -> Result<Response, Failure> {
    let mut brand = visit.brand().clone();
    if file(&brand, &name).is_none() {
        // Another control plane may know of a newer look than this one.
        pages.2.forget();
        brand = visit.get("/api/v1/portal/branding").await?;
    }
    let (content, content_type) = file(&brand, &name).ok_or_else(Problem::not_found)?;
    let mut response = Response::new(Body::from(content));
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    headers.insert(header::CACHE_CONTROL, IMMUTABLE);
    Ok(response)
}

fn file(brand: &Brand, name: &str) -> Option<(String, &'static str)> {
    let (css, svg) = (brand.css(), brand.svg());
    let is = |content: &str, ending| address(content, ending).strip_prefix("/brand/") == Some(name);
    if is(&css, "css") {
        Some((css, "text/css; charset=utf-8"))
    } else if is(&svg, "svg") {
        Some((svg, "image/svg+xml"))
    } else {
        None
    }
}
