import { readDeployedSubscriptions, startOnUpload } from './start-on-upload.ts';
import { starterHandler } from './starter-handler.ts';

const deployed = readDeployedSubscriptions(process.env.STEPWISE_SUBSCRIPTIONS);

export const handler = starterHandler('start-on-upload', (event, ports) =>
  startOnUpload(event, { ...ports, deployed, now: () => new Date() }),
);
