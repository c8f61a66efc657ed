#!/bin/bash
# lab_routes.sh - the laboratory itself: a client reaches the web and name server through the gateway, both families
. "$(dirname "$0")/lib.sh"
topology
start_www
start_dns "address=/plain.example/203.0.113.2" "address=/plain.example/2001:db8:2::2"
[ "$(client curl -s http://203.0.113.2/x)" = "hello from /x" ] || fail "no IPv4"
[ "$(client curl -sg 'http://[2001:db8:2::2]/x')" = "hello from /x" ] || fail "no IPv6"
[ "$(client curl -s4 http://plain.example/x)" = "hello from /x" ] || fail "no name"
[ "$(client curl -s http://203.0.113.2/chunked/12345 | wc -c)" = 12345 ] || fail "no chunked body"
