/** The methods that are compared, by the names that measurements give them, and as reports do. No network here. */
import type { BackEndKind } from '../back-ends/settings.ts';

export const refinementMethods = {
  before: 'back-end that both are trained from',
  alone: 'back-end',
  crf: 'back-end, dense CRF',
  'domain-transform': 'back-end, domain transform',
  unwalked: 'random walk network, before the walk',
  'one-step': 'random walk network, one step',
  walked: 'random walk network',
} as const;
export type RefinementMethod = keyof typeof refinementMethods;

export const backEndNames = {
  'large-fov': 'DeepLab-LargeFOV',
  attention: 'DeepLab-attention',
  'deeplab-v2': 'DeepLab-v2',
} as const satisfies Record<BackEndKind, string>;
export const backEndKinds = Object.keys(backEndNames) as readonly BackEndKind[];

/** The paper filters with a domain transform after LargeFOV alone. */
export function methodsOf(backEnd: BackEndKind): readonly RefinementMethod[] {
  const methods = Object.keys(refinementMethods) as readonly RefinementMethod[];
  return backEnd === 'large-fov' ? methods : methods.filter((method) => method !== 'domain-transform');
}

/** What is measured of a method on a back-end (or on a dataset, where that is what differs): `large-fov/crf`. */
export function subjectOf(of: string, method: RefinementMethod): string {
  return `${of}/${method}`;
}
