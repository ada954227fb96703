/** Text in, handwriting out. */
import { useEffect, useState } from 'preact/hooks';
import { useTask } from '../hooks.ts';
import { writeByHand } from './requests.ts';
import { TaskResult } from './task-result.tsx';

export function HandwritingTrial() {
  const [text, setText] = useState('layer norm');
  const [bias, setBias] = useState(1);
  const [seed, setSeed] = useState(0);
  const [task, write] = useTask(writeByHand);
  return (
    <>
      <p class="lead">A recurrent network moves a pen. A greater bias makes it write more tidily, and all the same.</p>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          write({ text, bias, seed });
        }}
      >
        <div class="field">
          <label for="text">Text</label>
          <input
            id="text"
            type="text"
            required
            maxLength={60}
            value={text}
            onInput={(event) => setText(event.currentTarget.value)}
          />
        </div>
        <div class="controls">
          <label for="bias">Bias, {bias.toFixed(1)}</label>
          <input
            id="bias"
            type="range"
            min={0}
            max={5}
            step={0.1}
            value={bias}
            onInput={(event) => setBias(event.currentTarget.valueAsNumber)}
          />
          <label for="hand">Seed</label>
          <input
            id="hand"
            type="number"
            min={0}
            max={9999}
            value={seed}
            onInput={(event) => setSeed(event.currentTarget.valueAsNumber)}
          />
        </div>
        <div class="actions">
          <button type="submit" class="button">
            Write
          </button>
        </div>
      </form>
      <TaskResult task={task} before="The line appears here.">
        {({ svg }) => <Written svg={svg} text={text} />}
      </TaskResult>
    </>
  );
}

/** As a picture and not as part of the page: whatever the drawing holds, it cannot run. */
function Written({ svg, text }: { readonly svg: string; readonly text: string }) {
  const [address, setAddress] = useState<string>();
  useEffect(() => {
    const address = URL.createObjectURL(new Blob([svg], { type: 'image/svg+xml' }));
    setAddress(address);
    return () => URL.revokeObjectURL(address);
  }, [svg]);
  if (!address) return null;
  return (
    <>
      <img class="written" src={address} alt={`“${text}”, written by the network`} />
      <p>
        <a href={address} download="handwriting.svg">
          Save as SVG
        </a>
      </p>
    </>
  );
}
