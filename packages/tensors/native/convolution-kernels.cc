// The ops of convolution.h.
#include <algorithm>
#include <cmath>
#include <cstring>
#include <string>
#include <utility>
#include <vector>

#include "convolution.h"
#include "kernels.h"

namespace tempered {

namespace {

// Kernels of fewer values than this are transformed by one thread.
constexpr long SMALL_KERNEL = 64 * 64;
// Parts a thread, so that one that comes late takes fewer.
constexpr long PARTS = 4;

// Makes a picture and compares output and both gradients with sums over definitions.
bool computes(const Winograd& with) {
  const long n = 2, h = 5, w = 6, from = 2 * CHANNELS, to = CHANNELS;
  std::vector<float> x(n * h * w * from), kernel(9 * from * to), y(n * h * w * to), dx(x.size()), dw(kernel.size()), dy(y.size());
  const auto fill = [](std::vector<float>& values, long step) {
    for (size_t i = 0; i < values.size(); i++) values[i] = static_cast<float>((static_cast<long>(i) * step) % 31 - 15) / 16;
  };
  fill(x, 7);
  fill(kernel, 11);
  fill(dy, 13);
  std::vector<float> u(POINTS * from * to), turned(u.size()), du(u.size());
  with.transform(kernel.data(), from, to, false, u.data(), 0, to);
  with.transform(kernel.data(), to, from, true, turned.data(), 0, from);
  const Convolution forward{n, h, w, from, to, x.data(), u.data(), nullptr, nullptr, false, y.data()};
  const Convolution backward{n, h, w, to, from, dy.data(), turned.data(), nullptr, nullptr, false, dx.data()};
  Convolution gradient = forward;
  gradient.y = dy.data();
  with.convolve(forward, 0, forward.pairs());
  with.convolve(backward, 0, backward.pairs());
  with.accumulate(gradient, 0, gradient.pairs(), du.data());
  with.finish(du.data(), 1, 0, from, to, dw.data(), 0, to);
  std::vector<double> y_is(y.size()), dx_is(dx.size()), dw_is(dw.size());
  for (long p = 0; p < n * h * w; p++)
    for (long a = 0; a < 3; a++)
      for (long b = 0; b < 3; b++) {
        const long row = p / w % h + a - 1, column = p % w + b - 1;
        if (row < 0 || row >= h || column < 0 || column >= w) continue;
        const long at = (p / (h * w) * h + row) * w + column;
        for (long i = 0; i < from; i++)
          for (long k = 0; k < to; k++) {
            const long tap = ((a * 3 + b) * from + i) * to + k;
            y_is[p * to + k] += static_cast<double>(x[at * from + i]) * kernel[tap];
            dx_is[at * from + i] += static_cast<double>(dy[p * to + k]) * kernel[tap];
            dw_is[tap] += static_cast<double>(x[at * from + i]) * dy[p * to + k];
          }
      }
  const auto near = [](const std::vector<float>& got, const std::vector<double>& expected) {
    for (size_t i = 0; i < got.size(); i++)
      if (!(std::fabs(got[i] - expected[i]) <= 1e-4 * (1 + std::fabs(expected[i])))) return false;
    return true;
  };
  return near(y, y_is) && near(dx, dx_is) && near(dw, dw_is);
}

std::vector<float>& scratch(int which, size_t size) {
  thread_local std::vector<float> memory[2];
  if (memory[which].size() < size) memory[which].resize(size);
  return memory[which];
}

void in_ranges(int threads, long parts, long count, const std::function<void(long, long, long)>& work) {
  parallel(threads, parts, [&](int64_t part) { work(part, count * part / parts, count * (part + 1) / parts); });
}

struct Attributes {
  bool relu = false, backwards = false, biased = false, summed = false;
  int threads = 1;
};

void* create_convolution(TF_OpKernelConstruction* construction) {
  auto* a = new Attributes;
  a->relu = bool_attribute(construction, "relu");
  a->biased = int_attribute(construction, "biases") > 0;
  a->summed = int_attribute(construction, "sums") > 0;
  a->threads = int_attribute(construction, "threads");
  return a;
}

template <bool backwards>
void* create_gradient(TF_OpKernelConstruction* construction) {
  auto* a = new Attributes;
  a->backwards = backwards;
  a->threads = int_attribute(construction, "threads");
  return a;
}

void remove(void* attributes) { delete static_cast<Attributes*>(attributes); }

bool whole(long channels) { return channels > 0 && channels % CHANNELS == 0; }

void compute_convolution(void* attributes, TF_OpKernelContext* raw) {
  const auto& a = *static_cast<Attributes*>(attributes);
  Context context(raw);
  const auto x = context.dims(0), kernel = context.dims(1);
  if (!context.ok()) return;
  const Winograd* with = winograd();
  const int in = a.backwards ? 3 : 2, out = a.backwards ? 2 : 3;
  if (!with || x.size() != 4 || kernel.size() != 4 || kernel[0] != 3 || kernel[1] != 3 || x[3] != kernel[in] || !whole(x[3]) ||
      !whole(kernel[out]))
    return context.fail("a convolution of ours takes pictures [N, H, W, C] and a kernel [3, 3, C, K] of whole groups of channels");
  const std::vector<int64_t> shape{x[0], x[1], x[2], kernel[out]};
  const int sum = a.biased ? 3 : 2;
  if (a.biased && context.dims(2) != std::vector<int64_t>{shape[3]}) return context.fail("a convolution of ours: the bias has another size");
  if (a.summed && context.dims(sum) != shape) return context.fail("a convolution of ours: the summand has another shape");
  Convolution c{x[0], x[1], x[2], x[3], shape[3], context.input(0), nullptr, nullptr, nullptr, a.relu, nullptr};
  const float* w = context.input(1);
  if (a.biased) c.bias = context.input(2);
  if (a.summed) c.added = context.input(sum);
  c.y = context.output(0, shape);
  if (!context.ok() || c.pictures * c.height * c.width == 0) return;
  float* u = scratch(0, c.kernel_size()).data();
  const int few = c.from * c.to < SMALL_KERNEL ? 1 : a.threads;
  in_ranges(few, few == 1 ? 1 : c.to / CHANNELS, c.to / CHANNELS, [&](long, long first, long end) {
    with->transform(w, c.from, c.to, a.backwards, u, first * CHANNELS, end * CHANNELS);
  });
  c.kernel = u;
  const long parts = a.threads == 1 ? 1 : std::min(c.pairs(), a.threads * PARTS);
  in_ranges(a.threads, parts, c.pairs(), [&](long, long first, long end) { with->convolve(c, first, end); });
}

void compute_gradient(void* attributes, TF_OpKernelContext* raw) {
  const auto& a = *static_cast<Attributes*>(attributes);
  Context context(raw);
  const auto x = context.dims(0), dy = context.dims(1);
  if (!context.ok()) return;
  const Winograd* with = winograd();
  if (!with || x.size() != 4 || dy.size() != 4 || !std::equal(x.begin(), x.begin() + 3, dy.begin()) || !whole(x[3]) || !whole(dy[3]))
    return context.fail("a kernel's gradient of ours takes [N, H, W, C] and [N, H, W, K] of whole groups of channels");
  Convolution c{x[0], x[1], x[2], x[3], dy[3], context.input(0), nullptr, nullptr, nullptr, false, const_cast<float*>(context.input(1))};
  float* dw = context.output(0, {3, 3, c.from, c.to});
  if (!context.ok()) return;
  // The sum is cut by the number of threads that the op is given, however many come to work on it: its digits depend on nothing else.
  const long parts = std::max(1L, std::min<long>(a.threads, c.pairs()));
  float* du = scratch(1, parts * c.kernel_size()).data();
  in_ranges(a.threads, parts, c.pairs(), [&](long part, long first, long end) {
    float* mine = du + part * c.kernel_size();
    std::memset(mine, 0, c.kernel_size() * sizeof(float));
    if (first < end) with->accumulate(c, first, end, mine);
  });
  const int few = c.from * c.to < SMALL_KERNEL ? 1 : a.threads;
  in_ranges(few, few == 1 ? 1 : c.to / CHANNELS, c.to / CHANNELS, [&](long, long first, long end) {
    with->finish(du, parts, c.kernel_size(), c.from, c.to, dw, first * CHANNELS, end * CHANNELS);
  });
}

// Shapes of outputs: the pictures' first three sizes, or 3 x 3, and numbers of channels.
struct Shape {
  TF_ShapeHandle* raw = TF_NewShapeHandle();
  ~Shape() { TF_DeleteShapeHandle(raw); }
};

void input_shape(TF_ShapeInferenceContext* context, int index, Shape& shape, TF_Status* status) {
  Shape any;
  TF_ShapeInferenceContextGetInput(context, index, any.raw, status);
  if (TF_GetCode(status) == TF_OK) TF_ShapeInferenceContextWithRank(context, any.raw, 4, shape.raw, status);
}

void part(TF_ShapeInferenceContext* context, const Shape& whole, int64_t first, int64_t end, Shape& out, TF_Status* status) {
  if (TF_GetCode(status) == TF_OK) TF_ShapeInferenceContextSubshape(context, whole.raw, first, end, out.raw, status);
}

void joined(TF_ShapeInferenceContext* context, const Shape& left, const Shape& right, TF_Status* status) {
  Shape out;
  if (TF_GetCode(status) == TF_OK) TF_ShapeInferenceContextConcatenateShapes(context, left.raw, right.raw, out.raw, status);
  if (TF_GetCode(status) == TF_OK) TF_ShapeInferenceContextSetOutput(context, 0, out.raw, status);
}

template <bool backwards>
void convolution_shape(TF_ShapeInferenceContext* context, TF_Status* status) {
  Shape x, kernel, sizes, channels;
  input_shape(context, 0, x, status);
  if (TF_GetCode(status) == TF_OK) input_shape(context, 1, kernel, status);
  part(context, x, 0, 3, sizes, status);
  part(context, kernel, backwards ? 2 : 3, backwards ? 3 : 4, channels, status);
  joined(context, sizes, channels, status);
}

void gradient_shape(TF_ShapeInferenceContext* context, TF_Status* status) {
  TF_ShapeInferenceContextSetUnknownShape(context, status);
}

}  // namespace

const Winograd* winograd() {
  static const Winograd* const best = []() -> const Winograd* {
    const bool avx512 = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq") &&
                        __builtin_cpu_supports("avx512bw");
    const bool avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
    const std::pair<const Winograd*, bool> all[] = {{&winograd_avx512, avx512}, {&winograd_avx2, avx2}};
    for (const auto& [with, runs] : all)
      if (runs && (kernels_setting() != winograd_avx2.name || with == &winograd_avx2) && computes(*with)) return with;
    return nullptr;
  }();
  return best;
}

std::vector<OpSpec> convolution_ops() {
  if (!winograd()) return {};
  return {
      {"TemperedConvolution",
       {"x: float", "kernel: float", "bias: biases * float", "added: sums * float"},
       {"y: float"},
       {"biases: int >= 0", "sums: int >= 0", "relu: bool", "threads: int"},
       convolution_shape<false>,
       create_convolution,
       compute_convolution,
       remove},
      {"TemperedConvolutionInputGradient",
       {"dy: float", "kernel: float"},
       {"dx: float"},
       {"threads: int"},
       convolution_shape<true>,
       create_gradient<true>,
       compute_convolution,
       remove},
      {"TemperedConvolutionKernelGradient",
       {"x: float", "dy: float"},
       {"dw: float"},
       {"threads: int"},
       gradient_shape,
       create_gradient<false>,
       compute_gradient,
       remove},
  };
}

}  // namespace tempered
