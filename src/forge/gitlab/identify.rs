//! Who the token is, what its scopes allow, and which version answers.

use serde::Deserialize;

use super::project::User;
use super::{GitLab, REST};
use crate::domain::text::clean;
use crate::forge::error::Error;
use crate::forge::http::limiter::Purpose;
use crate::forge::{Capability, Identity};

#[derive(Deserialize)]
struct Itself {
    #[serde(default)]
    scopes: Vec<String>,
}

#[derive(Deserialize)]
struct Version {
    version: Option<String>,
}

impl GitLab {
    pub(super) async fn read_identity(&self) -> Result<Identity, Error> {
        let user: User = self
            .rest
            .get(Purpose::Look, &format!("{REST}/user"))
            .await?
            .json()?;
        let login = user.person();
        self.memory.known().login = Some(login.clone());
        // Only a personal, project or group token knows its scopes; OAuth's does not.
        let itself = self
            .if_there::<Itself>("/personal_access_tokens/self")
            .await?;
        let scopes = itself.map(|itself| -> Vec<String> {
            itself.scopes.iter().map(|scope| clean(scope)).collect()
        });
        let mut version = self.if_there::<Version>("/metadata").await?;
        if version.is_none() {
            version = self.if_there("/version").await?;
        }
        Ok(Identity {
            login,
            capabilities: allowed(scopes.as_deref()),
            scopes: scopes.unwrap_or_default(),
            version: version
                .and_then(|known| known.version)
                .map(|version| clean(&version)),
        })
    }

    async fn if_there<T: serde::de::DeserializeOwned>(
        &self,
        route: &str,
    ) -> Result<Option<T>, Error> {
        match self
            .rest
            .get(Purpose::Look, &format!("{REST}{route}"))
            .await
        {
            Ok(answer) => Ok(answer.json().ok()),
            Err(Error::Refused(refusal)) if matches!(refusal.status, 400..=404) => Ok(None),
            Err(error) => Err(error),
        }
    }
}

/// What a token with these scopes may do. A token that names none may do what a tried call shows.
fn allowed(scopes: Option<&[String]>) -> Vec<Capability> {
    let writes = scopes.is_none_or(|scopes| scopes.iter().any(|scope| scope == "api"));
    let reads =
        writes || scopes.is_none_or(|scopes| scopes.iter().any(|scope| scope == "read_api"));
    let mut capabilities = Vec::new();
    if writes {
        capabilities.extend([
            Capability::Approve,
            Capability::Dispatch,
            // A pipeline that is started is named in the answer.
            Capability::DispatchDetails,
            Capability::CreateDeployment,
            Capability::MergePullRequest,
            Capability::PublishRelease,
            Capability::Cancel,
            Capability::Rerun,
            Capability::SetStatus,
        ]);
    }
    if reads {
        capabilities.extend([Capability::Checks, Capability::Log, Capability::FollowLog]);
    }
    capabilities
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_scope_api_writes() {
        let of = |scopes: &[&str]| {
            let scopes: Vec<String> = scopes.iter().map(|&scope| scope.to_owned()).collect();
            allowed(Some(&scopes))
        };
        assert_eq!(
            of(&["read_api"]),
            [Capability::Checks, Capability::Log, Capability::FollowLog]
        );
        assert!(of(&["api"]).contains(&Capability::Approve));
        assert!(of(&["read_user"]).is_empty());
        assert_eq!(allowed(None), of(&["api"]));
    }
}
