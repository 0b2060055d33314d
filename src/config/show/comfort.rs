//! Notices and custom commands as their sections say them.

use super::{duration, quote, texts};
use crate::domain::custom::CustomCommand;
use crate::domain::ids::{EnvironmentName, ServiceName};
use crate::domain::notice::{Address, Channel, Form, Rule};

pub(super) fn notify(rule: &Rule) -> String {
    let kind = match &rule.channel {
        Channel::Desktop => "desktop",
        Channel::Bell => "bell",
        Channel::Webhook {
            form: Form::Slack, ..
        } => "slack",
        Channel::Webhook {
            form: Form::Json, ..
        } => "json",
    };
    let mut lines = vec![format!("kind = {}", quote(kind))];
    match &rule.channel {
        Channel::Webhook {
            address: Address::Url(url),
            ..
        } => lines.push(format!("url = {}", quote(url))),
        Channel::Webhook {
            address: Address::Env(name),
            ..
        } => lines.push(format!("url_env = {}", quote(name))),
        Channel::Desktop | Channel::Bell => {}
    }
    lines.push(format!("events = {}", texts(&rule.events)));
    covered(&rule.services, &rule.environments, &mut lines);
    lines.join("\n")
}

pub(super) fn command(command: &CustomCommand) -> String {
    let mut lines = vec![format!("argv = {}", texts(&command.argv))];
    let help = command.help.as_ref();
    lines.extend(help.map(|help| format!("help = {}", quote(help))));
    if !command.keys.is_empty() {
        lines.push(format!("key = {}", texts(&command.keys)));
    }
    lines.push(format!("confirm = {}", command.confirm));
    lines.push(format!("dangerous = {}", command.dangerous));
    covered(&command.services, &command.environments, &mut lines);
    let limit = quote(&duration(command.time_limit));
    lines.push(format!("time_limit = {limit}"));
    lines.join("\n")
}

fn covered(services: &[ServiceName], environments: &[EnvironmentName], lines: &mut Vec<String>) {
    if !services.is_empty() {
        lines.push(format!("services = {}", texts(services)));
    }
    if !environments.is_empty() {
        lines.push(format!("environments = {}", texts(environments)));
    }
}
