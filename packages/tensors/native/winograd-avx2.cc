#pragma GCC push_options
#pragma GCC target("avx2,fma")
#define NAME avx2
#define LANES 8
#define TALL 6
#include "winograd.h"

namespace tempered {
const Winograd winograd_avx2{"avx2", avx2::transform, avx2::convolve, avx2::accumulate, avx2::finish};
}
#pragma GCC pop_options
