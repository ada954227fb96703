/**
 * Trainings one after the other in one trial, each from what those before it made: a network first by itself, then with a
 * branch more. One that was killed goes on in the phase that it had come to.
 */
import type { NamedTensors } from '../numerics/safetensors.ts';
import { prefix, withPrefix } from '../numerics/tensor-names.ts';
import type { Checkpoint, TrainingContext } from '../pipeline/context.ts';

export interface TrainingPhase {
  /** Unique; in the model it stands before the names of what the phase made: `{name}/conv1_1/kernel`. */
  readonly name: string;
  /** The steps that its checkpoints count, to tell how far the whole has come. */
  readonly updates: number;
  /**
   * Trains, and ends with the context's `writeMetrics` and `writeModel`, as a trial of its own would.
   *
   * @param earlier what the phases before it made, by their names
   */
  train(earlier: Readonly<Record<string, NamedTensors>>, context: TrainingContext): Promise<void>;
}

type MetricsRow = Readonly<Record<string, number | string>>;

/** What a checkpoint has of the phases before its own, and of its own. */
interface PhaseState {
  readonly phase: string;
  readonly rows: readonly MetricsRow[];
  readonly inner: unknown;
}

/** Writes one curve, whose rows say their `phase`, and one model. */
export async function trainInPhases(
  phases: readonly TrainingPhase[],
  metadata: Readonly<Record<string, string>>,
  context: TrainingContext,
): Promise<void> {
  const { checkpoint } = context;
  const saved = checkpoint?.state as PhaseState | undefined;
  const first = saved ? phases.findIndex(({ name }) => name === saved.phase) : 0;
  const finished: Record<string, NamedTensors> = {};
  for (const { name } of phases.slice(0, first)) {
    finished[name] = withPrefix(name, withPrefix('finished', checkpoint!.tensors));
  }
  const rows = [...(saved?.rows ?? [])];
  const all = phases.reduce((sum, { updates }) => sum + updates, 0);
  let before = phases.slice(0, first).reduce((sum, { updates }) => sum + updates, 0);
  for (const phase of phases.slice(first)) {
    const start = phase.name === saved?.phase ? checkpoint! : undefined;
    const inner: Checkpoint | undefined = start && {
      step: start.step - before,
      tensors: withPrefix('current', start.tensors),
      state: saved!.inner,
    };
    const offset = before;
    let made: NamedTensors | undefined;
    const curve: MetricsRow[] = [];
    await phase.train(finished, {
      ...context,
      checkpoint: inner,
      checkpointDue: () => context.checkpointDue(),
      saveCheckpoint: ({ step, tensors, state }) =>
        context.saveCheckpoint({
          step: offset + step,
          tensors: { ...prefix('finished', flatten(finished)), ...prefix('current', tensors) },
          state: { phase: phase.name, rows, inner: state } satisfies PhaseState,
        }),
      progress: (update) => context.progress({ ...update, share: (offset + update.share * phase.updates) / all }),
      writeMetrics: async (written) => {
        curve.push(...written.map((row) => ({ phase: phase.name, ...row })));
      },
      writeModel: async (tensors) => {
        made = tensors;
      },
    });
    finished[phase.name] = made!;
    rows.push(...curve);
    before += phase.updates;
  }
  await context.writeMetrics(rows);
  await context.writeModel(flatten(finished), metadata);
}

function flatten(models: Readonly<Record<string, NamedTensors>>): NamedTensors {
  return Object.assign({}, ...Object.entries(models).map(([name, tensors]) => prefix(name, tensors)));
}
