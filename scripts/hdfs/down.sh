#!/usr/bin/env bash
# down.sh DIR: ends what up.sh DIR started, and waits for it.
set -euo pipefail
dir=$(realpath -m "${1:?usage: down.sh DIR}")
for name in datanode namenode; do
  pid=$(cat "$dir/run/$name.pid" 2>/dev/null) || continue
  # Only ours: the number may belong to another process by now.
  ours() { tr '\0' ' ' <"/proc/$pid/cmdline" 2>/dev/null | grep -qF "$dir/conf:"; }
  if ours; then
    kill "$pid"
    for _ in $(seq 100); do ours || break; sleep 0.1; done
    ours && kill -9 "$pid"
  fi
  rm -f "$dir/run/$name.pid"
done
