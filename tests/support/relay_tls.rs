//! TLS for the scripted relay: the `openssl` program makes certificates and speaks TLS to the client.

use std::io::Write;
use std::net::{Shutdown, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// One TLS server process for one connection; it ends with the session.
pub struct Tunnel {
    pub child: Child,
}

impl Tunnel {
    /// Starts the server and joins it to the client's socket; `early` bytes of the client were read already.
    pub fn dig(identity: &Identity, client: &TcpStream, early: Vec<u8>) -> Tunnel {
        let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let mut command = Command::new("openssl");
        command.args(["s_server", "-quiet", "-naccept", "1", "-accept", &format!("127.0.0.1:{free}")]);
        command.arg("-cert").arg(&identity.certificate).arg("-key").arg(&identity.key);
        let child =
            command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let server = (0..200).find_map(|_| {
            std::thread::sleep(Duration::from_millis(10));
            TcpStream::connect(("127.0.0.1", free)).ok()
        });
        let mut server = server.expect("openssl s_server does not listen");
        server.write_all(&early).ok();
        pump(client.try_clone().unwrap(), server.try_clone().unwrap());
        pump(server, client.try_clone().unwrap());
        Tunnel { child }
    }
}

impl Drop for Tunnel {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

fn pump(mut from: TcpStream, mut to: TcpStream) {
    std::thread::spawn(move || {
        std::io::copy(&mut from, &mut to).ok();
        to.shutdown(Shutdown::Both).ok();
        from.shutdown(Shutdown::Both).ok();
    });
}

/// A certificate with its key, as PEM files.
#[derive(Clone)]
pub struct Identity {
    pub certificate: PathBuf,
    pub key: PathBuf,
}

impl Identity {
    /// Makes an authority and a certificate of it for one subject alternative name (`DNS:localhost`,
    /// `IP:127.0.0.1`) in a directory. Gives the authority's PEM beside; `None` without an `openssl` program.
    pub fn make(directory: &Path, name: &str) -> Option<(Identity, Vec<u8>)> {
        let path = |file: &str| directory.join(file);
        let openssl = |args: &[&str]| {
            let run = Command::new("openssl").args(args).current_dir(directory).output().ok()?;
            assert!(run.status.success(), "openssl {args:?}: {}", String::from_utf8_lossy(&run.stderr));
            Some(())
        };
        let key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];
        // Each authority has a name of its own, so that a stranger is unknown and not a bad signature.
        let subject = format!("/CN=authority of {name}");
        let authority =
            ["req", "-x509", "-keyout", "ca.key", "-out", "ca.pem", "-days", "2", "-subj", &subject];
        openssl(&[&authority[..], &key[..]].concat())?;
        openssl(
            &[&["req", "-keyout", "relay.key", "-out", "relay.csr", "-subj", "/CN=relay"][..], &key[..]]
                .concat(),
        )?;
        std::fs::write(path("relay.ext"), format!("subjectAltName={name}\nbasicConstraints=CA:FALSE\n"))
            .unwrap();
        let sign =
            ["x509", "-req", "-in", "relay.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial"];
        openssl(&[&sign[..], &["-days", "2", "-out", "relay.pem", "-extfile", "relay.ext"][..]].concat())?;
        let ca = std::fs::read(path("ca.pem")).unwrap();
        Some((Identity { certificate: path("relay.pem"), key: path("relay.key") }, ca))
    }
}
