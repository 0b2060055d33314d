//! Several forges in one evening: each on its own port, one clock, one control.

use std::os::unix::fs::PermissionsExt as _;

use jiff::SignedDuration;
use serde_json::{Value, json};

use super::super::{EVENING, Options, Running, World, start};
use super::Client;

const OTHER: &str = r#"
[forge]
name = "works"
flavor = "ghes"
owner = "works"

[[user]]
login = "hans"

[token.operate]
login = "hans"
scopes = ["repo"]
permission = "write"

[[environment]]
name = "production"
production = true

[flow.bot]
promote = "deployment"
deployer = { login = "hans", took = "40s" }

[[repo]]
name = "press"
flow = "bot"
history = { versions = ["1.0.0"], every = "5d", until = "-1d", authors = ["hans"], by = "hans" }
"#;

async fn two() -> Running {
    let evening = World::from_toml(EVENING).expect("the world file reads");
    let other = World::from_toml(OTHER).expect("the other reads");
    let options = Options {
        speed: 10.0,
        ..Options::default()
    };
    start(evening.with(other), options)
        .await
        .expect("it starts")
}

fn at_works(sim: &Running) -> Client {
    let mut client = Client::new(sim, "operate");
    client.base = sim.url("works").expect("an address");
    client.token = sim.token_of("works", "operate").expect("a token");
    client
}

async fn order(client: &Client, method: &str, path: &str, body: Value) -> u16 {
    let answer = client.send(method, path, Some(body)).await;
    answer.expect("an answer").status().as_u16()
}

#[tokio::test]
async fn each_forge_has_its_own_port_tokens_and_repositories() {
    let sim = two().await;
    let (alice, hans) = (Client::new(&sim, "operate"), at_works(&sim));
    assert_ne!(alice.base, hans.base);
    assert_ne!(alice.token, hans.token);
    hans.get("/api/v3/repos/works/press").await;
    alice.get("/repos/acme/web").await;
    let status = |client: &Client, path: &'static str, token: &str| {
        let request = client.http.get(format!("{}{path}", client.base));
        let request = request.bearer_auth(token);
        async move { request.send().await.expect("an answer").status().as_u16() }
    };
    assert_eq!(
        status(&hans, "/api/v3/repos/works/press", &alice.token).await,
        401
    );
    assert_eq!(
        status(&alice, "/repos/works/press", &alice.token).await,
        404
    );
    let announced = sim.announcement();
    assert_eq!(announced["forges"].as_array().expect("forges").len(), 2);
    let works = &announced["forges"][1];
    assert_eq!(
        (&works["name"], &works["kind"]),
        (&json!("works"), &json!("github"))
    );
    assert_eq!(works["url"].as_str(), Some(&*hans.base));
    assert_eq!(works["tokens"]["operate"].as_str(), Some(&*hans.token));
    assert_ne!(works["url"], announced["forges"][0]["url"]);
    let config: toml::Table = sim.config().parse().expect("TOML");
    assert_eq!(config["service"].as_table().expect("services").len(), 13);
    assert_eq!(
        config["service"]["press"]["repo"].as_str(),
        Some("works:works/press")
    );
    assert_eq!(config["forge"]["works"]["url"].as_str(), Some(&*hans.base));
    let file = |name: &str| config["forge"][name]["token"]["file"].clone();
    assert_ne!(file("works"), file("github"));
    sim.stop().await;
}

#[tokio::test]
async fn the_configuration_comes_with_a_private_token_for_each_forge() {
    let mut sim = two().await;
    let folder = tempfile::tempdir().expect("a folder");
    sim.write_config(folder.path().join("demo.toml"))
        .expect("written");
    let text = std::fs::read_to_string(folder.path().join("demo.toml")).expect("a file");
    let config: toml::Table = text.parse().expect("TOML");
    for name in ["github", "works"] {
        let path = config["forge"][name]["token"]["file"]
            .as_str()
            .expect("a path");
        let held = std::fs::read_to_string(path).expect("a token file");
        assert_eq!(Some(held), sim.token_of(name, "operate"), "{name}");
        let mode = std::fs::metadata(path)
            .expect("a file")
            .permissions()
            .mode();
        assert_eq!(mode & 0o077, 0, "{name}");
    }
    sim.stop().await;
}

#[tokio::test]
async fn control_on_the_first_port_covers_them_all() {
    let sim = two().await;
    let (alice, hans) = (Client::new(&sim, "operate"), at_works(&sim));
    let body = json!({"ref": "v1.0.0", "environment": "production", "required_contexts": []});
    let path = "/api/v3/repos/works/press/deployments";
    assert_eq!(order(&hans, "POST", path, body).await, 201);
    let newest = |sim: &Running| sim.world()["more"][0]["repos"][0]["live"][0]["newest"].clone();
    assert_eq!(newest(&sim), "pending");
    assert_eq!(
        order(&alice, "POST", "/_sim/advance", json!({"seconds": 60})).await,
        200
    );
    assert_eq!(newest(&sim), "active");
    let step = json!({"do": "push", "by": "hans", "text": "Grease"});
    for (forge, expected) in [(Some("works"), 200), (Some("github"), 404), (None, 200)] {
        let mut order_of = json!({"repo": "press", "step": step});
        if let Some(forge) = forge {
            order_of["forge"] = json!(forge);
        }
        assert_eq!(
            order(&alice, "POST", "/_sim/step", order_of).await,
            expected,
            "{forge:?}"
        );
    }
    // Monitoring knows the services of both; the second port has neither it nor control.
    alice.get("/health/press/production").await;
    for path in ["/_sim/world", "/health/press/production"] {
        assert_eq!(order(&hans, "GET", path, json!({})).await, 404, "{path}");
    }
    let log = sim.requests();
    let of = |forge: &str| log.iter().filter(|it| it.forge == forge).count();
    assert_eq!((of("works"), of("github"), of("health")), (3, 0, 1));
    sim.stop().await;
}

#[tokio::test]
async fn a_fault_meets_the_forge_that_it_names() {
    let sim = two().await;
    let (alice, hans) = (Client::new(&sim, "operate"), at_works(&sim));
    let at = "/api/v3/repos/works/press";
    let fault = json!({"match": {"forge": "works"}, "effect": {"kind": "status", "status": 503}});
    assert_eq!(order(&alice, "POST", "/_sim/faults", fault).await, 201);
    assert_eq!(
        hans.send("GET", at, None)
            .await
            .expect("an answer")
            .status(),
        503
    );
    alice.get("/repos/acme/web").await;
    sim.clear_faults();
    hans.get(at).await;

    // Stale reads go back to what that very forge looked like.
    let stale = json!({"effect": {"kind": "stale"}});
    assert_eq!(order(&alice, "POST", "/_sim/faults", stale).await, 201);
    let was = hans.get(&format!("{at}/commits?per_page=1")).await;
    let step = json!({"repo": "press", "step": {"do": "push", "by": "hans", "text": "Oil"}});
    assert_eq!(order(&alice, "POST", "/_sim/step", step).await, 200);
    assert_eq!(hans.get(&format!("{at}/commits?per_page=1")).await, was);
    sim.clear_faults();
    assert_ne!(hans.get(&format!("{at}/commits?per_page=1")).await, was);
    sim.stop().await;
}

#[tokio::test]
async fn a_forge_that_refuses_is_not_there_until_the_fault_is_gone() {
    let sim = two().await;
    let (alice, hans) = (Client::new(&sim, "operate"), at_works(&sim));
    let at = "/api/v3/repos/works/press";
    hans.get(at).await;
    let refuse = json!({"match": {"forge": "works"}, "effect": {"kind": "refuse"}});
    assert_eq!(order(&alice, "POST", "/_sim/faults", refuse).await, 201);
    let address = hans.base.trim_start_matches("http://").to_owned();
    // The port is shut a moment later; until then connections are reset.
    let mut refused = false;
    for _ in 0..200 {
        assert!(hans.send("GET", at, None).await.is_err());
        if let Err(error) = tokio::net::TcpStream::connect(&address).await {
            refused = error.kind() == std::io::ErrorKind::ConnectionRefused;
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
    assert!(refused);
    alice.get("/repos/acme/web").await;
    sim.advance(SignedDuration::from_secs(5));
    let gone = alice.send("DELETE", "/_sim/faults", None).await;
    assert_eq!(gone.expect("an answer").status(), 204);
    let mut back = None;
    for _ in 0..200 {
        back = hans.send("GET", at, None).await.ok();
        if back.is_some() {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
    assert_eq!(back.map(|it| it.status().as_u16()), Some(200));
    sim.stop().await;
}

#[tokio::test]
async fn two_forges_of_one_name_do_not_start() {
    let other = || World::from_toml(OTHER).expect("it reads");
    let twice = start(other().with(other()), Options::default()).await;
    let error = twice.expect_err("one name");
    assert_eq!(error.to_string(), "there are two forges named `works`");
}

#[test]
fn a_world_file_may_hold_further_forges_itself() {
    let text = format!("{OTHER}\n[[more]]\n[more.forge]\nname = \"west\"\nowner = \"west\"\n");
    let world = World::from_toml(&text).expect("it reads");
    let names: Vec<_> = world.forges().iter().map(|it| &*it.forge.name).collect();
    assert_eq!(names, ["works", "west"]);
    assert!(World::from_toml("[forge]\nowner = \"a\"\n[[more]]\nstrange = 1\n").is_err());
}
