//! Every key that a config file may hold, by section. The checker refuses all others, and
//! `config.example.toml` is tested to show each of these.

/// A section and its keys. `NAME` in a pattern stands for any name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Section {
    pub pattern: &'static str,
    pub keys: &'static [&'static str],
}

macro_rules! sections {
    ($($name:ident $pattern:literal: $($key:literal)*;)*) => {
        $(pub(super) const $name: Section = Section { pattern: $pattern, keys: &[$($key),*] };)*

        /// All sections, the top of the file first.
        pub const SECTIONS: &[Section] = &[$($name),*];
    };
}

sections! {
    TOP "": "operator" "poll" "journal" "forge" "environment" "policy" "window" "freeze" "role"
        "scope" "service" "release" "view" "keys" "ui" "notify" "command";
    OPERATOR "operator": "name" "roles";
    POLL "poll": "interval" "max_age" "adapt";
    JOURNAL "journal": "url";
    FORGE "forge.NAME": "kind" "url" "api_url" "token" "ca_file" "interval";
    TOKEN "token": "env" "command" "file";
    ENVIRONMENT "environment.NAME": "tier" "protected" "mode" "countdown" "verify" "brake";
    BRAKE "brake": "github" "gitlab" "forgejo";
    VERIFY "verify": "within" "every" "probes" "tasks";
    POLICY "policy.NAME": "gates" "override" "risk";
    RISK "risk": "warn" "second" "roles";
    OVERRIDE "override": "roles" "second_person" "max" "never";
    WINDOW "window.NAME": "effect" "days" "rule" "cron" "start" "duration" "from" "to" "zone" "environments" "tiers"
        "services" "reason" "joins";
    FREEZE "freeze.NAME": "rule" "cron" "start" "duration" "from" "to" "zone" "reason" "environments" "tiers"
        "services" "joins";
    ROLE "role.NAME": "members";
    SCOPE "scope": "tickets" "ticket_link" "files";
    SERVICE "service.NAME": "repo" "branch" "revision" "path" "environments" "group" "gates" "depends"
        "promote" "tickets" "ticket_link" "files";
    ENVIRONMENTS "environments": "from" "context" "branch" "tag" "workflow";
    PROMOTE "service.NAME.promote.NAME": "via" "mode" "policy" "verify" "workflow" "ref" "inputs" "variables"
        "job" "tag" "context" "base" "head" "method";
    RELEASE "release.NAME": "services" "waves" "environment" "window" "at_close" "roles" "distinct"
        "due" "zone" "owner";
    RELEASE_ITEM "release.NAME.services": "service" "revision";
    VIEW "view.NAME": "filter" "sort" "group" "columns";
    UI "ui": "theme" "ascii" "motion" "utc" "session" "mouse";
    NOTIFY "notify.NAME": "kind" "url" "url_env" "events" "services" "environments";
    COMMAND "command.NAME": "argv" "help" "key" "confirm" "dangerous" "services" "environments"
        "time_limit";
    GATE_PIPELINE "pipeline": "kind" "required" "blocking" "optional" "ignored";
    GATE_PATH "path": "kind" "from";
    GATE_SOAK "soak": "kind" "at_least";
    GATE_REVIEW "review": "kind" "approvals" "own";
    GATE_SIGN_OFF "sign-off": "kind" "roles" "distinct" "at_close";
    GATE_QUALITY "quality": "kind" "figures";
    GATE_FIGURE "quality": "check" "after" "at_least" "at_most";
    GATE_BLOCKER "blocker": "kind" "labels";
    GATE_PARITY "parity": "kind" "with" "file" "payload" "except";
    GATE_FOUR_EYES "four-eyes": "kind" "distinct";
    GATE_FITS "fits": "kind" "margin";
    GATE_CHECKLIST "checklist": "kind" "tasks";
    TASK "checklist": "name" "text" "role";
    GATE_HEALTH "health": "kind" "every" "probes";
    PROBE "health": "name" "url" "pointer" "prometheus" "query" "equals" "at_most" "at_least";
    GATE_COMMAND "command": "kind" "name" "argv" "time_limit" "every";
    GATE_PLAIN "window": "kind";
}

/// Returns the section in which a misplaced key is at home, if there is but one.
pub(super) fn home_of(key: &str) -> Option<&'static str> {
    let mut homes = SECTIONS
        .iter()
        .filter(|section| !section.pattern.is_empty() && section.keys.contains(&key));
    let home = homes.next()?;
    homes.next().is_none().then_some(home.pattern)
}
