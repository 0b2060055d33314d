//! Forgejo's and Gitea's tokens: their variables.

use super::{Token, host_of, token};
use crate::config::Env;

/// Returns the one host that the variables belong to.
pub(super) fn usual_host(env: &Env) -> Option<String> {
    let named = ["FJ_HOST", "GITEA_INSTANCE_URL"];
    named.iter().find_map(|name| host_of(env.get(name)?))
}

/// Looks into the variables, which belong to one host alone.
pub(super) fn find(host: &str, env: &Env) -> Option<Token> {
    let owner = usual_host(env).unwrap_or_else(|| "codeberg.org".to_owned());
    if owner != host {
        return None;
    }
    ["FORGEJO_TOKEN", "GITEA_TOKEN"]
        .iter()
        .find_map(|name| token(env.get(name)?, format!("${name}")).ok())
}

/// The ways to a token, and what it needs.
pub(super) fn advice(host: &str) -> (String, String) {
    let ways = format!(
        "\x20 export FJ_HOST={host} FORGEJO_TOKEN=…      a token from https://{host}/user/settings/applications"
    );
    let scopes = "It needs, to look: read:repository, read:issue and read:user; to promote: \
                  write:repository and write:issue.";
    (ways, scopes.to_owned())
}
