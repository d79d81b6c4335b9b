//! What people ask through the control socket: a look is answered at once, an act after its commit.

use super::ServiceError;
use super::parts::Running;
use super::status::Troubles;
use crate::config::file::Config;
use crate::daemon::Turn;
use crate::desk::{self, Answer, Ask, Desk, Request};
use crate::host::account;
use crate::schema::{Act, Reading};
use serde_json::json;
use std::collections::VecDeque;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Where accounts have their names.
const PASSWD: &str = "/etc/passwd";

/// The desk with the requests whose acts are not committed yet.
pub struct Requests {
    desk: Desk,
    /// (Unix account, person id).
    people: Vec<(String, Arc<str>)>,
    waiting: VecDeque<Request>,
    /// Requests for a reload that is not done yet.
    reloads: Vec<Request>,
}

impl Requests {
    /// Over an open desk.
    pub fn new(desk: Desk, config: &Config) -> Requests {
        let mut requests =
            Requests { desk, people: Vec::new(), waiting: VecDeque::new(), reloads: Vec::new() };
        requests.learn(config);
        requests
    }

    /// The people of a configuration.
    pub fn learn(&mut self, config: &Config) {
        let person = |p: &crate::config::file::Person| Some((p.account.clone()?, Arc::from(p.id.as_str())));
        self.people = config.persons.iter().filter_map(person).collect();
    }

    /// Answers looks, and returns the acts for the next turn. While the store takes nothing, acts wait.
    pub fn take(
        &mut self,
        daemon: &Running,
        troubles: &mut Troubles,
        config: &Config,
        now: &Reading,
        reload: &AtomicBool,
    ) -> Vec<Act> {
        let mut acts = Vec::new();
        for request in self.desk.requests() {
            match request.body.clone() {
                Ask::Ping => request.answer(Answer::done("here")),
                Ask::Status => request.answer(Answer::data(troubles.status(daemon, config, now))),
                Ask::Reload => {
                    reload.store(true, Ordering::SeqCst);
                    self.reloads.push(request);
                }
                Ask::Act(_) if daemon.is_stalled() => {
                    request.answer(Answer::refused(
                        "the store does not take changes at the moment (see `gatewatch status`); try again",
                    ));
                }
                Ask::Act(deed) => {
                    let actor = desk::actor(request.uid, |uid| self.person(uid));
                    match desk::act(*deed, actor) {
                        Ok(act) => {
                            acts.push(act);
                            self.waiting.push_back(request);
                        }
                        Err(why) => request.answer(Answer::refused(why)),
                    }
                }
            }
        }
        acts
    }

    /// Hands out the answers of a committed turn, in the order of its acts.
    pub fn answer(&mut self, turn: &Turn) {
        for answer in &turn.answers {
            let Some(request) = self.waiting.pop_front() else { return };
            request.answer(match answer {
                Ok(text) => Answer::done(text.clone()),
                Err(why) => Answer::refused(why.clone()),
            });
        }
    }

    /// Tells whoever asked for a reload what came of it.
    pub fn answer_reload(&mut self, result: &Result<String, ServiceError>) {
        for request in self.reloads.drain(..) {
            request.answer(match result {
                Ok(said) => Answer::done(format!("reloaded: {said}")),
                Err(ServiceError::Config(problems)) => {
                    let text: Vec<String> = problems.iter().map(ToString::to_string).collect();
                    Answer { data: Some(json!({"what": "config"})), ..Answer::refused(text.join("\n")) }
                }
                Err(error) => Answer::refused(error.to_string()),
            });
        }
    }

    /// The person whose account a user id is.
    fn person(&self, uid: u32) -> Option<Arc<str>> {
        let name = account::name(Path::new(PASSWD), uid).ok().flatten();
        let owned = |(account, _): &&(String, Arc<str>)| account::owns(account, uid, name.as_deref());
        self.people.iter().find(owned).map(|(_, person)| person.clone())
    }
}
