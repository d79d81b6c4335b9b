#!/bin/bash
# In a mount namespace of its own: a real journald, a writer, and the shipped script, which is killed three times.
# $1: the script. $2: folder for its files. Exit 77: this machine cannot do it.
[ -x /lib/systemd/systemd-journald ] && command -v journalctl python3 setsid >/dev/null || exit 77
mount -t tmpfs none /run || exit 77
mkdir -p /run/systemd/journal /run/log/journal "$2/log" "$2/state"
/lib/systemd/systemd-journald 2>/dev/null & journald=$!
trap 'kill $journald' EXIT
for _ in $(seq 50); do [ -S /run/systemd/journal/dev-log ] && break; sleep 0.1; done
python3 - <<'P' & writer=$!
import socket, time
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
for n in range(120):
    user = b"u%d" % n + (b"\xff" if n % 7 == 0 else b"")  # no text: the journal gives it as numbers
    text = b"<38>sshd[%d]: Failed password for %s from 192.0.2.7 port 4022 ssh2" % (1000 + n, user)
    s.sendto(text, "/run/systemd/journal/dev-log")
    time.sleep(0.025)
P
export LOGS_DIRECTORY=$2/log STATE_DIRECTORY=$2/state
export GATEWATCH_JOURNAL_PAUSE=0.1 GATEWATCH_JOURNAL_BYTES=30000 GATEWATCH_JOURNAL_FILES=9
for _ in 1 2 3; do
    setsid "$1" & copier=$!
    sleep 0.9
    kill -9 -- -$copier
done
setsid "$1" & copier=$!
wait $writer
sleep 1
kill -TERM $copier
wait $copier || exit 1
