//! Reads of pull requests, reviews and labels.

use super::{Done, number};
use crate::sim::{
    act::Refusal,
    model::{Pull, PullState, Repo},
    rest::{Answer, Ask},
};

impl Ask<'_> {
    /// Pull requests: open ones and newest first unless asked otherwise.
    pub fn pulls(&self, repo: &Repo) -> Answer {
        let state = self.param("state").unwrap_or("open");
        let head = self
            .param("head")
            .map(|it| it.rsplit(':').next().unwrap_or(it));
        let mut pulls: Vec<&Pull> = repo
            .pulls
            .iter()
            .filter(|it| state == "all" || (state == "open") == (it.state == PullState::Open))
            .filter(|it| head.is_none_or(|head| head == it.head))
            .filter(|it| self.param("base").is_none_or(|base| base == it.base))
            .collect();
        let updated = self.param("sort") == Some("updated");
        pulls.sort_by_key(|it| {
            (
                if updated {
                    it.updated_at
                } else {
                    it.created_at
                },
                it.number,
            )
        });
        // Newest first by default, whatever the sort.
        if self.param("direction") != Some("asc") {
            pulls.reverse();
        }
        self.list(&pulls, |it| self.shape().pull(repo, it))
    }

    fn asked<'r>(repo: &'r Repo, text: &str) -> Result<&'r Pull, Refusal> {
        repo.pull(number(text)?).ok_or_else(Refusal::not_found)
    }

    /// One pull request.
    pub fn pull(&self, repo: &Repo, text: &str) -> Done {
        Ok(Answer::json(
            200,
            self.shape().full_pull(repo, Self::asked(repo, text)?),
        ))
    }

    /// Reviews, oldest first.
    pub fn reviews(&self, repo: &Repo, text: &str) -> Done {
        let pull = Self::asked(repo, text)?;
        Ok(self.list(&pull.reviews, |it| self.shape().review(repo, pull, it)))
    }

    /// 204 when merged, else 404.
    pub fn is_merged(&self, repo: &Repo, text: &str) -> Done {
        match Self::asked(repo, text)?.state {
            PullState::Merged => Ok(Answer::empty(204)),
            PullState::Open | PullState::Closed => Err(Refusal::not_found()),
        }
    }

    /// The commits of a pull request, oldest first.
    pub fn pull_commits(&self, repo: &Repo, text: &str) -> Done {
        let pull = Self::asked(repo, text)?;
        let between = repo
            .compare(&pull.base_sha, &pull.head_sha)
            .map(|it| it.commits);
        Ok(self.list(&between.unwrap_or_default(), |it| {
            self.shape().commit(repo, it)
        }))
    }

    /// The pull requests that brought a commit in.
    pub fn pulls_of_commit(&self, repo: &Repo, rev: &str) -> Done {
        let sha = &self.rev(repo, rev)?.sha;
        Ok(self.list(&repo.pulls_of(sha), |it| self.shape().pull(repo, it)))
    }

    /// The labels of a repository.
    pub fn labels(&self, repo: &Repo) -> Answer {
        self.list(&repo.labels, |it| self.shape().label(repo, it))
    }
}
