//! Facts and scopes as they are kept: equal names once, and no room to grow. A forge's answer names
//! the same commit, person and environment dozens of times.

use std::collections::HashSet;
use std::sync::Arc;

use super::facts::ServiceFacts;
use super::ids::Name;
use super::pipeline::Checks;
use super::scope::Scope;

/// The names that were met, each once.
#[derive(Default)]
struct Met(HashSet<Arc<str>>);

impl Met {
    /// Replaces a name by an equal one that was met before, or by a copy: what was read is to hold
    /// on to nothing of where it was read.
    fn share(&mut self, name: &mut impl Name) {
        let name = name.text_mut();
        let known = match self.0.get(name) {
            Some(known) => Arc::clone(known),
            None => {
                let copy = Arc::from(&**name);
                self.0.insert(Arc::clone(&copy));
                copy
            }
        };
        *name = known;
    }

    fn share_all<'a, N: Name + 'a>(&mut self, names: impl IntoIterator<Item = &'a mut N>) {
        names.into_iter().for_each(|name| self.share(name));
    }

    fn checks(&mut self, checks: &mut Checks) {
        self.share(&mut checks.sha);
        checks.contexts.shrink_to_fit();
    }
}

impl ServiceFacts {
    /// The same facts in memory of their own.
    ///
    /// A forge's answer is read by another thread, and what stays of it lies between all that does
    /// not: as long as it lies there, none of that memory can be given back.
    #[must_use]
    pub fn moved(self) -> Self {
        self.lean().clone()
    }

    /// The same facts in less memory.
    #[must_use]
    pub fn lean(mut self) -> Self {
        let mut met = Met::default();
        if let Some(head) = &mut self.head {
            met.share(&mut head.sha);
            met.share_all(&mut head.author);
        }
        for (sha, checks) in self.checks.entries_mut() {
            met.share(sha);
            met.checks(checks);
        }
        for environment in &mut self.environments {
            met.share(&mut environment.name);
        }
        for deployment in &mut self.deployments {
            met.share(&mut deployment.environment);
            met.share(&mut deployment.sha);
            met.share_all(&mut deployment.creator);
        }
        for run in &mut self.runs {
            met.share(&mut run.sha);
            met.share_all(&mut run.actor);
            met.share_all(run.waiting.iter_mut().map(|one| &mut one.environment));
        }
        for pull_request in &mut self.pull_requests {
            met.share(&mut pull_request.head);
            met.share_all(&mut pull_request.author);
        }
        for release in &mut self.releases {
            met.share_all(&mut release.sha);
        }
        self.environments.shrink_to_fit();
        self.deployments.shrink_to_fit();
        self.runs.shrink_to_fit();
        self.pull_requests.shrink_to_fit();
        self.releases.shrink_to_fit();
        self
    }
}

impl Scope {
    /// The same scope in memory of its own, as `ServiceFacts::moved`.
    #[must_use]
    pub fn moved(self) -> Self {
        self.lean().clone()
    }

    /// The same scope in less memory.
    #[must_use]
    pub fn lean(mut self) -> Self {
        let mut met = Met::default();
        met.share_all([&mut self.base, &mut self.head]);
        for commit in &mut self.commits {
            met.share(&mut commit.sha);
            met.share_all(&mut commit.author);
            commit.pull_requests.shrink_to_fit();
            commit.checks.iter_mut().for_each(|one| met.checks(one));
        }
        for pull_request in &mut self.pull_requests {
            met.share_all(&mut pull_request.author);
            met.share_all(&mut pull_request.merged_by);
            met.share_all(pull_request.reviews.iter_mut().map(|one| &mut one.author));
            pull_request.reviews.shrink_to_fit();
        }
        self.commits.shrink_to_fit();
        self.pull_requests.shrink_to_fit();
        self
    }
}

#[cfg(test)]
mod tests {
    use super::super::gate::fixture::World;

    #[test]
    fn lean_facts_are_the_same_facts() {
        let facts = World::new(Vec::new()).known().clone();
        let lean = facts.clone().moved();
        assert_eq!(lean, facts);
        let named = |environment: &str| {
            let mut all = lean.deployments.iter();
            let found = all.rfind(|one| one.environment.as_str() == environment);
            found.unwrap().environment.as_str().as_ptr()
        };
        let first = &lean.deployments[0].environment;
        assert_eq!(named(first.as_str()), first.as_str().as_ptr());
    }
}
