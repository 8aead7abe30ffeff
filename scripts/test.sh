#!/usr/bin/env bash
# test.sh [FILTER]: runs the tests; skipped ones are named, with the reason, at the end.
set -euo pipefail
cd "$(dirname "$0")/.."
log=.build/test.log
# What tests leave in their temporary directories goes with them.
TMPDIR=$(mktemp -d)
export TMPDIR
trap 'rm -rf "$TMPDIR"' EXIT
set +e
swift test --skip-build ${1:+--filter "$1"} 2>&1 | tee "$log" | grep -vE '^(􀟈|◇)'
status=${PIPESTATUS[0]}
set -e
if grep -iE 'skipped' "$log" >/dev/null; then
  echo "--- skipped:"
  grep -iE 'skipped' "$log" | sort -u | head -n 50
fi
exit "$status"
