//! What came of each row of what was sent last: what needs somebody first.

use super::line::{Line, Tone, blanks, width, wrap};
use super::look::Look;
use super::panel::{Dialog, Scroll};
use super::{dialog, footer};
use crate::app::interface::results::{Outcome, Sent};

pub(super) fn list(look: &Look<'_>, offset: usize) -> Dialog {
    let columns = dialog::columns(look);
    let ledger = look.engine.ledger.as_ref();
    let batch = look.interface.batch.as_ref();
    let mut rows: Vec<&Sent> = batch.into_iter().flat_map(|batch| &batch.rows).collect();
    rows.sort_by_key(|row| rank(row.outcome(ledger)));
    let name = rows.iter().map(|row| width(row.service.as_str()));
    let name = name.max().unwrap_or_default().min(columns / 3);
    let room = usize::from(look.shape.rows).saturating_sub(4);
    let mut lines = Vec::new();
    for row in rows.into_iter().skip(offset) {
        let outcome = row.outcome(ledger);
        let (glyph, tone) = sign(look, outcome);
        let mut head = Line::of(tone, format!("{glyph} {:<11}", outcome.word()))
            .with(Tone::Strong, format!("{:<name$}  ", row.service));
        let indent = head.width();
        let why = row.why.as_deref().unwrap_or_default();
        if why.is_empty() {
            lines.push(head);
            continue;
        }
        for part in wrap(why, columns.saturating_sub(indent)) {
            lines.push(std::mem::take(&mut head).with(Tone::Plain, part));
            head = Line::plain(blanks(indent));
        }
    }
    lines.truncate(room);
    let title = Line::of(Tone::Strong, "RESULTS ");
    let title = match batch {
        Some(batch) => title
            .with(Tone::Plain, batch.sum(ledger))
            .with(Tone::Muted, format!("  {}", footer::ago(look, batch.at))),
        None => title,
    };
    Dialog {
        title,
        lines,
        focus: None,
        foot: vec![Line::of(
            Tone::Muted,
            "j k scroll   y copy   esc closes; what was refused is marked again",
        )],
        width: dialog::width(look),
        fields: Vec::new(),
        caret: None,
        scroll: Scroll::default(),
    }
}

fn rank(outcome: Outcome) -> u8 {
    match outcome {
        Outcome::Unknown => 0,
        Outcome::Refused => 1,
        Outcome::Failed => 2,
        Outcome::OnItsWay => 3,
        Outcome::Sent => 4,
        Outcome::Done => 5,
    }
}

fn sign(look: &Look<'_>, outcome: Outcome) -> (&'static str, Tone) {
    match outcome {
        Outcome::Unknown => ("?", Tone::Unknown),
        Outcome::Refused | Outcome::Failed => (look.glyphs.bad(), Tone::Bad),
        Outcome::OnItsWay => (look.glyphs.waiting(), Tone::Running),
        Outcome::Sent => (look.glyphs.running(), Tone::Running),
        Outcome::Done => (look.glyphs.good(), Tone::Good),
    }
}
