//! Tickets: what the changes of a scope say they are for. They are found by the patterns of the
//! service; no tracker is asked.

use std::collections::{BTreeMap, BTreeSet};

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use super::{Commit, Scope, ScopeRule, ScopedPullRequest, TicketPattern};

/// A ticket that a scope names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ticket {
    pub name: String,
    pub url: Option<String>,
    /// What names it: `#912`, or a commit that no pull request brought.
    pub named_by: BTreeSet<String>,
}

impl Scope {
    /// The tickets that pull requests and commits name, each once, by name.
    pub fn tickets(&self, rule: &ScopeRule) -> Vec<Ticket> {
        let mut found: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
        for request in &self.pull_requests {
            for ticket in of_request(request, &rule.tickets) {
                let named_by = found.entry(ticket).or_default();
                named_by.insert(format!("#{}", request.number));
            }
        }
        for commit in &self.commits {
            for ticket in of_commit(commit, &rule.tickets) {
                let named_by = found.entry(ticket).or_default();
                let mut requests = self.requests_of(commit).peekable();
                if requests.peek().is_none() {
                    named_by.insert(commit.sha.short().to_owned());
                }
                named_by.extend(requests.map(|request| format!("#{}", request.number)));
            }
        }
        let ticket = |(name, named_by): (&str, BTreeSet<String>)| Ticket {
            name: name.to_owned(),
            url: rule.ticket_link.as_ref().map(|link| {
                let name = utf8_percent_encode(name, NON_ALPHANUMERIC).to_string();
                // What may stand in an address as it is reads better so.
                link.replace("{ticket}", &name.replace("%2D", "-").replace("%5F", "_"))
            }),
            named_by,
        };
        found.into_iter().map(ticket).collect()
    }

    /// The written commits that name no ticket, neither themselves nor the pull requests that brought
    /// them; none where no ticket is looked for.
    pub fn without_ticket(&self, rule: &ScopeRule) -> usize {
        if rule.tickets.is_empty() {
            return 0;
        }
        let named: BTreeSet<_> = self
            .pull_requests
            .iter()
            .filter(|request| of_request(request, &rule.tickets).next().is_some())
            .map(|request| request.number)
            .collect();
        let is_without = |commit: &&Commit| {
            of_commit(commit, &rule.tickets).next().is_none()
                && !commit.pull_requests.iter().any(|it| named.contains(it))
        };
        self.written().filter(is_without).count()
    }
}

fn of_request<'a>(
    request: &'a ScopedPullRequest,
    patterns: &'a [TicketPattern],
) -> impl Iterator<Item = &'a str> {
    let branch = request.branch.as_deref().unwrap_or_default();
    of_texts([&request.title, branch, &request.body], patterns)
}

fn of_commit<'a>(
    commit: &'a Commit,
    patterns: &'a [TicketPattern],
) -> impl Iterator<Item = &'a str> {
    of_texts([&commit.headline, &commit.message], patterns)
}

fn of_texts<'a, const N: usize>(
    texts: [&'a str; N],
    patterns: &'a [TicketPattern],
) -> impl Iterator<Item = &'a str> {
    let of_text = move |text| patterns.iter().flat_map(move |pattern| pattern.find(text));
    texts.into_iter().flat_map(of_text)
}
