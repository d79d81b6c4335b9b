//! Facility and severity, in numbers and in words.

/// `<PRI>` in numbers (RFC 5424 section 6.2.1): facility, severity and what follows.
pub(super) fn priority(text: &str) -> Option<(&'static str, &'static str, &str)> {
    let (number, rest) = text.strip_prefix('<')?.split_once('>')?;
    if !(1..=3).contains(&number.len()) || !number.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let number: usize = number.parse().ok()?;
    Some((FACILITIES.get(number / 8)?, SEVERITIES.get(number % 8)?, rest.trim_start()))
}

const FACILITIES: [&str; 24] = [
    "kern",
    "user",
    "mail",
    "daemon",
    "auth",
    "syslog",
    "lpr",
    "news",
    "uucp",
    "cron",
    "authpriv",
    "ftp",
    "ntp",
    "security",
    "console",
    "solaris-cron",
    "local0",
    "local1",
    "local2",
    "local3",
    "local4",
    "local5",
    "local6",
    "local7",
];
const SEVERITIES: [&str; 8] = ["emerg", "alert", "crit", "err", "warning", "notice", "info", "debug"];

/// `auth.info`, `<auth.info>`, `AUTH.INFO:`, or a severity alone in capitals: facility, severity.
pub(super) fn words(token: &str) -> Option<(Option<&'static str>, &'static str)> {
    let token = token.trim_start_matches('<').trim_end_matches([':', '>']);
    let severity_of = |word: &str| {
        let word = match () {
            () if word.eq_ignore_ascii_case("warn") => "warning",
            () if word.eq_ignore_ascii_case("error") => "err",
            () => word,
        };
        SEVERITIES.into_iter().find(|known| known.eq_ignore_ascii_case(word))
    };
    match token.split_once('.') {
        Some((facility, severity)) => {
            let known = FACILITIES.into_iter().find(|known| known.eq_ignore_ascii_case(facility))?;
            Some((Some(known), severity_of(severity)?))
        }
        None if token.bytes().all(|b| b.is_ascii_uppercase()) => Some((None, severity_of(token)?)),
        None => None,
    }
}

/// `<4.6>`: facility and severity in numbers, as FreeBSD's `syslogd -v` writes them.
pub(super) fn numbers(token: &str) -> Option<(Option<&'static str>, &'static str)> {
    let (facility, severity) = token.strip_prefix('<')?.strip_suffix('>')?.split_once('.')?;
    let facility = FACILITIES.get(facility.parse::<usize>().ok()?).copied();
    Some((facility, SEVERITIES.get(severity.parse::<usize>().ok()?)?))
}
