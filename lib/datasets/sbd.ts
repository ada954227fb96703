/**
 * SBD, the Semantic Boundaries Dataset (Hariharan et al. 2011), with which the paper trains: VOC's classes on 8,498 + 2,857 photographs
 * (the paper says 8,055 + 2,857). As its owners' archive unpacks: `img/NAME.jpg`, `cls/NAME.mat` with `GTcls.Segmentation`,
 * `train.txt`, `val.txt`.
 */
import { join } from 'node:path';
import type { DatasetImporter } from './importer.ts';
import { checkDisjoint, checkLabelledFolder, readNameList } from './labelled-folder.ts';
import { vocClasses } from './voc-segmentation.ts';

export const sbdImporter: DatasetImporter = {
  name: 'sbd',
  ownerFolderNames: ['sbd', 'benchmark_RELEASE/dataset', 'SBD/dataset', 'SBD'],
  async read(folder) {
    const training = await readNameList('sbd', folder, ['train.txt']);
    const validation = await readNameList('sbd', folder, ['val.txt']);
    checkDisjoint(training, validation, join(folder, 'val.txt'));
    const complete = training.length === 8498 && validation.length === 2857;
    return checkLabelledFolder({
      dataset: 'sbd',
      folder,
      // No checksums of it are published: known by the number of photographs.
      origin: complete ? 'paper (re-encoded)' : 'stand-in',
      description: `SBD: ${training.length} photographs to train on and ${validation.length} to validate on, VOC’s ${vocClasses.length} classes.`,
      photographs: 'img',
      labels: 'cls',
      labelFormat: 'sbd',
      classNames: vocClasses,
      training,
      validation,
    });
  },
};
