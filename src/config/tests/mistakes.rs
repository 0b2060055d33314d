//! Files with mistakes, and what is said about them.

use super::*;

/// About every kind of mistake, one after the other.
pub(super) const MISTAKES: &str = r#"
[operater]
name = "ada"

[poll]
intervall = "15s"
interval = 15
max_age = "soon"

[journal]
url = "postgres://ada:hunter2@db/gonogo"

[forge.github]
token = "ghp_0123456789"
url = "http://github.example.com"

[forge.lab]
kind = "gitlap"
url = "https://gitlab.com"

[environment.staging]
tier = "fats"

[environment.production]
tier = "regulated"
mode = "auto"
protected = "yes"

[policy.regulated]
gates = [
    "pipelin",
    "quality",
    { kind = "soak", at_least = "-1h" },
    { kind = "review", aprovals = 2 },
    { kind = "sign-off", roles = ["qa", "boss"] },
    "window", "window",
    { kind = "fits", margin = "0m" },
    { kind = "checklist", tasks = [
        { name = "backup", text = "take a backup", role = "dba" },
        { name = "two words", text = "x" },
        { name = "notify" },
    ] },
    { kind = "health", every = "1s", probes = [
        { name = "a", url = "http://health.example.com" },
        { name = "b", url = "https://{servce}.example.com" },
        { name = "c", url = "https://me:hunter2@example.com", pointer = "status" },
        { name = "d", url = "https://example.com", pointer = "/x", at_most = 1.5, at_least = 1 },
        { name = "e", prometheus = "https://prom.example.com", at_most = "1" },
        { name = "f" },
    ] },
    { kind = "command", name = "smoke", argv = ["./no-such-program", "{reversion}"], time_limit = "1h" },
]

[role.qa]
members = ["ada"]

[window.evenings]
days = ["mon", "tues"]
from = "18:00"
to = "18:00"
zone = "Europe/Berln"
environments = ["prod"]

[freeze.year-end]
from = "2026-12-20 18:00"
to = 2026-12-01T06:00:00
zone = "UTC"

[service.checkout]
repo = "gihub:acme/checkout"
path = ["dev", "stagin", "production"]
interval = "15s"

[service.checkout.promote.production]
via = "workflow"
method = "squash"

[service.checkout.promote.qa]
via = "job"

[service.ledger]
path = []
depends = ["chekout", "checkout > 2", "checkout >= main"]
"#;

#[test]
fn every_mistake_is_reported_at_once_with_its_place() {
    let problems = load_text(MISTAKES).unwrap_err();
    let shown = render(&problems);
    assert!(!shown.contains("hunter2") && !shown.contains("0123456789"));
    insta::assert_snapshot!(shown);
}

#[test]
fn a_file_that_is_not_there_is_a_problem_with_a_hint() {
    let problems = read(Path::new("/no/such/file.toml"), &env()).unwrap_err();
    assert!(render(&problems).starts_with("/no/such/file.toml: cannot be read"));
}

/// A file, and what its only problem says (`""`: it has none).
const CASES: &[(&str, &str)] = &[
    (
        "[poll]\ninterval = \"2m\"",
        "stale before they are read again",
    ),
    ("[poll]\ninterval = \"500ms\"", "at least one second"),
    (
        "[forge.codeberg]\ninterval = \"500ms\"",
        "at least one second",
    ),
    ("[forge.codeberg]\ninterval = \"5m\"", ""),
    ("[poll]\nmax_age = \"2y\"", "is not a duration"),
    ("[poll]\nmax_age = \"9000h\"", "longer than a year"),
    ("poll = 1", "`poll` must be a table"),
    (
        "[policy.fast]\nrisk = { warn = 101 }",
        "101 is never reached: the score ends at 100",
    ),
    (
        "[policy.fast]\nrisk = { warn = -1 }",
        "`warn` must be a whole number, zero or more",
    ),
    (
        "[policy.fast]\nrisk = { second = 20 }",
        "nobody could be the second approver",
    ),
    (
        "[role.qa]\nmembers = [\"ada\"]\n[policy.fast]\nrisk = { second = 20 }",
        "",
    ),
    (
        "[role.qa]\nmembers = [\"ada\"]\n[policy.fast]\nrisk = { warn = 30, second = 20 }",
        "asked for from 20 on, and a warning comes from 30 on",
    ),
    (
        "[role.qa]\nmembers = [\"ada\"]\n[policy.fast]\nrisk = { warn = false, second = 20, roles = [\"qe\"] }",
        "there is no role `qe`",
    ),
    (
        "[role.qa]\nmembers = [\"ada\"]\n[policy.fast]\nrisk = { roles = [\"qa\"] }",
        "`roles` without `second`",
    ),
    (
        "[policy.fast]\nrisk = { second = 20, warning = 3 }\n[role.qa]\nmembers = [\"ada\"]",
        "unknown key `warning`",
    ),
    (
        "[policy.mine]\ngates = [\"risk\"]",
        "the gate `risk` is not listed",
    ),
    (
        "[scope]\ntickets = [\"[A-Z\"]",
        "`[A-Z` is not a pattern: unclosed character class",
    ),
    (
        "[scope]\ntickets = [\"x*\"]",
        "it also matches nothing at all",
    ),
    (
        "[scope]\ntickets = [\"x\", \"x\"]",
        "pattern `x` is listed twice",
    ),
    (
        "[scope]\nticket_link = \"https://a.b/\"",
        "does not say where the ticket goes",
    ),
    (
        "[scope]\nticket_link = \"javascript:{ticket}\"",
        "is not an address of the web",
    ),
    (
        "[scope]\nticket_link = \"https://u:p@a.b/{ticket}\"",
        "holds a name or a password",
    ),
    (
        "[scope]\nfiles = { sql = [\"a\", \"/b\"] }",
        "`/b` is not a glob: paths start at the root",
    ),
    (
        "[scope]\nfiles = { \"two words\" = [\"a\"] }",
        "a kind of files needs a name",
    ),
    ("[scope]\nfiles = [\"a\"]", "`scope.files` must be a table"),
    ("[scope]\nfiles = { migrations = [] }", ""),
    (
        "[[forge]]\nurl = \"https://a.b\"",
        "`forge` must be a table",
    ),
    ("[journal]\nurl = \"sqlite::memory:\"", "a file that lasts"),
    ("[journal]\nurl = \"/x.db\"", "must start with `sqlite:`"),
    (
        "[forge.a]\nurl = \"http://127.0.0.1:8080\"\nkind = \"github\"",
        "",
    ),
    (
        "[forge.a]\nurl = \"http://[::1]:8080\"\nkind = \"github\"",
        "",
    ),
    (
        "[forge.a]\nurl = \"http://localhost.evil.example\"\nkind = \"github\"",
        "in the clear",
    ),
    (
        "[forge.a]\nurl = \"ftp://a.b\"\nkind = \"github\"",
        "must start with https",
    ),
    (
        "[forge.a]\nurl = \"https://u:p@a.b\"\nkind = \"github\"",
        "a user or a password",
    ),
    ("[forge.a]\nurl = \"https://a.b\"", "needs `kind`"),
    ("[forge.a]\nkind = \"forgejo\"", "needs `url`"),
    ("[forge.codeberg]", ""),
    ("[forge.a]\nurl = \"https://gitlab.example.com/git\"", ""),
    (
        "[forge.lab]\nkind = \"gitlab\"\n[service.a]\nrepo = \"group/sub/name\"\npath = [\"p\"]",
        "",
    ),
    (
        "[forge.lab]\nkind = \"gitlab\"\n[service.a]\nrepo = \"name\"\npath = [\"p\"]",
        "`name` is not group/name",
    ),
    (
        "[forge.codeberg]\n[service.a]\nrepo = \"group/sub/name\"\npath = [\"p\"]",
        "`group/sub/name` is not owner/name",
    ),
    (
        "[service.a]\nrepo = \"a/b\"\npath = [\"p\"]\npromote.p = { via = \"job\", job = \"x\" }",
        "GitHub cannot go `via = \"job\"`",
    ),
    (
        "[service.a]\nrepo = \"a/b\"\npath = [\"p\"]\npromote.p = { via = \"tag\", tag = \"live\" }",
        "the same tag every time",
    ),
    (
        "[forge.gitlab]\n[service.a]\nrepo = \"a/b\"\npath = [\"p\"]\npromote.p = { via = \"release\" }",
        "GitLab cannot go `via = \"release\"`",
    ),
    (
        "[forge.gitlab]\n[service.a]\nrepo = \"a/b\"\npath = [\"p\"]\nbranch = \"main\"\npromote.p = { via = \"pipeline\", variables = { TO = \"{enviroment}\" } }",
        "nothing is put in for `{enviroment}`",
    ),
    (
        "[forge.gitlab]\n[service.a]\nrepo = \"a/b\"\npath = [\"p\"]\nbranch = \"main\"\npromote.p = { method = \"rebase\", base = \"p\", via = \"pull-request\" }",
        "GitLab rebases is the project's own setting",
    ),
    (
        "[forge.codeberg]\n[service.a]\nrepo = \"a/b\"\npath = [\"p\", \"q\"]\npromote.q = { via = \"approval\" }",
        "Forgejo cannot go `via = \"approval\"`",
    ),
    (
        "[forge.codeberg]\n[service.a]\nrepo = \"a/b\"\npath = [\"p\"]\npromote.p = { via = \"status\", context = \"deploy/{environment}\" }",
        "setting it would deploy nothing",
    ),
    (
        "[forge.codeberg]\n[service.a]\nrepo = \"a/b\"\npath = [\"p\"]\nenvironments = \"native\"",
        "no environments of its own",
    ),
    (
        "[forge.gitlab]\n[service.a]\nrepo = \"a/b\"\npath = [\"p\"]\nenvironments = \"branch\"",
        "",
    ),
    (
        "[forge.codeberg]\n[service.a]\nrepo = \"a/b\"\npath = [\"p\", \"q\"]\nenvironments = { from = \"branch\", branch = \"live\" }",
        "the same for every environment",
    ),
    (
        "[forge.codeberg]\n[service.a]\nrepo = \"a/b\"\npath = [\"p\"]\nenvironments = { from = \"run\", tag = \"live\" }",
        "no effect with from = \"run\"",
    ),
    ("[forge.a]\nkind = \"svn\"", "`kind` cannot be `svn`"),
    (
        "[forge.a]\ntoken = { env = \"A\", file = \"b\" }",
        "exactly one place",
    ),
    ("[forge.a]\ntoken = { env = \"ghp_abc\" }", "not its value"),
    ("[forge.a]\ntoken = { command = [] }", "`command` is empty"),
    ("[policy.mine]", "[policy.mine] needs `gates`"),
    (
        "[policy.mine]\ngates = [\"soak\"]",
        "a soak needs `at_least`",
    ),
    (
        "[policy.mine]\ngates = [\"sign-off\"]",
        "a sign-off needs `roles`",
    ),
    (
        "[policy.mine]\ngates = [{ approvals = 1 }]",
        "a gate needs `kind`",
    ),
    (
        "[policy.mine]\ngates = [{ kind = \"review\", approvals = 0 }]",
        "a review by nobody",
    ),
    (
        "[policy.mine]\ngates = [{ kind = \"path\", from = \"some\" }]",
        "cannot be `some`",
    ),
    (
        "[policy.mine]\ngates = [{ kind = \"hold\", x = 1 }]",
        "unknown key `x`",
    ),
    (
        "[policy.mine]\ngates = [{ kind = \"pipeline\", required = [\"a\"], ignored = [\"a\"] }]",
        "check `a` is listed twice",
    ),
    (
        "[policy.mine]\ngates = [\"quality\"]",
        "a quality gate needs `figures`",
    ),
    (
        "[policy.mine]\ngates = [{ kind = \"quality\", figures = [] }]",
        "without a figure",
    ),
    (
        "[policy.mine]\ngates = [{ kind = \"quality\", figures = [{ check = \"a\", at_least = 101 }] }]",
        "over 100 %",
    ),
    (
        "[policy.mine]\ngates = [{ kind = \"quality\", figures = [{ check = \"a\", at_least = 100.5 }] }]",
        "over 100 %",
    ),
    (
        "[policy.mine]\ngates = [{ kind = \"quality\", figures = [{ check = \"a\", at_least = 1, at_most = 2 }] }]",
        "has one bound",
    ),
    (
        "[policy.mine]\ngates = [{ kind = \"quality\", figures = [{ check = \"a\" }] }]",
        "needs `at_least` or `at_most`",
    ),
    (
        "[policy.mine]\ngates = [{ kind = \"quality\", figures = [{ at_most = 2 }] }]",
        "needs `check`",
    ),
    (
        "[policy.mine]\ngates = [{ kind = \"quality\", figures = [{ check = \"a\", at_most = nan }] }]",
        "`nan` is not a plain number",
    ),
    (
        "[policy.mine]\ngates = [{ kind = \"quality\", figures = [{ check = \"a\", at_most = 0.0001 }] }]",
        "at most three places",
    ),
    (
        "[policy.mine]\ngates = [{ kind = \"quality\", figures = [{ check = \"a\", at_most = \"2\" }] }]",
        "must be a number",
    ),
    (
        "[policy.mine]\ngates = [{ kind = \"quality\", figures = [{ check = \"a\", at_least = 2 }, { check = \"a\", at_least = 3 }] }]",
        "bounded twice",
    ),
    (
        "[policy.mine]\ngates = [{ kind = \"quality\", figures = [{ check = \"a\", at_last = 2, at_most = 1 }] }]",
        "did you mean `at_least`?",
    ),
    (
        "[policy.mine]\ngates = [{ kind = \"quality\", figures = [{ check = \"a\", at_least = -0.5 }, { check = \"a\", at_most = 1_250.0 }] }]",
        "",
    ),
    (
        "[policy.mine]\ngates = [\"blocker\"]",
        "a blocker gate needs `labels`",
    ),
    (
        "[policy.mine]\ngates = [{ kind = \"blocker\", labels = [] }]",
        "without a label",
    ),
    (
        "[policy.mine]\ngates = [{ kind = \"blocker\", labels = [\"stop\", \"Stop\"] }]",
        "label `Stop` is listed twice",
    ),
    (
        "[policy.mine]\ngates = [\"parity\"]",
        "needs `file` or `payload`",
    ),
    (
        "[policy.mine]\ngates = [{ kind = \"parity\", file = \"a.toml\", payload = true }]",
        "not both",
    ),
    (
        "[policy.mine]\ngates = [{ kind = \"parity\", payload = false }]",
        "compares nothing",
    ),
    (
        "[policy.mine]\ngates = [{ kind = \"parity\", file = \"{env}.toml\" }]",
        "nothing is put in for `{env}`",
    ),
    (
        "[policy.mine]\ngates = [{ kind = \"parity\", file = \"../a.toml\" }]",
        "not a path from the repository's top",
    ),
    (
        "[policy.mine]\ngates = [{ kind = \"parity\", file = \"values.yaml\" }]",
        "a .yaml file cannot be compared",
    ),
    (
        "[policy.mine]\ngates = [{ kind = \"parity\", payload = true, except = [\"*\"] }]",
        "`*` is no key",
    ),
    (
        "[policy.mine]\ngates = [{ kind = \"parity\", payload = true, except = [\"a*\"] }]",
        "`a*` is no key",
    ),
    (
        "[service.a]\nrepo = \"a/b\"\npath = [\"p\"]\ngates = [{ kind = \"parity\", payload = true, with = \"q\" }]",
        "compares with `q`, which is not on the path",
    ),
    (
        "[policy.standard]\ngates = [{ kind = \"parity\", payload = true, with = \"q\" }]\n[service.a]\nrepo = \"a/b\"\npath = [\"p\"]",
        "compares with `q`, which is not on the path",
    ),
    (
        "[policy.mine]\ngates = [{ kind = \"four-eyes\", distinct = [\"author\"] }]",
        "at least two parts",
    ),
    (
        "[policy.mine]\ngates = [{ kind = \"four-eyes\", distinct = [\"author\", \"promotor\"] }]",
        "there is no part `promotor`",
    ),
    (
        "[policy.mine]\ngates = [{ kind = \"four-eyes\", distinct = [\"author\", \"author\", \"promoter\"] }]",
        "part `author` is listed twice",
    ),
    ("[policy.mine]\ngates = [\"four-eyes\"]", ""),
    (
        "[operator]\nroles = [\"qa\"]\n[role.qa]\nmembers = [\"b\"]",
        "without a name",
    ),
    (
        "[role.qa]\nmembers = []\n[policy.m]\ngates = [{ kind = \"sign-off\", roles = [\"qa\"] }]",
        "nobody can sign as `qa`",
    ),
    (
        "[window.w]\nfrom = \"9:00\"\nto = \"24:00\"\nzone = \"UTC\"",
        "",
    ),
    (
        "[window.w]\nfrom = \"09:00\"\nto = \"10:00\"",
        "needs `zone`",
    ),
    (
        "[window.w]\nfrom = \"09:00+01:00\"\nto = \"10:00\"\nzone = \"UTC\"",
        "wall-clock",
    ),
    (
        "[window.w]\nfrom = \"25:00\"\nto = \"10:00\"\nzone = \"UTC\"",
        "wall-clock",
    ),
    (
        "[window.w]\nfrom = 2026-01-01T00:00:00Z\nto = \"10:00\"\nzone = \"UTC\"",
        "wall-clock",
    ),
    (
        "[window.w]\nfrom = \"2026-01-01 10:00\"\nto = \"10:00\"\nzone = \"UTC\"",
        "both be times, or both dates",
    ),
    (
        "[window.w]\ndays = [\"mon\"]\nfrom = \"2026-01-01 10:00\"\nto = \"2026-01-02 10:00\"\nzone = \"UTC\"",
        "`days` has no effect",
    ),
    (
        "[window.w]\nservices = []\nfrom = \"09:00\"\nto = \"10:00\"\nzone = \"UTC\"",
        "`services` is empty",
    ),
    (
        "[freeze.f]\nfrom = 2026-12-20\nto = \"2026-12-21 00:00\"\nzone = \"UTC\"\nreason = \"x\"",
        "`2026-12-20` is not a wall-clock time",
    ),
    ("[service.a]\nrepo = \"a/b\"\npath = [\"p\"]", ""),
    (
        "[service.a]\nrepo = \"a\"\npath = [\"p\"]",
        "`a` is not owner/name",
    ),
    (
        "[service.a]\nrepo = \"https://github.com/a/b\"\npath = [\"p\"]",
        "not an address",
    ),
    (
        "[service.a]\nrepo = \"a/b\"\npath = [\"p\", \"p\"]",
        "stands twice",
    ),
    (
        "[service.a]\nrepo = \"a/b\"\npath = [\"\\u202ep\"]",
        "cannot be seen",
    ),
    (
        "[service.a]\nrepo = \"a/b\"\npath = [\"p\"]\n[forge.x]\n[forge.y]",
        "on which forge?",
    ),
    (
        "[service.a]\nrepo = \"a/b\"\npath = [\"p\"]\npromote.p = { via = \"workflow\", workflow = \"d.yml\", ref = \"main\", inputs = { e = \"{env}\" } }",
        "nothing is put in for `{env}`",
    ),
    (
        "[service.a]\nrepo = \"a/b\"\npath = [\"p\"]\npromote.p = { via = \"pull-request\", base = \"m\", head = \"m\" }",
        "the same branch",
    ),
    ("[policy.m]\ngates = [\"depends\", \"fits\"]", ""),
    (
        "[policy.m]\ngates = [\"checklist\"]",
        "a checklist needs `tasks`",
    ),
    (
        "[policy.m]\ngates = [{ kind = \"checklist\", tasks = [] }]",
        "a checklist with no tasks",
    ),
    (
        "[policy.m]\ngates = [{ kind = \"checklist\", tasks = [\"backup\"] }]",
        "a task is a table",
    ),
    (
        "[policy.m]\ngates = [{ kind = \"checklist\", tasks = [{ name = \"a\", text = \"x\" }, { name = \"a\", text = \"y\" }] }]",
        "task `a` is listed twice",
    ),
    (
        "[role.qa]\nmembers = []\n[policy.m]\ngates = [{ kind = \"checklist\", tasks = [{ name = \"a\", text = \"x\", role = \"qa\" }] }]",
        "nobody can attest as `qa`",
    ),
    ("[policy.m]\ngates = [\"health\"]", "health needs `probes`"),
    (
        "[policy.m]\ngates = [{ kind = \"health\", probes = [] }]",
        "health without a probe",
    ),
    (
        "[policy.m]\ngates = [{ kind = \"health\", probes = [{ name = \"a\", url = \"https://a.b\", at_most = 1 }] }]",
        "without `pointer` there is no value",
    ),
    (
        "[policy.m]\ngates = [{ kind = \"health\", probes = [{ name = \"a\", url = \"https://a.b\", pointer = \"/x\" }] }]",
        "needs what it must see",
    ),
    (
        "[policy.m]\ngates = [{ kind = \"health\", probes = [{ name = \"a\", url = \"https://a.b\", pointer = \"/x~2\", equals = true }] }]",
        "is not a JSON pointer",
    ),
    (
        "[policy.m]\ngates = [{ kind = \"health\", probes = [{ name = \"a\", url = \"https://a.b\", pointer = \"/x\", at_most = 1.2345 }] }]",
        "at most three places",
    ),
    (
        "[policy.m]\ngates = [{ kind = \"health\", probes = [{ name = \"a\", url = \"https://a.b\", pointer = \"/x\", at_most = nan }] }]",
        "is not a plain number",
    ),
    (
        "[policy.m]\ngates = [{ kind = \"health\", probes = [{ name = \"a\", url = \"http://localhost:9/{service}\" }] }]",
        "",
    ),
    (
        "[policy.m]\ngates = [{ kind = \"health\", probes = [{ name = \"a\", url = \"https://a.b\" }, { name = \"a\", url = \"https://c.d\" }] }]",
        "probe `a` is listed twice",
    ),
    (
        "[policy.m]\ngates = [\"command\"]",
        "a command needs `name` and `argv`",
    ),
    (
        "[policy.m]\ngates = [{ kind = \"command\", name = \"a\", argv = [] }]",
        "`argv` is empty",
    ),
    (
        "[policy.m]\ngates = [{ kind = \"command\", name = \"a\", argv = \"rm -rf /\" }]",
        "never one string for a shell",
    ),
    (
        "[policy.m]\ngates = [{ kind = \"command\", name = \"a\", argv = [\"no-such-program\"] }]",
        "there is no program `no-such-program`",
    ),
    (
        "[policy.m]\ngates = [{ kind = \"command\", name = \"a\", argv = [\"/etc/passwd\"] }]",
        "there is no program `/etc/passwd`",
    ),
    (
        "[policy.m]\ngates = [{ kind = \"command\", name = \"a\", argv = [\"true\"], time_limit = \"1m\", every = \"30s\" }]",
        "run again before it has ended",
    ),
    (
        "[policy.m]\ngates = [{ kind = \"command\", name = \"a\", argv = [\"true\"] }, { kind = \"command\", name = \"a\", argv = [\"false\"] }]",
        "command `a` is listed twice",
    ),
    (
        "[policy.m]\ngates = [{ kind = \"command\", name = \"a\", argv = [\"true\"] }, { kind = \"command\", name = \"b\", argv = [\"/bin/sh\"] }]",
        "",
    ),
    (
        "[service.a]\nrepo = \"a/a\"\npath = [\"p\"]\ndepends = [\"a\"]",
        "in a circle: a > a",
    ),
    (
        "[service.a]\nrepo = \"a/a\"\npath = [\"p\"]\ndepends = [\"c >= 1\"]\n[service.b]\nrepo = \"a/b\"\npath = [\"p\"]\ndepends = [\"a\"]\n[service.c]\nrepo = \"a/c\"\npath = [\"p\"]\ndepends = [\"b >= abcdef0\", \"d\"]\n[service.d]\nrepo = \"a/d\"\npath = [\"p\"]",
        "in a circle: a > c > b > a",
    ),
    (
        "[service.a]\nrepo = \"a/a\"\npath = [\"p\"]\ndepends = [\"b\", \"b >= 2\"]\n[service.b]\nrepo = \"a/b\"\npath = [\"p\"]",
        "`b` is listed twice",
    ),
    ("[keys]\nquit = []", "lists no key"),
    (
        "[keys]\nquit = 1",
        "must be a key, a list of keys, or false",
    ),
    ("[ui]\ntheme = \"drak\"", "`theme` cannot be `drak`"),
    ("[release.r]\nservices = [\"x\"]", "there is no service `x`"),
    ("[environment.p]\nverify = true", "`verify` is a table"),
    (
        "[environment.p]\nverify = { within = \"1m\" }",
        "needs `probes` or `tasks`",
    ),
    (
        "[environment.p]\nverify = { probes = [{ name = \"a\", url = \"https://a.b\" }] }",
        "within what time",
    ),
    (
        "[environment.p]\nverify = { within = \"1m\", probs = [], tasks = [{ name = \"a\", text = \"b\" }] }",
        "did you mean `probes`?",
    ),
    (
        "[environment.p]\nverify = { within = \"1m\", every = \"9s\", tasks = [{ name = \"a\", text = \"b\" }] }",
        "`every` has no effect without `probes`",
    ),
    (
        "[environment.p]\nverify = { within = \"10s\", probes = [{ name = \"a\", url = \"https://a.b\" }] }",
        "over before the second look",
    ),
    (
        "[environment.p]\nverify = { within = \"10m\", tasks = [{ name = \"a\", text = \"b\", role = \"qa\" }] }",
        "there is no role `qa`",
    ),
    (
        "[environment.p]\nverify = { within = \"10m\", tasks = [{ name = \"a\", text = \"b\" }] }",
        "",
    ),
    ("[service.a]\npath = [\"p\"]", "needs `repo`"),
    (
        "[service.a]\nrevision = \"1\"\npath = [\"p\"]",
        "p is released by hand, and its checklist has no tasks",
    ),
    (
        "[service.a]\npath = [\"p\"]\ngates = [{ kind = \"checklist\", tasks = [{ name = \"a\", text = \"b\" }] }]\npromote.p = { via = \"checklist\" }",
        "needs `revision`",
    ),
    (
        "[service.a]\nrevision = \"1 2\"\npath = [\"p\"]\ngates = [{ kind = \"checklist\", tasks = [{ name = \"a\", text = \"b\" }] }]",
        "a revision is one word",
    ),
    (
        "[service.a]\nrevision = \"1\"\nbranch = \"main\"\npath = [\"p\"]\ngates = [{ kind = \"checklist\", tasks = [{ name = \"a\", text = \"b\" }] }]",
        "`branch` has no effect without `repo`",
    ),
    (
        "[service.a]\nrevision = \"1\"\npath = [\"p\"]\ngates = [\"review\", { kind = \"checklist\", tasks = [{ name = \"a\", text = \"b\" }] }]",
        "only a forge can answer `review`",
    ),
    (
        "[service.a]\nrevision = \"1\"\npath = [\"p\"]\ngates = [{ kind = \"checklist\", tasks = [{ name = \"a\", text = \"b\" }] }]\npromote.p = { via = \"deployment\" }",
        "via = \"deployment\" into p needs a `repo`",
    ),
    (
        "[service.a]\nrepo = \"a/b\"\nrevision = \"1\"\npath = [\"p\"]",
        "`revision` has no effect with `repo`",
    ),
    (
        "[service.a]\nrepo = \"a/b\"\npath = [\"p\"]\ngates = [{ kind = \"checklist\", tasks = [{ name = \"a\", text = \"b\" }] }]\npromote.p = { via = \"deployment\", mode = \"checklist\" }",
        "via = \"deployment\" has no effect",
    ),
    (
        "[service.a]\nrepo = \"a/b\"\npath = [\"p\"]\ngates = [{ kind = \"checklist\", tasks = [{ name = \"a\", text = \"b\" }] }]\npromote.p = { via = \"checklist\", mode = \"auto\" }",
        "mode = \"auto\" has no effect",
    ),
    (
        "[service.a]\nrepo = \"a/b\"\npath = [\"p\", \"q\"]\ngates = [{ kind = \"checklist\", tasks = [{ name = \"a\", text = \"b\" }] }]\npromote.q = { mode = \"auto\" }",
        "q cannot be `auto`: p before it is released by hand",
    ),
    (
        "[service.a]\nrepo = \"a/b\"\npath = [\"p\"]\npromote.p = { mode = \"checklist\" }",
        "p is released by hand, and its checklist has no tasks",
    ),
    (
        "[service.a]\nrevision = \"1\"\npath = [\"p\"]\ngates = [{ kind = \"checklist\", tasks = [{ name = \"a\", text = \"b\" }] }]\npromote.p = { verify = { within = \"1h\", tasks = [{ name = \"a\", text = \"c\" }] } }",
        "stands before the promotion and after it",
    ),
    (
        "[service.a]\nrevision = \"1\"\npath = [\"p\"]\npromote.p = { verify = { within = \"1h\", tasks = [{ name = \"a\", text = \"c\" }] } }",
        "",
    ),
    (
        "[forge.\"by hand\"]\nurl = \"https://a.b\"\nkind = \"github\"",
        "stands for services without a forge",
    ),
];

#[test]
fn each_mistake_is_one_problem() {
    for (text, expected) in CASES {
        match load_text(text) {
            Ok(_) => assert_eq!(*expected, "", "{text}"),
            Err(problems) => {
                let shown = render(&problems);
                assert_eq!(problems.len(), 1, "{shown}");
                assert!(
                    !expected.is_empty() && shown.contains(expected),
                    "{text}\n{shown}"
                );
            }
        }
    }
}

/// They are read by two threads.
#[test]
fn of_many_services_each_is_read_and_each_mistake_told_in_the_order_of_the_file() {
    let repo = |number: usize| {
        if number % 90 == 7 {
            "nowhere"
        } else {
            "acme/api"
        }
    };
    let services = (0..500).map(|number| {
        let depends = (number + 1) % 500;
        format!(
            "[service.s{number:03}]\nrepo = \"{}\"\npath = [\"production\"]\ngroup = \"g{number}\"\n\
             depends = [\"s{depends:03}\"]\n",
            repo(number)
        )
    });
    let text: String = services.collect();
    let told = told(&text);
    assert_eq!(told.len(), 7, "{told:#?}");
    assert!(told[..6].iter().all(|told| told.contains("`nowhere`")));
    assert!(
        told[6].contains("in a circle: s000 > s001 > "),
        "{}",
        told[6]
    );
    let right = text.replace("nowhere", "acme/web").replace("\"s000\"", "");
    let services = load_text(&right).unwrap().policy.services.clone();
    let groups = services
        .iter()
        .filter_map(|service| service.group.as_deref());
    assert!(
        groups.eq((0..500)
            .map(|number| format!("g{number}"))
            .collect::<Vec<_>>())
    );
}

#[test]
fn a_brake_that_a_forge_does_not_have_is_refused_with_its_place() {
    let wrong = |brake: &str| {
        let text = format!(
            "[environment.production]\nbrake = {brake}\n[service.api]\nrepo = \"acme/api\"\npath = [\"production\"]\n"
        );
        load_text(&text).map_err(|problems| render(&problems))
    };
    for (brake, said) in [
        (
            "[\"freeze\"]",
            "`freeze` is no brake of GitHub, where api is",
        ),
        (
            "{ forgejo = [\"reject\"] }",
            "`reject` is no brake of Forgejo",
        ),
        ("[\"lable\"]", "there is no brake `lable`"),
        ("{ gitea = [\"label\"] }", "gitea"),
    ] {
        let told = wrong(brake).expect_err(brake);
        assert!(told.contains(said) && told.contains(":2:"), "{told}");
    }
    let settings = wrong("{ github = [\"label\", \"status\"], gitlab = [\"freeze\"] }").unwrap();
    let brakes = &settings.policy.environments["production"].brakes;
    assert_eq!(
        brakes.github,
        [
            crate::domain::brake::Way::Status,
            crate::domain::brake::Way::Label
        ]
    );
    assert_eq!(brakes.gitlab, [crate::domain::brake::Way::Freeze]);
}

fn told(text: &str) -> Vec<String> {
    let problems = match load_text(text) {
        Ok(settings) => settings.notes,
        Err(problems) => problems,
    };
    let told = problems.iter().map(|problem| {
        let hint = problem.hint.as_deref().unwrap_or_default();
        format!("{}: {} = {hint}", problem.line, problem.message)
    });
    told.collect()
}

#[test]
fn one_mistake_is_told_once_and_with_what_to_do() {
    let service = "[service.a]\nrepo = \"a/b\"\npath = [\"dev\", \"production\", \"dev\"]\n";
    let undeclared = format!("[environment.production]\n{service}");
    assert_eq!(
        told(&undeclared),
        [
            "4: there is no environment `dev` = known: `production`",
            "4: `dev` stands twice on the path = take one of them away",
        ]
    );
    assert_eq!(
        told("[role.qa]\nmembers = [\"a\"]\n[operator]\nnmae = \"a\"\nroles = [\"qa\"]"),
        ["4: unknown key `nmae` in [operator] = did you mean `name`?"]
    );
    let workflow = "[service.a]\nrepo = \"a/b\"\npath = [\"p\", \"q\"]\n\
                    promote.q = { via = \"workflow\", workflow = \"d.yml\" }";
    let hint = told(workflow);
    assert!(
        hint[0].contains("branch = \"main\" to the service"),
        "{hint:?}"
    );
    let short = "[environment.production]\n[service.a]\nrepo = \"a/b\"\npath = [\"prod\"]";
    assert_eq!(
        told(short),
        ["4: there is no environment `prod` = did you mean `production`?"]
    );
    let unknown = told("[unknown]");
    for section in ["`ui`", "`notify`", "`command`"] {
        assert!(unknown[0].contains(section), "{unknown:?}");
    }
    let notice = told("[notify.d]\nkind = \"bell\"\nevents = [\"promotion.fail\", \"hold.*\"]");
    assert_eq!(
        notice,
        ["3: no entry is of the kind `promotion.fail` = did you mean `promotion.failed`?"]
    );
}

#[test]
fn what_has_no_effect_is_noted() {
    let text = "[forge.github]\ntoken = { file = \"/no/such/token\" }\nca_file = \"/no/ca.pem\"\n\
                [role.qa]\nmembers = [\"ada\", \"@ada\"]\n\
                [environment.dev]\n[environment.spare]\n\
                [policy.odd]\ngates = [\"path\"]\n\
                [service.a]\nrepo = \"a/b\"\npath = [\"dev\"]\n";
    let told = told(text);
    let expected = [
        "2: there is no file /no/such/token",
        "3: there is no file /no/ca.pem",
        "5: `@ada` is listed twice",
        "7: no service has `spare` on its path",
        "8: no environment is of tier `odd`",
    ];
    assert_eq!(told.len(), expected.len(), "{told:?}");
    for (told, expected) in told.iter().zip(expected) {
        assert!(told.starts_with(expected), "{told}");
    }
    assert!(load_text(text).is_ok());
}
