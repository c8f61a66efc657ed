#!/bin/bash
# apt_through_gateway.sh - a real client behind the gateway runs apt-get update and installs a package from the real
# mirror over port 80, under the rules.yaml of the tree, and the counters show that it went through the proxy
#
#   client --lan-- gateway --(user-mode network, slirp4netns)-- the world
. "$(dirname "$0")/lib.sh"
command -v slirp4netns >/dev/null || skip "slirp4netns is not installed"
[ -c /dev/net/tun ] || skip "no /dev/net/tun"
topology
ip -n "${ID}g" link del wan
slirp4netns --configure --disable-host-loopback --netns-type=path "/run/netns/${ID}g" tap0 >"$WORK/slirp.log" 2>&1 &
pids+=($!)
until_true 10 sh -c "ip -n ${ID}g route | grep -q default" || skip "no user-mode network here"
for n in c g; do echo "nameserver 10.0.2.3" >"/etc/netns/$ID$n/resolv.conf"; done
gateway nft -f - <<'END' || skip "no masquerading here"
table ip lab { chain post { type nat hook postrouting priority srcnat; oifname "tap0" masquerade; }; }
END
# where apt on this machine gets its packages, if that is plain http
site=$(apt-get indextargets --format '$(SITE)' 2>/dev/null | grep '^http://' | grep debian | head -n 1)
[ -n "$site" ] || skip "apt here does not use plain http"
host=${site#http://}; host=${host%%/*}
until_true 10 client getent hosts "$host" || skip "names do not resolve here"
client curl -s -m 20 -o /dev/null "http://$host/debian/dists/bookworm/InRelease" || skip "the mirror is not reached even without dejunk"
sed "s/^gateway:.*/&/" "$REPO/rules.yaml" >"$WORK/rules.yaml"
start_dejunk

release=$(. /etc/os-release; echo "$VERSION_CODENAME")
root=$WORK/root
mkdir -p "$WORK/apt/state/lists/partial" "$WORK/apt/cache/archives/partial" "$root"/var/lib/dpkg/{info,updates}
: >"$root/var/lib/dpkg/status"
echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] http://$host/debian $release main" >"$WORK/apt/sources.list"
# apt of this machine, with sources, state and a root of its own
apt_client() {
	client "$@" -q -o Dir::Etc::SourceList="$WORK/apt/sources.list" -o Dir::Etc::SourceParts=/dev/null \
		-o Dir::Etc::Parts=/dev/null -o Dir::State="$WORK/apt/state" -o Dir::State::Status="$root/var/lib/dpkg/status" \
		-o Dir::Cache="$WORK/apt/cache" -o Dir::Log="$WORK" -o APT::Sandbox::User=root -o Acquire::Languages=none \
		-o Acquire::ForceIPv4=true -o DPkg::Options::=--root="$root" -o DPkg::Options::=--force-not-root \
		-o DPkg::Pre-Install-Pkgs::= -o DPkg::Post-Invoke::=
}
before=$(status requests)
apt_client apt-get update >"$WORK/apt.log" 2>&1 || fail "apt-get update failed"
grep -qE '^(Err|W:|E:)' "$WORK/apt.log" && fail "apt-get update complained"
# a package that needs no other
apt_client apt-get install -y --no-install-recommends media-types >>"$WORK/apt.log" 2>&1 || fail "apt-get install failed"
grep -q '^text/html' "$root/etc/mime.types" || fail "the package is not installed"
grep -q '^Status: install ok installed' "$root/var/lib/dpkg/status" || fail "dpkg does not know the package"
after=$(status requests)
say "$((after - before)) requests went through the proxy; connections: $(status connections)"
[ "$((after - before))" -ge 3 ] || fail "apt's requests did not go through dejunk"
