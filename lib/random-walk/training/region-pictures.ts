/** Photographs that people divided into regions, which affinities learn from without classes. */
import { openBsds500 } from '../../datasets/bsds500.ts';
import type { DatasetReader } from '../../datasets/dataset.ts';
import type { Picture } from '../../datasets/decode-picture.ts';
import { voidLabel } from '../../datasets/label-map.ts';
import { openLabelledPictures } from '../../datasets/labelled-pictures.ts';
import { labelBoundaries } from '../evaluation/boundary-strength.ts';

/** `voc-segmentation` has one person's classes in the place of regions. */
export const regionDatasets = ['bsds500', 'voc-segmentation'] as const;
export type RegionDataset = (typeof regionDatasets)[number];

export interface RegionPicture extends Picture {
  /** At least one. */
  readonly people: readonly {
    /** [height, width]: the same for pixels of one region; `voidLabel` where nobody knows */
    readonly labels: Uint8Array;
    /** [height, width], 1 on the boundaries that this person drew */
    readonly boundaries: Uint8Array;
  }[];
}

export interface RegionPictures {
  /** BSDS500's train and val, VOC's lists. */
  readonly names: Readonly<Record<'training' | 'validation', readonly string[]>>;
  /** Throws DatasetCorrupt, DatasetMissing, UnusablePicture. */
  read(list: 'training' | 'validation', name: string): Promise<RegionPicture>;
}

/** Throws DatasetCorrupt, DatasetMissing. */
export async function openRegionPictures(dataset: RegionDataset, reader: DatasetReader): Promise<RegionPictures> {
  if (dataset === 'bsds500') {
    const bsds = openBsds500(reader);
    const splits = { training: 'train', validation: 'val' } as const;
    return {
      names: { training: bsds.names('train'), validation: bsds.names('val') },
      async read(list, name) {
        const { width, height, rgb, people } = await bsds.picture(splits[list], name);
        return {
          ...{ width, height, rgb },
          people: people.map(({ regions, boundaries }) => ({ labels: labelsOfRegions(regions), boundaries })),
        };
      },
    };
  }
  const pictures = await openLabelledPictures(reader);
  return {
    names: pictures,
    async read(_, name) {
      const { width, height, rgb, labels } = await pictures.picture(name);
      return { width, height, rgb, people: [{ labels, boundaries: labelBoundaries({ width, height, labels }) }] };
    },
  };
}

/** The few pictures with more regions than labels know nothing of those beyond. */
function labelsOfRegions(regions: Uint16Array): Uint8Array {
  return Uint8Array.from(regions, (region) => Math.min(region, voidLabel));
}
