//! Themes: how a tone looks. A tone is never the only sign of a state, so a theme may be as plain
//! as `mono`, which has no colour at all.

use ratatui::style::{Color, Modifier, Style};
use serde::Deserialize;
use std::collections::BTreeMap;

use crate::app::view::line::Tone;

mod depth;

pub use depth::Depth;

macro_rules! file {
    ($name:literal) => {
        include_str!(concat!("../../assets/themes/", $name, ".toml"))
    };
}

/// The themes of the program: name, the text for dark terminals, the text for light ones.
const BUILT_IN: &[(&str, &str, &str)] = &[
    ("dark", file!("dark"), file!("dark")),
    ("light", file!("light"), file!("light")),
    (
        "high-contrast",
        file!("high-contrast"),
        file!("high-contrast-light"),
    ),
    (
        "colour-blind",
        file!("colour-blind"),
        file!("colour-blind-light"),
    ),
    ("terminal", file!("terminal"), file!("terminal")),
    ("mono", file!("mono"), file!("mono")),
];

/// What is behind the letters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Background {
    Dark,
    Light,
}

/// A style for each tone, and for the row under the cursor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Theme {
    tones: [Style; Tone::ALL.len()],
    cursor: Style,
}

/// One style of a theme file.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a key of a theme file"
)]
struct Look {
    fg: Option<String>,
    bg: Option<String>,
    #[serde(default)]
    bold: bool,
    #[serde(default)]
    dim: bool,
    #[serde(default)]
    italic: bool,
    #[serde(default)]
    underline: bool,
    #[serde(default)]
    reverse: bool,
    #[serde(default)]
    struck: bool,
}

impl Theme {
    pub fn dark() -> Self {
        Self::built_in("dark", Background::Dark)
    }

    pub fn light() -> Self {
        Self::built_in("light", Background::Light)
    }

    /// Bold, reverse and underline alone: for `NO_COLOR` and for terminals without colours.
    pub fn mono() -> Self {
        Self::built_in("mono", Background::Dark)
    }

    #[expect(clippy::expect_used, reason = "a test reads every built-in theme")]
    fn built_in(name: &str, background: Background) -> Self {
        Self::named(name, background).expect("a built-in theme exists and is well formed")
    }

    /// The names of the program's own themes.
    pub fn names() -> impl Iterator<Item = &'static str> {
        BUILT_IN.iter().map(|(name, ..)| *name)
    }

    /// The file of one of the program's own themes: where an own one starts.
    pub fn text(name: &str, background: Background) -> Option<&'static str> {
        let (_, dark, light) = BUILT_IN.iter().find(|(known, ..)| *known == name)?;
        Some(match background {
            Background::Dark => dark,
            Background::Light => light,
        })
    }

    /// One of the program's own themes. One that is for another background brings its own paper and
    /// ink, or its letters could not be read.
    pub fn named(name: &str, background: Background) -> Option<Self> {
        let theme = Self::parse(Self::text(name, background)?).ok()?;
        Some(match (name, background) {
            ("light", Background::Dark) => {
                theme.printed(Color::Rgb(0x1c, 0x1c, 0x1c), Color::Rgb(0xff, 0xff, 0xff))
            }
            ("dark", Background::Light) => {
                theme.printed(Color::Rgb(0xe4, 0xe4, 0xe4), Color::Rgb(0x14, 0x14, 0x14))
            }
            _ => theme,
        })
    }

    /// The same theme with its own ink where a tone leaves it to the terminal, on its own paper.
    fn printed(mut self, ink: Color, paper: Color) -> Self {
        for style in &mut self.tones {
            if style.fg.is_none_or(|color| color == Color::Reset) {
                style.fg = Some(ink);
            }
        }
        if let Some(plain) = self.tones.get_mut(Tone::Plain as usize) {
            plain.bg = Some(paper);
        }
        self
    }

    /// The same theme in the colours that a terminal has.
    #[must_use]
    pub fn reduced(mut self, depth: Depth) -> Self {
        for style in self.tones.iter_mut().chain([&mut self.cursor]) {
            style.fg = style.fg.map(|color| depth.nearest(color));
            style.bg = style.bg.map(|color| depth.nearest(color));
        }
        self
    }

    /// Reads a theme: a table for each tone, and `cursor` for the row under the cursor.
    ///
    /// # Errors
    ///
    /// Says in words what is wrong: no TOML, a tone that does not exist or is missing, a colour
    /// that is none.
    pub fn parse(text: &str) -> Result<Self, String> {
        let looks: BTreeMap<String, Look> =
            toml::from_str(text).map_err(|error| error.to_string())?;
        let known = |name: &str| Tone::ALL.iter().any(|tone| tone.word() == name);
        if let Some(name) = looks.keys().find(|name| *name != "cursor" && !known(name)) {
            let words: Vec<&str> = Tone::ALL.iter().map(|tone| tone.word()).collect();
            return Err(format!(
                "no tone is called `{name}`; there are cursor, {}",
                words.join(", ")
            ));
        }
        let style = |name: &str| {
            // A theme may leave protected environments as they are.
            let look = looks.get(name).or_else(|| match name {
                "protected" => looks.get("heading"),
                _ => None,
            });
            match look {
                Some(look) => look.style().map_err(|why| format!("[{name}]: {why}")),
                None => Err(format!("[{name}] is missing")),
            }
        };
        let mut tones = [Style::new(); Tone::ALL.len()];
        for (place, tone) in tones.iter_mut().zip(Tone::ALL) {
            *place = whole(style(tone.word())?);
        }
        Ok(Self {
            tones,
            cursor: style("cursor")?,
        })
    }

    pub fn style(&self, tone: Tone) -> Style {
        self.tones.get(tone as usize).copied().unwrap_or_default()
    }

    pub fn cursor(&self) -> Style {
        self.cursor
    }

    /// A theme in which every tone has a colour of its own, so that a test can read tones back.
    #[cfg(test)]
    pub(crate) fn of_tones() -> Self {
        let mut theme = Self {
            tones: [Style::new(); Tone::ALL.len()],
            cursor: Style::new(),
        };
        for (place, style) in (0..).zip(&mut theme.tones) {
            *style = Style::new().fg(Color::Indexed(place));
        }
        theme
    }
}

/// The letter of a tone in a snapshot: blank for plain, capitals for what shouts.
#[cfg(test)]
pub(super) fn letter(color: Option<Color>) -> Option<char> {
    const LETTERS: [char; Tone::ALL.len()] = [
        '.', 's', 'm', 'g', 'r', 'w', 'b', 'u', 'a', 'h', 'k', 'x', 'F', 'A', '-', 'p',
    ];
    match color {
        Some(Color::Indexed(place)) => LETTERS.get(usize::from(place)).copied(),
        _ => None,
    }
}

/// Makes a tone cover what it is written over: a style only patches a cell, so the title on a
/// dim line would else be as dim as the line. The background stays, it is the cursor's.
fn whole(style: Style) -> Style {
    let style = style.fg(style.fg.unwrap_or(Color::Reset));
    if style.add_modifier.contains(Modifier::DIM) {
        style
    } else {
        style.remove_modifier(Modifier::DIM)
    }
}

impl Look {
    fn style(&self) -> Result<Style, String> {
        let color = |text: &Option<String>| match text {
            None => Ok(None),
            Some(text) => text
                .parse::<Color>()
                .map(Some)
                .map_err(|_| format!("`{text}` is no colour: a name, a number to 255, or #rrggbb")),
        };
        let mut style = Style {
            fg: color(&self.fg)?,
            bg: color(&self.bg)?,
            ..Style::new()
        };
        for (on, modifier) in [
            (self.bold, Modifier::BOLD),
            (self.dim, Modifier::DIM),
            (self.italic, Modifier::ITALIC),
            (self.underline, Modifier::UNDERLINED),
            (self.reverse, Modifier::REVERSED),
            (self.struck, Modifier::CROSSED_OUT),
        ] {
            if on {
                style = style.add_modifier(modifier);
            }
        }
        Ok(style)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every theme with the background that it is for.
    fn all() -> Vec<(String, Background, Theme)> {
        let mut all = Vec::new();
        for (name, dark, light) in BUILT_IN {
            for (background, text) in [(Background::Dark, dark), (Background::Light, light)] {
                Theme::parse(text).unwrap_or_else(|error| panic!("{name}: {error}"));
                let theme = Theme::named(name, background).unwrap();
                all.push(((*name).to_owned(), background, theme));
            }
        }
        all
    }

    /// Red, green and blue; the first sixteen as most terminals of today have them.
    fn rgb(color: Color) -> Option<[u8; 3]> {
        const NAMED: [Color; 16] = [
            Color::Black,
            Color::Red,
            Color::Green,
            Color::Yellow,
            Color::Blue,
            Color::Magenta,
            Color::Cyan,
            Color::Gray,
            Color::DarkGray,
            Color::LightRed,
            Color::LightGreen,
            Color::LightYellow,
            Color::LightBlue,
            Color::LightMagenta,
            Color::LightCyan,
            Color::White,
        ];
        let index = match color {
            Color::Reset => return None,
            Color::Rgb(red, green, blue) => return Some([red, green, blue]),
            Color::Indexed(index) => index,
            named => {
                let place = NAMED.iter().position(|known| *known == named)?;
                u8::try_from(place).ok()?
            }
        };
        let (red, green, blue) = ansi_colours::rgb_from_ansi256(index);
        Some([red, green, blue])
    }

    /// The contrast of two colours, from 1 to 21.
    /// Source: WCAG 2.2, "contrast ratio" and "relative luminance".
    fn contrast(one: [u8; 3], other: [u8; 3]) -> f64 {
        let light = |color: [u8; 3]| {
            let [red, green, blue] = color.map(|part| {
                let part = f64::from(part) / 255.0;
                if part <= 0.040_45 {
                    part / 12.92
                } else {
                    ((part + 0.055) / 1.055).powf(2.4)
                }
            });
            0.2126 * red + 0.7152 * green + 0.0722 * blue
        };
        let (one, other) = (light(one), light(other));
        (one.max(other) + 0.05) / (one.min(other) + 0.05)
    }

    #[test]
    fn every_tone_reads_well_on_the_background_and_under_the_cursor() {
        for (name, background, theme) in all() {
            let own = match name.as_str() {
                // The terminal's owner chose these.
                "terminal" | "mono" => continue,
                name => name,
            };
            let (paper, ink) = match background {
                Background::Dark => ([0x14; 3], [0xe4; 3]),
                Background::Light => ([0xff; 3], [0x10; 3]),
            };
            let paper = theme.style(Tone::Plain).bg.and_then(rgb).unwrap_or(paper);
            for tone in Tone::ALL {
                let style = theme.style(tone);
                let least = match (own, tone) {
                    // Lines are no text.
                    (_, Tone::Rule) => 1.3,
                    ("high-contrast", _) => 7.0,
                    _ => 4.5,
                };
                let fg = style.fg.and_then(rgb).unwrap_or(ink);
                let bg = style.bg.and_then(rgb).unwrap_or(paper);
                let seen = contrast(fg, bg);
                assert!(seen >= least, "{name} {background:?} {tone:?}: {seen:.1}");
                let cursor = theme.cursor.bg.and_then(rgb).unwrap_or(paper);
                if style.bg.is_none() {
                    let seen = contrast(fg, cursor);
                    let least = least.min(3.0);
                    assert!(seen >= least, "{name} {tone:?} under the cursor: {seen:.1}");
                }
            }
        }
    }

    #[test]
    fn the_mono_theme_has_no_colour() {
        let theme = Theme::mono();
        for style in theme.tones {
            assert_eq!((style.fg, style.bg), (Some(Color::Reset), None));
        }
        assert_eq!((theme.cursor.fg, theme.cursor.bg), (None, None));
    }

    #[test]
    fn a_protected_environment_stands_out_and_a_theme_may_leave_it_as_it_is() {
        for (name, background, theme) in all() {
            let (one, other) = (theme.style(Tone::Protected), theme.style(Tone::Heading));
            assert_ne!(one, other, "{name} {background:?}");
        }
        let text = Theme::text("dark", Background::Dark).unwrap();
        let (without, _) = text.split_once("[protected]").unwrap();
        let theme = Theme::parse(without).unwrap();
        assert_eq!(theme.style(Tone::Protected), theme.style(Tone::Heading));
    }

    #[test]
    fn a_tone_that_does_not_exist_is_told_by_name() {
        let error = Theme::parse("[godo]\nfg = \"red\"").unwrap_err();
        assert!(error.contains("`godo`"), "{error}");
    }
}
