//! Paths of REST calls, each part encoded.

use crate::domain::ids::RepoPath;
pub(super) use crate::forge::http::path::part;

/// Splits `owner/name`; a path without a slash has no owner, and GitHub will not find it.
pub(super) fn owner_and_name(repo: &RepoPath) -> (&str, &str) {
    repo.as_str().split_once('/').unwrap_or(("", repo.as_str()))
}

/// Returns `/repos/OWNER/NAME` with `rest` after it.
pub(super) fn below(repo: &RepoPath, rest: impl AsRef<str>) -> String {
    let (owner, name) = owner_and_name(repo);
    format!("/repos/{}/{}{}", part(owner), part(name), rest.as_ref())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slash_in_a_name_does_not_make_a_path() {
        assert_eq!(part("release/1.0 ü"), "release%2F1.0%20%C3%BC");
        assert_eq!(
            below(&RepoPath::from("a b/c"), "/releases"),
            "/repos/a%20b/c/releases"
        );
        assert_eq!(below(&RepoPath::from("a/../b"), ""), "/repos/a/..%2Fb");
    }
}
