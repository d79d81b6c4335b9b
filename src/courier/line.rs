//! A relay made ready at the start: what can be wrong with it is told then, and not at the first alert.

use super::gate::Gate;
use super::{CourierError, Deadlines, Now, Relay, Tls};
use lettre::transport::smtp::client::{Certificate, TlsParameters};
use lettre::transport::smtp::extension::ClientId;
use std::net::IpAddr;
use std::sync::Arc;

/// A relay ready to be used.
pub(super) struct Line {
    /// `host:port`, the name in receipts.
    pub name: Arc<str>,
    pub relay: Relay,
    /// `None` for a loopback relay without TLS.
    pub tls: Option<TlsParameters>,
    pub hello: ClientId,
    pub deadlines: Deadlines,
    pub gate: Arc<Gate>,
}

/// Checks the relays and makes them ready.
///
/// # Errors
/// [`CourierError`]: what of them cannot work.
pub(super) fn lines(
    relays: Vec<Relay>,
    helo: &str,
    deadlines: Deadlines,
    now: &Now,
) -> Result<Vec<Arc<Line>>, CourierError> {
    if relays.is_empty() {
        return Err(CourierError::NoRelay);
    }
    let hello = hello(helo)?;
    let ready = relays.into_iter().map(|relay| {
        let name: Arc<str> = format!("{}:{}", relay.host, relay.port).into();
        let tls = match relay.tls {
            Tls::None if !may_be_loopback(&relay.host) => {
                return Err(CourierError::PlainToNetwork(name.to_string()));
            }
            Tls::None => None,
            Tls::Starttls | Tls::Implicit => Some(trust(&relay, &name)?),
        };
        let gate = Gate::new(Arc::clone(now));
        Ok(Arc::new(Line { name, relay, tls, hello: hello.clone(), deadlines, gate }))
    });
    ready.collect()
}

/// Whether a host is, by its spelling, this machine. What a name resolves to is checked at each connection.
fn may_be_loopback(host: &str) -> bool {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    bare.eq_ignore_ascii_case("localhost") || bare.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

/// The system's roots and the relay's own certificates; the name is always checked.
fn trust(relay: &Relay, name: &str) -> Result<TlsParameters, CourierError> {
    let failed = |why: String| CourierError::CaFile { relay: name.to_owned(), why };
    let host = relay.host.trim_start_matches('[').trim_end_matches(']');
    let mut builder = TlsParameters::builder(host.to_owned());
    if let Some(pem) = &relay.ca_file {
        // A file without any certificate reads as an empty list: say so, the handshake would not.
        if !pem.windows(27).any(|w| w == b"-----BEGIN CERTIFICATE-----") {
            return Err(failed("it holds no PEM certificate".into()));
        }
        builder =
            builder.add_root_certificate(Certificate::from_pem(pem).map_err(|e| failed(e.to_string()))?);
    }
    builder.build().map_err(|e| failed(e.to_string()))
}

/// The EHLO name: a domain, or an address as a literal.
fn hello(helo: &str) -> Result<ClientId, CourierError> {
    match helo.parse::<IpAddr>() {
        Ok(IpAddr::V4(ip)) => return Ok(ClientId::Ipv4(ip)),
        Ok(IpAddr::V6(ip)) => return Ok(ClientId::Ipv6(ip)),
        Err(_) => {}
    }
    let plain = helo.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_'));
    // RFC 5321 section 4.5.3.1.2: a domain has at most 255 octets.
    if helo.is_empty() || helo.len() > 255 || !plain {
        return Err(CourierError::Helo(helo.to_owned()));
    }
    Ok(ClientId::Domain(helo.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hello_name_is_one_word() {
        for helo in ["", "a b", "a\r\nMAIL FROM:<x>", "\u{e4}.example.org"] {
            assert!(hello(helo).is_err(), "{helo:?}");
        }
        assert_eq!(hello("192.0.2.1").unwrap().to_string(), "[192.0.2.1]");
        assert_eq!(hello("gate.example.org").unwrap().to_string(), "gate.example.org");
    }
}
