/** What is compared: ways to show the optimizer a gradient (appendix A), and weights of its losses (§2). */
import type { MetaTrainingSettings } from '../meta-training.ts';
import type { NetworkSettings } from '../optimizer-network.ts';

export interface Variant {
  /** `log-sign`, `scale-1`, `final-step`: in names of trials, and the subject of measurements. */
  readonly name: string;
  readonly label: string;
  readonly preprocessing: NetworkSettings['preprocessing'];
  readonly lossWeights: MetaTrainingSettings['lossWeights'];
}

export const logSign = 'log-sign';
export const rawGradient = 'scale-1';
export const finalStep = 'final-step';

export function listVariants({
  preprocessingP,
  inputScales,
}: {
  readonly preprocessingP: number;
  readonly inputScales: readonly number[];
}): readonly Variant[] {
  const appendixA = { kind: 'log-sign', p: preprocessingP } as const;
  return [
    { name: logSign, label: 'log and sign', preprocessing: appendixA, lossWeights: 'every-step' },
    ...inputScales.map(
      (scale): Variant => ({
        name: `scale-${scale}`,
        label: scale === 1 ? 'raw gradient' : `${scale} × gradient`,
        preprocessing: { kind: 'identity', scale },
        lossWeights: 'every-step',
      }),
    ),
    { name: finalStep, label: 'log and sign, last step only', preprocessing: appendixA, lossWeights: 'final-step' },
  ];
}
