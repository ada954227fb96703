import type { CpuProfile } from '../../../bench/profiling/cpu-profile.ts';

/** The project's folder in the sample profiles. */
export const root = 'file:///project/';

/** `function file`, of the project where the file is no address. */
export type FrameText = `${string} ${string}`;

/** A profile of stacks, outermost frame first, each on top for so many milliseconds; it begins at 1 s of the clock. */
export function makeProfile(stacks: readonly (readonly [milliseconds: number, ...frames: FrameText[]])[]): CpuProfile {
  const nodes = [{ id: 1, callFrame: frameOf('(root) builtin'), children: [] as number[] }];
  const samples: number[] = [];
  const timeDeltas: number[] = [0];
  for (const [milliseconds, ...frames] of stacks) {
    let parent = nodes[0]!;
    for (const text of frames) {
      const node = { id: nodes.length + 1, callFrame: frameOf(text), children: [] };
      parent.children.push(node.id);
      nodes.push(node);
      parent = node;
    }
    for (let sample = 0; sample < milliseconds; sample++) {
      samples.push(parent.id);
      timeDeltas.push(1000);
    }
  }
  samples.push(1);
  return { nodes, startTime: 1e6, samples, timeDeltas };
}

export function frameOf(text: FrameText) {
  const space = text.lastIndexOf(' ');
  const functionName = text.slice(0, space);
  const file = text.slice(space + 1);
  const url = file === 'builtin' ? '' : file.includes(':') ? file : `${root}${file}`;
  const isBody = functionName === '';
  return { functionName, url, lineNumber: isBody ? 0 : 10, columnNumber: isBody ? 0 : 5 };
}
