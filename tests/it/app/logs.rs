//! A log on the board: from a failed run to the line that says why, over HTTP against the simulator.

use gonogo::domain::promotion::State::{Accepted, Running};

use crate::harness::{Evening, Operator};

#[tokio::test(flavor = "multi_thread")]
async fn the_log_of_a_failed_run_begins_with_the_step_that_failed_and_is_searched() {
    let evening = Evening::of(&["ledger"]).await;
    let mut operator = Operator::sized(&evening.config(), 120, 40);
    operator.settle().await;
    operator.go_to("ledger");
    operator.press("w");
    operator.until_shown("FAILED STEP").await;
    operator.until_shown("complete").await;
    let screen = operator.screen();
    assert!(screen.contains("expected 1000, got 999"), "{screen}");
    assert!(screen.contains("exit code 1"), "{screen}");
    operator.press("p");
    operator.press("/");
    operator.write("HEAD is now");
    operator.press("enter");
    operator.until_shown("> HEAD is now at").await;
    assert!(evening.writes().is_empty(), "reading changes nothing");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_that_runs_on_github_says_when_its_log_comes() {
    let evening = Evening::of(&["fraud-ml"]).await;
    let mut operator = Operator::new(&evening.config());
    operator.settle().await;
    operator.go_to("fraud-ml");
    operator.press("w");
    operator.until_shown("only when its job has ended").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_promotion_on_gitlab_the_log_is_that_of_the_job_which_was_started() {
    let evening = Evening::of_all_forges(&["gateway"], 4.0).await;
    let mut operator = Operator::sized(&evening.config(), 120, 40);
    operator.settle().await;
    operator.promote("gateway", "weekly");
    operator
        .until_promotion("gateway", &[Accepted, Running])
        .await;
    operator.go_to("gateway");
    operator.press("w");
    operator.until_shown("deploy production").await;
    operator.until_shown("Log live").await;
}
