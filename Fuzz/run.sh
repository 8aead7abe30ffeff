#!/usr/bin/env bash
# run.sh [TARGET...]: fuzzes each target (default: all of them) with libFuzzer, for FOR (60s, 10m; default 60s) in all.
#
# A finding ends it with exit code 1; the input stays in .build/fuzz/findings, and the command that replays it is shown.
# What reaches new code is kept in .build/fuzz/corpus: the next run goes on from there.
set -euo pipefail
cd "$(dirname "$0")/.."
targets=("$@")
[ ${#targets[@]} -gt 0 ] || targets=(codec listener batches texts)
case "${FOR:=60s}" in
  *[!0-9ms]* | "") echo "fuzz: FOR=$FOR: write 60s or 10m" >&2; exit 64 ;;
  *m) seconds=$((${FOR%m} * 60)) ;;
  *) seconds=${FOR%s} ;;
esac
each=$((seconds / ${#targets[@]}))
[ "$each" -gt 0 ] || each=1

# AddressSanitizer and coverage in the rooms too. Swift's own -sanitize=fuzzer asks for a kind of coverage that libFuzzer
# no longer takes, so the kind is given to LLVM, and the library to the linker (gold can't link it).
out=.build/fuzz
swift build -c release --package-path Fuzz --scratch-path $out --product fuzz \
  -Xswiftc -enable-testing -Xswiftc -sanitize=address -Xswiftc -sanitize-coverage=edge,indirect-calls,trace-cmp \
  -Xswiftc -Xllvm -Xswiftc -sanitizer-coverage-inline-8bit-counters \
  -Xswiftc -Xllvm -Xswiftc -sanitizer-coverage-pc-table \
  -Xswiftc -use-ld=lld -Xswiftc -Xclang-linker -Xswiftc -fsanitize=fuzzer

# Inputs have at most 8 KiB. One allocation, and all that a target holds, are limited to little more than what they took
# in hours of fuzzing (most of it is AddressSanitizer's), so that a length that is believed shows up:
#   codec, texts   a message or a text is a few hundred times larger in memory than as bytes
#   listener       requests are limited to 1 MiB here; an announced one is made room for before it comes
#   batches        8 KiB may unpack to Compression.unpackedSizeMax (128 MiB)
limits() {
  case $1 in
    codec | texts) echo -malloc_limit_mb=4 -rss_limit_mb=256 ;;
    listener) echo -malloc_limit_mb=8 -rss_limit_mb=384 ;;
    batches) echo -malloc_limit_mb=136 -rss_limit_mb=512 ;;
    *) echo -malloc_limit_mb=8 -rss_limit_mb=256 ;;
  esac
}

# What is freed is kept for a while to catch its use; by default that would be 256 MB. Swift keeps some memory for ever,
# which a leak check would call leaks.
export ASAN_OPTIONS=quarantine_size_mb=8:detect_leaks=0
ASAN_SYMBOLIZER_PATH=$(dirname "$(readlink -f "$(command -v swift)")")/llvm-symbolizer
export ASAN_SYMBOLIZER_PATH
fuzz=$out/release/fuzz
mkdir -p $out/seeds $out/findings
$fuzz seeds $out/seeds
failed=()
for target in "${targets[@]}"; do
  echo "fuzz: $target for $each s"
  mkdir -p "$out/corpus/$target"
  kept=()
  [ ! -d "Fuzz/Findings/$target" ] || kept=("Fuzz/Findings/$target")
  before=$(ls $out/findings)
  status=0
  # Progress at every doubling; what is new is only counted.
  # shellcheck disable=SC2046
  $fuzz "$target" "$out/corpus/$target" "$out/seeds/$target" "${kept[@]}" \
    -max_total_time=$each -max_len=8192 -timeout=60 $(limits "$target") -artifact_prefix="$out/findings/$target-" 2>&1 |
    grep --line-buffered -vE '(NEW|REDUCE|RELOAD) +cov|NEW_FUNC|dictionary|^"|^INFO: (Loaded|Running|Seed)' || status=${PIPESTATUS[0]}
  [ "$status" -eq 0 ] && continue
  failed+=("$target")
  for file in $(ls $out/findings); do
    grep -qxF "$file" <<<"$before" && continue
    echo "fuzz: FINDING $out/findings/$file"
    echo "fuzz: replay it with: ASAN_OPTIONS=$ASAN_OPTIONS $fuzz $target $(limits "$target") $out/findings/$file"
    echo "fuzz: once it is mended, keep it as Fuzz/Findings/$target/NAME: the tests replay what is there"
  done
done
[ ${#failed[@]} -eq 0 ] || { echo "fuzz: findings in ${failed[*]}"; exit 1; }
echo "fuzz: nothing found"
