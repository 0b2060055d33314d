//! Windows and freezes as TOML, and in a few words.

use jiff::SignedDuration;
use jiff::civil::{Time, Weekday};

use super::super::check::DAYS;
use super::{duration, key, quote, texts};
use crate::domain::window::{End, Source, Span, Window, WindowEffect};

pub(in super::super) fn window(window: &Window) -> String {
    format!("{} {}", key(&window.name), window_body(window))
}

pub(in super::super) fn window_body(window: &Window) -> String {
    let effect = match window.effect {
        WindowEffect::Allow => "allow",
        WindowEffect::Deny => "deny",
    };
    let mut lines = vec![format!("effect = {}", quote(effect))];
    lines.extend(span_lines(&window.span));
    lines.push(format!("zone = {}", quote(&window.zone_name)));
    if !window.environments.is_empty() {
        lines.push(format!("environments = {}", texts(&window.environments)));
    }
    if !window.services.is_empty() {
        lines.push(format!("services = {}", texts(&window.services)));
    }
    if let Some(reason) = &window.reason {
        lines.push(format!("reason = {}", quote(reason)));
    }
    lines.join("\n")
}

fn span_lines(span: &Span) -> Vec<String> {
    let line = |key: &str, text: &str| format!("{key} = {}", quote(text));
    let lasts = |start: &str, lasts: SignedDuration| {
        [line("start", start), line("duration", &duration(lasts))]
    };
    match span {
        Span::Weekly { days, from, to } => {
            let days = named(days);
            let mut lines = vec![format!("days = {}", texts(days))];
            lines.extend(match to {
                End::At(to) => ends(*from, *to),
                End::After(duration) => lasts(&from.to_string(), *duration),
            });
            lines
        }
        Span::Dates {
            source,
            dates,
            from,
            to,
        } => {
            // The first date stands for `start`: the same dates follow from it.
            let from = from.first().copied().unwrap_or_default();
            let date = dates.first().to_string();
            let start = format!("{date} {from}");
            match (source, to) {
                (Source::Rule(rule), End::At(to)) => {
                    let mut lines = vec![line("rule", rule), line("start", &date)];
                    lines.extend(ends(from, *to));
                    lines
                }
                (Source::Rule(rule), End::After(duration)) => {
                    let mut lines = vec![line("rule", rule)];
                    lines.extend(lasts(&start, *duration));
                    lines
                }
                (Source::Cron(cron), End::After(lasts)) => {
                    vec![line("cron", cron), line("duration", &duration(*lasts))]
                }
                (Source::Start, End::After(duration)) => lasts(&start, *duration).to_vec(),
                // Neither is written: both are read with a duration alone.
                (Source::Cron(_) | Source::Start, End::At(to)) => ends(from, *to).to_vec(),
            }
        }
        Span::Once { from, to } => {
            vec![line("from", &from.to_string()), line("to", &to.to_string())]
        }
    }
}

fn ends(from: Time, to: Time) -> [String; 2] {
    let (from, to) = (quote(&from.to_string()), quote(&end_of_day(from, to)));
    [format!("from = {from}"), format!("to = {to}")]
}

/// Midnight as an end is written as the day's own end where it makes the whole day.
fn end_of_day(from: Time, to: Time) -> String {
    if from == to {
        "24:00".to_owned()
    } else {
        to.to_string()
    }
}

fn named(days: &[Weekday]) -> Vec<&'static str> {
    let named = DAYS.iter().filter(|(_, day)| days.contains(day));
    named.map(|(word, _)| *word).collect()
}

/// Says in a few words when a window is on: `mon,tue 18:00-22:00`, `daily 22:00 for 6h`.
pub fn when(window: &Window) -> String {
    let short = |time: &Time| time.strftime("%H:%M").to_string();
    let times = |from: &Time, to: &End| match to {
        End::At(to) => format!("{}-{}", short(from), short(to)),
        End::After(lasts) => format!("{} for {}", short(from), duration(*lasts)),
    };
    match &window.span {
        Span::Weekly { days, from, to } if days.len() == DAYS.len() => {
            format!("daily {}", times(from, to))
        }
        Span::Weekly { days, from, to } => {
            format!("{} {}", named(days).join(","), times(from, to))
        }
        Span::Dates {
            source,
            dates,
            from,
            to,
        } => {
            let from = from.first().copied().unwrap_or_default();
            match (source, to) {
                (Source::Rule(rule), to) => format!("{rule} {}", times(&from, to)),
                (Source::Cron(cron), End::After(lasts)) => {
                    format!("cron {cron} for {}", duration(*lasts))
                }
                (Source::Cron(_) | Source::Start, to) => {
                    format!("{} {}", dates.first(), times(&from, to))
                }
            }
        }
        Span::Once { from, to } => format!(
            "{} to {}",
            from.strftime("%Y-%m-%d %H:%M"),
            to.strftime("%Y-%m-%d %H:%M")
        ),
    }
}
