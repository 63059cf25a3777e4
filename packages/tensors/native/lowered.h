// The steps of convolution.h by products of matrices. Included after steps.h, under the same target.

namespace tempered {
namespace NAME {

// Depth of a product whose packed kernel stays in the first cache; points whose windows are made at a time.
constexpr long DEPTH = 512, WINDOW_BYTES = 96 * 1024, LEAST_POINTS = 48;

static inline void copy(const float* from, float* to, long count) {
  long i = 0;
  for (; i + LANES <= count; i += LANES) store(to + i, load(from + i));
  for (; i < count; i++) to[i] = from[i];
}

static inline void add(const float* from, float* to, long count) {
  long i = 0;
  for (; i + LANES <= count; i += LANES) store(to + i, load(to + i) + load(from + i));
  for (; i < count; i++) to[i] += from[i];
}

// The windows of one row of y, side by side.
static void windows(const Lowered& c, long row, float* out) {
  const float* picture = c.x + row / c.out_height * c.height * c.width * c.from;
  const long y = row % c.out_height * c.stride - c.top, line = c.window_width * c.from;
  for (long i = 0; i < c.out_width; i++) {
    const long x = i * c.stride - c.left;
    for (long b = 0; b < c.window_height; b++, out += line) {
      const long at = y + b;
      const long from = at < 0 || at >= c.height ? c.window_width : std::min(c.window_width, std::max(0L, -x));
      const long to = std::max(from, std::min(c.window_width, c.width - x));
      const float* in = picture + (at * c.width + x) * c.from;
      for (long p = 0; p < from * c.from; p++) out[p] = 0;
      copy(in + from * c.from, out + from * c.from, (to - from) * c.from);
      for (long p = to * c.from; p < line; p++) out[p] = 0;
    }
  }
}

// Adds to dx what the windows of one row of y say of it.
static void add_windows(const Lowered& c, long row, const float* in) {
  float* picture = c.dx + row / c.out_height * c.height * c.width * c.from;
  const long y = row % c.out_height * c.stride - c.top, line = c.window_width * c.from;
  for (long i = 0; i < c.out_width; i++) {
    const long x = i * c.stride - c.left;
    for (long b = 0; b < c.window_height; b++, in += line) {
      const long at = y + b;
      if (at < 0 || at >= c.height) continue;
      const long from = std::min(c.window_width, std::max(0L, -x)), to = std::max(from, std::min(c.window_width, c.width - x));
      float* out = picture + (at * c.width + x) * c.from;
      add(in + from * c.from, out + from * c.from, (to - from) * c.from);
    }
  }
}

static float* rows_for(long floats) {
  thread_local Scratch scratch;
  return scratch.of(floats);
}

// Cuts rows [first, end) of y into chunks whose windows fit the cache; each(first row, rows, room for their windows).
template <typename Each>
static void in_chunks(const Lowered& c, long first, long end, const Each& each) {
  const long points = std::max(LEAST_POINTS, WINDOW_BYTES / static_cast<long>((c.depth() + c.to) * sizeof(float)));
  const long most = std::min(end - first, std::max(1L, points / c.out_width));
  float* v = rows_for(most * c.out_width * c.depth());
  for (long row = first; row < end; row += most) each(row, std::min(most, end - row), v);
}

static void pack(const float* w, long depth, long to, bool turned, float* packed, long first, long end) {
  for (long g = first; g < end; g++) {
    if (!turned)
      for (long i = 0; i < depth; i++)
        for (long b = 0; b < CHANNELS; b += LANES) store(packed + (g * depth + i) * CHANNELS + b, load(w + i * to + g * CHANNELS + b));
    else
      for (long a = 0; a < CHANNELS; a++)
        for (long k = 0; k < to; k++) packed[(g * to + k) * CHANNELS + a] = w[(g * CHANNELS + a) * to + k];
  }
}

static void lowered(const Lowered& c, long first, long end) {
  const long depth = c.depth();
  in_chunks(c, first, end, [&](long row, long rows, float* v) {
    for (long i = 0; i < rows; i++) windows(c, row + i, v + i * c.out_width * depth);
    const long start = row * c.out_width * c.to, points = rows * c.out_width;
    for (long k = 0; k < c.to; k += CHANNELS) {
      const float* u = c.kernel + k * depth;
      float* y = c.y + start + k;
      all_products<false>(v, depth, u, std::min(depth, DEPTH), y, c.to, points);
      for (long i = DEPTH; i < depth; i += DEPTH)
        all_products<true>(v + i, depth, u + i * CHANNELS, std::min(DEPTH, depth - i), y, c.to, points);
    }
    if (!c.bias && !c.added && !c.relu) return;
    for (long p = 0; p < points; p++)
      for (long k = 0; k < c.to; k += LANES) {
        const long at = start + p * c.to + k;
        store(c.y + at, finished(load(c.y + at), c.bias ? c.bias + k : nullptr, c.added ? c.added + at : nullptr, c.relu));
      }
  });
}

static void lowered_accumulate(const Lowered& c, long first, long end, float* du) {
  const long depth = c.depth();
  in_chunks(c, first, end, [&](long row, long rows, float* v) {
    for (long i = 0; i < rows; i++) windows(c, row + i, v + i * c.out_width * depth);
    const float* dy = c.y + row * c.out_width * c.to;
    for (long k = 0; k < c.to; k += CHANNELS) all_outer_products(v, depth, dy + k, c.to, rows * c.out_width, du + k * depth, depth);
  });
}

static void unpack(const float* du, long parts, long apart, long depth, long to, float* dw, long first, long end) {
  for (long g = first; g < end; g++)
    for (long i = 0; i < depth; i++)
      for (long b = 0; b < CHANNELS; b += LANES) {
        const float* at = du + (g * depth + i) * CHANNELS + b;
        Vec sum = load(at);
        for (long part = 1; part < parts; part++) sum += load(at + part * apart);
        store(dw + i * to + g * CHANNELS + b, sum);
      }
}

static void lowered_input(const Lowered& c, long first, long end) {
  const long depth = c.depth(), picture = c.height * c.width * c.from;
  std::memset(c.dx + first * picture, 0, (end - first) * picture * sizeof(float));
  in_chunks(c, first * c.out_height, end * c.out_height, [&](long row, long rows, float* v) {
    const float* dy = c.y + row * c.out_width * c.to;
    const long points = rows * c.out_width;
    for (long i = 0; i < depth; i += CHANNELS) {
      const float* u = c.kernel + i * c.to;
      all_products<false>(dy, c.to, u, std::min(c.to, DEPTH), v + i, depth, points);
      for (long k = DEPTH; k < c.to; k += DEPTH)
        all_products<true>(dy + k, c.to, u + k * CHANNELS, std::min(DEPTH, c.to - k), v + i, depth, points);
    }
    for (long i = 0; i < rows; i++) add_windows(c, row + i, v + i * c.out_width * depth);
  });
}

}  // namespace NAME
}  // namespace tempered
