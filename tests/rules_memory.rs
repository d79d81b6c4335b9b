//! What rules remember under a flood of forged names, and that it is bounded, fair, and the same after a restart.

use gatewatch::config::rules;
use gatewatch::detect::{Detect, Params, RuleSet};
use gatewatch::limits::{WINDOW_KEYS_MAX, WINDOW_KEYS_SHARE, WINDOW_KEYS_TOTAL_MAX};
use gatewatch::schema::{Class, Event, Finding, Fold, Outcome, StateRow, Timestamp};
use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

const BASE: i64 = 1_772_409_600_000_000;

fn builtin() -> Arc<RuleSet> {
    let (specs, problems) = rules::load(&[], true, &[]);
    assert_eq!(problems, []);
    Arc::new(rules::compile(specs, &[]).0)
}

/// Five failures of an address in ten minutes.
fn small() -> Arc<RuleSet> {
    let yaml = "title: A\nname: a\nlogsource: {category: authentication}\ndetection:\n  s: {outcome: failure}\n  condition: s\n---\n\
         title: B\nid: b\ncorrelation:\n  type: event_count\n  rules: a\n  group-by: src_ip\n  timespan: 10m\n  condition: {gte: 5}\n";
    let (specs, problems) = rules::read(&[("test.yml".into(), yaml.into())], &[]);
    assert_eq!(problems, []);
    Arc::new(rules::compile(specs, &[]).0)
}

fn failed(micros: i64, user: &str, ip: Ipv4Addr) -> Event {
    let at = Timestamp(BASE + micros);
    Event {
        source: "auth".into(),
        format: "sshd".into(),
        generation: 1,
        time: Some(at),
        counted_at: at,
        observed_at: at,
        class: Class::Authentication,
        activity: "logon",
        outcome: Outcome::Failure,
        user: Some(user.into()),
        src_ip: Some(IpAddr::V4(ip)),
        app: Some("sshd".into()),
        count: 1,
        ..Event::default()
    }
}

/// A room, the number of its last event, and the rows that a ledger would hold.
struct World {
    detect: Detect,
    set: Arc<RuleSet>,
    id: u64,
    found: Vec<Finding>,
    stored: BTreeMap<Box<str>, StateRow>,
    folds: Vec<Fold>,
}

impl World {
    fn new(set: Arc<RuleSet>) -> World {
        let detect = Detect::new(Params { rules: set.clone(), sources: Vec::new() });
        World { detect, set, id: 0, found: Vec::new(), stored: BTreeMap::new(), folds: Vec::new() }
    }
    fn see(&mut self, event: Event) -> usize {
        self.id += 1;
        let found = self.detect.observe(&Event { id: self.id, ..event });
        self.found.extend(found.iter().cloned());
        if self.id.is_multiple_of(4_096) {
            self.commit();
        }
        found.len()
    }
    fn commit(&mut self) {
        let (rows, folds) = self.detect.drain();
        self.folds.extend(folds);
        for row in rows {
            match row.body {
                Some(_) => drop(self.stored.insert(row.key.clone(), row)),
                None => drop(self.stored.remove(&row.key)),
            }
        }
    }
    fn restart(&mut self) {
        self.commit();
        self.detect = Detect::new(Params { rules: self.set.clone(), sources: Vec::new() });
        self.detect.restore(&self.stored.values().cloned().collect::<Vec<_>>());
    }
    /// Each event has a name and an address that nobody has.
    fn flood(&mut self, from_micros: i64, step: i64, first: u32, count: u32) {
        for n in first..first + count {
            let micros = from_micros + i64::from(n - first) * step;
            self.see(failed(micros, &format!("forged{n}"), Ipv4Addr::from_bits(0x0a00_0000 + n)));
        }
    }
    fn told(&self, rule: &str, entity: &str) -> usize {
        self.found.iter().filter(|f| &*f.rule == rule && f.entity() == entity).count()
    }
}

fn rss_mib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    line.and_then(|rest| rest.split_whitespace().next()?.parse::<u64>().ok()).unwrap_or(0) / 1_024
}

const SECOND: i64 = 1_000_000;
const REAL: Ipv4Addr = Ipv4Addr::new(203, 0, 113, 9);
const OLD: Ipv4Addr = Ipv4Addr::new(203, 0, 113, 7);

/// A flood over a known attacker, and slow attacks during and after it.
fn flooded(set: Arc<RuleSet>, rule: &str, forged: u32) -> World {
    let mut world = World::new(set);
    for n in 0..4 {
        world.see(failed(n * SECOND, "root", OLD));
    }
    world.flood(10 * SECOND, 100, 0, forged);
    // A real attack begins, a try every eighty seconds, and the flood goes on.
    let (begin, mut next) = (10 * SECOND + i64::from(forged) * 100, forged);
    for n in 0..6 {
        world.see(failed(begin + n * 80 * SECOND, "ana", REAL));
        // All places are taken anew between the first try and the second.
        let count = if n == 0 { WINDOW_KEYS_MAX as u32 + 5_000 } else { 5_000 };
        world.flood(begin + n * 80 * SECOND + 1, 100, next, count);
        next += count;
    }
    assert_eq!(world.told(rule, "src_ip=203.0.113.9"), 1, "a slow attack during the flood");
    world.see(failed(begin + 450 * SECOND, "root", OLD));
    world
}

#[test]
fn a_flood_hides_no_attack_and_takes_nothing_from_a_known_entity() {
    let mut world = flooded(small(), "b", WINDOW_KEYS_MAX as u32 + 20_000);
    assert_eq!(world.told("b", "src_ip=203.0.113.7"), 1, "the fifth try of one that was known before");
    assert_eq!(world.told("state-overflow", "rule=b"), 1);
    assert!(world.detect.entries() <= WINDOW_KEYS_MAX);
    world.commit();
    let overflow = world.found.iter().find(|f| &*f.rule == "state-overflow").map(|f| f.id.clone());
    let fold = world.folds.iter().rfind(|fold| Some(&fold.finding) == overflow.as_ref());
    assert!(fold.is_some_and(|fold| fold.folded > 20_000), "what gave way is counted");
    // All of it is forgotten when its time is over.
    world.see(failed(4_000 * SECOND, "ben", Ipv4Addr::new(192, 0, 2, 1)));
    assert_eq!(world.detect.entries(), 1);
    world.commit();
    assert!(world.stored.len() < 5, "{:?}", world.stored.keys().collect::<Vec<_>>());
}

#[test]
fn names_that_are_forged_twice_leave_room_for_newcomers() {
    let mut world = World::new(small());
    let count = WINDOW_KEYS_MAX as u32 / 4 * 3 + 90_000;
    for n in 0..count {
        for again in 0..2 {
            let ip = Ipv4Addr::from_bits(0x0a00_0000 + n);
            world.see(failed(i64::from(n) * 100 + again, "root", ip));
        }
    }
    let begin = i64::from(count) * 100;
    for n in 0..5 {
        world.see(failed(begin + n * 100 * SECOND, "ana", REAL));
    }
    assert_eq!(world.told("b", "src_ip=203.0.113.9"), 1);
}

#[test]
fn a_restart_in_the_middle_of_a_flood_changes_nothing() {
    let (mut whole, mut parts) = (World::new(small()), World::new(small()));
    let mut next = 0;
    for round in 0..9 {
        let count = WINDOW_KEYS_MAX as u32 / 5;
        for world in [&mut whole, &mut parts] {
            world.see(failed(round * 60 * SECOND, "ana", REAL));
            world.flood(round * 60 * SECOND + 1, 100, next, count);
            world.commit();
        }
        next += count;
        parts.restart();
    }
    assert_eq!(whole.found, parts.found);
    assert_eq!(whole.told("b", "src_ip=203.0.113.9"), 1);
    assert_eq!(whole.told("state-overflow", "rule=b"), 1);
    assert!(whole.stored == parts.stored, "the same bytes");
}

/// Twenty failures of a user in a day, and failures of four users from an address in an hour.
fn long() -> Arc<RuleSet> {
    let count = |id: &str, kind: &str, by: &str, span: &str, condition: &str| {
        format!(
            "---\ntitle: {id}\nid: {id}\ncorrelation:\n  type: {kind}\n  rules: a\n  group-by: {by}\n  timespan: {span}\n  condition: {{{condition}}}\n"
        )
    };
    let yaml = "title: A\nname: a\nlogsource: {category: authentication}\ndetection:\n  s: {outcome: failure}\n  condition: s\n"
        .to_owned()
        + &count("slow", "event_count", "user", "24h", "gte: 20")
        + &count("shared", "value_count", "src_ip", "1h", "field: user, gte: 4");
    let (specs, problems) = rules::read(&[("test.yml".into(), yaml.into())], &[]);
    assert_eq!(problems, []);
    Arc::new(rules::compile(specs, &[]).0)
}

/// When each group's episodes begin, by the definition: the first moment at which the window of `span` microseconds that ends
/// there holds enough, and none did so for as long.
fn by_definition(
    events: &[Event],
    span: i64,
    key: impl Fn(&Event) -> String,
    enough: impl Fn(&[&Event]) -> bool,
) -> Vec<(String, i64)> {
    let mut groups: BTreeMap<String, Vec<&Event>> = BTreeMap::new();
    events.iter().for_each(|event| groups.entry(key(event)).or_default().push(event));
    let mut begun = Vec::new();
    for (name, events) in groups {
        let (mut from, mut last) = (0, i64::MIN / 2);
        for (at, event) in events.iter().enumerate() {
            let now = event.counted_at.0;
            while events[from].counted_at.0 < now - span {
                from += 1;
            }
            if !enough(&events[from..=at]) {
                continue;
            }
            if now - last > span {
                begun.push((name.clone(), now));
            }
            last = now;
        }
    }
    begun
}

/// Three days of 20 busy users, of some who fail now and then, and of addresses that are shared in bursts.
fn three_days() -> Vec<Event> {
    (0..200_000i64)
        .map(|n| {
            let at = n * 1_300_000;
            let (user, host) = match n % 3_301 {
                // Twenty in a day, just so.
                r @ 0..8 => (format!("seldom{r}"), 200 + r as u32),
                r => (format!("busy{}", r % 20), (r % 20) as u32),
            };
            // Now and then, for some minutes, an address is used by others too.
            let host = if n / 3_000 % 7 == 3 && host < 20 { host / 5 } else { host };
            failed(at, &user, Ipv4Addr::from_bits(0x0a00_0000 + host))
        })
        .collect()
}

#[test]
fn a_long_window_that_was_condensed_tells_what_it_would_have_told() {
    let events = three_days();
    let (mut whole, mut parts) = (World::new(long()), World::new(long()));
    for (n, event) in events.iter().enumerate() {
        whole.see(event.clone());
        parts.see(event.clone());
        if n % 23_456 == 1_000 {
            whole.commit();
            parts.restart();
        }
    }
    whole.commit();
    parts.commit();
    assert_eq!(whole.found, parts.found);
    assert!(whole.stored == parts.stored, "the same bytes");
    let bytes: usize = whole.stored.values().filter_map(|row| row.body.as_ref()).map(|body| body.len()).sum();
    assert!(bytes < 2_000_000, "{bytes} bytes for {} events", events.len());

    let told = |rule: &str| {
        let found = whole.found.iter().filter(|f| &*f.rule == rule);
        let mut told: Vec<_> = found.map(|f| (f.entity(), f.last_event_at.0)).collect();
        told.sort();
        told
    };
    let day = 86_400 * SECOND;
    let user = |e: &Event| format!("user={}", e.user.as_deref().unwrap_or_default());
    let slow = by_definition(&events, day, user, |window| window.len() >= 20);
    assert!(slow.iter().any(|(name, _)| name.contains("seldom")), "{slow:?}");
    assert_eq!(told("slow"), slow);
    let users = |window: &[&Event]| {
        window.iter().map(|e| e.user.clone()).collect::<std::collections::BTreeSet<_>>().len()
    };
    let address = |e: &Event| format!("src_ip={}", e.src_ip.unwrap());
    let shared = by_definition(&events, 3_600 * SECOND, address, |window| users(window) >= 4);
    assert!(shared.len() > 4, "{shared:?}");
    assert_eq!(told("shared"), shared);
}

/// The whole form: a million of each, with every shipped rule. `cargo test --release --test rules_memory -- --ignored --nocapture`
#[test]
#[ignore = "a million forged names"]
fn a_million_forged_names_stay_within_the_memory_that_is_promised() {
    let before = rss_mib();
    let world = flooded(builtin(), "auth-brute-force-source", 1_000_000);
    let grown = rss_mib() - before;
    println!("{} groups, {} rows, {grown} MiB more", world.detect.entries(), world.stored.len());
    assert!(world.detect.entries() <= WINDOW_KEYS_TOTAL_MAX + WINDOW_KEYS_SHARE);
    assert!(grown < 200, "{grown} MiB");
}

/// Ordinary load: a thousand events a second, a tenth of them failures of a thousand addresses.
#[test]
#[ignore = "ten million events"]
fn memory_is_flat_from_a_hundred_thousand_to_ten_million_events() {
    let mut world = World::new(builtin());
    let before = rss_mib();
    let mut seen = Vec::new();
    for n in 0..10_000_000u32 {
        let ip = Ipv4Addr::from_bits(0x0a00_0000 + n % 10_000 * 7_919 % 10_000);
        let mut event = failed(i64::from(n) * 1_000, &format!("person{}", n % 500), ip);
        if n % 10 != 0 {
            event.outcome = Outcome::Success;
        }
        world.see(event);
        if [100_000, 1_000_000, 3_000_000, 9_999_999].contains(&n) {
            seen.push((n, rss_mib() - before, world.detect.entries()));
            println!("{:?} (events, MiB more, groups)", seen.last());
        }
    }
    assert!(seen[3].1 <= seen[1].1 + 8, "{seen:?}");
}
