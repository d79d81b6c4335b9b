//! What people ask, and how it becomes an act. Pure.

use crate::limits::FIELD_BYTES_MAX;
use crate::schema::drill::DrillAct;
use crate::schema::{Act, Actor, Channel, Printable, Silence, SilenceKind, Span, Verb};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// The longest silence; longer ones are a change of a rule.
const SILENCE_SPAN_MAX: Span = Span::days(366);
/// Bytes of a name, an id or an address.
const NAME_BYTES_MAX: usize = 320;

/// A request.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "ask", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Ask {
    /// Is anybody there.
    Ping,
    /// How the daemon is (`status --json`).
    Status,
    /// Read the configuration again (as SIGHUP).
    Reload,
    /// Do something.
    Act(Box<Deed>),
}

/// An act as it is asked for.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Deed {
    /// What is to be done.
    pub verb: Word,
    /// Incident id or number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub incident: Option<String>,
    /// The person's words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// With `resolve`: it was no incident.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub false_positive: bool,
    /// With `assign`: to whom.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub person: Option<String>,
    /// With `silence`: its terms.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub silence: Option<SilenceTerms>,
    /// With `end-silence`: its id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// With `merge`: the incident that it is joined to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub into: Option<String>,
    /// With `snooze`: for how long from now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seconds: Option<i64>,
    /// With `waive` and `fulfil`: the clock, `notify`, `acknowledge`, `resolve` or a duty's id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clock: Option<String>,
    /// With `drill`: what.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub drill: Option<DrillAct>,
    /// With `mail-test`: where to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
}

/// The verbs on the wire.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Word {
    /// Take an incident.
    #[default]
    Acknowledge,
    /// End it.
    Resolve,
    /// Open it again.
    Reopen,
    /// Start the next step now.
    Escalate,
    /// Add a note.
    Note,
    /// Give it to a person.
    Assign,
    /// Join it to another incident.
    Merge,
    /// Take it out of the other again.
    Split,
    /// Take it for a while.
    Snooze,
    /// Let a promise go; the note is the reason.
    Waive,
    /// A duty was done; the note says how.
    Fulfil,
    /// Add a silence.
    Silence,
    /// End a silence.
    EndSilence,
    /// Add an exception; its terms stand under `silence`.
    Exception,
    /// End an exception.
    EndException,
    /// Send a test mail.
    MailTest,
    /// Plan a drill, or tell that its lines are written.
    Drill,
}

/// The terms of a silence. Reason, scope and end are mandatory.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SilenceTerms {
    /// Why.
    pub reason: String,
    /// For how long from now.
    pub seconds: i64,
    /// Who answers for it; left out: who asks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<String>,
    /// Rule id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rule: Option<String>,
    /// `key=value` of the finding's group.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub entity: Option<String>,
    /// Source name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// Only of exceptions: the network (`ADDRESS/BITS`) of the source address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub network: Option<String>,
    /// Only of exceptions, and mandatory there: where it was approved.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ticket: Option<String>,
}

/// An answer.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Answer {
    /// Whether it was done.
    pub ok: bool,
    /// A sentence for the person.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub text: String,
    /// What was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub data: Option<serde_json::Value>,
}

impl Answer {
    /// It is done.
    pub fn done(text: impl Into<String>) -> Answer {
        Answer { ok: true, text: text.into(), data: None }
    }
    /// What was asked for.
    pub fn data(data: serde_json::Value) -> Answer {
        Answer { ok: true, text: String::new(), data: Some(data) }
    }
    /// It is not done, and why.
    pub fn refused(text: impl Into<String>) -> Answer {
        Answer { ok: false, text: text.into(), data: None }
    }
}

/// Who a user id is. `person_of` gives the person whose account it is; root may act under its own name.
pub fn actor(uid: u32, person_of: impl Fn(u32) -> Option<Arc<str>>) -> Actor {
    let channel = Channel::Cli;
    match person_of(uid) {
        Some(name) => Actor { name, known: true, channel },
        None if uid == 0 => Actor { name: "root".into(), known: true, channel },
        None => Actor { name: format!("uid:{uid}").into(), known: false, channel },
    }
}

/// The act that is asked for.
///
/// # Errors
/// A sentence for the person: who they are does not allow it, or what it lacks.
pub fn act(deed: Deed, actor: Actor) -> Result<Act, String> {
    if !actor.known {
        let who = actor.name.replace(':', " ");
        return Err(format!(
            "{who} belongs to no person of the configuration: set `account` of a [[person]] to act"
        ));
    }
    let note = words("a note", deed.note)?.map(String::into_boxed_str);
    let incident = name("an incident", deed.incident)?;
    let required = |what: &str, given: Option<Arc<str>>| given.ok_or_else(|| format!("the act needs {what}"));
    let verb = match deed.verb {
        Word::Acknowledge => Verb::Acknowledge,
        Word::Resolve => Verb::Resolve { false_positive: deed.false_positive },
        Word::Reopen => Verb::Reopen,
        Word::Escalate => Verb::Escalate,
        Word::Note => Verb::Note,
        Word::Assign => Verb::Assign(required("a person", name("a person", deed.person)?)?),
        Word::Merge => Verb::Merge(required("the other incident", name("an incident", deed.into)?)?),
        Word::Split => Verb::Split,
        Word::Snooze => Verb::Snooze(Span(deed.seconds.unwrap_or(0).saturating_mul(1_000_000))),
        Word::Waive => Verb::Waive(required("a clock", name("a clock", deed.clock)?)?),
        Word::Fulfil => Verb::Fulfil(required("a duty", name("a duty", deed.clock)?)?),
        Word::Silence => {
            silence(SilenceKind::Silence, deed.silence.ok_or("a silence needs its terms")?, &actor)?
        }
        Word::EndSilence => Verb::EndSilence(required("the silence's id", name("an id", deed.id)?)?),
        Word::Exception => {
            silence(SilenceKind::Exception, deed.silence.ok_or("an exception needs its terms")?, &actor)?
        }
        Word::EndException => Verb::EndSilence(required("the exception's id", name("an id", deed.id)?)?),
        Word::Drill => Verb::Drill(deed.drill.ok_or("the act needs a drill")?),
        Word::MailTest => Verb::MailTest(required("an address", name("an address", deed.address)?)?),
    };
    let about_incident =
        !matches!(verb, Verb::Silence(..) | Verb::EndSilence(_) | Verb::MailTest(_) | Verb::Drill(_));
    if about_incident && incident.is_none() {
        return Err("the act needs an incident: its number or its id".into());
    }
    if matches!(verb, Verb::Note) && note.is_none() {
        return Err("a note needs words".into());
    }
    if matches!(verb, Verb::Waive(_) | Verb::Fulfil(_)) && note.is_none() {
        return Err("say why: --reason TEXT".into());
    }
    Ok(Act { actor, verb, incident, note })
}

fn silence(kind: SilenceKind, terms: SilenceTerms, actor: &Actor) -> Result<Verb, String> {
    let exception = kind == SilenceKind::Exception;
    let what = if exception { "an exception" } else { "a silence" };
    let span = Span(terms.seconds.saturating_mul(1_000_000));
    if span <= Span::ZERO || span > SILENCE_SPAN_MAX {
        return Err(format!("{what} lasts between 1 s and {}", SILENCE_SPAN_MAX.in_words()));
    }
    let reason = words("a reason", Some(terms.reason))?.ok_or_else(|| format!("{what} needs a reason"))?;
    let (rule, entity, source) =
        (name("a rule", terms.rule)?, name("an entity", terms.entity)?, name("a source", terms.source)?);
    let (network, ticket) = (name("a network", terms.network)?, name("a ticket", terms.ticket)?);
    if !exception && (network.is_some() || ticket.is_some()) {
        return Err("a silence has no network and no ticket: that is an exception".into());
    }
    if exception && ticket.is_none() {
        return Err("an exception needs a ticket: where it was approved".into());
    }
    if rule.is_none() && entity.is_none() && source.is_none() && network.is_none() {
        let more = if exception { ", a network" } else { "" };
        return Err(format!("{what} needs a scope: a rule, an entity{more} or a source"));
    }
    let silence = Silence {
        kind,
        owner: name("an owner", terms.owner)?.unwrap_or_else(|| Arc::clone(&actor.name)),
        reason: reason.into(),
        rule,
        entity,
        source,
        network,
        ticket,
        // The pipeline knows the time, and gives the id.
        ..Silence::default()
    };
    Ok(Verb::Silence(silence, span))
}

/// A short text on one line; blank counts as left out.
fn name(what: &str, given: Option<String>) -> Result<Option<Arc<str>>, String> {
    let Some(text) = given.map(|g| g.trim().to_owned()).filter(|g| !g.is_empty()) else { return Ok(None) };
    if text.len() > NAME_BYTES_MAX || text.chars().any(crate::schema::printable::is_hostile) {
        return Err(format!("{} is not the name of {what}", Printable(&text).cut(60)));
    }
    Ok(Some(text.into()))
}

/// A person's words; blank counts as left out.
fn words(what: &str, given: Option<String>) -> Result<Option<String>, String> {
    let Some(text) = given.map(|g| g.trim().to_owned()).filter(|g| !g.is_empty()) else { return Ok(None) };
    if text.len() > FIELD_BYTES_MAX {
        return Err(format!("{what} has at most {FIELD_BYTES_MAX} bytes; this one has {}", text.len()));
    }
    Ok(Some(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ana() -> Actor {
        actor(1000, |uid| (uid == 1000).then(|| "ana".into()))
    }

    fn deed(json: &str) -> Result<Deed, String> {
        match serde_json::from_str(json) {
            Ok(Ask::Act(deed)) => Ok(*deed),
            Ok(other) => Err(format!("{other:?}")),
            Err(error) => Err(error.to_string()),
        }
    }

    #[test]
    fn the_wire_reads_as_documented() {
        for (json, ask) in [
            (r#"{"ask":"ping"}"#, Ask::Ping),
            (r#"{"ask":"status"}"#, Ask::Status),
            (r#"{"ask":"reload"}"#, Ask::Reload),
        ] {
            assert_eq!(serde_json::from_str::<Ask>(json).unwrap(), ask);
            assert_eq!(serde_json::to_string(&ask).unwrap(), json);
        }
        let json = r#"{"ask":"act","verb":"acknowledge","incident":"42","note":"on it"}"#;
        let asked = Ask::Act(Box::new(deed(json).unwrap()));
        assert_eq!(serde_json::to_string(&asked).unwrap(), json);
        for wrong in [
            r#"{"ask":"act","verb":"delete"}"#,
            r#"{"ask":"act","verb":"note","x":1}"#,
            r#"{"ask":"rm"}"#,
            "[]",
        ] {
            assert!(serde_json::from_str::<Ask>(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn deeds_become_acts_or_a_sentence() {
        let done = act(
            deed(r#"{"ask":"act","verb":"resolve","incident":" 42 ","false_positive":true}"#).unwrap(),
            ana(),
        );
        let done = done.unwrap();
        assert_eq!(done.verb, Verb::Resolve { false_positive: true });
        assert_eq!((done.incident.as_deref(), done.note, &*done.actor.name), (Some("42"), None, "ana"));
        for (json, sentence) in [
            (r#"{"ask":"act","verb":"acknowledge"}"#, "needs an incident"),
            (r#"{"ask":"act","verb":"note","incident":"1","note":"  "}"#, "needs words"),
            (r#"{"ask":"act","verb":"assign","incident":"1"}"#, "needs a person"),
            (
                r#"{"ask":"act","verb":"assign","incident":"1","person":"b\u001b[2Jn"}"#,
                "is not the name of a person",
            ),
            (r#"{"ask":"act","verb":"silence"}"#, "needs its terms"),
            (r#"{"ask":"act","verb":"silence","silence":{"reason":"r","seconds":60}}"#, "needs a scope"),
            (
                r#"{"ask":"act","verb":"silence","silence":{"reason":"","seconds":60,"rule":"x"}}"#,
                "needs a reason",
            ),
            (
                r#"{"ask":"act","verb":"silence","silence":{"reason":"r","seconds":0,"rule":"x"}}"#,
                "lasts between",
            ),
            (
                r#"{"ask":"act","verb":"silence","silence":{"reason":"r","seconds":9223372036854775807,"rule":"x"}}"#,
                "lasts",
            ),
        ] {
            let refused = act(deed(json).unwrap(), ana()).unwrap_err();
            assert!(refused.contains(sentence), "{json}: {refused}");
        }
        for (terms, sentence) in [
            (r#"{"reason":"r","seconds":60,"rule":"x"}"#, "an exception needs a ticket"),
            (
                r#"{"reason":"r","seconds":60,"ticket":"C-1"}"#,
                "an exception needs a scope: a rule, an entity, a network",
            ),
            (r#"{"reason":"r","seconds":31708800,"rule":"x","ticket":"C-1"}"#, "an exception lasts between"),
        ] {
            let json = format!(r#"{{"ask":"act","verb":"exception","silence":{terms}}}"#);
            let refused = act(deed(&json).unwrap(), ana()).unwrap_err();
            assert!(refused.contains(sentence), "{json}: {refused}");
        }
        let json = r#"{"ask":"act","verb":"silence","silence":{"reason":"r","seconds":60,"network":"192.0.2.0/24"}}"#;
        assert!(act(deed(json).unwrap(), ana()).unwrap_err().contains("that is an exception"));
        let json =
            r#"{"ask":"act","verb":"silence","silence":{"reason":"move","seconds":3600,"source":"vpn"}}"#;
        let Verb::Silence(silence, span) = act(deed(json).unwrap(), ana()).unwrap().verb else { panic!() };
        assert_eq!((&*silence.owner, silence.source.as_deref(), span), ("ana", Some("vpn"), Span::hours(1)));
    }

    #[test]
    fn who_is_nobody_may_not_act() {
        let nobody = actor(1001, |_| None);
        let refused =
            act(deed(r#"{"ask":"act","verb":"acknowledge","incident":"1"}"#).unwrap(), nobody).unwrap_err();
        assert!(refused.starts_with("uid 1001 belongs to no person"), "{refused}");
        assert!(actor(0, |_| None).known && &*actor(0, |_| Some("ana".into())).name == "ana");
    }
}
