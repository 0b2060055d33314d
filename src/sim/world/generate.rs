//! Worlds of any size, for benches and for the budget of a thousand services.

use std::{collections::BTreeMap, sync::Arc};

use super::{
    EnvironmentPlan, Flow, Forge, Health, History, JobPlan, Offset, Person, Promote, RepoPlan,
    Step, TokenPlan, Verb, WorkflowPlan, World,
};

impl World {
    /// A world of so many services named `svc-0000`…, each with a short past, half of them with
    /// a candidate that waits for approval.
    pub fn generated(services: usize, seed: u64) -> Self {
        let people = ["alice", "bob", "carol", "dee", "eve"];
        let person = |login: &&str| Person {
            login: (*login).to_owned(),
            name: String::new(),
            teams: vec!["release".to_owned()],
        };
        let token = |login: &str, permission: &str| TokenPlan {
            login: login.to_owned(),
            scopes: vec!["repo".to_owned(), "read:org".to_owned()],
            fine: None,
            permission: permission.to_owned(),
            repos: Vec::new(),
        };
        let place = |name: &str, reviewers: Vec<String>| EnvironmentPlan {
            name: name.to_owned(),
            wait_timer: 0,
            reviewers,
            prevent_self_review: false,
            branches: Vec::new(),
            production: name == "production",
            url: Some(format!("https://{{repo}}.{name}.acme.example")),
            approvals: 1,
            deployers: Vec::new(),
            tier: None,
        };
        let job = |name: &str, stage, took, environment: Option<&str>| JobPlan {
            name: name.to_owned(),
            stage,
            took: Offset::seconds(took),
            environment: environment.map(str::to_owned),
            revision: None,
            marks: None,
            manual: false,
            allow_failure: false,
            unless_frozen: false,
        };
        let release = WorkflowPlan {
            name: "Release".to_owned(),
            file: "release.yml".to_owned(),
            on: vec!["push".to_owned()],
            branches: Vec::new(),
            inputs: BTreeMap::new(),
            run_name: None,
            stages: Vec::new(),
            jobs: vec![
                job("build", 1, 120, None),
                job("deploy dev", 2, 40, Some("dev")),
                job("deploy staging", 3, 80, Some("staging")),
                job("deploy production", 4, 160, Some("production")),
            ],
        };
        let flow = Flow {
            promote: Promote::Approval,
            workflows: vec![release],
            deployer: None,
            environments: Vec::new(),
            branches: Vec::new(),
            protections: Vec::new(),
        };
        let repos = (0..services).map(|at| service(at, seed, &people));
        Self {
            forge: Forge {
                name: "github".to_owned(),
                flavor: "dotcom".to_owned(),
                root: String::new(),
                owner: "acme".to_owned(),
                flaky: 0.0,
                lag_ms: 1_000,
                version: String::new(),
                lacks: Vec::new(),
            },
            users: people.iter().map(person).collect(),
            tokens: BTreeMap::from([
                ("read".to_owned(), token("dee", "read")),
                ("operate".to_owned(), token("alice", "write")),
                ("admin".to_owned(), token("carol", "admin")),
            ]),
            environments: vec![
                place("dev", Vec::new()),
                place("staging", Vec::new()),
                place("production", vec!["@release".to_owned()]),
            ],
            flows: BTreeMap::from([("approval".to_owned(), flow)]),
            labels: BTreeMap::from([("release".to_owned(), "0e8a16".to_owned())]),
            repos: repos.collect(),
            client: toml::Table::new(),
            more: Vec::new(),
        }
    }
}

fn service(at: usize, seed: u64, people: &[&str]) -> RepoPlan {
    let minor = (at as u64).wrapping_add(seed) % 40;
    let candidate = Arc::new(Step {
        at: Offset::seconds(-7_200),
        verb: Verb::Land,
        by: people
            .get(at % people.len())
            .copied()
            .unwrap_or("bob")
            .to_owned(),
        text: "Answer faster under load".to_owned(),
        tag: format!("v1.{}.0", minor + 2),
        ..Step::default()
    });
    RepoPlan {
        name: format!("svc-{at:04}"),
        group: String::new(),
        moved_from: Vec::new(),
        must_succeed: false,
        freezes: Vec::new(),
        description: format!("Service number {at}"),
        language: "Rust".to_owned(),
        private: true,
        archived: false,
        actions: true,
        merge_queue: false,
        flow: "approval".to_owned(),
        environments: Vec::new(),
        reviews: 0,
        contexts: Vec::new(),
        files: BTreeMap::new(),
        reports: BTreeMap::new(),
        health: Health::default(),
        history: Some(History {
            versions: vec![format!("1.{minor}.0"), format!("1.{}.0", minor + 1)],
            every: Offset::seconds(432_000),
            until: Offset::seconds(-172_800),
            authors: people.iter().map(|it| (*it).to_owned()).collect(),
            by: "carol".to_owned(),
        }),
        story: if at.is_multiple_of(2) {
            vec![candidate]
        } else {
            Vec::new()
        },
    }
}
