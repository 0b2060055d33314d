//! What differs between the settings in effect and those of a changed file, for telling the operator:
//! what holds from now on, and what only the next start takes.

use super::Settings;

/// A part of the config.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Part {
    /// Services, environments, gates, windows, roles, releases.
    Rules,
    Keys,
    Views,
    Commands,
    Notices,
    Theme,
    Ascii,
    Motion,
    Mouse,
    Utc,
    Operator,
    Poll,
    Journal,
    Forges,
    Session,
}

impl Part {
    fn word(self) -> &'static str {
        match self {
            Self::Rules => "rules",
            Self::Keys => "keys",
            Self::Views => "views",
            Self::Commands => "commands",
            Self::Notices => "notices",
            Self::Theme => "theme",
            Self::Ascii => "ascii",
            Self::Motion => "motion",
            Self::Mouse => "mouse",
            Self::Utc => "utc",
            Self::Operator => "operator",
            Self::Poll => "poll.interval",
            Self::Journal => "journal",
            Self::Forges => "forges",
            Self::Session => "ui.session",
        }
    }
}

/// What has changed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Changes {
    pub now: Vec<Part>,
    /// From the next start on.
    pub later: Vec<Part>,
}

impl Changes {
    /// The message about it; nothing where the engine's own about the rules says it all.
    pub fn told(&self) -> Option<String> {
        let words = |parts: &[Part]| {
            let words: Vec<&str> = parts.iter().map(|part| part.word()).collect();
            words.join(", ")
        };
        match (self.now.as_slice(), self.later.as_slice()) {
            ([Part::Rules], []) => None,
            ([], []) => {
                Some("the config file was written, and nothing in it has changed".to_owned())
            }
            (now, []) => Some(format!("the changed config is in use: {}", words(now))),
            ([], later) => Some(format!("from the next start on: {}", words(later))),
            (now, later) => Some(format!(
                "the changed config is in use: {}; from the next start on: {}",
                words(now),
                words(later)
            )),
        }
    }
}

/// Compares settings.
pub fn between(old: &Settings, new: &Settings) -> Changes {
    let differing = |parts: &[(Part, bool)]| {
        let parts = parts.iter().filter(|(_, differs)| *differs);
        parts.map(|(part, _)| *part).collect()
    };
    let (was, is) = (&old.ui, &new.ui);
    Changes {
        now: differing(&[
            (Part::Rules, old.policy != new.policy),
            (Part::Keys, old.keys != new.keys),
            (Part::Views, old.views != new.views),
            (Part::Commands, old.commands != new.commands),
            (Part::Notices, old.notify != new.notify),
            (Part::Theme, was.theme != is.theme),
            (Part::Ascii, was.ascii != is.ascii),
            (Part::Motion, was.motion != is.motion),
            (Part::Mouse, was.mouse != is.mouse),
            (Part::Utc, was.utc != is.utc),
        ]),
        later: differing(&[
            (Part::Operator, old.operator != new.operator),
            (Part::Poll, old.poll.interval != new.poll.interval),
            (Part::Journal, old.journal != new.journal),
            (Part::Forges, old.forges != new.forges),
            (Part::Session, was.session != is.session),
        ]),
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::config::{Env, load_in};

    fn settings(more: &str) -> Settings {
        let text = format!("[service.web]\nrepo = \"acme/web\"\npath = [\"production\"]\n{more}");
        let env: Env = [("HOME", "/home/ada")].into_iter().collect();
        load_in(&text, Path::new("c.toml"), &env).expect("a config")
    }

    fn told(from: &str, to: &str) -> Option<String> {
        between(&settings(from), &settings(to)).told()
    }

    #[test]
    fn what_holds_now_and_what_waits_for_the_next_start_are_told_apart() {
        let to = "[keys]\nsort = \"S\"\n[ui]\ntheme = \"light\"\n[poll]\ninterval = \"30s\"\n";
        assert_eq!(
            told("", to).as_deref(),
            Some(
                "the changed config is in use: keys, theme; from the next start on: poll.interval"
            )
        );
        assert_eq!(
            told("", "[operator]\nname = \"ada\"").as_deref(),
            Some("from the next start on: operator")
        );
        let nothing = "the config file was written, and nothing in it has changed";
        assert_eq!(told("", "# a word\n").as_deref(), Some(nothing));
    }

    #[test]
    fn of_rules_alone_the_engine_tells() {
        assert_eq!(told("", "[poll]\nmax_age = \"90s\""), None);
        let with_keys = told("", "[poll]\nmax_age = \"90s\"\n[keys]\nsort = \"S\"");
        assert_eq!(
            with_keys.as_deref(),
            Some("the changed config is in use: rules, keys")
        );
    }
}
