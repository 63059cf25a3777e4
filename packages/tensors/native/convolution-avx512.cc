#include <algorithm>
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <new>

#include "convolution.h"

#pragma GCC push_options
#pragma GCC target("avx512f,avx512vl,avx512dq,avx512bw,fma")
#define NAME avx512
#define LANES 16
#define TALL 12
#include "steps.h"
// They are made into:
#include "lowered.h"
#include "winograd.h"

namespace tempered {
const ConvolutionSteps steps_avx512{"avx512",       avx512::transform, avx512::convolve,           avx512::accumulate, avx512::finish,
                                  avx512::pack, avx512::lowered,   avx512::lowered_accumulate, avx512::unpack,     avx512::lowered_input};
}
#pragma GCC pop_options
