//! Where the parts of a picture stand: header, panels, side, footer, and the columns of the tables. What
//! stands in them is said by `app::view`, how it looks by the files beside.

use ratatui::layout::Rect;

use super::table::Layout;
use crate::app::view::panel::Content;
use crate::app::view::{Panel, View};

/// The parts of the screen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Regions {
    pub header: Rect,
    pub main: Rect,
    pub side: Rect,
    /// In which column the line before the side is.
    pub side_rule: Option<u16>,
    /// In which row the line above the footer is.
    pub footer_rule: Option<u16>,
    pub footer: Rect,
}

impl Regions {
    pub fn of(view: &View, area: Rect) -> Self {
        let lines = |bars: &[crate::app::view::Bar]| u16::try_from(bars.len()).unwrap_or(u16::MAX);
        let header = Rect {
            height: lines(&view.header).min(area.height),
            ..area
        };
        let foot = view.shape.footer.min(area.bottom() - header.bottom());
        let body = Rect {
            y: header.bottom(),
            height: area.bottom() - header.bottom() - foot,
            ..area
        };
        let wide = view.shape.side.min(body.width);
        let main = Rect {
            width: body.width - wide,
            ..body
        };
        let has_rule = foot > lines(&view.footer);
        let begins = body.bottom() + u16::from(has_rule);
        Self {
            header,
            main,
            side: Rect {
                x: main.right() + wide.min(1),
                width: wide.saturating_sub(1),
                ..body
            },
            side_rule: (wide > 0).then_some(main.right()),
            footer_rule: has_rule.then_some(body.bottom()),
            footer: Rect {
                y: begins,
                height: lines(&view.footer).min(area.bottom() - begins),
                ..area
            },
        }
    }
}

/// Panels one below the other, each with its place.
pub(super) fn stacked(area: Rect, panels: &[Panel]) -> impl Iterator<Item = (Rect, &Panel)> {
    let mut y = area.y;
    panels.iter().map(move |panel| {
        let height = panel.height.min(area.bottom() - y);
        let place = Rect { y, height, ..area };
        y += height;
        (place, panel)
    })
}

/// What of a panel's place is left for what stands under its title.
pub(super) fn under_title(area: Rect, panel: &Panel) -> Rect {
    let title = u16::from(panel.title.is_some()).min(area.height);
    Rect {
        y: area.y + title,
        height: area.height - title,
        ..area
    }
}

/// The columns of a picture's tables, panel by panel.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Layouts {
    pub main: Vec<Option<Layout>>,
    pub side: Vec<Option<Layout>>,
}

impl Layouts {
    pub fn of(view: &View, regions: &Regions) -> Self {
        let of = |area, panels| {
            let panels = stacked(area, panels);
            let layouts = panels.map(|(area, panel)| match &panel.content {
                Content::Table(table) => Some(Layout::of(table, under_title(area, panel).width)),
                Content::Lines(_) => None,
            });
            layouts.collect()
        };
        Self {
            main: of(regions.main, &view.main),
            side: of(regions.side, &view.side),
        }
    }
}
