//! The signs of a state: a glyph and a word, always both, and the tone that repeats them.

use jiff::Timestamp;

use super::line::{Line, Tone};
use crate::domain::cell::CellState;
use crate::domain::gate;
use crate::domain::phase::Phase;
use crate::domain::pull_request::ChangeState;

/// Which glyphs a terminal can show.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Glyphs {
    Unicode,
    /// The same in every other second: what is under way moves.
    Beat,
    /// For fonts without them and for locales in which their width is ambiguous.
    Ascii,
}

impl Glyphs {
    /// Those of a picture. With `motion`, what is under way changes its sign as ages tick, and no
    /// faster.
    pub fn of(ascii: bool, motion: bool, now: Timestamp) -> Self {
        match ascii {
            true => Self::Ascii,
            false if motion && now.as_second() % 2 != 0 => Self::Beat,
            false => Self::Unicode,
        }
    }

    fn pick(self, unicode: &'static str, ascii: &'static str) -> &'static str {
        match self {
            Self::Unicode | Self::Beat => unicode,
            Self::Ascii => ascii,
        }
    }

    /// The sign of a cell's state, without the blank after it.
    pub fn state(self, state: CellState) -> (&'static str, &'static str, Tone) {
        match state {
            CellState::Failed => (self.pick("✗", "x"), "FAIL", Tone::Bad),
            CellState::Unfit => (self.warning(), "UNFIT", Tone::Bad),
            CellState::Red => (self.warning(), "RED", Tone::Bad),
            CellState::Held => (self.pick("■", "#"), "HOLD", Tone::Warning),
            CellState::Running => (self.running(), "RUN", Tone::Running),
            CellState::Unknown => ("?", "UNKNOWN", Tone::Unknown),
            CellState::Stale => ("?", "STALE", Tone::Unknown),
            CellState::Waiting => (self.pick("◷", "~"), "WAIT", Tone::Running),
            CellState::Gated => (self.pick("◇", "-"), "GATED", Tone::Warning),
            CellState::Ready => (self.pick("◆", "*"), "READY", Tone::Accent),
            CellState::Verifying => ("?", "VERIFY", Tone::Running),
            CellState::OutOfBand => (self.warning(), "OOB", Tone::Warning),
            CellState::RolledBack => ("<", "BACK", Tone::Warning),
            CellState::Ok => (self.pick("✓", "+"), "OK", Tone::Good),
            CellState::None => (".", "NONE", Tone::Muted),
        }
    }

    /// `✓ OPEN`, always ten columns wide with its word.
    pub fn gate(self, state: gate::State) -> Line {
        let (glyph, word, tone) = match state {
            gate::State::Open => (self.good(), "OPEN", Tone::Good),
            gate::State::Closed => (self.bad(), "CLOSED", Tone::Bad),
            gate::State::Waiting => (self.pick("◷", "~"), "WAIT", Tone::Running),
            gate::State::Unknown => ("?", "UNKNOWN", Tone::Unknown),
            gate::State::Overridden => (self.warning(), "OVERRIDE", Tone::Warning),
        };
        Line::of(tone, format!("{glyph} {word:<8}"))
    }

    /// A run's, job's or deployment's phase.
    pub fn phase(self, phase: &Phase) -> Line {
        let (glyph, word, tone) = match phase {
            Phase::Queued => (self.pick("◷", "~"), "QUEUED", Tone::Running),
            Phase::Running => (self.running(), "RUN", Tone::Running),
            Phase::Gated => (self.pick("◷", "~"), "WAIT", Tone::Warning),
            Phase::Succeeded => (self.good(), "OK", Tone::Good),
            Phase::Failed => (self.bad(), "FAIL", Tone::Bad),
            Phase::Cancelled => (self.bad(), "CANCEL", Tone::Muted),
            Phase::Skipped => (".", "SKIP", Tone::Muted),
            Phase::Superseded => (".", "WAS", Tone::Muted),
            Phase::Unknown(word) => {
                return Line::of(Tone::Unknown, format!("? {word}"));
            }
        };
        Line::of(tone, format!("{glyph} {word}"))
    }

    pub fn change(self, state: &ChangeState) -> Line {
        let (glyph, tone) = match state {
            ChangeState::Ready | ChangeState::Merged => (self.good(), Tone::Good),
            ChangeState::ChecksFailed | ChangeState::Conflict => (self.bad(), Tone::Bad),
            ChangeState::NeedsReview
            | ChangeState::ChangesRequested
            | ChangeState::Behind
            | ChangeState::Blocked => (self.pick("◇", "-"), Tone::Warning),
            ChangeState::ChecksRunning | ChangeState::Queued => (self.running(), Tone::Running),
            ChangeState::Draft | ChangeState::Closed => (".", Tone::Muted),
            ChangeState::Checking | ChangeState::Unknown(_) => ("?", Tone::Unknown),
        };
        Line::of(tone, format!("{glyph} {}", state.word()))
    }

    pub fn good(self) -> &'static str {
        self.pick("✓", "+")
    }

    pub fn bad(self) -> &'static str {
        self.pick("✗", "x")
    }

    pub fn warning(self) -> &'static str {
        "!"
    }

    pub fn running(self) -> &'static str {
        match self {
            Self::Beat => "▹",
            Self::Unicode | Self::Ascii => self.pick("▸", ">"),
        }
    }

    /// What began once and is told of later: it never moves.
    pub fn began(self) -> &'static str {
        self.pick("▸", ">")
    }

    pub fn waiting(self) -> &'static str {
        self.pick("◷", "~")
    }
}
