//! The portal behind nginx: sessions that expire in the middle of work, refused pages, a client that asks on with an
//! old token, probes that look whether the site is up, and strangers who try addresses that do not exist.

use super::day::{DAY, Day, HOUR, Log, MINUTE, apache};
use super::town::{Person, Town};

const LOGIN: &str = "POST /login HTTP/1.1";

fn request(day: &mut Day, at: i64, from: &str, request: &str, status: u16, agent: &str) {
    let bytes = day.between(120, 9_000);
    let line = format!(r#"{from} - - [{}] "{request}" {status} {bytes} "-" "{agent}""#, apache(at));
    day.put(at, Log::Web, line);
}

pub fn write(day: &mut Day, town: &Town) {
    for person in town.people.iter().filter(|person| person.number % 5 < 3) {
        visit(day, person);
    }
    probes(day);
    old_token(day);
    strangers(day);
}

fn visit(day: &mut Day, person: &Person) {
    let (from, agent) = (person.public(), person.agent());
    let mut at = person.begins + day.between(5 * MINUTE, HOUR);
    let slips = if day.chance(500) { 0 } else { person.slips(&mut day.rng) };
    for _ in 0..slips {
        request(day, at, &from, LOGIN, 401, agent);
        at += day.between(8_000, 40_000);
    }
    request(day, at, &from, LOGIN, 302, agent);
    // Work, and two or three times a day the session is over: the page's own requests are refused all at once.
    for _ in 0..2 + day.rng.below(2) {
        for _ in 0..6 {
            at += day.between(5_000, 12 * MINUTE);
            let page =
                ["GET /orders", "GET /api/v1/orders?page=2", "POST /api/v1/notes", "GET /assets/app.js"]
                    [day.rng.below(4) as usize];
            request(day, at, &from, &format!("{page} HTTP/1.1"), 200, agent);
        }
        at += day.between(30 * MINUTE, 80 * MINUTE);
        for api in ["me", "orders", "messages", "news"] {
            request(day, at, &from, &format!("GET /api/v1/{api} HTTP/1.1"), 401, agent);
        }
        request(day, at + 14_000, &from, LOGIN, 302, agent);
        at += 15_000;
    }
    // A link to somebody else's folder.
    if day.chance(80) {
        for n in 0..1 + day.rng.below(3) {
            request(day, at + n as i64 * 5_000, &from, "GET /reports/board HTTP/1.1", 403, agent);
        }
    }
}

fn probes(day: &mut Day) {
    let mut at = 0;
    while at < DAY {
        request(day, at, "10.9.0.5", "GET /health HTTP/1.1", 200, "probe/2.1");
        at += 2 * MINUTE;
    }
}

/// A report on a wall screen whose token ran out in the night: it asks every thirty seconds, until somebody is in.
fn old_token(day: &mut Day) {
    let mut at = 2 * HOUR + day.between(0, HOUR);
    let mended = 10 * HOUR + day.between(0, 2 * HOUR);
    while at < DAY {
        let status = if at < mended { 401 } else { 200 };
        request(day, at, "192.0.2.20", "GET /api/v1/board/today HTTP/1.1", status, "wallboard/1.4");
        at += 30_000;
    }
}

/// Every site in the internet sees these.
fn strangers(day: &mut Day) {
    for n in 0..40 {
        let from = format!("203.0.113.{}", 1 + n % 90);
        let mut at = day.between(0, DAY - HOUR);
        for path in ["/.env", "/wp-login.php", "/.git/config", "/phpmyadmin/", "/admin"] {
            request(day, at, &from, &format!("GET {path} HTTP/1.1"), 404, "Mozilla/5.0 zgrab/0.x");
            at += 700;
        }
    }
}
