//! What can happen, and how often.

use super::lines::{Kind, any};
use super::monitor::names;
use super::relay::Mode;
use super::vault::{Crash, Fault, Vault};
use super::world::World;
use gatewatch::schema::{Act, Actor, Channel, IncidentStatus, Silence, Span, Verb};
use std::sync::Arc;

/// Weights of the sorts of actions; a seed has a taste.
#[derive(Clone, Copy)]
pub struct Style {
    disk: u64,
    mail: u64,
    time: u64,
    crash: u64,
    people: u64,
}

impl Style {
    pub fn of(seed: u64) -> Style {
        let even = Style { disk: 10, mail: 3, time: 4, crash: 4, people: 8 };
        match seed % 6 {
            0 => Style { disk: 30, ..even },
            1 => Style { mail: 12, people: 12, ..even },
            2 => Style { time: 14, ..even },
            3 => Style { crash: 14, ..even },
            4 => Style { people: 24, mail: 6, ..even },
            _ => even,
        }
    }
}

/// One action, and what the daemon makes of it.
pub fn act(world: &mut World, style: Style) {
    if !world.is_up() && world.rng.percent(60) {
        world.say("start".into());
        world.start();
    }
    let writing = 22;
    let waiting = 24;
    let weights = [writing, waiting, style.disk, style.mail, style.time, style.crash, style.people];
    let mut at = world.rng.below(weights.iter().sum());
    let group = weights.iter().position(|weight| {
        let here = at < *weight;
        at = at.saturating_sub(*weight);
        here
    });
    let mut acts = Vec::new();
    match group {
        Some(0) => write(world),
        Some(1) => wait(world),
        Some(2) => disturb_files(world),
        Some(3) => disturb_mail(world),
        Some(4) => disturb_time(world),
        Some(5) => disturb_process(world),
        _ => acts.extend(operate(world)),
    }
    if acts.is_empty() && world.rng.percent(25) {
        return;
    }
    let pause = Span::millis(world.rng.between(1, 900));
    world.clock.advance(pause);
    world.turn(&acts);
}

fn write(world: &mut World) {
    let n = world.rng.below(2) as usize;
    let (disk, clock, rng) = (&mut world.disk, &world.clock, &mut world.rng);
    let text = match rng.below(20) {
        0..=3 => format!("attack from {} in file {n}", disk.attack(n, clock, rng)),
        4 => {
            disk.half(n, clock, rng);
            format!("half a line in file {n}")
        }
        5 => {
            disk.append(n, &[Kind::Long], clock, rng);
            format!("a long line in file {n}")
        }
        _ => {
            let count = if rng.percent(5) { 400 } else { rng.below(12) + 1 };
            let kinds: Vec<Kind> = (0..count).map(|_| any(rng)).collect();
            disk.append(n, &kinds, clock, rng);
            format!("{count} lines in file {n}")
        }
    };
    world.say(text);
}

/// Time passes, with looks in between.
fn wait(world: &mut World) {
    let long = world.rng.percent(40);
    let slices = if long { world.rng.below(6) + 3 } else { world.rng.below(3) + 1 };
    for _ in 0..slices {
        let slice = if long { world.rng.between(10_000, 80_000) } else { world.rng.between(100, 4_000) };
        world.clock.advance(Span::millis(slice));
        world.say(format!("{slice} ms pass"));
        world.turn(&[]);
    }
}

fn disturb_files(world: &mut World) {
    let n = world.rng.below(2) as usize;
    let k = world.rng.below(3) as usize + 1;
    let vault = world.vault.clone();
    let stored = &vault.borrow().shadow.serials;
    let (disk, clock, rng) = (&mut world.disk, &world.clock, &mut world.rng);
    let what = match rng.below(20) {
        0..=6 => {
            disk.rotate(n);
            "rotate"
        }
        7..=9 => {
            disk.copytruncate(n, stored);
            "copy and truncate"
        }
        10 => {
            disk.truncate(n, stored);
            "truncate"
        }
        11 => {
            disk.delete(n);
            "delete"
        }
        12 => {
            disk.rewrite(n, clock, rng, stored);
            "rewrite"
        }
        13..=15 => {
            disk.pack(n, k, false);
            "pack"
        }
        16 => {
            disk.pack(n, k, true);
            "pack half of"
        }
        _ => {
            disk.finish_packing();
            "finish packing"
        }
    };
    world.say(format!("{what} file {n}, sibling {k}"));
}

fn disturb_mail(world: &mut World) {
    let modes =
        [Mode::Healthy, Mode::Flaky, Mode::Flaky, Mode::Flaky, Mode::Down, Mode::Greylisting, Mode::Login];
    let mode = world.rng.pick(&modes).copied().unwrap_or(Mode::Healthy);
    world.relay.borrow_mut().mode = mode;
    world.say(format!("relays are {mode:?}"));
}

fn disturb_time(world: &mut World) {
    let minutes = world.rng.between(1, 60);
    match world.rng.below(10) {
        0..=1 => {
            let by = world.rng.between(2, 3_700);
            world.clock.step(Span::seconds(by));
            world.say(format!("utc is set {by} s forward"));
        }
        2..=3 => {
            let by = world.rng.between(2, 3_700);
            world.clock.step(Span::seconds(-by));
            world.say(format!("utc is set {by} s back"));
        }
        4 => {
            world.clock.advance(Span::minutes(minutes * 2));
            world.say(format!("suspended for {} min", minutes * 2));
        }
        5 => {
            world.clock.pause(Span::minutes(minutes));
            world.say(format!("paused for {minutes} min"));
        }
        6..=8 => {
            world.die();
            world.clock.reboot(Span::seconds(minutes * 10));
            world.say(format!("rebooted, off for {} s", minutes * 10));
            world.start();
        }
        _ => {
            world.stop();
            world.clock.advance(Span::minutes(minutes));
            world.say(format!("stopped for {minutes} min"));
        }
    }
}

fn disturb_process(world: &mut World) {
    let n = world.rng.below(3) as u32;
    let faults = world.rng.below(5) as usize + 1;
    let text = match world.rng.below(10) {
        0..=1 => arm(world, Crash::BeforeCommit),
        2..=3 => arm(world, Crash::AfterCommit),
        4..=5 => arm(world, Crash::AfterSends(n)),
        6 => {
            world.die();
            "killed between turns".to_owned()
        }
        7 => {
            world.stop();
            world.start();
            "restarted".to_owned()
        }
        8 => {
            world.vault.borrow_mut().faults.push_back(Fault::After);
            "one answer of the store will be lost".to_owned()
        }
        _ => {
            world.vault.borrow_mut().faults.extend(std::iter::repeat_n(Fault::Before, faults));
            format!("{faults} commits will fail")
        }
    };
    world.say(text);
}

fn arm(world: &mut World, crash: Crash) -> String {
    world.vault.borrow_mut().crash = Some(crash);
    format!("will be killed: {crash:?}")
}

/// What persons do: in time, late, twice, or without the right to.
fn operate(world: &mut World) -> Option<Act> {
    let vault = world.vault.borrow();
    let wanted = match world.rng.below(4) {
        0..=1 => &[IncidentStatus::Open][..],
        2 => &[IncidentStatus::Acknowledged][..],
        _ => &[IncidentStatus::Open, IncidentStatus::Acknowledged, IncidentStatus::Resolved][..],
    };
    let mut incidents = vault.shadow.incidents.values().collect::<Vec<_>>();
    incidents.sort_by_key(|incident| incident.number);
    incidents.retain(|incident| wanted.contains(&incident.status));
    let incident = *world.rng.pick(&incidents)?;
    let person = world.rng.pick(&["ana", "ben"]).copied().unwrap_or("ana");
    let verb = match world.rng.below(20) {
        0..=5 => Verb::Acknowledge,
        6..=7 => Verb::Resolve { false_positive: world.rng.percent(30) },
        8..=9 => Verb::Reopen,
        10..=11 => Verb::Escalate,
        12 => Verb::Note,
        13 => Verb::Assign("ben".into()),
        14 => Verb::MailTest("ops@work.example".into()),
        15..=16 => {
            let span = Span::minutes(world.rng.between(1, 90));
            Verb::Silence(silence(person, &incident.entity), span)
        }
        17 => Verb::EndSilence(format!("S{}", world.rng.below(4) + 1).into()),
        _ => Verb::Acknowledge,
    };
    let known = !world.rng.percent(20);
    let actor =
        Actor { name: if known { person.into() } else { "uid:6666".into() }, known, channel: Channel::Cli };
    let act = Act { actor, verb, incident: Some(incident.id.clone()), note: Some("seen \u{1b}[2J".into()) };
    drop(vault);
    world.say(format!("{} does {:?} with an incident", act.actor.name, act.verb));
    Some(act)
}

fn silence(owner: &str, entity: &Arc<str>) -> Silence {
    Silence {
        id: "".into(),
        owner: owner.into(),
        reason: "a test of the gate".into(),
        entity: Some(entity.split(',').next().unwrap_or(entity).into()),
        ..Silence::default()
    }
}

/// The end of all faults.
pub fn calm_down(world: &mut World) {
    world.disk.finish_packing();
    world.relay.borrow_mut().mode = Mode::Healthy;
    {
        let mut vault = world.vault.borrow_mut();
        vault.faults.clear();
        vault.crash = None;
    }
    if !world.is_up() {
        world.start();
    }
    world.monitor.check(world.is_up(), names::STORE, || "no start in peace".into());
    world.say("peace".into());
}

/// Acts that end every incident.
pub fn resolve_everything(vault: &Vault) -> Vec<Act> {
    let actor = Actor { name: "ana".into(), known: true, channel: Channel::Cli };
    let live = vault.shadow.incidents.values().filter(|i| {
        matches!(i.status, IncidentStatus::New | IncidentStatus::Open | IncidentStatus::Acknowledged)
    });
    live.map(|i| Act {
        actor: actor.clone(),
        verb: Verb::Resolve { false_positive: false },
        incident: Some(i.id.clone()),
        note: None,
    })
    .collect()
}
