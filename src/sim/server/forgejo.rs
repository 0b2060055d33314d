//! Forgejo's and Gitea's face: no limits of their own, so that a proxy before them says "too many".

use std::{collections::BTreeMap, sync::Arc};

use super::{Incoming, reply::Reply};
use crate::sim::{
    faults::{Asked, Effect},
    forgejo::{self, Edition, Request},
    rest::Answer,
    shared::Shared,
};

/// What a healthy Forgejo answers.
pub(super) fn answer(shared: &Arc<Shared>, incoming: &Incoming, asked: Asked<'_>) -> Reply {
    let current = shared.read();
    let Some(edition) = Edition::of(&current) else {
        return Answer::empty(404).into();
    };
    let seen = if incoming.method == "GET" {
        let states = [current.clone()];
        let seen = shared.faults().as_seen(asked, incoming.at, &states);
        seen.into_iter().next().unwrap_or(current)
    } else {
        current
    };
    let request = Request {
        method: &incoming.method,
        path: &incoming.raw_path,
        query: &incoming.query,
        body: &incoming.body,
        authorization: incoming.header("authorization"),
        known: incoming.header("if-none-match"),
    };
    let mut reply = Reply::from(forgejo::answer(edition, shared, seen, &request));
    reply.header(
        "cache-control",
        "max-age=0, private, must-revalidate, no-transform".to_owned(),
    );
    reply.header("server", "nginx".to_owned());
    reply.header("x-content-type-options", "nosniff".to_owned());
    reply.header("x-frame-options", "SAMEORIGIN".to_owned());
    let now = shared.now().to_zoned(jiff::tz::TimeZone::UTC);
    if let Ok(date) = jiff::fmt::rfc2822::to_string(&now) {
        reply.header("date", date.replace("+0000", "GMT"));
    }
    reply
}

/// How it says no when a fault wants it to.
pub(super) fn refusal(shared: &Shared, effect: &Effect) -> Option<Reply> {
    let address = shared.read().base.clone();
    match effect {
        Effect::Unauthorized => Some(forgejo::unauthorized(&address).into()),
        Effect::Forbidden { permissions } => {
            let needs = permissions.as_deref().unwrap_or("write:repository");
            Some(forgejo::forbidden(&address, needs).into())
        }
        Effect::RateLimit => Some(too_many(Some(60))),
        Effect::Secondary { retry_after } => Some(too_many(*retry_after)),
        // There is no such thing here.
        Effect::Sso { .. }
        | Effect::Latency { .. }
        | Effect::Status { .. }
        | Effect::Cut { .. }
        | Effect::Drop
        | Effect::DropAfter
        | Effect::Stale { .. }
        | Effect::Partial { .. }
        | Effect::Refuse
        | Effect::Redirect { .. }
        | Effect::Hang => None,
    }
}

fn too_many(retry_after: Option<u64>) -> Reply {
    let page = "<html>\r\n<head><title>429 Too Many Requests</title></head>\r\n<body>\r\n<center><h1>429 Too Many Requests</h1></center>\r\n<hr><center>nginx</center>\r\n</body>\r\n</html>\r\n";
    let wait = retry_after.map(|it| ("retry-after".to_owned(), it.to_string()));
    Reply::foreign(
        429,
        page.to_owned(),
        wait.into_iter().collect::<BTreeMap<_, _>>(),
    )
}
