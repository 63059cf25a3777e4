// Training batch normalization with the ReLU behind it, and its gradient, over float32 or bfloat16 [N, H, W, C] of any C: oneDNN's takes
// up to five times as long where C is no multiple of its blocks. A batch is read twice, forward and backward; sums are float32.
//
// Means and variances are those of blocks of rows that fit the cache, joined in double precision. Blocks do not depend on the number of
// threads, so neither does the result.
#include <algorithm>
#include <cmath>
#include <memory>

#include "kernels.h"
#include "lanes.h"

namespace tempered {
namespace {

// Rows of C values, cut into blocks that stay in the first cache and parts of several blocks, a thread's share of the work.
struct Rows {
  int64_t count, channels, block, part;

  explicit Rows(const std::vector<int64_t>& dims) : count(1), channels(dims.back()) {
    for (size_t i = 0; i + 1 < dims.size(); i++) count *= dims[i];
    block = std::max<int64_t>(32, 4096 / channels);
    part = block * std::max<int64_t>(1, 65536 / (block * channels));
  }
  int64_t parts() const { return (count + part - 1) / part; }
  int64_t begin(int64_t i) const { return i * part; }
  int64_t end(int64_t i) const { return std::min(count, (i + 1) * part); }
};

// Two sums a channel over `rows` rows, kept in registers for up to Batch vectors of channels at a time; each(c, row) -> (a, b) to add.
// The last vector may overlap the one before: its sums come out the same twice.
template <int W, int Batch, typename Each>
TEMPERED_INLINE void sum_batch(int64_t rows, int64_t channels, int64_t from, float* first, float* second, const Each& each) {
  using V = typename Lanes<W>::type;
  int64_t at[Batch];
  V a[Batch], b[Batch];
#pragma GCC unroll 4
  for (int i = 0; i < Batch; i++) {
    at[i] = std::min<int64_t>(from + i * W, channels - W);
    a[i] = b[i] = V{};
  }
  for (int64_t row = 0; row < rows; row++)
#pragma GCC unroll 4
    for (int i = 0; i < Batch; i++) each(row * channels, at[i], a[i], b[i]);
#pragma GCC unroll 4
  for (int i = 0; i < Batch; i++) {
    store(first + at[i], a[i]);
    store(second + at[i], b[i]);
  }
}

template <int W, typename Each>
TEMPERED_INLINE void sum_block(int64_t rows, int64_t channels, float* first, float* second, const Each& each) {
  int64_t from = 0;
  for (; channels - from > 3 * W; from += 4 * W) sum_batch<W, 4>(rows, channels, from, first, second, each);
  if (channels - from > W) sum_batch<W, 2>(rows, channels, from, first, second, each), from += 2 * W;
  if (channels - from > 0) sum_batch<W, 1>(rows, channels, from, first, second, each);
}

// Writes value(offset of the row, channel) of every vector of every row. The last one, which may overlap its neighbour, is read
// first and written last, so that a result may stand where an operand stood.
template <int W, typename Row, typename T>
TEMPERED_INLINE void map_rows(int64_t begin, int64_t end, int64_t channels, const Row& value, T* out) {
  const int64_t whole = channels / W * W, last = channels - W;
  for (int64_t row = begin; row < end; row++) {
    const int64_t offset = row * channels;
    typename Lanes<W>::type tail{};
    if (whole != channels) value(offset, last, tail);
    for (int64_t c = 0; c < whole; c += W) {
      typename Lanes<W>::type result;
      value(offset, c, result);
      store(out + offset + c, result);
    }
    if (whole != channels) store(out + offset + last, tail);
  }
}

// Two doubles a channel, for every part of the rows.
struct Partial {
  std::vector<double> a, b;
  double rows = 0;
};

struct Attributes {
  float epsilon, momentum;
  bool relu;
  int threads;
};

template <bool Forward>
void* create(TF_OpKernelConstruction* construction) {
  auto* attributes = new Attributes;
  attributes->epsilon = Forward ? float_attribute(construction, "epsilon") : 0;
  attributes->momentum = Forward ? float_attribute(construction, "momentum") : 0;
  attributes->relu = bool_attribute(construction, "relu");
  attributes->threads = int_attribute(construction, "threads");
  return attributes;
}

void remove(void* attributes) { delete static_cast<Attributes*>(attributes); }

// Mean and sum of squared deviations of one part: each block's own, in two passes over the cache, joined as Chan et al. 1983 do.
template <typename T>
void part_moments(const T* x, const Rows& rows, int64_t i, Partial& result) {
  const int64_t channels = rows.channels;
  std::vector<float> scratch(4 * channels);
  float *sum = &scratch[0], *mean = sum + channels, *squares = mean + channels, *unused = squares + channels;
  result.a.assign(channels, 0);
  result.b.assign(channels, 0);
  for (int64_t row = rows.begin(i); row < rows.end(i); row += rows.block) {
    const int64_t count = std::min(rows.block, rows.end(i) - row);
    const T* block = x + row * channels;
    with_widest(static_cast<int>(std::min<int64_t>(channels, 16)), [&](auto width) __attribute__((always_inline)) {
      constexpr int W = width;
      using V = typename Lanes<W>::type;
      sum_block<W>(count, channels, sum, unused, [&](int64_t offset, int64_t c, V& a, V&) __attribute__((always_inline)) {
        V value;
        load<W>(block + offset + c, value);
        a += value;
      });
      const float share = 1.0f / static_cast<float>(count);
      for (int64_t c = 0; c < channels; c++) mean[c] = sum[c] * share;
      sum_block<W>(count, channels, squares, unused, [&](int64_t offset, int64_t c, V& a, V&) __attribute__((always_inline)) {
        V value, center;
        load<W>(block + offset + c, value);
        load<W>(mean + c, center);
        value -= center;
        a += value * value;
      });
    });
    const double known = result.rows, fresh = static_cast<double>(count), total = known + fresh;
    for (int64_t c = 0; c < channels; c++) {
      const double difference = mean[c] - result.a[c];
      result.a[c] += difference * (fresh / total);
      result.b[c] += squares[c] + difference * difference * (known * fresh / total);
    }
    result.rows = total;
  }
}

template <typename T>
void forward(const Attributes& attributes, Context& context, TF_DataType dtype) {
  const auto dims = context.dims(0);
  if (!context.ok()) return;
  if (dims.size() != 4) return context.fail("TemperedBatchNorm: x has to have four dimensions");
  const std::vector<int64_t> vector{dims[3]};
  for (int i = 1; i < 5; i++)
    if (context.dims(i) != vector) return context.fail("TemperedBatchNorm: gamma, beta, mean and variance have to have one value a channel");
  const Rows rows(dims);
  const int64_t channels = rows.channels;
  const T* x = static_cast<const T*>(context.data(0));
  const float *gamma = context.input(1), *beta = context.input(2), *old_mean = context.input(3), *old_variance = context.input(4);
  T* y = static_cast<T*>(context.output_over(0, dims, dtype, {}));
  float *running_mean = context.output(1, vector), *running_variance = context.output(2, vector);
  float *mean = context.output(3, vector), *inverse = context.output(4, vector);
  if (!context.ok()) return;

  std::vector<Partial> partials(rows.parts());
  parallel(attributes.threads, rows.parts(), [&](int64_t i) { part_moments(x, rows, i, partials[i]); });
  std::vector<float> scale(channels);
  const double count = static_cast<double>(rows.count), momentum = attributes.momentum;
  for (int64_t c = 0; c < channels; c++) {
    double known = 0, center = 0, squares = 0;
    for (const auto& part : partials) {
      const double total = known + part.rows, difference = part.a[c] - center;
      center += difference * (part.rows / total);
      squares += part.b[c] + difference * difference * (known * part.rows / total);
      known = total;
    }
    mean[c] = static_cast<float>(center);
    inverse[c] = static_cast<float>(1 / std::sqrt(squares / count + attributes.epsilon));
    scale[c] = gamma[c] * inverse[c];
    running_mean[c] = static_cast<float>((1 - momentum) * old_mean[c] + momentum * center);
    running_variance[c] = static_cast<float>((1 - momentum) * old_variance[c] + momentum * squares / (count - 1));
  }
  parallel(attributes.threads, rows.parts(), [&](int64_t i) {
    const int64_t part = rows.parts() - 1 - i;  // what was read last is still in the cache
    with_widest(static_cast<int>(std::min<int64_t>(channels, 16)), [&](auto width) __attribute__((always_inline)) {
      constexpr int W = width;
      using V = typename Lanes<W>::type;
      const auto value = [&](int64_t offset, int64_t c, V& v) __attribute__((always_inline)) {
        V m, s, b;
        load<W>(x + offset + c, v);
        load<W>(mean + c, m);
        load<W>(&scale[c], s);
        load<W>(beta + c, b);
        v = (v - m) * s + b;
      };
      if (attributes.relu)
        map_rows<W>(rows.begin(part), rows.end(part), channels, [&](int64_t offset, int64_t c, V& v) __attribute__((always_inline)) {
          value(offset, c, v);
          v = v < 0.0f ? V{} : v;  // what is no number stays so
        }, y);
      else
        map_rows<W>(rows.begin(part), rows.end(part), channels, value, y);
    });
  });
}

// Sums of dy and of dy (x - mean) over one part, dy cut by the ReLU.
template <bool Relu, typename T>
void part_sums(const T* dy, const T* x, const float* mean, const float* scale, const float* beta, const Rows& rows, int64_t i,
               Partial& result) {
  const int64_t channels = rows.channels;
  std::vector<float> sums(2 * channels);
  result.a.assign(channels, 0);
  result.b.assign(channels, 0);
  for (int64_t row = rows.begin(i); row < rows.end(i); row += rows.block) {
    const int64_t start = row * channels;
    with_widest(static_cast<int>(std::min<int64_t>(channels, 16)), [&](auto width) __attribute__((always_inline)) {
      constexpr int W = width;
      using V = typename Lanes<W>::type;
      const auto add = [&](int64_t offset, int64_t c, V& a, V& b) __attribute__((always_inline)) {
        V d, v, m;
        load<W>(dy + start + offset + c, d);
        load<W>(x + start + offset + c, v);
        load<W>(mean + c, m);
        v -= m;
        if constexpr (Relu) {
          V s, shift;
          load<W>(scale + c, s);
          load<W>(beta + c, shift);
          d = v * s + shift > 0.0f ? d : V{};
        }
        a += d;
        b += d * v;
      };
      sum_block<W>(std::min(rows.block, rows.end(i) - row), channels, &sums[0], &sums[channels], add);
    });
    for (int64_t c = 0; c < channels; c++) {
      result.a[c] += sums[c];
      result.b[c] += sums[channels + c];
    }
  }
}

template <bool Relu, typename T>
void gradient_rows(const T* dy, const T* x, const float* mean, const float* scale, const float* beta, const float* level,
                   const float* slope, const Rows& rows, int64_t i, T* dx) {
  with_widest(static_cast<int>(std::min<int64_t>(rows.channels, 16)), [&](auto width) __attribute__((always_inline)) {
    constexpr int W = width;
    using V = typename Lanes<W>::type;
    map_rows<W>(rows.begin(i), rows.end(i), rows.channels, [&](int64_t offset, int64_t c, V& d) __attribute__((always_inline)) {
      V v, m, s, k0, k1;
      load<W>(dy + offset + c, d);
      load<W>(x + offset + c, v);
      load<W>(mean + c, m);
      load<W>(scale + c, s);
      load<W>(level + c, k0);
      load<W>(slope + c, k1);
      v -= m;
      if constexpr (Relu) {
        V shift;
        load<W>(beta + c, shift);
        d = v * s + shift > 0.0f ? d : V{};
      }
      d = d * s + (v * k1 + k0);
    }, dx);
  });
}

template <bool Relu, typename T>
void gradient(const Attributes& attributes, Context& context, TF_DataType dtype) {
  const auto dims = context.dims(0);
  if (!context.ok()) return;
  if (dims.size() != 4 || context.dims(1) != dims) return context.fail("TemperedBatchNormGrad: dy and x have to have one shape");
  const std::vector<int64_t> vector{dims[3]};
  for (int i = 2; i < 6; i++)
    if (context.dims(i) != vector) return context.fail("TemperedBatchNormGrad: gamma, beta, mean and inverse have to have one value a channel");
  const Rows rows(dims);
  const int64_t channels = rows.channels;
  T* dx = static_cast<T*>(context.output_over(0, dims, dtype, {0}));
  const T *dy = static_cast<const T*>(context.data(0)), *x = static_cast<const T*>(context.data(1));
  const float *gamma = context.input(2), *beta = context.input(3), *mean = context.input(4), *inverse = context.input(5);
  float *dgamma = context.output(1, vector), *dbeta = context.output(2, vector);
  if (!context.ok()) return;

  std::vector<float> scale(channels), level(channels), slope(channels);
  for (int64_t c = 0; c < channels; c++) scale[c] = gamma[c] * inverse[c];
  std::vector<Partial> partials(rows.parts());
  parallel(attributes.threads, rows.parts(), [&](int64_t i) { part_sums<Relu>(dy, x, mean, &scale[0], beta, rows, i, partials[i]); });
  const double count = static_cast<double>(rows.count);
  for (int64_t c = 0; c < channels; c++) {
    double sum = 0, product = 0;
    for (const auto& part : partials) sum += part.a[c], product += part.b[c];
    product *= inverse[c];
    dgamma[c] = static_cast<float>(product);
    dbeta[c] = static_cast<float>(sum);
    level[c] = static_cast<float>(-scale[c] * sum / count);
    slope[c] = static_cast<float>(-scale[c] * inverse[c] * product / count);
  }
  parallel(attributes.threads, rows.parts(), [&](int64_t i) {
    gradient_rows<Relu>(dy, x, mean, &scale[0], beta, &level[0], &slope[0], rows, rows.parts() - 1 - i, dx);
  });
}

template <bool Forward, typename T>
void compute_in(const Attributes& attributes, Context& context, TF_DataType dtype) {
  if constexpr (Forward) forward<T>(attributes, context, dtype);
  else if (attributes.relu) gradient<true, T>(attributes, context, dtype);
  else gradient<false, T>(attributes, context, dtype);
}

template <bool Forward>
void compute(void* raw, TF_OpKernelContext* context_) {
  Context context(context_);
  const TF_DataType dtype = context.dtype(0);
  const auto& attributes = *static_cast<Attributes*>(raw);
  if (dtype == TF_BFLOAT16) compute_in<Forward, Bfloat16>(attributes, context, dtype);
  else compute_in<Forward, float>(attributes, context, dtype);
}

// Output 0 as input 0, the others as input 2.
void shapes(TF_ShapeInferenceContext* context, TF_Status* status, int outputs) {
  auto* shape = TF_NewShapeHandle();
  for (int i = 0; i < outputs && TF_GetCode(status) == TF_OK; i++) {
    TF_ShapeInferenceContextGetInput(context, i == 0 ? 0 : 2, shape, status);
    if (TF_GetCode(status) == TF_OK) TF_ShapeInferenceContextSetOutput(context, i, shape, status);
  }
  TF_DeleteShapeHandle(shape);
}

}  // namespace

std::vector<OpSpec> batch_norm_ops() {
  return {
      {"TemperedBatchNorm",
       {"x: T", "gamma: float", "beta: float", "mean: float", "variance: float"},
       {"y: T", "running_mean: float", "running_variance: float", "batch_mean: float", "inverse: float"},
       {FLOATING, "epsilon: float", "momentum: float", "relu: bool", "threads: int"},
       [](TF_ShapeInferenceContext* context, TF_Status* status) { shapes(context, status, 5); },
       create<true>,
       compute<true>,
       remove},
      {"TemperedBatchNormGrad",
       {"dy: T", "x: T", "gamma: float", "beta: float", "mean: float", "inverse: float"},
       {"dx: T", "dgamma: float", "dbeta: float"},
       {FLOATING, "relu: bool", "threads: int"},
       [](TF_ShapeInferenceContext* context, TF_Status* status) { shapes(context, status, 3); },
       create<false>,
       compute<false>,
       remove},
  };
}

}  // namespace tempered
