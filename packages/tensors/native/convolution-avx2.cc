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
const ConvolutionSteps steps_avx2{"avx2",
                                  avx2::transform,
                                  avx2::finish,
                                  {avx2::convolve<float>, avx2::accumulate<float>, avx2::lowered<float>, avx2::lowered_accumulate<float>, avx2::lowered_input<float>},
                                  {avx2::convolve<Bfloat16>, avx2::accumulate<Bfloat16>, avx2::lowered<Bfloat16>, avx2::lowered_accumulate<Bfloat16>, avx2::lowered_input<Bfloat16>},
                                  avx2::pack,
                                  avx2::unpack};
}
#pragma GCC pop_options
