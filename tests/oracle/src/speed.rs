//! Speed against `rsigma-eval`: the same events, one run, A B A B, CPU time of the thread.
//!
//! Theirs is asked in the way that is quickest for it: with the log source of the events where it can be told, else
//! without. Ours does all that the daemon asks of it for an event: routing, matching, windows, findings.

use crate::{events, rules, theirs};
use anyhow::{Result, ensure};
use gatewatch::detect::{Detect, Params, RuleSet};
use gatewatch::schema::Event;
use rsigma_eval::{Engine, JsonEvent};
use rsigma_parser::LogSource;
use serde_json::Value;
use std::sync::Arc;
use std::time::Duration;

/// How often each engine runs; the best counts.
const ROUNDS: usize = 5;
/// Events of one kind.
const EVENTS: usize = 4_000;
/// Their rate times this is the goal.
const FASTER: f64 = 5.0;
/// The cost of 3,000 rules in costs of 100 rules.
const MARGINAL: f64 = 1.5;

/// Events of one kind.
struct Kind {
    name: &'static str,
    logsource: Option<LogSource>,
    events: Vec<Event>,
}

/// Rules for both.
struct Rules {
    name: String,
    set: RuleSet,
    engine: Engine,
}

/// Measures all, and fails where a goal is missed.
pub fn run() -> Result<()> {
    let files: Vec<rules::File> = rules::files()?.into_iter().skip(1).collect();
    ensure!(files.len() > 3_000, "the public rule set is not there: nothing to measure with");
    let hundred: Vec<rules::File> = files.iter().step_by(files.len() / 100).take(100).map(copy).collect();
    let thousands: Vec<rules::File> = files.iter().take(3_000).map(copy).collect();
    let routed = [both("100 rules", &hundred, false)?, both("3,000 rules", &thousands, false)?];
    let all = [both("100, all see all", &hundred, true)?, both("3,000, all see all", &thousands, true)?];
    let kinds = kinds()?;
    println!(
        "{:<20} {:<20} {:>10} {:>10} {:>7} {:>8}",
        "events", "rules", "ours ns", "theirs ns", "times", "findings"
    );
    let mut missed = Vec::new();
    for (sets, counts) in [(&routed, true), (&all, false)] {
        for kind in &kinds {
            let mut ours = Vec::new();
            for rules in sets {
                let (own, other, findings) = measure(kind, rules, !counts);
                println!(
                    "{:<20} {:<20} {own:>10.0} {other:>10.0} {:>7.1} {findings:>8}",
                    kind.name,
                    rules.name,
                    other / own
                );
                if counts && other < own * FASTER {
                    missed.push(format!("{} with {}: {:.1} times", kind.name, rules.name, other / own));
                }
                ours.push(own);
            }
            let marginal = ours[1] / ours[0];
            println!("{:<20} 3,000 rules cost {marginal:.2} times 100", kind.name);
            if counts && marginal > MARGINAL {
                missed.push(format!("{}: 3,000 rules cost {marginal:.2} times 100", kind.name));
            }
        }
    }
    ensure!(missed.is_empty(), "goals missed: {}", missed.join("; "));
    Ok(())
}

fn copy(file: &rules::File) -> rules::File {
    rules::File { name: file.name.clone(), text: file.text.clone() }
}

fn both(name: &str, files: &[rules::File], everywhere: bool) -> Result<Rules> {
    let mut set = rules::ours(files)?;
    if everywhere {
        set = rules::unrouted(&set);
    }
    Ok(Rules { name: name.to_owned(), set, engine: theirs::engine(&rules::theirs(files)?)? })
}

/// Nanoseconds per event of both, and our findings.
fn measure(kind: &Kind, rules: &Rules, everywhere: bool) -> (f64, f64, usize) {
    let objects: Vec<Value> =
        kind.events.iter().map(|event| Value::Object(events::object(&rules.set, event))).collect();
    let (mut own, mut other, mut findings) = (f64::MAX, f64::MAX, 0);
    let mut detect = Detect::new(Params { rules: Arc::new(rules.set.clone()), sources: Vec::new() });
    for _ in 0..ROUNDS {
        let began = cpu();
        findings += kind.events.iter().map(|event| detect.observe(event).len()).sum::<usize>();
        own = own.min(since(began));
        detect.drain();
        let logsource = kind.logsource.as_ref().filter(|_| !everywhere);
        let mut found = 0;
        let began = cpu();
        for object in &objects {
            let event = JsonEvent::borrow(object);
            found += match logsource {
                Some(logsource) => rules.engine.evaluate_with_logsource(&event, logsource).len(),
                None => rules.engine.evaluate(&event).len(),
            };
        }
        other = other.min(since(began));
        std::hint::black_box(found);
    }
    let per = |nanos: f64| nanos / kind.events.len() as f64;
    (per(own), per(other), findings)
}

fn cpu() -> Duration {
    let now = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    Duration::new(now.tv_sec.unsigned_abs(), u32::try_from(now.tv_nsec).unwrap_or(0))
}

fn since(began: Duration) -> f64 {
    (cpu() - began).as_nanos() as f64
}

fn kinds() -> Result<Vec<Kind>> {
    let set = events::grammars()?;
    let read = |format: &str, line: &dyn Fn(usize) -> String| -> Result<Vec<Event>> {
        let text: String = (0..EVENTS).map(|n| line(n) + "\n").collect();
        events::read(&set, format, text.as_bytes())
    };
    let mut kinds = vec![
        Kind {
            name: "web",
            logsource: Some(theirs::logsource("webserver", "nginx", "nginx")),
            events: read("nginx", &web)?,
        },
        Kind {
            name: "windows logon",
            logsource: Some(theirs::logsource("", "windows", "security")),
            events: read("windows-security", &logon)?,
        },
        Kind {
            name: "process creation",
            logsource: Some(theirs::logsource("process_creation", "windows", "sysmon")),
            events: read("sysmon", &process)?,
        },
        Kind {
            name: "vpn",
            logsource: Some(theirs::logsource("vpn", "openvpn", "openvpn")),
            events: read("openvpn", &tunnel)?,
        },
    ];
    let development = events::development()?;
    if !development.is_empty() {
        kinds.push(Kind { name: "development events", logsource: None, events: development });
    }
    for kind in &kinds {
        let unread = kind.events.iter().filter(|event| event.reason.is_some()).count();
        ensure!(unread * 4 < kind.events.len(), "{}: {unread} of the events are not understood", kind.name);
    }
    Ok(kinds)
}

fn time(n: usize) -> String {
    format!("2026-11-20T08:{:02}:{:02}", n / 60 % 60, n % 60)
}

fn web(n: usize) -> String {
    let path =
        ["/", "/login", "/static/app.js", "/api/v1/items?id=7", "/search?q=a+word", "/img/logo.png"][n % 6];
    let agent =
        ["Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0", "curl/8.5.0"][n % 7 / 6];
    format!(
        "192.0.2.{} - - [20/Nov/2026:08:{:02}:{:02} +0000] \"GET {path} HTTP/1.1\" {} {} \"https://www.example.com/\" \"{agent}\"",
        n % 250,
        n / 60 % 60,
        n % 60,
        [200, 200, 304, 404][n % 4],
        n * 37 % 9_000
    )
}

fn logon(n: usize) -> String {
    let id = [4624, 4624, 4634, 4625, 4672][n % 5];
    let (user, host, time) = (format!("user{}", n % 500), format!("dc{}.corp.example", n % 3), time(n));
    format!(
        r##"{{"Event":{{"System":{{"Provider":{{"#attributes":{{"Name":"Microsoft-Windows-Security-Auditing"}}}},"EventID":{id},"Keywords":"0x8020000000000000","TimeCreated":{{"#attributes":{{"SystemTime":"{time}.1234567Z"}}}},"EventRecordID":{n},"Channel":"Security","Computer":"{host}"}},"EventData":{{"SubjectUserSid":"S-1-0-0","SubjectUserName":"-","SubjectDomainName":"-","SubjectLogonId":"0x0","TargetUserSid":"S-1-5-21-1-2-3-{n}","TargetUserName":"{user}","TargetDomainName":"CORP","TargetLogonId":"0x{n:x}","LogonType":3,"LogonProcessName":"Kerberos","AuthenticationPackageName":"Kerberos","WorkstationName":"-","IpAddress":"192.0.2.{}","IpPort":"{}","ProcessName":"-"}}}}}}"##,
        n % 250,
        40_000 + n % 20_000
    )
}

fn process(n: usize) -> String {
    let programs = [
        (
            r"C:\\Windows\\System32\\svchost.exe",
            r"C:\\Windows\\System32\\svchost.exe -k netsvcs -p -s Schedule",
        ),
        (r"C:\\Program Files\\Git\\cmd\\git.exe", r"git.exe status --porcelain=v2 -z"),
        (
            r"C:\\Windows\\System32\\conhost.exe",
            r"\\??\\C:\\Windows\\system32\\conhost.exe 0xffffffff -ForceV1",
        ),
        (r"C:\\Windows\\System32\\cmd.exe", r#"C:\\Windows\\system32\\cmd.exe /d /s /c \"npm run build\""#),
        (
            r"C:\\Program Files\\Microsoft Office\\root\\Office16\\WINWORD.EXE",
            r#"\"WINWORD.EXE\" /n \"C:\\Users\\ana\\Documents\\plan.docx\""#,
        ),
    ];
    let (image, line) = programs[n % programs.len()];
    let (parent, time) = (programs[(n / 5) % programs.len()].0, time(n));
    format!(
        r##"{{"Event":{{"System":{{"Provider":{{"#attributes":{{"Name":"Microsoft-Windows-Sysmon"}}}},"EventID":1,"TimeCreated":{{"#attributes":{{"SystemTime":"{time}.5Z"}}}},"Channel":"Microsoft-Windows-Sysmon/Operational","Computer":"ws{}.corp.example"}},"EventData":{{"UtcTime":"{time}.123","ProcessGuid":"{{11111111-0000-0000-0000-{n:012}}}","ProcessId":{n},"Image":"{image}","FileVersion":"10.0.19041.1","Description":"-","Product":"Microsoft Windows Operating System","Company":"Microsoft Corporation","OriginalFileName":"-","CommandLine":"{line}","CurrentDirectory":"C:\\Users\\ana\\","User":"CORP\\user{}","LogonId":"0x3e7","TerminalSessionId":1,"IntegrityLevel":"Medium","Hashes":"SHA256=E3B0C44298FC1C149AFBF4C8996FB92427AE41E4649B934CA495991B7852B855","ParentProcessId":4,"ParentImage":"{parent}","ParentCommandLine":"{parent} -x","ParentUser":"CORP\\user{}"}}}}}}"##,
        n % 90,
        n % 500,
        n % 500
    )
}

fn tunnel(n: usize) -> String {
    let said = [
        "TLS: Initial packet from [AF_INET]198.51.100.7:50123, sid=aaaaaaaa bbbbbbbb",
        "VERIFY OK: depth=0, CN=ana",
        "Peer Connection Initiated with [AF_INET]198.51.100.7:50123",
        "MULTI: Learn: 10.8.0.6 -> ana/198.51.100.7:50123",
        "Connection reset, restarting [0]",
    ][n % 5];
    format!(
        "2026-11-20 08:{:02}:{:02} 198.51.100.{}:{} {said}",
        n / 60 % 60,
        n % 60,
        n % 250,
        40_000 + n % 20_000
    )
}
