# shellcheck shell=bash
# lab_net.sh - the laboratory's network, and the origin: one client, one server, a gateway for each contender
#
#   client 10.1.N.2  --lan--  gateway N: 10.1.N.1 | 198.18.N.1  --wan--  server 198.18.N.2: nginx
#
# Every contender has a gateway of its own, and so its own connection tracking, ports and addresses: all of them
# run at once and can be measured in turn, a second each, without meeting what another left behind.  (On one
# gateway a redirected connection in TIME_WAIT, known by the client's address and port alone, would stall the
# next contender's by a second each.)  Sourced by lab.

BODY=$((100 * 1024 * 1024))	# bytes of /big
SOURCES=12			# addresses of the client towards each gateway, for who opens very many connections
HOST=www.shop.example
gateways=0
declare -A number_of=()		# contender -> its gateway's number

# gateway_of NAME COMMAND... - run COMMAND on the gateway of a contender
gateway_of() {
	local name=$1
	shift
	ip netns exec "${ID}g${number_of[$name]}" "$@"
}
address_of() { echo "198.18.${number_of[$1]}.2"; }

lab_sysctl() {
	ip netns exec "$1" sysctl -qw net.ipv4.tcp_tw_reuse=1 net.ipv4.ip_local_port_range="10000 65000" \
		net.core.somaxconn=4096 net.ipv4.tcp_max_syn_backlog=4096 net.ipv4.ip_forward=1
	# one for all; a namespace may have what net.ipv4.tcp_allowed_congestion_control names
	ip netns exec "$1" sysctl -qw net.ipv4.tcp_congestion_control=cubic 2>/dev/null ||
		ip netns exec "$1" sysctl -qw net.ipv4.tcp_congestion_control=reno || fail "no congestion control in $1"
	# a full table of connections is not what is measured
	ip netns exec "$1" sysctl -qw net.netfilter.nf_conntrack_tcp_timeout_time_wait=5 2>/dev/null
}

lab_ends() {
	local n
	for n in c s; do
		ip netns add "$ID$n" || fail "no network namespace"
		ip -n "$ID$n" link set lo up
		lab_sysctl "$ID$n"
	done
}

# lab_gateway NAME - a gateway for this contender, between client and server
lab_gateway() {
	local i=$((++gateways)) g=${ID}g$gateways k
	number_of[$1]=$i
	ip netns add "$g" || fail "no network namespace"
	ip -n "$g" link set lo up
	ip link add "lan$i" netns "${ID}c" type veth peer name lan netns "$g"
	ip link add wan netns "$g" type veth peer name "wan$i" netns "${ID}s"
	for ((k = 2; k < 2 + SOURCES; k++)); do
		ip -n "${ID}c" addr add "10.1.$i.$k/24" dev "lan$i"
	done
	ip -n "$g" addr add "10.1.$i.1/24" dev lan
	ip -n "$g" addr add "198.18.$i.1/24" dev wan
	for k in 2 5 6 7; do	# the origin; a clean, a suspect and a refused address for the figures of connect()
		ip -n "${ID}s" addr add "198.18.$i.$k/24" dev "wan$i"
	done
	ip -n "${ID}c" link set "lan$i" up
	ip -n "$g" link set lan up
	ip -n "$g" link set wan up
	ip -n "${ID}s" link set "wan$i" up
	ip -n "${ID}c" route add "198.18.$i.0/24" via "10.1.$i.1" src "10.1.$i.2"
	ip -n "$g" route add default via "198.18.$i.2"
	ip -n "${ID}s" route add "10.1.$i.0/24" via "198.18.$i.1"
	lab_sysctl "$g"
	# some peers dial what the Host header says
	mkdir -p "/etc/netns/$g"
	echo "198.18.$i.2 $HOST ads.example" >"/etc/netns/$g/hosts"
	until_true 5 client ping -c 1 -W 1 "198.18.$i.2" || fail "the laboratory does not route to $1"
}

lab_cleanup() {
	local i pid
	for pid in "${pids[@]}"; do kill "$pid" 2>/dev/null; done
	for pid in "${pids[@]}"; do wait "$pid" 2>/dev/null; done
	for ((i = 1; i <= gateways; i++)); do
		for pid in $(ip netns pids "${ID}g$i" 2>/dev/null); do kill -9 "$pid" 2>/dev/null; done
		ip netns del "${ID}g$i" 2>/dev/null
		rm -rf "/etc/netns/${ID}g$i"
	done
}

start_nginx() {
	mkdir -p "$WORK/nginx/www"
	head -c "$BODY" /dev/urandom >"$WORK/nginx/www/big"
	printf 'x%.0s' {1..1000} >"$WORK/small"
	cat >"$WORK/nginx.conf" <<-END
	daemon off;
	user root;
	worker_processes 2;
	worker_rlimit_nofile 20000;
	pid $WORK/nginx.pid;
	error_log $WORK/nginx.log;
	events { worker_connections 10000; }
	http {
		access_log off;
		sendfile on;
		tcp_nopush on;
		keepalive_requests 100000000;
		keepalive_timeout 300s;
		client_body_temp_path $WORK/nginx/1;
		proxy_temp_path $WORK/nginx/2;
		fastcgi_temp_path $WORK/nginx/3;
		uwsgi_temp_path $WORK/nginx/4;
		scgi_temp_path $WORK/nginx/5;
		server {
			listen 80 backlog=4096;
			listen 443 backlog=4096;
			root $WORK/nginx/www;
			location = /small { return 200 "$(cat "$WORK/small")"; }
		}
	}
	END
	background nginx server nginx -p "$WORK/nginx" -c "$WORK/nginx.conf"
	until_true 10 listens s 80 || fail "nginx does not start"
}
