//! From a declared world to a living state: names get numbers, the story gets played.

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

use jiff::{SignedDuration, Timestamp};

use super::{EnvironmentPlan, Flow, Offset, RepoPlan, World, past::told};
use crate::sim::{
    forgejo::Edition,
    model::{
        BranchPolicy, Change, ChangeKind, Environment, Flavor, JobRules, Label, Permission,
        Protection, Repo, State, Token, User, Workflow, WorkflowJob,
        commit::sha_of,
        gitlab::{Freeze, Project},
        repo::Deployer,
    },
    script::{Agenda, Event, deploy::tier, push::Work},
};

/// What is wrong with a world that reads well.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Flaw {
    /// A word that should be one of a few.
    #[error("`{word}` is no {what}")]
    Word {
        /// What it should name.
        what: &'static str,
        /// What it is.
        word: String,
    },
    /// A repository without its workflows.
    #[error("repository {repo} names the flow `{flow}`, which is not there")]
    Flow {
        /// The repository.
        repo: String,
        /// The name.
        flow: String,
    },
    /// Two forges of one name, which control could not tell apart.
    #[error("there are two forges named `{name}`")]
    Twice {
        /// The name.
        name: String,
    },
}

impl World {
    /// Brings this forge to life at `now`: everything before has happened, the rest is to come.
    /// What is in `more` is built on its own.
    #[expect(clippy::similar_names, reason = "`seed` is the word for it everywhere")]
    pub fn build(&self, now: Timestamp, seed: u64, speed: f64) -> Result<State, Flaw> {
        let flavor = Flavor::parse(&self.forge.flavor).ok_or_else(|| Flaw::Word {
            what: "flavor (dotcom, ghes, gitlab, forgejo, forgejo-tasks, gitea)",
            word: self.forge.flavor.clone(),
        })?;
        let mut state = State {
            name: self.forge.name.as_str().into(),
            flavor,
            base: "http://127.0.0.1:0".into(),
            version: self.version(flavor)?.as_str().into(),
            lacks: self.forge.lacks.as_slice().into(),
            root: self.forge.root.trim_end_matches('/').into(),
            now,
            started: now,
            seed,
            speed: 1.0,
            flaky: 0.0,
            lag_ms: self.forge.lag_ms,
            users: Arc::new(self.people()),
            organizations: Arc::new(BTreeMap::from([(self.forge.owner.clone(), 9_001)])),
            tokens: Arc::new(self.tokens(seed, flavor)?),
            repos: Vec::with_capacity(self.repos.len()),
            index: Arc::new(HashMap::new()),
            agenda: Agenda::default(),
            last_id: 40_000,
        };
        let mut stories = Vec::new();
        let mut earliest = now;
        for plan in &self.repos {
            let flow = self.flows.get(&plan.flow).ok_or_else(|| Flaw::Flow {
                repo: plan.name.clone(),
                flow: plan.flow.clone(),
            })?;
            let mut steps = plan.story.clone();
            if let Some(history) = &plan.history {
                steps.extend(told(history, flow, seed, &plan.name));
            }
            steps.sort_by_key(|step| step.at);
            if let Some(first) = steps.first() {
                earliest = earliest.min(shift(now, first.at));
            }
            stories.push((plan, flow, steps));
        }
        state.now = earliest
            .saturating_sub(SignedDuration::from_hours(24))
            .unwrap_or(earliest);
        let mut index = HashMap::new();
        let first = 50_000;
        for (at, (plan, flow, steps)) in stories.into_iter().enumerate() {
            let id = first + at as u64;
            let repo = self.repo(&mut state, id, plan, flow);
            index.insert(repo.full_name().to_ascii_lowercase(), at);
            state.repos.push(Arc::new(repo));
            self.found(&mut state, id, plan, flow);
            for step in steps {
                state.at(shift(now, step.at), id, Event::Story(step));
            }
        }
        state.index = Arc::new(index);
        state.last_id = state.last_id.max(first + self.repos.len() as u64);
        state.advance_to(now);
        state.go_live(speed, self.forge.flaky);
        Ok(state)
    }

    fn people(&self) -> BTreeMap<String, User> {
        let person = |(at, it): (usize, &super::Person)| {
            let user = User {
                id: 1_001 + at as u64,
                login: it.login.clone(),
                name: if it.name.is_empty() {
                    it.login.clone()
                } else {
                    it.name.clone()
                },
                email: format!("{}@{}.example", it.login, self.forge.owner),
                teams: it.teams.clone(),
            };
            (it.login.clone(), user)
        };
        self.users.iter().enumerate().map(person).collect()
    }

    // What the server calls its version: its flavor's usual one, unless the file has another.
    fn version(&self, flavor: Flavor) -> Result<String, Flaw> {
        let own = self.forge.version.clone();
        let Some(usual) = Edition::usual(flavor) else {
            let gitlab = flavor == Flavor::Gitlab && own.is_empty();
            return Ok(if gitlab { "18.4.1-ee".to_owned() } else { own });
        };
        if own.is_empty() {
            return Ok(usual.version());
        }
        let edition = Edition::parse(&own).filter(|it| it.gitea() == usual.gitea());
        let edition = edition.ok_or(Flaw::Word {
            what: "version of such a forge (16.0.1, 11.0.7; 1.25.2 of a Gitea)",
            word: own,
        })?;
        Ok(edition.version())
    }

    fn tokens(&self, seed: u64, flavor: Flavor) -> Result<HashMap<String, Arc<Token>>, Flaw> {
        let mut tokens = HashMap::new();
        for (label, plan) in &self.tokens {
            let permission = Permission::parse(&plan.permission).ok_or_else(|| Flaw::Word {
                what: "permission (read, triage, write, maintain, admin)",
                word: plan.permission.clone(),
            })?;
            let prefix = match (flavor, plan.fine.is_some()) {
                (Flavor::Dotcom | Flavor::Ghes, true) => "github_pat_sim",
                (Flavor::Dotcom | Flavor::Ghes, false) => "ghp_sim",
                (Flavor::Gitlab, _) => "glpat-sim",
                (Flavor::Forgejo | Flavor::ForgejoTasks | Flavor::Gitea, _) => "",
            };
            // No token of one forge opens another.
            let body = sha_of(&["token", &seed.to_string(), &self.forge.name, label]);
            let body = body
                .get(..33)
                .filter(|_| !prefix.is_empty())
                .unwrap_or(&body);
            let secret = format!("{prefix}{body}");
            let token = Token {
                label: label.clone(),
                secret: secret.clone(),
                login: plan.login.clone(),
                scopes: plan.scopes.clone(),
                fine: plan.fine.clone(),
                permission,
                repos: plan.repos.clone(),
            };
            tokens.insert(secret, Arc::new(token));
        }
        Ok(tokens)
    }

    fn repo(&self, state: &mut State, id: u64, plan: &RepoPlan, flow: &Flow) -> Repo {
        let now = state.now;
        let labels = self.labels.iter().map(|(name, color)| Label {
            id: state.next_id(),
            name: name.clone(),
            color: color.clone(),
            description: String::new(),
        });
        let labels = labels.collect();
        let known = flow.workflows.iter().filter(|_| plan.actions);
        let workflows = known.map(|it| {
            let jobs = it.jobs.iter().map(|job| WorkflowJob {
                name: job.name.clone(),
                stage: job.stage,
                took: job.took.length(),
                environment: job.environment.clone(),
                revision: job.revision.clone(),
                marks: job.marks.clone(),
                rules: JobRules {
                    stage: stage(&it.stages, job.stage),
                    manual: job.manual,
                    allow_failure: job.allow_failure,
                    unless_frozen: job.unless_frozen,
                },
            });
            Arc::new(Workflow {
                id: state.next_id(),
                name: it.name.clone(),
                file: it.file.clone(),
                on: it.on.clone(),
                branches: it.branches.clone(),
                inputs: it.inputs.clone(),
                run_name: it.run_name.clone(),
                jobs: jobs.collect(),
                created_at: now,
            })
        });
        let workflows = workflows.collect();
        let mut places: Vec<&EnvironmentPlan> = Vec::new();
        for place in self
            .environments
            .iter()
            .chain(&flow.environments)
            .chain(&plan.environments)
        {
            match places.iter_mut().find(|it| it.name == place.name) {
                Some(known) => *known = place,
                None => places.push(place),
            }
        }
        let environments = places
            .into_iter()
            .map(|it| environment(state.next_id(), it, plan, now))
            .collect();
        Repo {
            id,
            owner: match plan.group.as_str() {
                "" => self.forge.owner.clone(),
                group => format!("{}/{group}", self.forge.owner),
            },
            name: plan.name.clone(),
            moved_from: plan.moved_from.clone(),
            description: plan.description.clone(),
            language: plan.language.clone(),
            topics: vec!["service".to_owned()],
            private: plan.private,
            archived: plan.archived,
            disabled: false,
            actions: plan.actions,
            default_branch: "main".to_owned(),
            merge_commit: true,
            squash: true,
            rebase: false,
            auto_merge: true,
            merge_queue: plan.merge_queue,
            created_at: now,
            pushed_at: now,
            deployer: flow.deployer.as_ref().map(|it| Deployer {
                login: it.login.clone(),
                took: it.took.length(),
            }),
            labels,
            commits: Vec::new(),
            branches: BTreeMap::new(),
            tags: Vec::new(),
            pulls: Vec::new(),
            issues: Vec::new(),
            workflows,
            runs: Vec::new(),
            statuses: Vec::new(),
            environments,
            deployments: Vec::new(),
            releases: Vec::new(),
            health: plan.health.clone(),
            reports: plan.reports.clone(),
            reported: HashMap::new(),
            gitlab: (state.flavor == Flavor::Gitlab).then(|| gitlab(state, plan)),
            dooms: Vec::new(),
            by_sha: Arc::default(),
            last_number: 0,
            run_numbers: HashMap::new(),
        }
    }

    // The first commit, the branches at it, and what the default branch asks for.
    fn found(&self, state: &mut State, id: u64, plan: &RepoPlan, flow: &Flow) {
        let author = self.users.first().map_or("ghost", |it| it.login.as_str());
        let readme = format!("# {}\n\n{}\n", plan.name, plan.description);
        let own = plan.files.iter().map(|(path, text)| (path.as_str(), text));
        let files = std::iter::once(("README.md", &readme)).chain(own);
        let files = files.map(|(path, text)| Change {
            path: path.to_owned(),
            kind: ChangeKind::Added,
            additions: 0,
            deletions: 0,
            content: Some(text.as_str().into()),
        });
        let work = Work {
            message: format!("Start {}", plan.name),
            author: author.to_owned(),
            lines: (420, 0),
            files: files.collect(),
            ..Work::default()
        };
        let Some(sha) = state.commit(id, "main", work) else {
            return;
        };
        for branch in &flow.branches {
            state.point(id, branch, &sha);
        }
        let Some(repo) = state.repo_mut(id) else {
            return;
        };
        if let Some(main) = repo.branches.get_mut("main") {
            main.protection = Some(Protection {
                reviews: plan.reviews,
                contexts: plan.contexts.clone(),
                classic: false,
            });
        }
        for it in &flow.protections {
            if let Some(branch) = repo.branches.get_mut(&it.branch) {
                branch.protection = Some(Protection {
                    reviews: it.reviews,
                    contexts: it.contexts.clone(),
                    classic: it.classic,
                });
            }
        }
    }
}

fn environment(id: u64, plan: &EnvironmentPlan, repo: &RepoPlan, now: Timestamp) -> Environment {
    let protected = plan.branches.iter().any(|it| it == "protected");
    Environment {
        id,
        name: plan.name.clone(),
        wait_timer: plan.wait_timer,
        reviewers: plan.reviewers.clone(),
        prevent_self_review: plan.prevent_self_review,
        branch_policy: (!plan.branches.is_empty()).then(|| BranchPolicy {
            protected,
            patterns: if protected {
                Vec::new()
            } else {
                plan.branches.clone()
            },
        }),
        production: plan.production,
        url: plan.url.as_ref().map(|it| it.replace("{repo}", &repo.name)),
        approvals: plan.approvals,
        deployers: plan.deployers.clone(),
        tier: tier(plan.tier.as_deref().unwrap_or(&plan.name)),
        created_at: now,
    }
}

// The part of a project that only GitLab has.
fn gitlab(state: &mut State, plan: &RepoPlan) -> Project {
    let now = state.now;
    let started = state.started;
    let cron = |it: Offset| shift(started, it).strftime("%-M %-H %-d %-m *").to_string();
    let freezes = plan.freezes.iter().map(|it| Freeze {
        id: state.next_id(),
        start: cron(it.from),
        end: cron(it.to),
        zone: "UTC".to_owned(),
        created_at: now,
        updated_at: now,
    });
    Project {
        freezes: freezes.collect(),
        must_succeed: plan.must_succeed,
        ..Project::default()
    }
}

fn stage(names: &[String], number: u32) -> String {
    let at = usize::try_from(number).unwrap_or(1).saturating_sub(1);
    names.get(at).cloned().unwrap_or_else(|| "test".to_owned())
}

fn shift(now: Timestamp, by: Offset) -> Timestamp {
    now.saturating_add(by.0).unwrap_or(now)
}
