//! The jobs of `docs/pipelines`: they stand in `docs/pipelines.md` as they are, each is what its system can
//! read, and the line that they run ends as it is said to, on each of the forges.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::program::{Ran, Sim, gonogo};

mod yaml;

use yaml::Yaml;

const SNIPPETS: [&str; 3] = ["github", "gitlab", "forgejo"];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn snippet(name: &str) -> String {
    fs::read_to_string(root().join(format!("docs/pipelines/{name}.yml"))).unwrap()
}

/// The keys of a job that GitHub Actions, and with it Forgejo's and Gitea's, knows.
const JOB: [&str; 16] = [
    "name",
    "permissions",
    "needs",
    "if",
    "runs-on",
    "environment",
    "concurrency",
    "outputs",
    "env",
    "defaults",
    "steps",
    "timeout-minutes",
    "strategy",
    "continue-on-error",
    "container",
    "services",
];
const STEP: [&str; 10] = [
    "id",
    "if",
    "name",
    "uses",
    "run",
    "working-directory",
    "shell",
    "with",
    "env",
    "timeout-minutes",
];
/// Those of a job of GitLab's.
const GITLAB_JOB: [&str; 18] = [
    "stage",
    "script",
    "before_script",
    "after_script",
    "image",
    "services",
    "tags",
    "rules",
    "needs",
    "variables",
    "environment",
    "when",
    "allow_failure",
    "retry",
    "timeout",
    "artifacts",
    "cache",
    "resource_group",
];

/// The shell line of the job called `gonogo`, after every key was found to be one that the system
/// knows, and every job that needs another was found to need one that is there.
fn line_of(name: &str) -> String {
    let page = yaml::read(&snippet(name)).unwrap_or_else(|error| panic!("{name}: {error}"));
    let jobs = if name == "gitlab" {
        page
    } else {
        for (key, _) in page.entries() {
            assert!(
                ["name", "on", "env", "jobs"].contains(&key),
                "{name}: {key}"
            );
        }
        page.get("jobs").unwrap().clone()
    };
    let mut line = None;
    for (job, body) in jobs.entries() {
        let known: &[&str] = if name == "gitlab" { &GITLAB_JOB } else { &JOB };
        for (key, _) in body.entries() {
            assert!(known.contains(&key), "{name} {job}: {key}");
        }
        for needed in body.get("needs").map(Yaml::words).unwrap_or_default() {
            assert!(jobs.get(&needed).is_some(), "{name} {job} needs {needed}");
        }
        let runs = if name == "gitlab" {
            body.get("script").unwrap().words()
        } else {
            assert!(body.get("runs-on").is_some(), "{name} {job}");
            let steps = body.get("steps").unwrap().items();
            for (key, _) in steps.iter().flat_map(|step| step.entries()) {
                assert!(STEP.contains(&key), "{name} {job}: {key}");
            }
            steps
                .iter()
                .flat_map(|step| step.get("run").unwrap().words())
                .collect()
        };
        if job == "gonogo" {
            assert_eq!(runs.len(), 1, "{name}");
            line = runs.into_iter().next();
        }
    }
    let deploy = jobs.get("deploy").unwrap().get("needs").unwrap().words();
    assert_eq!(
        deploy,
        ["gonogo"],
        "{name}: nothing is deployed without a go"
    );
    line.unwrap()
}

#[test]
fn the_page_shows_the_jobs_as_they_are() {
    let readme = fs::read_to_string(root().join("docs/pipelines.md")).unwrap();
    for name in SNIPPETS {
        let block = format!("```yaml\n{}```\n", snippet(name));
        assert!(
            readme.contains(&block),
            "docs/pipelines/{name}.yml is not on the page"
        );
    }
}

#[test]
fn the_readme_shows_the_job_for_each_system() {
    let readme = fs::read_to_string(root().join("README.md")).unwrap();
    for name in SNIPPETS {
        let snippet = snippet(name);
        let mut lines = snippet.lines();
        let place = lines.next().unwrap();
        let job: Vec<&str> = lines
            .skip_while(|line| line.trim() != "gonogo:")
            .take_while(|line| line.trim() != "deploy:")
            .collect();
        let block = format!("```yaml\n{place}\n{}\n```\n", job.join("\n"));
        assert!(readme.contains(&block), "{name}: {block}");
    }
}

/// Runs the line as a runner does that has never run it: in a shell, with the program on its path.
fn runs(sim: &Sim, line: &str, service: &str) -> Ran {
    runs_at(tempfile::tempdir().unwrap().path(), sim, line, service)
}

/// The same in the home of a runner of one's own, which keeps what an earlier job has read.
fn runs_at(home: &Path, sim: &Sim, line: &str, service: &str) -> Ran {
    let line = line.replace(" checkout ", &format!(" {service} "));
    assert!(line.contains(service), "{line}");
    let built = Path::new(env!("CARGO_BIN_EXE_gonogo")).parent().unwrap();
    let path = format!("{}:{}", built.display(), std::env::var("PATH").unwrap());
    // The same clean environment as everywhere, in front of a shell.
    let clean = gonogo(home);
    let mut command = Command::new("sh");
    command
        .args(["-e", "-c", &line])
        .current_dir(home)
        .env_clear()
        .envs(
            clean
                .get_envs()
                .filter_map(|(name, value)| Some((name, value?))),
        )
        .env("PATH", path)
        .env("CI", "true")
        .env("GONOGO_CONFIG", sim.config());
    sim.take(command)
}

#[test]
fn the_line_ends_as_it_is_said_to_on_every_forge() {
    let world = |name: &str| format!("{}/assets/worlds/{name}.toml", root().display());
    let (gitlab, forgejo) = (world("gitlab"), world("forgejo"));
    let unread = r#"{"match": MATCH, "effect": {"kind": "status", "status": 500, "body": "{}"}}"#;
    for (name, worlds, service, scope) in [
        (
            "github",
            vec![],
            "api-gateway",
            r#"{"path_contains": "/compare/"}"#,
        ),
        (
            "gitlab",
            vec![gitlab.as_str()],
            "gateway",
            r#"{"path_contains": "/compare"}"#,
        ),
        (
            "forgejo",
            vec![forgejo.as_str()],
            "harbour",
            r#"{"path_contains": "/compare/"}"#,
        ),
    ] {
        let line = line_of(name);
        let sim = Sim::of(1.0, &worlds);
        let go = runs(&sim, &line, service);
        assert_eq!(go.code, 0, "{name}: {go:?}");
        sim.control("POST", "/faults", &unread.replace("MATCH", scope));
        let unknown = runs(&sim, &line, service);
        assert_eq!(unknown.code, 7, "{name}: {unknown:?}");
        sim.control("DELETE", "/faults", "");
        sim.control("POST", "/faults", r#"{"effect": {"kind": "unauthorized"}}"#);
        let refused = runs(&sim, &line, service);
        assert_eq!(refused.code, 4, "{name}: {refused:?}");
        sim.control("DELETE", "/faults", "");
        assert!(sim.writes().is_empty(), "{name}: a check changes nothing");
        sim.run(&[
            "hold",
            "add",
            "--service",
            service,
            "--in",
            "production",
            "--reason",
            "storm",
        ])
        .done();
        let braked = sim.writes();
        let held = runs(&sim, &line, service);
        assert_eq!(held.code, 3, "{name}: {held:?}");
        assert!(held.out.contains("storm"), "{name}: {held:?}");
        assert_eq!(sim.writes(), braked, "{name}: a check changes nothing");
    }
}

#[test]
fn a_runner_that_has_asked_before_says_go_only_after_the_forge_has_answered_again() {
    let world = |name: &str| format!("{}/assets/worlds/{name}.toml", root().display());
    let (gitlab, forgejo) = (world("gitlab"), world("forgejo"));
    for (name, worlds, service) in [
        ("github", vec![], "api-gateway"),
        ("gitlab", vec![gitlab.as_str()], "gateway"),
        ("forgejo", vec![forgejo.as_str()], "harbour"),
    ] {
        let line = line_of(name);
        let sim = Sim::of(1.0, &worlds);
        let home = tempfile::tempdir().unwrap();
        let warm = runs_at(home.path(), &sim, &line, service);
        assert_eq!(warm.code, 0, "{name}: {warm:?}");
        for fault in ["refuse", "unauthorized"] {
            let fault = format!(r#"{{"effect": {{"kind": "{fault}"}}}}"#);
            sim.control("POST", "/faults", &fault);
            let dead = runs_at(home.path(), &sim, &line, service);
            assert_eq!(dead.code, 4, "{name}: {fault} {dead:?}");
            assert!(!dead.err.is_empty(), "{name}: it says why");
            assert!(!dead.out.contains(" go"), "{name}: {dead:?}");
            let explained = line.replace("gonogo check", "gonogo gates");
            let explained = runs_at(home.path(), &sim, &explained, service);
            assert_eq!(explained.code, 4, "{name}: {explained:?}");
            let waits = line.replace("gonogo check", "gonogo wait --until go --timeout 2s");
            let waits = runs_at(home.path(), &sim, &waits, service);
            assert_eq!(waits.code, 4, "{name}: {waits:?}");
            sim.control("DELETE", "/faults", "");
        }
        let again = runs_at(home.path(), &sim, &line, service);
        assert_eq!(again.code, 0, "{name}: {again:?}");
    }
}
