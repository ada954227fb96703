/** A photo, and its segments after a random walk beside it. */
import { useEffect, useRef, useState } from 'preact/hooks';
import { useTask } from '../hooks.ts';
import { makeProbabilities } from './made-probabilities.ts';
import { type Refinement, refineSegments } from './requests.ts';
import { TaskResult } from './task-result.tsx';

/** The photo is shrunk here, before it is sent: the walk takes seconds for each megapixel. */
const longestSide = 320;
/** Of the coarse picture that probabilities are made of: every eighth pixel, as networks have it. */
const coarse = 8;

const backEnds = [
  { name: '', label: 'none: by colour, made here' },
  { name: 'large-fov', label: 'LargeFOV, as trained' },
  { name: 'attention', label: 'LargeFOV with attention, as trained' },
  { name: 'deeplab-v2', label: 'DeepLab-v2, as trained' },
] as const;

interface Photo {
  readonly canvas: HTMLCanvasElement;
  readonly base64: string;
}

interface Refined extends Refinement {
  readonly photo: HTMLCanvasElement;
  readonly segments: HTMLCanvasElement;
  readonly present: readonly number[];
}

export function SegmentationTrial() {
  const [file, setFile] = useState<File>();
  const [backEnd, setBackEnd] = useState('');
  const [classes, setClasses] = useState(4);
  const [task, refine] = useTask(async (input: { file: File; backEnd: string; classes: number }, signal) => {
    const photo = await readPhoto(input.file);
    const request =
      input.backEnd === ''
        ? { image: photo.base64, probabilities: probabilitiesOf(photo.canvas, input.classes) }
        : { image: photo.base64, backEnd: input.backEnd };
    return paint(await refineSegments(request, signal), photo.canvas);
  });
  return (
    <>
      <p class="lead">
        Coarse segments follow the photo’s edges after a random walk over its pixels. The photo goes to this server and
        nowhere else, and is not kept.
      </p>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          if (file) refine({ file, backEnd, classes });
        }}
      >
        <div class="field">
          <label for="photo">Photo, PNG or JPEG</label>
          <input
            id="photo"
            type="file"
            required
            accept="image/png,image/jpeg"
            onChange={(event) => setFile(event.currentTarget.files?.[0])}
          />
        </div>
        <div class="controls">
          <label for="back-end">Back-end</label>
          <select id="back-end" value={backEnd} onChange={(event) => setBackEnd(event.currentTarget.value)}>
            {backEnds.map(({ name, label }) => (
              <option key={name} value={name}>
                {label}
              </option>
            ))}
          </select>
          {backEnd === '' && (
            <>
              <label for="classes">Segments</label>
              <input
                id="classes"
                type="number"
                min={2}
                max={8}
                value={classes}
                onInput={(event) => setClasses(event.currentTarget.valueAsNumber)}
              />
            </>
          )}
        </div>
        <div class="actions">
          <button type="submit" class="button" disabled={!file}>
            Refine
          </button>
        </div>
      </form>
      <TaskResult task={task} before="Photo and segments appear here, side by side.">
        {(refined) => <RefinedPictures refined={refined} />}
      </TaskResult>
    </>
  );
}

function RefinedPictures({ refined }: { readonly refined: Refined }) {
  const { photo, segments, present, classes } = refined;
  return (
    <>
      <div class="pictures">
        <figure>
          <Canvas canvas={photo} label="The photo" />
          <figcaption>Photo</figcaption>
        </figure>
        <figure>
          <Canvas
            canvas={segments}
            label={`Its segments: ${present.map((label) => nameOf(classes, label)).join(', ')}`}
          />
          <figcaption>Segments, refined</figcaption>
        </figure>
      </div>
      <ul class="swatches" aria-label="Classes">
        {present.map((label) => (
          <li key={label}>
            <svg viewBox="0 0 16 16" width="16" height="16" aria-hidden="true">
              <rect width="16" height="16" fill={`rgb(${colourOf(label).join(' ')})`} />
            </svg>
            {nameOf(classes, label)}
          </li>
        ))}
      </ul>
    </>
  );
}

function Canvas({ canvas, label }: { readonly canvas: HTMLCanvasElement; readonly label: string }) {
  const place = useRef<HTMLDivElement>(null);
  useEffect(() => place.current!.replaceChildren(canvas), [canvas]);
  return <div ref={place} role="img" aria-label={label} />;
}

async function readPhoto(file: File): Promise<Photo> {
  const bitmap = await createImageBitmap(file).catch(() => {
    throw new Error(`${file.name} must be a picture that this browser can read, such as PNG or JPEG.`);
  });
  const scale = Math.min(1, longestSide / Math.max(bitmap.width, bitmap.height));
  const canvas = newCanvas(
    Math.max(1, Math.round(bitmap.width * scale)),
    Math.max(1, Math.round(bitmap.height * scale)),
  );
  contextOf(canvas).drawImage(bitmap, 0, 0, canvas.width, canvas.height);
  return { canvas, base64: canvas.toDataURL('image/png').split(',')[1]! };
}

function probabilitiesOf(photo: HTMLCanvasElement, classes: number) {
  const canvas = newCanvas(Math.ceil(photo.width / coarse), Math.ceil(photo.height / coarse));
  const context = contextOf(canvas);
  context.drawImage(photo, 0, 0, canvas.width, canvas.height);
  const { data } = context.getImageData(0, 0, canvas.width, canvas.height);
  return makeProbabilities(data, canvas.width, canvas.height, classes);
}

/** Labels over the photo, half see-through. */
async function paint(refinement: Refinement, photo: HTMLCanvasElement): Promise<Refined> {
  const { width, height, labels } = refinement;
  const bytes = Uint8Array.from(atob(labels), (character) => character.charCodeAt(0));
  const bitmap = await createImageBitmap(new Blob([bytes], { type: 'image/png' }), { colorSpaceConversion: 'none' });
  const segments = newCanvas(width, height);
  const context = contextOf(segments);
  context.drawImage(bitmap, 0, 0);
  const picture = context.getImageData(0, 0, width, height);
  const counts = new Map<number, number>();
  for (let pixel = 0; pixel < width * height; pixel++) {
    const label = picture.data[4 * pixel]!;
    counts.set(label, (counts.get(label) ?? 0) + 1);
    picture.data.set([...colourOf(label), 255], 4 * pixel);
  }
  context.putImageData(picture, 0, 0);
  context.globalAlpha = 0.35;
  context.drawImage(photo, 0, 0, width, height);
  const present = [...counts].toSorted((a, b) => b[1] - a[1]).map(([label]) => label);
  return { ...refinement, photo, segments, present };
}

/** Hues a golden angle apart, so that neighbours differ however many there are. */
function colourOf(label: number): readonly [number, number, number] {
  const hue = (label * 137.508 + 205) % 360;
  const channel = (offset: number) => {
    const k = (offset + hue / 30) % 12;
    return Math.round(255 * (0.52 - 0.32 * Math.max(-1, Math.min(k - 3, 9 - k, 1))));
  };
  return [channel(0), channel(8), channel(4)];
}

const nameOf = (classes: readonly string[], label: number): string => classes[label] ?? `segment ${label + 1}`;

function newCanvas(width: number, height: number): HTMLCanvasElement {
  const canvas = document.createElement('canvas');
  canvas.width = width;
  canvas.height = height;
  return canvas;
}

const contextOf = (canvas: HTMLCanvasElement) => canvas.getContext('2d', { willReadFrequently: true })!;
