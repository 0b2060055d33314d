use std::sync::Mutex;

use secrecy::ExposeSecret;

use super::*;

/// Answers by the first word of the argv, and keeps what it was asked.
#[derive(Default)]
struct Answers {
    gh: Option<&'static str>,
    git: Option<&'static str>,
    other: Option<&'static str>,
    asked: Mutex<Vec<Question>>,
}

#[async_trait::async_trait]
impl Runner for Answers {
    async fn ask(&self, question: Question) -> Result<String, Silence> {
        let answer = match question.argv.first().map(String::as_str) {
            Some("gh") => self.gh,
            Some("git") => self.git,
            Some(_) | None => self.other,
        };
        self.asked.lock().unwrap().push(question);
        answer.map(str::to_owned).ok_or(Silence::Missing)
    }
}

async fn found(host: &str, pairs: &[(&str, &str)], answers: &Answers) -> Option<(String, String)> {
    let env = pairs.iter().copied().collect();
    let token = resolve(
        &TokenSource::Discovered,
        host,
        ForgeKind::GitHub,
        &env,
        answers,
    );
    token
        .await
        .unwrap()
        .map(|token| (token.secret.expose_secret().to_owned(), token.from))
}

#[tokio::test]
async fn the_first_source_that_has_a_token_wins() {
    let folder = tempfile::tempdir().unwrap();
    let hosts = "github.com:\n    oauth_token: of-file\n";
    std::fs::write(folder.path().join("hosts.yml"), hosts).unwrap();
    let gh_folder = folder.path().to_str().unwrap();
    let all = Answers {
        gh: Some("of-gh\n"),
        git: Some("protocol=https\nusername=ada\npassword=of-git\n"),
        ..Answers::default()
    };
    let both = [("GH_TOKEN", "one"), ("GITHUB_TOKEN", "two")];
    assert_eq!(
        found("github.com", &both, &all).await,
        Some(("one".to_owned(), "$GH_TOKEN".to_owned()))
    );
    assert_eq!(
        found("github.com", &both[1..], &all).await,
        Some(("two".to_owned(), "$GITHUB_TOKEN".to_owned()))
    );
    let config = [("GH_CONFIG_DIR", gh_folder)];
    assert_eq!(
        found("github.com", &config, &all).await,
        Some(("of-gh".to_owned(), "gh".to_owned()))
    );
    let no_gh = Answers {
        git: all.git,
        ..Answers::default()
    };
    assert_eq!(
        found("github.com", &config, &no_gh).await,
        Some(("of-file".to_owned(), format!("{gh_folder}/hosts.yml")))
    );
    assert_eq!(
        found("github.com", &[], &no_gh).await,
        Some(("of-git".to_owned(), "git credential helper".to_owned()))
    );
    assert_eq!(found("github.com", &[], &Answers::default()).await, None);
}

#[tokio::test]
async fn a_variable_reaches_the_one_host_it_belongs_to() {
    let none = Answers::default();
    let all = [
        ("GH_TOKEN", "hosted"),
        ("GH_ENTERPRISE_TOKEN", "enterprise"),
    ];
    let with_host = |host| [all.as_slice(), &[("GH_HOST", host)]].concat();
    let evil = "evil.example";
    assert_eq!(found(evil, &all, &none).await, None);
    assert_eq!(found("acme.ghe.com", &all, &none).await, None);

    let work = with_host("git.acme.example");
    assert_eq!(found(evil, &work, &none).await, None);
    assert_eq!(
        found("git.acme.example", &work, &none).await,
        Some(("enterprise".to_owned(), "$GH_ENTERPRISE_TOKEN".to_owned()))
    );
    assert_eq!(
        found("github.com", &work, &none).await,
        Some(("hosted".to_owned(), "$GH_TOKEN".to_owned()))
    );

    let tenant = with_host("acme.ghe.com");
    assert_eq!(found("github.com", &tenant, &none).await, None);
    assert_eq!(
        found("acme.ghe.com", &tenant, &none).await,
        Some(("hosted".to_owned(), "$GH_TOKEN".to_owned()))
    );
    // gh would hand out what its variables hold, so it must not see them.
    for question in none.asked.lock().unwrap().iter() {
        let is_gh = question.argv.first().is_some_and(|program| program == "gh");
        assert!(!is_gh || question.env.get("GH_ENTERPRISE_TOKEN").is_none());
    }
}

#[tokio::test]
async fn a_host_that_could_be_an_option_or_a_line_break_asks_nobody() {
    let answers = Answers {
        gh: Some("x"),
        ..Answers::default()
    };
    for host in ["-h", "a\nhost=b", "", "a b", "a/b"] {
        assert_eq!(found(host, &[], &answers).await, None);
    }
    assert!(answers.asked.lock().unwrap().is_empty());
}

#[tokio::test]
async fn git_is_asked_in_a_way_in_which_it_asks_nobody() {
    let answers = Answers::default();
    found("github.com", &[("SSH_ASKPASS", "/x")], &answers).await;
    let asked = answers.asked.lock().unwrap();
    let git = asked.last().unwrap();
    assert_eq!(git.argv, ["git", "credential", "fill"]);
    assert_eq!(
        git.input.as_deref(),
        Some("protocol=https\nhost=github.com\n\n")
    );
    let set: Vec<_> = git.env.iter().collect();
    assert!(set.contains(&("GIT_TERMINAL_PROMPT", "0")));
    assert!(set.contains(&("GIT_ASKPASS", "")));
}

#[tokio::test]
async fn a_named_source_is_the_only_one_asked() {
    let answers = Answers {
        gh: Some("of-gh"),
        other: Some("of-command\n"),
        ..Answers::default()
    };
    let env: Env = [("MINE", "of-env"), ("GH_TOKEN", "no")]
        .into_iter()
        .collect();
    let ask = async |source: TokenSource| {
        resolve(&source, "github.com", ForgeKind::GitHub, &env, &answers)
            .await
            .map(|token| token.unwrap().secret.expose_secret().to_owned())
    };
    assert_eq!(
        ask(TokenSource::Env("MINE".to_owned())).await.unwrap(),
        "of-env"
    );
    assert_eq!(
        ask(TokenSource::Env("THEIRS".to_owned())).await,
        Err(Error::Unset("THEIRS".to_owned()))
    );
    let command = TokenSource::Command(vec!["pass".to_owned()]);
    assert_eq!(ask(command).await.unwrap(), "of-command");
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("token");
    let file = TokenSource::File(path.clone());
    assert!(matches!(ask(file.clone()).await, Err(Error::File { .. })));
    std::fs::write(&path, "of-file\n").unwrap();
    assert_eq!(ask(file.clone()).await.unwrap(), "of-file");
    std::fs::write(&path, "two\nlines").unwrap();
    let error = ask(file).await.unwrap_err();
    assert!(matches!(error, Error::Malformed(_)));
    assert!(!error.to_string().contains("two"));
}

#[test]
fn the_token_directly_below_the_host_is_taken() {
    let text = "# gh\nother.example:\n    oauth_token: other\n\"github.com\":\n    users:\n        \
                ada:\n            oauth_token: deeper\n    user: ada\n    oauth_token: 'right'\n\
                third.example:\n    user: x\n";
    let of = |host| github::token_in_hosts(text, host);
    assert_eq!(of("github.com").as_deref(), Some("right"));
    assert_eq!(of("other.example").as_deref(), Some("other"));
    assert_eq!(of("third.example"), None);
    assert_eq!(of("nowhere.example"), None);
}

#[test]
fn the_advice_names_the_commands_the_scopes_and_the_demo() {
    let advice = advice("github.com", ForgeKind::GitHub);
    for word in ["gh auth login", "export GH_TOKEN=", "`repo`", "gonogo demo"] {
        assert!(advice.contains(word), "{advice}");
    }
}

#[test]
fn a_token_is_not_in_its_debug_text() {
    let token = token("ghp_secret", "$GH_TOKEN".to_owned()).unwrap();
    assert!(!format!("{token:?}").contains("ghp_secret"));
}

async fn of_gitlab(
    host: &str,
    pairs: &[(&str, &str)],
    answers: &Answers,
) -> Option<(String, String)> {
    let env = pairs.iter().copied().collect();
    let source = TokenSource::Discovered;
    let found = resolve(&source, host, ForgeKind::GitLab, &env, answers).await;
    let token = found.unwrap()?;
    Some((token.secret.expose_secret().to_owned(), token.from))
}

#[tokio::test]
async fn gitlabs_variables_belong_to_one_host_alone() {
    let none = Answers::default();
    let some = |token: &str, from: &str| Some((token.to_owned(), from.to_owned()));
    let both = [("GITLAB_TOKEN", "one"), ("OAUTH_TOKEN", "two")];
    assert_eq!(
        of_gitlab("gitlab.com", &both, &none).await,
        some("one", "$GITLAB_TOKEN")
    );
    assert_eq!(of_gitlab("gitlab.acme.example", &both, &none).await, None);
    for (name, value) in [
        ("GITLAB_HOST", "gitlab.acme.example"),
        ("GL_HOST", "https://gitlab.acme.example/"),
        ("GITLAB_URI", "https://gitlab.acme.example/git"),
    ] {
        let named = [("GITLAB_ACCESS_TOKEN", "own"), (name, value)];
        let found = of_gitlab("gitlab.acme.example", &named, &none).await;
        assert_eq!(found, some("own", "$GITLAB_ACCESS_TOKEN"), "{name}");
        assert_eq!(of_gitlab("gitlab.com", &named, &none).await, None, "{name}");
    }
    // GitHub's are never GitLab's.
    let other = [
        ("GH_TOKEN", "no"),
        ("GITHUB_TOKEN", "no"),
        ("GH_HOST", "gitlab.com"),
    ];
    assert_eq!(of_gitlab("gitlab.com", &other, &none).await, None);
}

#[tokio::test]
async fn after_the_variables_come_glab_its_file_and_git() {
    let folder = tempfile::tempdir().unwrap();
    let config = "git_protocol: ssh\nhosts:\n    gitlab.com:\n        api_host: gitlab.com\n        token: of-file\n";
    std::fs::write(folder.path().join("config.yml"), config).unwrap();
    let place = [
        ("GLAB_CONFIG_DIR", folder.path().to_str().unwrap()),
        ("GITLAB_HOST", "x.example"),
    ];
    let git = Answers {
        git: Some("protocol=https\npassword=of-git\n"),
        ..Answers::default()
    };
    let of_file = of_gitlab("gitlab.com", &place, &git).await.unwrap();
    assert_eq!(of_file.0, "of-file");
    let of_git = of_gitlab("gitlab.example", &place, &git).await.unwrap();
    assert_eq!(
        of_git,
        ("of-git".to_owned(), "git credential helper".to_owned())
    );
    let glab = Answers {
        other: Some("of-glab\n"),
        ..Answers::default()
    };
    let given = [("GITLAB_TOKEN", "not for this host"), place[0]];
    let of_glab = of_gitlab("gitlab.example", &given, &glab).await.unwrap();
    assert_eq!(of_glab, ("of-glab".to_owned(), "glab".to_owned()));
    let asked = glab.asked.lock().unwrap();
    assert_eq!(
        asked[0].argv,
        ["glab", "config", "get", "token", "--host", "gitlab.example"]
    );
    assert_eq!(
        asked[0].env.get("GITLAB_TOKEN"),
        None,
        "glab would give it to any host"
    );
}

#[test]
fn of_glabs_file_the_token_of_the_very_host_is_taken() {
    let text = "# glab\ntoken: top\nhosts:\n  other.example:\n    token: other\n  \"gitlab.com\":\n    \
                user: ada\n    nested:\n      token: deeper\n    token: !!null 'right'\n  \
                third.example:\n    token:\nlast: 1\n";
    let of = |host| gitlab::token_in_config(text, host);
    assert_eq!(of("gitlab.com").as_deref(), Some("right"));
    assert_eq!(of("other.example").as_deref(), Some("other"));
    assert_eq!(of("third.example"), None);
    assert_eq!(of("nowhere.example"), None);
}

#[test]
fn the_advice_for_gitlab_names_its_commands_its_scopes_and_its_host() {
    let hosted = advice("gitlab.com", ForgeKind::GitLab);
    for word in [
        "glab auth login",
        "export GITLAB_TOKEN=",
        "`read_api`",
        "`api`",
        "gonogo demo",
    ] {
        assert!(hosted.contains(word), "{hosted}");
    }
    let own = advice("git.acme.example", ForgeKind::GitLab);
    assert!(
        own.contains("--hostname git.acme.example") && own.contains("GITLAB_HOST=git.acme.example")
    );
}
