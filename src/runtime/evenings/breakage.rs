//! Breakages: for each invariant one switch that breaks it on purpose, so that it is known that the
//! checker would notice. They change the world around the engine, never the engine.

use crate::journal::memory::Lax;

macro_rules! breakages {
    ($($(#[$doc:meta])* $name:ident => $invariant:literal;)*) => {
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Breakage {
            $($(#[$doc])* $name,)*
        }

        impl Breakage {
            pub const ALL: &[Self] = &[$(Self::$name,)*];

            /// The invariant that it breaks.
            pub fn breaks(self) -> &'static str {
                match self {
                    $(Self::$name => $invariant,)*
                }
            }
        }
    };
}

breakages! {
    /// Some answers never come.
    LosesAnswers => "each effect answers once";
    /// The permit is said to be in the journal, and is not.
    InventsPermits => "no act without its permit";
    /// What got no answer is sent again.
    SendsAgain => "sent at most once";
    /// The engine's orders come twice, the second time from nobody.
    OrdersAlone => "nothing is sent that nobody ordered";
    /// Old answers are stamped as if they were new.
    StampsFresh => "a gate opens on fresh facts alone";
    /// What is read again before sending comes from a cache.
    RechecksFromCache => "facts are read again before sending";
    /// What is read again before sending is what was known, whatever the forge shows by now.
    ShowsThePast => "what is sent is what the forge shows";
    /// The policies that are handed out have no gates of their own.
    ForgetsGates => "gates are open at the send";
    /// The journal takes a second intent for a cell.
    PermitsMany => "one promotion in flight on a cell";
    /// The journal takes any step after any other.
    TakesAnyStep => "steps follow one another";
    /// The permit looks at no hold that came in between.
    PermitsBlindly => "a hold that came first wins";
    /// The policies that are handed out entitle everybody to open manual gates.
    EntitlesEverybody => "manual gates are opened by who may";
    /// Votes are cast again on what is there now, by nobody.
    RebindsVotes => "votes bind to what their casters saw";
    /// The policies that are handed out put everybody into every role.
    FillsRoles => "a go needs every role";
    /// An operator's policy knows no freeze.
    ForgetsFreezes => "nothing is sent outside the windows";
    /// Holds come without their reason.
    TakesEmptyReasons => "a hold has a reason, an owner, an end to come";
    /// The end of a hold is noted as often as anybody likes.
    NotesAgain => "a hold's end is noted once, and not before it";
    /// A hold whose time is up is lifted by nobody, though it was to ask.
    LiftsAskers => "a hold that asks holds on until somebody answers";
    /// Holds are not taken while a forge is down.
    HoldsNeedForges => "holds always work";
    /// After the first of several, the others are dropped.
    DropsTheOthers => "each of several goes by itself";
    /// One reader's journal shows the holds as over.
    HidesHolds => "everybody's ledger says what the journal says";
    /// A hold that the engine refuses as another's twin is placed around it.
    PlacesTwins => "a second hold is told of the first";
    /// A forge says yes and does nothing.
    LiesOfSuccess => "what the journal says happened";
    /// An entry is changed afterwards.
    RewritesHistory => "history is never changed";
    /// A read-only board is not told that it is one.
    ForgetsReadOnly => "who may only look changes nothing";
    /// A forge takes back what was live.
    GoesBack => "what is live never goes back";
    /// An operator orders with an override that was used, and the journal takes it.
    UsesOverridesAgain => "an override serves once, for what it was granted on";
    /// An override is granted anew on what is there now, by nobody.
    RebindsOverrides => "an override binds to what its granter saw";
    /// The policies that are handed out let everybody override, alone.
    EntitlesOverriders => "an override needs who may, and a second person where that is asked";
    /// The policies that are handed out have checklists without tasks.
    ForgetsTasks => "a checklist is done for exactly this";
    /// Rounds come from a cache.
    SamplesFromCache => "samples are taken again before sending";
    /// The hold that a rollback leaves names another revision.
    MisdirectsRollbacks => "going back is to what was verified, and leaves a hold";
    /// The hold of a failed verification names another revision.
    MisdirectsIncidents => "what fails its verification is held";
    /// What verifies a deployment says that all is well, whatever it saw.
    VerifiesUnseen => "what is verified was seen to be well";
    /// What came out of band is noted as often as it is seen.
    TellsAgain => "what came out of band is told, and once";
    /// The journal takes a second run of a release.
    RunsTwice => "a release has one run, and a run one driver";
    /// The policies that are handed out have all of a release in one wave.
    ForgetsWaves => "a wave waits for the one before";
    /// A forge is said to be in trouble because another is.
    SpreadsTrouble => "a forge in trouble ages only its own rows";
    /// Whatever is read of a hold's marks, they are said to be gone.
    ForgetsMarks => "a brake is placed once";
    /// Whatever is read of a hold's marks, they are said to be there and ours.
    ClaimsMarks => "a brake is lifted only if it is ours and nothing holds any more";
    /// A forge says yes to taking a mark away, and leaves it.
    KeepsMarks => "what a hold left goes with it";
    /// A forge never says what became of a send.
    NeverTells => "everything comes to an end";
}

impl Breakage {
    /// The rules that the journal does not keep under it.
    pub fn lax(self) -> Lax {
        Lax {
            many_open: self == Self::PermitsMany,
            blind_permit: self == Self::PermitsBlindly,
            any_step: self == Self::TakesAnyStep,
            noted_again: self == Self::NotesAgain,
            used_again: self == Self::UsesOverridesAgain,
            told_again: self == Self::TellsAgain,
            many_runs: self == Self::RunsTwice,
        }
    }
}
