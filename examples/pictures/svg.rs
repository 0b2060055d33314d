//! A terminal's screen as SVG: grounds as rectangles, runs of one style as text that is stretched
//! to its cells, so that columns stay columns in whatever font the reader has.

use std::fmt::Write as _;

use crate::palette::Palette;

/// A cell in user units; a line is drawn on its baseline.
const WIDTH: f32 = 8.4;
const HEIGHT: f32 = 16.4;
const BASELINE: f32 = 12.8;
const MARGIN: f32 = 14.0;

/// One drawn screen.
pub struct Frame {
    size: (u16, u16),
    body: String,
    ground: &'static str,
    border: &'static str,
}

/// Cells in a row that look the same.
#[derive(PartialEq, Eq)]
struct Style {
    fg: String,
    bg: Option<String>,
    bold: bool,
    dim: bool,
    italic: bool,
    underline: bool,
}

impl Frame {
    pub fn of(screen: &vt100::Screen, palette: &Palette) -> Self {
        let (rows, columns) = screen.size();
        let mut body = String::new();
        for row in 0..rows {
            let mut column = 0;
            while column < columns {
                let (style, text, cells) = run(screen, palette, row, column, columns);
                draw(&mut body, &style, &text, row, column, cells);
                column += cells.max(1);
            }
        }
        Self {
            size: (columns, rows),
            body,
            ground: palette.ground,
            border: palette.border,
        }
    }

    /// The size of the picture in user units.
    fn extent(&self) -> (f32, f32) {
        let (columns, rows) = self.size;
        (
            f32::from(columns) * WIDTH + 2.0 * MARGIN,
            f32::from(rows) * HEIGHT + 2.0 * MARGIN,
        )
    }
}

/// Collects the cells from `column` on that share a style: style, text, number of cells.
fn run(
    screen: &vt100::Screen,
    palette: &Palette,
    row: u16,
    column: u16,
    columns: u16,
) -> (Style, String, u16) {
    let first = style(screen, palette, row, column);
    let (mut text, mut cells) = (String::new(), 0);
    while column + cells < columns && style(screen, palette, row, column + cells) == first {
        let cell = screen.cell(row, column + cells);
        match cell {
            Some(cell) if cell.is_wide_continuation() => {}
            Some(cell) if cell.has_contents() => text.push_str(cell.contents()),
            _ => text.push(' '),
        }
        cells += 1;
    }
    (first, text, cells)
}

fn style(screen: &vt100::Screen, palette: &Palette, row: u16, column: u16) -> Style {
    // The second half of a wide character looks as its first.
    let cell = match screen.cell(row, column) {
        Some(cell) if cell.is_wide_continuation() => screen.cell(row, column.saturating_sub(1)),
        cell => cell,
    };
    let Some(cell) = cell else {
        return Style {
            fg: palette.text.to_owned(),
            bg: None,
            bold: false,
            dim: false,
            italic: false,
            underline: false,
        };
    };
    let (mut fg, mut bg) = (
        palette.colour(cell.fgcolor()),
        palette.colour(cell.bgcolor()),
    );
    if cell.inverse() {
        let ground = bg.unwrap_or_else(|| palette.ground.to_owned());
        bg = Some(fg.unwrap_or_else(|| palette.text.to_owned()));
        fg = Some(ground);
    }
    Style {
        fg: fg.unwrap_or_else(|| palette.text.to_owned()),
        bg,
        bold: cell.bold(),
        dim: cell.dim(),
        italic: cell.italic(),
        underline: cell.underline(),
    }
}

fn draw(body: &mut String, style: &Style, text: &str, row: u16, column: u16, cells: u16) {
    let (x, y) = (f32::from(column) * WIDTH, f32::from(row) * HEIGHT);
    let width = f32::from(cells) * WIDTH;
    if let Some(bg) = &style.bg {
        let _ = writeln!(
            body,
            r#"<rect x="{x:.1}" y="{y:.1}" width="{width:.1}" height="{HEIGHT}" fill="{bg}"/>"#
        );
    }
    if text.trim().is_empty() && !style.underline {
        return;
    }
    let mut looks = String::new();
    for (on, attribute) in [
        (style.bold, r#" font-weight="700""#),
        (style.dim, r#" opacity="0.65""#),
        (style.italic, r#" font-style="italic""#),
        (style.underline, r#" text-decoration="underline""#),
    ] {
        if on {
            looks.push_str(attribute);
        }
    }
    let (fg, y) = (&style.fg, y + BASELINE);
    let _ = writeln!(
        body,
        r#"<text x="{x:.1}" y="{y:.1}" textLength="{width:.1}" fill="{fg}"{looks}>{}</text>"#,
        escaped(text)
    );
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}

fn opened(frame: &Frame, style: &str) -> String {
    let (width, height) = frame.extent();
    format!(
        concat!(
            r#"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {w:.0} {h:.0}" width="{w:.0}" height="{h:.0}">"#,
            "\n<style>text{{font:14px 'DejaVu Sans Mono','Cascadia Mono',Menlo,Consolas,monospace;",
            "white-space:pre}}{style}</style>\n",
            r#"<rect x="0.5" y="0.5" width="{iw:.0}" height="{ih:.0}" rx="9" fill="{ground}" stroke="{stroke}"/>"#,
            "\n"
        ),
        w = width,
        h = height,
        iw = width - 1.0,
        ih = height - 1.0,
        style = style,
        ground = frame.ground,
        stroke = frame.border,
    )
}

pub fn still(frame: &Frame) -> String {
    let body = &frame.body;
    format!(
        "{}<g transform=\"translate({MARGIN} {MARGIN})\" xml:space=\"preserve\">\n{body}</g>\n</svg>\n",
        opened(frame, "")
    )
}

/// Frames one after another, each for its milliseconds, over and over. Without animation (reduced
/// motion, or a viewer that has none) the last one stays.
pub fn animated(frames: &[(Frame, u64)]) -> String {
    let Some((first, _)) = frames.first() else {
        return String::new();
    };
    let total: u64 = frames.iter().map(|(_, millis)| millis).sum();
    let mut style = String::from(
        ".f{visibility:hidden}.f:last-of-type{visibility:visible}@media (prefers-reduced-motion:no-preference){.f:last-of-type{visibility:hidden}",
    );
    let mut begun = 0;
    let part = |millis: u64| {
        #[expect(
            clippy::cast_precision_loss,
            reason = "a share of some seconds, in percent"
        )]
        let share = millis as f64 / total.max(1) as f64;
        share * 100.0
    };
    for (index, (_, millis)) in frames.iter().enumerate() {
        let (from, to) = (part(begun), part(begun + millis));
        let _ = write!(
            style,
            ".f.f{index}{{animation:k{index} {total}ms step-end infinite}}@keyframes k{index}{{0%{{visibility:hidden}}{from:.3}%{{visibility:visible}}{to:.3}%{{visibility:hidden}}}}",
        );
        begun += millis;
    }
    style.push('}');
    let mut svg = opened(first, &style);
    for (index, (frame, _)) in frames.iter().enumerate() {
        let _ = writeln!(
            svg,
            "<g class=\"f f{index}\" transform=\"translate({MARGIN} {MARGIN})\" xml:space=\"preserve\">\n{}</g>",
            frame.body
        );
    }
    svg.push_str("</svg>\n");
    svg
}
