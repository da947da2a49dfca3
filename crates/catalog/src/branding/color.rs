//! Colors as people give them and as they look: sRGB, OKLCH (Björn Ottosson, "A perceptual color space for image
//! processing", 2020) and contrast (WCAG 2.2, "contrast ratio").

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use utoipa::ToSchema;

/// White.
pub const WHITE: Color = Color([255, 255, 255]);
/// Halvings of an interval of chroma: finer than a step of eight bits.
const HALVINGS: u32 = 16;

/// A color in sRGB, as `#0a7d5a`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ToSchema)]
#[schema(value_type = String, example = "#0a7d5a", pattern = "^#[0-9a-f]{6}$")]
pub struct Color([u8; 3]);

/// A color by how it looks: lightness 0 to 1, chroma from 0 on, hue in degrees.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Oklch {
    /// How light.
    pub lightness: f64,
    /// How colorful.
    pub chroma: f64,
    /// Which color.
    pub hue: f64,
}

impl FromStr for Color {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        const WANTED: &str = "expected a color like #0a7d5a";
        let digits = text
            .strip_prefix('#')
            .filter(|digits| digits.len() == 6)
            .ok_or(WANTED)?;
        if !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err(WANTED);
        }
        let number = u32::from_str_radix(digits, 16).map_err(|_| WANTED)?;
        let [_, red, green, blue] = number.to_be_bytes();
        Ok(Self([red, green, blue]))
    }
}

impl fmt::Display for Color {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [red, green, blue] = self.0;
        write!(f, "#{red:02x}{green:02x}{blue:02x}")
    }
}

impl Serialize for Color {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Color {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?
            .parse()
            .map_err(serde::de::Error::custom)
    }
}

impl Color {
    /// How it looks.
    pub fn oklch(self) -> Oklch {
        let [red, green, blue] = self.0.map(linear);
        let long = (0.412_221_470_8 * red + 0.536_332_536_3 * green + 0.051_445_992_9 * blue).cbrt();
        let medium = (0.211_903_498_2 * red + 0.680_699_545_1 * green + 0.107_396_956_6 * blue).cbrt();
        let short = (0.088_302_461_9 * red + 0.281_718_837_6 * green + 0.629_978_700_5 * blue).cbrt();
        let a = 1.977_998_495_1 * long - 2.428_592_205_0 * medium + 0.450_593_709_9 * short;
        let b = 0.025_904_037_1 * long + 0.782_771_766_2 * medium - 0.808_675_766_0 * short;
        Oklch {
            lightness: 0.210_454_255_3 * long + 0.793_617_785_0 * medium - 0.004_072_046_8 * short,
            chroma: a.hypot(b),
            hue: b.atan2(a).to_degrees().rem_euclid(360.0),
        }
    }

    /// How well one is read on the other: 1 to 21.
    pub fn contrast(self, other: Self) -> f64 {
        let (one, two) = (self.luminance(), other.luminance());
        (one.max(two) + 0.05) / (one.min(two) + 0.05)
    }

    fn luminance(self) -> f64 {
        let [red, green, blue] = self.0.map(linear);
        0.2126 * red + 0.7152 * green + 0.0722 * blue
    }
}

impl Oklch {
    /// The color that looks so; one that no screen shows loses chroma until one does.
    pub fn color(self) -> Color {
        if let Some(color) = self.shown() {
            return color;
        }
        let (mut low, mut high) = (0.0, self.chroma);
        for _ in 0..HALVINGS {
            let chroma = f64::midpoint(low, high);
            if (Self { chroma, ..self }).shown().is_some() {
                low = chroma;
            } else {
                high = chroma;
            }
        }
        let gray = if self.lightness > 0.5 { WHITE } else { Color([0; 3]) };
        Self { chroma: low, ..self }.shown().unwrap_or(gray)
    }

    /// The color, if sRGB has it.
    fn shown(self) -> Option<Color> {
        let (sine, cosine) = self.hue.to_radians().sin_cos();
        let (a, b) = (self.chroma * cosine, self.chroma * sine);
        let long = (self.lightness + 0.396_337_777_4 * a + 0.215_803_757_3 * b).powi(3);
        let medium = (self.lightness - 0.105_561_345_8 * a - 0.063_854_172_8 * b).powi(3);
        let short = (self.lightness - 0.089_484_177_5 * a - 1.291_485_548_0 * b).powi(3);
        let channels = [
            4.076_741_662_1 * long - 3.307_711_591_3 * medium + 0.230_969_929_2 * short,
            -1.268_438_004_6 * long + 2.609_757_401_1 * medium - 0.341_319_396_5 * short,
            -0.004_196_086_3 * long - 0.703_418_614_7 * medium + 1.707_614_701_0 * short,
        ];
        // Half a step of eight bits beyond is rounding.
        let fits = channels.iter().all(|channel| (-0.002..=1.002).contains(channel));
        fits.then(|| Color(channels.map(encoded)))
    }
}

/// IEC 61966-2-1.
fn linear(byte: u8) -> f64 {
    let value = f64::from(byte) / 255.0;
    if value <= 0.040_45 {
        value / 12.92
    } else {
        ((value + 0.055) / 1.055).powf(2.4)
    }
}

fn encoded(value: f64) -> u8 {
    let value = value.clamp(0.0, 1.0);
    let curved = if value <= 0.003_130_8 {
        value * 12.92
    } else {
        1.055 * value.powf(1.0 / 2.4) - 0.055
    };
    let rounded = (curved * 255.0).round();
    // From 0 to 255 by the clamp.
    (0..=u8::MAX)
        .find(|byte| f64::from(*byte) >= rounded)
        .unwrap_or(u8::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_colors_look_as_they_are_known_to() {
        let red = "#ff0000".parse::<Color>().unwrap().oklch();
        assert!(
            (red.lightness - 0.628).abs() < 0.001 && (red.chroma - 0.2577).abs() < 0.001,
            "{red:?}"
        );
        assert!((red.hue - 29.23).abs() < 0.1, "{red:?}");
        assert!((WHITE.oklch().lightness - 1.0).abs() < 0.001);
        let gray: Color = "#767676".parse().unwrap();
        assert!(
            (gray.contrast(WHITE) - 4.54).abs() < 0.01,
            "WCAG's own example of what just passes"
        );
    }

    #[test]
    fn a_color_comes_back_as_it_was() {
        for number in (0..=0x00ff_ffff_u32).step_by(4_099) {
            let color: Color = format!("#{number:06x}").parse().unwrap();
            assert_eq!(color.oklch().color(), color);
        }
    }

    #[test]
    fn only_six_digits_are_a_color() {
        for wrong in [
            "", "#", "0a7d5a", "#0a7d5", "#0a7d5ab", "#0a7d5g", "#+a7d5a", "red", "#é0a7d",
        ] {
            assert!(wrong.parse::<Color>().is_err(), "{wrong}");
        }
    }
}
