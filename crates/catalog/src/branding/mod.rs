//! How a tenant's pages look, and what they say of it.

pub mod color;
pub mod logo;
pub mod palette;

use chrono::{DateTime, Utc};
use gatewright_database::TenantTx;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use utoipa::ToSchema;

use crate::branding::color::Color;
use crate::branding::logo::LogoMediaType;
use crate::branding::palette::Palette;
use crate::check::Checks;
use crate::{CatalogError, store, tenants};

/// Longest contact, in bytes.
pub const CONTACT_MAX_BYTES: usize = 500;
/// Bytes of its digest that a logo is told apart by.
const VERSION_BYTES: usize = 8;

/// How a tenant's pages look.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Branding {
    /// What the pages call the tenant.
    pub name: String,
    /// Its color; null: the program's.
    pub color: Option<Color>,
    /// A mail address or an https address, for whoever wants what no plan offers; null: none.
    pub contact: Option<String>,
    /// Whether a browser tab that made a secret may show it again as long as it is open.
    pub keeps_secrets_in_tab: bool,
    /// Its logo: `GET /portal/branding/logo`.
    pub logo: Option<Logo>,
    /// What follows from the color; null without one.
    pub palette: Option<Palette>,
    /// When this was last changed; null: never.
    pub updated_at: Option<DateTime<Utc>>,
}

/// What there is to know of a logo.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Logo {
    /// What it is.
    pub media_type: LogoMediaType,
    /// Changes with its content.
    pub version: String,
}

/// A logo's content.
#[derive(Clone, Debug)]
pub struct LogoContent {
    /// What it is.
    pub media_type: LogoMediaType,
    /// The image.
    pub bytes: Vec<u8>,
}

/// How pages are to look. What is absent is as the program has it.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NewBranding {
    /// What the pages call the tenant; its own name when absent.
    #[schema(min_length = 1, max_length = 200)]
    pub name: Option<String>,
    /// Its color, on which white text has to be read.
    #[schema(example = "#0a7d5a")]
    pub color: Option<String>,
    /// A mail address or an https address.
    #[schema(max_length = 500, example = "sales@example.com")]
    pub contact: Option<String>,
    /// Whether a browser tab that made a secret may show it again as long as it is open; true when absent.
    #[schema(default = true)]
    pub keeps_secrets_in_tab: Option<bool>,
}

/// What is kept.
#[derive(Clone, Debug)]
pub(crate) struct Kept {
    pub(crate) name: Option<String>,
    pub(crate) color: Option<String>,
    pub(crate) contact: Option<String>,
    pub(crate) keeps_secrets_in_tab: bool,
    pub(crate) logo_media_type: Option<LogoMediaType>,
    pub(crate) logo_sha256: Option<Vec<u8>>,
    pub(crate) updated_at: DateTime<Utc>,
}

/// How the tenant's pages look.
pub async fn get(tx: &mut TenantTx) -> Result<Branding, CatalogError> {
    let kept = store::branding::find(tx).await?;
    shown(tx, kept).await
}

/// The same, held until the end of the transaction, so that two changes come one after the other.
pub async fn lock(tx: &mut TenantTx) -> Result<Branding, CatalogError> {
    let is_new = store::branding::ensure(tx).await?;
    let kept = store::branding::lock(tx).await?;
    // Of a row that was made only to be held, nobody has seen anything.
    shown(tx, kept.filter(|_| !is_new)).await
}

/// Decides how they look; the caller [holds](lock) what they were.
pub async fn put(tx: &mut TenantTx, before: &Branding, new: NewBranding) -> Result<Branding, CatalogError> {
    let mut checks = Checks::default();
    if let Some(name) = &new.name {
        checks.name("/name", name);
    }
    let contact = new.contact.filter(|contact| !contact.is_empty());
    if let Some(contact) = &contact {
        check_contact(&mut checks, contact);
    }
    let color = check_color(&mut checks, new.color.as_deref());
    checks.done()?;
    let keeps = new.keeps_secrets_in_tab.unwrap_or(true);
    let color = color.map(|color| color.to_string());
    store::branding::put(tx, (new.name.as_deref(), color.as_deref(), contact.as_deref()), keeps).await?;
    changed(tx, before).await
}

/// Puts a logo in the place of the one that is there, if any.
pub async fn put_logo(tx: &mut TenantTx, before: &Branding, logo: &LogoContent) -> Result<Branding, CatalogError> {
    logo::check(logo.media_type, &logo.bytes)?;
    let digest = Sha256::digest(&logo.bytes);
    store::branding::put_logo(tx, Some((logo, digest.as_slice()))).await?;
    changed(tx, before).await
}

/// Takes the logo away.
pub async fn delete_logo(tx: &mut TenantTx, before: &Branding) -> Result<Branding, CatalogError> {
    store::branding::put_logo(tx, None).await?;
    changed(tx, before).await
}

/// The logo's content.
pub async fn logo(tx: &mut TenantTx) -> Result<LogoContent, CatalogError> {
    let id = tx.tenant_id();
    store::branding::logo(tx)
        .await?
        .ok_or_else(|| CatalogError::not_found("logo of tenant", id))
}

async fn changed(tx: &mut TenantTx, before: &Branding) -> Result<Branding, CatalogError> {
    let after = get(tx).await?;
    let id = tx.tenant_id();
    tx.changed("catalog", "branding.changed", id, before, &after);
    Ok(after)
}

async fn shown(tx: &mut TenantTx, kept: Option<Kept>) -> Result<Branding, CatalogError> {
    let name = match kept.as_ref().and_then(|kept| kept.name.clone()) {
        Some(name) => name,
        None => tenants::own(tx).await?.name,
    };
    let Some(kept) = kept else {
        return Ok(Branding {
            name,
            color: None,
            contact: None,
            keeps_secrets_in_tab: true,
            logo: None,
            palette: None,
            updated_at: None,
        });
    };
    let color: Option<Color> = kept.color.as_deref().and_then(|color| color.parse().ok());
    let version = |digest: Vec<u8>| {
        digest
            .iter()
            .take(VERSION_BYTES)
            .map(|byte| format!("{byte:02x}"))
            .collect()
    };
    Ok(Branding {
        name,
        color,
        contact: kept.contact,
        keeps_secrets_in_tab: kept.keeps_secrets_in_tab,
        logo: kept
            .logo_media_type
            .zip(kept.logo_sha256.map(version))
            .map(|(media_type, version)| Logo { media_type, version }),
        palette: color.map(palette::of),
        updated_at: Some(kept.updated_at),
    })
}

/// The color, if there is one and white text is read on it.
fn check_color(checks: &mut Checks, color: Option<&str>) -> Option<Color> {
    let color = color.filter(|color| !color.is_empty())?;
    match color.parse::<Color>() {
        Err(detail) => {
            checks.require(false, "/color", detail);
            None
        }
        Ok(color) => {
            let detail = format!(
                "white text on {color} has a contrast of {:.1}:1 and needs {}:1; the nearest color that passes is {}",
                color.contrast(color::WHITE),
                palette::CONTRAST_MIN,
                palette::nearest_readable(color),
            );
            checks.require(palette::is_readable(color), "/color", detail);
            Some(color)
        }
    }
}

/// A mail address, or an address that a link may lead to.
fn check_contact(checks: &mut Checks, contact: &str) {
    let plain = contact.len() <= CONTACT_MAX_BYTES && contact.bytes().all(|byte| byte.is_ascii_graphic());
    if let Some(rest) = contact.strip_prefix("https://") {
        let right = plain && !rest.is_empty() && !rest.starts_with('/');
        checks.require(
            right,
            "/contact",
            format!("expected an https address of at most {CONTACT_MAX_BYTES} bytes"),
        );
    } else {
        checks.email("/contact", contact);
        // What follows a `?` would fill in a mail.
        let right = plain && !contact.contains([':', '?', '&', '/']);
        checks.require(
            right,
            "/contact",
            "expected a mail address, or an address that begins with https://",
        );
    }
}
