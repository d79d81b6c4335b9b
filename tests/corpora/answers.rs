//! What an event says about the fields that an answer of the corpus asserts.

use gatewatch::normalize::stamp::{self, Stamp};
use gatewatch::schema::{Class, Event, Flag, Outcome, Span, Timestamp};
use serde_json::Value;
use std::net::IpAddr;

/// What became of one asserted field.
pub enum Answer {
    /// The same.
    Right,
    /// The event does not say it.
    Missing,
    /// It says something else.
    Wrong(String),
}

/// What an event says about an asserted field; a part speaks through the event that it is part of, too.
pub fn answer(event: &Event, main: &Event, field: &str, wanted: &str) -> Option<Answer> {
    let text = |pick: fn(&Event) -> Option<String>| compare(pick(event).or_else(|| pick(main)), wanted);
    Some(match field {
        "user" => text(|e| e.user.as_deref().map(str::to_owned)),
        "target_user" => text(|e| e.target_user.as_deref().map(str::to_owned)),
        "src_host" => text(|e| e.src_host.as_deref().map(str::to_owned)),
        "host" => text(|e| e.host.as_deref().map(str::to_owned)),
        "http_method" => text(|e| e.http_method.as_deref().map(str::to_owned)),
        "http_path" => text(|e| e.resource.as_deref().map(str::to_owned)),
        "http_status" => text(|e| e.http_status.map(|status| status.to_string())),
        "repeat" => text(|e| Some(e.count.to_string())),
        "src_ip" => {
            let wanted: IpAddr = wanted.parse().ok()?;
            compare(event.src_ip.or(main.src_ip).map(|ip| ip.to_string()), &wanted.to_canonical().to_string())
        }
        "outcome" => {
            let said = Some(main.outcome).filter(|outcome| *outcome != Outcome::Unknown);
            compare(said.map(|outcome| outcome.name().to_owned()), wanted)
        }
        "action" => match action(main) {
            "" => Answer::Missing,
            said => compare(Some(said.to_owned()), wanted),
        },
        _ => return None,
    })
}

fn compare(said: Option<String>, wanted: &str) -> Answer {
    match said {
        None => Answer::Missing,
        Some(said) if said == wanted => Answer::Right,
        Some(said) => Answer::Wrong(said),
    }
}

/// The corpus' word for a class and activity.
fn action(event: &Event) -> &'static str {
    match (event.class, event.activity) {
        (Class::Authentication, "logon") => "logon",
        (Class::Authentication, "logoff") => "logoff",
        (Class::Authentication, "preauth" | "authentication-ticket") => "logon",
        (Class::Authentication, "service-ticket-request" | "service-ticket-renew") => "access",
        (Class::Authentication, "account-switch") | (Class::Session, _) => "privilege",
        (Class::Http | Class::WebResource | Class::Api | Class::Datastore, _) => "access",
        (
            Class::UserManagement
            | Class::GroupManagement
            | Class::RoleManagement
            | Class::EntityManagement
            | Class::EventLog,
            _,
        ) => "change",
        (Class::Process, _) => "process",
        (Class::File, _) => "file",
        (Class::Registry, _) => "registry",
        (Class::Network | Class::Tunnel, _) => "network",
        _ => "",
    }
}

/// Time answers: without year any year is right, without zone any offset of whole quarter hours.
pub fn time_answer(event: &Event, expected: &Value) -> Option<Answer> {
    let text = |key: &str| expected.get(key).and_then(Value::as_str);
    let said = |key: &str| expected.get(key).and_then(Value::as_bool).unwrap_or(false);
    let wanted = text("time").or(text("time_local")).or(text("time_text"))?;
    let zoneless = text("time").is_none() || said("time_zone_assumed") || event.flags.has(Flag::ZoneAssumed);
    let (wanted, year) = match stamp::read_whole(wanted)? {
        Stamp::Instant(at) => (at, true),
        Stamp::Civil(civil) => {
            let year = civil.year.unwrap_or(2000);
            (
                Timestamp::from_civil((year, civil.month, civil.day), civil.clock, civil.micros)?,
                civil.year.is_some(),
            )
        }
    };
    let Some(time) = event.time else { return Some(Answer::Missing) };
    let yearless = !year || said("time_year_assumed") || event.flags.has(Flag::YearAssumed);
    let apart = |wanted: Timestamp| (time - wanted).0.abs();
    let close = |apart: i64| {
        let (second, quarter) = (Span::seconds(1).0, Span::minutes(15).0);
        if zoneless {
            apart <= Span::hours(14).0 + second && (apart + second) % quarter < 2 * second
        } else {
            apart < second
        }
    };
    let right = if yearless {
        let (_, month, day) = wanted.date();
        let within = wanted.0.rem_euclid(Span::days(1).0);
        let years = time.date().0 - 1..=time.date().0 + 1;
        years.into_iter().any(|year| {
            Timestamp::from_civil((year, month, day), (0, 0, 0), 0)
                .is_some_and(|at| close(apart(at + Span(within))))
        })
    } else {
        close(apart(wanted))
    };
    Some(if right { Answer::Right } else { Answer::Wrong(time.to_string()) })
}
