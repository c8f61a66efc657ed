#!/bin/bash
# stock_kernel.sh - the end-to-end tests on a stock Debian kernel, where the native queue expression must be used
cd "$(dirname "$0")/../.." || exit 2
SHARED=${DEJUNK_SHARED:-../shared}
[ -x "$SHARED/vm/run" ] || { echo "SKIP stock_kernel: no $SHARED/vm/run"; exit 77; }
command -v qemu-system-x86_64 >/dev/null || apt-get install -y -q --no-install-recommends qemu-system-x86 >/dev/null 2>&1 ||
	{ echo "SKIP stock_kernel: no qemu"; exit 77; }
"$SHARED/vm/run" -m 4G -t 1700 -- env DEJUNK_STOCK=1 DEJUNK_TEST_SECONDS=400 tests/run-e2e
