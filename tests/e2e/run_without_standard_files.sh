#!/bin/bash
# run_without_standard_files.sh - started with descriptors 0, 1 and 2 closed it runs all the same, and no socket takes their
# place: lines of the log would be written into it
. "$(dirname "$0")/lib.sh"
topology
start_www
rules <<END
gateway: {lan: lan, workers: 1}
