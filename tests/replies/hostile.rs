//! Mails that must not act: each carries a genuine token and says `ack`, and something of it is wrong.

const PASS: &str = "Authentication-Results: mx.example.org; dkim=pass header.d=example.org\r\n";
const FROM: &str = "From: ana@example.org\r\n";
const BY: &str = "Authentication-Results: mx.example.org;";

/// The mails, as bytes of a file.
pub fn corpus(to: &str) -> Vec<Vec<u8>> {
    let to = format!("To: {to}\r\n");
    let plain = |heads: &str, body: &str| format!("{heads}{to}\r\n{body}").into_bytes();
    let mut all = vec![
        Vec::new(),
        b"\0\0\0\0".to_vec(),
        b"\r\n\r\nack\r\n".to_vec(),
        vec![0xff; 300_000],
        vec![b'a'; 5_000_000],
    ];
    all.extend(
        senders().into_iter().chain(proofs()).chain(structures()).map(|heads| plain(&heads, "ack\r\n")),
    );
    // A program; and a bounce of nobody, since the tag is a reply's.
    let programs = [
        "Return-Path: <>",
        "Auto-Submitted: auto-replied",
        "Auto-submitted: (no) auto-generated",
        "Precedence: bulk",
        "List-Id: <x.example.org>",
    ];
    all.extend(programs.map(|head| plain(&format!("{head}\r\n{PASS}{FROM}"), "ack\r\n")));
    let system = "Return-Path: <>\r\nFrom: MAILER-DAEMON@mx.example.org\r\nSubject: Undeliverable: x\r\n";
    all.push(plain(system, "550 5.1.1 ack\r\n"));
    all.extend(ENCODINGS.iter().map(|(kind, encoding, body)| {
        let kind = format!("Content-Type: {kind}\r\nContent-Transfer-Encoding: {encoding}\r\n");
        plain(&format!("{FROM}MIME-Version: 1.0\r\n{kind}"), body)
    }));
    all
}

/// The sender: nobody, two, in a comment, in another script, with a NUL, far too long.
fn senders() -> Vec<String> {
    let far = format!("From: {}@example.org\r\n", "a".repeat(100_000));
    let froms = [
        "",
        "From: ana@example.org\r\nFrom: eve@example.org\r\n",
        "From: ana@example.org, eve@example.org\r\n",
        "From: \"ana@example.org\" <eve@evil.example>\r\n",
        "From: eve@evil.example (ana@example.org)\r\n",
        "From: \u{430}na@example.org\r\n",
        "From: ana@example.org\0@evil.example\r\n",
        "From: ana@example.org.\u{202e}gro\r\n",
        &far,
    ];
    froms.iter().map(|from| format!("{PASS}{from}")).collect()
}

/// The proof: none, another's, below, in a comment, cut, for another domain, by another name.
fn proofs() -> Vec<String> {
    vec![
        FROM.to_owned(),
        format!(
            "{FROM}Authentication-Results: mx.example.org.evil.example; dkim=pass header.d=example.org\r\n"
        ),
        format!("{BY} dkim=none\r\nReceived: from x by mx.example.org\r\n{PASS}{FROM}"),
        format!("{BY} dkim=fail (; dkim=pass header.d=example.org)\r\n{FROM}"),
        format!("{BY} x=\"a; dkim=pass header.d=example.org\r\n{FROM}"),
        format!("{BY} dkim=pass header.d=evil.example\r\n{FROM}"),
        format!("{BY} dkim=pass header.d=org\r\n{FROM}"),
        format!("X-{PASS}{FROM}"),
        format!("{BY} {}\r\n{FROM}", "(".repeat(200_000)),
    ]
}

/// Too many headers, and parts in parts without an end.
fn structures() -> Vec<String> {
    let part = |n| format!("Content-Type: multipart/mixed; boundary=b{n}\r\n\r\n--b{n}\r\n");
    let nested: String = (0..5_000).map(part).collect();
    vec![
        format!("{}{PASS}{FROM}", "X-A: b\r\n".repeat(20_000)),
        format!("{PASS}{FROM}MIME-Version: 1.0\r\n{nested}"),
    ]
}

/// Unproven, and in every encoding that a reader may trip over: type, encoding, body.
const ENCODINGS: &[(&str, &str, &str)] = &[
    ("text/plain; charset=utf-16", "base64", "//5hAGMAawA="),
    ("text/plain; charset=utf-7", "7bit", "+AGEAYwBr-"),
    ("text/plain; charset=\"\0\"", "8bit", "a\0ck"),
    ("text/html; charset=utf-8", "quoted-printable", "<!--ack--><script>ack</script><p =3D=3D"),
    ("multipart/mixed; boundary=\"\"", "7bit", "--\r\n\r\nack\r\n----\r\n"),
    (
        "multipart/alternative; boundary=x",
        "7bit",
        "--x\r\nContent-Type: multipart/alternative; boundary=x\r\n\r\n--x\r\n",
    ),
    ("message/rfc822", "base64", "RnJvbTogYW5hQGV4YW1wbGUub3JnDQoNCmFjaw0K"),
    ("text/plain; charset=utf-8", "x-uuencode", "begin 644 a\r\n#86-K\r\n`\r\nend"),
    ("text/plain; charset=utf-8", "8bit", "\u{202e}kca\u{202c}\r\nack"),
];
