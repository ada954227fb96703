/**
 * The local engine: runs the state machine that CDK synthesised, with handlers in this process for its Lambdas and
 * child processes for its Batch jobs.
 */
import { setMaxListeners } from 'node:events';
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import type { ProgressEvent } from '../pipeline/events.ts';
import type { RunRequest } from '../pipeline/request.ts';
import type { LambdaStage } from '../pipeline/stages.ts';
import type { ObjectStore } from '../storage/object-store.ts';
import { CpuSlots } from './cpu-slots.ts';
import { type BoundTask, countBytes, interpret, payloadLimitBytes } from './interpreter.ts';
import { type LambdaTask, type LoweredMachine, type LoweredTask, lowerDefinition, type MapTask } from './lowering.ts';
import { runMap } from './map-run.ts';
import { StageProgress, stageOf } from './stage-progress.ts';
import { findDefinition } from './template-definition.ts';
import { isObject, type Json, type JsonObject, type Template } from './template-resources.ts';
import { type JobCommand, runJob } from './training-jobs.ts';

export interface LocalRun {
  /** The synthesised CloudFormation template. */
  readonly template: unknown;
  readonly store: ObjectStore;
  readonly input: RunRequest;
  /** What the Lambdas would do. */
  readonly handlers: Readonly<Record<LambdaStage, (input: unknown) => Promise<unknown>>>;
  readonly jobCommand: JobCommand;
  /** Cores that jobs share; all of the machine's where absent. */
  readonly threads?: number;
  /** Stops the run: jobs get SIGTERM, and SIGKILL when they do not end. */
  readonly signal?: AbortSignal;
  onEvent?(event: ProgressEvent): void;
  /** Calls of handlers at once. One where absent: a Lambda instance has one request at a time, and handlers rely on it. */
  readonly concurrentHandlers?: number;
  /** Seconds between SIGTERM and SIGKILL; Batch's 30 where absent. */
  readonly jobGraceSeconds?: number;
  /** Wall clock for the result files, milliseconds since the epoch. */
  now?(): number;
}

export type LocalResult =
  | { readonly status: 'succeeded'; readonly output: unknown }
  /** `error` and `cause` as Step Functions gives them; `ExecutionAborted` where the signal stopped the run. */
  | { readonly status: 'failed'; readonly error: string; readonly cause: string };

/**
 * Resolves when the execution has ended and no job of it is left. Throws UnsupportedDefinitionField and
 * UnresolvableTemplate before anything has run.
 */
export async function runLocally(run: LocalRun): Promise<LocalResult> {
  const machine = lowerDefinition(findDefinition(run.template as Template));
  const input = JSON.parse(JSON.stringify(run.input)) as Json;
  if (countBytes(input) > payloadLimitBytes) {
    const cause = `The request has ${countBytes(input)} bytes, and at most ${payloadLimitBytes} may start a run.`;
    return { status: 'failed', error: 'States.DataLimitExceeded', cause };
  }
  return new Engine(run).execute(machine, input);
}

class Engine {
  readonly #run: LocalRun;
  readonly #onEvent: (event: ProgressEvent) => void;
  readonly #stages: StageProgress;
  readonly #cpus: CpuSlots;
  readonly #handlerSlots: CpuSlots;
  readonly #signal: AbortSignal;
  readonly #jobs = new Set<Promise<unknown>>();
  #jobsBegun = 0;
  #mapsBegun = 0;

  constructor(run: LocalRun) {
    this.#run = run;
    this.#onEvent = run.onEvent ? (event) => run.onEvent!(event) : () => {};
    this.#stages = new StageProgress(this.#onEvent);
    this.#cpus = new CpuSlots(Math.max(1, run.threads ?? availableParallelism()));
    this.#handlerSlots = new CpuSlots(run.concurrentHandlers ?? 1);
    this.#signal = run.signal ?? new AbortController().signal;
    setMaxListeners(0, this.#signal);
  }

  async execute(machine: LoweredMachine, input: Json): Promise<LocalResult> {
    const name = this.#run.input.run;
    const context = {
      Execution: { Id: `local:execution:${name}`, Name: name },
      StateMachine: { Id: 'local:stateMachine', Name: 'local' },
    };
    const tasks = this.#bindTasks(machine, context, undefined, true);
    const outcome = await interpret(machine.definition, input, { tasks, context, signal: this.#signal });
    await Promise.allSettled(this.#jobs);
    if (outcome.status !== 'aborted') return outcome;
    return { status: 'failed', error: 'ExecutionAborted', cause: 'The run was stopped from outside.' };
  }

  /** `item`: the line of the map that the tasks belong to. */
  #bindTasks(
    machine: LoweredMachine,
    context: JsonObject,
    item: Json | undefined,
    outermost: boolean,
  ): ReadonlyMap<string, BoundTask> {
    const bind = ([name, task]: [string, LoweredTask]): [string, BoundTask] => {
      const work = (input: Json, signal: AbortSignal) => this.#runTask(task, input, signal, context, item);
      if (!outermost) return [name, { timeoutSeconds: task.timeoutSeconds, run: work }];
      const stage = stageOf(task);
      const run = async (input: Json, signal: AbortSignal) => {
        // A map's stage begins when its items are counted.
        if (task.kind !== 'map') this.#stages.start(stage);
        const output = await work(input, signal);
        this.#stages.finish(stage);
        return output;
      };
      return [name, { timeoutSeconds: task.timeoutSeconds, run }];
    };
    return new Map([...machine.tasks].map(bind));
  }

  async #runTask(
    task: LoweredTask,
    input: Json,
    signal: AbortSignal,
    context: JsonObject,
    item: Json | undefined,
  ): Promise<unknown> {
    if (task.kind === 'lambda') return this.#callHandler(task, input, signal);
    if (task.kind === 'map') return this.#runMap(task, input, signal, context);
    const job = runJob(task, input, {
      jobCommand: this.#run.jobCommand,
      storeLocation: describeLocation(this.#run.store.location),
      slots: this.#cpus,
      graceSeconds: this.#run.jobGraceSeconds ?? 30,
      cpus: readCpus(item) ?? this.#cpus.total,
      job: `${this.#run.input.run}/${this.#jobsBegun++}`,
      signal,
      onEvent: this.#onEvent,
    });
    // A job that was told to stop outlives its state, and must not outlive the run.
    this.#jobs.add(job);
    return job.finally(() => this.#jobs.delete(job));
  }

  async #callHandler(task: LambdaTask, input: Json, signal: AbortSignal): Promise<unknown> {
    const event = task.wrapped ? ((input as JsonObject).Payload ?? {}) : input;
    const release = await this.#handlerSlots.take(1, signal);
    try {
      const output = await this.#run.handlers[task.stage](structuredClone(event));
      return task.wrapped ? { ExecutedVersion: '$LATEST', Payload: output ?? null, StatusCode: 200 } : output;
    } finally {
      release();
    }
  }

  #runMap(task: MapTask, input: Json, signal: AbortSignal, context: JsonObject): Promise<Json> {
    const hasJobs = [...task.processor.tasks.values()].some(({ kind }) => kind === 'job');
    return runMap(task, input, {
      store: this.#run.store,
      mapRun: `${task.label.replaceAll(/[^\w-]+/g, '-')}-${++this.#mapsBegun}`,
      mostAtOnce: hasJobs ? this.#cpus.total : this.#handlerSlots.total,
      context,
      signal,
      now: () => this.#run.now?.() ?? performance.timeOrigin + performance.now(),
      bindTasks: (processor, item, childContext) => this.#bindTasks(processor, childContext, item, false),
      weigh: countProgressItems,
      onStart: ({ weight }) => this.#stages.start(stageOf(task), weight),
    });
  }
}

/** The stages report progress by trial and evaluation, of which a line of the plan holds several. */
function countProgressItems(item: Json): number {
  const list = isObject(item) ? (item.trials ?? item.evaluations) : undefined;
  return Array.isArray(list) ? list.length : 1;
}

function readCpus(item: Json | undefined): number | undefined {
  return isObject(item) && typeof item.cpus === 'number' ? item.cpus : undefined;
}

/** As STEPWISE_STORE takes it: a folder by its path, a bucket by its address. */
function describeLocation(location: string): string {
  return location.startsWith('file:') ? fileURLToPath(location) : location;
}
