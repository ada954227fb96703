/** What the step and the recomputation before the backward sweep share: bundles of coordinates, their layers, forward. */
#pragma once
#include <cstring>
#include "coordinatewise-lstm.hh"
#include "lanes.hh"

namespace stepwise {

/** A weight that is broadcast serves two multiply-adds: a processor loads no more operands than it multiplies. */
constexpr int vectorsInRow = 2;

/** Tiles of four rows that are summed at once: as many sums as the registers hold keep the multipliers busy. */
constexpr int tilesAtOnce = vectorRegisters / 16;

/** Inputs whose products with four gates are summed at once: then their sums over lanes fill one vector. */
constexpr int inputsAtOnce = lanesInVector / 4;

/** Memory is in groups of eight coordinates; a bundle of so many groups is computed together. */
constexpr int coordinatesInGroup = 8;
constexpr int groupsInBundle = vectorsInRow * lanesInVector / coordinatesInGroup;
constexpr std::size_t groupRow = coordinatesInGroup * sizeof(float);

/** Layer 1 reads two input rows: without log-sign preprocessing the second is zero, and so are its weights. */
constexpr int inputs = 2;

/** One quantity of every coordinate of a bundle. */
struct Row {
  Lanes part[vectorsInRow];
};

/**
 * One row of `groups` groups, which lie `stride` bytes apart; zero in the lanes of those that the bundle lacks. Straight to
 * where it is kept: a register that is loaded from what was just stored in pieces waits for the store.
 */
inline void gatherGroups(const char *from, std::size_t stride, int groups, Row *row) {
  if (groups < groupsInBundle) *row = Row{};
  for (int group = 0; group < groups; group++) {
    std::memcpy(reinterpret_cast<char *>(row) + group * groupRow, from + group * stride, groupRow);
  }
}

inline void scatterGroups(const Row &row, char *to, std::size_t stride, int groups) {
  for (int group = 0; group < groups; group++) {
    std::memcpy(to + group * stride, reinterpret_cast<const char *>(&row) + group * groupRow, groupRow);
  }
}

/** Blocks' sizes differ by one group at most, and depend on nothing but the two counts. */
inline int firstGroup(const Job &job, int block) {
  return static_cast<int>(static_cast<std::int64_t>(job.groups) * block / job.blocks);
}

/** A row of gradients → two input rows (appendix A). Where the caller prepared both inputs, they stay as they are. */
inline void preprocess(const Job &job, const Row *raw, Row *x) {
  for (int part = 0; part < vectorsInRow; part++) {
    const Lanes gradient = raw[0].part[part];
    if (job.inputRows == 2) {
      x[0].part[part] = gradient;
      x[1].part[part] = raw[1].part[part];
    } else if (!job.logSign) {
      x[0].part[part] = gradient * job.inputScale;
      x[1].part[part] = Lanes{};
    } else {
      // |∇| ≥ e^−p → (log|∇|/p, sgn ∇); otherwise → (−1, e^p ∇). A NaN compares false, and the product keeps it.
      const Lanes size = magnitude(gradient);
      const auto large = size >= splat(job.threshold);
      x[0].part[part] = large ? log(size) * job.inputScale : splat(-1);
      x[1].part[part] = large ? signOf(gradient) : gradient * job.inverseThreshold;
    }
  }
}

/**
 * Σ_k w_k x_k + b for 4·Tiles rows, which stay in registers. `weights` [Tiles][1 + count][4], the bias first, as
 * `packedOrder` in lib/kernels/coordinatewise-lstm-parameters.ts lays them. Not inlined: beside tanh's constants the sums would
 * not all find registers.
 */
template <int Tiles>
__attribute__((noinline)) void affine(const float *weights, const Row *x, int count, Row *y) {
  const std::size_t tile = static_cast<std::size_t>(1 + count) * 4;
  Row sums[4 * Tiles];
  for (int row = 0; row < 4 * Tiles; row++) {
    for (auto &part : sums[row].part) part = splat(weights[row / 4 * tile + row % 4]);
  }
  for (const Row *end = x + count; x < end; x++) {
    weights += 4;
    for (int row = 0; row < 4 * Tiles; row++) {
      const float weight = weights[row / 4 * tile + row % 4];
      for (int part = 0; part < vectorsInRow; part++) sums[row].part[part] += x->part[part] * weight;
    }
  }
  for (int row = 0; row < 4 * Tiles; row++) y[row] = sums[row];
}

/**
 * One unit, from z = W·x + b of its four gates, where x holds the layer's inputs and its previous output h:
 *
 *   i = σ(z_i)   f = σ(z_f)   g = tanh(z_g)   o = σ(z_o)   c′ = f ⊙ c + i ⊙ g   h′ = o ⊙ tanh(c′)
 *
 * σ(z) = ½ + ½ tanh(z/2), and the packed weights of i, f and o are halved. nextC may be c.
 */
inline void stepUnit(const Row *z, const Row &c, Row *nextC, Row *nextH, Row *gates, Row *tanhC) {
  for (int part = 0; part < vectorsInRow; part++) {
    const Lanes i = tanh(z[0].part[part]) * 0.5f + 0.5f;
    const Lanes f = tanh(z[1].part[part]) * 0.5f + 0.5f;
    const Lanes g = tanh(z[2].part[part]);
    const Lanes o = tanh(z[3].part[part]) * 0.5f + 0.5f;
    const Lanes next = f * c.part[part] + i * g;
    const Lanes tau = tanh(next);
    gates[0].part[part] = i;
    gates[1].part[part] = f;
    gates[2].part[part] = g;
    gates[3].part[part] = o;
    nextC->part[part] = next;
    tanhC->part[part] = tau;
    nextH->part[part] = o * tau;
  }
}

template <int Units>
inline void stepUnits(const float *weights, const Row *x, int count, const Row *c, Row *nextC, Row *nextH, Row *gates,
                      Row *tanhC) {
  Row z[4 * Units];
  affine<Units>(weights, x, count, z);
  for (int unit = 0; unit < Units; unit++) {
    stepUnit(z + 4 * unit, c[unit], nextC + unit, nextH + unit, gates + 4 * unit, tanhC + unit);
  }
}

/**
 * One layer: x [count], c, nextC and nextH [hidden] rows. What the backward sweep needs stays behind in `gates`
 * [hidden][i, f, g, o] and `tanhC` [hidden].
 */
inline void stepLayer(int hidden, const float *weights, const Row *x, int count, const Row *c, Row *nextC, Row *nextH,
                      Row *gates, Row *tanhC) {
  const int unitWeights = (1 + count) * 4;
  int unit = 0;
  for (; unit + tilesAtOnce <= hidden; unit += tilesAtOnce, weights += tilesAtOnce * unitWeights) {
    stepUnits<tilesAtOnce>(weights, x, count, c + unit, nextC + unit, nextH + unit, gates + 4 * unit, tanhC + unit);
  }
  for (; unit < hidden; unit++, weights += unitWeights) {
    stepUnits<1>(weights, x, count, c + unit, nextC + unit, nextH + unit, gates + 4 * unit, tanhC + unit);
  }
}

}  // namespace stepwise
