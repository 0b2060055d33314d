//! Commands: one table of everything that a key or a `:` name can order. It feeds the keymap, the
//! footer, the help, the palette and the config reference.

use super::state::State;

/// A key and what it would do now, for the footer and the help.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hint {
    /// The keys as the user bound them, for instance `P` or `j/k`.
    pub keys: String,
    pub label: &'static str,
    /// One line for the help.
    pub help: &'static str,
    /// Whether it leads to a change (a SHIFT letter that opens a dialog).
    pub changes: bool,
    /// Why it is not possible now; it is then shown struck out with this reason.
    pub blocked: Option<String>,
}

/// A group of hints under a heading of the help: LOOK, ACT, GO TO, LEAVE.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Section {
    pub name: &'static str,
    pub hints: Vec<Hint>,
}

/// The keys that are valid now, most useful first: what the footer lists.
pub fn footer(state: &State) -> Vec<Hint> {
    let _ = state;
    Vec::new()
}

/// Every key of the present screen, by section: what `?` lists.
pub fn help(state: &State) -> Vec<Section> {
    let _ = state;
    Vec::new()
}
