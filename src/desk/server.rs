//! The daemon's side of the control socket: a thread with its own small runtime, at most 16 clients,
//! each with one request at a time. The daemon collects requests when it looks and answers them.

use super::ANSWER_SECONDS_MAX;
use super::ask::{Answer, Ask};
use crate::limits::CONTROL_BYTES_MAX;
use std::fs::{self, Permissions};
use std::io;
use std::os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt};
use std::os::unix::net::{UnixListener as StdListener, UnixStream as StdStream};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::{Semaphore, oneshot};
use tokio::time::timeout;

/// Clients at once.
const CLIENTS_MAX: usize = 16;
/// Requests that wait for the daemon; above the clients' number only when clients left without an answer.
const WAITING_MAX: usize = 64;
/// Time for a request to arrive whole, and for an answer to be taken.
const TRANSFER_MAX: Duration = Duration::from_secs(10);
/// The pause after a failed accept (no more file descriptors, say).
const PAUSE: Duration = Duration::from_millis(200);

/// Why the control socket cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum DeskError {
    /// Another daemon answers on it.
    #[error("{0}: another daemon listens there; one state directory belongs to one daemon")]
    InUse(PathBuf),
    /// Something else has its name.
    #[error("{0}: is there and is no socket; move it away")]
    NotASocket(PathBuf),
    /// The system refused.
    #[error("{path}: {source}")]
    Io {
        /// The socket.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

/// One request, to be answered once. Dropped without an answer, the client is told so.
#[derive(Debug)]
pub struct Request {
    /// Who asks, as the kernel says.
    pub uid: u32,
    /// What is asked.
    pub body: Ask,
    answer: oneshot::Sender<Answer>,
}

impl Request {
    /// Answers. A client that has gone is no error: what was done, is done.
    pub fn answer(self, answer: Answer) {
        self.answer.send(answer).ok();
    }
}

/// The open socket. Dropped, it is closed and its file removed.
#[derive(Debug)]
pub struct Desk {
    room: Arc<Room>,
    path: PathBuf,
    /// Device and inode of our file, so that a successor's is not removed.
    identity: (u64, u64),
    _end: oneshot::Sender<()>,
}

struct Room {
    waiting: Mutex<Vec<Request>>,
    wake: Box<dyn Fn() + Send + Sync>,
}

impl std::fmt::Debug for Room {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Room").field("waiting", &self.waiting().len()).finish()
    }
}

impl Room {
    fn waiting(&self) -> MutexGuard<'_, Vec<Request>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Desk {
    /// Opens the socket; `wake` is called after each request, from the socket's thread.
    ///
    /// # Errors
    /// [`DeskError`].
    pub fn open(path: &Path, wake: impl Fn() + Send + Sync + 'static) -> Result<Desk, DeskError> {
        let io = |source| DeskError::Io { path: path.to_owned(), source };
        let listener = bind(path)?;
        let identity = fs::symlink_metadata(path).map(|m| (m.dev(), m.ino())).map_err(io)?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(io)?;
        let room = Arc::new(Room { waiting: Mutex::default(), wake: Box::new(wake) });
        let (end, ended) = oneshot::channel::<()>();
        let served = Arc::clone(&room);
        let serve = move || {
            runtime.block_on(async move {
                tokio::select! {
                    result = serve(listener, served) => if let Err(error) = result {
                        tracing::error!(%error, "the control socket cannot be served");
                    },
                    _ = ended => {}
                }
            });
        };
        std::thread::Builder::new().name("desk".into()).spawn(serve).map_err(io)?;
        Ok(Desk { room, path: path.to_owned(), identity, _end: end })
    }

    /// Requests that came since the last call. Those whose client has given up are left out: nobody would
    /// learn what became of them.
    pub fn requests(&mut self) -> Vec<Request> {
        let mut requests = std::mem::take(&mut *self.room.waiting());
        requests.retain(|request| {
            let given_up = request.answer.is_closed();
            if given_up {
                tracing::warn!(
                    uid = request.uid,
                    "a request on the control socket was given up before it was read"
                );
            }
            !given_up
        });
        requests
    }
}

impl Drop for Desk {
    fn drop(&mut self) {
        let ours = fs::symlink_metadata(&self.path).is_ok_and(|m| (m.dev(), m.ino()) == self.identity);
        if ours {
            fs::remove_file(&self.path).ok();
        }
    }
}

/// Binds; a file that nobody answers on is what a killed daemon left, and is replaced.
fn bind(path: &Path) -> Result<StdListener, DeskError> {
    let io = |source| DeskError::Io { path: path.to_owned(), source };
    match fs::symlink_metadata(path) {
        Ok(found) if !found.file_type().is_socket() => return Err(DeskError::NotASocket(path.to_owned())),
        Ok(_) => match StdStream::connect(path) {
            Ok(_) => return Err(DeskError::InUse(path.to_owned())),
            Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => {
                fs::remove_file(path).map_err(io)?
            }
            Err(error) => return Err(io(error)),
        },
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(io(error)),
    }
    let listener = StdListener::bind(path).map_err(io)?;
    listener.set_nonblocking(true).map_err(io)?;
    // Until here the umask keeps others out; connecting needs the right to write.
    fs::set_permissions(path, Permissions::from_mode(0o660)).map_err(io)?;
    Ok(listener)
}

async fn serve(listener: StdListener, room: Arc<Room>) -> io::Result<()> {
    let listener = UnixListener::from_std(listener)?;
    let places = Arc::new(Semaphore::new(CLIENTS_MAX));
    loop {
        let Ok((stream, _)) = listener.accept().await else {
            timeout(PAUSE, std::future::pending::<()>()).await.ok();
            continue;
        };
        let Ok(place) = Arc::clone(&places).try_acquire_owned() else {
            // Fits into the empty buffer of a new connection; if not, closing says it too.
            stream.try_write(&line(&Answer::refused("too many clients at once; try again"))).ok();
            continue;
        };
        let room = Arc::clone(&room);
        tokio::spawn(async move {
            attend(stream, &room).await;
            drop(place);
        });
    }
}

/// One client: requests and answers in turn until it goes, or says what is no request.
async fn attend(stream: UnixStream, room: &Room) {
    let Ok(peer) = stream.peer_cred() else { return };
    let (reader, mut writer) = stream.into_split();
    let mut reader = BufReader::new(reader);
    loop {
        let mut text = Vec::new();
        let mut bounded = (&mut reader).take(CONTROL_BYTES_MAX as u64 + 1);
        match timeout(TRANSFER_MAX, bounded.read_until(b'\n', &mut text)).await {
            Ok(Ok(1..)) => {}
            _ => return,
        }
        let too_long = text.len() > CONTROL_BYTES_MAX;
        let answer = if too_long {
            Answer::refused(format!("a request has at most {CONTROL_BYTES_MAX} bytes"))
        } else {
            match serde_json::from_slice(&text) {
                Ok(body) => ask(room, peer.uid(), body).await,
                Err(error) => Answer::refused(format!("not a request: {error}")),
            }
        };
        let sent = timeout(TRANSFER_MAX, writer.write_all(&line(&answer))).await;
        if too_long || !matches!(sent, Ok(Ok(()))) {
            return;
        }
    }
}

/// Puts a request before the daemon and waits for its word.
async fn ask(room: &Room, uid: u32, body: Ask) -> Answer {
    let (answer, answered) = oneshot::channel();
    {
        let mut waiting = room.waiting();
        if waiting.len() >= WAITING_MAX {
            return Answer::refused("the daemon is busy: nothing was done; try again");
        }
        waiting.push(Request { uid, body, answer });
    }
    (room.wake)();
    match timeout(Duration::from_secs(ANSWER_SECONDS_MAX), answered).await {
        Ok(Ok(answer)) => answer,
        Ok(Err(_)) => Answer::refused("the daemon did not answer; it may be stopping"),
        Err(_) => Answer::refused(format!(
            "the daemon did not answer within {ANSWER_SECONDS_MAX} s; look whether it was done before you repeat it"
        )),
    }
}

fn line(answer: &Answer) -> Vec<u8> {
    let mut text = serde_json::to_vec(answer).unwrap_or_else(|_| br#"{"ok":false}"#.to_vec());
    text.push(b'\n');
    text
}

#[cfg(test)]
mod tests;
