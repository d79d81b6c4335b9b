//! Mails that must not act: each carries a genuine token and says `ack`, and something of it is wrong.

const PASS: &str = "Authentication-Results: mx.example.org; dkim=pass header.d=example.org\r\n";
const FROM: &str = "From: ana@example.org\r\n";

/// The mails, as bytes of a file.
pub fn corpus(to: &str) -> Vec<Vec<u8>> {
    let to = format!("To: {to}\r\n");
    let plain = |heads: &str, body: &str| format!("{heads}{to}\r\n{body}").into_bytes();
    let ours = format!("{PASS}{FROM}");
    let mut all: Vec<Vec<u8>> = vec![
        Vec::new(),
        b"\0\0\0\0".to_vec(),
        b"\r\n\r\nack\r\n".to_vec(),
        vec![0xff; 300_000],
        vec![b'a'; 5_000_000],
        // The sender: nobody, two, in a comment, in another script, with a NUL, far too long.
        plain(PASS, "ack\r\n"),
        plain(&format!("{ours}From: eve@example.org\r\n"), "ack\r\n"),
        plain(&format!("{PASS}From: ana@example.org, eve@example.org\r\n"), "ack\r\n"),
        plain(&format!("{PASS}From: \"ana@example.org\" <eve@evil.example>\r\n"), "ack\r\n"),
        plain(&format!("{PASS}From: eve@evil.example (ana@example.org)\r\n"), "ack\r\n"),
        plain(&format!("{PASS}From: \u{430}na@example.org\r\n"), "ack\r\n"),
        plain(&format!("{PASS}From: ana@example.org\0@evil.example\r\n"), "ack\r\n"),
        plain(&format!("{PASS}From: {}@example.org\r\n", "a".repeat(100_000)), "ack\r\n"),
        plain(&format!("{PASS}From: ana@example.org.\u{202e}gro\r\n"), "ack\r\n"),
        // The proof: none, another's, below, in a comment, cut, for another domain, by another name in another case.
        plain(FROM, "ack\r\n"),
        plain(
            &format!(
                "{FROM}Authentication-Results: mx.example.org.evil.example; dkim=pass header.d=example.org\r\n"
            ),
            "ack\r\n",
        ),
        plain(
            &format!(
                "Authentication-Results: mx.example.org; dkim=none\r\nReceived: from x by mx.example.org\r\n{ours}"
            ),
            "ack\r\n",
        ),
        plain(
            &format!(
                "Authentication-Results: mx.example.org; dkim=fail (; dkim=pass header.d=example.org)\r\n{FROM}"
            ),
            "ack\r\n",
        ),
        plain(
            &format!(
                "Authentication-Results: mx.example.org; x=\"a; dkim=pass header.d=example.org\r\n{FROM}"
            ),
            "ack\r\n",
        ),
        plain(
            &format!("Authentication-Results: mx.example.org; dkim=pass header.d=evil.example\r\n{FROM}"),
            "ack\r\n",
        ),
        plain(
            &format!("Authentication-Results: mx.example.org; dkim=pass header.d=org\r\n{FROM}"),
            "ack\r\n",
        ),
        plain(
            &format!("X-Authentication-Results: mx.example.org; dkim=pass header.d=example.org\r\n{FROM}"),
            "ack\r\n",
        ),
        plain(
            &format!("Authentication-Results: mx.example.org; {}\r\n{FROM}", "(".repeat(200_000)),
            "ack\r\n",
        ),
        // A program.
        plain(&format!("Return-Path: <>\r\n{ours}"), "ack\r\n"),
        plain(&format!("Auto-Submitted: auto-replied\r\n{ours}"), "ack\r\n"),
        plain(&format!("Auto-submitted: (no) auto-generated\r\n{ours}"), "ack\r\n"),
        plain(&format!("Precedence: bulk\r\n{ours}"), "ack\r\n"),
        plain(&format!("List-Id: <x.example.org>\r\n{ours}"), "ack\r\n"),
        // A bounce of nobody: the tag is a reply's.
        plain(
            "Return-Path: <>\r\nFrom: MAILER-DAEMON@mx.example.org\r\nSubject: Undeliverable: x\r\n",
            "550 5.1.1 ack\r\n",
        ),
    ];
    // Structures: too many headers, parts in parts, parts without an end, a depth of encoded messages.
    all.push(plain(&format!("{}{ours}", "X-A: b\r\n".repeat(20_000)), "ack\r\n"));
    let nested: String = (0..5_000)
        .map(|n| format!("Content-Type: multipart/mixed; boundary=b{n}\r\n\r\n--b{n}\r\n"))
        .collect();
    all.push(plain(&format!("{ours}MIME-Version: 1.0\r\n{nested}"), "ack\r\n"));
    // Unproven, and in every encoding that a reader may trip over.
    for (kind, encoding, body) in [
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
    ] {
        let heads = format!(
            "{FROM}MIME-Version: 1.0\r\nContent-Type: {kind}\r\nContent-Transfer-Encoding: {encoding}\r\n"
        );
        all.push(plain(&heads, body));
    }
    all
}
