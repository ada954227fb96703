/**
 * Draws a synthesised definition as SVG: the way through it from left to right, a skipped map as an arc above it, and
 * below it the way of everything that fails. Not a layout for any state machine, but it refuses what it cannot draw.
 */

export interface DiagramState {
  readonly Type: string;
  readonly Next?: string;
  readonly Default?: string;
  readonly Resource?: string;
  readonly Choices?: readonly {
    readonly Next: string;
    readonly Variable: string;
    readonly NumericGreaterThan?: number;
  }[];
  readonly Catch?: readonly { readonly Next: string }[];
  readonly Retry?: readonly object[];
  readonly MaxConcurrency?: number;
  readonly ItemProcessor?: {
    readonly ProcessorConfig: { readonly ExecutionType: string };
    readonly StartAt: string;
    readonly States: Readonly<Record<string, DiagramState>>;
  };
}

export interface DiagramDefinition {
  readonly StartAt: string;
  readonly States: Readonly<Record<string, DiagramState>>;
}

interface Box {
  readonly name: string;
  readonly state: DiagramState;
  /** Centre. */
  readonly x: number;
  readonly width: number;
  readonly height: number;
}

const margin = 20;
const gap = 34;
/** Height of the row's axis. */
const rowY = 118;
const errorY = 268;
const busY = 212;
const sizes: Readonly<Record<string, readonly [width: number, height: number]>> = {
  Task: [96, 52],
  Choice: [104, 72],
  Map: [166, 130],
  Succeed: [30, 30],
};

export function drawStateMachine(definition: DiagramDefinition): string {
  const boxes = layOut(definition);
  const errorPath = findErrorPath(definition);
  const drawn = new Set([...boxes.map(({ name }) => name), ...errorPath]);
  const forgotten = Object.keys(definition.States).filter((name) => !drawn.has(name));
  if (forgotten.length > 0) throw new Error(`The diagram has no place for the states ${forgotten.join(', ')}.`);
  const last = boxes.at(-1)!;
  const width = last.x + last.width / 2 + margin;
  const height = errorY + 60;
  const description = `The way through is ${boxes.map(({ name }) => name).join(', ')}; any error leads to ${errorPath.join(', ')}.`;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-labelledby="title description">`,
    '<title id="title">The state machine</title>',
    `<desc id="description">${escapeText(description)}</desc>`,
    `<style>${style}</style>`,
    '<defs><marker id="arrow" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto-start-reverse"><path class="head" d="M0 0 8 4 0 8z"/></marker>',
    '<marker id="error-arrow" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto-start-reverse"><path class="error-head" d="M0 0 8 4 0 8z"/></marker></defs>',
    `<rect class="ground" x="0.5" y="0.5" width="${width - 1}" height="${height - 1}" rx="10"/>`,
    ...boxes.slice(1).map((box, index) => drawArrow(boxes[index]!, box)),
    ...boxes.flatMap((box) => drawSkip(box, boxes)),
    ...drawErrorPath(errorPath, definition, boxes),
    ...boxes.map(drawBox),
    `<text class="small" x="${margin}" y="${height - 16}">↻ tried again by error name, with jitter</text>`,
    '</svg>\n',
  ].join('\n');
}

/** The states from StartAt on, by Next; a Choice goes on with what it chooses first. */
function layOut({ StartAt, States }: DiagramDefinition): readonly Box[] {
  const boxes: Box[] = [];
  let left = margin;
  for (let name: string | undefined = StartAt; name !== undefined; ) {
    const state: DiagramState = States[name]!;
    const size = sizes[state.Type];
    if (!size) throw new Error(`The diagram cannot draw a state of type ${state.Type}: ${name}.`);
    const [width, height] = size;
    boxes.push({ name, state, x: left + width / 2, width, height });
    left += width + gap;
    name = state.Choices?.[0]?.Next ?? state.Next;
  }
  return boxes;
}

/** The states that everything that fails goes through. */
function findErrorPath({ States }: DiagramDefinition): readonly string[] {
  const path: string[] = [];
  let name = Object.values(States).find((state) => state.Catch)?.Catch?.[0]?.Next;
  while (name !== undefined) {
    path.push(name);
    name = States[name]!.Next;
  }
  return path;
}

function drawArrow(from: Box, to: Box): string {
  const label = from.state.Type === 'Choice' ? text('edge', from.x + from.width / 2 + gap / 2, rowY - 8, 'yes') : '';
  return `<path class="edge-line" d="M${from.x + from.width / 2} ${rowY}H${to.x - to.width / 2 - 2}" marker-end="url(#arrow)"/>${label}`;
}

/** A Choice's other way, over the heads of what it leaves out. */
function drawSkip({ state, x, height }: Box, boxes: readonly Box[]): readonly string[] {
  const target = boxes.find(({ name }) => name === state.Default);
  if (!target) return [];
  const top = 30;
  const end = rowY - target.height / 2 - 2;
  const path = `M${x} ${rowY - height / 2}V${top + 10}q0 -10 10 -10H${target.x - 10}q10 0 10 10V${end}`;
  return [`<path class="edge-line" d="${path}" marker-end="url(#arrow)"/>`, text('edge', x + 14, top - 6, 'no')];
}

function drawErrorPath(
  path: readonly string[],
  { States }: DiagramDefinition,
  boxes: readonly Box[],
): readonly string[] {
  const catching = boxes.filter(({ state }) => state.Catch);
  if (path.length === 0 || catching.length === 0) return [];
  const first = catching[0]!.x;
  const last = catching.at(-1)!.x;
  const start = (first + last) / 2 - 90;
  const drops = catching.map(({ x, height }) => `M${x} ${rowY + height / 2}V${busY}`).join('');
  const lines = [
    `<path class="error-line" d="${drops}M${first} ${busY}H${last}"/>`,
    `<path class="error-line" d="M${start} ${busY}V${errorY - 28}" marker-end="url(#error-arrow)"/>`,
    text('edge', start + 10, busY + 19, 'any other error', 'start'),
  ];
  const nodes = path.map((name, index) => {
    const x = start + index * 190;
    const isEnd = States[name]!.Type === 'Fail';
    const arrow =
      index === 0
        ? ''
        : `<path class="error-line solid" d="M${x - 190 + 68} ${errorY}H${x - 50}" marker-end="url(#error-arrow)"/>`;
    const width = isEnd ? 92 : 136;
    return [
      arrow,
      `<rect class="error-box" x="${x - width / 2}" y="${errorY - 26}" width="${width}" height="52" rx="${isEnd ? 26 : 8}"/>`,
      isEnd ? text('name', x, errorY + 5, name) : label(x, errorY, name, 'Lambda'),
      States[name]!.Retry ? text('small', x + width / 2 - 10, errorY - 12, '↻') : '',
    ].join('');
  });
  return [...lines, ...nodes];
}

function drawBox(box: Box): string {
  const { name, state, x, width, height } = box;
  const left = x - width / 2;
  const top = rowY - height / 2;
  if (state.Type === 'Succeed') {
    return `<g><circle class="end" cx="${x}" cy="${rowY}" r="${width / 2}"/><path class="tick" d="M${x - 7} ${rowY}l5 5 9 -10"/><title>${escapeText(name)}</title></g>`;
  }
  const again = state.Retry ? text('small', left + width - 10, top + 15, '↻') : '';
  if (state.Type === 'Choice') {
    const [choice] = state.Choices!;
    const points = `${left},${rowY} ${x},${top} ${left + width},${rowY} ${x},${top + height}`;
    // 'Anything to train?' in two lines fits where one does not.
    const [one = '', ...rest] = name.split(' ');
    const rule = `${choice!.Variable.slice(2)} > ${choice!.NumericGreaterThan}`;
    return `<g><polygon class="choice" points="${points}"/>${text('name', x, rowY - 3, one)}${text('name', x, rowY + 13, rest.join(' '))}${text('small', x, top + height + 16, rule)}</g>`;
  }
  if (state.Type === 'Map') {
    const { ProcessorConfig, StartAt, States } = state.ItemProcessor!;
    const inner = describeTask(States[StartAt]!);
    const size = `${ProcessorConfig.ExecutionType.toLowerCase()}, at most ${state.MaxConcurrency} at once`;
    return [
      `<g><rect class="map shadow" x="${left + 5}" y="${top - 5}" width="${width}" height="${height}" rx="10"/>`,
      `<rect class="map" x="${left}" y="${top}" width="${width}" height="${height}" rx="10"/>`,
      `${text('name', x, top + 22, name)}${text('small', x, top + 38, 'Distributed Map')}${again}`,
      `<rect class="task" x="${x - 64}" y="${top + 48}" width="128" height="48" rx="8"/>`,
      `${label(x, top + 72, StartAt, inner)}${States[StartAt]!.Retry ? text('small', x + 54, top + 61, '↻') : ''}`,
      `${text('small', x, top + 115, size)}</g>`,
    ].join('');
  }
  return `<g><rect class="task" x="${left}" y="${top}" width="${width}" height="${height}" rx="8"/>${label(x, rowY, name, describeTask(state))}${again}</g>`;
}

function describeTask({ Resource = '' }: DiagramState): string {
  return Resource.includes('batch:submitJob') ? 'Batch job on a GPU' : 'Lambda';
}

function label(x: number, y: number, name: string, kind: string): string {
  return text('name', x, y - 1, name) + text('small', x, y + 15, kind);
}

function text(className: string, x: number, y: number, content: string, anchor?: 'start'): string {
  const start = anchor ?? (className === 'edge' && content === 'no' ? 'start' : undefined);
  return `<text class="${className}${start ? '' : ' middle'}" x="${x}" y="${y}">${escapeText(content)}</text>`;
}

function escapeText(content: string): string {
  return content.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}

/** Light and dark, as the page around it is. */
const style = [
  'text{font-family:system-ui,-apple-system,"Segoe UI",Helvetica,Arial,sans-serif;fill:#1f2328}',
  '.name{font-size:14px;font-weight:600}.small,.edge{font-size:11.5px;fill:#59636e}.middle{text-anchor:middle}',
  '.ground{fill:#fff;stroke:#d1d9e0}.task{fill:#eef6ff;stroke:#4493f8}.choice{fill:#fff8e5;stroke:#bf8700}',
  '.map{fill:#f6f8fa;stroke:#818b98}.shadow{opacity:.55}.end{fill:#dafbe1;stroke:#1a7f37}',
  '.tick{fill:none;stroke:#1a7f37;stroke-width:2.5}.edge-line{fill:none;stroke:#59636e;stroke-width:1.5}.head{fill:#59636e}',
  '.error-line{fill:none;stroke:#cf222e;stroke-width:1.3;stroke-dasharray:4 3}.solid{stroke-dasharray:none}',
  '.error-box{fill:#ffebe9;stroke:#cf222e}.error-head{fill:#cf222e}',
  '@media(prefers-color-scheme:dark){text{fill:#f0f6fc}.small,.edge{fill:#9198a1}.ground{fill:#0d1117;stroke:#3d444d}',
  '.task{fill:#121d2f}.choice{fill:#272115}.map{fill:#151b23;stroke:#656c76}.end{fill:#12261e}.edge-line{stroke:#9198a1}',
  '.head{fill:#9198a1}.error-box{fill:#25171c}}',
].join('');
