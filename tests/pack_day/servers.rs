//! Linux servers and the database: keys and passwords over SSH, sudo, jobs, monitoring, backups, updates, restarts.

use super::day::{DAY, Day, HOUR, Log, MINUTE, bsd, epoch, plain};
use super::town::{Person, Role, Town};

const HOSTS: [&str; 6] = ["web-1", "web-2", "db-1", "build-1", "mail-1", "jump-1"];

fn syslog(day: &mut Day, at: i64, host: &str, text: &str) {
    day.put(at, Log::Linux, format!("{} {host} {text}", bsd(at)));
}

pub fn write(day: &mut Day, town: &Town) {
    for person in town.people.iter().filter(|person| matches!(person.role, Role::Admin | Role::Developer)) {
        for n in 0..4 {
            let at = person.begins + day.between(n * 2 * HOUR, (n + 1) * 2 * HOUR);
            ssh(day, at, person);
        }
    }
    jobs(day);
    monitoring(day);
    deployment(day);
    upkeep(day);
    audit(day, town);
    database(day, town);
}

/// A login, perhaps sudo, and the end.
fn ssh(day: &mut Day, at: i64, person: &Person) {
    let host = HOSTS[day.rng.below(6) as usize];
    let (name, from) = (&person.name, person.inside());
    let (pid, port) = (day.next(), day.port());
    let at = admitted(day, at, (host, pid, port), person);
    let uid = 1_000 + person.number;
    syslog(
        day,
        at,
        host,
        &format!("sshd[{pid}]: pam_unix(sshd:session): session opened for user {name}(uid={uid}) by (uid=0)"),
    );
    if person.role == Role::Admin || day.chance(300) {
        sudo(day, at + 40_000, host, person);
    }
    let left = at + day.between(2 * MINUTE, 90 * MINUTE);
    syslog(
        day,
        left,
        host,
        &format!("sshd[{pid}]: Received disconnect from {from} port {port}:11: disconnected by user"),
    );
    syslog(day, left, host, &format!("sshd[{pid}]: Disconnected from user {name} {from} port {port}"));
    syslog(day, left, host, &format!("sshd[{pid}]: pam_unix(sshd:session): session closed for user {name}"));
}

/// One in three comes by password, which is mistyped at times; one host tells each key that the agent offered.
fn admitted(day: &mut Day, mut at: i64, (host, pid, port): (&str, u64, u64), person: &Person) -> i64 {
    let (name, from) = (&person.name, person.inside());
    if day.chance(330) {
        let slips = u64::from(day.chance(90)) + u64::from(day.chance(25));
        for _ in 0..slips {
            syslog(
                day,
                at,
                host,
                &format!(
                    "sshd[{pid}]: pam_unix(sshd:auth): authentication failure; logname= uid=0 euid=0 tty=ssh ruser= rhost={from}  user={name}"
                ),
            );
            syslog(
                day,
                at + 2_000,
                host,
                &format!("sshd[{pid}]: Failed password for {name} from {from} port {port} ssh2"),
            );
            at += day.between(6_000, 15_000);
        }
        syslog(
            day,
            at,
            host,
            &format!("sshd[{pid}]: Accepted password for {name} from {from} port {port} ssh2"),
        );
    } else {
        if host == "jump-1" && day.chance(300) {
            for key in 0..1 + day.rng.below(2) {
                syslog(
                    day,
                    at,
                    host,
                    &format!(
                        "sshd[{pid}]: Failed publickey for {name} from {from} port {port} ssh2: RSA SHA256:{:043}",
                        person.number * 10 + key
                    ),
                );
            }
        }
        syslog(
            day,
            at,
            host,
            &format!(
                "sshd[{pid}]: Accepted publickey for {name} from {from} port {port} ssh2: ED25519 SHA256:{:043}",
                person.number
            ),
        );
    }
    at
}

fn sudo(day: &mut Day, mut at: i64, host: &str, person: &Person) {
    let (name, uid) = (&person.name, 1_000 + person.number);
    let place = format!("TTY=pts/0 ; PWD=/home/{name} ; USER=root");
    for n in 0..1 + day.rng.below(4) {
        let command = [
            "/usr/bin/systemctl status nginx",
            "/usr/bin/apt-get update",
            "/usr/bin/journalctl -u app",
            "/usr/bin/tail -f /var/log/app.log",
        ][day.rng.below(4) as usize];
        if n == 0 && day.chance(40) {
            syslog(
                day,
                at,
                host,
                &format!(
                    "sudo: pam_unix(sudo:auth): authentication failure; logname={name} uid={uid} euid=0 tty=/dev/pts/0 ruser={name} rhost=  user={name}"
                ),
            );
            if day.chance(200) {
                syslog(
                    day,
                    at + 9_000,
                    host,
                    &format!(
                        "sudo:     {name} : 2 incorrect password attempts ; {place} ; COMMAND={command}"
                    ),
                );
            }
            at += 12_000;
        }
        syslog(day, at, host, &format!("sudo:     {name} : {place} ; COMMAND={command}"));
        syslog(
            day,
            at,
            host,
            &format!(
                "sudo: pam_unix(sudo:session): session opened for user root(uid=0) by {name}(uid={uid})"
            ),
        );
        syslog(day, at + 1_000, host, "sudo: pam_unix(sudo:session): session closed for user root");
        at += day.between(20_000, 4 * MINUTE);
    }
}

/// Jobs of cron, of root and of service accounts.
fn jobs(day: &mut Day) {
    for (n, host) in HOSTS.into_iter().enumerate() {
        for (user, every) in
            [("root", 17 * MINUTE), ("www-data", 30 * MINUTE), ("postgres", HOUR), ("backup", 6 * HOUR)]
        {
            let mut at = n as i64 * MINUTE;
            while at < DAY {
                let pid = day.next();
                syslog(
                    day,
                    at + 1_000,
                    host,
                    &format!(
                        "CRON[{pid}]: pam_unix(cron:session): session opened for user {user}(uid=0) by (uid=0)"
                    ),
                );
                syslog(
                    day,
                    at + 1_100,
                    host,
                    &format!("CRON[{pid}]: ({user}) CMD (   /usr/local/bin/job-{user})"),
                );
                syslog(
                    day,
                    at + 3_000,
                    host,
                    &format!("CRON[{pid}]: pam_unix(cron:session): session closed for user {user}"),
                );
                at += every;
            }
        }
    }
}

/// A probe connects, sees that a server answers, and goes.
fn monitoring(day: &mut Day) {
    for (n, host) in HOSTS.into_iter().enumerate() {
        let mut at = n as i64 * 10_000;
        while at < DAY {
            let (pid, port) = (day.next(), day.port());
            let line = if n % 2 == 0 {
                format!("sshd[{pid}]: Connection closed by 10.9.0.5 port {port} [preauth]")
            } else {
                format!("sshd[{pid}]: Did not receive identification string from 10.9.0.5 port {port}")
            };
            syslog(day, at, host, &line);
            at += 5 * MINUTE;
        }
    }
}

/// The automation goes over all hosts at night, and after each release.
fn deployment(day: &mut Day) {
    for start in [2 * HOUR, 10 * HOUR + 20 * MINUTE, 15 * HOUR + 5 * MINUTE] {
        for (n, host) in HOSTS.into_iter().enumerate() {
            let (at, pid, port) = (start + n as i64 * 7_000, day.next(), day.port());
            syslog(
                day,
                at,
                host,
                &format!(
                    "sshd[{pid}]: Accepted publickey for deploy from 10.20.0.7 port {port} ssh2: ED25519 SHA256:{:043}",
                    7
                ),
            );
            syslog(
                day,
                at,
                host,
                &format!(
                    "sshd[{pid}]: pam_unix(sshd:session): session opened for user deploy(uid=990) by (uid=0)"
                ),
            );
            for command in [
                "/usr/bin/apt-get -y upgrade",
                "/usr/bin/systemctl restart app",
                "/usr/bin/rsync -a /srv/release/ /srv/app/",
            ] {
                syslog(
                    day,
                    at + 4_000,
                    host,
                    &format!("sudo:   deploy : PWD=/home/deploy ; USER=root ; COMMAND={command}"),
                );
            }
            syslog(
                day,
                at + 60_000,
                host,
                &format!("sshd[{pid}]: pam_unix(sshd:session): session closed for user deploy"),
            );
        }
    }
}

/// Logs turn, a package brings its account, services and a host start again.
fn upkeep(day: &mut Day) {
    for (n, host) in HOSTS.into_iter().enumerate() {
        let at = n as i64 * 500;
        for n in 0..4 {
            let busy = n * 5 * HOUR + 50 * MINUTE + at;
            let text = format!("systemd-journald[300]: Suppressed {} messages from shop.service", 30 + n);
            syslog(day, busy, host, &text);
        }
        syslog(
            day,
            at + 20_000,
            host,
            r#"rsyslogd: [origin software="rsyslogd" swVersion="8.2312.0" x-pid="612" x-info="https://www.rsyslog.com"] rsyslogd was HUPed"#,
        );
        syslog(day, 6 * HOUR + 25 * MINUTE + at, host, "su[4410]: (to postgres) root on none");
        syslog(
            day,
            6 * HOUR + 25 * MINUTE + at,
            host,
            "su[4410]: pam_unix(su-l:session): session opened for user postgres(uid=113) by (uid=0)",
        );
        syslog(day, 2 * HOUR + 90_000 + at, host, "sshd[611]: Received signal 15; terminating.");
        syslog(day, 2 * HOUR + 91_000 + at, host, "sshd[612]: Server listening on 0.0.0.0 port 22.");
    }
    syslog(day, 2 * HOUR + 30_000, "mail-1", "groupadd[8800]: new group: name=opendkim, GID=124");
    syslog(
        day,
        2 * HOUR + 30_100,
        "mail-1",
        "useradd[8801]: new user: name=opendkim, UID=118, GID=124, home=/run/opendkim, shell=/usr/sbin/nologin, from=none",
    );
    syslog(day, 2 * HOUR + 30_900, "mail-1", "usermod[8802]: change user 'opendkim' password");
}

fn record(day: &mut Day, at: i64, text: &str) {
    let serial = day.next();
    let (kind, rest) = text.split_once(' ').unwrap_or((text, ""));
    day.put(at, Log::Audit, format!("type={kind} msg=audit({}:{serial}): {rest}", epoch(at)));
}

/// The same logins and jobs as the audit daemon of one host tells them, and what that does itself.
fn audit(day: &mut Day, town: &Town) {
    audit_of_people(day, town);
    audit_of_machine(day);
}

fn audit_of_people(day: &mut Day, town: &Town) {
    for person in town.having(Role::Admin) {
        let (uid, from, pid, session) = (1_000 + person.number, person.inside(), day.next(), day.next());
        let at = person.begins + day.between(MINUTE, 6 * HOUR);
        let name = &person.name;
        record(
            day,
            at,
            &format!(
                r#"USER_AUTH pid={pid} uid=0 auid=4294967295 ses=4294967295 msg='op=PAM:authentication acct="{name}" exe="/usr/sbin/sshd" hostname={from} addr={from} terminal=ssh res=success'"#
            ),
        );
        record(
            day,
            at + 100,
            &format!(
                r#"USER_START pid={pid} uid=0 auid={uid} ses={session} msg='op=PAM:session_open acct="{name}" exe="/usr/sbin/sshd" hostname={from} addr={from} terminal=ssh res=success'"#
            ),
        );
        record(
            day,
            at + 20_000,
            &format!(
                r#"USER_CMD pid={pid} uid={uid} auid={uid} ses={session} msg='cwd="/home/{name}" cmd=6964202D75 exe="/usr/bin/sudo" terminal=pts/0 res=success'"#
            ),
        );
        record(
            day,
            at + HOUR,
            &format!(
                r#"USER_END pid={pid} uid=0 auid={uid} ses={session} msg='op=PAM:session_close acct="{name}" exe="/usr/sbin/sshd" hostname={from} addr={from} terminal=ssh res=success'"#
            ),
        );
    }
}

fn audit_of_machine(day: &mut Day) {
    let mut at = 0;
    while at < DAY {
        let pid = day.next();
        record(
            day,
            at,
            &format!(
                r#"USER_START pid={pid} uid=0 auid=0 ses={pid} msg='op=PAM:session_open acct="root" exe="/usr/sbin/cron" hostname=? addr=? terminal=cron res=success'"#
            ),
        );
        record(
            day,
            at + 500,
            r#"SERVICE_START pid=1 uid=0 auid=4294967295 ses=4294967295 msg='unit=fstrim comm="systemd" exe="/usr/lib/systemd/systemd" hostname=? addr=? terminal=? res=success'"#,
        );
        at += 15 * MINUTE;
    }
    record(day, 30_000, "DAEMON_ROTATE op=rotate-logs auid=0 pid=1 subj=unconfined res=success");
    // The kernel is updated: the host goes down and comes back, and loads its rules.
    record(
        day,
        2 * HOUR + 5 * MINUTE,
        "DAEMON_END op=terminate auid=0 uid=0 ses=4294967295 pid=1 subj=unconfined res=success",
    );
    record(
        day,
        2 * HOUR + 6 * MINUTE,
        "DAEMON_START op=start ver=3.0.9 format=enriched kernel=6.1.0 auid=4294967295 pid=640 uid=0 ses=4294967295 subj=unconfined res=success",
    );
    record(
        day,
        2 * HOUR + 6 * MINUTE + 300,
        "CONFIG_CHANGE op=set audit_enabled=1 old=1 auid=4294967295 ses=4294967295 res=1",
    );
    record(
        day,
        2 * HOUR + 6 * MINUTE + 400,
        r#"CONFIG_CHANGE auid=4294967295 ses=4294967295 op=add_rule key="identity" list=4 res=1"#,
    );
}

/// The application's pool, the nightly dump, people with a client of their own.
fn database(day: &mut Day, town: &Town) {
    let connect = |day: &mut Day, at: i64, user: &str, from: &str, good: bool| {
        let pid = day.next();
        let text = if good {
            format!("LOG:  connection authorized: user={user} database=shop")
        } else {
            format!(r#"FATAL:  password authentication failed for user "{user}""#)
        };
        day.put(
            at,
            Log::Database,
            format!("{}.101 UTC:{from}({}):{user}@shop:[{pid}]:{text}", plain(at), 40_000 + pid % 20_000),
        );
    };
    let mut at = 0;
    while at < DAY {
        connect(day, at, "app", "10.20.0.21", true);
        at += day.between(2 * MINUTE, 5 * MINUTE);
    }
    connect(day, HOUR, "dump", "10.20.0.30", true);
    for person in town.having(Role::Developer).filter(|person| person.number % 4 == 0) {
        let mut at = person.begins + day.between(HOUR, 7 * HOUR);
        for _ in 0..person.slips(&mut day.rng).min(2) {
            connect(day, at, &person.name, &person.inside(), false);
            at += day.between(8_000, 30_000);
        }
        connect(day, at, &person.name, &person.inside(), true);
    }
}
