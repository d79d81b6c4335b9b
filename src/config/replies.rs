//! What the configuration says about replies: where they go, whose word counts, and who may act for whom.

use super::file::{Config, MailConfig};
use super::walk::Section;
use crate::desk::reply::{self, Condition, condition};
use crate::escalate;
use crate::schema::{TagKey, Timestamp};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Characters of the part before the `@` that leave room for a tag: RFC 5321 section 4.5.3.1.1 allows 64, and a tag
/// takes up to 38 with the `+` before it.
const LOCAL_CHARS_MAX: usize = 25;

/// Notes what is wrong with the keys about replies, where replies are wanted.
pub(super) fn judge(section: Section<'_>, mail: &MailConfig, now: Timestamp) {
    let given = section.value("reply_maildir").is_some();
    if !given {
        for key in ["reply_authserv", "reply_address"] {
            if section.value(key).is_some() {
                let words = "has no effect without reply_maildir, the Maildir in which replies land";
                section.page.warn(section.place(key), format!("{key}: {words}"));
            }
        }
        return;
    }
    if let Some(maildir) = &mail.reply_maildir
        && let Condition::Wrong(why) = condition(maildir, None, now)
    {
        section.page.warn(section.place("reply_maildir"), format!("reply_maildir: {why}"));
    }
    let key = if section.value("reply_address").is_some() { "reply_address" } else { "from" };
    let address = mail.reply_address.as_deref().unwrap_or(&mail.from);
    let local = address.rsplit_once('@').map_or(address, |(local, _)| local);
    let local = local.split_once('+').map_or(local, |(before, _)| before);
    if local.chars().count() > LOCAL_CHARS_MAX {
        let words = format!(
            "{key}: \"{address}\" leaves no room for the token of a reply; the part before @ may have {LOCAL_CHARS_MAX} characters"
        );
        section.page.error(section.place(key), words);
    }
}

/// Deputies who exist.
pub(super) fn deputies(section: Section<'_>, known: &[&str]) {
    for (index, found) in section.texts("deputies").unwrap_or_default().iter().enumerate() {
        if !found.value.is_empty() && !known.contains(&found.value.as_str()) {
            let place = section.place_of_item("deputies", index);
            section.page.error(place, super::walk::unknown_word("deputies", &found.value, known));
        }
    }
}

/// What the desk needs to read replies; `None` where none are wanted.
pub fn reading(config: &Config) -> Option<reply::Params> {
    config.mail.reply_maildir.as_ref()?;
    let authority = config.mail.reply_authserv.as_ref().unwrap_or(&config.mail.domain).clone();
    Some(reply::Params { address: address(config), authority })
}

/// What Escalate needs to judge them.
pub fn judging(config: &Config, key: TagKey) -> escalate::Replies {
    escalate::Replies { address: address(config).into(), key, deputies: who_for_whom(config) }
}

fn address(config: &Config) -> String {
    config.mail.reply_address.as_ref().unwrap_or(&config.mail.from).clone()
}

/// The deputies that a person names, and everybody who takes turns with the person in a schedule, stand-ins included.
fn who_for_whom(config: &Config) -> BTreeMap<Arc<str>, BTreeSet<Arc<str>>> {
    let mut deputies: BTreeMap<Arc<str>, BTreeSet<Arc<str>>> = BTreeMap::new();
    let mut add = |person: &str, deputy: &str| {
        if person != deputy {
            deputies.entry(person.into()).or_default().insert(deputy.into());
        }
    };
    for person in &config.persons {
        person.deputies.iter().for_each(|deputy| add(&person.id, deputy));
    }
    for schedule in &config.schedules {
        let stand_ins = schedule.roster.overrides.iter().map(|stand_in| &stand_in.person);
        let members = schedule.roster.layers.iter().flat_map(|layer| &layer.members);
        let turns: Vec<&Arc<str>> = members.chain(stand_ins).collect();
        for person in &turns {
            turns.iter().for_each(|deputy| add(person, deputy));
        }
    }
    deputies
}
