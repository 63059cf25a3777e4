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
namespace {
template <typename T>
constexpr PictureSteps<T> steps_over{avx2::convolve<T>, avx2::accumulate<T>, avx2::lowered<T>, avx2::lowered_accumulate<T>, avx2::lowered_input<T>};
}

const ConvolutionSteps steps_avx2{"avx2",     avx2::transform, avx2::finish, steps_over<float>, steps_over<Bfloat16>,
                                  avx2::pack, avx2::unpack};
}
#pragma GCC pop_options
