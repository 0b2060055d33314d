//! One frame: the view made and drawn, beside a plain table of the same rows.

use std::hint::black_box;

use criterion::Criterion;
use gonogo::app::view::view;
use gonogo::ui::{Canvas, Theme};
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::layout::Constraint;
use ratatui::widgets::{Row, Table};

use crate::scene::{Evening, Kind};

const COLUMNS: u16 = 200;
const ROWS: u16 = 50;

pub fn bench(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("frame");
    let evening = Evening::new(1_000, Kind::Full, COLUMNS, ROWS);
    frame(&mut group, "1000x5", &evening);
    group.bench_function("view-alone/1000x5", |bencher| {
        bencher.iter(|| black_box(view(&evening.state)));
    });
    for services in [1_000, 100_000] {
        let evening = Evening::new(services, Kind::Lean, COLUMNS, ROWS);
        frame(&mut group, &format!("{services}x1"), &evening);
    }
    let cells: Vec<String> = (0..ROWS).map(|row| format!("1.{row}.0  OK")).collect();
    let mut terminal = Terminal::new(TestBackend::new(COLUMNS, ROWS)).unwrap();
    group.bench_function("plain-table-of-visible-rows", |bencher| {
        bencher.iter(|| {
            let rows = cells.iter().map(|cell| Row::new([cell.as_str(); 6]));
            terminal
                .draw(|frame| {
                    frame.render_widget(Table::new(rows, [Constraint::Fill(1); 6]), frame.area());
                })
                .unwrap();
        });
    });
    group.finish();
}

fn frame(
    group: &mut criterion::BenchmarkGroup<'_, criterion::measurement::WallTime>,
    name: &str,
    evening: &Evening,
) {
    let theme = Theme::dark();
    let mut canvas = Canvas::default();
    let mut terminal = TestBackend::new(COLUMNS, ROWS);
    group.bench_function(format!("view-and-draw/{name}"), |bencher| {
        bencher.iter(|| {
            // All of it anew, as ratatui draws its table: what a key leaves as it is would cost nothing.
            canvas.forget();
            let Ok(()) = canvas.draw(view(&evening.state), &theme, &mut terminal);
        });
    });
}
