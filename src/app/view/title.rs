//! What the title of a table says of its order: the sort, the filter, and where the cursor is in what
//! the filter leaves. The words are those of the board and of every list.

use super::line::{Line, Tone, cut};
use super::panel::Bar;

/// More of a filter is not shown: what it leaves matters more than how it goes on.
const LONGEST: usize = 40;

/// Adds sort, filter and place to a title.
pub(super) fn ordered(title: Bar, sort: &str, filter: &str, place: Line) -> Bar {
    // Where the room is short, that nothing is filtered is the first to go.
    let (rank, filter) = if filter.is_empty() {
        (4, Line::of(Tone::Muted, "filter:none"))
    } else {
        let filter = format!("filter:{}", cut(filter, LONGEST));
        (2, Line::of(Tone::Accent, filter))
    };
    title
        .right(3, Line::of(Tone::Muted, format!("sort:{sort}")))
        .right(rank, filter)
        .right(1, place)
}

/// `4/9`, or `1/3 of 9` of what a filter leaves.
pub(super) fn place(at: Option<usize>, shown: usize, all: Option<usize>) -> Line {
    let text = match at {
        Some(at) => format!("{}/{shown}", (at + 1).min(shown)),
        None => shown.to_string(),
    };
    match all {
        Some(all) => Line::of(Tone::Accent, format!("{text} of {all}")),
        None => Line::of(Tone::Muted, text),
    }
}
