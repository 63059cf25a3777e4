// Ops of convolutions by products of matrices: of stride 1 with zeros around the picture, or of stride 2 without.
#include <algorithm>
#include <cstring>
#include <utility>

#include "convolution-ops.h"

namespace tempered {

namespace {

template <long stride>
void* create_lowered(TF_OpKernelConstruction* construction) {
  auto* a = static_cast<ConvolutionAttributes*>(create_convolution(construction));
  a->stride = stride;
  return a;
}

// height and width: of the pictures for the input's gradient, of the window for the kernel's.
void* create_lowered_gradient(TF_OpKernelConstruction* construction) {
  auto* a = new ConvolutionAttributes;
  a->threads = int_attribute(construction, "threads");
  a->stride = int_attribute(construction, "stride");
  a->height = int_attribute(construction, "height");
  a->width = int_attribute(construction, "width");
  return a;
}

template <typename T>
Lowered<T> lowered_of(const ConvolutionAttributes& a, const std::vector<int64_t>& x, const std::vector<int64_t>& kernel) {
  Lowered<T> c{};
  c.pictures = x[0], c.height = x[1], c.width = x[2], c.from = x[3], c.to = kernel[3];
  c.window_height = kernel[0], c.window_width = kernel[1], c.stride = a.stride;
  c.top = a.same() ? (c.window_height - 1) / 2 : 0;
  c.left = a.same() ? (c.window_width - 1) / 2 : 0;
  c.out_height = a.same() ? c.height : (c.height - c.window_height) / c.stride + 1;
  c.out_width = a.same() ? c.width : (c.width - c.window_width) / c.stride + 1;
  return c;
}

template <typename T>
bool fits(const Lowered<T>& c) {
  return whole(c.to) && c.height >= c.window_height && c.width >= c.window_width && c.window_height > 0 && c.window_width > 0;
}

const char* const NOT_LOWERED = "a convolution of ours takes [N, H, W, C], windows within that and whole groups of output channels";

template <typename T>
void lower(const ConvolutionAttributes& a, Context& context, TF_DataType dtype) {
  const auto x = context.dims(0), kernel = context.dims(1);
  if (!context.ok()) return;
  const ConvolutionSteps* with = convolution_steps();
  if (!with || x.size() != 4 || kernel.size() != 4 || x[3] != kernel[2]) return context.fail(NOT_LOWERED);
  Lowered<T> c = lowered_of<T>(a, x, kernel);
  if (!fits(c)) return context.fail(NOT_LOWERED);
  const std::vector<int64_t> shape{c.pictures, c.out_height, c.out_width, c.to};
  const int sum = a.biased ? 3 : 2;
  if (a.biased && context.dims(2) != std::vector<int64_t>{c.to}) return context.fail("a convolution of ours: the bias has another size");
  if (a.summed && context.dims(sum) != shape) return context.fail("a convolution of ours: the summand has another shape");
  c.x = context.pictures<T>(0);
  const float* w = context.input(1);
  if (a.biased) c.bias = context.input(2);
  if (a.summed) c.added = context.pictures<T>(sum);
  c.relu = a.relu;
  c.y = static_cast<T*>(context.output_over(0, shape, dtype, {}));
  if (!context.ok() || c.rows() * c.out_width == 0) return;
  float* u = scratch(0, c.depth() * c.to).data();
  with->pack(w, c.depth(), c.to, false, u, 0, c.to / CHANNELS);
  c.kernel = u;
  in_ranges(a.threads, a.threads == 1 ? 1 : std::min(c.rows(), a.threads * PARTS), c.rows(),
            [&](long, long first, long end) { with->over<T>().lowered(c, first, end); });
}

template <typename T>
void lower_input(const ConvolutionAttributes& a, Context& context, TF_DataType dtype) {
  const auto dy = context.dims(0), kernel = context.dims(1);
  if (!context.ok()) return;
  const ConvolutionSteps* with = convolution_steps();
  if (!with || dy.size() != 4 || kernel.size() != 4) return context.fail(NOT_LOWERED);
  const std::vector<int64_t> shape{dy[0], a.height, a.width, kernel[2]};
  Lowered<T> c = lowered_of<T>(a, shape, kernel);
  if (!fits(c) || !whole(c.depth()) || dy != std::vector<int64_t>{c.pictures, c.out_height, c.out_width, c.to}) return context.fail(NOT_LOWERED);
  c.y = context.pictures<T>(0);
  const float* w = context.input(1);
  c.dx = static_cast<T*>(context.output_over(0, shape, dtype, {}));
  if (!context.ok() || c.pictures == 0) return;
  float* u = scratch(0, c.depth() * c.to).data();
  with->pack(w, c.depth(), c.to, true, u, 0, c.depth() / CHANNELS);
  c.kernel = u;
  in_ranges(a.threads, a.threads == 1 ? 1 : std::min(c.pictures, a.threads * PARTS), c.pictures,
            [&](long, long first, long end) { if (first < end) with->over<T>().lowered_input(c, first, end); });
}

template <typename T>
void lower_kernel(const ConvolutionAttributes& a, Context& context, TF_DataType) {
  const auto x = context.dims(0), dy = context.dims(1);
  if (!context.ok()) return;
  const ConvolutionSteps* with = convolution_steps();
  if (!with || x.size() != 4 || dy.size() != 4) return context.fail(NOT_LOWERED);
  Lowered<T> c = lowered_of<T>(a, x, {a.height, a.width, x[3], dy[3]});
  if (!fits(c) || dy != std::vector<int64_t>{c.pictures, c.out_height, c.out_width, c.to}) return context.fail(NOT_LOWERED);
  c.x = context.pictures<T>(0);
  c.y = context.pictures<T>(1);
  float* dw = context.output(0, {a.height, a.width, c.from, c.to});
  if (!context.ok()) return;
  const long parts = std::max(1L, std::min<long>(a.threads, c.rows())), size = c.depth() * c.to;
  float* du = scratch(1, parts * size).data();
  in_ranges(a.threads, parts, c.rows(), [&](long part, long first, long end) {
    std::memset(du + part * size, 0, size * sizeof(float));
    if (first < end) with->over<T>().lowered_accumulate(c, first, end, du + part * size);
  });
  with->unpack(du, parts, size, c.depth(), c.to, dw, 0, c.to / CHANNELS);
}

// Every second window, without zeros around: a height of (H - window) / 2 + 1, where those are known.
void halved_shape(TF_ShapeInferenceContext* context, TF_Status* status) {
  Shape x, kernel, out;
  input_shape(context, 0, x, status);
  input_shape(context, 1, kernel, status);
  part_of(context, x, 0, 1, out, status);
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
  part_of(context, kernel, 3, 4, channels, status);
  set_joined(context, out, channels, status);
}

}  // namespace

std::vector<OpSpec> window_ops() {
  return {
      {"TemperedWindowConvolution",
       {"x: T", "kernel: float", "bias: biases * float", "added: sums * T"},
       {"y: T"},
       {FLOATING, "biases: int >= 0", "sums: int >= 0", "relu: bool", "threads: int"},
       convolution_shape,
       create_lowered<1>,
       [](void* a, TF_OpKernelContext* raw) { compute_over(raw, a, lower<float>, lower<Bfloat16>); },
       remove_convolution},
      {"TemperedHalvingConvolution",
       {"x: T", "kernel: float", "bias: biases * float", "added: sums * T"},
       {"y: T"},
       {FLOATING, "biases: int >= 0", "sums: int >= 0", "relu: bool", "threads: int"},
       halved_shape,
       create_lowered<2>,
       [](void* a, TF_OpKernelContext* raw) { compute_over(raw, a, lower<float>, lower<Bfloat16>); },
       remove_convolution},
      {"TemperedWindowInputGradient",
       {"dy: T", "kernel: float"},
       {"dx: T"},
       {FLOATING, "height: int", "width: int", "stride: int", "threads: int"},
       unknown_shape,
       create_lowered_gradient,
       [](void* a, TF_OpKernelContext* raw) { compute_over(raw, a, lower_input<float>, lower_input<Bfloat16>); },
       remove_convolution},
      {"TemperedWindowKernelGradient",
       {"x: T", "dy: T"},
       {"dw: float"},
       {FLOATING, "height: int", "width: int", "stride: int", "threads: int"},
       unknown_shape,
       create_lowered_gradient,
       [](void* a, TF_OpKernelContext* raw) { compute_over(raw, a, lower_kernel<float>, lower_kernel<Bfloat16>); },
       remove_convolution},
  };
}

}  // namespace tempered
