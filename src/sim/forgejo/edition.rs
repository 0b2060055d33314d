//! Which server is imitated: Forgejo or Gitea, and what its version can do.
//!
//! What a version lacks is not there at all: its paths are 404, its parameters are not read.

use crate::sim::model::{Flavor, State};

/// A server and its version.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Edition {
    forgejo: bool,
    major: u32,
    minor: u32,
    patch: u32,
}

impl Edition {
    /// A Forgejo with runs and jobs.
    pub const FORGEJO: Self = Self::forgejo(16, 0, 1);
    /// A Forgejo that shows tasks alone.
    pub const FORGEJO_TASKS: Self = Self::forgejo(11, 0, 7);
    /// A Gitea.
    pub const GITEA: Self = Self {
        forgejo: false,
        major: 1,
        minor: 25,
        patch: 2,
    };

    const fn forgejo(major: u32, minor: u32, patch: u32) -> Self {
        Self {
            forgejo: true,
            major,
            minor,
            patch,
        }
    }

    /// What a flavor imitates unless the world says otherwise; `None` for one of another kind.
    pub const fn usual(flavor: Flavor) -> Option<Self> {
        match flavor {
            Flavor::Forgejo => Some(Self::FORGEJO),
            Flavor::ForgejoTasks => Some(Self::FORGEJO_TASKS),
            Flavor::Gitea => Some(Self::GITEA),
            Flavor::Dotcom | Flavor::Ghes | Flavor::Gitlab => None,
        }
    }

    /// What a forge of the world imitates.
    pub fn of(state: &State) -> Option<Self> {
        Self::parse(&state.version).filter(|_| Self::usual(state.flavor).is_some())
    }

    /// Reads a version: one that begins with `1.` is Gitea's, any other Forgejo's.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.split_once('+').map_or(text, |(own, _)| own);
        let mut parts = text.trim().splitn(3, '.').map(str::parse::<u32>);
        let major = parts.next()?.ok()?;
        let minor = parts.next().unwrap_or(Ok(0)).ok()?;
        let patch = parts.next().unwrap_or(Ok(0)).ok()?;
        Some(Self {
            forgejo: major != 1,
            major,
            minor,
            patch,
        })
    }

    /// What `GET /version` says.
    pub fn version(self) -> String {
        let own = format!("{}.{}.{}", self.major, self.minor, self.patch);
        if self.forgejo {
            format!("{own}+gitea-1.22.0")
        } else {
            own
        }
    }

    /// What `GET /api/forgejo/v1/version` says; Gitea has no such path.
    pub fn forgejo_version(self) -> Option<String> {
        self.forgejo.then(|| self.version())
    }

    /// Is this Gitea?
    pub const fn gitea(self) -> bool {
        !self.forgejo
    }

    const fn since(self, major: u32) -> bool {
        self.forgejo && self.major >= major
    }

    /// A dispatch tells its run, if asked to.
    pub const fn tells_run(self) -> bool {
        self.since(11)
    }

    /// Runs can be listed and read.
    pub const fn runs(self) -> bool {
        !self.forgejo || self.major >= 13
    }

    /// Runs can be asked for by ref and workflow.
    pub const fn filters_workflow(self) -> bool {
        self.since(15)
    }

    /// The jobs of a run can be read.
    pub const fn jobs(self) -> bool {
        !self.forgejo || self.major >= 16
    }

    /// A run can be cancelled.
    pub const fn cancels(self) -> bool {
        self.since(16)
    }

    /// A run, or one of its jobs, can be run again.
    pub const fn reruns(self) -> bool {
        self.since(17)
    }

    /// Tasks can be asked for by status.
    pub const fn filters_tasks(self) -> bool {
        self.since(16)
    }

    /// Pull requests can be asked for by base and head.
    pub const fn filters_pulls(self) -> bool {
        self.since(16)
    }

    /// A commit status may be `skipped`.
    pub const fn skips(self) -> bool {
        !self.forgejo || self.major >= 16
    }

    /// Where workflow files live.
    pub const fn workflows(self) -> &'static str {
        if self.forgejo {
            ".forgejo/workflows"
        } else {
            ".gitea/workflows"
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_tells_the_server_and_what_it_can_do() {
        for (text, version, runs, jobs, tells) in [
            (
                "16.0.1+gitea-1.22.0",
                "16.0.1+gitea-1.22.0",
                true,
                true,
                true,
            ),
            ("15.0.0", "15.0.0+gitea-1.22.0", true, false, true),
            ("11.0.7", "11.0.7+gitea-1.22.0", false, false, true),
            ("10.0.3", "10.0.3+gitea-1.22.0", false, false, false),
            ("1.25.2", "1.25.2", true, true, false),
        ] {
            let edition = Edition::parse(text).unwrap();
            assert_eq!(edition.version(), version);
            let can = (edition.runs(), edition.jobs(), edition.tells_run());
            assert_eq!(can, (runs, jobs, tells), "{text}");
            assert_eq!(edition.gitea(), text.starts_with("1."), "{text}");
        }
        assert_eq!(Edition::parse("next"), None);
    }
}
