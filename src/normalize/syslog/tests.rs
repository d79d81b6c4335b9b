use super::*;

/// stamp | host | program | pid | message, absent ones empty.
fn told(line: &str) -> String {
    let header = read(line);
    let stamp = header.stamp.map_or("", |(_, text)| text);
    let program = header.program.unwrap_or("");
    let host = header.host.filter(|_| header.host_is_sure).unwrap_or("");
    format!("{stamp}|{host}|{program}|{}|{}", header.pid.unwrap_or(""), header.message)
}

#[test]
fn headers_in_every_shape() {
    const M: &str = "Invalid user x from 192.0.2.7";
    for (line, expected) in [
        ("Feb  3 04:05:06 web1 sshd[12]: M", "Feb  3 04:05:06|web1|sshd|12|M"),
        ("<38>Feb  3 04:05:06 web1 sshd[12]: M", "Feb  3 04:05:06|web1|sshd|12|M"),
        ("Feb 03 2026 04:05:06 web1 sshd[12]: M", "Feb 03 2026 04:05:06|web1|sshd|12|M"),
        ("Feb  3 04:05:06 sshd[12]: M", "Feb  3 04:05:06||sshd|12|M"),
        ("Feb  3 04:05:06 web1 sshd: M", "Feb  3 04:05:06|web1|sshd||M"),
        ("Feb  3 04:05:06 web1 sshd[12] M", "Feb  3 04:05:06|web1|sshd|12|M"),
        ("Feb  3 04:05:06 web1 sshd(pam_unix)[12]: M", "Feb  3 04:05:06|web1|sshd(pam_unix)|12|M"),
        ("Feb  3 04:05:06 web1 /usr/sbin/sshd[12]:  M", "Feb  3 04:05:06|web1|/usr/sbin/sshd|12|M"),
        ("Feb  3 04:05:06 web1 postfix/smtpd[12]: M", "Feb  3 04:05:06|web1|postfix/smtpd|12|M"),
        ("Feb  3 04:05:06 web1 auth.info sshd[12]: M", "Feb  3 04:05:06|web1|sshd|12|M"),
        ("Feb  3 04:05:06 <4.6> web1 sshd[12]: M", "Feb  3 04:05:06|web1|sshd|12|M"),
        ("Feb  3 04:05:06 web1->192.0.2.1 sshd[12]: M", "Feb  3 04:05:06|web1|sshd|12|M"),
        ("Feb  3 04:05:06 fw1 : %ASA-6-1: M", "Feb  3 04:05:06|fw1|||%ASA-6-1: M"),
        ("<166>Feb 03 2026 04:05:06: %ASA-6-1: M", "Feb 03 2026 04:05:06||||%ASA-6-1: M"),
        ("2026-02-03T04:05:06.123+01:00 web1 sshd[12]: M", "2026-02-03T04:05:06.123+01:00|web1|sshd|12|M"),
        ("2026-02-03 04:05:06.123+0100 web1 sshd[12]: M", "2026-02-03 04:05:06.123+0100|web1|sshd|12|M"),
        ("2026-02-03T04:05:06Z INFO cron[12]: M", "2026-02-03T04:05:06Z||cron|12|M"),
        ("2026-02-03T04:05:06Z auth.info: M", "2026-02-03T04:05:06Z||||M"),
        ("2026-02-03T04:05:06Z auth.info: Feb  3 04:05:06 sshd[12]: M", "Feb  3 04:05:06||sshd|12|M"),
        ("Feb  3 04:05:07 relay Feb  3 04:05:06 web1 sshd[12]: M", "Feb  3 04:05:06|web1|sshd|12|M"),
        ("Feb  3 04:05:07 relay <38>Feb  3 04:05:06 web1 sshd[12]: M", "Feb  3 04:05:06|web1|sshd|12|M"),
        ("<38>1 2026-02-03T04:05:06Z web1 sshd 12 - - M", "2026-02-03T04:05:06Z|web1|sshd|12|M"),
        ("1 2026-02-03T04:05:06Z web1 sshd 12 ID7 -  M", "2026-02-03T04:05:06Z|web1|sshd|12|M"),
        ("577 <134>1 2026-02-03T04:05:06Z web1 sshd - - - M", "2026-02-03T04:05:06Z|web1|sshd||M"),
        ("<38>1 - web1 sshd 12 - - \u{feff}M", "|web1|sshd|12|M"),
        (
            r#"<38>1 2026-02-03T04:05:06Z web1 sshd 12 - [a@1 k="]\"v"][b] M"#,
            "2026-02-03T04:05:06Z|web1|sshd|12|M",
        ),
        ("<38>sshd[12]: M", "||sshd|12|M"),
        ("sshd[12]: M", "||sshd|12|M"),
        ("2026/02/03 04:05:06 [error] 1#2: M", "2026/02/03 04:05:06||||[error] 1#2: M"),
        ("[Tue Feb 03 04:05:06.1 2026] [core:error] M", "Tue Feb 03 04:05:06.1 2026||||[core:error] M"),
        (
            "Feb  3 04:05:06 web1 nginx: 2026/02/03 04:05:06 [error] M",
            "Feb  3 04:05:06|web1|nginx||[error] M",
        ),
        ("Feb  3 04:05:06 web1 Job done", "Feb  3 04:05:06|web1|||Job done"),
        ("web1 sshd[12]: M", "|web1|sshd|12|M"),
        ("web1 sshd[12]: kernel:[  970.6993]: M", "|web1|sshd|12|M"),
        ("Feb  3 04:05:06 web1 sshd[12]: [ID 800047 auth.info] M", "Feb  3 04:05:06|web1|sshd|12|M"),
        ("2026-02-03T04:05:06Z web1 sshd 12 - - M", "2026-02-03T04:05:06Z|web1|sshd|12|M"),
        ("2026-02-03T04:05:06Z web1 sshd - - M", "2026-02-03T04:05:06Z||||sshd - - M"),
        ("Feb 29 01:15:43: --- text ---", "Feb 29 01:15:43||||--- text ---"),
        ("MMM  3 04:05:06 web1 sshd[12]: M", "||||MMM  3 04:05:06 web1 sshd[12]: M"),
        ("M", "||||M"),
        ("", "||||"),
    ] {
        let with =
            |text: &str| text.strip_suffix('M').map_or_else(|| text.to_owned(), |head| format!("{head}{M}"));
        assert_eq!(told(&with(line)), with(expected), "{line}");
    }
}

fn assert_told(cases: &[(&str, &str)]) {
    for (line, expected) in cases {
        assert_eq!(told(line), *expected, "{line}");
    }
}

#[test]
fn b2_octet_counts_at_the_start_and_behind_a_relays_header() {
    assert_told(&[
        ("577 <134>1 2026-02-03T04:05:06Z web1 sshd - - - m", "2026-02-03T04:05:06Z|web1|sshd||m"),
        (
            "Mar  1 20:35:56 relay 1544 <14>1 2026-02-03T04:05:06Z web1 forwarder - panw - CEF:0|a",
            "2026-02-03T04:05:06Z|web1|forwarder||CEF:0|a",
        ),
        ("Mar  1 20:35:56 relay 98 <38>Mar  1 20:35:55 web1 su: m", "Mar  1 20:35:55|web1|su||m"),
        ("Mar  1 20:35:56 relay 98 bottles", "Mar  1 20:35:56|relay|||98 bottles"),
    ]);
}

#[test]
fn b2_two_headers_of_every_kind() {
    let outer = [
        "Feb  3 04:05:07 relay ",
        "2026-02-03T04:05:07Z relay ",
        "<13>1 2026-02-03T04:05:07Z relay - - - - ",
    ];
    for outer in outer {
        for (inner, stamp) in [
            ("<38>Feb  3 04:05:06 web1 sshd[12]: m", "Feb  3 04:05:06"),
            ("<38>1 2026-02-03T04:05:06Z web1 sshd 12 - - m", "2026-02-03T04:05:06Z"),
            ("<38>2026-02-03T04:05:06+01:00 web1 sshd[12]: m", "2026-02-03T04:05:06+01:00"),
            ("77 <38>1 2026-02-03T04:05:06Z web1 sshd 12 - - m", "2026-02-03T04:05:06Z"),
        ] {
            let line = format!("{outer}{inner}");
            assert_eq!(told(&line), format!("{stamp}|web1|sshd|12|m"), "{line}");
            assert_eq!(read(&line).facility, Some("auth"), "{line}");
            assert!(read(&line).relay_stamp.is_some(), "{line}");
        }
    }
    assert_told(&[
        ("Feb  3 04:05:07 relay Feb  3 04:05:06 web1 sudo: ana : m", "Feb  3 04:05:06|web1|sudo||ana : m"),
        (
            "2026-02-03T04:05:07Z relay 2026-02-03T04:05:06Z web1 sshd[12]: m",
            "2026-02-03T04:05:06Z|web1|sshd|12|m",
        ),
    ]);
}

#[test]
fn b2_what_a_process_says_is_no_header() {
    for said in ["<38>Feb  3 04:05:06 web1 sshd[12]: m", "Feb  3 04:05:06 web1 sshd[12]: m"] {
        let line = format!("Feb  3 04:05:07 web1 app[7]: {said}");
        assert_eq!(told(&line), format!("Feb  3 04:05:07|web1|app|7|{said}"));
    }
}

#[test]
fn b2_hosts_tags_and_pids_that_are_missing_or_odd() {
    assert_told(&[
        ("Feb  3 04:05:06 web1->192.0.2.1 sshd[12]: m", "Feb  3 04:05:06|web1|sshd|12|m"),
        ("Feb  3 04:05:06 sshd[12]: m", "Feb  3 04:05:06||sshd|12|m"),
        ("Feb  3 04:05:06 web1 sudo: m", "Feb  3 04:05:06|web1|sudo||m"),
        ("Feb  3 04:05:06 web1 sshd(pam_unix)[12]: m", "Feb  3 04:05:06|web1|sshd(pam_unix)|12|m"),
        ("Feb  3 04:05:06 web1 /usr/sbin/cron[12]: m", "Feb  3 04:05:06|web1|/usr/sbin/cron|12|m"),
        ("Feb  3 04:05:06 192.0.2.1 sshd[12]: m", "Feb  3 04:05:06|192.0.2.1|sshd|12|m"),
        ("Feb  3 04:05:06 2001:db8::1 sshd[12]: m", "Feb  3 04:05:06|2001:db8::1|sshd|12|m"),
        ("Feb 03 2026 04:05:06 fw1 : %ASA-6-1: m", "Feb 03 2026 04:05:06|fw1|||%ASA-6-1: m"),
        ("<166>Feb 03 2026 04:05:06 fw1 : %ASA-6-1: m", "Feb 03 2026 04:05:06|fw1|||%ASA-6-1: m"),
        ("%ASA-6-1: m", "||||%ASA-6-1: m"),
        ("2026:02:03-04:05:06 utm aua[811]: m", "2026:02:03-04:05:06|utm|aua|811|m"),
        ("20260203 04:05:06,db1,ana", "20260203 04:05:06||||,db1,ana"),
        ("[20260203-04:05:06] [INFO ] m", "20260203-04:05:06||||[INFO ] m"),
        ("[CEST Feb  3 04:05:06] [error] m", "CEST Feb  3 04:05:06||||[error] m"),
    ]);
}

#[test]
fn b1_uptime_is_no_date() {
    assert_told(&[
        ("[82508.100168] web1 sshd[12]: m", "|web1|sshd|12|m"),
        ("[    8.100168] sshd[12]: m", "||sshd|12|m"),
        ("Feb  3 04:05:06 web1 kernel: [82508.100168] m", "Feb  3 04:05:06|web1|kernel||[82508.100168] m"),
        ("[82508] web1 sshd[12]: m", "||||[82508] web1 sshd[12]: m"),
    ]);
}

#[test]
fn b2_fields_of_rfc_5424_that_are_left_out() {
    assert_told(&[
        (r#"<5>1 2026-02-03T04:05:06Z VAULT {"a": "b c"}"#, r#"2026-02-03T04:05:06Z|VAULT|||{"a": "b c"}"#),
        (r#"<5>1 2026-02-03T04:05:06Z h app {"a": 1}"#, r#"2026-02-03T04:05:06Z|h|app||{"a": 1}"#),
        (
            r#"<134>1 2026-02-03T04:05:06Z h CheckPoint 47 - [action:"Drop"; src:"192.0.2.7"; ]"#,
            r#"2026-02-03T04:05:06Z|h|CheckPoint|47|[action:"Drop"; src:"192.0.2.7"; ]"#,
        ),
        ("<134>1 2026-02-03T04:05:06Z h a 47 - [x@1] m", "2026-02-03T04:05:06Z|h|a|47|m"),
        ("<134>1 2026-02-03T04:05:06Z h a 47 -   m", "2026-02-03T04:05:06Z|h|a|47|m"),
    ]);
}

#[test]
fn words_of_the_header() {
    let header = read("<86>1 2026-02-03T04:05:06Z h a - - - m");
    assert_eq!((header.facility, header.severity), (Some("authpriv"), Some("info")));
    assert_eq!(read("Feb  3 04:05:06 h auth.NOTICE a[1]: m").severity, Some("notice"));
    assert_eq!(read("<192>Feb  3 04:05:06 h a[1]: m").facility, None);
    let relayed = read("2026-02-03T04:05:07Z relay Feb  3 04:05:06 web1 sshd[12]: m");
    assert_eq!(relayed.relay_stamp.map(|(_, text)| text), Some("2026-02-03T04:05:07Z"));
}

proptest::proptest! {
    #[test]
    fn no_text_breaks_it(start in "((9 )?<[0-9]{1,3}>)?(1 )?(Feb  3 04:05:06|2026-02-03T04:05:06Z|\\[8.1\\])? ?(relay |7 )?((9 )?<38>)?(1 )?(Feb  3 04:05:06|2026-02-03T04:05:06Z)? ?(- )?", rest in "[\\[\\]:<>() a1\u{e9}./%-]{0,40}") {
        let line = start + &rest;
        let header = read(&line);
        proptest::prop_assert!(line.ends_with(header.message) || header.message.is_empty());
    }
}
