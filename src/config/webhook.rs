//! `[[webhook]]`: where alerts go beside mail. A step names `webhook:ID`, and so may a person's list of addresses.

use super::file::{Config, Secret, WebhookConfig};
use super::given::Given;
use super::walk::{Found, Section};
use crate::courier::{self, HookKind, WEBHOOK, is_safe_url};
use crate::escalate;
use jiff::tz::TimeZone;
use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

/// `webhook.kind`.
pub const KINDS: &[&str] = &["generic", "pagerduty", "slack"];
/// Where PagerDuty takes events of its version 2.
const PAGER_DUTY: &str = "https://events.pagerduty.com/v2/enqueue";

/// The sections.
pub(super) fn webhooks(sections: &[Section<'_>], folder: &Path, given: &Given<'_>) -> Vec<WebhookConfig> {
    let mut ids = BTreeSet::new();
    sections.iter().map(|section| webhook(*section, folder, given, &mut ids)).collect()
}

fn webhook(
    section: Section<'_>,
    folder: &Path,
    given: &Given<'_>,
    ids: &mut BTreeSet<String>,
) -> WebhookConfig {
    let id = section.name("id", ids);
    let meanings = [HookKind::Generic, HookKind::PagerDuty, HookKind::Slack];
    let kind = section.word("kind", KINDS, &meanings).unwrap_or(HookKind::Generic);
    let secret = secret(section, folder, given);
    let url = section.text("url");
    if let Some(Found { value, at }) = &url
        && !is_safe_url(value)
    {
        let words = "url: is no https:// address without a name in it; http:// goes to this machine only";
        section.page.error(*at, words);
    }
    let written = url.map(|url| Secret::new(url.value));
    let given_secret = section.value("secret_file").is_some() || section.value("credential").is_some();
    let (url, secret) = match kind {
        HookKind::Generic => {
            if section.value("url").is_none() {
                section.missing("url", "where alerts are posted to");
            }
            (written, secret)
        }
        HookKind::PagerDuty => {
            if !given_secret {
                section.missing("secret_file", "the file with the routing key of the integration");
            }
            (Some(written.unwrap_or_else(|| Secret::new(PAGER_DUTY.to_owned()))), secret)
        }
        HookKind::Slack => {
            if section.value("url").is_some() {
                let words = "url: whoever knows it can post; write it to the file that secret_file names";
                section.page.error(section.place("url"), words);
            }
            if !given_secret {
                section.missing("secret_file", "the file with the URL of the incoming webhook");
            }
            if secret.as_ref().is_some_and(|url| !is_safe_url(url.reveal())) {
                let words = "secret_file: what is in the file is no https:// address";
                section.page.error(section.place("secret_file"), words);
            }
            (secret, None)
        }
    };
    let url = url.unwrap_or_else(|| Secret::new(String::new()));
    WebhookConfig { id, kind, url, secret, ca_pem: section.certificates("ca_file", folder) }
}

fn secret(section: Section<'_>, folder: &Path, given: &Given<'_>) -> Option<Secret> {
    if section.value("secret_file").is_some() && section.value("credential").is_some() {
        let words = "credential: secret_file is given, too; keep one of them";
        section.page.error(section.place("credential"), words);
    }
    section.secret("secret_file", folder).or_else(|| section.credential("credential", given))
}

/// Addresses of people that name webhooks name those that there are.
pub(super) fn addresses(section: Section<'_>, known: &[&str]) {
    for (index, found) in section.texts("email").unwrap_or_default().iter().enumerate() {
        if let Some(id) = found.value.strip_prefix(WEBHOOK)
            && !known.contains(&id)
        {
            let place = section.place_of_item("email", index);
            section.page.error(place, super::walk::unknown_word("email: webhook", id, known));
        }
    }
}

/// The webhooks as the courier takes them.
pub fn hooks(config: &Config) -> Vec<courier::Webhook> {
    let hook = |hook: &WebhookConfig| courier::Webhook {
        id: hook.id.clone(),
        kind: hook.kind,
        url: courier::Secret::new(hook.url.reveal()),
        secret: hook.secret.as_ref().map(|secret| courier::Secret::new(secret.reveal())),
        ca_file: hook.ca_pem.clone(),
    };
    config.webhooks.iter().map(hook).collect()
}

/// A webhook as Escalate knows it: somebody with one address, who is not a person.
pub(super) fn recipients(config: &Config) -> impl Iterator<Item = (Arc<str>, escalate::Person)> {
    config.webhooks.iter().map(|hook| {
        let address: Arc<str> = format!("{WEBHOOK}{}", hook.id).into();
        let person = escalate::Person {
            id: address.clone(),
            name: address.clone(),
            addresses: vec![address.clone()],
            zone: TimeZone::UTC,
        };
        (address, person)
    })
}
