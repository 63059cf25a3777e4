// Vectors of floats as wide as the processor has them, chosen while the program runs: one build serves every x86-64.
#pragma once
#include <cstring>
#include <type_traits>

namespace tempered {

template <int Width>
struct Lanes {
  typedef float type __attribute__((vector_size(4 * Width)));
};
template <>
struct Lanes<1> {
  using type = float;
};

#define TEMPERED_INLINE inline __attribute__((always_inline))

template <int Width>
TEMPERED_INLINE void load(const float* from, typename Lanes<Width>::type& to) {
  std::memcpy(&to, from, sizeof to);
}

template <typename V>
TEMPERED_INLINE void store(float* to, const V& from) {
  std::memcpy(to, &from, sizeof from);
}

template <int Width>
using WidthOf = std::integral_constant<int, Width>;

#if defined(__x86_64__)
template <typename Body>
__attribute__((target("avx512f,avx512vl,avx512dq,avx512bw,avx2,fma"))) void run_avx512(const Body& body) {
  body(WidthOf<16>());
}
template <typename Body>
__attribute__((target("avx2,fma"))) void run_avx2(const Body& body) {
  body(WidthOf<8>());
}
#endif

// Runs body(WidthOf<n>()) with the widest vectors that the processor has and that do not exceed so many floats. The body has to be
// inlined into code for that processor: [&](auto width) __attribute__((always_inline)) { ... }.
template <typename Body>
void with_widest(int limit, const Body& body) {
#if defined(__x86_64__)
  if (limit >= 16 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq") &&
      __builtin_cpu_supports("avx512bw"))
    return run_avx512(body);
  if (limit >= 8 && __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) return run_avx2(body);
#endif
  if (limit >= 4) return body(WidthOf<4>());
  body(WidthOf<1>());
}

}  // namespace tempered
