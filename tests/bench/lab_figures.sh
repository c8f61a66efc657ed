# shellcheck shell=bash
# lab_figures.sh - what is measured of a contender, a slice of a second at a time, and how it is printed
#
# A slice leaves its values in at[CONTENDER KEY].  haproxy is measured twice a round, as "haproxy" and as "again": their
# ratio is what the laboratory cannot tell apart (A/A).  Sourced by lab.

CONNECTIONS=8
PACE=500			# requests a second to each that is asked in turn, for the latency at modest load
COOKIE='session=7f9c2ba4e88f827d; theme=dark; _ga=GA1.2.1234567890.1774000000'
declare -A at=() answer_of=() pids_at=()

figure() { local IFS=$'\t'; echo "$*"; }
calc() { awk "BEGIN { printf \"%.6g\", $1 }"; }

request() { printf 'GET %s HTTP/1.1\r\nHost: %s\r\nCookie: %s\r\n\r\n' "$1" "$HOST" "$COOKIE"; }

# answer_bytes NAME PATH EXTRA... - head and body of an answer that comes through NAME, in $answer; asked once
answer_bytes() {
	local key="$*" name=$1 path=$2 size
	shift 2
	if [ -z "${answer_of[$key]:-}" ]; then
		size=$(client curl -s -m 20 -o /dev/null -w '%{size_header} %{size_download}' "$@" -H "Host: $HOST" \
			-H "Cookie: $COOKIE" "http://$(address_of "$name")$path")
		answer_of[$key]=$((${size% *} + ${size#* }))
	fi
	answer=${answer_of[$key]}
}

# check_contender NAME - do its answers carry the origin's bytes, and is its filter on?
check_contender() {
	local code blocked=ads.example address
	address=$(address_of "$1")
	client curl -s -m 20 -H "Host: $HOST" "http://$address/big" | cmp -s - "$WORK/nginx/www/big" ||
		wrong "$1: the 100 MB body did not arrive as it was sent"
	client curl -s -m 5 -H "Host: $HOST" "http://$address/small" | cmp -s - "$WORK/small" ||
		wrong "$1: the small body did not arrive as it was sent"
	case $1 in
	plain | dejunk_bare) return ;;
	dejunk*) blocked=doubleclick.net ;;
	esac
	code=$(client curl -s -m 5 -o "$WORK/blocked" -w '%{http_code}' -H "Host: $blocked" "http://$address/small")
	[ "$code" = 403 ] || wrong "$1: a request to a blocked host was answered $code"
}

# load AS PATH EXTRA... - wrk for a slice; fills requests, bytes, us, p50, p99, cpu
load() {
	local name=${1%+} path=$2 out errors before=0 now counted=0
	shift 2
	answer_bytes "$name" "$path" "$@"
	[ "$name" = plain ] || before=$(cpu_us ${pids_at[$name]})
	case $name in dejunk*) counted=$(dejunk_status "$name" 'v["requests"]') ;; esac
	out=$(client wrk -t 1 -c "$CONNECTIONS" -d "${SLICE}s" --timeout 30s -s "$REPO/tests/bench/report.lua" "$@" \
		-H "Host: $HOST" -H "Cookie: $COOKIE" "http://$(address_of "$name")$path" 2>&1)
	read -r _ requests bytes us p50 p99 errors <<<"$(grep '^RESULT' <<<"$out")"
	[ -n "${errors:-}" ] || wrong "$name $path: wrk said: $out"
	case $name in plain | dejunk* | haproxy*)	# some of the others end a connection in ways that wrk minds
		[ "$errors" = 0 ] || wrong "$name $path: $errors errors among $requests requests: $out"
		[ "$bytes" -ge $((requests * answer)) ] && [ "$bytes" -le $(((requests + CONNECTIONS) * answer)) ] ||
			wrong "$name $path: $bytes bytes for $requests answers of $answer" ;;
	esac
	cpu=0
	[ "$name" != plain ] || return
	now=$(cpu_us ${pids_at[$name]})
	cpu=$((now - before))
	[ "$cpu" -gt $((us / 100)) ] || wrong "$name $path: only $cpu us of CPU: the load went past it"
	case $name in dejunk*)
		counted=$(($(dejunk_status "$name" 'v["requests"]') - counted))
		[ "$counted" -ge "$requests" ] && [ "$counted" -le $((requests + CONNECTIONS + 1)) ] ||
			wrong "$name $path: counted $counted requests of $requests" ;;
	esac
}

# --- slices: slice_FIGURE AS, where AS is a contender, or one with a "+" behind it: measured again --------------
slice_keepalive() {
	load "$1" /small
	at[$1 keepalive]=$(calc "$requests / $us * 1e6")
	[ "$1" = plain ] || at[$1 keepalive_cpu]=$(calc "$cpu / $requests * 0.1")
}

slice_newconn() {
	load "$1" /small -H "Connection: close"
	at[$1 newconn]=$(calc "$requests / $us * 1e6")
	[ "$1" = plain ] || at[$1 newconn_cpu]=$(calc "$cpu / $requests * 0.1")
}

# so many that two workers, too, find the next connection waiting: with eight they sleep between, and what costs is waking them
slice_newconn_busy() {
	local CONNECTIONS=64
	load "$1" /small -H "Connection: close"
	at[$1 newconn_busy]=$(calc "$requests / $us * 1e6")
	at[$1 newconn_busy_cpu]=$(calc "$cpu / $requests * 0.1")
}

slice_bulk() {
	load "$1" /big
	at[$1 bulk]=$(calc "$bytes / $us")
	[ "$1" = plain ] || at[$1 bulk_cpu]=$(calc "$cpu / 1e6 / ($bytes / 1073741824)")
}

# slice_latency FIGURE AS... - requests to all of them in turn: what a slice for each cannot tell apart, this can.  latency_one:
# client, contenders and server on one CPU.  Keys: FIGURE_p50, FIGURE_p99
slice_latency() {
	local figure=$1 as to=() all every cpus out p50 p99
	shift
	every=0-$(($(nproc --all) - 1))
	cpus=$every
	[ "$figure" != latency_one ] || cpus=0
	all=$(ip netns pids "${ID}s")
	for as in "$@"; do
		answer_bytes "${as%+}" /small
		to+=("$(address_of "${as%+}")" "$answer")
		all="$all ${pids_at[${as%+}]}"
	done
	on_cpus "$cpus" $all
	out=$(request /small | client taskset -c "$cpus" "$REPO/build/bench/paced" 80 "$CONNECTIONS" $((PACE * $#)) $((SLICE * 4000)) \
		"${to[@]}" 2>&1) || wrong "$* paced: $out"
	on_cpus "$every" $all
	while read -r _ p50 p99; do
		at[$1 ${figure}_p50]=$p50
		at[$1 ${figure}_p99]=$p99
		shift
	done <<<"$out"
}

# connects NAME ADDRESS accept|refuse - connect() in a loop; fills $p50
connects() {
	local out
	out=$(client "$REPO/build/bench/connect" "$2" 443 $((SLICE * 600)) "$3" 2>&1) || wrong "$1: $out"
	read -r _ _ p50 _ <<<"$out"
}

slice_connect() {
	local net=198.18.${number_of[$1]} from=10.1.${number_of[$1]}.2
	case $1 in
	plain)
		connects plain "$net.5" accept
		at[plain connect]=$p50
		# the anchor for refused connections: a static rule after connection tracking
		gateway_of plain nft -f - <<-END || fail "the static rule"
		table inet bench_static {
			set refused { type ipv4_addr . ipv4_addr; elements = { $from . $net.7 } }
			chain pre {
				type filter hook prerouting priority mangle + 3
				ct state new tcp flags & (fin|syn|rst|ack) == syn ip saddr . ip daddr @refused reject with tcp reset
			}
		}
		END
		connects static "$net.7" refuse
		at[plain refused]=$p50
		gateway_of plain nft delete table inet bench_static ;;
	dejunk)
		connects clean "$net.5" accept
		at[dejunk connect]=$p50
		connects suspect "$net.6" accept
		at[dejunk suspect]=$p50
		client "$REPO/build/bench/connect" "$net.7" 443 200 refuse >/dev/null	# from now on the kernel knows
		connects refused "$net.7" refuse
		at[dejunk refused]=$p50 ;;
	esac
}

# --- once: idle connections, system calls --------------------------------------------------------
# once_idle NAME - user space's memory for very many connections that were used once and wait
once_idle() {
	local name=$1 before after n=$IDLE
	[ "$name" != haproxy ] || n=$((IDLE / 2))	# twice as many descriptors are not to be had
	rm -f "$WORK/idle.out"
	answer_bytes "$name" /small
	before=$(memory_kib ${pids_at[$name]})
	request /small >"$WORK/request"
	client "$REPO/build/bench/idle" "$(address_of "$name")" 80 "$n" "10.1.${number_of[$name]}.2" "$SOURCES" "$answer" \
		<"$WORK/request" >"$WORK/idle.out" 2>"$WORK/idle.log" &
	pids+=($!)
	local pid=$!
	until_true 60 grep -q ready "$WORK/idle.out" || fail "$name: $n idle connections did not stand"
	sleep 2.5		# heartbeats: buffers of the burst go back
	after=$(memory_kib ${pids_at[$name]})
	figure "idle_connection_memory.$name" "$(calc "($after - $before) / $n")" KiB 0.5 bound \
		"$([ "$name" = dejunk_two ] && echo '<=1')"
	figure "idle_all_memory.$name" "$(calc "($after - $before) / 1024")" MiB 6 bound \
		"$([ "$name" = dejunk_two ] && echo '<=1')"
	if [ "$name" = dejunk_two ]; then
		# the most and the least loaded worker, each against the mean
		figure workers_spread.most "$(dejunk_status "$name" \
			'max(r["alive"] for r in v["roles"] if r["role"] == "proxy")')" connections $((n / 2)) even '<=1.1'
		figure workers_spread.least "$(dejunk_status "$name" \
			'min(r["alive"] for r in v["roles"] if r["role"] == "proxy")')" connections $((n / 2)) even '>=0.9'
	fi
	kill "$pid"
	wait "$pid" 2>/dev/null
	sleep 1
}

# counted_calls NAME FIGURE PATH EXTRA... - strace under load: calls for each request.  Not counted: epoll_wait, and the
# heartbeat (recvmsg, sendmsg).  Each request is sent on once and answered once: two sends
counted_calls() {
	local name=$1 what=$2 path=$3 tracer loader pid bound=13
	shift 3
	[ "$what" != keepalive ] || bound=4
	pid=$(calls_pid "$name")
	client wrk -t 1 -c "$CONNECTIONS" -d 4s --timeout 30s "$@" -H "Host: $HOST" -H "Cookie: $COOKIE" \
		"http://$(address_of "$name")$path" >"$WORK/wrk.out" 2>&1 &
	loader=$!
	sleep 0.5	# kept connections stand by now
	strace -q -c -U calls,name -o "$WORK/calls" -p "$pid" 2>/dev/null &
	tracer=$!
	pids+=("$tracer" "$loader")
	sleep 2.5
	kill -INT "$tracer"
	wait "$tracer" "$loader" 2>/dev/null
	awk '$1 ~ /^[0-9]+$/ && $2 != "total" { calls[$2] = $1; if ($2 == "sendto") sends = $1 }
	     END { for (c in calls) if (sends) printf "%s %.2f\n", c, calls[c] / sends * 2 }' "$WORK/calls" | sort -k2,2nr >"$WORK/calls.each"
	[ -s "$WORK/calls.each" ] || { echo "SKIP system calls: $name could not be traced"; return; }
	echo "NOTE system calls, $what, $name: $(awk '$2 >= 0.01 { printf "%s%s %s", s, $1, $2; s = ", " }' "$WORK/calls.each")"
	figure "calls_$what.$name" "$(awk '$1 !~ /^epoll_p?wait|^recvmsg|^sendmsg/ { s += $2 } END { print s + 0 }' "$WORK/calls.each")" calls \
		"$bound" bound "$([ "$name" = dejunk ] && echo '<=1.01')"
}

calls_pid() {
	case $1 in
	dejunk*) dejunk_status "$1" '[r["pid"] for r in v["roles"] if r["role"] == "proxy"][0]' ;;
	*) echo "${pids_at[$1]}" | awk '{ print $NF }' ;;
	esac
}

once_calls() {
	command -v strace >/dev/null || { echo "SKIP system calls: strace is not installed"; return; }
	counted_calls "$1" newconn /small -H "Connection: close"
	counted_calls "$1" keepalive /small
}

# --- printing ---------------------------------------------------------------------------------------
# one_figure NAME UNIT KEY - of every contender measured in this round, with plain routing as the anchor
one_figure() {
	local c
	for c in $contenders_known; do
		[ -n "${at[$c $3]:-}" ] || continue
		case $c in
		plain) figure "$1.plain" "${at[plain $3]}" "$2" - - ;;
		*) figure "$1.$c" "${at[$c $3]}" "$2" "${at[plain $3]:--}" "$([ -z "${at[plain $3]:-}" ] && echo - || echo "plain routing")" ;;
		esac
	done
}

# against NAME UNIT KEY A B [BOUND] - A against B in this round
against() {
	[ -n "${at[$4 $3]:-}" ] && [ -n "${at[$5 $3]:-}" ] || return
	figure "$1.${4%+}_to_$([ "$4" = "$5+" ] && echo itself || echo "$5")" "${at[$4 $3]}" "$2" "${at[$5 $3]}" "$5" "${6:-}"
}

print_round() {
	local part
	one_figure http_keepalive req/s keepalive
	against http_keepalive req/s keepalive dejunk dejunk_old
	against http_keepalive req/s keepalive haproxy+ haproxy
	against http_keepalive req/s keepalive dejunk haproxy '>=1.05'
	against http_keepalive req/s keepalive dejunk dejunk_bare '>=0.95'
	one_figure cpu_100k_keepalive s keepalive_cpu
	against cpu_100k_keepalive s keepalive_cpu dejunk dejunk_old
	against cpu_100k_keepalive s keepalive_cpu haproxy+ haproxy
	against cpu_100k_keepalive s keepalive_cpu dejunk haproxy '<=0.9'
	one_figure http_new_connections req/s newconn
	against http_new_connections req/s newconn dejunk dejunk_old
	against http_new_connections req/s newconn haproxy+ haproxy
	against http_new_connections req/s newconn dejunk haproxy '>=1'
	one_figure cpu_100k_new_connections s newconn_cpu
	against cpu_100k_new_connections s newconn_cpu dejunk dejunk_old
	against cpu_100k_new_connections s newconn_cpu haproxy+ haproxy
	against cpu_100k_new_connections s newconn_cpu dejunk haproxy '<=1'
	against cpu_100k_new_connections s newconn_cpu dejunk_two dejunk '<=1'
	against cpu_100k_new_connections s newconn_cpu haproxy_two haproxy
	one_figure http_new_connections_busy req/s newconn_busy
	against http_new_connections_busy req/s newconn_busy haproxy+ haproxy
	against http_new_connections_busy req/s newconn_busy dejunk haproxy
	one_figure cpu_100k_new_connections_busy s newconn_busy_cpu
	against cpu_100k_new_connections_busy s newconn_busy_cpu haproxy+ haproxy
	against cpu_100k_new_connections_busy s newconn_busy_cpu dejunk haproxy
	against cpu_100k_new_connections_busy s newconn_busy_cpu dejunk_two dejunk '<=1'
	against cpu_100k_new_connections_busy s newconn_busy_cpu haproxy_two haproxy
	one_figure http_bulk MB/s bulk
	against http_bulk MB/s bulk dejunk dejunk_old
	against http_bulk MB/s bulk haproxy_splice+ haproxy_splice
	against http_bulk MB/s bulk dejunk haproxy_splice
	against http_bulk MB/s bulk dejunk plain '>=1'
	one_figure cpu_gib_bulk s bulk_cpu
	against cpu_gib_bulk s bulk_cpu dejunk dejunk_old
	against cpu_gib_bulk s bulk_cpu haproxy_splice+ haproxy_splice
	against cpu_gib_bulk s bulk_cpu dejunk haproxy_splice '<=0.9'
	for part in latency_p50 latency_p99 latency_one_p50 latency_one_p99; do
		one_figure http_$part us $part
		against http_$part us ${part/latency/latency_old} dejunk dejunk_old
		against http_$part us $part haproxy+ haproxy
		against http_$part us $part dejunk haproxy '<=0.9'
	done
	[ -z "${at[plain connect]:-}" ] || figure connect_p50.plain "${at[plain connect]}" us - -
	against connect_p50 us connect dejunk plain
	[ -z "${at[dejunk suspect]:-}" ] || figure connect_p50.suspect_host "${at[dejunk suspect]}" us "${at[plain connect]:--}" plain
	[ -z "${at[dejunk refused]:-}" ] || figure connect_p50.refused_host "${at[dejunk refused]}" us "${at[plain refused]:--}" "static nft set rule"
}
