// The steps of convolution.h by products of matrices. Included after steps.h, under the same target.

namespace tempered {
namespace NAME {

// Depth of a product whose packed kernel stays in the first cache; points whose windows are made at a time.
constexpr long DEPTH = 512, WINDOW_BYTES = 96 * 1024, LEAST_POINTS = 48;

// Values of either type into either.
template <typename From, typename To>
static inline void copy(const From* from, To* to, long count) {
  long i = 0;
  for (; i + LANES <= count; i += LANES) store(to + i, load(from + i));
  for (; i < count; i++) {
    float value;
    tempered::load<1>(from + i, value);
    tempered::store(to + i, value);
  }
}

static inline void add(const float* from, float* to, long count) {
  long i = 0;
  for (; i + LANES <= count; i += LANES) store(to + i, load(to + i) + load(from + i));
  for (; i < count; i++) to[i] += from[i];
}

// The windows of one row of y, side by side.
template <typename T>
static void windows(const Lowered<T>& c, long row, float* out) {
  const T* picture = c.x + row / c.out_height * c.height * c.width * c.from;
  const long y = row % c.out_height * c.stride - c.top, line = c.window_width * c.from;
  for (long i = 0; i < c.out_width; i++) {
    const long x = i * c.stride - c.left;
    for (long b = 0; b < c.window_height; b++, out += line) {
      const long at = y + b;
      const long from = at < 0 || at >= c.height ? c.window_width : std::min(c.window_width, std::max(0L, -x));
      const long to = std::max(from, std::min(c.window_width, c.width - x));
      const T* in = picture + (at * c.width + x) * c.from;
      for (long p = 0; p < from * c.from; p++) out[p] = 0;
      copy(in + from * c.from, out + from * c.from, (to - from) * c.from);
      for (long p = to * c.from; p < line; p++) out[p] = 0;
    }
  }
}

// Adds to its picture what the windows of one row of y say of it.
template <typename T>
static void add_windows(const Lowered<T>& c, long row, const float* in, float* picture) {
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

// Memory that a thread keeps: 0 for windows, 1 for float32 rows of y, 2 for float32 pictures.
template <int which>
static float* floats_for(long count) {
  thread_local Scratch scratch;
  return scratch.of(count);
}

// Values as float32, where they lie or copied there.
static inline const float* widened(const float* values, long) { return values; }
static inline const float* widened(const Bfloat16* values, long count) {
  float* out = floats_for<1>(count);
  copy(values, out, count);
  return out;
}

// Output points whose windows are made at a time.
template <typename T>
static long points_of(const Lowered<T>& c) {
  return std::max(LEAST_POINTS, WINDOW_BYTES / static_cast<long>((c.depth() + c.to) * sizeof(float)));
}

// Cuts rows [first, end) of y into chunks whose windows fit the cache; each(first row, rows, room for their windows).
template <typename T, typename Each>
static void in_chunks(const Lowered<T>& c, long first, long end, const Each& each) {
  const long most = std::min(end - first, std::max(1L, points_of(c) / c.out_width));
  float* v = floats_for<0>(most * c.out_width * c.depth());
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

template <typename T>
static void lowered(const Lowered<T>& c, long first, long end) {
  constexpr bool in_place = std::is_same_v<T, float>;
  const long depth = c.depth();
  in_chunks(c, first, end, [&](long row, long rows, float* v) {
    for (long i = 0; i < rows; i++) windows(c, row + i, v + i * c.out_width * depth);
    const long start = row * c.out_width * c.to, points = rows * c.out_width;
    float* sums;
    if constexpr (in_place) sums = c.y + start;
    else sums = floats_for<1>(points * c.to);
    for (long k = 0; k < c.to; k += CHANNELS) {
      const float* u = c.kernel + k * depth;
      all_products<false>(v, depth, u, std::min(depth, DEPTH), sums + k, c.to, points);
      for (long i = DEPTH; i < depth; i += DEPTH)
        all_products<true>(v + i, depth, u + i * CHANNELS, std::min(DEPTH, depth - i), sums + k, c.to, points);
    }
    if (in_place && !c.bias && !c.added && !c.relu) return;
    for (long p = 0; p < points; p++)
      for (long k = 0; k < c.to; k += LANES) {
        const long at = p * c.to + k;
        store(c.y + start + at, finished(load(sums + at), c.bias ? c.bias + k : nullptr, c.added ? c.added + start + at : nullptr, c.relu));
      }
  });
}

template <typename T>
static void lowered_accumulate(const Lowered<T>& c, long first, long end, float* du) {
  const long depth = c.depth();
  in_chunks(c, first, end, [&](long row, long rows, float* v) {
    for (long i = 0; i < rows; i++) windows(c, row + i, v + i * c.out_width * depth);
    const float* dy = widened(c.y + row * c.out_width * c.to, rows * c.out_width * c.to);
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

// Adds to float32 pictures, of which `first` is the first, what they are told of.
template <typename T>
static void add_inputs(const Lowered<T>& c, long first, long end, float* pictures) {
  const long depth = c.depth(), picture = c.height * c.width * c.from;
  std::memset(pictures, 0, (end - first) * picture * sizeof(float));
  in_chunks(c, first * c.out_height, end * c.out_height, [&](long row, long rows, float* v) {
    const long points = rows * c.out_width;
    const float* dy = widened(c.y + row * c.out_width * c.to, points * c.to);
    for (long i = 0; i < depth; i += CHANNELS) {
      const float* u = c.kernel + i * c.to;
      all_products<false>(dy, c.to, u, std::min(c.to, DEPTH), v + i, depth, points);
      for (long k = DEPTH; k < c.to; k += DEPTH)
        all_products<true>(dy + k, c.to, u + k * CHANNELS, std::min(DEPTH, c.to - k), v + i, depth, points);
    }
    for (long i = 0; i < rows; i++)
      add_windows(c, row + i, v + i * c.out_width * depth, pictures + ((row + i) / c.out_height - first) * picture);
  });
}

template <typename T>
static void lowered_input(const Lowered<T>& c, long first, long end) {
  const long picture = c.height * c.width * c.from;
  if constexpr (std::is_same_v<T, float>) return add_inputs(c, first, end, c.dx + first * picture);
  else {
    // Sums of several windows stay float32 until they are whole: for as many pictures at a time as fill a chunk.
    const long most = std::max(1L, points_of(c) / (c.out_height * c.out_width));
    for (long i = first; i < end; i += most) {
      const long last = std::min(end, i + most);
      float* pictures = floats_for<2>((last - i) * picture);
      add_inputs(c, i, last, pictures);
      copy(pictures, c.dx + i * picture, (last - i) * picture);
    }
  }
}

}  // namespace NAME
}  // namespace tempered
