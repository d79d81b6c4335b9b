use super::*;
use crate::schema::{Changes, Clock, ClockState, IncidentStatus, JournalEntry, NotificationKind, Severity};
use std::sync::{Arc, Mutex};

#[derive(Clone, Default)]
struct Ear(Arc<Mutex<Vec<u8>>>);

impl Ear {
    fn heard(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }
}

impl Write for Ear {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn emergency(store: &Path) -> (Emergency, Ear) {
    let ear = Ear::default();
    let channel = Emergency { out: Box::new(ear.clone()), prefix: "<0>", ..Emergency::new(store) };
    (channel, ear)
}

fn incident(now: &Reading) -> Incident {
    Incident {
        id: "u3jxtj43yefscwluj2rmmlxz7s".into(),
        number: 12,
        title: "Guessing\u{1b}[2J at a login".into(),
        severity: Severity::Critical,
        status: IncidentStatus::Open,
        entity: "user=$(id)\n<script>".into(),
        incident_type: None,
        policy: "critical".into(),
        opened_at: now.utc,
        occurred_at: now.utc,
        read_at: now.utc,
        detected_at: now.utc,
        started: now.clone(),
        next_step: 1,
        round: 0,
        notified_at: None,
        acknowledged_at: None,
        acknowledged_by: None,
        ack_via: None,
        resolved_at: None,
        resolution: None,
        findings: 1,
        assignee: None,
        last_event_at: now.utc,
        drill: None,
        merged_into: None,
    }
}

fn book() -> Book {
    let (mut book, now) = (Book::default(), Reading::default());
    book.put_incident(incident(&now));
    book.put_clock(Clock {
        incident: "u3jxtj43yefscwluj2rmmlxz7s".into(),
        kind: ClockKind::Notify,
        round: 0,
        state: ClockState::Running,
        allowed: Span::minutes(30),
        armed: now.clone(),
        elapsed_lo: Span::minutes(21),
        elapsed_hi: Span::minutes(21),
        ticked: now.clone(),
        due_at: now.utc + Span::minutes(30),
        ended_at: None,
        name: None,
    });
    book.put_notification(Notification {
        id: 1,
        incident: Some("u3jxtj43yefscwluj2rmmlxz7s".into()),
        step: 0,
        round: 0,
        recipient: "ana".into(),
        address: "ana@example.org".into(),
        kind: NotificationKind::Notice,
        message_id: "<1@x>".into(),
        state: NotificationState::Pending,
        created_at: now.utc,
        due_at: now.utc,
        accepted_at: None,
        delivery_level: None,
        relay: Some("mx:25".into()),
        relay_reply: Some("cannot connect".into()),
        attempts: 9,
        may_repeat: false,
        date: None,
        digest: None,
        answered_at: None,
        answered_by: None,
        words: None,
    });
    book
}

fn crying() -> Turn {
    let entry = JournalEntry {
        at: Reading::default().utc,
        kind: "emergency",
        actor: "gatewatch".into(),
        subject: "u3jxtj43yefscwluj2rmmlxz7s".into(),
        detail: "70 %".into(),
    };
    Turn { changes: Changes { journal: vec![entry], ..Changes::default() }, ..Turn::default() }
}

const NAME: &str = "12-0-u3jxtj43yefscwluj2rmmlxz7s.json";

#[test]
fn a_notice_nobody_took_is_a_line_of_the_journal_and_a_file() {
    let home = tempfile::tempdir().unwrap();
    let (mut channel, ear) = emergency(home.path());
    channel.note(&crying(), &book(), &Reading::default());
    let heard = ear.heard();
    assert!(heard.starts_with(
        "<0>gatewatch: EMERGENCY: nobody could be told of incident 12 (critical: Guessing\\x1b[2J"
    ));
    assert!(
        heard.contains("ana@example.org after 9 tries: cannot connect") && heard.lines().count() == 1,
        "{heard}"
    );
    let text = fs::read_to_string(home.path().join(FOLDER).join(NAME)).unwrap();
    let file: Value = serde_json::from_str(&text).unwrap();
    assert_eq!((&file["number"], &file["may_repeat"]), (&json!(12), &json!(false)));
    assert_eq!(file["entity"], "user=$(id)\\n<script>");
    assert_eq!(file["recipients"][0]["state"], "pending");
    assert_eq!(file["acknowledge"], "gatewatch incident ack 12");
}

#[test]
fn a_start_drops_again_what_is_not_there_and_says_so() {
    let home = tempfile::tempdir().unwrap();
    let (mut channel, ear) = emergency(home.path());
    channel.begin(&book(), &Reading::default());
    let path = home.path().join(FOLDER).join(NAME);
    let file: Value = serde_json::from_str(&fs::read_to_string(&path).unwrap()).unwrap();
    assert_eq!(file["may_repeat"], true);
    // What the handler has done with stays done.
    let done = home.path().join(FOLDER).join("done");
    fs::create_dir(&done).unwrap();
    fs::rename(&path, done.join(NAME)).unwrap();
    channel.begin(&book(), &Reading::default());
    assert!(!path.exists());
    // Before the share of time, after an answer, and after an acceptance there is nothing to drop.
    fs::remove_dir_all(home.path().join(FOLDER)).unwrap();
    for change in [
        |clock: &mut Clock, _: &mut Incident| clock.elapsed_hi = Span::minutes(20),
        |clock: &mut Clock, _: &mut Incident| clock.ended_at = Some(Reading::default().utc),
        |_: &mut Clock, incident: &mut Incident| incident.status = IncidentStatus::Resolved,
    ] {
        let mut book = book();
        let mut clock = book.clock("u3jxtj43yefscwluj2rmmlxz7s", ClockKind::Notify).unwrap().clone();
        book.update_incident("u3jxtj43yefscwluj2rmmlxz7s", |incident| change(&mut clock, incident));
        book.put_clock(clock);
        channel.begin(&book, &Reading::default());
    }
    assert!(!home.path().join(FOLDER).exists());
    assert_eq!(ear.heard(), "");
}

#[test]
fn a_flood_is_bounded_and_a_full_folder_is_told() {
    let home = tempfile::tempdir().unwrap();
    let (mut channel, ear) = emergency(home.path());
    for n in 0..100 {
        channel.cry(&format!("n {n}"), &Reading::default());
    }
    assert_eq!(ear.heard().lines().count(), LINES_MAX + 1);
    assert!(ear.heard().ends_with("not shown)\n"));
    let later = Reading { boottime: Span::minutes(2), ..Reading::default() };
    fs::write(home.path().join(FOLDER), "a file stands in the folder's place").unwrap();
    channel.note(&crying(), &book(), &later);
    assert!(ear.heard().contains("cannot be written"), "{}", ear.heard());
    let at = |seconds: i64| Reading { boottime: Span::seconds(1_000 + seconds), ..Reading::default() };
    let before = ear.heard();
    channel.stalled(Some("disk full"), &at(0));
    channel.stalled(Some("disk full"), &at(59));
    channel.stalled(None, &at(60));
    channel.stalled(Some("disk full"), &at(61));
    assert_eq!(ear.heard(), before, "a short stall is for the log alone");
    channel.stalled(Some("disk full"), &at(122));
    channel.stalled(Some("disk full"), &at(500));
    assert_eq!(ear.heard().matches("disk full").count(), 1);
}
