//! Builds the one kind of HTTP client that talks to forges.
//!
//! Retrying, following redirects and reading bodies do not live here.

use std::net::{Ipv4Addr, Ipv6Addr};
use std::path::Path;

use reqwest::redirect::Policy;
use url::{Host, Url};

use super::Limits;
use crate::forge::error::Error;

/// Whether connections are kept for the next request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pool {
    Kept,
    /// A connection a request: a write on one that the forge has just closed would be a write
    /// without an answer.
    None,
}

/// Reads the address of a forge: https, or plain http on this machine alone.
pub fn address(text: &str) -> Result<Url, Error> {
    let refuse = |why: &str| Error::Address {
        url: text.to_owned(),
        why: why.to_owned(),
    };
    let url = Url::parse(text.trim_end_matches('/')).map_err(|error| refuse(&error.to_string()))?;
    if url.username() != "" || url.password().is_some() {
        // Not repeated in the message: it holds a secret.
        return Err(Error::Address {
            url: url.host_str().unwrap_or_default().to_owned(),
            why: "a user or password in it is not supported".to_owned(),
        });
    }
    if url.host().is_none() {
        return Err(refuse("it names no host"));
    }
    match url.scheme() {
        "https" => Ok(url),
        "http" if is_loopback(&url) => Ok(url),
        _ => Err(refuse("only https is safe for a token")),
    }
}

/// Says whether `url` is on this machine.
pub fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(address)) => address == Ipv4Addr::LOCALHOST || address.is_loopback(),
        Some(Host::Ipv6(address)) => address == Ipv6Addr::LOCALHOST,
        Some(Host::Domain(name)) => name.eq_ignore_ascii_case("localhost"),
        None => false,
    }
}

/// Builds a client for `url`. It never follows a redirect and never sends twice.
///
/// Trust comes from the operating system, and from `ca_file` beside it.
pub fn build(
    url: &Url,
    ca_file: Option<&Path>,
    limits: &Limits,
    pool: Pool,
) -> Result<reqwest::Client, Error> {
    // Whoever was first has installed the same provider.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let loopback = is_loopback(url);
    let mut builder = reqwest::Client::builder()
        .connect_timeout(limits.connect)
        .timeout(limits.total)
        .redirect(Policy::none())
        .retry(reqwest::retry::never())
        .referer(false)
        .gzip(true)
        .https_only(!loopback);
    if loopback {
        builder = builder.no_proxy();
    }
    if pool == Pool::None {
        builder = builder.pool_max_idle_per_host(0);
    }
    if let Some(path) = ca_file {
        let refuse = |why: String| Error::CaFile {
            path: path.to_owned(),
            why,
        };
        let pem = std::fs::read(path).map_err(|error| refuse(error.to_string()))?;
        let certificates = reqwest::Certificate::from_pem_bundle(&pem)
            .map_err(|error| refuse(error.to_string()))?;
        if certificates.is_empty() {
            return Err(refuse("it holds no certificate".to_owned()));
        }
        builder = builder.tls_certs_merge(certificates);
    }
    builder
        .build()
        .map_err(|error| Error::Client(super::super::error::root_cause(&error)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_http_is_for_this_machine_alone() {
        for good in [
            "https://github.example.com",
            "http://127.0.0.1:8080/api/v3/",
            "http://localhost:1",
            "http://[::1]:9",
        ] {
            assert!(address(good).is_ok(), "{good}");
        }
        for bad in [
            "http://github.example.com",
            "http://127.0.0.1.example.com",
            "ftp://127.0.0.1",
            "github.com",
            "",
        ] {
            assert!(address(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_password_in_an_address_is_refused_and_not_repeated() {
        let error = address("https://me:hunter2@github.example.com").unwrap_err();
        assert!(!format!("{error} {error:?}").contains("hunter2"));
    }
}
