/**
 * Photographs with a class for every pixel in the layout of PASCAL VOC: `JPEGImages/NAME.jpg`, `SegmentationClass/NAME.png` (indices
 * of a palette, 255 void), `ImageSets/Segmentation/{train,val}.txt`. VOC 2012 is one (Everingham et al. 2010); CamVid (Brostow et al.
 * 2009) and anyone's own are others, with the names of their classes in `classes.txt`, one a line.
 */
import { join } from 'node:path';
import { DatasetCorrupt } from './errors.ts';
import type { DatasetImporter } from './importer.ts';
import { checkDisjoint, checkLabelledFolder, readNameList } from './labelled-folder.ts';
import { findSourceFile, kindOfPath, readSourceFile } from './source-files.ts';
import { makeLabelledScenes } from './stand-ins/labelled-scenes.ts';
import { atLine, decodeLines } from './text-lines.ts';

/** VOC's, in the order of its indices. */
export const vocClasses: readonly string[] = [
  'background',
  'aeroplane',
  'bicycle',
  'bird',
  'boat',
  'bottle',
  'bus',
  'car',
  'cat',
  'chair',
  'cow',
  'diningtable',
  'dog',
  'horse',
  'motorbike',
  'person',
  'pottedplant',
  'sheep',
  'sofa',
  'train',
  'tvmonitor',
];

export const vocSegmentationImporter: DatasetImporter = {
  name: 'voc-segmentation',
  // `VOCdevkit/VOC2012` is where the owners' archive unpacks to.
  ownerFolderNames: ['voc-segmentation', 'VOCdevkit/VOC2012', 'VOC2012', 'camvid-voc', 'camvid'],
  makeStandIn: () => makeLabelledScenes(),

  async read(folder) {
    const dataset = 'voc-segmentation';
    const list = (split: string) => readNameList(dataset, join(folder, 'ImageSets/Segmentation'), [`${split}.txt`]);
    const [training, validation] = [await list('train'), await list('val')];
    checkDisjoint(training, validation, join(folder, 'ImageSets/Segmentation/val.txt'));
    const classNames = await readClassNames(dataset, folder);
    const isVoc = isVoc2012(classNames, training, validation);
    const counts = `${training.length} photographs to train on and ${validation.length} to validate on, ${classNames.length} classes`;
    return checkLabelledFolder({
      dataset,
      folder,
      // No checksums of it are published: known by its classes, and by the number and the form of the names in its lists.
      origin: isVoc ? 'paper (re-encoded)' : 'stand-in',
      description: isVoc
        ? `PASCAL VOC 2012 by its lists: ${counts}.`
        : `Photographs in PASCAL VOC’s layout: ${counts} (${classNames.slice(0, 12).join(', ')}).`,
      photographs: 'JPEGImages',
      labels: 'SegmentationClass',
      labelFormat: 'png',
      classNames,
      training,
      validation,
    });
  },
};

function isVoc2012(classNames: readonly string[], training: readonly string[], validation: readonly string[]): boolean {
  return (
    classNames === vocClasses &&
    training.length === 1464 &&
    validation.length === 1449 &&
    [...training, ...validation].every((name) => /^20(07|08|09|10|11)_\d{6}$/.test(name))
  );
}

/** Of `classes.txt`, else VOC's. Throws DatasetCorrupt. */
async function readClassNames(dataset: string, folder: string): Promise<readonly string[]> {
  if (!(await kindOfPath(dataset, join(folder, 'classes.txt')))) return vocClasses;
  const source = await findSourceFile(dataset, folder, ['classes.txt']);
  const names: string[] = [];
  for (const { number, text } of decodeLines(await readSourceFile(source, 1_000_000), source.path)) {
    const name = text.trim();
    if (name === '') continue;
    if (names.includes(name)) {
      throw new DatasetCorrupt(atLine(source.path, number), `the class '${name}' comes a second time`);
    }
    names.push(name);
  }
  if (names.length < 2 || names.length > 255) {
    throw new DatasetCorrupt(
      source.path,
      `there must be 2 to 255 classes (255 is void), one a line, and there are ${names.length}`,
    );
  }
  return names;
}
