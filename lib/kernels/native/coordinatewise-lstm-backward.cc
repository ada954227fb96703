/**
 * The gradient with respect to the optimizer's parameters through a window of steps: assembly/coordinatewise-lstm-backward.ts,
 * for bundles of coordinates. As there, no tape is kept while stepping: each bundle runs the window again and keeps its
 * tape (720 KB at 20 steps of 2 × 20 units) in the second cache.
 */
#include <algorithm>
#include "coordinatewise-lstm-layer.hh"

namespace stepwise {

namespace {

/** A bundle's tape. Strides between steps: x1 inputs + hidden rows, x2 2·hidden, gates 4·hidden, the others hidden, dOutput 1. */
struct Tape {
  Row *x1;  // [steps + 1][∇'s inputs (2), h1 before]
  Row *x2;  // [steps + 1][h1 after, h2 before]
  Row *c1;  // [steps + 1][hidden], before
  Row *c2;
  Row *gates1;  // [steps][hidden][i, f, g, o]; the sweep puts dz in their place
  Row *gates2;
  Row *tanhC1;  // [steps][hidden], after
  Row *tanhC2;
  Row *dOutput;  // [steps]
  Row *raw;      // [job.inputRows]
  Row *dx1;      // [hidden]: d h1
  Row *dx2;      // [2·hidden]: d h1, d h2
  Row *dc1;      // [hidden]
  Row *dc2;
  Row *end;

  Tape(Row *start, std::size_t hidden, std::size_t steps)
      : x1(start), x2(x1 + (steps + 1) * (inputs + hidden)), c1(x2 + (steps + 1) * 2 * hidden), c2(c1 + (steps + 1) * hidden),
        gates1(c2 + (steps + 1) * hidden), gates2(gates1 + steps * 4 * hidden), tanhC1(gates2 + steps * 4 * hidden),
        tanhC2(tanhC1 + steps * hidden), dOutput(tanhC2 + steps * hidden), raw(dOutput + steps), dx1(raw + inputs), dx2(dx1 + hidden),
        dc1(dx2 + 2 * hidden), dc2(dc1 + hidden), end(dc2 + hidden) {}
};

/** A window of one bundle. */
struct Window {
  char *memory;
  const Job &job;
  const Tape &tape;
  int hidden;
  /** The bundle's first group, and how many it has. */
  int group;
  int groups;

  const float *floats(Address address) const { return reinterpret_cast<const float *>(memory + address); }

  /** One quantity of coordinates that lie anywhere; zero in unused lanes. */
  template <typename AddressOf>
  void gatherLanes(AddressOf addressOf, Row *row) const {
    *row = Row{};
    float *lane = reinterpret_cast<float *>(row);
    const auto *selected = reinterpret_cast<const std::int32_t *>(memory + job.selected) + group * coordinatesInGroup;
    for (int i = 0; i < groups * coordinatesInGroup; i++) {
      if (selected[i] >= 0) lane[i] = *addressOf(selected[i]);
    }
  }

  void recompute() const {
    const float *state = floats(job.state);
    const auto gatherState = [&](int place, Row *to) {
      for (int unit = 0; unit < hidden; unit++) {
        const std::size_t row = place * hidden + unit;
        const auto addressOf = [&](int coordinate) {
          const std::size_t rows = static_cast<std::size_t>(coordinate / coordinatesInGroup) * 4 * hidden + row;
          return state + rows * coordinatesInGroup + coordinate % coordinatesInGroup;
        };
        gatherLanes(addressOf, to + unit);
      }
    };
    gatherState(0, tape.x1 + inputs);
    gatherState(1, tape.c1);
    gatherState(2, tape.x2 + hidden);
    gatherState(3, tape.c2);
    const float *layer1 = floats(job.layer1);
    const float *layer2 = floats(job.layer2);
    for (int t = 0; t < job.steps; t++) {
      Row *x1 = tape.x1 + t * (inputs + hidden);
      Row *x2 = tape.x2 + t * 2 * hidden;
      const float *gradients = floats(job.gradients) + static_cast<std::size_t>(t) * job.inputRows * job.stride;
      for (int input = 0; input < job.inputRows; input++) {
        gatherLanes([=](int coordinate) { return gradients + input * job.stride + coordinate; }, tape.raw + input);
      }
      preprocess(job, tape.raw, x1);
      Row *c1 = tape.c1 + t * hidden;
      Row *c2 = tape.c2 + t * hidden;
      stepLayer(hidden, layer1, x1, inputs + hidden, c1, c1 + hidden, x2, tape.gates1 + t * 4 * hidden, tape.tanhC1 + t * hidden);
      std::copy(x2, x2 + hidden, x1 + (inputs + hidden) + inputs);
      stepLayer(hidden, layer2, x2, 2 * hidden, c2, c2 + hidden, x2 + 3 * hidden, tape.gates2 + t * 4 * hidden,
                tape.tanhC2 + t * hidden);
    }
  }

  /** From the window's last step to its first: dz of every gate, in place of the gates. */
  void sweep() const {
    // Truncated: nothing comes from beyond the window.
    std::fill(tape.dx1, tape.end, Row{});
    const float *output = floats(job.output) + 1;
    for (int t = job.steps - 1; t >= 0; t--) {
      // g = scale · (w·h2 + b):  d h2 += w · scale · dg
      const char *updates = memory + job.updates + (static_cast<std::size_t>(t) * job.groups + group) * groupRow;
      Row &d = tape.dOutput[t];
      gatherGroups(updates, groupRow, groups, &d);
      for (auto &part : d.part) part *= job.outputScale;
      for (int unit = 0; unit < hidden; unit++) {
        for (int part = 0; part < vectorsInRow; part++) tape.dx2[hidden + unit].part[part] += d.part[part] * output[unit];
      }
      Row *dz2 = tape.gates2 + t * 4 * hidden;
      sweepLayer(tape.dx2 + hidden, tape.dc2, tape.c2 + t * hidden, dz2, tape.tanhC2 + t * hidden);
      backThrough(job.transposed2, dz2, 2 * hidden, tape.dx2);
      for (int unit = 0; unit < hidden; unit++) {
        for (int part = 0; part < vectorsInRow; part++) tape.dx1[unit].part[part] += tape.dx2[unit].part[part];
      }
      Row *dz1 = tape.gates1 + t * 4 * hidden;
      sweepLayer(tape.dx1, tape.dc1, tape.c1 + t * hidden, dz1, tape.tanhC1 + t * hidden);
      backThrough(job.transposed1, dz1, hidden, tape.dx1);
    }
  }

  /**
   * One layer, one step. h′ = o ⊙ τ with τ = tanh(c′), c′ = f ⊙ c + i ⊙ g, so with dc coming from the step after:
   *
   *   dc += dh ⊙ o ⊙ (1 − τ²)
   *   dz_i = dc ⊙ g ⊙ i(1 − i)   dz_f = dc ⊙ c ⊙ f(1 − f)   dz_g = dc ⊙ i ⊙ (1 − g²)   dz_o = dh ⊙ τ ⊙ o(1 − o)
   *   dc ← dc ⊙ f, for the step before
   */
  void sweepLayer(const Row *dh, Row *dc, const Row *c, Row *gates, const Row *tanhC) const {
    for (int unit = 0; unit < hidden; unit++, gates += 4) {
      for (int part = 0; part < vectorsInRow; part++) {
        const Lanes i = gates[0].part[part], f = gates[1].part[part], g = gates[2].part[part], o = gates[3].part[part];
        const Lanes tau = tanhC[unit].part[part];
        const Lanes dho = dh[unit].part[part] * o;
        const Lanes dct = dho * (1.0f - tau * tau) + dc[unit].part[part];
        const Lanes dci = dct * i;
        const Lanes dcf = dct * f;
        gates[0].part[part] = dci * g * (1.0f - i);
        gates[1].part[part] = dcf * c[unit].part[part] * (1.0f - f);
        gates[2].part[part] = dci * (1.0f - g * g);
        gates[3].part[part] = dho * tau * (1.0f - o);
        dc[unit].part[part] = dcf;
      }
    }
  }

  /** dx = Wᵀ dz, `rows` rows (a multiple of 4), by the packed transposed weights. */
  void backThrough(Address transposed, const Row *dz, int rows, Row *dx) const {
    const float *weights = floats(transposed);
    const int tile = (1 + 4 * hidden) * 4;
    int row = 0;
    for (; row + 4 * tilesAtOnce <= rows; row += 4 * tilesAtOnce, weights += tilesAtOnce * tile) {
      affineTo<tilesAtOnce>(weights, dz, dx + row);
    }
    for (; row < rows; row += 4, weights += tile) affineTo<1>(weights, dz, dx + row);
  }

  template <int Tiles>
  void affineTo(const float *weights, const Row *dz, Row *dx) const {
    Row sums[4 * Tiles];
    affine<Tiles>(weights, dz, 4 * hidden, sums);
    std::copy(sums, sums + 4 * Tiles, dx);
  }

  /**
   * dW += Σ_t dz_t x_tᵀ and db += Σ_t dz_t for one layer: x [steps][count]; `sums` [hidden][1 + count][4], packed as the
   * weights. The sums of a unit's four gates × `inputsAtOnce` inputs stay in registers over the window.
   */
  void addWeightGradients(const Row *dz, const Row *x, int count, float *sums) const {
    for (int unit = 0; unit < hidden; unit++, dz += 4) {
      addGateSums(dz, sums);
      sums += 4;
      int input = 0;
      for (; input + inputsAtOnce <= count; input += inputsAtOnce, sums += 4 * inputsAtOnce) {
        addProducts<inputsAtOnce>(dz, x + input, count, sums);
      }
      for (; input < count; input++, sums += 4) addProducts<1>(dz, x + input, count, sums);
    }
  }

  template <int Inputs>
  void addProducts(const Row *dz, const Row *x, int count, float *to) const {
    Lanes sums[lanesInVector] = {};
    for (int t = 0; t < job.steps; t++, dz += 4 * hidden, x += count) {
      for (int part = 0; part < vectorsInRow; part++) {
        for (int input = 0; input < Inputs; input++) {
          for (int gate = 0; gate < 4; gate++) sums[4 * input + gate] += x[input].part[part] * dz[gate].part[part];
        }
      }
    }
    addFirst<4 * Inputs>(to, sumEach(sums));
  }

  void addGateSums(const Row *dz, float *sums) const {
    Lanes gates[lanesInVector] = {};
    for (int t = 0; t < job.steps; t++, dz += 4 * hidden) {
      for (int gate = 0; gate < 4; gate++) {
        for (int part = 0; part < vectorsInRow; part++) gates[gate] += dz[gate].part[part];
      }
    }
    addFirst<4>(sums, sumEach(gates));
  }

  template <int Count>
  static void addFirst(float *to, Lanes values) {
    Lanes sums{};
    std::memcpy(&sums, to, Count * sizeof(float));
    sums += values;
    std::memcpy(to, &sums, Count * sizeof(float));
  }

  /** db += Σ_t d_t and dw += Σ_t d_t h2_t for the output layer; `sums` [1 + hidden]. */
  void addOutputGradients(float *sums) const {
    // h2 after step t is the second half of x2 at t + 1.
    const Row *h2 = tape.x2 + 3 * hidden;
    for (int unit = -1; unit < hidden; unit++) {
      Lanes sum{};
      for (int t = 0; t < job.steps; t++) {
        for (int part = 0; part < vectorsInRow; part++) {
          const Lanes d = tape.dOutput[t].part[part];
          sum += unit < 0 ? d : d * h2[t * 2 * hidden + unit].part[part];
        }
      }
      sums[1 + unit] += sumOf(sum);
    }
  }
};

}  // namespace

std::size_t backwardScratchBytes(int hidden, int steps) {
  return reinterpret_cast<std::size_t>(Tape(nullptr, static_cast<std::size_t>(hidden), static_cast<std::size_t>(steps)).end);
}

void backward(char *memory, Address jobAddress, std::int32_t block, Address scratchAddress) {
  const Job &job = *reinterpret_cast<const Job *>(memory + jobAddress);
  const int hidden = job.hidden;
  const Tape tape(reinterpret_cast<Row *>(memory + scratchAddress), hidden, job.steps);
  float *partial1 = reinterpret_cast<float *>(memory + job.partials) + static_cast<std::size_t>(block) * job.partialFloats;
  float *partial2 = partial1 + hidden * (1 + inputs + hidden) * 4;
  float *partial3 = partial2 + hidden * (1 + 2 * hidden) * 4;
  std::fill(partial1, partial1 + job.partialFloats, 0.0f);
  const int end = firstGroup(job, block + 1);
  for (int group = firstGroup(job, block); group < end; group += groupsInBundle) {
    const Window window{memory, job, tape, hidden, group, std::min(groupsInBundle, end - group)};
    window.recompute();
    window.sweep();
    window.addWeightGradients(tape.gates1, tape.x1, inputs + hidden, partial1);
    window.addWeightGradients(tape.gates2, tape.x2, 2 * hidden, partial2);
    window.addOutputGradients(partial3);
  }
}

}  // namespace stepwise
