//! Environments by releases: a full release is live in the last environment of the path, a
//! pre-release in those before. Drafts are live nowhere.

use super::{newest_first, number};
use crate::domain::deployment::Deployment;
use crate::domain::facts::Release;
use crate::domain::ids::EnvironmentName;
use crate::domain::phase::Phase;

/// Makes deployments of the published releases whose commit is known; `environments` are in the
/// order of promotion. A full release has passed the environments before the last.
pub fn deployments(environments: &[EnvironmentName], releases: &[Release]) -> Vec<Deployment> {
    let Some((last, before)) = environments.split_last() else {
        return Vec::new();
    };
    let mut made = Vec::new();
    for release in releases.iter().filter(|release| !release.draft) {
        made.extend(before.iter().filter_map(|name| deployment(name, release)));
        if !release.prerelease {
            made.extend(deployment(last, release));
        }
    }
    newest_first(made)
}

fn deployment(environment: &EnvironmentName, release: &Release) -> Option<Deployment> {
    let native = release.id.map_or(release.tag.clone(), |id| id.to_string());
    let at = release.published_at.unwrap_or(release.created_at);
    let kind = if release.prerelease {
        "pre-release"
    } else {
        "release"
    };
    Some(Deployment {
        id: number("release", environment, &native),
        environment: environment.clone(),
        sha: release.sha.clone()?,
        git_ref: Some(release.tag.clone()),
        phase: Phase::Succeeded,
        raw: kind.to_owned(),
        created_at: at,
        changed_at: at,
        creator: None,
        description: release.name.clone(),
        url: Some(release.url.clone()),
        key: None,
        payload: None,
        made_by: None,
        began_at: None,
        live_at: None,
    })
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;
    use crate::domain::deployment::live;
    use crate::domain::ids::{ReleaseId, Sha};

    fn release(id: u64, prerelease: bool, draft: bool) -> Release {
        let at = Timestamp::from_second(i64::try_from(id).unwrap()).unwrap();
        Release {
            id: Some(ReleaseId(id)),
            tag: format!("v{id}"),
            name: None,
            draft,
            prerelease,
            sha: Some(Sha::from(format!("{id}{id}"))),
            created_at: at,
            published_at: Some(at),
            url: String::new(),
        }
    }

    #[test]
    fn pre_releases_are_in_staging_and_full_ones_in_production() {
        let (staging, production) = ("staging".into(), "production".into());
        let path = [EnvironmentName::clone(&staging), production];
        let releases = [
            release(4, false, true),
            release(3, true, false),
            release(2, false, false),
            release(1, true, false),
        ];
        let made = deployments(&path, &releases);
        assert_eq!(live(&made, &staging).unwrap().sha, Sha::from("33"));
        assert_eq!(live(&made, &path[1]).unwrap().sha, Sha::from("22"));
        assert_eq!(made.len(), 4);
        let alone = deployments(&path[1..], &releases);
        assert_eq!(live(&alone, &path[1]).unwrap().sha, Sha::from("22"));
        assert_eq!(alone.len(), 1);
    }

    #[test]
    fn a_release_whose_commit_is_not_known_is_live_nowhere() {
        let mut unknown = release(1, false, false);
        unknown.sha = None;
        assert!(deployments(&["production".into()], &[unknown]).is_empty());
    }
}
