#!/usr/bin/env bash
# setup.sh build|test|real|bench: installs what is missing for it, and says what. Quick when nothing is.
set -euo pipefail
cd "$(dirname "$0")/.."

build=(pkg-config tzdata librdkafka-dev libcurl4-openssl-dev libssl-dev libmicrohttpd-dev libyaml-dev libsqlite3-dev zlib1g-dev
  libedit-dev libsnappy-dev liblz4-dev libzstd-dev libjs-chart.js)
test=(procps openssl kcat influxdb victoria-metrics chromium fonts-dejavu-core python3-venv jq curl
  python3-kafka python3-snappy python3-lz4 python3-zstandard)
real=(openjdk-17-jre-headless unzip curl)
bench=(gcc libc6-dev python3-venv openjdk-17-jre-headless)
# The last four are kafka-python's and aiokafka's codecs; in Debian the last three are python3-kafka's.
python_test=(confluent-kafka kafka-python aiokafka influxdb influxdb-client python-snappy lz4 zstandard cramjam)
python_real=(pyspark)
python_bench=(duckdb pyspark polars confluent-kafka)
# Its dependencies are not those of the others.
python_flink=(apache-flink)

packages() { # NAME...: those of the Debian packages that are not installed
  local missing=() name
  for name in "$@"; do
    dpkg-query -W -f '${Status}' "$name" 2>/dev/null | grep -q 'ok installed' || missing+=("$name")
  done
  [ ${#missing[@]} -eq 0 ] && return
  echo "setup: installing ${missing[*]}"
  local sudo=""
  [ "$(id -u)" = 0 ] || sudo=sudo
  # A package must not start a server of its own: the tests start theirs, on their own ports.
  local policy=/usr/sbin/policy-rc.d made=""
  if [ ! -e $policy ]; then
    printf '#!/bin/sh\nexit 101\n' | $sudo tee $policy >/dev/null && $sudo chmod +x $policy && made=1
  fi
  $sudo apt-get update -qq
  DEBIAN_FRONTEND=noninteractive $sudo apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
  [ -z "$made" ] || $sudo rm -f $policy
}

python() { # VENV NAME...: those of the PyPI packages that the virtual environment lacks
  local venv=$1
  shift
  [ -x "$venv/bin/python" ] || python3 -m venv "$venv"
  local missing=() name
  for name in "$@"; do
    "$venv/bin/python" -c "import importlib.metadata as m; m.version('$name')" 2>/dev/null || missing+=("$name")
  done
  [ ${#missing[@]} -eq 0 ] && return
  echo "setup: installing ${missing[*]} into $venv"
  "$venv/bin/python" -m pip install -q --disable-pip-version-check "${missing[@]}"
}

command -v swift >/dev/null || {
  echo "setup: no swift on the PATH: install the Swift 6.3 toolchain for Debian 12 (swift.org/install)" >&2
  exit 1
}
case "${1:-}" in
  build) packages "${build[@]}" ;;
  test) packages "${test[@]}" && python .venv "${python_test[@]}" ;;
  real) packages "${real[@]}" && python .venv "${python_real[@]}" ;;
  bench) packages "${bench[@]}" && python .venv "${python_bench[@]}" && python .venv-flink "${python_flink[@]}" ;;
  *) echo "usage: setup.sh build|test|real|bench" >&2; exit 64 ;;
esac
