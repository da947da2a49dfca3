//! A few drawings of our own: 24 units wide, strokes of the text's color.

use maud::{Markup, PreEscaped};

/// A drawing by its name; nothing that is read aloud.
pub(crate) fn icon(name: &str) -> Markup {
    sized(name, 16)
}

/// The same, larger.
pub(crate) fn large(name: &str) -> Markup {
    sized(name, 22)
}

fn sized(name: &str, size: u8) -> Markup {
    let inner = match name {
        "alert" => r#"<circle cx="12" cy="12" r="9"/><path d="M12 7.5v5.5M12 16.5v.01"/>"#,
        "building" => {
            r#"<path d="M5 20V5.5A1.5 1.5 0 0 1 6.5 4h7A1.5 1.5 0 0 1 15 5.5V20M15 10h2.5A1.5 1.5 0 0 1 19 11.5V20M3 20h18M8.5 8h3M8.5 12h3M8.5 16h3"/>"#
        }
        "box" => r#"<path d="M12 3.5l7.5 4.2v8.6L12 20.5l-7.5-4.2V7.7zM4.5 7.7L12 12l7.5-4.3M12 12v8.5"/>"#,
        "check" => r#"<path d="M5 12.5l4.5 4.5L19 7.5"/>"#,
        "chevron" => r#"<path d="M7 10l5 5 5-5"/>"#,
        "clock" => r#"<circle cx="12" cy="12" r="8.5"/><path d="M12 7.5V12l3 2"/>"#,
        "copy" => {
            r#"<rect x="8.5" y="8.5" width="11" height="11" rx="2"/><path d="M15.5 8.5v-2a2 2 0 0 0-2-2h-7a2 2 0 0 0-2 2v7a2 2 0 0 0 2 2h2"/>"#
        }
        "book" => {
            r#"<path d="M5 5.5A1.5 1.5 0 0 1 6.5 4H19v13H6.5A1.5 1.5 0 0 0 5 18.5v-13zM5 18.5A1.5 1.5 0 0 0 6.5 20H19v-3"/>"#
        }
        "code" => r#"<path d="M8.5 7.5L4 12l4.5 4.5M15.5 7.5L20 12l-4.5 4.5"/>"#,
        "device" => r#"<rect x="4" y="5" width="16" height="11" rx="1.5"/><path d="M2.5 19.5h19"/>"#,
        "download" => r#"<path d="M12 4v10.5M7.5 10.5L12 15l4.5-4.5M5 19.5h14"/>"#,
        "github" => {
            r#"<path fill="currentColor" stroke="none" d="M12 2.3a9.9 9.9 0 0 0-3.13 19.3c.5.09.68-.22.68-.48v-1.7c-2.76.6-3.34-1.33-3.34-1.33-.45-1.15-1.1-1.45-1.1-1.45-.9-.62.07-.6.07-.6 1 .07 1.52 1.02 1.52 1.02.89 1.52 2.33 1.08 2.9.83.09-.65.35-1.08.63-1.33-2.2-.25-4.51-1.1-4.51-4.9 0-1.08.38-1.97 1.02-2.66-.1-.25-.44-1.26.1-2.62 0 0 .83-.27 2.72 1.01a9.5 9.5 0 0 1 4.96 0c1.89-1.28 2.72-1.01 2.72-1.01.54 1.36.2 2.37.1 2.62.64.69 1.02 1.58 1.02 2.66 0 3.81-2.32 4.65-4.53 4.89.36.31.67.91.67 1.84v2.73c0 .26.18.58.69.48A9.9 9.9 0 0 0 12 2.3z"/>"#
        }
        "google" => {
            r##"<g stroke="none"><path fill="#4285F4" d="M21.6 12.2c0-.7-.06-1.36-.18-2H12v3.8h5.38a4.6 4.6 0 0 1-2 3.02v2.5h3.23c1.89-1.74 2.99-4.3 2.99-7.32z"/><path fill="#34A853" d="M12 22c2.7 0 4.96-.9 6.61-2.42l-3.23-2.51c-.89.6-2.04.95-3.38.95-2.6 0-4.8-1.76-5.59-4.12H3.07v2.59A10 10 0 0 0 12 22z"/><path fill="#FBBC05" d="M6.41 13.9a6 6 0 0 1 0-3.8V7.51H3.07a10 10 0 0 0 0 8.98l3.34-2.59z"/><path fill="#EA4335" d="M12 5.98c1.47 0 2.79.5 3.82 1.5l2.87-2.87A9.6 9.6 0 0 0 12 2a10 10 0 0 0-8.93 5.51l3.34 2.59C7.2 7.74 9.4 5.98 12 5.98z"/></g>"##
        }
        "home" => r#"<path d="M4.5 11L12 4.5 19.5 11M6.5 9.5V19h11V9.5"/>"#,
        "id" => r#"<circle cx="12" cy="8.5" r="3.75"/><path d="M4.75 19.5a7.25 7.25 0 0 1 14.5 0"/>"#,
        "key" => r#"<circle cx="8" cy="15.5" r="4"/><path d="M11 12.5l8-8M16 7.5l2.5 2.5"/>"#,
        "leave" => {
            r#"<path d="M14 7.5V6a2 2 0 0 0-2-2H6.5a2 2 0 0 0-2 2v12a2 2 0 0 0 2 2H12a2 2 0 0 0 2-2v-1.5M9.5 12h11M17.5 9l3 3-3 3"/>"#
        }
        "mail" => r#"<rect x="3.5" y="5.5" width="17" height="13" rx="2"/><path d="M4 7.5l8 5.5 8-5.5"/>"#,
        "moon" => r#"<path d="M19.5 14.2A8 8 0 0 1 9.8 4.5a8 8 0 1 0 9.7 9.7z"/>"#,
        "passkey" => {
            r#"<circle cx="9.5" cy="8" r="3.5"/><path d="M3.5 19a6 6 0 0 1 8.75-5.34"/><circle cx="17.25" cy="12.5" r="2.5"/><path d="M17.25 15v5M17.25 17.75h1.75"/>"#
        }
        "search" => r#"<circle cx="11" cy="11" r="6.5"/><path d="M16 16l4 4"/>"#,
        "shield" => r#"<path d="M12 3.5l7 2.5v5.5c0 4.2-2.9 7.6-7 9-4.1-1.4-7-4.8-7-9V6z"/>"#,
        "sun" => {
            r#"<circle cx="12" cy="12" r="3.75"/><path d="M12 3v1.75M12 19.25V21M3 12h1.75M19.25 12H21M5.64 5.64l1.24 1.24M17.12 17.12l1.24 1.24M5.64 18.36l1.24-1.24M17.12 6.88l1.24-1.24"/>"#
        }
        "system" => r#"<rect x="3.5" y="5" width="17" height="11.5" rx="1.75"/><path d="M8.5 20h7"/>"#,
        "team" => {
            r#"<circle cx="9" cy="8.5" r="3.25"/><path d="M3 19a6 6 0 0 1 12 0M15.5 5.55a3.25 3.25 0 0 1 0 5.9M17 13.5a6 6 0 0 1 4 5.5"/>"#
        }
        "world" => {
            r#"<circle cx="12" cy="12" r="8.5"/><path d="M3.5 12h17M12 3.5c2.4 2.6 3.5 5.4 3.5 8.5s-1.1 5.9-3.5 8.5c-2.4-2.6-3.5-5.4-3.5-8.5s1.1-5.9 3.5-8.5z"/>"#
        }
        _ => "",
    };
    PreEscaped(format!(
        "<svg width=\"{size}\" height=\"{size}\" viewBox=\"0 0 24 24\" fill=\"none\" stroke=\"currentColor\" \
         stroke-width=\"1.75\" stroke-linecap=\"round\" stroke-linejoin=\"round\" aria-hidden=\"true\">{inner}</svg>"
    ))
}
