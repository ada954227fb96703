/** The networks that `draw` compares: with and without normalization, from weights of one deviation or another. */
import type { DrawSettings } from '../models/draw-parameters.ts';

export type DrawVariant = DrawSettings['normalization'];
/** What the paper proposes first. */
export const drawVariants = ['layer', 'none'] as const satisfies readonly DrawVariant[];

export interface DrawSubject {
  /** The subject of its measurements: `deviation-0.01/layer` */
  readonly subject: string;
  readonly normalization: DrawVariant;
  readonly initialDeviation: number;
}

export function subjectOf(initialDeviation: number, normalization: DrawVariant): string {
  return `deviation-${initialDeviation}/${normalization}`;
}

export function listSubjects({
  initialDeviations,
}: {
  readonly initialDeviations: readonly number[];
}): readonly DrawSubject[] {
  return initialDeviations.flatMap((initialDeviation) =>
    drawVariants.map((normalization) => ({
      ...{ subject: subjectOf(initialDeviation, normalization), normalization, initialDeviation },
    })),
  );
}
