//! Marks on rows: one by one, a range, all that the filter shows. What acts make of them is in the
//! dialogs.

use super::Interface;
use crate::app::command::Command;
use crate::domain::ids::ServiceName;

pub(super) fn run(interface: &mut Interface, command: Command) {
    match command {
        Command::Range => match interface.range {
            Some(_) => interface.settle_range(),
            None => interface.range = interface.cursor.as_ref().map(|at| at.service.clone()),
        },
        Command::MarkAll => {
            interface.range = None;
            let all = interface.order.iter();
            // Once more takes them away again.
            if interface
                .order
                .iter()
                .all(|one| interface.marks.contains(one))
            {
                for service in &interface.order {
                    interface.marks.remove(service);
                }
            } else {
                interface.marks.extend(all.cloned());
            }
        }
        _ => {
            if interface.range.is_some() {
                interface.settle_range();
                return;
            }
            let cursor = interface.cursor.as_ref();
            let Some(service) = cursor.map(|cursor| cursor.service.clone()) else {
                return;
            };
            if !interface.marks.remove(&service) {
                interface.marks.insert(service);
            }
        }
    }
}

impl Interface {
    /// The rows from where the range began to the cursor; both ends are bound to their services.
    pub fn ranged(&self) -> &[ServiceName] {
        let begun = self.range.as_ref();
        let from = begun.and_then(|begun| self.order.iter().position(|one| one == begun));
        match (from, self.place()) {
            (Some(from), Some(to)) => {
                let (first, last) = (from.min(to), from.max(to));
                self.order.get(first..=last).unwrap_or_default()
            }
            (None, _) | (_, None) => &[],
        }
    }

    /// Makes marks of the range and ends it.
    pub(super) fn settle_range(&mut self) {
        let ranged = self.ranged().to_vec();
        self.marks.extend(ranged);
        self.range = None;
    }

    /// How many rows an act would be about, those of the range among them.
    pub fn marked(&self) -> usize {
        let more = self.ranged().iter();
        self.marks.len() + more.filter(|one| !self.marks.contains(*one)).count()
    }

    /// The services that an act is about: the marked ones in the order of the board, those that a
    /// filter hides last, but they come; without marks none.
    pub(super) fn marked_in_order(&self) -> Vec<ServiceName> {
        let shown = self.order.iter();
        let hidden = (self.marks.iter()).filter(|service| !self.order.contains(service));
        shown
            .filter(|service| self.marks.contains(*service))
            .chain(hidden)
            .cloned()
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::super::Overlay;
    use super::super::harness::{press, state, top};
    use super::*;
    use crate::app::state::State;

    fn marks(state: &State) -> String {
        let marks = state.interface.marks.iter().map(ServiceName::as_str);
        marks.collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn a_range_goes_from_where_it_began_to_the_cursor_whichever_way() {
        for keys in ["v j j v", "j j v k k space"] {
            let mut state = state();
            press(&mut state, keys);
            assert_eq!(marks(&state), "api billing search", "{keys}");
            assert_eq!(state.interface.range, None, "{keys}");
        }
    }

    #[test]
    fn esc_ends_a_range_before_it_takes_marks_away() {
        let mut state = state();
        press(&mut state, "space v j");
        assert_eq!(state.interface.marked(), 3);
        press(&mut state, "esc");
        assert_eq!(marks(&state), "api");
    }

    #[test]
    fn all_that_the_filter_shows_are_marked_and_unmarked() {
        let mut state = state();
        press(&mut state, "/ 'front enter *");
        assert_eq!(marks(&state), "api search web");
        press(&mut state, "*");
        assert_eq!(marks(&state), "");
    }

    #[test]
    fn an_act_takes_the_range_along() {
        let mut state = state();
        press(&mut state, "v j P");
        assert_eq!(top(&state), "promote");
        let Some(Overlay::Promote(dialog)) = state.interface.overlays.last() else {
            panic!("no dialog");
        };
        assert_eq!(dialog.items.len(), 2);
    }
}
