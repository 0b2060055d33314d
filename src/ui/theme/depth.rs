//! How many colours a terminal has, and the nearest one that it has to one that it lacks.

use ratatui::style::Color;

/// How many colours a terminal shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Depth {
    Sixteen,
    /// The palette of xterm: sixteen, a cube of 216, and 24 greys.
    Palette,
    True,
}

/// The sixteen, by their numbers.
const SIXTEEN: [Color; 16] = [
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

impl Depth {
    /// Tells it from `COLORTERM` and `TERM`, as terminals announce themselves.
    pub fn of(colorterm: Option<&str>, term: Option<&str>) -> Self {
        let term = term.unwrap_or_default();
        match colorterm {
            Some("truecolor" | "24bit") => Self::True,
            _ if term.contains("direct") => Self::True,
            _ if ["linux", "xterm", "vt", "ansi", "screen", "rxvt"].contains(&term)
                || term.starts_with("vt")
                || term.contains("16color") =>
            {
                Self::Sixteen
            }
            Some(_) | None => Self::Palette,
        }
    }

    /// Returns the colour itself if the terminal has it, else the nearest one.
    pub fn nearest(self, color: Color) -> Color {
        match (self, color) {
            (Self::Palette, Color::Rgb(red, green, blue)) => {
                Color::Indexed(ansi_colours::ansi256_from_rgb((red, green, blue)))
            }
            (Self::Sixteen, Color::Rgb(red, green, blue)) => of_sixteen([red, green, blue]),
            (Self::Sixteen, Color::Indexed(index)) => match SIXTEEN.get(usize::from(index)) {
                Some(color) => *color,
                None => {
                    let (red, green, blue) = ansi_colours::rgb_from_ansi256(index);
                    of_sixteen([red, green, blue])
                }
            },
            (Self::True | Self::Palette | Self::Sixteen, color) => color,
        }
    }
}

/// The one of the sixteen that is told from the others by the same hue and about the same light.
///
/// By hue and not by distance: a pale red is a red before it is a grey.
fn of_sixteen(color: [u8; 3]) -> Color {
    let most = color.into_iter().max().unwrap_or(0);
    let least = color.into_iter().min().unwrap_or(0);
    if most - least < 40 {
        return match most {
            0..=32 => Color::Black,
            33..=140 => Color::DarkGray,
            141..=215 => Color::Gray,
            _ => Color::White,
        };
    }
    let half = least + (most - least) / 2;
    let bits = color.map(|part| part >= half);
    let number = usize::from(bits[0]) | usize::from(bits[1]) << 1 | usize::from(bits[2]) << 2;
    let bright = if most > 160 { 8 } else { 0 };
    SIXTEEN
        .get(number + bright)
        .copied()
        .unwrap_or(Color::Reset)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn terminals_announce_themselves() {
        for (colorterm, term, depth) in [
            (Some("truecolor"), Some("xterm-256color"), Depth::True),
            (Some("24bit"), None, Depth::True),
            (None, Some("xterm-direct"), Depth::True),
            (None, Some("xterm-256color"), Depth::Palette),
            (None, Some("tmux-256color"), Depth::Palette),
            (None, Some("linux"), Depth::Sixteen),
            (None, Some("vt220"), Depth::Sixteen),
            (None, Some("xterm-16color"), Depth::Sixteen),
            (None, None, Depth::Palette),
        ] {
            assert_eq!(Depth::of(colorterm, term), depth, "{colorterm:?} {term:?}");
        }
    }

    #[test]
    fn a_terminal_is_only_given_colours_that_it_has() {
        let orange = Color::Rgb(0xff, 0x9d, 0x4d);
        assert_eq!(Depth::True.nearest(orange), orange);
        assert!(matches!(
            Depth::Palette.nearest(orange),
            Color::Indexed(16..)
        ));
        assert_eq!(
            Depth::Sixteen.nearest(Color::Rgb(0xff, 0x87, 0x87)),
            Color::LightRed
        );
        assert_eq!(Depth::Sixteen.nearest(Color::Indexed(28)), Color::Green);
        assert_eq!(Depth::Sixteen.nearest(Color::Indexed(9)), Color::LightRed);
        assert_eq!(Depth::Sixteen.nearest(Color::Indexed(245)), Color::DarkGray);
        assert_eq!(Depth::Sixteen.nearest(Color::Indexed(236)), Color::DarkGray);
        assert_eq!(Depth::Sixteen.nearest(Color::Green), Color::Green);
        assert_eq!(Depth::Sixteen.nearest(Color::Reset), Color::Reset);
    }
}
