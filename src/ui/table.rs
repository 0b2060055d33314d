//! Tables: columns as wide as what is seen of them; where the room is short they narrow, and then
//! the ones of the highest rank go.

use ratatui::layout::Rect;

use super::hits::Hits;
use super::text::Pen;
use crate::app::view::line::{Line, Tone, width};
use crate::app::view::panel::{Entry, Row, Table};

/// Columns before the first cell: the cursor or the mark.
pub(super) const LEAD: usize = 2;
/// A revision is not cut shorter than this.
const SHORTEST: usize = 7;
/// A name that is longer gives before a column that stands aside goes.
const LONG_NAME: usize = 20;

/// How wide the columns of a table are, and how far from each other.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Layout {
    columns: Vec<Width>,
    gap: usize,
}

impl Layout {
    /// Of the rows that are seen, in a panel that is so wide.
    pub fn of(table: &Table, wide: u16) -> Self {
        let mut columns = measured(table);
        let bracketed = |row: &Row| {
            let Row::Entries { selected, .. } = row else {
                return false;
            };
            selected.is_some()
        };
        let bracketed = table.rows.iter().any(bracketed);
        let room = usize::from(wide).saturating_sub(LEAD);
        let gap = fit(&mut columns, room, bracketed);
        Self { columns, gap }
    }

    /// The width of each column that is drawn.
    pub fn widths(&self) -> impl Iterator<Item = Option<u16>> + Clone {
        let columns = self.columns.iter();
        columns.map(|width| (!width.dropped).then(|| narrow(width.whole())))
    }

    pub fn gap(&self) -> usize {
        self.gap
    }
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Width {
    title: usize,
    head: usize,
    tail: usize,
    /// The widest of the heads that stand alone.
    alone: usize,
    dropped: bool,
    least: usize,
    rank: u8,
    aside: bool,
    /// What it would take beyond what it is counted with.
    spread: usize,
}

impl Width {
    fn whole(self) -> usize {
        let pair = self.head + self.tail + usize::from(self.tail > 0 && self.head > 0);
        pair.max(self.title).max(self.alone)
    }
}

pub(super) fn draw(pen: &mut Pen<'_>, area: Rect, table: &Table, layout: &Layout, hits: &mut Hits) {
    if area.is_empty() {
        return;
    }
    hits.table(area, table, layout);
    if pen.paints(area.y) {
        titles(pen, area, table, layout);
    }
    let rows = table.rows.iter().zip(area.top() + 1..area.bottom());
    for (row, y) in rows {
        if !pen.paints(y) {
            continue;
        }
        match row {
            Row::Heading(line) => {
                pen.line(area.x + narrow(LEAD), y, area.width.saturating_sub(2), line);
            }
            Row::Entries {
                cells,
                cursor,
                selected,
                marked,
            } => {
                if *cursor {
                    pen.highlight(Rect {
                        y,
                        height: 1,
                        ..area
                    });
                    pen.text(area.x, y, 1, ">", Tone::Strong);
                }
                if *marked {
                    pen.text(area.x + 1, y, 1, "*", Tone::Accent);
                }
                entries(pen, (area, y), cells, *selected, layout);
            }
        }
    }
}

fn titles(pen: &mut Pen<'_>, area: Rect, table: &Table, layout: &Layout) {
    let mut x = LEAD;
    for (column, width) in table.columns.iter().zip(&layout.columns) {
        if !width.dropped {
            let at = area.x + narrow(x);
            let room = area.right().saturating_sub(at);
            pen.line(
                at,
                area.y,
                room,
                &Line::of(column.tone.unwrap_or(Tone::Heading), column.title.clone()),
            );
            x += width.whole() + layout.gap;
        }
    }
}

fn entries(
    pen: &mut Pen<'_>,
    (area, y): (Rect, u16),
    cells: &[Entry],
    selected: Option<usize>,
    layout: &Layout,
) {
    let widths = &layout.columns;
    let mut x = LEAD;
    for (place, (cell, width)) in cells.iter().zip(widths).enumerate() {
        if width.dropped {
            continue;
        }
        let at = area.x + narrow(x);
        let last = widths.iter().skip(place + 1).all(|width| width.dropped);
        let room = if last {
            area.right().saturating_sub(at)
        } else {
            narrow(width.whole()).min(area.right().saturating_sub(at))
        };
        let mut used;
        if cell.tail.is_empty() {
            used = if selected.is_some() && place == 0 {
                pen.line(at, y, room, &cell.head.clone().strong())
            } else {
                pen.line(at, y, room, &cell.head)
            };
        } else {
            let head = narrow(width.head).min(room);
            pen.line(at, y, head, &cell.head);
            used = head + u16::from(width.head > 0);
            used += pen.line(at + used, y, room.saturating_sub(used), &cell.tail);
        }
        if selected == Some(place) {
            pen.text(at - 1, y, 1, "[", Tone::Strong);
            pen.text(at + used, y, 1, "]", Tone::Strong);
        }
        x += width.whole() + layout.gap;
    }
}

fn measured(table: &Table) -> Vec<Width> {
    let columns = table.columns.iter().map(|column| Width {
        title: width(&column.title),
        least: usize::from(column.least),
        rank: column.rank,
        aside: column.aside,
        ..Width::default()
    });
    let mut columns: Vec<Width> = columns.collect();
    for row in &table.rows {
        let Row::Entries { cells, .. } = row else {
            continue;
        };
        for (cell, width) in cells.iter().zip(&mut columns) {
            if cell.tail.is_empty() {
                width.alone = width.alone.max(cell.head.width());
            } else {
                width.head = width.head.max(cell.head.width());
                width.tail = width.tail.max(cell.tail.width());
            }
        }
    }
    // The last column takes what is left, so its long texts take nothing from the others.
    if let (Some(column), Some(width)) = (table.columns.last(), columns.last_mut())
        && column.grows
    {
        let counted = width.alone.min(width.least);
        width.spread = width.alone - counted;
        width.alone = counted;
    }
    columns
}

/// Makes the columns fit, and returns the gap between them. Brackets stand in the gaps: where these are
/// narrow, a bracket does not touch the last column, which says what may be done.
fn fit(columns: &mut [Width], room: usize, bracketed: bool) -> usize {
    let natural = columns.to_vec();
    loop {
        let shown = columns.iter().filter(|column| !column.dropped).count();
        let gaps = shown.saturating_sub(1);
        let total: usize = shown_total(columns);
        if total + 2 * gaps <= room {
            let spread: usize = columns.iter().map(|column| column.spread).sum();
            let spare = room.saturating_sub(total + spread + 2 * gaps);
            return 2 + (spare / gaps.max(1)).min(2);
        }
        if total + gaps <= room {
            if bracketed && (total + gaps < room || narrow_head(columns)) {
                let mut shown = columns.iter_mut().filter(|column| !column.dropped);
                if let Some(before) = shown.nth_back(1) {
                    before.alone = before.whole() + 1;
                }
            }
            return 1;
        }
        if narrow_name(columns, LONG_NAME) {
            continue;
        }
        let mut aside = columns.iter();
        let aside = aside.rposition(|column| column.aside && !column.dropped);
        if aside.is_none() && narrow_one(columns) {
            continue;
        }
        let worst = || {
            columns
                .iter()
                .enumerate()
                .skip(1)
                .filter(|(_, column)| !column.dropped && column.rank > 0)
                .max_by_key(|(_, column)| column.rank)
                .map(|(place, _)| place)
        };
        let Some(worst) = aside.or_else(worst) else {
            return 1;
        };
        // With one column less, the others may be as wide as they would be again.
        for (place, (column, natural)) in columns.iter_mut().zip(&natural).enumerate() {
            let dropped = column.dropped || place == worst;
            *column = Width {
                dropped,
                ..*natural
            };
        }
    }
}

fn shown_total(columns: &[Width]) -> usize {
    columns
        .iter()
        .filter(|column| !column.dropped)
        .map(|column| column.whole())
        .sum()
}

/// Takes one column's width from the widest that can give; says whether any could.
fn narrow_one(columns: &mut [Width]) -> bool {
    let least = |first: &Width| first.least.max(first.title);
    narrow_name(columns, 12)
        || narrow_head(columns)
        || columns
            .first()
            .map(least)
            .is_some_and(|least| narrow_name(columns, least))
}

/// Takes it from the first column, whose texts are names, while it is wider than this.
fn narrow_name(columns: &mut [Width], least: usize) -> bool {
    let first = columns.first_mut().filter(|column| column.alone > least);
    first.is_some_and(|first| {
        first.alone -= 1;
        true
    })
}

/// Takes it from the longest revision that can give.
fn narrow_head(columns: &mut [Width]) -> bool {
    let widest = columns
        .iter_mut()
        .filter(|column| !column.dropped && column.head > SHORTEST)
        .filter(|column| column.whole() > column.least.max(column.title))
        .max_by_key(|column| column.head);
    widest.is_some_and(|widest| {
        widest.head -= 1;
        true
    })
}

fn narrow(columns: usize) -> u16 {
    u16::try_from(columns).unwrap_or(u16::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::view::panel::Column;
    use crate::domain::text::clean;
    use crate::ui::Theme;
    use crate::ui::canvas::Rows;
    use proptest::prelude::*;

    /// Where each row's second column begins, by the cells of the screen.
    fn second_column(texts: &[String], columns: u16) -> Vec<Option<usize>> {
        let rows = texts.iter().map(|text| Row::Entries {
            cells: vec![
                Entry::of(Line::plain(text.clone())),
                Entry::of(Line::plain("@END")),
            ]
            .into(),
            cursor: false,
            selected: None,
            marked: false,
        });
        let column = |title: &'static str| Column {
            title: title.into(),
            least: 4,
            ..Column::default()
        };
        let table = Table {
            columns: vec![column("A"), column("B")],
            rows: rows.collect(),
        };
        let height = u16::try_from(texts.len()).unwrap() + 1;
        let area = Rect::new(0, 0, columns, height);
        let mut rows = Rows::blank(area.as_size());
        let theme = Theme::mono();
        let mut pen = Pen::new(&mut rows, &theme, false);
        let layout = Layout::of(&table, columns);
        draw(&mut pen, area, &table, &layout, &mut Hits::default());
        let rows = rows.painted.iter().skip(1);
        rows.map(|row| row.content.iter().position(|cell| cell.symbol() == "@"))
            .collect()
    }

    #[test]
    fn a_bracket_does_not_touch_what_comes_last() {
        let whole = |text: &str| Entry {
            head: Line::plain(text.to_owned()),
            tail: Line::plain("SENT 1s"),
        };
        let table = Table {
            columns: ["SERVICE", "PROD", "NEXT"]
                .map(|title| Column {
                    title: title.into(),
                    least: 4,
                    ..Column::default()
                })
                .into(),
            rows: vec![Row::Entries {
                cells: vec![
                    Entry::of(Line::plain("search")),
                    whole("v2.40.3-rc.1"),
                    Entry::of(Line::plain("+1 READY")),
                ]
                .into(),
                cursor: true,
                selected: Some(1),
                marked: false,
            }],
        };
        for columns in 35..60 {
            let area = Rect::new(0, 0, columns, 2);
            let mut rows = Rows::blank(area.as_size());
            let theme = Theme::mono();
            let mut pen = Pen::new(&mut rows, &theme, false);
            let layout = Layout::of(&table, columns);
            draw(&mut pen, area, &table, &layout, &mut Hits::default());
            let row = rows.painted.get(1).unwrap().content.iter();
            let row: String = row.map(ratatui::buffer::Cell::symbol).collect();
            assert!(row.contains("SENT 1s] "), "{columns}: {row}");
            assert!(row.contains("+1 READY"), "{columns}: {row}");
        }
    }

    #[test]
    fn a_column_that_stands_aside_goes_before_a_revision_is_cut() {
        let cell = |text: &str| Entry {
            head: Line::plain(text.to_owned()),
            tail: Line::plain("OK"),
        };
        let column = |title: &'static str| Column {
            title: title.into(),
            least: 4,
            ..Column::default()
        };
        let aside = Column {
            least: 14,
            rank: 100,
            grows: true,
            aside: true,
            ..column("EARLIEST GO")
        };
        let table = Table {
            columns: vec![column("SERVICE"), column("STAGING"), column("PROD"), aside],
            rows: vec![Row::Entries {
                cells: vec![
                    Entry::of(Line::plain("almanac")),
                    cell("v2026.11.24-rc.1"),
                    cell("v2026.11.17-rc.3"),
                    Entry::of(Line::plain("tomorrow, Tuesday at 09:00 (window)")),
                ]
                .into(),
                cursor: false,
                selected: None,
                marked: false,
            }],
        };
        let shown = |columns| {
            let layout = Layout::of(&table, columns);
            layout.widths().map(|width| width.unwrap_or(0)).collect()
        };
        // Two for the cursor, 7 of the name, twice 19, gaps of one.
        let whole: Vec<u16> = shown(2 + 7 + 2 * 20 + 16);
        assert_eq!(whole, [7, 19, 19, 14]);
        let short: Vec<u16> = shown(2 + 7 + 2 * 20 + 14);
        assert_eq!(short, [7, 19, 19, 0], "it goes, and nothing else narrows");
        let shorter: Vec<u16> = shown(2 + 7 + 2 * 20 - 2);
        assert_eq!(shorter, [7, 18, 18, 0]);
    }

    proptest! {
        #[test]
        fn no_text_moves_the_column_beside_it(
            texts in prop::collection::vec("[a-z日本🚀ﷺ👩🏽é❤\u{fe0f}\u{200d}\u{202e} ]{0,20}", 1..5),
            columns in 24_u16..70,
        ) {
            let texts: Vec<String> = texts.iter().map(|text| clean(text)).collect();
            let begins = second_column(&texts, columns);
            prop_assert!(begins.iter().all(|begin| begin.is_some() && *begin == begins[0]), "{begins:?}");
        }
    }
}
