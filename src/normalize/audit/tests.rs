use super::*;
use crate::limits::FIELDS_MAX;

fn told(text: &str) -> String {
    match read(text) {
        Ok((_, fields)) => {
            let shown = |value: &Value<'_>| match value {
                Value::List(list) => list.iter().filter_map(Value::text).collect::<Vec<_>>().join("+"),
                one => one.text().unwrap().into_owned(),
            };
            let pair = |f| format!("{}={}", fields.key(f), shown(&f.value));
            fields.items.iter().filter(|field| !field.used).map(pair).collect::<Vec<_>>().join("|")
        }
        Err(error) => error.to_string(),
    }
}

#[test]
fn user_messages_are_flattened() {
    for (line, expected) in [
        (
            "node=web1 type=USER_LOGIN msg=audit(1763888400.123:77): pid=9 uid=0 auid=4294967295 ses=4294967295 \
             subj=x:y:z msg='op=login acct=\"ana o'brien\" exe=\"/usr/sbin/sshd\" hostname=? addr=192.0.2.7 terminal=sshd res=failed'\
             \u{1d}UID=\"root\" AUID=\"unset\"",
            "type=USER_LOGIN|time=1763888400.123|serial=77|node=web1|pid=9|uid=0|subj=x:y:z|op=login|acct=ana o'brien|\
             exe=/usr/sbin/sshd|addr=192.0.2.7|terminal=sshd|res=failed|uid.name=root",
        ),
        (
            "type=USER_CMD msg=audit(1763888400.123:78): pid=9 msg='cwd=\"/root\" cmd=6C73202D6C acct=616E61C3A9 res=1'",
            "type=USER_CMD|time=1763888400.123|serial=78|pid=9|cwd=/root|cmd=ls -l|acct=ana\u{e9}|res=1",
        ),
        // Bare hexadecimal digits are text only where that is their encoding.
        (
            "type=USER_CMD msg=audit(1763888400.123:78): key=\"6C73\" name=abc comm=6C7 inode=6C73 tty=(none) exit=-1",
            "type=USER_CMD|time=1763888400.123|serial=78|key=6C73|name=abc|comm=6C7|inode=6C73|exit=-1",
        ),
        (
            "type=1100 audit(1763888400.123:79): user pid=9 msg='PAM: authentication acct=\"root\" : exe=\"/bin/su\" \
             (hostname=?, addr=192.0.2.7, terminal=pts/0 res=failed)'",
            "type=USER_AUTH|time=1763888400.123|serial=79|words=user+PAM: authentication|pid=9|acct=root|exe=/bin/su|\
             addr=192.0.2.7|terminal=pts/0|res=failed",
        ),
        (
            "type=LOGIN msg=audit(1763888400.123:80): pid=9 old auid=7 new auid=0 old ses=4294967295 new ses=5",
            "type=LOGIN|time=1763888400.123|serial=80|pid=9|old-auid=7|auid=0|ses=5",
        ),
        (
            "type=AVC msg=audit(1763888400.123:81): avc:  denied  { read } for  pid=9 name=\"a b\"",
            "type=AVC|time=1763888400.123|serial=81|words=avc:  denied  { read } for|pid=9|name=a b",
        ),
        ("type= msg=audit(1763888400.123:82): a=1", "the audit record has no type"),
        ("type=X msg=audit(1763888400): a=1", "no audit record at the start of the message"),
        ("type=X msg=audit(): a=1", "no audit record at the start of the message"),
    ] {
        // The order of `words` beside the pairs is not the point.
        let sorted = |text: &str| {
            let mut parts: Vec<String> = text.split('|').map(str::to_owned).collect();
            parts.sort();
            parts
        };
        assert_eq!(sorted(&told(line)), sorted(expected), "{line}");
    }
}

#[test]
fn the_records_of_one_event_are_one() {
    let text = "type=SYSCALL msg=audit(1763888400.123:90): syscall=59 a0=7ffd a1=1 pid=9 comm=\"sh\" key=(null)\u{1d}SYSCALL=execve\n\
        type=EXECVE msg=audit(1763888400.123:90): argc=3 a0=\"sh\" a1=2D6320 a2[0]=\"ab\" a2[1]=\"cd\"\n\
        type=SOCKADDR msg=audit(1763888400.123:90): saddr=02000016C00002070000000000000000\n\
        type=PATH msg=audit(1763888400.123:90): item=0 name=\"/bin/sh\" pid=10\n\
        type=PATH msg=audit(1763888400.123:90): item=1 name=2F6120\n\
        type=PROCTITLE msg=audit(1763888400.123:90): proctitle=7368002D63\n\
        type=EOE msg=audit(1763888400.123:90): ";
    let told = told(text);
    for part in [
        "type=SYSCALL|",
        "|syscall.a0=7ffd|",
        "|syscall.name=execve|",
        "|a0=sh|a1=-c |",
        "|cmdline=sh -c  abcd|",
        "|saddr.ip=192.0.2.7|saddr.port=22|",
        "|name=/bin/sh|",
        "|pid=9|",
        "|paths=/bin/sh+/a |",
        "|proctitle=sh -c|",
        "|types=SYSCALL+EXECVE+SOCKADDR+PATH+PATH+PROCTITLE+EOE",
    ] {
        assert!(told.contains(part), "{part} is not in {told}");
    }
    assert!(!told.contains("pid=10") && !told.contains("#2"), "{told}");
}

#[test]
fn an_operation_may_have_blanks() {
    for (body, op, grp) in [
        (
            "pid=1 msg='op=adding user to group grp=\"wheel\" acct=\"bob\" res=success'",
            "adding user to group",
            true,
        ),
        ("op=change password id=1001 exe=\"/usr/bin/passwd\"", "change password", false),
        ("op=PAM:session_open acct=\"ana\"", "PAM:session_open", false),
        ("msg='op=\"add user\" acct=\"ana\"'", "add user", false),
        ("op=deleting mail file", "deleting mail file", false),
        ("op= acct=\"ana\"", "", false),
    ] {
        let line = format!("type=USER_MGMT msg=audit(1.2:3): {body}");
        let (_, fields) = read(&line).unwrap();
        let text =
            |key| fields.items.iter().find(|field| fields.key(field) == key).and_then(|f| f.value.text());
        assert_eq!(text("op").unwrap_or_default(), op, "{body}");
        assert_eq!(text("grp").as_deref() == Some("wheel"), grp, "{body}");
    }
}

#[test]
fn socket_addresses_have_families() {
    let one = |hex| {
        socket_address(hex)
            .into_iter()
            .map(|(key, text)| format!("{key}={text}"))
            .collect::<Vec<_>>()
            .join("|")
    };
    assert_eq!(one("0A00005000000000200109B8000000000000000000000007"), "saddr.ip=2001:9b8::7|saddr.port=80");
    assert_eq!(one("01002F72756E2F7800FF"), "saddr.path=/run/x");
    assert_eq!(one("0100002F78"), "saddr.path=@/x");
    assert_eq!(one("0A000050"), "");
    assert_eq!(one("xyz"), "");
}

#[test]
fn what_somebody_wrote_into_a_message_is_no_record() {
    let line = "Nov 23 09:00:00 web1 sshd[7]: Invalid user type=LOGIN msg=audit(1.2:3): a=1";
    assert_eq!(read(line).unwrap_err(), AuditError::NoRecord);
}

#[test]
fn headers_may_stand_in_front() {
    for (line, host) in [
        ("Nov 23 09:00:00 web1 audispd: node=x type=LOGIN msg=audit(1.2:3): a=1", Some("web1")),
        ("Nov 23 09:00:00 web1 kernel: audit: type=1006 audit(1.2:3): a=1", Some("web1")),
        ("type=LOGIN msg=audit(1.2:3): a=1", None),
    ] {
        let (header, fields) = read(line).unwrap();
        assert_eq!(header.host, host, "{line}");
        assert!(fields.has("a"), "{line}");
    }
}

proptest::proptest! {
    #[test]
    fn no_text_breaks_it(text in "[a='\"{}()\u{1d}\n 0-9A-F\u{e9}]{0,50}") {
        let _ = read(&format!("type=EXECVE msg=audit(1.2:3): {text}"));
        let _ = read(&format!("type=SOCKADDR msg=audit(1.2:3): saddr={text}\n{text}"));
        let _ = read(&text);
    }
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig::with_cases(16))]
    #[test]
    fn fields_are_bounded(count in 0_usize..3_000) {
        let many: String = (0..count).map(|n| format!("k{n}=1 ")).collect();
        let line = format!("type=A msg=audit(1.2:3): {many}");
        let (_, fields) = read(&line).unwrap();
        proptest::prop_assert!(fields.items.len() <= FIELDS_MAX);
    }
}
