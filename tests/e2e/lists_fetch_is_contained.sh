#!/bin/bash
# lists_fetch_is_contained.sh - the fetch child has no privilege; killed, stopped, without a state directory, with a hostile
# server: dejunk stays armed, the last good copy stays, and the reason is told.  https by a CA of our own.
# limits: FETCH_MS LIST_BYTES
. "$(dirname "$0")/lib.sh"
topology
start_www
start_dns address=/lists.example/203.0.113.2 address=/inside.example/10.1.0.1
mkdir "$WORK/lists"
names() { printf 'n%d.names.example\n' $(seq 1 "$1"); }
names 100 >"$WORK/lists/a.txt"
names 100 >"$WORK/lists/slow.txt"
background lists server "$REPO/tests/e2e/lists_www.py" "$WORK/lists" 8000
until_true 20 listens s 8000 || fail "the server of lists does not start"
update() { gateway "$DEJUNK" lists update --run-dir "$WORK/run" "$@" >"$WORK/update.log" 2>&1; }
armed() { [ "$(status armed)" = true ] || fail "$1 disarmed it"; }
# fails NAME WHY - an update of the list fails for that reason, and nothing else comes of it
fails() {
	update "$1" && fail "update of $1 exits with 0: $(cat "$WORK/update.log")"
	grep -qiE "^$1: (failed|refused): .*$2" "$WORK/update.log" || fail "update of $1 says $(cat "$WORK/update.log"), not: $2"
	armed "$1 ($2)"
}
child() { pgrep -x dejunk-fetch -P "$(cat "$WORK/run/pid" 2>/dev/null || echo 1)"; }
field() { sed -n "s/^$2:[[:space:]]*//p" "/proc/$1/status"; }

# --- privileges, by the kernel's own word, while it fetches what comes slowly
rules <<END
gateway: {lan: lan}
lists:
  - {url: "http://lists.example:8000/slow/slow.txt", name: slow}
END
start_dejunk
until_true 10 status armed
until_true 20 child || fail "no fetch child was seen"
pid=$(child)
until_true 20 eval '[ "$(field '"$pid"' Seccomp)" = 2 ]' || fail "the fetch child has no seccomp filter"
uid=$(id -u dejunk 2>/dev/null || echo 63129)
seen="$(field "$pid" Uid | tr '\t' ' ')/$(field "$pid" Groups | tr -d ' ')/$(field "$pid" NoNewPrivs)"
[[ "$seen" = "$uid $uid $uid $uid//1" || "$seen" = "$uid $uid $uid $uid/"*"/1" ]] || fail "the fetch child: $seen"
for f in CapInh CapPrm CapEff CapBnd CapAmb; do
	[ "$(field "$pid" $f)" = 0000000000000000 ] || fail "the fetch child has $f $(field "$pid" $f)"
done
[ "$(cat "/proc/$pid/oom_score_adj")" = 1000 ] || fail "the fetch child is not the first to go where memory runs out"
until_true 20 grep -q slow.txt "$WORK/lists.log" || fail "the list is not asked for"
for f in "/proc/$pid/fd"/*; do	# sockets, its one file, standard error
	case ${f##*/}:$(readlink "$f") in
	2:* | *:socket:* | *:anon_inode:* | *:pipe:* | *:*/dev/null | *:*"$WORK"/state/lists/*.new) ;;
	*) fail "the fetch child holds $(readlink "$f")" ;;
	esac
done
armed "a slow list"
# stopped: nobody waits for it
kill -STOP "$pid"
sleep 2.5
armed "a fetch child that is stopped"
client curl -s -m 5 -o /dev/null http://203.0.113.2/ || fail "no traffic while it is stopped"
kill -KILL "$pid"
until_true 20 grep -q 'slow could not be fetched: the fetch process was killed by signal 9' "$WORK/dejunk.log" ||
	fail "a killed fetch child is not told of"
armed "a fetch child that was killed"
[ -z "$(ls "$WORK/state/lists" | grep -v state)" ] || fail "half a list is kept: $(ls "$WORK/state/lists")"
stop_dejunk || fail "exit status $?"
child && fail "a fetch child outlives the daemon"

# --- limits, by the daemon whose limits are small
SHORT=$REPO/build/short/bin/dejunk
[ -x "$SHORT" ] || skip "there is no $SHORT"
NORMAL=$DEJUNK DEJUNK=$SHORT
export DEJUNK_SHORT_LIMITS=1
site=http://lists.example:8000
# three URL_A URL_B URL_C - the rules from here on: lists named a, b and c
three() {
	rules <<END
gateway: {lan: lan}
lists:
  - {url: "$1", name: a}
  - {url: "$2", name: b}
  - {url: "$3", name: c}
END
}
three "$site/a.txt" "$site/hang" "$site/bomb"
start_dejunk
until_true 30 eval '[ "$(status names)" = 100 ]' || fail "the good one of three lists is not in force"
fails b '(took longer than|timed out)'
fails c 'larger than 65536 bytes'
names 8000 >"$WORK/lists/a.txt"
fails a 'larger than 65536 bytes.*last good copy stays'
# 2900 names are a list, but no image: what was there is put back
names 2900 >"$WORK/lists/a.txt"
fails a 'rules could not be built with it.*last good copy stays'
[ "$(status names)" = 100 ] || fail "after a build that failed $(status names) names are in force"
gateway "$DEJUNK" reload --run-dir "$WORK/run" >"$WORK/reload.log" 2>&1 || fail "the copy that was put back cannot be built with"
[ "$(status names)" = 100 ] || fail "what was put back has $(status names) names"
names 100 >"$WORK/lists/a.txt"
three "$site/moved?file:///etc/passwd" "$site/moved?http://inside.example:8000/a.txt" "$site/moved?$site/a.txt"
gateway "$DEJUNK" reload --run-dir "$WORK/run" >"$WORK/reload.log" 2>&1 || fail "reload"
fails a 'redirects to what is not http'
fails b 'redirects to a private address'
update c || fail "a redirect is not followed: $(cat "$WORK/update.log")"
three "$site/gone" "http://203.0.113.9:9/" "$site/endless"
gateway "$DEJUNK" reload --run-dir "$WORK/run" >"$WORK/reload.log" 2>&1 || fail "reload"
fails a 'the server answers 404'
fails b 'connect'
fails c 'larger than 65536 bytes'
stop_dejunk || fail "exit status $?"
DEJUNK=$NORMAL
unset DEJUNK_SHORT_LIMITS

# --- a copy whose build was cut short goes back; a state that nobody wrote is none; no directory, no harm
rules <<END
gateway: {lan: lan}
lists:
  - {url: "$site/a.txt", name: a}
END
rm -rf "$WORK/state"
start_dejunk
until_true 30 eval '[ "$(status names)" = 100 ]' || fail "the list is not in force"
stop_dejunk
copy=$(ls "$WORK"/state/lists/* | grep -v '[.]state$')
mv "$copy" "$copy.old"
names 5 >"$copy"
printf 'dejunk-list 1\nurl %s\netag a\rX: y\nrules 99999999999999999999\n' "$site/a.txt" >"$copy.state"
before=$(grep -c 'GET /a.txt 200 - ' "$WORK/lists.log")
start_dejunk
grep -q "100 names, 0 filters in force (generation 1" <(tail -n 20 "$WORK/dejunk.log") || fail "the copy before the build that was cut short is not in force: $(status names)"
until_true 30 eval '[ "$(grep -c "GET /a.txt 200 - " "$WORK/lists.log")" -gt '"$before"' ]' || fail "a list of unknown state is not fetched"
stop_dejunk
: >"$WORK/file"
start_dejunk --state-dir "$WORK/file/none"
until_true 10 status lists_failing
armed "no state directory"
update && fail "update without a state directory exits with 0"
grep -q 'state directory' "$WORK/update.log" || fail "update says $(cat "$WORK/update.log")"
stop_dejunk

# --- https
bundle=/etc/ssl/certs/ca-certificates.crt
[ -e $bundle ] && command -v openssl >/dev/null || skip "no openssl or $bundle for the part with https"
cd "$WORK" || fail "no directory"
{
	openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=test-ca -keyout ca.key -out ca.crt \
		-addext basicConstraints=critical,CA:TRUE
	openssl req -newkey rsa:2048 -nodes -subj /CN=lists.example -keyout site.key -out site.csr
	echo 'subjectAltName=DNS:lists.example' >site.ext
	openssl x509 -req -in site.csr -CA ca.crt -CAkey ca.key -CAcreateserial -days 2 -extfile site.ext -out site.crt
	openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=lists.example -addext subjectAltName=DNS:lists.example \
		-keyout self.key -out self.crt
} >"$WORK/openssl.log" 2>&1 || fail "no certificates"
cd / || fail "no root"
background tls server "$REPO/tests/e2e/lists_www.py" "$WORK/lists" 8443 "$WORK/site.crt" "$WORK/site.key"
background self server "$REPO/tests/e2e/lists_www.py" "$WORK/lists" 8444 "$WORK/self.crt" "$WORK/self.key"
until_true 20 listens s 8443 && until_true 20 listens s 8444 || fail "the servers with TLS do not start"
# in the mount namespace of ip netns exec, which is its own
printf '#!/bin/sh\n[ "$1" != run ] || mount --bind %s/ca.crt %s || exit 3\nexec %s "$@"\n' "$WORK" $bundle "$NORMAL" >"$WORK/dejunk"
chmod 755 "$WORK/dejunk"
rules <<END
gateway: {lan: lan}
lists:
  - {url: "https://lists.example:8443/a.txt", name: good}
  - {url: "https://lists.example:8444/a.txt", name: self}
  - {url: "https://lists.example:8443/moved?$site/a.txt", name: down}
END
DEJUNK=$WORK/dejunk start_dejunk
DEJUNK=$NORMAL
until_true 30 eval '[ "$(status names)" = 100 ]' || fail "no list by https: $(tail -5 "$WORK/dejunk.log")"
update good || fail "update: $(cat "$WORK/update.log")"
fails self certificate
fails down 'redirects to what is not https'
stop_dejunk || fail "exit status $?"
say "ok"
