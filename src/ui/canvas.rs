//! The canvas: the picture that is shown, row by row, and the next one. Only rows that differ are painted,
//! compared and sent. Which ones those are lives in `changes`, how a picture's parts look in the files
//! beside.

use ratatui::backend::Backend;
use ratatui::buffer::{Buffer, Cell};
use ratatui::layout::{Position, Rect, Size};

use super::hits::Hits;
use super::regions::{Layouts, Regions};
use super::text::Pen;
use super::{Theme, bar, changes, dialog, panel};
use crate::app::interface::Target;
use crate::app::view::line::Tone;
use crate::app::view::{Panel, View};

/// What a terminal shows, and what it is about to show.
#[derive(Debug, Default)]
pub struct Canvas {
    size: Size,
    rows: Rows,
    /// The picture that is shown, and how.
    shown: Option<Shown>,
}

#[derive(Debug)]
struct Shown {
    view: View,
    layouts: Layouts,
    theme: Theme,
}

/// The rows of a screen, a buffer each.
#[derive(Debug, Default)]
pub(super) struct Rows {
    /// As the terminal has them.
    sent: Vec<Buffer>,
    /// As they are to be. Those that are not to be painted are out of date.
    pub painted: Vec<Buffer>,
    /// Which ones are painted.
    pub changed: Vec<bool>,
}

impl Canvas {
    /// Makes the terminal show a picture.
    ///
    /// # Errors
    ///
    /// If the terminal cannot be written to.
    pub fn draw<B: Backend>(
        &mut self,
        view: View,
        theme: &Theme,
        terminal: &mut B,
    ) -> Result<(), B::Error> {
        let size = terminal.size()?;
        if size != self.size {
            // What stood beyond the new edges may be anywhere now.
            if self.size != Size::default() {
                terminal.clear()?;
            }
            self.resize(size);
        }
        let caret = self.paint(view, theme);
        terminal.draw(self.rows.different())?;
        match caret {
            Some(caret) => {
                terminal.show_cursor()?;
                terminal.set_cursor_position(caret)?;
            }
            None => terminal.hide_cursor()?,
        }
        terminal.flush()?;
        self.rows.sent();
        Ok(())
    }

    /// Forgets what the terminal shows: it is blank now.
    pub fn forget(&mut self) {
        self.resize(self.size);
    }

    /// What lies at a place of the picture that is shown. It is painted once more for that, out of
    /// sight: clicks are rare, and pictures are not.
    pub fn target(&self, x: u16, y: u16, theme: &Theme) -> Target {
        let Some(Shown { view, layouts, .. }) = &self.shown else {
            return Target::Nothing;
        };
        let mut rows = Rows::blank(Size::new(view.shape.columns, view.shape.rows));
        let mut hits = Hits::noting();
        paint(&mut rows, view, layouts, theme, &mut hits);
        hits.at(x, y)
    }

    fn resize(&mut self, size: Size) {
        self.size = size;
        self.rows = Rows::blank(size);
        self.shown = None;
    }

    /// Paints the rows in which a picture differs from the one that is shown.
    fn paint(&mut self, view: View, theme: &Theme) -> Option<Position> {
        let area = Rect::from((Position::ORIGIN, self.size));
        let regions = Regions::of(&view, area);
        let layouts = Layouts::of(&view, &regions);
        let alike = self.shown.as_ref().filter(|shown| shown.theme == *theme);
        if let Some(shown) = alike {
            let old = (&shown.view, &shown.layouts);
            changes::mark(&mut self.rows.changed, &regions, old, (&view, &layouts));
        } else {
            self.rows.changed.fill(true);
        }
        let caret = paint(&mut self.rows, &view, &layouts, theme, &mut Hits::default());
        self.shown = Some(Shown {
            view,
            layouts,
            theme: theme.clone(),
        });
        caret
    }
}

impl Rows {
    pub fn blank(size: Size) -> Self {
        let row = |y| Buffer::empty(Rect::new(0, y, size.width, 1));
        Self {
            sent: (0..size.height).map(row).collect(),
            painted: (0..size.height).map(row).collect(),
            changed: vec![true; usize::from(size.height)],
        }
    }

    /// The cells that the terminal does not show as they are to be.
    fn different(&self) -> impl Iterator<Item = (u16, u16, &Cell)> {
        let rows = self.sent.iter().zip(&self.painted).zip(&self.changed);
        rows.filter(|(_, changed)| **changed)
            .flat_map(|((sent, painted), _)| bridged(sent.diff_iter(painted), painted))
    }

    /// The terminal has them now.
    fn sent(&mut self) {
        let rows = self.sent.iter_mut().zip(&mut self.painted);
        for ((sent, painted), changed) in rows.zip(&mut self.changed) {
            if std::mem::take(changed) {
                std::mem::swap(sent, painted);
            }
        }
    }

    fn area(&self) -> Rect {
        let width = self.painted.first().map_or(0, |row| row.area.width);
        let height = u16::try_from(self.painted.len()).unwrap_or(u16::MAX);
        Rect::new(0, 0, width, height)
    }
}

/// How many cells are sent again sooner than stepped over: to step costs three or four bytes.
const STRIDE: u16 = 3;

/// The cells of a row that differ, with the few between two of them that look like the one before.
fn bridged<'a>(
    cells: impl Iterator<Item = (u16, u16, &'a Cell)>,
    row: &'a Buffer,
) -> impl Iterator<Item = (u16, u16, &'a Cell)> {
    // How wide anything but ASCII is, a terminal may see otherwise.
    let is_plain = |cell: &Cell| cell.symbol().len() == 1;
    let mut last: Option<(u16, &Cell)> = None;
    cells.flat_map(move |(x, y, cell)| {
        let begin = last.map_or(x, |(at, before)| {
            let between = row.content.get(usize::from(at) + 1..usize::from(x));
            let alike = |cell: &Cell| is_plain(cell) && cell.style() == before.style();
            let bridges = x - at <= STRIDE + 1
                && is_plain(before)
                && between.is_some_and(|cells| cells.iter().all(alike));
            if bridges { at + 1 } else { x }
        });
        last = Some((x, cell));
        row.content[usize::from(begin)..=usize::from(x)]
            .iter()
            .zip(begin..)
            .map(move |(cell, x)| (x, y, cell))
    })
}

/// Paints the rows that are to be painted, and says where the text cursor stands.
///
/// ```text
/// header
/// main panels, one below the other │ side panels
/// ─────────────────────────────────────────────
/// footer
/// ```
fn paint(
    rows: &mut Rows,
    view: &View,
    layouts: &Layouts,
    theme: &Theme,
    hits: &mut Hits,
) -> Option<Position> {
    let area = rows.area();
    let base = theme.style(Tone::Plain);
    // A theme that leaves the terminal's own colours has nothing to lay under the texts.
    let has_paper = Cell::default().set_style(base) != &Cell::default();
    for (row, _) in rows
        .painted
        .iter_mut()
        .zip(&rows.changed)
        .filter(|(_, changed)| **changed)
    {
        row.reset();
        if has_paper {
            row.set_style(row.area, base);
        }
    }
    let regions = Regions::of(view, area);
    let mut pen = Pen::new(rows, theme, view.ascii);
    bars(&mut pen, regions.header, &view.header);
    stack(&mut pen, regions.main, &view.main, &layouts.main, hits);
    if let Some(rule) = regions.side_rule {
        for y in regions.side.top()..regions.side.bottom() {
            pen.rule_down(rule, y);
        }
        // What stands at the side is looked at, and not pointed at.
        let known = hits.mark();
        stack(&mut pen, regions.side, &view.side, &layouts.side, hits);
        hits.back_to(known);
    }
    if let Some(rule) = regions.footer_rule {
        pen.rule(area.x, rule, area.width);
    }
    bars(&mut pen, regions.footer, &view.footer);
    let dialogs = view.over.iter();
    dialogs
        .filter_map(|over| dialog::draw(&mut pen, area, over, hits))
        .last()
}

fn bars(pen: &mut Pen<'_>, area: Rect, bars: &[crate::app::view::Bar]) {
    for (bar, y) in bars.iter().zip(area.top()..area.bottom()) {
        if pen.paints(y) {
            bar::draw(
                pen,
                Rect {
                    y,
                    height: 1,
                    ..area
                },
                bar,
            );
        }
    }
}

fn stack(
    pen: &mut Pen<'_>,
    area: Rect,
    panels: &[Panel],
    layouts: &[Option<super::table::Layout>],
    hits: &mut Hits,
) {
    let panels = super::regions::stacked(area, panels).zip(layouts);
    for ((area, panel), layout) in panels {
        panel::draw(pen, area, panel, layout.as_ref(), hits);
    }
}

/// Draws a picture into a buffer, without a terminal.
pub fn render(view: &View, columns: u16, rows: u16, theme: &Theme) -> Buffer {
    let mut canvas = Canvas::default();
    canvas.resize(Size::new(columns, rows));
    canvas.paint(view.clone(), theme);
    let mut whole = Buffer::empty(canvas.rows.area());
    let cells = canvas.rows.painted.into_iter().flat_map(|row| row.content);
    whole.content = cells.collect();
    whole
}

#[cfg(test)]
pub(super) mod tests;
