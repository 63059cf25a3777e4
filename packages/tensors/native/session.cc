// A TensorFlow session for Node, on TensorFlow's C API: graphs that grow, sessions with a configuration, asynchronous runs.
//
//   newGraph()                              -> graph      a graph for shape inference while a function is traced
//   addNode(graph, graphDef, name, inputs)  -> [[dtype, ...dims], ...]   imports one node, returns what its outputs are
//   newSession(configProto)                 -> session
//   extend(session, graphDef)                             adds nodes to the live session's graph
//   run(session, feeds, fetches, targets)   -> Promise<[[dtype, dims, bytes], ...]>
//       feeds: [[name, dtype, dims, typedArray], ...]; fetches: ['node:0', ...]; targets: ['node', ...]
//   profile(session, feeds, fetches, targets, runOptions) -> Promise<bytes>   the same run; a serialized RunMetadata of it
//   close(session)                                        frees its variables; the session must not be running
//   ops, kernels                                          names of our own ops (kernels.h) that TensorFlow took; what of them decides digits
//
// Failures are JavaScript errors that carry TensorFlow's message; nothing here aborts the process.
#include <node_api.h>
#include <tensorflow/c/c_api.h>

#include <atomic>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "kernels.h"

namespace {

struct Status {
  TF_Status* raw = TF_NewStatus();
  ~Status() { TF_DeleteStatus(raw); }
  bool ok() const { return TF_GetCode(raw) == TF_OK; }
  const char* message() const { return TF_Message(raw); }
};

struct Graph {
  TF_Graph* raw = TF_NewGraph();
  ~Graph() { TF_DeleteGraph(raw); }
};

struct Session {
  Graph graph;
  TF_Session* raw = nullptr;
  std::atomic<int> running{0};
  void close() {
    if (!raw) return;
    Status status;
    TF_CloseSession(raw, status.raw);
    TF_DeleteSession(raw, status.raw);
    raw = nullptr;
  }
  ~Session() { close(); }
};

struct Job {
  Session* session = nullptr;
  std::vector<TF_Output> inputs, outputs;
  std::vector<TF_Tensor*> fed, fetched;
  std::vector<const TF_Operation*> targets;
  std::string error;
  // Set for a profile: how to run, and TensorFlow's account of the run.
  std::unique_ptr<TF_Buffer, decltype(&TF_DeleteBuffer)> options{nullptr, TF_DeleteBuffer}, metadata{nullptr, TF_DeleteBuffer};
  napi_deferred deferred = nullptr;
  napi_async_work work = nullptr;
  napi_ref keep_session = nullptr;

  ~Job() {
    for (auto* t : fed) TF_DeleteTensor(t);
    for (auto* t : fetched)
      if (t) TF_DeleteTensor(t);
  }
  void run() {
    fetched.assign(outputs.size(), nullptr);
    Status status;
    TF_SessionRun(session->raw, options.get(), inputs.data(), fed.data(), static_cast<int>(inputs.size()), outputs.data(), fetched.data(),
                  static_cast<int>(outputs.size()), targets.data(), static_cast<int>(targets.size()), metadata.get(), status.raw);
    if (!status.ok()) error = status.message();
  }
};

napi_value fail(napi_env env, const std::string& message) {
  napi_throw_error(env, nullptr, message.c_str());
  return nullptr;
}

std::string text(napi_env env, napi_value value) {
  size_t length = 0;
  if (napi_get_value_string_utf8(env, value, nullptr, 0, &length) != napi_ok) return {};
  std::string out(length, '\0');
  napi_get_value_string_utf8(env, value, &out[0], length + 1, &length);
  return out;
}

bool bytes(napi_env env, napi_value value, void** data, size_t* size) {
  bool typed = false;
  napi_is_typedarray(env, value, &typed);
  if (!typed) return false;
  napi_typedarray_type type;
  size_t length, offset;
  napi_value buffer;
  napi_get_typedarray_info(env, value, &type, &length, data, &buffer, &offset);
  switch (type) {
    case napi_float64_array: case napi_bigint64_array: case napi_biguint64_array: *size = length * 8; break;
    case napi_float32_array: case napi_int32_array: case napi_uint32_array: *size = length * 4; break;
    case napi_int16_array: case napi_uint16_array: *size = length * 2; break;
    default: *size = length;
  }
  return true;
}

std::vector<int64_t> dimensions(napi_env env, napi_value array) {
  uint32_t rank = 0;
  napi_get_array_length(env, array, &rank);
  std::vector<int64_t> dims(rank);
  for (uint32_t i = 0; i < rank; i++) {
    napi_value dim;
    napi_get_element(env, array, i, &dim);
    napi_get_value_int64(env, dim, &dims[i]);
  }
  return dims;
}

uint32_t length_of(napi_env env, napi_value array) {
  uint32_t length = 0;
  napi_get_array_length(env, array, &length);
  return length;
}

napi_value element(napi_env env, napi_value array, uint32_t i) {
  napi_value value;
  napi_get_element(env, array, i, &value);
  return value;
}

std::vector<std::string> texts(napi_env env, napi_value array) {
  std::vector<std::string> out;
  for (uint32_t i = 0, n = length_of(env, array); i < n; i++) out.push_back(text(env, element(env, array, i)));
  return out;
}

napi_value int_array(napi_env env, const std::vector<int64_t>& values) {
  napi_value array, number;
  napi_create_array_with_length(env, values.size(), &array);
  for (size_t i = 0; i < values.size(); i++) {
    napi_create_int64(env, values[i], &number);
    napi_set_element(env, array, static_cast<uint32_t>(i), number);
  }
  return array;
}

// "node" or "node:1" -> the operation and the index of its output.
TF_Output output_named(TF_Graph* graph, const std::string& name) {
  const auto colon = name.rfind(':');
  if (colon == std::string::npos) return {TF_GraphOperationByName(graph, name.c_str()), 0};
  return {TF_GraphOperationByName(graph, name.substr(0, colon).c_str()), std::atoi(name.c_str() + colon + 1)};
}

template <typename T>
T* external(napi_env env, napi_value value) {
  void* data = nullptr;
  napi_get_value_external(env, value, &data);
  return static_cast<T*>(data);
}

template <typename T>
napi_value wrap(napi_env env, T* value) {
  napi_value out;
  napi_create_external(env, value, [](napi_env, void* data, void*) { delete static_cast<T*>(data); }, nullptr, &out);
  return out;
}

template <size_t N>
bool arguments(napi_env env, napi_callback_info info, napi_value (&values)[N]) {
  size_t count = N;
  napi_get_cb_info(env, info, &count, values, nullptr, nullptr);
  if (count < N) napi_throw_type_error(env, nullptr, "session addon: too few arguments");
  return count >= N;
}

// Imports a GraphDef; `inputs` name nodes that are already in the graph.
std::string import_graph(TF_Graph* graph, const void* data, size_t size, const std::vector<std::string>& inputs) {
  std::unique_ptr<TF_Buffer, decltype(&TF_DeleteBuffer)> buffer(TF_NewBufferFromString(data, size), TF_DeleteBuffer);
  std::unique_ptr<TF_ImportGraphDefOptions, decltype(&TF_DeleteImportGraphDefOptions)> options(TF_NewImportGraphDefOptions(),
                                                                                              TF_DeleteImportGraphDefOptions);
  for (const auto& input : inputs) {
    if (input[0] == '^') {
      auto* op = TF_GraphOperationByName(graph, input.c_str() + 1);
      if (!op) return "unknown control input " + input;
      TF_ImportGraphDefOptionsRemapControlDependency(options.get(), input.c_str() + 1, op);
      continue;
    }
    const TF_Output source = output_named(graph, input);
    if (!source.oper) return "unknown input " + input;
    TF_ImportGraphDefOptionsAddInputMapping(options.get(), input.substr(0, input.rfind(':')).c_str(), source.index, source);
  }
  Status status;
  TF_GraphImportGraphDef(graph, buffer.get(), options.get(), status.raw);
  return status.ok() ? "" : status.message();
}

napi_value new_graph(napi_env env, napi_callback_info) { return wrap(env, new Graph); }

napi_value add_node(napi_env env, napi_callback_info info) {
  napi_value a[4];
  if (!arguments(env, info, a)) return nullptr;
  auto* graph = external<Graph>(env, a[0]);
  void* data;
  size_t size;
  if (!graph || !bytes(env, a[1], &data, &size)) return fail(env, "addNode takes a graph and a serialized GraphDef");
  const auto error = import_graph(graph->raw, data, size, texts(env, a[3]));
  if (!error.empty()) return fail(env, error);
  auto* op = TF_GraphOperationByName(graph->raw, text(env, a[2]).c_str());
  if (!op) return fail(env, "the GraphDef has no node of that name");
  napi_value out;
  const int count = TF_OperationNumOutputs(op);
  napi_create_array_with_length(env, count, &out);
  for (int i = 0; i < count; i++) {
    const TF_Output output{op, i};
    std::vector<int64_t> row{TF_OperationOutputType(output)};
    Status status;
    const int rank = TF_GraphGetTensorNumDims(graph->raw, output, status.raw);
    if (rank < 0) row.push_back(-2);  // unknown rank
    std::vector<int64_t> dims(rank < 0 ? 0 : rank);
    if (rank > 0) TF_GraphGetTensorShape(graph->raw, output, dims.data(), rank, status.raw);
    row.insert(row.end(), dims.begin(), dims.end());
    napi_set_element(env, out, i, int_array(env, row));
  }
  return out;
}

napi_value new_session(napi_env env, napi_callback_info info) {
  napi_value a[1];
  if (!arguments(env, info, a)) return nullptr;
  void* data;
  size_t size;
  if (!bytes(env, a[0], &data, &size)) return fail(env, "newSession takes a serialized ConfigProto");
  auto session = std::make_unique<Session>();
  std::unique_ptr<TF_SessionOptions, decltype(&TF_DeleteSessionOptions)> options(TF_NewSessionOptions(), TF_DeleteSessionOptions);
  Status status;
  TF_SetConfig(options.get(), data, size, status.raw);
  if (status.ok()) session->raw = TF_NewSession(session->graph.raw, options.get(), status.raw);
  if (!status.ok()) return fail(env, status.message());
  return wrap(env, session.release());
}

napi_value extend(napi_env env, napi_callback_info info) {
  napi_value a[2];
  if (!arguments(env, info, a)) return nullptr;
  auto* session = external<Session>(env, a[0]);
  void* data;
  size_t size;
  if (!session || !session->raw || !bytes(env, a[1], &data, &size)) return fail(env, "extend takes an open session and a serialized GraphDef");
  const auto error = import_graph(session->graph.raw, data, size, {});
  return error.empty() ? nullptr : fail(env, error);
}

// Reads feeds, fetches and targets; what is wrong with them stands in job->error.
std::unique_ptr<Job> parse_job(napi_env env, napi_value* a) {
  auto job = std::make_unique<Job>();
  job->session = external<Session>(env, a[0]);
  if (!job->session || !job->session->raw) {
    job->error = "the session is closed";
    return job;
  }
  auto* graph = job->session->graph.raw;
  for (uint32_t i = 0, n = length_of(env, a[1]); i < n; i++) {
    napi_value feed = element(env, a[1], i);
    const auto name = text(env, element(env, feed, 0));
    const auto input = output_named(graph, name);
    int32_t dtype = 0;
    napi_get_value_int32(env, element(env, feed, 1), &dtype);
    const auto dims = dimensions(env, element(env, feed, 2));
    void* data = nullptr;
    size_t size = 0;
    size_t expected = TF_DataTypeSize(static_cast<TF_DataType>(dtype));
    for (const auto dim : dims) expected *= static_cast<size_t>(dim);
    if (!input.oper) job->error = "unknown feed " + name;
    else if (!bytes(env, element(env, feed, 3), &data, &size) || size != expected)
      job->error = "feed " + name + " holds " + std::to_string(size) + " bytes, its shape needs " + std::to_string(expected);
    if (!job->error.empty()) return job;
    TF_Tensor* tensor = TF_AllocateTensor(static_cast<TF_DataType>(dtype), dims.data(), static_cast<int>(dims.size()), size);
    if (size) std::memcpy(TF_TensorData(tensor), data, size);
    job->inputs.push_back(input);
    job->fed.push_back(tensor);
  }
  for (const auto& name : texts(env, a[2])) {
    job->outputs.push_back(output_named(graph, name));
    if (!job->outputs.back().oper) job->error = "unknown fetch " + name;
  }
  for (const auto& name : texts(env, a[3])) {
    job->targets.push_back(TF_GraphOperationByName(graph, name.c_str()));
    if (!job->targets.back()) job->error = "unknown target " + name;
  }
  return job;
}

napi_value copied(napi_env env, const void* source, size_t size) {
  void* data;
  napi_value buffer, view;
  napi_create_arraybuffer(env, size, &data, &buffer);
  if (size) std::memcpy(data, source, size);
  napi_create_typedarray(env, napi_uint8_array, size, buffer, 0, &view);
  return view;
}

napi_value results(napi_env env, Job* job) {
  napi_value out;
  napi_create_array_with_length(env, job->fetched.size(), &out);
  for (size_t i = 0; i < job->fetched.size(); i++) {
    TF_Tensor* tensor = job->fetched[i];
    std::vector<int64_t> dims(TF_NumDims(tensor));
    for (size_t d = 0; d < dims.size(); d++) dims[d] = TF_Dim(tensor, static_cast<int>(d));
    napi_value row, dtype;
    napi_create_int32(env, TF_TensorType(tensor), &dtype);
    napi_create_array_with_length(env, 3, &row);
    napi_set_element(env, row, 0, dtype);
    napi_set_element(env, row, 1, int_array(env, dims));
    napi_set_element(env, row, 2, copied(env, TF_TensorData(tensor), TF_TensorByteSize(tensor)));
    napi_set_element(env, out, static_cast<uint32_t>(i), row);
  }
  return out;
}

napi_value account(napi_env env, Job* job) { return copied(env, job->metadata->data, job->metadata->length); }

void settle(napi_env env, Job* raw) {
  std::unique_ptr<Job> job(raw);
  if (job->session) job->session->running--;
  if (job->error.empty()) {
    napi_resolve_deferred(env, job->deferred, job->metadata ? account(env, job.get()) : results(env, job.get()));
  } else {
    napi_value message, error;
    napi_create_string_utf8(env, job->error.c_str(), NAPI_AUTO_LENGTH, &message);
    napi_create_error(env, nullptr, message, &error);
    napi_reject_deferred(env, job->deferred, error);
  }
  if (job->keep_session) napi_delete_reference(env, job->keep_session);
  if (job->work) napi_delete_async_work(env, job->work);
}

// Runs a job on one of Node's worker threads; the promise comes back at once.
napi_value start(napi_env env, napi_value session, std::unique_ptr<Job> job) {
  napi_value promise, name;
  napi_create_promise(env, &job->deferred, &promise);
  if (job->session) job->session->running++;
  if (!job->error.empty()) {
    settle(env, job.release());
    return promise;
  }
  napi_create_reference(env, session, 1, &job->keep_session);
  napi_create_string_utf8(env, "tempered session run", NAPI_AUTO_LENGTH, &name);
  Job* raw = job.release();
  napi_create_async_work(
      env, nullptr, name, [](napi_env, void* data) { static_cast<Job*>(data)->run(); },
      [](napi_env env, napi_status, void* data) { settle(env, static_cast<Job*>(data)); }, raw, &raw->work);
  napi_queue_async_work(env, raw->work);
  return promise;
}

napi_value run(napi_env env, napi_callback_info info) {
  napi_value a[4];
  if (!arguments(env, info, a)) return nullptr;
  return start(env, a[0], parse_job(env, a));
}

napi_value profile(napi_env env, napi_callback_info info) {
  napi_value a[5];
  if (!arguments(env, info, a)) return nullptr;
  void* data;
  size_t size;
  if (!bytes(env, a[4], &data, &size)) return fail(env, "profile takes serialized RunOptions");
  auto job = parse_job(env, a);
  job->options.reset(TF_NewBufferFromString(data, size));
  job->metadata.reset(TF_NewBuffer());
  return start(env, a[0], std::move(job));
}

napi_value close(napi_env env, napi_callback_info info) {
  napi_value a[1];
  if (!arguments(env, info, a)) return nullptr;
  auto* session = external<Session>(env, a[0]);
  if (!session) return fail(env, "close takes a session");
  if (session->running > 0) return fail(env, "the session is still running: await its runs before closing it");
  session->close();
  return nullptr;
}

}  // namespace

NAPI_MODULE_INIT() {
  const napi_property_descriptor functions[] = {
      {"newGraph", nullptr, new_graph, nullptr, nullptr, nullptr, napi_enumerable, nullptr},
      {"addNode", nullptr, add_node, nullptr, nullptr, nullptr, napi_enumerable, nullptr},
      {"newSession", nullptr, new_session, nullptr, nullptr, nullptr, napi_enumerable, nullptr},
      {"extend", nullptr, extend, nullptr, nullptr, nullptr, napi_enumerable, nullptr},
      {"run", nullptr, run, nullptr, nullptr, nullptr, napi_enumerable, nullptr},
      {"profile", nullptr, profile, nullptr, nullptr, nullptr, napi_enumerable, nullptr},
      {"close", nullptr, close, nullptr, nullptr, nullptr, napi_enumerable, nullptr},
  };
  napi_define_properties(env, exports, sizeof(functions) / sizeof(functions[0]), functions);
  napi_value names, name;
  napi_create_array(env, &names);
  uint32_t at = 0;
  for (const auto& op : tempered::register_kernels()) {
    napi_create_string_utf8(env, op.data(), op.size(), &name);
    napi_set_element(env, names, at++, name);
  }
  napi_set_named_property(env, exports, "ops", names);
  const auto kernels = tempered::kernels_fingerprint();
  napi_create_string_utf8(env, kernels.data(), kernels.size(), &name);
  napi_set_named_property(env, exports, "kernels", name);
  return exports;
}
