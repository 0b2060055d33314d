//! The contract of logs: what each forge gives of a job that has ended, of one that runs, and of one
//! that has not begun; and that the token stays with its forge.

use gonogo::domain::ids::JobId;
use gonogo::domain::log::End;
use gonogo::forge::forgejo::Forgejo;
use gonogo::forge::gitlab::GitLab;
use gonogo::forge::{Forge, Sink};
use gonogo::sim::model::{Job, RunStatus};

use super::*;
use crate::harness::step;

/// What was poured.
#[derive(Default)]
struct Text(Vec<u8>);

impl Sink for Text {
    fn take(&mut self, bytes: &[u8]) -> bool {
        self.0.extend_from_slice(bytes);
        true
    }
}

impl Text {
    fn text(&self) -> String {
        String::from_utf8(self.0.clone()).unwrap()
    }
}

/// The jobs of a world that a wish is true of, with the repository and the run that they are in.
fn jobs(state: &State, wish: impl Fn(&Job) -> bool) -> Vec<(RepoPath, u64, Job)> {
    let mut found = Vec::new();
    for repo in &state.repos {
        for run in &repo.runs {
            for job in run.latest_jobs().filter(|job| wish(job)) {
                found.push((RepoPath::from(repo.full_name()), run.id, job.clone()));
            }
        }
    }
    found
}

fn ended(job: &Job) -> bool {
    let word = job.conclusion.map(sim::model::Conclusion::word);
    job.completed_at.is_some() && matches!(word, Some("success" | "failure"))
}

async fn speak(world: &str) -> Running {
    let world = World::from_toml(world).unwrap();
    sim::start(world, Options::default()).await.unwrap()
}

fn gitlab(sim: &Running) -> GitLab {
    let settings = gonogo::forge::Settings {
        name: ForgeName::from("gl"),
        url: sim.base_url().to_owned(),
        api_url: None,
        token: Some(SecretString::from(sim.token("operate").unwrap())),
        ca_file: None,
        limits: limits(),
    };
    GitLab::new(settings, clock::clock()).unwrap()
}

fn forgejo(sim: &Running) -> Forgejo {
    let settings = gonogo::forge::Settings {
        name: ForgeName::from("fj"),
        url: sim.base_url().to_owned(),
        api_url: None,
        token: Some(SecretString::from(sim.token("operate").unwrap())),
        ca_file: None,
        limits: limits(),
    };
    Forgejo::new(settings, clock::clock()).unwrap()
}

async fn read(
    client: &dyn Forge,
    (repo, run, job): &(RepoPath, u64, Job),
    from: u64,
) -> (End, String) {
    let mut sink = Text::default();
    let (run, job) = (RunId(*run), JobId(job.id));
    let read = client.log(repo, run, job, from, &mut sink).await;
    let read = read.unwrap_or_else(|fault| panic!("{fault}"));
    (read.end, sink.text())
}

#[tokio::test]
async fn github_gives_an_ended_jobs_log_from_another_host_and_the_token_stays() {
    let site = Site::evening().await;
    let all = jobs(&site.sim.state(), ended);
    let job = all.first().expect("a job that has ended");
    let (end, text) = read(&site.github, job, 0).await;
    assert_eq!(end, End::Complete);
    assert!(text.contains("##[group]Run checkout"), "{text}");
    let (_, rest) = read(&site.github, job, 100).await;
    assert_eq!(rest, text[100..]);
    // The store turns everybody away who brings a token; nobody did.
    let stored: Vec<Logged> = site.sim.requests();
    let stored = stored.iter().filter(|it| it.path.starts_with("/_logs/"));
    let statuses: Vec<u16> = stored.map(|it| it.status).collect();
    assert_eq!(statuses, [200, 206]);
}

#[tokio::test]
async fn github_says_so_while_a_job_runs() {
    let site = Site::evening().await;
    let running = jobs(&site.sim.state(), |job| job.status == RunStatus::InProgress);
    let job = running.first().expect("a job that runs");
    let (end, text) = read(&site.github, job, 0).await;
    assert!(matches!(end, End::NotYet(_)), "{end:?}");
    assert_eq!(text, "");
    site.advance(4_000);
    let (end, text) = read(&site.github, job, 0).await;
    assert_eq!(end, End::Complete);
    assert!(!text.is_empty());
}

#[tokio::test]
async fn a_failed_job_names_its_step() {
    let site = Site::evening().await;
    let failed = jobs(&site.sim.state(), |job| {
        job.conclusion.is_some_and(|it| it.word() == "failure")
    });
    let (repo, run, job) = failed.first().expect("a job that failed");
    let mut sink = Text::default();
    let read = site
        .github
        .log(repo, RunId(*run), JobId(job.id), 0, &mut sink)
        .await
        .unwrap();
    assert_eq!(read.failed_step.as_deref(), Some(job.name.as_str()));
    assert!(sink.text().contains("##[error]Process completed"));
}

#[tokio::test]
async fn gitlab_is_followed_while_a_job_runs() {
    let sim = speak(sim::GITLAB).await;
    let client = gitlab(&sim);
    let push = r#"{ do = "push", by = "bob", text = "Add weeks" }"#;
    assert!(sim.play("reports", (*step(push)).clone()));
    sim.advance(SignedDuration::from_secs(20));
    let running = jobs(&sim.state(), |job| job.status == RunStatus::InProgress);
    let job = running.first().expect("a job that runs");
    let (end, first) = read(&client, job, 0).await;
    assert_eq!(end, End::Growing);
    let from = first.len() as u64;
    sim.advance(SignedDuration::from_secs(4_000));
    let (end, rest) = read(&client, job, from).await;
    assert_eq!(end, End::Complete);
    let (_, whole) = read(&client, job, 0).await;
    assert_eq!(format!("{first}{rest}"), whole, "what was printed stays");
    assert!(whole.contains("section_start:"), "{whole}");
}

#[tokio::test]
async fn forgejo_gives_logs_where_its_version_does() {
    let sim = speak(sim::FORGEJO).await;
    let client = forgejo(&sim);
    let all = jobs(&sim.state(), ended);
    let (repo, run, _) = all.first().expect("a job that has ended");
    let jobs = client.jobs(repo, RunId(*run)).await.unwrap();
    let job = jobs.iter().find(|job| !job.phase.is_in_flight()).unwrap();
    let mut sink = Text::default();
    let read = client.log(repo, RunId(*run), job.id, 0, &mut sink).await;
    assert_eq!(read.unwrap().end, End::Complete);
    assert!(sink.text().contains("##[group]Run checkout"));

    let mut world = World::from_toml(sim::FORGEJO).unwrap();
    "forgejo-tasks".clone_into(&mut world.forge.flavor);
    let old = sim::start(world, Options::default()).await.unwrap();
    let client = forgejo(&old);
    let mut nothing = Text::default();
    let read = client.log(repo, RunId(*run), job.id, 0, &mut nothing).await;
    let read = read.unwrap();
    assert!(
        matches!(&read.end, End::Never(why) if why.contains("Forgejo 11")),
        "{read:?}"
    );
}
