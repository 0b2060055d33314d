//! What is remembered of where somebody was, for the next start: a value and its text. Where that
//! is kept is the runtime's affair; losing it loses nothing.

use serde::{Deserialize, Serialize};

use super::overview::columns::choosable;
use super::overview::{ListSort, Overview};
use super::{Cursor, DetailTab, Grouping, Interface, Screen, Sort};
use crate::domain::policy::Policy;
use crate::domain::text::clean;

/// Changes whenever the form does: another version's text is no session.
const VERSION: u32 = 1;
/// A longer text is not ours.
const LONGEST: usize = 64 * 1024;

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Kept {
    version: u32,
    screen: String,
    /// The service of the detail.
    service: Option<String>,
    tab: usize,
    cursor: Option<(String, String)>,
    filter: String,
    sort: String,
    group: String,
    hidden: Vec<String>,
    lines: Vec<String>,
    /// The orders of the lists; earlier versions had none.
    #[serde(default)]
    lists: Vec<String>,
    /// Their filters, and the columns that each hides.
    #[serde(default)]
    list_filters: Vec<String>,
    #[serde(default)]
    list_hidden: Vec<Vec<String>>,
}

impl Interface {
    /// Where somebody is and how it is arranged, as text.
    pub fn to_session(&self) -> String {
        let (screen, service) = match &self.screen {
            Screen::Detail(service) => ("detail", Some(service.to_string())),
            Screen::Timeline => ("timeline", None),
            Screen::Release => ("release", None),
            Screen::Pipelines => ("pipelines", None),
            Screen::Tasks => ("tasks", None),
            Screen::Holds => ("holds", None),
            // Which forges there are is not known at the next start.
            Screen::Board | Screen::Forge(_) => ("board", None),
        };
        let tab = DetailTab::ALL.iter().position(|tab| *tab == self.tab);
        let cursor = match self.screen {
            Screen::Detail(_) => self.cursor.as_ref(),
            _ => self.of_board.as_ref().or(self.cursor.as_ref()),
        };
        let kept = Kept {
            version: VERSION,
            screen: screen.to_owned(),
            service,
            tab: tab.unwrap_or(0),
            cursor: cursor.map(|at| (at.service.to_string(), at.environment.to_string())),
            filter: self.filter.clone(),
            sort: self.sort.word().to_owned(),
            group: self.group.word().to_owned(),
            hidden: self.hidden.iter().cloned().collect(),
            lines: self.said_before.clone(),
            lists: Overview::ALL
                .map(|overview| self.overviews.of(overview).sort.word().to_owned())
                .to_vec(),
            list_filters: Overview::ALL
                .map(|overview| self.overviews.of(overview).filter.clone())
                .to_vec(),
            list_hidden: Overview::ALL
                .map(|overview| {
                    let hidden = self.overviews.of(overview).hidden.iter();
                    hidden.cloned().collect()
                })
                .to_vec(),
        };
        serde_json::to_string(&kept).unwrap_or_default()
    }

    /// Goes on where a session was. What cannot be read is ignored as a whole; what is no longer
    /// there, by itself. Says whether there was anything to go on with.
    pub fn resume(&mut self, text: &str, policy: &Policy) -> bool {
        if text.len() > LONGEST {
            return false;
        }
        let Ok(kept) = serde_json::from_str::<Kept>(text) else {
            return false;
        };
        if kept.version != VERSION {
            return false;
        }
        // The file is anybody's to write: nothing of it reaches the terminal as it is.
        let known = |name: &str| policy.service(&name.into()).is_some();
        self.cursor = kept.cursor.and_then(|(service, environment)| {
            let service = policy.service(&service.as_str().into())?;
            let mut path = service.path.iter();
            let stage = path.find(|stage| stage.environment.as_str() == environment)?;
            Some(Cursor {
                service: service.name.clone(),
                environment: stage.environment.clone(),
            })
        });
        self.screen = match (kept.screen.as_str(), kept.service) {
            ("detail", Some(service)) if known(&service) => Screen::Detail(service.as_str().into()),
            ("timeline", _) => Screen::Timeline,
            ("release", _) => Screen::Release,
            ("pipelines", _) => Screen::Pipelines,
            ("tasks", _) => Screen::Tasks,
            ("holds", _) => Screen::Holds,
            _ => Screen::Board,
        };
        if self.screen.selects() {
            self.of_board.clone_from(&self.cursor);
        }
        self.tab = DetailTab::ALL.get(kept.tab).copied().unwrap_or_default();
        self.filter = clean(&kept.filter);
        self.sort = Sort::named(&kept.sort).unwrap_or_default();
        self.group = Grouping::named(&kept.group).unwrap_or_default();
        self.hidden = kept.hidden.iter().map(|column| clean(column)).collect();
        for (overview, word) in Overview::ALL.into_iter().zip(&kept.lists) {
            if let Some(sort) = ListSort::named(word) {
                self.overviews.sort(overview, sort);
            }
        }
        for (overview, filter) in Overview::ALL.into_iter().zip(&kept.list_filters) {
            self.overviews.of_mut(overview).filter = clean(filter);
        }
        for (overview, hidden) in Overview::ALL.into_iter().zip(&kept.list_hidden) {
            let known = choosable(overview).map(|column| column.name.to_owned());
            let known = known.filter(|column| hidden.contains(column));
            self.overviews.of_mut(overview).hidden = known.collect();
        }
        self.said_before = kept.lines.iter().map(|line| clean(line)).collect();
        true
    }
}

#[cfg(test)]
mod tests {
    use super::super::harness::{press, selected, state};
    use super::*;

    #[test]
    fn a_session_goes_on_where_it_was() {
        let mut before = state();
        press(
            &mut before,
            "4 s s / 'state:failed enter c space esc 5 s 3 s c j space esc
             1 / 'front enter s b b c space esc j h t enter ]",
        );
        let text = before.interface.to_session();
        let mut after = state();
        let policy = after.engine.policy.clone();
        assert!(after.interface.resume(&text, &policy));
        press(&mut after, "?");
        let (one, other) = (&before.interface, &after.interface);
        assert_eq!(one.screen, other.screen);
        assert_eq!(one.cursor, other.cursor);
        assert_eq!(one.filter, other.filter);
        assert_eq!(
            (one.sort, one.group, one.tab),
            (other.sort, other.group, other.tab)
        );
        assert_eq!(one.hidden, other.hidden);
        assert_eq!(one.order, other.order);
        for overview in Overview::ALL {
            let of = |it: &Interface| {
                let picked = it.overviews.of(overview);
                (picked.sort, picked.filter.clone(), picked.hidden.clone())
            };
            assert_eq!(of(one), of(other), "{overview:?}");
        }
        let runs = other.overviews.of(Overview::Runs);
        assert_eq!(runs.filter, "state:failed");
        assert!(runs.hidden.contains("state") && runs.hidden.contains("branch"));
        let timeline = other.overviews.of(Overview::Timeline);
        assert_eq!(timeline.sort, ListSort::Oldest);
        assert!(timeline.hidden.contains("who"));
        assert_eq!(other.overviews.of(Overview::Runs).sort, ListSort::Service);
    }

    #[test]
    fn what_is_gone_is_forgotten_and_the_rest_stays() {
        let mut before = state();
        press(&mut before, "s j enter");
        let text = before.interface.to_session();
        let gone = text.replace("billing", "gone");
        let mut after = state();
        let policy = after.engine.policy.clone();
        assert!(after.interface.resume(&gone, &policy));
        press(&mut after, "?");
        assert_eq!(after.interface.screen, Screen::Board);
        assert_eq!(after.interface.sort, Sort::Name);
        assert_eq!(selected(&after), "api");
    }

    #[test]
    fn what_is_broken_changes_nothing() {
        let text = state().interface.to_session();
        let long = " ".repeat(LONGEST + 1);
        for broken in [
            "",
            "{}",
            "null",
            &text[..40],
            &text.replace(":1,", ":99,"),
            &long,
        ] {
            let mut after = state();
            let before = after.interface.to_session();
            let policy = after.engine.policy.clone();
            assert!(!after.interface.resume(broken, &policy), "{broken:.60}");
            assert_eq!(after.interface.to_session(), before);
        }
    }

    #[test]
    fn control_characters_of_a_session_never_reach_the_screen() {
        let mut before = state();
        before.interface.filter = "a\u{1b}[2Jb".to_owned();
        press(&mut before, "4");
        before.interface.filter_anew("a\u{1b}[2Jb".to_owned());
        let mut after = state();
        let policy = after.engine.policy.clone();
        assert!(
            after
                .interface
                .resume(&before.interface.to_session(), &policy)
        );
        assert!(!after.interface.filter.chars().any(char::is_control));
        assert!(!after.interface.filter_here().is_empty());
        assert!(!after.interface.filter_here().chars().any(char::is_control));
    }
}
