# shellcheck shell=bash
# lib.sh - three namespaces, a client, a gateway that runs dejunk, a server; everything gone on exit
#
#   client 10.1.0.2   --lan--  gateway 10.1.0.1 | 203.0.113.1   --wan--  server 203.0.113.2 .. .9
#          fd01::2             fd01::1 | 2001:db8:2::1                   2001:db8:2::2 .. ::9
#
# A test sources this file, calls topology, and uses client, gateway, server to run
# commands there.  Exit status: 0 passed, 1 failed, 77 skipped.
set -u
REPO=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
DEJUNK=${DEJUNK:-$REPO/build/dejunk}
SHARED=${DEJUNK_SHARED:-$REPO/../shared}
TEST=$(basename "$0" .sh)
ID=dj$$
WORK=$(mktemp -d "${TMPDIR:-/tmp}/dejunk-$TEST.XXXXXX")
chmod 755 "$WORK"
pids=()
declare -A pid_of=()

skip() { echo "SKIP $TEST: $*"; exit 77; }
say() { echo "$TEST: $*"; }
fail() {
	echo "FAIL $TEST: $*"
	for log in "$WORK"/*.log; do
		[ -s "$log" ] || continue
		echo "--- ${log##*/}"
		tail -n "${LOG_LINES:-60}" "$log"
	done
	exit 1
}

alive() { local p; for p in "${pids[@]}"; do kill -0 "$p" 2>/dev/null && return 0; done; return 1; }

cleanup() {
	local pid i
	for pid in "${pids[@]}"; do kill "$pid" 2>/dev/null; done
	for i in {1..40}; do
		alive || break
		sleep 0.1
	done
	for pid in "${pids[@]}"; do kill -9 "$pid" 2>/dev/null; done
	# what our own processes left behind in our own namespaces (children of a killed daemon)
	for i in c g s x; do
		if [ -e "/run/netns/$ID$i" ]; then
			for pid in $(ip netns pids "$ID$i" 2>/dev/null); do kill -9 "$pid" 2>/dev/null; done
			ip netns del "$ID$i" 2>/dev/null
		fi
		rm -rf "/etc/netns/$ID$i"
	done
	[ -n "${KEEP:-}" ] || rm -rf "$WORK"
}
trap cleanup EXIT
trap 'exit 1' INT TERM HUP

[ "$(id -u)" = 0 ] || skip "needs root"

client() { ip netns exec "${ID}c" "$@"; }
gateway() { ip netns exec "${ID}g" "$@"; }
server() { ip netns exec "${ID}s" "$@"; }

# background NAME WHERE COMMAND... - start COMMAND there, output in NAME.log, its pid in pid_of[NAME]
background() {
	local name=$1 where=$2
	shift 2
	ip netns exec "$ID${where:0:1}" "$@" >>"$WORK/$name.log" 2>&1 &
	pids+=($!)
	pid_of[$name]=$!
}

# until_true SECONDS COMMAND... - wait for COMMAND to succeed; fails after SECONDS
until_true() {
	local end=$((${EPOCHREALTIME/./} + $1 * 1000000))
	shift
	until "$@" >/dev/null 2>&1; do
		[ "${EPOCHREALTIME/./}" -lt $end ] || return 1
		sleep 0.05
	done
}

listens() { ip netns exec "$ID${1:0:1}" ss -Hltn "sport = :$2" | grep -q .; }
listens_udp() { ip netns exec "$ID${1:0:1}" ss -Hlun "sport = :$2" | grep -q .; }

# topology - the picture above; the client's resolver is 203.0.113.2 on the server, through the gateway
topology() {
	local n i
	for n in c g s; do
		ip netns add "$ID$n" || fail "no network namespace"
		ip -n "$ID$n" link set lo up
	done
	ip link add lan netns "${ID}c" type veth peer name lan netns "${ID}g"
	ip link add wan netns "${ID}g" type veth peer name wan netns "${ID}s"
	ip -n "${ID}c" addr add 10.1.0.2/24 dev lan
	ip -n "${ID}c" addr add fd01::2/64 dev lan nodad
	ip -n "${ID}g" addr add 10.1.0.1/24 dev lan
	ip -n "${ID}g" addr add fd01::1/64 dev lan nodad
	ip -n "${ID}g" addr add 203.0.113.1/24 dev wan
	ip -n "${ID}g" addr add 2001:db8:2::1/64 dev wan nodad
	for i in 2 3 4 5 6 7 8 9; do
		ip -n "${ID}s" addr add "203.0.113.$i/24" dev wan
		ip -n "${ID}s" addr add "2001:db8:2::$i/64" dev wan nodad
	done
	ip -n "${ID}c" link set lan up
	ip -n "${ID}g" link set lan up
	ip -n "${ID}g" link set wan up
	ip -n "${ID}s" link set wan up
	ip -n "${ID}c" route add default via 10.1.0.1
	ip -n "${ID}c" -6 route add default via fd01::1
	ip -n "${ID}g" route add default via 203.0.113.2
	ip -n "${ID}g" -6 route add default via 2001:db8:2::2
	ip -n "${ID}s" route add 10.1.0.0/24 via 203.0.113.1
	ip -n "${ID}s" -6 route add fd01::/64 via 2001:db8:2::1
	gateway sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1
	for n in c g; do
		mkdir -p "/etc/netns/$ID$n"
		echo "nameserver 203.0.113.2" >"/etc/netns/$ID$n/resolv.conf"
	done
	until_true 5 client ping -c 1 -W 1 203.0.113.2 || fail "the laboratory does not route IPv4"
	until_true 5 client ping -c 1 -W 1 2001:db8:2::2 || fail "the laboratory does not route IPv6"
}

# start_www - the test web server (www.py) on every address of the server, port 80
start_www() {
	background www server /usr/bin/python3 "$REPO/tests/e2e/www.py" "${1:-80}"
	until_true 10 listens s "${1:-80}" || fail "the web server does not start"
}

# start_tls PORT... - nginx over TLS 1.2 and 1.3 on every address of the server, with a certificate of its own; it answers
# "hello over tls" and has the files of $WORK/tls
start_tls() {
	local port
	command -v nginx >/dev/null || skip "nginx is not installed"
	mkdir -p "$WORK/tls"
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj /CN=wanted.example -days 2 \
		-keyout "$WORK/key.pem" -out "$WORK/cert.pem" >"$WORK/openssl.log" 2>&1 || fail "no certificate could be made"
	cat >"$WORK/tls.conf" <<END
daemon off; master_process off; pid $WORK/tls.pid; error_log $WORK/tls.log;
events { worker_connections 512; }
http {
	access_log off;
	client_body_temp_path $WORK/tls; proxy_temp_path $WORK/tls; fastcgi_temp_path $WORK/tls; uwsgi_temp_path $WORK/tls; scgi_temp_path $WORK/tls;
	server {
		$(for port in "$@"; do echo "listen $port ssl; listen [::]:$port ssl;"; done)
		ssl_certificate $WORK/cert.pem; ssl_certificate_key $WORK/key.pem; ssl_protocols TLSv1.2 TLSv1.3;
		location = / { return 200 "hello over tls"; }
		location / { root $WORK/tls; }
	}
}
END
	background nginx server nginx -c "$WORK/tls.conf"
	for port in "$@"; do until_true 30 listens s "$port" || fail "no TLS server on port $port"; done
}

# start_dns LINE... - dnsmasq on the server, answering only what its LINEs (its configuration) say
start_dns() {
	command -v dnsmasq >/dev/null || skip "dnsmasq is not installed"
	printf '%s\n' no-resolv no-hosts bind-interfaces local-ttl=60 user=root log-queries log-facility=- \
		"pid-file=$WORK/dns.pid" "$@" >"$WORK/dnsmasq.conf"
	background dns server dnsmasq -k -C "$WORK/dnsmasq.conf"
	until_true 10 listens_udp s 53 || fail "the name server does not start"
}

# start_dnsd [LISTENS] - the name server that the test wrote into dnsd.py, on the server; seen by listens_udp or LISTENS
start_dnsd() {
	background dns server /usr/bin/python3 "$WORK/dnsd.py"
	until_true 10 "${1:-listens_udp}" s 53 || fail "the name server does not start"
}

# rules <<END - write the rules file of the gateway
rules() { cat >"$WORK/rules.yaml"; }

# start_dejunk [OPTION...] - run it in the gateway and wait until it says "armed"
start_dejunk() {
	[ -x "$DEJUNK" ] || skip "there is no $DEJUNK"
	rm -f "$WORK/armed"	# of one before
	# FILES: the limit of open descriptors, for tests of running short
	ip netns exec "${ID}g" prlimit ${FILES:+--nofile=$FILES} "$DEJUNK" run -c "$WORK/rules.yaml" --run-dir "$WORK/run" --state-dir "$WORK/state" "$@" \
		>"$WORK/armed" 2>>"$WORK/dejunk.log" &
	pids+=($!)
	pid_of[dejunk]=$!
	until_true 15 grep -qx armed "$WORK/armed" || fail "dejunk did not arm"
}

# stop_dejunk - SIGTERM; returns its exit status
stop_dejunk() {
	kill -TERM "${pid_of[dejunk]}"
	wait "${pid_of[dejunk]}"
}

# status NAME - one top-level field of dejunk status --json
status() {
	gateway "$DEJUNK" status --json --run-dir "$WORK/run" | /usr/bin/python3 -c '
import json, sys
v = json.load(sys.stdin)[sys.argv[1]]
print(str(v).lower() if isinstance(v, bool) else v)' "$1"
}

# role_pid ROLE - the pid of (the first process of) a role
role_pid() {
	gateway "$DEJUNK" status --json --run-dir "$WORK/run" | /usr/bin/python3 -c '
import json, sys
print([r["pid"] for r in json.load(sys.stdin)["roles"] if r["role"] == sys.argv[1]][0])' "$1"
}

# reached ADDRESS WHY, refused ADDRESS WHY - by the client, of the web server on port 443 (start_www 443)
reached() { [ "$(client curl -gs -m 10 "http://$1:443/x")" = "hello from /x" ] || fail "$2: $1 is not reached"; }
refused() { client curl -gs -m 10 -o /dev/null "http://$1:443/"; [ $? = 7 ] || fail "$2: $1 is not refused"; }

# capture WHERE FILTER... - tcpdump there into capture.txt, from when this returns
capture() {
	local where=$1
	shift
	command -v tcpdump >/dev/null || skip "tcpdump is not installed"
	ip netns exec "$ID${where:0:1}" tcpdump -i any -nn -l --immediate-mode "$@" \
		>"$WORK/capture.txt" 2>"$WORK/tcpdump.err" &
	pids+=($!)
	pid_of[capture]=$!
	until_true 5 grep -q listening "$WORK/tcpdump.err" || fail "tcpdump does not start"
}

stop_capture() {
	kill "${pid_of[capture]}" 2>/dev/null
	wait "${pid_of[capture]}" 2>/dev/null
}

# doctor - dejunk doctor of the gateway into doctor.json; returns its exit status
doctor() {
	gateway "$DEJUNK" doctor --json -c "$WORK/rules.yaml" --run-dir "$WORK/run" >"$WORK/doctor.json" 2>"$WORK/doctor.log"
}

# told NAME - of a finding in doctor.json: its grade, each place, and "and N more", a line each; nothing: it was not found
told() {
	/usr/bin/python3 -c '
import json, sys
for f in json.load(open(sys.argv[1]))["findings"]:
    if f["finding"] == sys.argv[2]:
        assert f["what"] and f["means"] and f["dejunk"] and f["you"]
        sys.stdout.write("\n".join([f["grade"], *f["at"], "and %d more" % f["more"], ""]))' "$WORK/doctor.json" "$1"
}

# on_cpus LIST PID... - let these run there (benchmarks)
on_cpus() {
	local pid
	for pid in "${@:2}"; do taskset -cp "$1" "$pid" >/dev/null; done
}
