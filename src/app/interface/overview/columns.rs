//! The columns of the lists: their names, how narrow they may be, and which of them can be hidden.
//! Drawing them lives in `view/overview.rs`.

use std::collections::BTreeSet;

use super::Overview;

/// A column of a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ListColumn {
    /// Its title in lower case.
    pub name: &'static str,
    /// It is never made narrower than this; it goes instead. The last, which takes what is left, stays:
    /// others go before it has less than this.
    pub least: u16,
    /// Where the room is short the highest rank goes first; rank 0 stays.
    pub rank: u8,
    pub choice: Choice,
}

/// Room for the beginning of the texts of most columns that take what is left.
const GROWS: u16 = 24;

/// Whether a column is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Choice {
    /// It says what the line is about.
    Always,
    UnlessHidden,
    /// It is not asked for by everybody.
    WhenAsked,
}

const fn always(name: &'static str, least: u16) -> ListColumn {
    ListColumn {
        name,
        least,
        rank: 0,
        choice: Choice::Always,
    }
}

const fn usual(name: &'static str, least: u16, rank: u8) -> ListColumn {
    ListColumn {
        name,
        least,
        rank,
        choice: Choice::UnlessHidden,
    }
}

const fn asked(name: &'static str, least: u16, rank: u8) -> ListColumn {
    ListColumn {
        name,
        least,
        rank,
        choice: Choice::WhenAsked,
    }
}

/// The columns of a list, from the left; the last takes the room that is left.
pub fn all(overview: Overview) -> &'static [ListColumn] {
    const RUNS: &[ListColumn] = &[
        usual("state", 10, 0),
        always("service", 8),
        asked("forge", 5, 3),
        usual("run", 8, 0),
        usual("revision", 8, 1),
        asked("branch", 6, 3),
        usual("age", 4, 0),
        usual("who", 4, 2),
        usual("what", GROWS, 0),
    ];
    const PULL_REQUESTS: &[ListColumn] = &[
        usual("state", 12, 0),
        always("service", 8),
        asked("forge", 5, 3),
        usual("pr", 4, 0),
        usual("checks", 8, 1),
        asked("branch", 6, 3),
        usual("age", 4, 0),
        usual("who", 4, 2),
        usual("title", GROWS, 0),
    ];
    const TASKS: &[ListColumn] = &[
        usual("state", 10, 0),
        always("where", 8),
        asked("forge", 5, 2),
        usual("revision", 8, 1),
        usual("for", 4, 0),
        usual("who", 4, 0),
        usual("what", GROWS, 0),
    ];
    const HOLDS: &[ListColumn] = &[
        usual("state", 8, 0),
        always("holds", 8),
        usual("brake", 9, 0),
        usual("owner", 5, 0),
        usual("since", 5, 1),
        usual("expires", 7, 0),
        usual("kind", 4, 2),
        usual("reason", GROWS, 0),
    ];
    const TIMELINE: &[ListColumn] = &[
        usual("time", 6, 0),
        usual("who", 6, 0),
        always("what", 6),
        usual("where", 6, 0),
        usual("how", 4, 2),
        asked("revision", 7, 1),
        usual("result", 6, 0),
        // Whose way it came is worth the end of the reasons.
        usual("why", 12, 0),
    ];
    match overview {
        Overview::Runs => RUNS,
        Overview::PullRequests => PULL_REQUESTS,
        Overview::Tasks => TASKS,
        Overview::Holds => HOLDS,
        Overview::Timeline => TIMELINE,
    }
}

/// The columns of a list that can be shown or hidden.
pub fn choosable(overview: Overview) -> impl Iterator<Item = &'static ListColumn> {
    let all = all(overview).iter();
    all.filter(|column| column.choice != Choice::Always)
}

/// The column of a list that is always shown.
pub fn fixed(overview: Overview) -> &'static str {
    let mut all = all(overview).iter();
    let fixed = all.find(|column| column.choice == Choice::Always);
    fixed.map_or("", |column| column.name)
}

/// The columns that a list hides until somebody asks for them.
pub(super) fn unasked(overview: Overview) -> BTreeSet<String> {
    let columns = choosable(overview).filter(|column| column.choice == Choice::WhenAsked);
    columns.map(|column| column.name.to_owned()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_list_has_one_column_that_stays_and_none_twice() {
        for overview in Overview::ALL {
            let names: BTreeSet<&str> = all(overview).iter().map(|column| column.name).collect();
            assert_eq!(names.len(), all(overview).len(), "{overview:?}");
            assert_eq!(choosable(overview).count() + 1, names.len(), "{overview:?}");
            assert!(names.contains(fixed(overview)), "{overview:?}");
        }
    }
}
