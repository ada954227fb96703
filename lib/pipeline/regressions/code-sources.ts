/** `runs/{run}/code.json`: the modules and packages behind a run's code digests, so that a later run can say which of them changed. */
import { z } from 'zod';

const sourcesSchema = z.strictObject({
  /** As in the artifacts' and measurements' addresses. */
  digest: z.string(),
  /** The first 16 hexadecimal digits of each module's SHA-256, by project-relative path. */
  modules: z.record(z.string(), z.string()),
  /** Locked versions of the packages that they import. */
  packages: z.record(z.string(), z.string()),
});
/** Everything that one code digest is taken over. */
export type CodeSources = z.infer<typeof sourcesSchema>;

export const runCodeSchema = z.strictObject({
  formatVersion: z.literal(1),
  training: sourcesSchema,
  evaluation: sourcesSchema,
});
export type RunCode = z.infer<typeof runCodeSchema>;

export interface ChangedSource {
  /** `lib/layer-norm/models/x.ts`, or a package's name. */
  readonly name: string;
  readonly change: 'changed' | 'added' | 'removed';
  /** Whether training imports it; otherwise only the evaluation does. */
  readonly training: boolean;
}

/** Modules and packages that are not the same, by name. */
export function changedSources(before: RunCode, now: RunCode): readonly ChangedSource[] {
  const all = ({ training, evaluation }: RunCode): Readonly<Record<string, string>> => ({
    ...evaluation.modules,
    ...evaluation.packages,
    ...training.modules,
    ...training.packages,
  });
  const trains = ({ training }: RunCode, name: string) =>
    Object.hasOwn(training.modules, name) || Object.hasOwn(training.packages, name);
  const [earlier, later] = [all(before), all(now)];
  return [...new Set([...Object.keys(earlier), ...Object.keys(later)])]
    .filter((name) => earlier[name] !== later[name])
    .sort()
    .map((name) => ({
      name,
      change: earlier[name] === undefined ? 'added' : later[name] === undefined ? 'removed' : 'changed',
      training: trains(before, name) || trains(now, name),
    }));
}
