//! Guessing which environments a repository has, where its forge keeps none: by the names that its
//! statuses, branches, tags and releases go by. What is read for that lives in the adapters.

use std::collections::{BTreeMap, BTreeSet};

use crate::domain::facts::Release;
use crate::domain::ids::EnvironmentName;
use crate::domain::policy::EnvironmentModel;
use crate::domain::text::clean;
use crate::forge::order;

/// What stands for an environment in a pattern.
const PLACE: &str = "{environment}";

/// Environments, and where their deployments are read.
pub type Guess = (EnvironmentModel, Vec<EnvironmentName>);

/// What comes after the pattern's beginning, for a pattern such as `deploy/{environment}`.
pub fn named<'n>(pattern: &str, name: &'n str) -> Option<&'n str> {
    let (before, after) = pattern.split_once(PLACE)?;
    let rest = name.strip_prefix(before)?.strip_suffix(after)?;
    (!rest.is_empty()).then_some(rest)
}

/// By moving tags, `deployed/NAME`.
pub fn by_tags<'n>(names: impl IntoIterator<Item = &'n str>) -> Option<Guess> {
    let pattern = "deployed/{environment}";
    let tag = Some(pattern.to_owned());
    found(all(pattern, names), EnvironmentModel::Release { tag })
}

/// By branches: `env/NAME`; else branches with the names that everybody uses, if production has one and
/// it is not where the work goes on.
pub fn by_branches<'n>(
    names: impl IntoIterator<Item = &'n str> + Clone,
    default_branch: Option<&str>,
) -> Option<Guess> {
    let pattern = EnvironmentModel::BRANCH;
    let model = |branch: &str| EnvironmentModel::Branch {
        branch: branch.to_owned(),
    };
    if let Some(guess) = found(all(pattern, names.clone()), model(pattern)) {
        return Some(guess);
    }
    let usual = names.into_iter().filter(|name| {
        // A branch of this name is where people work, everywhere.
        let of_work = ["develop", "devel", "development"].contains(name);
        order::is_usual(name) && !of_work && Some(*name) != default_branch
    });
    let usual: BTreeSet<EnvironmentName> = usual.map(EnvironmentName::from).collect();
    let has_production = usual.iter().any(|name| order::is_production(name.as_str()));
    found(
        if has_production {
            usual
        } else {
            BTreeSet::new()
        },
        model(PLACE),
    )
}

/// By statuses that a forge's own jobs leave, `Workflow / job (event)`: jobs that deploy, and name where.
pub fn by_jobs<'n>(contexts: impl IntoIterator<Item = &'n str>) -> Option<Guess> {
    let mut patterns: BTreeMap<String, BTreeSet<EnvironmentName>> = BTreeMap::new();
    for context in contexts {
        if let Some((pattern, name)) = of_job(context) {
            patterns.entry(pattern).or_default().insert(name);
        }
    }
    let (context, names) = patterns.into_iter().max_by_key(|(_, names)| {
        let has_production = names.iter().any(|name| order::is_production(name.as_str()));
        (has_production, names.len())
    })?;
    found(names, EnvironmentModel::Status { context })
}

/// By releases: pre-releases are in staging, full ones in production.
pub fn by_releases(releases: &[Release]) -> Option<Guess> {
    let mut published = releases.iter().filter(|release| !release.draft);
    if !published.clone().any(|release| !release.prerelease) {
        return None;
    }
    let early = published.any(|release| release.prerelease);
    let names = early.then_some("staging").into_iter().chain(["production"]);
    let names = names.map(EnvironmentName::from).collect();
    found(names, EnvironmentModel::Release { tag: None })
}

fn of_job(context: &str) -> Option<(String, EnvironmentName)> {
    let (workflow, rest) = context.split_once(" / ")?;
    let (job, event) = rest.rsplit_once(" (")?;
    let deploys = |text: &str| {
        let text = text.to_lowercase();
        text.contains("deploy") || text.contains("rollout")
    };
    if !deploys(workflow) && !deploys(job) {
        return None;
    }
    let mut words = job.split(|sign: char| !sign.is_alphanumeric());
    let name = words.rfind(|word| order::is_usual(word))?;
    let at = job.rfind(name)?;
    let (before, after) = (job.get(..at)?, job.get(at + name.len()..)?);
    let pattern = format!("{workflow} / {before}{PLACE}{after} ({event}");
    Some((pattern, EnvironmentName::from(name)))
}

fn all<'n>(pattern: &str, names: impl IntoIterator<Item = &'n str>) -> BTreeSet<EnvironmentName> {
    let names = names.into_iter().filter_map(|name| named(pattern, name));
    names
        .map(|name| EnvironmentName::from(clean(name)))
        .collect()
}

fn found(names: BTreeSet<EnvironmentName>, model: EnvironmentModel) -> Option<Guess> {
    let dated = names.into_iter().map(|name| (name, None));
    let ordered = order::of_promotion(dated.collect());
    (!ordered.is_empty()).then_some((model, ordered))
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;

    fn told(guess: Option<Guess>) -> Option<(String, Vec<String>)> {
        let (model, names) = guess?;
        let pattern = model.pattern().unwrap_or(model.word()).to_owned();
        Some((pattern, names.iter().map(ToString::to_string).collect()))
    }

    fn guessed(pattern: &str, names: &[&str]) -> (String, Vec<String>) {
        let names = names.iter().map(|&name| name.to_owned()).collect();
        (pattern.to_owned(), names)
    }

    #[test]
    fn branches_tell_by_their_beginning_or_by_the_names_that_everybody_uses() {
        let of = |names: &[&str]| told(by_branches(names.iter().copied(), Some("main")));
        assert_eq!(
            of(&["main", "env/production", "env/qa", "production"]),
            Some(guessed("env/{environment}", &["qa", "production"]))
        );
        assert_eq!(
            of(&["main", "develop", "production", "staging", "fix/production"]),
            Some(guessed("{environment}", &["staging", "production"]))
        );
        // Nothing says that this is an environment.
        assert_eq!(of(&["main", "staging", "test"]), None);
        assert_eq!(
            told(by_branches(["production", "staging"], Some("production"))),
            None,
            "the work goes on in production"
        );
    }

    #[test]
    fn tags_tell_by_their_beginning_alone() {
        let tags = [
            "v1.0.0",
            "deployed/production",
            "deployed/staging",
            "production",
        ];
        assert_eq!(
            told(by_tags(tags)),
            Some(guessed(
                "deployed/{environment}",
                &["staging", "production"]
            ))
        );
        assert_eq!(told(by_tags(["v1.0.0", "production"])), None);
    }

    #[test]
    fn jobs_tell_if_they_deploy_and_name_where() {
        let contexts = [
            "CI / test (pull_request)",
            "Deploy / to staging (push)",
            "Deploy / to production (push)",
            "Deploy / smoke (push)",
            "Nightly / deploy dev (schedule)",
        ];
        assert_eq!(
            told(by_jobs(contexts)),
            Some(guessed(
                "Deploy / to {environment} (push)",
                &["staging", "production"]
            ))
        );
        assert_eq!(
            told(by_jobs(["CI / test (push)", "deploy/production"])),
            None
        );
    }

    #[test]
    fn releases_tell_of_production_and_pre_releases_of_staging() {
        let release = |prerelease, draft| Release {
            id: None,
            tag: "v1".to_owned(),
            name: None,
            draft,
            prerelease,
            sha: None,
            created_at: Timestamp::UNIX_EPOCH,
            published_at: None,
            url: String::new(),
        };
        let (full, early, draft) = (
            release(false, false),
            release(true, false),
            release(false, true),
        );
        assert_eq!(
            told(by_releases(&[full.clone(), early.clone()])),
            Some(guessed("release", &["staging", "production"]))
        );
        assert_eq!(
            told(by_releases(&[full])),
            Some(guessed("release", &["production"]))
        );
        assert_eq!(told(by_releases(&[early, draft])), None);
    }
}
