//! From a tenant's one color to those that its pages need, on light and on dark.

use serde::Serialize;
use utoipa::ToSchema;

use super::color::{Color, Oklch, WHITE};

/// Least contrast of text (WCAG 2.2, success criterion 1.4.3).
pub const CONTRAST_MIN: f64 = 4.5;
/// A step of lightness in the search for a color that is read: less than the eye tells apart.
const STEP: f64 = 0.002;

/// The colors of pages.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Palette {
    /// Hue of everything gray, in degrees.
    pub hue: f64,
    /// On light pages.
    pub light: Ramp,
    /// On dark pages.
    pub dark: Ramp,
}

/// One color at the lightnesses that a page needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Ramp {
    /// Of buttons; white text is read on it.
    pub brand: Color,
    /// Of buttons that are pressed.
    pub strong: Color,
    /// Behind what is marked.
    pub soft: Color,
    /// Of text, on paper and on `soft`.
    pub ink: Color,
}

/// Whether white text is read on a color.
pub fn is_readable(color: Color) -> bool {
    color.contrast(WHITE) >= CONTRAST_MIN
}

/// The color of the same hue nearest to this one on which white text is read.
pub fn nearest_readable(color: Color) -> Color {
    darker_until(color.oklch(), is_readable)
}

/// The colors that go with one.
pub fn of(color: Color) -> Palette {
    let Oklch { lightness, chroma, hue } = color.oklch();
    let at = |lightness, chroma| Oklch { lightness, chroma, hue };
    let light_soft = at(0.96, chroma.min(0.02)).color();
    let dark_soft = at(0.27, chroma.min(0.05)).color();
    // The darkest and the lightest that text of this color stands on; app.css has them as `raised`.
    let grays = (at(0.97, 0.004).color(), at(0.25, 0.016).color());
    let is_light_ink = |ink: Color| ink.contrast(light_soft).min(ink.contrast(grays.0)) >= CONTRAST_MIN;
    let is_dark_ink = |ink: Color| ink.contrast(dark_soft).min(ink.contrast(grays.1)) >= CONTRAST_MIN;
    let light = nearest_readable(color);
    let dark = darker_until(at(lightness.clamp(0.52, 0.57), chroma), is_readable);
    Palette {
        hue: (hue * 10.0).round() / 10.0,
        light: Ramp {
            brand: light,
            strong: at((light.oklch().lightness - 0.06).max(0.0), chroma).color(),
            soft: light_soft,
            ink: darker_until(at(lightness.min(0.5), chroma), is_light_ink),
        },
        dark: Ramp {
            brand: dark,
            strong: at(dark.oklch().lightness - 0.05, chroma).color(),
            soft: dark_soft,
            ink: lighter_until(at(lightness.max(0.76), chroma.min(0.12)), is_dark_ink),
        },
    }
}

fn darker_until(from: Oklch, fits: impl Fn(Color) -> bool) -> Color {
    search(from, -STEP, fits)
}

fn lighter_until(from: Oklch, fits: impl Fn(Color) -> bool) -> Color {
    search(from, STEP, fits)
}

/// The first color that fits, going darker or lighter; in the end black or white, which do.
fn search(mut at: Oklch, step: f64, fits: impl Fn(Color) -> bool) -> Color {
    while (0.0..=1.0).contains(&at.lightness) {
        let color = at.color();
        if fits(color) {
            return color;
        }
        at.lightness += step;
    }
    Oklch {
        lightness: at.lightness.clamp(0.0, 1.0),
        chroma: 0.0,
        ..at
    }
    .color()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn every() -> impl Iterator<Item = Color> {
        (0..=0x00ff_ffff_u32)
            .step_by(51_437)
            .map(|number| format!("#{number:06x}").parse().unwrap())
    }

    #[test]
    fn whatever_color_a_tenant_has_its_text_is_read_on_light_and_on_dark() {
        for color in every() {
            let palette = of(color);
            for ramp in [palette.light, palette.dark] {
                assert!(
                    is_readable(ramp.brand) && is_readable(ramp.strong),
                    "{color}: buttons {ramp:?}"
                );
                assert!(
                    ramp.ink.contrast(ramp.soft) >= CONTRAST_MIN,
                    "{color}: what is marked {ramp:?}"
                );
            }
            assert!(
                palette.light.ink.contrast(WHITE) >= CONTRAST_MIN,
                "{color}: {palette:?}"
            );
            let dark_paper: Color = "#0d0f16".parse().unwrap();
            assert!(
                palette.dark.ink.contrast(dark_paper) >= CONTRAST_MIN,
                "{color}: {palette:?}"
            );
        }
    }

    #[test]
    fn what_is_offered_instead_is_read_keeps_the_hue_and_is_no_darker_than_it_has_to_be() {
        for color in every().filter(|color| !is_readable(*color)) {
            let offered = nearest_readable(color);
            assert!(is_readable(offered), "{color} -> {offered}");
            assert!(offered.contrast(WHITE) < CONTRAST_MIN + 0.12, "{color} -> {offered}");
            let (before, after) = (color.oklch(), offered.oklch());
            let turned = (before.hue - after.hue).abs();
            assert!(
                before.chroma < 0.05 || turned.min(360.0 - turned) < 12.0,
                "{color} -> {offered}"
            );
        }
    }

    #[test]
    fn a_color_that_is_read_stays_as_it_is() {
        for color in every().filter(|color| is_readable(*color)) {
            assert_eq!(of(color).light.brand, color);
        }
    }
}
