//! A tenant's logo: an image of one of three kinds, judged by what it is and not by what it is called.

use gatewright_types::text_enum;

use crate::CatalogError;

/// Longest logo, in bytes.
pub const LOGO_MAX_BYTES: usize = 256 * 1024;

text_enum! {
    /// What a logo is.
    pub enum LogoMediaType {
        /// PNG.
        Png = "image/png",
        /// SVG.
        Svg = "image/svg+xml",
        /// WebP.
        WebP = "image/webp",
    }
}

/// What no drawing needs, in lower case. It would do nothing: a logo is only shown as an image, and whoever opens its address
/// gets it in a sandbox. So this is a second wall, and need not know every trick.
const NO_DRAWING: [&[u8]; 6] = [
    b"<script",
    b"<!doctype",
    b"<!entity",
    b"<foreignobject",
    b"javascript:",
    b"<iframe",
];

/// Fails unless the bytes are what they are said to be.
pub fn check(media_type: LogoMediaType, bytes: &[u8]) -> Result<(), CatalogError> {
    let refuse = |detail: &str| Err(CatalogError::invalid("/content", detail));
    if bytes.is_empty() || bytes.len() > LOGO_MAX_BYTES {
        return refuse(&format!("expected an image of 1 to {LOGO_MAX_BYTES} bytes"));
    }
    let is_so = match media_type {
        LogoMediaType::Png => bytes.starts_with(b"\x89PNG\r\n\x1a\n"),
        LogoMediaType::WebP => bytes.starts_with(b"RIFF") && bytes.get(8..12) == Some(b"WEBP".as_slice()),
        LogoMediaType::Svg => return check_svg(bytes),
    };
    if is_so {
        Ok(())
    } else {
        refuse(&format!("this is no {media_type}"))
    }
}

fn check_svg(bytes: &[u8]) -> Result<(), CatalogError> {
    let refuse = |detail: &str| Err(CatalogError::invalid("/content", detail));
    let Ok(text) = std::str::from_utf8(bytes) else {
        return refuse("an SVG is UTF-8");
    };
    let lower = text.to_ascii_lowercase();
    if !lower.contains("<svg") {
        return refuse("this is no image/svg+xml");
    }
    let found = NO_DRAWING
        .iter()
        .filter_map(|part| std::str::from_utf8(part).ok())
        .find(|part| lower.contains(part));
    match found {
        Some(part) => refuse(&format!("a drawing needs no `{part}`: export it as a plain SVG")),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_image_is_what_it_is_said_to_be() {
        let png = b"\x89PNG\r\n\x1a\n....";
        assert!(check(LogoMediaType::Png, png).is_ok() && check(LogoMediaType::WebP, png).is_err());
        assert!(check(LogoMediaType::WebP, b"RIFF\0\0\0\0WEBPVP8 ").is_ok());
        assert!(check(LogoMediaType::Svg, b"<svg xmlns=\"http://www.w3.org/2000/svg\"/>").is_ok());
        assert!(check(LogoMediaType::Png, &[]).is_err());
        let mut long = png.to_vec();
        long.resize(LOGO_MAX_BYTES + 1, 0);
        assert!(check(LogoMediaType::Png, &long).is_err());
    }

    #[test]
    fn a_drawing_brings_no_program() {
        for evil in [
            "<svg><script>alert(1)</script></svg>",
            "<svg><SCRIPT href='//evil.example'/></svg>",
            "<!DOCTYPE svg [<!ENTITY a 'b'>]><svg/>",
            "<svg><foreignObject><body/></foreignObject></svg>",
            "<svg><a href='JavaScript:alert(1)'/></svg>",
            "<html></html>",
        ] {
            assert!(check(LogoMediaType::Svg, evil.as_bytes()).is_err(), "{evil}");
        }
    }
}
