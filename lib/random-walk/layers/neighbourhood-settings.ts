/** What both layers take to say which pixels are neighbours; the two must agree. */

import { InvalidLayerSetting } from '../../tensorflow-layers/errors.ts';
import type { LayerArgs } from '../../tensorflow-layers/layer-arguments.ts';
import { InvalidWalkSetting } from '../errors.ts';
import { createNeighbourhood, type Neighbourhood, type NeighbourhoodShape } from '../neighbourhood.ts';

export interface NeighbourhoodArgs extends LayerArgs {
  /** R; 5 by default. The paper trains with 40, on the smaller image that fc8 sees. */
  readonly radius?: number;
  /** `disc` by default. */
  readonly neighbourhood?: NeighbourhoodShape;
}

export function readNeighbourhood(layer: string, args: NeighbourhoodArgs): Neighbourhood {
  try {
    return createNeighbourhood(args.radius ?? 5, args.neighbourhood ?? 'disc');
  } catch (error) {
    if (error instanceof InvalidWalkSetting) throw new InvalidLayerSetting(layer, error.message);
    throw error;
  }
}
