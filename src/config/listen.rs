//! `[metrics]`: where machines that watch this one ask.

use super::walk::Section;
use std::net::SocketAddr;

/// The address; one that other machines reach is told, since nobody has to log in there.
pub(super) fn metrics(section: Section<'_>) -> Option<SocketAddr> {
    if section.exists() && section.value("listen").is_none() {
        section.missing("listen", "an address and a port, such as \"127.0.0.1:9590\"");
    }
    let address = section.socket("listen")?;
    if !address.ip().is_loopback() {
        let words = format!(
            "listen: {address} is reached from other machines without a login: it tells names of sources and rules, and \
             how many alarms there are"
        );
        section.page.warn(section.place("listen"), words);
    }
    Some(address)
}
