/** `stepwise list` */
import { experiments } from '../../lib/experiments.ts';
import { presetNames } from '../../lib/pipeline/experiment.ts';
import { readResultIndex } from '../../lib/pipeline/result-index.ts';
import { openStore } from '../../lib/storage/open-store.ts';
import type { ExitCode } from '../exit-code.ts';
import type { Terminal } from '../terminal.ts';

export async function list(
  options: { readonly store: string; readonly json?: boolean },
  terminal: Terminal,
): Promise<ExitCode> {
  const index = await readResultIndex(await openStore(options.store));
  const rows = experiments.all().map(({ name, source, claim, presets }) => {
    const last = index.findLast(({ experiment }) => experiment === name);
    return {
      name,
      source,
      claim,
      presets: presetNames.filter((preset) => preset in presets),
      lastVerdict: last
        ? { outcome: last.outcome, run: last.run, preset: last.preset, finishedAt: last.finishedAt }
        : null,
    };
  });
  if (options.json) terminal.print(JSON.stringify(rows, null, 2));
  else terminal.print(rows.map(describe).join('\n\n'));
  return 0;
}

type Row = Pick<ReturnType<typeof experiments.find>, 'name' | 'source' | 'claim'> & {
  readonly presets: readonly string[];
  readonly lastVerdict: { readonly outcome: string; readonly preset: string; readonly finishedAt: string } | null;
};

function describe({ name, source, claim, presets, lastVerdict: last }: Row): string {
  return [
    name,
    `  ${claim}`,
    `  ${source.title} (arXiv ${source.arxiv}), ${source.place}`,
    `  presets: ${presets.join(', ')}`,
    `  last verdict: ${last ? `${last.outcome} (${last.preset}, ${last.finishedAt.slice(0, 10)})` : 'none yet'}`,
  ].join('\n');
}
