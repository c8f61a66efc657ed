#!/bin/bash
# privileges.sh - each role runs as DESIGN says: user, capabilities, seccomp, no_new_privs, read from /proc
. "$(dirname "$0")/lib.sh"
topology
rules <<'END'
gateway: {lan: lan}
END
start_dejunk
field() { awk -v f="$2:" '$1 == f { print $2 }' "/proc/$1/status"; }
uid=$(id -u dejunk 2>/dev/null || echo 63129)
for role in queue reader proxy admin; do
	pid=$(role_pid $role) || fail "no pid of $role"
	[ "$(awk '/^Uid:/ { print $2, $3, $4, $5 }' "/proc/$pid/status")" = "$uid $uid $uid $uid" ] || fail "$role runs as user $(field "$pid" Uid)"
	[ "$(awk '/^Gid:/ { print $2 }' "/proc/$pid/status")" != 0 ] || fail "$role keeps group 0"
	[ -z "$(awk '/^Groups:/ { print $2 }' "/proc/$pid/status")" ] || fail "$role keeps groups"
	[ "$(field "$pid" NoNewPrivs)" = 1 ] || fail "$role may gain privileges"
	[ "$(field "$pid" Seccomp)" = 2 ] || fail "$role has no seccomp filter"
	want=0000000000000000
	[ $role != queue ] || want=0000000000001000	# CAP_NET_ADMIN is capability 12
	for set in CapEff CapPrm; do
		[ "$(field "$pid" $set)" = $want ] || fail "$role: $set is $(field "$pid" $set), not $want"
	done
	[ "$(field "$pid" CapInh)" = 0000000000000000 ] || fail "$role: inheritable capabilities"
	[ "$(field "$pid" CapBnd)" = 0000000000000000 ] || [ "$(field "$pid" CapBnd)" = $want ] || fail "$role: bounding set $(field "$pid" CapBnd)"
	# descriptors: nothing of the file system
	for fd in /proc/"$pid"/fd/*; do
		case $(readlink "$fd") in socket:* | anon_inode:* | /memfd:* | pipe:* | /dev/null | "$WORK"/dejunk.log) ;;
		*) fail "$role holds $(readlink "$fd")" ;;
		esac
	done
done
monitor=${pid_of[dejunk]}
[ "$(awk '/^Uid:/ { print $2 }' "/proc/$monitor/status")" = 0 ] || fail "the monitor is not root"
grep -l "$uid" /proc/"$monitor"/task/*/children >/dev/null 2>&1 || true
