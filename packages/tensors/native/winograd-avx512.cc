#pragma GCC push_options
#pragma GCC target("avx512f,avx512vl,avx512dq,avx512bw,fma")
#define NAME avx512
#define LANES 16
#define TALL 12
#include "winograd.h"

namespace tempered {
const Winograd winograd_avx512{"avx512", avx512::transform, avx512::convolve, avx512::accumulate, avx512::finish};
}
#pragma GCC pop_options
