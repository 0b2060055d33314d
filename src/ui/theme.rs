//! Themes: how a tone looks. A tone is never the only sign of a state, so a theme may be as plain
//! as `mono`, which has no colour at all.

use ratatui::style::{Color, Modifier, Style};
use serde::Deserialize;
use std::collections::BTreeMap;

use crate::app::view::line::Tone;

const DARK: &str = include_str!("../../assets/themes/dark.toml");
const LIGHT: &str = include_str!("../../assets/themes/light.toml");
const MONO: &str = include_str!("../../assets/themes/mono.toml");

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
        Self::built_in(DARK)
    }

    pub fn light() -> Self {
        Self::built_in(LIGHT)
    }

    /// Bold, reverse and underline alone: for `NO_COLOR` and for terminals without colours.
    pub fn mono() -> Self {
        Self::built_in(MONO)
    }

    #[expect(clippy::expect_used, reason = "a test reads every built-in theme")]
    fn built_in(text: &str) -> Self {
        Self::parse(text).expect("a built-in theme is well formed")
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
        let style = |name: &str| match looks.get(name) {
            Some(look) => look.style().map_err(|why| format!("[{name}]: {why}")),
            None => Err(format!("[{name}] is missing")),
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
        '.', 's', 'm', 'g', 'r', 'w', 'b', 'u', 'a', 'h', 'k', 'x', 'F', 'A', '-',
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

    #[test]
    fn every_built_in_theme_has_every_tone() {
        for text in [DARK, LIGHT, MONO] {
            assert!(Theme::parse(text).is_ok(), "{:?}", Theme::parse(text));
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
    fn a_tone_that_does_not_exist_is_told_by_name() {
        let error = Theme::parse("[godo]\nfg = \"red\"").unwrap_err();
        assert!(error.contains("`godo`"), "{error}");
    }
}
