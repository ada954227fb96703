/**
 * A series of pictures in the page: all of them side by side, under their labels, and with scripts one at a time, chosen by a
 * slider. It is the browser's own, so that arrow keys, Home and End, touch and screen readers work as anywhere.
 */
import { createHash } from 'node:crypto';
import { type Html, html } from './html.ts';
import type { DrawnSeries } from './image-series.ts';

/**
 * The only script of a report: it finds every series, and shows its slider. `aria-valuetext` is what a screen reader says
 * where the slider's value is a mere number; the chosen label beside it is for eyes only, or it would be said twice.
 */
export const sliderScript = `
for (const series of document.querySelectorAll('.series')) {
  const frames = [...series.querySelectorAll('.frame')];
  const slider = series.querySelector('.slider');
  const range = slider.querySelector('input');
  const show = () => {
    const chosen = frames[range.valueAsNumber];
    for (const frame of frames) frame.hidden = frame !== chosen;
    const label = chosen.querySelector('.label').textContent;
    range.setAttribute('aria-valuetext', label);
    slider.querySelector('.chosen').textContent = label;
  };
  range.addEventListener('input', show);
  slider.hidden = false;
  series.classList.add('sliding');
  show();
}
`;

/** What the page's policy must allow: a script of these very bytes, and no other. */
export const sliderScriptSource = `'sha256-${createHash('sha256').update(sliderScript).digest('base64')}'`;

export function seriesFigure(series: DrawnSeries, index: number): Html {
  const { title, caption, variable, frames } = series;
  const id = `series-${index + 1}`;
  const { width, height } = shownSize(series);
  return html`<figure class="series">
<div class="frames">${frames.map(
    ({ label, png }) =>
      html`<div class="frame"><img src="data:image/png;base64,${png.toString('base64')}" width="${width}" height="${height}" alt="${title}: ${label}"><span class="label">${label}</span></div>`,
  )}</div>
<div class="slider" hidden><label for="${id}">${variable}</label><input id="${id}" type="range" min="0" max="${frames.length - 1}" step="1" value="0" autocomplete="off"><span class="chosen" aria-hidden="true"></span></div>
<figcaption><strong>${title}.</strong> ${caption}</figcaption></figure>`;
}

const smallestPictureWidth = 600;

/** Pictures of a few dozen pixels are looked at pixel by pixel, in whole multiples of their size. */
export function shownSize({ width, height }: { readonly width: number; readonly height: number }) {
  const scale = Math.max(1, Math.floor(smallestPictureWidth / width));
  return { width: scale * width, height: scale * height };
}
