//! The way to a forge: proxies from the environment, a certificate authority of one's own, and what
//! neither of them gets to see.
#![allow(
    clippy::disallowed_methods,
    reason = "a proxy and a server stand for other machines: each is a thread of its own"
)]

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

use crate::program::{Ran, Sim, gonogo};

const TOKEN: &str = "secret-that-no-proxy-sees";

/// A proxy that refuses everybody and remembers what it was told.
struct Proxy {
    url: String,
    told: Arc<Mutex<Vec<String>>>,
}

impl Proxy {
    fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let told = Arc::<Mutex<Vec<String>>>::default();
        let memory = told.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let Ok(mut stream) = stream else { return };
                let head = head(&mut stream);
                memory.lock().unwrap().push(head);
                let _ = stream.write_all(b"HTTP/1.1 502 No\r\ncontent-length: 0\r\n\r\n");
            }
        });
        Self { url, told }
    }

    fn told(&self) -> Vec<String> {
        self.told.lock().unwrap().clone()
    }
}

/// Reads a request up to its body.
fn head(stream: &mut impl Read) -> String {
    let mut bytes = Vec::new();
    let mut one = [0];
    while !bytes.ends_with(b"\r\n\r\n") && stream.read(&mut one).is_ok_and(|read| read == 1) {
        bytes.push(one[0]);
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Runs the program on a forge of this kind that is far away.
fn far_away(kind: &str, env: &[(&str, &str)]) -> Ran {
    let home = tempfile::tempdir().unwrap();
    let config = home.path().join("gonogo.toml");
    let text = format!(
        "[forge.far]\nkind = \"{kind}\"\nurl = \"https://forge.invalid\"\ntoken = {{ env = \"FAR\" }}\n\
         [service.checkout]\nrepo = \"far:acme/checkout\"\npath = [\"staging\", \"production\"]\n"
    );
    std::fs::write(&config, text).unwrap();
    let mut command = gonogo(home.path());
    command
        .env("FAR", TOKEN)
        .envs(env.iter().copied())
        .env("GONOGO_CONFIG", &config)
        .args(["status", "--json"]);
    Ran::of(command.stdin(std::process::Stdio::null()).output().unwrap())
}

#[test]
fn a_proxy_of_the_environment_is_asked_for_a_tunnel_and_told_no_token() {
    for kind in ["github", "gitlab", "forgejo"] {
        for variable in ["HTTPS_PROXY", "https_proxy", "ALL_PROXY"] {
            let proxy = Proxy::start();
            let ran = far_away(kind, &[(variable, &proxy.url)]);
            assert!(
                ran.out.contains("unreachable"),
                "{kind} {variable}: {ran:?}"
            );
            // A command that ends at once may leave a line on which nothing was said.
            let mut told = proxy.told();
            told.retain(|head| !head.is_empty());
            assert!(
                !told.is_empty(),
                "{kind} {variable}: the proxy was not asked"
            );
            for head in told {
                assert!(
                    head.starts_with("CONNECT forge.invalid:443 "),
                    "{kind}: {head}"
                );
                assert!(!head.contains(TOKEN), "{kind}: {head}");
                assert!(
                    !head.to_lowercase().contains("authorization"),
                    "{kind}: {head}"
                );
            }
            assert!(!format!("{ran:?}").contains(TOKEN), "{kind}: {ran:?}");
        }
    }
}

#[test]
fn a_host_that_is_to_be_reached_without_one_is_not_told_to_the_proxy() {
    let proxy = Proxy::start();
    let env = [
        ("HTTPS_PROXY", proxy.url.as_str()),
        ("NO_PROXY", "forge.invalid"),
    ];
    let ran = far_away("gitlab", &env);
    assert!(ran.out.contains("unreachable"), "{ran:?}");
    assert_eq!(proxy.told(), Vec::<String>::new());
}

#[test]
fn this_machine_is_reached_without_a_proxy() {
    let (sim, proxy) = (Sim::start(1.0), Proxy::start());
    let mut command = gonogo(sim.folder.path());
    command
        .envs(
            ["HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "ALL_PROXY"].map(|name| (name, &proxy.url)),
        )
        .env("GONOGO_CONFIG", sim.config())
        .args(["status", "--json"]);
    sim.take(command).done();
    assert_eq!(proxy.told(), Vec::<String>::new());
}

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/it/tls")
        .join(name)
}

/// TLS in front of a simulation, with a certificate that no system trusts. One request a connection.
fn behind_tls(sim: &Sim) -> String {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let chain = vec![CertificateDer::from_pem_file(fixture("server.pem")).unwrap()];
    let key = PrivateKeyDer::from_pem_file(fixture("server.key")).unwrap();
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .unwrap();
    let config = Arc::new(config);
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("https://{}", listener.local_addr().unwrap());
    let behind = sim.base.trim_start_matches("http://").to_owned();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let Ok(stream) = stream else { return };
            let (config, behind) = (config.clone(), behind.clone());
            // A client that does not trust us hangs up: that is no trouble here.
            std::thread::spawn(move || pass_on(stream, config, &behind));
        }
    });
    url
}

fn pass_on(stream: TcpStream, config: Arc<rustls::ServerConfig>, behind: &str) -> Option<()> {
    let connection = rustls::ServerConnection::new(config).ok()?;
    let mut tls = rustls::StreamOwned::new(connection, stream);
    let head = head(&mut tls);
    let (first, rest) = head.split_once("\r\n")?;
    let length = rest.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-length")
            .then(|| value.trim().parse::<usize>().ok())?
    });
    let mut body = vec![0; length.unwrap_or(0)];
    tls.read_exact(&mut body).ok()?;
    let mut there = TcpStream::connect(behind).ok()?;
    write!(there, "{first}\r\nconnection: close\r\n{rest}").ok()?;
    there.write_all(&body).ok()?;
    let mut answer = Vec::new();
    there.read_to_end(&mut answer).ok()?;
    tls.write_all(&answer).ok()?;
    tls.conn.send_close_notify();
    tls.flush().ok()
}

#[test]
fn a_certificate_authority_of_ones_own_is_trusted_when_it_is_named_and_not_before() {
    let world = |name: &str| format!("{}/assets/worlds/{name}.toml", env!("CARGO_MANIFEST_DIR"));
    for (kind, worlds) in [
        ("github", vec![world("evening")]),
        ("gitlab", vec![world("gitlab")]),
        ("forgejo", vec![world("forgejo")]),
    ] {
        let worlds: Vec<&str> = worlds.iter().map(String::as_str).collect();
        let sim = Sim::of(1.0, &worlds);
        let url = behind_tls(&sim);
        let ca = fixture("ca.pem");
        let over_tls = |name: &str, ca: Option<&Path>| {
            sim.config_with(name, |text| {
                let line = |line: &str| match (line.split_once(" = "), ca) {
                    (Some(("url", _)), _) if !line.contains("sqlite") => {
                        line.replace(&sim.base, &url)
                    }
                    // A forge alone has one of these.
                    (Some(("api_url", _)), ca) => {
                        let trusted = ca.map(|ca| format!("\nca_file = \"{}\"", ca.display()));
                        line.replace(&sim.base, &url) + &trusted.unwrap_or_default()
                    }
                    _ => line.to_owned(),
                };
                let lines: Vec<String> = text.lines().map(line).collect();
                lines.join("\n") + "\n"
            })
        };
        let before = sim.requests().len();
        let refused = sim.run_with(&over_tls("untrusted", None), &["status"]);
        let said = format!("{}{}", refused.out, refused.err).to_lowercase();
        assert!(said.contains("certificate"), "{kind}: {said}");
        assert_eq!(
            sim.requests().len(),
            before,
            "{kind}: nothing was said over it"
        );
        let trusted = sim.run_with(&over_tls("trusted", Some(&ca)), &["status", "--json"]);
        let status = trusted.done().json();
        assert!(!status["services"].as_array().unwrap().is_empty(), "{kind}");
        assert!(sim.requests().len() > before, "{kind}");
    }
}
