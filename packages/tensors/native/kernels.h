// What our own TensorFlow kernels share: their registration, an op's context without the C API's bookkeeping, and threads.
#pragma once
// Without it TensorFlow's header wants one of its C++ headers, for a device that we have not.
#define IS_SLIM_BUILD
#include <tensorflow/c/kernels.h>
#include <tensorflow/c/ops.h>
#include <tensorflow/c/tf_tensor.h>

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace tempered {

// What TEMPERED_KERNELS says: "off" registers none, "avx2" keeps convolutions from AVX-512; empty where it says nothing.
const std::string& kernels_setting();

// What of our kernels decides the digits of results: their version, to be raised with every change to those, and the instruction set.
std::string kernels_fingerprint();

// Registers all our ops and kernels with TensorFlow, once a process; the names of those that it took.
const std::vector<std::string>& register_kernels();

// One op: its definition ("name: type" and the like, as in TensorFlow's own) and its kernel for processors.
struct OpSpec {
  const char* name;
  std::vector<const char*> inputs, outputs, attributes;
  void (*shapes)(TF_ShapeInferenceContext*, TF_Status*);
  void* (*create)(TF_OpKernelConstruction*);
  void (*compute)(void*, TF_OpKernelContext*);
  void (*remove)(void*);
};

// The attribute of an op over float32 or bfloat16: TensorFlow's bf16 rewrite knows by it what the op can take.
constexpr char FLOATING[] = "T: {float, bfloat16}";

// Every file of kernels gives its ops.
std::vector<OpSpec> batch_norm_ops();
std::vector<OpSpec> channel_ops();
std::vector<OpSpec> convolution_ops();

// Runs part(0) .. part(parts - 1), on up to so many threads, the caller's among them; returns when all are done.
void parallel(int threads, int64_t parts, const std::function<void(int64_t)>& part);

// What a running kernel reads and writes. After a failure the pointers are null, and compute() returns.
class Context {
 public:
  explicit Context(TF_OpKernelContext* raw) : raw_(raw), status_(TF_NewStatus()) {}
  ~Context();
  Context(const Context&) = delete;

  int inputs() const { return TF_NumInputs(raw_); }
  const float* input(int index);
  // An input of any dtype.
  const void* data(int index);
  // The same where a structure has one place for pictures that are read and for those that are written.
  template <typename T>
  T* pictures(int index) {
    return static_cast<T*>(const_cast<void*>(data(index)));
  }
  TF_DataType dtype(int index);
  std::vector<int64_t> dims(int index);
  float* output(int index, const std::vector<int64_t>& dims);
  // The same memory as one of these inputs where nobody else needs it. Call it before input() of those.
  void* output_over(int index, const std::vector<int64_t>& dims, TF_DataType dtype, const std::vector<int>& inputs);
  // Ends the run with a message about the caller.
  void fail(const std::string& message);
  bool ok() const { return TF_GetCode(status_) == TF_OK; }

 private:
  TF_Tensor* get(int index);
  void* keep(TF_Tensor* tensor);
  TF_OpKernelContext* raw_;
  TF_Status* status_;
  std::vector<TF_Tensor*> held_;
};

// Attributes of an op while its kernel is made.
int32_t int_attribute(TF_OpKernelConstruction* construction, const char* name);
float float_attribute(TF_OpKernelConstruction* construction, const char* name);
bool bool_attribute(TF_OpKernelConstruction* construction, const char* name);
std::vector<int32_t> ints_attribute(TF_OpKernelConstruction* construction, const char* name);

}  // namespace tempered
