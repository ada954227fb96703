/** An upload as it goes: a bar in a terminal, and elsewhere a plain line. */
import type { UploadProgress } from '../lib/datasets/store-dataset.ts';
import { formatSeconds } from '../lib/report/format-numbers.ts';
import { cut, openProgressView, type ProgressView } from './progress-view.ts';
import type { Terminal } from './terminal.ts';

const barWidth = 24;

/** `now`: milliseconds, as the throttle and the pace count them. */
export function openUploadView(terminal: Terminal, now: () => number): ProgressView<UploadProgress> {
  const startedAt = now();
  const render = (progress: UploadProgress) => renderUpload(progress, (now() - startedAt) / 1000);
  return openProgressView(terminal, now, {
    lines: (progress, columns) => [cut(`${renderBar(progress)} ${render(progress)}`, columns - 1)],
    plain: (progress) => `upload ${render(progress)}`,
  });
}

/** `412/10000 files, 1.2 MB of 30.1 MB, 0.4 MB/s, about 12 s left` */
export function renderUpload({ files, allFiles, bytes, allBytes }: UploadProgress, seconds: number): string {
  const counts = `${files}/${allFiles} files, ${formatBytes(bytes)} of ${formatBytes(allBytes)}`;
  if (seconds < 1 || bytes === 0) return counts;
  const pace = `${formatBytes(bytes / seconds)}/s`;
  if (files === allFiles) return `${counts}, ${pace}`;
  // Small files cost a request each, large ones their bytes: whichever has come less far says how long it takes.
  const share = Math.min(files / allFiles, bytes / allBytes);
  return `${counts}, ${pace}${share > 0 ? `, about ${formatSeconds((seconds * (1 - share)) / share)} left` : ''}`;
}

function renderBar({ files, allFiles, bytes, allBytes }: UploadProgress): string {
  const share = (files / allFiles + (allBytes === 0 ? 1 : bytes / allBytes)) / 2;
  const filled = Math.round(share * barWidth);
  return `${'█'.repeat(filled)}${'░'.repeat(barWidth - filled)}`;
}

/** Decimal units: `512 B`, `1.2 MB`. */
export function formatBytes(bytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB'] as const;
  let value = bytes;
  let unit = 0;
  while (value >= 999.5 && unit < units.length - 1) {
    value /= 1000;
    unit++;
  }
  return `${unit === 0 || value >= 99.95 ? value.toFixed(0) : value.toFixed(1)} ${units[unit]}`;
}
