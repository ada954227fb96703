/** The container of the scale test: trains the batch that the environment names. */
import { train } from '../../lib/pipeline/train.ts';
import { openStubPorts } from './stub-ports.ts';

const { STEPWISE_STORE: store, STEPWISE_RUN: run, STEPWISE_BATCH: batch } = process.env;
await train({ run, batch: Number(batch) }, await openStubPorts(store!));
process.exit(0);
