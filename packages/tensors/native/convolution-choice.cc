// Which steps of convolution.h this processor runs: the best that compute what their definitions say.
#include <cmath>
#include <utility>
#include <vector>

#include "convolution.h"
#include "kernels.h"

namespace tempered {

namespace {

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
};

// Up to the digits that T has.
template <typename T>
bool near(const std::vector<T>& got, const std::vector<double>& expected) {
  constexpr double digits = std::is_same_v<T, float> ? 1e-4 : 1.0 / 256;
  for (size_t i = 0; i < got.size(); i++) {
    float value;
    load<1>(&got[i], value);
    if (!(std::fabs(value - expected[i]) <= digits * (1 + std::fabs(expected[i])))) return false;
  }
  return true;
}

template <typename T>
std::vector<T> stored(const std::vector<float>& values) {
  std::vector<T> out(values.size());
  for (size_t i = 0; i < out.size(); i++) store(&out[i], values[i]);
  return out;
}

template <typename T>
bool filters(const ConvolutionSteps& with, const Example& e) {
  auto x = stored<T>(e.x), dy = stored<T>(e.dy);
  std::vector<T> y(e.y.size()), dx(e.dx.size());
  std::vector<float> dw(e.dw.size()), u(POINTS * e.from * e.to), turned(u.size()), du(u.size());
  with.transform(e.w.data(), e.from, e.to, false, u.data(), 0, e.to);
  with.transform(e.w.data(), e.to, e.from, true, turned.data(), 0, e.from);
  const Convolution<T> forward{e.n, e.height, e.width, e.from, e.to, x.data(), u.data(), nullptr, nullptr, false, y.data()};
  const Convolution<T> backward{e.n, e.height, e.width, e.to, e.from, dy.data(), turned.data(), nullptr, nullptr, false, dx.data()};
  Convolution<T> gradient = forward;
  gradient.y = dy.data();
  const auto& steps = with.over<T>();
  steps.convolve(forward, 0, forward.pairs());
  steps.convolve(backward, 0, backward.pairs());
  steps.accumulate(gradient, 0, gradient.pairs(), du.data());
  with.finish(du.data(), 1, 0, e.from, e.to, dw.data(), 0, e.to);
  return near(y, e.y) && near(dx, e.dx) && near(dw, e.dw);
}

template <typename T>
bool lowers(const ConvolutionSteps& with, const Example& e) {
  auto x = stored<T>(e.x), dy = stored<T>(e.dy);
  std::vector<T> y(e.y.size()), dx(e.dx.size());
  std::vector<float> dw(e.dw.size()), u(e.w.size()), turned(u.size()), du(u.size());
  Lowered<T> c{e.n,  e.height, e.width,  e.from,   e.out_height, e.out_width, e.to,  3,        3,        e.stride,
               e.pad, e.pad,    x.data(), u.data(), nullptr,      nullptr,     false, y.data(), dx.data()};
  const auto& steps = with.over<T>();
  with.pack(e.w.data(), c.depth(), e.to, false, u.data(), 0, e.to / CHANNELS);
  steps.lowered(c, 0, c.rows());
  c.y = dy.data();
  steps.lowered_accumulate(c, 0, c.rows(), du.data());
  with.unpack(du.data(), 1, 0, c.depth(), e.to, dw.data(), 0, e.to / CHANNELS);
  if (!near(y, e.y) || !near(dw, e.dw)) return false;
  if (c.depth() % CHANNELS) return true;
  with.pack(e.w.data(), c.depth(), e.to, true, turned.data(), 0, c.depth() / CHANNELS);
  c.kernel = turned.data();
  steps.lowered_input(c, 0, c.pictures);
  return near(dx, e.dx);
}

template <typename T>
bool computes_over(const ConvolutionSteps& with) {
  return filters<T>(with, {16, 16, 1}) && filters<T>(with, {144, 32, 1}) &&
         (!with.pack || (lowers<T>(with, {3, 16, 1}) && lowers<T>(with, {64, 32, 2})));
}

// Whether every step computes what its definition says.
bool computes(const ConvolutionSteps& with) { return computes_over<float>(with) && computes_over<Bfloat16>(with); }

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

}  // namespace tempered
