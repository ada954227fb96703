/** Names and times as the explorer shows them. */

const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'] as const;

/** `25 Nov 2026, 00:08` in UTC, as run names and the command line have it; `–` where there is no time. */
export function formatTime(time: string | null | undefined): string {
  const parsed = new Date(time ?? Number.NaN);
  if (Number.isNaN(parsed.getTime())) return '–';
  const day = `${parsed.getUTCDate()} ${months[parsed.getUTCMonth()]} ${parsed.getUTCFullYear()}`;
  return `${day}, ${padded(parsed.getUTCHours())}:${padded(parsed.getUTCMinutes())}`;
}

/** `25 Nov 2026, 00:08 · 5a0a` of `20261125-000833-553-handwriting-laptop-5a0a`; a name of another form stays as it is. */
export function shortRunName(run: string): string {
  const match = /^(\d{4})(\d{2})(\d{2})-(\d{2})(\d{2})\d{2}-.*-([0-9a-f]{4})$/.exec(run);
  if (!match) return run;
  const [, year, month, day, hour, minute, suffix] = match;
  return `${Number(day)} ${months[Number(month) - 1] ?? month} ${year}, ${hour}:${minute} · ${suffix}`;
}

/** `image-sentence-ranking` of `layer-norm/image-sentence-ranking`. */
export function shortExperimentName(experiment: string): string {
  return experiment.slice(experiment.indexOf('/') + 1);
}

/** `validationError` → `validation error`; a metric that is written in words stays as it is. */
export function formatMetric(metric: string): string {
  if (/\s/.test(metric)) return metric;
  return metric.replaceAll(/(?<=[a-z0-9])(?=[A-Z])/g, ' ').toLowerCase();
}

function padded(value: number): string {
  return String(value).padStart(2, '0');
}
