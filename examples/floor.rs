//! The yardstick: as little ratatui as shows a board. It reads 5,000 cells from SQLite and draws
//! the visible rows of 1,000; gonogo's speed is measured as a ratio to it by tests/perf/measure.py.

use color_eyre::eyre::OptionExt;
use crossterm::event::{self, Event, KeyCode};
use ratatui::layout::Constraint;
use ratatui::style::Style;
use ratatui::widgets::{Row, Table, TableState};
use sqlx::Connection;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};

#[tokio::main(flavor = "current_thread")]
async fn main() -> color_eyre::Result<()> {
    let path = std::env::args().nth(1).ok_or_eyre("floor DATABASE")?;
    let mut database =
        SqliteConnection::connect_with(&SqliteConnectOptions::new().filename(path)).await?;
    let query = sqlx::query_as("SELECT service, text FROM cell ORDER BY rowid");
    let cells: Vec<(String, String)> = query.fetch_all(&mut database).await?;
    let services: Vec<&[(String, String)]> = cells.chunks(5).collect();
    let (mut selected, mut first) = (0_usize, 0);
    let mut terminal = ratatui::init();
    let ended = loop {
        let drawn = terminal.draw(|frame| {
            let height = usize::from(frame.area().height).max(1);
            first = first.clamp((selected + 1).saturating_sub(height), selected);
            let rows = services.iter().skip(first).take(height).map(|cells| {
                let name = cells.first().map_or("", |(service, _)| service);
                Row::new(std::iter::once(name).chain(cells.iter().map(|(_, text)| text.as_str())))
            });
            let table = Table::new(rows, [Constraint::Fill(1); 6])
                .row_highlight_style(Style::new().reversed());
            let mut state = TableState::new().with_selected(selected - first);
            frame.render_stateful_widget(table, frame.area(), &mut state);
        });
        let key = match drawn.and_then(|_| event::read()) {
            Ok(Event::Key(key)) => key.code,
            Ok(_) => continue,
            Err(error) => break Err(error),
        };
        match key {
            KeyCode::Char('j') => selected = (selected + 1).min(services.len().saturating_sub(1)),
            KeyCode::Char('k') => selected = selected.saturating_sub(1),
            KeyCode::Char('q') => break Ok(()),
            _ => {}
        }
    };
    ratatui::restore();
    Ok(ended?)
}
