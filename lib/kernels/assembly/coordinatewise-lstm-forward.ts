/**
 * The coordinatewise LSTM optimizer for those who only use one: `step` of coordinatewise-lstm.ts without the backward pass,
 * over a memory that is not shared, so that a web page needs no cross-origin isolation to run it.
 *
 * The kernel allocates nothing. lib/kernels/coordinatewise-lstm-forward.ts lays the memory out.
 */
import { step } from './coordinatewise-lstm';
import { Job } from './coordinatewise-lstm-job';
import { ROW } from './coordinatewise-lstm-layer';

export { heapBase, stepScratchBytes } from './coordinatewise-lstm';

/** Bytes of the table that `forward` passes its arguments on in. */
export function jobBytes(): usize {
  return offsetof<Job>();
}

/** Coordinates that are treated at once. */
export function groupSize(): i32 {
  return <i32>(ROW / 4);
}

/** One step of so many groups: state in place, updates out. The fields are those of `Job`. */
export function forward(
  job: Job,
  scratch: usize,
  hidden: i32,
  logSign: i32,
  inputRows: i32,
  groups: i32,
  layer1: usize,
  layer2: usize,
  output: usize,
  state: usize,
  gradients: usize,
  updates: usize,
  stride: i32,
  outputScale: f32,
  inputScale: f32,
  threshold: f32,
  inverseThreshold: f32,
): void {
  job.hidden = hidden;
  job.logSign = logSign;
  job.inputRows = inputRows;
  job.groups = groups;
  job.blocks = 1;
  job.layer1 = layer1;
  job.layer2 = layer2;
  job.output = output;
  job.state = state;
  job.gradients = gradients;
  job.updates = updates;
  job.stride = stride;
  job.outputScale = outputScale;
  job.inputScale = inputScale;
  job.threshold = threshold;
  job.inverseThreshold = inverseThreshold;
  step(job, 0, scratch);
}
