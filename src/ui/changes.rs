//! Changes: in which rows of the screen one picture differs from another. More rows than that may be
//! named, never fewer: what is not named is not painted.

use ratatui::layout::Rect;

use super::regions::{Layouts, Regions, stacked, under_title};
use super::table::Layout;
use crate::app::view::panel::Content;
use crate::app::view::{Bar, Panel, View};

type Laid<'a> = (&'a View, &'a Layouts);

/// Marks the rows of the screen in which the new picture, which lies in `regions`, differs from the old.
pub(super) fn mark(
    changed: &mut [bool],
    regions: &Regions,
    (old, old_layouts): Laid<'_>,
    (new, new_layouts): Laid<'_>,
) {
    let has_same_parts = old.shape == new.shape
        && old.ascii == new.ascii
        && old.header.len() == new.header.len()
        && old.footer.len() == new.footer.len();
    // What a dialog covers, and uncovers, is all painted.
    if !has_same_parts || !old.over.is_empty() || !new.over.is_empty() {
        changed.fill(true);
        return;
    }
    let mut changed = Changed(changed);
    changed.bars(regions.header, &old.header, &new.header);
    changed.stack(
        regions.main,
        (&old.main, &old_layouts.main),
        (&new.main, &new_layouts.main),
    );
    changed.stack(
        regions.side,
        (&old.side, &old_layouts.side),
        (&new.side, &new_layouts.side),
    );
    changed.bars(regions.footer, &old.footer, &new.footer);
}

struct Changed<'a>(&'a mut [bool]);

impl Changed<'_> {
    fn row(&mut self, y: u16) {
        if let Some(changed) = self.0.get_mut(usize::from(y)) {
            *changed = true;
        }
    }

    fn all(&mut self, area: Rect) {
        (area.top()..area.bottom()).for_each(|y| self.row(y));
    }

    /// What stands in lines: each with what stood there.
    fn lines<T: PartialEq>(&mut self, area: Rect, old: &[T], new: &[T]) {
        for (place, y) in (area.top()..area.bottom()).enumerate() {
            if old.get(place) != new.get(place) {
                self.row(y);
            }
        }
    }

    fn bars(&mut self, area: Rect, old: &[Bar], new: &[Bar]) {
        self.lines(area, old, new);
    }

    fn stack(
        &mut self,
        area: Rect,
        (old, old_layouts): (&[Panel], &[Option<Layout>]),
        (new, new_layouts): (&[Panel], &[Option<Layout>]),
    ) {
        let pairs = old.iter().zip(new);
        let alike = pairs.take_while(|(old, new)| old.height == new.height);
        let alike = alike.count();
        let olds = old.iter().zip(old_layouts);
        let news = stacked(area, new).zip(new_layouts);
        let mut end = area.y;
        for (old, ((place, new), layout)) in olds.zip(news).take(alike) {
            self.panel(place, old, (new, layout));
            end = place.bottom();
        }
        // From the first panel on that stands elsewhere, or is gone, everything is another.
        if alike < old.len().max(new.len()) {
            self.all(Rect {
                y: end,
                height: area.bottom() - end,
                ..area
            });
        }
    }

    fn panel(
        &mut self,
        area: Rect,
        (old, old_layout): (&Panel, &Option<Layout>),
        (new, new_layout): (&Panel, &Option<Layout>),
    ) {
        if old.title.is_some() != new.title.is_some() {
            self.all(area);
            return;
        }
        if old.title != new.title {
            self.row(area.y);
        }
        let area = under_title(area, new);
        match (&old.content, &new.content) {
            (Content::Lines(old), Content::Lines(new)) => self.lines(area, old, new),
            (Content::Table(old), Content::Table(new))
                if old_layout == new_layout && old.columns == new.columns =>
            {
                // The first row has the titles of the columns.
                let rows = Rect {
                    y: area.y + area.height.min(1),
                    height: area.height.saturating_sub(1),
                    ..area
                };
                self.lines(rows, &old.rows, &new.rows);
            }
            _ => self.all(area),
        }
    }
}
