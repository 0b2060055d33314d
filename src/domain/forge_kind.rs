//! The kinds of forges, and what they differ in for a promotion. How each is spoken to lives in its
//! adapter.

/// A kind of forge.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ForgeKind {
    GitHub,
    GitLab,
    /// And Gitea, which its version tells apart when it is spoken to.
    Forgejo,
}

impl ForgeKind {
    pub const ALL: [Self; 3] = [Self::GitHub, Self::GitLab, Self::Forgejo];

    /// The word of the config file.
    pub fn word(self) -> &'static str {
        match self {
            Self::GitHub => "github",
            Self::GitLab => "gitlab",
            Self::Forgejo => "forgejo",
        }
    }

    /// What it is called where several share a narrow line.
    pub fn short(self) -> &'static str {
        match self {
            Self::GitHub => "gh",
            Self::GitLab => "gl",
            Self::Forgejo => "fj",
        }
    }

    /// What people call it.
    pub fn title(self) -> &'static str {
        match self {
            Self::GitHub => "GitHub",
            Self::GitLab => "GitLab",
            Self::Forgejo => "Forgejo",
        }
    }
}
