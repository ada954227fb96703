import { isExecutionRunning } from './start-execution.ts';
import { startOnSchedule } from './start-on-schedule.ts';
import { starterHandler } from './starter-handler.ts';

export const handler = starterHandler('start-on-schedule', (event, ports) =>
  // The starter has refused to work without the variable.
  startOnSchedule(event, {
    ...ports,
    isRunning: (run) => isExecutionRunning(process.env.STEPWISE_STATE_MACHINE!, run),
  }),
);
