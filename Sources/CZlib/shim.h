#pragma once
#include <zlib.h>

// These two are macros in zlib.h, which Swift does not see.
static inline int mill_deflate_init(z_streamp stream, int level, int windowBits) {
  return deflateInit2(stream, level, Z_DEFLATED, windowBits, 8, Z_DEFAULT_STRATEGY);
}
static inline int mill_inflate_init(z_streamp stream, int windowBits) {
  return inflateInit2(stream, windowBits);
}
