/** A stage as a Lambda handler: ports from the environment, the run and the batch in every line of the log. */
import type { Context } from 'aws-lambda';
import type { LambdaStage, StagePorts } from '../lib/pipeline/stages.ts';
import { redactError } from '../lib/redact.ts';
import { openLogger } from './open-logger.ts';
import { publishToTopic } from './publish-to-topic.ts';
import { openStagePorts } from './stage-ports.ts';

export type StageHandler<Output> = (input: unknown, ports: StagePorts) => Promise<Output>;

/**
 * Errors leave as they are: the state machine retries and catches by their names, which is what the runtime reports.
 */
export function lambdaHandler<Output>(
  stage: LambdaStage,
  handle: StageHandler<Output>,
): (event: unknown, context: Context) => Promise<Output> {
  const logger = openLogger(stage);
  const open = () =>
    openStagePorts({
      log: (message, details = {}) => logger.info(message, details),
      progress: (event) => logger.debug('progress', { event }),
      notify: (subject, text) => publishToTopic(process.env.STEPWISE_TOPIC_ARN, subject, text),
    });
  let opened: Promise<StagePorts> | undefined;

  return async (event, context) => {
    logger.addContext(context);
    logger.resetKeys();
    logger.appendKeys(pickKeys(event));
    // A first call that failed must not fail all later ones of this process.
    opened ??= open().catch((error) => {
      opened = undefined;
      throw error;
    });
    try {
      return await handle(event, await opened);
    } catch (error) {
      logger.error(`${stage} failed`, error as Error);
      // The runtime and the state machine repeat it.
      throw redactError(error);
    }
  };
}

/** Only the pointers: an event may be anything. */
function pickKeys(event: unknown): Record<string, string | number> {
  if (typeof event !== 'object' || event === null) return {};
  const { run, batch } = event as { readonly run?: unknown; readonly batch?: unknown };
  return {
    ...(typeof run === 'string' ? { run: run.slice(0, 80) } : {}),
    ...(typeof batch === 'number' ? { batch } : {}),
  };
}
