/** One step of the coordinatewise LSTM: assembly/coordinatewise-lstm.ts, for bundles of coordinates. */
#include <algorithm>
#include "coordinatewise-lstm-layer.hh"

namespace stepwise {

namespace {

struct Scratch {
  Row *x1;  // [inputs, h1 before]
  Row *c1;
  Row *x2;  // [h1 after, h2 before]
  Row *c2;
  Row *h2;  // after
  Row *gates;
  Row *tanhC;
  Row *raw;  // [job.inputRows]
  Row *end;

  Scratch(Row *start, std::size_t hidden)
      : x1(start), c1(x1 + inputs + hidden), x2(c1 + hidden), c2(x2 + 2 * hidden), h2(c2 + hidden), gates(h2 + hidden),
        tanhC(gates + 4 * hidden), raw(tanhC + hidden), end(raw + inputs) {}
};

/** g = scale · (w·h2 + b), the update of Eq. 1. */
Row project(const float *weights, const Row *h2, int hidden, float scale) {
  Row sum;
  for (auto &part : sum.part) part = splat(weights[0]);
  for (int unit = 0; unit < hidden; unit++) {
    for (int part = 0; part < vectorsInRow; part++) sum.part[part] += h2[unit].part[part] * weights[1 + unit];
  }
  for (auto &part : sum.part) part *= scale;
  return sum;
}

}  // namespace

std::size_t stepScratchBytes(int hidden) {
  return reinterpret_cast<std::size_t>(Scratch(nullptr, static_cast<std::size_t>(hidden)).end);
}

void step(char *memory, Address jobAddress, std::int32_t block, Address scratchAddress) {
  const Job &job = *reinterpret_cast<const Job *>(memory + jobAddress);
  const auto weightsAt = [memory](Address address) { return reinterpret_cast<const float *>(memory + address); };
  const int hidden = job.hidden;
  const Scratch rows(reinterpret_cast<Row *>(memory + scratchAddress), hidden);
  const std::size_t quantity = hidden * groupRow;
  const std::size_t groupState = 4 * quantity;
  const int end = firstGroup(job, block + 1);
  for (int group = firstGroup(job, block); group < end; group += groupsInBundle) {
    const int groups = std::min(groupsInBundle, end - group);
    char *state = memory + job.state + group * groupState;
    const auto gather = [&](Row *to, int place) {
      for (int unit = 0; unit < hidden; unit++) {
        gatherGroups(state + place * quantity + unit * groupRow, groupState, groups, to + unit);
      }
    };
    const auto scatter = [&](const Row *from, int place) {
      for (int unit = 0; unit < hidden; unit++) {
        scatterGroups(from[unit], state + place * quantity + unit * groupRow, groupState, groups);
      }
    };
    gather(rows.x1 + inputs, 0);
    gather(rows.c1, 1);
    gather(rows.x2 + hidden, 2);
    gather(rows.c2, 3);
    const char *gradients = memory + job.gradients + group * groupRow;
    for (int input = 0; input < job.inputRows; input++) {
      gatherGroups(gradients + input * job.stride * sizeof(float), groupRow, groups, rows.raw + input);
    }
    preprocess(job, rows.raw, rows.x1);
    stepLayer(hidden, weightsAt(job.layer1), rows.x1, inputs + hidden, rows.c1, rows.c1, rows.x2, rows.gates, rows.tanhC);
    stepLayer(hidden, weightsAt(job.layer2), rows.x2, 2 * hidden, rows.c2, rows.c2, rows.h2, rows.gates, rows.tanhC);
    scatter(rows.x2, 0);
    scatter(rows.c1, 1);
    scatter(rows.h2, 2);
    scatter(rows.c2, 3);
    const Row updates = project(weightsAt(job.output), rows.h2, hidden, job.outputScale);
    scatterGroups(updates, memory + job.updates + group * groupRow, groupRow, groups);
  }
}

}  // namespace stepwise
