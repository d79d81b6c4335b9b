//! The pieces of a running service, each made from the configuration and the store.

use super::couriers::Couriers;
use super::wake::Bell;
use super::writer::Writer;
use super::{Options, ServiceError};
use crate::config::file::{Config, Encoding, RelayConfig, Tls};
use crate::config::params::{Request, Setup, pipeline_params, setup};
use crate::config::replies;
use crate::config::selfmail::self_mails;
use crate::courier::{self, Deadlines, Post, Relay, Secret};
use crate::daemon::Daemon;
use crate::host::clock::SystemClock;
use crate::host::key::key;
use crate::ledger::{Loaded, Store};
use crate::pipeline::{Memory, Pipeline};
use crate::ports::Clock;
use crate::schema::book::{Book, Rows};
use crate::schema::{Reading, TagKey};
use crate::tail::{self, Tail};
use std::path::Path;
use std::sync::Arc;

/// The driver over the real ports.
pub type Running = Daemon<Tail, Writer, Couriers>;

/// The Maildir's folder in the state directory.
const MAILDIR: &str = "mail";
/// The folder of keys in the state directory.
const KEYS: &str = "keys";
/// The key of reply tokens and bounce tags.
const TAG_KEY: &str = "mail-tag.key";

/// Configuration, grammars and rules of the options.
///
/// # Errors
/// [`ServiceError::Config`] with every problem.
pub fn read(options: &Options, now: &Reading) -> Result<Setup, ServiceError> {
    let request = Request {
        file: options.config.clone(),
        state: options.state.clone(),
        starting: true,
        ..Request::default()
    };
    setup(&request, now.utc).map_err(ServiceError::Config)
}

/// The driver over a store: every room restored, the tail at the committed positions.
///
/// # Errors
/// [`ServiceError::Ledger`] when the store cannot be read.
pub fn daemon(setup: &Setup, mut store: Store, couriers: Couriers) -> Result<Running, ServiceError> {
    let loaded = store.load()?;
    let (pipeline, tail) = rooms(setup, loaded, tag_key(&setup.config)?);
    let writer = Writer::start(store).map_err(|error| ServiceError::Host(error.to_string()))?;
    Ok(Daemon::new(tail, writer, couriers, pipeline))
}

/// Pipeline and tail as the store left them.
pub fn rooms(setup: &Setup, loaded: Loaded, key: Option<TagKey>) -> (Pipeline, Tail) {
    let mut params = pipeline_params(setup);
    params.escalate.replies = key.map(|key| replies::judging(&setup.config, key));
    params.escalate.self_mails = self_mails(&setup.config);
    let mut pipeline = Pipeline::new(params);
    let mut book = Book::load(Rows {
        incidents: loaded.incidents,
        clocks: loaded.clocks,
        notifications: loaded.notifications,
        silences: loaded.silences,
        last_incident_number: loaded.next_incident_number.saturating_sub(1),
        last_notification: loaded.next_notification.saturating_sub(1),
        last_silence: loaded.next_silence.saturating_sub(1),
    });
    book.remember_self_mails(loaded.self_mails);
    pipeline.restore(Memory { states: loaded.states, book, next_event: loaded.next_event });
    let mut tail = Tail::new(tail_params(&setup.config), loaded.generations, loaded.next_generation);
    for source in &setup.config.sources {
        tail.set_encoding(&source.name, encoding(source.encoding));
    }
    (pipeline, tail)
}

/// The key of what comes back by mail, made when it is first needed; none where nobody reads that.
///
/// # Errors
/// [`ServiceError::Host`] when it cannot be had, or is open to others.
pub fn tag_key(config: &Config) -> Result<Option<TagKey>, ServiceError> {
    if config.mail.reply_maildir.is_none() {
        return Ok(None);
    }
    let bytes = key(&config.store.directory.join(KEYS), TAG_KEY)
        .map_err(|error| ServiceError::Host(error.to_string()))?;
    Ok(Some(TagKey::new(bytes)))
}

/// What the configuration's word means to Tail.
pub fn encoding(encoding: Encoding) -> tail::Encoding {
    match encoding {
        Encoding::Utf8 => tail::Encoding::Bytes,
        Encoding::Latin1 => tail::Encoding::Latin1,
        Encoding::Utf16Le => tail::Encoding::Utf16Le,
        Encoding::Utf16Be => tail::Encoding::Utf16Be,
    }
}

/// What Tail follows. The state directory is never read as a log: it would feed on itself.
pub fn tail_params(config: &Config) -> tail::Params {
    let source = |source: &crate::config::file::Source| tail::SourceParams {
        name: Arc::from(source.name.as_str()),
        globs: source.paths.clone(),
    };
    tail::Params {
        sources: config.sources.iter().map(source).collect(),
        never: vec![config.store.directory.clone()],
    }
}

/// The courier of a configuration; none in a dry run.
///
/// # Errors
/// [`ServiceError::Host`] when it cannot start.
pub fn post(config: &Config, options: &Options, bell: &Bell) -> Result<Option<Post>, ServiceError> {
    if options.dry_run {
        return Ok(None);
    }
    let clock = SystemClock::new().map_err(|error| ServiceError::Host(error.to_string()))?;
    let bell = bell.clone();
    let params = courier_params(config);
    Post::start(params, Arc::new(move || clock.now()), move || bell.ring())
        .map(Some)
        .map_err(|error| ServiceError::Host(error.to_string()))
}

/// The couriers of a configuration.
///
/// # Errors
/// As [`post`].
pub fn couriers(config: &Config, options: &Options, bell: &Bell) -> Result<Couriers, ServiceError> {
    let clock = SystemClock::new().map_err(|error| ServiceError::Host(error.to_string()))?;
    Ok(Couriers::new(post(config, options, bell)?, move || clock.now().utc))
}

fn courier_params(config: &Config) -> courier::Params {
    let from = config.mail.from.clone();
    if config.mail.relays.is_empty() {
        return courier::Params::Maildir { directory: maildir(&config.store.directory), from };
    }
    courier::Params::Relays {
        relays: config.mail.relays.iter().map(relay).collect(),
        from,
        helo: config.mail.domain.clone(),
        deadlines: Deadlines::default(),
    }
}

fn maildir(state: &Path) -> std::path::PathBuf {
    state.join(MAILDIR)
}

fn relay(relay: &RelayConfig) -> Relay {
    let login =
        relay.username.clone().zip(relay.password.as_ref().map(|secret| Secret::new(secret.reveal())));
    Relay {
        host: relay.host.clone(),
        port: relay.port,
        tls: match relay.tls {
            Tls::StartTls => courier::Tls::Starttls,
            Tls::Implicit => courier::Tls::Implicit,
            Tls::None => courier::Tls::None,
        },
        login,
        ca_file: relay.ca_pem.clone(),
    }
}
