#!/bin/bash
# stock_kernel.sh - the end-to-end tests on a stock Debian kernel, where the native queue expression must be used
#
# DEJUNK_STOCK="NAME..." chooses tests, DEJUNK_STOCK=all runs every one (an hour under emulation); the default is what
# depends on the kernel most.
cd "$(dirname "$0")/../.." || exit 2
shared=$(realpath -e "${DEJUNK_SHARED:-../shared}" 2>/dev/null)
[ -x "$shared/vm/run" ] || { echo "SKIP stock_kernel: no vm/run in the shared data"; exit 77; }
command -v qemu-system-x86_64 >/dev/null || apt-get install -y -q --no-install-recommends qemu-system-x86 >/dev/null 2>&1 ||
	{ echo "SKIP stock_kernel: no qemu"; exit 77; }
tests=${DEJUNK_STOCK:-kernel_table queue_expression refuses_before filters_the_three refuses_a_dual coexists filter_self proxy_passes refuses_tls_by_name with_flow_offload}
[ "$tests" != all ] || tests=
# a copy, that a build beside it does not change what runs
copy=$(mktemp -d)
trap 'rm -rf "$copy"' EXIT
cp -a . "$copy/dejunk" && cd "$copy/dejunk" || exit 2
# shellcheck disable=SC2086
"$shared/vm/run" -m 4G -t 3500 -- env JOBS=1 DEJUNK_TEST_SECONDS=900 tests/run-e2e $tests
