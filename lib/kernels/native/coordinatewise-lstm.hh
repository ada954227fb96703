/**
 * The coordinatewise LSTM optimizer of arXiv 1606.04474 for one processor: `step` and `backward` of
 * assembly/coordinatewise-lstm.ts over the same memory, whose layout lib/kernels/coordinatewise-lstm-memory.ts makes.
 */
#pragma once
#include <cstddef>
#include <cstdint>

namespace stepwise {

/** An address in the kernel's memory, in bytes from its start. */
typedef std::uint32_t Address;

/** The table that a job's address leads to; the fields are explained in assembly/coordinatewise-lstm-job.ts. */
struct Job {
  std::int32_t hidden, logSign, inputRows, groups, blocks;
  Address layer1, layer2, output, transposed1, transposed2, state, gradients, updates;
  float outputScale, inputScale, threshold, inverseThreshold;
  std::int32_t stride, steps;
  Address selected, partials;
  std::int32_t partialFloats;
};

/** Scratch that each needs, in bytes; it starts on a multiple of 64. */
std::size_t stepScratchBytes(int hidden);
std::size_t backwardScratchBytes(int hidden, int steps);

/** One step of every group of a block: state in place, updates out. */
void step(char *memory, Address job, std::int32_t block, Address scratch);

/** Writes the block's sums over its coordinates into its own partial: layer 1, layer 2 (packed as forward), output. */
void backward(char *memory, Address job, std::int32_t block, Address scratch);

}  // namespace stepwise
