/** Names of runs. In a file of its own, because the functions that start runs carry nothing else of their records. */

/** `20261124-080612-317-mnist-laptop-4f1a`: sorts by time, reads by itself, unique by its end. */
export function newRunName(experiment: string, preset: string, at: Date, end: string): string {
  const time = at.toISOString().replaceAll(/[-:]/g, '').replace('T', '-').replace('.', '-').replace('Z', '');
  const short = experiment.split('/').at(-1)!.slice(0, 40);
  return `${time}-${short}-${preset}-${end}`;
}
