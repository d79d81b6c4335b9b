//! What a line says that may name a session again, as hashes, and the keys made of it.

use super::Family;
use crate::normalize::attempt::{hash, hash_of_address};
use crate::schema::{Datum, Event};
use std::net::IpAddr;

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

/// What a line says of a session.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Facts {
    host: u64,
    session: Option<u64>,
    process: Option<u64>,
    user: Option<u64>,
    uid: Option<u64>,
    assigned_v4: Option<u64>,
    assigned_v6: Option<u64>,
    client: Option<u64>,
    port: Option<u16>,
    device: Option<u64>,
    /// What a tunnel leads to; it names no session, and tells two apart.
    resource: Option<u64>,
}

impl Facts {
    /// How many numbers it is made of.
    pub(super) const NUMBERS: usize = 11;

    /// As numbers, for the store.
    pub(super) fn numbers(&self) -> [Option<u64>; Facts::NUMBERS] {
        [
            Some(self.host),
            self.session,
            self.process,
            self.user,
            self.uid,
            self.assigned_v4,
            self.assigned_v6,
            self.client,
            self.port.map(u64::from),
            self.device,
            self.resource,
        ]
    }

    /// Of [`Facts::numbers`].
    pub(super) fn from_numbers(numbers: [Option<u64>; Facts::NUMBERS]) -> Facts {
        let [host, session, process, user, uid, assigned_v4, assigned_v6, client, port, device, resource] =
            numbers;
        Facts {
            host: host.unwrap_or(0),
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
        let text = |text: &Option<Box<str>>| text.as_deref().map(|text| hash(&[text.as_bytes()]));
        let assigned = event.assigned_ip.map(hash_of_address);
        let is_v4 = event.assigned_ip.is_some_and(|ip| matches!(ip, IpAddr::V4(_)));
        let user = event.user.as_deref().map(|user| hash(&[user.to_lowercase().as_bytes()]));
        let session = event.session.as_deref().filter(|session| !session.is_empty());
        Facts {
            host: event.host.as_deref().map_or(0, |host| hash(&[host.as_bytes()])),
            session: session.map(|session| hash(&[event.format.as_bytes(), session.as_bytes()])),
            process: process(event),
            user,
            uid: text(&event.user_uid),
            assigned_v4: assigned.filter(|_| is_v4),
            assigned_v6: assigned.filter(|_| !is_v4),
            client: event.src_ip.map(hash_of_address),
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
        self.keys(family).all(|(key, _)| key == Key::User)
    }

    /// The keys of this, most certain first.
    pub(super) fn keys(&self, family: Family) -> impl Iterator<Item = (Key, u64)> + use<> {
        let who = self.user.or(self.uid);
        let tunnel = family == Family::Tunnel;
        let inner = |assigned: Option<u64>| Some((who?, assigned.filter(|_| tunnel)?));
        // A tunnel between sites has no user.
        let client = self.client.filter(|_| who.is_some() || tunnel).map(|client| (who.unwrap_or(0), client));
        let host = self.host;
        // The parts are hashes already. What falls together by chance is told apart by `agree`.
        let made = |key: Key, parts: &[u64]| {
            let mix = |sum: u64, part: &u64| (sum.rotate_left(23) ^ part).wrapping_mul(0x9e37_79b9_7f4a_7c15);
            (key, parts.iter().fold(2 * key as u64 + u64::from(tunnel) + 1, mix))
        };
        [
            self.session.map(|session| made(Key::Session, &[host, session])),
            self.process.filter(|_| !tunnel).map(|process| made(Key::Process, &[host, process])),
            // The machines of a cluster share the inner addresses.
            inner(self.assigned_v4).map(|(who, inner)| made(Key::Assigned, &[who, inner])),
            inner(self.assigned_v6).map(|(who, inner)| made(Key::Assigned, &[who, inner])),
            self.device.map(|device| made(Key::Device, &[host, device])),
            client.zip(self.port).map(|((who, at), port)| made(Key::Port, &[host, who, at, u64::from(port)])),
            client.map(|(who, at)| made(Key::Client, &[host, who, at])),
            who.map(|who| made(Key::User, &[host, who])),
        ]
        .into_iter()
        .flatten()
    }

    /// Whether two lines of one family can be of one session.
    pub(super) fn agree(&self, other: &Facts, family: Family) -> bool {
        let users = match self.user.zip(other.user) {
            Some((own, others)) => own == others,
            None => agree(self.uid, other.uid),
        };
        let same = |a: Option<u64>, b: Option<u64>| a.is_some() && a == b;
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
fn process(event: &Event) -> Option<u64> {
    let app = event.app.as_deref().unwrap_or("").as_bytes();
    match event.extra("pid")? {
        Datum::Int(pid) => Some(hash(&[app, &pid.to_le_bytes()])),
        Datum::Text(pid) => Some(hash(&[app, pid.as_bytes()])),
        _ => None,
    }
}

/// The bit of a message form.
pub(super) fn form_bit(format: &str, form: usize) -> u64 {
    1 << (hash(&[format.as_bytes(), &form.to_le_bytes()]) % 64)
}
