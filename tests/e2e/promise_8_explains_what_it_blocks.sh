#!/bin/bash
# promise_8_explains_what_it_blocks.sh - DESIGN promise 8: for whatever was blocked, explain names the file, the line and the
# list that did it, and says pass or allow where it passed: the live daemon and explain agree about a set of requests,
# and the blocked page names the very rule that explain names
. "$(dirname "$0")/lib.sh"
topology
start_www
printf '# a list\n0.0.0.0 listed.example\n0.0.0.0 other.listed2.example\n' >"$WORK/first.hosts"
printf 'plain.example\nlisted.example\nallowed.example\n' >"$WORK/second.txt"
printf 'watched.example\n' >"$WORK/trial.txt"
cat >"$WORK/rules.yaml" <<'END'
gateway: {lan: lan}
lists:
  - file: first.hosts
  - file: second.txt
  - file: trial.txt
    mode: observe
groups:
  kids: 10.1.0.64/28
  kids6: "fd01::40/124"
rules:
  - allow: everything
    host: [allowed.example, "=www.mixed.example"]
  - block: requests
    url: "*/ads/*"
  - block: requests
    url: "/beacon[0-9]+/"
  - allow: requests
    url: "mixed.example/fine/*"
  - block: connections
    host: mixed.example
  - block: connections
    host: "=only.example"
  - block: requests
    host: third.example
    third_party: yes
  - block: requests
    host: games.example
    group: [kids, kids6]
  - block: images
    url: "*/banners/*"
  - block: cookies
    name: "_ga*"
  - block: connections
    address: [203.0.113.9, "2001:db8:2::9"]
END
start_dejunk
for i in 65 66; do
	ip -n "${ID}c" addr add "10.1.0.$i/24" dev lan
	ip -n "${ID}c" addr add "fd01::$(printf %x $i)/64" dev lan nodad
done

# a row: URL, --referer or -, --type or -, client (last byte), and the origin that must be named ("-": passes)
cat >"$WORK/rows" <<'END'
clean.example/page				-	document	2	-
clean.example/ads/x				-	document	2	rules.yaml:13
CLEAN.example/ADS/x?y=1				-	document	2	rules.yaml:13
clean.example/beacon42				-	document	2	rules.yaml:15
clean.example/beacon				-	document	2	-
allowed.example/ads/x				-	document	2	-
www.mixed.example/ads/x				-	document	2	-
mixed.example/fine/x				-	document	2	-
mixed.example/other				-	document	2	rules.yaml:19
www2.mixed.example/				-	document	2	rules.yaml:19
only.example/					-	document	2	rules.yaml:21
www.only.example/				-	document	2	-
third.example/x.js	http://page.example/	script		2	rules.yaml:23
third.example/x.js	http://www.third.example/	script	2	-
third.example/		http://page.example/	document	2	-
games.example/					-	document	65	rules.yaml:26
games.example/					-	document	2	-
clean.example/banners/x.png			-	image		2	rules.yaml:29
clean.example/banners/				-	document	2	-
listed.example/					-	document	2	first.hosts:2
sub.listed.example/				-	document	2	first.hosts:2
other.listed2.example/				-	document	2	first.hosts:3
listed2.example/				-	document	2	-
plain.example/x.css				-	style		2	second.txt:1
watched.example/				-	document	2	-
END
accept() { case $1 in document) echo 'text/html,*/*;q=0.8' ;; image) echo 'image/webp,image/*' ;; style) echo text/css ;; *) echo '*/*' ;; esac; }
rows=0
while read -r url referer type last want; do
	host=${url%%/*} path=/${url#*/}
	for v in 4 6; do
		if [ $v = 4 ]; then client=10.1.0.$last server=203.0.113.2; else client=fd01::$(printf %x "$last") server='[2001:db8:2::2]'; fi
		opts=(--client "$client" --type "$type")
		[ "$referer" = - ] || opts+=(--referer "$referer")
		"$DEJUNK" explain -c "$WORK/rules.yaml" --json "${opts[@]}" "http://$url" >"$WORK/explain.log" 2>"$WORK/explain.err"
		# what explain says of this request: the first layer that blocks it, of those that a request meets
		said=$(/usr/bin/python3 - "$WORK" "$type" <<'END'
import json, os, sys
layers = json.load(open(sys.argv[1] + '/explain.log'))['layers']
for l in layers:
    if l['verdict'] == 'block' and (l['layer'] == 'request' or l['layer'] == 'image' and sys.argv[2] == 'image'):
        print('%s:%d' % (os.path.basename(l['file']), l['line']))
        break
else:
    print('-')
END
		)
		[ "$said" = "$want" ] || fail "IPv$v $url: explain names $said, not $want"
		# what the daemon does
		before=$(status blocked)
		: >"$WORK/page"
		headers=(-H "Host: $host" -H "Accept: $(accept "$type")")
		[ "$referer" = - ] || headers+=(-H "Referer: $referer")
		client curl -sg -m 5 --interface "$client" -o "$WORK/page" "${headers[@]}" "http://$server$path" || fail "IPv$v $url: no answer"
		did=$(($(status blocked) - before))
		[ $did = $([ "$want" = - ] && echo 0 || echo 1) ] || fail "IPv$v $url: the daemon blocked $did, explain names $said"
		if [ "$type" = document ] && [ "$want" != - ]; then
			grep -q "$want\b" "$WORK/page" || fail "IPv$v $url: the blocked page does not name $want: $(cat "$WORK/page")"
		fi
		rows=$((rows + 1))
	done
done <"$WORK/rows"

# an address, and cookies by name
for host in 203.0.113.9 2001:db8:2::9; do
	"$DEJUNK" explain -c "$WORK/rules.yaml" "$host" >"$WORK/explain.log" 2>&1
	grep -q '^ *connection *block .*rules.yaml:33 ' "$WORK/explain.log" || fail "$host is not explained"
	client curl -sg -m 3 -o /dev/null "http://$([[ $host = *:* ]] && echo "[$host]" || echo "$host"):8080/"
	[ $? = 7 ] || fail "$host is not refused"
done
"$DEJUNK" explain -c "$WORK/rules.yaml" http://clean.example/ >"$WORK/explain.log" 2>&1
grep -q '^ *cookies *block .*rules.yaml:31 ' "$WORK/explain.log" || fail "the cookie rule is not explained"
say "$rows requests: the daemon and explain agree"
