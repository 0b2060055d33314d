//! Who the token is, and what it may do as far as its scopes tell.

use serde::Deserialize;
use serde_json::json;

use super::board::{Login, person};
use super::query::VIEWER;
use super::{GitHub, Known};
use crate::domain::ids::Person;
use crate::domain::text::clean;
use crate::forge::error::Error;
use crate::forge::http::limiter::Purpose;
use crate::forge::{Capability, Identity};

#[derive(Deserialize)]
struct Meta {
    installed_version: Option<String>,
}

impl GitHub {
    pub(super) async fn read_identity(&self) -> Result<Identity, Error> {
        let (login, scopes) = match self.wire.get(Purpose::Look, "/user").await {
            Ok(answer) => {
                let scopes = answer
                    .headers
                    .get("x-oauth-scopes")
                    .and_then(|scopes| scopes.to_str().ok())
                    .map(split);
                (person(&answer.json::<Login>()?), scopes)
            }
            // A token of an app is nobody's: GraphQL knows its name all the same.
            Err(Error::Refused(refusal)) if matches!(refusal.status, 403 | 404) => {
                (self.viewer().await?, None)
            }
            Err(error) => return Err(error),
        };
        let version = self.version().await?;
        *self.known() = Known {
            login: Some(login.clone()),
            version: version.clone(),
        };
        let mut capabilities = allowed(scopes.as_deref());
        if self.has_dispatch_details() && capabilities.contains(&Capability::Dispatch) {
            capabilities.push(Capability::DispatchDetails);
        }
        let reads = scopes.as_ref().is_none_or(|scopes| {
            scopes
                .iter()
                .any(|known| known == "repo" || known == "public_repo")
        });
        if reads {
            capabilities.push(Capability::Log);
        }
        // Which repositories hide theirs from the token, each of them says when it is read.
        capabilities.push(Capability::Checks);
        Ok(Identity {
            login,
            scopes: scopes.unwrap_or_default(),
            version,
            capabilities,
        })
    }

    async fn viewer(&self) -> Result<Person, Error> {
        let reply = self.wire.query(Purpose::Look, VIEWER, &json!({})).await?;
        let (mut data, errors) = reply.into_parts()?;
        match data.remove("viewer").map(Login::deserialize) {
            Some(Ok(login)) => Ok(person(&login)),
            _ => Err(errors.first().map_or_else(
                || Error::Unreadable("the answer names nobody".to_owned()),
                super::reply::Trouble::to_error,
            )),
        }
    }

    /// Asks for the version of an Enterprise Server; GitHub's own service has none.
    async fn version(&self) -> Result<Option<String>, Error> {
        if self.wire.is_public() {
            return Ok(None);
        }
        match self.wire.get(Purpose::Look, "/meta").await {
            Ok(answer) => Ok(answer
                .json::<Meta>()?
                .installed_version
                .map(|version| clean(&version))),
            Err(Error::Refused(refusal)) if matches!(refusal.status, 403 | 404) => Ok(None),
            Err(error) => Err(error),
        }
    }
}

fn split(scopes: &str) -> Vec<String> {
    scopes
        .split(',')
        .map(clean)
        .filter(|scope| !scope.is_empty())
        .collect()
}

/// Returns what a token with these classic scopes may do. Without the header it is fine-grained,
/// and only a tried call tells.
fn allowed(scopes: Option<&[String]>) -> Vec<Capability> {
    let has = |scope: &str| {
        scopes.is_none_or(|scopes| scopes.iter().any(|known| known == "repo" || known == scope))
    };
    [
        (Capability::Approve, "public_repo"),
        (Capability::Dispatch, "public_repo"),
        (Capability::CreateDeployment, "repo_deployment"),
        (Capability::MergePullRequest, "public_repo"),
        (Capability::PublishRelease, "public_repo"),
        (Capability::Cancel, "public_repo"),
        (Capability::Rerun, "public_repo"),
        (Capability::SetStatus, "repo:status"),
    ]
    .into_iter()
    .filter(|(_, scope)| has(scope))
    .map(|(capability, _)| capability)
    .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classic_scopes_bound_what_a_token_may_do() {
        assert_eq!(allowed(None).len(), 8);
        assert_eq!(allowed(Some(&split("read:org, repo, workflow"))).len(), 8);
        assert_eq!(
            allowed(Some(&split("repo:status,read:user"))),
            [Capability::SetStatus]
        );
        assert!(allowed(Some(&[])).is_empty());
    }
}
