//! What stands where the board would, while there is nothing to show: it says what to do.

use super::line::{Line, Tone, wrap};
use super::look::Look;
use super::panel::{Bar, Content, Panel};
use crate::domain::fault::FaultKind;

/// The panel instead of the matrix, if there are no rows to show.
pub(super) fn board(look: &Look<'_>) -> Option<Panel> {
    let board = &look.engine.board;
    let lines = if board.rows.is_empty() {
        no_services()
    } else if !look.interface.order.is_empty() {
        return None;
    } else if !look.interface.filter.is_empty() {
        let filter = &look.interface.filter;
        let mut lines = vec![
            Line::plain("  No service matches ").with(Tone::Accent, filter.clone()),
            Line::new(),
            Line::plain("  esc takes the filter back; it looks at names, groups and states"),
        ];
        let problems = look.interface.filter_problems(filter);
        let room = usize::from(look.shape.main()).saturating_sub(4);
        let parts = problems.iter().flat_map(|why| wrap(why, room));
        lines.extend(parts.map(|part| Line::of(Tone::Bad, format!("  {part}"))));
        lines
    } else {
        return None;
    };
    Some(panel(look, lines))
}

pub(super) fn panel(look: &Look<'_>, lines: Vec<Line>) -> Panel {
    let mut all = vec![Line::new()];
    all.extend(lines);
    Panel {
        title: Some(Bar::default().left(0, Line::of(Tone::Heading, "BOARD"))),
        content: Content::Lines(all),
        height: look.shape.body,
    }
}

fn no_services() -> Vec<Line> {
    vec![
        Line::of(Tone::Strong, "  There is no service to show yet"),
        Line::new(),
        Line::plain("  In a checkout with a GitHub remote, gonogo finds the repository by itself."),
        Line::plain("  Elsewhere, name your services in .gonogo.toml:"),
        Line::new(),
        Line::of(Tone::Accent, "    [service.checkout]"),
        Line::of(Tone::Accent, "    repo = \"github:acme/checkout\""),
        Line::of(
            Tone::Accent,
            "    path = [\"dev\", \"staging\", \"production\"]",
        ),
        Line::new(),
        Line::plain("  Or look around first: ").with(Tone::Key, "gonogo demo"),
    ]
}

/// Says what to do about the fault that keeps every row empty, or what is being read.
pub(super) fn first_load(look: &Look<'_>) -> Option<Vec<Line>> {
    let rows = &look.engine.board.rows;
    if rows.iter().take(200).any(|row| row.facts.last.is_some()) {
        return None;
    }
    let mut lines = Vec::new();
    for (name, forge) in &look.engine.forges {
        let Some(fault) = &forge.fault else {
            continue;
        };
        let tone = Tone::Bad;
        lines.push(
            Line::of(
                tone,
                format!(" {} {name}: {}", look.glyphs.bad(), fault.kind.word()),
            )
            .with(Tone::Plain, format!("  {}", fault.why)),
        );
        if let Some(hint) = &fault.hint {
            lines.push(Line::plain(format!("   {hint}")));
        }
        if matches!(fault.kind, FaultKind::NoToken | FaultKind::Unauthorized) {
            lines.push(
                Line::plain("   a token: ")
                    .with(Tone::Key, "export GH_TOKEN=…")
                    .with(Tone::Plain, " or ")
                    .with(Tone::Key, "gh auth login")
                    .with(Tone::Plain, ", then r"),
            );
            lines.push(
                Line::plain("   without one, look around first: ").with(Tone::Key, "gonogo demo"),
            );
        }
    }
    if lines.is_empty() {
        let first = rows.first()?;
        let more = rows.len().saturating_sub(1);
        let more = if more > 0 {
            format!(" and {more} more")
        } else {
            String::new()
        };
        let text = if look.engine.offline {
            " nothing is in the cache, and offline nothing is read".to_owned()
        } else {
            format!(" reading {}{more}…", first.service.repo)
        };
        lines.push(Line::of(Tone::Muted, text));
    }
    Some(lines)
}
