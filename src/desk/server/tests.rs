use super::super::{CallError, Deed, Word, call};
use super::*;
use std::io::{BufRead, BufReader as StdReader, Write};
use std::sync::mpsc;

/// A desk whose requests are answered by a closure, from a thread as the daemon would.
fn daemon(path: &Path, answer: impl Fn(u32, Ask) -> Option<Answer> + Send + 'static) -> mpsc::Sender<()> {
    let (wake, woken) = mpsc::channel();
    let stop = wake.clone();
    let again = wake.clone();
    let mut desk = Desk::open(path, move || again.send(()).unwrap_or(())).unwrap();
    std::thread::spawn(move || {
        let _keep = wake;
        let mut stopping = false;
        while !stopping && woken.recv().is_ok() {
            let requests = desk.requests();
            stopping = requests.is_empty();
            for request in requests {
                if let Some(answer) = answer(request.uid, request.body.clone()) {
                    request.answer(answer);
                }
            }
        }
    });
    stop
}

fn answered(uid: u32, ask: Ask) -> Option<Answer> {
    match ask {
        Ask::Ping => Some(Answer::done(format!("uid {uid}"))),
        Ask::Status => {
            Some(Answer::data(serde_json::json!({"status": "healthy", "pad": "x".repeat(200_000)})))
        }
        Ask::Act(deed) => Some(Answer::done(format!("{:?} {:?}", deed.verb, deed.incident))),
        Ask::Reload => None,
    }
}

#[test]
fn a_request_is_answered_with_the_peer_known() {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("control.sock");
    let _stop = daemon(&path, answered);
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o660);
    let uid = rustix::process::getuid().as_raw();
    assert_eq!(call(&path, &Ask::Ping).unwrap(), Answer::done(format!("uid {uid}")));
    assert_eq!(call(&path, &Ask::Status).unwrap().data.unwrap()["status"], "healthy");
    let deed = Deed { verb: Word::Assign, incident: Some("7".into()), ..Deed::default() };
    assert_eq!(call(&path, &Ask::Act(Box::new(deed))).unwrap().text, "Assign Some(\"7\")");
    let unanswered = call(&path, &Ask::Reload).unwrap();
    assert!(!unanswered.ok && unanswered.text.contains("did not answer"), "{unanswered:?}");
}

#[test]
fn nonsense_is_answered_and_a_flood_is_cut() {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("control.sock");
    let _stop = daemon(&path, answered);
    let mut stream = StdStream::connect(&path).unwrap();
    let mut reader = StdReader::new(stream.try_clone().unwrap());
    let mut exchange = |text: &[u8]| {
        stream.write_all(text).unwrap();
        let mut line = String::new();
        reader.read_line(&mut line).unwrap();
        line
    };
    assert!(exchange(b"GET / HTTP/1.1\r\n").contains("not a request"));
    assert!(exchange(b"\xff\xfe\n").contains("not a request"));
    assert!(exchange(b"{\"ask\":\"act\",\"verb\":\"acknowledge\",\"extra\":1}\n").contains("unknown field"));
    assert!(exchange(b"{\"ask\":\"ping\"}\n").contains("uid "), "the connection is still of use");
    assert!(exchange(&[b'['; CONTROL_BYTES_MAX + 1]).contains("at most 65536 bytes"));
    let mut rest = String::new();
    assert_eq!(reader.read_line(&mut rest).unwrap_or(0), 0, "and is closed");
}

#[test]
fn silent_clients_take_places_but_not_the_daemon() {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("control.sock");
    let _stop = daemon(&path, answered);
    let silent: Vec<StdStream> = (0..CLIENTS_MAX).map(|_| StdStream::connect(&path).unwrap()).collect();
    let refused = call(&path, &Ask::Ping).unwrap();
    assert!(!refused.ok && refused.text.contains("too many clients"), "{refused:?}");
    drop(silent);
    let again = (0..200).find_map(|_| {
        std::thread::yield_now();
        call(&path, &Ask::Ping).ok().filter(|answer| answer.ok)
    });
    assert!(again.is_some(), "places are given back");
}

#[test]
fn a_stale_file_is_replaced_a_living_one_is_not() {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("control.sock");
    assert!(matches!(call(&path, &Ask::Ping), Err(CallError::NoDaemon(_))));
    drop(StdListener::bind(&path).unwrap());
    assert!(path.exists() && matches!(call(&path, &Ask::Ping), Err(CallError::NoDaemon(_))));
    let desk = Desk::open(&path, || {}).unwrap();
    assert!(matches!(Desk::open(&path, || {}), Err(DeskError::InUse(_))));
    drop(desk);
    assert!(!path.exists(), "a clean end removes the file");
    fs::write(&path, "precious").unwrap();
    assert!(matches!(Desk::open(&path, || {}), Err(DeskError::NotASocket(_))));
    assert_eq!(fs::read(&path).unwrap(), b"precious");
    let long = home.path().join("x".repeat(120));
    assert!(matches!(Desk::open(&long, || {}), Err(DeskError::Io { .. })));
}
