//! Issues: they share their numbers with the pull requests of a repository.

use jiff::Timestamp;

use super::{Pull, Repo, words};

words! {
    /// Whether an issue still waits for somebody.
    IssueState { Open = "open", Closed = "closed" }
}

words! {
    /// Why an issue is in the state it is in.
    IssueReason {
        Completed = "completed", Duplicate = "duplicate", NotPlanned = "not_planned",
        Reopened = "reopened",
    }
}

/// An issue.
#[derive(Debug, Clone)]
pub struct Issue {
    /// Its number in the whole forge.
    pub id: u64,
    /// Its number in the repository.
    pub number: u64,
    /// One line.
    pub title: String,
    /// The text below.
    pub body: String,
    /// Login.
    pub author: String,
    /// Names of labels.
    pub labels: Vec<String>,
    /// Open or closed.
    pub state: IssueState,
    /// Why.
    pub reason: Option<IssueReason>,
    /// When it was written.
    pub created_at: Timestamp,
    /// Last change.
    pub updated_at: Timestamp,
    /// When it was closed.
    pub closed_at: Option<Timestamp>,
    /// Who closed it.
    pub closed_by: Option<String>,
}

impl Repo {
    /// An issue by its number in the repository.
    pub fn issue(&self, number: u64) -> Option<&Issue> {
        self.issues.iter().find(|it| it.number == number)
    }

    /// The issues that a pull request closes when it is merged: those that its text names behind
    /// one of GitHub's keywords.
    pub fn closed_by(&self, pull: &Pull) -> Vec<&Issue> {
        let text = format!("{}\n{}", pull.title, pull.body);
        let words: Vec<&str> = text.split_whitespace().collect();
        let named = words.windows(2).filter_map(|pair| {
            let [keyword, name] = pair else { return None };
            let keyword = keyword.trim_end_matches(':').to_ascii_lowercase();
            let closes = matches!(
                keyword.as_str(),
                "close"
                    | "closes"
                    | "closed"
                    | "fix"
                    | "fixes"
                    | "fixed"
                    | "resolve"
                    | "resolves"
                    | "resolved"
            );
            let number = name.strip_prefix('#').filter(|_| closes)?;
            number
                .trim_end_matches(|letter: char| !letter.is_ascii_digit())
                .parse::<u64>()
                .ok()
        });
        let named: Vec<u64> = named.collect();
        self.issues
            .iter()
            .filter(|it| named.contains(&it.number))
            .collect()
    }
}
