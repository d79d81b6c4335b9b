//! What a line says that may name a session again, as hashes, and the keys made of it.

use super::Family;
use crate::normalize::hash::{hash, hash_of_address, hash_of_name};
use crate::schema::{Datum, Event, ShortText};
use std::net::IpAddr;
use std::num::NonZeroU64;

/// What names a session, most certain first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Key {
    /// Its own id, of one grammar on one host.
    Session,
    /// The process that serves it.
    Process,
    /// User and the tunnel's inner address.
    Assigned,
    /// The peer's key or number, where no user is named.
    Device,
    /// User, client and the client's port.
    Port,
    /// User and client.
    Client,
    /// The user.
    User,
}

/// The hash of what is known.
type Known = Option<NonZeroU64>;

/// What a line says of a session.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Facts {
    host: Known,
    session: Known,
    process: Known,
    user: Known,
    uid: Known,
    assigned_v4: Known,
    assigned_v6: Known,
    client: Known,
    port: Option<u16>,
    device: Known,
    /// What a tunnel leads to; it names no session, and tells two apart.
    resource: Known,
}

/// The keys of a line or a session, most certain first.
pub(super) type Keys = [Option<(Key, u64)>; 8];

impl Facts {
    /// How many numbers it is made of.
    pub(super) const NUMBERS: usize = 11;

    /// As numbers, for the store.
    pub(super) fn numbers(&self) -> [Option<u64>; Facts::NUMBERS] {
        let port = self.port.map(u64::from);
        [
            self.host.map(u64::from),
            self.session.map(u64::from),
            self.process.map(u64::from),
            self.user.map(u64::from),
            self.uid.map(u64::from),
            self.assigned_v4.map(u64::from),
            self.assigned_v6.map(u64::from),
            self.client.map(u64::from),
            port,
            self.device.map(u64::from),
            self.resource.map(u64::from),
        ]
    }

    /// Of [`Facts::numbers`].
    pub(super) fn from_numbers(numbers: [Option<u64>; Facts::NUMBERS]) -> Facts {
        let [.., port, _, _] = numbers;
        let [host, session, process, user, uid, assigned_v4, assigned_v6, client, _, device, resource] =
            numbers.map(|number| number.and_then(NonZeroU64::new));
        Facts {
            host,
            session,
            process,
            user,
            uid,
            assigned_v4,
            assigned_v6,
            client,
            port: port.and_then(|port| u16::try_from(port).ok()),
            device,
            resource,
        }
    }

    /// Of an event.
    pub(super) fn of(event: &Event, family: Family) -> Facts {
        let text = |text: &Option<ShortText>| known(&[text.as_deref()?.as_bytes()]);
        let assigned = event.assigned_ip.map(hash_of_address).and_then(NonZeroU64::new);
        let is_v4 = event.assigned_ip.is_some_and(|ip| matches!(ip, IpAddr::V4(_)));
        let user = event.user.as_deref().map(hash_of_name).and_then(NonZeroU64::new);
        let session = event.session.as_deref().filter(|session| !session.is_empty());
        Facts {
            host: text(&event.host),
            session: session.and_then(|session| known(&[event.format.as_bytes(), session.as_bytes()])),
            process: process(event),
            user,
            uid: text(&event.user_uid),
            assigned_v4: assigned.filter(|_| is_v4),
            assigned_v6: assigned.filter(|_| !is_v4),
            client: event.src_ip.map(hash_of_address).and_then(NonZeroU64::new),
            port: event.src_port,
            // Beside a user it is the name of a computer.
            device: text(&event.device).filter(|_| family == Family::Tunnel && user.is_none()),
            resource: text(&event.resource).filter(|_| family == Family::Tunnel),
        }
    }

    /// Whether it has an id.
    pub(super) fn has_id(&self) -> bool {
        self.session.is_some()
    }

    /// Whether the user is all that names it.
    pub(super) fn is_bare(&self, family: Family) -> bool {
        self.keys(family).iter().flatten().all(|(key, _)| *key == Key::User)
    }

    /// The keys of this.
    pub(super) fn keys(&self, family: Family) -> Keys {
        let who = self.user.or(self.uid);
        let tunnel = family == Family::Tunnel;
        let number = |known: Known| known.map_or(0, NonZeroU64::get);
        let host = number(self.host);
        // The parts are hashes already. What falls together by chance is told apart by `agree`.
        let made = |key: Key, parts: &[u64]| {
            let mix = |sum: u64, part: &u64| (sum.rotate_left(23) ^ part).wrapping_mul(0x9e37_79b9_7f4a_7c15);
            (key, parts.iter().fold(2 * key as u64 + u64::from(tunnel) + 1, mix))
        };
        let inner = |assigned: Known| {
            let (who, inner) = (who?, assigned.filter(|_| tunnel)?);
            // The machines of a cluster share the inner addresses.
            Some(made(Key::Assigned, &[who.get(), inner.get()]))
        };
        // A tunnel between sites has no user.
        let client = self.client.filter(|_| who.is_some() || tunnel).map(NonZeroU64::get);
        let name = number(who);
        [
            self.session.map(|session| made(Key::Session, &[host, session.get()])),
            self.process.filter(|_| !tunnel).map(|process| made(Key::Process, &[host, process.get()])),
            inner(self.assigned_v4),
            inner(self.assigned_v6),
            self.device.map(|device| made(Key::Device, &[host, device.get()])),
            client.zip(self.port).map(|(at, port)| made(Key::Port, &[host, name, at, u64::from(port)])),
            client.map(|at| made(Key::Client, &[host, name, at])),
            who.map(|_| made(Key::User, &[host, name])),
        ]
    }

    /// Whether two lines of one family can be of one session.
    pub(super) fn agree(&self, other: &Facts, family: Family) -> bool {
        let users = match self.user.zip(other.user) {
            Some((own, others)) => own == others,
            None => agree(self.uid, other.uid),
        };
        let same = |a: Known, b: Known| a.is_some() && a == b;
        if !users || !agree(self.session, other.session) {
            return false;
        }
        // Clients move: a session's id and a peer's key stay.
        if same(self.session, other.session) || same(self.device, other.device) {
            return true;
        }
        let same_port = self.port.is_some() && self.port == other.port;
        agree(self.assigned_v4, other.assigned_v4)
            && agree(self.assigned_v6, other.assigned_v6)
            && agree(self.client, other.client)
            && agree(self.port, other.port)
            && agree(self.device, other.device)
            && agree(self.resource, other.resource)
            // sshd tells the end of a connection by a child, of the same port.
            && (family == Family::Tunnel || same_port || agree(self.process, other.process))
    }

    /// Takes in what a further line says; of the client the newest counts.
    pub(super) fn learn(&mut self, line: &Facts) {
        self.session = self.session.or(line.session);
        self.process = self.process.or(line.process);
        self.user = self.user.or(line.user);
        self.uid = self.uid.or(line.uid);
        self.assigned_v4 = self.assigned_v4.or(line.assigned_v4);
        self.assigned_v6 = self.assigned_v6.or(line.assigned_v6);
        if line.client.is_some() {
            (self.client, self.port) = (line.client, line.port.or(self.port));
        }
        self.device = self.device.or(line.device);
        self.resource = self.resource.or(line.resource);
    }
}

/// Nothing said contradicts nothing.
fn agree<T: PartialEq>(own: Option<T>, others: Option<T>) -> bool {
    own.is_none() || others.is_none() || own == others
}

/// The process that wrote a line, by program and number.
fn process(event: &Event) -> Known {
    let app = event.app.as_deref().unwrap_or("").as_bytes();
    match event.extra("pid")? {
        Datum::Int(pid) => known(&[app, &pid.to_le_bytes()]),
        Datum::Text(pid) => known(&[app, pid.as_bytes()]),
        _ => None,
    }
}

fn known(parts: &[&[u8]]) -> Known {
    NonZeroU64::new(hash(parts))
}

/// The bit of a message form.
pub(super) fn form_bit(format: &str, form: usize) -> u64 {
    1 << (hash(&[format.as_bytes(), &form.to_le_bytes()]) % 64)
}
