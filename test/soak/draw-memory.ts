/** The memory of a process over time, as a picture. */
import { standaloneColours } from '../../lib/report/chart-theme.ts';
import { renderChart } from '../../lib/report/render-chart.ts';

export interface MemorySample {
  readonly minutes: number;
  /** Resident set, 10⁶ bytes. */
  readonly megabytes: number;
}

/** @param of what, as in `Memory of …` */
export function drawMemory(samples: readonly MemorySample[], of: string): Promise<string> {
  const spec = {
    title: `Memory of ${of}`,
    width: 640,
    height: 240,
    data: { values: [...samples] },
    mark: { type: 'line', strokeWidth: 1.5 },
    encoding: {
      x: { field: 'minutes', type: 'quantitative', title: 'minutes' },
      y: { field: 'megabytes', type: 'quantitative', title: 'resident set, MB', scale: { zero: true } },
    },
  };
  return renderChart(spec, { title: 'memory', colours: standaloneColours });
}
