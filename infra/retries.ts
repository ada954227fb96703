/**
 * What the state machine tries again, by error name and never by States.ALL: an error of ours (a truncated dataset, an
 * unknown experiment) is the same the second time. Full jitter, because items of a map fail together and would come
 * back together.
 */
import { Duration } from 'aws-cdk-lib';
import { JitterType, type RetryProps } from 'aws-cdk-lib/aws-stepfunctions';

/** Lambda could not run the function, or could not say what became of it. All stages may be run twice. */
export const retryLambda: RetryProps = {
  errors: [
    'Lambda.ServiceException',
    'Lambda.AWSLambdaException',
    'Lambda.SdkClientException',
    'Lambda.TooManyRequestsException',
    'Lambda.ClientExecutionTimeoutException',
  ],
  interval: Duration.seconds(2),
  backoffRate: 2,
  maxAttempts: 6,
  maxDelay: Duration.seconds(60),
  jitterStrategy: JitterType.FULL,
};

/**
 * Batch did not take the job: about 50 SubmitJob calls a second are allowed an account, and Step Functions has
 * reported the refusal under each of these names. A job that was taken and failed is States.TaskFailed, which is left to
 * the job definition's own retry strategy: it knows a reclaimed host from a bug.
 */
export const retryBatch: RetryProps = {
  errors: [
    'Batch.AWSBatchException',
    'Batch.BatchException',
    'Batch.ServerException',
    'Batch.TooManyRequestsException',
  ],
  interval: Duration.seconds(5),
  backoffRate: 2,
  maxAttempts: 8,
  maxDelay: Duration.minutes(5),
  jitterStrategy: JitterType.FULL,
};

/** S3 failed under the map itself. Finished items are found in the store, so a second map run costs little. */
export const retryMapInputAndOutput: RetryProps = {
  errors: ['States.ItemReaderFailed', 'States.ResultWriterFailed'],
  interval: Duration.seconds(5),
  backoffRate: 2,
  maxAttempts: 3,
  maxDelay: Duration.seconds(60),
  jitterStrategy: JitterType.FULL,
};
