//! The request for delivery reports (RFC 3461), made where a relay offers it: what became of the mail behind the
//! relay, told to the envelope's sender, with the headers alone and under a name that we know again.

use lettre::Address;
use lettre::transport::smtp::extension::{MailParameter, RcptParameter};

/// RFC 3461 section 5.4: ENVID has at most 100 characters; section 4.2: ORCPT at most 500.
const ENVID_CHARS_MAX: usize = 100;

/// What MAIL FROM asks: the headers, not the whole mail, and the name of this try.
pub(super) fn of_mail(envid: &str) -> Vec<MailParameter> {
    let other = |keyword: &str, value: &str| MailParameter::Other {
        keyword: keyword.to_owned(),
        value: Some(value.to_owned()),
    };
    let mut parameters = vec![other("RET", "HDRS")];
    // A name that is cut would be another name; without one, the tag of the sender's address tells the try.
    if envid.len() <= ENVID_CHARS_MAX && envid.bytes().all(|b| b.is_ascii_graphic()) {
        parameters.push(other("ENVID", envid));
    }
    parameters
}

/// What RCPT TO asks: a report of success, too, and the address as we wrote it.
pub(super) fn of_recipient(to: &Address) -> Vec<RcptParameter> {
    let other = |keyword: &str, value: String| RcptParameter::Other {
        keyword: keyword.to_owned(),
        value: Some(value),
    };
    vec![other("NOTIFY", "SUCCESS,FAILURE,DELAY".to_owned()), other("ORCPT", format!("rfc822;{to}"))]
}

/// Whether a relay refuses the request and not the sender or the recipient: it offers reports, and takes no
/// parameter of theirs (RFC 5321 section 4.3.2).
pub(super) fn is_refused(code: u16) -> bool {
    matches!(code, 501 | 504 | 555)
}
