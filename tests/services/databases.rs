//! PostgreSQL and MariaDB.

use crate::acts::{compare, compare_some, said, start, succeeds, tool, version};
use crate::gate::Gate;
use crate::machine::{Running, can, free_port, must, reached};
use crate::postfix::owner;
use std::fs;
use std::os::unix::fs::chown;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

/// A command that runs as the database's account, which refuses to be root.
fn as_account(account: &str, name: &str) -> Command {
    let (id, group) = owner(account);
    let mut command = tool("setpriv");
    command.args(["--reuid", &id.to_string(), "--regid", &group.to_string(), "--clear-groups"]);
    command.arg(crate::machine::program(name).unwrap()).current_dir("/");
    command
}

/// A folder of the account's own.
fn home(folder: &Path, account: &str) -> std::path::PathBuf {
    let home = folder.join("db");
    fs::create_dir(&home).unwrap();
    let (id, group) = owner(account);
    chown(&home, Some(id), Some(group)).unwrap();
    home
}

fn postgres(folder: &Path, port: u16) -> Running {
    let home = home(folder, "postgres");
    fs::write(home.join("password"), "right-one\n").unwrap();
    must(
        as_account("postgres", "initdb")
            .args(["-U", "ana", "-A", "scram-sha-256", "-N", "--pwfile"])
            .arg(home.join("password"))
            .arg("-D")
            .arg(home.join("data")),
    );
    let config = format!(
        "listen_addresses = '127.0.0.1'
port = {port}
unix_socket_directories = '{home}'
fsync = off
log_connections = on
log_disconnections = on
log_line_prefix = '%m [%p] %q%u@%d '
log_timezone = UTC
logging_collector = on
log_destination = 'stderr,csvlog,jsonlog'
log_directory = '{home}'
log_filename = 'server.log'
",
        home = home.display()
    );
    fs::write(home.join("data/postgresql.conf"), config).unwrap();
    let mut command = as_account("postgres", "postgres");
    command.arg("-D").arg(home.join("data"));
    start(folder, "postgres", command)
}

/// One connection with a query; whether it was let in.
fn psql(port: u16, user: &str, password: &str, database: &str) -> bool {
    let mut command = tool("psql");
    command.env("PGPASSWORD", password).env("PGCONNECT_TIMEOUT", "5");
    succeeds(command.args([
        "-w",
        "-h",
        "127.0.0.1",
        "-p",
        &port.to_string(),
        "-U",
        user,
        "-c",
        "SELECT 1",
        database,
    ]))
}

#[test]
fn postgresql_lets_in_refuses_and_ends() {
    let test = "PostgreSQL";
    if !can(test, &["postgres", "initdb", "psql", "setpriv"], true) {
        return;
    }
    let gate = Gate::new();
    let folder = gate.folder.path();
    let port = free_port();
    let _postgres = postgres(folder, port);
    let log = folder.join("db/server.log");
    let text = || fs::read_to_string(&log).unwrap_or_default();
    assert!(
        reached(Duration::from_secs(15), || text().contains("ready to accept connections")),
        "{}{}",
        said(folder, "postgres"),
        text()
    );
    assert!(psql(port, "ana", "right-one", "postgres"));
    assert!(!psql(port, "ana", "wrong", "postgres"));
    assert!(!psql(port, "eve", "wrong", "postgres"));
    assert!(!psql(port, "ana", "right-one", "nowhere"));
    let service = version("postgres", "--version");
    // Debian's prefix has no address: only `connection received` and `disconnection` say it. The database
    // that is not there is looked for after the password was right.
    compare(
        &service,
        "postgresql",
        &log,
        &[
            "authentication logon success ana -",
            "authentication logoff success ana 127.0.0.1",
            "authentication logon failure ana -",
            "authentication logon failure eve -",
            "authentication logon success ana -",
            "datastore connect failure ana -",
        ],
    );
    for (format, file) in [("postgresql-csv", "server.csv"), ("postgresql", "server.json")] {
        compare(
            &service,
            format,
            &folder.join("db").join(file),
            &[
                "authentication logon success ana 127.0.0.1",
                "authentication logoff success ana 127.0.0.1",
                "authentication logon failure ana 127.0.0.1",
                "authentication logon failure eve 127.0.0.1",
                "authentication logon success ana 127.0.0.1",
                "datastore connect failure ana 127.0.0.1",
            ],
        );
    }
}

fn mariadb(folder: &Path, port: u16) -> Running {
    let home = home(folder, "mysql");
    let data = format!("--datadir={}/data", home.display());
    must(as_account("mysql", "mariadb-install-db").args([
        "--no-defaults",
        "--auth-root-authentication-method=normal",
        "--skip-test-db",
        &data,
    ]));
    let here = home.display();
    let account = "CREATE USER ana@'127.0.0.1' IDENTIFIED BY 'right-one';\n";
    fs::write(home.join("init.sql"), account).unwrap();
    let mut command = as_account("mysql", "mariadbd");
    command.args([
        "--no-defaults".to_owned(),
        data,
        format!("--port={port}"),
        "--bind-address=127.0.0.1".to_owned(),
        "--skip-name-resolve".to_owned(),
        "--log-warnings=2".to_owned(),
        format!("--socket={here}/s"),
        format!("--pid-file={here}/pid"),
        format!("--log-error={here}/error.log"),
        format!("--init-file={here}/init.sql"),
        "--plugin-load-add=server_audit".to_owned(),
        "--server-audit-logging=ON".to_owned(),
        "--server-audit-events=CONNECT".to_owned(),
        "--general-log".to_owned(),
        format!("--general-log-file={here}/general.log"),
    ]);
    start(folder, "mariadbd", command)
}

#[test]
fn mariadb_lets_in_refuses_and_ends() {
    let test = "MariaDB";
    if !can(test, &["mariadbd", "mariadb-install-db", "mariadb", "setpriv"], true) {
        return;
    }
    let gate = Gate::new();
    let folder = gate.folder.path();
    let port = free_port();
    let _mariadb = mariadb(folder, port);
    let text = || fs::read_to_string(folder.join("db/error.log")).unwrap_or_default();
    assert!(reached(Duration::from_secs(25), || text().contains("ready for connections")), "{}", text());
    let connect = |user: &str, password: &str| {
        let words = format!("--no-defaults -h 127.0.0.1 -P {port} -u {user} -e DO@1");
        let mut command = tool("mariadb");
        command.env("MYSQL_PWD", password);
        succeeds(command.args(words.split(' ').map(|word| word.replace('@', " "))))
    };
    assert!(connect("ana", "right-one"), "{}", text());
    assert!(!connect("ana", "wrong"));
    assert!(!connect("eve", "wrong"));
    let service = version("mariadbd", "--version");
    compare(
        &service,
        "mysql",
        &folder.join("db/error.log"),
        &["authentication logon failure ana 127.0.0.1", "authentication logon failure eve 127.0.0.1"],
    );
    compare(
        &service,
        "mysql",
        &folder.join("db/data/server_audit.log"),
        &[
            "authentication logon success ana 127.0.0.1",
            "authentication logoff success ana 127.0.0.1",
            "authentication logon failure ana 127.0.0.1",
            "authentication logon failure eve 127.0.0.1",
        ],
    );
    // The connection is told before the password is looked at, so it proves nothing. A line
    // of the same second has no stamp.
    let asked = |user: &str| format!("authentication logon unknown {user} 127.0.0.1");
    compare_some(
        &service,
        "mysql",
        &folder.join("db/general.log"),
        &|_| true,
        &[
            &asked("ana"),
            "authentication logoff success - -",
            &asked("ana"),
            "authentication logon failure ana 127.0.0.1",
            &asked("eve"),
            "authentication logon failure eve 127.0.0.1",
        ],
    );
}
