/**
 * SIFT Flow (Liu, Yuen and Torralba 2009; Table 5): 2,688 photographs of 256 × 256 pixels in 33 classes, 200 of them to test on. As it is
 * handed on: `Images/FOLDER/NAME.jpg`, `SemanticLabels/FOLDER/NAME.mat` (variable `S`, classes from 1, 0 is void), `TestSet1.txt`.
 */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { DatasetCorrupt, DatasetMissing } from './errors.ts';
import type { DatasetImporter } from './importer.ts';
import { checkLabelledFolder } from './labelled-folder.ts';
import { findSourceFile, kindOfPath, readSourceFile } from './source-files.ts';
import { makeLabelledScenes } from './stand-ins/labelled-scenes.ts';
import { atLine, decodeLines } from './text-lines.ts';

const pictures = 'spatial_envelope_256x256_static_8outdoorcategories';

/** In the order of the label files' `names`. */
export const siftFlowClasses: readonly string[] =
  'awning balcony bird boat bridge building bus car cow crosswalk desert door fence field grass moon mountain person plant pole river road rock sand sea sidewalk sign sky staircase streetlight sun tree window'.split(
    ' ',
  );

export const siftFlowImporter: DatasetImporter = {
  name: 'sift-flow',
  ownerFolderNames: ['sift-flow', 'SiftFlowDataset', 'SIFTflow'],
  makeStandIn: () => makeLabelledScenes(200),
  async read(folder) {
    const photographs = join('Images', pictures);
    if ((await kindOfPath('sift-flow', join(folder, photographs))) !== 'folder') {
      throw new DatasetMissing('sift-flow', `${folder} has no folder ${photographs}`);
    }
    const names = (await readdir(join(folder, photographs)))
      .filter((name) => name.endsWith('.jpg'))
      .map((name) => name.slice(0, -4))
      .sort();
    const validation = await readTestSet(folder, new Set(names));
    const tested = new Set(validation);
    const complete = names.length === 2688 && validation.length === 200;
    return checkLabelledFolder({
      dataset: 'sift-flow',
      folder,
      // No checksums of it are published: known by the number of photographs.
      origin: complete ? 'paper (re-encoded)' : 'stand-in',
      description: `SIFT Flow: ${names.length - tested.size} photographs to train on and ${tested.size} to test on, ${siftFlowClasses.length} classes.`,
      photographs,
      labels: join('SemanticLabels', pictures),
      labelFormat: 'sift-flow',
      classNames: siftFlowClasses,
      training: names.filter((name) => !tested.has(name)),
      validation,
    });
  },
};

/** Lines of `FOLDER\NAME.jpg`, with whichever slash. Throws DatasetCorrupt for a picture that is not there. */
async function readTestSet(folder: string, known: ReadonlySet<string>): Promise<readonly string[]> {
  const source = await findSourceFile('sift-flow', folder, ['TestSet1.txt', 'test.txt']);
  const names = new Set<string>();
  for (const { number, text } of decodeLines(await readSourceFile(source, 1_000_000), source.path)) {
    if (text.trim() === '') continue;
    const name = text
      .trim()
      .split(/[\\/]/)
      .at(-1)!
      .replace(/\.(jpg|mat)$/, '');
    if (!known.has(name) || names.has(name)) {
      const problem = names.has(name) ? 'comes a second time' : `is no photograph in Images/${pictures}`;
      throw new DatasetCorrupt(atLine(source.path, number), `'${name.slice(0, 60)}' ${problem}`);
    }
    names.add(name);
  }
  return [...names];
}
