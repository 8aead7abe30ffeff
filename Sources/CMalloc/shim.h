#pragma once
// mallopt, which Glibc's module leaves out.
#include <malloc.h>
