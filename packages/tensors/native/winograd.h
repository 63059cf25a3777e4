// The steps of convolution.h by minimal filtering. Included after steps.h, under the same target.

namespace tempered {
namespace NAME {

// How a range of row pairs is cut into chunks whose transformed tiles stay near the core: in the second cache, or, where products may
// take the place of what they are made of, in the first.
struct Chunks {
  static constexpr long BYTES = 192 * 1024, LEAST_TILES = 48, FIRST_CACHE_TILES = 16;
  long tiles, rows, from, to, plane_from, plane_to;
  bool in_place;
  template <typename T>
  Chunks(const Convolution<T>& c, long pairs, bool may_be_in_place)
      : tiles((c.width + 1) / 2), from(stride(c.from)), to(stride(c.to)), in_place(may_be_in_place && c.from == CHANNELS && c.to == CHANNELS) {
    const long fit = std::max(LEAST_TILES, BYTES / static_cast<long>(POINTS * (from + to) * sizeof(float)));
    rows = std::min(pairs, std::max(1L, (in_place ? FIRST_CACHE_TILES : fit) / tiles));
    plane_from = rows * tiles * from + CHANNELS;
    plane_to = rows * tiles * to + CHANNELS;
  }
  size_t floats() const { return POINTS * (plane_from + (in_place ? 0 : plane_to)); }
};

// B' x B of one row of tiles, to out[point][tile][channel].
template <typename T>
static void input_tiles(const Convolution<T>& c, const T* picture, const T* zeros, long y, float* out, long step, long plane) {
  const T* r[4];
  for (int i = 0; i < 4; i++) {
    const long at = y - 1 + i;
    r[i] = at < 0 || at >= c.height ? zeros : picture + at * c.width * c.from;
  }
  const long tiles = (c.width + 1) / 2;
  for (long k = 0; k < c.from; k += LANES) {
    Vec before[4] = {}, left[4], right[4], behind[4];
    auto column = [&](long x, Vec* o) __attribute__((always_inline)) {
      const long at = x * c.from + k;
      const Vec a = load(r[0] + at), b = load(r[1] + at), d = load(r[2] + at), e = load(r[3] + at);
      o[0] = a - d;
      o[1] = b + d;
      o[2] = d - b;
      o[3] = b - e;
    };
    auto nothing = [](Vec* o) __attribute__((always_inline)) {
      UNROLLED for (int i = 0; i < 4; i++) o[i] = Vec{};
    };
    column(0, left);
    float* to = out + k;
    for (long t = 0; t < tiles; t++, to += step) {
      if (2 * t + 1 < c.width) column(2 * t + 1, right);
      else nothing(right);
      if (2 * t + 2 < c.width) column(2 * t + 2, behind);
      else nothing(behind);
      UNROLLED for (int i = 0; i < 4; i++) {
        store(to + (4 * i + 0) * plane, before[i] - right[i]);
        store(to + (4 * i + 1) * plane, left[i] + right[i]);
        store(to + (4 * i + 2) * plane, right[i] - left[i]);
        store(to + (4 * i + 3) * plane, left[i] - behind[i]);
        before[i] = right[i];
        left[i] = behind[i];
      }
    }
  }
}

// A dy A' of one row of tiles, to out[point][tile][channel]; below: the second row of dy, or zeros.
template <typename T>
static void gradient_tiles(const Convolution<T>& c, const T* above, const T* below, float* out, long step, long plane) {
  const long tiles = (c.width + 1) / 2;
  for (long k = 0; k < c.to; k += LANES) {
    float* to = out + k;
    for (long t = 0; t < tiles; t++, to += step) {
      Vec p[4], q[4];
      const bool whole = 2 * t + 1 < c.width;
      auto column = [&](long x, Vec* o) __attribute__((always_inline)) {
        const Vec a = load(above + x * c.to + k), b = load(below + x * c.to + k);
        o[0] = a;
        o[1] = a + b;
        o[2] = a - b;
        o[3] = -b;
      };
      column(2 * t, p);
      if (whole) {
        column(2 * t + 1, q);
      } else {
        UNROLLED for (int i = 0; i < 4; i++) q[i] = Vec{};
      }
      UNROLLED for (int i = 0; i < 4; i++) {
        store(to + (4 * i + 0) * plane, p[i]);
        store(to + (4 * i + 1) * plane, p[i] + q[i]);
        store(to + (4 * i + 2) * plane, p[i] - q[i]);
        store(to + (4 * i + 3) * plane, -q[i]);
      }
    }
  }
}

// A' m A of one row of tiles, what is added to it, and the ReLU.
template <typename T>
static void output_tiles(const Convolution<T>& c, const float* m, long step, long plane, long pair) {
  const long tiles = (c.width + 1) / 2, y = pair % c.pairs_a_picture() * 2;
  const long start = (pair / c.pairs_a_picture() * c.height + y) * c.width * c.to;
  const bool both = y + 1 < c.height;
  for (long k = 0; k < c.to; k += LANES) {
    const float* in = m + k;
    for (long t = 0; t < tiles; t++, in += step) {
      Vec s[2][4];
      UNROLLED for (int j = 0; j < 4; j++) {
        const Vec a = load(in + j * plane), b = load(in + (4 + j) * plane), d = load(in + (8 + j) * plane), e = load(in + (12 + j) * plane);
        s[0][j] = a + b + d;
        s[1][j] = b - d - e;
      }
      auto put = [&](Vec value, long at) __attribute__((always_inline)) {
        store(c.y + at, finished(value, c.bias ? c.bias + k : nullptr, c.added ? c.added + at : nullptr, c.relu));
      };
      UNROLLED for (int i = 0; i < 2; i++) {
        if (i == 1 && !both) break;
        const long at = start + (i * c.width + 2 * t) * c.to + k;
        put(s[i][0] + s[i][1] + s[i][2], at);
        if (2 * t + 1 < c.width) put(s[i][1] - s[i][2] - s[i][3], at + c.to);
      }
    }
  }
}

template <typename T>
static const T* zeros_for(long count) {
  thread_local Scratch scratch;
  float* zeros = scratch.of(count);
  std::memset(zeros, 0, count * sizeof(float));
  return reinterpret_cast<const T*>(zeros);
}

static float* tiles_for(const Chunks& chunks) {
  thread_local Scratch scratch;
  return scratch.of(chunks.floats());
}

template <typename T>
static const T* picture_of(const Convolution<T>& c, long pair) {
  return c.x + pair / c.pairs_a_picture() * c.height * c.width * c.from;
}

template <typename T>
static void convolve(const Convolution<T>& c, long first, long end) {
  const Chunks q(c, end - first, true);
  const T* zeros = zeros_for<T>(c.width * c.from);
  float *v = tiles_for(q), *m = q.in_place ? v : v + POINTS * q.plane_from;
  for (long begin = first; begin < end; begin += q.rows) {
    const long rows = std::min(q.rows, end - begin), tiles = rows * q.tiles;
    for (long i = 0; i < rows; i++) {
      const long pair = begin + i;
      input_tiles(c, picture_of(c, pair), zeros, pair % c.pairs_a_picture() * 2, v + i * q.tiles * q.from, q.from, q.plane_from);
    }
    for (long f = 0; f < POINTS; f++) {
      for (long k = 0; k < c.to; k += CHANNELS) {
        const float *u = c.kernel + (f * c.to + k) * c.from, *in = v + f * q.plane_from;
        float* out = m + f * q.plane_to + k;
        all_products<false>(in, q.from, u, c.from, out, q.to, tiles);
      }
    }
    for (long i = 0; i < rows; i++) output_tiles(c, m + i * q.tiles * q.to, q.to, q.plane_to, begin + i);
  }
}

template <typename T>
static void accumulate(const Convolution<T>& c, long first, long end, float* du) {
  const Chunks q(c, end - first, false);
  const T* zeros = zeros_for<T>(c.width * std::max(c.from, c.to));
  float *v = tiles_for(q), *m = v + POINTS * q.plane_from;
  for (long begin = first; begin < end; begin += q.rows) {
    const long rows = std::min(q.rows, end - begin), tiles = rows * q.tiles;
    for (long i = 0; i < rows; i++) {
      const long pair = begin + i, y = pair % c.pairs_a_picture() * 2;
      input_tiles(c, picture_of(c, pair), zeros, y, v + i * q.tiles * q.from, q.from, q.plane_from);
      const T* above = c.y + (pair / c.pairs_a_picture() * c.height + y) * c.width * c.to;
      gradient_tiles(c, above, y + 1 < c.height ? above + c.width * c.to : zeros, m + i * q.tiles * q.to, q.to, q.plane_to);
    }
    for (long f = 0; f < POINTS; f++) {
      for (long k = 0; k < c.to; k += CHANNELS) {
        const float *in = v + f * q.plane_from, *dy = m + f * q.plane_to + k;
        float* out = du + (f * c.to + k) * c.from;
        all_outer_products(in, q.from, dy, q.to, tiles, out, c.from);
      }
    }
  }
}

// The kernel of the input's gradient: w turned by 180 degrees, channels exchanged, [9][CHANNELS of from][CHANNELS of to].
static void turn(const float* w, long from, long to, long i, long k, float* block) {
  for (long tap = 0; tap < 9; tap++)
    for (long b = 0; b < CHANNELS; b++) {
      const float* row = w + ((8 - tap) * to + k + b) * from + i;
      for (long a = 0; a < CHANNELS; a++) block[(tap * CHANNELS + a) * CHANNELS + b] = row[a];
    }
}

static void transform(const float* w, long from, long to, bool backwards, float* u, long first, long end) {
  alignas(64) float block[9 * CHANNELS * CHANNELS];
  for (long k = first; k < end; k += CHANNELS) {
    for (long i = 0; i < from; i++) {
      if (backwards && i % CHANNELS == 0) turn(w, from, to, i, k, block);
      const float* taps = backwards ? block + i % CHANNELS * CHANNELS : w + i * to + k;
      const long step = backwards ? CHANNELS * CHANNELS : from * to;
      for (long b = 0; b < CHANNELS; b += LANES) {
        Vec s[4][3];
        UNROLLED for (int x = 0; x < 3; x++) {
          const Vec g0 = load(taps + x * step + b), g1 = load(taps + (3 + x) * step + b), g2 = load(taps + (6 + x) * step + b);
          const Vec h = g0 + g2;
          s[0][x] = g0;
          s[1][x] = (h + g1) * 0.5f;
          s[2][x] = (h - g1) * 0.5f;
          s[3][x] = g2;
        }
        UNROLLED for (int y = 0; y < 4; y++) {
          const Vec h = s[y][0] + s[y][2];
          const Vec row[4] = {s[y][0], (h + s[y][1]) * 0.5f, (h - s[y][1]) * 0.5f, s[y][2]};
          UNROLLED for (int x = 0; x < 4; x++) store(u + ((4 * y + x) * to + k) * from + i * CHANNELS + b, row[x]);
        }
      }
    }
  }
}

static void finish(const float* du, long parts, long apart, long from, long to, float* dw, long first, long end) {
  for (long k = first; k < end; k += CHANNELS) {
    for (long i = 0; i < from; i++) {
      for (long b = 0; b < CHANNELS; b += LANES) {
        Vec s[3][4];
        UNROLLED for (int x = 0; x < 4; x++) {
          Vec p[4];
          UNROLLED for (int y = 0; y < 4; y++) {
            const float* at = du + ((4 * y + x) * to + k) * from + i * CHANNELS + b;
            p[y] = load(at);
            for (long part = 1; part < parts; part++) p[y] += load(at + part * apart);
          }
          const Vec h = 0.5f * (p[1] + p[2]);
          s[0][x] = p[0] + h;
          s[1][x] = 0.5f * (p[1] - p[2]);
          s[2][x] = h + p[3];
        }
        UNROLLED for (int y = 0; y < 3; y++) {
          const Vec h = 0.5f * (s[y][1] + s[y][2]);
          const Vec row[3] = {s[y][0] + h, 0.5f * (s[y][1] - s[y][2]), h + s[y][3]};
          UNROLLED for (int x = 0; x < 3; x++) store(dw + ((3 * y + x) * from + i) * to + k + b, row[x]);
        }
      }
    }
  }
}

}  // namespace NAME
}  // namespace tempered
