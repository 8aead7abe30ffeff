#!/usr/bin/env bash
# up.sh DIR: a NameNode and a DataNode on 127.0.0.1 with their data in DIR; returns when they take writes, and prints
# WebHDFS's address. What runs already is left alone.
#
# Ports: $HDFS_PORT (default 19870) is WebHDFS; the four after it are the NameNode's and the DataNode's others.
set -euo pipefail
dir=$(realpath -m "${1:?usage: up.sh DIR}")
: "${HDFS_HOME:=${XDG_CACHE_HOME:-$HOME/.cache}/millrace/hdfs}"
port=${HDFS_PORT:-19870}
web=127.0.0.1:$port
export HADOOP_USER_NAME=${HDFS_USER:-hdfs}
[ -e "$HDFS_HOME/lib/.complete" ] || { echo "hdfs: run scripts/hdfs/fetch.sh first" >&2; exit 2; }

# Hadoop's web server wants these directories on its class path.
mkdir -p "$dir"/conf/webapps/{hdfs,datanode,static} "$dir"/{log,run}
site() { # NAME=VALUE...
  echo "<configuration>"
  local pair
  for pair in "$@"; do echo "<property><name>${pair%%=*}</name><value>${pair#*=}</value></property>"; done
  echo "</configuration>"
}
site fs.defaultFS=hdfs://127.0.0.1:$((port + 1)) hadoop.tmp.dir="$dir/tmp" >"$dir/conf/core-site.xml"
# One DataNode: no second replica, none to replace it, no wait for more of them. The retry delay is what a small
# append pays when its close comes before the block report.
site dfs.replication=1 dfs.namenode.name.dir="file://$dir/name" dfs.datanode.data.dir="file://$dir/data" \
  dfs.namenode.http-address=$web dfs.namenode.rpc-bind-host=127.0.0.1 dfs.datanode.hostname=127.0.0.1 \
  dfs.datanode.http.address=127.0.0.1:$((port + 2)) dfs.datanode.address=127.0.0.1:$((port + 3)) \
  dfs.datanode.ipc.address=127.0.0.1:$((port + 4)) dfs.namenode.safemode.min.datanodes=1 \
  dfs.namenode.safemode.extension=0 dfs.client.block.write.replace-datanode-on-failure.policy=NEVER \
  dfs.heartbeat.interval=1 dfs.client.block.write.locateFollowingBlock.initial.delay.ms=10 \
  >"$dir/conf/hdfs-site.xml"
printf '%s\n' 'log4j.rootLogger=INFO,out' 'log4j.appender.out=org.apache.log4j.ConsoleAppender' \
  'log4j.appender.out.layout=org.apache.log4j.PatternLayout' \
  'log4j.appender.out.layout.ConversionPattern=%d %p %c{2}: %m%n' >"$dir/conf/log4j.properties"

hadoop() { # CLASS ARG...
  exec java -Xmx256m -XX:+UseSerialGC -XX:TieredStopAtLevel=1 -Dhadoop.log.dir="$dir/log" \
    -cp "$dir/conf:$HDFS_HOME/lib/*" "org.apache.hadoop.hdfs.server.$@"
}
running() { # NAME: the process of its pid file is one of this directory's
  local pid
  pid=$(cat "$dir/run/$1.pid" 2>/dev/null) && tr '\0' ' ' <"/proc/$pid/cmdline" 2>/dev/null | grep -qF "$dir/conf:"
}
launch() { # NAME CLASS
  running "$1" && return
  (hadoop "$2") >>"$dir/log/$1.log" 2>&1 </dev/null &
  echo $! >"$dir/run/$1.pid"
}
[ -e "$dir/name/current/VERSION" ] ||
  (hadoop namenode.NameNode -format -nonInteractive -force) >"$dir/log/format.log" 2>&1
launch namenode namenode.NameNode
launch datanode datanode.DataNode
for _ in $(seq 300); do
  state=$(curl -sf -m 5 "http://$web/jmx?qry=Hadoop:service=NameNode,name=FSNamesystemState" | tr -d ' \n' || true)
  if grep -q '"FSState":"Operational".*"NumLiveDataNodes":1,' <<<"$state" &&
    curl -s -m 5 -o /dev/null "http://127.0.0.1:$((port + 2))/"; then
    echo "http://$web"
    exit 0
  fi
  running namenode && running datanode || break
  sleep 0.2
done
echo "hdfs: it does not come up; see $dir/log" >&2
grep -hE ' (ERROR|FATAL) |Exception' "$dir"/log/*.log | tail -n 5 >&2
exit 1
