/** What this process runs on, in one line, for the provenance of results. */
import { availableParallelism, cpus, totalmem } from 'node:os';

/** `2 × AMD EPYC 7763, 23 GiB, linux x64, Node 24.21.0` */
export function describeHardware(environment: NodeJS.ProcessEnv = process.env): string {
  const model = cpus()[0]?.model.trim() || 'unknown processor';
  const lambdaMegabytes = environment.AWS_LAMBDA_FUNCTION_MEMORY_SIZE;
  const memory = lambdaMegabytes ? `Lambda with ${lambdaMegabytes} MB` : `${Math.round(totalmem() / 2 ** 30)} GiB`;
  return `${availableParallelism()} × ${model}, ${memory}, ${process.platform} ${process.arch}, Node ${process.versions.node}`;
}
