//! What reading costs: conditions on what was read before, and requests for a whole sweep.

use std::collections::BTreeSet;

use gonogo::forge::Forge;

use super::*;

/// How many requests came since the `from`th: queries, plain reads, conditional reads.
fn counted(requests: &[Logged]) -> (usize, usize, usize) {
    let queries = requests
        .iter()
        .filter(|it| it.path.ends_with("/graphql"))
        .count();
    let reads: Vec<_> = requests.iter().filter(|it| it.method == "GET").collect();
    let conditional = reads.iter().filter(|it| it.conditional).count();
    (queries, reads.len() - conditional, conditional)
}

#[tokio::test]
async fn nearly_every_repeated_read_carries_its_condition() {
    let site = Site::evening().await;
    let all = targets(&site.sim.state());
    for _ in 0..4 {
        site.github.identify().await.unwrap();
        assert!(
            site.github
                .board(&all)
                .await
                .answers
                .iter()
                .all(|(_, it)| it.is_ok())
        );
    }
    let mut seen = BTreeSet::new();
    let (mut repeated, mut conditional, mut unchanged) = (0_u32, 0_u32, 0_u32);
    for request in site.sim.requests().iter().filter(|it| it.method == "GET") {
        if !seen.insert(request.path.clone()) {
            repeated += 1;
            conditional += u32::from(request.conditional);
            unchanged += u32::from(request.status == 304);
        }
    }
    println!("{repeated} repeated reads, {conditional} conditional, {unchanged} unchanged");
    assert!(repeated > 20, "{repeated}");
    assert!(
        conditional * 100 >= repeated * 95,
        "{conditional} of {repeated}"
    );
    assert!(
        unchanged * 100 >= repeated * 80,
        "{unchanged} of {repeated}"
    );
}

#[tokio::test]
async fn a_sweep_of_twelve_services_is_one_query() {
    let site = Site::evening().await;
    let all = targets(&site.sim.state());
    site.github.pulse(&all).await;
    let pulse = site.sim.requests();
    assert_eq!(counted(&pulse), (1, 0, 0));
    site.github.board(&all).await;
    let board = counted(&site.sim.requests()[pulse.len()..]);
    println!(
        "12 services: pulse 1 query; board {} query, {} reads",
        board.0, board.1
    );
    assert_eq!(board.0, 1);
    // One list of waiting runs for each service that may have some, one read for each such run.
    assert!(board.1 <= 24, "{board:?}");
}

#[tokio::test]
async fn a_sweep_of_a_thousand_services_is_a_few_dozen_queries() {
    let sim = sim::start(World::generated(1_000, 7), Options::default())
        .await
        .unwrap();
    let generous = Limits {
        total: Duration::from_secs(60),
        ..limits()
    };
    let site = Site {
        github: adapter(&sim, "operate", generous),
        sim,
    };
    let all: Vec<Target> = targets(&site.sim.state());
    let pulse = site.github.pulse(&all).await;
    let faults = pulse.answers.iter().filter(|(_, it)| it.is_err()).count();
    assert_eq!((pulse.answers.len(), faults), (1_000, 0));
    let first = site.sim.requests();
    let (queries, reads, _) = counted(&first);
    println!("1,000 services: pulse {queries} queries, {reads} reads");
    assert_eq!(reads, 0);
    assert!(queries <= 24, "{queries}");
    // The board is read of what is visible or changed: a screen of fifty.
    let visible: Vec<Target> = all.iter().take(50).cloned().collect();
    let board = site.github.board(&visible).await;
    assert!(board.answers.iter().all(|(_, it)| it.is_ok()));
    let (queries, reads, _) = counted(&site.sim.requests()[first.len()..]);
    println!("50 of them on the screen: board {queries} queries, {reads} reads");
    assert!(queries <= 5 && reads <= 150, "{queries} {reads}");
}
