//! Issues and labels. A pull request is an issue too, and its labels are changed here.

use serde_json::Value;

use super::{
    Call, Done, No,
    call::{deputy, number, unarchived},
};
use crate::sim::{
    act::issue::{IssueChange, NewIssue},
    model::{Issue, IssueState, Label, Permission, Pull, PullState, Repo},
    rest::Answer,
};

enum Entry<'a> {
    Issue(&'a Issue),
    Pull(&'a Pull),
}

impl<'a> Entry<'a> {
    fn of(repo: &'a Repo, number: u64) -> Result<Self, No> {
        let issue = repo.issue(number).map(Entry::Issue);
        let found = issue.or_else(|| repo.pull(number).map(Entry::Pull));
        found.ok_or_else(No::not_found)
    }

    const fn number(&self) -> u64 {
        match self {
            Self::Issue(it) => it.number,
            Self::Pull(it) => it.number,
        }
    }

    fn open(&self) -> bool {
        match self {
            Self::Issue(it) => it.state == IssueState::Open,
            Self::Pull(it) => it.state == PullState::Open,
        }
    }

    fn labels(&self) -> &'a [String] {
        match self {
            Self::Issue(it) => &it.labels,
            Self::Pull(it) => &it.labels,
        }
    }
}

impl Call<'_> {
    fn entry(&self, repo: &Repo, it: &Entry<'_>) -> Value {
        match it {
            Entry::Issue(it) => self.shape().issue(repo, it),
            Entry::Pull(it) => self.shape().pull_issue(repo, it),
        }
    }

    /// Issues and pull requests; labels by name here.
    pub fn issues(&self, repo: &Repo) -> Answer {
        let kind = self.param("type");
        let state = self.param("state").unwrap_or("open");
        let labels: Vec<&str> = self.params("labels").collect();
        let issues = repo
            .issues
            .iter()
            .map(Entry::Issue)
            .filter(|_| kind != Some("pulls"));
        let pulls = repo
            .pulls
            .iter()
            .map(Entry::Pull)
            .filter(|_| kind != Some("issues"));
        let mut all: Vec<Entry<'_>> = issues
            .chain(pulls)
            .filter(|it| state == "all" || it.open() == (state != "closed"))
            .filter(|it| {
                labels
                    .iter()
                    .all(|name| it.labels().iter().any(|own| own == name))
            })
            .collect();
        all.sort_by_key(|it| std::cmp::Reverse(it.number()));
        self.list(&all, |it| self.entry(repo, it))
    }

    /// One issue or pull request.
    pub fn issue(&self, repo: &Repo, text: &str) -> Done {
        let found = Entry::of(repo, number(text)?)?;
        Ok(Answer::json(200, self.entry(repo, &found)))
    }

    /// Writes an issue; who may read may write one.
    pub fn create_issue(&self, repo: &Repo) -> Done {
        let token = deputy(self.signed()?);
        unarchived(repo)?;
        let fields = self.fields()?;
        let new = NewIssue {
            title: fields.needed("title", "Title")?,
            body: fields.text("body")?.unwrap_or_default(),
            labels: Vec::new(),
        };
        let number = self.act(|state| Ok(state.create_issue(&token, repo.id, new)?))?;
        self.issue_now(repo, number)
    }

    /// Changes an issue.
    pub fn edit_issue(&self, repo: &Repo, text: &str) -> Done {
        let number = number(text)?;
        let token = self.signed()?;
        unarchived(repo)?;
        let author = match Entry::of(repo, number)? {
            Entry::Issue(it) => &it.author,
            Entry::Pull(it) => &it.author,
        };
        if *author != token.login && token.permission < Permission::Write {
            return Err(No::bare(403));
        }
        let fields = self.fields()?;
        let change = IssueChange {
            title: fields.text("title")?.filter(|it| !it.is_empty()),
            body: fields.text("body")?,
            state: fields.text("state")?.as_deref().and_then(IssueState::parse),
            ..IssueChange::default()
        };
        let deputy = deputy(token);
        self.act(|state| Ok(state.update_issue(&deputy, repo.id, number, change)?))?;
        self.issue_now(repo, number)
    }

    fn issue_now(&self, repo: &Repo, number: u64) -> Done {
        let (state, repo) = self.after(repo)?;
        let shape = self.shape_of(&state);
        let body = match Entry::of(&repo, number)? {
            Entry::Issue(it) => shape.issue(&repo, it),
            Entry::Pull(it) => shape.pull_issue(&repo, it),
        };
        Ok(Answer::json(201, body))
    }

    /// The labels of the repository.
    pub fn labels(&self, repo: &Repo) -> Answer {
        let all: Vec<&Label> = repo.labels.iter().collect();
        self.list(&all, |it| self.shape().label(repo, it))
    }

    /// Makes a label: one that an issue gets must be there.
    pub fn create_label(&self, repo: &Repo) -> Done {
        self.writer(repo)?;
        let fields = self.fields()?;
        let name = fields.needed("name", "Name")?;
        let color = fields.needed("color", "Color")?;
        let description = fields.text("description")?.unwrap_or_default();
        let made = self.act(|state| {
            let id = state.next_id();
            let label = Label {
                id,
                name,
                color: color.trim_start_matches('#').to_owned(),
                description,
            };
            let repo = state.repo_mut(repo.id).ok_or_else(No::not_found)?;
            repo.labels.push(label.clone());
            Ok(label)
        })?;
        Ok(Answer::json(201, self.shape().label(repo, &made)))
    }

    /// The labels of one issue.
    pub fn issue_labels(&self, repo: &Repo, text: &str) -> Done {
        let found = Entry::of(repo, number(text)?)?;
        Ok(Answer::json(
            200,
            Value::Array(self.shape().labels(repo, found.labels())),
        ))
    }

    /// Adds labels, by number or by name; `PUT` has these and no others. One that is not there is
    /// passed over without a word.
    pub fn add_labels(&self, repo: &Repo, text: &str) -> Done {
        let found = Entry::of(repo, number(text)?)?;
        let token = self.signed()?;
        unarchived(repo)?;
        if token.permission < Permission::Write {
            return Err(No::new(403, "write permission is required"));
        }
        let fields = self.fields()?;
        let asked = fields
            .value("labels")
            .and_then(Value::as_array)
            .cloned()
            .unwrap_or_default();
        let (numbers, names): (Vec<&Value>, Vec<&Value>) = asked.iter().partition(|it| it.is_u64());
        if names.iter().any(|it| !it.is_string()) {
            return Err(No::new(400, "a label must be an integer or a string"));
        }
        if !numbers.is_empty() && !names.is_empty() {
            return Err(No::new(
                400,
                "labels should be an array of strings or integers",
            ));
        }
        let meant = |it: &&Label| {
            asked
                .iter()
                .any(|ask| ask.as_u64() == Some(it.id) || ask.as_str() == Some(&it.name))
        };
        let mut labels = match self.method {
            "PUT" => Vec::new(),
            _ => found.labels().to_vec(),
        };
        for label in repo.labels.iter().filter(meant) {
            if !labels.contains(&label.name) {
                labels.push(label.name.clone());
            }
        }
        self.relabel(repo, found.number(), labels)?;
        let (state, repo) = self.after(repo)?;
        let found = Entry::of(&repo, found.number())?;
        let body = self.shape_of(&state).labels(&repo, found.labels());
        Ok(Answer::json(200, Value::Array(body)))
    }

    /// Takes a label off, by its number.
    pub fn remove_label(&self, repo: &Repo, text: &str, label: &str) -> Done {
        let found = Entry::of(repo, number(text)?)?;
        let token = self.signed()?;
        unarchived(repo)?;
        if token.permission < Permission::Write {
            return Err(No::bare(403));
        }
        let label = number(label)?;
        let known = repo.labels.iter().find(|it| it.id == label);
        let known = known
            .ok_or_else(|| No::new(422, format!("label does not exist [label_id: {label}]")))?;
        let mut labels = found.labels().to_vec();
        labels.retain(|it| *it != known.name);
        self.relabel(repo, found.number(), labels)?;
        Ok(Answer::empty(204))
    }

    fn relabel(&self, repo: &Repo, number: u64, labels: Vec<String>) -> Result<(), No> {
        let token = deputy(self.signed()?);
        let change = IssueChange {
            labels: Some(labels),
            ..IssueChange::default()
        };
        self.act(|state| Ok(state.update_issue(&token, repo.id, number, change)?))
    }
}
