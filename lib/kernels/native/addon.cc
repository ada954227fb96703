/**
 * What Node loads. `step` and `backward` (memory: Uint8Array, job, block, scratch) run one block of a job, addresses in
 * bytes from the memory's start; the memory may be shared, and threads may each load this and work on it.
 *
 * Nothing here checks an address: lib/kernels/coordinatewise-lstm-kernel.ts lays the memory out, and is the only caller.
 */
#include <node_api.h>
#include "coordinatewise-lstm.hh"
#include "multiply-adds.hh"

namespace {

typedef void (*Block)(char *, stepwise::Address, std::int32_t, stepwise::Address);

napi_value fail(napi_env env, const char *message) {
  napi_throw_type_error(env, nullptr, message);
  return nullptr;
}

template <std::size_t Count>
bool toIntegers(napi_env env, const napi_value *arguments, std::int32_t (&values)[Count]) {
  for (std::size_t i = 0; i < Count; i++) {
    if (napi_get_value_int32(env, arguments[i], &values[i]) != napi_ok) return false;
  }
  return true;
}

/** The arguments of a call, all of them whole numbers; those that are missing are `undefined`, and are none. */
template <std::size_t Count>
bool readIntegers(napi_env env, napi_callback_info info, std::int32_t (&values)[Count]) {
  std::size_t count = Count;
  napi_value arguments[Count];
  return napi_get_cb_info(env, info, &count, arguments, nullptr, nullptr) == napi_ok && toIntegers(env, arguments, values);
}

template <Block block>
napi_value runBlock(napi_env env, napi_callback_info info) {
  std::size_t count = 4;
  napi_value arguments[4];
  void *memory = nullptr;
  std::int32_t values[3];
  if (napi_get_cb_info(env, info, &count, arguments, nullptr, nullptr) != napi_ok || count < 4 ||
      napi_get_typedarray_info(env, arguments[0], nullptr, nullptr, &memory, nullptr, nullptr) != napi_ok ||
      !toIntegers(env, arguments + 1, values)) {
    return fail(env, "takes a Uint8Array and three whole numbers");
  }
  block(static_cast<char *>(memory), static_cast<stepwise::Address>(values[0]), values[1],
        static_cast<stepwise::Address>(values[2]));
  return nullptr;
}

napi_value toNumber(napi_env env, double value) {
  napi_value number;
  return napi_create_double(env, value, &number) == napi_ok ? number : nullptr;
}

napi_value stepScratchBytes(napi_env env, napi_callback_info info) {
  std::int32_t values[1];
  if (!readIntegers(env, info, values)) return fail(env, "takes the number of hidden units");
  return toNumber(env, stepwise::stepScratchBytes(values[0]));
}

napi_value backwardScratchBytes(napi_env env, napi_callback_info info) {
  std::int32_t values[2];
  if (!readIntegers(env, info, values)) return fail(env, "takes the number of hidden units and of steps");
  return toNumber(env, stepwise::backwardScratchBytes(values[0], values[1]));
}

napi_value multiplyAdds(napi_env env, napi_callback_info info) {
  std::int32_t values[1];
  if (!readIntegers(env, info, values)) return fail(env, "takes the number of rounds");
  return toNumber(env, stepwise::multiplyAdds(values[0]));
}

}  // namespace

NAPI_MODULE_INIT() {
  const struct {
    const char *name;
    napi_callback function;
  } functions[] = {
      {"step", runBlock<stepwise::step>},
      {"backward", runBlock<stepwise::backward>},
      {"stepScratchBytes", stepScratchBytes},
      {"backwardScratchBytes", backwardScratchBytes},
      {"multiplyAdds", multiplyAdds},
  };
  for (const auto &[name, function] : functions) {
    napi_value value;
    if (napi_create_function(env, name, NAPI_AUTO_LENGTH, function, nullptr, &value) != napi_ok ||
        napi_set_named_property(env, exports, name, value) != napi_ok) {
      return nullptr;
    }
  }
  return exports;
}
