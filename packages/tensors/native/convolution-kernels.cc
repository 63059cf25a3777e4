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

bool whole(long channels) { return channels > 0 && channels % CHANNELS == 0; }

// A small convolution, its output and both gradients as the definition has them, in double precision.
struct Example {
  long from, to, stride;
  long n = 2, height = 5, width = 6, out_height = height, out_width = width, pad = 1;
  std::vector<float> x, w, dy;
  std::vector<double> y, dx, dw;

  Example(long from, long to, long stride) : from(from), to(to), stride(stride) {
    if (stride > 1) out_height = (height - 3) / stride + 1, out_width = (width - 3) / stride + 1, pad = 0;
    x = values(n * height * width * from, 7);
    w = values(9 * from * to, 11);
    dy = values(n * out_height * out_width * to, 13);
    y.resize(dy.size());
    dx.resize(x.size());
    dw.resize(w.size());
    for (long p = 0; p < n * out_height * out_width; p++)
      for (long tap = 0; tap < 9; tap++) {
        const long row = p / out_width % out_height * stride + tap / 3 - pad, column = p % out_width * stride + tap % 3 - pad;
        if (row < 0 || row >= height || column < 0 || column >= width) continue;
        const long at = (p / (out_height * out_width) * height + row) * width + column;
        for (long i = 0; i < from; i++)
          for (long k = 0; k < to; k++) {
            const long weight = (tap * from + i) * to + k;
            y[p * to + k] += static_cast<double>(x[at * from + i]) * w[weight];
            dx[at * from + i] += static_cast<double>(dy[p * to + k]) * w[weight];
            dw[weight] += static_cast<double>(x[at * from + i]) * dy[p * to + k];
          }
      }
  }

  static std::vector<float> values(long size, long step) {
    std::vector<float> out(size);
    for (long i = 0; i < size; i++) out[i] = static_cast<float>(i * step % 31 - 15) / 16;
    return out;
  }

  static bool near(const std::vector<float>& got, const std::vector<double>& expected) {
    for (size_t i = 0; i < got.size(); i++)
      if (!(std::fabs(got[i] - expected[i]) <= 1e-4 * (1 + std::fabs(expected[i])))) return false;
    return true;
  }
};

bool filters(const ConvolutionSteps& with, const Example& e) {
  std::vector<float> y(e.y.size()), dx(e.dx.size()), dw(e.dw.size()), u(POINTS * e.from * e.to), turned(u.size()), du(u.size());
  with.transform(e.w.data(), e.from, e.to, false, u.data(), 0, e.to);
  with.transform(e.w.data(), e.to, e.from, true, turned.data(), 0, e.from);
  const Convolution forward{e.n, e.height, e.width, e.from, e.to, e.x.data(), u.data(), nullptr, nullptr, false, y.data()};
  const Convolution backward{e.n, e.height, e.width, e.to, e.from, e.dy.data(), turned.data(), nullptr, nullptr, false, dx.data()};
  Convolution gradient = forward;
  gradient.y = const_cast<float*>(e.dy.data());
  with.convolve(forward, 0, forward.pairs());
  with.convolve(backward, 0, backward.pairs());
  with.accumulate(gradient, 0, gradient.pairs(), du.data());
  with.finish(du.data(), 1, 0, e.from, e.to, dw.data(), 0, e.to);
  return Example::near(y, e.y) && Example::near(dx, e.dx) && Example::near(dw, e.dw);
}

bool lowers(const ConvolutionSteps& with, const Example& e) {
  std::vector<float> y(e.y.size()), dx(e.dx.size()), dw(e.dw.size()), u(e.w.size()), turned(u.size()), du(u.size());
  Lowered c{e.n,  e.height, e.width,      e.from,   e.out_height, e.out_width, e.to,  3,        3,        e.stride,
            e.pad, e.pad,    e.x.data(), u.data(), nullptr,      nullptr,     false, y.data(), dx.data()};
  with.pack(e.w.data(), c.depth(), e.to, false, u.data(), 0, e.to / CHANNELS);
  with.lowered(c, 0, c.rows());
  c.y = const_cast<float*>(e.dy.data());
  with.lowered_accumulate(c, 0, c.rows(), du.data());
  with.unpack(du.data(), 1, 0, c.depth(), e.to, dw.data(), 0, e.to / CHANNELS);
  if (!Example::near(y, e.y) || !Example::near(dw, e.dw)) return false;
  if (!whole(c.depth())) return true;
  with.pack(e.w.data(), c.depth(), e.to, true, turned.data(), 0, c.depth() / CHANNELS);
  c.kernel = turned.data();
  with.lowered_input(c, 0, c.pictures);
  return Example::near(dx, e.dx);
}

// Whether every step computes what its definition says.
bool computes(const ConvolutionSteps& with) {
  return filters(with, {16, 16, 1}) && filters(with, {144, 32, 1}) && lowers(with, {3, 16, 1}) && lowers(with, {64, 32, 2});
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
  // Of lowered convolutions: stride 1 with zeros around, or another one without; sizes that no input tells.
  long stride = 1, height = 0, width = 0;
  bool same() const { return stride == 1; }
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

void compute_convolution(void* attributes, TF_OpKernelContext* raw) {
  const auto& a = *static_cast<Attributes*>(attributes);
  Context context(raw);
  const auto x = context.dims(0), kernel = context.dims(1);
  if (!context.ok()) return;
  const ConvolutionSteps* with = convolution_steps();
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
  const ConvolutionSteps* with = convolution_steps();
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

template <long stride>
void* create_lowered(TF_OpKernelConstruction* construction) {
  auto* a = static_cast<Attributes*>(create_convolution(construction));
  a->stride = stride;
  return a;
}

// height and width: of the pictures for the input's gradient, of the window for the kernel's.
void* create_lowered_gradient(TF_OpKernelConstruction* construction) {
  auto* a = new Attributes;
  a->threads = int_attribute(construction, "threads");
  a->stride = int_attribute(construction, "stride");
  a->height = int_attribute(construction, "height");
  a->width = int_attribute(construction, "width");
  return a;
}

Lowered lowered_of(const Attributes& a, const std::vector<int64_t>& x, const std::vector<int64_t>& kernel) {
  Lowered c{};
  c.pictures = x[0], c.height = x[1], c.width = x[2], c.from = x[3], c.to = kernel[3];
  c.window_height = kernel[0], c.window_width = kernel[1], c.stride = a.stride;
  c.top = a.same() ? (c.window_height - 1) / 2 : 0;
  c.left = a.same() ? (c.window_width - 1) / 2 : 0;
  c.out_height = a.same() ? c.height : (c.height - c.window_height) / c.stride + 1;
  c.out_width = a.same() ? c.width : (c.width - c.window_width) / c.stride + 1;
  return c;
}

bool fits(const Lowered& c) { return whole(c.to) && c.height >= c.window_height && c.width >= c.window_width && c.window_height > 0 && c.window_width > 0; }

const char* const NOT_LOWERED = "a convolution of ours takes [N, H, W, C], windows within that and whole groups of output channels";

void compute_lowered(void* attributes, TF_OpKernelContext* raw) {
  const auto& a = *static_cast<Attributes*>(attributes);
  Context context(raw);
  const auto x = context.dims(0), kernel = context.dims(1);
  if (!context.ok()) return;
  const ConvolutionSteps* with = convolution_steps();
  if (!with || x.size() != 4 || kernel.size() != 4 || x[3] != kernel[2]) return context.fail(NOT_LOWERED);
  Lowered c = lowered_of(a, x, kernel);
  if (!fits(c)) return context.fail(NOT_LOWERED);
  const std::vector<int64_t> shape{c.pictures, c.out_height, c.out_width, c.to};
  const int sum = a.biased ? 3 : 2;
  if (a.biased && context.dims(2) != std::vector<int64_t>{c.to}) return context.fail("a convolution of ours: the bias has another size");
  if (a.summed && context.dims(sum) != shape) return context.fail("a convolution of ours: the summand has another shape");
  c.x = context.input(0);
  const float* w = context.input(1);
  if (a.biased) c.bias = context.input(2);
  if (a.summed) c.added = context.input(sum);
  c.relu = a.relu;
  c.y = context.output(0, shape);
  if (!context.ok() || c.rows() * c.out_width == 0) return;
  float* u = scratch(0, c.depth() * c.to).data();
  with->pack(w, c.depth(), c.to, false, u, 0, c.to / CHANNELS);
  c.kernel = u;
  in_ranges(a.threads, a.threads == 1 ? 1 : std::min(c.rows(), a.threads * PARTS), c.rows(),
            [&](long, long first, long end) { with->lowered(c, first, end); });
}

void compute_lowered_input(void* attributes, TF_OpKernelContext* raw) {
  const auto& a = *static_cast<Attributes*>(attributes);
  Context context(raw);
  const auto dy = context.dims(0), kernel = context.dims(1);
  if (!context.ok()) return;
  const ConvolutionSteps* with = convolution_steps();
  if (!with || dy.size() != 4 || kernel.size() != 4) return context.fail(NOT_LOWERED);
  const std::vector<int64_t> shape{dy[0], a.height, a.width, kernel[2]};
  Lowered c = lowered_of(a, shape, kernel);
  if (!fits(c) || !whole(c.depth()) || dy != std::vector<int64_t>{c.pictures, c.out_height, c.out_width, c.to}) return context.fail(NOT_LOWERED);
  c.y = const_cast<float*>(context.input(0));
  const float* w = context.input(1);
  c.dx = context.output(0, shape);
  if (!context.ok() || c.pictures == 0) return;
  float* u = scratch(0, c.depth() * c.to).data();
  with->pack(w, c.depth(), c.to, true, u, 0, c.depth() / CHANNELS);
  c.kernel = u;
  in_ranges(a.threads, a.threads == 1 ? 1 : std::min(c.pictures, a.threads * PARTS), c.pictures,
            [&](long, long first, long end) { if (first < end) with->lowered_input(c, first, end); });
}

void compute_lowered_kernel(void* attributes, TF_OpKernelContext* raw) {
  const auto& a = *static_cast<Attributes*>(attributes);
  Context context(raw);
  const auto x = context.dims(0), dy = context.dims(1);
  if (!context.ok()) return;
  const ConvolutionSteps* with = convolution_steps();
  if (!with || x.size() != 4 || dy.size() != 4) return context.fail(NOT_LOWERED);
  Lowered c = lowered_of(a, x, {a.height, a.width, x[3], dy[3]});
  if (!fits(c) || dy != std::vector<int64_t>{c.pictures, c.out_height, c.out_width, c.to}) return context.fail(NOT_LOWERED);
  c.x = context.input(0);
  c.y = const_cast<float*>(context.input(1));
  float* dw = context.output(0, {a.height, a.width, c.from, c.to});
  if (!context.ok()) return;
  const long parts = std::max(1L, std::min<long>(a.threads, c.rows())), size = c.depth() * c.to;
  float* du = scratch(1, parts * size).data();
  in_ranges(a.threads, parts, c.rows(), [&](long part, long first, long end) {
    std::memset(du + part * size, 0, size * sizeof(float));
    if (first < end) with->lowered_accumulate(c, first, end, du + part * size);
  });
  with->unpack(du, parts, size, c.depth(), c.to, dw, 0, c.to / CHANNELS);
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

// Every second window, without zeros around: a height of (H - window) / 2 + 1, where those are known.
void halved_shape(TF_ShapeInferenceContext* context, TF_Status* status) {
  Shape x, kernel, out;
  input_shape(context, 0, x, status);
  if (TF_GetCode(status) == TF_OK) input_shape(context, 1, kernel, status);
  part(context, x, 0, 1, out, status);
  auto* dim = TF_NewDimensionHandle();
  for (int i = 1; i < 3 && TF_GetCode(status) == TF_OK; i++) {
    TF_ShapeInferenceContextDim(context, x.raw, i, dim);
    const bool known = TF_DimensionHandleValueKnown(dim);
    const int64_t size = known ? TF_DimensionHandleValue(dim) : 0;
    TF_ShapeInferenceContextDim(context, kernel.raw, i - 1, dim);
    if (!known || !TF_DimensionHandleValueKnown(dim) || size < TF_DimensionHandleValue(dim)) {
      TF_DeleteDimensionHandle(dim);
      return TF_ShapeInferenceContextSetUnknownShape(context, status);
    }
    Shape joined;
    auto* half = TF_ShapeInferenceContextVectorFromSize(context, (size - TF_DimensionHandleValue(dim)) / 2 + 1);
    TF_ShapeInferenceContextConcatenateShapes(context, out.raw, half, joined.raw, status);
    std::swap(out.raw, joined.raw);
    TF_DeleteShapeHandle(half);
  }
  TF_DeleteDimensionHandle(dim);
  Shape channels;
  part(context, kernel, 3, 4, channels, status);
  joined(context, out, channels, status);
}

void unknown_shape(TF_ShapeInferenceContext* context, TF_Status* status) {
  TF_ShapeInferenceContextSetUnknownShape(context, status);
}

}  // namespace

const ConvolutionSteps* convolution_steps() {
  static const ConvolutionSteps* const best = []() -> const ConvolutionSteps* {
    const bool avx512 = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq") &&
                        __builtin_cpu_supports("avx512bw");
    const bool avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
    const std::pair<const ConvolutionSteps*, bool> all[] = {{&steps_avx512, avx512}, {&steps_avx2, avx2}};
    for (const auto& [with, runs] : all)
      if (runs && (kernels_setting() != steps_avx2.name || with == &steps_avx2) && computes(*with)) return with;
    return nullptr;
  }();
  return best;
}

std::vector<OpSpec> convolution_ops() {
  if (!convolution_steps()) return {};
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
       unknown_shape,
       create_gradient<false>,
       compute_gradient,
       remove},
      {"TemperedWindowConvolution",
       {"x: float", "kernel: float", "bias: biases * float", "added: sums * float"},
       {"y: float"},
       {"biases: int >= 0", "sums: int >= 0", "relu: bool", "threads: int"},
       convolution_shape<false>,
       create_lowered<1>,
       compute_lowered,
       remove},
      {"TemperedHalvingConvolution",
       {"x: float", "kernel: float", "bias: biases * float", "added: sums * float"},
       {"y: float"},
       {"biases: int >= 0", "sums: int >= 0", "relu: bool", "threads: int"},
       halved_shape,
       create_lowered<2>,
       compute_lowered,
       remove},
      {"TemperedWindowInputGradient",
       {"dy: float", "kernel: float"},
       {"dx: float"},
       {"height: int", "width: int", "stride: int", "threads: int"},
       unknown_shape,
       create_lowered_gradient,
       compute_lowered_input,
       remove},
      {"TemperedWindowKernelGradient",
       {"x: float", "dy: float"},
       {"dw: float"},
       {"height: int", "width: int", "stride: int", "threads: int"},
       unknown_shape,
       create_lowered_gradient,
       compute_lowered_kernel,
       remove},
  };
}

}  // namespace tempered
