//! Speed, measured: `cargo bench --bench speed [NAME]`. Each part has its file; what they are
//! measured on is made in `scene.rs`. What goes through a terminal is measured by
//! tests/perf/measure.py.
#![allow(clippy::unwrap_used, reason = "a bench that cannot go on panics")]

use criterion::{criterion_group, criterion_main};

mod board;
mod forge;
mod journal;
mod scene;
mod screen;
mod update;

criterion_group!(
    speed,
    update::bench,
    board::bench,
    screen::bench,
    journal::bench,
    forge::bench
);
criterion_main!(speed);
