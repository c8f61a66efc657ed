# shellcheck shell=bash
# lab_peers.sh - the contenders: plain routing, dejunk in three set-ups, and Debian's proxies in the same role
#
# begin_X starts contender X on its gateway and redirects port 80 to it; begin_X fails with a message where its program
# is not installed, and the contender is skipped.  Nothing of them is a dependency; haproxy, the peer of every bound,
# is unpacked from Debian's package below build/ where it is missing (BENCH_DOWNLOAD=no: never).  Sourced by lab.
#
#   dejunk		the whole filter: rules.yaml, EasyList, EasyPrivacy, one million hosts; one proxy process
#   dejunk_bare		no rule at all
#   dejunk_two		the whole filter, two proxy processes
#   dejunk_old		as dejunk, another binary: BENCH_OLD, with ../nft beside it as the tree has it.  What was a change good for?
#   haproxy		one thread, 100,000 hosts to refuse, one cookie taken out; haproxy_splice: with splice-response;
#			haproxy_two: two threads.  What does a second processor cost here, whoever uses it?
#   squid		100,000 hosts
#   privoxy		100,000 hosts; dials the Host header
#   tinyproxy		one host (its list is a chain of expressions); dials the Host header, knows no keep-alive

contenders_known="plain dejunk dejunk_bare dejunk_two dejunk_old haproxy haproxy_splice haproxy_two squid privoxy tinyproxy"

# launch NAME COMMAND... - start COMMAND on the gateway of NAME; its output in NAME.log, its pid in pid_of[NAME]
launch() {
	local name=$1
	shift
	ip netns exec "${ID}g${number_of[$name]}" "$@" >>"$WORK/$name.log" 2>&1 &
	pids+=($!)
	pid_of[$name]=$!
}

# begin_peer NAME PORT COMMAND... - start it, wait until it listens, and redirect
begin_peer() {
	local name=$1 port=$2
	shift 2
	launch "$name" "$@"
	until_true 30 gateway_listens "$name" "$port" || { echo "SKIP peer $name: does not start here"; return 1; }
	gateway_of "$name" nft -f - <<-END || fail "the redirect to $name"
	table inet bench {
		chain pre {
			type nat hook prerouting priority dstnat - 5
			iifname "lan" tcp dport 80 redirect to :$port
		}
	}
	END
}
gateway_listens() { gateway_of "$1" ss -Hltn "sport = :$2" | grep -q .; }

needs() { command -v "$1" >/dev/null || { echo "SKIP peer $1: not installed"; return 1; }; }

# --- dejunk -------------------------------------------------------------------------
# keep_binary - what is measured stays what it was, whatever is built meanwhile
keep_binary() {
	mkdir "$WORK/bin"
	cp "$DEJUNK" "$WORK/bin/dejunk"
	cp -r "$REPO/nft" "$WORK/"
	DEJUNK=$WORK/bin/dejunk
}

# write_lists - what the shared data has, and one million hosts that nobody asks for
write_lists() {
	local list
	lists=()
	for list in easylist easyprivacy; do
		[ -e "$SHARED/data/lists/$list.txt.xz" ] || continue
		xz -dc "$SHARED/data/lists/$list.txt.xz" >"$WORK/$list.txt" && lists+=("$list.txt")
	done
	[ ${#lists[@]} = 2 ] || echo "SKIP laboratory: no EasyList and EasyPrivacy beside the repository, the filter is smaller"
	awk 'BEGIN { for (i = 0; i < 1000000; i++) printf "0.0.0.0 h%06x.n%d.example\n", i, i % 977 }' >"$WORK/million.hosts"
	lists+=(million.hosts)
	# for the peers
	{ echo ads.example; head -n 99999 "$WORK/million.hosts" | awk '{ print $2 }'; } >"$WORK/hosts"
}

# write_rules NAME WORKERS full|none
write_rules() {
	local i=${number_of[$1]} list
	if [ "$3" = none ]; then
		printf 'gateway:\n  workers: %s\n' "$2"
	else
		printf 'lists:\n'
		for list in "${lists[@]}"; do echo "  - file: $list"; done
		awk -v workers="$2" -v net="198.18.$i" '
		     /^gateway:/ { print; print "  workers: " workers; next }
		     /^rules:/ { print
			print "  - block: connections"; print "    address: " net ".7"
			print "  - block: connections"; print "    address: " net ".6"; print "    host: no.such.host.example"
			next }
		     { print }' "$REPO/rules.yaml"
	fi >"$WORK/$1.yaml"
}

# begin_daemon NAME WORKERS full|none [BINARY]
begin_daemon() {
	write_rules "$@"
	ip netns exec "${ID}g${number_of[$1]}" "${4:-$DEJUNK}" run -c "$WORK/$1.yaml" --run-dir "$WORK/run-$1" --state-dir "$WORK/state-$1" \
		>"$WORK/$1.armed" 2>>"$WORK/$1.log" &
	pids+=($!)
	pid_of[$1]=$!
	until_true 30 grep -qx armed "$WORK/$1.armed" || fail "$1 did not arm"
}
begin_dejunk() { begin_daemon dejunk 1 full; }
begin_dejunk_bare() { begin_daemon dejunk_bare 1 none; }
begin_dejunk_two() { begin_daemon dejunk_two 2 full; }
begin_dejunk_old() { [ -n "${BENCH_OLD:-}" ] && begin_daemon dejunk_old 1 full "$BENCH_OLD"; }

# dejunk_status NAME PYTHON - an expression of what status --json says (v) of this contender
dejunk_status() {
	gateway_of "$1" "$DEJUNK" status --json --run-dir "$WORK/run-$1" |
		/usr/bin/python3 -c "import json, sys; v = json.load(sys.stdin); print($2)"
}

# --- peers --------------------------------------------------------------------------
begin_plain() { :; }

haproxy= haproxy_libs=
find_haproxy() {
	local dir=$REPO/build/bench/haproxy
	haproxy=$(command -v haproxy || ls "$dir/usr/sbin/haproxy" 2>/dev/null)
	if [ -z "$haproxy" ] && [ "${BENCH_DOWNLOAD:-yes}" = yes ] && command -v apt-get dpkg-deb >/dev/null; then
		echo "NOTE haproxy is not installed: unpacking Debian's package in build/bench/haproxy"
		mkdir -p "$dir"
		# it and what it needs that is not installed either
		(cd "$dir" && timeout 30 apt-get -qq download \
			$(apt-get -qq --no-install-recommends -s install haproxy 2>/dev/null | awk '/^Inst/ { print $2 }') \
			>apt.log 2>&1 &&
			for deb in *.deb; do dpkg-deb -x "$deb" . || exit 1; done) && haproxy=$dir/usr/sbin/haproxy
	fi
	[ -n "$haproxy" ] || { echo "SKIP peer haproxy: not installed, and Debian's package cannot be had"; return 1; }
	haproxy_libs=$dir/usr/lib/$(uname -m)-linux-gnu
	env LD_LIBRARY_PATH="$haproxy_libs" "$haproxy" -v >/dev/null 2>&1 ||
		{ echo "SKIP peer haproxy: does not run here"; haproxy=; return 1; }
}

# begin_haproxy [NAME THREADS OPTION]
begin_haproxy() {
	local name=${1:-haproxy}
	[ -n "$haproxy" ] || find_haproxy || return
	cat >"$WORK/$name.cfg" <<-END
	global
		nbthread ${2:-1}
		maxconn $([ "$name" = haproxy ] && echo 9000 || echo 4000)	# its splice wants descriptors for pipes
	defaults
		mode http
		${3:-}
		timeout connect 5s
		timeout client 300s
		timeout server 300s
	frontend redirected
		bind 0.0.0.0:3130
		http-request deny if { req.hdr(host),lower -m str -f $WORK/hosts }
		http-request replace-header Cookie (.*)_ga=[^;]*;?(.*) \1\2
		default_backend origin
	backend origin
		server original 0.0.0.0:0
	END
	begin_peer "$name" 3130 env LD_LIBRARY_PATH="$haproxy_libs" "$haproxy" -db -f "$WORK/$name.cfg"
}
begin_haproxy_splice() { begin_haproxy haproxy_splice 1 "option splice-response"; }
begin_haproxy_two() { begin_haproxy haproxy_two 2; }

begin_squid() {
	needs squid || return
	: >"$WORK/squid.cache.log"
	chown proxy "$WORK/squid.cache.log"
	cat >"$WORK/squid.conf" <<-END
	http_port 3131
	http_port 3130 intercept
	cache deny all
	access_log none
	cache_log $WORK/squid.cache.log
	pid_filename none
	pinger_enable off
	visible_hostname gateway.example
	dns_nameservers 127.0.0.1
	netdb_filename none
	shutdown_lifetime 0 seconds
	max_filedescriptors 20000
	hosts_file /etc/hosts
	acl blocked dstdomain "$WORK/hosts"
	http_access deny blocked
	http_access allow all
	END
	begin_peer squid 3130 squid -N -f "$WORK/squid.conf"
}

begin_privoxy() {
	needs privoxy || return
	{ echo '{+block{listed}}'; cat "$WORK/hosts"; } >"$WORK/privoxy.action"
	cat >"$WORK/privoxy.conf" <<-END
	confdir /etc/privoxy
	actionsfile $WORK/privoxy.action
	listen-address 0.0.0.0:3130
	accept-intercepted-requests 1
	keep-alive-timeout 60
	default-server-timeout 60
	max-client-connections 512
	END
	begin_peer privoxy 3130 privoxy --no-daemon "$WORK/privoxy.conf"
}

begin_tinyproxy() {
	needs tinyproxy || return
	echo '^ads\.example$' >"$WORK/tinyproxy.filter"
	cat >"$WORK/tinyproxy.conf" <<-END
	Port 3130
	Timeout 60
	LogLevel Critical
	MaxClients 512
	Filter "$WORK/tinyproxy.filter"
	END
	begin_peer tinyproxy 3130 tinyproxy -d -c "$WORK/tinyproxy.conf"
}

# --- what they cost ---------------------------------------------------------------------
# pids_of NAME - of all processes of this contender that do its work
pids_of() {
	local pid comm
	for pid in $(ip netns pids "${ID}g${number_of[$1]}"); do
		read -r comm 2>/dev/null <"/proc/$pid/comm" || continue
		case $comm in "${1%%_*}"*) echo "$pid" ;; esac
	done
}

# cpu_us PID... - CPU microseconds of these processes so far
cpu_us() {
	local pid us=0 ns rest comm task
	for pid; do
		read -r comm <"/proc/$pid/comm"
		case $comm in
		dejunk* | haproxy* | squid*)
			for task in "/proc/$pid/task/"*/schedstat; do
				read -r ns rest <"$task"
				us=$((us + ns / 1000))
			done ;;
		*)	# with its threads, the ended ones too
			us=$((us + $(awk '{ sub(/.*\) /, ""); print $12 + $13 }' "/proc/$pid/stat") * 10000)) ;;
		esac
	done
	echo "$us"
}

# memory_kib PID... - anonymous memory of these processes: what is theirs alone
memory_kib() {
	local pid sum=0
	for pid; do sum=$((sum + $(awk '/^RssAnon:/ { print $2 }' "/proc/$pid/status"))); done
	echo "$sum"
}
