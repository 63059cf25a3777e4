// Convolutions, NHWC, and both of their gradients, over pictures of float32 or bfloat16; kernels, sums and products are float32. Those of 3x3 and stride 1 with zeros around the picture by Winograd's minimal
// filtering F(2x2, 3x3): a tile of 4x4 inputs gives 2x2 outputs in 16 products instead of 36.
//
//   output            y  = A' [ (G w G') (B' x B) ] A, the products summed over input channels
//   input's gradient  the same of dy, with the kernel turned by 180 degrees and its channels exchanged
//   kernel's gradient dw = G' [ sum over tiles of (B' x B) (A dy A') ] G
//
// with G = [1 0 0; .5 .5 .5; .5 -.5 .5; 0 0 1], B' = [1 0 -1 0; 0 1 1 0; 0 -1 1 0; 0 1 0 -1], A' = [1 1 1 0; 0 1 -1 -1].
//
// Numbers of channels are multiples of CHANNELS; heights and widths are any. The result for one picture depends on no other picture.
// Source: Lavin, Gray: Fast Algorithms for Convolutional Neural Networks, CVPR 2016.
#pragma once
#include "lanes.h"

namespace tempered {

// Channels come in groups of so many.
constexpr long CHANNELS = 16;
// Points of a tile.
constexpr long POINTS = 16;

template <typename T>
struct Convolution {
  long pictures, height, width, from, to;  // from, to: input and output channels
  const T* x;                              // [pictures, height, width, from]
  const float* kernel;                     // transformed: [POINTS, to / CHANNELS, from, CHANNELS]
  const float* bias;                       // [to], or null
  const T* added;                          // like y, or null
  bool relu;                               // keeps what is no number
  T* y;                                    // [pictures, height, width, to]

  // Pairs of output rows, counted through all pictures: what work is divided by.
  long pairs_a_picture() const { return (height + 1) / 2; }
  long pairs() const { return pictures * pairs_a_picture(); }
  long kernel_size() const { return POINTS * from * to; }
};

// Any other convolution, as one product of matrices: each output point's window of inputs is a row of [points, window x from].
template <typename T>
struct Lowered {
  long pictures, height, width, from;     // x [pictures, height, width, from]
  long out_height, out_width, to;         // y [pictures, out_height, out_width, to]
  long window_height, window_width, stride, top, left;  // zeros above the first row and left of the first column
  const T* x;
  const float* kernel;  // packed: [to / CHANNELS, depth, CHANNELS]; for the input's gradient [depth / CHANNELS, to, CHANNELS]
  const float* bias;    // [to], or null
  const T* added;       // like y, or null
  bool relu;            // keeps what is no number
  T* y;                 // dy where gradients are made
  T* dx;                // like x

  long depth() const { return window_height * window_width * from; }
  long rows() const { return pictures * out_height; }
};

// The steps that read or write pictures.
template <typename T>
struct PictureSteps {
  // Pairs of rows [first, end) of y.
  void (*convolve)(const Convolution<T>&, long first, long end);
  // Adds what pairs [first, end) give to du, in the layout of `kernel`; y of the convolution is dy here.
  void (*accumulate)(const Convolution<T>&, long first, long end, float* du);

  // Where any other convolution pays too, else null. Rows [first, end) of y, counted through all pictures.
  void (*lowered)(const Lowered<T>&, long first, long end) = nullptr;
  // Adds what rows [first, end) give to du [to / CHANNELS, depth, CHANNELS].
  void (*lowered_accumulate)(const Lowered<T>&, long first, long end, float* du) = nullptr;
  // dx of pictures [first, end).
  void (*lowered_input)(const Lowered<T>&, long first, long end) = nullptr;
};

// The steps for one instruction set.
struct ConvolutionSteps {
  const char* name;
  // Channels [first, end) of G w G' for w [3, 3, from, to]; backwards: of the kernel of the input's gradient, for w [3, 3, to, from].
  void (*transform)(const float* w, long from, long to, bool backwards, float* u, long first, long end);
  // Channels [first, end) of dw [3, 3, from, to] = G' du G, du the sum of `parts` that lie `apart` floats from each other.
  void (*finish)(const float* du, long parts, long apart, long from, long to, float* dw, long first, long end);
  PictureSteps<float> f32;
  PictureSteps<Bfloat16> bf16;

  // For lowered convolutions: groups [first, end) of the packed form of w [depth, to]; turned: of its transpose.
  void (*pack)(const float* w, long depth, long to, bool turned, float* packed, long first, long end) = nullptr;
  // Groups [first, end) of dw [depth, to], du the sum of `parts` that lie `apart` floats from each other.
  void (*unpack)(const float* du, long parts, long apart, long depth, long to, float* dw, long first, long end) = nullptr;

  template <typename T>
  const PictureSteps<T>& over() const {
    if constexpr (std::is_same_v<T, float>) return f32;
    else return bf16;
  }
};

// The best that this processor has; null where there is none.
const ConvolutionSteps* convolution_steps();

extern const ConvolutionSteps steps_avx2, steps_avx512;

}  // namespace tempered
