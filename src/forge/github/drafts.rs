//! Draft releases: which commit each would tag. GraphQL names none while the tag does not exist.

use serde::Deserialize;

use super::paths::below;
use super::wire::Wire;
use crate::domain::facts::{Release, ServiceFacts};
use crate::domain::ids::{ReleaseId, Sha};
use crate::forge::error::Error;
use crate::forge::http::limiter::Purpose;

#[derive(Deserialize)]
struct Draft {
    id: u64,
    target_commitish: String,
}

/// Says whether a draft's commit is still to be found.
pub(super) fn is_open(release: &Release) -> bool {
    release.draft && release.sha.is_none()
}

/// Fills in the commits of drafts: the one that a draft names, or the head of the branch that it
/// names. Publishing pins that commit, so a branch that moves on meanwhile changes nothing.
///
/// One conditional request, free as long as nothing changes.
pub(super) async fn fill(wire: &Wire, facts: &mut ServiceFacts) -> Result<(), Error> {
    let route = below(&facts.repo, "/releases?per_page=20");
    let listed: Vec<Draft> = wire.get(Purpose::Look, &route).await?.json()?;
    let head = facts.head.as_ref().map(|head| head.sha.clone());
    let branch = facts.default_branch.clone();
    for release in facts.releases.iter_mut().filter(|release| is_open(release)) {
        let target = listed
            .iter()
            .find(|draft| release.id == Some(ReleaseId(draft.id)))
            .map(|draft| draft.target_commitish.as_str());
        release.sha = match target {
            Some(target) if is_sha(target) => Some(Sha::from(target.to_lowercase())),
            Some(target) if branch.as_deref() == Some(target) => head.clone(),
            Some(_) | None => None,
        };
    }
    Ok(())
}

fn is_sha(text: &str) -> bool {
    text.len() == 40 && text.chars().all(|character| character.is_ascii_hexdigit())
}
