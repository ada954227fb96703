#include "multiply-adds.hh"
#include "lanes.hh"

namespace stepwise {

double multiplyAdds(std::int32_t rounds) {
  constexpr int chains = 12;
  Lanes values[chains];
  for (int chain = 0; chain < chains; chain++) values[chain] = splat(static_cast<float>(chain + 1));
  const Lanes factor = splat(0.999999f), term = splat(1e-6f);
  for (std::int32_t round = 0; round < rounds; round++) {
    for (auto &value : values) value = value * factor + term;
  }
  // All are used, or the compiler leaves them out.
  volatile float used = 0;
  for (const auto &value : values) used = used + sumOf(value);
  return 2.0 * chains * lanesInVector * rounds;
}

}  // namespace stepwise
