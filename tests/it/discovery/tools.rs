//! Every place in which people keep a forge's token, in a clean environment: variables, the forges'
//! command-line tools and their files, git's credential helper. Each is enough for the board, and
//! none gives a token to a host that it is not for.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use super::*;

const GITLAB: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/assets/worlds/gitlab.toml");
const FORGEJO: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/assets/worlds/forgejo.toml");
const GITEA: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/assets/worlds/gitea.toml");

/// A forge, a checkout of one of its repositories, and a machine with nothing else on it.
struct Bare {
    sim: Sim,
    checkout: tempfile::TempDir,
    home: tempfile::TempDir,
}

impl Bare {
    fn of(worlds: &[&str], repo: &str) -> Self {
        let sim = Sim::of(60.0, worlds);
        let checkout = checkout(&sim, &format!("BASE/{repo}.git"));
        let home = tempfile::tempdir().unwrap();
        let bin = home.path().join("bin");
        fs::create_dir(&bin).unwrap();
        // The one program that every machine with a checkout has; and what scripts are written in.
        for program in ["git", "sh"] {
            std::os::unix::fs::symlink(which(program), bin.join(program)).unwrap();
        }
        Self {
            sim,
            checkout,
            home,
        }
    }

    /// Puts a tool on the path: a script that says no unless it is asked as it should be.
    fn tool(&self, name: &str, arguments: &str, answer: &str) {
        let text = format!(
            "#!/bin/sh\n[ \"$*\" = \"{arguments}\" ] || exit 3\n[ -z \"$GITLAB_TOKEN$GITLAB_HOST$GH_TOKEN$GH_ENTERPRISE_TOKEN\" ] || exit 4\necho '{answer}'\n"
        );
        let path = self.home.path().join("bin").join(name);
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    }

    /// Writes a file of a tool, below the home folder.
    fn file(&self, path: &str, text: &str) {
        let path = self.home.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        let text = text
            .replace("HOST", &host(&self.sim))
            .replace("TOKEN", &self.sim.token("operate"));
        fs::write(path, text).unwrap();
    }

    fn run(&self, env: &[(&str, &str)], arguments: &[&str]) -> Ran {
        let mut command = gonogo(self.home.path());
        let (host, token) = (host(&self.sim), self.sim.token("operate"));
        command
            .current_dir(self.checkout.path())
            .env("PATH", self.home.path().join("bin"))
            .args(arguments);
        for (name, value) in env {
            let value = value.replace("HOST", &host).replace("TOKEN", &token);
            command.env(name, value);
        }
        self.sim.take(command)
    }

    /// Runs `status` and checks that it shows the one service.
    #[track_caller]
    fn shows(&self, env: &[(&str, &str)], service: &str, environments: &[&str]) {
        let ran = self.run(env, &["status", "--json"]);
        let status = ran.done().json();
        let services = status["services"].as_array().unwrap();
        assert_eq!(services.len(), 1, "{status}");
        assert_eq!(services[0]["name"], service);
        let cells = services[0]["cells"].as_array().unwrap();
        let places: Vec<&str> = cells
            .iter()
            .map(|it| it["environment"].as_str().unwrap())
            .collect();
        assert_eq!(places, environments);
        let known = cells.iter().all(|it| it["revision"].is_string());
        assert!(known, "{cells:?}");
    }

    /// Runs `status` and checks that nobody was asked anything.
    #[track_caller]
    fn asks_nobody(&self, env: &[(&str, &str)], code: i32, says: &str) {
        let ran = self.run(env, &["status"]);
        assert_eq!(ran.code, code, "{ran:?}");
        assert!(ran.err.contains(says), "{says}: {}", ran.err);
        assert!(self.sim.requests().is_empty(), "{:?}", self.sim.requests());
    }
}

fn which(program: &str) -> PathBuf {
    let path = std::env::var("PATH").unwrap();
    let mut folders = path.split(':').map(|it| Path::new(it).join(program));
    folders.find(|it| it.is_file()).unwrap()
}

const ALL: [&str; 3] = ["dev", "staging", "production"];

#[test]
fn gitlabs_variables_are_enough_for_the_host_they_name() {
    let bare = Bare::of(&[GITLAB], "acme-gl/shop/orders");
    for env in [
        [("GITLAB_HOST", "HOST"), ("GITLAB_TOKEN", "TOKEN")],
        [("GL_HOST", "HOST"), ("GITLAB_ACCESS_TOKEN", "TOKEN")],
        [("GITLAB_URI", "http://HOST"), ("OAUTH_TOKEN", "TOKEN")],
    ] {
        bare.shows(&env, "orders", &ALL);
    }
    let check = bare.run(
        &[("GITLAB_HOST", "HOST"), ("GITLAB_TOKEN", "TOKEN")],
        &["check", "orders", "--to", "production", "--json"],
    );
    assert!(matches!(check.code, 0 | 3), "{check:?}");
}

#[test]
fn a_token_of_gitlab_goes_to_no_host_that_it_is_not_for() {
    let bare = Bare::of(&[GITLAB], "acme-gl/gateway");
    // A token without a host is gitlab.com's.
    bare.asks_nobody(&[("GITLAB_TOKEN", "TOKEN")], 2, "GITLAB_HOST");
    let other = [("GITLAB_HOST", "gitlab.example"), ("GITLAB_TOKEN", "TOKEN")];
    bare.asks_nobody(&other, 2, "is not known");
    // A pipeline's own token may read next to nothing: it is not taken for a person's.
    let in_a_job = [("GITLAB_HOST", "HOST"), ("CI_JOB_TOKEN", "TOKEN")];
    bare.asks_nobody(&in_a_job, 4, "no token");
}

#[test]
fn glab_is_asked_without_the_variables_and_its_file_is_read_without_it() {
    let bare = Bare::of(&[GITLAB], "acme-gl/gateway");
    let arguments = format!("config get token --host {}", host(&bare.sim));
    bare.tool("glab", &arguments, &bare.sim.token("operate"));
    let elsewhere = [("GITLAB_HOST", "HOST")];
    bare.shows(&elsewhere, "gateway", &ALL);

    let bare = Bare::of(&[GITLAB], "acme-gl/gateway");
    let config = "git_protocol: ssh\nhosts:\n    gitlab.com:\n        token: other\n    HOST:\n        api_protocol: http\n        token: !!null TOKEN\n        user: alice\n";
    bare.file(".config/glab-cli/config.yml", config);
    // The file alone says that this host is a GitLab.
    bare.shows(&[], "gateway", &ALL);
    let folder = bare.home.path().join(".config/glab-cli");
    let named = [
        ("XDG_CONFIG_HOME", "/nowhere"),
        ("GLAB_CONFIG_DIR", folder.to_str().unwrap()),
    ];
    bare.shows(&named, "gateway", &ALL);
    // A token of another host in the same file is not for this one.
    bare.file(
        ".config/glab-cli/config.yml",
        "hosts:\n    gitlab.com:\n        token: TOKEN\n",
    );
    let before = bare.sim.requests().len();
    let ran = bare.run(&[("GITLAB_HOST", "HOST")], &["status"]);
    assert_eq!(
        (ran.code, bare.sim.requests().len()),
        (4, before),
        "{ran:?}"
    );
    assert!(
        ran.err.contains("glab auth login --hostname"),
        "{}",
        ran.err
    );
}

#[test]
fn a_gitlab_in_a_folder_is_found_by_its_variable_and_by_glabs_file() {
    let folder = tempfile::tempdir().unwrap();
    let world = folder.path().join("gitlab.toml");
    let text = fs::read_to_string(GITLAB).unwrap();
    fs::write(
        &world,
        text.replacen("[forge]", "[forge]\nroot = \"/git/lab\"", 1),
    )
    .unwrap();
    let sim = Sim::of(60.0, &[world.to_str().unwrap()]);
    let host = host(&sim).split('/').next().unwrap().to_owned();
    let address = format!("http://{host}/git/lab/acme-gl/shop/orders.git");
    let token = sim.token("operate");
    for file in [false, true] {
        let checkout = checkout(&sim, &address);
        let home = tempfile::tempdir().unwrap();
        let mut command = gonogo(home.path());
        if file {
            let config = home.path().join(".config/glab-cli");
            fs::create_dir_all(&config).unwrap();
            let text = format!(
                "hosts:\n    {host}:\n        subfolder: git/lab\n        token: {token}\n"
            );
            fs::write(config.join("config.yml"), text).unwrap();
        } else {
            command
                .env("GITLAB_HOST", format!("http://{host}/git/lab"))
                .env("GITLAB_TOKEN", &token);
        }
        command
            .current_dir(checkout.path())
            .args(["status", "--json"]);
        let status = sim.take(command).done().json();
        assert_eq!(
            status["services"][0]["repo"], "acme-gl/shop/orders",
            "{status}"
        );
        assert_eq!(status["services"][0]["name"], "orders");
    }
}

#[test]
fn forgejos_and_giteas_variables_are_enough_for_the_host_they_name() {
    let bare = Bare::of(&[FORGEJO], "tide/harbour");
    let both = ["staging", "production"];
    bare.shows(
        &[("FJ_HOST", "HOST"), ("FORGEJO_TOKEN", "TOKEN")],
        "harbour",
        &both,
    );
    let before = bare.sim.requests().len();
    for env in [
        [("FORGEJO_TOKEN", "TOKEN"), ("LANG", "C")],
        [("FORGEJO_TOKEN", "TOKEN"), ("FJ_HOST", "codeberg.org")],
    ] {
        let ran = bare.run(&env, &["status"]);
        assert_eq!(ran.code, 2, "{ran:?}");
    }
    assert_eq!(bare.sim.requests().len(), before);
    let bare = Bare::of(&[GITEA], "coast/lighthouse");
    let env = [
        ("GITEA_INSTANCE_URL", "http://HOST/"),
        ("GITEA_TOKEN", "TOKEN"),
    ];
    bare.shows(&env, "lighthouse", &both);
}

#[test]
fn the_files_of_fj_and_of_tea_are_enough() {
    let both = ["staging", "production"];
    let bare = Bare::of(&[FORGEJO], "tide/harbour");
    let keys = r#"{"hosts": {"HOST": {"type": "Application", "name": "alice", "token": "TOKEN"}}}"#;
    bare.file(".local/share/forgejo-cli/keys.json", keys);
    bare.shows(&[], "harbour", &both);
    let bare = Bare::of(&[GITEA], "coast/lighthouse");
    let logins = "logins:\n- name: codeberg\n  url: https://codeberg.org\n  token: other\n- name: coast\n  url: http://HOST\n  token: TOKEN\n  default: true\n";
    bare.file(".config/tea/config.yml", logins);
    bare.shows(&[], "lighthouse", &both);
    // A login elsewhere makes this host no forge.
    let bare = Bare::of(&[GITEA], "coast/lighthouse");
    bare.file(
        ".config/tea/config.yml",
        "logins:\n- name: other\n  url: https://codeberg.org\n  token: TOKEN\n",
    );
    bare.asks_nobody(&[], 2, "is not known");
}

#[test]
fn gh_is_asked_without_the_variables_and_its_file_is_read_without_it() {
    let bare = Bare::of(&[], "acme/api-gateway");
    let arguments = format!("auth token --hostname {}", host(&bare.sim));
    bare.tool("gh", &arguments, &bare.sim.token("operate"));
    bare.file(
        ".config/gh/hosts.yml",
        "HOST:\n    user: alice\n    git_protocol: https\n",
    );
    bare.shows(&[], "api-gateway", &ALL);
    let bare = Bare::of(&[], "acme/api-gateway");
    bare.file(
        ".config/gh/hosts.yml",
        "HOST:\n    oauth_token: TOKEN\n    user: alice\n",
    );
    bare.shows(&[], "api-gateway", &ALL);
}

#[test]
fn gits_credential_helper_is_asked_last_and_never_asks_a_person() {
    for (world, repo, variable, service) in [
        (Some(GITLAB), "acme-gl/gateway", "GITLAB_HOST", "gateway"),
        (Some(FORGEJO), "tide/harbour", "FJ_HOST", "harbour"),
        (None, "acme/api-gateway", "GH_HOST", "api-gateway"),
    ] {
        let bare = Bare::of(world.as_slice(), repo);
        let helper = "!f() { test \"$GIT_TERMINAL_PROMPT\" = 0 && echo username=x && echo password=TOKEN; }; f";
        let env = [
            (variable, "HOST"),
            ("GIT_CONFIG_COUNT", "1"),
            ("GIT_CONFIG_KEY_0", "credential.helper"),
            ("GIT_CONFIG_VALUE_0", helper),
        ];
        let ran = bare.run(&env, &["status", "--json"]);
        assert_eq!(ran.done().json()["services"][0]["name"], service);
    }
}
