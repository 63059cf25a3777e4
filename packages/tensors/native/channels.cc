// Picks channels out of several float32 [N, H, W, *] tensors into others in one pass over memory: what concatenations, slices, shuffles and, in the
// gradient, splits and paddings come to once they are put together.
#include <algorithm>
#include <memory>

#include "kernels.h"

namespace tempered {
namespace {

struct Attributes {
  // For every channel of the results, one after the other: its place in the inputs' channels, laid end to end; -1 for zeros.
  std::vector<int32_t> index;
  // Channels of each result.
  std::vector<int32_t> sizes;
  int threads;
};

void* create(TF_OpKernelConstruction* construction) {
  auto* attributes = new Attributes;
  attributes->index = ints_attribute(construction, "index");
  attributes->sizes = ints_attribute(construction, "sizes");
  attributes->threads = int_attribute(construction, "threads");
  return attributes;
}

void remove(void* attributes) { delete static_cast<Attributes*>(attributes); }

struct Tensor {
  const float* data;
  int64_t width;
};

// What one result takes from one input.
struct Move {
  const float* source;
  int64_t source_width;
  float* target;
  int64_t target_width;
  std::vector<int32_t> from, to;
};

void move_rows(const std::vector<Move>& moves, int64_t begin, int64_t end) {
  for (int64_t row = begin; row < end; row++)
    for (const auto& move : moves) {
      float* target = move.target + row * move.target_width;
      const int32_t *from = move.from.data(), *to = move.to.data();
      const int64_t count = static_cast<int64_t>(move.from.size());
      if (!move.source) {
        for (int64_t i = 0; i < count; i++) target[to[i]] = 0;
        continue;
      }
      const float* source = move.source + row * move.source_width;
      for (int64_t i = 0; i < count; i++) target[to[i]] = source[from[i]];
    }
}

void pick(void* raw, TF_OpKernelContext* context_) {
  const auto& attributes = *static_cast<Attributes*>(raw);
  Context context(context_);
  auto dims = context.dims(0);
  if (!context.ok()) return;
  if (dims.size() != 4) return context.fail("TemperedChannels: inputs have to have four dimensions");
  const int64_t rows = dims[0] * dims[1] * dims[2];
  std::vector<Tensor> sources;
  for (int i = 0; i < context.inputs(); i++) {
    auto own = context.dims(i);
    sources.push_back({context.input(i), own.back()});
    own.back() = dims.back();
    if (own != dims) return context.fail("TemperedChannels: inputs have to agree in all dimensions but the last");
  }
  std::vector<Move> moves;
  auto channel = attributes.index.begin();
  for (size_t k = 0; k < attributes.sizes.size(); k++) {
    const int32_t width = attributes.sizes[k];
    if (attributes.index.end() - channel < width) return context.fail("TemperedChannels: index is shorter than the results");
    dims[3] = width;
    float* target = context.output(static_cast<int>(k), dims);
    if (!context.ok()) return;
    const auto move_from = [&](const Tensor& source, int32_t begin, int32_t end) {
      Move move{source.data, source.width, target, width, {}, {}};
      for (int32_t to = 0; to < width; to++) {
        if (channel[to] < begin || channel[to] >= end) continue;
        move.from.push_back(channel[to] - begin);
        move.to.push_back(to);
      }
      if (!move.to.empty()) moves.push_back(std::move(move));
    };
    move_from({nullptr, 0}, -1, 0);
    int32_t begin = 0;
    for (const auto& source : sources) {
      move_from(source, begin, begin + static_cast<int32_t>(source.width));
      begin += static_cast<int32_t>(source.width);
    }
    channel += width;
  }
  const int64_t share = std::max<int64_t>(1, 32768 / std::max<int64_t>(1, static_cast<int64_t>(attributes.index.size())));
  parallel(attributes.threads, (rows + share - 1) / share, [&](int64_t part) { move_rows(moves, part * share, std::min(rows, (part + 1) * share)); });
}

}  // namespace

std::vector<OpSpec> channel_ops() {
  return {{"TemperedChannels",
           {"inputs: N * float"},
           {"outputs: M * float"},
           {"N: int >= 1", "M: int >= 1", "index: list(int)", "sizes: list(int)", "threads: int"},
           [](TF_ShapeInferenceContext* context, TF_Status* status) { TF_ShapeInferenceContextSetUnknownShape(context, status); },
           create,
           pick,
           remove}};
}

}  // namespace tempered
