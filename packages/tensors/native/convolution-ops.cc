// Ops of 3x3 convolutions of stride 1, by minimal filtering, and what all ops of convolutions share.
#include "convolution-ops.h"

#include <algorithm>
#include <cstring>

namespace tempered {

void* create_convolution(TF_OpKernelConstruction* construction) {
  auto* a = new ConvolutionAttributes;
  a->relu = bool_attribute(construction, "relu");
  a->biased = int_attribute(construction, "biases") > 0;
  a->summed = int_attribute(construction, "sums") > 0;
  a->threads = int_attribute(construction, "threads");
  return a;
}

void remove_convolution(void* attributes) { delete static_cast<ConvolutionAttributes*>(attributes); }

void compute_over(TF_OpKernelContext* raw, void* attributes, ComputeOver* f32, ComputeOver* bf16) {
  Context context(raw);
  const TF_DataType dtype = context.dtype(0);
  (dtype == TF_BFLOAT16 ? bf16 : f32)(*static_cast<ConvolutionAttributes*>(attributes), context, dtype);
}

void input_shape(TF_ShapeInferenceContext* context, int index, Shape& shape, TF_Status* status) {
  Shape any;
  if (TF_GetCode(status) == TF_OK) TF_ShapeInferenceContextGetInput(context, index, any.raw, status);
  if (TF_GetCode(status) == TF_OK) TF_ShapeInferenceContextWithRank(context, any.raw, 4, shape.raw, status);
}

void part_of(TF_ShapeInferenceContext* context, const Shape& whole, int64_t first, int64_t end, Shape& out, TF_Status* status) {
  if (TF_GetCode(status) == TF_OK) TF_ShapeInferenceContextSubshape(context, whole.raw, first, end, out.raw, status);
}

void set_joined(TF_ShapeInferenceContext* context, const Shape& left, const Shape& right, TF_Status* status) {
  Shape out;
  if (TF_GetCode(status) == TF_OK) TF_ShapeInferenceContextConcatenateShapes(context, left.raw, right.raw, out.raw, status);
  if (TF_GetCode(status) == TF_OK) TF_ShapeInferenceContextSetOutput(context, 0, out.raw, status);
}

namespace {

// [N, H, W of input 0, dimension `channels` of input 1].
void shape_with(TF_ShapeInferenceContext* context, int channels, TF_Status* status) {
  Shape x, kernel, sizes, last;
  input_shape(context, 0, x, status);
  input_shape(context, 1, kernel, status);
  part_of(context, x, 0, 3, sizes, status);
  part_of(context, kernel, channels, channels + 1, last, status);
  set_joined(context, sizes, last, status);
}

// Kernels of fewer values than this are transformed by one thread.
constexpr long SMALL_KERNEL = 64 * 64;

template <bool backwards>
void* create_gradient(TF_OpKernelConstruction* construction) {
  auto* a = new ConvolutionAttributes;
  a->backwards = backwards;
  a->threads = int_attribute(construction, "threads");
  return a;
}

template <typename T>
void convolve(const ConvolutionAttributes& a, Context& context, TF_DataType dtype) {
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
  Convolution<T> c{x[0], x[1], x[2], x[3], shape[3], context.pictures<T>(0), nullptr, nullptr, nullptr, a.relu, nullptr};
  const float* w = context.input(1);
  if (a.biased) c.bias = context.input(2);
  if (a.summed) c.added = context.pictures<T>(sum);
  c.y = static_cast<T*>(context.output_over(0, shape, dtype, {}));
  if (!context.ok() || c.pictures * c.height * c.width == 0) return;
  float* u = scratch(0, c.kernel_size()).data();
  const int few = c.from * c.to < SMALL_KERNEL ? 1 : a.threads;
  in_ranges(few, few == 1 ? 1 : c.to / CHANNELS, c.to / CHANNELS, [&](long, long first, long end) {
    with->transform(w, c.from, c.to, a.backwards, u, first * CHANNELS, end * CHANNELS);
  });
  c.kernel = u;
  const long parts = a.threads == 1 ? 1 : std::min(c.pairs(), a.threads * PARTS);
  in_ranges(a.threads, parts, c.pairs(), [&](long, long first, long end) { with->over<T>().convolve(c, first, end); });
}

template <typename T>
void sum_kernel(const ConvolutionAttributes& a, Context& context, TF_DataType) {
  const auto x = context.dims(0), dy = context.dims(1);
  if (!context.ok()) return;
  const ConvolutionSteps* with = convolution_steps();
  if (!with || x.size() != 4 || dy.size() != 4 || !std::equal(x.begin(), x.begin() + 3, dy.begin()) || !whole(x[3]) || !whole(dy[3]))
    return context.fail("a kernel's gradient of ours takes [N, H, W, C] and [N, H, W, K] of whole groups of channels");
  Convolution<T> c{x[0], x[1], x[2], x[3], dy[3], context.pictures<T>(0), nullptr, nullptr, nullptr, false, context.pictures<T>(1)};
  float* dw = context.output(0, {3, 3, c.from, c.to});
  if (!context.ok()) return;
  // The sum is cut by the number of threads that the op is given, however many come to work on it: its digits depend on nothing else.
  const long parts = std::max(1L, std::min<long>(a.threads, c.pairs()));
  float* du = scratch(1, parts * c.kernel_size()).data();
  in_ranges(a.threads, parts, c.pairs(), [&](long part, long first, long end) {
    float* mine = du + part * c.kernel_size();
    std::memset(mine, 0, c.kernel_size() * sizeof(float));
    if (first < end) with->over<T>().accumulate(c, first, end, mine);
  });
  const int few = c.from * c.to < SMALL_KERNEL ? 1 : a.threads;
  in_ranges(few, few == 1 ? 1 : c.to / CHANNELS, c.to / CHANNELS, [&](long, long first, long end) {
    with->finish(du, parts, c.kernel_size(), c.from, c.to, dw, first * CHANNELS, end * CHANNELS);
  });
}

}  // namespace

void convolution_shape(TF_ShapeInferenceContext* context, TF_Status* status) { shape_with(context, 3, status); }

void unknown_shape(TF_ShapeInferenceContext* context, TF_Status* status) { TF_ShapeInferenceContextSetUnknownShape(context, status); }

std::vector<OpSpec> filtering_ops() {
  return {
      {"TemperedConvolution",
       {"x: T", "kernel: float", "bias: biases * float", "added: sums * T"},
       {"y: T"},
       {FLOATING, "biases: int >= 0", "sums: int >= 0", "relu: bool", "threads: int"},
       convolution_shape,
       create_convolution,
       [](void* a, TF_OpKernelContext* raw) { compute_over(raw, a, convolve<float>, convolve<Bfloat16>); },
       remove_convolution},
      {"TemperedConvolutionInputGradient",
       {"dy: T", "kernel: float"},
       {"dx: T"},
       {FLOATING, "threads: int"},
       [](TF_ShapeInferenceContext* context, TF_Status* status) { shape_with(context, 2, status); },
       create_gradient<true>,
       [](void* a, TF_OpKernelContext* raw) { compute_over(raw, a, convolve<float>, convolve<Bfloat16>); },
       remove_convolution},
      {"TemperedConvolutionKernelGradient",
       {"x: T", "dy: T"},
       {"dw: float"},
       {FLOATING, "threads: int"},
       unknown_shape,
       create_gradient<false>,
       [](void* a, TF_OpKernelContext* raw) { compute_over(raw, a, sum_kernel<float>, sum_kernel<Bfloat16>); },
       remove_convolution},
  };
}

std::vector<OpSpec> convolution_ops() {
  const ConvolutionSteps* with = convolution_steps();
  if (!with) return {};
  auto ops = filtering_ops();
  if (with->pack)
    for (const auto& op : window_ops()) ops.push_back(op);
  return ops;
}

}  // namespace tempered
