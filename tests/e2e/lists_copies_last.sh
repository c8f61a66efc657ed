#!/bin/bash
# lists_copies_last.sh - the last good copy of a list outlives a long time switched off, and is fetched again where somebody removed
# it; leftovers of fetches and of lists that no rule names go; a fetch that cannot be begun is told, and the daemon ends in order.
. "$(dirname "$0")/lib.sh"
topology
start_dns address=/lists.example/203.0.113.2
mkdir "$WORK/lists"
printf 'n%d.names.example\n' $(seq 1 100) >"$WORK/lists/a.txt"
background lists server "$REPO/tests/e2e/lists_www.py" "$WORK/lists" 8000
until_true 20 listens s 8000 || fail "the server of lists does not start"
update() { gateway "$DEJUNK" lists update --run-dir "$WORK/run" "$@" >"$WORK/update.log" 2>&1; }
list() { printf '  - {url: "http://lists.example:8000/a.txt", name: %s}\n' "$1"; }
rules <<END
gateway: {lan: lan}
lists:
$(list a)
END
start_dejunk
until_true 30 eval '[ "$(status names)" = 100 ]' || fail "the list is not in force"
stop_dejunk || fail "exit status $?"

# --- switched off for long: the copy is there; what is half, or was named by nobody for as long, goes
copy=$(ls "$WORK"/state/lists/* | grep -v '[.]state$')
orphan=${copy%/*}/00000000000000000000000000000000
cp "$copy" "$orphan"
cp "$copy" "${orphan}.state"
echo half | tee "$copy.new" >"$orphan.new"
touch -d '100 days ago' "$WORK"/state/lists/*
touch "$orphan.new"
mv "$WORK/lists/a.txt" "$WORK/lists/away.txt"
rules <<END	# not those of the image that is kept
gateway: {lan: lan}
lists:
$(list b)
END
start_dejunk
[ "$(status names)" = 100 ] || fail "after a long time $(status names) names are in force, not those of the last good copy"
[ -e "$copy" ] || fail "the copy was removed"
for f in "$orphan" "$orphan.state" "$orphan.new"; do
	[ ! -e "$f" ] || fail "$f is kept"
done

# --- a copy that somebody removed is fetched again, though the server would say that it is the same
mv "$WORK/lists/away.txt" "$WORK/lists/a.txt"
update b || fail "update: $(cat "$WORK/update.log")"
rm "$copy"
update b || fail "update: $(cat "$WORK/update.log")"
[ -e "$copy" ] || fail "a copy that was removed is not fetched again: $(cat "$WORK/update.log")"

# --- one descriptor left: enough for the file, not for the sockets
pid=$(cat "$WORK/run/pid")
free=0
while [ -e "/proc/$pid/fd/$free" ]; do free=$((free + 1)); done
limit=$(awk '/^Max open files/ { print $4 ":" $5 }' "/proc/$pid/limits")
prlimit --pid "$pid" --nofile=$((free + 1)):"${limit#*:}"
update b && fail "an update without descriptors exits with 0"
grep -q 'cannot be begun: Too many open files.*last good copy stays' "$WORK/update.log" || fail "update says $(cat "$WORK/update.log")"
prlimit --pid "$pid" --nofile="$limit"
stop_dejunk || fail "after a fetch that could not be begun: exit status $?"
say "ok"
