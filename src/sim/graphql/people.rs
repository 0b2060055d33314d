//! Those who act: people and bots.

use async_graphql::{ID, Interface, Object};

use super::scalar::{Uri, int};
use crate::sim::model::{Kind, NodeId, State};

/// Represents an object which can take actions on GitHub. Typically a User or Bot.
#[derive(Debug, Clone, Copy, Interface)]
#[graphql(field(name = "login", ty = "&str"), field(name = "url", ty = "Uri"))]
pub enum Actor<'a> {
    User(User<'a>),
    Bot(Bot<'a>),
}

impl<'a> Actor<'a> {
    /// Finds out which of the two a login is.
    pub fn of(state: &'a State, login: &'a str) -> Self {
        if login.ends_with("[bot]") || login.ends_with("-bot") {
            Self::Bot(Bot { state, login })
        } else {
            Self::User(User { state, login })
        }
    }
}

/// Represents an owner of a Repository.
#[derive(Debug, Clone, Copy, Interface)]
#[graphql(
    field(name = "id", ty = "ID"),
    field(name = "login", ty = "&str"),
    field(name = "url", ty = "Uri")
)]
pub enum RepositoryOwner<'a> {
    User(User<'a>),
    Organization(Organization<'a>),
}

impl<'a> RepositoryOwner<'a> {
    /// Finds out which of the two a login is.
    pub fn of(state: &'a State, login: &'a str) -> Self {
        match state.organizations.get(login) {
            Some(&id) => Self::Organization(Organization { state, login, id }),
            None => Self::User(User { state, login }),
        }
    }
}

/// An account on GitHub, with one or more owners, that has repositories, members and teams.
#[derive(Debug, Clone, Copy)]
pub struct Organization<'a> {
    state: &'a State,
    login: &'a str,
    id: u64,
}

#[Object]
impl Organization<'_> {
    /// The Node ID of the Organization object.
    async fn id(&self) -> ID {
        NodeId::number(Kind::Organization, 0, self.id).into()
    }

    /// The organization's login name.
    async fn login(&self) -> &str {
        self.login
    }

    /// The organization's public profile name.
    async fn name(&self) -> Option<&str> {
        Some(self.login)
    }

    /// The HTTP URL for this organization.
    async fn url(&self) -> Uri {
        Uri(format!("{}/{}", self.state.base, self.login))
    }
}

/// A user is an individual's account on GitHub that owns repositories and can make new content.
#[derive(Debug, Clone, Copy)]
pub struct User<'a> {
    /// Where to look them up.
    pub state: &'a State,
    /// Who.
    pub login: &'a str,
}

#[Object]
impl User<'_> {
    /// The Node ID of the User object.
    async fn id(&self) -> ID {
        NodeId::number(Kind::User, 0, self.state.user(self.login).id).into()
    }

    /// Identifies the primary key from the database.
    async fn database_id(&self) -> Option<i32> {
        int(self.state.user(self.login).id)
    }

    /// The username used to login.
    async fn login(&self) -> &str {
        self.login
    }

    /// The user's public profile name.
    async fn name(&self) -> Option<String> {
        Some(self.state.users.get(self.login)?.name.clone())
    }

    /// The HTTP URL for this user.
    async fn url(&self) -> Uri {
        Uri(format!("{}/{}", self.state.base, self.login))
    }
}

/// A special type of user which takes actions on behalf of GitHub Apps.
#[derive(Debug, Clone, Copy)]
pub struct Bot<'a> {
    state: &'a State,
    login: &'a str,
}

#[Object]
impl Bot<'_> {
    /// The Node ID of the Bot object.
    async fn id(&self) -> ID {
        NodeId::number(Kind::User, 0, self.state.user(self.login).id).into()
    }

    /// The username of the actor, which REST writes with a trailing `[bot]`.
    async fn login(&self) -> &str {
        self.login.strip_suffix("[bot]").unwrap_or(self.login)
    }

    /// The HTTP URL for this bot.
    async fn url(&self) -> Uri {
        Uri(format!("{}/{}", self.state.base, self.login))
    }
}
