//! `[notify.NAME]`: who is told of what, and how.

use url::Url;

use super::super::file::Table;
use super::super::keys;
use super::{Covered, forge};
use crate::domain::notice::{self, Address, Channel, Form, Rule};

/// Reads every rule.
pub(super) fn rules(top: &Table<'_>, covered: &Covered<'_>) -> Vec<Rule> {
    let tables = top.children("notify", keys::NOTIFY);
    let rules = tables.iter().filter_map(|(name, table)| {
        let channel = channel(table);
        let events = events(table);
        let services = covered.services(table);
        let environments = covered.environments(table);
        Some(Rule {
            name: (*name).to_owned(),
            channel: channel?,
            events,
            services,
            environments,
        })
    });
    rules.collect()
}

#[derive(Clone, Copy)]
enum Kind {
    Desktop,
    Bell,
    Webhook(Form),
}

fn channel(table: &Table<'_>) -> Option<Channel> {
    let kind = table.need("kind", "\"desktop\"")?.one_of(&[
        ("desktop", Kind::Desktop),
        ("bell", Kind::Bell),
        ("slack", Kind::Webhook(Form::Slack)),
        ("json", Kind::Webhook(Form::Json)),
    ])?;
    let Kind::Webhook(form) = kind else {
        for key in ["url", "url_env"] {
            if let Some(value) = table.get(key) {
                value.error(format!("`{key}` belongs to a webhook"), None);
            }
        }
        return Some(match kind {
            Kind::Bell => Channel::Bell,
            Kind::Desktop | Kind::Webhook(_) => Channel::Desktop,
        });
    };
    let address = match (table.get("url"), table.get("url_env")) {
        (Some(value), None) => {
            let text = value.text()?;
            let wrong = |why: &str| value.error_hidden(why.to_owned(), None);
            match Url::parse(text) {
                Ok(url) if !url.username().is_empty() || url.password().is_some() => {
                    wrong("an address with a user or a password in it");
                    return None;
                }
                Ok(url) if url.scheme() == "https" => {}
                Ok(url) if url.scheme() == "http" && forge::is_loopback(&url) => {}
                Ok(_) => {
                    wrong("a webhook's address must start with https://");
                    return None;
                }
                Err(_) => {
                    wrong("this is not a web address");
                    return None;
                }
            }
            Address::Url(text.to_owned())
        }
        (None, Some(value)) => Address::Env(value.text()?.to_owned()),
        (Some(_), Some(value)) => {
            value.error("a webhook has `url` or `url_env`, not both", None);
            return None;
        }
        (None, None) => {
            table.error(
                format!("[{}] needs `url_env` or `url`", table.name),
                Some(
                    "add url_env = \"RELEASE_HOOK\", a variable that holds the address".to_owned(),
                ),
            );
            return None;
        }
    };
    Some(Channel::Webhook { form, address })
}

fn events(table: &Table<'_>) -> Vec<String> {
    let Some(value) = table.get("events") else {
        return notice::USUAL.map(str::to_owned).to_vec();
    };
    let listed = value.texts().unwrap_or_default();
    for (event, at) in &listed {
        if let Err(hint) = notice::check_pattern(event) {
            at.error(format!("no entry is of the kind `{event}`"), Some(hint));
        }
    }
    if value.is_list() && listed.is_empty() {
        value.error(
            "`events` lists nothing",
            Some("leave it out for the usual ones".to_owned()),
        );
    }
    listed
        .into_iter()
        .map(|(event, _)| event.to_owned())
        .collect()
}
