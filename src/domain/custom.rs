//! Custom commands: programs of the operator's own, run over the selected cell. An argv and never a
//! shell; running one lives in the runtime, keys and dialogs in `app`.

use jiff::SignedDuration;

use super::cell::Cell;
use super::ids::{EnvironmentName, ServiceName};
use super::policy::Service;
use super::revision::Revision;
use super::sampling::{Errand, version};

/// The words that are replaced in arguments.
pub const PLACEHOLDERS: &[&str] = &[
    "service",
    "environment",
    "repo",
    "forge",
    "url",
    "live",
    "revision",
    "version",
];

/// A command of the operator's own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CustomCommand {
    pub name: String,
    /// What is run; names in braces are put in.
    pub argv: Vec<String>,
    pub help: Option<String>,
    pub keys: Vec<String>,
    /// Ask before it is run.
    pub confirm: bool,
    /// It changes something: SHIFT letters only, always asks, and never in `--read-only`.
    pub dangerous: bool,
    /// Only on these; empty means every one.
    pub services: Vec<ServiceName>,
    pub environments: Vec<EnvironmentName>,
    pub time_limit: SignedDuration,
}

impl CustomCommand {
    /// Says whether a dialog asks before it is run.
    pub fn asks(&self) -> bool {
        self.confirm || self.dangerous
    }

    /// Says whether it may be run over a cell.
    pub fn covers(&self, service: &ServiceName, environment: &EnvironmentName) -> bool {
        (self.services.is_empty() || self.services.contains(service))
            && (self.environments.is_empty() || self.environments.contains(environment))
    }

    /// Puts a cell's names in.
    ///
    /// # Errors
    ///
    /// The word that the cell has nothing for: half a command line is not run.
    pub fn errand(
        &self,
        service: &Service,
        cell: &Cell,
        url: Option<&str>,
    ) -> Result<Errand, &'static str> {
        let next = cell.candidate.as_ref().or(cell.live.as_ref());
        let sha = |revision: Option<&Revision>| revision.map(|revision| revision.sha.to_string());
        let value = |word: &str| match word {
            "service" => Some(service.name.to_string()),
            "environment" => Some(cell.environment.to_string()),
            "repo" => Some(service.repo.to_string()),
            "forge" => Some(service.forge.to_string()),
            "url" => url.map(str::to_owned),
            "live" => sha(cell.live.as_ref()),
            "revision" => sha(next),
            "version" => next.map(version),
            _ => None,
        };
        let argv: Result<Vec<String>, &'static str> =
            self.argv.iter().map(|word| fill(word, value)).collect();
        let told = ["service", "environment", "revision", "version"];
        let told = told.iter().filter_map(|word| {
            let name = format!("GONOGO_{}", word.to_uppercase());
            Some((name, value(word)?))
        });
        Ok(Errand {
            name: self.name.clone(),
            argv: argv?,
            time_limit: self.time_limit,
            told: told.collect(),
        })
    }
}

/// Replaces the names in braces; other braces stay.
fn fill(text: &str, value: impl Fn(&str) -> Option<String>) -> Result<String, &'static str> {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('{') {
        out.push_str(before);
        let found = PLACEHOLDERS
            .iter()
            .find_map(|word| Some((*word, after.strip_prefix(word)?.strip_prefix('}')?)));
        match found {
            Some((word, tail)) => {
                out.push_str(&value(word).ok_or(word)?);
                rest = tail;
            }
            None => {
                out.push('{');
                rest = after;
            }
        }
    }
    out.push_str(rest);
    Ok(out)
}

/// What came of a run: its words, and how it ended.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Output {
    /// Clean lines.
    pub lines: Vec<String>,
    /// Whether there was more than is kept.
    pub cut: bool,
    /// `exit 0`, `killed`, `no end in 30s`, `cannot be started: …`.
    pub end: String,
    pub good: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_put_in_as_one_argument_and_never_half() {
        let value = |word: &str| match word {
            "service" => Some("a b; rm -rf $HOME".to_owned()),
            _ => None,
        };
        assert_eq!(
            fill("--name={service} {x} {", value).as_deref(),
            Ok("--name=a b; rm -rf $HOME {x} {")
        );
        assert_eq!(fill("{revision}", value), Err("revision"));
    }
}
