/**
 * The loss of neural art (Gatys, Ecker & Bethge 2015, arXiv 1508.06576, Eqs. 1–7; §3.4 of arXiv 1606.04474), for one image x
 * of H × W pixels and features F_l [M_l positions, N_l channels] of its layers:
 *
 *   f(x) = α · 1/(N M) · ‖F_c(x) − F_c(content)‖²                                    at the content layer
 *        + β · mean over style layers of 1/(4 N_l²) · ‖G_l(x) − G_l(style)‖²,        G_l = F_lᵀ F_l / M_l
 *        + γ · 1/(H W) · Σ (x[i+1, j] − x[i, j])² + (x[i, j+1] − x[i, j])²           over pixels and colours
 *
 * Where Gatys sums over positions in the content loss, this takes the mean, so that the three terms keep their balance
 * at any size of image. Gatys scales the network "such that the mean activation of each convolutional filter over images
 * and positions is equal to one"; here each layer's features are divided by their root mean square over some photographs,
 * so that a Gram matrix's trace is about N_l in every layer, however sparse its features are. Pooling takes averages, Gatys' choice too.
 *
 * The gradient is that of H·W·f: a pixel's own share, whatever the size of the image. Pixels count from 0 to 255.
 */
export interface NeuralArtWeights {
  /** α */
  readonly content: number;
  /** β */
  readonly style: number;
  /** γ */
  readonly totalVariation: number;
}

/** §2.3 of Gatys et al.: content from conv4_2, style from the first layer of every block, weighted alike. */
export const contentLayer = 'conv4_2';
export const styleLayers = ['conv1_1', 'conv2_1', 'conv3_1', 'conv4_1', 'conv5_1'] as const;

export interface NeuralArtLoss {
  /** H = W */
  readonly side: number;
  /** Divides every layer's features from now on by their root mean square over these images. Each [side, side, 3]. */
  normalize(images: readonly Float32Array[]): void;
  /** Whose content is to be met. [side, side, 3] */
  setContent(image: Float32Array): void;
  /** Whose style is to be met. [side, side, 3] */
  setStyle(image: Float32Array): void;
  /** f(image), returned, and H·W·∇f, written to `gradient`. [side, side, 3] */
  lossAndGradient(image: Float32Array, gradient: Float32Array): number;
  /** Frees memory and threads. */
  dispose(): void;
}
