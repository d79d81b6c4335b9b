//! The server over a real socket, and the text that it serves.

use super::*;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

fn ask(address: SocketAddr, request: &[u8]) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    let mut text = Vec::new();
    // One that is closed without an answer tells nothing.
    stream.write_all(request).and_then(|()| stream.read_to_end(&mut text)).ok();
    String::from_utf8(text).unwrap()
}

fn console(now: Span) -> (Console, Arc<Panel>) {
    let panel = Arc::new(Panel::new(Span::ZERO));
    let console =
        Console::open("127.0.0.1:0".parse().unwrap(), Arc::clone(&panel), Arc::new(move || now)).unwrap();
    (console, panel)
}

#[test]
fn what_stands_on_the_panel_is_served_and_nothing_can_be_changed() {
    let (console, panel) = console(Span::seconds(100));
    let address = console.address();
    assert!(ask(address, b"GET /healthz HTTP/1.1\r\n\r\n").starts_with("HTTP/1.1 503 "), "it stands still");
    panel.beat(Span::seconds(99));
    assert!(ask(address, b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n").ends_with("\r\n\r\nok\n"));
    let unready = ask(address, b"GET /readyz HTTP/1.1\r\n\r\n");
    assert!(unready.starts_with("HTTP/1.1 503 ") && unready.ends_with("not ready: starting\n"), "{unready}");
    panel.set_ready(None);
    assert!(ask(address, b"GET /readyz HTTP/1.0\r\n\r\n").starts_with("HTTP/1.1 200 "));
    panel.publish("gatewatch_up 1\n");
    let metrics = ask(address, b"GET /metrics?x=1 HTTP/1.1\r\n\r\n");
    assert!(metrics.contains("text/plain; version=0.0.4") && metrics.ends_with("\r\n\r\ngatewatch_up 1\n"));
    let head = ask(address, b"HEAD /metrics HTTP/1.1\r\n\r\n");
    assert!(head.contains("Content-Length: 15\r\n") && head.ends_with("\r\n\r\n"), "{head}");
    for (request, status) in [
        (&b"POST /metrics HTTP/1.1\r\nContent-Length: 3\r\n\r\nabc"[..], "405"),
        (b"GET /../etc/passwd HTTP/1.1\r\n\r\n", "404"),
        (b"GET /metrics\r\n\r\n", "400"),
        (b"\x16\x03\x01\x02\n\n", "400"),
        (&[&b"GET / HTTP/1.1\r\nX: "[..], &[b'a'; 9_000]].concat(), "431"),
    ] {
        let answer = ask(address, request);
        assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{answer}");
    }
}

#[test]
fn many_silent_clients_do_not_keep_others_out_for_long() {
    let (console, panel) = console(Span::ZERO);
    panel.set_ready(None);
    let idle: Vec<TcpStream> = (0..40).map(|_| TcpStream::connect(console.address()).unwrap()).collect();
    let mut stream = TcpStream::connect(console.address()).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    stream.write_all(b"GET /readyz HTTP/1.1\r\n\r\n").ok();
    let mut text = String::new();
    // The places are taken: this one is closed at once and not kept waiting.
    stream.read_to_string(&mut text).ok();
    assert_eq!(text, "");
    drop(idle);
    let served = |_| ask(console.address(), b"GET /readyz HTTP/1.1\r\n\r\n").starts_with("HTTP/1.1 200 ");
    assert!((0..200).any(served));
}

#[test]
fn families_are_written_as_the_format_asks() {
    let mut page = String::new();
    Family::new(&mut page, "gatewatch_a_total", Kind::Counter, "Lines \\ read.")
        .count(&[("source", "vpn \"1\"\\\n")], 3)
        .count(&[("source", "b"), ("outcome", "failure")], u64::MAX);
    Family::new(&mut page, "gatewatch_none", Kind::Gauge, "Nothing.");
    Family::new(&mut page, "gatewatch_t_seconds", Kind::Histogram, "Time.").histogram(
        &[0.01, 0.1],
        &[2, 0, 1],
        0.52,
    );
    let wanted = "# HELP gatewatch_a_total Lines \\\\ read.\n# TYPE gatewatch_a_total counter\n\
        gatewatch_a_total{source=\"vpn \\\"1\\\"\\\\\\n\"} 3\n\
        gatewatch_a_total{source=\"b\",outcome=\"failure\"} 18446744073709551615\n\
        # HELP gatewatch_t_seconds Time.\n# TYPE gatewatch_t_seconds histogram\n\
        gatewatch_t_seconds_bucket{le=\"0.01\"} 2\ngatewatch_t_seconds_bucket{le=\"0.1\"} 2\n\
        gatewatch_t_seconds_bucket{le=\"+Inf\"} 3\ngatewatch_t_seconds_sum 0.52\ngatewatch_t_seconds_count 3\n";
    assert_eq!(page, wanted);
}

#[test]
fn a_console_that_is_dropped_has_left_its_address() {
    for _ in 0..50 {
        let (console, panel) = console(Span::ZERO);
        let port = console.address().port();
        let idle = TcpStream::connect(console.address()).unwrap();
        drop(console);
        let wide = SocketAddr::from(([0, 0, 0, 0], port));
        Console::open(wide, panel, Arc::new(|| Span::ZERO)).unwrap();
        drop(idle);
    }
}
