#!/usr/bin/env bash
# test-real.sh: the tests that want a real HDFS (started here, its data thrown away after) and a real Spark (PySpark), and
# kill -9 at every step of the micro-batch protocol (`make test` takes one step in 13).
set -euo pipefail
cd "$(dirname "$0")/.."
python=$PWD/.venv/bin/python
work=$(mktemp -d)
trap 'scripts/hdfs/down.sh "$work/hdfs"; rm -rf "$work"' EXIT

PIP="$python -m pip" scripts/hdfs/fetch.sh
# Five ports in a row that nobody has now.
HDFS_PORT=$("$python" - <<'PYTHON'
import random, socket

def is_free(port):
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True

while not all(map(is_free, range(base := random.randrange(30000, 32000), base + 5))):
    pass
print(base)
PYTHON
)
export HDFS_PORT
MILLRACE_WEBHDFS=$(scripts/hdfs/up.sh "$work/hdfs")
export MILLRACE_WEBHDFS MILLRACE_REAL=1
echo "test-real: HDFS is at $MILLRACE_WEBHDFS, Spark is $("$python" -c 'import pyspark; print(pyspark.__version__)')"

# Spark's answers are asked for again; whatever is not as Tests/Golden has it fails.
for file in Tests/Golden/spark_4.0.1_*.tsv Tests/Golden/spark_4.3.0_{found,patterns}.tsv; do
  awk -F '\t' 'NR == FNR { newer[$1] = $0; next } { print $1 in newer ? newer[$1] : $0 }' \
    Tests/Golden/spark_4.3.0_differences.tsv "$file" > "$work/wanted"
  "$python" Tests/Golden/spark_expressions.py "$file" 2>/dev/null | diff "$work/wanted" - > "$work/difference" ||
    { echo "test-real: Spark answers otherwise than $file"; cat "$work/difference"; exit 1; }
done
for name in queries streams files sources; do
  "$python" Tests/Golden/spark_$name.py 2>/dev/null | diff Tests/Golden/spark_$name.jsonl - > "$work/difference" ||
    { echo "test-real: Spark answers otherwise than Tests/Golden/spark_$name.jsonl"; cat "$work/difference"; exit 1; }
done
# Random cases, always the same ones; `make differential` asks others.
"$python" Tests/Differential/differential.py --seed 1 --cases 400 2>"$work/spark.log" ||
  { tail -n 5 "$work/spark.log"; exit 1; }
scripts/test.sh 'RealHDFSTests|realHDFS|RealSystems|ExactlyOnceTests'
