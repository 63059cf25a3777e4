// What the steps of convolution.h are made of, for one instruction set: the including file chooses the target, NAME, LANES (floats of a
// vector) and TALL (rows that fit in registers beside CHANNELS columns). It includes the library's headers before it chooses: code out of
// them may be shared with files that run on any processor.
namespace tempered {
namespace NAME {

typedef float Vec __attribute__((vector_size(4 * LANES), aligned(4), may_alias));
constexpr int VECTORS = CHANNELS / LANES;

static inline Vec load(const float* p) { return *reinterpret_cast<const Vec*>(p); }
static inline void store(float* p, Vec v) { *reinterpret_cast<Vec*>(p) = v; }
static inline Vec load(const Bfloat16* p) {
  Lanes<LANES>::type v;
  tempered::load<LANES>(p, v);
  return v;
}
static inline void store(Bfloat16* p, Vec v) {
  const Lanes<LANES>::type same = v;
  tempered::store(p, same);
}
static inline Vec spread(float x) { return x - Vec{}; }
static inline Vec relu(Vec x) { return x < 0.0f ? Vec{} : x; }

#define UNROLLED _Pragma("GCC unroll 16")

// Memory that a thread keeps from one op to the next.
class Scratch {
 public:
  float* of(size_t floats) {
    if (floats > size_) {
      std::free(data_);
      data_ = static_cast<float*>(std::aligned_alloc(64, (floats * sizeof(float) + 63) / 64 * 64));
      if (!data_) throw std::bad_alloc();
      size_ = floats;
    }
    return data_;
  }
  ~Scratch() { std::free(data_); }

 private:
  float* data_ = nullptr;
  size_t size_ = 0;
};

// Rows of many channels lie at distances that are no powers of two: else they would share a few lines of the cache.
static long stride(long channels) { return channels < 128 ? channels : channels + CHANNELS; }

// m[t][0 .. CHANNELS) = sum over i of v[t][i] u[i][0 .. CHANNELS) for P rows t; More: added to what is there
template <int P, bool More>
static inline void products(const float* v, long v_step, const float* u, long from, float* m, long m_step) {
  Vec sum[P][VECTORS] = {};
  if (More) {
    UNROLLED for (int p = 0; p < P; p++) UNROLLED for (int b = 0; b < VECTORS; b++) sum[p][b] = load(m + p * m_step + b * LANES);
  }
  for (long i = 0; i < from; i++) {
    Vec w[VECTORS];
    UNROLLED for (int b = 0; b < VECTORS; b++) w[b] = load(u + i * CHANNELS + b * LANES);
    UNROLLED for (int p = 0; p < P; p++) {
      const Vec s = spread(v[p * v_step + i]);
      UNROLLED for (int b = 0; b < VECTORS; b++) sum[p][b] += s * w[b];
    }
  }
  UNROLLED for (int p = 0; p < P; p++) UNROLLED for (int b = 0; b < VECTORS; b++) store(m + p * m_step + b * LANES, sum[p][b]);
}

template <bool More>
static void all_products(const float* v, long v_step, const float* u, long from, float* m, long m_step, long rows) {
  long t = 0;
  for (; t + TALL <= rows; t += TALL) products<TALL, More>(v + t * v_step, v_step, u, from, m + t * m_step, m_step);
  for (; t + 4 <= rows; t += 4) products<4, More>(v + t * v_step, v_step, u, from, m + t * m_step, m_step);
  for (; t < rows; t++) products<1, More>(v + t * v_step, v_step, u, from, m + t * m_step, m_step);
}

// du[i][0 .. CHANNELS) += sum over t of v[t][i] m[t][0 .. CHANNELS) for P channels i, of rows t
template <int P>
static inline void outer_products(const float* v, long v_step, const float* m, long m_step, long tiles, float* du) {
  Vec sum[P][VECTORS] = {};
  for (long t = 0; t < tiles; t++) {
    Vec w[VECTORS];
    UNROLLED for (int b = 0; b < VECTORS; b++) w[b] = load(m + t * m_step + b * LANES);
    UNROLLED for (int p = 0; p < P; p++) {
      const Vec s = spread(v[t * v_step + p]);
      UNROLLED for (int b = 0; b < VECTORS; b++) sum[p][b] += s * w[b];
    }
  }
  UNROLLED for (int p = 0; p < P; p++) UNROLLED for (int b = 0; b < VECTORS; b++) {
    float* at = du + p * CHANNELS + b * LANES;
    store(at, load(at) + sum[p][b]);
  }
}

static void all_outer_products(const float* v, long v_step, const float* m, long m_step, long rows, float* du, long from) {
  long i = 0;
  // CHANNELS = 12 + 4, and TALL divides 12.
  for (; i + CHANNELS <= from; i += 4) {
    for (const long last = i + 12; i < last; i += TALL) outer_products<TALL>(v + i, v_step, m, m_step, rows, du + i * CHANNELS);
    outer_products<4>(v + i, v_step, m, m_step, rows, du + i * CHANNELS);
  }
  for (; i + 4 <= from; i += 4) outer_products<4>(v + i, v_step, m, m_step, rows, du + i * CHANNELS);
  for (; i < from; i++) outer_products<1>(v + i, v_step, m, m_step, rows, du + i * CHANNELS);
}

// What stands behind a convolution: rows of [rows, to] get a bias, a summand and the ReLU.
template <typename T>
static inline Vec finished(Vec value, const float* bias, const T* added, bool cut) {
  if (bias) value += load(bias);
  if (added) value += load(added);
  return cut ? relu(value) : value;
}

}  // namespace NAME
}  // namespace tempered
