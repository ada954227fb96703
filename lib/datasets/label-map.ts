/** One class a pixel: what annotators draw, and what a segmentation predicts. */

export interface LabelMap {
  readonly width: number;
  readonly height: number;
  /** [height, width], classes from 0, or `voidLabel` */
  readonly labels: Uint8Array;
}

/** A pixel that belongs to no class, or to one that nobody is to judge (PASCAL VOC's 255). */
export const voidLabel = 255;
