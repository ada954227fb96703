/** A thread of the pool: takes blocks while there are any, then waits for the next job. */
import { workerData } from 'node:worker_threads';
import { awaitChange, blockFunctions, controlPlaces, runOneBlock, type WorkerStart } from './thread-pool.ts';

const { module, memory, functionNames, scratch, control } = workerData as WorkerStart;
const functions = blockFunctions(module, memory, functionNames);

while (Atomics.load(control, controlPlaces.stop) === 0) {
  if (runOneBlock(control, functions, scratch)) continue;
  const claimed = Atomics.load(control, controlPlaces.claimed);
  awaitChange(control, controlPlaces.end, (end) => end !== claimed || Atomics.load(control, controlPlaces.stop) !== 0);
}
