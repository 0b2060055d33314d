//! Every screen as text, 80×24: the keys that lead there, and what `docs/screens.md` says of it. One
//! evening, from the first look to the hand-over.

use crate::scenes::{Scene, Step};

/// A screen of the page.
pub struct Shown {
    pub title: &'static str,
    /// What it is for, and the keys that lead there.
    pub about: &'static str,
    /// From the screen before it.
    pub steps: &'static [Step],
}

/// Where the evening begins.
pub const EVENING: Scene = Scene {
    name: "screens",
    size: (80, 24),
    light: false,
    steps: &[
        Step::Wait("READY"),
        Step::Rest(2_000),
        Step::Press(ESC),
        Step::Rest(400),
    ],
};

const ESC: &str = "\u{1b}";

const fn shown(title: &'static str, about: &'static str, steps: &'static [Step]) -> Shown {
    Shown {
        title,
        about,
        steps,
    }
}

pub const SCREENS: &[Shown] = &[
    shown(
        "Board",
        "`1`. A row is a service, a column an environment; below it what the selected cell waits for.",
        &[],
    ),
    shown(
        "Promote",
        "`P` on a ready row. It rests on Cancel and has the focus on what is missing.",
        &[
            Step::Press("P"),
            Step::Wait("WILL DO"),
            Step::Type("weekly release"),
            Step::Rest(1_000),
        ],
    ),
    shown(
        "Promotion under way",
        "`tab` to the field, the environment's name, `tab` to the button, `enter`.",
        &[
            Step::Press("\t"),
            Step::Type("production"),
            Step::Press("\t\t"),
            Step::Wait("> Promote <"),
            Step::Press("\r"),
            Step::Gone("WILL DO"),
            Step::Rest(700),
        ],
    ),
    shown(
        "Tasks in flight",
        "`5`. What is under way, whose it is, and when it should be done.",
        &[Step::Press("5"), Step::Rest(1_000)],
    ),
    shown(
        "Filter",
        "`/` on the board, with fields.",
        &[
            Step::Press("1"),
            Step::Wait("BOARD"),
            Step::Type("/state:gated"),
            Step::Rest(800),
        ],
    ),
    shown(
        "Service in detail: gates",
        "`enter` on `billing`. Each gate says why, since when, and what opens it.",
        &[
            Step::Press(ESC),
            Step::Rest(300),
            Step::Type("/billing"),
            Step::Press("\r"),
            Step::Rest(300),
            Step::Press("\r"),
            Step::Wait("[Gates"),
            Step::Rest(1_500),
        ],
    ),
    shown(
        "Service in detail: scope",
        "`]`. What would go: pull requests and commits.",
        &[Step::Press("]"), Step::Rest(800)],
    ),
    shown(
        "Service in detail: deployments",
        "`]`. What was live before, how long it took, and why.",
        &[Step::Press("]"), Step::Rest(800)],
    ),
    shown(
        "Service in detail: pipeline",
        "`]`. The jobs of the candidate.",
        &[Step::Press("]"), Step::Rest(800)],
    ),
    shown(
        "Service in detail: pull requests",
        "`]`. Those that are open, with review, checks, and whether they can be merged.",
        &[Step::Press("]"), Step::Rest(800)],
    ),
    shown(
        "Service in detail: log",
        "`]`, or `w` anywhere. A running job is followed; the failed step comes first.",
        &[Step::Press("]"), Step::Rest(1_500)],
    ),
    shown(
        "Service in detail: lane",
        "`]`. All environments of the service in their order.",
        &[Step::Press("]"), Step::Rest(800)],
    ),
    shown(
        "Hold",
        "`H`. Where, until when, and why.",
        &[
            Step::Press(ESC),
            Step::Wait("BOARD"),
            Step::Press(ESC),
            Step::Rest(300),
            Step::Press("H"),
            Step::Wait("HOLD"),
            Step::Type("support is not there yet"),
            Step::Rest(500),
        ],
    ),
    shown(
        "Gates of a cell",
        "`V` on the board: a manual gate is added, opened or closed; a sign-off is given.",
        &[
            Step::Press(ESC),
            Step::Rest(300),
            Step::Press("V"),
            Step::Rest(800),
        ],
    ),
    shown(
        "Bulk promotion",
        "`space` marks, `P` promotes what is marked; each row has a result of its own.",
        &[
            Step::Press(ESC),
            Step::Rest(300),
            Step::Type("/billing"),
            Step::Press("\r"),
            Step::Rest(300),
            Step::Press(" "),
            Step::Press(ESC),
            Step::Rest(300),
            Step::Type("/web"),
            Step::Press("\r"),
            Step::Rest(300),
            Step::Press(" "),
            Step::Press(ESC),
            Step::Rest(300),
            Step::Press("P"),
            Step::Wait("PROMOTE"),
            Step::Rest(2_000),
        ],
    ),
    shown(
        "Go / no-go",
        "`2`. Who has to agree to the release, what they saw, and what is missing.",
        &[
            Step::Press(ESC),
            Step::Rest(300),
            Step::Press("2"),
            Step::Wait("GO / NO-GO"),
            Step::Rest(2_000),
        ],
    ),
    shown(
        "Release prognosis",
        "`p` on go / no-go. When each would go, and whether it fits the window.",
        &[Step::Press("p"), Step::Rest(1_000)],
    ),
    shown(
        "Vote",
        "`V` on go / no-go.",
        &[
            Step::Press("p"),
            Step::Rest(300),
            Step::Press("V"),
            Step::Rest(800),
        ],
    ),
    shown(
        "Drop from the release",
        "`D` on go / no-go. The set changes, and votes on the old one go stale.",
        &[
            Step::Press(ESC),
            Step::Rest(300),
            Step::Press("j"),
            Step::Press("D"),
            Step::Rest(300),
            Step::Type("heap grows"),
            Step::Rest(600),
        ],
    ),
    shown(
        "Timeline",
        "`3`. Every action with who, why, how and what came of it; below it what comes next.",
        &[
            Step::Press(ESC),
            Step::Rest(300),
            Step::Press("3"),
            Step::Rest(1_000),
        ],
    ),
    shown(
        "Pipelines",
        "`4`. The pipelines of all services.",
        &[Step::Press("4"), Step::Rest(800)],
    ),
    shown(
        "Pull requests",
        "`]` on pipelines. Review, checks, and whether they can be merged.",
        &[Step::Press("]"), Step::Rest(800)],
    ),
    shown(
        "Holds",
        "`:holds`.",
        &[Step::Type(":holds"), Step::Press("\r"), Step::Rest(1_000)],
    ),
    shown(
        "Forges",
        "`:forges`. Budget, faults and abilities of each.",
        &[
            Step::Press(ESC),
            Step::Rest(300),
            Step::Type(":forges"),
            Step::Press("\r"),
            Step::Rest(1_000),
        ],
    ),
    shown(
        "Palette",
        "`:`. Every command by name, with what it is for; what is not possible says why.",
        &[
            Step::Press(ESC),
            Step::Rest(300),
            Step::Press("1"),
            Step::Wait("BOARD"),
            Step::Type(":promote sea"),
            Step::Rest(800),
        ],
    ),
    shown(
        "Help",
        "`?`. Every key that is valid here.",
        &[
            Step::Press(ESC),
            Step::Rest(300),
            Step::Press(ESC),
            Step::Rest(300),
            Step::Press("?"),
            Step::Rest(800),
        ],
    ),
    shown(
        "Messages",
        "`M`. What was said in the footer.",
        &[
            Step::Press(ESC),
            Step::Rest(300),
            Step::Press("M"),
            Step::Rest(800),
        ],
    ),
    shown(
        "Errors",
        "`!`. They stay until they are read.",
        &[
            Step::Press(ESC),
            Step::Rest(300),
            Step::Press("!"),
            Step::Rest(800),
        ],
    ),
    shown(
        "Hand-over",
        "`T`. What the next coordinator has to know, and a note.",
        &[
            Step::Press(ESC),
            Step::Rest(300),
            Step::Press("T"),
            Step::Rest(1_000),
        ],
    ),
    shown(
        "Columns",
        "`c`. Which environments are shown.",
        &[
            Step::Press(ESC),
            Step::Rest(400),
            Step::Press("c"),
            Step::Rest(600),
        ],
    ),
];
