//! The board: merging what changed, and judging gates.

use criterion::{BatchSize, Criterion};
use gonogo::domain::facts::ServiceFacts;

use crate::scene::{Evening, Kind, evening, facts, name};

pub fn bench(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("board");
    let mut state = Evening::new(1_000, Kind::Full, 200, 50).state;
    let now = state.now;
    let (board, basis) = state.engine.judging(now);
    let service = name(501);
    let answers: Vec<ServiceFacts> = (0..2).map(|more| facts(501, more, evening())).collect();
    let mut turn = answers.iter().cycle();
    group.bench_function("merge-one-changed-service", |bencher| {
        bencher.iter_batched(
            || turn.next().unwrap().clone(),
            |facts| board.merge(&service, Ok(facts), now, basis),
            BatchSize::SmallInput,
        );
    });
    group.bench_function("judge-all/1000x5", |bencher| {
        bencher.iter(|| board.judge_all(basis));
    });
    group.bench_function("judge-due/nothing", |bencher| {
        bencher.iter(|| board.judge_due(basis));
    });
    group.finish();
}
