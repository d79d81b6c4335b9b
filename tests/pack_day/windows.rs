//! The Windows side: logons at desks, tickets, shares, remote desktops, services, the help desk, the domain's own acts.

use super::day::{Day, HOUR, Log, MINUTE, rfc3339};
use super::town::{Person, Role, Town};

const DONE: &str = "0x8020000000000000";
const REFUSED: &str = "0x8010000000000000";

/// One event of the Security log; `data` are its other members.
fn event(day: &mut Day, at: i64, id: u32, host: &str, keywords: &str, data: &str) {
    let (time, record) = (rfc3339(at), day.next());
    let line = format!(
        r#"{{"EventID":{id},"Channel":"Security","Computer":"{host}","TimeCreated":"{time}","Keywords":"{keywords}","EventRecordID":{record},{data}}}"#
    );
    day.put(at, Log::Windows, line);
}

pub fn write(day: &mut Day, town: &Town) {
    for person in &town.people {
        workday(day, person);
    }
    machines(day);
    services(day);
    help_desk(day, town);
    domain(day);
    for person in town.having(Role::Admin) {
        remote_desktop(day, person);
    }
}

fn workday(day: &mut Day, person: &Person) {
    let desk = format!("{}.corp.example", person.workstation());
    let (name, inside) = (&person.name, person.inside());
    let mut at = person.begins;
    for _ in 0..person.slips(&mut day.rng) {
        wrong_password(day, at, person);
        at += day.between(6_000, 40_000);
    }
    logon(day, at, name, &desk, 2, "127.0.0.1");
    ticket(day, at + 40, name, &inside);
    let ends = person.begins + person.lasts;
    // Shares and intranet sites: a network logon now and then.
    while at < ends {
        at += day.between(20 * MINUTE, 90 * MINUTE);
        let server = ["fs1", "fs2", "print1", "intra1"][day.rng.below(4) as usize];
        let port = day.port();
        event(
            day,
            at,
            4769,
            "dc1.corp.example",
            DONE,
            &format!(
                r#""TargetUserName":"{name}@CORP.EXAMPLE","TargetDomainName":"CORP.EXAMPLE","ServiceName":"{server}$","Status":"0x0","IpAddress":"::ffff:{inside}","IpPort":"{port}""#
            ),
        );
        logon(day, at + 30, name, &format!("{server}.corp.example"), 3, &inside);
    }
    // Back from lunch the screen is locked, and a password is mistyped there, too.
    if day.chance(700) {
        let back = person.begins + day.between(4 * HOUR, 5 * HOUR);
        if day.chance(50) {
            refused(day, back - 9_000, name, &desk, 7, "127.0.0.1");
        }
        logon(day, back, name, &desk, 7, "127.0.0.1");
    }
    // Passwords that run out are changed by their owners.
    if day.chance(12) {
        let when = person.begins + day.between(MINUTE, 3 * HOUR);
        event(
            day,
            when,
            4723,
            "dc1.corp.example",
            DONE,
            &format!(
                r#""TargetUserName":"{name}","TargetDomainName":"CORP","SubjectUserName":"{name}","SubjectDomainName":"CORP""#
            ),
        );
    }
    event(
        day,
        ends,
        4647,
        &desk,
        DONE,
        &format!(
            r#""TargetUserName":"{name}","TargetDomainName":"CORP","TargetLogonId":"0x{:x}""#,
            person.number + 0x9_0000
        ),
    );
}

fn logon(day: &mut Day, at: i64, name: &str, host: &str, kind: u32, address: &str) {
    let (session, port) = (day.next(), day.port());
    event(
        day,
        at,
        4624,
        host,
        DONE,
        &format!(
            r#""SubjectUserName":"-","TargetUserName":"{name}","TargetDomainName":"CORP","TargetLogonId":"0x{session:x}","LogonType":{kind},"AuthenticationPackageName":"Kerberos","WorkstationName":"-","IpAddress":"{address}","IpPort":"{port}""#
        ),
    );
}

fn refused(day: &mut Day, at: i64, name: &str, host: &str, kind: u32, address: &str) {
    event(
        day,
        at,
        4625,
        host,
        REFUSED,
        &format!(
            r#""SubjectUserName":"{host}$","TargetUserName":"{name}","TargetDomainName":"CORP","Status":"0xc000006d","SubStatus":"0xc000006a","LogonType":{kind},"IpAddress":"{address}","IpPort":"0""#
        ),
    );
}

fn ticket(day: &mut Day, at: i64, name: &str, address: &str) {
    let port = day.port();
    event(
        day,
        at,
        4768,
        "dc1.corp.example",
        DONE,
        &format!(
            r#""TargetUserName":"{name}","TargetDomainName":"CORP","Status":"0x0","ServiceName":"krbtgt","IpAddress":"::ffff:{address}","IpPort":"{port}""#
        ),
    );
}

/// A wrong password at the desk: the domain controller and the desk both say so.
fn wrong_password(day: &mut Day, at: i64, person: &Person) {
    let (name, address, port) = (&person.name, person.inside(), day.port());
    event(
        day,
        at,
        4771,
        "dc1.corp.example",
        REFUSED,
        &format!(
            r#""TargetUserName":"{name}","ServiceName":"krbtgt/CORP","Status":"0x18","IpAddress":"::ffff:{address}","IpPort":"{port}""#
        ),
    );
    refused(day, at + 12, name, &format!("{}.corp.example", person.workstation()), 2, "127.0.0.1");
}

/// Computers log on for themselves all day.
fn machines(day: &mut Day) {
    for n in 0..120 {
        let mut at = day.between(0, 3 * HOUR);
        while at < 24 * HOUR {
            logon(
                day,
                at,
                &format!("WS{n:04}$"),
                "dc1.corp.example",
                3,
                &format!("10.1.{}.{}", n / 200, 20 + n % 200),
            );
            at += day.between(3 * HOUR, 5 * HOUR);
        }
    }
}

/// Services and scheduled tasks; one task still has the password of last month.
fn services(day: &mut Day) {
    for (n, service) in ["svc-backup", "svc-sql", "svc-scan", "svc-print"].iter().enumerate() {
        for hour in 0..24 {
            let at = hour * HOUR + n as i64 * 7 * MINUTE;
            logon(day, at, service, "app1.corp.example", if n == 0 { 4 } else { 5 }, "-");
            event(
                day,
                at + 5,
                4672,
                "app1.corp.example",
                DONE,
                &format!(
                    r#""SubjectUserName":"{service}","SubjectDomainName":"CORP","PrivilegeList":"SeBackupPrivilege""#
                ),
            );
        }
    }
    for hour in 0..24 {
        refused(day, hour * HOUR + 10 * MINUTE, "svc-report-old", "app2.corp.example", 4, "-");
    }
    // A phone with the old password of its owner tries again and again, until the account is locked.
    for n in 0..6 {
        event(
            day,
            9 * HOUR + n * 9 * MINUTE,
            4771,
            "dc1.corp.example",
            REFUSED,
            r#""TargetUserName":"emil.ek","ServiceName":"krbtgt/CORP","Status":"0x18","IpAddress":"::ffff:10.1.9.40","IpPort":"51000""#,
        );
    }
    locked(day, 9 * HOUR + 46 * MINUTE, "emil.ek", "MAIL1");
    locked(day, 13 * HOUR + 5 * MINUTE, "svc-report-old", "APP2");
}

fn locked(day: &mut Day, at: i64, name: &str, from: &str) {
    event(
        day,
        at,
        4740,
        "dc1.corp.example",
        DONE,
        &format!(
            r#""TargetUserName":"{name}","TargetDomainName":"{from}","SubjectUserName":"DC1$","SubjectDomainName":"CORP""#
        ),
    );
}

fn account(day: &mut Day, at: i64, id: u32, actor: &str, target: &str) {
    event(
        day,
        at,
        id,
        "dc1.corp.example",
        DONE,
        &format!(
            r#""TargetUserName":"{target}","TargetDomainName":"CORP","SubjectUserName":"{actor}","SubjectDomainName":"CORP""#
        ),
    );
}

fn member(day: &mut Day, at: i64, actor: &str, target: &str, group: &str) {
    event(
        day,
        at,
        4728,
        "dc1.corp.example",
        DONE,
        &format!(
            r#""MemberName":"CN={target},OU=Staff,DC=corp,DC=example","TargetUserName":"{group}","SubjectUserName":"{actor}","SubjectDomainName":"CORP""#
        ),
    );
}

/// A lockout by somebody in a hurry, resets and unlocks on the telephone, and three people who begin today.
fn help_desk(day: &mut Day, town: &Town) {
    let desk: Vec<String> = town.having(Role::HelpDesk).map(|person| person.name.clone()).collect();
    let actor = |n: usize| desk.get(n % desk.len()).cloned().unwrap_or_default();
    if let Some(hasty) = town.people.iter().find(|person| person.role == Role::Office && person.rusty) {
        let from = 8 * HOUR + day.between(0, 40 * MINUTE);
        for n in 0..5 {
            wrong_password(day, from + n * 20_000, hasty);
        }
        locked(day, from + 81_000, &hasty.name, &hasty.workstation());
        let answered = from + day.between(12 * MINUTE, 25 * MINUTE);
        account(day, answered, 4767, &actor(0), &hasty.name);
        account(day, answered + 30_000, 4724, &actor(0), &hasty.name);
        logon(day, answered + 3 * MINUTE, &hasty.name, "dc1.corp.example", 3, &hasty.inside());
    }
    for n in 0..7 {
        let person = &town.people[day.rng.below(500) as usize];
        let at = 8 * HOUR + day.between(n * HOUR, (n + 1) * HOUR);
        account(day, at, 4724, &actor(n as usize), &person.name);
        account(day, at + 20_000, 4738, &actor(n as usize), &person.name);
    }
    let mut at = 9 * HOUR + day.between(0, 30 * MINUTE);
    for new in ["zoe.novak", "zack.novotny", "zita.nowak"] {
        for (n, id) in [4720, 4724, 4722, 4738].into_iter().enumerate() {
            account(day, at + n as i64 * 1_500, id, &actor(1), new);
        }
        for (n, group) in ["Staff", "VPN-Users", "Intranet"].into_iter().enumerate() {
            member(day, at + 20_000 + n as i64 * 4_000, &actor(1), new, group);
        }
        at += day.between(2 * MINUTE, 5 * MINUTE);
    }
    // One leaves: disabled, taken out of groups; the account itself is deleted months later, another one today.
    account(day, 16 * HOUR, 4725, &actor(2), "yan.quist");
    account(day, 16 * HOUR + 2 * MINUTE, 4726, &actor(2), "old.intern");
    // He tries twice whether he still gets in.
    for at in [17 * HOUR + 20 * MINUTE, 17 * HOUR + 21 * MINUTE] {
        event(
            day,
            at,
            4625,
            "fs1.corp.example",
            REFUSED,
            r#""SubjectUserName":"-","TargetUserName":"yan.quist","TargetDomainName":"CORP","Status":"0xc000006e","SubStatus":"0xc0000072","LogonType":3,"IpAddress":"10.1.2.40","IpPort":"50100""#,
        );
    }
    // The staff office's job brings telephone numbers into the directory.
    for n in 0..30 {
        account(
            day,
            5 * HOUR + 30 * MINUTE + n * 4_000,
            4738,
            "svc-hr-sync",
            &town.people[n as usize * 16].name,
        );
    }
}

/// What domain controllers and desks do on their own.
fn domain(day: &mut Day) {
    for n in 0..12 {
        let at = day.between(2 * n * HOUR, 2 * (n + 1) * HOUR);
        // The time service corrects the clock.
        event(
            day,
            at,
            4616,
            "dc1.corp.example",
            DONE,
            &format!(
                r#""SubjectUserSid":"S-1-5-19","SubjectUserName":"LOCAL SERVICE","SubjectDomainName":"NT AUTHORITY","PreviousTime":"{}","NewTime":"{}","ProcessName":"C:\\Windows\\System32\\svchost.exe""#,
                rfc3339(at),
                rfc3339(at + 4)
            ),
        );
    }
    // Group policy sets auditing again when a machine starts.
    for (n, subcategory) in ["%%12544", "%%12545", "%%12547"].into_iter().enumerate() {
        event(
            day,
            5 * HOUR + n as i64 * 100,
            4719,
            "app1.corp.example",
            DONE,
            &format!(
                r#""SubjectUserSid":"S-1-5-18","SubjectUserName":"APP1$","SubjectDomainName":"CORP","CategoryId":"%%8273","SubcategoryId":"{subcategory}","AuditPolicyChanges":"%%8449, %%8451""#
            ),
        );
    }
    // A patched server starts again in the night, and says so.
    event(
        day,
        5 * HOUR - MINUTE,
        1100,
        "app1.corp.example",
        DONE,
        r#""ProviderName":"Microsoft-Windows-Eventlog""#,
    );
    event(
        day,
        5 * HOUR + MINUTE,
        4608,
        "app1.corp.example",
        DONE,
        r#""ProviderName":"Microsoft-Windows-Security-Auditing""#,
    );
    // Software is installed: a service, and tasks of updaters.
    event(
        day,
        10 * HOUR,
        4697,
        "ws0007.corp.example",
        DONE,
        r#""SubjectUserName":"WS0007$","SubjectDomainName":"CORP","ServiceName":"edgeupdate","ServiceFileName":"\"C:\\Program Files (x86)\\Microsoft\\EdgeUpdate\\MicrosoftEdgeUpdate.exe\" /svc""#,
    );
    event(
        day,
        10 * HOUR + 1_000,
        4698,
        "ws0007.corp.example",
        DONE,
        r#""SubjectUserName":"WS0007$","SubjectDomainName":"CORP","TaskName":"\\MicrosoftEdgeUpdateTaskMachineCore""#,
    );
}

/// Admins work on servers by remote desktop, inside.
fn remote_desktop(day: &mut Day, person: &Person) {
    for n in 0..4 {
        let at = person.begins + day.between(n * 2 * HOUR, (n + 1) * 2 * HOUR);
        let server = ["app1", "app2", "fs1", "dc1"][day.rng.below(4) as usize];
        let host = format!("{server}.corp.example");
        if day.chance(60) {
            refused(day, at - 8_000, &person.name, &host, 10, &person.inside());
        }
        logon(day, at, &person.name, &host, 10, &person.inside());
        event(
            day,
            at + 9,
            4672,
            &host,
            DONE,
            &format!(
                r#""SubjectUserName":"{}","SubjectDomainName":"CORP","PrivilegeList":"SeDebugPrivilege""#,
                person.name
            ),
        );
        let left = at + day.between(5 * MINUTE, 40 * MINUTE);
        event(
            day,
            left,
            4779,
            &host,
            DONE,
            &format!(
                r#""AccountName":"{}","AccountDomain":"CORP","LogonID":"0x{:x}","SessionName":"RDP-Tcp#1","ClientName":"{}","ClientAddress":"{}""#,
                person.name,
                person.number,
                person.workstation(),
                person.inside()
            ),
        );
    }
}
