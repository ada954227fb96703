/** Errors of reports and of the tables made from recorded results. */
import { InputError, RunError } from '../errors.ts';

/** An experiment's chart is no Vega-Lite specification that can be drawn from its own data. */
export class InvalidChart extends RunError {
  constructor(title: string, problem: string, options?: ErrorOptions) {
    super(
      `The chart '${title}' cannot be drawn: ${problem}. A chart is a complete Vega-Lite specification with its data inline.`,
      options,
    );
  }
}

/** A picture's bytes are not as many as its width and height say. */
export class InvalidImage extends RunError {
  constructor(title: string, expectedBytes: number, actualBytes: number) {
    super(
      `The picture '${title}' must have height × width × 4 = ${expectedBytes} bytes, it has ${actualBytes}: pass RGBA, row by row.`,
    );
  }
}

/** Pictures that cannot take turns in one place. */
export class InvalidImageSeries extends RunError {
  constructor(title: string, problem: string) {
    super(
      `The pictures of '${title}' cannot be shown as a series: ${problem}. A series has two frames or more, of one size, each with a label of its own.`,
    );
  }
}

/** A file has no place for what is generated into it. */
export class MarkersMissing extends InputError {
  constructor(name: string) {
    super(
      `The text must have one '<!-- ${name}:begin -->' and, after it, one '<!-- ${name}:end -->' for the generated part: put both back.`,
    );
  }
}

/** `docs/results/….json` is not what `--record` writes. */
export class InvalidRecordedResult extends InputError {
  constructor(file: string, problem: string) {
    super(`${file} is not a recorded result: ${problem}. Record it again with 'stepwise run … --record'.`);
  }
}
