//! Global node ids: opaque to clients, but they lead back to repository and number.

/// What a node id names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A user.
    User,
    /// An organisation.
    Organization,
    /// A repository.
    Repository,
    /// A pull request.
    PullRequest,
    /// A review.
    Review,
    /// A deployment.
    Deployment,
    /// A deployment status.
    DeploymentStatus,
    /// An environment.
    Environment,
    /// A workflow.
    Workflow,
    /// A workflow run.
    WorkflowRun,
    /// A check suite.
    CheckSuite,
    /// A check run.
    CheckRun,
    /// A commit status.
    Status,
    /// A release.
    Release,
    /// A label.
    Label,
    /// An issue.
    Issue,
    /// A file at a commit, by `sha:path`.
    Blob,
    /// A folder at a commit, by `sha:path`.
    Tree,
    /// A branch or tag, by name.
    Ref,
    /// A commit, by sha.
    Commit,
}

const PREFIXES: [(Kind, &str); 20] = [
    (Kind::User, "U"),
    (Kind::Organization, "O"),
    (Kind::Repository, "R"),
    (Kind::PullRequest, "PR"),
    (Kind::Review, "PRR"),
    (Kind::Deployment, "DE"),
    (Kind::DeploymentStatus, "DES"),
    (Kind::Environment, "EN"),
    (Kind::Workflow, "W"),
    (Kind::WorkflowRun, "WFR"),
    (Kind::CheckSuite, "CS"),
    (Kind::CheckRun, "CR"),
    (Kind::Status, "SC"),
    (Kind::Release, "RE"),
    (Kind::Label, "LA"),
    (Kind::Issue, "I"),
    (Kind::Blob, "B"),
    (Kind::Tree, "T"),
    (Kind::Ref, "REF"),
    (Kind::Commit, "C"),
];

/// A node id taken apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NodeId {
    /// What it names.
    pub kind: Kind,
    /// In which repository; 0 when in none.
    pub repo: u64,
    /// The number, or the name of a ref or commit.
    pub key: String,
}

impl NodeId {
    /// Writes the id of a numbered thing.
    pub fn number(kind: Kind, repo: u64, id: u64) -> String {
        Self::name(kind, repo, &id.to_string())
    }

    /// Writes the id of a thing that has a name: `refs/heads/main`, or a sha.
    pub fn name(kind: Kind, repo: u64, key: &str) -> String {
        let prefix = PREFIXES
            .iter()
            .find(|(it, _)| *it == kind)
            .map_or("X", |(_, prefix)| prefix);
        let key = super::commit::hex(key.as_bytes());
        format!("{prefix}_kwDO{repo:08x}{key}")
    }

    /// Takes an id apart; `None` for anything that [`NodeId`] did not write.
    pub fn parse(text: &str) -> Option<Self> {
        let (prefix, rest) = text.split_once("_kwDO")?;
        let (kind, _) = PREFIXES.iter().find(|(_, it)| *it == prefix)?;
        let repo = u64::from_str_radix(rest.get(..8)?, 16).ok()?;
        let bytes: Option<Vec<u8>> = rest
            .get(8..)?
            .as_bytes()
            .chunks(2)
            .map(|pair| {
                let pair = std::str::from_utf8(pair).ok()?;
                u8::from_str_radix(pair, 16).ok()
            })
            .collect();
        Some(Self {
            kind: *kind,
            repo,
            key: String::from_utf8(bytes?).ok()?,
        })
    }

    /// The number in the id, if it is one of that kind.
    pub fn id(&self, kind: Kind) -> Option<u64> {
        (self.kind == kind).then(|| self.key.parse().ok()).flatten()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_node_id_leads_back_to_its_repository_and_key() {
        let text = NodeId::name(Kind::Ref, 4, "refs/heads/main");
        let id = NodeId::parse(&text);
        assert_eq!(
            id,
            Some(NodeId {
                kind: Kind::Ref,
                repo: 4,
                key: "refs/heads/main".into()
            })
        );
        let run = NodeId::parse(&NodeId::number(Kind::WorkflowRun, 4, 71));
        assert_eq!(
            run.as_ref().and_then(|it| it.id(Kind::WorkflowRun)),
            Some(71)
        );
        assert_eq!(run.and_then(|it| it.id(Kind::Environment)), None);
        assert_eq!(NodeId::parse("MDEwOlJlcG9zaXRvcnkx"), None);
    }
}
