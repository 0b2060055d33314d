//! `update`: what a message does to the state, and what is to be done next. Pure: the same state
//! and message give the same state and effects.

use jiff::Timestamp;

use super::effect::Effect;
use super::engine::Report;
use super::msg::Msg;
use super::state::State;

/// Takes a message that came at `now`.
pub fn update(state: &mut State, now: Timestamp, msg: Msg) -> Vec<Effect> {
    // A clock that was set back must not make old facts look fresh.
    state.now = state.now.max(now);
    let now = state.now;
    // Reports are of one message: whoever wants those of the last has taken them by now.
    state.engine.reports.clear();
    let mut effects = match msg {
        Msg::Key(_)
        | Msg::Paste(_)
        | Msg::Resized { .. }
        | Msg::Pointed(_)
        | Msg::Ran { .. }
        | Msg::Rearranged(_) => super::interface::input(state, msg),
        Msg::Told { tone_good, text } => {
            state.interface.say(tone_good, text, now);
            state.dirty = true;
            Vec::new()
        }
        Msg::Log { ticket, answer } => {
            state.dirty = true;
            state.interface.take_log(ticket, answer, now);
            Vec::new()
        }
        Msg::Noticed { ring: true, .. } => vec![Effect::Ring],
        Msg::Noticed {
            ring: false,
            notice,
        } => vec![Effect::Notify(notice)],
        Msg::NoticeLost { rule, why, hint } => {
            state.dirty = true;
            state.engine.reports.push(Report::Alert {
                subject: format!("notify {rule}"),
                why,
                hint: Some(hint),
            });
            Vec::new()
        }
        Msg::Terminated => {
            state.interface.quitting = true;
            vec![Effect::SaveCache, Effect::Quit]
        }
        Msg::Tick
        | Msg::Fetched(_)
        | Msg::JournalRead(_)
        | Msg::Neighbours(_)
        | Msg::Recorded { .. }
        | Msg::Acted { .. }
        | Msg::Sampled { .. }
        | Msg::Asked(_)
        | Msg::Reloaded(_) => {
            state.dirty = true;
            state.engine.take(msg, now)
        }
    };
    let reports = std::mem::take(&mut state.engine.reports);
    effects.extend(state.interface.refresh(&mut state.engine, &reports, now));
    state.engine.reports = reports;
    if !std::mem::take(&mut state.interface.only_moved) {
        state.interface.edition += 1;
    }
    effects
}
