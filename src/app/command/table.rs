//! The table of commands: name, help, contexts, default keys, danger.

use super::{Command, Context, Danger, Group, Spec};

const ALL: &[Context] = &Context::ALL;
const SCREENS: &[Context] = &[
    Context::Board,
    Context::Detail,
    Context::Timeline,
    Context::Release,
    Context::Overview,
    Context::Log,
];
/// Everywhere but in dialogs, where letters may be typed.
const PLACES: &[Context] = &[
    Context::Board,
    Context::Detail,
    Context::Timeline,
    Context::Release,
    Context::Overview,
    Context::Log,
    Context::List,
];
/// Where there is more than the screen shows.
const PAGED: &[Context] = ALL;
/// Where there is a list to go to the ends of.
const LISTED: &[Context] = PLACES;
const BOARD: &[Context] = &[Context::Board];
/// Where there are columns to choose, and the chooser over them, which the same key closes.
const COLUMNED: &[Context] = &[
    Context::Board,
    Context::Timeline,
    Context::Overview,
    Context::Dialog,
];
/// Where rows can be filtered, and have more than one order.
const ARRANGED: &[Context] = &[Context::Board, Context::Timeline, Context::Overview];
/// Where one service is selected, in the environment that it is about.
const CELLS: &[Context] = &[
    Context::Board,
    Context::Detail,
    Context::Release,
    Context::Overview,
    Context::Log,
];
/// The same but the go/no-go, which has acts of its own.
const ACTED: &[Context] = &[
    Context::Board,
    Context::Detail,
    Context::Overview,
    Context::Log,
];

const LOG: &[Context] = &[Context::Log];
/// Where what comes anew can be followed.
const TIMELINE: &[Context] = &[Context::Timeline];
const FOLLOWED: &[Context] = &[Context::Timeline, Context::Log];
/// Where there are lines to look for words in: a log, and the help.
const SEARCHED: &[Context] = &[Context::Log, Context::List];
/// Where one goes on from match to match.
const MATCHED: &[Context] = &[
    Context::Board,
    Context::Timeline,
    Context::Overview,
    Context::Log,
];
/// Where times are shown by a zone's clock.
const TIMED: &[Context] = &[
    Context::Board,
    Context::Detail,
    Context::Timeline,
    Context::Release,
    Context::Overview,
];

/// Where a cell is selected, or a hold.
const HELD: &[Context] = &[
    Context::Board,
    Context::Detail,
    Context::Release,
    Context::Log,
    Context::Overview,
];
/// Where there is something to compare, and the list of it.
const CHANGED: &[Context] = &[
    Context::Board,
    Context::Detail,
    Context::Release,
    Context::List,
];
const RELEASE: &[Context] = &[Context::Release];
/// Where something may wait for somebody else.
const NUDGED: &[Context] = &[Context::Board, Context::Detail, Context::Release];
const TABS: &[Context] = &[
    Context::Detail,
    Context::Release,
    Context::Overview,
    Context::Log,
];
const BROWSED: &[Context] = &[
    Context::Board,
    Context::Detail,
    Context::Overview,
    Context::Log,
];
/// Where a run is selected.
const RUNS: &[Context] = &[Context::Board, Context::Detail, Context::Overview];
const PANES: &[Context] = &[
    Context::Board,
    Context::Detail,
    Context::Release,
    Context::Overview,
    Context::Log,
    Context::Dialog,
];
const OPENING: &[Context] = &[
    Context::Board,
    Context::Timeline,
    Context::Release,
    Context::Overview,
    Context::Log,
    Context::Dialog,
];

/// A command: where, by which keys, in which group of the help, how dangerous, its name, its label
/// and its help.
macro_rules! row {
    ($command:ident in $contexts:ident [$($key:literal),*] $group:ident $danger:ident $name:literal $label:literal $help:literal) => {
        Spec {
            command: Command::$command,
            name: $name,
            label: $label,
            help: $help,
            group: Group::$group,
            contexts: $contexts,
            keys: &[$($key),*],
            danger: Danger::$danger,
        }
    };
}

/// A command that leads to a change.
macro_rules! act {
    ($command:ident in $contexts:ident [$($key:literal),*] $name:literal $label:literal $help:literal) => {
        row! { $command in $contexts [$($key),*] Act Asks $name $label $help }
    };
}

/// Every command.
pub const SPECS: &[Spec] = &[
    row! { Down in ALL ["j", "down"] Look None "down" "down" "move down" },
    row! { Up in ALL ["k", "up"] Look None "up" "up" "move up" },
    row! { Left in ALL ["h", "left"] Look None "left" "environment" "the environment to the left" },
    row! { Right in ALL ["l", "right"] Look None "right" "right" "the environment to the right" },
    row! { First in LISTED ["g", "home"] Look None "first" "first" "to the first row" },
    row! { Last in LISTED ["G", "end"] Look None "last" "last" "to the last row" },
    row! { HalfDown in PAGED ["ctrl-d"] Look None "half-down" "half down" "half a page down" },
    row! { HalfUp in PAGED ["ctrl-u"] Look None "half-up" "half up" "half a page up" },
    row! { PageDown in PAGED ["pagedown"] Look None "page-down" "page down" "a page down" },
    row! { PageUp in PAGED ["pageup"] Look None "page-up" "page up" "a page up" },
    row! { Open in OPENING ["enter"] Look WayOut "open" "detail" "open the service, or choose in a dialog" },
    Spec {
        command: Command::Mark,
        name: "mark",
        label: "mark",
        help: "mark the row for a promotion of several, and move on",
        group: Group::Look,
        contexts: &[Context::Board, Context::Dialog],
        keys: &["space"],
        danger: Danger::None,
    },
    row! { Peek in BOARD ["p"] Look None "peek" "peek" "show or hide the gates of the selected cell under the board" },
    row! { Filter in ARRANGED ["/"] Look None "filter" "filter" "show what matches: words, ~fuzzy, !not, and fields such as service: env: state:" },
    row! { NextMatch in MATCHED ["n"] Look None "next-match" "next" "to the next match of the filter, or of the search in a log" },
    row! { PreviousMatch in MATCHED ["N"] Look None "previous-match" "previous" "to the match before" },
    row! { Sort in ARRANGED ["s"] Look None "sort" "sort" "sort the board by risk, name, commits behind or newest; a list by need, newest or service; the timeline by newest, oldest, service or who" },
    row! { GroupBy in BOARD ["b"] Look None "group" "groups" "group rows by state, release, forge, team, or not" },
    row! { Columns in COLUMNED ["c"] Look None "columns" "columns" "choose the columns; each list keeps its own" },
    row! { Views in SCREENS ["'"] Look None "views" "views" "choose a view of the config" },
    row! { Theme in SCREENS [] Look None "theme" "theme" "choose how it is coloured, for this session" },
    row! { Range in BOARD ["v"] Look None "range" "range" "begin a range of marks, or mark up to here" },
    row! { MarkAll in BOARD ["*"] Look None "mark-all" "mark all" "mark everything that the filter shows, or unmark it" },
    row! { NextPane in PANES ["tab"] Look WayOut "next-pane" "next pane" "to the next pane, tab or field" },
    row! { PreviousPane in PANES ["shift-tab"] Look WayOut "previous-pane" "pane before" "to the pane, tab or field before" },
    Spec {
        command: Command::NextTab,
        name: "next-tab",
        label: "next tab",
        help: "to the next tab",
        group: Group::Look,
        contexts: TABS,
        keys: &["]"],
        danger: Danger::None,
    },
    row! { PreviousTab in TABS ["["] Look None "previous-tab" "tab" "to the tab before" },
    row! { Changes in CHANGED ["d"] Look None "changes" "changes" "what has changed since you last looked; of a release, since your vote" },
    row! { Browse in BROWSED ["o"] Look None "browse" "web" "open the selected thing in the browser" },
    row! { Copy in ALL ["y"] Look None "copy" "copy" "copy what is selected, or the dialog as a command line" },
    row! { Refresh in ACTED ["r"] Look None "refresh" "refresh" "read the marked or selected services again now" },
    row! { Freeze in SCREENS ["z"] Look None "freeze" "freeze" "keep the whole picture as it is, or let it go on; acts still look at what is" },
    row! { Mouse in SCREENS ["%"] Look None "mouse" "mouse" "let go of the mouse, so that the terminal selects text; take it back" },
    row! { Tour in SCREENS [] Look None "tour" "tour" "begin the demo's tour anew" },
    row! { Zone in TIMED ["t"] Look None "zone" "UTC/local" "show times in UTC or in local time" },
    act! { Promote in ACTED ["P"] "promote" "promote" "promote the marked services, or the selected one, into the environment of the cursor" },
    act! { Hold in HELD ["H"] "hold" "hold" "place, edit or lift a hold" },
    act! { Bind in SCREENS [] "hold-bind" "bind holds" "place again what holds lack on the forges, and take away what is left of ended ones" },
    act! { Gates in ACTED ["V"] "gates" "gates" "vote go or no-go; add, open or close a manual gate" },
    act! { Override in CELLS ["O"] "override" "override" "override gates that are not open, for one use; confirm or withdraw an override" },
    act! { Rollback in CELLS ["B"] "rollback" "roll back" "go back to the last verified revision, and hold the one that is left" },
    act! { Approve in ACTED ["A"] "approve" "approve" "approve or reject what waits for a person on the forge: a run, a job, a pull request" },
    act! { Reject in ACTED [] "reject" "reject" "reject what waits for approval on the forge" },
    act! { Cancel in ACTED ["X"] "cancel" "cancel run" "cancel the run that is under way into the cell" },
    act! { Rerun in ACTED [] "rerun" "run again" "run the failed jobs of the last run again" },
    act! { Undo in CELLS ["Z"] "undo" "undo" "lift your last hold or withdraw your last vote; says what to do about what cannot be undone" },
    act! { VoteRelease in RELEASE ["V"] "release-vote" "vote" "vote go or no-go on the release" },
    act! { StartRelease in RELEASE ["P"] "release-start" "start" "start the release, wave by wave" },
    act! { ResumeRelease in RELEASE ["R"] "release-resume" "resume" "go on with the release from here" },
    act! { CancelRelease in RELEASE ["X"] "release-cancel" "cancel" "end the release: nothing more is started" },
    act! { DropService in RELEASE ["D"] "release-drop" "drop" "drop the selected service from the release, or take it back" },
    act! { HandOver in SCREENS ["T"] "handover" "hand over" "hand the evening over, or take over what somebody else handed over" },
    row! { Plan in RELEASE ["p"] Look None "plan" "plan" "what the release would move in which order, when, and whether it fits" },
    row! { Nudge in NUDGED ["@"] Look None "nudge" "nudge" "copy a message for a chat: what the selected promotion waits for, or whose vote a release lacks" },
    row! { Export in RELEASE ["E"] Look None "release-export" "record" "copy the record of the decision as JSON: set, verdict, votes, and the journal's hash" },
    row! { ExportEntries in TIMELINE ["E"] Look None "timeline-export" "export" "copy the entries that the filter shows as JSON, one a line, as the journal has them" },
    row! { Watch in RUNS ["w"] Look None "watch" "log" "the log of the selected run: follows one that runs, where the forge can" },
    row! { Search in SEARCHED ["/"] Look None "search" "search" "look for words in the log, where n and N go on, or in the help" },
    row! { Follow in FOLLOWED ["f"] Look None "follow" "follow" "stay at the end of the log, or at the newest entry, or stop doing so" },
    row! { Entries in TIMELINE ["e"] Look None "entries" "every step" "show every entry of the journal, or each promotion in one line that enter unfolds" },
    row! { Wrap in LOG ["w"] Look None "wrap" "wrap" "break long lines, or cut them" },
    row! { Stamps in LOG ["t"] Look None "timestamps" "times" "show when each line was written, where the log tells" },
    row! { Summary in LOG ["p"] Look None "summary" "failure" "show or hide the last lines of the failed step" },
    row! { Board in SCREENS ["1"] GoTo None "board" "board" "the board" },
    row! { Releases in SCREENS ["2"] GoTo None "releases" "go/no-go" "the releases: who says go, what would ship, how far it is" },
    row! { Timeline in SCREENS ["3"] GoTo None "timeline" "timeline" "the timeline: everything in the journal" },
    row! { Pipelines in SCREENS ["4"] GoTo None "pipelines" "pipelines" "runs and open pull requests of all services" },
    row! { Tasks in SCREENS ["5"] GoTo None "tasks" "tasks" "everything that is under way" },
    row! { Holds in SCREENS [] GoTo None "holds" "holds" "every hold: whose, since when, until when, on what" },
    row! { Forges in SCREENS [] GoTo None "forges" "forges" "one forge in full: token, budget, what it can, what went wrong" },
    row! { LastView in SCREENS ["-"] GoTo None "last-view" "last view" "the view before this one" },
    row! { Errors in PLACES ["!"] GoTo None "errors" "errors" "the errors, with cause and what to do" },
    row! { Messages in PLACES ["M"] GoTo None "messages" "messages" "everything that was said" },
    row! { Results in PLACES ["m"] GoTo None "results" "results" "what came of each row that was sent last: done, sent, refused, unknown" },
    row! { Help in PLACES ["?"] GoTo None "help" "help" "every key of this screen" },
    row! { Palette in PLACES [":"] GoTo None "palette" "command" "any command by its name" },
    row! { Close in ALL ["esc"] Leave WayOut "close" "back" "close one level" },
    row! { Quit in PLACES ["q"] Leave None "quit" "quit" "quit; asks if something is in flight" },
    row! { QuitNow in ALL ["ctrl-c"] Leave WayOut "quit-now" "quit now" "quit at once; a send that is under way is waited for" },
    row! { Suspend in ALL ["ctrl-z"] Leave WayOut "suspend" "suspend" "suspend to the shell; `fg` comes back" },
];
