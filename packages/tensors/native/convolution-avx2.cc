#include <algorithm>
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <new>

#include "convolution.h"

#pragma GCC push_options
#pragma GCC target("avx2,fma")
#define NAME avx2
#define LANES 8
#define TALL 6
#include "steps.h"
// They are made into:
#include "lowered.h"
#include "winograd.h"

namespace tempered {
const ConvolutionSteps steps_avx2{"avx2",       avx2::transform, avx2::convolve,           avx2::accumulate, avx2::finish,
                                  avx2::pack, avx2::lowered,   avx2::lowered_accumulate, avx2::unpack,     avx2::lowered_input};
}
#pragma GCC pop_options
