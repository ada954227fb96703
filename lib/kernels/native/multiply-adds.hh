/** What the benchmark holds the kernels against: multiply-adds in registers that wait for nothing but each other's units. */
#pragma once
#include <cstdint>

namespace stepwise {

/** Operations that `rounds` rounds did: twelve chains, as many as keep two units of a latency of four to six busy. */
double multiplyAdds(std::int32_t rounds);

}  // namespace stepwise
