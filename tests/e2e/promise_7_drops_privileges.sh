#!/bin/bash
# promise_7_drops_privileges.sh - DESIGN promise 7, by the kernel's own word on every role: user, groups, capabilities
# (none but the queue's one), seccomp filter, no_new_privs, descriptors; also after a restart.  The monitor alone is root.
. "$(dirname "$0")/lib.sh"
topology
rules <<END
gateway: {lan: lan}
END
uid=$(id -u dejunk 2>/dev/null || echo 63129)
gid=$(id -g dejunk 2>/dev/null || echo 63129)
# root as it is on a real machine, with groups to lose
printf '#!/bin/sh\nexec setpriv --groups 0,4,24 %s "$@"\n' "$DEJUNK" >"$WORK/dejunk"
chmod 755 "$WORK/dejunk"
DEJUNK=$WORK/dejunk start_dejunk
# field PID NAME - of /proc/PID/status
field() { sed -n "s/^$2:[[:space:]]*//p" "/proc/$1/status"; }
look() {
	local role=$1 pid=$2 caps=0000000000000000 f
	[ "$role" != queue ] || caps=0000000000001000	# CAP_NET_ADMIN
	[ "$(field "$pid" Name)" = "dejunk-$role" ] || fail "$role is called $(field "$pid" Name)"
	[ "$(field "$pid" Uid | tr '\t' ' ')" = "$uid $uid $uid $uid" ] || fail "$role runs as user $(field "$pid" Uid)"
	[ "$(field "$pid" Gid | tr '\t' ' ')" = "$gid $gid $gid $gid" ] || fail "$role runs as group $(field "$pid" Gid)"
	case "$(field "$pid" Groups | tr -d ' ')" in '' | "$gid") ;; *) false ;; esac || fail "$role has groups $(field "$pid" Groups)"
	for f in CapPrm CapEff; do
		[ "$(field "$pid" $f)" = $caps ] || fail "$role has $f $(field "$pid" $f)"
	done
	for f in CapInh CapBnd CapAmb; do
		[ "$(field "$pid" $f)" = 0000000000000000 ] || fail "$role has $f $(field "$pid" $f)"
	done
	[ "$(field "$pid" Seccomp)" = 2 ] || fail "$role has no seccomp filter"
	[ "$(field "$pid" NoNewPrivs)" = 1 ] || fail "$role may gain privileges"
	for f in "/proc/$pid/fd"/*; do	# sockets, memory and event descriptors: no file, no terminal but standard error
		case ${f##*/}:$(readlink "$f") in
		2:* | *:socket:* | *:anon_inode:* | *:/memfd:* | *:*/dev/null | *:pipe:*) ;;
		*) fail "$role holds $(readlink "$f")" ;;
		esac
	done
}
for role in queue reader proxy admin; do look $role "$(role_pid $role)"; done
for role in queue reader proxy admin; do kill -9 "$(role_pid $role)"; sleep 0.3; until_true 5 role_pid $role; done
until_true 6 eval '[ "$(status armed)" = true ]' || fail "not armed again"
for role in queue reader proxy admin; do look $role "$(role_pid $role)"; done
[ "$(field "$(cat "$WORK/run/pid")" Uid | tr '\t' ' ')" = "0 0 0 0" ] || fail "the monitor is not root"

# the compile child, caught while it reads a list that is slow to read
/usr/bin/python3 -c 'for i in range(1000000): print(f"h{i}.example.org")' >"$WORK/big.txt"
printf 'gateway: {lan: lan}\nlists:\n  - file: big.txt\n' >"$WORK/rules.yaml"
kill -HUP "$(cat "$WORK/run/pid")"
until_true 5 pgrep -x dejunk-compile -P "$(cat "$WORK/run/pid")" || fail "no compile child was seen"
pid=$(pgrep -x dejunk-compile -P "$(cat "$WORK/run/pid")")
until_true 3 eval '[ "$(field '"$pid"' Seccomp)" = 2 ] || [ ! -e /proc/'"$pid"' ]'
if [ -e "/proc/$pid" ]; then
	seen="$(field "$pid" Uid | tr '\t' ' '):$(field "$pid" CapEff):$(field "$pid" Seccomp):$(field "$pid" NoNewPrivs)"
	[ "$seen" = "$uid $uid $uid $uid:0000000000000000:2:1" ] || [ ! -e "/proc/$pid" ] || fail "compile: $seen"
fi
until_true 30 eval '[ "$(status names)" = 1000000 ]' || fail "a million names are not in force: $(status names)"
[ "$(status armed)" = true ] || fail "taking a large image disarmed it"
stop_dejunk || fail "exit status $?"
say "ok"
