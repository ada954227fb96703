/** 0: done, whatever the verdict; 1: the run failed; 2: bad usage or bad input; 130: interrupted. */
export type ExitCode = 0 | 1 | 2 | 130;
