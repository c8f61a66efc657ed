#!/bin/bash
# bare_debian.sh - in a bare Debian: up from nothing, filtering; up again changes nothing; a trial that nobody confirms
# ends by itself; down leaves no trace, and may be run twice
cd "$(dirname "$0")/../.." || exit 2
SHARED=${DEJUNK_SHARED:-../shared}
if [ -z "${DEJUNK_INSIDE:-}" ]; then
	[ -x "$SHARED/vm/fresh-root" ] || { echo "SKIP bare_debian: no $SHARED/vm/fresh-root"; exit 77; }
	for package in debootstrap slirp4netns zstd; do
		dpkg -s $package >/dev/null 2>&1 || apt-get install -y -q --no-install-recommends $package >/dev/null 2>&1 ||
			{ echo "SKIP bare_debian: no $package"; exit 77; }
	done
	# a copy: the build of the bare Debian must not meet ours
	copy=$(mktemp -d)
	trap 'rm -rf "$copy"' EXIT
	git archive HEAD | tar -x -C "$copy"
	cd "$copy" || exit 2
	DEJUNK_INSIDE=1 "$OLDPWD/$SHARED/vm/fresh-root" -- env DEJUNK_INSIDE=1 tests/slow/bare_debian.sh
	exit
fi

fail() { echo "FAIL bare_debian: $*"; tail -n 40 /var/log/dejunk.log 2>/dev/null; exit 1; }
state() {
	sysctl -a 2>/dev/null | grep -E '^net\.(ipv4\.ip_forward|ipv6\.conf\.[^.]*\.(forwarding|accept_ra)) '
	nft list ruleset 2>/dev/null
	ls -d /run/dejunk /var/lib/dejunk /var/log/dejunk.log /etc/systemd/system/dejunk.service 2>/dev/null
	getent passwd dejunk
	ls /proc/*/exe 2>/dev/null | while read -r e; do readlink "$e"; done | grep dejunk
}
scripts/up || fail "up"
scripts/down || fail "the first down"
state >/tmp/before
scripts/up || fail "up, the second time"
build/dejunk status || fail "not armed"
[ "$(cat /tmp/before)" != "$(state)" ] || fail "the comparison sees nothing"
timeout 5 bash -c 'exec 3<>/dev/tcp/127.0.0.1/1100; cat <&3' | grep -qE '^[0-9]{10}$' || fail "the probe"
pid=$(cat /run/dejunk/pid)
nft -s list ruleset >/tmp/one
scripts/up || fail "up, while it runs"
[ "$(cat /run/dejunk/pid)" = "$pid" ] || fail "up restarted a running daemon"
scripts/down || fail "down"
state | diff /tmp/before - || fail "down left a trace"
scripts/down || fail "down, the second time"
state | diff /tmp/before - || fail "the second down left a trace"
scripts/up --try 5s || fail "up --try"
build/dejunk status >/dev/null || fail "not armed on trial"
for _ in {1..150}; do [ -e /run/dejunk ] || break; sleep 0.1; done
sleep 0.5
state | diff /tmp/before - || fail "the trial left a trace"
scripts/up --try 3s || fail "up --try, the second time"
scripts/up --confirm || fail "up --confirm"
sleep 4
build/dejunk status >/dev/null || fail "a confirmed trial ended"
scripts/down
state | diff /tmp/before - || fail "down after a trial left a trace"
