//! Who the token is, and what this server lets anybody do.

use super::Forgejo;
use super::lists::API;
use super::repos::{User, person};
use crate::forge::Identity;
use crate::forge::error::Error;
use crate::forge::http::limiter::Purpose;

impl Forgejo {
    /// A token's scopes are not told to the token itself: they are learnt from refusals.
    pub(super) async fn read_identity(&self) -> Result<Identity, Error> {
        let features = self.refresh_features().await?;
        let route = format!("{API}/user");
        let user: User = self.rest.get(Purpose::Look, &route).await?.json()?;
        let login =
            person(&user).ok_or_else(|| Error::Unreadable("the answer names nobody".to_owned()))?;
        self.memory.know(login.clone());
        Ok(Identity {
            login,
            scopes: Vec::new(),
            version: Some(features.version.to_string()),
            capabilities: features.capabilities(),
        })
    }
}
