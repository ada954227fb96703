/** How networks are optimised. No TensorFlow.js here, so that experiments can plan with it. */

export interface OptimizerSettings {
  /** The paper's is momentum; networks from scratch learn faster with Adam. */
  readonly rule: 'momentum' | 'adam';
  readonly learningRate: number;
  /** The rate falls as (1 − t/T) to this power; 0 leaves it as it is, DeepLab's is 0.9. */
  readonly ratePower: number;
  /** 0.9 in the paper; of Adam, the decay of its mean */
  readonly momentum: number;
  /** 5e-5 in the paper */
  readonly weightDecay: number;
  /** What the rate of the layers that make class scores is multiplied by; 10 in DeepLab, whose other layers are pretrained. */
  readonly scoreRateFactor: number;
}

/** Everything of the paper that a back-end's training has; rate and updates are of the joint training from DeepLab's weights. */
export const publishedOptimizer: OptimizerSettings = {
  rule: 'momentum',
  learningRate: 1e-5,
  ratePower: 0,
  momentum: 0.9,
  weightDecay: 5e-5,
  scoreRateFactor: 10,
};
