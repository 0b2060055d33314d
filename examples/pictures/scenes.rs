//! What is shown: which screens, in which size and light, and the keys that lead there.

use crate::palette::{DARK, LIGHT, Palette};

/// One thing to do at the terminal.
pub enum Step {
    /// Until a text is on the screen.
    Wait(&'static str),
    /// Until it is gone.
    Gone(&'static str),
    /// Keys, all at once.
    Press(&'static str),
    /// A text, a letter at a time.
    Type(&'static str),
    /// Milliseconds in which a reader looks; in the session, a frame of its own.
    Rest(u64),
}

pub struct Scene {
    pub name: &'static str,
    pub size: (u16, u16),
    /// On a light terminal.
    pub light: bool,
    pub steps: &'static [Step],
}

impl Scene {
    pub fn palette(&self) -> Palette {
        if self.light { LIGHT } else { DARK }
    }
}

const UP: &str = "\u{1b}[A";

const BOARD: &[Step] = &[
    Step::Wait("api-gateway"),
    Step::Wait("READY"),
    Step::Rest(2_500),
];

const DETAIL: &[Step] = &[
    Step::Wait("READY"),
    Step::Type("/notify"),
    Step::Press("\r"),
    Step::Wait("1/1"),
    Step::Press("\r"),
    Step::Wait("[Gates"),
    Step::Rest(2_000),
];

const PROMOTE: &[Step] = &[
    Step::Wait("READY"),
    Step::Rest(2_500),
    Step::Press("P"),
    Step::Wait("PROMOTE"),
    Step::Wait("WILL DO"),
    Step::Rest(1_500),
];

const GO_NO_GO: &[Step] = &[
    Step::Wait("READY"),
    Step::Press("2"),
    Step::Wait("GO / NO-GO"),
    Step::Wait("fits"),
    Step::Rest(2_000),
];

/// Its name in the dark and in the light, its size, and how to get there.
type Picture = (&'static str, &'static str, (u16, u16), &'static [Step]);

/// The still pictures, each in the dark and in the light.
pub fn scenes() -> Vec<Scene> {
    let pictures: [Picture; 5] = [
        ("board", "board-light", (110, 34), BOARD),
        ("wide", "wide-light", (160, 45), BOARD),
        ("detail", "detail-light", (110, 34), DETAIL),
        ("promote", "promote-light", (90, 30), PROMOTE),
        ("go-no-go", "go-no-go-light", (100, 32), GO_NO_GO),
    ];
    let both = pictures.into_iter().flat_map(|(dark, light, size, steps)| {
        [(dark, false), (light, true)].map(|(name, light)| Scene {
            name,
            size,
            light,
            steps,
        })
    });
    both.collect()
}

/// A promotion from the board to what is live, with a hold and a look at what blocks.
pub const SESSION: Scene = Scene {
    name: "session",
    size: (80, 24),
    light: false,
    steps: &[
        Step::Wait("READY"),
        Step::Rest(2_500),
        Step::Press("P"),
        Step::Wait("WILL DO"),
        Step::Rest(3_000),
        Step::Press(UP),
        Step::Press(UP),
        Step::Type("weekly release"),
        Step::Rest(800),
        Step::Press("\t"),
        Step::Type("production"),
        Step::Rest(1_200),
        Step::Press("\t\t"),
        Step::Wait("> Promote <"),
        Step::Rest(1_200),
        Step::Press("\r"),
        Step::Gone("WILL DO"),
        Step::Rest(2_500),
        Step::Wait("RUN"),
        Step::Rest(2_500),
        Step::Press("2"),
        Step::Wait("GO / NO-GO"),
        Step::Rest(3_000),
        Step::Press("1"),
        Step::Rest(1_500),
    ],
};
