//! Commits, and what hangs on them.

use async_graphql::{Context, Error, ID, Interface, Object, SimpleObject};

use super::{
    blob::{Blob, Tree},
    check::{CheckSuite, CheckSuiteConnection},
    error::{Nullable, nullable},
    page::{Page, connection},
    people::User,
    place::Place,
    pull::{PullRequest, PullRequestConnection},
    rollup::StatusCheckRollup,
    scalar::{DateTime, GitObjectId, Uri, count},
};
use crate::sim::model::{self, Kind, NodeId};

/// Represents a Git object.
#[derive(Debug, Clone, Interface)]
#[graphql(
    field(name = "id", ty = "ID"),
    field(name = "abbreviated_oid", ty = "&str"),
    field(name = "oid", ty = "GitObjectId<'_>")
)]
pub enum GitObject<'a> {
    Blob(Blob<'a>),
    Commit(Commit<'a>),
    Tree(Tree<'a>),
}

/// Represents a Git commit.
#[derive(Debug, Clone, Copy)]
pub struct Commit<'a> {
    place: Place<'a>,
    it: &'a model::Commit,
}

impl<'a> Commit<'a> {
    /// The commit of a full sha.
    pub fn of(place: Place<'a>, sha: &str) -> Option<Self> {
        let it = place.repo.commit(sha)?;
        Some(Self { place, it })
    }

    /// The commit that a revision names.
    pub fn at(place: Place<'a>, rev: &str) -> Option<Self> {
        let it = place.repo.resolve(rev)?;
        Some(Self { place, it })
    }
}

/// Represents an actor in a Git commit (ie. an author or committer).
#[derive(Debug, Clone, Copy, SimpleObject)]
pub struct GitActor<'a> {
    /// The name in the Git commit.
    name: Option<&'a str>,
    /// The email in the Git commit.
    email: Option<&'a str>,
    /// The GitHub user corresponding to the email field. Null if no such user exists.
    user: Option<User<'a>>,
}

impl<'a> GitActor<'a> {
    fn of(state: &'a model::State, login: &'a str) -> Self {
        let known = state.users.get(login);
        Self {
            name: Some(known.map_or(login, |it| &it.name)),
            email: known.map(|it| it.email.as_str()),
            user: known.map(|_| User { state, login }),
        }
    }
}

connection!(GitActorConnection of GitActor);

#[Object]
impl<'a> Commit<'a> {
    /// The Node ID of the Commit object.
    async fn id(&self) -> ID {
        NodeId::name(Kind::Commit, self.place.repo.id, &self.it.sha).into()
    }

    /// The Git object ID.
    async fn oid(&self) -> GitObjectId<'_> {
        self.it.sha.as_str().into()
    }

    /// An abbreviated version of the Git object ID.
    async fn abbreviated_oid(&self) -> &str {
        self.it.short()
    }

    /// The Git commit message headline.
    async fn message_headline(&self) -> &str {
        self.it.headline()
    }

    /// The Git commit message.
    async fn message(&self) -> &str {
        &self.it.message
    }

    /// The datetime when this commit was committed.
    async fn committed_date(&self) -> DateTime {
        DateTime(self.it.at)
    }

    /// The datetime when this commit was authored.
    async fn authored_date(&self) -> DateTime {
        DateTime(self.it.at)
    }

    /// The number of additions in this commit.
    async fn additions(&self) -> i32 {
        count(self.it.additions)
    }

    /// The number of deletions in this commit.
    async fn deletions(&self) -> i32 {
        count(self.it.deletions)
    }

    /// The HTTP URL for this commit.
    async fn url(&self) -> Uri {
        self.place.url(format_args!("/commit/{}", self.it.sha))
    }

    /// Authorship details of the commit.
    async fn author(&self) -> Option<GitActor<'a>> {
        Some(GitActor::of(self.place.state, &self.it.author))
    }

    /// The list of authors for this commit based on the git author and the Co-authored-by message
    /// trailer. The git author will always be first.
    async fn authors(
        &self,
        ctx: &Context<'_>,
        first: Option<i32>,
        after: Option<String>,
    ) -> Result<GitActorConnection<'a>, Error> {
        let page = Page::of(ctx, first, after.as_deref())?;
        let state = self.place.state;
        let own = GitActor::of(state, &self.it.author);
        let others = self.it.message.lines().filter_map(|line| {
            let (name, rest) = line.strip_prefix("Co-authored-by: ")?.split_once(" <")?;
            let email = rest.strip_suffix('>')?;
            let known = state.users.values().find(|it| it.email == email);
            Some(GitActor {
                name: Some(name),
                email: Some(email),
                user: known.map(|it| User {
                    state,
                    login: &it.login,
                }),
            })
        });
        Ok(GitActorConnection(
            page.cut(std::iter::once(own).chain(others)),
        ))
    }

    /// Check and Status rollup information for this commit.
    async fn status_check_rollup(&self) -> Option<StatusCheckRollup<'a>> {
        StatusCheckRollup::of(self.place, &self.it.sha)
    }

    /// The check suites associated with a commit.
    async fn check_suites(
        &self,
        ctx: &Context<'_>,
        first: Option<i32>,
        after: Option<String>,
    ) -> Nullable<CheckSuiteConnection<'a>> {
        nullable(|| {
            let page = Page::of(ctx, first, after.as_deref())?;
            self.place.reads("checks")?;
            let place = self.place;
            let runs = place.repo.runs.iter();
            let on = runs.filter(|run| run.head_sha == self.it.sha);
            let suites = on.map(|run| CheckSuite { place, run });
            Ok(Some(CheckSuiteConnection(page.cut(suites))))
        })
    }

    /// The merged Pull Request that introduced the commit to the repository. If the commit is not
    /// present in the default branch, additionally returns open Pull Requests associated with the
    /// commit.
    async fn associated_pull_requests(
        &self,
        ctx: &Context<'_>,
        first: Option<i32>,
        after: Option<String>,
    ) -> Nullable<PullRequestConnection<'a>> {
        nullable(|| {
            let page = Page::of(ctx, first, after.as_deref())?;
            self.place.reads("pull_requests")?;
            let place = self.place;
            let pulls = place.repo.pulls_of(&self.it.sha);
            let pulls = pulls.into_iter().map(|it| PullRequest { place, it });
            Ok(Some(PullRequestConnection(page.cut(pulls))))
        })
    }
}
