/** How work is put together into batches, for Plan and for whoever estimates what Plan will do. */
/** A Distributed Map's item costs a state transition or two, a Lambda its start: small evaluations travel together. */
export const evaluationsABatch = 8;

/** Trials of one group together, in the place of the group's first; every other trial alone. */
export function groupTrials<T>(
  trials: readonly T[],
  trialOf: (planned: T) => { readonly name: string; readonly group?: string | undefined },
): readonly T[][] {
  const batches = new Map<string, T[]>();
  for (const planned of trials) {
    const { name, group } = trialOf(planned);
    const key = group === undefined ? `trial ${name}` : `group ${group}`;
    const batch = batches.get(key);
    if (batch) batch.push(planned);
    else batches.set(key, [planned]);
  }
  return [...batches.values()];
}
