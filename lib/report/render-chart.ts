/** From a Vega-Lite specification to an SVG picture: no browser, no canvas, no request, the same bytes every time. */
import type { LoggerInterface } from 'vega';
import type { TopLevelSpec } from 'vega-lite';
import { type ChartColours, chartConfig, inlineColours } from './chart-theme.ts';
import { InvalidChart } from './errors.ts';
import { replaceControls } from './html.ts';
import { measureText } from './measure-text.ts';

export interface ChartOptions {
  /** For messages. */
  readonly title?: string;
  /** `inlineColours` where absent; `standaloneColours` for a file of its own. */
  readonly colours?: ChartColours;
}

/** Throws InvalidChart where the specification does not compile, is incomplete or wants data from elsewhere. */
export async function renderChart(
  spec: Readonly<Record<string, unknown>>,
  { title = 'untitled', colours = inlineColours }: ChartOptions = {},
): Promise<string> {
  const { vega, vegaLite } = await loadVega();
  const problems: string[] = [];
  const logger = collectProblems(problems);
  const config = mergeConfig(chartConfig(colours), (spec.config ?? {}) as Record<string, unknown>);
  let view: InstanceType<typeof vega.View> | undefined;
  try {
    const compiled = vegaLite.compile({ ...spec, config } as unknown as TopLevelSpec, { logger });
    view = new vega.View(vega.parse(compiled.spec), { renderer: 'none', loader: refuseLoading(problems), logger });
    await view.runAsync();
    const svg = await view.toSVG();
    if (problems.length > 0) throw new Error(problems[0]);
    return renumberIds(replaceControls(svg));
  } catch (cause) {
    const problem = cause instanceof Error ? cause.message : String(cause);
    throw new InvalidChart(title, problem.replace(/\.$/, ''), { cause });
  } finally {
    view?.finalize();
  }
}

/** Vega counts clips and gradients through the whole process: two charts on one page need names of their own. */
export function prefixIds(svg: string, prefix: string): string {
  return svg.replaceAll(/(\bid="|url\(#)((?:clip|gradient_)\d+)/g, `$1${prefix}$2`);
}

function renumberIds(svg: string): string {
  const numbers = new Map<string, number>();
  return svg.replaceAll(/(\bid="|url\(#)(clip|gradient_)(\d+)/g, (_, before: string, kind: string, number: string) => {
    const name = kind + number;
    if (!numbers.has(name)) numbers.set(name, numbers.size + 1);
    return `${before}${kind}${numbers.get(name)}`;
  });
}

/** Loaded only where something is drawn: it takes longer to load than all else that a command needs. */
async function loadVega() {
  const [vega, vegaLite] = await Promise.all([import('vega'), import('vega-lite')]);
  // Typed as read-only by nobody and not at all by Vega: it is how vl-convert replaces the estimate, too.
  const metrics = (vega as unknown as { textMetrics: TextMetrics }).textMetrics;
  metrics.width = measureItem;
  return { vega, vegaLite };
}

interface TextMetrics {
  width(item: TextItem, text: unknown): number;
}

interface TextItem {
  readonly fontSize?: number;
  readonly fontWeight?: string | number;
  readonly limit?: number;
}

function measureItem(item: TextItem, text: unknown): number {
  const bold = item.fontWeight === 'bold' || Number(item.fontWeight) >= 600;
  return measureText(text === null || text === undefined ? '' : String(text), item.fontSize ?? 11, bold);
}

/** Vega goes on with an empty chart where loading fails, so the refusal is noted, too. */
function refuseLoading(problems: string[]) {
  const refuse = async (uri: string): Promise<never> => {
    const problem = `it wants ${uri}, and nothing is loaded while drawing`;
    problems.push(problem);
    throw new Error(problem);
  };
  return { load: refuse, sanitize: refuse, http: refuse, file: refuse, options: {} } as never;
}

/** A specification's own config wins, block by block. */
function mergeConfig(base: Record<string, unknown>, own: Record<string, unknown>): Record<string, unknown> {
  const merged: Record<string, unknown> = { ...base };
  for (const [key, value] of Object.entries(own)) {
    const below = base[key];
    merged[key] = isBlock(below) && isBlock(value) ? { ...below, ...value } : value;
  }
  return merged;
}

function isBlock(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** A dropped field is a chart that does not show what it says; only errors are kept, warnings are for authors. */
function collectProblems(problems: string[]): LoggerInterface {
  const logger: LoggerInterface = {
    level: (() => logger) as LoggerInterface['level'],
    error(...parts: readonly unknown[]) {
      problems.push(parts.map(String).join(' '));
      return logger;
    },
    warn: () => logger,
    info: () => logger,
    debug: () => logger,
  };
  return logger;
}
