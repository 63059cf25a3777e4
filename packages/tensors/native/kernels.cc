#include "kernels.h"

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <cstdlib>
#include <deque>
#include <memory>
#include <mutex>
#include <thread>

#include "convolution.h"

namespace tempered {

namespace {

const char VERSION[] = "5";

bool register_op(const OpSpec& spec) {
  std::unique_ptr<TF_Status, decltype(&TF_DeleteStatus)> status(TF_NewStatus(), TF_DeleteStatus);
  auto* definition = TF_NewOpDefinitionBuilder(spec.name);
  for (const auto* input : spec.inputs) TF_OpDefinitionBuilderAddInput(definition, input);
  for (const auto* output : spec.outputs) TF_OpDefinitionBuilderAddOutput(definition, output);
  for (const auto* attribute : spec.attributes) TF_OpDefinitionBuilderAddAttr(definition, attribute);
  TF_OpDefinitionBuilderSetShapeInferenceFunction(definition, spec.shapes);
  TF_RegisterOpDefinition(definition, status.get());
  if (TF_GetCode(status.get()) != TF_OK) return false;
  auto* kernel = TF_NewKernelBuilder(spec.name, "CPU", spec.create, spec.compute, spec.remove);
  TF_RegisterKernelBuilder(spec.name, kernel, status.get());
  return TF_GetCode(status.get()) == TF_OK;
}

// A loop that several threads work on: each takes the next part until there is none.
struct Loop {
  const std::function<void(int64_t)>& part;
  const int64_t parts;
  std::atomic<int64_t> next{0};
  int helpers = 0;  // guarded by the pool's mutex

  void work() {
    for (int64_t i; (i = next.fetch_add(1, std::memory_order_relaxed)) < parts;) part(i);
  }
};

// Threads for the loops of all kernels of the process. Never destroyed: they wait for work until the process ends.
class Pool {
 public:
  void run(int threads, Loop& loop) {
    const int helpers = std::min<int64_t>(threads, loop.parts) - 1;
    {
      std::lock_guard<std::mutex> lock(mutex_);
      for (; size_ < helpers; size_++) std::thread([this] { serve(); }).detach();
      for (int i = 0; i < helpers; i++) waiting_.push_back(&loop);
    }
    for (int i = 0; i < helpers; i++) called_.notify_one();
    loop.work();
    std::unique_lock<std::mutex> lock(mutex_);
    waiting_.erase(std::remove(waiting_.begin(), waiting_.end(), &loop), waiting_.end());
    left_.wait(lock, [&] { return loop.helpers == 0; });
  }

 private:
  void serve() {
    std::unique_lock<std::mutex> lock(mutex_);
    for (;;) {
      called_.wait(lock, [this] { return !waiting_.empty(); });
      Loop* loop = waiting_.front();
      waiting_.pop_front();
      loop->helpers++;
      lock.unlock();
      loop->work();
      lock.lock();
      if (--loop->helpers == 0) left_.notify_all();
    }
  }
  std::mutex mutex_;
  std::condition_variable called_, left_;
  std::deque<Loop*> waiting_;
  int size_ = 0;
};

}  // namespace

const std::string& kernels_setting() {
  static const std::string setting = [] {
    const char* value = std::getenv("TEMPERED_KERNELS");
    return std::string(value ? value : "");
  }();
  return setting;
}

std::string kernels_fingerprint() {
  if (register_kernels().empty()) return "";
  const ConvolutionSteps* convolutions = convolution_steps();
  return std::string(VERSION) + " " + (convolutions ? convolutions->name : "without convolutions");
}

const std::vector<std::string>& register_kernels() {
  static const std::vector<std::string> names = [] {
    std::vector<std::string> registered;
    if (kernels_setting() == "off") return registered;
    for (const auto& ops : {batch_norm_ops(), channel_ops(), convolution_ops()})
      for (const auto& op : ops)
        if (register_op(op)) registered.emplace_back(op.name);
    return registered;
  }();
  return names;
}

void parallel(int threads, int64_t parts, const std::function<void(int64_t)>& part) {
  static Pool* pool = new Pool;
  Loop loop{part, parts};
  if (threads <= 1 || parts <= 1) return loop.work();
  pool->run(threads, loop);
}

Context::~Context() {
  for (auto* tensor : held_) TF_DeleteTensor(tensor);
  TF_DeleteStatus(status_);
}

TF_Tensor* Context::get(int index) {
  TF_Tensor* tensor = nullptr;
  if (ok()) TF_GetInput(raw_, index, &tensor, status_);
  if (!ok()) TF_OpKernelContext_Failure(raw_, status_);
  return tensor;
}

void* Context::keep(TF_Tensor* tensor) {
  if (!tensor) return nullptr;
  held_.push_back(tensor);
  return TF_TensorData(tensor);
}

const float* Context::input(int index) { return static_cast<const float*>(data(index)); }

const void* Context::data(int index) { return keep(get(index)); }

TF_DataType Context::dtype(int index) {
  TF_Tensor* tensor = get(index);
  if (!tensor) return TF_FLOAT;
  const TF_DataType dtype = TF_TensorType(tensor);
  TF_DeleteTensor(tensor);
  return dtype;
}

std::vector<int64_t> Context::dims(int index) {
  TF_Tensor* tensor = get(index);
  if (!tensor) return {};
  std::vector<int64_t> dims(TF_NumDims(tensor));
  for (size_t i = 0; i < dims.size(); i++) dims[i] = TF_Dim(tensor, static_cast<int>(i));
  TF_DeleteTensor(tensor);
  return dims;
}

float* Context::output(int index, const std::vector<int64_t>& dims) { return static_cast<float*>(output_over(index, dims, TF_FLOAT, {})); }

void* Context::output_over(int index, const std::vector<int64_t>& dims, TF_DataType dtype, const std::vector<int>& inputs) {
  if (!ok()) return nullptr;
  size_t size = TF_DataTypeSize(dtype);
  for (const auto dim : dims) size *= static_cast<size_t>(dim);
  const int rank = static_cast<int>(dims.size());
  auto* tensor = inputs.empty() ? TF_AllocateOutput(raw_, index, dtype, dims.data(), rank, size, status_)
                                : TF_ForwardInputOrAllocateOutput(raw_, inputs.data(), static_cast<int>(inputs.size()), index, dims.data(),
                                                                  rank, nullptr, status_);
  if (!ok()) TF_OpKernelContext_Failure(raw_, status_);
  return keep(ok() ? tensor : nullptr);
}

void Context::fail(const std::string& message) {
  if (!ok()) return;
  TF_SetStatus(status_, TF_INVALID_ARGUMENT, message.c_str());
  TF_OpKernelContext_Failure(raw_, status_);
}

namespace {

template <typename T, typename Get>
T attribute(TF_OpKernelConstruction* construction, const char* name, Get get) {
  T value{};
  TF_Status* status = TF_NewStatus();
  get(construction, name, &value, status);
  if (TF_GetCode(status) != TF_OK) TF_OpKernelConstruction_Failure(construction, status);
  TF_DeleteStatus(status);
  return value;
}

}  // namespace

int32_t int_attribute(TF_OpKernelConstruction* construction, const char* name) {
  return attribute<int32_t>(construction, name, TF_OpKernelConstruction_GetAttrInt32);
}

float float_attribute(TF_OpKernelConstruction* construction, const char* name) {
  return attribute<float>(construction, name, TF_OpKernelConstruction_GetAttrFloat);
}

bool bool_attribute(TF_OpKernelConstruction* construction, const char* name) {
  return attribute<TF_Bool>(construction, name, TF_OpKernelConstruction_GetAttrBool) != 0;
}

std::vector<int32_t> ints_attribute(TF_OpKernelConstruction* construction, const char* name) {
  return attribute<std::vector<int32_t>>(construction, name, [](auto* from, const char* of, std::vector<int32_t>* values, TF_Status* status) {
    int32_t size = 0, bytes = 0;
    TF_OpKernelConstruction_GetAttrSize(from, of, &size, &bytes, status);
    values->resize(std::max(0, size));
    if (TF_GetCode(status) == TF_OK) TF_OpKernelConstruction_GetAttrInt32List(from, of, values->data(), size, status);
  });
}

}  // namespace tempered
