// What the ops of convolution-ops.cc and window-ops.cc share: attributes, memory, ranges of work, shapes of outputs.
#pragma once
#include <functional>
#include <vector>

#include "convolution.h"
#include "kernels.h"

namespace tempered {

// Parts a thread, so that one that comes late takes fewer.
constexpr long PARTS = 4;

inline bool whole(long channels) { return channels > 0 && channels % CHANNELS == 0; }

// Memory that a thread keeps from one op to the next: 0 for kernels, 1 for their gradients.
inline std::vector<float>& scratch(int which, size_t size) {
  thread_local std::vector<float> memory[2];
  if (memory[which].size() < size) memory[which].resize(size);
  return memory[which];
}

// Cuts count into so many parts and calls work(part, first, end).
inline void in_ranges(int threads, long parts, long count, const std::function<void(long, long, long)>& work) {
  parallel(threads, parts, [&](int64_t part) { work(part, count * part / parts, count * (part + 1) / parts); });
}

struct ConvolutionAttributes {
  bool relu = false, backwards = false, biased = false, summed = false;
  int threads = 1;
  // Of lowered convolutions: stride 1 with zeros around, or another one without; sizes that no input tells.
  long stride = 1, height = 0, width = 0;
  bool same() const { return stride == 1; }
};

// Computes over what the first input is of.
using ComputeOver = void(const ConvolutionAttributes&, Context&, TF_DataType);
void compute_over(TF_OpKernelContext* raw, void* attributes, ComputeOver* f32, ComputeOver* bf16);

void* create_convolution(TF_OpKernelConstruction*);
void remove_convolution(void* attributes);

// Shapes of outputs are made of those of inputs.
struct Shape {
  TF_ShapeHandle* raw = TF_NewShapeHandle();
  ~Shape() { TF_DeleteShapeHandle(raw); }
};
// Each does nothing after a failure.
void input_shape(TF_ShapeInferenceContext*, int index, Shape& shape, TF_Status*);
void part_of(TF_ShapeInferenceContext*, const Shape& whole, int64_t first, int64_t end, Shape& out, TF_Status*);
void set_joined(TF_ShapeInferenceContext*, const Shape& left, const Shape& right, TF_Status*);
// [N, H, W of input 0, channels of the kernel, input 1].
void convolution_shape(TF_ShapeInferenceContext*, TF_Status*);
void unknown_shape(TF_ShapeInferenceContext*, TF_Status*);

// Every file of them gives its ops.
std::vector<OpSpec> filtering_ops();
std::vector<OpSpec> window_ops();

}  // namespace tempered
