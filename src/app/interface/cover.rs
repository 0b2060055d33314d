//! What a hold or a manual gate covers: the scopes on offer, and a cover as the command line takes it.

use std::fmt::Write as _;

use crate::domain::hold::Cover;
use crate::domain::ids::{EnvironmentName, ServiceName};

/// The scopes on offer for a hold or a manual gate, the narrowest first.
pub(super) fn on_offer(service: &ServiceName, environment: &EnvironmentName) -> Vec<Cover> {
    let cover = |service: Option<&ServiceName>, environment: Option<&EnvironmentName>| Cover {
        service: service.cloned(),
        environment: environment.cloned(),
        revision: None,
    };
    vec![
        cover(Some(service), Some(environment)),
        cover(Some(service), None),
        cover(None, Some(environment)),
        cover(None, None),
    ]
}

/// A cover as the command line takes it.
pub(super) fn flags(cover: &Cover) -> String {
    let mut flags = String::new();
    if let Some(service) = &cover.service {
        let _ = write!(flags, " --service {service}");
    }
    if let Some(environment) = &cover.environment {
        let _ = write!(flags, " --in {environment}");
    }
    if let Some(revision) = &cover.revision {
        let _ = write!(flags, " --revision {revision}");
    }
    if flags.is_empty() {
        flags.push_str(" --everything");
    }
    flags
}
