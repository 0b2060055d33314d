//! `update`: a key, and answers of the forge.

use std::cell::RefCell;
use std::hint::black_box;

use criterion::{BatchSize, Criterion};
use gonogo::app::effect::Question;
use gonogo::app::interface::{Chord, Key};
use gonogo::app::{Msg, update};

use crate::scene::{Evening, Kind};

pub fn bench(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("update");
    let evening = RefCell::new(Evening::new(1_000, Kind::Full, 200, 50));
    let mut keys = ['j', 'j', 'j', 'k', 'k', 'k'].into_iter().cycle();
    group.bench_function("key/1000", |bencher| {
        let mut evening = evening.borrow_mut();
        bencher.iter(|| {
            let key = Chord::plain(Key::Char(keys.next().unwrap()));
            let now = evening.now;
            black_box(update(&mut evening.state, now, Msg::Key(key)));
        });
    });
    group.bench_function("fetched/pulses-of-1000-unchanged", |bencher| {
        bencher.iter_batched(
            || {
                evening
                    .borrow_mut()
                    .next(|question| matches!(question, Question::Pulse(_)))
            },
            |msg| evening.borrow_mut().take(msg),
            BatchSize::PerIteration,
        );
    });
    // Asked for by a key: quiet services come up too rarely to wait for them.
    group.bench_function("fetched/facts-of-one", |bencher| {
        bencher.iter_batched(
            || {
                let mut evening = evening.borrow_mut();
                evening.take(Msg::Key(Chord::plain(Key::Char('r'))));
                evening.next(|question| matches!(question, Question::Facts(_)))
            },
            |msg| evening.borrow_mut().take(msg),
            BatchSize::PerIteration,
        );
    });
    for services in [5_000, 100_000] {
        let mut evening = Evening::new(services, Kind::Lean, 200, 50);
        let now = evening.now;
        evening.take(Msg::Key(Chord::plain(Key::Char('/'))));
        let mut keys = [Key::Char('4'), Key::Backspace].into_iter().cycle();
        group.bench_function(format!("filter-key/{services}"), |bencher| {
            bencher.iter(|| {
                black_box(update(
                    &mut evening.state,
                    now,
                    Msg::Key(Chord::plain(keys.next().unwrap())),
                ))
            });
        });
    }
    group.finish();
}
