//! The colours of the two terminals that are drawn: sixteen, a text and a ground.

use vt100::Color;

pub struct Palette {
    pub text: &'static str,
    pub ground: &'static str,
    pub border: &'static str,
    sixteen: [&'static str; 16],
}

pub const DARK: Palette = Palette {
    text: "#d8dee9",
    ground: "#14171c",
    border: "#2b313b",
    sixteen: [
        "#1d2128", "#e06c75", "#8cc265", "#d9a75b", "#5aa5ee", "#c27fd7", "#42b3c2", "#c8ccd4",
        "#7a8291", "#ff7b86", "#a5e075", "#f0c274", "#74b9ff", "#de9df0", "#5fd0e0", "#ffffff",
    ],
};

pub const LIGHT: Palette = Palette {
    text: "#24292f",
    ground: "#ffffff",
    border: "#d0d7de",
    sixteen: [
        "#24292f", "#b3261e", "#1a7f37", "#7d4e00", "#0550ae", "#7a2ea0", "#1b6b78", "#57606a",
        "#6e7781", "#a40e26", "#116329", "#633c01", "#0a3069", "#5a1e80", "#0f4f59", "#8c959f",
    ],
};

impl Palette {
    /// The colour as `#rrggbb`; `None` is the terminal's own.
    pub fn colour(&self, colour: Color) -> Option<String> {
        match colour {
            Color::Default => None,
            Color::Rgb(red, green, blue) => Some(format!("#{red:02x}{green:02x}{blue:02x}")),
            Color::Idx(index) => Some(self.indexed(index)),
        }
    }

    /// The sixteen of the terminal, the cube of 6 × 6 × 6, then 24 greys, as xterm has them.
    fn indexed(&self, index: u8) -> String {
        if let Some(named) = self.sixteen.get(usize::from(index)) {
            return (*named).to_owned();
        }
        if index >= 232 {
            let grey = 8 + 10 * (index - 232);
            return format!("#{grey:02x}{grey:02x}{grey:02x}");
        }
        let level = |part: u8| if part == 0 { 0 } else { 55 + 40 * part };
        let cube = index - 16;
        let (red, green, blue) = (level(cube / 36), level(cube / 6 % 6), level(cube % 6));
        format!("#{red:02x}{green:02x}{blue:02x}")
    }
}
