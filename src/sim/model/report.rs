//! What a check run says beside its conclusion: a figure such as coverage, and single findings.

use serde::Deserialize;

/// What a job reports when it ends.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(from = "Plan")]
pub struct Report {
    /// One line: `coverage 87.4 %`.
    pub title: String,
    /// A paragraph.
    pub summary: Option<String>,
    /// Details.
    pub text: Option<String>,
    /// Findings at single lines.
    pub findings: Vec<Finding>,
    /// The commit status that says the title too, for those who read statuses alone.
    pub status: Option<String>,
}

/// A finding at one line of a file.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Finding {
    /// The file.
    pub path: String,
    /// The line.
    pub line: u32,
    /// `notice`, `warning` or `failure`.
    #[serde(default = "warning")]
    pub level: String,
    /// What is wrong.
    pub message: String,
}

fn warning() -> String {
    "warning".to_owned()
}

/// As a world file has it: the title alone, or all of it.
#[derive(Deserialize)]
#[serde(untagged)]
enum Plan {
    Title(String),
    Whole(Whole),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Whole {
    title: String,
    summary: Option<String>,
    text: Option<String>,
    #[serde(default)]
    findings: Vec<Finding>,
    status: Option<String>,
}

impl From<Plan> for Report {
    fn from(plan: Plan) -> Self {
        match plan {
            Plan::Title(title) => Self {
                title,
                ..Self::default()
            },
            Plan::Whole(it) => Self {
                title: it.title,
                summary: it.summary,
                text: it.text,
                findings: it.findings,
                status: it.status,
            },
        }
    }
}
