// Vectors of floats as wide as the processor has them, chosen while the program runs: one build serves every x86-64.
#pragma once
#include <cstdint>
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

// The upper half of a float.
struct Bfloat16 {
  uint16_t bits;
};

// The bits of so many floats, and their halves. Spelt out, as GCC converts no vectors whose length is a parameter.
template <int Width>
struct Words;
#define TEMPERED_WORDS(WIDTH)                                                                                        \
  template <>                                                                                                        \
  struct Words<WIDTH> {                                                                                              \
    typedef uint16_t half __attribute__((vector_size(2 * WIDTH)));                                                   \
    typedef uint32_t whole __attribute__((vector_size(4 * WIDTH)));                                                  \
    static TEMPERED_INLINE void widen(const half& from, whole& to) { to = __builtin_convertvector(from, whole); }    \
    static TEMPERED_INLINE void narrow(const whole& from, half& to) { to = __builtin_convertvector(from, half); }    \
  };
TEMPERED_WORDS(4)
TEMPERED_WORDS(8)
TEMPERED_WORDS(16)
#undef TEMPERED_WORDS
template <>
struct Words<1> {
  using half = uint16_t;
  using whole = uint32_t;
  static TEMPERED_INLINE void widen(const half& from, whole& to) { to = from; }
  static TEMPERED_INLINE void narrow(const whole& from, half& to) { to = static_cast<half>(from); }
};

template <int Width>
TEMPERED_INLINE void load(const Bfloat16* from, typename Lanes<Width>::type& to) {
  typename Words<Width>::half bits;
  typename Words<Width>::whole words;
  std::memcpy(&bits, from, sizeof bits);
  Words<Width>::widen(bits, words);
  words <<= 16;
  std::memcpy(&to, &words, sizeof to);
}

// To the nearest, halves to the even one; what is no number stays so.
template <typename V>
TEMPERED_INLINE void store(Bfloat16* to, const V& from) {
  using W = Words<sizeof(V) / sizeof(float)>;
  typename W::whole words;
  typename W::half bits;
  std::memcpy(&words, &from, sizeof words);
  const typename W::whole rounded = (words + 0x7fff + ((words >> 16) & 1)) >> 16, quiet = (words >> 16) | 0x40;
  W::narrow((words & 0x7fffffff) > 0x7f800000 ? quiet : rounded, bits);
  std::memcpy(to, &bits, sizeof bits);
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
