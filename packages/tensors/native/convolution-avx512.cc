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
#include "winograd.h"

namespace tempered {
// Products of matrices are left to oneDNN: with AVX-512 it takes half to nine tenths of the time that lowered.h would.
const ConvolutionSteps steps_avx512{"avx512",
                                    avx512::transform,
                                    avx512::finish,
                                    {avx512::convolve<float>, avx512::accumulate<float>},
                                    {avx512::convolve<Bfloat16>, avx512::accumulate<Bfloat16>}};
}
#pragma GCC pop_options
