/** Draw a digit, see what the network takes it for. */
import { useEffect, useRef, useState } from 'preact/hooks';
import { useTask } from '../hooks.ts';
import { centreDigit } from './digit-image.ts';
import { classifyDigit } from './requests.ts';
import { TaskResult } from './task-result.tsx';

const side = 280;
const digits = ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9'] as const;

export function DigitsTrial() {
  const pad = useRef<HTMLCanvasElement>(null);
  const [isEmpty, setEmpty] = useState(true);
  const [task, classify] = useTask(classifyDigit);

  const ask = () => {
    const { data } = pad.current!.getContext('2d', { willReadFrequently: true })!.getImageData(0, 0, side, side);
    const ink = Float32Array.from({ length: side * side }, (_, index) => data[4 * index]! / 255);
    classify(centreDigit(ink, side, side));
  };
  const clear = () => {
    const context = pad.current!.getContext('2d', { willReadFrequently: true })!;
    context.fillStyle = '#000';
    context.fillRect(0, 0, side, side);
    setEmpty(true);
  };
  useEffect(clear, []);

  const write = (digit: string) => {
    clear();
    const context = pad.current!.getContext('2d', { willReadFrequently: true })!;
    context.fillStyle = '#fff';
    context.font = '220px "Segoe Print", "Comic Sans MS", system-ui, sans-serif';
    context.textAlign = 'center';
    context.textBaseline = 'middle';
    context.fillText(digit, side / 2, side / 2 + 10);
    setEmpty(false);
    ask();
  };
  const show = async (file: File | undefined) => {
    if (!file) return;
    const bitmap = await createImageBitmap(file).catch(() => undefined);
    if (!bitmap) return;
    clear();
    const context = pad.current!.getContext('2d', { willReadFrequently: true })!;
    const scale = Math.min(side / bitmap.width, side / bitmap.height);
    const [width, height] = [bitmap.width * scale, bitmap.height * scale];
    context.drawImage(bitmap, (side - width) / 2, (side - height) / 2, width, height);
    setEmpty(false);
    ask();
  };
  return (
    <>
      <p class="lead">
        A network of the experiment on MNIST says which digit it sees. Your drawing is centred and shrunk to 28 × 28
        points first, as the pictures were that it learnt from.
      </p>
      <div class="columns">
        <div>
          <Pad canvas={pad} drawn={() => setEmpty(false)} done={ask} />
          <div class="actions">
            <button type="button" class="button" disabled={isEmpty} onClick={ask}>
              Which digit is it?
            </button>
            <button type="button" class="button quiet" onClick={clear}>
              Clear
            </button>
          </div>
          <div class="controls">
            <label for="sample">Or write one for me</label>
            <select
              id="sample"
              onChange={(event) => event.currentTarget.value !== '' && write(event.currentTarget.value)}
            >
              <option value="">choose</option>
              {digits.map((digit) => (
                <option key={digit}>{digit}</option>
              ))}
            </select>
          </div>
          <div class="field">
            <label for="digit-file">Or a picture of one, white on black</label>
            <input
              id="digit-file"
              type="file"
              accept="image/png,image/jpeg"
              onChange={(event) => show(event.currentTarget.files?.[0])}
            />
          </div>
        </div>
        <TaskResult task={task} before="Draw with the mouse, a pen or a finger. The answer appears here.">
          {({ probabilities }) => <Probabilities probabilities={probabilities} />}
        </TaskResult>
      </div>
    </>
  );
}

function Pad({
  canvas,
  drawn,
  done,
}: {
  readonly canvas: { current: HTMLCanvasElement | null };
  readonly drawn: () => void;
  readonly done: () => void;
}) {
  const last = useRef<{ x: number; y: number }>(undefined);
  const placeOf = (event: PointerEvent) => {
    const { left, top, width } = canvas.current!.getBoundingClientRect();
    return { x: ((event.clientX - left) * side) / width, y: ((event.clientY - top) * side) / width };
  };
  const line = (event: PointerEvent) => {
    if (!last.current) return;
    const context = canvas.current!.getContext('2d', { willReadFrequently: true })!;
    const to = placeOf(event);
    context.strokeStyle = '#fff';
    context.lineWidth = 22;
    context.lineCap = 'round';
    context.beginPath();
    context.moveTo(last.current.x, last.current.y);
    context.lineTo(to.x, to.y);
    context.stroke();
    last.current = to;
  };
  return (
    <canvas
      ref={canvas}
      class="pad"
      width={side}
      height={side}
      role="img"
      aria-label="Drawing area. With a keyboard, choose a digit below instead."
      onPointerDown={(event) => {
        canvas.current!.setPointerCapture(event.pointerId);
        last.current = placeOf(event);
        line(event);
        drawn();
      }}
      onPointerMove={line}
      onPointerUp={() => {
        if (last.current) done();
        last.current = undefined;
      }}
      onPointerCancel={() => {
        last.current = undefined;
      }}
    />
  );
}

function Probabilities({ probabilities }: { readonly probabilities: readonly number[] }) {
  const best = probabilities.indexOf(Math.max(...probabilities));
  return (
    <>
      <p>
        It looks like a <strong>{best}</strong>, with a probability of {percent(probabilities[best]!)}.
      </p>
      <ul class="bars" aria-label="Probability of each digit">
        {probabilities.map((probability, digit) => (
          <li key={digit} class={digit === best ? 'best' : ''}>
            <span>{digit}</span>
            <meter aria-label={`Probability of ${digit}`} value={probability} min={0} max={1} />
            <span class="number">{percent(probability)}</span>
          </li>
        ))}
      </ul>
    </>
  );
}

const percent = (share: number): string => `${(100 * share).toFixed(1)} %`;
