import { startOnSchedule } from './start-on-schedule.ts';
import { starterHandler } from './starter-handler.ts';

export const handler = starterHandler('start-on-schedule', startOnSchedule);
