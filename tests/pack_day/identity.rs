//! The identity provider: sign-ins with a push on the telephone, and the directory's account and group changes.

use super::day::{Day, HOUR, Log, MINUTE, rfc3339};
use super::town::{Person, Role, Site, Town};

/// One event of the Okta System Log about a person.
fn okta(day: &mut Day, at: i64, kind: &str, person: &Person, from: &str, result: &str, more: &str) {
    let (time, uuid) = (rfc3339(at), day.next());
    let line = format!(
        r#"{{"uuid":"u{uuid}","published":"{time}","eventType":"{kind}","severity":"INFO","actor":{{"id":"00u{}","type":"User","alternateId":"{}"}},"client":{{"ipAddress":"{from}","device":"Computer","userAgent":{{"rawUserAgent":"{}"}}}},"outcome":{{"result":"{result}"}},"authenticationContext":{{"externalSessionId":"s{}-{}"}}{more}}}"#,
        person.number,
        person.mail(),
        person.agent(),
        person.number,
        at / (4 * HOUR)
    );
    day.put(at, Log::Okta, line);
}

pub fn write(day: &mut Day, town: &Town) {
    for person in &town.people {
        // Some need no application at all on a day.
        if day.chance(900) {
            let at = person.begins + day.between(2 * MINUTE, 25 * MINUTE);
            sign_in(day, at, person, &person.public());
        }
        // The session runs out in the afternoon.
        if day.chance(350) {
            let at = person.begins + day.between(5 * HOUR, 8 * HOUR);
            sign_in(day, at, person, &person.public());
        }
        // From the telephone, in the mobile network of which thousands share an address.
        if day.chance(150) {
            let at = person.begins + day.between(-2 * HOUR, 11 * HOUR);
            sign_in(day, at, person, &format!("203.0.113.{}", 200 + person.number % 20));
        }
    }
    joiners(day, town);
    applications(day, town);
}

/// A password, mistyped now and then, and a push that some do not see in time.
fn sign_in(day: &mut Day, mut at: i64, person: &Person, from: &str) {
    let slips = if day.chance(600) { 0 } else { person.slips(&mut day.rng) };
    for _ in 0..slips {
        okta(
            day,
            at,
            "user.session.start",
            person,
            from,
            "FAILURE",
            r#","debugContext":{"debugData":{"requestUri":"/api/v1/authn"}}"#,
        );
        at += day.between(8_000, 45_000);
    }
    okta(day, at, "user.session.start", person, from, "SUCCESS", "");
    const PUSH: &str = r#","debugContext":{"debugData":{"factor":"OKTA_VERIFY_PUSH"}}"#;
    // Two of a hundred pushes run out of time, and the next one is taken; one in five hundred is refused by a slip.
    while day.chance(25) {
        okta(day, at + 60_000, "user.authentication.auth_via_mfa", person, from, "FAILURE", PUSH);
        at += 75_000;
    }
    if day.chance(2) {
        okta(day, at + 9_000, "user.mfa.okta_verify.deny_push", person, from, "SUCCESS", "");
        at += 20_000;
    }
    at += day.between(4_000, 15_000);
    okta(day, at, "user.authentication.auth_via_mfa", person, from, "SUCCESS", PUSH);
    for n in 0..2 {
        let app = ["Mail", "Wiki", "Tickets", "Payroll"][day.rng.below(4) as usize];
        okta(
            day,
            at + 2_000 + n * 30_000,
            "user.authentication.sso",
            person,
            from,
            "SUCCESS",
            &format!(r#","target":[{{"type":"AppInstance","displayName":"{app}"}}]"#),
        );
    }
}

fn target(name: &str) -> String {
    format!(r#","target":[{{"type":"User","alternateId":"{name}"}}]"#)
}

/// Three people begin; a telephone is replaced; one forgot the password.
fn joiners(day: &mut Day, town: &Town) {
    let Some(desk) = town.having(Role::HelpDesk).find(|person| !person.outside()) else { return };
    let from = desk.public();
    let mut at = 9 * HOUR + 40 * MINUTE;
    for new in ["zoe.novak@example.com", "zack.novotny@example.com", "zita.nowak@example.com"] {
        okta(day, at, "user.lifecycle.create", desk, &from, "SUCCESS", &target(new));
        okta(day, at + 2_000, "user.lifecycle.activate", desk, &from, "SUCCESS", &target(new));
        okta(
            day,
            at + 9_000,
            "group.user_membership.add",
            desk,
            &from,
            "SUCCESS",
            &format!(
                r#","target":[{{"type":"User","alternateId":"{new}"}},{{"type":"UserGroup","displayName":"Staff"}}]"#
            ),
        );
        at += 4 * MINUTE;
    }
    let at_work = |n: usize| {
        town.people.iter().filter(|p| p.site == Site::Headquarters && p.role == Role::Office).nth(n)
    };
    // A new telephone: the help desk takes the old factor away, the person enrols the new one.
    if let Some(person) = at_work(17) {
        let at = 11 * HOUR + day.between(0, HOUR);
        okta(day, at, "user.mfa.factor.deactivate", desk, &from, "SUCCESS", &target(&person.mail()));
        okta(
            day,
            at + 6 * MINUTE,
            "user.mfa.factor.activate",
            person,
            &person.public(),
            "SUCCESS",
            &target(&person.mail()),
        );
    }
    if let Some(person) = at_work(40) {
        let at = 14 * HOUR + day.between(0, HOUR);
        okta(day, at, "user.account.reset_password", desk, &from, "SUCCESS", &target(&person.mail()));
        okta(
            day,
            at + 3 * MINUTE,
            "user.account.update_password",
            person,
            &person.public(),
            "SUCCESS",
            &target(&person.mail()),
        );
    }
    for person in town.having(Role::Admin) {
        let at = person.begins + day.between(HOUR, 6 * HOUR);
        okta(day, at, "user.session.access_admin_app", person, &person.public(), "SUCCESS", "");
    }
}

/// The directory in the cloud: groups of the joiners, licences, devices, one application that somebody consents to.
fn applications(day: &mut Day, town: &Town) {
    let Some(desk) = town.having(Role::HelpDesk).next() else { return };
    let entra = |day: &mut Day, at: i64, act: &str, targets: String| {
        let time = rfc3339(at);
        let line = format!(
            r#"{{"id":"d{}","activityDateTime":"{time}","activityDisplayName":"{act}","loggedByService":"Core Directory","result":"success","initiatedBy":{{"user":{{"userPrincipalName":"{}","ipAddress":"{}"}}}},"targetResources":[{targets}]}}"#,
            day.next(),
            desk.mail(),
            desk.public()
        );
        day.put(at, Log::Entra, line);
    };
    let user = |name: &str| format!(r#"{{"type":"User","userPrincipalName":"{name}"}}"#);
    for (n, new) in ["zoe.novak@example.com", "zack.novotny@example.com", "zita.nowak@example.com"]
        .into_iter()
        .enumerate()
    {
        let at = 9 * HOUR + 50 * MINUTE + n as i64 * 3 * MINUTE;
        entra(day, at, "Change user license", user(new));
        entra(
            day,
            at + 8_000,
            "Add member to group",
            format!(r#"{},{{"type":"Group","displayName":"Teams-Users"}}"#, user(new)),
        );
    }
    for n in 0..25 {
        let person = &town.people[day.rng.below(500) as usize];
        let at = 7 * HOUR + n * 25 * MINUTE;
        entra(day, at, "Update user", user(&person.mail()));
        if n % 4 == 0 {
            entra(
                day,
                at + 9_000,
                "Add device",
                format!(r#"{{"type":"Device","displayName":"{}"}}"#, person.workstation()),
            );
        }
    }
    // Administrators ask for their role of the day, which they were given long ago.
    for (n, admin) in (0..).zip(town.having(Role::Admin).take(5)) {
        let role = r#"[{"displayName":"Role.DisplayName","newValue":"\"Global Administrator\""}]"#;
        let target = format!(
            r#"{{"type":"User","userPrincipalName":"{}","modifiedProperties":{role}}}"#,
            admin.mail()
        );
        let at = 8 * HOUR + n * 50 * MINUTE;
        entra(day, at, "Add member to role requested (PIM activation)", target.clone());
        entra(day, at + 4_000, "Add member to role completed (PIM activation)", target);
    }
}
