/** V8's sampling profile, as `node --cpu-prof` writes it: only what is read here. */

export interface CallFrame {
  readonly functionName: string;
  /** `file:///…`, `node:fs`, `wasm://wasm/…`; empty for what is built into V8. */
  readonly url: string;
  readonly lineNumber: number;
  readonly columnNumber: number;
}

export interface ProfileNode {
  readonly id: number;
  readonly callFrame: CallFrame;
  readonly children?: readonly number[];
}

export interface CpuProfile {
  readonly nodes: readonly ProfileNode[];
  /** Microseconds of the system's monotonic clock: the one that `process.hrtime` reads. */
  readonly startTime: number;
  /** The node on top of the stack at each sample. */
  readonly samples: readonly number[];
  /** Microseconds from the sample before, or from the start, to each sample. */
  readonly timeDeltas: readonly number[];
}

/** Microseconds of the monotonic clock. */
export interface Span {
  readonly from: number;
  readonly to: number;
}

export const always: Span = { from: Number.NEGATIVE_INFINITY, to: Number.POSITIVE_INFINITY };

/** A frame and those that called it, the nearest first. */
export interface Stack {
  readonly frame: CallFrame;
  readonly callers: readonly CallFrame[];
}

/** The self time in seconds of every stack that was on top within the span: a sample stands for the time until the next. */
export function selfTimes(profile: CpuProfile, { from, to }: Span = always): ReadonlyMap<Stack, number> {
  const { samples, timeDeltas } = profile;
  const seconds = new Map<number, number>();
  let at = profile.startTime;
  samples.forEach((node, index) => {
    at += timeDeltas[index]!;
    const lasted = Math.max(0, timeDeltas[index + 1] ?? 0);
    if (at >= from && at < to && lasted > 0) seconds.set(node, (seconds.get(node) ?? 0) + lasted / 1e6);
  });
  const stacks = stacksOf(profile);
  return new Map([...seconds].map(([node, time]) => [stacks.get(node)!, time]));
}

function stacksOf({ nodes }: CpuProfile): ReadonlyMap<number, Stack> {
  const byId = new Map(nodes.map((node) => [node.id, node]));
  const parents = new Map(nodes.flatMap(({ id, children = [] }) => children.map((child) => [child, id] as const)));
  const stackOf = ({ id, callFrame }: ProfileNode): Stack => {
    const callers: CallFrame[] = [];
    for (let parent = parents.get(id); parent !== undefined; parent = parents.get(parent))
      callers.push(byId.get(parent)!.callFrame);
    return { frame: callFrame, callers };
  };
  return new Map(nodes.map((node) => [node.id, stackOf(node)]));
}
