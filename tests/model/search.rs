//! Breadth-first over every state that can be reached, on as many threads as there are cores.

use super::key;
use super::mutants::Kind;
use super::scope::Scope;
use super::truth;
use super::world::{Action, Rooms, State};
use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

/// What an exploration came to.
pub struct Outcome {
    pub states: usize,
    pub steps: usize,
    pub seconds: f64,
    pub violation: Option<Violation>,
}

/// A broken invariant with the shortest way to it.
pub struct Violation {
    pub invariant: &'static str,
    pub detail: String,
    pub story: Vec<String>,
}

/// How a state was first reached: the state before, and the action.
type Parents = BTreeMap<u128, Option<(u128, Action)>>;

struct Found {
    key: u128,
    parent: u128,
    action: Action,
    state: State,
}

#[expect(clippy::disallowed_methods, reason = "how long it takes, for who reads")]
/// Explores a scope; ends at the first layer with a broken invariant.
pub fn explore(scope: &Scope, mutant: Option<Kind>) -> Outcome {
    let began = Instant::now();
    let rooms = Rooms::new(scope, mutant);
    let first = State::new(scope);
    let mut parents = Parents::from([(key::of(&first), None)]);
    let mut frontier = vec![(key::of(&first), first)];
    let mut steps = 0;
    let mut broken: Option<(u128, Action, truth::Broken)> = None;
    while !frontier.is_empty() && broken.is_none() {
        let (found, taken, bad) = layer(&rooms, &frontier);
        steps += taken;
        broken = bad;
        frontier = Vec::new();
        for Found { key, parent, action, state } in found {
            parents.entry(key).or_insert_with(|| {
                frontier.push((key, state));
                Some((parent, action))
            });
        }
    }
    let violation = broken.map(|(key, action, broken)| Violation {
        invariant: broken.invariant,
        detail: broken.detail,
        story: story(&parents, key, action),
    });
    Outcome { states: parents.len(), steps, seconds: began.elapsed().as_secs_f64(), violation }
}

/// Every step from every state of a layer.
fn layer(
    rooms: &Rooms,
    frontier: &[(u128, State)],
) -> (Vec<Found>, usize, Option<(u128, Action, truth::Broken)>) {
    let threads = std::thread::available_parallelism().map_or(1, usize::from).min(8);
    let (next, taken) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let (all, bad) = (Mutex::new(Vec::new()), Mutex::new(None));
    let work = || {
        let mut found = BTreeMap::new();
        loop {
            let at = next.fetch_add(1, Ordering::Relaxed);
            let Some((parent, state)) = frontier.get(at) else { break };
            for action in state.actions() {
                taken.fetch_add(1, Ordering::Relaxed);
                match state.step(rooms, action) {
                    Ok(state) => {
                        let key = key::of(&state);
                        found.entry(key).or_insert(Found { key, parent: *parent, action, state });
                    }
                    Err(broken) => {
                        let mut bad = bad.lock().expect("no worker panicked");
                        bad.get_or_insert((*parent, action, broken));
                        return;
                    }
                }
            }
        }
        all.lock().expect("no worker panicked").extend(found.into_values());
    };
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(work);
        }
    });
    let mut found: Vec<Found> = all.into_inner().expect("no worker panicked");
    found.sort_by_key(|found| (found.key, found.parent));
    (found, taken.into_inner(), bad.into_inner().expect("no worker panicked"))
}

fn story(parents: &Parents, mut key: u128, last: Action) -> Vec<String> {
    let mut story = vec![format!("{last:?}")];
    while let Some(Some((parent, action))) = parents.get(&key) {
        story.push(format!("{action:?}"));
        key = *parent;
    }
    story.reverse();
    story
}
